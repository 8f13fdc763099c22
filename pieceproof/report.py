"""A result document as a table for people: pieces, breakpoints, minimum, shape, verdict.

Decimals here are rounded; the exact numbers are in the document.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pieceproof import details
from pieceproof.captions import count
from pieceproof.checking.numerals import read_end
from pieceproof.checking.reading import Node
from pieceproof.evaluation import WIDTH, Evaluation, Span, as_float, spans
from pieceproof.verify import Conclusion, Report

MAX_ROWS = 60
"""Pieces listed; the document has all of them."""

MAX_OPEN = 6
"""Open intervals listed."""


_TITLES = {
    Conclusion.PROVED: "{}",
    Conclusion.UNRESOLVED: "An upper bound of {}, not proved to be ℓ*,",
    Conclusion.REJECTED: "A claim about {} that the checker rejects,",
}
_TRAINING = "ℓ*(α) = min f(α, w)"
_VALIDATION = "ℓ*(α), the held-out loss at argmin f(α, ·)"
_FITS = "The held-out loss of the best fits found, not proved to be ℓ*(α),"
"""An unfinished validation curve: no bound, as a better fit may have a greater loss there."""

PLAIN_WIDTH = 120
"""Columns used when the output is no terminal."""


def show(renderable: RenderableType) -> None:
    """Print on stdout: coloured and fitted on a terminal, plain text elsewhere."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    Console(width=width, markup=False, emoji=False, highlight=False).print(renderable)


def summary(
    document: dict[str, Any], report: Report, files: Iterable[tuple[str, str]]
) -> RenderableType:
    """The table of pieces and what follows; ``files`` are lines (what, where).

    Only the checker's ``report`` may say that anything is proved.
    """
    found = [*_results(document), ("verdict", _verdict(report)), *files]
    return Group(
        Text(_title(document, report), style="bold"),
        "",
        _pieces(document, list(spans(document))),
        "",
        facts(found),
    )


def relation_of(document: dict[str, Any]) -> str:
    """What a value of the document is to ℓ*, which the pieces of an unfinished one bound from
    above: but for validation curves, where they are the loss of the best fits found."""
    if document.get("verdict") == str(Conclusion.PROVED):
        return ""
    return " (best fit found)" if document.get("method") == "validation" else " ≤"


def evaluations(results: Iterable[Evaluation], relation: str) -> RenderableType:
    """α, exact and rounded ℓ*, minimiser and piece, a block for each α; see
    :func:`relation_of`."""
    return Group(
        *(
            facts(
                [
                    (f"ℓ*({result.alpha}){relation}", _exact(result.value)),
                    ("piece", str(result.piece + 1)),
                    *((name, _exact(value)) for name, value in result.minimiser.items()),
                ]
            )
            for result in results
        )
    )


def labelled(lines: Iterable[tuple[str, str]]) -> RenderableType:
    """Lines (what, value), the values in one column."""
    return facts(lines)


def _exact(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"{value} ≈ {float(value):.12g}"


def _title(document: dict[str, Any], report: Report) -> str:
    problem = document["problem"]
    lower, upper = problem["interval"]
    examples, parameters = len(problem["data"]["targets"]), len(problem["parameters"])
    held_out = "validation" in problem
    what = _VALIDATION if held_out else _TRAINING
    title = _TITLES[report.verdict].format(what)
    if held_out and report.verdict is Conclusion.UNRESOLVED:
        title = _FITS
    return (
        f"{title} over α in [{lower}, {upper}]: "
        f"{count(examples, 'example')}, {count(parameters, 'parameter')}"
    )


def _verdict(report: Report) -> str:
    if report.accepted:
        return f"{report.verdict} (certificate checked)"
    return f"{report.verdict}: {'; '.join(report.reasons)}"


def _pieces(document: dict[str, Any], pieces: list[Span]) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for heading in ("piece", "from α", "to α", "ℓ* from", "ℓ* to"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("starts with", no_wrap=True)
    own = details.COLUMNS.get(document["method"], {})
    for heading in own:
        table.add_column(heading, overflow="fold")
    kinds = ["", *(entry["kind"] for entry in document["breakpoints"])]
    for span, kind in list(zip(pieces, kinds, strict=True))[:MAX_ROWS]:
        (start, left), (end, right) = span.approximate_ends()
        table.add_row(
            str(span.index + 1),
            *(f"{alpha:.6f}" for alpha in (start, end)),
            *(f"{value:.7g}" for value in (left, right)),
            kind,
            *(column(span.node) for column in own.values()),
        )
    if len(pieces) > MAX_ROWS:
        more = f"{len(pieces) - MAX_ROWS} more in the certificate"
        table.add_row("…", *[""] * (4 + len(own)), more)
    return table


def _results(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    counts, ends = document["counts"], document["ends"]
    kinds = [entry["kind"] for entry in document["breakpoints"]]
    named = ", ".join(f"{kinds.count(kind)} {kind}" for kind in ("jump", "kink", "smooth"))
    yield "pieces", f"{counts['pieces']}, with {count(len(kinds), 'breakpoint')}: {named}"
    yield from details.FACTS.get(document["method"], details.no_facts)(counts)
    for end in (ends["lower"], ends["upper"]):
        yield f"ℓ*({end['alpha']})", _short(end["approx"])
    yield "minimum", _minimum(document["minimum"])
    yield "local minima", _extrema(document["extrema"]["minima"])
    yield "local maxima", _extrema(document["extrema"]["maxima"])
    yield "oscillations", str(counts["oscillations"])
    if document["open"]:
        yield "open", _open(document["open"])


def _open(intervals: list[Any]) -> str:
    """Where nothing is proved."""
    shown = [
        _range(ends) if ends[0] != ends[1] else f"{{{_number(ends[0])}}}"
        for ends in intervals[:MAX_OPEN]
    ]
    more = f" and {len(intervals) - MAX_OPEN} more" if len(intervals) > MAX_OPEN else ""
    return f"not proved for α in {', '.join(shown)}{more}"


def _minimum(minimum: dict[str, Any]) -> str:
    places = [_short(alpha["approx"]) for alpha in minimum["alpha"]]
    places += [_range(interval) for interval in minimum["intervals"]]
    return f"{_short(minimum['value']['approx'])} at α = {', '.join(places)}"


def _extrema(extrema: list[dict[str, Any]]) -> str:
    places = [
        f"{_short(entry['value_approx'])} at α = "
        + (
            _short(entry["alpha"]["approx"])
            if "alpha" in entry
            else _range(entry["interval"], entry.get("open", ()))
        )
        for entry in extrema
    ]
    return f"{len(extrema)}: {'; '.join(places)}" if places else "0"


def _range(interval: list[Any], missing: Collection[str] = ()) -> str:
    inside = ", ".join(map(_number, interval))
    return f"{'(' if 'lower' in missing else '['}{inside}{')' if 'upper' in missing else ']'}"


def _number(end: Any) -> str:
    number = read_end(Node(end, "interval")).refined(WIDTH)
    return f"{as_float((number.lower + number.upper) / 2):.8g}"


def _short(decimal: str) -> str:
    return f"{float(decimal):.8g}"


def outline(
    document: dict[str, Any],
    report: Report,
    pieces: Table,
    results: Iterable[tuple[str, str]],
    files: Iterable[tuple[str, str]],
    what: str = _TRAINING,
) -> RenderableType:
    """A document with slabs: what it is about, its pieces, its results and the verdict."""
    problem = document["problem"]
    lower, upper = problem["interval"]
    state = "proved" if report.accepted else "not proved everywhere"
    title = (
        f"{what}, {state}, over α in [{lower}, {upper}]: "
        f"{len(problem['data']['targets'])} examples, {len(problem['parameters'])} parameters"
    )
    verdict = (
        f"{report.verdict} (certificate checked)"
        if report.accepted
        else f"{report.verdict}: {'; '.join(report.reasons)}"
    )
    lines = [*results, ("verdict", verdict), *files]
    return Group(Text(title, style="bold"), "", pieces, "", facts(lines))


def facts(listed: Iterable[tuple[str, str]]) -> Table:
    """Names and what is to be said of them, a line each."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in listed:
        table.add_row(name, fact)
    return table
