"""The checker of the method "nested-cells": deep piecewise linear networks, squared loss.

1. the charts are those of the problem, and the listed cells are all patterns with the
   intervals of α on which they occur, layer by layer (:mod:`.nested`);
2. on its interval no cell goes below the stated pieces (Lagrange duality, step by step);
3. every piece is attained by parameters in the box: the objective is the stated value on
   the pattern that holds there.

*Why that suffices at every α.* The charts reach every value of f on W. On a chart the closed cells
cover the box for all but finitely many α. f is continuous and W compact, so ℓ* and its
bounds are continuous.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq_poly, fmpz_poly

from pieceproof.checking.attained import (
    check_divided,
    read_increasing,
    read_path_in_box,
    read_place,
    read_witness,
)
from pieceproof.checking.bordered import check_on_face, point_on_face
from pieceproof.checking.enclosing.charts import Chart
from pieceproof.checking.flips import Active
from pieceproof.checking.intervals import Interval, nonnegative
from pieceproof.checking.kinkedpoints import KinkedPoint
from pieceproof.checking.lowerbounds import LowerBounds
from pieceproof.checking.nested import NestedCell, NestedNetwork, read_nested
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.orbits import Case, Orbits
from pieceproof.checking.pieces import Piece, check_continuous, read_pieces
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import Real
from pieceproof.checking.run import Dual, Run
from pieceproof.checking.shapes import continuous
from pieceproof.checking.spans import Envelope
from pieceproof.checking.turning import check_maximal
from pieceproof.checking.workers import check_cells

MEMBERS: tuple[str, ...] = ("charts", "cells", "proofs")
OWN = ("sample", "parts")


def check(run: Run) -> Dual:
    """ℓ* of a document whose proofs hold, unless ``run`` says otherwise.

    Raises:
        CertificateError: malformed.
        Refuted: a claim without which the others have no meaning is false.
    """
    members = run.members
    problem = read_nested(members["problem"])
    pieces = read_nested_pieces(members["pieces"], problem)
    check_charts(members["charts"], problem)
    cells = read_cells(members["cells"], problem)
    check_patterns(members["cells"], cells, problem)
    run.checked |= {"cells": 0, "pieces": len(pieces), "parts": 0}
    for node, piece in zip(members["pieces"], pieces, strict=True):
        with run.collecting():
            run.checked["parts"] += _check_piece(node, piece, problem)
    strata = _check_lower(run, cells)
    counts = {
        "charts": len(problem.charts),
        "cases": len(members["proofs"].items()),
        "strata": strata,
    }
    return Dual(pieces, continuous(pieces), counts)


def read_nested_pieces(node: Node, problem: NestedNetwork) -> list[Piece]:
    """The pieces, of no higher degree than a stationary value can have.

    Raises:
        CertificateError: malformed.
        Refuted: as :func:`read_pieces`; not continuous; or a degree that is too high.
    """
    pieces = read_pieces(node, problem.network.interval, OWN)
    for number, piece in enumerate(pieces):
        if max(piece.numerator.degree(), piece.denominator.degree()) > problem.degree:
            path = f"{node.path}[{number}].value"
            raise Refuted(f"{path}: of higher degree than a stationary value can have")
    check_continuous(node, pieces)
    return pieces


def check_charts(node: Node, problem: NestedNetwork) -> None:
    """Raises:
    Refuted: not the charts of the problem.
    """
    expected: list[dict[str, Any]] = []
    for chart in problem.charts:
        names, sides = chart.network.names, ("lower", "upper")
        held = [f"{names[i]}:{sides[side]}" for i, side in sorted(chart.fixed.items())]
        signs = [int(v.p) for v in chart.network.outputs or ()]
        expected.append({"held": held, **({"signs": signs} if problem.signed else {})})
    if node.value != expected:
        raise Refuted(f"{node.path}: not the charts of this problem")


def read_cells(node: Node, problem: NestedNetwork) -> list[NestedCell]:
    """The cells as they are stated.

    Raises:
        CertificateError: malformed.
    """
    count, found = problem.network.examples, []
    for entry in node:
        members = entry.fields("chart", "on", "interval")
        chart = members["chart"].integer(0, len(problem.charts) - 1)
        units = members["on"].items()
        if len(units) != len(problem.layer):
            raise members["on"].wrong(f"{len(problem.layer)} lists, one for every unit")
        nodes: list[int] = []
        for unit, own in enumerate(units):
            numbers = [each.integer(0, count - 1) for each in own]
            if sorted(set(numbers)) != numbers:
                raise own.wrong("increasing numbers of examples")
            nodes += [unit * count + t for t in numbers]
        start, end = read_interval(members["interval"])
        found.append(NestedCell(chart, frozenset(nodes), Interval(start, end)))
    return found


def check_patterns(node: Node, stated: Sequence[NestedCell], problem: NestedNetwork) -> None:
    """That the stated cells are all patterns with all their intervals.

    Raises:
        Refuted: a cell is missing, repeated or does not occur, or has another interval.
    """
    check_maximal(
        node,
        [((cell.chart, cell.active), cell.interval) for cell in stated],
        [((cell.chart, cell.active), cell.interval) for cell in problem.cells],
    )


# -- not lower -------------------------------------------------------------------------


def _check_lower(run: Run, cells: Sequence[NestedCell]) -> int:
    proofs = run.members["proofs"]
    entries = proofs.items()
    orbits = Orbits(((0,),), (len(cells),), False)
    with run.collecting():
        numbers = [
            orbits.read_case(entry.fields("cell", "steps"), entry.path).cells[0]
            for entry in entries
        ]
        if sorted(numbers) != list(range(len(cells))):
            raise Refuted(f"{proofs.path}: not one proof for every cell")
    task = NestedTask(
        run.members["problem"].value,
        run.members["pieces"].value,
        run.members["cells"].value,
        orbits,
    )
    return check_cells(run, task, "cells")


@dataclass(frozen=True)
class NestedTask:
    """What a worker needs to check single cells."""

    problem: Any
    pieces: Any
    cells: Any
    orbits: Orbits

    def checker(self) -> LowerBounds:
        """The checker of single cells."""
        problem = read_nested(Node(self.problem, "problem"))
        points = NestedPoints(problem, read_cells(Node(self.cells, "cells"), problem))
        return LowerBounds(
            points.point,
            points.within,
            Envelope(read_nested_pieces(Node(self.pieces, "pieces"), problem)),
            "the interval of the cell",
        )


@dataclass(frozen=True)
class NestedPoints:
    """Stationary points on cells.

    A constraint is ``u1:e5:k1``, the bend of unit 1 on example 5 with the sign that its
    pre-activation has in the cell, or a wall ``w1_x1:lower`` or ``w1_x1:upper``.
    """

    problem: NestedNetwork
    cells: Sequence[NestedCell]

    def within(self, case: Case) -> tuple[Real, Real]:
        """The interval on which the cell exists."""
        interval = self.cells[case.cells[0]].interval
        return interval.start, interval.end

    def point(self, active: Node, case: Case) -> KinkedPoint:
        """Value and multipliers of the stationary point on an active set."""
        cell = self.cells[case.cells[0]]
        chart = self.problem.charts[cell.chart]
        return point_on_face(
            self.problem.quadratic(chart, cell.active),
            self.problem.kappa,
            active,
            self.problem.constraints(chart, cell.active),
        )


# -- not higher ------------------------------------------------------------------------


def _check_piece(node: Node, piece: Piece, problem: NestedNetwork) -> int:
    entry = node.fields("interval", "value", *OWN)
    parts = entry["parts"].items()
    if not parts:
        raise entry["parts"].wrong("at least one part")
    intervals = [_check_part(part, piece, problem) for part in parts]
    check_divided(entry["parts"], intervals, piece)
    _check_sample(entry["sample"], piece, problem)
    return len(parts)


def _check_part(node: Node, piece: Piece, problem: NestedNetwork) -> Interval:
    entry = node.fields("interval", "chart", "active", "minimiser")
    interval = read_increasing(entry["interval"])
    chart = problem.charts[entry["chart"].integer(0, len(problem.charts) - 1)]
    where = entry["minimiser"].path
    numerators, below = read_path_in_box(entry["minimiser"], problem.parameters, interval)
    for index, wall in problem.held(chart).items():
        if numerators[index] * wall.q != below * wall.p:
            raise Refuted(f"{where}: {problem.network.names[index]} is not held as its chart says")
    u = [fmpq_poly(numerators[index]) for index in problem.moving]
    active = _pattern(problem, chart, u, interval, where)
    check_on_face(entry["active"], problem.constraints(chart, active), u, below)
    _check_value(node, piece, problem, chart, active, u, below)
    return interval


def _pattern(
    problem: NestedNetwork, chart: Chart, u: Sequence[fmpq_poly], interval: Interval, where: str
) -> Active:
    """The nodes whose pre-activation along u/d is >= 0 and not 0; that of the others is <= 0."""
    found: set[int] = set()
    for layers in range(1, len(problem.network.hidden) + 1):
        rows = problem.rows(chart, frozenset(found), layers)
        for node, row in rows.items():
            if problem.layer[node // problem.network.examples] != layers - 1:
                continue
            total = _dot([fmpq_poly(p) for p in row], u).numer()
            if total and nonnegative(total, interval):
                found.add(node)
            elif total and not nonnegative(-total, interval):
                raise Refuted(f"{where}: a unit is switched on or off inside the interval")
    return frozenset(found)


def _dot(row: Sequence[fmpq_poly], u: Sequence[fmpq_poly]) -> fmpq_poly:
    return sum((a * x for a, x in zip(row, u, strict=True)), fmpq_poly())


def _check_value(
    node: Node,
    piece: Piece,
    problem: NestedNetwork,
    chart: Chart,
    active: Active,
    u: Sequence[fmpq_poly],
    below: fmpz_poly,
) -> None:
    """f(α, u/d) on the pattern is the value of the piece: an identity of rational functions."""
    divisor, total = fmpq_poly(below), fmpq_poly()
    for form, level in problem.residuals(chart, active):
        residual = _dot(form, u) + divisor * level
        total += residual * residual
    whole = problem.kappa * divisor * divisor
    if total * fmpq_poly(piece.denominator) != whole * fmpq_poly(piece.numerator):
        raise Refuted(f"{node.path}: the value is not the objective at the minimiser")


def _check_sample(node: Node, piece: Piece, problem: NestedNetwork) -> None:
    sample = node.fields("alpha", "value", "witness")
    alpha, value = read_place(sample, piece)
    witness = read_witness(sample["witness"], problem.parameters)
    if min(problem.loss_at(alpha, witness, chart) for chart in problem.charts) != value:
        raise Refuted(f"{sample['witness'].path}: the objective there is not the value")
