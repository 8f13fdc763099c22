"""The lowest of many constant functions on intervals: an upper bound of ℓ* with what attains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from geometry.intervals import Interval

Coefficients = tuple[tuple[int, ...], ...]
"""A vector of polynomials in α, each by its coefficients, constant first."""


@dataclass(frozen=True)
class Attained:
    """u(α) makes ``errors`` errors in region number ``region``, on the closed interval, where it is
    right at the examples in the bit mask ``right``."""

    interval: Interval
    errors: int
    direction: Coefficients
    region: int = 0
    right: int = 0


class LowestSteps:
    """The least number of errors known to be attained, by intervals that cover A in order."""

    def __init__(self, steps: Sequence[Attained]) -> None:
        self.steps = list(steps)

    def add(self, other: Attained) -> None:
        """Take in what has fewer errors somewhere."""
        steps: list[Attained] = []
        for step in self.steps:
            common = step.interval.meet(other.interval)
            if common is None or other.errors >= step.errors:
                steps.append(step)
                continue
            rest = [replace(step, interval=part) for part in step.interval.minus([common])]
            inside = replace(other, interval=common)
            steps += sorted([*rest, inside], key=lambda s: s.interval.lower)
        self.steps = _joined(steps)

    def needs(self) -> list[tuple[Interval, int]]:
        """The step function: maximal intervals with the number of errors."""
        found: list[tuple[Interval, int]] = []
        for step in self.steps:
            if found and found[-1][1] == step.errors:
                whole = Interval(found[-1][0].lower, step.interval.upper)
                found[-1] = whole, step.errors
            else:
                found.append((step.interval, step.errors))
        return found

    def within(self, interval: Interval) -> list[Attained]:
        """The steps that divide an interval between two points of :meth:`needs`."""
        return [step for step in self.steps if step.interval.meet(interval) is not None]


def _joined(steps: Sequence[Attained]) -> list[Attained]:
    """Neighbours with the same parameters, right at the same examples, made one."""
    found: list[Attained] = []
    for step in steps:
        last = found[-1] if found else None
        if last and replace(last, interval=step.interval) == step:
            found[-1] = replace(last, interval=Interval(last.interval.lower, step.interval.upper))
        else:
            found.append(step)
    return found
