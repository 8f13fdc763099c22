"""Shattering witnesses, checked pattern by pattern in exact arithmetic.

A witness names n instances (their dual functions), n thresholds and 2^n hyperparameters;
the r-th of them claims the pattern whose i-th entry is bit i of r. It proves
Pdim ≥ n when ℓ*_i(α_r) ≥ τ_i exactly where bit i of r is 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from bounds.enclosures import Enclosure
from bounds.errors import BoundsError, number
from bounds.patterns import SamplePatterns

Dual = Callable[[Fraction], Fraction | Enclosure]

MOST_INSTANCES = 20
"""Witnesses with more instances have more than a million patterns and are not checked."""


class Shattering(Enum):
    """What the check of a witness found."""

    VERIFIED = "verified"
    REJECTED = "rejected"


@dataclass(frozen=True)
class WitnessReport:
    """The outcome of :func:`verify_witness`."""

    verdict: Shattering
    instances: int
    checked: int
    """Patterns that were checked and hold."""
    reason: str = ""
    """For a rejected witness the first pattern that fails."""

    def __str__(self) -> str:
        if self.verdict is Shattering.VERIFIED:
            return f"Pdim >= {self.instances}, verified ({self.checked} patterns)"
        return f"witness for {self.instances} instances rejected: {self.reason}"


def verify_witness(
    duals: Sequence[Dual], thresholds: Sequence[object], alphas: Sequence[object]
) -> WitnessReport:
    """Check that ``alphas[r]`` realises the bits of r on the instances, for every r < 2^n.

    Each dual is called with a Fraction and must return an exact value (a Fraction or int) or an
    :class:`Enclosure` that lies on one side of the threshold; a float is rejected, since it
    proves nothing.

    Raises:
        BoundsError: no instance, more than ``MOST_INSTANCES``, or unequal lengths.
    """
    n = len(duals)
    if not 1 <= n <= MOST_INSTANCES:
        raise BoundsError(f"instances: {n} given; a witness has 1 to {MOST_INSTANCES}")
    if len(thresholds) != n:
        raise BoundsError(f"thresholds: {len(thresholds)} given for {n} instances")
    if len(alphas) != 1 << n:
        raise BoundsError(f"alphas: {len(alphas)} given, 2^{n} = {1 << n} patterns are claimed")
    levels = [number(f"threshold {i}", t) for i, t in enumerate(thresholds, start=1)]
    places = [number(f"alpha {r}", a) for r, a in enumerate(alphas)]
    for r, alpha in enumerate(places):
        for i, (dual, level) in enumerate(zip(duals, levels, strict=True)):
            value = dual(alpha)
            if isinstance(value, float):
                return _rejected(n, r, f"instance {i + 1} returned the float {value}")
            lower, upper = _ends(value)
            if lower < level <= upper:
                found = f"a value from {lower} to {upper}: not decided against {level}"
            elif (lower >= level) != bool(r >> i & 1):
                found = f"{value}, {'below' if upper < level else 'not below'} {level}"
            else:
                continue
            return _rejected(n, r, f"at alpha = {alpha} instance {i + 1} has {found}")
    return WitnessReport(Shattering.VERIFIED, n, 1 << n)


def witness_places(patterns: SamplePatterns) -> list[Fraction] | None:
    """The hyperparameters of a witness from an exact pattern count, in the order of r.

    None when the sample is not shattered at these thresholds, or when some pattern occurs
    only at isolated irrational points.
    """
    if not patterns.shattered:
        return None
    ordered = [
        patterns.places[tuple(bool(r >> i & 1) for i in range(patterns.instances))]
        for r in range(1 << patterns.instances)
    ]
    rational = [place for place in ordered if isinstance(place, Fraction)]
    return rational if len(rational) == len(ordered) else None


def _ends(value: Fraction | Enclosure) -> tuple[Fraction, Fraction]:
    return (value.lower, value.upper) if isinstance(value, Enclosure) else (value, value)


def _rejected(n: int, r: int, why: str) -> WitnessReport:
    return WitnessReport(Shattering.REJECTED, n, r, f"pattern {r:0{n}b}: {why}")
