"""Trainable output weights in [−V, V] as output weights −V and V.

If σ_α is positively homogeneous of degree 1 and the box of every unit's parameters holds 0, then
v·σ_α(z(w)) = ±V·σ_α(z(|v|/V·w)) with |v|/V·w in the box. So the predictions are those of output
weights in {−V, V}, open cells go to open sets, and no loss of the predictions alone changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from flint import fmpq, fmpz_poly

from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import Node

T = TypeVar("T", fmpq, fmpz_poly)


@dataclass(frozen=True)
class Trained:
    """Which parameters are trainable output weights: ``count`` from ``start`` on, and V."""

    start: int
    count: int
    scale: fmpq

    def hidden(self, point: Sequence[T], signs: Sequence[int]) -> list[T] | None:
        """A point (w, v, 1), times a common factor, without v; None if v is not V·signs."""
        stop = self.start + self.count
        for value, sign in zip(point[self.start : stop], signs, strict=True):
            if value * self.scale.q != point[-1] * (sign * self.scale.p):
                return None
        return list(point[: self.start]) + list(point[stop:])


def is_trained(node: Node) -> bool:
    """Whether the problem has trainable output weights."""
    model = node.member("model")
    return model.has("output_weights") and model.value["output_weights"] == "trainable"


def with_signs(node: Node) -> tuple[Node, Trained]:
    """The problem with "signs", without the output weights among its parameters.

    Raises:
        CertificateError: the ranges of the output weights are not one [−V, V].
    """
    model, parameters = node.member("model"), node.member("parameters").items()
    layers = model.member("hidden").items()
    units = layers[0].integer(1, 1000) if len(layers) == 1 else 0
    inputs = len(node.member("data").member("features").items())
    block = inputs + model.member("bias").flag()
    start, stop = units * block, units * (block + 1)
    ranges = set()
    for number, entry in enumerate(parameters[start:stop], start=1):
        member = entry.fields("name", "lower", "upper")
        member["name"].choice(f"v{number}")
        ranges.add((-member["lower"].rational(), member["upper"].rational()))
    if len(ranges) != 1 or any(low != high or low <= 0 for low, high in ranges):
        raise node.member("parameters").wrong("one range [-V, V] of all output weights")
    changed = {
        **node.value,
        "model": {**model.value, "output_weights": "signs"},
        "parameters": [entry.value for entry in (*parameters[:start], *parameters[stop:])],
    }
    return Node(changed, node.path), Trained(start, units, ranges.pop()[1])


def check_homogeneous(node: Node, problem: Problem) -> None:
    """Raises:
    CertificateError: σ_α is not positively homogeneous, or a box of a unit does not hold 0.
    """
    if any(problem.breakpoints) or any(any(pair) for pair in problem.intercepts):
        raise node.member("model").wrong("a positively homogeneous activation")
    ranges = [pair for unit in range(problem.units) for pair in problem.unit_box(unit)]
    if not all(low <= 0 <= high for low, high in ranges):
        raise node.member("parameters").wrong("0 in the ranges of all hidden parameters")
