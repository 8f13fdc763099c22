"""A number, what it rests on, and the bounds that are proved in any case."""

from __future__ import annotations

from dataclasses import dataclass

from geometry.verdicts import Verdict


@dataclass(frozen=True)
class Count:
    """``value`` with its ``verdict``; lower ≤ the true number ≤ upper are always proved.

    PROVED and MODULAR counts have a value. BOUNDS: only the bounds are known (value is
    None). UNRESOLVED: the question has no answer here; ``reason`` says why.
    """

    value: int | None
    verdict: Verdict
    reason: str = ""
    lower: int = 0
    upper: int | None = None

    @classmethod
    def proved(cls, value: int, reason: str = "") -> Count:
        """A number that is proved."""
        return cls(value, Verdict.PROVED, reason, value, value)

    @classmethod
    def unresolved(cls, reason: str, lower: int = 0, upper: int | None = None) -> Count:
        """No number; BOUNDS when something is proved about it, else UNRESOLVED."""
        bounded = lower > 0 or upper is not None
        verdict = Verdict.BOUNDS if bounded else Verdict.UNRESOLVED
        return cls(None, verdict, reason, lower, upper)

    def __int__(self) -> int:
        if self.value is None:
            raise ValueError(f"no number is known: {self.reason}")
        return self.value

    __index__ = __int__

    def __str__(self) -> str:
        if self.value is None:
            upper = "∞" if self.upper is None else self.upper
            known = (
                f"between {self.lower} and {upper}" if self.verdict is Verdict.BOUNDS else "open"
            )
            return f"{known} ({self.reason})"
        return f"{self.value} ({self.verdict})"
