"""Proposals of valleys: basins in products for minimisers that are held at a wall."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from pieceproof.checking.enclosing.claimedslabs import Slab, end
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.products import Product
from pieceproof.checking.enclosing.ranges import Array, Range
from pieceproof.checking.enclosing.tubes import Curve, Path
from pieceproof.checking.enclosing.valleys import check_valley
from pieceproof.checking.reading import Refuted

SIZES = (0.95, 0.9, 0.8, 0.6, 0.4, 0.2, 0.1)
"""Half widths that are tried, as parts of p and u: where p = 0, or w_i = 0, a valley ends."""


@dataclass
class Valleys:
    """What was found for the curves of slabs, by interval and curve as documents write them."""

    spaces: Spaces
    known: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def added(self, slab: dict[str, Any]) -> dict[str, Any]:
        """A slab with the valleys that are known of its curves."""
        found = [self.known.get(_key(slab, curve)) for curve in slab.get("curves", ())]
        if not any(found):
            return slab
        curves = [
            curve if own is None else {**curve, "valley": own}
            for curve, own in zip(slab["curves"], found, strict=True)
        ]
        return {**slab, "curves": curves}

    def seek(self, slab: dict[str, Any], claim: Slab, curves: tuple[Curve, ...]) -> bool:
        """Look for valleys of a slab without them whose curves are proved; whether there are."""
        news = False
        for written, curve in zip(slab["curves"], curves, strict=True):
            key = _key(slab, written)
            if key not in self.known:
                self.known[key] = self._largest(claim, curve)
                news = news or self.known[key] is not None
        return news

    def forget(self, slab: dict[str, Any]) -> None:
        """Do without the valleys of a slab."""
        self.known |= {_key(slab, curve): None for curve in slab["curves"]}

    def _largest(self, claim: Slab, curve: Curve) -> dict[str, Any] | None:
        network, stratum = self.spaces.network, curve.stratum
        if len(network.hidden) != 1 or network.bias or len(network.inputs[0]) > 1:
            return None
        if len(stratum.walls) != 1 or stratum.groups or stratum.dead:
            return None
        own = [parameters[0] for parameters in network.incoming]
        for pair in combinations(own, 2):
            others = [i for i in pair if i not in stratum.walls]
            if len(others) != 1 or others[0] in self.spaces[stratum.chart].chart.fixed:
                continue
            product = Product(pair)
            centre, slope = _line(claim, curve, product)
            for size in SIZES:
                radius = size * np.maximum(np.abs(centre), 1e-3)
                try:
                    with np.errstate(all="ignore"):
                        check_valley(curve, product, Path(centre, slope, radius))
                except Refuted:
                    continue
                return {
                    "product": [network.names[i] for i in pair],
                    "centre": centre.tolist(), "slope": slope.tolist(), "radius": radius.tolist(),
                }  # fmt: skip
        return None


def _key(slab: dict[str, Any], curve: dict[str, Any]) -> str:
    plain = {key: value for key, value in curve.items() if key != "valley"}
    return json.dumps([slab["interval"], plain])


def _line(claim: Slab, curve: Curve, product: Product) -> tuple[Array, Array]:
    """A path in products through the ends of a curve over its slab."""
    ends = [
        product.image(Range.exactly(end(curve, alpha).point.middle)).middle
        for alpha in (claim.lower, claim.upper)
    ]
    width = float(curve.alpha.hi[0] - curve.alpha.lo[0])
    return (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / width
