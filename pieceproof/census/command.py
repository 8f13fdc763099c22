"""The command ``census``: examine, write the document and the picture, say what was found."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import click

from pieceproof.options import (
    UNFINISHED,
    Exit,
    jobs_option,
    json_option,
    max_cells_option,
    print_json,
    result_folder,
)
from pieceproof.progress import TerminalProgress
from pieceproof.specfile import load_problem

CENSUS = "census.json"
"""Name of the document in the output folder."""

QUESTION_SECONDS = 60.0
"""Time limit of a question to an algebra system."""


@click.command("census")
@click.argument("spec")
@click.option("--out", help=f"Folder for {CENSUS} and the picture.  [default: SPEC-census]")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    help="Time budget; the strata that are then left stay open.",
)
@click.option(
    "--question-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=QUESTION_SECONDS,
    show_default=True,
    help="Time limit of every question to an algebra system.",
)
@click.option(
    "--max-codimension",
    type=click.IntRange(min=0),
    help="Leave out strata on more constraints.  [default: none is left out]",
)
@max_cells_option
@json_option
@jobs_option
def census_command(
    spec: str,
    out: str | None,
    seconds: float | None,
    question_seconds: float,
    max_codimension: int | None,
    max_cells: int,
    as_json: bool,
    jobs: int,
) -> Exit:
    """Count the branches of critical points of SPEC.toml on every stratum.

    The counts run from Bézout's bound down to the branches that are the minimum, with the
    events at which they change. An interrupted run goes on where it was when it is started
    again with the same --out.
    """
    # Engines, Matplotlib and rich load only when a census is taken.
    from pieceproof.census.beside import dual_counts
    from pieceproof.census.document import census_document
    from pieceproof.census.picture import write_picture
    from pieceproof.census.report import census_summary
    from pieceproof.census.run import take_census
    from pieceproof.certificate import write
    from pieceproof.report import show

    start = monotonic()
    problem = load_problem(spec)
    name = out or f"{Path(spec).stem}-census"
    with result_folder(name, spec) as folder, TerminalProgress() as progress:
        census = take_census(
            problem,
            jobs=jobs,
            progress=progress,
            cache=folder / UNFINISHED,
            seconds=seconds,
            question_seconds=question_seconds,
            max_codimension=max_codimension,
            max_cells=max_cells,
        )
        dual = dual_counts(problem, progress)
    document = census_document(census, problem, dual, monotonic() - start, jobs, question_seconds)
    write(document, folder / CENSUS)
    if census.complete:
        (folder / UNFINISHED).unlink(missing_ok=True)
    pictures = [("picture", str(path)) for path in write_picture(census, problem, folder)]
    if as_json:
        print_json(document)
    else:
        show(census_summary(census, problem, dual, [("document", str(folder / CENSUS)), *pictures]))
    return Exit.DONE if census.complete else Exit.PARTIAL
