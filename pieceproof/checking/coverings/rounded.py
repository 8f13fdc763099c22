"""Scores in floating point, without any bound of their errors: for choices, never for proofs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pieceproof.checking.coverings.compiled.records import Integers
from pieceproof.checking.coverings.models import Model
from pieceproof.checking.enclosing.ranges import Array


class Rounded:
    """The scores of the items of a model at many points at once."""

    def __init__(self, model: Model) -> None:
        network = self.network = model.network
        inputs = [item.x for item in model.items]
        self.inputs = np.array([[int(v.p) / int(v.q) for v in x] for x in inputs])
        self.points = np.array([int(b.p) / int(b.q) for b in network.breakpoints])
        pairs = list(zip(network.first, network.second, strict=True))
        size = max(len(q.coeffs()) for pair in pairs for q in pair) or 1
        table = [[[q[m] for m in range(size)] for q in pair] for pair in pairs]
        self.pieces = np.array(
            [[[int(c.p) / int(c.q) for c in row] for row in pair] for pair in table]
        )
        offset = network.offset
        self.offset = None if offset is None else int(offset.p) / int(offset.q)
        outputs = network.outputs
        self.outputs = None if outputs is None else np.array([int(v.p) / int(v.q) for v in outputs])

    def __call__(self, alpha: Array, w: Array, signs: Sequence[int] = ()) -> Array:
        """(B, items) for α (B,) and w (B, d)."""
        return self._scores(alpha, w, signs)[0]

    def with_gradient(
        self, alpha: float, w: Array, signs: Sequence[int] = ()
    ) -> tuple[Array, Array]:
        """(items,) and (items, 1 + d), the derivatives in (α, w), at one point."""
        values, slopes = self._scores(np.array([alpha]), w[None], signs, derivatives=True)
        return values[0], slopes[0]

    def _scores(
        self, alpha: Array, w: Array, signs: Sequence[int], derivatives: bool = False
    ) -> tuple[Array, Array]:
        network = self.network
        b, n = w.shape[0], 1 + w.shape[1]
        items = len(self.inputs)
        below = [np.broadcast_to(column, (b, items)) for column in self.inputs.T]
        rises = [np.zeros((b, items, n))] * len(below)
        units = iter(network.incoming)
        for width in network.hidden:
            values, slopes = [], []
            for _ in range(width):
                own = next(units)
                z, dz = self._sum(w, own, below, rises, network.bias, derivatives)
                value, rise, along = self._activate(alpha, z)
                values.append(value)
                if derivatives:
                    da = rise[:, :, None] * dz
                    da[:, :, 0] += along
                    slopes.append(da)
                else:
                    slopes.append(dz)
            below, rises = values, slopes
        if self.outputs is None:
            start = network.incoming[-1][-1] + 1
            own = tuple(range(start, start + len(below)))
            found, df = self._sum(w, own, below, rises, False, derivatives)
        else:
            weights = np.array(signs, dtype=float) if signs else self.outputs
            found = np.sum([v * a for v, a in zip(weights, below, strict=True)], axis=0)
            df = np.sum([v * a for v, a in zip(weights, rises, strict=True)], axis=0)
        if self.offset is not None:
            return found + self.offset, df
        if derivatives:
            df = df.copy()
            df[:, :, -1] += 1.0
        return found + w[:, -1:], df

    @staticmethod
    def _sum(
        w: Array,
        own: Sequence[int],
        below: Sequence[Array],
        rises: Sequence[Array],
        bias: bool,
        derivatives: bool,
    ) -> tuple[Array, Array]:
        z = np.zeros_like(below[0])
        dz = np.zeros_like(rises[0])
        for index, a, da in zip(own, below, rises, strict=False):
            z = z + w[:, index, None] * a
            if derivatives:
                dz = dz + w[:, index, None, None] * da
                dz[:, :, 1 + index] += a
        if bias:
            z = z + w[:, own[-1], None]
            if derivatives:
                dz[:, :, 1 + own[-1]] += 1.0
        return z, dz

    def _activate(self, alpha: Array, z: Array) -> tuple[Array, Array, Array]:
        """σ_α(z), its slope, and its derivative in α."""
        place = np.searchsorted(self.points, z, side="right")
        first = second = rise_first = rise_second = np.zeros_like(z)
        for m in range(self.pieces.shape[2] - 1, -1, -1):
            rise_first, rise_second = rise_first * z + first, rise_second * z + second
            first = first * z + self.pieces[place, 0, m]
            second = second * z + self.pieces[place, 1, m]
        share = alpha[:, None]
        value = second + share * (first - second)
        return value, rise_second + share * (rise_first - rise_second), first - second


def errors_at(model: Model, values: Array) -> Integers:
    """Errors of scores (B, items)."""
    total = np.zeros(len(values), dtype=np.int64)
    for i, item in enumerate(model.items):
        v = values[:, i]
        total += np.where(v > 0, item.cost(1), np.where(v < 0, item.cost(-1), item.cost(0)))
    return total
