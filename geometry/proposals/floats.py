"""f, its derivatives and its pre-activations in floating point, for networks of any depth.

Derivatives are with respect to (α, w), coordinate 0 being α, along the pattern that holds at
the point or along a given one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from piecewise.networks import SIGNS, TRAINABLE, FeedForward
from piecewise.problems import Problem

Array = npt.NDArray[np.float64]
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
    """A problem in floating point; ``signs`` are the output weights of a "signs" model."""

    def __init__(self, problem: Problem, signs: Sequence[int] = ()) -> None:
        network = problem.model
        if not isinstance(network, FeedForward):
            raise TypeError("a feedforward network is expected")
        self.problem, self.network = problem, network
        self.x = np.array([[float(v) for v in row] for row in problem.inputs])
        self.y = np.array([float(v) for v in problem.targets])
        self.lower = np.array([float(p.lower) for p in problem.parameters])
        self.upper = np.array([float(p.upper) for p in problem.parameters])
        self.points = np.array([float(b) for b in network.activation.breakpoints])
        degree = 1 + network.activation.degree
        self.first, self.second = (
            np.array([_padded(pair[k], degree) for pair in network.activation.pairs])
            for k in (0, 1)
        )
        self.outputs: Array | None = None
        if network.output_weights == SIGNS:
            self.outputs = np.array(signs, dtype=float)
        elif network.output_weights != TRAINABLE:
            self.outputs = np.array([float(v) for v in network.output_weights])
        self.scale = 1 / len(self.y) if problem.reduction == "mean" else 1.0
        self.decay = float(problem.weight_decay)
        self.d = len(problem.parameters)
        self.units = sum(network.hidden)

    def values(self, alpha: float, w: Array) -> Array:
        """f at many points (B, d)."""
        outputs = [np.broadcast_to(column, (len(w), len(self.y))) for column in self.x.T]
        at = 0
        for width in self.network.hidden:
            following = []
            for _ in range(width):
                z = np.zeros((len(w), len(self.y)))
                for source in outputs:
                    z = z + w[:, at : at + 1] * source
                    at += 1
                if self.network.bias:
                    z = z + w[:, at : at + 1]
                    at += 1
                following.append(self._sigma(alpha, z, self.piece(z))[0])
            outputs = following
        total: Array = np.zeros((len(w), len(self.y)))
        for k, a in enumerate(outputs):
            if self.outputs is None:
                total = total + w[:, at : at + 1] * a
                at += 1
            else:
                total = total + self.outputs[k] * a
        if self.network.output_bias == TRAINABLE:
            total = total + w[:, at : at + 1]
        else:
            total = total + float(self.network.output_bias)
        found: Array = ((total - self.y) ** 2).sum(1) * self.scale + self.decay * (w**2).sum(1)
        return found

    def piece(self, z: Array) -> Pattern:
        """The piece of σ at z."""
        return np.searchsorted(self.points, z, side="right")

    def pattern(self, alpha: float, w: Array) -> Pattern:
        """The pattern at a point."""
        found: Pattern = self.piece(self.local(alpha, w).z)
        return found

    def local(self, alpha: float, w: Array, pattern: Pattern | None = None) -> Local:
        """Everything at one point."""
        n, t = 1 + self.d, len(self.y)
        outputs = [(column, np.zeros((t, n)), np.zeros((t, n, n))) for column in self.x.T]
        at, unit = 0, 0
        seen = []
        for width in self.network.hidden:
            following = []
            for _ in range(width):
                z, dz, ddz = self._sum(w, at, outputs)
                at += len(outputs)
                if self.network.bias:
                    z = z + w[at]
                    dz[:, 1 + at] += 1.0
                    at += 1
                seen.append((z, dz, ddz))
                chosen = self.piece(z) if pattern is None else pattern[unit]
                following.append(self._activated(alpha, z, dz, ddz, chosen))
                unit += 1
            outputs = following
        if self.outputs is None:
            r, dr, ddr = self._sum(w, at, outputs)
            at += len(outputs)
        else:
            r = sum(v * a[0] for v, a in zip(self.outputs, outputs, strict=True))
            dr = sum(v * a[1] for v, a in zip(self.outputs, outputs, strict=True))
            ddr = sum(v * a[2] for v, a in zip(self.outputs, outputs, strict=True))
        if self.network.output_bias == TRAINABLE:
            r = r + w[at]
            dr = dr.copy()
            dr[:, 1 + at] += 1.0
        else:
            r = r + float(self.network.output_bias)
        r = r - self.y
        flat = np.concatenate([[0.0], w])
        ridge = np.diag([0.0, *[1.0] * self.d])
        return Local(
            float((r**2).sum() * self.scale + self.decay * (w**2).sum()),
            2 * self.scale * (r @ dr) + 2 * self.decay * flat,
            2 * self.scale * (dr.T @ dr + np.einsum("t,tij->ij", r, ddr)) + 2 * self.decay * ridge,
            np.array([z for z, _, _ in seen]),
            np.array([dz for _, dz, _ in seen]),
            np.array([ddz for _, _, ddz in seen]),
        )

    def _sum(
        self, w: Array, at: int, outputs: Sequence[tuple[Array, Array, Array]]
    ) -> tuple[Array, Array, Array]:
        n, t = 1 + self.d, len(self.y)
        z, dz, ddz = np.zeros(t), np.zeros((t, n)), np.zeros((t, n, n))
        for i, (a, da, dda) in enumerate(outputs):
            z += w[at + i] * a
            dz += w[at + i] * da
            dz[:, 1 + at + i] += a
            ddz += w[at + i] * dda
            ddz[:, 1 + at + i, :] += da
            ddz[:, :, 1 + at + i] += da
        return z, dz, ddz

    def _activated(
        self, alpha: float, z: Array, dz: Array, ddz: Array, piece: Pattern
    ) -> tuple[Array, Array, Array]:
        s, slope, bend, tilt, turn = self._sigma(alpha, z, piece)
        da = slope[:, None] * dz
        da[:, 0] += tilt
        dda = slope[:, None, None] * ddz + bend[:, None, None] * dz[:, :, None] * dz[:, None, :]
        dda[:, 0, :] += turn[:, None] * dz
        dda[:, :, 0] += turn[:, None] * dz
        return s, da, dda

    def _sigma(
        self, alpha: float, z: Array, piece: Pattern
    ) -> tuple[Array, Array, Array, Array, Array]:
        """σ, ∂_z σ, ∂²_z σ, ∂_α σ, ∂_z∂_α σ."""
        first, second = self.first[piece], self.second[piece]
        blend = alpha * first + (1 - alpha) * second
        s, slope, bend = _derivatives(blend, z)
        tilt, turn, _ = _derivatives(first - second, z)
        return s, slope, bend, tilt, turn


def _padded(coefficients: Sequence[object], size: int) -> list[float]:
    listed = [float(c) for c in coefficients]  # type: ignore[arg-type]
    return listed + [0.0] * (size - len(listed))


def _derivatives(coefficients: Array, z: Array) -> tuple[Array, Array, Array]:
    value = np.zeros(z.shape)
    slope = np.zeros(z.shape)
    bend = np.zeros(z.shape)
    for k in reversed(range(coefficients.shape[-1])):
        bend = bend * z + 2 * slope
        slope = slope * z + value
        value = value * z + coefficients[..., k]
    return value, slope, bend
