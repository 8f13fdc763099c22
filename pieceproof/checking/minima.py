"""Where the mean of dual losses may be least: every place not proved to be above a ceiling.

A is cut at the ends of all pieces. A part of a gap is left when the mean is above the
ceiling on it, or F′ ≠ 0; where F″ > 0 the exact signs of F′ at its ends say whether F′
vanishes inside. What is left is halved; where that does not end, the zeros of F′ are
isolated exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from flint import arb, fmpq

from pieceproof.checking.intervals import Interval, roots_inside
from pieceproof.checking.means import NEAR, ROUGH, Gap, Mean
from pieceproof.checking.reading import Refuted
from pieceproof.checking.reals import Real, exactly, minimal_polynomial
from pieceproof.checking.signs import odd_part

MOST_PARTS = 3000
"""Parts of one gap after which the zeros of F′ are isolated exactly."""


class Undecided(ValueError):
    """True or not, it is beyond this checker."""


@dataclass(frozen=True, eq=False)
class Found:
    """A point or plateau whose mean is not above the stated minimum."""

    start: Real
    end: Real
    kind: str
    exact: fmpq | None
    """The value there, if it is known exactly."""


def _is_above(value: arb | fmpq, ceiling: fmpq) -> bool:
    return bool(value > (ceiling if isinstance(value, fmpq) else arb(ceiling)))


def attained(mean: Mean, value: tuple[fmpq, fmpq]) -> Iterator[Found]:
    """Every place whose mean is not proved to be above the stated minimum."""
    flat: list[Gap] = []
    for gap in mean.gaps:
        for place in _in_gap(gap, value[1]):
            if isinstance(place, Gap):
                known = _constant(place)
                at_plateau = (
                    place.enclosure(*_middle(place.interval), 0) if known is None else known
                )
                if not _is_above(at_plateau, value[1]):
                    _check_within(at_plateau, value, "a plateau")
                    flat.append(place)
                    yield Found(place.interval.start, place.interval.end, "plateau", known)
                continue
            if not _is_above(gap.value(place), value[1]):
                zero = _simple(place)
                exact = _known(gap, zero) if zero.rational else None
                _check_within(gap.value(zero) if exact is None else exact, value, f"α = {zero}")
                yield Found(zero, zero, "stationary", exact)
    for number, node in enumerate(mean.nodes):
        if _is_above(mean.value_at(number, ROUGH), value[1]):
            continue
        if any(gap in flat and mean.continues(number, gap) for gap in mean.sides(number)):
            continue  # an end of a plateau
        at_node = mean.value_at(number, NEAR)
        if not _is_above(at_node, value[1]):
            kind = "stationary" if mean.is_smooth(number) else "node"
            _check_within(at_node, value, f"α = {node}")
            yield Found(node, node, kind, at_node if isinstance(at_node, fmpq) else None)


def _simple(place: Real) -> Real:
    """The same number by its minimal polynomial, a rational one as such."""
    if place.rational:
        return place
    minimal = minimal_polynomial(place)
    if minimal.degree() == 1:
        return exactly(fmpq(-minimal[0], minimal[1]))
    return Real(minimal, place.lower, place.upper)


def _constant(gap: Gap) -> fmpq | None:
    """The value on a gap where every function is constant."""
    if not all(function.is_constant for function in gap.functions):
        return None
    return _known(gap, exactly(_middle(gap.interval)[0]))


def _known(gap: Gap, at: Real) -> fmpq:
    return sum((f.at(at.lower) for f in gap.functions), fmpq(0)) / len(gap.functions)


def _middle(interval: Interval) -> tuple[fmpq, fmpq]:
    start, end = _apart(interval)
    middle = (start.upper + end.lower) / 2
    return middle, middle


def _apart(interval: Interval) -> tuple[Real, Real]:
    """Both ends, enclosed far more narrowly than they lie apart."""
    start, end, width = interval.start, interval.end, fmpq(1, 1 << 64)
    while True:
        start, end = start.refined(width), end.refined(width)
        if end.lower - start.upper > width * (1 << 64):
            return start, end
        width /= 1 << 64


def _check_within(found: arb | fmpq, value: tuple[fmpq, fmpq], where: str) -> None:
    lower, upper = (arb(value[0]), arb(value[1])) if isinstance(found, arb) else value
    if found < lower:
        raise Refuted(f"minimum.value: the mean is smaller at {where}")
    if not (found >= lower and found <= upper):
        raise Undecided(f"minimum.value: too narrow to be confirmed at {where}")


def _in_gap(gap: Gap, ceiling: fmpq) -> Iterator[Real | Gap]:
    """Zeros of F′ in the gap where F may be least, or the gap if F is constant on it."""
    if all(function.is_constant for function in gap.functions):
        yield gap
        return
    start, end = _apart(gap.interval)
    parts = [(start.lower, end.upper)]
    for _ in range(MOST_PARTS):
        if not parts:
            return
        lower, upper = parts.pop()
        slope = gap.enclosure(lower, upper, 1)
        if slope > 0 or slope < 0:
            continue
        if slope.is_finite() and gap.lower_bound(lower, upper, slope) > arb(ceiling):
            continue
        if gap.enclosure(lower, upper, 2) > 0:
            left = start if lower == start.lower else exactly(lower)
            right = end if upper == end.upper else exactly(upper)
            yield from _only_zero(gap, left, right)
            continue
        middle = (lower + upper) / 2
        if not start.upper < middle < end.lower:
            break
        parts += [(middle, upper), (lower, middle)]
    else:
        if not parts:
            return
    yield from _every_zero(gap)


def _only_zero(gap: Gap, left: Real, right: Real) -> Iterator[Real]:
    """The zero of an increasing F′ strictly between; none where it lies at an end of the gap."""
    signs = gap.slope_sign(left), gap.slope_sign(right)
    for end, at in zip((left, right), signs, strict=True):
        if at == 0 and end not in (gap.interval.start, gap.interval.end) and end.rational:
            yield end
    if not signs[0] < 0 < signs[1]:
        return
    while gap.slope_sign(exactly(left.upper)) >= 0:
        left = left.halved()
    while gap.slope_sign(exactly(right.lower)) <= 0:
        right = right.halved()
    yield Real(gap.numerator, left.upper, right.lower)


def _every_zero(gap: Gap) -> Iterator[Real | Gap]:
    """All places inside at which F′ turns from − to +, isolated exactly."""
    numerator = gap.numerator
    if not numerator:
        yield gap
        return
    roots = roots_inside(odd_part(numerator), gap.interval)
    before = [gap.interval.start, *roots]
    after = [*roots, gap.interval.end]
    rising = [
        gap.slope_sign(exactly(_middle(Interval(a, b))[0])) > 0
        for a, b in zip(before, after, strict=True)
    ]
    for root, (left, right) in zip(roots, pairwise(rising), strict=True):
        if right and not left:
            yield root
