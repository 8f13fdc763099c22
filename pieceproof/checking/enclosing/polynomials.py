"""Polynomials by pattern: f on a cell exactly, and enclosures of any polynomial in (α, x)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from flint import fmpq, fmpq_mpoly, fmpq_poly

from pieceproof.checking.enclosing.jets import LARGEST, Jet, Jets, Pattern
from pieceproof.checking.enclosing.networks import Network, ring
from pieceproof.checking.enclosing.ranges import Array, around

if TYPE_CHECKING:
    from pieceproof.checking.enclosing.compiled.records import Integers, Net, Room


def cell_polynomial(network: Network, pattern: Pattern) -> fmpq_mpoly:
    """f along a pattern, in Q[α, w]."""
    if network.polynomial is not None:
        return network.polynomial
    context = ring(1 + network.parameters)
    total = sum((r**2 for r in residuals(network, pattern)), context.constant(0))
    if network.mean:
        total *= fmpq(1, network.examples)
    alpha, *weights = context.gens()
    zero = context.constant(0)
    total += network.decay * sum((w**2 for w in weights), zero)
    for w, square, tilt in zip(weights, network.squares, network.tilts, strict=True):
        total += alpha * (square * w**2 + tilt * w)
    return total


def residuals(network: Network, pattern: Pattern) -> list[fmpq_mpoly]:
    """Outputs less targets along a pattern, in Q[α, w]."""
    return [seen(network, pattern, example)[1] for example in range(network.examples)]


def seen(network: Network, pattern: Pattern, example: int) -> tuple[list[fmpq_mpoly], fmpq_mpoly]:
    """The pre-activations of all units and the residual of an example along a pattern."""
    context = ring(1 + network.parameters)
    alpha, *weights = context.gens()
    blends = [
        _blended(alpha, first, second)
        for first, second in zip(network.first, network.second, strict=True)
    ]
    start = sum(len(own) for own in network.incoming)
    outputs = (
        weights[start : start + network.hidden[-1]]
        if network.outputs is None
        else [context.constant(value) for value in network.outputs]
    )
    offset = weights[-1] if network.offset is None else context.constant(network.offset)
    sources = [context.constant(value) for value in network.inputs[example]]
    found: list[fmpq_mpoly] = []
    for width in network.hidden:
        following = []
        for _ in range(width):
            own = [weights[i] for i in network.incoming[len(found)]]
            z = own[-1] if network.bias else context.constant(0)
            for weight, source in zip(own, sources, strict=False):
                z = z + weight * source
            following.append(_at(blends[pattern[len(found)][example]], z))
            found.append(z)
        sources = following
    residual = offset - network.targets[example]
    for weight, source in zip(outputs, sources, strict=True):
        residual = residual + source * weight
    return found, residual


def _blended(alpha: fmpq_mpoly, first: fmpq_poly, second: fmpq_poly) -> list[fmpq_mpoly]:
    """Coefficients of α·first + (1 − α)·second."""
    size = max(first.degree(), second.degree()) + 1
    return [alpha * (first[k] - second[k]) + second[k] for k in range(size)]


def _at(coefficients: Sequence[fmpq_mpoly], z: fmpq_mpoly) -> fmpq_mpoly:
    value = z - z
    for coefficient in reversed(coefficients):
        value = value * z + coefficient
    return value


class PolynomialJets(Jets):
    """Enclosures of one polynomial in (α, x), whatever the pattern; there are no units."""

    def __init__(self, network: Network, polynomial: fmpq_mpoly) -> None:
        super().__init__(network)
        self.polynomial = polynomial
        self.terms = [
            (tuple(map(int, monomial)), value) for monomial, value in polynomial.terms()
        ] or [((0,) * self.n, fmpq(0))]

    @cached_property
    def net(self) -> Net:
        """The polynomial as compiled loops take it."""
        from pieceproof.checking.enclosing.compiled.records import Net

        values = around([value for _, value in self.terms])
        pieces = np.zeros((2, 2, len(self.terms), self.n))
        pieces[0, 0, :, 0], pieces[1, 0, :, 0] = values.lo, values.hi
        pieces[0, 1] = np.array([exponents for exponents, _ in self.terms], dtype=float)
        constants = np.full((2, 5), self._reach())
        return Net(
            np.zeros(0, dtype=np.int64),
            np.zeros((2, 0, 1)),
            np.zeros((2, 0)),
            pieces,
            constants,
            np.zeros((2, 2, self.n - 1)),
            np.zeros((0, 0, 2), dtype=np.int64),
        )

    def _reach(self) -> float:
        """A size of α and of all x_i up to which nothing comes out larger than ``LARGEST``."""
        degree = max(sum(exponents) for exponents, _ in self.terms)
        largest = max(abs(int(value.p) / int(value.q)) for _, value in self.terms)
        for power in range(100, 0, -1):
            try:
                size = 2.0 ** (power * (degree + 1)) * (1 + largest) * (degree + 1) ** 3
                if size * 2.0**20 * len(self.terms) * self.n <= LARGEST:
                    return 2.0**power
            except OverflowError:
                continue
        return 0.0

    def fresh_room(self) -> Room:
        """Room for one box at a time."""
        from pieceproof.checking.enclosing.compiled.records import Room

        size = 1 + self.n + self.n**2
        return Room(
            np.zeros((2, size)), np.zeros((2, 1, 0, size)), np.zeros((3, 1, 2, 1, 1)),
            np.zeros((2, 5)),
        )  # fmt: skip

    def copied(self, f: Array, nodes: Array, order: int = 2) -> tuple[Jet, list[Jet]]:
        """The jet of f."""
        return self._jet(f, order), []

    def marks(self, pattern: Pattern | None) -> Integers:
        """No pattern."""
        return np.zeros((0, 0), dtype=np.int64)


def jets_of(network: Network) -> Jets:
    """The enclosures of a problem."""
    if network.polynomial is None:
        return Jets(network)
    return PolynomialJets(network, network.polynomial)
