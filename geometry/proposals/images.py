"""Images of points and minimisers under the symmetries of a chart.

A curve of minimisers may leave the part of W that is searched, where two equal units change
their order or a first weight its sign: it goes on, and so must what follows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, permutations, product
from typing import TYPE_CHECKING

import numpy as np

from geometry.proposals.charts import Chart, Classes, Flipped
from geometry.proposals.loops import Array

if TYPE_CHECKING:
    from geometry.proposals.minimisers import Minimiser, Solver

MOST = 96
"""Images of one point at most."""
ON = 1e-7
"""How near two points are that are one, by their size."""


def images(chart: Chart, w: Array) -> Iterator[Array]:
    """The images of w, w itself first."""
    return islice(_images(chart.classes, chart.flipped, w), MOST)


def mirrored(chart: Chart, w: Array) -> Iterator[Array]:
    """The images of w in all orthants to which W is cut."""
    return islice(_images(*chart.whole, w), MOST)


def _images(classes: Classes, flipped: Flipped, w: Array) -> Iterator[Array]:
    orders = product(*(permutations(members) for members in classes))
    for order in orders:
        for signs in product((1, -1), repeat=len(flipped)):
            found = w.copy()
            for members, others in zip(classes, order, strict=True):
                for own, other in zip(members, others, strict=True):
                    found[list(own)] = w[list(other)]
            for sign, own in zip(signs, flipped, strict=True):
                found[list(own)] *= sign
            yield found


def is_image(chart: Chart, a: Array, b: Array) -> bool:
    """Whether a symmetry takes ``b`` to ``a``."""
    return any(near(a, image) for image in images(chart, b))


def near(a: Array, b: Array) -> bool:
    """Whether two points are one up to rounding."""
    return bool(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(b)), initial=0.0) < ON)


def moved(solver: Solver, point: Minimiser, w: Array) -> Minimiser | None:
    """The minimiser at the image ``w`` of another one, on as many boundaries and walls."""
    count = len(point.face.groups) + len(point.face.walls)
    found = solver.touching(point.alpha, w, count)
    return found if found is not None and near(found.w, w) else None
