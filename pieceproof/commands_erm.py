"""``pieceproof erm``: one hyperparameter for several instances, with a proof."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from bounds import BoundsError
from bounds.errors import positive, probability
from geometry.verdicts import Verdict
from pieceproof.certificate import write
from pieceproof.erm_document import erm_document, gap_bounds
from pieceproof.erm_report import erm_report
from pieceproof.options import BadInput, Exit, folder_of, jobs_option, json_option, print_json
from pieceproof.progress import TerminalProgress
from pieceproof.report import show
from pieceproof.task_duals import OutOfTime, TaskError
from pieceproof.tasks import Task, bootstrap, load_tasks, numbered
from pieceproof.tuning import GRID, erm
from piecewise.errors import ProblemError
from piecewise.objective import DEFAULT_MAX_CELLS

RESULT = "erm.json"
"""Name of the result in the output folder."""

CERTIFICATES = "tasks"
"""Folder of the certificates of the instances there."""


@click.command("erm")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option("--out", help=f"Folder for {RESULT}, certificates, picture.  [default: SPEC-erm]")
@click.option(
    "--bootstrap",
    "samples",
    type=click.IntRange(min=1, max=10_000),
    help="Take so many bootstrap samples of SPEC as instances, instead of its [tasks].",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Of --bootstrap and of drawn signs."
)
@click.option("--grid", type=click.IntRange(min=2, max=1_000_000), default=GRID, show_default=True,
    help="Points of the grid search that is compared.",
)  # fmt: skip
@click.option("--delta", default="0.05", show_default=True, help="Failure probability, in (0, 1).")
@click.option(
    "--range",
    "value_range",
    help="H, the length of an interval that holds all dual values.  [default: as on the sample]",
)
@click.option("--seconds", type=click.FloatRange(min=0), help="Time budget; run again to go on.")
@click.option(
    "--max-cells", type=click.IntRange(min=1), default=DEFAULT_MAX_CELLS, show_default=True,
    help="Most cells of an instance.",
)  # fmt: skip
@json_option
@jobs_option
def erm_command(
    specs: tuple[str, ...],
    out: str | None,
    samples: int | None,
    seed: int,
    grid: int,
    delta: str,
    value_range: str | None,
    seconds: float | None,
    max_cells: int,
    as_json: bool,
    jobs: int,
) -> Exit:
    """The best hyperparameter for all instances: the global minimum of their mean dual loss.

    Every SPEC is an instance; a [tasks] section, or --bootstrap, makes many of one. The
    certificate of every instance is kept, and an interrupted run goes on where it was.
    """
    try:
        probability("delta", delta)
        if value_range is not None:
            positive("value_range", value_range)
    except BoundsError as error:
        raise BadInput(f"erm: {_option(str(error))}") from None
    tasks = _tasks(specs, samples, seed)
    folder = folder_of(out or f"{Path(specs[0]).stem}-erm")
    certificates = folder_of(str(folder / CERTIFICATES))
    try:
        with TerminalProgress() as progress:
            result = erm(
                tasks,
                jobs=jobs,
                progress=progress,
                folder=certificates,
                seconds=seconds,
                max_cells=max_cells,
                grid=grid,
            )
            progress("sample", 0, None)
            sample = result.sample_at(value_range, delta, seed)
    except OutOfTime as error:
        click.echo(str(error), err=True)
        return Exit.PARTIAL
    except TaskError as error:
        for made in (certificates, folder):
            with suppress(OSError):  # not empty: what is finished stays
                made.rmdir()
        raise BadInput(str(error)) from None
    except BoundsError as error:
        raise BadInput(f"erm: {_option(str(error))}") from None
    document = erm_document(result, sample, CERTIFICATES)
    path = folder / RESULT
    write(document, path)
    from pieceproof.erm_plots import plot_erm  # Matplotlib loads only when a picture is wanted

    pictures = [("picture", str(picture)) for picture in plot_erm(result, folder)]
    if as_json:
        print_json(document)
    else:
        files = [("result", str(path)), ("certificates", f"{certificates}/"), *pictures]
        show(erm_report(result, sample, gap_bounds(result, sample), files))
    return Exit.DONE if result.verdict is Verdict.PROVED else Exit.PARTIAL


def _tasks(specs: Sequence[str], samples: int | None, seed: int) -> Sequence[Task]:
    if samples is None:
        return load_tasks(specs)
    if len(specs) != 1:
        raise BadInput("erm: --bootstrap: it takes one SPEC; give [tasks] in each spec instead")
    (task,) = load_tasks(specs, sections=False)
    try:
        return numbered(task.name, bootstrap(task.problem, samples, seed))
    except ProblemError as error:
        raise BadInput(f"{specs[0]}: --bootstrap: {error}; give several specs instead") from None


def _option(message: str) -> str:
    """The message under the name of the option that it is about."""
    key, colon, rest = message.partition(":")
    name = {"value_range": "--range", "delta": "--delta", "points": "--grid"}.get(key, key)
    return f"{name}{colon}{rest}"
