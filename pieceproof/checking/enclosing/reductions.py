"""Dead units: the network without some of its hidden units, whose least loss f reaches.

Let K be some units of the only hidden layer, f_K the loss of the network without them, and r_t its
residuals. With s_t = Σ_{k ∈ K} v_k σ_α(z_kt),

    f(α, w) − f_K(α, w) = c·Σ_t s_t (s_t + 2 r_t) + μ·|w_K|² + α(ρ|w̃_K|₁ + (1 − ρ)|w̃_K|²),

c = 1/T or 1.

min f ≤ min f_K, since f = f_K where the units of K do nothing: their incoming weights are 0 and
σ_α(0) = 0 for every α, or their trainable outgoing weights are 0. And f ≥ min f_K in a box on which
Σ_t s_t (s_t + 2 r_t) ≥ 0: on the region of a ReLU where no example reaches a unit, across its
borders where r_t > 0, or everywhere where all targets lie below (``compiled.floors``). Where the
borders meet, w_K = 0, see ``tips``.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing.charts import Chart
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.tubes import Dead, Space
from pieceproof.checking.reading import Refuted


def check_reducible(network: Network, dead: Dead) -> None:
    """That the loss of the network without the units ``dead`` is attained by this one.

    Raises:
        Refuted: it is not, or this is not known.
    """
    if network.polynomial is not None or len(network.hidden) != 1:
        raise Refuted("dead units are those of a single hidden layer")
    piece = bisect_right(network.breakpoints, fmpq(0))
    silent = network.first[piece][0] == 0 == network.second[piece][0]
    for unit in dead:
        own, out = network.incoming[unit], network.outgoing[unit]
        resting = all(_may_vanish(network, i) for i in own)
        unread = all(_may_vanish(network, i) for i in out)
        if network.is_regularised and not (resting and unread):
            raise Refuted("a dead unit has parameters 0 under a penalty; W does not hold that")
        if not ((resting and silent) or (out and unread)):
            raise Refuted("a unit of W cannot be without influence")


def _may_vanish(network: Network, parameter: int) -> bool:
    lower, upper = network.walls[parameter]
    return bool(lower <= 0 <= upper)


def kept(network: Network, dead: Dead) -> tuple[int, ...]:
    """The parameters that the units ``dead`` do not have, in order."""
    own = parameters_of(network, dead)
    return tuple(i for i in range(network.parameters) if i not in own)


def parameters_of(network: Network, dead: Dead) -> tuple[int, ...]:
    """The parameters of the units ``dead``: what comes in, then what goes out, unit by unit."""
    return tuple(i for k in dead for i in (*network.incoming[k], *network.outgoing[k]))


def reduced(network: Network, dead: Dead) -> Network:
    """The network without the units ``dead``; parameters and units keep their names."""
    rest = kept(network, dead)
    alive = [unit for unit in range(network.hidden[0]) if unit not in dead]
    outputs = network.outputs
    return replace(
        network,
        hidden=(len(alive),),
        outputs=None if outputs is None else tuple(outputs[unit] for unit in alive),
        orthant=(),
        names=tuple(network.names[i] for i in rest),
        walls=tuple(network.walls[i] for i in rest),
        penalised=tuple(slot for slot, i in enumerate(rest) if i in network.penalised),
        unit_names=tuple(network.units[unit] for unit in alive),
    )


class ReducedSpace(Space):
    """A chart of the network without the units ``dead`` of ``whole``."""

    def __init__(self, chart: Chart, whole: Network, dead: Dead) -> None:
        super().__init__(chart)
        self.whole, self.dead = whole, dead
        self.kept = np.array(kept(whole, dead), dtype=np.int64)

    def point(self, weights: Range) -> Range:
        """The point of W at which the dead units have no influence."""
        resting = around([min(max(fmpq(0), low), high) for low, high in self.whole.walls])
        low, high = resting.lo.copy(), resting.hi.copy()
        low[self.kept], high[self.kept] = weights.lo, weights.hi
        return Range(low, high)


def images_of(dead: Dead, chart: Chart) -> frozenset[Dead]:
    """The sets of units that symmetries of a chart take to ``dead``: without them f is as low."""
    own = chart.network.incoming
    unit_of = {parameters[0]: unit for unit, parameters in enumerate(own)}
    return frozenset(
        tuple(sorted(unit_of[sources[own[unit][0]]] for unit in dead))
        for sources, _ in chart.symmetries
    )


def alike(network: Network) -> tuple[list[int], list[int], list[fmpq]]:
    """One example for each row of inputs, how many have it, and the mean of their targets."""
    rows: dict[tuple[fmpq, ...], list[int]] = {}
    for t, inputs in enumerate(network.inputs):
        rows.setdefault(inputs, []).append(t)
    means = [sum((network.targets[t] for t in own), fmpq(0)) / len(own) for own in rows.values()]
    return [own[0] for own in rows.values()], [len(own) for own in rows.values()], means
