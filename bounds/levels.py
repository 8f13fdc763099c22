"""Patterns of a sample at one common level: how many, at most, as the level moves.

For a level t the vectors (1[ℓ*_i(α) > t])_i change only where a dual cuts t, so at most
P_t = 1 + Σ_i cuts_i(t) of them occur as α runs through A, and cuts_i(t) counts the
monotone runs of ℓ*_i (jumps are runs) that cross t. With Massart's lemma at each level,

    R_S ≤ ∫ √(2 ln P_t / m) dt ≤ H·√(2 ln max_t P_t / m)

(docs/theorems.md, Lemma 4 on one sample); levels outside all ranges have P_t = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from flint import arb, fmpq

from bounds.balls import ball, decimal_upper
from bounds.errors import count
from bounds.patterns import Arc, ArcDual, dips
from geometry.algebraic import RealAlgebraic
from geometry.polynomials import sign
from geometry.rational_functions import RationalFunction
from piecewise.exact import to_fraction

WIDTH = fmpq(1, 1 << 64)
"""Width to which the level of a turning point is known; runs are widened by it."""


@dataclass(frozen=True)
class LevelProfile:
    """For every level between the least and the largest value, a bound on P_t."""

    instances: int
    levels: tuple[Fraction, ...]
    """t_0 < … < t_k: where the bound changes."""
    cuts: tuple[int, ...]
    """Σ_i cuts_i(t) at most, between neighbouring levels."""

    @property
    def spread(self) -> Fraction:
        """The length of an interval that holds all values."""
        return self.levels[-1] - self.levels[0]

    @property
    def patterns(self) -> int:
        """max_t P_t at most."""
        return 1 + max(self.cuts, default=0)

    @property
    def busiest(self) -> Fraction:
        """A level in the middle of the first range with most cuts."""
        if not self.cuts:
            return self.levels[0]
        k = self.cuts.index(max(self.cuts))
        return (self.levels[k] + self.levels[k + 1]) / 2

    def complexity(self, instances: int | None = None) -> Fraction:
        """∫ √(2 ln P_t/m) dt, rounded upwards: a bound on R_S of this sample."""
        m = count("instances", self.instances if instances is None else instances, 1)
        return decimal_upper(
            lambda: sum(
                (
                    ball(upper - lower) * (2 * ball(1 + cuts).log() / ball(m)).sqrt()
                    for (lower, upper), cuts in zip(pairwise(self.levels), self.cuts, strict=True)
                ),
                arb(0),
            )
        )


def level_profile(duals: Sequence[ArcDual]) -> LevelProfile:
    """The profile of a sample of exact duals."""
    runs = [run for dual in duals for run in (*_runs(dual.arcs), *_drops(dual))]
    ends = [_value(arc.function, at) for dual in duals for arc in dual.arcs for at in _ends(arc)]
    ends += [_value(dip.function, dip.at) for dual in duals for dip in dips(dual)]
    steps: dict[fmpq, int] = {min(low for low, _ in ends): 0, max(high for _, high in ends): 0}
    for low, high in runs:
        steps[low] = steps.get(low, 0) + 1
        steps[high] = steps.get(high, 0) - 1
    levels = sorted(steps)
    cuts, current = [], 0
    for level in levels[:-1]:
        current += steps[level]
        cuts.append(current)
    return LevelProfile(len(duals), tuple(map(to_fraction, levels)), tuple(cuts))


def _drops(dual: ArcDual) -> list[tuple[fmpq, fmpq]]:
    """From the smaller limit down to a dip and up again: two more runs, one at an end of A."""
    found = []
    for dip in dips(dual):
        near = [
            _value(arc.function, dip.at)
            for arc in dual.arcs
            if arc.interval.lower <= dip.at <= arc.interval.upper
        ]
        found += [_hull(_value(dip.function, dip.at), min(near))] * len(near)
    return found


def _ends(arc: Arc) -> tuple[RealAlgebraic, RealAlgebraic]:
    return arc.interval.lower, arc.interval.upper


def _value(function: RationalFunction, at: RealAlgebraic) -> tuple[fmpq, fmpq]:
    """An enclosure of the value of width ≤ ``WIDTH``."""
    while True:
        low, high = function.enclosure(at)
        if high - low <= WIDTH:
            return low, high
        at.bisect(16)


def _runs(arcs: Sequence[Arc]) -> list[tuple[fmpq, fmpq]]:
    """The ranges of the maximal monotone runs of one dual, jumps included, widened outwards."""
    moves = [(_direction(arcs[0]), arcs[0], arcs[0])]
    for arc, following in pairwise(arcs):
        moves += [
            (_jump(arc, following), arc, following),
            (_direction(following), following, following),
        ]
    runs: list[tuple[fmpq, fmpq]] = []
    direction, start, last = 0, (fmpq(0), fmpq(0)), (fmpq(0), fmpq(0))
    for move, before, after in moves:
        if not move:
            continue
        is_jump = before is not after
        first = _value(before.function, before.interval.upper if is_jump else before.interval.lower)
        if direction and move != direction:
            runs.append(_hull(start, last))
        if move != direction:
            direction, start = move, first
        last = _value(after.function, after.interval.lower if is_jump else after.interval.upper)
    return [*runs, _hull(start, last)] if direction else runs


def _direction(arc: Arc) -> int:
    """Whether the arc rises (1), falls (−1) or is constant (0)."""
    slope = arc.function.slope
    if not slope:
        return 0
    return next(s for s in (sign(slope(alpha)) for alpha in arc.interval.samples()) if s)


def _jump(before: Arc, after: Arc) -> int:
    """The sign of the jump from one arc to the next."""
    f, g, at = before.function, after.function, before.interval.upper
    if f == g:
        return 0
    rise = at.sign_of(g.numerator * f.denominator - f.numerator * g.denominator)
    return rise * at.sign_of(f.denominator * g.denominator)


def _hull(first: tuple[fmpq, fmpq], second: tuple[fmpq, fmpq]) -> tuple[fmpq, fmpq]:
    return min(first[0], second[0]), max(first[1], second[1])
