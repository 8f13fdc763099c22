"""``pieceproof gap``: the deviation of a sample of tasks beside the bounds above it."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich import box
from rich.table import Table

from bounds import BoundsError
from bounds.text import decimal
from pieceproof.files import write_atomically
from pieceproof.gaps import GapExperiment, gap_document, gap_experiment
from pieceproof.options import (
    UNFINISHED,
    BadInput,
    Exit,
    folder_of,
    jobs_option,
    json_option,
    print_json,
)
from pieceproof.progress import TerminalProgress
from pieceproof.report import labelled, show
from pieceproof.specfile import load_problem
from pieceproof.task_duals import OutOfTime, TaskError
from piecewise.errors import ProblemError

RESULT = "gap.json"
"""Name of the result in the output folder."""


@click.command("gap")
@click.argument("spec")
@click.option("--out", help=f"Folder for {RESULT} and the picture.  [default: SPEC-gap]")
@click.option(
    "--population",
    type=click.IntRange(min=1, max=10_000),
    default=200,
    show_default=True,
    help="Bootstrap samples of SPEC that make up the distribution.",
)
@click.option(
    "--tasks",
    type=click.IntRange(min=1, max=10_000),
    default=40,
    show_default=True,
    help="Tasks drawn from it.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all draws."
)
@click.option("--seconds", type=click.FloatRange(min=0), help="Time budget of the dual losses.")
@click.option("--delta", default="0.05", show_default=True, help="Failure probability, in (0, 1).")
@json_option
@jobs_option
def gap_command(
    spec: str,
    out: str | None,
    population: int,
    tasks: int,
    seed: int,
    seconds: float | None,
    delta: str,
    as_json: bool,
    jobs: int,
) -> Exit:
    """Tune for bootstrap tasks of SPEC.toml and compare the sample with the distribution.

    The distribution is uniform on the bootstrap samples, so expectations are exact. For
    growing numbers of tasks: the certified best alpha of the sample, its mean there and its
    expectation, the largest deviation over alpha, and the bounds that the theorems give.
    Finished dual losses are kept in --out until all are: an interrupted run goes on with them.
    """
    problem = load_problem(spec)
    name = out or f"{Path(spec).stem}-gap"
    new = not Path(name).exists()
    folder = folder_of(name)
    try:
        with TerminalProgress() as progress:
            experiment = gap_experiment(
                problem,
                population=population,
                tasks=tasks,
                seed=seed,
                delta=delta,
                jobs=jobs,
                seconds=seconds,
                progress=progress,
                cache=folder / UNFINISHED,
            )
    except (BoundsError, ProblemError, TaskError) as error:
        if new:
            (folder / UNFINISHED).unlink(missing_ok=True)
            folder.rmdir()
        raise BadInput(f"{spec}: {error}") from None
    except OutOfTime as error:
        click.echo(f"{spec}: --seconds: {error}", err=True)
        return Exit.PARTIAL
    document = gap_document(experiment)
    text = json.dumps(document, indent=1) + "\n"
    write_atomically(folder / RESULT, text.encode("ascii"))
    (folder / UNFINISHED).unlink(missing_ok=True)
    from pieceproof.gap_plots import plot_gaps  # Matplotlib loads only for a picture

    pictures = plot_gaps(experiment, folder)
    if as_json:
        print_json(document)
    else:
        _print(experiment, [folder / RESULT, *pictures])
    return Exit.DONE if experiment.accepted else Exit.REFUTED


def _print(experiment: GapExperiment, files: list[Path]) -> None:
    curve = experiment.curve
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    headings = ("m", "α̂", "mean", "expected", "gap", "deviation", "from the sample")
    for heading in (*headings, *(name for name, _ in experiment.levels)):
        table.add_column(heading, justify="right")
    for step in curve.steps:
        table.add_row(
            str(step.size),
            step.minimum.alpha.decimal(6),
            *(f"{float(v):.4f}" for v in (step.minimum.value, step.expected, step.gap)),
            f"{float(step.deviation):.4f}",
            decimal(step.from_sample, 1),
            *(decimal(curve.bound(step.size, b), 1) for _, b in experiment.levels),
        )
    show(table)
    checked = "all certificates accepted" if experiment.accepted else "NOT all accepted"
    lines = [
        ("distribution", f"{curve.instances} bootstrap samples, {checked}"),
        ("best α", f"{curve.best.alpha.decimal(10)} with expectation {curve.best.value}"),
        ("H", f"{float(curve.value_range):.6g}, the range of all duals"),
        ("oscillations", ", ".join(f"{b:.6g} ({name})" for name, b in experiment.levels)),
        ("δ", str(curve.delta)),
        *(("file", str(path)) for path in files),
    ]
    show(labelled(lines))
