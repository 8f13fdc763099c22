"""Progress: a bar on a terminal when work lasts, and otherwise nothing."""

from __future__ import annotations

import io
import sys
import threading
from contextlib import suppress

import pytest

from pieceproof import progress
from pieceproof.progress import TerminalProgress


class Stream(io.StringIO):
    """A stderr that claims, or does not claim, to be a terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def shown(monkeypatch: pytest.MonkeyPatch, terminal: bool, patience: float) -> str:
    """What two stages of work leave on stderr."""
    stream = Stream(terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE", patience)
    with TerminalProgress() as report:
        report("cells", 3, 8)
        report("cells", 8, 8)
        report("verify", 1, None)
    return stream.getvalue()


def test_a_terminal_sees_a_bar_per_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, terminal=True, patience=0)
    assert "cells" in text
    assert "8/8" in text
    assert "verify" in text


def test_a_short_job_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, terminal=True, patience=1000) == ""


def test_a_log_file_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, terminal=False, patience=0) == ""


def interrupted_work() -> set[threading.Thread]:
    """Work that is interrupted; the threads that drew its bar."""
    before = set(threading.enumerate())
    drawing: set[threading.Thread] = set()
    with suppress(KeyboardInterrupt), TerminalProgress() as report:
        report("cells", 1, 8)
        drawing = set(threading.enumerate()) - before
        raise KeyboardInterrupt
    return drawing


def test_an_interruption_stops_the_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Stream(terminal=True))
    monkeypatch.setattr(progress, "PATIENCE", 0)
    (thread,) = interrupted_work()
    thread.join(timeout=5)
    assert not thread.is_alive()
