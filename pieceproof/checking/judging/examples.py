"""The pieces of σ_α that held-out examples use along a curve of minimisers.

Where z − β has a sign on an enclosure of the curve the side is known. Boundaries of held-out
examples that are boundaries of training examples too (equal inputs, or proportional ones without
biases and with proportional breakpoints) are not decided by numbers: the curve may lie on them. The
pattern of the stratum says on which side they are, and on an active one both pieces have the same
values. Where walls hold all that comes into a unit, z is a rational number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from flint import fmpq, fmpq_mpoly

from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.jets import Jet, Jets, Pattern
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.tubes import Curve, Label, Space
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
        self._own: dict[int, Space] = {}
        self.factors: dict[object, tuple[fmpq_mpoly, ...]] = {}
        """For ``combinations``: by what they make g constant."""
        self.thirds: dict[object, Sequence[Jets]] = {}
        """For ``motions``: derivatives of ∇f."""

    def space(self, chart: int) -> Space:
        """A chart of W with g for f."""
        if chart not in self._own:
            own = self.spaces[chart].chart
            network = replace(
                own.network,
                inputs=self.inputs,
                targets=self.targets,
                decay=fmpq(0),
                penalised=(),
            )
            self._own[chart] = Space(replace(own, network=network))
        return self._own[chart]

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
    def shared(self) -> dict[tuple[int, int], tuple[int, int, int]]:
        """First-layer boundaries (h, k) that are boundaries (t, j) of training examples, with the
        sign of the factor between z_h − β_k and z_t − β_j."""
        network = self.spaces.network
        found: dict[tuple[int, int], tuple[int, int, int]] = {}
        for h, row in enumerate(self.inputs):
            for t, other in enumerate(network.inputs):
                factor = _factor(row, other)
                if factor is None or (network.bias and factor != 1):
                    continue
                for k, at in enumerate(network.breakpoints):
                    for j, there in enumerate(network.breakpoints):
                        if at == factor * there:
                            found.setdefault((h, k), (t, j, 1 if factor > 0 else -1))
        return found


def _factor(row: Sequence[fmpq], other: Sequence[fmpq]) -> fmpq | None:
    """c ≠ 0 with row = c·other ≠ 0, if there is one."""
    for a, b in zip(row, other, strict=True):
        if b != 0:
            c = a / b
            return (
                c if c != 0 and all(x == c * y for x, y in zip(row, other, strict=True)) else None
            )
    return None


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
    """A box (1, n) around α and the points of W of a curve; of mirror images one."""
    point = curve.point
    return Range(
        np.concatenate([curve.alpha.lo, point.lo])[None],
        np.concatenate([curve.alpha.hi, point.hi])[None],
    )


def seen_by(held: HeldOut, curve: Curve) -> Seen:
    """The pieces that held-out examples use all along the curve.

    Raises:
        NotOnOneSide: an example may change its piece.
    """
    space = held.space(curve.stratum.chart)
    reached = space.jets.both(box_of(curve), 0)[1]
    found = [_example(held, curve, space, reached, h) for h in range(len(held.inputs))]
    unclear = [label for _, _, labels in found for label in labels]
    if unclear:
        raise NotOnOneSide(space, unclear)
    pattern = tuple(zip(*(pieces for pieces, _, _ in found), strict=True))
    return Seen(pattern, tuple(residual for _, residual, _ in found))


def _example(
    held: HeldOut, curve: Curve, space: Space, reached: Sequence[Jet], h: int
) -> tuple[list[int], fmpq | None, list[Label]]:
    """Pieces of one example, unit by unit, its residual if constant, and boundaries it may meet.

    A source is a number as long as no α and no w changes it.
    """
    network, twin = space.network, held.twins[h]
    pieces: list[int] = []
    unclear: list[Label] = []
    sources: list[fmpq | None] = list(held.inputs[h])
    for depth, width in enumerate(network.hidden):
        following: list[fmpq | None] = []
        for _ in range(width):
            unit = len(pieces)
            rests = not network.bias and all(source == 0 for source in sources)
            if twin is not None:
                piece = curve.stratum.pattern[unit][twin]
            elif rests:
                piece = bisect_right(network.breakpoints, fmpq(0))
            else:
                shared = held.shared if depth == 0 else {}
                z = reached[unit].value[0, h : h + 1]
                piece, open_ = _piece(shared, curve, space, z, (unit, h))
                unclear += open_
            pieces.append(piece)
            following.append(_constant(network, piece, rests))
        sources = following
    return pieces, _residual(network, sources, held.targets[h]), unclear


def _piece(
    shared: dict[tuple[int, int], tuple[int, int, int]],
    curve: Curve,
    space: Space,
    z: Range,
    place: tuple[int, int],
) -> tuple[int, list[Label]]:
    """The number of breakpoints below z, and those of which this is not known."""
    (unit, h), points = place, space.jets.points
    piece, unclear = 0, list[Label]()
    at_walls = _held_at(curve, space.network, unit, space.network.inputs[h])
    if at_walls is not None:
        return bisect_right(space.network.breakpoints, at_walls), []
    for k in range(len(space.network.breakpoints)):
        if (h, k) in shared:
            t, j, sense = shared[h, k]
            above = (curve.stratum.pattern[unit][t] > j) == (sense > 0)
        elif z.lo[0] > points.hi[k]:
            above = True
        elif z.hi[0] < points.lo[k]:
            above = False
        else:
            above = False
            unclear.append((unit, h, k))
        piece += above
    return piece, unclear


def _held_at(curve: Curve, network: Network, unit: int, inputs: Sequence[fmpq]) -> fmpq | None:
    """z of a first-layer unit, if walls hold all that comes into it."""
    sides, fold = {**curve.space.chart.fixed, **curve.stratum.walls}, curve.stratum.fold
    own = network.incoming[unit]
    touched = () if fold is None else fold.touched
    if unit >= network.hidden[0] or any(i not in sides or i in touched for i in own):
        return None
    row = [*inputs, fmpq(1)] if network.bias else list(inputs)
    values = (network.walls[i][sides[i]] for i in own)
    return sum((x * w for x, w in zip(row, values, strict=True)), fmpq(0))


def _constant(network: Network, piece: int, rests: bool) -> fmpq | None:
    """σ_α(z) on a piece, if neither α nor z changes it; ``rests`` says that z = 0."""
    first, second = network.first[piece], network.second[piece]
    if rests or max(first.degree(), second.degree()) < 1:
        return fmpq(first(0)) if first(0) == second(0) else None
    return None


def _residual(network: Network, sources: Sequence[fmpq | None], target: fmpq) -> fmpq | None:
    if network.offset is None or any(source is None for source in sources):
        return None
    known = [source for source in sources if source is not None]
    if network.outputs is None:
        return None if any(known) else network.offset - target
    total = sum((v * s for v, s in zip(network.outputs, known, strict=True)), fmpq(0))
    return network.offset + total - target
