"""Worker processes that start clean and never outlive the process that asked for them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any


class _Worker(SpawnProcess):
    """A process that is deaf to interrupts from its first instruction on, not only once it runs
    our code: until then Python would print where it was."""

    def start(self) -> None:
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


class _Workers(SpawnContext):
    Process = _Worker


def worker_pool(
    jobs: int, initializer: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
) -> ProcessPoolExecutor:
    """A pool of ``jobs`` fresh processes; each calls ``initializer(*arguments)`` first.

    Workers are spawned, not forked: a fork would copy locks that threads of this process
    (a progress bar) may hold. An interrupt from the keyboard is left to the parent.
    """
    return ProcessPoolExecutor(
        jobs,
        mp_context=_Workers(),
        initializer=_start,
        initargs=(initializer, arguments),
    )


def _start(initializer: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if initializer is not None:
        initializer(*arguments)


def _end_with_parent() -> None:
    """A killed parent cannot stop its workers: they watch it."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
