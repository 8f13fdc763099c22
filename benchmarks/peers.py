"""What a peer is asked, and what it may answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.curves import ProvedCurve
from piecewise.problems import Problem


@dataclass(frozen=True)
class Question:
    """A problem, the proved curve that answers are judged by, and the seconds allowed."""

    problem: Problem
    curve: ProvedCurve
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """A peer's name, its seconds by the clock and of the processor, whether it came to an end, and
    what it found and missed in a few words."""

    peer: str
    seconds: float
    processor: float
    finished: bool
    said: str

    @classmethod
    def missing(cls, peer: str) -> Outcome:
        """The peer is not on this machine."""
        return cls(peer, 0.0, 0.0, False, "not available on this machine")


Peer = Callable[[Question], Outcome]
