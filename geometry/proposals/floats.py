"""f, its derivatives and its pre-activations in floating point, for networks of any depth.

Derivatives are with respect to (α, w), coordinate 0 being α, along the pattern that holds at
the point or along a given one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from flint import fmpq_mpoly

from geometry.proposals import loops
from geometry.proposals.boundaries import pieces_reached
from geometry.proposals.loops import Array, Integers, Net
from piecewise.cell_polynomials import CellPolynomials
from piecewise.networks import SIGNS, TRAINABLE, FeedForward
from piecewise.patterns import ActivationPattern
from piecewise.problems import Problem

Pattern = npt.NDArray[np.int64]
"""``pattern[unit, example]``."""


@dataclass(frozen=True, eq=False)
class Local:
    """f at a point with gradient (n,) and Hessian (n, n), and z of all units: (U, T, …)."""

    value: float
    gradient: Array
    hessian: Array
    z: Array
    dz: Array
    ddz: Array


class FloatObjective:
    """A problem in floating point; ``signs`` are the output weights of a "signs" model.

    ``orthant``: signs of parameters at whose 0 a penalty αρ|w|₁ bends, to which W is cut.
    """

    def __init__(
        self, problem: Problem, signs: Sequence[int] = (), orthant: Mapping[int, int] | None = None
    ) -> None:
        network = problem.model
        if not isinstance(network, FeedForward):
            raise TypeError("a feedforward network is expected")
        self.problem, self.network, self.signs = problem, network, tuple(signs)
        self.x = np.array([[float(v) for v in row] for row in problem.inputs])
        self.y = np.array([float(v) for v in problem.targets])
        self.orthant = dict(orthant or {})
        ranges = [
            (p.lower if self.orthant.get(i, 0) <= 0 else Fraction(0),
             p.upper if self.orthant.get(i, 0) >= 0 else Fraction(0))
            for i, p in enumerate(problem.parameters)
        ]  # fmt: skip
        self.lower = np.array([float(low) for low, _ in ranges])
        self.upper = np.array([float(high) for _, high in ranges])
        self.points = np.array([float(b) for b in network.activation.breakpoints])
        degree = 1 + network.activation.degree
        first, second = (
            np.array([_padded(pair[k], degree) for pair in network.activation.pairs])
            for k in (0, 1)
        )
        self.outputs: Array | None = None
        if network.output_weights == SIGNS:
            self.outputs = np.array(signs, dtype=float)
        elif network.output_weights != TRAINABLE:
            self.outputs = np.array([float(v) for v in network.output_weights])
        self.d = len(problem.parameters)
        self.units = sum(network.hidden)
        trainable = network.output_bias == TRAINABLE
        ratio = 0.0 if problem.penalty is None else float(problem.penalty.ratio)
        inside = [i in problem.penalised for i in range(self.d)]
        self.reached = pieces_reached(problem, network, ranges)
        self.net = Net(
            self.x,
            self.y,
            self.points,
            np.stack([second, first - second]),
            np.array(network.hidden, dtype=np.int64),
            np.zeros(0) if self.outputs is None else self.outputs,
            0.0 if trainable else float(network.output_bias),
            network.bias,
            trainable,
            1 / len(self.y) if problem.reduction == "mean" else 1.0,
            float(problem.weight_decay),
            np.array([(1 - ratio) * own for own in inside]),
            np.array(
                [
                    ratio * own * (1.0 if low >= 0 else -1.0)
                    for own, (low, _) in zip(inside, ranges, strict=True)
                ]
            ),
            self.reached,
        )

    def values(self, alpha: float, w: Array) -> Array:
        """f at many points (B, d)."""
        return loops.values(self.net, alpha, np.ascontiguousarray(w))

    def newton(
        self, alpha: float, point: Array, pattern: Pattern, free: Integers, active: Integers,
        multipliers: Array,
    ) -> tuple[bool, Array, Array]:  # fmt: skip
        """Newton's method on the first-order system, see :func:`loops.newton`."""
        return loops.newton(self.net, alpha, point, pattern, free, active, multipliers)

    def piece(self, z: Array) -> Pattern:
        """The piece of σ at z (U, T), of those that W has use for."""
        found = np.searchsorted(self.points, z, side="right")
        return np.clip(found, self.reached[..., 0], self.reached[..., 1])

    def exact(self, pattern: Pattern) -> fmpq_mpoly:
        """f along a pattern, exactly, in Q[α, w]."""
        rows = iter(tuple(map(int, unit)) for unit in pattern)
        layers = tuple(tuple(next(rows) for _ in range(width)) for width in self.network.hidden)
        signs = dict(zip(range(self.d), map(int, np.sign(self.net.tilts)), strict=True))
        cells = CellPolynomials(self.problem, signs)
        return cells.objective(ActivationPattern(layers, self.signs))

    def local(self, alpha: float, w: Array, pattern: Pattern | None = None) -> Local:
        """Everything at one point."""
        point = np.ascontiguousarray(w)
        chosen = loops.pattern_of(self.net, alpha, point) if pattern is None else pattern
        return Local(*loops.local(self.net, alpha, point, np.ascontiguousarray(chosen)))


def _padded(coefficients: Sequence[object], size: int) -> list[float]:
    listed = [float(c) for c in coefficients]  # type: ignore[arg-type]
    return listed + [0.0] * (size - len(listed))
