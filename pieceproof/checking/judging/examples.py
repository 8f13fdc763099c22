"""The pieces of σ_α that held-out examples use along a curve of minimisers.

Where z − β has a sign on an enclosure of the curve the side is known. Boundaries that walls and the
pattern of the stratum decide (``resting``) are not left to numbers, as the curve may lie on them:
both pieces have the same values there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from flint import fmpq, fmpq_mpoly

from pieceproof.checking.enclosing.constants import fits_mean
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.jets import Jet, Jets, Pattern
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.reductions import ReducedSpace
from pieceproof.checking.enclosing.tubes import Curve, Label, Place, Space, Stratum
from pieceproof.checking.judging.resting import Row, Sides, held_at, known_sides, total
from pieceproof.checking.reading import Node, Refuted

Examples = tuple[tuple[tuple[fmpq, ...], ...], tuple[fmpq, ...]]
"""Inputs and targets."""


class NotOnOneSide(Refuted):
    """Boundaries of held-out examples that a stretch of the curve may meet."""

    def __init__(self, space: Space, labels: Sequence[Label]) -> None:
        self.labels = tuple(labels)
        unit, example, k = labels[0]
        name = f"{space.network.units[unit]}:v{example + 1}:k{k + 1}"
        super().__init__(f"held-out boundary {name} is met")


@dataclass(frozen=True)
class Seen:
    """What held-out examples use: the pattern, and the residuals that are constants."""

    pattern: Pattern
    residuals: tuple[fmpq | None, ...]

    @property
    def is_still(self) -> bool:
        """Whether no output depends on α or on w."""
        return None not in self.residuals


class HeldOut:
    """Held-out examples, with charts in which g takes the place of f."""

    def __init__(self, spaces: Spaces, examples: Examples) -> None:
        self.spaces, self.inputs, self.targets = spaces, *examples
        self._own: dict[Place, Space] = {}
        self._sides: dict[Stratum, dict[tuple[int, int], Sides]] = {}
        self.factors: dict[object, tuple[fmpq_mpoly, ...]] = {}
        """For ``combinations``: by what they make g constant."""
        self.thirds: dict[object, Sequence[Jets]] = {}
        """For ``motions``: derivatives of ∇f."""

    def space(self, place: Place) -> Space:
        """A chart of W, or of the network without some units, with g for f."""
        if place not in self._own:
            own = self.spaces.at(place).chart
            network = replace(
                own.network,
                inputs=self.inputs,
                targets=self.targets,
                decay=fmpq(0),
                penalised=(),
                ratio=fmpq(0),
                orthant=(),
            )
            self._own[place] = Space(replace(own, network=network))
        return self._own[place]

    @cached_property
    def is_mirrored(self) -> bool:
        """Whether x ↦ −x exchanges the examples."""
        rows = list(zip(self.inputs, self.targets, strict=True))
        return sorted(rows) == sorted((tuple(-x for x in row), y) for row, y in rows)

    @cached_property
    def mirrored(self) -> HeldOut:
        """The same examples with negated inputs."""
        inputs = tuple(tuple(-x for x in row) for row in self.inputs)
        return HeldOut(self.spaces, (inputs, self.targets))

    @cached_property
    def is_training(self) -> bool:
        """Whether g is a multiple of f: the training examples, all equally often, no penalty."""
        network = self.spaces.network
        own = Counter(zip(self.inputs, self.targets, strict=True))
        other = Counter(zip(network.inputs, network.targets, strict=True))
        return not network.is_regularised and all(
            own[row] * len(network.targets) == other[row] * len(self.targets)
            for row in own.keys() | other.keys()
        )

    @cached_property
    def twins(self) -> tuple[int | None, ...]:
        """For every held-out example a training example with the same inputs."""
        known = {row: t for t, row in enumerate(self.spaces.network.inputs)}
        return tuple(known.get(row) for row in self.inputs)

    @cached_property
    def rows(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """Inputs, with 1 for the bias if there is one, of held-out and of training examples."""
        network = self.spaces.network
        one = (fmpq(1),) * network.bias
        return (
            tuple((*row, *one) for row in self.inputs),
            tuple((*row, *one) for row in network.inputs),
        )

    @cached_property
    def mean(self) -> fmpq:
        """The mean of the targets of the training examples."""
        targets = self.spaces.network.targets
        return sum(targets, fmpq(0)) / len(targets)

    def loss(self, residuals: Sequence[fmpq]) -> fmpq:
        """g for these residuals."""
        squares = sum((r * r for r in residuals), fmpq(0))
        return squares / len(residuals) if self.spaces.network.mean else squares

    def sides(self, curve: Curve, held: dict[int, fmpq], unit: int, h: int) -> Sides:
        """What is known exactly of the boundaries of a first-layer unit and one example."""
        own, known = self.rows
        found = self._sides.setdefault(curve.stratum, {})
        if (unit, h) not in found:
            found[unit, h] = known_sides(curve, held, unit, own[h], known)
        return found[unit, h]


def read_examples(node: Node, network: Network) -> Examples:
    """The member "validation" of a problem.

    Raises:
        CertificateError: malformed.
    """
    entry, width = node.fields("inputs", "targets"), len(network.inputs[0])
    inputs = tuple(row.rationals() for row in entry["inputs"])
    targets = entry["targets"].rationals()
    if not inputs or len(inputs) != len(targets) or any(len(x) != width for x in inputs):
        raise node.wrong(f"one target and {width} inputs for each of at least one example")
    return inputs, tuple(targets)


def box_of(curve: Curve) -> Range:
    """A box (1, n) around α and the points of W of a curve; of mirror images one.

    With dead units W is that of the network without them.
    """
    point = curve.box[0, 1:] if isinstance(curve.space, ReducedSpace) else curve.point
    return Range(
        np.concatenate([curve.alpha.lo, point.lo])[None],
        np.concatenate([curve.alpha.hi, point.hi])[None],
    )


def seen_by(held: HeldOut, curve: Curve) -> Seen:
    """The pieces that held-out examples use all along the curve.

    Raises:
        NotOnOneSide: an example may change its piece.
    """
    space = held.space(curve.stratum.place)
    reached = space.jets.both(box_of(curve), 0)[1]
    points = space.jets.points
    walls, is_mean = held_at(curve), fits_mean(curve)
    found = [_example(held, curve, walls, reached, points, h) for h in range(len(held.inputs))]
    unclear = [label for _, _, labels in found for label in labels]
    if unclear:
        raise NotOnOneSide(space, unclear)
    pattern = tuple(zip(*(pieces for pieces, _, _ in found), strict=True))
    if is_mean:
        return Seen(pattern, tuple(held.mean - target for target in held.targets))
    return Seen(pattern, tuple(residual for _, residual, _ in found))


def _example(
    held: HeldOut,
    curve: Curve,
    walls: dict[int, fmpq],
    reached: Sequence[Jet],
    points: Range,
    h: int,
) -> tuple[list[int], fmpq | None, list[Label]]:
    """Pieces of one example, unit by unit, its residual if constant, and boundaries it may meet.

    A source is a number as long as no α and no w that is not in ``walls`` changes it.
    """
    network, twin = curve.space.network, held.twins[h]
    pieces: list[int] = []
    unclear: list[Label] = []
    sources: list[fmpq | None] = list(held.inputs[h])
    one = [fmpq(1)] * network.bias
    for depth, width in enumerate(network.hidden):
        following: list[fmpq | None] = []
        for _ in range(width):
            unit = len(pieces)
            own = [walls.get(i) for i in network.incoming[unit]]
            z = total(zip(own, [*sources, *one], strict=True))
            if twin is not None:
                piece = curve.stratum.pattern[unit][twin]
            elif z is not None:
                piece = bisect_right(network.breakpoints, z)
            else:
                known: Sides = (None,) * len(network.breakpoints)
                known = known if depth else held.sides(curve, walls, unit, h)
                piece, open_ = _piece(known, points, reached[unit].value[0, h : h + 1])
                unclear += [(unit, h, k) for k in open_]
            pieces.append(piece)
            following.append(_constant(network, piece, z))
        sources = following
    return pieces, _residual(network, walls, sources, held.targets[h]), unclear


def _piece(known: Sides, points: Range, z: Range) -> tuple[int, list[int]]:
    """The number of breakpoints below z, and those of which this is not known."""
    piece, unclear = 0, list[int]()
    for k, above in enumerate(known):
        if above is not None:
            piece += above
        elif z.lo[0] > points.hi[k]:
            piece += 1
        elif not z.hi[0] < points.lo[k]:
            unclear.append(k)
    return piece, unclear


def _constant(network: Network, piece: int, z: fmpq | None) -> fmpq | None:
    """σ_α(z) on a piece, if neither α nor z, a number if that is known, changes it."""
    first, second = network.first[piece], network.second[piece]
    if z is None and max(first.degree(), second.degree()) >= 1:
        return None
    at = fmpq(0) if z is None else z
    return fmpq(first(at)) if first(at) == second(at) else None


def _residual(
    network: Network, walls: dict[int, fmpq], sources: Sequence[fmpq | None], target: fmpq
) -> fmpq | None:
    """Of the network's output, if it is a number."""
    if network.outputs is None:
        start = network.parameters - len(sources) - (network.offset is None)
        weights = [walls.get(start + k) for k in range(len(sources))]
    else:
        weights = list(network.outputs)
    offset = walls.get(network.parameters - 1) if network.offset is None else network.offset
    output = total([*zip(weights, sources, strict=True), (fmpq(1), offset)])
    return None if output is None else output - target
