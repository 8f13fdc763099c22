"""The activation patterns of rows that turn with α, and how long each of them lasts.

Rows a_j(α) ∈ Z[α]^n cut R^n into open cones, one for every sign vector of (a_j·w)_j that occurs.
Which ones occur is determined by the signs of the r×r minors of the rows in r independent columns
(r the rank over Q(α)): the chirotope of an oriented matroid determines its topes [Björner et
al., *Oriented Matroids*, 1999, Ch. 3]. So between neighbouring *events*, the roots in A of
minors that are not identically 0, the set of patterns is constant, and one rational α in
between shows it.
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
from geometry.polynomials import has_no_root, primitive
from geometry.sign_rows import determinant
from piecewise.cells import UnitArrangement
from piecewise.convolutions import Pattern
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


def events(rows: Sequence[Row], interval: Interval) -> list[RealAlgebraic]:
    """The α strictly inside at which patterns may change, increasing.

    Raises:
        TooManyCells: more minors than are treated.
    """
    columns = _independent_columns(rows)
    if comb(len(rows), len(columns)) > MAX_MINORS:
        raise TooManyCells(
            f"{len(rows)} nodes with {len(columns)} features have "
            f"{comb(len(rows), len(columns)):,} minors, more than {MAX_MINORS:,}; "
            "use fewer nodes or features"
        )
    reduced = [tuple(row[c] for c in columns) for row in rows]
    minors: dict[str, fmpz_poly] = {}
    for chosen in combinations(reduced, len(columns)):
        minor = determinant(chosen)
        if minor.degree() > 0:
            minor = primitive(minor)
            minors[str(minor)] = minor
    low, high = interval.lower.lower, interval.upper.upper
    return increasing(
        root
        for minor in minors.values()
        if not has_no_root(minor, low, high)
        for root in roots_of(minor, low, high)
        if interval.lower < root < interval.upper
    )


def _independent_columns(rows: Sequence[Row]) -> list[int]:
    """Columns that are a basis of the column space over Q(α)."""
    best: list[int] = []
    for alpha in GENERIC if rows else ():
        reduced, rank = fmpq_mat([[p(alpha) for p in row] for row in rows]).rref()
        width = len(rows[0])
        found = [next(j for j in range(width) if reduced[i, j] != 0) for i in range(rank)]
        best = max(best, found, key=len)
    return best


def patterns_at(
    rows: Mapping[int, Row], alpha: fmpq, limit: int, known: Mapping[int, bool] | None = None
) -> list[Pattern]:
    """The patterns at a rational α, in increasing order: sets of nodes with a_j·w > 0.

    Args:
        rows: by node.
        alpha: the rational.
        limit: most patterns.
        known: nodes whose sign is given; only such patterns are looked for.

    Raises:
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
    rows = {j: row for j, row in rows.items() if j not in implied}
    ends = [interval.lower, *events(list(rows.values()), interval), interval.upper]
    found: list[Spell] = []
    current: dict[Pattern, RealAlgebraic] = {}
    for start, end in pairwise(ends):
        if current and out_of_time():
            break
        alive = [
            tuple(sorted((*active, *(j for j in implied if given[j]))))
            for active in patterns_at(rows, Interval(start, end).sample(), limit, given)
        ]
        found += [
            Spell(active, Interval(since, start))
            for active, since in current.items()
            if active not in set(alive)
        ]
        current = {active: current.get(active, start) for active in alive}
        reached = end
        if len(found) + len(current) > limit:
            raise TooManyCells(f"more than {limit:,} patterns with their intervals of alpha")
    found += [Spell(active, Interval(since, reached)) for active, since in current.items()]
    found.sort(key=lambda spell: (spell.interval.lower, spell.active))
    return found, reached == interval.upper
