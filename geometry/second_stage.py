"""The best minimiser: min g over argmin f, where a linear model has several minimisers.

Let w_S, with multipliers, minimise f over the box at α. By complementary slackness and
convexity a feasible w is a minimiser of f iff

    H(w − w_S) = 0,   the strict equations of S hold,   σ_k z_k(w) ≥ 0 for kinks at a bound

(|τ_k| = ρ_k > 0, with σ_k the sign of τ_k). These are affine in w, with coefficients that do not
depend on α for linear models, so min g over them is once more a parametric convex program:
the equations become kinks that are held at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import fmpq, fmpq_mat, fmpz_poly

from geometry.algebraic import RealAlgebraic
from geometry.convex import bound_cell
from geometry.envelope import Envelope
from geometry.intervals import Interval
from geometry.kinked import KinkedProgram
from geometry.nonsmooth import NonsmoothProgram, State
from geometry.rational_functions import RationalFunction
from geometry.stationary import CellProgram, Stationary
from geometry.validation_values import Path
from piecewise.objective import ConvexCell, ConvexObjective
from piecewise.problems import Problem
from piecewise.quadratics import Kink

Sign = Callable[[fmpz_poly], int]

GRADIENT = "gradient"
"""``w_bmi:gradient`` names the equation that this entry of H(w − w_S) is 0."""


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


def held_out_problem(problem: Problem) -> Problem:
    """The held-out examples as training examples without penalties."""
    if problem.validation is None:
        raise ValueError("the problem has no held-out examples")
    return Problem(
        problem.model,
        inputs=problem.validation.inputs,
        targets=problem.validation.targets,
        interval=problem.interval,
        box={p.name: (p.lower, p.upper) for p in problem.parameters},
        loss=problem.loss,
        reduction=problem.reduction,
        features=problem.features,
    )


def best_on(
    problem: Problem, program: CellProgram, first: Stationary, within: Interval, sign: Sign
) -> list[Best]:
    """min g over the minimisers of f on an interval inside which no sign changes."""
    second = _SecondStage(problem, program, first, sign, within.sample())
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
            )
        )
    return found


def best_at(problem: Problem, program: CellProgram, alpha: RealAlgebraic) -> Best:
    """min g over the minimisers of f at a rational α.

    The first minimiser is computed anew: S need not have multipliers at an event.
    """
    at = alpha.lower
    first = program.stationary(program.optimum(at))
    second = _SecondStage(problem, program, first, alpha.sign_of, at)
    stationary = second.stationary(second.optimum(at))
    labels = second.named([second.labels[j] for j in stationary.active])
    value = fmpq(stationary.value_numerator(at)) / stationary.value_denominator(at)
    numerators, denominator = second.full_point(stationary)
    point = [fmpq(p(at)) / denominator(at) for p in numerators]
    scale = _common([value, *point])
    return Best(
        alpha,
        alpha,
        tuple(program.labels[j] for j in first.active),
        labels,
        Path([fmpz_poly([int(c * scale)]) for c in point], fmpz_poly([scale])),
        RationalFunction.reduced(fmpz_poly([int(value * scale)]), fmpz_poly([scale])),
    )


def _common(values: Sequence[fmpq]) -> int:
    scale = 1
    for value in values:
        scale *= int((value * scale).q)
    return scale


class _SecondStage(KinkedProgram):
    """The program min g over argmin f, with the minimiser w_S as its starting point."""

    def __init__(
        self, problem: Problem, program: CellProgram, first: Stationary, sign: Sign, at: fmpq
    ) -> None:
        objective = ConvexObjective(held_out_problem(problem))
        goal = objective.cell(program.key)
        point, denominator = program.full_point(first)
        equations = _independent(_equations(problem, program, first, sign), at)
        kinks = tuple(
            Kink(f"v{kink.label[1:]}", kink.weight, kink.normal, kink.offset, kink.unit)
            for kink in goal.kinks
        ) + tuple(
            Kink(
                label,
                fmpz_poly([]),
                tuple(denominator * entry for entry in row),
                sum([a * p for a, p in zip(row, point, strict=True)], fmpz_poly([])),
            )
            for label, row in equations
        )
        constraints = (*goal.constraints, *program.sides(first, sign))
        cell = ConvexCell(goal.key, goal.objective, constraints, goal.witness, kinks)
        super().__init__(cell)
        self.equations = len(equations)
        self._first = (point, denominator)

    def _warm_start(self, program: NonsmoothProgram) -> tuple[list[fmpq], State | None]:
        return self.start, None

    def program_at(self, alpha: fmpq) -> NonsmoothProgram:
        """The convex program at a rational α; it starts from w_S."""
        point, denominator = self._first
        below = denominator(alpha)
        self.start = [fmpq(point[i](alpha)) / below for i in self.live]
        return super().program_at(alpha)

    def named(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Labels for a document: equations by their own name."""
        names = {
            f"{kink.label}:zero": kink.label
            for kink in self.kinks[len(self.kinks) - self.equations :]
        }
        return tuple(names.get(label, label) for label in labels)


def _equations(
    problem: Problem, program: CellProgram, first: Stationary, sign: Sign
) -> list[tuple[str, list[fmpz_poly]]]:
    """Strict equations of S and rows of H, with labels, in all parameters."""
    size = len(problem.parameters)

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
        (f"{problem.parameters[i].name}:{GRADIENT}", widened(row))
        for i, row in zip(program.live, program.hessian, strict=True)
        if any(row)
    ]


def _independent(
    equations: Sequence[tuple[str, list[fmpz_poly]]], at: fmpq
) -> list[tuple[str, list[fmpz_poly]]]:
    """The first of the equations that are independent at a rational α; all others follow."""
    chosen: list[tuple[str, list[fmpz_poly]]] = []
    numbers: list[list[fmpq]] = []
    for label, row in equations:
        values = [fmpq(entry(at)) for entry in row]
        if fmpq_mat([*numbers, values]).rank() > len(numbers):
            numbers.append(values)
            chosen.append((label, row))
    return chosen
