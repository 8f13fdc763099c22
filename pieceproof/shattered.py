"""A search for shattered sets of instances: lower bounds for a real architecture, by machine.

Random data sets and small changes of them are tried; each gets its exact dual loss. A team of
n instances is improved one member at a time: the threshold of the new member is the one that
splits the most classes of patterns of the others (:mod:`bounds.splits`). When all 2^n
patterns occur the witness is checked in exact arithmetic, and the search goes on with n + 1.

Everything is a function of the seed: the number of workers has no influence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bounds.errors import BoundsError, count
from bounds.shattering import MOST_INSTANCES, Shattering, WitnessReport, verify_witness
from bounds.splits import (
    Labels,
    Row,
    Split,
    best_split,
    clearest_places,
    count_patterns,
    pattern_labels,
)
from geometry.algebraic import RealAlgebraic, simplest_between
from geometry.dual import DualFunction, Kind
from geometry.verdicts import Verdict
from pieceproof.datasets import Data, DataClass
from pieceproof.methods import Options, Progress, method_for, silent
from pieceproof.problem_document import problem_document
from pieceproof.processes import worker_pool
from pieceproof.store import Store, opened
from piecewise.exact import to_fmpq, to_fraction

PLACES = 255
"""Hyperparameters at which the duals are compared: multiples of 1/256 of A."""

BATCH = 8
"""Data sets tried per step, whatever the number of workers."""

POOL = 400
"""Data sets that are remembered; those with the most cuts stay."""

SAMPLED = 40
"""Members of the pool that are tried again per step."""

PATIENCE = 30
"""Steps without progress after which the team is built anew."""


@dataclass(frozen=True, eq=False)
class Member:
    """A data set, and its exact dual loss rounded at the places."""

    data: Data
    row: Row
    cuts: int


@dataclass(frozen=True, eq=False)
class Witness:
    """Instances with thresholds that take all 2^n patterns at the hyperparameters, verified.

    ``alphas[r]`` realises the bits of r.
    """

    family: DataClass
    data: tuple[Data, ...]
    thresholds: tuple[Fraction, ...]
    alphas: tuple[Fraction, ...]
    report: WitnessReport

    @property
    def instances(self) -> int:
        """n."""
        return len(self.data)


@dataclass(frozen=True, eq=False)
class Found:
    """The largest shattered set that was found, and how far the next one got."""

    witness: Witness | None
    tried: int
    """Data sets that were tried, each by its exact dual loss."""
    patterns: int
    """Most patterns of n + 1 instances that were seen; 0 if they were not looked for."""
    seed: int


def dual_of(family: DataClass, data: Data) -> DualFunction:
    """The exact dual loss of a data set."""
    problem = family.problem(data)
    dual, _ = method_for(problem).run(problem, Options())
    return dual


def member(family: DataClass, data: Data) -> Member:
    """A data set as the search sees it."""
    dual = dual_of(family, data)
    if dual.verdict is not Verdict.PROVED:
        return Member(data, np.zeros(PLACES), 0)  # never crosses a threshold, so never chosen
    row = np.array([float(dual(alpha)) for alpha in _places(family)])
    return Member(data, row, dual.oscillations())


@lru_cache(maxsize=1)
def _places(family: DataClass) -> list[Fraction]:
    return family.places(PLACES)


def find_shattered(
    family: DataClass,
    *,
    tries: int = 2000,
    instances: int = MOST_INSTANCES,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress = silent,
    out_of_time: Callable[[], bool] = lambda: False,
    cache: Path | None = None,
) -> Found:
    """The largest shattered set found within ``tries`` data sets.

    Proved: the pseudo-dimension of the class is at least ``witness.instances``. That no
    larger set was found proves nothing.

    Args:
        family: the class of instances.
        tries: budget, in exact dual losses.
        instances: stop when so many are shattered.
        seed: the result is a function of it (unless time runs out).
        jobs: worker processes.
        progress: told the stage, the data sets tried, and the budget.
        out_of_time: asked before every step.
        cache: file of finished duals; an interrupted run with it goes on to the same result.

    Raises:
        BoundsError: tries or instances out of range.
        NotYetSupported: the model is outside the families covered.
        CacheError: the cache file cannot be used.
    """
    count("tries", tries, 1)
    if count("instances", instances, 1) > MOST_INSTANCES:
        raise BoundsError(f"instances: {instances} exceeds the {MOST_INSTANCES} that are checked")
    about = [version("pieceproof"), "members", problem_document(family.like), family.examples]
    with opened(cache, [*about, PLACES]) as kept:
        if jobs == 1:
            search = _Search(family, Random(seed), map, kept)
            return search.run(tries, instances, seed, progress, out_of_time)
        with worker_pool(jobs) as executor:
            search = _Search(family, Random(seed), executor.map, kept)
            return search.run(tries, instances, seed, progress, out_of_time)


Map = Callable[[Callable[[Data], Member], Iterable[Data]], Iterable[Member]]


class _Search:
    """One run: the pool of members seen, and the team that is improved."""

    def __init__(
        self, family: DataClass, random: Random, carry_out: Map, kept: Store | None
    ) -> None:
        self.family, self.random, self.carry_out = family, random, carry_out
        self.kept = kept
        self.known: dict[Data, Member] = {}
        self.pool: list[Member] = []
        self.team: list[Member] = []
        self.thresholds: list[float] = []
        self.tried = self.most = self.stale = 0

    def run(
        self,
        tries: int,
        instances: int,
        seed: int,
        progress: Progress,
        out_of_time: Callable[[], bool],
    ) -> Found:
        """Steps until the goal is reached or the budget is used up."""
        witness: Witness | None = None
        wanted = 1
        while self.tried < tries and not out_of_time():
            if not self.team:
                self._learn(self.family.drawn(self.random) for _ in range(BATCH))
                self._build(wanted)
            else:
                self._step()
            if self._patterns() == 1 << wanted:
                proved = self._witness()
                if proved is not None:
                    witness, self.most, self.stale = proved, 0, 0
                    if wanted == instances:
                        break
                    wanted += 1
                    self._join(self.pool)
            progress(f"{wanted} instances", min(self.tried, tries), tries)
        return Found(witness, self.tried, self.most, seed)

    # -- moves -----------------------------------------------------------------------

    def _step(self) -> None:
        """Replace one member by the best of its changes, of the pool and of new data sets."""
        random, family = self.random, self.family
        slot = random.randrange(len(self.team))
        own = self.team[slot].data
        fresh = [family.changed(own, random) for _ in range(BATCH - 3)]
        fresh += [family.changed(random.choice(self.pool).data, random) for _ in range(2)]
        candidates = self._learn([*fresh, family.drawn(random)])
        candidates += random.sample(self.pool, min(SAMPLED, len(self.pool)))
        before = self._patterns()
        team, thresholds = list(self.team), list(self.thresholds)
        del team[slot], thresholds[slot]
        labels = self._labels(team, thresholds)
        chosen, split = self._best(candidates, labels)
        after = count_patterns(labels) + split.classes
        if after >= before:
            self.team[slot] = chosen
            self.thresholds[slot] = (split.lower + split.upper) / 2
        self.stale = 0 if after > before else self.stale + 1
        self.most = max(self.most, after, before)
        if self.stale > PATIENCE:
            self._build(len(self.team))

    def _build(self, size: int) -> None:
        """A new team, one member after the other from the pool's best."""
        ranked = sorted(self.pool, key=lambda entry: -entry.cuts)[: max(size, POOL // 8)]
        self.team, self.thresholds, self.stale = [], [], 0
        for _ in range(size):
            self._join(self.random.sample(ranked, min(SAMPLED // 2, len(ranked))))
        self.most = max(self.most, self._patterns())

    def _join(self, candidates: Sequence[Member]) -> None:
        """One more member, with the threshold that splits most."""
        chosen, split = self._best(candidates, self._labels(self.team, self.thresholds))
        self.team.append(chosen)
        self.thresholds.append((split.lower + split.upper) / 2)

    @staticmethod
    def _best(candidates: Sequence[Member], labels: Labels) -> tuple[Member, Split]:
        options = [(entry, best_split(entry.row, labels)) for entry in candidates]
        return max(options, key=lambda option: option[1].classes)

    @staticmethod
    def _labels(team: Sequence[Member], thresholds: Sequence[float]) -> Labels:
        if not team:
            return np.zeros(PLACES, dtype=np.int64)
        return pattern_labels([entry.row for entry in team], thresholds)

    def _patterns(self) -> int:
        return count_patterns(self._labels(self.team, self.thresholds))

    def _learn(self, drawn: Iterable[Data]) -> list[Member]:
        """The members of some data sets, computed where they are new."""
        wanted = list(dict.fromkeys(drawn))
        missing = [data for data in wanted if data not in self.known]
        self.tried += len(wanted)
        remembered = {data: self._kept(data) for data in missing}
        new = [data for data in missing if remembered[data] is None]
        fresh = list(self.carry_out(partial(member, self.family), new))
        if self.kept is not None:
            self.kept.put_all((_key(each.data), [each.row.tolist(), each.cuts]) for each in fresh)
        self.known |= {data: each for data, each in remembered.items() if each is not None}
        self.known |= zip(new, fresh, strict=True)
        self.pool += [self.known[data] for data in missing]
        if len(self.pool) > POOL:
            self.pool = sorted(self.pool, key=lambda entry: -entry.cuts)[:POOL]
        return [self.known[data] for data in wanted]

    def _kept(self, data: Data) -> Member | None:
        """A member that an earlier run computed."""
        entry = None if self.kept is None else self.kept.get(_key(data))
        return None if entry is None else Member(data, np.array(entry[0]), entry[1])

    # -- proof -----------------------------------------------------------------------

    def _witness(self) -> Witness | None:
        """The team as a witness with simple thresholds, if exact arithmetic confirms it."""
        rows = [entry.row for entry in self.team]
        chosen = clearest_places(rows, self.thresholds)
        order = [chosen[r] for r in range(1 << len(rows))]
        thresholds = []
        for i, row in enumerate(rows):
            low = max(row[place] for r, place in enumerate(order) if not r >> i & 1)
            high = min(row[place] for r, place in enumerate(order) if r >> i & 1)
            thresholds.append(_simplest(float(low), float(high)))
        alphas = [_places(self.family)[place] for place in order]
        data = tuple(entry.data for entry in self.team)
        duals = [dual_of(self.family, each) for each in data]
        if any(_jumps_at(dual, alpha) for dual in duals for alpha in alphas):
            return None  # the checker reads no value off a jump
        report = verify_witness(duals, thresholds, alphas)
        if report.verdict is not Shattering.VERIFIED:
            return None  # two exact values that round to the same float
        return Witness(self.family, data, tuple(thresholds), tuple(alphas), report)


def _key(data: Data) -> list[Any]:
    """A data set as a JSON value."""
    return [list(row) for row in data]


def _jumps_at(dual: DualFunction, alpha: Fraction) -> bool:
    at = to_fmpq(alpha)
    return any(
        point.kind is Kind.JUMP and point.alpha.compare_rational(at) == 0
        for point in dual.breakpoints
    )


def _simplest(low: float, high: float) -> Fraction:
    """The rational number of least denominator between two floats."""
    ends = (RealAlgebraic.rational(to_fmpq(Fraction(end))) for end in (low, high))
    return to_fraction(simplest_between(*ends))
