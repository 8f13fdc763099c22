"""The activation patterns of rows that turn with α, and how long each of them lasts.

Rows a_j(α) ∈ Z[α]^n cut R^n into open cones, one for every sign vector of (a_j·w)_j that occurs.
Which ones occur is determined by the signs of the r×r minors of the rows in r independent columns
(r the rank over Q(α)): the chirotope of an oriented matroid determines its topes [Björner et
al., *Oriented Matroids*, 1999, Ch. 3]. So between neighbouring *events*, the roots in A of
minors that are not identically 0, the set of patterns is constant, and one rational α in
between shows it. At most events the change is known without one (:mod:`geometry.pattern_changes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from math import comb

from flint import fmpq, fmpq_mat, fmpz_poly

from geometry.algebraic import RealAlgebraic, increasing, roots_of
from geometry.intervals import Interval
from geometry.pattern_changes import Planes
from geometry.polynomials import has_no_root, primitive
from geometry.sign_rows import determinant
from piecewise.cells import UnitArrangement
from piecewise.convolutions import Pattern
from piecewise.deadlines import Check, OutOfTime, go_on, until
from piecewise.errors import TooManyCells
from piecewise.exact import to_fraction
from piecewise.moving_quadratics import Row

MAX_MINORS = 400_000
"""Most minors that are isolated."""
GENERIC = (fmpq(10_007, 7_919), fmpq(-7_907, 10_009))
"""Rationals at which ranks are taken; the checker proves what follows from them."""


@dataclass(frozen=True)
class Spell:
    """A pattern and a maximal interval on whose interior it occurs throughout."""

    active: Pattern
    interval: Interval


class SpellMemory:
    """Spells that earlier runs found: nothing, unless a subclass knows better.

    Searches come in the same order again, so that their place tells which is meant.
    """

    def spells(self, place: int) -> list[Spell] | None:
        """What a search found, if it was finished."""
        return None

    def keep_spells(self, place: int, found: Sequence[Spell]) -> None:
        """Keep what a finished search found."""

    def flush(self) -> None:
        """Nothing that was kept may be lost from here on."""


@dataclass(frozen=True)
class Event:
    """An α at which patterns may change; ``planes`` are those that meet in a ray only there, if
    nothing else happens, else none."""

    alpha: RealAlgebraic
    planes: tuple[int, ...]


def events(planes: Planes, interval: Interval, check: Check = go_on) -> list[Event]:
    """The α strictly inside at which patterns may change, increasing.

    Raises:
        OutOfTime: ``check`` says so.
        TooManyCells: more minors than are treated.
    """
    count, rank = len(planes.rows), planes.rank
    if comb(count, rank) > MAX_MINORS:
        raise TooManyCells(
            f"{count} nodes with {rank} features have {comb(count, rank):,} minors, more than "
            f"{MAX_MINORS:,}; use fewer nodes or features"
        )
    low, high = interval.lower.lower, interval.upper.upper
    known: dict[str, list[RealAlgebraic]] = {}
    found: list[RealAlgebraic] = []
    owners: dict[str, list[tuple[int, ...]]] = {}

    def add(p: fmpz_poly, owner: tuple[int, ...]) -> None:
        """Note the roots of p; ``owner`` are the planes that meet there, none if a row turns."""
        check()
        if p.degree() <= 0:
            return
        minor = primitive(p)
        name = str(minor)
        if name not in known:
            roots = [] if has_no_root(minor, low, high) else roots_of(minor, low, high)
            known[name] = [r for r in roots if interval.lower < r < interval.upper]
            found.extend(known[name])
        for each in {str(root.polynomial): root.polynomial for root in known[name]}.values():
            turns = multiplicity(minor, each) % 2
            owners.setdefault(str(each), []).append(owner if turns else ())

    for chosen in combinations(range(count), rank):
        add(determinant([planes.rows[i] for i in chosen]), chosen)
    for content in planes.contents:
        add(content, ())
    return [
        Event(root, own[0] if len(own := owners[str(root.polynomial)]) == 1 else ())
        for root in increasing(found)
    ]


def multiplicity(p: fmpz_poly, factor: fmpz_poly) -> int:
    """How often an irreducible factor divides p ≠ 0."""
    count = 0
    while not p % factor:
        p, count = p // factor, count + 1
    return count


def independent_columns(rows: Sequence[Row]) -> list[int]:
    """Columns that are a basis of the column space over Q(α)."""
    best: list[int] = []
    for alpha in GENERIC if rows else ():
        reduced, rank = fmpq_mat([[p(alpha) for p in row] for row in rows]).rref()
        width = len(rows[0])
        found = [next(j for j in range(width) if reduced[i, j] != 0) for i in range(rank)]
        best = max(best, found, key=len)
    return best


def patterns_at(
    rows: Mapping[int, Row],
    alpha: fmpq,
    limit: int,
    known: Mapping[int, bool] | None = None,
    check: Check = go_on,
) -> list[Pattern]:
    """The patterns at a rational α, in increasing order: sets of nodes with a_j·w > 0.

    Args:
        rows: by node.
        alpha: the rational.
        limit: most patterns.
        known: nodes whose sign is given; only such patterns are looked for.
        check: called for every pattern.

    Raises:
        OutOfTime: ``check`` says so.
        TooManyCells: more than ``limit``.
    """
    width = max((len(row) for row in rows.values()), default=0)
    if not width:
        return [()]
    table = [[to_fraction(fmpq(p(alpha))) for p in row] for row in rows.values()]
    arrangement = _central(table)
    nodes, found = list(rows), []
    given = {t: int(known[node]) for t, node in enumerate(nodes) if known and node in known}
    for cell in arrangement.cells(given):
        check()
        found.append(tuple(j for j, piece in zip(nodes, cell.pattern, strict=True) if piece == 1))
        if len(found) > limit:
            raise TooManyCells(f"one channel alone has more than {limit:,} patterns")
    return sorted(found)


def _implied(rows: Mapping[int, Row], given: Mapping[int, bool]) -> set[int]:
    """Nodes of given sign whose rows are numbers and follow from others of that kind."""
    fixed = [j for j in given if all(p.degree() <= 0 for p in rows[j])]
    if not fixed:
        return set()
    table = [[to_fraction(fmpq(p[0])) for p in rows[j]] for j in fixed]
    arrangement = _central(table)
    facets = arrangement.facets({t: int(given[j]) for t, j in enumerate(fixed)})
    return set(fixed) - {fixed[t] for t in facets}


def _central(table: Sequence[Sequence[Fraction]]) -> UnitArrangement:
    """Hyperplanes through 0, which every box around 0 shows whole."""
    return UnitArrangement(table, [Fraction(0)], [(Fraction(-1), Fraction(1))] * len(table[0]))


def spells(
    rows: Mapping[int, Row],
    interval: Interval,
    limit: int,
    out_of_time: Callable[[], bool] = lambda: False,
    known: Mapping[int, bool] | None = None,
) -> tuple[list[Spell], bool]:
    """All patterns with the maximal intervals on which they occur, by their start; False if time
    ran out before the upper end was reached (the intervals found are then not maximal).

    ``known`` gives the sign of some nodes: only such patterns are looked for. Those of them whose
    rows do not depend on α cut out one cone for all α, and only its facets are kept: the other
    signs follow from them.

    Raises:
        TooManyCells: more than ``limit``.
    """
    given = {j: side for j, side in (known or {}).items() if j in rows}
    implied = _implied(rows, given)
    above = [j for j in implied if given[j]]
    rows = {j: row for j, row in rows.items() if j not in implied}
    given = {j: side for j, side in given.items() if j in rows}
    planes = Planes.of(rows, independent_columns(list(rows.values())))
    found: list[Spell] = []
    since: dict[Pattern, RealAlgebraic] = {}
    before: fmpq | None = None
    reached, check = interval.lower, until(out_of_time)
    try:
        listed = events(planes, interval, check)
        ends = [interval.lower, *(event.alpha for event in listed), interval.upper]
        for event, (start, end) in zip([None, *listed], pairwise(ends), strict=True):
            if since:
                check()
            alpha = Interval(start, end).sample()
            change = planes.change(event.planes, before) if event and before is not None else None
            if change is None or not change.applies(since, given):
                alive = set(patterns_at(rows, alpha, limit, given, check))
                dying, born = since.keys() - alive, alive - since.keys()
            else:
                dying, born = since.keys() & change.dying, change.born_with(given)
            found += [Spell(active, Interval(since.pop(active), start)) for active in sorted(dying)]
            since |= dict.fromkeys(born, start)
            before, reached = alpha, end
            if len(found) + len(since) > limit:
                raise TooManyCells(f"more than {limit:,} patterns with their intervals of alpha")
    except OutOfTime:
        if reached == interval.lower:
            return [], False
    found += [Spell(active, Interval(start, reached)) for active, start in since.items()]
    if above:
        found = [Spell(tuple(sorted((*s.active, *above))), s.interval) for s in found]
    found.sort(key=lambda spell: (spell.interval.lower, spell.active))
    return found, reached == interval.upper
