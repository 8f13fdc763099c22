"""The dual function of the zero-one loss of a network: every region, with one bound from above.

Regions are settled one after the other (:mod:`geometry.margins`): each proves that it has nowhere
fewer errors than are attained so far, or finds parameters that have. A bound proved for more
errors stays good when the number falls, so one pass suffices. Before it, quick searches at a few
α let most regions have only a small number of errors to exclude.

Regions are dealt with in rounds; what is attained in a round counts from the next one on, so that
the result does not depend on the number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from time import monotonic
from typing import Any

from flint import fmpz_poly

from geometry.arcs import lower_points
from geometry.circuits import System
from geometry.constant_dual import ConstantDual, loss_of
from geometry.dual import Piece
from geometry.intervals import Interval
from geometry.lowest_steps import Attained, LowestSteps
from geometry.margins import Bound, Need, Outcome, RegionSearch, Unfinished
from geometry.moving_patterns import SpellMemory
from geometry.nested_regions import NestedRegions
from geometry.network_regions import NetworkRegions
from geometry.regions import ConvolutionRegions, Region
from geometry.sample_search import LIMIT
from geometry.split_proofs import trimmed
from geometry.verdicts import Verdict
from geometry.witnesses import Part
from piecewise.deadlines import Check, OutOfTime, until
from piecewise.exact import to_fmpq
from piecewise.layers import DEFAULT_MAX_CELLS
from piecewise.networks import FeedForward
from piecewise.problems import Problem

SAMPLES = 3
"""α at which regions are searched quickly first."""
QUICK = 128
"""So many regions, spread evenly, at most."""
CHUNK = 16
"""Regions of a task."""
ROUND = 32
"""Tasks of a round."""


@dataclass(frozen=True)
class Task:
    """Regions to search quickly at a few α, or to settle, given what is attained elsewhere."""

    regions: tuple[int, ...]
    needs: tuple[Need, ...]
    settle: bool
    deadline: float | None
    """On the monotonic clock."""


Regions = NetworkRegions | ConvolutionRegions | NestedRegions


class Memory(SpellMemory):
    """What earlier runs of the same searches kept: nothing, unless a subclass knows better."""

    def region(
        self, number: int, needs: Sequence[Need], settle: bool
    ) -> Outcome | Unfinished | None:
        """The outcome of a region, or how far its search came."""
        return None

    def keep_region(self, number: int, needs: Sequence[Need], settle: bool, found: Outcome) -> None:
        """Keep the outcome."""

    def pause(self, number: int, needs: Sequence[Need], state: Callable[[], Unfinished]) -> None:
        """Between two rounds of a search: keep how far it is, if that is worth while."""


class Searches:
    """The regions of a network, or of several channels, with the labels; a worker builds them once.

    Args:
        problem: one that :func:`geometry.regions.refusal` does not refuse.
        max_cells: most regions.
        known: the cells that the regions are made of (``regions.known``), found before.
        memory: what earlier runs kept of the searches.
        out_of_time: asked while cells are found.
        report: told how many have been found.

    Raises:
        OutOfTime: time ran out before all regions were known.
        TooManyCells: more than ``max_cells`` regions.
    """

    def __init__(
        self,
        problem: Problem,
        max_cells: int = DEFAULT_MAX_CELLS,
        known: Sequence[Any] | None = None,
        memory: Memory | None = None,
        out_of_time: Callable[[], bool] = lambda: False,
        report: Callable[[int], None] = lambda found: None,
    ) -> None:
        self.problem = problem
        self.max_cells = max_cells
        self.memory = memory or Memory()
        self.whole = Interval.rational(*map(to_fmpq, problem.interval))
        self.regions = _regions(problem, max_cells, known, self.memory, out_of_time, report)
        self.memory.flush()

    def again(self) -> Callable[[Memory], Searches]:
        """What makes the same searches in another process, where it can be sent."""
        return partial(Searches, self.problem, self.max_cells, self.regions.known)

    def perform(self, task: Task) -> list[Outcome]:
        """The outcome of every region, in order."""
        check = until(lambda: task.deadline is not None and monotonic() > task.deadline)
        found, needs = [], list(task.needs)
        for number in task.regions:
            try:
                outcome = self._outcome(number, needs, task.settle, check)
            except OutOfTime:
                outcome = Outcome(None, ())
            found.append(outcome)
            needs = lowered(needs, outcome.attained)
        self.memory.flush()
        return found

    def _outcome(self, number: int, needs: list[Need], settle: bool, check: Check) -> Outcome:
        """The outcome of a region; with bounds only if it is settled.

        Raises:
            OutOfTime: ``check`` says so before anything is known.
        """
        known = self.memory.region(number, needs, settle)
        if isinstance(known, Outcome):
            return known
        check()
        search = RegionSearch(number, self._system(number), self.whole, check)
        if settle:
            outcome = search.settle(needs, known, partial(self.memory.pause, number, needs))
        else:
            outcome = self._quick(search, needs)
        if outcome.bounds is not None or not settle:
            self.memory.keep_region(number, needs, settle, outcome)
        return outcome

    def _system(self, number: int) -> System:
        region = self.regions[number]
        labels = [int(y) for y in self.problem.targets]
        rows = [tuple(y * p for p in row) for row, y in zip(region.scores, labels, strict=True)]
        return System((*rows, one(region), *region.constraints), len(rows))

    def _quick(self, search: RegionSearch, needs: Sequence[Need]) -> Outcome:
        attained: list[Attained] = []
        for alpha in islice(self.whole.samples(), SAMPLES):
            need = next(n for interval, n in needs if interval.upper.compare_rational(alpha) >= 0)
            found = search.attempt(alpha, need) if need else None
            if found is not None:
                attained.append(found)
                needs = lowered(needs, [found])
        return Outcome(None, tuple(attained))


def _regions(
    problem: Problem,
    max_cells: int,
    known: Sequence[Any] | None,
    memory: SpellMemory,
    out_of_time: Callable[[], bool],
    report: Callable[[int], None],
) -> Regions:
    if not isinstance(problem.model, FeedForward):
        return ConvolutionRegions(problem, max_cells, out_of_time, known, memory)
    if len(problem.model.hidden) > 1:
        return NestedRegions(problem, max_cells, out_of_time, known, report, memory)
    return NetworkRegions(
        problem, max_cells, until(out_of_time), None if known is None else tuple(known)
    )


Carry = Callable[[Sequence[Task]], Iterable[list[Outcome]]]
"""Carries out tasks, in order."""


def one(region: Region) -> tuple[fmpz_poly, ...]:
    """The row that is 1 at u = (w, 1)."""
    return (*[fmpz_poly()] * (len(region.scores[0]) - 1), fmpz_poly([1]))


def margin_dual(
    searches: Searches,
    carry: Carry | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
    deadline: float | None = None,
) -> ConstantDual:
    """The dual function of a network with the zero-one loss.

    Args:
        searches: of a problem that :func:`geometry.regions.refusal` does not refuse.
        carry: carries out tasks; the result does not depend on how.
        report: told how many of how many regions are done.
        deadline: on the monotonic clock. After it, ℓ* is only bounded from above.
    """
    run = _Run(searches, carry or (lambda tasks: map(searches.perform, tasks)), report, deadline)
    run.quick()
    bounds = [outcome.bounds for outcome in run.settle()]
    left = len(searches.regions) - sum(each is not None for each in bounds)
    needs = run.steps.needs()
    pieces = tuple(
        Piece(
            interval,
            loss_of(searches.problem, errors),
            tuple(_part(step, searches.regions) for step in run.steps.within(interval)),
        )
        for interval, errors in needs
    )
    reason = (
        f"the time budget ran out with {left} of {len(searches.regions)} regions open: "
        "the pieces are upper bounds"
    )
    return ConstantDual(
        searches.problem,
        pieces,
        tuple(lower_points([(piece.interval, piece.value) for piece in pieces])),
        claim=Verdict.UNRESOLVED if left else Verdict.PROVED,
        reasons=(reason,) if left else (),
        regions=searches.regions,
        errors=tuple(errors for _, errors in needs),
        bounds=tuple(
            tuple(_final(each or (), needs, len(searches.problem.targets))) for each in bounds
        ),
    )


@dataclass
class _Run:
    searches: Searches
    carry: Carry
    report: Callable[[int, int], None]
    deadline: float | None

    def __post_init__(self) -> None:
        self.steps = LowestSteps([self._anything()])

    def _anything(self) -> Attained:
        """Parameters in the first region; they may misclassify all examples. Where regions move,
        w = 0 is in all of them."""
        if not isinstance(self.searches.regions, NetworkRegions):
            size = len(self.searches.regions[0].scores[0]) - 1
            return Attained(
                self.searches.whole,
                len(self.searches.problem.targets),
                ((),) * size + ((1,),),
            )
        region, whole = self.searches.regions[0], self.searches.whole
        system = System((one(region), *region.constraints), 0)
        found = RegionSearch(0, system, whole).attempt(whole.sample(), 1)
        if found is None:
            raise ValueError("the first region is empty")
        return replace(found, errors=len(self.searches.problem.targets))

    def quick(self) -> None:
        """Searches quickly in some regions."""
        total = len(self.searches.regions)
        chosen = range(0, total, -(-total // QUICK))
        for _ in self._outcomes(chosen, settle=False):
            pass

    def settle(self) -> list[Outcome]:
        """The outcomes of all regions."""
        total = len(self.searches.regions)
        outcomes: list[Outcome] = []
        for outcome in self._outcomes(range(total), settle=True):
            outcomes.append(outcome)
            self.report(len(outcomes), total)
        left = any(errors for _, errors in self.steps.needs())  # no errors need no proof
        return outcomes + [Outcome(None if left else (), ())] * (total - len(outcomes))

    def _outcomes(self, numbers: Sequence[int], *, settle: bool) -> Iterator[Outcome]:
        """Outcomes in order, until time is over or there is nothing left to lower."""
        for start in range(0, len(numbers), CHUNK * ROUND):
            needs = tuple(self.steps.needs())
            late = self.deadline is not None and monotonic() > self.deadline
            if late or not any(errors for _, errors in needs):
                return
            stop = min(start + CHUNK * ROUND, len(numbers))
            tasks = [
                Task(tuple(numbers[i : min(i + CHUNK, stop)]), needs, settle, self.deadline)
                for i in range(start, stop, CHUNK)
            ]
            for found in self.carry(tasks):
                for outcome in found:
                    for attained in outcome.attained:
                        self.steps.add(attained)
                    yield outcome


def lowered(needs: Sequence[Need], attained: Iterable[Attained]) -> list[Need]:
    """The needs after what has been attained."""
    steps = LowestSteps([Attained(interval, errors, ()) for interval, errors in needs])
    for each in attained:
        steps.add(each)
    return steps.needs()


def _part(step: Attained, regions: Regions) -> Part:
    direction = [fmpz_poly(list(c)) for c in step.direction]
    return Part(step.interval, step.region, regions.full(step.region, direction))


def _final(bounds: Sequence[Bound], needs: Sequence[Need], examples: int) -> Iterator[Bound]:
    """The bounds, with no more circuits than ℓ* needs; neighbours with the same proof joined."""
    last: Bound | None = None
    for bound in bounds:
        errors = max(n for interval, n in needs if interval.meet(bound.interval) is not None)
        if not errors:
            continue
        proof = bound.proof
        if errors < bound.errors:
            proof = trimmed(proof, errors, examples, LIMIT)
        if last and last.proof == proof and last.interval.upper == bound.interval.lower:
            whole = Interval(last.interval.lower, bound.interval.upper)
            last = Bound(whole, max(last.errors, errors), proof)
            continue
        if last:
            yield last
        last = Bound(bound.interval, errors, proof)
    if last:
        yield last
