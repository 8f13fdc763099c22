"""Regions of parameters on which every score of a zero-one loss is linear, rebuilt from a problem.

A linear graph convolution has one region, a network with one hidden layer its joint cells, a graph
convolution with hidden channels the cones of its patterns, each on its intervals of α.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from math import lcm

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.constraints import Constraints
from pieceproof.checking.constraints import Row as Sparse
from pieceproof.checking.convolutions import Convolution, read_convolution
from pieceproof.checking.flips import Active
from pieceproof.checking.graphs import linear_graph
from pieceproof.checking.intervals import Interval, intersection
from pieceproof.checking.orbits import Case, check_cases, check_classes
from pieceproof.checking.problems import (
    Parameter,
    read_data,
    read_ends,
    read_parameters,
    read_problem,
)
from pieceproof.checking.problems import Problem as Network
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import exactly
from pieceproof.checking.signmodels import T, Trained, check_homogeneous, is_trained, with_signs
from pieceproof.checking.turning import Spell, find_spells
from pieceproof.checking.unitcells import check_arrangements

_EXAMPLE = re.compile(r"e([1-9][0-9]{0,8})")

Row = tuple[fmpz_poly, ...]
Names = Callable[[int, Node], tuple[int | None, Row]]
"""For the number of a region and the name of a row: the row, and the example if it is one."""
Key = tuple[tuple[int, tuple[int, ...]], ...]
"""For every channel a sign (0 for fixed output weights) and the active nodes."""


@dataclass(frozen=True)
class Region:
    """Scores as rows on (w, 1) where all ``constraints`` are positive.

    ``settled`` are the signs of the scores on the whole region where these are known, else 0.
    ``alive`` are the intervals of α on which the region exists; None if it always does.
    """

    scores: tuple[Row, ...]
    constraints: tuple[Row, ...]
    settled: tuple[int, ...]
    alive: tuple[Interval, ...] | None = None


@dataclass(frozen=True)
class Problem:
    """Regions that cover the box, labels, box; where circuits prove, ``names`` gives for every
    region its rows by name; of a network ``signs`` are those of output weights."""

    regions: tuple[Region, ...]
    labels: tuple[int, ...]
    parameters: tuple[Parameter, ...]
    interval: tuple[fmpq, fmpq]
    mean: bool
    names: Names | None = None
    trained: Trained | None = None
    signs: tuple[tuple[int, ...], ...] = ()

    def point(self, region: int, point: Sequence[T]) -> Sequence[T] | None:
        """What the rows of a region act on, at parameters and 1, times a common factor.

        None if trainable output weights are not those of the region.
        """
        return point if self.trained is None else self.trained.hidden(point, self.signs[region])

    def value(self, errors: int) -> fmpq:
        """The loss of so many errors."""
        return fmpq(errors, len(self.labels) if self.mean else 1)


def read_regions(members: Mapping[str, Node]) -> Problem:
    """The stated problem with its regions: one for a graph, the joint cells of a network.

    Raises:
        CertificateError: malformed, or outside the covered family.
        Refuted: unit cells or joint cells are missing or repeated.
    """
    node = members["problem"]
    entry = node.fields("model", "interval", "parameters", "loss", "data")
    loss = entry["loss"].fields("kind", "reduction", "weight_decay")
    loss["kind"].choice("zero-one")
    if loss["weight_decay"].rational() != 0:
        raise loss["weight_decay"].wrong("no weight decay")
    kind = entry["model"].member("kind").choice("gcn", "feedforward")
    hidden = kind == "gcn" and entry["model"].member("hidden").value is not None
    if hidden:
        problem = _read_convolution(members)
    else:
        problem = _read_graph(entry) if kind == "gcn" else _read_network(members)
    if any(label not in (1, -1) for label in problem.labels):
        raise entry["data"].wrong("labels 1 and -1")
    if kind == "gcn" and (members["cells"].value is not None or members["exchangeable"].items()):
        raise members["cells"].wrong("no cells")
    if kind == "gcn" and not hidden and members["proofs"].items():
        raise members["proofs"].wrong("no proofs")
    if kind == "gcn" and not hidden and members["regions"].value != [{}]:
        raise members["regions"].wrong("one region without a name")
    return problem


def _read_graph(entry: dict[str, Node]) -> Problem:
    features, inputs, targets = read_data(entry["data"], same_length=False)
    interval = read_ends(entry["interval"])
    graph = linear_graph(entry["model"], interval)
    if len(inputs) != len(graph.kernel) or len(targets) != len(graph.training):
        raise entry["data"].wrong("a row for every node and a label for every training node")
    parameters = read_parameters(entry["parameters"], [f"w_{feature}" for feature in features])
    region = _through_zero(graph.scores(inputs), [], parameters, (0,) * len(targets))
    mean = entry["loss"].member("reduction").choice("mean", "sum") == "mean"
    return Problem((region,), tuple(map(_label, targets)), parameters, interval, mean)


def _through_zero(
    scores: Sequence[Row],
    constraints: Sequence[Row],
    parameters: Sequence[Parameter],
    settled: tuple[int, ...],
    alive: tuple[Interval, ...] | None = None,
) -> Region:
    """A region whose rows are linear in w. A box that holds 0 inside has parameters in every
    direction, and signs depend on no more."""
    zero = fmpz_poly()
    rows = [(*row, zero) for row in constraints]
    if not all(p.lower < 0 < p.upper for p in parameters):
        rows += _walls(parameters)
    return Region(tuple((*row, zero) for row in scores), tuple(rows), settled, alive)


def _read_convolution(members: Mapping[str, Node]) -> Problem:
    """A graph convolution with hidden channels; its regions are the cones of patterns.

    The stated regions must be all patterns of all channels that occur together at some α, once
    for each orbit under exchange of channels. Here w(α) need not be close to an open cell of its
    region: predictions are continuous in w, so that a score that is not 0 keeps its sign nearby.
    """
    convolution = read_convolution(members["problem"], "zero-one")
    whole = Interval(*map(exactly, convolution.interval))
    spells = find_spells(convolution.rows, whole)
    expected = _joint_patterns(convolution, spells)
    regions = []
    named: list[tuple[list[Active], tuple[int, ...] | None]] = []
    for entry in members["regions"]:
        name = entry.fields("on", *(("signs",) if convolution.signed else ()))
        on = [frozenset(node.integer(0, 10**6) for node in channel) for channel in name["on"]]
        signs = tuple(sign.integer(-1, 1) for sign in name["signs"]) if "signs" in name else None
        if len(on) != convolution.channels or (signs and len(signs) != len(on)):
            raise entry.wrong(f"nodes (and a sign) for each of {convolution.channels} channels")
        alive = expected.pop(_orbit(convolution, on, signs), None)
        if alive is None:
            raise Refuted(f"{entry.path}: repeated, or the patterns never occur together")
        named.append((on, signs))
        regions.append(
            _through_zero(
                convolution.scores(on, signs),
                convolution.boundaries(on),
                convolution.parameters,
                convolution.settled(on, signs),
                tuple(alive),
            )
        )
    if expected:
        raise Refuted(f"{members['regions'].path}: {len(expected)} regions are missing")
    labels = tuple(map(_label, convolution.targets))

    def names(number: int, name: Node) -> tuple[int | None, Row]:
        on, _ = named[number]
        return _named_row(name, convolution, on, regions[number].scores, labels)

    return Problem(
        tuple(regions),
        labels,
        convolution.parameters,
        convolution.interval,
        convolution.mean,
        names if members["proofs"].items() else None,
    )


def _named_row(
    name: Node,
    convolution: Convolution,
    on: Sequence[Active],
    scores: Sequence[Row],
    labels: Sequence[int],
) -> tuple[int | None, Row]:
    """The row on (w, 1) of an example, of "1", of ``h1:ada`` or of a wall."""
    text, zero = name.text(), fmpz_poly()
    if text == "1":
        return None, (*[zero] * len(convolution.parameters), fmpz_poly([1]))
    match = _EXAMPLE.fullmatch(text)
    if match is not None:
        example = int(match[1]) - 1
        if example >= len(labels):
            raise name.wrong(f"an example up to e{len(labels)}")
        return example, tuple(labels[example] * p for p in scores[example])
    known = [
        f"h{channel + 1}:{convolution.graph.names[node]}"
        for channel in range(convolution.channels)
        for node in convolution.rows
    ]
    if text in known:
        return None, (*convolution.boundaries(on)[known.index(text)], zero)
    walls = [f"{p.name}:{end}" for p in convolution.parameters for end in ("lower", "upper")]
    if text in walls:
        return None, _walls(convolution.parameters)[walls.index(text)]
    raise name.wrong("the name of a row")


def _orbit(convolution: Convolution, on: Sequence[Active], signs: Sequence[int] | None) -> Key:
    """The same for all patterns that a permutation of exchangeable channels turns into this one."""
    states = [
        (signs[channel] if signs else 0, tuple(sorted(active))) for channel, active in enumerate(on)
    ]
    found = list(states)
    for members in convolution.exchangeable:
        for place, state in zip(members, sorted(states[k] for k in members), strict=True):
            found[place] = state
    return tuple(found)


def _joint_patterns(convolution: Convolution, spells: Sequence[Spell]) -> dict[Key, list[Interval]]:
    """All patterns of all channels that occur together, with their intervals."""
    options = [
        (s, i) for s in ((-1, 1) if convolution.signed else (0,)) for i in range(len(spells))
    ]
    classes = convolution.exchangeable
    found: dict[Key, list[Interval]] = {}
    for chosen in product(
        *(combinations_with_replacement(options, len(members)) for members in classes)
    ):
        states = {
            channel: state
            for members, own in zip(classes, chosen, strict=True)
            for channel, state in zip(members, own, strict=True)
        }
        order = [states[channel] for channel in range(convolution.channels)]
        common: Interval | None = spells[order[0][1]].interval
        for _, index in order[1:]:
            common = common and intersection(common, spells[index].interval)
        if common is not None:
            on = [spells[index].active for _, index in order]
            key = _orbit(convolution, on, [sign for sign, _ in order])
            found.setdefault(key, []).append(common)
    return found


def _label(target: fmpq) -> int:
    return int(target.p) if target in (1, -1) else 0


def _read_network(members: Mapping[str, Node]) -> Problem:
    """A network with one hidden layer; its joint cells are those of the squared loss."""
    node = members["problem"]
    loss = {**node.value["loss"], "kind": "squared"}
    stated = Node({**node.value, "loss": loss}, node.path)
    trained, parameters = None, node.member("parameters")
    if is_trained(stated):
        stated, trained = with_signs(stated)
    network = read_problem(stated)
    if trained is not None:
        check_homogeneous(node, network)
    if network.units == 0 or network.penalised or network.held_out:
        raise node.wrong("a network without penalty")
    arrangements = check_arrangements(members["cells"], network)
    orbits = check_classes(members["exchangeable"], network, arrangements)
    entries = members["regions"].items()
    cases = [
        orbits.read_case(entry.fields("cell", optional=("signs",)), entry.path) for entry in entries
    ]
    check_cases(members["regions"], cases, orbits)
    constraints = Constraints(network, tuple(arrangements))
    number_of = {unit: each for each in arrangements for unit in each.units}
    regions = []
    size = len(network.parameters) + 1
    scale = fmpq(1) if trained is None else trained.scale
    for case in cases:
        rows = []
        rows += [_dense(sparse, size) for _, sparse in constraints.facets(case)]
        patterns = [number_of[unit].indices[cell] for unit, cell in enumerate(case.cells)]
        scores = tuple(
            _network_score(network, case, [int(p[t]) for p in patterns], x, scale)
            for t, x in enumerate(network.inputs)
        )
        regions.append(Region(scores, tuple(rows), (0,) * len(scores)))
    labels = tuple(map(_label, network.targets))
    one: Row = (*[fmpz_poly()] * (size - 1), fmpz_poly([1]))

    def names(number: int, name: Node) -> tuple[int | None, Row]:
        text = name.text()
        if text == "1":
            return None, one
        match = _EXAMPLE.fullmatch(text)
        if match is None:
            return None, _dense(constraints.row(name, cases[number]), size)
        example = int(match[1]) - 1
        if example >= len(labels):
            raise name.wrong(f"an example up to e{len(labels)}")
        return example, tuple(labels[example] * p for p in regions[number].scores[example])

    box = network.parameters
    if trained is not None:
        listed = parameters.items()
        box = read_parameters(parameters, [entry.member("name").text() for entry in listed])
    signs = tuple(case.signs or () for case in cases)
    return Problem(
        tuple(regions), labels, box, network.interval, network.mean, names, trained, signs
    )


def _dense(sparse: Sparse, size: int) -> Row:
    """a·w − b as a row on (w, 1)."""
    row = [fmpz_poly()] * size
    for position, value in sparse:
        row[position] = fmpz_poly([-value if position == size - 1 else value])
    return tuple(row)


def _network_score(
    network: Network, case: Case, pieces: list[int], x: tuple[fmpq, ...], scale: fmpq
) -> Row:
    """Σ_k v_k·(S_j(α)·(x̃·w_k) + R_j(α)) + c as a row on (w, 1), all v_k times ``scale``."""
    weights = case.signs if network.weights is None else network.weights
    entries: list[fmpq_poly] = []
    constant = fmpq_poly()
    for unit, piece in enumerate(pieces):
        weight = scale * (1 if weights is None else weights[unit])
        slope = fmpq_poly(list(network.slopes[piece])) * weight
        entries += [slope * value for value in (*x, *[fmpq(1)] * network.bias)]
        constant += fmpq_poly(list(network.intercepts[piece])) * weight
    if network.offset is None:
        entries.append(fmpq_poly([1]))
    else:
        constant += network.offset
    entries.append(constant)
    common = lcm(*(int(p.denom()) for p in entries))
    return tuple((p * common).numer() for p in entries)


def _walls(parameters: Sequence[Parameter]) -> list[Row]:
    rows = []
    for index, parameter in enumerate(parameters):
        for side, wall in ((1, parameter.lower), (-1, parameter.upper)):
            row = [fmpz_poly()] * (len(parameters) + 1)
            row[index], row[-1] = fmpz_poly([side * wall.q]), fmpz_poly([-side * wall.p])
            rows.append(tuple(row))
    return rows
