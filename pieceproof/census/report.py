"""A census as a table for people: the ladder by class, events, steps, Assumption 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from geometry.assumptions import Kind
from geometry.census import Census, ClassTotal, Step
from pieceproof.captions import count
from pieceproof.census.document import bounds_of, events, sorted_kinds
from pieceproof.report import facts
from piecewise.problems import Problem

COLUMNS = {
    "Bézout": "bezout",
    "m-hom.": "multihomogeneous",
    "stable MV": "stable_mixed_volume",
    "generic": "generic",
    "distinct": "distinct",
    "real": "real",
    "feas.": "feasible",
    "min.": "minimal",
    "torus MV": "mixed_volume",
}
"""Headings of the rungs; the mixed volume of the torus bounds nothing that follows it."""

DIGITS = 9
"""Digits of α behind the point: an event at an end of A is enclosed to far more."""

MAX_STEPS = 12
"""Steps listed; the document has all of them."""


def census_summary(
    census: Census,
    problem: Problem,
    dual: dict[str, Any] | None,
    files: Iterable[tuple[str, str]],
) -> RenderableType:
    """The table; ``dual`` is what is known of ℓ*, ``files`` are lines (what, where)."""
    lower, upper = census.domain
    title = (
        f"Critical points of f(α, ·) over α in [{lower}, {upper}]: "
        f"{count(len(problem.targets), 'example')}, {count(len(problem.parameters), 'parameter')}"
    )
    beside = [*_beside(problem, dual), ("verdict", _verdict(census))]
    listed = [*_facts(census), *beside, *files]
    return Group(Text(title, style="bold"), "", _ladder(census), "", facts(listed))


def _ladder(census: Census) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("strata", no_wrap=True)
    for heading in ("n", "regular", *COLUMNS):
        table.add_column(heading, justify="right", no_wrap=True)
    for total in census.classes:
        table.add_row(str(total.kind), *_cells(total))
    table.add_row("all", *_cells(census.total))
    return table


def _cells(total: ClassTotal) -> list[str]:
    regular = total.regularity.get(Kind.REGULAR, 0)
    return [f"{total.strata:,}", f"{regular:,}", *(str(total.ladder[r]) for r in COLUMNS.values())]


def _facts(census: Census) -> Iterator[tuple[str, str]]:
    yield "cells", f"{census.cells:,}; {count(len(census.records), 'stratum', 'strata')}"
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted_kinds(census.total))
    yield "regularity", f"{kinds}; {census.total.proved:,} of {census.total.strata:,} proved"
    yield "assumption 1", _assumption(census)
    found = Counter(kind for kind, _ in events(census))
    named = ", ".join(f"{number:,} {kind}" for kind, number in sorted(found.items()))
    yield "events", f"{sum(found.values()):,}{': ' if named else ''}{named}"
    yield "step function", _steps(census.steps.steps)
    if census.steps.steps:
        most, feasible = census.steps.most_real, census.steps.most_feasible
        yield (
            "most branches",
            (
                f"{most.real} real on {_interval(most)}, {feasible.feasible} feasible on "
                f"{_interval(feasible)}"
            ),
        )


def _beside(problem: Problem, dual: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if dual is None:
        yield "ℓ*", "see `pieceproof analyze`"
    else:
        cuts = count(dual["oscillations"], "oscillation")
        yield "ℓ*", f"{count(dual['pieces'], 'piece')}, {cuts} ({dual['verdict']})"
    for bound in bounds_of(problem):
        number = bound["oscillations"]
        shown = f"at most {number:,} oscillations" if isinstance(number, int) else "more than fit"
        yield "in the worst case", f"{shown}: {bound['theorem']}"


def _assumption(census: Census) -> str:
    holds = census.satisfies_assumption
    if holds:
        return "holds: every stratum with a critical point is regular"
    if holds is None:
        return "open: some strata are undecided"
    first = next(r for r in census.records if r.regularity.kind not in (Kind.REGULAR, Kind.EMPTY))
    where = f"cell {first.cell}" + (f" on {', '.join(first.active)}" if first.active else "")
    return f"fails, first at {where}: {first.regularity.kind}, {first.regularity.witness}"


def _steps(steps: tuple[Step, ...]) -> str:
    listed = [f"{step.real}/{step.feasible} on {_interval(step)}" for step in steps[:MAX_STEPS]]
    more = f"; {len(steps) - MAX_STEPS} more" if len(steps) > MAX_STEPS else ""
    return f"{count(len(steps), 'step')} (real/feasible): {'; '.join(listed)}{more}"


def _interval(step: Step) -> str:
    lower, upper = (f"{round(float(alpha), DIGITS):.6g}" for alpha in step.alpha)
    return f"({lower}, {upper})"


def _verdict(census: Census) -> str:
    reasons = list(census.open_reasons)
    if not census.complete:
        reasons.insert(0, "the time budget ran out before all strata were examined")
    return f"{census.verdict}{': ' if reasons else ''}{'; '.join(reasons[:6])}"
