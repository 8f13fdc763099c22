"""What a reported number rests on."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Verdict(Enum):
    """How far a result is proved, strongest first. Nothing is ever rounded up.

    The value is the word that documents and tables print.
    """

    PROVED = "proved"
    """Exact or directed-rounding arithmetic from start to end."""
    MODULAR = "modular"
    """Rests on a computation modulo a prime, or on a multi-modular one that stops
    with a small probability of error."""
    BOUNDS = "bounds"
    """Only a lower and an upper bound are proved; both are given."""
    UNRESOLVED = "unresolved"
    """Left open, with the reason."""

    def __str__(self) -> str:
        return self.value

    @property
    def strength(self) -> int:
        """Position in the order: 0 for ``PROVED``, larger is weaker."""
        return list(Verdict).index(self)

    @classmethod
    def weakest(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """What holds for a statement that needs all of ``verdicts``; ``PROVED`` for none."""
        return max(verdicts, key=lambda verdict: verdict.strength, default=cls.PROVED)
