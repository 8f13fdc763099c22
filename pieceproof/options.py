"""What every command of the command line shares: exit status, options, output."""

from __future__ import annotations

import json
from enum import IntEnum
from pathlib import Path
from typing import Any

import click


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


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, indent=1, ensure_ascii=False))
