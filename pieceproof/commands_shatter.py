"""``pieceproof shatter``: a lower bound on the pseudo-dimension, found by search and proved."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import click

from bounds.shattering import MOST_INSTANCES
from pieceproof.certificate import write
from pieceproof.datasets import DataClass
from pieceproof.options import UNFINISHED, BadInput, Exit, jobs_option, json_option, print_json
from pieceproof.progress import TerminalProgress
from pieceproof.report import labelled, show
from pieceproof.shattered import Found, find_shattered
from pieceproof.shattering import facts, witness_document
from pieceproof.specfile import load_problem
from pieceproof.verify import verify
from piecewise.errors import PiecewiseError

EXAMPLES = 5
"""Examples per instance unless the spec has fewer."""


@click.command("shatter")
@click.argument("spec")
@click.option(
    "--examples",
    type=click.IntRange(min=1, max=1000),
    help=f"Examples per instance.  [default: as in SPEC, at most {EXAMPLES}]",
)
@click.option(
    "--instances",
    type=click.IntRange(min=1, max=MOST_INSTANCES),
    help="Stop when so many are shattered; exit status 3 if the budget ends before.",
)
@click.option(
    "--tries",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="Budget: data sets whose exact dual loss is computed.",
)
@click.option("--seconds", type=click.FloatRange(min=0), help="Time budget.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random data sets.")
@click.option("--out", help="File of the witness.  [default: SPEC-shattered.json]")
@json_option
@jobs_option
def shatter_command(
    spec: str,
    examples: int | None,
    instances: int | None,
    tries: int,
    seconds: float | None,
    seed: int,
    out: str | None,
    as_json: bool,
    jobs: int,
) -> Exit:
    """Search for a large set of data sets that the model of SPEC.toml shatters.

    The data sets have --examples examples within the ranges of the data of SPEC. The largest
    set found is written with a certificate per instance and checked like `verify` does: it
    proves that the pseudo-dimension is at least so large. With a --seed (and no --seconds)
    the result is always the same. Dual losses are kept beside --out until the search is over: one
    that was interrupted, or ran out of time, goes on with them when it is started again.
    """
    start = monotonic()

    def is_late() -> bool:
        return seconds is not None and monotonic() - start > seconds

    problem = load_problem(spec)
    path = Path(out or f"{Path(spec).stem}-shattered.json")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: --out: there is no folder {path.parent}; make it first")
    kept = path.with_name(f"{path.name}.{UNFINISHED}")
    try:
        family = DataClass(problem, examples or min(EXAMPLES, len(problem.targets)))
        with TerminalProgress() as progress:
            found = find_shattered(
                family,
                tries=tries,
                instances=instances or MOST_INSTANCES,
                seed=seed,
                jobs=jobs,
                progress=progress,
                out_of_time=is_late,
                cache=kept,
            )
            goes_on = is_late()
            document = found.witness and witness_document(found, found.witness, progress)
    except PiecewiseError as error:
        kept.unlink(missing_ok=True)
        raise BadInput(f"{spec}: {error}") from None
    if not goes_on:
        kept.unlink(missing_ok=True)
    lines = facts(found, family.examples)
    accepted = True
    if document:
        report = verify(document)
        accepted = report.accepted
        write(document, path)
        lines += [("witness", str(path)), ("verdict", str(report))]
    if as_json:
        print_json(document or {"claim": {"pseudo_dimension_at_least": 0}})
    else:
        show(labelled(lines))
    if not accepted:
        return Exit.REFUTED
    return Exit.DONE if _reached(found, instances or 1) else Exit.PARTIAL


def _reached(found: Found, wanted: int) -> bool:
    return found.witness is not None and found.witness.instances >= wanted
