"""The objective on a cell: convex in w, with coefficients polynomial in α.

For one hidden layer with piecewise linear σ_α and fixed output weights the residual on
a cell is r_t = Σ_k v_k (s_kt(α)·(x̃_t·w_k) + q_kt(α)) + c − y_t, with slope s and
intercept q affine in α. Hence on a cell

    scale · f(α, w) = wᵀH(α)w − 2 g(α)ᵀw + c(α),   H(α) ⪰ 0,

with integer polynomials of degree ≤ 2, integer scale > 0 (:mod:`piecewise.gram`). The
absolute loss and the penalty |w|₁ add kinks (:mod:`piecewise.quadratics`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from piecewise.errors import NotYetSupported
from piecewise.gram import GramSums
from piecewise.graphs import GraphConvolution
from piecewise.layers import DEFAULT_MAX_CELLS, CellKey, Constraint, LayerCells
from piecewise.networks import TRAINABLE, FeedForward
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem
from piecewise.quadratics import Kink, Quadratic
from piecewise.residuals import Residuals

__all__ = ["DEFAULT_MAX_CELLS", "CellKey", "Constraint", "ConvexCell", "ConvexObjective"]


@dataclass(frozen=True)
class ConvexCell:
    """The problem min { f(α, w) : w in the closed cell } on one cell.

    ``constraints`` describe the closed cell, ``witness`` is an interior point.
    """

    key: CellKey
    objective: Quadratic
    constraints: tuple[Constraint, ...]
    witness: tuple[Fraction, ...]
    kinks: tuple[Kink, ...] = ()


class ConvexObjective(LayerCells):
    """The objective of a :class:`Problem` whose cells are all convex.

    Supported: squared or absolute loss with a linear model, or one hidden layer with
    piecewise linear activations and output weights fixed or ``"signs"``; any penalty.

    Raises:
        NotYetSupported: any other model or loss.
    """

    def __init__(self, problem: Problem, max_cells: int = DEFAULT_MAX_CELLS) -> None:
        reason = refusal(problem)
        if reason is not None:
            raise NotYetSupported(reason)
        super().__init__(problem, max_cells)

    @cached_property
    def _gram(self) -> GramSums:
        return GramSums(self.problem, self.rows, self.unit_cells)

    @cached_property
    def _residuals(self) -> Residuals:
        return Residuals(self.problem, self.rows, self.unit_cells)

    def cell(self, key: CellKey) -> ConvexCell:
        """The convex problem on the cell with the given key."""
        weights: tuple[Fraction, ...] = ()
        if self.network is not None:
            fixed = key.signs if self.has_signs else self.network.output_weights
            weights = tuple(Fraction(weight) for weight in fixed)
        states = list(zip(self.arrangement_of, key.cells, strict=True))
        if self.problem.loss == "absolute":
            quadratic, kinks = self._residuals.objective(states, weights)
        else:
            quadratic, kinks = self._gram.quadratic(states, weights)
        return ConvexCell(key, quadratic, self.constraints(key), self.witness(key), kinks)


def refusal(problem: Problem) -> str | None:
    """Why the cells of a problem are not convex problems; None if they are."""
    model = problem.model
    if problem.validation is not None:
        training = refusal(problem.training())
        return training or "held-out examples; their loss is no minimum over a cell"
    if problem.loss not in ("squared", "absolute"):
        return f"loss {problem.loss!r}; the exact dual covers the squared and the absolute loss"
    if reason := _concave_penalty(problem):
        return reason
    if isinstance(model, GraphConvolution):
        return "a graph convolution; its dual is computed in another way"
    if isinstance(model, Polynomial):
        return "a polynomial objective; its dual is enclosed"
    if not isinstance(model, FeedForward):
        return None
    if len(model.hidden) > 1:
        return f"{len(model.hidden)} hidden layers; the exact dual covers one hidden layer"
    if model.activation.degree > 1:
        return (
            f"activation {model.activation!r} of degree {model.activation.degree}; "
            "the exact dual covers piecewise linear activations"
        )
    if model.output_weights == TRAINABLE:
        return (
            'output_weights = "trainable"; give numbers, or "signs" (the same minimum for '
            "positively homogeneous activations in an unbounded box)"
        )
    return None


def _concave_penalty(problem: Problem) -> str | None:
    """Why the penalty is not convex for all α in A, if it is not."""
    chosen, lower = problem.regulariser, problem.interval[0]
    if chosen is None or lower >= 0 or (not chosen.ratio and lower + problem.weight_decay >= 0):
        return None
    name = "ridge" if not chosen.ratio else "lasso" if chosen.ratio == 1 else "elastic net"
    return f"a {name} penalty that is negative at α = {lower}; start A at α ≥ 0"
