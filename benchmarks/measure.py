"""Wall time and peak memory of a command, measured on the process itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from time import perf_counter


@dataclass(frozen=True)
class Measurement:
    """Seconds and mebibytes of one run; ``finished`` is False when the limit ended it."""

    seconds: float
    mebibytes: float
    finished: bool
    output: str

    def __str__(self) -> str:
        time = f"{self.seconds:.2f} s" if self.finished else f"> {self.seconds:.0f} s (stopped)"
        return f"{time}, {self.mebibytes:.0f} MiB"


def run(arguments: Sequence[str], folder: Path, limit: float = 3600) -> Measurement:
    """Run ``python ARGUMENTS`` in ``folder`` and measure it.

    The memory is the largest of the peaks of the process and its finished workers.

    Raises:
        RuntimeError: the command failed other than by the time limit.
    """
    with TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        start = perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        timer = Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            timer.cancel()
        seconds = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, -signal.SIGKILL):
            errors.seek(0)
            raise RuntimeError(f"{' '.join(arguments)} failed: {errors.read()[-500:]}")
        output.seek(0)
        peak = usage.ru_maxrss / 1024
        return Measurement(seconds, peak, process.returncode == 0, output.read())
