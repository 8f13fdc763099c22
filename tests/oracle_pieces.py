"""The pieces of ℓ*, its breakpoints and extrema, from the brute-force strata.

ℓ* is continuous: every closed cell is a fixed compact set with a continuous quadratic. Suppose
ℓ* = v at a sample α. Where ℓ* leaves v first, at r > α, another stratum's value function meets
v: v_G(r) = v(r) for some v_G ≠ v. So nothing changes before the first root of a numerator of
v − v_G beyond α, and at each such root a sample just after it tells who wins. A change is thus
bracketed by two exact samples; only a piece shorter than ``RESOLUTION`` could hide in a bracket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import flint
from flint import arb, fmpq, fmpq_poly, fmpz_poly
from oracle import Oracle, Ratio
from oracle_faces import to_flint

RESOLUTION = fmpq(1, 2**96)
PRECISION = 192
"""Bits of the root enclosures; their radii are far below RESOLUTION."""


@dataclass(frozen=True)
class Root:
    """A real root of ``polynomial``, between the rationals ``lower`` and ``upper``."""

    polynomial: fmpz_poly
    enclosure: arb

    @property
    def lower(self) -> fmpq:
        return _rational(self.enclosure.mid()) - _rational(self.enclosure.rad())

    @property
    def upper(self) -> fmpq:
        return _rational(self.enclosure.mid()) + _rational(self.enclosure.rad())


@dataclass(frozen=True)
class Break:
    """ℓ* changes from ``left`` to ``right`` between exact samples at ``lower`` and ``upper``."""

    lower: fmpq
    upper: fmpq
    left: Ratio
    right: Ratio

    @property
    def polynomial(self) -> fmpz_poly:
        """Vanishes at the breakpoint."""
        return self.left.crossing(self.right)

    @property
    def kind(self) -> str:
        """kink iff the one-sided derivatives differ: iff the root of left − right is simple."""
        repeated = self.polynomial.gcd(self.polynomial.derivative())
        return "smooth" if real_roots(repeated, self.lower, self.upper) else "kink"

    @property
    def root(self) -> Root:
        (root,) = real_roots(self.polynomial, self.lower, self.upper)
        return root


def _rational(exact: arb) -> fmpq:
    mantissa, exponent = exact.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def may_vanish(polynomial: fmpz_poly, lower: fmpq, upper: fmpq) -> bool:
    """False only if there is no root in (lower, upper): Descartes' rule after t ↦ 1/(1+t)."""
    moved = fmpq_poly(polynomial)(fmpq_poly([lower, upper - lower]))
    reverse = fmpq_poly(moved.coeffs()[::-1])(fmpq_poly([1, 1]))
    signs = [c > 0 for c in reverse.coeffs() if c != 0]
    return any(before != after for before, after in pairwise(signs))


def real_roots(polynomial: fmpz_poly, lower: fmpq, upper: fmpq) -> list[Root]:
    """The distinct real roots in the open interval, increasing, in disjoint enclosures."""
    for end in (lower, upper):
        factor = fmpz_poly([-end.p, end.q])
        while polynomial.degree() > 0 and polynomial(end) == 0:
            polynomial //= factor
    if polynomial.degree() < 1 or not may_vanish(polynomial, lower, upper):
        return []
    with flint.ctx.workprec(PRECISION):
        balls = [ball.real for ball, _ in polynomial.complex_roots() if ball.imag == 0]
        inside = [b for b in balls if b > arb(lower) and b < arb(upper)]
        return [Root(polynomial, b) for b in sorted(inside, key=lambda ball: float(ball.mid()))]


def _groups(roots: list[Root]) -> Iterator[list[Root]]:
    """Equal roots together, increasing; enclosures that touch are taken as equal."""
    with flint.ctx.workprec(PRECISION):
        group: list[Root] = []
        for root in sorted(roots, key=lambda r: r.lower):
            if group and not root.enclosure.overlaps(group[-1].enclosure):
                yield group
                group = []
            group.append(root)
        if group:
            yield group


def _winner(oracle: Oracle, alpha: fmpq) -> Ratio:
    winners = oracle.sample(alpha).winners
    if len(winners) > 1:
        raise AssertionError(f"the sample {alpha} sits on a crossing; move it")
    return winners[0]


def breaks(oracle: Oracle) -> tuple[Ratio, list[Break]]:
    """The first piece of ℓ* and all breakpoints in the open interval A."""
    lower, upper = map(to_flint, oracle.problem.interval)
    here = lower + RESOLUTION
    first = current = _winner(oracle, here)
    found: list[Break] = []
    while (change := _next_change(oracle, current, here, upper)) is not None:
        found.append(change)
        here, current = change.upper, change.right
    return first, found


def _next_change(oracle: Oracle, current: Ratio, here: fmpq, upper: fmpq) -> Break | None:
    roots: list[Root] = []
    rivals: dict[int, Ratio] = {}
    for rival in oracle.strata:
        if rival != current:
            for root in real_roots(current.crossing(rival), here, upper):
                roots.append(root)
                rivals[id(root)] = rival
    for group in _groups(roots):
        before, after = group[0].lower - RESOLUTION, group[-1].upper + RESOLUTION
        if any(oracle.minimiser(rivals[id(root)], after) is not None for root in group):
            winner = _winner(oracle, after)
            if winner != current:
                return Break(before, after, current, winner)
    return None
