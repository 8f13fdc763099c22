"""Regions of a network with one hidden layer: its joint cells."""

from __future__ import annotations

from collections.abc import Mapping
from math import lcm

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.constraints import Constraints
from pieceproof.checking.constraints import Row as Sparse
from pieceproof.checking.orbits import Case, check_cases, check_classes
from pieceproof.checking.problems import Problem as Network
from pieceproof.checking.problems import read_parameters, read_problem
from pieceproof.checking.reading import Node
from pieceproof.checking.regions import EXAMPLE, Problem, Region, Row, label_of
from pieceproof.checking.signmodels import check_homogeneous, is_trained, with_signs
from pieceproof.checking.unitcells import check_arrangements


def cell_regions(members: Mapping[str, Node]) -> Problem:
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
    labels = tuple(map(label_of, network.targets))
    one: Row = (*[fmpz_poly()] * (size - 1), fmpz_poly([1]))

    def names(number: int, name: Node) -> tuple[int | None, Row]:
        text = name.text()
        if text == "1":
            return None, one
        match = EXAMPLE.fullmatch(text)
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
