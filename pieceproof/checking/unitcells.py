"""The cells of one hidden unit: listed witnesses are all of them, each once.

A witness w strictly inside the unit's box and off every boundary w·x_t + b = β_j names
the open cell that holds it; the cell is known by its piece indices
index_t = #{j : w·x_t + b > β_j}. Distinct index vectors name distinct cells, so a list
with as many of them as the arrangement has cells (:mod:`.arrangements`) is complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from pieceproof.checking.arrangements import TooMany, count_regions
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import CertificateError, Node, Refuted

Indices = NDArray[np.int8]
"""Piece indices of cells: one row per cell, one column per example."""

_CHUNK = 256
_ROUNDING = 2.0**-52


@dataclass(frozen=True)
class Arrangement:
    """The cells of the units (0-based numbers) that share one box."""

    units: tuple[int, ...]
    indices: Indices


def fraction(value: fmpq) -> Fraction:
    """The Python fraction equal to ``value``."""
    return Fraction(int(value.p), int(value.q))


def check_arrangements(node: Node, problem: Problem) -> list[Arrangement]:
    """The verified arrangements of the "cells" member: one for each distinct unit box.

    Raises:
        CertificateError: malformed.
        Refuted: a witness is outside the open box or on a boundary, a cell is listed
            twice or missing, or the units are not grouped by their boxes.
    """
    entries = node.fields("arrangements")["arrangements"].items()
    boxes: dict[object, list[int]] = {}
    for unit in range(problem.units):
        boxes.setdefault(tuple(map(str, sum(problem.unit_box(unit), ()))), []).append(unit)
    groups = sorted(tuple(units) for units in boxes.values())
    arrangements = [_check(entry, problem) for entry in entries]
    if sorted(arrangement.units for arrangement in arrangements) != groups:
        shown = [[unit + 1 for unit in group] for group in groups]
        raise Refuted(f"{node.path}: expected one arrangement for each of the unit groups {shown}")
    return arrangements


def _check(node: Node, problem: Problem) -> Arrangement:
    entry = node.fields("units", "cells")
    units = tuple(unit.integer(1, problem.units) - 1 for unit in entry["units"])
    if not units:
        raise CertificateError(f"{node.path}.units: no unit is named")
    box = problem.unit_box(units[0])
    witnesses = [cell.fields("witness")["witness"] for cell in entry["cells"]]
    points = []
    for witness in witnesses:
        point = witness.rationals()
        if len(point) != problem.block:
            raise witness.wrong(f"{problem.block} coordinates")
        if not all(low < at < high for at, (low, high) in zip(point, box, strict=True)):
            raise Refuted(f"{witness.path}: not strictly inside the box of unit {units[0] + 1}")
        points.append([fraction(at) for at in point])
    boundaries = _boundaries(problem)
    indices = _piece_indices(points, boundaries, problem, [w.path for w in witnesses])
    first: dict[bytes, int] = {}
    for number, row in enumerate(indices):
        twin = first.setdefault(row.tobytes(), number)
        if twin != number:
            raise Refuted(f"{witnesses[number].path}: the same cell as number {twin}")
    walls = []
    for axis, (low, high) in enumerate(box):
        normal = [Fraction(int(axis == other)) for other in range(problem.block)]
        walls.append([*normal, fraction(low)])
        walls.append([*(-value for value in normal), -fraction(high)])
    try:
        cells = count_regions(boundaries, walls, len(points))
    except TooMany:
        raise Refuted(
            f"{node.path}.cells: incomplete, the arrangement has more than {len(points)} cells"
        ) from None
    if cells != len(points):
        raise Refuted(f"{node.path}.cells: {len(points)} listed, the arrangement has {cells}")
    return Arrangement(units, indices)


def _boundaries(problem: Problem) -> list[list[Fraction]]:
    """Rows (x_t, [1], β_j): example by example, breakpoint by breakpoint."""
    one = [Fraction(1)] * problem.bias
    return [
        [*map(fraction, x), *one, fraction(at)]
        for x in problem.inputs
        for at in problem.breakpoints
    ]


def _piece_indices(
    points: list[list[Fraction]],
    boundaries: list[list[Fraction]],
    problem: Problem,
    paths: list[str],
) -> Indices:
    """index_t at each point; a boundary that vanishes identically counts as β_j <= 0."""
    examples, steps = len(problem.inputs), len(problem.breakpoints)
    indices = np.zeros((len(points), examples), dtype=np.int8)
    if steps > 100:
        raise CertificateError("problem.model.activation: more than 100 breakpoints")
    if not steps:
        return indices
    void = np.array([not any(row[:-1]) for row in boundaries])
    beyond = np.array([row[-1] <= 0 for row in boundaries])
    rows = [_cleared(row) for row in boundaries]
    for start in range(0, len(points), _CHUNK):
        chunk = [_cleared([*point, Fraction(-1)]) for point in points[start : start + _CHUNK]]
        signs = _signs(chunk, rows)
        on_boundary = np.argwhere((signs == 0) & ~void)
        if len(on_boundary):
            cell, row = map(int, on_boundary[0])
            raise Refuted(
                f"{paths[start + cell]}: on the boundary "
                f"e{row // steps + 1}:k{row % steps + 1}, not inside a cell"
            )
        above = np.where(void, beyond, signs > 0)
        indices[start : start + len(chunk)] = above.reshape(-1, examples, steps).sum(axis=2)
    return indices


def _cleared(row: list[Fraction]) -> list[int]:
    common = lcm(*(value.denominator for value in row))
    return [value.numerator * (common // value.denominator) for value in row]


def _signs(points: list[list[int]], rows: list[list[int]]) -> NDArray[Any]:
    """Signs of all inner products of integer vectors, exact.

    In floating point |fl(Σ a_i b_i) − Σ a_i b_i| <= γ_{k+2} Σ |a_i b_i| for k terms with
    rounded integer inputs; twice that bound decides which signs are computed exactly.
    """
    try:
        left, right = np.array(points, dtype=float), np.array(rows, dtype=float)
    except OverflowError:
        return np.array(
            [[_sign(sum(map(int.__mul__, p, r))) for r in rows] for p in points], dtype=np.int8
        )
    with np.errstate(over="ignore", invalid="ignore"):
        products = left @ right.T
        bound = (abs(left) @ abs(right).T) * ((left.shape[1] + 8) * _ROUNDING)
        settled = abs(products) > bound
    signs = np.where(settled, np.sign(products), 0).astype(np.int8)
    for cell, row in np.argwhere(~settled):
        signs[cell, row] = _sign(sum(map(int.__mul__, points[cell], rows[row])))
    return signs


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
