"""The command ``pieceproof``: stdout carries the result, stderr progress and messages.

Exit status: 0 done; 1 a verification failed; 2 bad input, in one line that names file, key
and remedy; 3 a budget ran out and the result is partial (still written).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from geometry.verdicts import Verdict
from pieceproof.analysis import analyze
from pieceproof.census.command import census_command
from pieceproof.certificate import write
from pieceproof.checking.coverings.verification import NAME as COVERINGS
from pieceproof.checking.enclosing.verification import NAME as ENCLOSURES
from pieceproof.checking.judging.verification import NAME as JUDGED
from pieceproof.checking.reading import Refuted
from pieceproof.commands_bound import bound_command
from pieceproof.commands_construct import construct_command
from pieceproof.commands_erm import erm_command
from pieceproof.commands_gap import gap_command
from pieceproof.commands_shatter import shatter_command
from pieceproof.commands_table import table_command
from pieceproof.evaluation import OutsideError, UnknownError, evaluate
from pieceproof.options import (
    UNFINISHED,
    BadInput,
    Exit,
    folder_of,
    jobs_option,
    json_option,
    max_cells_option,
    print_json,
    result_folder,
)
from pieceproof.progress import TerminalProgress
from pieceproof.report import evaluations, labelled, relation_of, show, summary
from pieceproof.specfile import load_problem
from pieceproof.store import CacheError
from pieceproof.tables import SpecError
from pieceproof.verify import CertificateError, Conclusion, Report, load, verify
from piecewise.errors import ProblemError
from piecewise.exact import rational

MAX_MESSAGE = 600
"""Longest error line, in characters: a hostile key or cell does not fill the screen."""

RESULT = "result.json"
"""Name of the certificate in the output folder."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pieceproof", message="%(prog)s %(version)s")
def command() -> None:
    """Exact, certified dual loss functions of piecewise polynomial learning problems."""


command.add_command(bound_command)
command.add_command(table_command)
command.add_command(shatter_command)
command.add_command(erm_command)
command.add_command(gap_command)
command.add_command(construct_command)


@command.command("analyze")
@click.argument("spec")
@click.option("--out", help=f"Folder for {RESULT} and the picture.  [default: SPEC-result]")
@click.option(
    "--seconds", type=click.FloatRange(min=0), help="Time budget; then the result is partial."
)
@max_cells_option
@json_option
@jobs_option
def analyze_command(
    spec: str, out: str | None, seconds: float | None, max_cells: int, as_json: bool, jobs: int
) -> Exit:
    """Compute the exact dual loss of SPEC.toml, check its certificate, and draw it.

    Finished work is kept in --out: a run that was interrupted goes on with it when it is started
    again, to the same result.
    """
    problem = load_problem(spec)
    name = out or f"{Path(spec).stem}-result"
    with result_folder(name, spec) as folder, TerminalProgress() as progress:
        dual = analyze(
            problem,
            jobs=jobs,
            progress=progress,
            cache=folder / UNFINISHED,
            seconds=seconds,
            max_cells=max_cells,
        )
    path = folder / RESULT
    write(dual.document, path)
    if dual.claim is not Verdict.UNRESOLVED:
        (folder / UNFINISHED).unlink(missing_ok=True)
    pictures = [("picture", str(picture)) for picture in _draw(dual.document, folder, dual.report)]
    if as_json:
        print_json(dual.document)
    else:
        files = [("certificate", str(path)), *pictures]
        show(_table(dual.document, dual.report, files))
    return _status(dual.report)


command.add_command(census_command)


@command.command("verify")
@click.argument("path", metavar="CERTIFICATE")
@json_option
@jobs_option
def verify_command(path: str, as_json: bool, jobs: int) -> Exit:
    """Re-derive every claim of CERTIFICATE.json without the code that produced it."""
    document = load(path)
    with TerminalProgress() as progress:
        report = verify(document, progress, jobs, Path(path).parent)
    if as_json:
        print_json(
            {
                "accepted": report.accepted,
                "verdict": str(report.verdict),
                "reasons": list(report.reasons),
                "checked": dict(report.checked),
            }
        )
    else:
        click.echo(str(report))
    return _status(report)


@command.command("evaluate", context_settings={"ignore_unknown_options": True})
@click.argument("path", metavar="CERTIFICATE")
@click.argument("alphas", metavar="ALPHA...", nargs=-1, required=True)
@json_option
def evaluate_command(path: str, alphas: tuple[str, ...], as_json: bool) -> Exit:
    """Exact value, minimiser and piece of the dual loss at each ALPHA (a decimal or p/q).

    This reads the certificate, which `verify` checks. From a partial result the values
    are upper bounds, or for a validation curve those of the best fits found, and the exit
    status is 3. Where enclosures leave ℓ* open, what is known is said instead.
    """
    document = load(path)
    complete = document.get("verdict") == str(Conclusion.PROVED)
    results: list[Any] = []
    in_slabs = document.get("method") in (ENCLOSURES, COVERINGS, JUDGED)
    one: Callable[[dict[str, Any], Fraction], Any] = evaluate
    if document.get("method") == ENCLOSURES:
        from pieceproof.enclosed.views import evaluate_enclosed  # numba loads only with these

        one = evaluate_enclosed
    elif document.get("method") == COVERINGS:
        from pieceproof.covered.views import evaluate_covered

        one = evaluate_covered
    elif document.get("method") == JUDGED:
        from pieceproof.judged.views import evaluate_judged

        one = evaluate_judged
    for text in alphas:
        try:
            results.append(one(document, rational(text)))
        except UnknownError as open_:
            results.append(open_)
        except (ProblemError, OutsideError) as error:
            raise BadInput(f"{path}: ALPHA: {error}") from None
        except (AttributeError, LookupError, TypeError) as error:
            raise BadInput(f"{path}: cannot be evaluated ({error!r}); verify it first") from None
    if as_json:
        entries = [result.as_json() for result in results]
        print_json({"claim": document.get("verdict"), "evaluations": entries})
    elif in_slabs:
        show(labelled([line for result in results for line in result.lines()]))
    else:
        show(evaluations(results, relation_of(document)))
    unknown = any(isinstance(result, UnknownError) for result in results)
    return Exit.PARTIAL if unknown or not complete else Exit.DONE


@command.command("plot")
@click.argument("path", metavar="CERTIFICATE")
@click.option("--out", help="Folder for the picture.  [default: that of CERTIFICATE]")
def plot_command(path: str, out: str | None) -> Exit:
    """Draw the dual loss of CERTIFICATE.json with its breakpoints and minimisers."""
    folder = folder_of(out) if out else Path(path).parent
    for picture in _draw(load(path), folder):
        click.echo(str(picture))
    return Exit.DONE


def _table(
    document: dict[str, Any], report: Report, files: Sequence[tuple[str, str]]
) -> RenderableType:
    if document.get("method") == ENCLOSURES:
        from pieceproof.enclosed.views import enclosed_summary

        return enclosed_summary(document, report, files)
    if document.get("method") == COVERINGS:
        from pieceproof.covered.views import covered_summary

        return covered_summary(document, report, files)
    if document.get("method") == JUDGED:
        from pieceproof.judged.views import judged_summary

        return judged_summary(document, report, files)
    return summary(document, report, files)


def _draw(document: dict[str, Any], folder: Path, report: Report | None = None) -> list[Path]:
    if document.get("method") == ENCLOSURES:
        from pieceproof.enclosed.pictures import plot_enclosed

        return plot_enclosed(document, folder, report)
    if document.get("method") == COVERINGS:
        from pieceproof.covered.pictures import plot_covered

        return plot_covered(document, folder, report)
    if document.get("method") == JUDGED:
        from pieceproof.judged.pictures import plot_judged

        return plot_judged(document, folder, report)
    from pieceproof.plots import plot_document  # Matplotlib loads only when a picture is wanted

    return plot_document(document, folder, report)


def _status(report: Report) -> Exit:
    if report.accepted:
        return Exit.DONE
    return Exit.PARTIAL if report.verdict is Conclusion.UNRESOLVED else Exit.REFUTED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status. Whatever cannot be read is told in one line."""
    try:
        status: int = command.main(arguments, prog_name="pieceproof", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.BAD_INPUT
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "pieceproof"
        return _refuse(f"{where}: {error.format_message()} See {where} --help.")
    except (SpecError, BadInput, CertificateError, CacheError) as error:
        return _refuse(str(error))
    except OverflowError:
        return _refuse("the certificate holds a number that is too large to print")
    except Refuted as error:
        _refuse(str(error))
        return Exit.REFUTED
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return Exit.INTERRUPTED
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}; choose another place")
    return status


def _refuse(message: str) -> Exit:
    line = "".join(c if c.isprintable() else " " for c in " ".join(message.split()))
    click.echo(line if len(line) <= MAX_MESSAGE else f"{line[:MAX_MESSAGE]}…", err=True)
    return Exit.BAD_INPUT
