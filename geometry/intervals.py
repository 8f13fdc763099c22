"""Where polynomials keep their sign: closed intervals with algebraic ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq, fmpz_poly

from geometry.algebraic import RealAlgebraic, roots_of, simplest_between
from geometry.polynomials import has_no_root, sign


@dataclass(frozen=True)
class Interval:
    """The closed interval [lower, upper], lower < upper."""

    lower: RealAlgebraic
    upper: RealAlgebraic

    @classmethod
    def rational(cls, lower: fmpq, upper: fmpq) -> Interval:
        """The interval with rational ends."""
        return cls(RealAlgebraic.rational(lower), RealAlgebraic.rational(upper))

    def has_inside(self, alpha: fmpq) -> bool:
        """Whether lower < alpha < upper."""
        return self.lower.compare_rational(alpha) < 0 < self.upper.compare_rational(alpha)

    def meet(self, other: Interval) -> Interval | None:
        """The common interval, or None if it has no interior."""
        lower, upper = max(self.lower, other.lower), min(self.upper, other.upper)
        return Interval(lower, upper) if lower < upper else None

    def sample(self) -> fmpq:
        """The simplest rational strictly inside."""
        return simplest_between(self.lower, self.upper)

    def samples(self) -> Iterator[fmpq]:
        """Distinct rationals strictly inside, simple ones first, without end."""
        queue = [self]
        while True:
            interval = queue.pop(0)
            alpha = interval.sample()
            yield alpha
            middle = RealAlgebraic.rational(alpha)
            queue += [Interval(interval.lower, middle), Interval(middle, interval.upper)]

    def minus(self, covered: Sequence[Interval]) -> list[Interval]:
        """The closures of what ``covered`` leaves of this interval, increasing."""
        gaps, start = [], self.lower
        for interval in sorted(covered, key=lambda i: i.lower):
            if interval.lower > start:
                gaps.append(Interval(start, min(interval.lower, self.upper)))
            start = max(start, interval.upper)
            if start >= self.upper:
                return gaps
        return [*gaps, Interval(start, self.upper)]


def sign_changes(p: fmpz_poly, interval: Interval) -> list[RealAlgebraic]:
    """The points strictly inside at which p changes sign, increasing."""
    left, right = interval.lower.lower, interval.upper.upper
    if not p or has_no_root(p, left, right):
        return []
    return [
        root
        for root in roots_of(p, left, right, odd_only=True)
        if interval.lower < root < interval.upper
    ]


def sign_pattern(p: fmpz_poly, interval: Interval) -> list[tuple[Interval, int]]:
    """Maximal subintervals on which p keeps one weak sign, with that sign.

    Roots of even multiplicity do not split; the zero polynomial has sign 0 throughout.
    """
    if not p:
        return [(interval, 0)]
    ends = [interval.lower, *sign_changes(p, interval), interval.upper]
    pieces = [Interval(a, b) for a, b in pairwise(ends)]
    first = next(s for s in (sign(p(alpha)) for alpha in pieces[0].samples()) if s)
    return [(piece, first if index % 2 == 0 else -first) for index, piece in enumerate(pieces)]


def is_positive(p: fmpz_poly, interval: Interval) -> bool:
    """A sufficient test (proof) that p > 0 strictly inside the interval."""
    left, right = interval.lower.lower, interval.upper.upper
    return p((left + right) / 2) > 0 and has_no_root(p, left, right)


def region_of_nonnegativity(
    polynomials: Iterable[fmpz_poly], alpha: fmpq, within: Interval
) -> Interval | None:
    """The maximal interval around ``alpha`` on which all polynomials are ≥ 0.

    None if one of them vanishes at ``alpha`` without being zero: ``alpha`` is an event.
    ``alpha`` lies strictly inside ``within``, and no polynomial is negative there.
    """
    region = within
    for p in polynomials:
        if not p:
            continue
        if p(alpha) == 0:
            return None
        for root in sign_changes(p, region):
            if root.compare_rational(alpha) < 0:
                region = Interval(root, region.upper)
            else:
                region = Interval(region.lower, root)
                break
    return region
