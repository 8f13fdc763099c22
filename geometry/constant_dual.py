"""The dual function of the zero-one loss: constant pieces, and parameters that attain them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpz_poly

from geometry.algebraic import RealAlgebraic, increasing
from geometry.arcs import lower_points
from geometry.cases import Case
from geometry.dual import DualFunction, Piece
from geometry.intervals import Interval, sign_changes
from geometry.margins import Bound
from geometry.nested_regions import NestedRegions
from geometry.network_regions import NetworkRegions
from geometry.rational_functions import RationalFunction
from geometry.regions import ConvolutionRegions, Region, rational_row, regions
from geometry.verdicts import Verdict
from geometry.witnesses import Part, Search
from geometry.zero_one import Step, merged, steps
from piecewise.exact import to_fmpq
from piecewise.layers import DEFAULT_MAX_CELLS
from piecewise.problems import Problem


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ConstantDual(DualFunction):
    """ℓ* of a zero-one loss; the parts of its pieces are :class:`~geometry.witnesses.Part`.

    ``errors`` are the numbers of misclassified examples of the pieces; ``bounds`` prove for every
    region of a network that it has nowhere fewer.
    """

    regions: Sequence[Region] | NetworkRegions | ConvolutionRegions | NestedRegions
    errors: tuple[int, ...]
    bounds: tuple[tuple[Bound, ...], ...] = ()


def loss_of(problem: Problem, errors: int) -> RationalFunction:
    """The loss of so many errors."""
    examples = len(problem.targets) if problem.reduction == "mean" else 1
    return RationalFunction.reduced(fmpz_poly([errors]), fmpz_poly([examples]))


def constant_dual(
    problem: Problem,
    report: Callable[[float], None] = lambda share: None,
    out_of_time: Callable[[], bool] = lambda: False,
    max_cells: int = DEFAULT_MAX_CELLS,
) -> ConstantDual:
    """The dual function of a graph convolution with the zero-one loss.

    Args:
        problem: one that :func:`geometry.regions.refusal` does not refuse.
        report: told which share of A is done.
        out_of_time: when it says yes, ℓ* is only bounded on the rest of A, by the number of
            examples.
        max_cells: most regions.

    Raises:
        TooManyCells: more than ``max_cells``.
    """
    listed = tuple(regions(problem, max_cells, out_of_time))
    cases = tuple(region.case(problem.targets) for region in listed)
    lower, upper = (to_fmpq(end) for end in problem.interval)
    found, reached = steps(
        cases,
        lower,
        upper,
        lambda alpha: report(
            float(Fraction(int(alpha.p), int(alpha.q)) - problem.interval[0])
            / float(problem.interval[1] - problem.interval[0])
        ),
        out_of_time,
    )
    whole = list(found)
    if reached < upper:  # nothing is known there but that all examples may be misclassified
        start, end = RealAlgebraic.rational(reached), RealAlgebraic.rational(upper)
        whole.append(Step(start, end, len(problem.targets)))
    joined = merged(whole)
    search = _Parts(problem, listed, cases, found, RealAlgebraic.rational(reached))
    pieces = tuple(search.piece(step) for step in joined)
    reason = f"the time budget ran out: nothing is known for alpha > {reached}"
    return ConstantDual(
        problem,
        pieces,
        tuple(lower_points([(piece.interval, piece.value) for piece in pieces])),
        claim=Verdict.PROVED if reached == upper else Verdict.UNRESOLVED,
        reasons=() if reached == upper else (reason,),
        regions=listed,
        errors=tuple(step.value for step in joined),
    )


@dataclass(frozen=True)
class _Parts:
    """The parts of pieces; beyond ``reached`` any parameters will do."""

    problem: Problem
    regions: Sequence[Region]
    cases: Sequence[Case]
    found: Sequence[Step]
    reached: RealAlgebraic

    def piece(self, step: Step) -> Piece:
        """The piece of a maximal step."""
        parts: list[Part] = []
        if step.lower < self.reached:
            parts += self._searched(Interval(step.lower, min(step.upper, self.reached)), step.value)
        if step.upper > self.reached:
            rest = Interval(max(step.lower, self.reached), step.upper)
            parts.append(Part(rest, 0, self._centre()))
        return Piece(
            Interval(step.lower, step.upper), loss_of(self.problem, step.value), tuple(parts)
        )

    def _searched(self, interval: Interval, value: int) -> Iterator[Part]:
        cuts = [s.lower for s in self.found if interval.lower < s.lower < interval.upper]
        for case in self.cases:
            for content in case.contents:
                cuts += sign_changes(content, interval)
        return Search(self.cases, value, increasing(cuts)).parts(interval)

    def _centre(self) -> tuple[fmpz_poly, ...]:
        """The middle of the box as a direction."""
        if self.regions[0].homogeneous:
            return tuple(fmpz_poly() for _ in self.problem.parameters)
        middle = [(p.lower + p.upper) / 2 for p in self.problem.parameters]
        return rational_row([*middle, Fraction(1)])
