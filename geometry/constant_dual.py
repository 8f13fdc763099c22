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
from geometry.moving_patterns import SpellMemory
from geometry.nested_regions import NestedRegions
from geometry.network_regions import NetworkRegions
from geometry.rational_functions import RationalFunction
from geometry.regions import ConvolutionRegions, Region, rational_row, regions
from geometry.verdicts import Verdict
from geometry.witnesses import NoWitness, Part, Search
from geometry.zero_one import OpenPart, Step, Sweep, merged, steps
from piecewise.deadlines import Check, OutOfTime, until
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


def without_regions(problem: Problem) -> ConstantDual:
    """What is known if time ran out before all regions were: ℓ* is at most the loss of all
    examples. The one region is all of W, without its scores."""
    middle = [(p.lower + p.upper) / 2 for p in problem.parameters]
    whole = Interval.rational(*map(to_fmpq, problem.interval))
    every = len(problem.targets)
    piece = Piece(
        whole, loss_of(problem, every), (Part(whole, 0, rational_row([*middle, Fraction(1)])),)
    )
    return ConstantDual(
        problem,
        (piece,),
        tuple(lower_points([(piece.interval, piece.value)])),
        claim=Verdict.UNRESOLVED,
        reasons=(
            "the time budget ran out before all regions were known: the pieces are upper bounds",
        ),
        regions=(Region({}, (), (), False),),
        errors=(every,),
        bounds=((),),
    )


class Memory(SpellMemory):
    """What earlier runs of the same search kept: nothing, unless a subclass knows better."""

    def sweep(self) -> Sweep | None:
        """How far the search for steps came."""
        return None

    def keep_sweep(self, found: Sequence[Step], pending: Sequence[OpenPart]) -> None:
        """Keep that."""

    def parts(self, step: Step) -> Sequence[Part] | None:
        """Parameters that attain a maximal step."""
        return None

    def keep_parts(self, step: Step, found: Sequence[Part]) -> None:
        """Keep them."""


def constant_dual(
    problem: Problem,
    report: Callable[[float], None] = lambda share: None,
    out_of_time: Callable[[], bool] = lambda: False,
    max_cells: int = DEFAULT_MAX_CELLS,
    memory: Memory | None = None,
    is_late: Callable[[], bool] | None = None,
) -> ConstantDual:
    """The dual function of a graph convolution with the zero-one loss.

    Args:
        problem: one that :func:`geometry.regions.refusal` does not refuse.
        report: told which share of A is done.
        out_of_time: when it says yes, ℓ* is only bounded on the rest of A, by the number of
            examples.
        max_cells: most regions.
        memory: what an earlier run kept.
        is_late: when it says yes, the rest of the time is for parameters that attain what is
            found; by default ``out_of_time``.

    Raises:
        TooManyCells: more than ``max_cells``.
    """
    known = memory or Memory()
    try:
        listed = tuple(regions(problem, max_cells, out_of_time, known))
        known.flush()
    except OutOfTime:
        return without_regions(problem)
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
        until(is_late or out_of_time),
        known.sweep(),
        known.keep_sweep,
    )
    joined = merged(found)
    search = _Parts(problem, cases, found, until(out_of_time), known)
    pieces, doubt = search.pieces(joined)
    end = RealAlgebraic.rational(upper)
    start = pieces[-1].interval.upper if pieces else RealAlgebraic.rational(lower)
    errors = [step.value for step in joined[: len(pieces)]]
    if start < end:  # nothing is known there but that all examples may be misclassified
        every = len(problem.targets)
        rest = Part(Interval(start, end), 0, _centre(problem, listed[0]))
        if errors and errors[-1] == every:
            last = pieces.pop()
            start, parts = last.interval.lower, (*last.parts, rest)
        else:
            errors.append(every)
            parts = (rest,)
        pieces.append(Piece(Interval(start, end), loss_of(problem, every), parts))
    reason = doubt or (
        f"the time budget ran out: nothing is known for alpha > {reached}"
        if reached < upper
        else ""
    )
    return ConstantDual(
        problem,
        tuple(pieces),
        tuple(lower_points([(piece.interval, piece.value) for piece in pieces])),
        claim=Verdict.UNRESOLVED if reason else Verdict.PROVED,
        reasons=(reason,) if reason else (),
        regions=listed,
        errors=tuple(errors),
    )


@dataclass(frozen=True)
class _Parts:
    """The parts of pieces."""

    problem: Problem
    cases: Sequence[Case]
    found: Sequence[Step]
    check: Check
    memory: Memory

    def pieces(self, joined: Sequence[Step]) -> tuple[list[Piece], str]:
        """Pieces of maximal steps from the first one on, as far as parameters are found that attain
        them; and why not all, if so."""
        pieces: list[Piece] = []
        for step in joined:
            interval = Interval(step.lower, step.upper)
            parts = self.memory.parts(step)
            try:
                if parts is None:
                    parts = list(self._searched(interval, step.value))
                    self.memory.keep_parts(step, parts)
            except OutOfTime:
                start = step.lower.decimal(10)
                return pieces, f"the time budget ran out: nothing is claimed for alpha > {start}"
            except NoWitness as error:
                return pieces, f"nothing is claimed for alpha > {step.lower.decimal(10)}: {error}"
            pieces.append(Piece(interval, loss_of(self.problem, step.value), tuple(parts)))
        return pieces, ""

    def _searched(self, interval: Interval, value: int) -> Iterator[Part]:
        # Which parameters are found depends on the enclosures of numbers: always the same ones.
        interval = Interval(interval.lower.afresh(), interval.upper.afresh())
        cuts = [s.lower.afresh() for s in self.found if interval.lower < s.lower < interval.upper]
        for case in self.cases:
            for content in case.contents:
                cuts += sign_changes(content, interval)
        return Search(self.cases, value, increasing(cuts), self.check).parts(interval)


def _centre(problem: Problem, region: Region) -> tuple[fmpz_poly, ...]:
    """The middle of the box as a direction."""
    if region.homogeneous:
        return tuple(fmpz_poly() for _ in problem.parameters)
    middle = [(p.lower + p.upper) / 2 for p in problem.parameters]
    return rational_row([*middle, Fraction(1)])
