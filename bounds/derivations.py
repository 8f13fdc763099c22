"""Why a number of a table is what it is: the chain of statements with their numbers.

Each function lists the steps from the architecture to one quantity, as lines of text.
"""

from __future__ import annotations

from bounds.rows import Architecture
from bounds.text import magnitude


def layer_steps(row: Architecture) -> list[str]:
    """The layerwise count."""
    return [
        f"{layer.name}: {layer.boundaries} boundaries of degree {layer.degree} in "
        f"{layer.variables} variables, at most {magnitude(layer.patterns)} sign patterns "
        f"({layer.rule.value})"
        for layer in row.structure.layers
    ]


def structure_steps(row: Architecture) -> list[str]:
    """The structure counts."""
    s = row.structure
    return [
        *layer_steps(row),
        f"structure ({s.origin.value}): N = {magnitude(s.pieces)}, M = {s.boundaries}, "
        f"M_all = {magnitude(s.all_boundaries)}, Delta = {s.degree}, d = {s.parameters}",
    ]


def sublevel_steps(row: Architecture) -> list[str]:
    """Lemmas 2 and 3."""
    bound = row.sublevel
    together = "too long" if bound.all_at_once is None else magnitude(bound.all_at_once)
    return [
        *structure_steps(row),
        f"Lemma 3 [War68, Thm 2]: components of a sublevel set, piece by piece "
        f"{magnitude(bound.per_piece)}, all at once {together}; the smaller one counts",
        f"Lemma 2: B <= 2*b_0 = {magnitude(bound.oscillations)}",
    ]


def quadratic_steps(row: Architecture) -> list[str]:
    """Lemma 5."""
    if row.quadratic is None:
        return [*structure_steps(row), "Lemma 5: not a convex quadratic on fixed polyhedra"]
    return [
        *structure_steps(row),
        f"Lemma 5: B <= N*sum_s C(M+2d, s)*a*(d+1-s) with a = {row.structure.alpha_degree}: "
        f"{magnitude(row.quadratic)}",
    ]


def best_steps(row: Architecture) -> list[str]:
    """The oscillation bound that is used: the smallest."""
    if row.oscillations == row.quadratic:
        return quadratic_steps(row)
    return sublevel_steps(row)


def bezout_steps(row: Architecture) -> list[str]:
    """Lemma 6."""
    if row.bezout is None:
        return [*structure_steps(row), "Lemma 6: the dual of a piecewise constant loss jumps"]
    return [
        *structure_steps(row),
        "Lemma 6 with Bezout numbers, for a continuous dual with multipliers: "
        f"B <= {magnitude(row.bezout)}",
    ]


def dimension_steps(row: Architecture) -> list[str]:
    """Lemma 1 on the smallest oscillation bound."""
    n, b = row.dimension, magnitude(row.oscillations)
    return [*best_steps(row), f"Lemma 1: the largest n with 2^n <= n*{b} + 1 is {n}"]
