"""No cell costs less: a lower bound over the cells of an arrangement that moves with α.

Rows q_x(α) ∈ Z[α]^r of rank r over Q(α) cost a_x where q_x·u > 0 and b_x where q_x·u < 0. For all
but finitely many α the rows are in general position but for identities over Q(α); these α
suffice, as ℓ* is lower semicontinuous and takes the smaller limit. The closure of any open
cell is then a pointed cone and has an extreme ray u; the rows that vanish on it have rank r−1.
So a cell costs at least

    Σ_{x off the ray} (cost of the side of u)  +  Σ_{x on the ray} min(a_x, b_x),

and in place of the second sum the least cost of a cell of the rows on the ray, by the same
argument. The side of u is the sign of a minor. It suffices for a bound that so many signs
are proved on an interval that the sum is reached; the interval is halved where they are
not, and cut at the roots of minors where halving does not end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, pairwise
from math import comb

from flint import fmpq, fmpq_mat, fmpz, fmpz_poly

from pieceproof.checking.intervals import Interval, roots_inside, sharpened
from pieceproof.checking.reading import CertificateError, Refuted
from pieceproof.checking.reals import Real, between, exactly, minimal_polynomial
from pieceproof.checking.signs import onto_ray, squarefree_part, variations

Row = tuple[fmpz_poly, ...]
MAX_RAYS = 400_000
HALVINGS = 24
"""Halvings of an interval before it is cut at the roots of minors."""


@dataclass(frozen=True)
class Flat:
    """Rows that vanish together on a line: a basis, all of them, and the others."""

    basis: tuple[int, ...]
    members: tuple[int, ...]
    others: tuple[int, ...]


Costs = Sequence[tuple[int, int]]
"""(a_x, b_x) for every row, constant on the interval looked at."""


@dataclass(eq=False)
class Arrangement:
    """Primitive rows, pairwise not proportional."""

    rows: list[Row]
    minors: dict[tuple[int, ...], fmpz_poly] = field(default_factory=dict)
    inner: dict[tuple[int, ...], Arrangement] = field(default_factory=dict)

    @cached_property
    def generic(self) -> fmpq:
        """A rational at which the rows have their rank over Q(α) (proved by ``columns``)."""
        return fmpq(10_007, 7_919)

    @cached_property
    def columns(self) -> list[int]:
        """Columns that span the column space.

        Raises:
            CertificateError: the rank over Q(α) is larger than at one point; no claim is made.
        """
        if not self.rows:
            return []
        table = fmpq_mat([[p(self.generic) for p in row] for row in self.rows])
        reduced, rank = table.rref()
        width = len(self.rows[0])
        found = [next(j for j in range(width) if reduced[i, j] != 0) for i in range(rank)]
        if rank < min(width, len(self.rows)):
            self._check_rank(found)
        return found

    def _check_rank(self, columns: list[int]) -> None:
        """Every minor with one more row and column than a non-zero one is zero identically."""
        transposed = fmpq_mat(
            [[self.rows[x][c](self.generic) for x in range(len(self.rows))] for c in columns]
        )
        reduced, rank = transposed.rref()
        basis = [next(x for x in range(len(self.rows)) if reduced[i, x] != 0) for i in range(rank)]
        for c in range(len(self.rows[0])):
            for x in range(len(self.rows)):
                if c in columns or x in basis:
                    continue
                wide = [*columns, c]
                if determinant([[self.rows[y][k] for k in wide] for y in (*basis, x)]):
                    raise CertificateError("problem: its rows could not be brought to full rank")

    @property
    def rank(self) -> int:
        """r."""
        return len(self.columns)

    @cached_property
    def flats(self) -> list[Flat]:
        """The flats of rank r−1 over Q(α)."""
        count, size = len(self.rows), self.rank - 1
        if comb(count, size) > MAX_RAYS:
            raise CertificateError(f"problem: more than {MAX_RAYS} vertices to look at")
        values = self.at(self.generic)
        found: dict[tuple[int, ...], Flat] = {}
        for basis in combinations(range(count), size):
            ray = cofactors([values[x] for x in basis])
            on = [x for x in range(count) if x in basis or self._vanishes(basis, x, ray, values)]
            if len(on) < count:
                others = tuple(x for x in range(count) if x not in set(on))
                found.setdefault(tuple(on), Flat(basis, tuple(on), others))
        return list(found.values())

    def _vanishes(
        self, basis: tuple[int, ...], x: int, ray: list[fmpz], values: list[list[fmpz]]
    ) -> bool:
        return not dot(ray, values[x]) and not self.minor(basis, x)

    def at(self, alpha: fmpq) -> list[list[fmpz]]:
        """The rows at α in the chosen columns, each times a positive integer."""
        found = []
        for row in self.rows:
            entries = [row[c](alpha) for c in self.columns]
            scale = fmpz(1)
            for entry in entries:
                scale = scale * entry.q // scale.gcd(entry.q)
            found.append([(entry * scale).p for entry in entries])
        return found

    def minor(self, basis: tuple[int, ...], x: int) -> fmpz_poly:
        """det(rows of the basis, row x), up to sign: the rows are taken in increasing order."""
        key = tuple(sorted((*basis, x)))
        if key not in self.minors:
            self.minors[key] = determinant([[self.rows[y][c] for c in self.columns] for y in key])
        return self.minors[key]

    def within(self, flat: Flat) -> Arrangement:
        """The arrangement of the rows on a flat."""
        if flat.members not in self.inner:
            self.inner[flat.members] = Arrangement([self.rows[x] for x in flat.members])
        return self.inner[flat.members]


def dot(left: Sequence[fmpz], right: Sequence[fmpz]) -> fmpz:
    """Σ left_i·right_i."""
    return sum((a * b for a, b in zip(left, right, strict=True)), fmpz(0))


def determinant(rows: Sequence[Sequence[fmpz_poly]]) -> fmpz_poly:
    """By expansion along the first row."""
    if not rows:
        return fmpz_poly([1])
    total = fmpz_poly()
    for column, entry in enumerate(rows[0]):
        if entry:
            rest = determinant([[*row[:column], *row[column + 1 :]] for row in rows[1:]])
            total += -entry * rest if column % 2 else entry * rest
    return total


def cofactors(rows: Sequence[Sequence[fmpz]]) -> list[fmpz]:
    """c with c·x = ±det(rows, x) for integer rows."""
    width = len(rows) + 1
    found = []
    for column in range(width):
        minor = _determinant([[*row[:column], *row[column + 1 :]] for row in rows])
        found.append(-minor if column % 2 else minor)
    return found


def _determinant(rows: Sequence[Sequence[fmpz]]) -> fmpz:
    if not rows:
        return fmpz(1)
    return sum(
        (
            (-1) ** column
            * entry
            * _determinant([[*r[:column], *r[column + 1 :]] for r in rows[1:]])
            for column, entry in enumerate(rows[0])
            if entry
        ),
        fmpz(0),
    )


class LowerBound:
    """Proves that no cell costs less than ``need`` on an interval."""

    def __init__(self, arrangement: Arrangement, costs: Costs, where: str) -> None:
        self.arrangement = arrangement
        self.costs = costs
        self.where = where
        self.looked_at = 0

    def check(self, need: int, interval: Interval) -> None:
        """Raises:
        Refuted: a cell costs less, or no proof was found.
        """
        if need <= sum(min(pair) for pair in self.costs):
            return
        if self.arrangement.rank == 0:
            raise Refuted(f"{self.where}: a cell costs less than {need}")
        rays = [(flat, side) for flat in self.arrangement.flats for side in (1, -1)]
        self._check(need, interval, rays, 0)

    def _check(
        self, need: int, interval: Interval, rays: list[tuple[Flat, int]], depth: int
    ) -> None:
        interval = sharpened(interval)
        alpha = between(interval.start, interval.end)
        values = self.arrangement.at(alpha)
        step = _Step(self, need, interval, alpha, values)
        left = [(flat, side) for flat, side in rays if not step.proved(flat, side)]
        if not left:
            return
        cuts = [exactly(alpha)]
        if depth >= HALVINGS:
            cuts = step.roots(left)
            if not cuts or depth >= HALVINGS + 8:
                raise Refuted(f"{self.where}: no proof that {need} are misclassified at {alpha}")
        ends = [interval.start, *cuts, interval.end]
        for start, end in pairwise(ends):
            self._check(need, Interval(start, end), left, depth + 1)


class _Step:
    """One interval: signs of minors at a rational inside, and on all of it."""

    def __init__(
        self,
        bound: LowerBound,
        need: int,
        interval: Interval,
        alpha: fmpq,
        values: list[list[fmpz]],
    ) -> None:
        self.bound, self.need, self.interval, self.alpha = bound, need, interval, alpha
        self.arrangement, self.costs = bound.arrangement, bound.costs
        self.values = values
        self.rays: dict[tuple[int, ...], list[fmpz]] = {}
        self.signs: dict[tuple[int, ...], bool] = {}

    def _sides(self, flat: Flat) -> list[fmpz]:
        """Values of the minors of the others at α, with one common sign for both rays."""
        if flat.basis not in self.rays:
            ray = cofactors([self.values[x] for x in flat.basis])
            self.rays[flat.basis] = [dot(ray, self.values[x]) for x in flat.others]
        return self.rays[flat.basis]

    def proved(self, flat: Flat, side: int) -> bool:
        """Whether all cells at a ray cost at least what is needed, on the whole interval.

        Raises:
            Refuted: at α a cell at the ray costs less.
        """
        costs = self.costs
        total = sum(min(pair) for pair in costs)
        gains = []
        for x, value in zip(flat.others, self._sides(flat), strict=True):
            own = costs[x][0 if side * value > 0 else 1] if value else min(costs[x])
            if own > min(costs[x]):
                gains.append((own - min(costs[x]), abs(value).bit_length(), x))
        reachable = total + sum(gain for gain, _, _ in gains)
        independent = len(flat.members) == len(flat.basis)
        if independent and reachable < self.need and all(self._sides(flat)):
            raise Refuted(
                f"{self.bound.where}: at {self.alpha} a cell has {reachable} errors, "
                f"fewer than {self.need}"
            )
        for gain, _, x in sorted(gains, key=lambda entry: (-entry[0], -entry[1])):
            if total >= self.need:
                break
            if self._keeps_sign(flat, x):
                total += gain
        if total >= self.need:
            return True
        return not independent and self._proved_inside(flat, self.need - total)

    def _proved_inside(self, flat: Flat, missing: int) -> bool:
        own = [self.costs[x] for x in flat.members]
        inside = LowerBound(self.arrangement.within(flat), own, self.bound.where)
        need = missing + sum(min(pair) for pair in own)
        try:
            inside.check(need, self.interval)
        except Refuted:
            return False
        return True

    def _keeps_sign(self, flat: Flat, x: int) -> bool:
        key = tuple(sorted((*flat.basis, x)))
        if key not in self.signs:
            self.bound.looked_at += 1
            self.signs[key] = keeps_sign(self.arrangement.minor(flat.basis, x), self.interval)
        return self.signs[key]

    def roots(self, rays: list[tuple[Flat, int]]) -> list[Real]:
        """The roots inside of the minors that the rays need, increasing and apart."""
        polynomials = {
            tuple(sorted((*flat.basis, x))): self.arrangement.minor(flat.basis, x)
            for flat, _ in rays
            for x in flat.others
            if not self._keeps_sign(flat, x)
        }
        product = fmpz_poly([1])
        for p in polynomials.values():  # also roots at which a minor keeps its sign
            distinct = squarefree_part(p)
            product *= distinct // distinct.gcd(product)
        return [minimal(root) for root in roots_inside(product, self.interval)]


def keeps_sign(f: fmpz_poly, interval: Interval) -> bool:
    """True only if F != 0 has no root inside the open interval; False may mean: not obvious.

    The minimal polynomial of an end is divided out if it has no other root in the interval.
    """
    if f.degree() <= 0:
        return bool(f)
    if _rootless(f, interval):
        return True
    ends = {str(end.polynomial): end.polynomial for end in (interval.start, interval.end)}
    for p in ends.values():
        own = sum(end.polynomial == p for end in (interval.start, interval.end))
        if f.gcd(p).degree() == p.degree() and _roots_at_most(p, own, interval):
            while not f % p:
                f = f // p
    return f.degree() <= 0 or _rootless(f, interval)


def _roots_at_most(p: fmpz_poly, number: int, interval: Interval) -> bool:
    """True only if P has no more than so many roots in the closed interval."""
    low, high = interval.hull
    inside = variations(onto_ray(p, low, high)) if low < high else 0
    return inside + (p(low) == 0) + (p(high) == 0) <= number


def minimal(root: Real) -> Real:
    """The same number with its minimal polynomial."""
    return Real(minimal_polynomial(root), root.lower, root.upper)


def _rootless(f: fmpz_poly, interval: Interval) -> bool:
    return any(variations(onto_ray(f, *hull)) == 0 for hull in interval.hulls)
