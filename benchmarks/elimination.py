"""Branches of strata by events and tubes, beside elimination of the critical-value curve.

The peers are asked for ⟨F, v − f⟩ ∩ Q[α, v] of the same stratum: one question, answered by
msolve, Singular and SymPy. Ours ends with all real branches, their events and counts, certified;
theirs with a curve whose branches are still to be told apart. Seconds are those of the
processor, ours and of child processes, so that ratios hold on a busy machine, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter

from benchmarks.measure import processor
from geometry.branches import branch_diagram
from geometry.engines import Engine, Failure, Limits, Msolve, Singular, Sympy
from geometry.optimality import Stratum
from geometry.resultants import critical_value_curve
from geometry.stratification import strata
from geometry.stratum_families import stratum_family
from piecewise import FeedForward, Interpolated, Problem, relu, square
from piecewise.polynomial_objective import PiecewiseObjective

PEERS: tuple[Engine, ...] = (Msolve(), Singular(), Sympy())
MEGABYTES = 8192
MIXED = 2
"""Which cell: some of its examples are active, others are not."""
ONE_INPUT = [(1, 3), (2, 1), (-1, 2), (3, 5)]
TWO_INPUTS = [(1, 2, 3), (2, -1, 1), (-1, 3, 2), (3, 1, 5), (-2, -1, 1), (1, -3, 4)]


def one_unit(rows: Sequence[tuple[int, ...]]) -> Problem:
    """One unit with bias, relu mixed with square."""
    return Problem(
        FeedForward([1], Interpolated(relu, square)),
        inputs=[row[:-1] for row in rows],
        targets=[row[-1] for row in rows],
        interval=(0, 1),
        box=(-100, 100),
    )


def examined(problem: Problem, stratum: Stratum) -> tuple[float, str]:
    """Seconds for all branches of one stratum, and what was found."""
    box = {p.name: (p.lower, p.upper) for p in problem.parameters}
    start = processor()
    diagram = branch_diagram(stratum_family(stratum, problem.interval, box))
    found = f"{len(diagram.gaps)} gaps, up to {diagram.most_real} branches, {diagram.verdict}"
    return processor() - start, found


def peers(stratum: Stratum, seconds: float) -> Iterator[tuple[str, float, str]]:
    """Name, seconds and outcome of each engine's elimination."""
    restricted = stratum.restriction()
    for engine in PEERS:
        if not engine.is_available():
            yield engine.name, 0.0, "not installed"
            continue
        start = processor()
        found = critical_value_curve(
            restricted.kkt(),
            restricted.objective,
            engines=(engine,),
            limits=Limits(seconds, MEGABYTES),
        )
        spent = processor() - start
        if isinstance(found, Failure):
            yield engine.name, spent, f"{found.reason}: {found.message}"
        else:
            yield engine.name, spent, f"bidegree {found.bidegree}"


def strata_job(seconds: float) -> None:
    """A face and a cell of one instance, a cell of another, beside the peers."""
    small, large = one_unit(ONE_INPUT), one_unit(TWO_INPUTS)
    face = next(
        stratum
        for stratum in strata(PiecewiseObjective(small), 1)
        if stratum.labels and stratum.labels[0].startswith("u")
    )
    for name, problem, stratum in (
        ("a face, one input", small, face),
        ("a cell, one input", small, list(strata(PiecewiseObjective(small), 0))[MIXED]),
        ("a cell, two inputs", large, list(strata(PiecewiseObjective(large), 0))[MIXED]),
    ):
        own, found = examined(problem, stratum)
        print(f"{name}: all branches in {own:.2f} s ({found})", flush=True)
        for engine, spent, outcome in peers(stratum, seconds):
            least = "at least " if "time limit" in outcome else ""
            ratio = f"{spent:.1f} s, {least}{spent / own:.1f} times as long" if spent else "no time"
            print(f"  {engine}, elimination: {ratio} ({outcome})", flush=True)


def whole_job() -> None:
    """Every cell and face of both instances, on two processes."""
    for name, rows in (("one input, four rows", ONE_INPUT), ("two inputs, six rows", TWO_INPUTS)):
        problem = one_unit(rows)
        start = perf_counter()
        found = list(strata(PiecewiseObjective(problem)))
        with ProcessPoolExecutor(2) as pool:
            outcomes = list(pool.map(examined, [problem] * len(found), found))
        seconds = perf_counter() - start
        spent = sum(own for own, _ in outcomes)
        closed = sum("unresolved" not in text for _, text in outcomes)
        print(
            f"{name}: {len(found)} strata in {seconds:.1f} s on two processes "
            f"({spent:.1f} s of work), {closed} of them complete",
            flush=True,
        )
