"""Progress on stderr: a bar per stage, shown only on a terminal and only when work lasts.

Long computations report through a callable ``progress(stage, done, total)`` with
0 ≤ done ≤ total; ``total`` is None while unknown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

Progress = Callable[[str, int, int | None], None]
"""``progress(stage, done, total)``."""

PATIENCE = 0.5
"""Seconds before a bar appears; a short job shows none and loads nothing."""


class TerminalProgress:
    """A :data:`Progress` that draws on stderr while its ``with`` block lasts."""

    def __init__(self) -> None:
        self._wanted = sys.stderr.isatty()
        self._start = monotonic()
        self._bars: Bars | None = None
        self._stages: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Show that ``done`` of ``total`` units of ``stage`` are finished."""
        if not self._wanted or (self._bars is None and monotonic() - self._start < PATIENCE):
            return
        if self._bars is None:
            self._bars = _bars()
        if stage not in self._stages:
            self._stages[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._stages[stage], completed=done, total=total)


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bars.start()
    return bars
