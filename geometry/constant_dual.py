"""The dual function of the zero-one loss: constant pieces, and parameters that attain them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpz_poly

from geometry.algebraic import increasing
from geometry.arcs import lower_points
from geometry.dual import DualFunction, Piece
from geometry.intervals import Interval, sign_changes
from geometry.rational_functions import RationalFunction
from geometry.regions import Region, regions
from geometry.verdicts import Verdict
from geometry.witnesses import Search
from geometry.zero_one import Case, Step, merged, steps
from piecewise.exact import to_fmpq
from piecewise.problems import Problem


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ConstantDual(DualFunction):
    """ℓ* of a zero-one loss; the parts of its pieces are :class:`~geometry.witnesses.Part`.

    ``errors`` are the numbers of misclassified examples of the pieces.
    """

    regions: tuple[Region, ...]
    cases: tuple[Case, ...]
    errors: tuple[int, ...]


def constant_dual(
    problem: Problem,
    report: Callable[[float], None] = lambda share: None,
    out_of_time: Callable[[], bool] = lambda: False,
) -> ConstantDual:
    """The dual function of a problem with the zero-one loss.

    Args:
        problem: one that :func:`geometry.regions.refusal` does not refuse.
        report: told which share of A is done.
        out_of_time: when it says yes, ℓ* is only bounded on the rest of A, by the number of
            examples.
    """
    listed = tuple(regions(problem))
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
    pieces = tuple(_piece(problem, cases, step, found) for step in merged(found))
    if reached < upper:
        reason = f"the time budget ran out at alpha = {reached}"
        raise NotImplementedError(reason)
    return ConstantDual(
        problem,
        pieces,
        tuple(lower_points([(piece.interval, piece.value) for piece in pieces])),
        claim=Verdict.PROVED,
        regions=listed,
        cases=cases,
        errors=tuple(step.value for step in merged(found)),
    )


def _piece(problem: Problem, cases: Sequence[Case], step: Step, found: Sequence[Step]) -> Piece:
    interval = Interval(step.lower, step.upper)
    cuts = [each.lower for each in found if step.lower < each.lower < step.upper]
    for case in cases:
        for content in case.contents:
            cuts += sign_changes(content, interval)
    parts = tuple(Search(cases, step.value, increasing(cuts)).parts(interval))
    return Piece(interval, _value(problem, step.value), parts)


def _value(problem: Problem, errors: int) -> RationalFunction:
    examples = len(problem.targets) if problem.reduction == "mean" else 1
    return RationalFunction.reduced(fmpz_poly([errors]), fmpz_poly([examples]))
