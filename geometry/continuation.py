"""Certified continuation: a branch of F(α; x) = 0 followed in slanted tubes.

A *piece* over H = [m − η, m + η] is a slanted box x = c + v·(α − m) + y, y ∈ Y, in which for
every α ∈ H exactly one solution lies; it is simple, so by the implicit function theorem the
solutions form one analytic curve over H. Neighbouring pieces are glued at a *node*: an
enclosure, at one rational α, of the solution that both contain. So a tube proves that its
branch exists over its interval, is unique in its boxes, and is one branch from end to end;
it needs no completeness of events.

The test is Krawczyk's, in the coordinates (y, β = α − m) and with second derivatives. Let
u = (v, 1), J and D²F the derivatives of F in (x, α), and B an approximate inverse of ∂F/∂x.
By Taylor's theorem, for |β| ≤ η and y ∈ Y,

    F(m + β; c + vβ) ∈ F(m; c) + β·J(m; c)u + β²/2·D²F(u, u)
    ∂F/∂x(m + β; c + vβ + y) ∈ ∂F/∂x(m; c) + β·D²F(u) + D²F(y)

with D²F over a box that holds the whole piece. If

    K = −B·[first line] + (I − B·[second line])·Y  ⊂  interior of Y,

then y ↦ y − B·F maps Y into itself and contracts for each α. [Krawczyk 1969; Neumaier,
*Interval Methods for Systems of Equations*, Thm 5.1.8; tubes: Kearfott, Xing, SIAM J. Numer.
Anal. 31, 1994.] K grows with Y, so any Y′ with K ⊂ int Y′ ⊂ Y passes too, and is kept.

Steps are halved where the test fails. It fails for ever at a fold, so a tube that runs into
one ends before it, with that reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_mat, ctx, fmpz_mpoly

from geometry.balls import BallSystem
from geometry.boxes import Box, Interval, ball, interval
from geometry.engines.system import PolynomialSystem
from geometry.krawczyk import contracts, krawczyk

BITS = 96
SHORTEST = Fraction(1, 2**24)
"""Steps below this part of the distance asked for are given up."""
MOST_PIECES = 1000
ATTEMPTS = 3
NEWTON_STEPS = 6
NARROW = arb(2) ** -44
"""Half-width of a node, relative to max(1, |centre|); far below that of pieces."""
FLOOR = arb(2) ** -38
"""Least half-width of a box, relative to max(1, |centre|)."""


@dataclass(frozen=True)
class Piece:
    """Over each α in ``alpha`` exactly one solution in centre + slope·(α − middle) + ``radius``.

    ``radius`` is the box Y around 0; the solution is simple.
    """

    alpha: Interval
    middle: Fraction
    centre: tuple[Fraction, ...]
    slope: tuple[Fraction, ...]
    radius: Box

    def at(self, alpha: Fraction) -> Box:
        """An enclosure of the branch at one α of the piece."""
        return tuple(
            (c + v * (alpha - self.middle) + low, c + v * (alpha - self.middle) + high)
            for c, v, (low, high) in zip(self.centre, self.slope, self.radius, strict=True)
        )

    def hull(self) -> Box:
        """A box that holds the branch over the whole piece."""
        ends = zip(self.at(self.alpha[0]), self.at(self.alpha[1]), strict=True)
        return tuple((min(a[0], b[0]), max(a[1], b[1])) for a, b in ends)


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


class Flow:
    """F with first and second derivatives in ball arithmetic, for continuation."""

    def __init__(self, system: PolynomialSystem) -> None:
        self.n = len(system.variables)
        self.values = BallSystem(system)
        partials = [e.derivative(k) for e in system.equations for k in range(self.n + 1)]
        # Zero partials stay: the rows are addressed by position.
        self.partials = self._balls(system, partials)
        self._both = self._balls(system, [*system.equations, *partials])

    @staticmethod
    def _balls(system: PolynomialSystem, rows: Sequence[fmpz_mpoly]) -> BallSystem:
        return BallSystem(PolynomialSystem(system.variables, tuple(rows), system.parameter))

    def at(self, point: Sequence[arb]) -> tuple[arb_mat, arb_mat]:
        """F, a column, and ∂F/∂(x, α), n × (n + 1); the monomials are evaluated once."""
        rows = self._both.values(point)
        return arb_mat(self.n, 1, rows[: self.n]), arb_mat(self.n, self.n + 1, rows[self.n :])

    def shaped(self, column: arb_mat) -> arb_mat:
        """One entry per partial derivative as an n × (n + 1) matrix."""
        return arb_mat(self.n, self.n + 1, column.entries())


def follow(flow: Flow, start: Box, alpha: Fraction, target: Fraction) -> Tube:
    """Follow the branch through ``start``, certified at the rational ``alpha``, to ``target``.

    The system of ``flow`` is square with a parameter; ``target`` may lie on either side.
    """
    distance = target - alpha
    pieces: list[Piece] = []
    nodes = [(alpha, start)]
    reason = ""
    with ctx.workprec(BITS):
        point, step, failed = [ball(*side) for side in start], distance, False
        while alpha != target and not reason:
            ahead = target if abs(target - alpha) <= abs(step) * 5 / 4 else alpha + step
            found = _piece(flow, point, alpha, ahead)
            if found is None:
                step, failed = (ahead - alpha) / 2, True
                if abs(step) < abs(distance) * SHORTEST:
                    reason = "the branch turns too sharply: a fold is near"
            else:
                piece, point = found
                # A step that was just too long is not tried again at once.
                step = (ahead - alpha) * (1 if failed else Fraction(3, 2))
                alpha, failed = ahead, False
                pieces.append(piece)
                nodes.append((alpha, tuple(interval(side) for side in point)))
                if len(pieces) >= MOST_PIECES and alpha != target:
                    reason = f"{MOST_PIECES} pieces do not reach the end"
    return Tube(tuple(pieces), tuple(nodes), reason)


@dataclass(frozen=True)
class _Line:
    """c + v·(α − m) near the branch (exact numbers, a proposal), with F, J and B at (m, c)."""

    middle: arb
    centre: list[arb]
    slope: list[arb]
    residual: arb_mat
    jacobian: arb_mat
    inverse: arb_mat

    def slice(self, space: Sequence[arb], beta: arb) -> list[arb]:
        """c + v·β + Y."""
        return [c + v * beta + y for c, v, y in zip(self.centre, self.slope, space, strict=True)]


def _piece(
    flow: Flow, point: Sequence[arb], alpha: Fraction, ahead: Fraction
) -> tuple[Piece, list[arb]] | None:
    """The piece over [alpha, ahead] that continues the solution in ``point``, and its end node."""
    middle, half = (alpha + ahead) / 2, abs(ahead - alpha) / 2
    line = _line(flow, point, ball(alpha, alpha), ball(middle, middle))
    space = None if line is None else _contraction(flow, line, ball(-half, half))
    if line is None or space is None:
        return None
    first = line.slice(space, ball(alpha - middle, alpha - middle))
    if not all(a.contains(b) for a, b in zip(first, point, strict=True)):
        return None
    last = line.slice(space, ball(ahead - middle, ahead - middle))
    end = _node(flow, last, ball(ahead, ahead))
    if end is None:
        return None
    piece = Piece(
        (min(alpha, ahead), max(alpha, ahead)),
        middle,
        tuple(interval(side)[0] for side in line.centre),
        tuple(interval(side)[0] for side in line.slope),
        tuple(interval(side) for side in space),
    )
    return piece, end


def _line(flow: Flow, point: Sequence[arb], here: arb, middle: arb) -> _Line | None:
    """A tangent step from ``point``, one step of Newton's iteration, and the tangent there."""
    centre, step = [side.mid() for side in point], (middle - here).mid()
    _, jacobian = flow.at([*centre, here.mid()])
    inverse = _inverse(jacobian)
    if inverse is None:
        return None
    tangent = _tangent(inverse, jacobian)
    centre = [(c + v * step).mid() for c, v in zip(centre, tangent, strict=True)]
    residual, jacobian = flow.at([*centre, middle.mid()])
    inverse = _inverse(jacobian)
    if inverse is None:
        return None
    correction = (inverse * residual).entries()
    centre = [(c - s).mid() for c, s in zip(centre, correction, strict=True)]
    if not all(number.is_finite() for number in centre):
        return None
    residual, jacobian = flow.at([*centre, middle])
    inverse = _inverse(jacobian)
    if inverse is None:
        return None
    tangent = _tangent(inverse, jacobian)
    return _Line(middle, centre, tangent, residual, jacobian, inverse)


def _contraction(flow: Flow, line: _Line, span: arb) -> list[arb] | None:
    """A box Y that passes the test of this module for |β| ≤ η, or None."""
    n = flow.n
    column = arb_mat(n + 1, 1, [*line.slope, arb(1)])
    straight = line.residual + line.jacobian * column * span
    space = [
        arb(0, (abs(v * span).upper() / 4 + (1 + abs(c)) * FLOOR).upper())
        for c, v in zip(line.centre, line.slope, strict=True)
    ]
    for _ in range(ATTEMPTS):
        hull = [*line.slice(space, span), line.middle + span]
        partials = flow.partials.jacobian(hull)
        turn = flow.shaped(partials * column)
        bend = line.inverse * (straight + turn * column * (span * span / 2))
        sideways = flow.shaped(partials * arb_mat(n + 1, 1, [*space, arb(0)]))
        slack = line.inverse * _columns(line.jacobian + turn * span + sideways, n)
        image = [
            sum(((int(i == j) - slack[i, j]) * space[j] for j in range(n)), -bend[i, 0])
            for i in range(n)
        ]
        wider = [_inflated(side, c) for side, c in zip(image, line.centre, strict=True)]
        if contracts(image, space):
            return [a if b.contains(a) else b for a, b in zip(wider, space, strict=True)]
        if not all(side.is_finite() for side in wider):
            return None
        space = wider
    return None


def _inflated(side: arb, centre: arb) -> arb:
    """A larger ball around 0: the next box Y to try."""
    return arb(0, (abs(side).upper() * arb("1.25") + (1 + abs(centre)) * FLOOR).upper())


def _tangent(inverse: arb_mat, jacobian: arb_mat) -> list[arb]:
    """v with ∂F/∂x·v + ∂F/∂α ≈ 0, exact numbers."""
    n = jacobian.nrows()
    tangent = inverse * arb_mat(n, 1, [-jacobian[i, n] for i in range(n)])
    return [side.mid() for side in tangent.entries()]


def _node(flow: Flow, region: Sequence[arb], alpha: arb) -> list[arb] | None:
    """A narrow box inside ``region`` with a solution at ``alpha``: the one of the region.

    Newton's iteration proposes its centre, Krawczyk's test proves it.
    """
    centre = [side.mid() for side in region]
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
    if image is None or not contracts(image, narrow):
        return None
    inside = all(a.contains(b) for a, b in zip(region, image, strict=True))
    return image if inside else None


def _inverse(jacobian: arb_mat) -> arb_mat | None:
    """An approximate inverse of the first columns, exact entries."""
    try:
        inverse = _columns(jacobian, jacobian.nrows()).mid().inv().mid()
    except ZeroDivisionError:
        return None
    return inverse if all(entry.is_finite() for entry in inverse.entries()) else None


def _columns(matrix: arb_mat, n: int) -> arb_mat:
    """The first n columns: derivatives by the variables."""
    return arb_mat(n, n, [matrix[i, j] for i in range(n) for j in range(n)])
