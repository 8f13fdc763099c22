"""``pieceproof bound``: every theorem for given numbers, a spec, or a certificate."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from bounds import BoundsError
from bounds.calculator import argument_names
from bounds.errors import count as integer
from bounds.errors import positive, probability
from bounds.rows import Sample
from pieceproof.analysis import analyze_exactly
from pieceproof.bound_report import Answer, document, report
from pieceproof.bounding import Regularity, answer_for_numbers, answer_for_problem
from pieceproof.certificate import digest
from pieceproof.options import BadInput, Exit, jobs_option, json_option, print_json
from pieceproof.problem_document import problem_document, problem_from_document
from pieceproof.progress import TerminalProgress
from pieceproof.report import show
from pieceproof.specfile import load_problem
from pieceproof.verify import CertificateError, load, verify
from piecewise.errors import PiecewiseError
from piecewise.objective import DEFAULT_MAX_CELLS
from piecewise.problems import Problem

SAMPLE = ("epsilon", "delta", "value_range", "instances")
"""Options about the sample; the others are counts."""

CENSUS_FORMAT = "pieceproof-census/1"

MOST_DIGITS = 4000
"""Longest integer read from the command line."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_POWER = re.compile(r"([0-9]{1,9})\^([0-9]{1,7})")


class Number(click.ParamType[int]):
    """An integer in full or as 10^40."""

    name = "integer"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """The integer."""
        text = str(value).strip()
        if power := _POWER.fullmatch(text):
            base, exponent = int(power[1]), int(power[2])
            if exponent * base.bit_length() <= 4 * MOST_DIGITS:
                return int(base**exponent)
            self.fail(f"{text} has more than {MOST_DIGITS} digits", param, ctx)
        if len(text) > MOST_DIGITS:
            self.fail(f"a number of {len(text)} digits is longer than {MOST_DIGITS}", param, ctx)
        if not _INTEGER.fullmatch(text):
            self.fail(f"{text[:40]!r} is not an integer; write 12 or 10^40", param, ctx)
        return int(text)


def _count_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """An option per count that some theorem takes."""
    for name, argument in reversed(argument_names().items()):
        if name not in SAMPLE:
            flag = f"--{name.replace('_', '-')}"
            meaning = f"{argument.symbol}: {argument.meaning}."
            command = click.option(flag, name, type=Number(), help=meaning)(command)
    return command


@click.command("bound")
@click.argument("path", metavar="[SPEC.toml | CERTIFICATE.json]", required=False)
@_count_options
@click.option("--epsilon", default="0.1", show_default=True, help="Deviation asked for.")
@click.option("--delta", default="0.05", show_default=True, help="Failure probability, in (0, 1).")
@click.option(
    "--range", "value_range", default="1", show_default=True, help="H, range of the dual values."
)
@click.option("--instances", type=Number(), default=1000, show_default=True, help="m, sample size.")
@click.option("--certificate", help="Certificate of SPEC.  [default: that of `analyze`, if there]")
@click.option(
    "--census",
    help="Result of `census` for SPEC, for its regularity.  [default: its own, if there]",
)
@click.option("--exact", is_flag=True, help="Compute the exact dual loss of SPEC first.")
@click.option(
    "--max-cells", type=click.IntRange(min=1), default=DEFAULT_MAX_CELLS, show_default=True,
    help="Most cells that are counted.",
)  # fmt: skip
@json_option
@jobs_option
def bound_command(
    path: str | None,
    epsilon: str,
    delta: str,
    value_range: str,
    instances: int,
    certificate: str | None,
    census: str | None,
    exact: bool,
    max_cells: int,
    as_json: bool,
    jobs: int,
    **numbers: int | None,
) -> Exit:
    """Every theorem of docs/theorems.md with its assumptions and its value.

    From counts alone (--pieces N --boundaries M --degree D --parameters d, or --oscillations B, and
    others), for the problem of SPEC.toml, or for that of a certificate, whose exact oscillation
    count is then set beside the bounds. Theorems evaluate where all their numbers are known.
    """
    values = {name: value for name, value in numbers.items() if value is not None}
    try:
        sample = Sample(
            positive("epsilon", epsilon),
            probability("delta", delta),
            positive("value_range", value_range),
            integer("instances", instances, 1),
        )
        answer = (
            _of_numbers(values, sample)
            if path is None
            else _of_file(path, certificate, census, exact, values, sample, max_cells, jobs)
        )
        text = document(answer) if as_json else report(answer)
    except BoundsError as error:
        raise BadInput(f"bound: {_option(str(error))}") from None
    if isinstance(text, dict):
        print_json(text)
    else:
        show(text)
    return Exit.DONE


def _of_numbers(values: dict[str, int], sample: Sample) -> Answer:
    if not values:
        raise BadInput(
            "bound: nothing to bound; give SPEC.toml, or counts such as --pieces 100 "
            "--boundaries 50 --degree 4 --parameters 2"
        )
    return answer_for_numbers(values, sample)


def _of_file(
    path: str,
    certificate: str | None,
    census: str | None,
    exact: bool,
    values: dict[str, int],
    sample: Sample,
    max_cells: int,
    jobs: int,
) -> Answer:
    if path.endswith(".json"):
        if certificate is not None or exact:
            raise BadInput(f"{path}: it is a certificate; --certificate and --exact go with a spec")
        problem, counts = _certified(path, None, jobs)
        regular = None if census is None else _regularity(census, problem)
        return answer_for_problem(path, problem, counts, regular, values, sample, max_cells)
    problem, counts = load_problem(path), dict[str, Any]()
    usual = Path(f"{Path(path).stem}-result") / "result.json"
    if exact:
        try:
            with TerminalProgress() as progress:
                dual = analyze_exactly(problem, jobs=jobs, progress=progress, max_cells=max_cells)
        except PiecewiseError as error:
            raise BadInput(f"{path}: model: {error}") from None
        counts = dual.document["counts"] if dual.report.accepted else {}
    elif certificate is not None:
        counts = _certified(certificate, problem, jobs)[1]
    elif usual.is_file():
        try:
            counts = _certified(str(usual), problem, jobs)[1]
        except (BadInput, CertificateError):  # of another problem, or partial
            counts = {}
    own = Path(f"{Path(path).stem}-census") / "census.json"
    regular = None
    if census is not None:
        regular = _regularity(census, problem)
    elif own.is_file():
        with suppress(BadInput, CertificateError):  # of another problem
            regular = _regularity(str(own), problem)
    return answer_for_problem(path, problem, counts, regular, values, sample, max_cells)


def _regularity(path: str, problem: Problem) -> Regularity:
    """What a census says of Assumption 1 of [BNS25]."""
    loaded = load(path)
    body = {key: value for key, value in loaded.items() if key != "digest"}
    if loaded.get("format") != CENSUS_FORMAT or loaded.get("digest") != digest(body):
        raise BadInput(f"{path}: not the unchanged result of a census; run `census` again")
    if loaded["problem"] != problem_document(problem):
        raise BadInput(f"{path}: problem: it is not that of the spec; take its census anew")
    holds, strata = loaded["assumption"]["holds"], sum(loaded["assumption"]["strata"].values())
    decided = holds is False or (holds is True and loaded["complete"] is True)
    return Regularity(holds if decided else None, strata)


def _certified(path: str, expected: Problem | None, jobs: int) -> tuple[Problem, dict[str, Any]]:
    """Problem and counts of a certificate that the checker accepts."""
    loaded = load(path)
    if expected is not None and loaded.get("problem") != problem_document(expected):
        raise BadInput(f"{path}: problem: it is not that of the spec; analyze the spec anew")
    with TerminalProgress() as progress:
        checked = verify(loaded, progress, jobs)
    if not checked.accepted:
        why = "; ".join(checked.reasons)
        raise BadInput(f"{path}: not accepted ({why}); its counts prove nothing")
    counts: dict[str, Any] = loaded["counts"]
    return problem_from_document(loaded["problem"]), counts


def _option(message: str) -> str:
    """The message under the name of the option that it is about."""
    key, colon, rest = message.partition(":")
    if not re.fullmatch(r"[a-z_]+", key):
        return message
    name = "range" if key == "value_range" else key.replace("_", "-")
    return f"--{name}{colon}{rest}"
