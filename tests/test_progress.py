"""Progress: a bar on a terminal when work lasts, and otherwise nothing."""

from __future__ import annotations

import io
import sys
import threading

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


def test_an_interruption_stops_the_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Stream(terminal=True))
    monkeypatch.setattr(progress, "PATIENCE", 0)
    threads = threading.active_count()
    report = TerminalProgress()
    with pytest.raises(KeyboardInterrupt), report:
        report("cells", 1, 8)
        assert threading.active_count() == threads + 1
        raise KeyboardInterrupt
    assert threading.active_count() == threads
