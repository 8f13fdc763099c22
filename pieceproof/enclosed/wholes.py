"""Slabs of a polynomial objective that is convex once all its reflections are folded.

All reflections of f are folded at once; if that leaves a convex quadratic, one slab does between
two events, and minimisers need not be isolated (``pieceproof.checking.enclosing.everywhere``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from flint import fmpq_mpoly

from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Minimiser
from geometry.proposals.polynomials import FloatPolynomial
from geometry.proposals.slabbing import Proposal
from pieceproof.checking.enclosing.folds import Fold, Reflection
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.tubes import Space
from pieceproof.checking.reading import Refuted

AT_MIRROR = 1e-6


@dataclass(frozen=True, eq=False)
class Whole(Proposal):
    """A slab of kind "one" with a curve in coordinates in which everything is folded."""

    fold: Fold = field(default_factory=lambda: Fold(()))
    walls: tuple[int, ...] = ()
    centre: Array = field(default_factory=lambda: np.zeros(0))
    slope: Array = field(default_factory=lambda: np.zeros(0))

    def document(self, names: Sequence[str]) -> dict[str, Any]:
        """The slab as a document writes it."""
        curve = {
            "chart": 0,
            "fold": [[kind, *(names[i] for i in own)] for kind, own in self.fold.reflections],
            "pattern": [],
            "active": [],
            "walls": [f"{names[i]}:lower" for i in self.walls],
            "centre": self.centre.tolist(),
            "slope": self.slope.tolist(),
            "radius": [1.0] * len(self.centre),
        }
        if not self.fold.reflections:
            del curve["fold"]
        ends = [str(self.lower), str(self.upper)]
        return {"interval": ends, "kind": "one", "curves": [curve]}


def convex(space: Space, point: Minimiser, lower: Fraction, upper: Fraction) -> Whole | None:
    """A slab on [lower, upper] along the branch of one of its minimisers."""
    f = space.network.polynomial
    if f is None or point.face.walls:
        return None
    d = space.network.parameters
    fold = Fold(tuple(_reflections(f, d)))
    x = fold.image(Range.exactly(point.w)).middle if fold.reflections else point.w.copy()
    walls = tuple(i for i in fold.squared if x[i] < AT_MIRROR)
    x[list(walls)] = 0.0
    free = np.array([i for i in range(d) if i not in walls], dtype=np.int64)
    floats = FloatPolynomial(fold.folded(f, 1 + d), d)
    width = float(upper - lower)
    found = []
    for alpha in (float(lower), float(lower + upper) / 2, float(upper)):
        done, at, _ = floats.newton(alpha, x, free) if len(free) else (True, x, x)
        if not done:
            return None
        found.append(at)
    slope = (found[2] - found[0]) / width
    return Whole(lower, upper, "one", (), "", fold, walls, found[1], slope)


def _reflections(f: fmpq_mpoly, d: int) -> list[Reflection]:
    """Reflections of f that can be folded together: both exchanges of pairs, then signs."""
    found: list[Reflection] = []
    used: set[int] = set()
    for pair in combinations(range(d), 2):
        kinds = [kind for kind in ("swap", "opposite") if _is_symmetry(f, d, (kind, pair))]
        if kinds and not used & set(pair):
            found += [(kind, pair) for kind in kinds]
            used |= set(pair)
    flips: list[Reflection] = [("flip", (i,)) for i in range(d) if i not in used]
    return found + [flip for flip in flips if _is_symmetry(f, d, flip)]


def _is_symmetry(f: fmpq_mpoly, d: int, reflection: Reflection) -> bool:
    try:
        Fold((reflection,)).folded(f, 1 + d)
    except Refuted:
        return False
    return True
