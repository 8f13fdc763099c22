"""Cells on which the training loss and the held-out loss are both convex.

The boundaries of training and held-out examples together cut a cell into *refined cells*: on one
of them every example, held out or not, keeps its activation pieces. They are numbered by the
cells of the arrangement of all examples, the held-out ones after the others. A linear model has
one cell, the box, and it is refined already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from flint import fmpq

from pieceproof.checking.constraints import Constraints
from pieceproof.checking.kinks import Kinks
from pieceproof.checking.lowerbounds import FixedCells, LowerBounds
from pieceproof.checking.objectives import Objective
from pieceproof.checking.orbits import Case
from pieceproof.checking.pieces import Piece
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.spans import Envelope
from pieceproof.checking.unitcells import Arrangement, check_arrangements


@dataclass(frozen=True)
class RefinedCase(Case):
    """A refined cell: ``cells`` are those of the arrangement of all examples, ``within`` the
    joint cell of the training examples that it belongs to."""

    within: tuple[int, ...]

    def __str__(self) -> str:
        return f"refined {Case(self.cells, self.signs)}"


@dataclass(frozen=True)
class Ground:
    """A cell on which both losses are convex.

    Attributes:
        case: the cell.
        kinks: the training loss.
        goal: the held-out loss.
        inside: a point of the open cell, for parameters without influence on the training loss.
    """

    case: Case
    kinks: Kinks
    goal: Kinks
    inside: Sequence[fmpq]


def linear_ground(problem: Problem, kinks: Kinks, case: Case) -> Ground:
    """Both losses of a linear model on the box."""
    own = held_out_problem(problem)
    goal = Kinks(own, Constraints(own, ()), Objective(own, []))
    return Ground(case, kinks, goal, [(p.lower + p.upper) / 2 for p in problem.parameters])


class Refined:
    """The refined cells of a network, from the document's list of unit cells.

    Args:
        node: the unit cells of the arrangement of all examples.
        problem: the problem with its held-out examples.
        coarse: the unit cells of the arrangement of the training examples.

    Raises:
        CertificateError: malformed.
        Refuted: the list is not complete, or has a cell twice.
    """

    def __init__(self, node: Node, problem: Problem, coarse: Sequence[Arrangement]) -> None:
        count = len(problem.inputs)
        trained = replace(problem, held_out=())
        own = held_out_problem(problem)
        every = replace(
            trained, inputs=(*problem.inputs, *own.inputs), targets=(*problem.targets, *own.targets)
        )
        self._problem = problem
        self._arrangements = check_arrangements(node, every)
        seen = [_on_examples(each, slice(None, count)) for each in self._arrangements]
        unseen = [_on_examples(each, slice(count, None)) for each in self._arrangements]
        constraints = Constraints(every, tuple(self._arrangements))
        self.kinks = Kinks(trained, constraints, Objective(trained, seen))
        self._goal = Kinks(own, Constraints(own, tuple(unseen)), Objective(own, unseen))
        self._parent = _parents(seen, coarse)
        self._witnesses = _witnesses(node, self._arrangements)

    def read(self, node: Node, coarse: Case) -> RefinedCase:
        """The refined cell of a joint cell that a list of numbers names.

        Raises:
            CertificateError: a number that does not exist, or a wrong number of them.
            Refuted: it belongs to another joint cell.
        """
        units = node.items()
        if len(units) != len(coarse.cells):
            raise node.wrong(f"{len(coarse.cells)} cell numbers")
        cells = tuple(
            each.integer(0, len(self._parent[unit]) - 1) for unit, each in enumerate(units)
        )
        if tuple(self._parent[unit][cell] for unit, cell in enumerate(cells)) != coarse.cells:
            raise Refuted(f"{node.path}: no part of {coarse}")
        return RefinedCase(cells, coarse.signs, coarse.cells)

    def parts(self, coarse: Case) -> Iterator[RefinedCase]:
        """All refined cells of a joint cell."""
        own = [
            [number for number, parent in enumerate(self._parent[unit]) if parent == cell]
            for unit, cell in enumerate(coarse.cells)
        ]
        for cells in product(*own):
            yield RefinedCase(cells, coarse.signs, coarse.cells)

    def ground(self, case: RefinedCase) -> Ground:
        """Both losses on a refined cell."""
        inside = [
            value for unit, cell in enumerate(case.cells) for value in self._witnesses[unit][cell]
        ]
        inside += [(p.lower + p.upper) / 2 for p in self._problem.parameters[len(inside) :]]
        return Ground(case, self.kinks, self._goal, inside)

    def check_steps(self, case: RefinedCase, steps: Node, pieces: Sequence[Piece]) -> None:
        """The steps prove that the refined cell is nowhere below the training dual.

        Raises:
            CertificateError: malformed.
            Refuted: they do not.
        """
        cells = FixedCells(self._problem, self.kinks)
        LowerBounds(cells.point, cells.within, Envelope(list(pieces))).check(case, steps)


def held_out_problem(problem: Problem) -> Problem:
    """The held-out examples as training examples without penalties."""
    return replace(
        problem,
        inputs=tuple(x for x, _ in problem.held_out),
        targets=tuple(y for _, y in problem.held_out),
        decay=fmpq(0),
        ratio=fmpq(0),
        penalised=(),
        held_out=(),
    )


def _on_examples(arrangement: Arrangement, chosen: slice) -> Arrangement:
    """The pieces that some of the examples use."""
    return Arrangement(arrangement.units, arrangement.indices[:, chosen])


def _parents(
    seen: Sequence[Arrangement], coarse: Sequence[Arrangement]
) -> dict[int, tuple[int, ...]]:
    """For every unit and refined unit cell the cell of the training examples that holds it."""
    own = {unit: each for each in coarse for unit in each.units}
    found: dict[int, tuple[int, ...]] = {}
    for arrangement in seen:
        numbers = {
            row.tobytes(): cell for cell, row in enumerate(own[arrangement.units[0]].indices)
        }
        parents = tuple(numbers[row.tobytes()] for row in arrangement.indices)
        found |= dict.fromkeys(arrangement.units, parents)
    return found


def _witnesses(
    node: Node, arrangements: Sequence[Arrangement]
) -> dict[int, list[tuple[fmpq, ...]]]:
    """Interior points of all refined unit cells, by unit."""
    entries = node.fields("arrangements")["arrangements"].items()
    found: dict[int, list[tuple[fmpq, ...]]] = {}
    for entry, arrangement in zip(entries, arrangements, strict=True):
        points = [
            cell.fields("witness")["witness"].rationals() for cell in entry.member("cells").items()
        ]
        found |= dict.fromkeys(arrangement.units, points)
    return found
