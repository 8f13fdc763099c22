"""Exact threshold patterns of a sample: which subsets {i : ℓ*_i(α) ≥ τ_i} occur.

The dual functions come as monotone arcs with rational value functions (what
:class:`geometry.dual.DualFunction` provides). All places where an indicator can change
are roots of N − τD or ends of arcs; patterns are read off exactly at each of them and
at one rational point of each gap between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from flint import fmpq, fmpz_poly

from bounds.errors import BoundsError, count, number
from geometry.algebraic import RealAlgebraic, increasing, roots_of, simplest_between
from geometry.arcs import Profile
from geometry.intervals import Interval
from geometry.rational_functions import RationalFunction
from geometry.values import Level
from piecewise.exact import to_fmpq, to_fraction

Pattern = tuple[bool, ...]
Place = Fraction | RealAlgebraic


class Arc(Protocol):
    """A closed interval on which a dual function is monotone and equals ``function``."""

    @property
    def interval(self) -> Interval: ...
    @property
    def function(self) -> RationalFunction: ...


class ArcDual(Protocol):
    """A dual function as its monotone arcs, in order, covering A.

    Where two arcs meet the smaller limit is the value, unless the dual has a ``profile``
    (:class:`geometry.arcs.Profile`) whose node there lies below both; see :func:`dips`.
    """

    @property
    def arcs(self) -> Sequence[Arc]: ...


@dataclass(frozen=True)
class SamplePatterns:
    """The patterns of a sample at given thresholds, each with a place where it occurs."""

    instances: int
    places: dict[Pattern, Place]

    @property
    def count(self) -> int:
        """How many of the 2^n patterns occur."""
        return len(self.places)

    @property
    def shattered(self) -> bool:
        """Whether all 2^n patterns occur."""
        return self.count == 1 << self.instances

    def __str__(self) -> str:
        verdict = "shattered" if self.shattered else "not shattered at these thresholds"
        return f"{self.count} of 2^{self.instances} patterns: {verdict}"


def dips(dual: ArcDual) -> list[Level]:
    """The points at which a dual is smaller than every limit there, with its value.

    A lower semicontinuous function may drop at a single point (a piecewise constant loss
    whose best cell is met by one α only).
    """
    known: Profile | None = getattr(dual, "profile", None)
    if known is None:
        return []
    last = len(known.nodes) - 1
    return [
        node.level
        for index, node in enumerate(known.nodes)
        if (node.before > 0 or index == 0) and (node.after > 0 or index == last)
        if not node.is_continuous
    ]


def threshold_patterns(duals: Sequence[ArcDual], thresholds: Sequence[object]) -> SamplePatterns:
    """All patterns (1[ℓ*_i(α) ≥ τ_i])_i for α in A, exactly.

    Proved: the set is complete, so fewer than 2^n patterns prove that the sample is not
    shattered at these thresholds.

    Raises:
        BoundsError: no instance, unequal lengths, or duals on different intervals.
    """
    levels = [to_fmpq(number(f"threshold {i}", t)) for i, t in enumerate(thresholds, start=1)]
    if not duals or len(duals) != len(levels):
        raise BoundsError(f"{len(duals)} duals need as many thresholds, not {len(levels)}")
    common_ends(duals)
    events = increasing(
        place
        for dual, tau in zip(duals, levels, strict=True)
        for arc in dual.arcs
        for place in (
            *_roots(_excess(arc.function, tau)[0], arc.interval),
            arc.interval.lower,
            arc.interval.upper,
        )
    )
    columns = [
        list(_indicators(dual, tau, events)) for dual, tau in zip(duals, levels, strict=True)
    ]
    samples = [place for pair in pairwise(events) for place in (pair[0], simplest_between(*pair))]
    places: dict[Pattern, Place] = {}
    rows = list(zip([*samples, events[-1]], zip(*columns, strict=True), strict=True))
    for place, pattern in (*rows[1::2], *rows[::2]):  # rational places first
        places.setdefault(
            pattern, place if isinstance(place, RealAlgebraic) else to_fraction(place)
        )
    return SamplePatterns(len(duals), places)


def _indicators(dual: ArcDual, tau: fmpq, events: Sequence[RealAlgebraic]) -> Iterator[bool]:
    """1[ℓ* ≥ τ] at every event and in every gap between neighbouring events, in order."""
    over = arcs_over(dual.arcs, events)
    special = {
        index: level for level in dips(dual) for index, e in enumerate(events) if e == level.at
    }
    excess = {id(arc): _excess(arc.function, tau) for arc in dual.arcs}
    for index, event in enumerate(events):
        around = {id(arc): excess[id(arc)] for arc in over[max(index - 1, 0) : index + 1]}
        here = [*around.values()]
        if index in special:
            here.append(_excess(special[index].function, tau))
        yield all(_is_reached(entry, event) for entry in here)
        if index < len(over):
            alpha = simplest_between(event, events[index + 1])
            yield _is_reached(excess[id(over[index])], RealAlgebraic.rational(alpha))


def _is_reached(excess: tuple[fmpz_poly, fmpz_poly], at: RealAlgebraic) -> bool:
    above, denominator = excess
    return at.sign_of(above) * at.sign_of(denominator) >= 0


def arcs_over(arcs: Sequence[Arc], nodes: Sequence[RealAlgebraic]) -> list[Arc]:
    """The arc on every gap between neighbouring ``nodes``, among which are all ends of arcs."""
    index, found = 0, []
    for left in nodes[:-1]:
        while arcs[index].interval.upper <= left:
            index += 1
        found.append(arcs[index])
    return found


def common_ends(duals: Sequence[ArcDual]) -> tuple[RealAlgebraic, RealAlgebraic]:
    """Both ends of A.

    Raises:
        BoundsError: the duals are given on different intervals, or some piece is no rational
            function.
    """
    for index, dual in enumerate(duals, start=1):
        if not all(isinstance(arc.function, RationalFunction) for arc in dual.arcs):
            raise BoundsError(
                f"dual {index}: a piece is no rational function of the hyperparameter; only "
                "duals with rational pieces are compared and added up"
            )
    ends = [(dual.arcs[0].interval.lower, dual.arcs[-1].interval.upper) for dual in duals]
    if any(pair[0] != ends[0][0] or pair[1] != ends[0][1] for pair in ends[1:]):
        raise BoundsError("the dual functions are given on different intervals")
    return ends[0]


def shattering_excluded(oscillations: Sequence[int]) -> bool:
    """Whether no thresholds at all shatter instances with these exact oscillation counts.

    n duals cut A at most Σ B_i times, so at most Σ B_i + 1 patterns occur (Lemma 1); True
    proves that the sample is not shattered.
    """
    cuts = sum(count(f"oscillations of instance {i}", b) for i, b in enumerate(oscillations, 1))
    return cuts + 1 < 1 << len(oscillations)


def _excess(function: RationalFunction, tau: fmpq) -> tuple[fmpz_poly, fmpz_poly]:
    """(q·N − p·D, D) for τ = p/q: their product has the sign of the function minus τ."""
    return function.numerator * tau.q - function.denominator * tau.p, function.denominator


def _roots(polynomial: fmpz_poly, interval: Interval) -> list[RealAlgebraic]:
    found = roots_of(polynomial, interval.lower.lower, interval.upper.upper) if polynomial else []
    return [root for root in found if interval.lower <= root <= interval.upper]
