"""The regions that a document with a zero-one loss states, rebuilt from its problem.

A linear graph convolution has one region, a linear model and a network with one hidden layer its
joint cells, a deep network and a graph convolution with hidden channels the cones of their
patterns, each on its intervals of α.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pieceproof.checking.cellregions import cell_regions
from pieceproof.checking.graphs import linear_graph
from pieceproof.checking.nestedregions import nested_regions
from pieceproof.checking.patternregions import pattern_regions
from pieceproof.checking.problems import read_data, read_ends, read_parameters
from pieceproof.checking.reading import Node
from pieceproof.checking.regions import Problem, label_of, through_zero


def read_regions(members: Mapping[str, Node]) -> Problem:
    """The stated problem with its regions: one for a graph, the joint cells of a network.

    Raises:
        CertificateError: malformed, or outside the covered family.
        Refuted: unit cells or joint cells are missing or repeated.
    """
    members = {**members, "problem": _as_network(members["problem"])}
    node = members["problem"]
    entry = node.fields("model", "interval", "parameters", "loss", "data")
    loss = entry["loss"].fields("kind", "reduction", "weight_decay")
    loss["kind"].choice("zero-one")
    if loss["weight_decay"].rational() != 0:
        raise loss["weight_decay"].wrong("no weight decay")
    kind = entry["model"].member("kind").choice("gcn", "feedforward")
    hidden = kind == "gcn" and entry["model"].member("hidden").value is not None
    if hidden:
        problem = pattern_regions(members)
    else:
        problem = _read_graph(entry) if kind == "gcn" else _network_regions(members)
    if any(label not in (1, -1) for label in problem.labels):
        raise entry["data"].wrong("labels 1 and -1")
    if kind == "gcn" and (members["cells"].value is not None or members["exchangeable"].items()):
        raise members["cells"].wrong("no cells")
    if kind == "gcn" and not hidden and members["proofs"].items():
        raise members["proofs"].wrong("no proofs")
    if kind == "gcn" and not hidden and members["regions"].value != [{}]:
        raise members["regions"].wrong("one region without a name")
    return problem


def _as_network(node: Node) -> Node:
    """A linear model w·x (+ b) as a unit with the activation identity; others as they are."""
    if node.member("model").member("kind").value != "linear":
        return node
    bias = node.member("model").fields("kind", "bias")["bias"].flag()
    names = {f"w_{name}": f"w1_{name}" for name in node.member("data").member("features").texts()}
    names |= {"b": "b1"} if bias else {}
    parameters = []
    for entry in node.member("parameters"):
        name = entry.member("name").text()
        if name not in names:
            raise entry.wrong(f"one of {', '.join(names)}")
        parameters.append({**entry.value, "name": names[name]})
    changed = {"model": identity_unit(bias), "parameters": parameters}
    return Node({**node.value, **changed}, node.path)


def identity_unit(bias: bool) -> dict[str, Any]:
    """The model of a network of one unit that predicts w·x (+ b)."""
    identity = {"name": "identity", "breakpoints": [], "pieces": [["0", "1"]]}
    return {
        "kind": "feedforward",
        "hidden": [1],
        "bias": bias,
        "activation": {"first": identity, "second": identity},
        "output_weights": ["1"],
        "output_bias": "0",
    }


def _network_regions(members: Mapping[str, Node]) -> Problem:
    layers = members["problem"].member("model").member("hidden").items()
    return cell_regions(members) if len(layers) == 1 else nested_regions(members)


def _read_graph(entry: dict[str, Node]) -> Problem:
    features, inputs, targets = read_data(entry["data"], same_length=False)
    interval = read_ends(entry["interval"])
    graph = linear_graph(entry["model"], interval)
    if len(inputs) != len(graph.kernel) or len(targets) != len(graph.training):
        raise entry["data"].wrong("a row for every node and a label for every training node")
    parameters = read_parameters(entry["parameters"], [f"w_{feature}" for feature in features])
    region = through_zero(graph.scores(inputs), [], parameters, (0,) * len(targets))
    mean = entry["loss"].member("reduction").choice("mean", "sum") == "mean"
    return Problem((region,), tuple(map(label_of, targets)), parameters, interval, mean)
