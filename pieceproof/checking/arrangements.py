"""The number of cells of a hyperplane arrangement inside an open box, exactly.

Let r(h_1 … h_N; P) be the number of regions into which distinct hyperplanes cut the
non-empty open convex set P. Adding h_i cuts in two exactly those regions that it meets,
and these are the regions of the earlier hyperplanes within P ∩ h_i. Hence, with
coinciding traces counted once,

    r(h_1 … h_N; P) = 1 + Σ_i r({h_j ∩ h_i : j < i}; P ∩ h_i),     r = 0 for empty P

(deletion and restriction; Zaslavsky 1975 for P = R^n). The recursion ends on lines,
where r is one more than the number of distinct points inside an open segment. A flat
that meets P has at least one region of its own, so a limit on r limits the work.

Rows (g_1 … g_m, h) of integers stand for g·y = h (planes) or g·y > h (walls of P). They
are int64 while a bound on the next products proves that nothing overflows, else Python
integers.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pieceproof.checking.feasibility import is_open

Rows = NDArray[Any]

_LIMIT = 2**62


class TooMany(Exception):
    """There are more regions than the given limit."""


def count_regions(planes: list[list[Fraction]], walls: list[list[Fraction]], limit: int) -> int:
    """r(planes; {y : g·y > h for every wall}), for rows (g_1 … g_m, h) with m >= 1.

    Rows with g = 0 are no planes and are left out; equal planes count once.

    Raises:
        TooMany: the number is above ``limit``.
    """
    width = len(walls[0])
    regions = _regions(_distinct(_integers(planes, width)), _integers(walls, width), limit)
    if regions > limit:
        raise TooMany
    return regions


def _integers(rows: list[list[Fraction]], width: int) -> Rows:
    """Each row of ``width`` entries times a positive rational, as coprime integers."""
    scaled = []
    for row in rows:
        common = lcm(*(value.denominator for value in row))
        scaled.append([value.numerator * (common // value.denominator) for value in row])
    return _primitive(np.array(scaled, dtype=object).reshape(len(rows), width))


def _bound(rows: Rows) -> int:
    return int(abs(rows).max()) if rows.size else 0


def _primitive(rows: Rows) -> Rows:
    """Rows divided by the greatest common divisor of their entries; int64 where they fit."""
    divisors = np.gcd.reduce(rows, axis=1)
    rows = rows // np.where(divisors == 0, 1, divisors)[:, None]
    return rows.astype(np.int64) if rows.dtype == object and _bound(rows) < _LIMIT else rows


def _distinct(rows: Rows) -> Rows:
    """The planes among primitive rows, oriented by their first coefficient, without repeats."""
    rows = rows[(rows[:, :-1] != 0).any(axis=1)]
    first = rows[np.arange(len(rows)), (rows[:, :-1] != 0).argmax(axis=1)]
    oriented = np.where(first > 0, 1, -1)[:, None] * rows
    unique = list(dict.fromkeys(map(tuple, oriented.tolist())))
    return np.array(unique, dtype=rows.dtype).reshape(len(unique), rows.shape[1])


def _restricted(rows: Rows, plane: Rows) -> Rows:
    """Rows on the flat of ``plane``: a coordinate is eliminated, each row scaled positively."""
    axis = int((plane[:-1] != 0).argmax())
    if 2 * _bound(rows) * _bound(plane) >= _LIMIT:
        rows, plane = rows.astype(object), plane.astype(object)
    pivot = plane[axis]
    reduced = abs(pivot) * rows - (rows[:, axis] * (1 if pivot > 0 else -1))[:, None] * plane
    return _primitive(np.delete(reduced, axis, axis=1))


def _regions(planes: Rows, walls: Rows, limit: int) -> int:
    if walls.shape[1] == 2:
        return _segments(planes, walls)
    if not is_open(walls.tolist()):
        return 0
    total = 1
    for index, plane in enumerate(planes):
        traces = _restricted(planes[:index], plane)
        if traces.shape[1] > 2:
            traces = _distinct(traces)
        total += _regions(traces, _restricted(walls, plane), limit)
        if total > limit:
            raise TooMany
    return total


def _segments(points: Rows, walls: Rows) -> int:
    """Regions of the open segment {y : g·y > h} cut at the points y = b/a, rows (a, b)."""
    lower = upper = None
    for g, h in walls.tolist():
        if g == 0:
            if h >= 0:
                return 0
        elif g > 0:
            lower = Fraction(h, g) if lower is None else max(lower, Fraction(h, g))
        else:
            upper = Fraction(h, g) if upper is None else min(upper, Fraction(h, g))
    if lower is None or upper is None:
        raise ValueError("the walls do not bound a segment")
    if lower >= upper:
        return 0
    points = points[points[:, 0] != 0]
    if not len(points):
        return 1
    ends = (*lower.as_integer_ratio(), *upper.as_integer_ratio(), *points[:1].ravel().tolist())
    if 2 * _bound(points) * max(map(abs, ends)) >= _LIMIT:
        points = points.astype(object)
    points = np.where(points[:, :1] > 0, 1, -1) * points
    a, b = points[:, 0], points[:, 1]
    above = b * lower.denominator > a * lower.numerator
    below = b * upper.denominator < a * upper.numerator
    inside = points[above & below]
    if len(inside) > 1 and (inside[:, 1] * inside[0, 0] == inside[:, 0] * inside[0, 1]).all():
        return 2  # a pencil: every plane passes through the same point
    divisors = np.gcd(inside[:, 0], inside[:, 1])
    return 1 + len(set(map(tuple, (inside // divisors[:, None]).tolist())))
