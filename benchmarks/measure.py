"""Time and peak memory of commands and of peers, and the table that shows them.

Time is given by the clock and of the processor, children included: on a busy machine the first
says how long one waits, the second compares.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory
from threading import Timer
from time import perf_counter, process_time

PARTIAL = 3
"""Exit status of a command whose budget ran out; what it has proved is written."""


@dataclass(frozen=True)
class Measurement:
    """Seconds by the clock and of the processor, and mebibytes, of one run.

    ``finished`` is False when the limit ended it, ``complete`` also when its own budget did.
    """

    seconds: float
    processor: float
    mebibytes: float
    finished: bool
    complete: bool
    output: str

    def __str__(self) -> str:
        time = f"{self.seconds:.2f} s" if self.finished else f"> {self.seconds:.0f} s (stopped)"
        return f"{time} ({self.processor:.2f} s CPU), {self.mebibytes:.0f} MiB"


def run(arguments: Sequence[str], folder: Path, limit: float = 3600) -> Measurement:
    """Run ``python ARGUMENTS`` in ``folder`` and measure it.

    The memory is the largest of the peaks of the process and its finished workers. A small
    process of its own starts the command: Linux counts the memory of the one that forks as the
    child's.

    Raises:
        RuntimeError: the command failed other than by a limit or its budget.
    """
    with TemporaryDirectory() as place:
        output, errors, measured = (Path(place) / name for name in ("output", "errors", "measured"))
        launcher = [sys.executable, __file__, str(measured), str(limit)]
        with output.open("w") as said, errors.open("w") as complained:
            subprocess.run(
                [*launcher, sys.executable, *arguments],
                cwd=folder, stdout=said, stderr=complained, check=True,
            )  # fmt: skip
        status, seconds, spent, peak = json.loads(measured.read_text())
        if status not in (0, PARTIAL, -signal.SIGKILL):
            raise RuntimeError(f"{' '.join(arguments)} failed: {errors.read_text()[-500:]}")
        finished = status in (0, PARTIAL)
        return Measurement(seconds, spent, peak, finished, status == 0, output.read_text())


def launch(limit: float, command: Sequence[str]) -> tuple[int, float, float, float]:
    """Run ``command``; its exit status, seconds by the clock and of the processor, mebibytes."""
    start = perf_counter()
    process = subprocess.Popen(command, start_new_session=True)
    timer = Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        timer.cancel()
    seconds = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    spent = usage.ru_utime + usage.ru_stime
    return process.returncode, seconds, spent, usage.ru_maxrss / 1024


def analyze(
    spec: Path, jobs: int = 1, seconds: float | None = None, limit: float = 3600
) -> Measurement:
    """The whole command: search, certificate, check, picture; results in ``result`` beside the
    spec. ``seconds`` is the search's own budget."""
    budget = [] if seconds is None else ["--seconds", str(seconds)]
    arguments = ["-m", "pieceproof", "analyze", str(spec), "--out", "result", "--jobs", str(jobs)]
    return run([*arguments, *budget], spec.parent, limit)


@dataclass
class Stopwatch:
    """Seconds by the clock and of the processor since it was made."""

    clock: float = field(default_factory=perf_counter)
    spent: float = field(default_factory=lambda: processor())

    def read(self) -> tuple[float, float]:
        """Both times so far."""
        return perf_counter() - self.clock, processor() - self.spent


def processor() -> float:
    """Seconds of the processor used so far by this process and its children that have ended."""
    children = getrusage(RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterable[str]:
    """The lines of a Markdown table, as the rows come."""
    yield "| " + " | ".join(headings) + " |"
    yield "|" + " --- |" * len(headings)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(launch(float(sys.argv[2]), sys.argv[3:])))
