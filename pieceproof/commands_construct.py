"""``pieceproof construct``: classes built to be shattered, checked pattern by pattern."""

from __future__ import annotations

from time import perf_counter

import click

from bounds import BoundsError
from bounds.constructions import Construction, Grid, Intervals, Wells, verify_construction
from bounds.shattering import Shattering, WitnessReport
from pieceproof.options import BadInput, Exit, json_option, print_json
from pieceproof.report import labelled, show


@click.command("construct")
@click.argument("kind", type=click.Choice(["intervals", "grid", "wells"]))
@click.option("--pieces", type=int, help="K intervals of alpha (intervals).")
@click.option("--boundaries", type=int, help="M hyperplanes (grid).")
@click.option(
    "--per-axis", type=int, help="K wells along every axis (wells); degree 2K for K = 2^k."
)
@click.option("--parameters", type=int, help="d (grid, wells).")
@json_option
def construct_command(
    kind: str,
    pieces: int | None,
    boundaries: int | None,
    per_axis: int | None,
    parameters: int | None,
    as_json: bool,
) -> Exit:
    """Build problems whose dual losses spell numbers in binary, and check that they shatter.

    All 2^n patterns are compared with exact or enclosed values. So no upper bound on the
    pseudo-dimension that holds for every class of this size can be below n (docs/theorems.md,
    Constructions 1 to 3).
    """
    given = {
        "pieces": pieces,
        "boundaries": boundaries,
        "per-axis": per_axis,
        "parameters": parameters,
    }
    try:
        family = _family(kind, given)
        start = perf_counter()
        report = verify_construction(family)
        seconds = perf_counter() - start
    except BoundsError as error:
        raise BadInput(f"construct {kind}: {error}") from None
    if as_json:
        print_json(_document(kind, given, report))
    else:
        lines = [*_cost(family), ("lower bound", str(report)), ("time", f"{seconds:.2f} s")]
        show(labelled(lines))
    return Exit.DONE if report.verdict is Shattering.VERIFIED else Exit.REFUTED


WANTED = {
    "intervals": ("pieces",),
    "grid": ("boundaries", "parameters"),
    "wells": ("per-axis", "parameters"),
}
"""The options of every construction."""


def _family(kind: str, given: dict[str, int | None]) -> Construction:
    wanted = WANTED[kind]
    missing = [name for name in wanted if given[name] is None]
    unused = [name for name, value in given.items() if value is not None and name not in wanted]
    if missing or unused:
        options = " ".join(f"--{name} N" for name in wanted)
        wrong = f"--{missing[0]} is missing" if missing else f"--{unused[0]} is not used"
        raise BadInput(f"construct {kind}: {wrong}; give {options}")
    numbers = [value for name in wanted if (value := given[name]) is not None]
    if kind == "intervals":
        return Intervals(numbers[0])
    return Grid(*numbers) if kind == "grid" else Wells(numbers[0], numbers[1])


def _cost(family: Construction) -> list[tuple[str, str]]:
    """What the class costs, in the terms of its bound."""
    if isinstance(family, Intervals):
        return [("pieces", f"{family.pieces} intervals of alpha")]
    if isinstance(family, Grid):
        return [
            ("boundaries", str(family.boundaries)),
            ("parameters", str(family.parameters)),
            ("pieces", f"{family.boxes} boxes"),
        ]
    if isinstance(family, Wells):
        degree = max(family.objective(bit).total_degree() for bit in range(family.instances))
        return [
            ("wells", f"{family.per_axis}^{family.parameters} = {family.wells}"),
            ("degree", f"{degree} in {family.parameters} parameters"),
            ("C", str(family.constant)),
        ]
    return []


def _document(kind: str, given: dict[str, int | None], report: WitnessReport) -> dict[str, object]:
    return {
        "construction": kind,
        **{name.replace("-", "_"): value for name, value in given.items() if value is not None},
        "pseudo_dimension_at_least": report.instances,
        "patterns_checked": report.checked,
        "verdict": report.verdict.value,
    }
