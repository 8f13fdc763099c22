"""Certified continuation: a branch of F(α; x) = 0 followed in curved tubes.

A *piece* over H = [m, m + η] (or [m − η, m]) is a set x = c + v(α − m) + q(α − m)² + Ty, y ∈ Y,
in which for every α ∈ H exactly one solution lies; it is simple, so by the implicit function
theorem the solutions form one analytic curve over H. The test is that of
``geometry.recentred``. Neighbouring pieces are glued at a *node*: an enclosure, at one
rational α, of the solution that both contain. So a tube proves that its branch exists over
its interval, is unique in its boxes, and is one branch from end to end; it needs no
completeness of events. [Tubes: Kearfott, Xing, SIAM J. Numer. Anal. 31, 1994.]

Steps are shortened where the test fails. It fails for ever at a fold, so a tube that runs
into one ends before it, with that reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, frexp, log2

import numpy as np
from flint import arb, arb_mat, ctx

from geometry.boxes import Box, Interval, ball, interval
from geometry.krawczyk import contracts, krawczyk
from geometry.recentred import Floats, Flow, Vector
from piecewise.exact import to_fmpq

BITS = 96
SHORTEST = Fraction(1, 2**24)
"""Steps below this part of the distance asked for are given up."""
MOST_PIECES = 1000
SHRINK, GROW = 0.6, 4.0
"""What a step is multiplied by where the test fails, and at most from one piece to the next."""
NEWTON_STEPS = 6
NARROW = arb(2) ** -44
"""Half-width of a node, relative to max(1, |centre|); far below that of pieces."""
FLOOR = 2.0**-38
"""Least half-width of a piece, relative to max(1, |centre|)."""
CENTRE_BITS = 64


@dataclass(frozen=True)
class Piece:
    """Over each α in ``alpha`` exactly one solution in the curve
    centre + slope·(α − origin) + bend·(α − origin)² plus frame·Y; it is simple.

    ``space`` is the box Y around 0, ``frame`` the rows of T, ``radius`` a box that holds TY.
    """

    alpha: Interval
    origin: Fraction
    centre: Vector
    slope: Vector
    bend: Vector
    frame: tuple[Vector, ...]
    space: Box
    radius: Box

    def at(self, alpha: Fraction) -> Box:
        """An enclosure of the branch at one α of the piece."""
        beta = alpha - self.origin
        middle = (
            c + beta * (v + beta * q)
            for c, v, q in zip(self.centre, self.slope, self.bend, strict=True)
        )
        return tuple(
            (x + low, x + high) for x, (low, high) in zip(middle, self.radius, strict=True)
        )

    def hull(self) -> Box:
        """A box that holds the branch over the whole piece."""
        first, last = self.at(self.alpha[0]), self.at(self.alpha[1])
        # The curve leaves the segment between its ends by at most |q|·width²/4.
        width = self.alpha[1] - self.alpha[0]
        return tuple(
            (min(a[0], b[0]) - abs(q) * width**2 / 4, max(a[1], b[1]) + abs(q) * width**2 / 4)
            for a, b, q in zip(first, last, self.bend, strict=True)
        )


@dataclass(frozen=True)
class Tube:
    """Pieces from the start outwards; ``nodes`` enclose the branch at their ends, start first.

    ``reason`` says why the target was not reached; it is empty where it was.
    """

    pieces: tuple[Piece, ...]
    nodes: tuple[tuple[Fraction, Box], ...]
    reason: str = ""

    @property
    def reached(self) -> Fraction:
        """The α up to which the branch is certified."""
        return self.nodes[-1][0]


def follow(flow: Flow, start: Box, alpha: Fraction, target: Fraction) -> Tube:
    """Follow the branch through ``start``, certified at the rational ``alpha``, to ``target``.

    The system of ``flow`` is square with a parameter; ``target`` may lie on either side.
    """
    distance = target - alpha
    pieces: list[Piece] = []
    reason = ""
    with ctx.workprec(BITS):
        point, step = _narrowed(flow, start, alpha), float(distance)
        nodes = [(alpha, tuple(interval(side) for side in point))]
        while alpha != target and not reason:
            found = _piece(flow, point, alpha, target, step, abs(distance) * SHORTEST)
            if found is None:
                reason = "the branch turns too sharply: a fold is near"
                break
            piece, point, alpha = found
            width = float(piece.alpha[1] - piece.alpha[0])
            step = GROW * (width if distance > 0 else -width)
            pieces.append(piece)
            nodes.append((alpha, tuple(interval(side) for side in point)))
            if len(pieces) >= MOST_PIECES and alpha != target:
                reason = f"{MOST_PIECES} pieces do not reach the end"
    return Tube(tuple(pieces), tuple(nodes), reason)


def _narrowed(flow: Flow, start: Box, alpha: Fraction) -> list[arb]:
    """A narrow enclosure of the one solution in ``start``; ``start`` itself if none is found."""
    region = [ball(*side) for side in start]
    narrow = _node(flow, [(low + high) / 2 for low, high in start], ball(alpha, alpha))
    inside = narrow is not None and all(a.contains(b) for a, b in zip(region, narrow, strict=True))
    return narrow if narrow is not None and inside else region


def _piece(
    flow: Flow,
    point: Sequence[arb],
    alpha: Fraction,
    target: Fraction,
    step: float,
    shortest: Fraction,
) -> tuple[Piece, list[arb], Fraction] | None:
    """The longest piece tried that continues the solution in ``point``, its end node, its end."""
    line = _line(flow, point, alpha)
    model = None if line is None else flow.recentred(alpha, line.curve, line.frame)
    if line is None or model is None:
        return None
    ahead = _ahead(alpha, target, step)
    while abs(ahead - alpha) >= shortest:
        width = abs(ahead - alpha)
        proposal = model.propose(float(width), line.least)
        if proposal is not None:
            space = [arb(float(side)) for side in proposal]
            if model.contracts(arb(to_fmpq(width)), space):
                end = _node(flow, line.at(ahead - alpha), ball(ahead, ahead))
                if (
                    end is not None
                    and line.holds(space, alpha - alpha, point)
                    and line.holds(space, ahead - alpha, end)
                ):
                    return line.piece(alpha, ahead, space), end, ahead
        ahead = _ahead(alpha, target, float(ahead - alpha) * SHRINK)
    return None


def _ahead(alpha: Fraction, target: Fraction, step: float) -> Fraction:
    """alpha + step, or the target if that is not much farther; steps have few digits."""
    if abs(target - alpha) * 4 <= abs(Fraction(step)) * 5:
        return target
    mantissa, exponent = frexp(step)
    return alpha + Fraction(round(mantissa * 4096), 4096) * Fraction(2) ** exponent


@dataclass(frozen=True)
class _Line:
    """c + vβ + qβ² near the branch, the frame T and T⁻¹: proposals, c, v, q and T exact."""

    curve: tuple[Vector, Vector, Vector]
    frame: tuple[Vector, ...]
    back: arb_mat
    least: Floats

    def at(self, beta: Fraction) -> list[Fraction]:
        """The point of the curve."""
        return [c + beta * (v + beta * q) for c, v, q in zip(*self.curve, strict=True)]

    def holds(self, space: Sequence[arb], beta: Fraction, point: Sequence[arb]) -> bool:
        """Whether the box ``point`` lies in c + vβ + qβ² + TY."""
        offset = [p - arb(to_fmpq(c)) for p, c in zip(point, self.at(beta), strict=True)]
        local = (self.back * arb_mat(len(offset), 1, offset)).entries()
        return all(bool(abs(side) < bound) for side, bound in zip(local, space, strict=True))

    def piece(self, alpha: Fraction, ahead: Fraction, space: Sequence[arb]) -> Piece:
        """The piece from ``alpha`` to ``ahead``."""
        n = len(space)
        sides = tuple(interval(side)[1] for side in space)
        radius = [
            sum((abs(row[k]) * sides[k] for k in range(n)), Fraction(0)) for row in self.frame
        ]
        return Piece(
            (min(alpha, ahead), max(alpha, ahead)),
            alpha,
            *self.curve,
            self.frame,
            tuple((-side, side) for side in sides),
            tuple((-side, side) for side in radius),
        )


def _line(flow: Flow, point: Sequence[arb], alpha: Fraction) -> _Line | None:
    """Position, tangent and curvature of the branch at its node, and the frame there."""
    n, here = flow.n, ball(alpha, alpha).mid()
    centre = [side.mid() for side in point]
    _, jacobian = flow.at([*centre, here])
    inverse = _inverse(jacobian)
    if inverse is None:
        return None
    slope = (inverse * arb_mat(n, 1, [-jacobian[i, n] for i in range(n)])).mid().entries()
    turn = flow.second([*centre, here], [*slope, arb(1)])
    bend = (inverse * turn * (arb(-1) / 2)).mid().entries()
    sizes = [float(entry.mid()) for entry in jacobian.entries()]
    frame = flow.frame(np.array(sizes).reshape(n, n + 1)[:, :n])
    exact = tuple(tuple(_short(entry) for entry in row) for row in frame)
    try:
        back = arb_mat(n, n, [arb(to_fmpq(t)) for row in exact for t in row]).inv()
        curve = (
            tuple(_dyadic(c) for c in centre),
            tuple(_short(float(v)) for v in slope),
            tuple(_short(float(q)) for q in bend),
        )
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    size = np.array([1 + abs(float(c)) for c in centre])
    least = FLOOR * np.abs(np.array([float(b.mid()) for b in back.entries()]).reshape(n, n)) @ size
    return _Line(curve, exact, back, least)


def _short(value: float) -> Fraction:
    """A number of single precision."""
    return Fraction(float(np.float32(value)))


def _dyadic(value: arb) -> Fraction:
    """Rounded to CENTRE_BITS after the point or, for large numbers, of its own."""
    shift = CENTRE_BITS - max(0, floor(log2(1 + abs(float(value)))))
    return Fraction(round(interval(value)[0] * 2**shift), 2**shift)


def _node(flow: Flow, start: Sequence[Fraction], alpha: arb) -> list[arb] | None:
    """A narrow box with a solution at ``alpha``, looked for from ``start``.

    Newton's iteration proposes its centre, Krawczyk's test proves it.
    """
    centre = [ball(side, side).mid() for side in start]
    for _ in range(NEWTON_STEPS):
        residual, jacobian = flow.at([*centre, alpha.mid()])
        inverse = _inverse(jacobian)
        if inverse is None:
            return None
        step = (inverse * residual).entries()
        centre = [(c - s).mid() for c, s in zip(centre, step, strict=True)]
        if not all(c.is_finite() for c in centre):
            return None
        if all(abs(s) < (1 + abs(c)) * NARROW for s, c in zip(step, centre, strict=True)):
            break
    narrow = [arb(c, ((1 + abs(c)) * NARROW).upper()) for c in centre]
    image = krawczyk(flow.values, narrow, alpha)
    return image if contracts(image, narrow) else None


def _inverse(jacobian: arb_mat) -> arb_mat | None:
    """An approximate inverse of the first columns, exact entries."""
    n = jacobian.nrows()
    square = arb_mat(n, n, [jacobian[i, j].mid() for i in range(n) for j in range(n)])
    try:
        inverse = square.inv().mid()
    except ZeroDivisionError:
        return None
    return inverse if all(entry.is_finite() for entry in inverse.entries()) else None
