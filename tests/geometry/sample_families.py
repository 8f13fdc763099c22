"""Families that the tests of events and branches share, built from explicit polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import fmpz_mpoly

from geometry.engines import PolynomialSystem, read
from geometry.engines.system import ring
from geometry.families import Family

FOUR = [(1, 3), (2, 1), (-1, 2), (3, 5)]
SIX = [(1, 3), (2, 1), (-1, 2), (3, 5), (-2, 1), (-3, 4)]
SIX_WITH_TWO_INPUTS = [
    (1, 2, 3),
    (2, -1, 1),
    (-1, 3, 2),
    (3, 1, 5),
    (-2, -1, 1),
    (1, -3, 4),
]


def gradient_family(
    names: str, objective: fmpz_mpoly, constraints: Sequence[fmpz_mpoly], width: int | Fraction
) -> Family:
    """The critical points of ``objective`` in a box of half-width ``width``, α ∈ [0, 1]."""
    variables = names.split()
    equations = [objective.derivative(index) for index in range(len(variables))]
    system = read(equations, variables, "a")
    box = tuple((-Fraction(width), Fraction(width)) for _ in variables)
    return Family.of(system, (0, 1), box, tuple(constraints), objective)


def one_unit(
    rows: Sequence[Sequence[int]], active: Sequence[int], width: int | Fraction = 10
) -> Family:
    """z = w·x + b, prediction α·relu(z) + (1 − α)·z², squared loss; the cell where exactly
    the ``active`` rows have z ≥ 0."""
    inputs = len(rows[0]) - 1
    names = " ".join([*(f"w{i}" for i in range(inputs)), "b"])
    context = ring([*names.split(), "a"])
    *weights, bias, a = context.gens()
    loss, constraints = context.constant(0), []
    for index, (*x, y) in enumerate(rows):
        z = sum((xi * w for xi, w in zip(x, weights, strict=True)), bias)
        on = int(index in active)
        loss += ((1 - a) * z * z + on * a * z - y) ** 2
        constraints.append(z if on else -z)
    return gradient_family(names, loss, constraints, width)


def two_units(rows: Sequence[tuple[int, int]], pattern: Sequence[tuple[int, int]]) -> Family:
    """The sum of two such units of one input each; ``pattern`` says which are active."""
    context = ring(["u", "p", "v", "q", "a"])
    u, p, v, q, a = context.gens()
    loss, constraints = context.constant(0), []
    for (x, y), (first, second) in zip(rows, pattern, strict=True):
        one, other = u * x + p, v * x + q
        prediction = (1 - a) * (one * one + other * other) + a * (first * one + second * other)
        loss += (prediction - y) ** 2
        constraints += [one if first else -one, other if second else -other]
    return gradient_family("u p v q", loss, constraints, 10)


def product_family() -> Family:
    """f = ½(w₁w₂ − 1)² + (α/2)(w₁² + w₂²) over α ∈ [0, 2]."""
    context = ring(["w1", "w2", "a"])
    w1, w2, a = context.gens()
    twice = (w1 * w2 - 1) ** 2 + a * (w1**2 + w2**2)
    system = read([twice.derivative(0), twice.derivative(1)], ["w1", "w2"], "a")
    half = {tuple(m): Fraction(int(c), 2) for m, c in twice.terms()}
    box = ((Fraction(-10), Fraction(10)),) * 2
    return Family(system, (Fraction(0), Fraction(2)), box, (), half)


def plane_family(
    build: Any, domain: tuple[int, int] = (0, 1), width: int = 10, constraints: Any = None
) -> Family:
    """One unknown x: F = build(x, a), objective x."""
    context = ring(["x", "a"])
    x, a = context.gens()
    system = PolynomialSystem.of(["x"], [build(x, a)], "a")
    given = () if constraints is None else tuple(constraints(x, a))
    return Family.of(system, domain, ((-width, width),), given, x)
