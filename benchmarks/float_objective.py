"""f(α, w) of any problem in floating point, for many w at once: what local searches minimise."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from piecewise.graphs import GraphConvolution
from piecewise.networks import SIGNS, TRAINABLE, FeedForward
from piecewise.patterns import sign_choices
from piecewise.polynomials import Polynomial
from piecewise.problems import Examples, Problem

Array = npt.NDArray[np.float64]
STEP = 1e-7
"""Of forward differences."""


class BatchObjective:
    """f, and its gradient by differences, for points (B, d)."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.lower = np.array([float(p.lower) for p in problem.parameters])
        self.upper = np.array([float(p.upper) for p in problem.parameters])
        self.x, self.y = arrays(problem)
        self.penalised = True
        self.signs = np.array(
            [[float(s) for s in signs] for signs in sign_choices(problem)], dtype=float
        )
        model = problem.model
        if isinstance(model, GraphConvolution) and model.has_signs:
            choices = np.indices((2,) * (model.hidden or 0)).reshape(model.hidden or 0, -1).T
            self.signs = 2.0 * choices - 1
        if isinstance(model, FeedForward):
            self.points = np.array([float(b) for b in model.activation.breakpoints])
            pairs = [list(zip_longest(*pair, fillvalue=0)) for pair in model.activation.pairs]
            self.pieces = np.zeros((max(map(len, pairs)), len(pairs), 2))
            for piece, coefficients in enumerate(pairs):
                for power, both in enumerate(coefficients):
                    self.pieces[power, piece] = [float(c) for c in both]
        if isinstance(model, GraphConvolution):
            size = len(model.nodes)
            self.weights, self.joined = np.zeros((size, size)), np.zeros((size, size), dtype=bool)
            for i, j, weight in model.edges:
                self.weights[i, j] = self.weights[j, i] = float(weight)
                self.joined[i, j] = self.joined[j, i] = True

    @classmethod
    def of_validation(cls, problem: Problem) -> BatchObjective | None:
        """The loss on the held-out examples, without penalties; None where there are none."""
        if problem.validation is None:
            return None
        held = cls(problem.training())
        held.x, held.y = arrays(problem.validation)
        held.penalised = False
        return held

    def values(self, alpha: float, w: Array) -> Array:
        """f at every row of ``w``."""
        model = self.problem.model
        if isinstance(model, Polynomial):
            point = np.hstack([np.full((len(w), 1), alpha), w])
            return np.array(
                sum(float(c) * np.prod(point ** np.array(e), axis=1) for e, c in model.terms)
            )
        # (choices of signs, B, T) or (B, T)
        loss = self._loss(self.predictions(alpha, w) - self.y)
        total = loss.mean(axis=-1) if self.problem.reduction == "mean" else loss.sum(axis=-1)
        if total.ndim == 2:
            total = total.min(axis=0)
        return np.array(total + self._penalty(alpha, w) if self.penalised else total)

    def gradient(self, alpha: float, w: Array) -> tuple[float, Array]:
        """f and its gradient at one point, by one call for all differences."""
        steps = STEP * (1 + np.abs(w))
        found = self.values(alpha, np.vstack([w, w + np.diag(steps)]))
        return float(found[0]), (found[1:] - found[0]) / steps

    def _loss(self, residuals: Array) -> Array:
        if self.problem.loss == "squared":
            return residuals**2
        if self.problem.loss == "absolute":
            return np.abs(residuals)
        return ((residuals + self.y) * self.y <= 0).astype(float)

    def _penalty(self, alpha: float, w: Array) -> Array:
        total = float(self.problem.weight_decay) * (w**2).sum(axis=1)
        regulariser = self.problem.regulariser
        if regulariser is not None:
            chosen, ratio = w[:, self.problem.penalised], float(regulariser.ratio)
            total = total + alpha * (ratio * np.abs(chosen) + (1 - ratio) * chosen**2).sum(axis=1)
        return np.array(total)

    def predictions(self, alpha: float, w: Array) -> Array:
        """ŷ for every row of ``w`` and every training example."""
        model = self.problem.model
        if isinstance(model, FeedForward):
            return self._network(model, alpha, w)
        if isinstance(model, GraphConvolution):
            return self._convolution(model, alpha, w)
        rows = np.hstack([self.x, np.ones((len(self.x), 1))]) if model.bias else self.x  # type: ignore[union-attr]
        return w @ rows.T

    def _network(self, model: FeedForward, alpha: float, w: Array) -> Array:
        outputs, at = np.broadcast_to(self.x, (len(w), *self.x.shape)), 0
        for width in model.hidden:
            fan = outputs.shape[-1]
            block = w[:, at : at + width * (fan + model.bias)].reshape(len(w), width, -1)
            at += width * (fan + model.bias)
            z = outputs @ block[..., :fan].transpose(0, 2, 1)
            outputs = self._activation(alpha, z + block[:, None, :, fan] if model.bias else z)
        width = model.hidden[-1]
        offset = w[:, -1:] if model.output_bias == TRAINABLE else float(model.output_bias)
        if model.output_weights == SIGNS:
            return np.array(np.einsum("btw,sw->sbt", outputs, self.signs) + offset)
        if model.output_weights == TRAINABLE:
            return np.array(np.einsum("btw,bw->bt", outputs, w[:, at : at + width]) + offset)
        return np.array(outputs @ np.array([float(v) for v in model.output_weights]) + offset)

    def _activation(self, alpha: float, z: Array) -> Array:
        piece = np.searchsorted(self.points, z, side="right")
        value = np.zeros_like(z)
        for first, second in zip(*np.moveaxis(self.pieces[::-1], 2, 0), strict=True):
            value = value * z + (alpha * first + (1 - alpha) * second)[piece]
        return value

    def _convolution(self, model: GraphConvolution, alpha: float, w: Array) -> Array:
        kernel = np.where(self.joined, (self.weights + alpha) ** model.degree, 0.0)
        kernel += np.eye(len(kernel))
        kernel /= kernel.sum(axis=1, keepdims=True)
        training = list(model.training)
        if model.hidden is None:
            rows = np.linalg.matrix_power(kernel, model.power) @ self.x
            return w @ rows[training].T
        hidden = np.maximum(w.reshape(len(w), model.hidden, -1) @ (kernel @ self.x).T, 0.0)
        channels = hidden @ kernel[training].T
        if model.has_signs:
            return np.array(np.einsum("bkt,sk->sbt", channels, self.signs))
        return np.array(np.einsum("bkt,k->bt", channels, [float(v) for v in model.output_weights]))


def arrays(examples: Problem | Examples) -> tuple[Array, Array]:
    """Inputs and targets."""
    return (
        np.array([[float(v) for v in row] for row in examples.inputs]),
        np.array([float(v) for v in examples.targets]),
    )
