"""Least squares with a design matrix that is rational in α: one rational piece.

With predictions N_t(α)·w/S(α), S > 0 on A, and the squared loss,

    T·S²·f = Σ_t (N_t·w − S·y_t)² + Tμ·S²·|w|² = wᵀHw − 2gᵀw + c

is a convex quadratic in w, with polynomials in α. A solution of H(α)w = g(α) minimises f over
R^d; if it lies in the box for all α ∈ A it minimises f over W, and ℓ*(α) = f(α, w(α)). Where H is
singular for every α, parameters whose columns depend on others are set to 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq_mat, fmpq_poly, fmpz_poly

from geometry.arcs import continuous_points
from geometry.dual import DualFunction, Piece
from geometry.intervals import Interval, is_positive, sign_changes
from geometry.rational_functions import RationalFunction
from geometry.sign_rows import determinant
from piecewise.errors import NotYetSupported
from piecewise.exact import to_fmpq
from piecewise.graphs import GraphConvolution
from piecewise.moving_quadratics import MovingQuadratic, squared_loss
from piecewise.problems import Problem
from piecewise.scores import Propagation, linear_predictions

MAX_DEGREE = 400
"""Largest degree of a value that a document may state."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class LeastSquaresDual(DualFunction):
    """ℓ* = f(α, w(α)) with w = ``numerators``/``denominator``."""

    numerators: tuple[fmpz_poly, ...]
    denominator: fmpz_poly


def refusal(problem: Problem) -> str | None:
    """Why a problem is no such least squares problem; None if it is."""
    if not isinstance(problem.model, GraphConvolution):
        return "no graph convolution"
    if problem.model.hidden is not None:
        return "a graph convolution with hidden channels"
    if problem.loss != "squared":
        return f"loss {problem.loss!r} of a graph convolution"
    if problem.regulariser is not None:
        return "a graph convolution with a penalty of strength α; use weight_decay"
    return None


def least_squares_dual(problem: Problem) -> LeastSquaresDual:
    """The dual function of a linear graph convolution with the squared loss.

    Raises:
        NotYetSupported: the minimiser leaves the box or its degrees are too large.
    """
    quadratic = _quadratic(problem)
    hessian, gradient = quadratic.hessian, quadratic.linear
    chosen = _independent(hessian)
    inner = [[hessian[i][j] for j in chosen] for i in chosen]
    below = determinant([tuple(row) for row in inner])
    numerators = [fmpz_poly()] * len(problem.parameters)
    for position, index in enumerate(chosen):
        swapped = [
            tuple(gradient[i] if k == position else entry for k, entry in enumerate(row))
            for i, row in zip(chosen, inner, strict=True)
        ]
        numerators[index] = determinant(swapped)
    excess = sum((g * n for g, n in zip(gradient, numerators, strict=True)), fmpz_poly())
    value = RationalFunction.reduced(quadratic.constant * below - excess, quadratic.scale * below)
    if max(value.numerator.degree(), value.denominator.degree()) > MAX_DEGREE:
        raise NotYetSupported(
            f"a dual loss of degree {value.denominator.degree()} in alpha, more than {MAX_DEGREE}; "
            "use a smaller degree or power, or fewer training nodes"
        )
    common = below
    for p in numerators:
        common = common.gcd(p)
    numerators, below = [p // common for p in numerators], below // common
    ends = (to_fmpq(end) for end in problem.interval)
    interval = Interval.rational(*ends)
    if below(interval.lower.lower) < 0:
        numerators, below = [-p for p in numerators], -below
    _check_box(problem, numerators, below, interval)
    piece = Piece(interval, value, (tuple(numerators),))
    return LeastSquaresDual(
        problem,
        (piece,),
        tuple(continuous_points([(interval, value)])),
        numerators=tuple(numerators),
        denominator=below,
    )


def _quadratic(problem: Problem) -> MovingQuadratic:
    """The squared loss as a quadratic in w."""
    graph = problem.model
    predictions = linear_predictions(problem)
    powers: dict[int, int] = {}
    for value in predictions:
        for node, power in value.powers.items():
            powers[node] = max(powers.get(node, 0), power)
    if not isinstance(graph, GraphConvolution):
        raise TypeError("no graph convolution")
    propagation = Propagation(graph)
    common = fmpq_poly([1])
    for node, power in powers.items():
        common *= propagation.degrees[node] ** power
    rows = [propagation.over(value, powers) for value in predictions]
    targets = [common * to_fmpq(y) for y in problem.targets]
    count = len(problem.targets) if problem.reduction == "mean" else 1
    return squared_loss(rows, targets, common, count, to_fmpq(problem.weight_decay))


def _independent(hessian: Sequence[Sequence[fmpz_poly]]) -> list[int]:
    """Indices of a largest principal minor that is not identically zero."""
    point = to_fmpq(Fraction(10_007, 7_919))
    table = fmpq_mat([[p(point) for p in row] for row in hessian])
    reduced, rank = table.rref()
    return [next(j for j in range(len(hessian)) if reduced[i, j] != 0) for i in range(rank)]


def _check_box(
    problem: Problem, numerators: list[fmpz_poly], below: fmpz_poly, interval: Interval
) -> None:
    remedy = "widen the box, or add weight_decay"
    if sign_changes(below, interval) or not is_positive(below, interval):
        raise NotYetSupported(f"a minimiser without bound on A; {remedy}")
    for parameter, p in zip(problem.parameters, numerators, strict=True):
        low, high = to_fmpq(parameter.lower), to_fmpq(parameter.upper)
        for slack in (p * low.q - below * low.p, below * high.p - p * high.q):
            alpha = interval.sample()
            if sign_changes(slack, interval) or slack(alpha) < 0:
                raise NotYetSupported(
                    f"a box that binds: the minimiser leaves it at {parameter.name}; {remedy}"
                )
