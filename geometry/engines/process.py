"""Child processes with a time limit, a memory limit and nothing left behind.

The child runs in a session of its own, in a temporary directory that is removed; its
whole process group is ended when the call returns, however it returns. The address-space
limit is set by the shell (``ulimit -v``), which is safe in threaded programs and ignored
where the system has none.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from geometry.engines.protocol import Failure, Limits, Reason

_LIMITED = 'ulimit -v "$1" 2>/dev/null; shift; exec "$@"'
_OUT_OF_MEMORY = ("memory", "bad_alloc", "alloc")


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
        shell = ["/bin/sh", "-c", _LIMITED, "sh", str(limits.megabytes * 1024), *command]
        try:
            child = subprocess.Popen(  # noqa: S603 (arguments are ours, no shell parsing)
                shell,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            return Failure(engine, Reason.CRASH, f"it could not be started: {error}")
        try:
            output, messages = child.communicate(text, timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            return Failure(engine, Reason.TIME, f"no result within {limits.seconds:g} s")
        finally:
            _end(child)
    if child.returncode == 0:
        return output
    last = messages.strip().splitlines()[-1:] or ["no message"]
    if any(word in messages.lower() for word in _OUT_OF_MEMORY):
        limit = f"{limits.megabytes} MB were not enough ({last[0]})"
        return Failure(engine, Reason.MEMORY, limit)
    if child.returncode < 0:
        what = f"ended by signal {-child.returncode} ({signal.strsignal(-child.returncode)})"
        return Failure(engine, Reason.CRASH, f"{what}; the limit was {limits.megabytes} MB")
    return Failure(engine, Reason.CRASH, f"exit status {child.returncode}: {last[0]}")


def _end(child: subprocess.Popen[str]) -> None:
    """End the child's whole process group and collect it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            stream.close()
