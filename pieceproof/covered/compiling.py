"""Machine code of the loops before time counts: one call of each is enough for all problems."""

from __future__ import annotations

import numpy as np

from pieceproof.checking.coverings.compiled.gradients import differentiate, enclose
from pieceproof.checking.coverings.compiled.records import LAYERS, room
from pieceproof.checking.coverings.compiled.steps import ascend
from pieceproof.checking.coverings.covering import cover
from pieceproof.checking.coverings.slabs import Space


def compile_loops(space: Space) -> None:
    """Compile, or read what was compiled before."""
    chart, lower = space.charts[0], space.interval[0]
    cover([chart], (lower, lower), 1, most=1)
    net = chart.model.on(chart.net, (lower, lower))
    parameters = space.model.network.parameters
    box = np.zeros((2, 2 + parameters))
    place = room(net)
    enclose(net, box, place)
    units = int(net.plan[LAYERS:].sum())
    slopes = np.zeros((2, units + 1, len(net.costs), 1 + parameters))
    differentiate(net, box, place, slopes)
    ascend(np.ones(1), np.zeros((1, 2)), 1.0, np.zeros(1), np.zeros(1))
