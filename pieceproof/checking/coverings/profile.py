"""The step function that settled slabs make: its pieces, jumps, extrema and oscillations.

ℓ* is constant between jumps, and at a jump the smaller of both sides. A maximal run of pieces
between open intervals is a *run*; the shape is known if there is one run, all of A.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq

from pieceproof.checking.coverings.slabs import Slab
from pieceproof.checking.coverings.witnesses import Witness
from pieceproof.checking.reading import Refuted

Place = tuple[fmpq, fmpq]
"""An α known to lie between two rationals; equal ones for a rational."""


@dataclass(frozen=True)
class Step:
    """A piece: ``errors`` = T·ℓ* between two places, with a witness if one is known."""

    start: Place
    end: Place
    errors: int
    witness: Witness | None


@dataclass(frozen=True)
class Extremum:
    """A maximal interval on which ℓ* is constant and smaller (greater) than beside it. ``missing``
    names the ends that do not belong to it."""

    first: int
    last: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """``runs`` of steps, and the slabs that are open, both in increasing α."""

    runs: tuple[tuple[Step, ...], ...]
    open: tuple[Slab, ...]
    slabs: int

    @property
    def steps(self) -> list[Step]:
        """All pieces."""
        return [step for run in self.runs for step in run]

    @property
    def jumps(self) -> list[tuple[Place, int]]:
        """All jumps that are proved, with T·ℓ* there."""
        return [
            (right.start, min(left.errors, right.errors))
            for run in self.runs
            for left, right in pairwise(run)
        ]

    def extrema(self, sign: int) -> list[Extremum]:
        """Local minima (sign 1) or maxima (−1) of a whole profile; at a jump the smaller value
        counts, so the greater piece does not hold its end."""
        (run,) = self.runs
        found = []
        for i, step in enumerate(run):
            beside = [run[j].errors for j in (i - 1, i + 1) if 0 <= j < len(run)]
            if all(sign * (other - step.errors) > 0 for other in beside):
                missing = tuple(
                    side
                    for side, j in (("lower", i - 1), ("upper", i + 1))
                    if 0 <= j < len(run) and run[j].errors < step.errors
                )
                found.append(Extremum(i, i, missing))
        return found

    def oscillations(self) -> int:
        """B(ℓ*) of a whole profile: the most jumps across one level."""
        (run,) = self.runs
        changes = [
            (min(left.errors, right.errors), max(left.errors, right.errors))
            for left, right in pairwise(run)
        ]
        return max((sum(a < tau <= b for a, b in changes) for _, tau in changes), default=0)


def profile(slabs: Sequence[Slab], interval: Place) -> Profile:
    """Put slabs together.

    Each of two slabs that meet is proved up to their common end; if they state different values,
    ℓ* jumps there.

    Raises:
        Refuted: they do not cover A in order.
    """
    at = interval[0]
    runs: list[list[Step]] = []
    open_: list[Slab] = []
    settled = 0
    fresh = True
    for slab in slabs:
        if slab.lower != at:
            raise Refuted(f"slabs: a gap or an overlap at α = {at}")
        at = slab.upper
        if slab.kind == "open":
            open_.append(slab)
            fresh = True
            continue
        settled += 1
        edge = (slab.lower, slab.lower)
        if fresh:
            runs.append([Step(edge, edge, slab.errors[0], None)])
        run = runs[-1]
        if run[-1].errors != slab.errors[0]:  # a jump at a rational, where two slabs meet
            run.append(Step(edge, edge, slab.errors[0], None))
        fresh = False
        if slab.place is not None:
            run[-1] = Step(run[-1].start, slab.place, run[-1].errors, run[-1].witness)
            run.append(Step(slab.place, slab.place, slab.errors[1], None))
        last = run[-1]
        known = last.witness
        if slab.kind == "constant":
            widest = max(slab.witnesses, key=lambda w: w.upper - w.lower)
            if known is None or widest.upper - widest.lower > known.upper - known.lower:
                known = Witness(
                    max(widest.lower, slab.lower), min(widest.upper, slab.upper),
                    widest.signs, widest.w,
                )  # fmt: skip
        run[-1] = Step(last.start, (slab.upper, slab.upper), last.errors, known)
    if at != interval[1]:
        raise Refuted(f"slabs: they end at α = {at}, not at the end of A")
    return Profile(tuple(map(tuple, runs)), tuple(open_), settled)
