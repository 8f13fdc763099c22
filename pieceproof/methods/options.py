"""How a method is run, whatever the method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic

from piecewise.objective import DEFAULT_MAX_CELLS

Progress = Callable[[str, int, int | None], None]
"""``progress(stage, done, total)``."""


def silent(stage: str, done: int, total: int | None) -> None:
    """A progress that tells nothing."""


@dataclass(frozen=True)
class Options:
    """Workers, budgets and where finished work is kept; a method uses what concerns it.

    Attributes:
        jobs: workers (processes, or threads); the result does not depend on it.
        progress: told the stage and how far it is.
        cache: file of finished work.
        seconds: time budget; when it runs out the result is partial.
        max_cells: most cells that are treated.
        start: the time from which ``seconds`` counts, on the monotonic clock.
    """

    jobs: int = 1
    progress: Progress = silent
    cache: Path | None = None
    seconds: float | None = None
    max_cells: int = DEFAULT_MAX_CELLS
    start: float = field(default_factory=monotonic)

    def middle(self, part: float) -> float:
        """The time, on the monotonic clock, at which ``part`` of what is left will have passed."""
        if self.seconds is None:
            return inf
        now = monotonic()
        return now + part * max(0.0, self.start + self.seconds - now)

    def out_of_time(self, reserve: float = 0.0) -> bool:
        """Whether no more than ``reserve`` seconds are left of the time budget."""
        return self.seconds is not None and monotonic() - self.start + reserve > self.seconds
