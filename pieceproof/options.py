"""What every command of the command line shares: exit status, options, output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any

import click

from piecewise.errors import PiecewiseError
from piecewise.layers import DEFAULT_MAX_CELLS


class Exit(IntEnum):
    """What the exit status says."""

    DONE = 0
    REFUTED = 1
    BAD_INPUT = 2
    PARTIAL = 3
    INTERRUPTED = 130


class BadInput(ValueError):
    """A file or argument that cannot be used; one line ``file: key: problem; remedy``."""


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
jobs_option = click.option(
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Worker processes."
)

max_cells_option = click.option(
    "--max-cells",
    type=click.IntRange(min=1),
    default=DEFAULT_MAX_CELLS,
    show_default=True,
    help="Most cells that are treated.",
)

UNFINISHED = "unfinished.sqlite"
"""Name of the finished work of an interrupted run in its output folder; removed when the run
is complete."""


def folder_of(name: str) -> Path:
    """The folder ``name``, made when it is missing.

    Raises:
        BadInput: it cannot be made.
    """
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{name}: --out: {error.strerror}; choose another folder") from None
    return folder


@contextmanager
def result_folder(name: str, spec: str) -> Iterator[Path]:
    """The output folder of a spec, removed again if the problem is refused before any work.

    Raises:
        BadInput: it cannot be made, or the problem inside ``with`` is refused.
    """
    new = not Path(name).exists()
    folder = folder_of(name)
    try:
        yield folder
    except PiecewiseError as error:
        if new:
            folder.rmdir()
        raise BadInput(f"{spec}: model: {error}") from None


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, indent=1, ensure_ascii=False))
