"""The calculator's answer: as tables for people, and as one JSON document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bounds.calculator import Evaluation
from bounds.errors import BoundsError
from bounds.rows import Sample
from bounds.sample_complexity import Patterns, generalisation_gap, instances_needed
from bounds.structure import StructureCounts
from bounds.summary import Entry
from bounds.text import decimal, magnitude
from bounds.theorem import Kind, Rate

FORMAT = "pieceproof-bound/1"

MARKS = {True: "✓", False: "✗", None: "?"}
"""An assumption that holds, fails, is not known."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Everything the calculator says of one input."""

    title: str
    structures: Sequence[StructureCounts]
    """Analytic first, then measured; one entry for given numbers; none without counts."""
    entries: Sequence[Entry]
    """Oscillation bounds, the exact count first."""
    evaluations: Sequence[Evaluation]
    sample: Sample
    notes: Sequence[str] = ()


def document(answer: Answer) -> dict[str, Any]:
    """One JSON object; integers as strings where a reader's numbers may be too short."""
    ask = answer.sample
    return {
        "format": FORMAT,
        "input": answer.title,
        "sample": {
            "epsilon": str(ask.epsilon),
            "delta": str(ask.delta),
            "range": str(ask.value_range),
            "instances": ask.instances,
        },
        "structure": [_structure(counts) for counts in answer.structures],
        "statements": [{**_consequences(entry, ask)} for entry in answer.entries],
        "theorems": [_theorem(evaluation) for evaluation in answer.evaluations],
        "notes": list(answer.notes),
    }


def _structure(counts: StructureCounts) -> dict[str, Any]:
    return {
        "origin": counts.origin.value,
        "pieces": str(counts.pieces),
        "boundaries": str(counts.boundaries),
        "all_boundaries": str(counts.all_boundaries),
        "degree": counts.degree,
        "parameters": counts.parameters,
        "alpha_degree": counts.alpha_degree,
        "layers": [
            {
                "name": layer.name,
                "boundaries": str(layer.boundaries),
                "degree": layer.degree,
                "variables": layer.variables,
                "patterns": str(layer.patterns),
                "rule": layer.rule.value,
            }
            for layer in counts.layers
        ],
    }


def _consequences(entry: Entry, ask: Sample) -> dict[str, Any]:
    needed, gap = _needed(entry, ask), _gap(entry, ask)
    return {
        "statement": entry.theorem,
        "source": entry.source,
        "assumptions": list(entry.assumptions),
        "oscillations": str(entry.oscillations),
        "pseudo_dimension": entry.pseudo_dimension,
        "instances_needed": None if needed is None else str(needed),
        "deviation": str(gap),
        "larger_because": entry.reason,
    }


def _theorem(evaluation: Evaluation) -> dict[str, Any]:
    theorem, value = evaluation.theorem, evaluation.value
    return {
        "key": theorem.key,
        "title": theorem.title,
        "source": theorem.source,
        "statement": theorem.statement,
        "bounds": theorem.quantity.value,
        "kind": theorem.kind.value,
        "assumptions": [
            {"statement": assumption.value, "holds": holds}
            for assumption, holds in evaluation.assumptions
        ],
        "applies": evaluation.applies,
        "arguments": {name: str(number) for name, number in evaluation.arguments.items()},
        "value": None if value is None else str(value.value if isinstance(value, Rate) else value),
        "is_rate": theorem.kind.is_rate,
        "reason": evaluation.reason,
    }


def report(answer: Answer) -> RenderableType:
    """Structure counts, what follows, and every theorem."""
    parts: list[RenderableType] = [Text(answer.title, style="bold"), ""]
    if answer.structures:
        parts += [_structures(answer.structures), ""]
    if answer.entries:
        ask = answer.sample
        parts += [
            Text(
                f"What follows: Pdim by Lemma 1, m for deviation {_short(ask.epsilon)} and the "
                f"deviation of {ask.instances:,} instances by Lemma 4 (delta = "
                f"{_short(ask.delta)}, H = {_short(ask.value_range)})",
                style="bold",
            ),
            "",
            _entries(answer),
            "",
            *_reasons(answer.entries),
            *_doubts(answer.entries),
            "",
        ]
    parts += [Text("Theorems (✓ holds, ✗ fails, ? not known here)", style="bold"), ""]
    parts += [_theorems([e for e in answer.evaluations if e.value is not None])]
    rest = [f"{e.theorem.key} {e.reason}" for e in answer.evaluations if e.value is None]
    if rest:
        parts += ["", Text(f"Not evaluated: {'; '.join(rest)}.")]
    parts += [Text(note) for note in answer.notes]
    return Group(*parts)


def _structures(structures: Sequence[StructureCounts]) -> Table:
    table = _table("", *(counts.origin.value for counts in structures))
    rows: tuple[tuple[str, Callable[[StructureCounts], int]], ...] = (
        ("N, pieces", lambda s: s.pieces),
        ("M, boundaries of one pattern", lambda s: s.boundaries),
        ("M_all, boundaries of all patterns", lambda s: s.all_boundaries),
        ("Delta, degree in (alpha, w)", lambda s: s.degree),
        ("d, parameters", lambda s: s.parameters),
    )
    for name, read in rows:
        table.add_row(name, *(magnitude(read(counts)) for counts in structures))
    return table


def _entries(answer: Answer) -> Table:
    table = _table("statement", "B", "Pdim", "m", "deviation")
    for entry in answer.entries:
        needed = _needed(entry, answer.sample)
        table.add_row(
            entry.theorem,
            magnitude(entry.oscillations),
            str(entry.pseudo_dimension),
            "more than 2^200" if needed is None else magnitude(needed),
            decimal(_gap(entry, answer.sample)),
        )
    return table


def _reasons(entries: Sequence[Entry]) -> Iterator[RenderableType]:
    """Why each number is larger than the exact count, a sentence each, equal ones once."""
    by_reason: dict[str, list[str]] = {}
    for entry in entries:
        if entry.reason:
            by_reason.setdefault(entry.reason, []).append(entry.theorem)
    for reason, names in by_reason.items():
        yield Text(f"{'; '.join(names)}: larger because {reason}.")


def _doubts(entries: Sequence[Entry]) -> Iterator[RenderableType]:
    if any(entry.theorem.endswith("?") for entry in entries):
        yield Text("A statement with ? has an assumption that is not known to hold; see below.")


def _theorems(evaluations: Sequence[Evaluation]) -> RenderableType:
    """A block for each: key and value; title and source; the statement; its assumptions."""
    blocks: list[RenderableType] = []
    for evaluation in evaluations:
        theorem = evaluation.theorem
        sign = "≥" if theorem.kind in (Kind.LOWER, Kind.LOWER_RATE) else "≤"
        relation = "=" if theorem.kind.is_rate else sign
        head = Text(theorem.key, style="bold")
        head.append(f"  {MARKS[evaluation.applies]}  {theorem.quantity.value} {relation} ")
        head.append(_value(evaluation.value), style="bold")
        assumptions = "; ".join(f"{MARKS[holds]} {a.value}" for a, holds in evaluation.assumptions)
        lines = (f"{theorem.title} ({theorem.source})", theorem.statement, assumptions)
        blocks += [head, *(Padding(Text(line), (0, 0, 0, 4)) for line in lines)]
    return Group(*blocks)


def _value(value: int | Fraction | Rate | None) -> str:
    if isinstance(value, int):
        return magnitude(value)
    return decimal(value) if isinstance(value, Fraction) else str(value)


def _needed(entry: Entry, ask: Sample) -> int | None:
    patterns = Patterns(oscillations=entry.oscillations)
    try:
        return instances_needed(patterns, ask.epsilon, ask.delta, ask.value_range)
    except BoundsError:
        return None


def _gap(entry: Entry, ask: Sample) -> Fraction:
    patterns = Patterns(oscillations=entry.oscillations)
    return generalisation_gap(patterns, ask.instances, ask.delta, ask.value_range).deviation


def _table(first: str, *headings: str) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column(first, overflow="fold")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _short(value: Fraction) -> str:
    return f"{float(value):.6g}"
