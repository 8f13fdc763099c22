"""Empirical risk minimisation over A: the global minimum of a mean of dual functions, proved.

    F(α) = (1/n) Σ_i ℓ*_i(α),   α̂ ∈ argmin F.

:mod:`bounds.minimisers` proves that all minimisers are among finitely many candidates; here
their values are compared: by balls, then exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from flint import ctx, fmpq

from bounds.enclosures import Enclosure
from bounds.errors import BoundsError, count
from bounds.minimisers import Candidate, candidates, infimum
from bounds.patterns import ArcDual
from bounds.sums import PRECISION, DualSum, Gap, Term, sum_of
from geometry.algebraic import RealAlgebraic
from geometry.values import Level
from geometry.verdicts import Verdict
from piecewise.exact import to_fmpq, to_fraction

COMPARED_BITS = (PRECISION, 2 * PRECISION, 4 * PRECISION)
"""Precisions at which candidates are separated before equality is decided."""

MOST_DEGREE = 400
"""Degree of a value's polynomial up to which equality of two values is decided."""


class Where(Enum):
    """What kind of place a minimiser is."""

    NODE = "end or breakpoint"
    STATIONARY = "stationary point"
    PLATEAU = "plateau"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, eq=False)
class Place:
    """A global minimiser: the point ``lower`` = ``upper``, or a whole interval."""

    where: Where
    lower: RealAlgebraic
    upper: RealAlgebraic
    gap: Gap
    """A gap whose closure holds it; F′ of this gap vanishes at a stationary point."""

    @property
    def alpha(self) -> RealAlgebraic:
        """The point, or the left end of the plateau."""
        return self.lower

    def __repr__(self) -> str:
        ends = self.lower.decimal(10)
        if self.where is Where.PLATEAU:
            ends = f"[{ends}, {self.upper.decimal(10)}]"
        return f"<{self.where} at α = {ends}>"


@dataclass(frozen=True, eq=False)
class MeanMinimum:
    """The least value of a mean of duals on A, and where it is attained.

    With the verdict ``PROVED`` the places are exactly the global minimisers. With
    ``BOUNDS`` the value is enclosed and every global minimiser is among the places, but
    the values at some of them agree to hundreds of bits without a proof that they are equal.
    """

    places: tuple[Place, ...]
    value: Enclosure
    verdict: Verdict
    total: DualSum

    @property
    def alpha(self) -> RealAlgebraic:
        """The first global minimiser."""
        return self.places[0].alpha

    def __repr__(self) -> str:
        return f"<minimum {self.value} at {', '.join(map(repr, self.places))}, {self.verdict}>"


def minimise_mean(duals: Sequence[ArcDual]) -> MeanMinimum:
    """All global minimisers over A of the mean of the duals, and the least value.

    Proved: no other hyperparameter does as well. At a jump of a dual its smaller value counts.

    Raises:
        BoundsError: no dual, or duals on different intervals.
    """
    total = DualSum(duals, [fmpq(1, max(1, len(duals)))] * len(duals))
    with ctx.workprec(PRECISION):
        found = candidates(total)
    return _least(total, found)


def uniform_deviation(first: Sequence[ArcDual], second: Sequence[ArcDual]) -> Enclosure:
    """sup over A of |mean of the first duals − mean of the second|.

    Raises:
        BoundsError: no dual, or duals on different intervals.
    """
    if not first or not second:
        raise BoundsError("duals: give at least one instance on either side")
    weights = [fmpq(1, len(first))] * len(first) + [fmpq(-1, len(second))] * len(second)
    duals = [*first, *second]
    with ctx.workprec(PRECISION):
        below = infimum(DualSum(duals, weights))
        above = infimum(DualSum(duals, [-weight for weight in weights]))
        return Enclosure.of((-below).max(-above))


@dataclass(frozen=True, eq=False)
class GridAnswer:
    """What a search over equally spaced hyperparameters finds, beside the true minimum."""

    points: int
    alpha: Fraction
    """The first grid point with the least mean."""
    value: Fraction
    """The mean there, exactly."""
    regret: Enclosure
    """How far that is above the minimum over all of A."""


def grid_search(minimum: MeanMinimum, points: int) -> GridAnswer:
    """The best of ``points`` equally spaced hyperparameters, ends of A included.

    Raises:
        BoundsError: fewer than two points, or an interval with irrational ends.
    """
    steps = count("points", points, 2) - 1
    total = minimum.total
    lower, upper = total.nodes[0].as_rational(), total.nodes[-1].as_rational()
    if lower is None or upper is None:
        raise BoundsError("points: a grid needs an interval with rational ends")
    grid = [lower + (upper - lower) * Fraction(k, steps) for k in range(steps + 1)]
    values = [to_fraction(total(to_fmpq(alpha))) for alpha in grid]
    best = values.index(min(values))
    least = minimum.value
    regret = Enclosure(max(Fraction(0), values[best] - least.upper), values[best] - least.lower)
    return GridAnswer(points, grid[best], values[best], regret)


def _least(total: DualSum, found: list[Candidate]) -> MeanMinimum:
    """The candidates of least value: by balls, then exactly."""
    for bits in COMPARED_BITS:
        with ctx.workprec(bits):
            balls = [candidate.value(total, bits) for candidate in found]
            ceiling = min(ball.upper() for ball in balls)
            kept = [(c, b) for c, b in zip(found, balls, strict=True) if not b > ceiling]
            found = [candidate for candidate, _ in kept]
            value = kept[0][1]
            for _, ball in kept[1:]:
                value = value.min(ball)
            enclosure = Enclosure.of(value)
        if len(found) == 1:
            break
    levels = [_level(candidate) for candidate in found]
    least, undecided = levels[0], False
    for level in levels[1:]:
        order = _compare(level, least)
        undecided |= order is None
        if order is not None and order < 0:
            least = level
    if not undecided:
        kept_levels = [_compare(level, least) == 0 for level in levels]
        found = [c for c, equal in zip(found, kept_levels, strict=True) if equal]
        known = [
            _rational_value(lv) for lv, equal in zip(levels, kept_levels, strict=True) if equal
        ]
        exact = next((to_fraction(entry) for entry in known if entry is not None), None)
        if exact is not None:
            enclosure = Enclosure(exact, exact)
    verdict = Verdict.BOUNDS if undecided else Verdict.PROVED
    return MeanMinimum(tuple(_places(found)), enclosure, verdict, total)


def _level(candidate: Candidate) -> Level:
    """The value at a candidate as a function of α at the place; of equal sides a flat one."""
    first, *others = sorted(candidate.gaps, key=lambda gap: not gap.flat)
    if not others:
        return Level(first.total, candidate.alpha)
    chosen = list(first.terms)
    for other in others:
        chosen = [
            new if _below(new, old, candidate.alpha) else old
            for old, new in zip(chosen, other.terms, strict=True)
        ]
    return Level(sum_of(chosen), candidate.alpha)


def _below(term: Term, other: Term, alpha: RealAlgebraic) -> bool:
    """Whether the dual of ``term`` is smaller than that of ``other`` at α (weights are equal)."""
    f, g = term.function, other.function
    if f == g:
        return False
    difference = f.numerator * g.denominator - g.numerator * f.denominator
    return alpha.sign_of(difference) * alpha.sign_of(f.denominator * g.denominator) < 0


def _rational_value(level: Level) -> fmpq | None:
    if not (level.function.is_constant or level.at.is_rational):
        return None
    value: fmpq = level.function(level.at.lower if level.at.is_rational else fmpq(0))
    return value


def _compare(first: Level, second: Level) -> int | None:
    """Sign of the difference; None where the values agree to the last bit and are too large."""
    values = _rational_value(first), _rational_value(second)
    if values[0] is not None and values[1] is not None:
        return (values[0] > values[1]) - (values[0] < values[1])
    if first.at == second.at and first.function == second.function:
        return 0
    for level in (first, second):
        f = level.function
        size = max(f.numerator.degree(), f.denominator.degree(), 1)
        if level.at.polynomial.degree() * size > MOST_DEGREE and not f.is_constant:
            return None
    return first.compare(second)


def _places(found: Sequence[Candidate]) -> Iterator[Place]:
    """The minimisers in order; neighbouring plateaus and the nodes between them are one place."""
    plateaus: list[tuple[RealAlgebraic, RealAlgebraic, Gap]] = []
    for candidate in sorted((c for c in found if c.end is not None), key=lambda c: c.alpha):
        end = candidate.end or candidate.alpha
        if plateaus and plateaus[-1][1] == candidate.alpha:
            plateaus[-1] = (plateaus[-1][0], end, candidate.gaps[0])
        else:
            plateaus.append((candidate.alpha, end, candidate.gaps[0]))
    places = [Place(Where.PLATEAU, *plateau) for plateau in plateaus]
    for candidate in found:
        alpha = candidate.alpha
        if not any(place.lower <= alpha <= place.upper for place in places):
            where = Where.STATIONARY if candidate.is_smooth else Where.NODE
            places.append(Place(where, alpha, alpha, candidate.gaps[0]))
    return iter(sorted(places, key=lambda place: place.lower))
