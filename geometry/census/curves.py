"""The value of a branch over its tubes as chords with error bands.

In the coordinates of a piece of a tube, x = c + vβ + qβ² + Ty and α = m + β, the objective is
a polynomial P(β, y), computed exactly, and |y_k| ≤ Y_k on the branch. So

    v(α) ∈ P(β, 0) ± Σ_{a≠0} |p_{ab}| Y^a |β|^b,

and P(β, 0) differs from its chord over [β₀, β₁] by at most max |P″|·(β₁ − β₀)²/8. Expanding at
the branch avoids the cancellation of large terms, as in ``geometry.recentred``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import inf, nextafter

from flint import arb, arb_poly, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from geometry.boxes import Interval, ball, interval
from geometry.branch_values import ValueFunction
from geometry.branches import Branch
from geometry.census.records import Chord
from geometry.continuation import Piece, Tube, follow
from geometry.families import Family
from geometry.recentred import Flow, moving_coordinates
from piecewise.exact import to_fmpq, to_fraction

PARTS = 32
"""Chords per branch, at least, where the branch may be feasible."""

SHORTER = 4
"""There tubes are followed again in steps shorter by this factor: y grows like |β|³, and the
error of the value like y²."""

CLOSE = 2.0**-20
"""Chords are not cut for errors below this part of the value."""

TIGHTENED = 3
"""Times the bounds of y are improved by the contraction that proves them."""


class Values:
    """Value curves of the branches of one family."""

    def __init__(self, family: Family) -> None:
        names = family.system.names
        context = fmpq_mpoly_ctx.get(names, "degrevlex")
        self._objective: fmpq_mpoly = context.from_dict(
            {m: to_fmpq(Fraction(c)) for m, c in family.objective.items()}
        )
        self._values = ValueFunction(family)
        self._flow = Flow(family.system)

    def curve(self, branch: Branch) -> tuple[Chord, ...]:
        """v along a branch, from left to right.

        Outside the cell values are of no consequence: there chords have no error bands.
        """
        if branch.is_feasible is False:
            left = [*reversed(list(self._nodes(branch.down))), *self._nodes(branch.up)]
            return tuple(left)
        lower, upper = branch.reach
        longest = (upper - lower) / PARTS
        chords = [
            chord
            for tube in (branch.down, branch.up)
            for piece in self._shorter(tube, branch.multiplicity)
            for chord in self._chords(piece, longest, longest / PARTS)
        ]
        return tuple(sorted(chords, key=lambda chord: chord.alpha))

    def _shorter(self, tube: Tube, multiplicity: int) -> Iterator[Piece]:
        """The pieces of a tube in shorter steps; multiple solutions are not followed again."""
        for piece, (first, last) in zip(tube.pieces, pairwise(tube.nodes), strict=True):
            found: list[Piece] = []
            alpha, box = first
            for k in range(1, SHORTER + 1) if multiplicity == 1 else ():
                target = first[0] + (last[0] - first[0]) * Fraction(k, SHORTER)
                part = follow(self._flow, box, alpha, target)
                if part.reached != target:
                    break
                found += part.pieces
                alpha, box = part.nodes[-1]
            yield from found if alpha == last[0] else [piece]

    def _nodes(self, tube: Tube) -> Iterator[Chord]:
        """Chords between the nodes of a tube, in its order."""
        heights = [(alpha, self._middle(self._values.at(alpha, box))) for alpha, box in tube.nodes]
        for ends in pairwise(heights):
            (left, start), (right, end) = sorted(ends)
            yield Chord((left, right), start, end, None)

    @staticmethod
    def _middle(value: Interval) -> float:
        return float(sum(value) / 2)

    def _chords(self, piece: Piece, longest: Fraction, shortest: Fraction) -> Iterator[Chord]:
        """Chords no longer than ``longest``, cut down to ``shortest`` where P bends."""
        along, across = self._split(piece)
        second = along.derivative().derivative()
        model = self._flow.recentred(
            piece.origin, (piece.centre, piece.slope, piece.bend), piece.frame
        )
        pending = [piece.alpha]
        while pending:
            left, right = pending.pop()
            betas = [to_fmpq(alpha - piece.origin) for alpha in (left, right)]
            span, eta = ball(*betas), arb(max(map(abs, betas)))
            sides = [arb(to_fmpq(side[1])) for side in piece.space]
            for _ in range(TIGHTENED):
                image = sides if model is None else model.image(eta, sides)
                sides = [a if bool(a < b) else b for a, b in zip(image, sides, strict=True)]
            bent = abs(arb_poly(second)(span)) * arb(betas[1] - betas[0]) ** 2 / 8
            aside = _aside(across, sides, eta)
            start, end = (along(beta) for beta in betas)
            fine = (aside + (abs(arb(start)) + abs(arb(end))) * CLOSE).upper()
            if right - left <= longest and not bool(bent > fine and right - left > shortest):
                yield _banded((left, right), start, end, bent + aside)
            else:
                middle = (left + right) / 2
                pending += [(left, middle), (middle, right)]

    def _split(self, piece: Piece) -> tuple[fmpq_poly, dict[tuple[int, ...], fmpq]]:
        """P(β, 0), and the |p_{ab}| with a ≠ 0."""
        curve = piece.centre, piece.slope, piece.bend
        places = moving_coordinates(piece.origin, curve, piece.frame)
        along: dict[int, fmpq] = {}
        across: dict[tuple[int, ...], fmpq] = {}
        for monomial, coefficient in self._objective.compose(*places).terms():
            exponents = tuple(int(e) for e in monomial)
            if any(exponents[:-1]):
                across[exponents] = abs(coefficient)
            else:
                along[exponents[-1]] = coefficient
        return _univariate(along), across


def _aside(across: dict[tuple[int, ...], fmpq], sides: Sequence[arb], eta: arb) -> arb:
    """Σ |p_{ab}| Y^a η^b."""
    total = arb(0)
    for exponents, size in across.items():
        term = arb(size)
        for side, exponent in zip((*sides, eta), exponents, strict=True):
            if exponent:
                term *= side**exponent
        total += term
    return total


def _univariate(coefficients: dict[int, fmpq]) -> fmpq_poly:
    top = max(coefficients, default=-1)
    return fmpq_poly([coefficients.get(k, fmpq(0)) for k in range(top + 1)])


def _banded(alpha: Interval, start: fmpq, end: fmpq, error: arb) -> Chord:
    """With ends rounded to floats, and the rounding in the error."""
    ends = [float(to_fraction(value)) for value in (start, end)]
    rounding = max(
        abs(Fraction(rounded) - to_fraction(value))
        for rounded, value in zip(ends, (start, end), strict=True)
    )
    bound = interval(error)[1] + rounding
    return Chord(alpha, ends[0], ends[1], nextafter(float(bound), inf))
