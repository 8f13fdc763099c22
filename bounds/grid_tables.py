"""Value tables on equal parts of A: coarser than :func:`bounds.dual_rows.dual_table`, and faster.

Nodes of the duals are no ends of parts. On a part a dual lies between its least and largest
value there, however far they are apart; every entry is still proved.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from bounds.dual_rows import ValueTable, enclosed
from bounds.errors import BoundsError, count
from bounds.patterns import ArcDual, common_ends, dips
from piecewise.exact import to_fmpq

Ends = tuple[fmpq, fmpq]
"""A lower and an upper bound."""

SCALE = 1 << 20
"""Entries are in units of 1/SCALE."""


def equal_parts(duals: Sequence[ArcDual], parts: int) -> list[fmpq]:
    """The ends of ``parts`` equal parts of A.

    Raises:
        BoundsError: no dual, duals on different intervals, irrational ends, or no part.
    """
    steps = count("parts", parts, 1)
    if not duals:
        raise BoundsError("duals: give at least one instance")
    lower, upper = (end.as_rational() for end in common_ends(duals))
    if lower is None or upper is None:
        raise BoundsError("duals: equal parts need an interval with rational ends")
    start, length = to_fmpq(lower), to_fmpq(upper - lower)
    return [start + length * fmpq(k, steps) for k in range(steps + 1)]


def grid_table(duals: Sequence[ArcDual], parts: int) -> ValueTable:
    """The table of ``parts`` equal parts of A and of their ends.

    Raises:
        BoundsError: no dual, duals on different intervals, irrational ends, or no part.
    """
    grid = equal_parts(duals, parts)
    columns = [_column(dual, grid) for dual in duals]
    rows = list(zip(*columns, strict=True))
    return ValueTable(
        tuple(tuple(int((low * SCALE).floor()) for low, _ in row) for row in rows),
        tuple(tuple(int((high * SCALE).ceil()) for _, high in row) for row in rows),
        (True,) * len(grid) + (False,) * parts,
        SCALE,
    )


def _column(dual: ArcDual, grid: Sequence[fmpq]) -> list[Ends]:
    """A dual at all grid points, then over all parts between them."""
    width = fmpq(1, SCALE)
    points: list[list[Ends]] = [[] for _ in grid]
    parts: list[list[Ends]] = [[] for _ in grid[1:]]
    for arc in dual.arcs:
        start, end = arc.interval.lower, arc.interval.upper
        first = next(k for k, g in enumerate(grid) if start.compare_rational(g) <= 0)
        last = max(k for k, g in enumerate(grid) if end.compare_rational(g) >= 0)
        inside = {k: (arc.function(grid[k]),) * 2 for k in range(first, last + 1)}
        for k, value in inside.items():
            points[k].append(value)
        # the arc is monotone: on a part it lies between the values at its ends, cut to the part
        at_start, at_end = (enclosed(arc.function, node, width) for node in (start, end))
        for k in range(max(first - 1, 0), min(last + 1, len(parts))):
            parts[k] += [inside.get(k, at_start), inside.get(k + 1, at_end)]
    for dip in dips(dual):
        value = enclosed(dip.function, dip.at, width)
        for k, g in enumerate(grid):
            if dip.at.compare_rational(g) == 0:
                points[k].append(value)
            if k < len(parts) and dip.at.compare_rational(g) >= 0 >= dip.at.compare_rational(
                grid[k + 1]
            ):
                parts[k].append(value)
    return [(min(low for low, _ in own), min(high for _, high in own)) for own in points] + [
        (min(low for low, _ in own), max(high for _, high in own)) for own in parts
    ]
