"""Child processes with a time limit, a memory limit and nothing left behind.

The child writes to files of limited size, so a program that talks without end hurts
nobody. It runs in a session of its own, in a temporary directory that is removed; its
whole process group is ended when the call returns, however it returns. The address-space
limit is set by the shell (``ulimit -v``), which is safe in threaded programs and ignored
where the system has none.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path

from geometry.engines.protocol import Failure, Limits, Reason

_LIMITED = 'ulimit -v "$1" 2>/dev/null; ulimit -f "$2"; ulimit -t "$3"; shift 3; exec "$@"'
_OUTPUT_BLOCKS = str(2**20)
"""Half a gigabyte, in the 512-byte blocks of ``ulimit -f``."""
_OUT_OF_MEMORY = ("memory", "bad_alloc")


def find_program(name: str) -> str | None:
    """The program ``name`` on PATH, beside the interpreter or in an installed wheel."""
    on_path = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if on_path is not None:
        return on_path
    wheels = importlib.util.find_spec("sage_wheels")
    for folder in (wheels.submodule_search_locations or []) if wheels is not None else []:
        candidate = Path(folder) / "bin" / name
        if os.access(candidate, os.X_OK):
            return str(candidate)
    return None


def run(
    engine: str,
    command: Sequence[str],
    limits: Limits,
    text: str = "",
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> str | Failure:
    """Standard output of ``command``, or why there is none.

    ``text`` is its standard input; ``files`` are laid into its working directory.
    """
    with tempfile.TemporaryDirectory(prefix="pieceproof-") as folder:
        for name, content in (files or {}).items():
            Path(folder, name).write_text(content, encoding="utf-8")
        memory = str(limits.megabytes * 1024)
        # Should this process be killed, the child still ends: all cores for the time allowed.
        processor = str(ceil(limits.seconds * (os.cpu_count() or 1)) + 5)
        shell = ["/bin/sh", "-c", _LIMITED, "sh", memory, _OUTPUT_BLOCKS, processor, *command]
        said, complained = Path(folder, ".stdout"), Path(folder, ".stderr")
        asked = Path(folder, ".stdin")
        asked.write_text(text, encoding="utf-8")
        with (
            asked.open("rb") as question,
            said.open("wb") as output,
            complained.open("wb") as messages,
        ):
            try:
                child = subprocess.Popen(  # noqa: S603 (arguments are ours, no shell parsing)
                    shell,
                    cwd=folder,
                    env={**os.environ, **(environment or {})},
                    stdin=question,
                    stdout=output,
                    stderr=messages,
                    start_new_session=True,
                )
            except OSError as error:
                return Failure(engine, Reason.CRASH, f"it could not be started: {error}")
            try:
                _wait(child, limits.seconds)
            except subprocess.TimeoutExpired:
                return Failure(engine, Reason.TIME, f"no result within {limits.seconds:g} s")
            finally:
                _end(child)
        if child.returncode == 0:
            return said.read_text(encoding="utf-8", errors="replace")
        return _diagnosis(
            engine, child.returncode, complained.read_text(errors="replace").strip(), limits
        )


def _wait(child: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for the child to end, awake at once where the system tells (Linux): many questions
    take less than the pause with which Python looks again.

    Raises:
        TimeoutExpired: it did not end in time.
    """
    if hasattr(os, "pidfd_open"):
        handle = os.pidfd_open(child.pid)
        try:
            watch = select.poll()
            watch.register(handle, select.POLLIN)
            watch.poll(seconds * 1000)
        finally:
            os.close(handle)
        seconds = 0.0
    child.wait(seconds)


def _diagnosis(engine: str, status: int, messages: str, limits: Limits) -> Failure:
    """Why a child ended with a non-zero ``status``."""
    last = (messages.splitlines() or ["no message"])[-1]
    if any(word in messages.lower() for word in _OUT_OF_MEMORY):
        return Failure(engine, Reason.MEMORY, f"{limits.megabytes} MB were not enough ({last})")
    if status == -signal.SIGXFSZ:
        return Failure(engine, Reason.UNREADABLE, "its output has no end")
    if status < 0:
        what = f"ended by signal {-status} ({signal.strsignal(-status)})"
        return Failure(engine, Reason.CRASH, f"{what}; the limit was {limits.megabytes} MB")
    return Failure(engine, Reason.CRASH, f"exit status {status}: {last}")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child's whole process group and collect it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
