"""Where the values of two curves touch, to many digits: α₀, the order, and the points there.

With d = v_0 − v_1 and c_j = d^(j)/j!, a touch of order k is a simple zero of c_(k−1) at which the
c_j before vanish too. Newton's method on c_(k−1), in balls of many bits of which only the middles
are used, finds it for every k that is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, arb_mat, ctx

from pieceproof.checking.enclosing.lagrangians import Lagrangian
from pieceproof.checking.enclosing.powerseries import Balls, composed
from pieceproof.checking.reading import Refuted

MOST = 6
"""Orders that are tried."""
TURNS = 6
"""Derivatives of one value that may vanish."""
ROUGH = 192
"""Bits with which touches are looked for."""
STEPS = 40
REACH = 1e-6
"""How near to where it is known in doubles a touch is looked for with more bits."""
FAR = 1e6
"""Newton's method has lost its way where unknowns are larger."""


@dataclass(frozen=True, eq=False)
class Side:
    """A curve: its system, and its unknowns at some α."""

    system: Lagrangian
    alpha: float
    unknowns: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Place:
    """Where two values touch: in doubles, with the order k and c_k."""

    alpha: float
    order: int
    leading: float


@dataclass(frozen=True, eq=False)
class Numbers:
    """α₀, and for each curve y^(j)/j! there, for every unknown."""

    alpha: arb
    points: tuple[list[list[arb]], ...]


def touching(
    sides: Sequence[Side],
    lower: float,
    upper: float,
    ends: Sequence[float],
    orders: Sequence[int] = range(2, MOST + 1),
) -> Place | None:
    """A touch of two curves in [lower, upper]: of these ``orders``, or of any at ``ends``."""
    with ctx.workprec(ROUGH):
        for end in ends:
            if lower <= end <= upper:
                order, leading = _order_at(sides, arb(end))
                if order:
                    return Place(end, order, leading)
        for order in orders:
            alpha = _located(sides, order, lower, upper)
            if alpha is None:
                continue
            found, leading = _order_at(sides, alpha)
            if found == order:
                return Place(float(alpha), order, leading)
    return None


def meets(sides: Sequence[Side], place: Place, exactly: arb | None) -> bool:
    """Whether the third curve has the value that the first two have where they touch."""
    with ctx.workprec(ROUGH):
        alpha = _alpha(sides, place, exactly)
        return alpha is not None and _order_at((sides[0], sides[2]), alpha)[0] > 0


def numbers(
    sides: Sequence[Side], place: Place, exactly: arb | None, bits: int, more: bool
) -> Numbers | None:
    """A touch to so many bits; with ``more`` derivatives that say how the first values turn."""
    with ctx.workprec(bits):
        alpha = _alpha(sides, place, exactly)
        if alpha is None:
            return None
        solved = [_solved(side, alpha) for side in sides]
        try:
            # Two values of one order k of contact are known from k/2 coefficients of the points.
            known = 1
            for side in sides[1:]:
                order, _ = _order_at((sides[0], side), alpha)
                known = max(known, order // 2 + 1)
            for side, y in zip(sides[:2], solved[:2], strict=True) if more else ():
                values = [] if y is None else _values(side.system, alpha, y, TURNS)
                turn = next((j for j in range(1, len(values)) if not _is_zero(values[j])), 0)
                known = max(known, turn // 2 + 1)
            points = [
                side.system.unknowns(alpha, y, known - 1)
                for side, y in zip(sides, solved, strict=True)
                if y is not None
            ]
        except Refuted:
            return None
        return Numbers(alpha, tuple(points)) if len(points) == len(sides) else None


def _alpha(sides: Sequence[Side], place: Place, exactly: arb | None) -> arb | None:
    """α₀ of the first two curves to as many bits as are worked with, if it is not known exactly."""
    if exactly is not None:
        return exactly
    near = place.alpha - REACH, place.alpha + REACH
    return _located(sides[:2], place.order, *near, place.alpha)


def _located(
    sides: Sequence[Side], order: int, lower: float, upper: float, start: float | None = None
) -> arb | None:
    """A zero of c_(order − 1) in [lower, upper]."""
    alpha = arb((lower + upper) / 2 if start is None else start)
    slack = (upper - lower) * 1e-9
    last: arb | None = None
    for _ in range(STEPS):
        c = _difference(sides, alpha, order)
        if c is None or c[order] == 0 or not c[order].is_finite():
            return None
        step = (-c[order - 1] / (order * c[order])).mid()
        alpha = (alpha + step).mid()
        if not 2 * lower - upper <= float(alpha) <= 2 * upper - lower:
            return None
        size = abs(step)
        if size <= arb(2) ** (-ctx.prec * 7 // 8) or (
            last is not None and size < arb(2) ** (-ctx.prec // 2) and size >= last
        ):
            return alpha if lower - slack <= float(alpha) <= upper + slack else None
        last = size
    return None


def _order_at(sides: Sequence[Side], alpha: arb) -> tuple[int, float]:
    """How many of c_0, c_1, … vanish at α, and the first that does not; 0 if all do."""
    c = _difference(sides, alpha, MOST)
    if c is None:
        return 0, 0.0
    order = next((j for j, value in enumerate(c) if not _is_zero(value)), 0)
    return order, float(c[order].mid())


def _is_zero(value: arb) -> bool:
    return bool(abs(value.mid()) < arb(2) ** (-ctx.prec // 2))


def _difference(sides: Sequence[Side], alpha: arb, order: int) -> list[arb] | None:
    values = []
    for side in sides:
        y = _solved(side, alpha)
        if y is None:
            return None
        try:
            values.append(_values(side.system, alpha, y, order))
        except Refuted:
            return None
    return [(a - b).mid() for a, b in zip(*values, strict=True)]


def _values(system: Lagrangian, alpha: arb, y: Sequence[arb], order: int) -> list[arb]:
    return [value.mid() for value in system.enclosed(alpha, y, order)]


def _solved(side: Side, alpha: arb) -> list[arb] | None:
    """The unknowns at α, by Newton's method."""
    system, balls = side.system, Balls()
    y = [arb(value) for value in side.unknowns]
    for _ in range(STEPS if y else 0):
        values = [[alpha], *([each] for each in y)]
        matrix = arb_mat([[composed(f, balls, values, 1)[0].mid() for f in row]
                          for row in system.bends])  # fmt: skip
        rest = arb_mat([[-composed(f, balls, values, 1)[0].mid()] for f in system.slopes])
        try:
            step = matrix.solve(rest)
        except ZeroDivisionError:
            return None
        y = [(each + step[i, 0]).mid() for i, each in enumerate(y)]
        size = max(float(abs(step[i, 0]).mid()) for i in range(len(y)))
        if not max(abs(float(each)) for each in y) < FAR:
            return None
        if size <= 2.0 ** max(-ctx.prec * 7 // 8, -1000) and _is_small(step, len(y)):
            return y
    return None if y else []


def _is_small(step: arb_mat, count: int) -> bool:
    tiny = arb(2) ** (-ctx.prec * 7 // 8)
    return all(bool(abs(step[i, 0].mid()) <= tiny) for i in range(count))
