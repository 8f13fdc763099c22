"""A tuning run as tables for people; decimals are rounded, the document has exact numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bounds.erm import Place, Where
from bounds.sample import SampleReport
from bounds.text import magnitude
from geometry.verdicts import Verdict
from pieceproof.erm_document import GapBound
from pieceproof.report import labelled
from pieceproof.tuning import ErmResult


def erm_report(
    result: ErmResult,
    sample: SampleReport,
    bounds: Iterable[GapBound],
    files: Iterable[tuple[str, str]],
) -> RenderableType:
    """Minimum and grid answer, the sample, and the bounds on the deviation."""
    lower, upper = result.minimum.total.nodes[0], result.minimum.total.nodes[-1]
    title = (
        f"The mean of {len(result.duals)} dual losses over "
        f"α in [{lower.decimal(8)}, {upper.decimal(8)}]"
    )
    return Group(
        Text(title, style="bold"),
        "",
        labelled(_minimum(result)),
        "",
        Text("What this sample says", style="bold"),
        "",
        labelled(_sample(sample)),
        "",
        Text(
            "sup |mean on the sample − expectation| over α, independent instances, probability ≥ "
            f"{_decimal(1 - sample.delta)}, for H = {_decimal(sample.value_range)}",
            style="bold",
        ),
        "",
        _bounds(list(bounds)),
        "",
        labelled([("verdict", _verdict(result)), *files]),
    )


def _minimum(result: ErmResult) -> Iterator[tuple[str, str]]:
    for place in result.places:
        yield "minimiser", f"α = {_place(place)}"
    yield "least mean", str(result.value)
    grid = result.grid
    yield (
        f"grid of {grid.points}",
        f"α = {_decimal(grid.alpha)} with mean {_decimal(grid.value)}, "
        f"regret {float(grid.regret):.6g}",
    )
    pieces = [len(dual.pieces) for dual in result.duals]
    yield "pieces", f"{_range(pieces)} in a dual, {len(result.minimum.total.gaps):,} gaps in all"


def _place(place: Place) -> str:
    if place.where is Where.PLATEAU:
        return f"[{place.lower.decimal(12)}, {place.upper.decimal(12)}], a plateau"
    degree = place.alpha.polynomial.degree()
    exact = "" if degree == 1 else f", root of a polynomial of degree {degree}"
    return f"{place.alpha.decimal(12)}, a {place.where}{exact}".replace("a end", "an end")


def _sample(sample: SampleReport) -> Iterator[tuple[str, str]]:
    n, profile = sample.instances, sample.profile
    yield "oscillations", f"{_range(sample.oscillations)} in a dual (exact)"
    yield (
        "patterns",
        f"{sample.patterns.count:,} of 2^{n} at the level {_decimal(profile.busiest)} (exact); "
        f"at most {profile.patterns:,} at any common level",
    )
    yield "shattering", _shattering(sample)
    yield "complexity", str(sample.complexity)
    yield "Massart", f"R_S <= {_decimal(sample.massart)} from the patterns of the worst level"
    yield "by levels", f"R_S <= {_decimal(sample.level_bound)}, level by level"
    if not sample.range_is_given:
        yield "range H", f"{_decimal(sample.value_range)} on this sample; --range states it for all"


def _shattering(sample: SampleReport) -> str:
    n, k = sample.instances, sample.largest_shattered
    if sample.patterns.shattered:
        return "the sample is shattered at that level"
    if k < n:
        return f"no thresholds shatter the sample, nor more than {k} of its instances"
    return "not at that level; other thresholds are not excluded by the oscillation counts"


def _bounds(bounds: list[GapBound]) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("statement", overflow="fold")
    table.add_column("B", justify="right", no_wrap=True)
    table.add_column("deviation", justify="right", no_wrap=True)
    table.add_column("needs", overflow="fold")
    for bound in bounds:
        cuts = "" if bound.oscillations is None else magnitude(bound.oscillations)
        table.add_row(bound.statement, cuts, f"{float(bound.deviation):.6g}", bound.needs)
    return table


def _verdict(result: ErmResult) -> str:
    if result.verdict is Verdict.PROVED:
        return "proved (the certificates of all instances checked)"
    return f"{result.verdict}: {'; '.join(result.reasons[:5])}"


def _range(counts: Iterable[int]) -> str:
    low, high = min(ordered := list(counts)), max(ordered)
    return str(low) if low == high else f"{low} to {high}"


def _decimal(value: Fraction) -> str:
    return f"{float(value):.8g}"
