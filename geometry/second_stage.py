"""The best minimiser: min g over argmin f, where a convex cell has several minimisers.

Let w_S, with multipliers, minimise f over the closed cell at α. By complementary slackness and
convexity a w of the cell is a minimiser of f iff

    H(w − w_S) = 0,   the strict equations of S hold,   σ_k z_k(w) ≥ 0 for kinks at a bound

(|τ_k| = ρ_k > 0, with σ_k the sign of τ_k). These are affine in w, with coefficients that are
polynomials in α. Where g is convex on the cell too, as it is for a linear model and on refined
cells (:mod:`geometry.refinement`), min g over them is once more a parametric convex program: the
equations become kinks that are held at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from flint import fmpq, fmpq_poly, fmpz_poly

from geometry.algebraic import RealAlgebraic
from geometry.convex import bound_cell
from geometry.envelope import Envelope
from geometry.intervals import Interval
from geometry.kinked import KinkedProgram
from geometry.nonsmooth import NonsmoothProgram, State
from geometry.polynomial_systems import SingularSystem
from geometry.polynomials import as_text, from_text
from geometry.rational_functions import RationalFunction
from geometry.stationary import CellProgram, Stationary
from geometry.validation_values import Path
from piecewise.exact import to_fmpq
from piecewise.objective import ConvexCell
from piecewise.quadratics import Kink

Sign = Callable[[fmpz_poly], int]

GRADIENT = "gradient"
"""``w_bmi:gradient`` names the equation that this entry of H(w − w_S) is 0."""

RANKED = 3
"""Rational α at which the rank of the equations is asked; the greatest rank counts."""


@dataclass(frozen=True)
class Goal:
    """The loss g on a cell, and the names of all parameters."""

    cell: ConvexCell
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Best:
    """On [lower, upper], perhaps a point, ``path`` is a minimiser of f with the least g."""

    lower: RealAlgebraic
    upper: RealAlgebraic
    first: tuple[str, ...]
    """The active set of w_S."""
    labels: tuple[str, ...]
    path: Path
    function: RationalFunction
    weak: tuple[fmpz_poly, ...] = ()
    """At their roots a multiplier of the bound of g has a pole: there may be better minimisers of
    f at such an α than the limits of those beside it."""

    def __reduce__(self) -> tuple[Any, ...]:
        own = (self.lower, self.upper, self.first, self.labels, self.path, self.function)
        return _restored, (*own, [as_text(p) for p in self.weak])


def _restored(
    lower: RealAlgebraic,
    upper: RealAlgebraic,
    first: tuple[str, ...],
    labels: tuple[str, ...],
    path: Path,
    function: RationalFunction,
    weak: list[list[str]],
) -> Best:
    return Best(lower, upper, first, labels, path, function, tuple(map(from_text, weak)))


def best_on(
    goal: Goal, program: CellProgram, first: Stationary, within: Interval, sign: Sign
) -> list[Best]:
    """min g over the minimisers of f on an interval inside which no sign changes.

    Args:
        goal: the loss g on the cell of ``program``.
        program: the loss f on the cell.
        first: a minimiser w_S of f on the interval.
        within: the interval.
        sign: the sign of a polynomial inside it.
    """
    second = _independent_at(goal, program, first, sign, within)
    bound = bound_cell(second, Envelope(), within)
    found = []
    for segment in sorted(bound.improvements, key=lambda each: each.interval.lower):
        stationary = second.stationary(second.active_set(segment.active))
        point, denominator = second.full_point(stationary)
        found.append(
            Best(
                segment.interval.lower,
                segment.interval.upper,
                tuple(program.labels[j] for j in first.active),
                second.named(segment.active),
                Path(point, denominator),
                segment.function,
                second.poles(stationary),
            )
        )
    return found


def best_at(goal: Goal, program: CellProgram, alpha: RealAlgebraic) -> Best | None:
    """min g over the minimisers of f on the cell at one α; None if it is not found.

    The first minimiser is computed anew: S need not have multipliers at an event. At an irrational
    α active sets that are optimal at rational numbers close by are tried.
    """
    if alpha.is_rational:
        return _attempt(goal, program, alpha, alpha.lower)
    for near in map(to_fmpq, alpha.isolating_interval()):
        best = _attempt(goal, program, alpha, near)
        if best is not None:
            return best
    return None


def _attempt(goal: Goal, program: CellProgram, alpha: RealAlgebraic, near: fmpq) -> Best | None:
    """The best minimiser at α by the active sets that are optimal at a number close by."""
    first = program.stationary(program.optimum(near))
    if not _holds(first, alpha):
        return None
    try:
        second = _SecondStage(goal, program, first, alpha.sign_of, alpha)
        stationary = second.stationary(second.optimum(near))
    except SingularSystem:
        return None
    if not _holds(stationary, alpha):
        return None
    numerators, denominator = second.full_point(stationary)
    if not all(alpha.sign_of(p) == 0 for p in second.defects(numerators, denominator)):
        return None
    path, function = Path(numerators, denominator), stationary.value
    if alpha.is_rational:
        path, function = _numbers(path, stationary, near)
    return Best(
        alpha,
        alpha,
        tuple(program.labels[j] for j in first.active),
        second.named([second.labels[j] for j in stationary.active]),
        path,
        function,
    )


def _holds(stationary: Stationary, alpha: RealAlgebraic) -> bool:
    """Whether the stationary point exists at α, is feasible there and has its multipliers."""
    return alpha.sign_of(stationary.denominator) != 0 and all(
        alpha.sign_of(p) >= 0 for p in (*stationary.slacks, *stationary.multipliers)
    )


def _numbers(path: Path, stationary: Stationary, at: fmpq) -> tuple[Path, RationalFunction]:
    """The point and the value at a rational α as constants."""
    value = fmpq(stationary.value_numerator(at)) / stationary.value_denominator(at)
    point = [fmpq(p(at)) / path.denominator(at) for p in path.point]
    scale = _common([value, *point])
    return (
        Path([fmpz_poly([int(c * scale)]) for c in point], fmpz_poly([scale])),
        RationalFunction.reduced(fmpz_poly([int(value * scale)]), fmpz_poly([scale])),
    )


def _common(values: Sequence[fmpq]) -> int:
    scale = 1
    for value in values:
        scale *= int((value * scale).q)
    return scale


def _independent_at(
    goal: Goal, program: CellProgram, first: Stationary, sign: Sign, within: Interval
) -> _SecondStage:
    """The second stage with equations that imply all others throughout.

    They are chosen at the best of a few rational α: the rank is full at all but finitely many. (If
    it were full at none of these, the checker would miss an equation at the minimiser.)
    """
    ranked = []
    for at in islice(within.samples(), RANKED):
        second = _SecondStage(goal, program, first, sign, RealAlgebraic.rational(at))
        ranked.append((second.equations, second))
    return max(ranked, key=lambda pair: pair[0])[1]


class _SecondStage(KinkedProgram):
    """The program min g over argmin f, with the minimiser w_S as its starting point."""

    def __init__(
        self, goal: Goal, program: CellProgram, first: Stationary, sign: Sign, at: RealAlgebraic
    ) -> None:
        point, denominator = program.full_point(first)
        self.all_equations = _equations(goal.names, program, first, sign)
        equations = _independent(self.all_equations, at)
        sides = program.sides(first, sign)
        kinks = tuple(
            Kink(f"v{kink.label[1:]}", kink.weight, kink.normal, kink.offset, kink.unit)
            for kink in goal.cell.kinks
        )
        kinks += sides
        kinks += tuple(
            Kink(
                label,
                fmpz_poly([]),
                tuple(denominator * entry for entry in row),
                sum([a * p for a, p in zip(row, point, strict=True)], fmpz_poly([])),
            )
            for label, row in equations
        )
        super().__init__(replace(goal.cell, kinks=kinks))
        self.equations, self.one_sided = len(equations), len(sides)
        self._first = (point, denominator)

    def poles(self, stationary: Stationary) -> tuple[fmpz_poly, ...]:
        """Denominators, in lowest terms, of the multipliers that no weight bounds."""
        below = stationary.multiplier_denominator
        state = self._state_of(stationary.active)
        free = len(self.kinks) - self.equations - self.one_sided
        kinks = stationary.forces[len(state.active) :]
        forces = [
            *stationary.forces[: len(state.active)],
            *(force for k, force in zip(state.zeros, kinks, strict=True) if k >= free),
        ]
        reduced = [below // below.gcd(force) for force in forces]
        return tuple(p for p in reduced if p.degree() > 0)

    def defects(self, point: Sequence[fmpz_poly], denominator: fmpz_poly) -> list[fmpz_poly]:
        """What vanishes where point/denominator satisfies all equations, those left out too."""
        origin, below = self._first
        return [
            sum(
                [
                    a * (p * below - o * denominator)
                    for a, p, o in zip(row, point, origin, strict=True)
                ],
                fmpz_poly([]),
            )
            for _, row in self.all_equations
        ]

    def _warm_start(self, program: NonsmoothProgram) -> tuple[list[fmpq], State | None]:
        return self.start, None

    def program_at(self, alpha: fmpq) -> NonsmoothProgram:
        """The convex program at a rational α; it starts from w_S."""
        point, denominator = self._first
        below = denominator(alpha)
        self.start = [fmpq(point[i](alpha)) / below for i in self.live]
        return super().program_at(alpha)

    def named(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Labels for a document: sides and equations that hold by their own name."""
        count = self.equations + self.one_sided
        names: dict[str, str] = {}
        for kink in self.kinks[len(self.kinks) - count :]:
            names |= {f"{kink.label}:zero": kink.label, f"{kink.label}:positive": ""}
        return tuple(name for name in (names.get(label, label) for label in labels) if name)


def _equations(
    names: Sequence[str], program: CellProgram, first: Stationary, sign: Sign
) -> list[tuple[str, list[fmpz_poly]]]:
    """Strict equations of S and rows of H, with labels, in all parameters."""
    size = len(names)

    def widened(row: Sequence[fmpz_poly]) -> list[fmpz_poly]:
        full = [fmpz_poly([])] * size
        for i, entry in zip(program.live, row, strict=True):
            full[i] = entry
        return full

    found = [
        (equation.label, widened(equation.row))
        for equation in program.held(first)
        if all(sign(p) > 0 for p in equation.margins)
    ]
    return found + [
        (f"{names[i]}:{GRADIENT}", widened(row))
        for i, row in zip(program.live, program.hessian, strict=True)
        if any(row)
    ]


def _independent(
    equations: Sequence[tuple[str, list[fmpz_poly]]], at: RealAlgebraic
) -> list[tuple[str, list[fmpz_poly]]]:
    """The first of the equations that are independent at α; all others follow there.

    Elimination in the field Q(α), whose elements are polynomials modulo that of α.
    """
    modulus = fmpq_poly(at.polynomial)
    chosen: list[tuple[str, list[fmpz_poly]]] = []
    reduced: list[tuple[int, list[fmpq_poly]]] = []
    for label, row in equations:
        rest = [fmpq_poly(entry) % modulus for entry in row]
        for pivot, other in reduced:
            factor = rest[pivot]
            if factor:
                rest = [(a - factor * b) % modulus for a, b in zip(rest, other, strict=True)]
        pivot = next((i for i, entry in enumerate(rest) if entry), len(rest))
        if pivot < len(rest):
            _, inverse, _ = rest[pivot].xgcd(modulus)
            reduced.append((pivot, [entry * inverse % modulus for entry in rest]))
            chosen.append((label, row))
    return chosen
