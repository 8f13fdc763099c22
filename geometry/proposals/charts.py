"""The parts of W that matter: choices of signs, scalings undone, and one of mirror images.

Charts of the network without some units hold the parameters of these *dead* units at 0.

See ``docs/enclosures.md``. A positively homogeneous unit with a single trainable outgoing
weight may have that weight at a wall; under a penalty αρ|w|₁ W is cut at 0 of every weight in it;
equal units are sorted by their first weight, and
units of an even activation have it non-negative, as have those of an odd one whose outgoing weights
are all parameters. So has the first unit where x ↦ −x exchanges
examples and there is no other symmetry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from geometry.proposals.coordinates import TransformedObjective
from geometry.proposals.floats import FloatObjective
from geometry.proposals.loops import Array
from geometry.proposals.polynomials import FloatPolynomialObjective
from piecewise.activations import Interpolated, PiecewisePolynomial
from piecewise.networks import FeedForward
from piecewise.patterns import sign_choices
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem
from piecewise.wiring import incoming, outgoing

Classes = tuple[tuple[tuple[int, ...], ...], ...]
"""Classes of equal units, each unit by its parameters."""
Flipped = tuple[tuple[int, ...], ...]
"""Parameters that may be negated together."""


@dataclass(frozen=True, eq=False)
class Chart:
    """One sub-problem: output signs, parameters held (0 lower wall, 1 upper, 2 at 0), symmetry.

    ``dead`` units are left out; ``number`` counts the charts with the same ones. ``whole`` has the
    symmetries of W where the chart is an orthant of it.
    """

    objective: FloatObjective | FloatPolynomialObjective | TransformedObjective
    signs: tuple[int, ...]
    held: dict[int, int]
    classes: Classes
    flipped: Flipped
    dead: tuple[int, ...] = ()
    number: int = 0
    whole: tuple[Classes, Flipped] = ((), ())

    @property
    def orthant(self) -> dict[int, int]:
        """Signs of the parameters at whose 0 W is cut."""
        return self.objective.orthant if isinstance(self.objective, FloatObjective) else {}

    def holds(self, smaller: Chart) -> bool:
        """Whether this is a chart of W with the points of one with dead units, and their loss."""
        return (
            not self.dead
            and self.signs == smaller.signs
            and all(self.orthant[i] == sign for i, sign in smaller.orthant.items())
        )

    @property
    def moving(self) -> list[int]:
        """The parameters that are not held."""
        return [i for i in range(self.objective.d) if i not in self.held]

    def placed(self, w: Array) -> Array:
        """The point with held parameters at their walls, the others within W."""
        objective = self.objective
        found: Array = np.clip(w, objective.lower, objective.upper)
        resting = np.clip(0.0, objective.lower, objective.upper)
        for i, side in self.held.items():
            found[..., i] = (objective.lower, objective.upper, resting)[side][i]
        return found

    def canonical(self, w: Array) -> Array:
        """The image in the fundamental domain."""
        found = w.copy()
        for own in self.flipped:
            if found[own[0]] < 0:
                found[list(own)] *= -1
        for members in self.classes:
            rows = sorted((found[list(own)] for own in members), key=lambda row: tuple(row))
            for own, row in zip(members, rows, strict=True):
                found[list(own)] = row
        return found

    def reflections(self, w: Array) -> list[Array]:
        """Images in which some units of the first layer are negated."""
        if not isinstance(self.objective, FloatObjective):
            return []
        own = incoming(self.objective.network, self.objective.x.shape[1])
        found = []
        for negated in product((False, True), repeat=min(self.objective.network.hidden[0], 4)):
            image = w.copy()
            for unit, parameters in zip(negated, own, strict=False):
                image[list(parameters)] *= -1 if unit else 1
            found.append(image)
        return found[1:]


def charts(problem: Problem, dead: tuple[int, ...] = ()) -> list[Chart]:
    """All charts of a problem with a feedforward network or a polynomial, without dead units."""
    network = problem.model
    if isinstance(network, Polynomial):
        whole = FloatPolynomialObjective(problem, network)
        return [Chart(whole, (), {}, *whole.symmetries())]
    if not isinstance(network, FeedForward):
        raise TypeError("charts are those of a feedforward network")
    features = len(problem.inputs[0])
    own, out = incoming(network, features), outgoing(network, features)
    ranges = [(p.lower, p.upper) for p in problem.parameters]
    held: list[dict[int, int]] = [{i: 2 for k in dead for i in (*own[k], *out[k])}]
    power = network.activation.homogeneity
    if not problem.weight_decay and not problem.penalised and power is not None and power > 0:
        for unit, (weights, readers) in enumerate(zip(own, out, strict=True)):
            if (
                unit in dead
                or len(readers) != 1
                or not all(ranges[i][0] <= 0 <= ranges[i][1] for i in weights)
            ):
                continue
            lower, upper = ranges[readers[0]]
            sides = [side for side, there in ((1, upper > 0), (0, lower < 0)) if there]
            held = [{**each, readers[0]: side} for each in held for side in sides]
    found: list[Chart] = []
    for signs in sign_choices(problem):
        if any(signs and signs[unit] < 0 for unit in dead):
            continue
        parts = product(
            [FloatObjective(problem, signs, own) for own in _orthants(problem, held[0])], held
        )
        for objective, each in parts:
            everywhere = _symmetries(FloatObjective(problem, signs), each, own, out, dead)
            classes, flipped = (
                _symmetries(objective, each, own, out, dead) if objective.orthant else everywhere
            )
            found.append(
                Chart(objective, signs, each, classes, flipped, dead, len(found), everywhere)
            )
    return found


def _symmetries(
    objective: FloatObjective,
    held: dict[int, int],
    own: list[tuple[int, ...]],
    out: list[tuple[int, ...]],
    dead: tuple[int, ...],
) -> tuple[Classes, Flipped]:
    """Of W, or of the orthant to which ``objective`` is cut."""
    network = objective.network
    ranges = [
        (Fraction(low), Fraction(high))
        for low, high in zip(objective.lower, objective.upper, strict=True)
    ]
    alive = [unit for unit in range(network.hidden[0]) if unit not in dead]
    classes = _classes(objective, held, own, out, alive)
    units = [own[unit] for unit in alive] if dead else own
    behind = [out[unit] for unit in alive] if dead else out
    flipped = _flipped(network, units, behind, ranges, held)
    if not flipped and not classes:
        flipped = _reflected(objective.problem, units[: network.hidden[0]], ranges, held)
    return classes, flipped


def _orthants(problem: Problem, held: dict[int, int]) -> Iterator[dict[int, int]]:
    """The signs of all parameters at whose 0, inside their ranges, a penalty αρ|w|₁ bends."""
    penalty = problem.penalty
    cut = [
        i
        for i in problem.penalised
        if penalty is not None and penalty.ratio and i not in held
        and problem.parameters[i].lower < 0 < problem.parameters[i].upper
    ]  # fmt: skip
    for signs in product((1, -1), repeat=len(cut)):
        yield dict(zip(cut, signs, strict=True))


def _flipped(
    network: FeedForward,
    own: list[tuple[int, ...]],
    out: list[tuple[int, ...]],
    ranges: list[tuple[Fraction, Fraction]],
    held: dict[int, int],
) -> tuple[tuple[int, ...], ...]:
    """Parameters of a unit that may be negated together: units of the first layer all or none."""
    if is_even(network.activation):
        negated = own
    elif is_odd(network.activation):
        negated = [
            (*weights, *readers) if readers else ()
            for weights, readers in zip(own, out, strict=True)
        ]
    else:
        return ()
    free = [
        bool(unit) and all(ranges[i][0] == -ranges[i][1] and i not in held for i in unit)
        for unit in negated
    ]
    layer = network.hidden[0]
    if not all(free[:layer]):
        free[:layer] = [False] * layer
    return tuple(unit for unit, is_free in zip(negated, free, strict=True) if is_free)


def _reflected(
    problem: Problem,
    first: list[tuple[int, ...]],
    ranges: list[tuple[Fraction, Fraction]],
    held: dict[int, int],
) -> tuple[tuple[int, ...], ...]:
    """All weights of the first layer, if negating them exchanges examples."""
    rows = list(zip(problem.inputs, problem.targets, strict=True))
    mirrored = [(tuple(-value for value in x), y) for x, y in rows]
    weights = tuple(i for own in first for i in own[: len(problem.inputs[0])])
    free = all(ranges[i][0] == -ranges[i][1] and i not in held for i in weights)
    return (weights,) if weights and free and sorted(rows) == sorted(mirrored) else ()


def _classes(
    objective: FloatObjective,
    held: dict[int, int],
    own: list[tuple[int, ...]],
    out: list[tuple[int, ...]],
    alive: list[int],
) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Classes of equal units of a single hidden layer, each unit by its parameters."""
    network = objective.network
    if len(network.hidden) > 1:
        return ()
    classes: dict[object, list[tuple[int, ...]]] = {}
    for unit in alive:
        indices = (*own[unit], *out[unit])
        key = (
            None if objective.outputs is None else float(objective.outputs[unit]),
            tuple((objective.lower[i], objective.upper[i], held.get(i)) for i in indices),
        )
        classes.setdefault(key, []).append(indices)
    return tuple(tuple(members) for members in classes.values() if len(members) > 1)


def is_even(activation: Interpolated) -> bool:
    """Whether σ_α(−z) = σ_α(z) for every α."""
    return all(_has_parity(each, 1) for each in (activation.first, activation.second))


def is_odd(activation: Interpolated) -> bool:
    """Whether σ_α(−z) = −σ_α(z) for every α."""
    return all(_has_parity(each, -1) for each in (activation.first, activation.second))


def _has_parity(activation: PiecewisePolynomial, parity: int) -> bool:
    points = activation.breakpoints
    return all(a == -b for a, b in zip(points, reversed(points), strict=True)) and all(
        tuple(parity * (c if i % 2 == 0 else -c) for i, c in enumerate(piece)) == mirror
        for piece, mirror in zip(activation.pieces, reversed(activation.pieces), strict=True)
    )
