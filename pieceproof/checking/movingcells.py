"""The checker of the method "moving-cells": two-layer graph convolutions, squared loss.

1. the listed patterns of a channel are all, each with the interval of α on which it occurs
   (:mod:`.turning`);
2. the proofs run over all cells, a pattern for every channel, up to exchangeable channels;
3. on its interval no cell goes below the stated pieces (Lagrange duality, step by step);
4. every piece is attained by parameters in the box: the objective by its definition, on the nodes
   that are switched on there, is the stated value.

*Why that suffices at every α.* For all but finitely many α the closed cells of the patterns that
occur cover the box. So 3 bounds f(α, ·) from below at these α, and at the others by
continuity: f is continuous in (α, w) and the box is compact, so ℓ* is continuous, and so are
the pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import Any

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.attained import (
    check_divided,
    read_increasing,
    read_path_in_box,
    read_place,
    read_witness,
)
from pieceproof.checking.bordered import Constraint, check_on_face, point_on_face, wall_constraints
from pieceproof.checking.convolutions import Convolution, read_convolution
from pieceproof.checking.flips import Active
from pieceproof.checking.intervals import Interval, intersection, nonnegative
from pieceproof.checking.kinkedpoints import KinkedPoint
from pieceproof.checking.lowerbounds import LowerBounds
from pieceproof.checking.orbits import Case, Orbits
from pieceproof.checking.pieces import Piece, check_continuous, read_pieces
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import Real
from pieceproof.checking.run import Dual, Run
from pieceproof.checking.shapes import continuous
from pieceproof.checking.spans import Envelope
from pieceproof.checking.turning import Spell, check_spells, read_spells
from pieceproof.checking.workers import check_cells

MEMBERS: tuple[str, ...] = ("patterns", "exchangeable", "proofs")
OWN = ("sample", "parts")


def check(run: Run) -> Dual:
    """ℓ* of a document whose proofs hold, unless ``run`` says otherwise.

    Raises:
        CertificateError: malformed.
        Refuted: a claim without which the others have no meaning is false.
    """
    members = run.members
    problem = read_convolution(members["problem"], "squared")
    pieces = read_moving_pieces(members["pieces"], problem)
    spells = read_spells(members["patterns"])
    check_spells(members["patterns"], spells, problem.rows, problem.interval)
    classes = check_exchangeable(members["exchangeable"], problem)
    orbits = Orbits(classes, (len(spells),) * problem.channels, problem.signed)
    run.checked |= {"patterns": len(spells), "pieces": len(pieces), "parts": 0}
    for node, piece in zip(members["pieces"], pieces, strict=True):
        with run.collecting():
            run.checked["parts"] += _check_piece(node, piece, problem)
    strata = _check_lower(run, problem, spells, orbits)
    counts = {"patterns": len(spells), "cases": len(members["proofs"].items()), "strata": strata}
    return Dual(pieces, continuous(pieces), counts)


def read_moving_pieces(node: Node, problem: Convolution) -> list[Piece]:
    """The pieces, of no higher degree than a stationary value can have.

    Raises:
        CertificateError: malformed.
        Refuted: as :func:`read_pieces`; not continuous; or a degree that is too high.
    """
    pieces = read_pieces(node, problem.interval, OWN)
    turning = max((p.degree() for row in problem.rows.values() for p in row), default=0)
    size = len(problem.parameters)
    degree = (size + 1) * int(problem.kappa.degree()) + 2 * size * max(int(turning), 0)
    for number, piece in enumerate(pieces):
        if max(piece.numerator.degree(), piece.denominator.degree()) > degree:
            path = f"{node.path}[{number}].value"
            raise Refuted(f"{path}: of higher degree than a stationary value can have")
    check_continuous(node, pieces)
    return pieces


def check_exchangeable(node: Node, problem: Convolution) -> tuple[tuple[int, ...], ...]:
    """The classes of channels with equal boxes and equal output weights, from 0.

    Raises:
        Refuted: the stated classes are others.
    """
    expected = list(problem.exchangeable)
    stated = sorted(
        tuple(each.integer(1, problem.channels) - 1 for each in channels) for channels in node
    )
    if stated != expected:
        shown = [[channel + 1 for channel in channels] for channels in expected]
        raise Refuted(f"{node.path}: the exchangeable channels are {shown}")
    return tuple(expected)


def common_interval(spells: Sequence[Spell], cells: Sequence[int]) -> Interval | None:
    """Where the patterns of all channels occur; None if that has no inside."""
    common: Interval | None = spells[cells[0]].interval
    for index in cells[1:]:
        common = common and intersection(common, spells[index].interval)
    return common


# -- not lower -------------------------------------------------------------------------


def _check_lower(run: Run, problem: Convolution, spells: Sequence[Spell], orbits: Orbits) -> int:
    proofs = run.members["proofs"]
    entries = proofs.items()
    with run.collecting():
        cases = [
            orbits.read_case(entry.fields("cell", "steps", optional=("signs",)), entry.path)
            for entry in entries
        ]
        _check_cases(proofs, cases, orbits, spells)
    task = MovingTask(
        run.members["problem"].value,
        run.members["pieces"].value,
        run.members["patterns"].value,
        orbits,
    )
    return check_cells(run, task, "cells")


def _check_cases(
    node: Node, cases: Sequence[Case], orbits: Orbits, spells: Sequence[Spell]
) -> None:
    """Every cell is listed exactly once, up to exchangeable channels."""
    seen: set[Case] = set()
    for number, case in enumerate(cases):
        if not orbits.is_canonical(case):
            raise Refuted(f"{node.path}[{number}]: {case} is not the sorted representative")
        if case in seen:
            raise Refuted(f"{node.path}[{number}]: {case} is repeated")
        if common_interval(spells, case.cells) is None:
            raise Refuted(f"{node.path}[{number}]: the patterns of {case} never occur together")
        seen.add(case)
    states = [(s, i) for s in ((-1, 1) if orbits.signed else (0,)) for i in range(len(spells))]
    choices = [combinations_with_replacement(states, len(units)) for units in orbits.classes]
    for chosen in product(*choices):
        by_channel = {
            channel: state
            for units, own in zip(orbits.classes, chosen, strict=True)
            for channel, state in zip(units, own, strict=True)
        }
        cells = tuple(by_channel[channel][1] for channel in range(len(orbits.sizes)))
        signs = tuple(by_channel[channel][0] for channel in range(len(orbits.sizes)))
        case = Case(cells, signs if orbits.signed else None)
        if case not in seen and common_interval(spells, cells) is not None:
            raise Refuted(f"{node.path}: {case} is missing")


@dataclass(frozen=True)
class MovingTask:
    """What a worker needs to check single cells."""

    problem: Any
    pieces: Any
    patterns: Any
    orbits: Orbits

    def checker(self) -> LowerBounds:
        """The checker of single cells."""
        problem = read_convolution(Node(self.problem, "problem"), "squared")
        cells = TurningCells(problem, read_spells(Node(self.patterns, "patterns")))
        return LowerBounds(
            cells.point,
            cells.within,
            Envelope(read_moving_pieces(Node(self.pieces, "pieces"), problem)),
            "the interval of the cell",
        )


@dataclass(frozen=True)
class TurningCells:
    """Cells by their patterns.

    A constraint is ``h1:ada``, the pre-activation of node ada in channel 1, with the sign that it
    has in the cell, or a wall ``w1_x1:lower`` or ``w1_x1:upper``.
    """

    problem: Convolution
    spells: Sequence[Spell]

    def within(self, case: Case) -> tuple[Real, Real]:
        """The interval on which the cell exists."""
        common = common_interval(self.spells, case.cells)
        if common is None:
            raise Refuted(f"{case}: the patterns never occur together")
        return common.start, common.end

    def point(self, active: Node, case: Case) -> KinkedPoint:
        """Value and multipliers of the stationary point on an active set."""
        pattern = [self.spells[index].active for index in case.cells]
        return point_on_face(
            self.problem.quadratic(pattern, case.signs),
            self.problem.kappa,
            active,
            constraints(self.problem, pattern),
        )


def constraints(problem: Convolution, pattern: Sequence[Active]) -> dict[str, Constraint]:
    """The constraints of the closed cell of a pattern by label."""
    names = [
        f"h{channel + 1}:{problem.graph.names[node]}"
        for channel in range(problem.channels)
        for node in problem.rows
    ]
    found: dict[str, Constraint] = {
        name: ([fmpq_poly(p) for p in row], fmpq(0))
        for name, row in zip(names, problem.boundaries(pattern), strict=True)
    }
    return found | wall_constraints(problem.parameters)


# -- not higher ------------------------------------------------------------------------


def _check_piece(node: Node, piece: Piece, problem: Convolution) -> int:
    entry = node.fields("interval", "value", *OWN)
    parts = entry["parts"].items()
    if not parts:
        raise entry["parts"].wrong("at least one part")
    intervals = [_check_part(part, piece, problem) for part in parts]
    check_divided(entry["parts"], intervals, piece)
    _check_sample(entry["sample"], piece, problem)
    return len(parts)


def _check_part(node: Node, piece: Piece, problem: Convolution) -> Interval:
    entry = node.fields("interval", "on", "active", "minimiser", optional=("signs",))
    interval = read_increasing(entry["interval"])
    signs = _read_signs(entry, node, problem)
    where = entry["minimiser"].path
    numerators, below = read_path_in_box(entry["minimiser"], problem.parameters, interval)
    pattern = [
        _switched_on(problem, channel, numerators, interval, where)
        for channel in range(problem.channels)
    ]
    if [sorted(active) for active in pattern] != [
        [each.integer(0, 10**6) for each in channel] for channel in entry["on"]
    ]:
        raise Refuted(f"{entry['on'].path}: other nodes are switched on at the minimiser")
    w = [fmpq_poly(p) for p in numerators]
    check_on_face(entry["active"], constraints(problem, pattern), w, below)
    _check_value(node, piece, problem, pattern, signs, numerators, below)
    return interval


def _read_signs(entry: dict[str, Node], node: Node, problem: Convolution) -> tuple[int, ...] | None:
    if ("signs" in entry) != problem.signed:
        raise node.wrong('"signs" where the model has output weights "signs", and only there')
    if not problem.signed:
        return None
    signs = tuple(each.integer(-1, 1) for each in entry["signs"])
    if len(signs) != problem.channels or 0 in signs:
        raise entry["signs"].wrong(f"{problem.channels} signs 1 or -1")
    return signs


def _switched_on(
    problem: Convolution,
    channel: int,
    numerators: Sequence[fmpz_poly],
    interval: Interval,
    where: str,
) -> Active:
    """The nodes whose pre-activation along n/d is >= 0 and not 0; that of the others is <= 0."""
    own = numerators[channel * problem.features : (channel + 1) * problem.features]
    found = set()
    for node, row in problem.rows.items():
        total = fmpz_poly()
        for a, p in zip(row, own, strict=True):
            total += a * p
        if total and nonnegative(total, interval):
            found.add(node)
        elif total and not nonnegative(-total, interval):
            name = problem.graph.names[node]
            raise Refuted(f"{where}: node {name} is switched on or off inside the interval")
    return frozenset(found)


def _check_value(
    node: Node,
    piece: Piece,
    problem: Convolution,
    pattern: Sequence[Active],
    signs: tuple[int, ...] | None,
    numerators: Sequence[fmpz_poly],
    below: fmpz_poly,
) -> None:
    """f(α, n/d) on the pattern is the value of the piece: an identity of rational functions."""
    w, divisor = [fmpq_poly(p) for p in numerators], fmpq_poly(below)
    total = fmpq_poly()
    for row, y in zip(
        problem.predictions(pattern, signs, common=True), problem.targets, strict=True
    ):
        residual = -problem.scale * divisor * y
        for a, p in zip(row, w, strict=True):
            residual += a * p
        total += residual * residual
    for p in w:
        total += problem.kappa * problem.decay * p * p
    whole = problem.kappa * divisor * divisor
    if total * fmpq_poly(piece.denominator) != whole * fmpq_poly(piece.numerator):
        raise Refuted(f"{node.path}: the value is not the objective at the minimiser")


def _check_sample(node: Node, piece: Piece, problem: Convolution) -> None:
    sample = node.fields("alpha", "value", "witness")
    alpha, value = read_place(sample, piece)
    witness = read_witness(sample["witness"], problem.parameters)
    choices = product((-1, 1), repeat=problem.channels) if problem.signed else (None,)
    if min(problem.loss_at(alpha, witness, signs) for signs in choices) != value:
        raise Refuted(f"{sample['witness'].path}: the objective there is not the value")
