"""``kind = "gcn"`` in a spec: the graph, the features of its nodes, their labels.

The graph is Zachary's karate club as networkx ships it, a CSV file of edges, or a list in the
spec; node data come from the graph itself, from a CSV file, or from the spec.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from pieceproof.csvdata import DataError, read_cells
from pieceproof.tables import SpecError, Table, nearest
from piecewise import GraphConvolution, ProblemError
from piecewise.exact import rational

MODEL_KEYS = ("kind", "graph", "edges", "nodes", "degree", "power", "hidden", "output_weights")
DATA_KEYS = ("csv", "node", "features", "target", "positive", "train", "inputs", "targets")
GRAPHS = ("karate",)

EdgeList = list[tuple[str, str, Fraction]]
_EDGES = 'edges = "edges.csv", edges = [["a", "b", 1]], or graph = "karate"'


@dataclass(frozen=True)
class GraphData:
    """A model with the data of its nodes."""

    model: GraphConvolution
    inputs: list[list[Fraction]]
    targets: list[Fraction]
    features: list[str]
    target: str


@dataclass(frozen=True)
class _Graph:
    nodes: list[str]
    edges: EdgeList
    labels: dict[str, str]
    """The class of every node if the graph comes with one."""

    def degrees(self, node: str) -> Fraction:
        return Fraction(sum(node in edge[:2] for edge in self.edges))

    def strength(self, node: str) -> Fraction:
        return sum((w for a, b, w in self.edges if node in (a, b)), Fraction(0))


_COMPUTED: dict[str, Callable[[_Graph, str], Fraction]] = {
    "degree": _Graph.degrees,
    "strength": _Graph.strength,
    "one": lambda graph, node: Fraction(1),
}
"""Features that the graph gives: number of neighbours, sum of edge weights, the constant 1."""


def graph_data(model: Table, data: Table, folder: Path, budget: int) -> GraphData:
    """The graph convolution that ``[model]`` and ``[data]`` state.

    Raises:
        SpecError: an entry is missing, unknown, of the wrong type, or does not fit.
        ProblemError: the entries do not fit together.
    """
    model.allow(*MODEL_KEYS)
    data.allow(*DATA_KEYS)
    graph = _graph(model, folder, budget)
    nodes, columns = _node_table(data, folder, budget, graph)
    train = data.strings("train", 'train = ["NODE"]') if "train" in data else None
    convolution = GraphConvolution(
        nodes,
        graph.edges,
        degree=model.positive("degree", 1),
        power=model.positive("power", 1),
        hidden=_channels(model),
        output_weights=_weights(model),
        training=train,
    )
    chosen = [nodes[t] for t in convolution.training]
    if "inputs" in data:
        names = data.strings("features", 'features = ["NAME"]') if "features" in data else []
        example = "inputs = [[1], [2]]"
        inputs = [
            list(data.numbers("inputs", row, example)) for row in data.items("inputs", example)
        ]
        names = names or [f"x{i}" for i in range(1, len(inputs[0]) + 1)] if inputs else names
    else:
        names = data.strings("features", 'features = ["degree", "one"]')
        inputs = [[_feature(data, graph, columns, name, node) for name in names] for node in nodes]
    target = data.text("target", 'target = "NAME"') if "target" in data else ""
    targets = _targets(data, graph, columns, chosen, target)
    return GraphData(convolution, inputs, targets, names, target or _default_target(graph))


# -- the graph -------------------------------------------------------------------------


def _graph(model: Table, folder: Path, budget: int) -> _Graph:
    if ("graph" in model) == ("edges" in model):
        raise model.error("edges", f"give one graph; write {_EDGES}")
    if "graph" in model:
        name = model.text("graph", 'graph = "karate"')
        if name not in GRAPHS:
            raise model.error("graph", f"unknown graph {name!r}; {nearest(name, GRAPHS)}")
        return _karate()
    edges = _edges(model, folder, budget)
    names = dict.fromkeys(node for a, b, _ in edges for node in (a, b))
    if "nodes" in model:
        listed = model.strings("nodes", 'nodes = ["a", "b"]')
        missing = next((name for name in names if name not in listed), None)
        if missing is not None:
            raise model.error("nodes", f"{missing!r} has an edge but is not listed; add it")
        return _Graph(listed, edges, {})
    return _Graph(list(names), edges, {})


def _karate() -> _Graph:
    from networkx import karate_club_graph  # loaded only for specs that name the graph

    club = karate_club_graph()
    edges = [(str(a), str(b), Fraction(w["weight"])) for a, b, w in club.edges(data=True)]
    labels = {str(node): entry["club"] for node, entry in club.nodes(data=True)}
    return _Graph([str(node) for node in club], edges, labels)


def _edges(model: Table, folder: Path, budget: int) -> EdgeList:
    entry = model.entries["edges"]
    if isinstance(entry, str):
        rows = _cells(model, "edges", folder / entry, ("source", "target"), ("weight",), budget)
        edges = []
        for number, (source, target, weight) in enumerate(rows, start=1):
            try:
                edges.append((source, target, rational(weight) if weight else Fraction(1)))
            except ProblemError as error:
                raise model.error("edges", f"{entry}: row {number}: {error}") from None
        return edges
    found: EdgeList = []
    for item in model.items("edges", 'edges = [["a", "b", 1]]'):
        if (
            not isinstance(item, list)
            or len(item) not in (2, 3)
            or not all(isinstance(name, str) for name in item[:2])
        ):
            raise model.error("edges", f'{item!r} is no edge; write ["a", "b"] or ["a", "b", 1]')
        value = model.number("edges", item[2]) if len(item) == 3 else Fraction(1)
        found.append((item[0], item[1], value))
    return found


def _channels(model: Table) -> int | None:
    if "hidden" not in model:
        return None
    entries = model.items("hidden", "hidden = [1]")
    if len(entries) != 1 or isinstance(entries[0], bool) or not isinstance(entries[0], int):
        raise model.error("hidden", "a graph convolution has one hidden layer; write hidden = [1]")
    return entries[0]


def _weights(model: Table) -> tuple[Fraction, ...] | str | None:
    entry = model.entries.get("output_weights")
    if entry is None or isinstance(entry, str):
        return entry
    return model.numbers("output_weights", entry, 'output_weights = [1], or "signs"')


# -- the nodes -------------------------------------------------------------------------

Columns = dict[str, dict[str, str]]
"""Cells by column and node."""


def _node_table(data: Table, folder: Path, budget: int, graph: _Graph) -> tuple[list[str], Columns]:
    """The nodes in order and what a CSV file says of them."""
    if "csv" not in data:
        return graph.nodes, {}
    key = data.text("node", 'node = "NAME"') if "node" in data else "node"
    wanted = [
        *(data.strings("features", 'features = ["NAME"]')),
        *([data.text("target", 'target = "NAME"')] if "target" in data else []),
    ]
    columns = [name for name in wanted if name not in _COMPUTED]
    name = data.text("csv", 'csv = "FILE.csv"')
    rows = _cells(data, "csv", folder / name, (key, *dict.fromkeys(columns)), (), budget)
    nodes = [row[0] for row in rows]
    if len(set(nodes)) != len(nodes):
        raise data.error("csv", f"{name}: a node appears twice in column {key!r}; keep one row")
    for node in graph.nodes:
        if node not in nodes:
            raise data.error("csv", f"{name}: no row for node {node!r}; add it")
    table = {
        column: dict(zip(nodes, (row[i] for row in rows), strict=True))
        for i, column in enumerate(dict.fromkeys(columns), start=1)
    }
    return nodes, table


def _feature(data: Table, graph: _Graph, columns: Columns, name: str, node: str) -> Fraction:
    if name in columns:
        try:
            return rational(columns[name][node])
        except ProblemError as error:
            raise data.error("features", f"{name} of node {node!r}: {error}") from None
    if name not in _COMPUTED:
        known = [*_COMPUTED, *columns]
        raise data.error("features", f"unknown feature {name!r}; {nearest(name, known)}")
    return _COMPUTED[name](graph, node)


def _default_target(graph: _Graph) -> str:
    return "club" if graph.labels else "y"


def _targets(
    data: Table, graph: _Graph, columns: Columns, chosen: Sequence[str], target: str
) -> list[Fraction]:
    """The targets of the training nodes; with ``positive`` a label becomes 1, any other −1."""
    if "targets" in data:
        return [data.number("targets", entry) for entry in data.items("targets", "targets = [1]")]
    labels = columns.get(target) or (graph.labels if target in ("", "club") else {})
    if not labels:
        raise data.error("target", f"no labels called {target!r}; write targets = [1, -1]")
    positive = data.text("positive", 'positive = "LABEL"') if "positive" in data else None
    if positive is None and labels is graph.labels:
        positive = next(iter(labels.values()))
    if positive is not None:
        if positive not in labels.values():
            raise data.error("positive", f"no node has the label {positive!r}")
        return [Fraction(1 if labels[node] == positive else -1) for node in chosen]
    try:
        return [rational(labels[node]) for node in chosen]
    except ProblemError as error:
        raise data.error("target", f'{error}; for other labels write positive = "LABEL"') from None


def _cells(
    table: Table,
    key: str,
    path: Path,
    columns: Sequence[str],
    optional: Sequence[str],
    budget: int,
) -> list[list[str]]:
    try:
        return read_cells(path, columns, optional, budget)
    except DataError as error:
        raise table.error(key, f"{path.name}: {error}") from None
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}; check the path") from None
