"""Joint cells up to exchangeable units.

Units with equal boxes and equal output weights may be permuted: f(α, ·) and the box do
not change. For "signs" the minimum runs over all sign vectors, so equal boxes suffice
and a unit carries the pair (sign, cell). A class of k units with N choices each has
C(N + k − 1, k) multisets; a list of distinct sorted representatives with that many
entries (multiplied over the classes) holds every orbit exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import comb, prod

from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.unitcells import Arrangement


@dataclass(frozen=True)
class Case:
    """A joint cell: for each unit the number of its cell, and its sign for a "signs" model."""

    cells: tuple[int, ...]
    signs: tuple[int, ...] | None

    def __str__(self) -> str:
        signs = "" if self.signs is None else f" with signs {list(self.signs)}"
        return f"cell {list(self.cells)}{signs}"


@dataclass(frozen=True)
class Orbits:
    """Exchangeable classes of units (0-based) and the number of cells of each unit."""

    classes: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]
    signed: bool

    @property
    def joint_cells(self) -> int:
        """Number of cells of the joint arrangement: the product over the units."""
        return prod(self.sizes)

    @property
    def total(self) -> int:
        """Number of orbits of joint cells (with signs)."""
        return prod(
            comb((1 + self.signed) * self.sizes[units[0]] + len(units) - 1, len(units))
            for units in self.classes
        )

    def read_case(self, entry: dict[str, Node], path: str) -> Case:
        """The joint cell named by "cell" and "signs".

        Raises:
            CertificateError: an index or a sign that does not exist, or a wrong number of them.
        """
        cells = entry["cell"].items()
        if len(cells) != len(self.sizes):
            raise entry["cell"].wrong(f"{len(self.sizes)} cell numbers")
        numbers = tuple(
            cell.integer(0, size - 1) for cell, size in zip(cells, self.sizes, strict=True)
        )
        if not self.signed:
            if "signs" in entry:
                raise entry["signs"].wrong('no signs (the model has no output weights "signs")')
            return Case(numbers, None)
        if "signs" not in entry:
            raise Node(None, f"{path}.signs").wrong("the signs of the output weights")
        signs = entry["signs"].items()
        if len(signs) != len(self.sizes) or any(sign.integer(-1, 1) == 0 for sign in signs):
            raise entry["signs"].wrong(f"{len(self.sizes)} signs 1 or -1")
        return Case(numbers, tuple(sign.integer(-1, 1) for sign in signs))

    def is_canonical(self, case: Case) -> bool:
        """Whether the (sign, cell) pairs are sorted within every class."""
        signs = case.signs or (0,) * len(case.cells)
        pairs = list(zip(signs, case.cells, strict=True))
        return all(
            pairs[left] <= pairs[right] for units in self.classes for left, right in pairwise(units)
        )


def check_classes(node: Node, problem: Problem, arrangements: list[Arrangement]) -> Orbits:
    """The orbits for the stated exchangeable classes.

    Raises:
        Refuted: the classes are not those of equal box and equal output weight.
    """
    grouped: dict[object, list[int]] = {}
    for unit in range(problem.units):
        weight = None if problem.weights is None else str(problem.weights[unit])
        box = tuple(map(str, sum(problem.unit_box(unit), ())))
        grouped.setdefault((box, weight), []).append(unit)
    expected = sorted(tuple(units) for units in grouped.values())
    stated = sorted(
        tuple(unit.integer(1, max(problem.units, 1)) - 1 for unit in units) for units in node
    )
    if stated != expected:
        shown = [[unit + 1 for unit in units] for units in expected]
        raise Refuted(f"{node.path}: the exchangeable units are {shown}")
    sizes = {unit: len(each.indices) for each in arrangements for unit in each.units}
    return Orbits(
        tuple(expected),
        tuple(sizes[unit] for unit in range(problem.units)),
        problem.weights is None,
    )


def check_cases(node: Node, cases: list[Case], orbits: Orbits) -> None:
    """Every orbit of joint cells is listed exactly once.

    Raises:
        Refuted: a representative is not canonical, is repeated, or an orbit is missing.
    """
    seen: dict[Case, int] = {}
    for number, case in enumerate(cases):
        if not orbits.is_canonical(case):
            raise Refuted(f"{node.path}[{number}]: {case} is not the sorted representative")
        twin = seen.setdefault(case, number)
        if twin != number:
            raise Refuted(f"{node.path}[{number}]: {case} repeats number {twin}")
    if len(cases) != orbits.total:
        raise Refuted(f"{node.path}: {len(cases)} joint cells up to symmetry, not {orbits.total}")
