"""Does a hyperplane cut a region? Exact linear programs that stop at the answer.

The region is {x in a box : g_j(x) ≥ 0} with a known interior point p, the question
whether an affine c with c(p) ≥ 0 is negative somewhere in it. The dual simplex method
with bounded variables [Chvátal 1983, Ch. 8 and 10] starts from the box alone, where the
best vertex is seen from the signs of c, and takes in violated constraints one by one.
At every step it holds a vertex x of fewer constraints and multipliers λ ≥ 0 with

    c = c(x) + Σ_j λ_j g_j,        the walls among the g_j,

so c ≥ c(x) on the region: c(x) ≥ 0 answers "not cut" (weak duality). The segment from p
to x leaves the region at some point; c < 0 there answers "cut". Most questions end
before the optimum is known.

It ends always: the constraint that first blocks the segment is taken in while that
raises c(x), and Bland's rule [Bland 1977] as long as it does not, so no set of active
constraints occurs twice. At the optimum x is in the region and one of the answers holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from flint import fmpq, fmpq_mat

from piecewise.homogeneous import Form


@dataclass(frozen=True)
class Crossing:
    """A point strictly inside the region with c < 0."""

    point: tuple[fmpq, ...]


@dataclass(frozen=True)
class LowerBound:
    """c = value + Σ_j multipliers[j]·g_j with value ≥ 0 and every multiplier ≥ 0.

    Keys: 2i and 2i + 1 for the walls x_i − lower_i and upper_i − x_i, 2n + j for the j-th
    constraint; multipliers left out are 0.
    """

    value: fmpq
    multipliers: Mapping[int, fmpq]


def minimum_sign(
    objective: Form,
    constraints: Sequence[Form],
    ranges: Sequence[tuple[fmpq, fmpq]],
    inside: Sequence[fmpq],
) -> Crossing | LowerBound:
    """Whether c < 0 somewhere in the region (then where) or c ≥ 0 on it (then why).

    Both answers are exact proofs: a :class:`Crossing` is checked by evaluation, a
    :class:`LowerBound` by comparing coefficients.

    Args:
        objective: the form of c, c(inside) ≥ 0.
        constraints: forms g_j.
        ranges: the box.
        inside: a point strictly inside the box with every g_j > 0.
    """
    return _Dictionary(objective, constraints, ranges, inside).solve()


class _Violation(NamedTuple):
    """A basic variable beyond a bound, which blocks the segment from p to x at ``step``."""

    step: fmpq
    variable: int
    row: int
    bound: fmpq
    value: fmpq


class _Dictionary:
    """Basic variables and c as affine functions of the n nonbasic ones, each at a bound.

    Variables 0 … n−1 are x, variable n + j is g_j, which has the lower bound 0 only. The
    last row is c, the last column is the constant.
    """

    def __init__(
        self,
        objective: Form,
        constraints: Sequence[Form],
        ranges: Sequence[tuple[fmpq, fmpq]],
        inside: Sequence[fmpq],
    ) -> None:
        n = len(ranges)
        self.ranges = ranges
        self.matrix = fmpq_mat([list(form) for form in (*constraints, objective)])
        self.nonbasic, self.basic = list(range(n)), list(range(n, n + len(constraints)))
        self.at_upper = [entry < 0 for entry in objective[:-1]]
        self.resting = [pair[side] for pair, side in zip(ranges, self.at_upper, strict=True)]
        *slacks, self.height = _times(self.matrix, inside)
        self.inside = [*inside, *slacks]

    def solve(self) -> Crossing | LowerBound:
        previous = None
        while True:
            *values, bound = _times(self.matrix, self.resting)
            if bound >= 0:
                return self._lower_bound(bound)
            violations = self._violations(values)
            step = min((violation.step for violation in violations), default=fmpq(1))
            crossing = self.height / (self.height - bound)
            if step > crossing:
                return self._crossing(values, (crossing + step) / 2)
            stalled = bound == previous
            self._take_in(
                min(violations, key=attrgetter("variable")) if stalled else min(violations),
                long_step=not stalled,
            )
            previous = bound

    def _violations(self, values: Sequence[fmpq]) -> list[_Violation]:
        found, n, zero = [], len(self.ranges), fmpq(0)
        for row, (variable, value) in enumerate(zip(self.basic, values, strict=True)):
            low, high = self.ranges[variable] if variable < n else (zero, max(zero, value))
            if low <= value <= high:
                continue
            bound = low if value < low else high
            start = self.inside[variable]
            found.append(_Violation((start - bound) / (start - value), variable, row, bound, value))
        return found

    def _take_in(self, violation: _Violation, *, long_step: bool) -> None:
        """Exchange the violating variable, now at its bound, for a nonbasic one.

        Raising its multiplier moves the reduced costs. The first to reach 0 belongs to the
        variable that becomes basic; in a long step a coordinate may jump to its other
        wall instead, as long as c(x) keeps growing. One is left to become basic, since
        otherwise the bound could not be met at all, and p meets it.
        """
        rising = violation.value < violation.bound
        growth = abs(violation.bound - violation.value)
        costs = self.matrix.nrows() - 1
        blocking = []
        for column, (variable, upper) in enumerate(zip(self.nonbasic, self.at_upper, strict=True)):
            rate = self.matrix[violation.row, column]
            if rate and (rate > 0) == (rising != upper):
                ratio = abs(self.matrix[costs, column] / rate)
                blocking.append((ratio, variable, column, abs(rate)))
        for _, variable, column, rate in sorted(blocking):
            if not long_step or variable >= len(self.ranges):
                break
            low, high = self.ranges[variable]
            growth -= rate * (high - low)
            if growth <= 0:
                break
            self.at_upper[column] = not self.at_upper[column]
            self.resting[column] = low + high - self.resting[column]
        self._pivot(violation.row, column)
        self.at_upper[column], self.resting[column] = not rising, violation.bound

    def _pivot(self, row: int, column: int) -> None:
        """D − (D e_column + e_row)(e_rowᵀD − e_columnᵀ)/D[row, column]."""
        matrix = self.matrix
        rows, columns = matrix.nrows(), matrix.ncols()
        left = [matrix[i, column] for i in range(rows)]
        right = [matrix[row, j] for j in range(columns)]
        pivot = right[column]
        left[row] += 1
        right[column] -= 1
        self.matrix = matrix - fmpq_mat(rows, 1, left) * fmpq_mat(1, columns, right) / pivot
        self.basic[row], self.nonbasic[column] = self.nonbasic[column], self.basic[row]

    def _crossing(self, values: Sequence[fmpq], step: fmpq) -> Crossing:
        """p + step·(x − p)."""
        vertex = dict(zip(self.nonbasic, self.resting, strict=True))
        vertex.update(zip(self.basic, values, strict=True))
        start = self.inside[: len(self.ranges)]
        return Crossing(tuple(p + step * (vertex[i] - p) for i, p in enumerate(start)))

    def _lower_bound(self, bound: fmpq) -> LowerBound:
        n, costs = len(self.ranges), self.matrix.nrows() - 1
        multipliers = {}
        for column, (variable, upper) in enumerate(zip(self.nonbasic, self.at_upper, strict=True)):
            cost = self.matrix[costs, column]
            if cost:
                key = 2 * variable + upper if variable < n else n + variable
                multipliers[key] = abs(cost)
        return LowerBound(bound, multipliers)


def _times(matrix: fmpq_mat, point: Sequence[fmpq]) -> list[fmpq]:
    """The affine functions in the rows of ``matrix`` at a point."""
    return list((matrix * fmpq_mat(len(point) + 1, 1, [*point, fmpq(1)])).entries())
