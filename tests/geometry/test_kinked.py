"""Cells with kinks: bounds above and below, and systems over Q(α), against plain evaluation."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from flint import fmpq, fmpz_poly
from test_kinked_duals import FAMILIES

from geometry.cell_programs import program_of
from geometry.kinked import KinkedProgram
from geometry.polynomial_systems import solve_state
from piecewise.exact import to_fmpq
from piecewise.objective import ConvexObjective

NAMES = ("unit with absolute loss", "unit with absolute loss and lasso", "absolute loss with lasso")


def programs():
    for name in NAMES:
        for seed in range(6):
            problem = FAMILIES[name](Random(seed))
            objective = ConvexObjective(problem)
            for key in list(objective.keys())[:4]:
                program = program_of(objective.cell(key))
                assert isinstance(program, KinkedProgram)
                yield problem, key, program


def test_the_value_at_a_fixed_point_is_bounded_from_above_for_all_alpha() -> None:
    for problem, key, program in programs():
        lower, upper = (to_fmpq(end) for end in problem.interval)
        at = lower + (upper - lower) / 3
        stationary = program.stationary(program.optimum(at))
        above = program.value_at_fixed(stationary, at)
        own = program.program_at(at)
        w = [p(at) / stationary.denominator(at) for p in stationary.point]
        for k in range(9):
            alpha = lower + (upper - lower) * k / 8
            assert above(alpha) >= program._value(program.program_at(alpha), alpha, w), key
        close = program._value(own, at, w)
        assert above(at) <= close * fmpq(11, 10) + fmpq(1, 50)


def test_a_stationary_value_is_a_lower_bound_where_its_multipliers_allow_it() -> None:
    for problem, key, program in programs():
        lower, upper = (to_fmpq(end) for end in problem.interval)
        stationary = program.stationary(program.optimum((lower + upper) / 2))
        for k in range(7):
            alpha = lower + (upper - lower) * k / 6
            assert stationary.denominator(alpha) >= 0
            below = stationary.value_denominator(alpha)
            if below == 0 or any(p(alpha) < 0 for p in stationary.multipliers):
                continue
            bound = fmpq(stationary.value_numerator(alpha)) / below
            assert bound <= program.minimise(alpha)[0], key
            if all(p(alpha) >= 0 for p in stationary.slacks):
                assert bound == program.minimise(alpha)[0], key


def test_systems_with_pins_and_coupled_rows_are_solved() -> None:
    """2Hw − G = Bᵀμ and Bw = levels, for H = [[2, α, 0], [α, 1 + α², 0], [0, 0, 2]]."""
    x, one, zero = fmpz_poly([0, 1]), fmpz_poly([1]), fmpz_poly([])
    two = fmpz_poly([2])
    hessian = [[two, x, zero], [x, one + x * x, zero], [zero, zero, two]]
    linear = [fmpz_poly([3]), x, fmpz_poly([-1])]
    rows = [[one, x, zero], [zero, zero, fmpz_poly([-3])]]
    levels = [fmpz_poly([2, 1]), fmpz_poly([5])]
    point, below, multipliers, factor = solve_state(hessian, linear, rows, levels)
    for at in (0, 1, -2, Fraction(5, 7)):
        alpha = to_fmpq(Fraction(at))
        d = below(alpha)
        assert d > 0
        w = [fmpq(p(alpha)) / d for p in point]
        mu = [fmpq(m(alpha)) / (factor * d) for m in multipliers]
        for row, level in zip(rows, levels, strict=True):
            assert sum(a(alpha) * v for a, v in zip(row, w, strict=True)) == level(alpha)
        for i in range(3):
            image = sum(hessian[i][j](alpha) * w[j] for j in range(3))
            pull = sum(rows[r][i](alpha) * mu[r] for r in range(2))
            assert 2 * image - linear[i](alpha) == pull
