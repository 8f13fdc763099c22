"""The checker of the method "rising-chains": the zero-one loss of a linear classifier.

1. the network has one unit in each hidden layer, and its activation is continuous, at both ends of
   A monotone in one direction, and on no piece constant at both: so strictly monotone inside A;
2. the linear classifier, with a threshold unless the network has none (no biases, c = 0,
   σ_α(0) = 0), makes no fewer errors than the pieces: by circuits, as for a network of one unit
   with the activation identity (:mod:`.piecewiseconstant`);
3. every part of a piece has parameters in the box along which all but ``errors`` examples are on
   their right side: y·f ≥ 0, and not identically 0, as polynomials in α.

*Why that suffices.* With one unit in each layer the score is a monotone function of w·x, for every
α inside A: the examples with a positive score, and those with a negative one, are divided by a
threshold of w·x, which is 0 if the network has none. So whatever is right is right for a linear
classifier. At the ends of A ℓ* is the limit (:mod:`.piecewiseconstant`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.attained import (
    check_divided,
    read_increasing,
    read_path_in_box,
    read_place,
    read_witness,
)
from pieceproof.checking.circuits import CircuitBounds
from pieceproof.checking.enclosing.networks import Network, read_network
from pieceproof.checking.intervals import Interval, nonnegative
from pieceproof.checking.pieces import Piece, read_pieces
from pieceproof.checking.problems import Parameter
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import exactly
from pieceproof.checking.run import Dual, Run
from pieceproof.checking.shapes import continuous
from pieceproof.checking.statedregions import identity_unit, read_regions

MEMBERS: tuple[str, ...] = ("linear",)
OWN = ("errors", "sample", "parts")
SHARED = ("cells", "exchangeable", "regions", "proofs")
MAX_PARAMETERS = 1000
MAX_DEGREE = 20_000
"""Degree in α of a pre-activation."""


def check(run: Run) -> Dual:
    """ℓ* of a document whose proofs hold, unless ``run`` says otherwise.

    Raises:
        CertificateError: malformed, or no rising chain.
        Refuted: a claim without which the others have no meaning is false.
    """
    members = run.members
    chain = _read_chain(members["problem"])
    pieces = read_pieces(members["pieces"], chain.network.interval, OWN)
    if len(pieces) != 1:
        raise Refuted(f"{members['pieces'].path}: {len(pieces)} pieces of a constant function")
    entry = members["pieces"].items()[0].fields("interval", "value", *OWN)
    errors = entry["errors"].integer(0, chain.network.examples)
    value = fmpq(errors, chain.network.examples if chain.network.mean else 1)
    if (pieces[0].numerator, pieces[0].denominator) != (
        fmpz_poly([value.p]),
        fmpz_poly([value.q]),
    ):
        raise Refuted(f"{entry['value'].path}: not the loss of {errors} errors")
    parts = entry["parts"].items()
    if not parts:
        raise entry["parts"].wrong("at least one part")
    run.checked |= {"pieces": 1, "parts": len(parts)}
    with run.collecting():
        check_divided(entry["parts"], [chain.check_part(p, errors) for p in parts], pieces[0])
    with run.collecting():
        chain.check_sample(entry["sample"], pieces[0], errors)
    with run.collecting():
        run.checked["circuits"] = _check_linear(members, chain, pieces[0], errors)
    return Dual(pieces, continuous(pieces), {})


def _check_linear(members: Mapping[str, Node], chain: Chain, piece: Piece, errors: int) -> int:
    """Number of circuits that show that no linear classifier has fewer errors.

    Raises:
        Refuted: they do not show it.
    """
    node = members["problem"]
    shared = members["linear"].fields(*SHARED)
    linear = read_regions({**shared, "problem": Node(_linear(node, chain), node.path)})
    proofs = shared["proofs"].items()
    names = linear.names
    if names is None or len(proofs) != len(linear.regions):
        raise Refuted(f"{shared['proofs'].path}: {len(proofs)} for {len(linear.regions)} regions")
    bounds = CircuitBounds([(piece, errors)])
    for number, proof in enumerate(proofs):
        bounds.check(proof, partial(names, number))
    return bounds.looked_at


def _linear(node: Node, chain: Chain) -> dict[str, Any]:
    """The linear classifier as a network; w and θ of all sizes are alike, so any box will do."""
    names = [f"w1_{feature}" for feature in node.member("data").member("features").texts()]
    names += ["b1"] if chain.threshold else []
    return {
        **node.value,
        "model": identity_unit(chain.threshold),
        "parameters": [{"name": name, "lower": "-1", "upper": "1"} for name in names],
    }


@dataclass(frozen=True)
class Chain:
    """A network with one unit in each hidden layer and a rising (or falling) activation."""

    network: Network

    @property
    def threshold(self) -> bool:
        """Whether an example at x = 0 may have a score other than 0."""
        network = self.network
        at = bisect_right(network.breakpoints, fmpq(0))
        flat = network.first[at](0) == 0 == network.second[at](0)
        return network.bias or network.offset is None or network.offset != 0 or not flat

    def check_part(self, node: Node, errors: int) -> Interval:
        """The interval of a part whose parameters make no more errors.

        Raises:
            CertificateError: malformed.
            Refuted: they make more, leave the box, or pass a breakpoint.
        """
        entry = node.fields("interval", "minimiser")
        interval = read_increasing(entry["interval"])
        where = entry["minimiser"].path
        numerators, below = read_path_in_box(entry["minimiser"], self.box, interval)
        weights = [fmpq_poly(p) for p in numerators]
        wrong = 0
        for x, y in zip(self.network.inputs, self.network.targets, strict=True):
            score = self._score(weights, fmpq_poly(below), x, interval, where)
            margin = (score * y).numer()
            wrong += not margin or not nonnegative(margin, interval)
        if wrong > errors:
            raise Refuted(f"{where}: makes {wrong} errors, not {errors}")
        return interval

    @property
    def box(self) -> tuple[Parameter, ...]:
        """All parameters with their ranges."""
        ranges = zip(self.network.names, self.network.walls, strict=True)
        return tuple(Parameter(name, *walls) for name, walls in ranges)

    def _score(
        self,
        weights: Sequence[fmpq_poly],
        below: fmpq_poly,
        x: Sequence[fmpq],
        interval: Interval,
        where: str,
    ) -> fmpq_poly:
        """A positive multiple of the score with parameters weights/below on an interval."""
        network, rest = self.network, iter(weights)
        above = [fmpq_poly([value]) for value in x]
        power = fmpq_poly([1])
        for _ in network.hidden:
            z = sum((next(rest) * value for value in above), fmpq_poly())
            if network.bias:
                z += next(rest) * power
            power *= below
            activated, degree = self._activated(z, power, interval, where)
            above, power = [activated], power**degree
        if network.outputs is None:
            above, power = [above[0] * next(rest)], power * below
        else:
            above = [above[0] * network.outputs[0]]
        if network.offset is None:
            return above[0] * below + next(rest) * power
        return above[0] + network.offset * power

    def _activated(
        self, z: fmpq_poly, power: fmpq_poly, interval: Interval, where: str
    ) -> tuple[fmpq_poly, int]:
        """power^k·σ_α(z/power), and k."""
        network, piece = self.network, 0
        for point in network.breakpoints:
            distance = (z - point * power).numer()
            if nonnegative(distance, interval):
                piece += 1
            elif not nonnegative(-distance, interval):
                raise Refuted(f"{where}: a pre-activation passes the breakpoint {point}")
        first, second = network.first[piece], network.second[piece]
        degree = max(first.degree(), second.degree(), 0)
        if max(degree, 1) * (z.degree() + power.degree() + 2) > MAX_DEGREE:
            raise Refuted(f"{where}: of too high a degree in alpha")
        value, scale = fmpq_poly(), fmpq_poly([1])
        for i in reversed(range(degree + 1)):
            value = value * z + scale * fmpq_poly([second[i], first[i] - second[i]])
            scale *= power
        return value, degree

    def check_sample(self, node: Node, piece: Piece, errors: int) -> None:
        """Raises:
        CertificateError: malformed.
        Refuted: the witness makes more errors at the sample.
        """
        sample = node.fields("alpha", "value", "witness")
        alpha, _ = read_place(sample, piece)
        witness = read_witness(sample["witness"], self.box)
        network, wrong = self.network, 0
        for x, y in zip(network.inputs, network.targets, strict=True):
            rest, values = iter(witness), list(x)
            for _ in network.hidden:
                z = sum((next(rest) * value for value in values), fmpq(0))
                z += next(rest) if network.bias else 0
                at = bisect_right(network.breakpoints, z)
                values = [alpha * network.first[at](z) + (1 - alpha) * network.second[at](z)]
            score = values[0] * (next(rest) if network.outputs is None else network.outputs[0])
            score += next(rest) if network.offset is None else network.offset
            wrong += score * y <= 0
        if wrong > errors:
            raise Refuted(f"{sample['witness'].path}: makes {wrong} errors, not {errors}")


def _read_chain(node: Node) -> Chain:
    """The stated problem.

    Raises:
        CertificateError: malformed, or no rising chain with the zero-one loss.
    """
    loss = node.member("loss").fields("kind", "reduction", "weight_decay")
    loss["kind"].choice("zero-one")
    if loss["weight_decay"].rational() != 0:
        raise loss["weight_decay"].wrong("no weight decay")
    stated = {**node.value, "loss": {**node.member("loss").value, "kind": "squared"}}
    network = read_network(Node(stated, node.path), MAX_PARAMETERS)
    if network.penalised:
        raise node.wrong("no penalty")
    if set(network.hidden) != {1}:
        raise node.member("model").member("hidden").wrong("one unit in each hidden layer")
    if not _is_monotone(network):
        raise (
            node.member("model")
            .member("activation")
            .wrong("a continuous activation that is strictly monotone for all alpha inside A")
        )
    if any(label not in (1, -1) for label in network.targets):
        raise node.member("data").wrong("labels 1 and -1")
    return Chain(network)


def _is_monotone(network: Network) -> bool:
    """Whether σ_α is continuous, and strictly monotone for every α inside A."""
    signs: set[int] = set()
    points = network.breakpoints
    for pieces in (network.first, network.second):
        for point, (left, right) in zip(points, pairwise(pieces), strict=True):
            if left(point) != right(point):
                return False
    for number, (first, second) in enumerate(zip(network.first, network.second, strict=True)):
        slopes = [(alpha * first + (1 - alpha) * second).derivative() for alpha in network.interval]
        if not any(slopes):
            return False
        for slope in slopes:
            if slope:
                reach = 1 + sum(
                    (abs(c / slope.leading_coefficient()) for c in slope.coeffs()), fmpq(1)
                )
                low = points[number - 1] if number else min([-reach, *(p - 1 for p in points[:1])])
                high = points[number] if number < len(points) else max(reach, low + 1)
                signs |= _weak_signs(slope.numer(), Interval(exactly(low), exactly(high)))
    return len(signs) == 1


def _weak_signs(f: fmpz_poly, interval: Interval) -> set[int]:
    """{1} if F ≥ 0 on the interval, {−1} if F ≤ 0, else both; F ≠ 0."""
    if nonnegative(f, interval):
        return {1}
    return {-1} if nonnegative(-f, interval) else {1, -1}
