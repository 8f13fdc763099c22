"""Polynomial systems with known root counts: one table for every route."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul
from random import Random
from typing import Any

from geometry.engines import PolynomialSystem, read
from geometry.engines.system import ring


def build(
    variables: str, equations: Callable[..., Sequence[Any]], parameter: str | None = None
) -> PolynomialSystem:
    """The system of ``equations(*generators)`` in the space-separated ``variables``."""
    names = variables.split()
    generators = ring([*names, *([parameter] if parameter else [])]).gens()
    return read(equations(*generators), names, parameter)


def product(factors: Sequence[Any]) -> Any:
    return reduce(mul, factors)


def names(count: int) -> str:
    return " ".join(f"x{i}" for i in range(count))


def katsura(n: int) -> PolynomialSystem:
    def equations(*u: Any) -> list[Any]:
        def at(i: int) -> Any:
            return u[abs(i)] if abs(i) <= n else 0 * u[0]

        convolutions = [
            sum((at(i) * at(m - i) for i in range(-n, n + 1)), start=-at(m)) for m in range(n)
        ]
        return [*convolutions, sum((at(i) for i in range(-n, n + 1)), start=0 * u[0]) - 1]

    return build(names(n + 1), equations)


def cyclic(n: int) -> PolynomialSystem:
    def equations(*x: Any) -> list[Any]:
        sums = [
            sum((product([x[(i + j) % n] for j in range(k)]) for i in range(n)), start=0 * x[0])
            for k in range(1, n)
        ]
        return [*sums, product(x) - 1]

    return build(names(n), equations)


def noon(n: int) -> PolynomialSystem:
    def equations(*x: Any) -> list[Any]:
        squares = sum((v * v for v in x), start=0 * x[0])
        return [10 * v * (squares - v * v) - 11 * v + 10 for v in x]

    return build(names(n), equations)


def eco(n: int) -> PolynomialSystem:
    def equations(*x: Any) -> list[Any]:
        rows = [
            x[-1] * (x[k] + sum((x[i] * x[i + k + 1] for i in range(n - 2 - k)), start=0 * x[0]))
            - (k + 1)
            for k in range(n - 1)
        ]
        return [*rows, sum(x[:-1], start=0 * x[0]) + 1]

    return build(names(n), equations)


def caprasse() -> PolynomialSystem:
    def equations(x: Any, y: Any, z: Any, t: Any) -> list[Any]:
        return [
            y**2 * z + 2 * x * y * t - 2 * x - z,
            -(x**3) * z + 4 * x * y**2 * z + 4 * x**2 * y * t + 2 * y**3 * t
            + 4 * x**2 - 10 * y**2 + 4 * x * z - 10 * y * t + 2,
            2 * y * z * t + x * t**2 - x - 2 * z,
            -x * z**3 + 4 * y * z**2 * t + 4 * x * z * t**2 + 2 * y * t**3
            + 4 * x * z + 4 * z**2 - 10 * y * t - 10 * t**2 + 2,
        ]  # fmt: skip

    return build("x y z t", equations)


def deep_linear(
    widths: Sequence[int], parameter: bool = True, examples: int = 3, seed: int = 0
) -> PolynomialSystem:
    """∇ of Σ|W_H … W_1 x − y|² + Σ (λ_k + α)·w_k², random data and λ."""
    random = Random(seed)
    shapes = list(itertools.pairwise(widths))
    count = sum(a * b for a, b in shapes)

    def equations(*generators: Any) -> list[Any]:
        weights, alpha = generators[:count], generators[count] if parameter else 0
        zero = 0 * weights[0]
        loss, pending = zero, iter(weights)
        layers = [[[next(pending) for _ in range(a)] for _ in range(b)] for a, b in shapes]
        for _ in range(examples):
            signal = [zero + random.randint(-9, 9) for _ in range(widths[0])]
            for layer in layers:
                signal = [
                    sum((w * s for w, s in zip(row, signal, strict=True)), start=zero)
                    for row in layer
                ]
            loss += sum(((s - random.randint(-9, 9)) ** 2 for s in signal), start=zero)
        for weight in weights:
            loss += (random.randint(1, 9) + alpha) * weight**2
        return [loss.derivative(i) for i in range(count)]

    return build(names(count), equations, "alpha" if parameter else None)


def nearest_rank_one(weights: Sequence[int]) -> PolynomialSystem:
    """Critical points of Σ W_ij (u_i v_j − A_ij)² in the chart u = (1, u)."""

    def equations(u: Any, v: Any, w: Any) -> list[Any]:
        data, factors = (3, 1, 2, 5), ((1, v), (1, w), (u, v), (u, w))
        loss = sum(
            (k * (a * b - d) ** 2 for k, (a, b), d in zip(weights, factors, data, strict=True)),
            start=0 * u,
        )
        return [loss.derivative(i) for i in range(3)]

    return build("u v w", equations)


def relu_square_stratum(inactive: int) -> tuple[PolynomialSystem, Any]:
    """One unit z = w·x + b, σ = α·relu + (1−α)·square, four examples, ``inactive`` with z < 0:
    the stationarity system and the loss."""
    inputs, targets = (1, 2, 4, 7), (3, -1, 2, 5)
    w, b, a = ring(["w", "b", "a"]).gens()
    loss = 0 * w
    for t, (x, y) in enumerate(zip(inputs, targets, strict=True)):
        z = w * x + b
        loss += ((1 - a) * z**2 + (a * z if t >= inactive else 0) - y) ** 2
    return read([loss.derivative(0), loss.derivative(1)], ["w", "b"], "a"), loss


@dataclass(frozen=True)
class Known:
    """A system with what is known of it; None: not stated."""

    name: str
    system: PolynomialSystem
    generic: int | None
    distinct: int | None = None
    real: int | None = None
    mixed_volume: int | None = None
    stable: int | None = None


SMALL = (
    Known("line and circle", build("x y", lambda x, y: [x**2 + y**2 - 5, x * y - 2]), 4, 4, 4, 4),
    Known("irrational", build("x y", lambda x, y: [x**2 + y**2 - 5, x * y - 1]), 4, 4, 4, 4),
    Known("one variable", build("x", lambda x: [x**3 - 2]), 3, 3, 1, 3),
    Known("halves", build("x y", lambda x, y: [4 * x**2 - 1, 2 * y - 41 * x]), 2, 2, 2),
    Known("no real solution", build("x y", lambda x, y: [x**2 + 1, y - x]), 2, 2, 0),
    Known("double point", build("x y", lambda x, y: [x**2, y**2]), 4, 1, 1, 0, 4),
    Known("inconsistent", build("x y", lambda x, y: [x * y, x * y - 1]), 0, 0, 0, 0),
    Known(
        "huge coefficients",
        build("x y", lambda x, y: [10**60 * x**2 - 7 * 10**58, y**2 - 10**40 * y]),
        4, 4, 4,
    ),
    Known(
        "overdetermined", build("x y", lambda x, y: [x**2 - 1, x**2 + x - 2, x * y - 3]), 1, 1, 1
    ),
)  # fmt: skip

CLASSICAL = (
    *(Known(f"katsura-{n}", katsura(n), 2**n) for n in (2, 3, 4, 5)),
    Known("cyclic-5", cyclic(5), 70, 70, 10, 70, 70),
    Known("cyclic-6", cyclic(6), 156, 156, 24, 156, 156),
    Known("noon-3", noon(3), 21, 21, 7),
    Known("noon-4", noon(4), 73, 73, 15, 73, 73),
    Known("eco-5", eco(5), 8, 8, 4),
    Known("eco-6", eco(6), 16, 16, 4, 16, 16),
    Known("rank one, generic weights", nearest_rank_one((2, 3, 5, 7)), 6, 6),
    Known("rank one, unit weights", nearest_rank_one((1, 1, 1, 1)), 2, 2, 2),
)
