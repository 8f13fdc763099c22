"""The picture of a held-out loss by enclosures: ℓ* with its jumps, the minimiser below."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from flint import fmpq
from matplotlib.figure import Figure

from pieceproof.checking.enclosing.joins import Segment
from pieceproof.checking.judging.timelines import Item
from pieceproof.checking.judging.verification import read_problem
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.enclosed.pictures import SAMPLES, Samples, drawn
from pieceproof.judged.views import known_at, known_on
from pieceproof.pictures import save
from pieceproof.verify import Report


def plot_judged(document: dict[str, Any], folder: Path, report: Report | None = None) -> list[Path]:
    """Write :func:`figure` as ``dual.svg`` and ``dual.png`` into ``folder``, each atomically."""
    return save(figure(document, report), folder, "dual")


def figure(document: dict[str, Any], report: Report | None = None) -> Figure:
    """The held-out loss above, the parameters of the minimiser of the training loss below.

    Raises:
        CertificateError: the document cannot be read, or a slab proves nothing.
    """
    return drawn(document, report, _samples(document), "held-out loss ℓ*(α)")


def _samples(document: dict[str, Any]) -> Samples:
    """Every link of a slab at its ends and between them: where one ends in a kink of the training
    loss the minimiser jumps, and ℓ* may."""
    held = read_problem(Node(document.get("problem"), "problem"))
    ends = held.spaces.network.interval
    alphas: list[float] = []
    values: list[float] = []
    points: list[np.ndarray] = []
    breaks = [0]
    at = ends[0]
    for number, _ in enumerate(Node(document.get("slabs"), "slabs")):
        for item in known_on(held, document, number):
            if not isinstance(item.link, Segment):
                continue
            if item.lower > at:
                breaks.append(len(alphas))
            at = item.upper
            try:
                for place in _places(item, ends):
                    point, value = known_at(held, [item], place)
                    alphas.append(int(place.p) / int(place.q))
                    values.append(float(value.middle[0]))
                    points.append(point.middle)
            except Refuted as refuted:
                raise CertificateError(f"slabs[{number}]: {refuted}") from None
    shape = (len(alphas), len(held.spaces.network.names))
    runs = [(a, b) for a, b in pairwise([*breaks, len(alphas)]) if b > a] or [(0, 0)]
    return np.array(alphas), np.array(values), np.array(points).reshape(shape), runs, runs


def _places(item: Item, ends: tuple[fmpq, fmpq]) -> list[fmpq]:
    width = item.upper - item.lower
    share = width / (ends[1] - ends[0])
    count = max(2, int(SAMPLES * int(share.p) / int(share.q)))
    return [item.lower + width * fmpq(k, count) for k in range(count + 1)]
