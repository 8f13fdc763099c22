"""Parameters that attain a piecewise constant dual, as functions of α.

A part of a piece is an interval with a direction u(α) and the examples that are on their right
side of u(α) throughout: as many as the value of the piece needs. In the middle of a piece a
constant u does; towards a jump the optimal cell shrinks to a ray, and u is the sum of rays
of the cell that shrink with it: cofactors of rows, polynomial in α.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpz, fmpz_poly

from geometry.algebraic import RealAlgebraic, roots_of
from geometry.cases import Case, exact_bounds, is_general, value_at
from geometry.disagreement import Arrangement, Costs
from geometry.intervals import Interval
from geometry.polynomials import has_no_root, sign
from geometry.sign_rows import Row, determinant
from geometry.taylor_rows import cofactors, enclose_rows
from piecewise.deadlines import Check, go_on
from piecewise.errors import NotYetSupported

Direction = tuple[fmpz_poly, ...]
PATIENCE = 2
"""Halvings after which a moving direction is tried."""
DEPTH = 60
"""Halvings of a piece before its witness is given up."""
SAMPLES = 64
"""Points at which a region that attains the value is looked for."""
CHOICE = 6
"""Most regions among which one is chosen."""
DIGITS = (1, 2, 4, 8, 16, 32)
"""Decimals tried for a constant direction."""


class NoWitness(NotYetSupported):
    """No parameters in closed form were found that attain a value all over an interval."""


@dataclass(frozen=True)
class Part:
    """u(α) attains the value of region number ``region`` on the closed interval."""

    interval: Interval
    region: int
    direction: Direction


@dataclass(frozen=True)
class Search:
    """The search for parts of one piece.

    Attributes:
        cases: the regions.
        value: ℓ* on the piece.
        cuts: points at which another cell may take over, increasing.
        check: asked again and again whether to go on.
    """

    cases: Sequence[Case]
    value: int
    cuts: Sequence[RealAlgebraic]
    check: Check = go_on

    def parts(self, interval: Interval, depth: int = 0) -> Iterator[Part]:
        """Parts that divide the interval, in order.

        Raises:
            OutOfTime: ``check`` says so.
            NoWitness: the interval was halved too often.
        """
        self.check()
        if depth > DEPTH:
            raise NoWitness("an instance whose minimisers were not found in closed form")
        cuts = [cut for cut in self.cuts if interval.lower < cut < interval.upper]
        if depth >= 2 * PATIENCE and cuts:
            yield from self._divided(interval, cuts[len(cuts) // 2], depth)
            return
        alpha, region = self._sample(interval, depth)
        case = self.cases[region]
        signs = best_cell(case, alpha)
        needed = _needed(case, signs, alpha)
        constant = _constant_direction(case.arrangement, signs, alpha)
        reach = None
        if constant is not None:
            reach = _reach(_products(case, constant, needed), alpha, interval)
        whole = reach is not None and (reach.lower, reach.upper) == (interval.lower, interval.upper)
        if depth >= PATIENCE and not whole:
            moving = _moving_direction(case.arrangement, signs, alpha)
            if _holds(_products(case, moving, needed), interval):
                yield Part(interval, region, moving)
                return
        if constant is not None and reach is not None:
            yield from self._between(interval.lower, reach.lower, depth)
            yield Part(reach, region, constant)
            yield from self._between(reach.upper, interval.upper, depth)
            return
        yield from self._divided(interval, RealAlgebraic.rational(alpha), depth)

    def _divided(self, interval: Interval, middle: RealAlgebraic, depth: int) -> Iterator[Part]:
        yield from self._between(interval.lower, middle, depth)
        yield from self._between(middle, interval.upper, depth)

    def _sample(self, interval: Interval, turn: int) -> tuple[fmpq, int]:
        """A simple rational inside, and a region that attains the value there.

        Regions take turns: near an α at which the cell of one ends, another may go on.
        """
        for alpha in islice(interval.samples(), SAMPLES):
            if any(case.changes_at(alpha) for case in self.cases):
                continue
            attaining = list(islice(self._attaining(alpha), CHOICE))
            if attaining:
                return alpha, attaining[turn % len(attaining)]
        raise NoWitness(f"no region attains {self.value} on {interval}")

    def _attaining(self, alpha: fmpq) -> Iterator[int]:
        """Regions that attain the value at α, those first that have least to lose."""
        floors = [(case.floor_at(alpha), number) for number, case in enumerate(self.cases)]
        for floor, number in sorted(floors):
            self.check()
            case = self.cases[number]
            if (
                floor <= self.value
                and is_general(case, alpha)
                and value_at(case, alpha) == self.value
            ):
                yield number

    def _between(self, lower: RealAlgebraic, upper: RealAlgebraic, depth: int) -> Iterator[Part]:
        if lower < upper:
            yield from self.parts(Interval(lower, upper), depth + 1)


def best_cell(case: Case, alpha: fmpq) -> npt.NDArray[np.int8]:
    """The signs of the classes in a cell of least cost at a rational α."""
    return _best_signs(case.arrangement, case.costs(case.contents_at(alpha)), alpha)


def _best_signs(arrangement: Arrangement, costs: Costs, alpha: fmpq) -> npt.NDArray[np.int8]:
    found = np.where(costs.low[0] <= costs.low[1], 1, -1).astype(np.int8)
    if arrangement.rank == 0:
        return found
    flats = np.arange(len(arrangement.bases))
    low, signs = exact_bounds(arrangement, costs, alpha, flats)
    side, flat = np.unravel_index(int(low.argmin()), low.shape)
    outside = arrangement.outside[flat]
    ray = signs[flat] if side == 0 else -signs[flat]
    found[outside] = ray[outside]
    if int(flat) in arrangement.inner:
        members, inner = arrangement.inner[int(flat)]
        own = Costs(costs.low[:, members], costs.high[:, members])
        found[members] = _best_signs(inner, own, alpha)
    return found


def _rays(
    arrangement: Arrangement, cell: npt.NDArray[np.int8], alpha: fmpq
) -> list[tuple[int, int]]:
    """Rays of the cell as (flat, sign): enough of them that no row vanishes on all."""
    flats = np.arange(len(arrangement.bases))
    zero = np.zeros((2, len(arrangement.rows)), dtype=np.int64)
    _, signs = exact_bounds(arrangement, Costs(zero, zero), alpha, flats)
    rays, free = [], np.ones(len(arrangement.rows), dtype=bool)
    for side in (1, -1):
        agrees = ((signs * side == cell) | ~arrangement.outside).all(axis=1)
        for flat in np.flatnonzero(agrees):
            if (free & arrangement.outside[flat]).any():
                rays.append((int(flat), side))
                free &= ~arrangement.outside[flat]
    return rays


def _constant_direction(
    arrangement: Arrangement, cell: npt.NDArray[np.int8], alpha: fmpq
) -> Direction | None:
    """A short integer direction strictly inside the cell at α."""
    width = len(arrangement.rows[0]) if arrangement.rows else 0
    if arrangement.rank == 0:
        return tuple(fmpz_poly([1]) for _ in range(width))
    rays = _all_rays(arrangement, cell, alpha)
    own = enclose_rows(arrangement.rows, alpha, alpha)[:, arrangement.columns]
    vectors = cofactors(own, arrangement.bases[[flat for flat, _ in rays]]).coefficients[0]
    vectors *= np.array([[side] for _, side in rays])
    lengths = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    if not lengths.all():
        return None
    centre = (vectors / lengths).mean(axis=0)
    centre = centre / abs(centre).max()
    values = [[p(alpha) for p in row] for row in arrangement.reduced]
    for digits in DIGITS:
        scaled = [fmpz(round(Fraction(float(c)) * 10**digits)) for c in centre]
        signs = [
            sign(sum((a * b for a, b in zip(row, scaled, strict=True)), fmpq(0))) for row in values
        ]
        if signs == cell.tolist():
            common = fmpz(0)
            for entry in scaled:
                common = common.gcd(entry)
            full = [fmpz_poly()] * width
            for column, entry in zip(arrangement.columns, scaled, strict=True):
                full[column] = fmpz_poly([entry // common])
            return tuple(full)
    return None


def _all_rays(
    arrangement: Arrangement, cell: npt.NDArray[np.int8], alpha: fmpq
) -> list[tuple[int, int]]:
    flats = np.arange(len(arrangement.bases))
    zero = np.zeros((2, len(arrangement.rows)), dtype=np.int64)
    _, signs = exact_bounds(arrangement, Costs(zero, zero), alpha, flats)
    found = []
    for side in (1, -1):
        agrees = ((signs * side == cell) | ~arrangement.outside).all(axis=1)
        found += [(int(flat), side) for flat in np.flatnonzero(agrees)]
    return found


def _moving_direction(
    arrangement: Arrangement, cell: npt.NDArray[np.int8], alpha: fmpq
) -> Direction:
    """The sum of rays of the cell, each of about length 1 at α, as polynomials."""
    rays = _rays(arrangement, cell, alpha)
    total = [fmpz_poly()] * arrangement.rank
    vectors = [
        [side * p for p in _cofactors([arrangement.reduced[x] for x in arrangement.bases[flat]])]
        for flat, side in rays
    ]
    sizes = [max(abs(p(alpha)) for p in vector) for vector in vectors]
    largest = max(sizes)
    for vector, size in zip(vectors, sizes, strict=True):
        weight = fmpz(2) ** max(int((largest / size).floor()).bit_length() - 1, 0)
        total = [t + weight * p for t, p in zip(total, vector, strict=True)]
    width = len(arrangement.rows[0])
    full = [fmpz_poly()] * width
    for column, entry in zip(arrangement.columns, total, strict=True):
        full[column] = entry
    return tuple(full)


def _cofactors(rows: Sequence[Row]) -> list[fmpz_poly]:
    """c with c·x = det(rows, x)."""
    width = len(rows) + 1
    found = []
    for column in range(width):
        minor = determinant([(*row[:column], *row[column + 1 :]) for row in rows])
        found.append(-minor if (width - 1 - column) % 2 else minor)
    return found


# -- where a direction stays right -------------------------------------------------------


def _needed(case: Case, signs: npt.NDArray[np.int8], alpha: fmpq) -> list[int]:
    """The classes with a row that is right on its side, and would be wrong on the other."""
    costs = case.costs(case.contents_at(alpha)).low
    other = np.where(signs > 0, costs[1], costs[0])
    return [int(x) for x in np.flatnonzero(other > 0)]


def _reach(polynomials: Sequence[fmpz_poly], alpha: fmpq, interval: Interval) -> Interval | None:
    """An interval around α, at least a sixteenth of the given one on one side, on which the
    polynomials keep their signs."""
    ends = []
    lower, upper = interval.lower, interval.upper
    for end, outer in ((lower, lower.lower), (upper, upper.upper)):
        for power in range(5):
            inner = outer if power == 0 else alpha + (outer - alpha) / 2**power
            low, high = min(alpha, inner), max(alpha, inner)
            if all(has_no_root(p, low, high) or p.degree() <= 0 for p in polynomials):
                ends.append(end if power == 0 else RealAlgebraic.rational(inner))
                break
        else:
            ends.append(RealAlgebraic.rational(alpha))
    return Interval(*ends) if ends[0] < ends[1] else None


def _products(case: Case, direction: Direction, classes: Sequence[int]) -> list[fmpz_poly]:
    """q·u for the given classes, and the contents: what must keep its sign."""
    products = []
    for row in (case.arrangement.rows[x] for x in classes):
        total = fmpz_poly()
        for a, b in zip(row, direction, strict=True):
            total += a * b
        products.append(total)
    return [*products, *case.contents]


def _holds(polynomials: Sequence[fmpz_poly], interval: Interval) -> bool:
    """Whether none of them is zero and all keep their signs on the open interval."""
    return all(p and _keeps_sign(p, interval) for p in polynomials)


def _keeps_sign(p: fmpz_poly, interval: Interval) -> bool:
    """Whether p has no root inside the open interval: proved, roots at its ends divided out."""
    low, high = interval.lower.lower, interval.upper.upper
    if p.degree() <= 0 or has_no_root(p, low, high):
        return True
    for end in (interval.lower, interval.upper):
        roots = roots_of(end.polynomial, low, high)
        if any(interval.lower < root < interval.upper for root in roots):
            continue
        while not p % end.polynomial:
            p = p // end.polynomial
    for _ in range(8):
        if p.degree() <= 0 or has_no_root(p, low, high):
            return True
        interval.lower.bisect(16)
        interval.upper.bisect(16)
        low, high = interval.lower.lower, interval.upper.upper
    return False
