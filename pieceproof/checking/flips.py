"""Where patterns of rows that turn with α may change, and how they do if r planes meet in a ray.

Let r be the rank of the rows over Q(α), N a set of r distinct planes and α_0 a root of odd order of
their minor at which no other minor vanishes that is not identically 0. Let every plane i outside N
have signs ≠ 0 of the minors of N with i in place of one member: then no such minor is identically
0, and none of them vanishes at α_0. So the planes of N have a common ray ±u_0 at α_0 that no other
plane holds, and any r − 1 of them are independent. The sets of r planes other than N stay as
they are, so a chamber changes only if it is the simplex that N bounds close to ±u_0: these two die,
and the simplices with all signs of N changed are born. (The number of chambers does not
change: by Zaslavsky's theorem it depends on the rows' dependencies over Q(α) alone.)

On plane k ∉ N the simplex has the sign of u_0, on i ∈ N that of its vertex on N without i. Both
are, up to a factor that the vertex has in common, minors of N with another row for row i.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key, reduce
from itertools import combinations
from math import comb

from flint import fmpq, fmpq_mat, fmpz_poly

from pieceproof.checking.intervals import Interval, roots_inside
from pieceproof.checking.reading import CertificateError
from pieceproof.checking.reals import Real, between, compare, exactly
from pieceproof.checking.sides import Arrangement, determinant

Row = tuple[fmpz_poly, ...]
MAX_MINORS = 400_000

Active = frozenset[int]
"""The nodes with a positive pre-activation."""


def agrees(active: Active, given: Mapping[int, bool]) -> bool:
    """Whether a pattern has the given signs."""
    return all((node in active) == side for node, side in given.items())


@dataclass(frozen=True)
class Event:
    """An α at which patterns may change; ``planes`` if only these meet there, else none."""

    alpha: Real
    planes: tuple[int, ...]


@dataclass(frozen=True)
class Change:
    """Patterns that end and patterns that begin."""

    dying: tuple[Active, ...]
    born: tuple[Active, ...]


class Planes:
    """The distinct planes of rows by node, none of them identically zero.

    Raises:
        CertificateError: more minors than are looked at.
    """

    def __init__(self, rows: Mapping[int, Row]) -> None:
        listed = list(rows.values())
        arrangement = Arrangement(listed)
        self._rank = arrangement.rank
        known: dict[str, int] = {}
        self._rows: list[Row] = []
        self._places: dict[int, tuple[int, fmpz_poly]] = {}
        for node, row in zip(rows, listed, strict=True):
            own = tuple(row[c] for c in arrangement.columns)
            content = reduce(fmpz_poly.gcd, own, fmpz_poly())
            plain = tuple(p // content for p in own)
            if next(p for p in plain if p).leading_coefficient() < 0:
                content, plain = -content, tuple(-p for p in plain)
            number = known.setdefault(str(plain), len(known))
            if number == len(self._rows):
                self._rows.append(plain)
            self._places[node] = number, content
        if comb(len(self._rows), self._rank) > MAX_MINORS:
            raise CertificateError(f"problem: more than {MAX_MINORS} minors to look at")
        self._owners: dict[str, list[tuple[int, ...]]] = {}
        self._odd: dict[str, fmpz_poly] = {}
        self._even: dict[str, fmpz_poly] = {}
        for chosen in combinations(range(len(self._rows)), self._rank):
            self._note(determinant([self._rows[i] for i in chosen]), chosen)
        for _, content in self._places.values():
            self._note(content, ())

    def _note(self, p: fmpz_poly, planes: tuple[int, ...]) -> None:
        if p.degree() <= 0:
            return
        for factor, multiplicity in p.factor()[1]:
            name, odd = str(factor), multiplicity % 2
            (self._odd if odd else self._even)[name] = factor
            self._owners.setdefault(name, []).append(planes if odd else ())

    def events(self, whole: Interval) -> list[Event]:
        """The points inside at which a minor or a row changes its sign, increasing."""
        found = [
            Event(root, own[0] if len(own := self._owners[name]) == 1 else ())
            for name, factor in self._odd.items()
            for root in roots_inside(factor, whole)
        ]
        return sorted(found, key=cmp_to_key(_order))

    def general(self, start: Real, end: Real) -> fmpq:
        """A rational between neighbouring events at which no minor vanishes."""
        point = between(start, end)
        while any(factor(point) == 0 for factor in self._even.values()):
            point = between(exactly(point), end)
        return point

    def change(self, event: Event, before: fmpq) -> Change | None:
        """What changes at an event, from the signs at a general α since the one before it.

        None if that is not known: another set of planes meets too, or the planes of the event are
        all there are.
        """
        members = event.planes
        others = [i for i in range(len(self._rows)) if i not in members]
        if not members or not others:
            return None
        table = [[fmpq(p(before)) for p in row] for row in self._rows]
        signs: dict[int, int] = {}
        for place, i in enumerate(members):
            own = {k: _sign_with(table, members, place, k) for k in [*others, i]}
            turn = own[others[0]]
            for k, side in own.items():
                if signs.setdefault(k, turn * side) != turn * side:
                    return None
        if not all(signs.values()):
            return None
        flipped = {k: -side if k in members else side for k, side in signs.items()}
        return Change(self._patterns(signs, before), self._patterns(flipped, before))

    def _patterns(self, signs: Mapping[int, int], alpha: fmpq) -> tuple[Active, ...]:
        """The patterns with these signs of the planes, and with the opposite ones."""
        sides = {
            node: signs[plane] * (1 if content(alpha) > 0 else -1)
            for node, (plane, content) in self._places.items()
        }
        return tuple(
            frozenset(node for node, own in sides.items() if own == side) for side in (1, -1)
        )


def _order(left: Event, right: Event) -> int:
    return compare(left.alpha, right.alpha)


def _sign_with(table: Sequence[Sequence[fmpq]], members: Sequence[int], place: int, k: int) -> int:
    """The sign of the minor of the members with row k in one place."""
    rows = [table[k if j == place else i] for j, i in enumerate(members)]
    value = fmpq_mat([list(row) for row in rows]).det()
    return (value > 0) - (value < 0)
