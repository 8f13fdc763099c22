"""A slab as it is claimed, and what is read off a proved curve over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from itertools import pairwise

import numpy as np
from flint import fmpq, fmpq_poly

from pieceproof.checking.enclosing import basins
from pieceproof.checking.enclosing.covering import Level
from pieceproof.checking.enclosing.numberfields import NumberField
from pieceproof.checking.enclosing.products import Product
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.tubes import Curve, Path, Stratum
from pieceproof.checking.reading import Refuted


class Kind(Enum):
    """How ℓ* is put together from the curves of a slab."""

    ONE = "one"
    TIE = "tie"
    KINK = "kink"
    SWITCH = "switch"
    CROSS = "cross"
    FADE = "fade"
    ZERO = "zero"
    TOUCH = "touch"

    def __str__(self) -> str:
        return self.value


PARTS = 6
"""Parts of a slab on which v′ is enclosed, if need be."""
NARROW = 0.125
"""There is no need if v″ makes the enclosure narrower by this factor."""


@dataclass(frozen=True, eq=False)
class Tip:
    """A basin of chart ``chart`` where the dead units of curve number ``curve`` have parameters 0.

    ``radius``: half widths for all parameters; those of the curve are no larger (``tips``).
    """

    curve: int
    chart: int
    radius: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Valley:
    """A further basin of curve number ``curve``: a box around a path in products (``valleys``)."""

    curve: int
    product: Product
    path: Path


@dataclass(frozen=True, eq=False)
class Touch:
    """The values of the first curves are equal at α₀ = ``alpha``.

    ``points``: for these curves the free coordinates and multipliers at α₀ + ε, each as its
    coefficients in ε; all are numbers of ``field`` (``touches``).
    """

    field: NumberField
    alpha: fmpq_poly
    points: tuple[tuple[tuple[fmpq_poly, ...], ...], ...]


@dataclass(frozen=True, eq=False)
class Slab:
    """A claim: ``kind`` on [lower, upper] with the given strata and paths."""

    lower: fmpq
    upper: fmpq
    kind: Kind
    curves: tuple[tuple[Stratum, Path], ...]
    fitted: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    """For ``zero``: the examples that are fitted, and the parameters that are solved for."""
    tips: tuple[Tip, ...] = ()
    valleys: tuple[Valley, ...] = ()
    touch: Touch | None = None
    root: fmpq | None = None
    """α₀ if the curves are those of f divided by α − α₀ (``factors``)."""

    @property
    def side(self) -> int:
        """−1 if a root is named that the slab lies below, else 1."""
        return -1 if self.root is not None and self.upper <= self.root else 1

    @property
    def alpha(self) -> Range:
        """The slab as a range of doubles around it."""
        return Range(around([self.lower]).lo, around([self.upper]).hi)


def level_of(curve: Curve) -> Level:
    """v at the middle, its slope on the slab, and the slopes of a cone above v."""
    slope = tilt(curve, PARTS)
    return Level(curve.middle, curve.centred.value, slope, _chord(curve, slope))


def _chord(curve: Curve, slope: Range) -> Range:
    """v(α) ≤ v(m) + v′(m)·(α − m) + ½·max(0, v″)·(α − m)², or by v′ on the slab."""
    try:
        bends = curve.curvature
        at = curve.centred.slope
    except Refuted:
        return slope  # v″ is not enclosed
    half = Range.exactly([0.5]) * Range(np.zeros(1), np.maximum(bends.hi, 0.0))
    return _meet(slope, at + half * (curve.alpha - curve.middle))


def tilt(curve: Curve, parts: int = 1) -> Range:
    """v′ on the slab: v′(m) + v″·(α − m), and part by part where that is not much narrower."""
    found = curve.slope
    try:
        known = curve.centred.slope + curve.curvature * (curve.alpha - curve.middle)
        found = _meet(found, known)
    except Refuted:
        pass  # v″ is not enclosed
    if parts == 1 or _width(found) < NARROW * _width(curve.slope):
        return found
    low, high = curve.alpha.lo, curve.alpha.hi
    marks = [low + (high - low) * k / parts for k in range(parts)] + [high]
    try:
        each = [tilt(curve.at(Range(a, b)), 1) for a, b in pairwise(marks)]
    except Refuted:
        return found
    return _meet(found, reduce(Range.hull, each))


def _meet(own: Range, known: Range) -> Range:
    return own.meet(known) if bool(np.isfinite(known.lo + known.hi)[0]) else own


def _width(own: Range) -> float:
    return float(own.hi[0] - own.lo[0])


def basin_box(curve: Curve, alpha: Range | None = None) -> Range:
    """N of a curve over its slab, or over a part of it."""
    return basins.surroundings(curve, curve.alpha if alpha is None else alpha)


def basin_owners(kind: Kind, curves: Sequence[Curve]) -> Sequence[Curve]:
    """The curves whose boxes are shown to be basins: one where two curves share a basin."""
    if kind is Kind.CROSS:
        return curves[:1]
    if kind is Kind.SWITCH:
        free = min(curves[:2], key=lambda c: len(c.stratum.groups) + len(c.stratum.walls))
        return [free, *curves[2:]]
    return curves


def difference(a: Curve, b: Curve) -> Range:
    """v_a − v_b over the slab, by the mean value form."""
    first, second = level_of(a), level_of(b)
    step = a.alpha - a.middle
    return (first.value - second.value) + (first.slope - second.slope) * step


def end(curve: Curve, alpha: fmpq) -> Curve:
    """The curve at one rational α."""
    return curve.at(around([alpha]))


def contains(outer: Range, inner: Range) -> bool:
    return bool(np.all((outer.lo <= inner.lo) & (inner.hi <= outer.hi)))
