"""Compilation of inner loops, kept on disk.

Numba keys what it keeps on one source file; here a function's callees live in other files, so
machine code is kept in a folder named by the digest of all of them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core import config

F = TypeVar("F", bound=Callable[..., Any])

HERE = Path(__file__).parent


def _digest() -> str:
    found = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for source in sorted(HERE.parents[1].rglob("compiled/*.py")):
        found.update(source.read_bytes())
    return found.hexdigest()[:16]


def folder() -> str | None:
    """Where machine code is kept: beside the sources, else in the user's cache, else nowhere."""
    name = f"loops-{_digest()}"
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    places = [Path(chosen)] if chosen else [HERE / "__pycache__", user / "pieceproof"]
    for place in places:
        try:
            (place / name).mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=place / name):
                return str(place / name)
        except OSError:
            continue
    return None


FOLDER = folder()


def is_compiled(function: Callable[..., Any]) -> bool:
    """Whether machine code of a function has been kept, or none is made."""
    if cast(Any, config).DISABLE_JIT:
        return True
    place = cast(Any, function).stats.cache_path
    return place is not None and any(Path(place).glob(f"*.{function.__name__}-*.nbi"))


def entry(function: F) -> F:
    """``function`` as machine code, called from Python; threads may run it side by side."""
    return _compiled(function, {"nogil": True})


def compiled(function: F) -> F:
    """``function`` as machine code, called from machine code only."""
    return _compiled(function, {"no_cpython_wrapper": True, "no_cfunc_wrapper": True})


def _compiled(function: F, options: dict[str, bool]) -> F:
    """IEEE arithmetic, operation by operation (no fastmath)."""
    njit: Any = numba.njit
    settings: Any = config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = FOLDER or ""
    try:
        made = njit(cache=FOLDER is not None, error_model="numpy", **options)(function)
    finally:
        settings.CACHE_DIR = before
    return cast(F, made)
