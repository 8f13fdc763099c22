"""No parameters of a region make fewer errors: circuits of its rows, step by step.

Parameters in an open cell that err at the examples D only have y_t·r_t(α)·u > 0 for all t ∉ D, and
c_j·u > 0 for all constraints c_j. A *circuit* is a set S of such rows with multipliers λ for which
Σ_{s∈S} λ_s(α)·row_s(α) = 0. Where no two λ_s have different signs and not all are zero, the rows
of S are not all positive, whatever u: D must hold an example of S. So if every set of k examples
misses one of some circuits that all hold on an interval, every cell of the region has more than
k errors, at all but finitely many α of the interval, which suffices
(:mod:`pieceproof.checking.piecewiseconstant`).

A step may be a *tree*: at a split an example is right on one branch and wrong on the other, as it
is in every open cell. On a branch an example that is wrong is an error, and its negated row is
positive; one that is right has a positive row. A leaf shows as above that enough others are wrong.
A score that is zero throughout is never positive nor negative: there is no split at it.

The multipliers are minors of the rows of S, whose rank is |S| − 1. They are computed here, and
that they combine the rows to zero is checked in all columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

from flint import fmpq, fmpq_mat, fmpz_poly

from pieceproof.checking.intervals import Interval, nonnegative
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.pieces import Piece
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import compare

Row = tuple[fmpz_poly, ...]
RowOf = Callable[[Node], tuple[int | None, Row]]
"""The example (if it is one) and the row of a name."""
MAX_ROWS = 100
"""Rows of a circuit."""
MAX_MINORS = 200_000
"""Minors of a circuit that are not zero, of one size."""
MAX_CHOICES = 10_000_000
"""Choices of examples that are looked at in one step."""
GENERIC = fmpq(10_007, 7_919)
"""Columns are chosen at this α."""


@dataclass(frozen=True)
class Circuit:
    """The examples whose rows a circuit has, and those whose negated rows it has."""

    right: frozenset[int]
    wrong: frozenset[int]


class CircuitBounds:
    """Proves that regions have no fewer errors than the pieces.

    Args:
        pieces: with their numbers of errors.
    """

    def __init__(self, pieces: Sequence[tuple[Piece, int]]) -> None:
        self.pieces = pieces
        self.looked_at = 0

    def check(self, node: Node, row_of: RowOf) -> None:
        """The steps of one region.

        Args:
            node: the entry of ``proofs``.
            row_of: the row of a name, its sign that of right examples.

        Raises:
            CertificateError: malformed.
            Refuted: steps do not cover the pieces with errors, or do not prove their number.
        """
        steps = node.fields("steps")["steps"].items()
        intervals = []
        for step in steps:
            entry = step.fields("interval", "circuits", optional=("tree",))
            ends = read_interval(entry["interval"])
            if compare(*ends) >= 0:
                raise Refuted(f"{step.path}.interval: the ends are not in increasing order")
            interval = Interval(*ends)
            intervals.append(interval)
            need = max(
                (n for piece, n in self.pieces if _meet(piece.interval, interval)), default=0
            )
            circuits = [
                self._circuit(circuit, row_of, interval) for circuit in entry["circuits"].items()
            ]
            self._check_tree(step, entry, row_of, circuits, need)
        if any(compare(left.end, right.start) > 0 for left, right in pairwise(intervals)):
            raise Refuted(f"{node.path}.steps: not in increasing order")
        for piece, errors in self.pieces:
            if errors and not _covered(piece.interval, intervals):
                raise Refuted(f"{node.path}.steps: do not cover all α at which there are errors")

    def _check_tree(
        self, step: Node, entry: dict[str, Node], row_of: RowOf, circuits: list[Circuit], need: int
    ) -> None:
        """Every leaf has at least ``need`` errors."""
        budget = Budget(step.path)
        if "tree" not in entry:
            _check_leaf(step.path, circuits, frozenset(), frozenset(), need, budget)
            return
        pending: list[tuple[frozenset[int], frozenset[int]]] = [(frozenset(), frozenset())]
        for node in entry["tree"].items():
            if not pending:
                raise Refuted(f"{node.path}: the tree has ended before")
            right, wrong = pending.pop()
            if isinstance(node.value, str):
                example, row = row_of(node)
                if example is None or example in right | wrong or not any(row):
                    raise node.wrong("an example with a score, not decided yet")
                pending += [(right, wrong | {example}), (right | {example}, wrong)]
            else:
                chosen = [circuits[i.integer(0, len(circuits) - 1)] for i in node.items()]
                _check_leaf(node.path, chosen, right, wrong, need, budget)
        if pending:
            raise Refuted(f"{entry['tree'].path}: {len(pending)} branches are missing")

    def _circuit(self, node: Node, row_of: RowOf, interval: Interval) -> Circuit:
        """The examples of a circuit that holds on the interval."""
        names = node.items()
        if not 1 <= len(names) <= MAX_ROWS:
            raise node.wrong(f"from 1 to {MAX_ROWS} names of rows")
        rows: list[Row] = []
        examples: list[set[int]] = [set(), set()]
        for name in names:
            negated = isinstance(name.value, str) and name.value.startswith("-")
            example, row = row_of(Node(name.value[1:], name.path) if negated else name)
            if negated and example is None:
                raise name.wrong("an example after '-'")
            rows.append(tuple(-p for p in row) if negated else row)
            if example is not None:
                examples[negated].add(example)
        factors = multipliers(rows)
        if factors is None:
            raise Refuted(f"{node.path}: not a circuit")
        self.looked_at += 1
        for side in (1, -1):
            if all(nonnegative(side * factor, interval) for factor in factors):
                return Circuit(frozenset(examples[0]), frozenset(examples[1]))
        raise Refuted(f"{node.path}: multipliers of both signs")


def _check_leaf(
    where: str,
    circuits: Sequence[Circuit],
    right: frozenset[int],
    wrong: frozenset[int],
    need: int,
    budget: Budget,
) -> None:
    """With some examples right and others wrong there are at least ``need`` errors.

    Raises:
        Refuted: a circuit is none of the branch, or too few examples meet all circuits.
    """
    for circuit in circuits:
        if not circuit.wrong <= wrong or circuit.right & wrong:
            raise Refuted(f"{where}: a circuit with a row that is not positive on the branch")
    left = need - 1 - len(wrong)
    if left >= 0 and meets_all([circuit.right - right for circuit in circuits], left, budget):
        raise Refuted(f"{where}: {left} more examples meet all circuits, {left + 1} should")


def multipliers(rows: Sequence[Row]) -> list[fmpz_poly] | None:
    """λ ≠ 0 with Σ λ_s·row_s = 0 identically, from minors; None if the rank is not |S| − 1."""
    size = len(rows)
    table = fmpq_mat([[p(GENERIC) for p in row] for row in rows])
    reduced, rank = table.rref()
    if rank != size - 1:
        return None
    width = len(rows[0])
    columns = [next(j for j in range(width) if reduced[i, j] != 0) for i in range(rank)]
    minors = maximal_minors(rows, columns)
    everything = (1 << size) - 1
    found = [
        minors.get(everything ^ 1 << s, fmpz_poly()) * (-1 if s % 2 else 1) for s in range(size)
    ]
    common = reduce(fmpz_poly.gcd, found, fmpz_poly())
    found = [p // common for p in found]
    for column in range(width):
        if sum((p * row[column] for p, row in zip(found, rows, strict=True)), fmpz_poly()):
            return None
    return found


def maximal_minors(rows: Sequence[Row], columns: Sequence[int]) -> dict[int, fmpz_poly]:
    """The minors of all sets of rows (bit masks) with as many rows as there are columns.

    By expansion along one column after the other, sparse ones first, which changes all signs
    alike; minors that are zero may be missing.

    Raises:
        Refuted: too many of them are not.
    """
    minors = {0: fmpz_poly([1])}
    for column in sorted(columns, key=lambda c: sum(bool(row[c]) for row in rows)):
        grown: dict[int, fmpz_poly] = {}
        for mask, minor in minors.items():
            for s, row in enumerate(rows):
                if mask >> s & 1 or not row[column]:
                    continue
                after = (mask >> (s + 1)).bit_count()
                term = minor * row[column]
                key = mask | 1 << s
                grown[key] = grown.get(key, fmpz_poly()) + (-term if after % 2 else term)
        minors = {mask: minor for mask, minor in grown.items() if minor}
        if len(minors) > MAX_MINORS:
            raise Refuted(f"a circuit of {len(rows)} rows has more than {MAX_MINORS} minors")
    return minors


@dataclass
class Budget:
    """Ends a search that a document makes too long."""

    where: str
    left: int = MAX_CHOICES

    def spend(self) -> None:
        """Raises:
        Refuted: nothing is left.
        """
        self.left -= 1
        if self.left < 0:
            raise Refuted(f"{self.where}: too many sets of examples to look at")


def meets_all(family: Sequence[frozenset[int]], most: int, budget: Budget) -> bool:
    """Whether some ``most`` elements meet every set of the family.

    One of the elements of a smallest set is needed; those that have been tried in vain are not
    tried again in its place. Disjoint sets need one each.
    """
    budget.spend()
    if not family:
        return True
    smallest = min(family, key=len)
    used: set[int] = set()
    disjoint = 0
    for chosen in sorted(family, key=len):
        if used.isdisjoint(chosen):
            used |= chosen
            disjoint += 1
    if disjoint > most:
        return False
    tried: set[int] = set()
    for element in sorted(smallest, key=lambda e: (-sum(e in other for other in family), e)):
        missed = [other - tried for other in family if element not in other]
        if meets_all(missed, most - 1, budget):
            return True
        tried.add(element)
    return False


def _meet(left: Interval, right: Interval) -> bool:
    """Whether two intervals have more than a point in common."""
    return compare(left.start, right.end) < 0 and compare(right.start, left.end) < 0


def _covered(interval: Interval, steps: Sequence[Interval]) -> bool:
    """Whether steps in increasing order leave nothing of an interval out."""
    reached = interval.start
    for step in steps:
        if compare(step.start, reached) > 0:
            break
        if compare(step.end, reached) > 0:
            reached = step.end
    return compare(reached, interval.end) >= 0
