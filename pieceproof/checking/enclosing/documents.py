"""How a document writes charts and slabs (docs/enclosures.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from math import isfinite

import numpy as np

from pieceproof.checking.enclosing.charts import Chart, charts
from pieceproof.checking.enclosing.claimedslabs import Kind, Slab, Tip, Valley
from pieceproof.checking.enclosing.factors import Factor, factors
from pieceproof.checking.enclosing.folds import KINDS, Coordinates, Fold, Reflection
from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.groups import consistent
from pieceproof.checking.enclosing.networks import Network, read_network
from pieceproof.checking.enclosing.openings import Bounds, Open
from pieceproof.checking.enclosing.products import Product
from pieceproof.checking.enclosing.ranges import Array
from pieceproof.checking.enclosing.reductions import (
    ReducedSpace,
    check_reducible,
    reduced,
)
from pieceproof.checking.enclosing.touchdocuments import read_touch
from pieceproof.checking.enclosing.tubes import Dead, Label, Path, Place, Space, Stratum
from pieceproof.checking.reading import CertificateError, Node, Refuted

MAX_CURVES = 12
MAX_SLABS = 100_000
LARGEST_ROW = 1024.0
"""Entries of frames."""
CURVE = ("chart", "pattern", "active", "walls", "centre", "slope", "radius")
COORDINATES = ("fold", "frame", "product")
FEATURES = (*COORDINATES, "dead", "tips", "valley")

_LABEL = re.compile(r"(u[0-9.]{1,12}):e([1-9][0-9]{0,6}):k([1-9][0-9]{0,4})")


class Spaces(list[Space]):
    """The charts of a problem, ready for enclosures."""

    def __init__(self, problem: Node) -> None:
        signs = problem.value.get("model", {}).get("output_weights") == "signs"
        self._of(read_network(problem), signs)

    def _of(self, network: Network, signs: bool) -> Spaces:
        self.network, self.signs = network, signs
        self._without: dict[Dead, Sequence[Space]] = {(): self}
        super().__init__(Space(chart) for chart in charts(network, signs))
        return self

    @cached_property
    def divided(self) -> list[tuple[Factor, Spaces]]:
        """Where f is divided by α − α₀, with the charts of s·h (``factors``)."""
        found = [] if self.signs else factors(self.network)
        return [(each, Spaces.__new__(Spaces)._of(each.network, False)) for each in found]

    def divided_for(self, slab: Slab) -> tuple[int, Factor, Spaces]:
        """The number, factor and charts for a slab that names a root.

        Raises:
            Refuted: f has no such factor there.
        """
        for number, (factor, own) in enumerate(self.divided):
            lower, upper = factor.network.interval
            inside = lower <= slab.lower < slab.upper <= upper
            if inside and factor.key == (slab.root, slab.side):
                return number, factor, own
        raise Refuted(f"f cannot be divided by α − {slab.root} on this slab")

    def without(self, dead: Dead) -> Sequence[Space]:
        """The charts of the network without the units ``dead``.

        Raises:
            Refuted: its loss is not known to be attained.
        """
        if dead not in self._without:
            check_reducible(self.network, dead)
            own = charts(reduced(self.network, dead), self.signs)
            self._without[dead] = [ReducedSpace(chart, self.network, dead) for chart in own]
        return self._without[dead]

    def at(self, place: Place) -> Space:
        """One chart; those of ``divided`` are counted on from the others."""
        dead, number = place
        if not dead and number >= len(self):
            return self.divided[number - len(self)][1][0]
        return self.without(dead)[number]


def chart_documents(found: Sequence[Chart]) -> list[dict[str, object]]:
    """The charts as a document lists them."""
    return [
        {
            "signs": [str(v) for v in chart.network.outputs or ()],
            "held": {
                chart.network.names[i]: ("lower", "upper")[side]
                for i, side in sorted(chart.fixed.items())
            },
            **({"orthant": _orthant(chart)} if chart.orthant else {}),
        }
        for chart in found
    ]


def _orthant(chart: Chart) -> dict[str, str]:
    return {chart.network.names[i]: "+" if sign > 0 else "-" for i, sign in chart.orthant}


def check_charts(node: Node, spaces: Spaces) -> None:
    """That the listed charts are those of the problem.

    Raises:
        Refuted: they are not.
    """
    if node.value != chart_documents([space.chart for space in spaces]):
        raise Refuted(f"{node.path}: not the charts of this problem")


def read_slab(node: Node, spaces: Spaces) -> Slab | Open:
    """A slab, or an interval that is left open, with the reason.

    Raises:
        CertificateError: malformed.
        Refuted: a stratum makes no sense.
    """
    if node.has("factor"):
        return _divided(node, spaces)
    entry = node.fields("interval", "kind", optional=("curves", "reason", "bounds", "touch"))
    ends = entry["interval"].rationals()
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise entry["interval"].wrong("two increasing rationals")
    kind = entry["kind"].choice("open", *(str(each) for each in Kind))
    if kind == "open":
        entry = node.fields("interval", "kind", "reason", optional=("bounds",))
        bounds = _bounds(entry["bounds"], spaces) if "bounds" in entry else None
        return Open(ends[0], ends[1], entry["reason"].text(), bounds)
    more = ("touch",) if kind == "touch" else ()
    curves = node.fields("interval", "kind", "curves", *more)["curves"].items()
    if not 1 <= len(curves) <= MAX_CURVES:
        raise entry["curves"].wrong(f"1 to {MAX_CURVES} curves")
    if kind == "zero":
        if len(curves) != 1:
            raise entry["curves"].wrong("a single curve")
        curve, fitted = _interpolation(curves[0], spaces)
        return Slab(ends[0], ends[1], Kind.ZERO, (curve,), fitted)
    own = tuple(_curve(each, spaces) for each in curves)
    tips = tuple(tip for k, each in enumerate(curves) for tip in _tips(each, k, spaces))
    valleys = tuple(
        _valley(each.member("valley"), k, spaces[own[k][0].chart])
        for k, each in enumerate(curves)
        if each.has("valley")
    )
    touch = read_touch(entry["touch"]) if kind == "touch" else None
    return Slab(ends[0], ends[1], Kind(kind), own, tips=tips, valleys=valleys, touch=touch)


def _divided(node: Node, spaces: Spaces) -> Slab:
    """A slab of f divided by α − α₀."""
    root = node.member("factor").rational()
    ends = node.member("interval").rationals()
    rest = Node({key: value for key, value in node.value.items() if key != "factor"}, node.path)
    if len(ends) == 2 and ends[0] < ends[1]:
        _, _, own = spaces.divided_for(Slab(ends[0], ends[1], Kind.ONE, (), root=root))
        slab = read_slab(rest, own)
        if isinstance(slab, Slab) and slab.kind is not Kind.ZERO:
            return replace(slab, root=root)
    raise node.member("factor").wrong("a slab with curves")


def _tips(node: Node, number: int, spaces: Spaces) -> Iterator[Tip]:
    """The basins at w_K = 0 of a curve whose units K are dead."""
    for each in node.member("tips") if node.has("tips") else ():
        entry = each.fields("chart", "radius")
        chart = entry["chart"].integer(0, len(spaces) - 1)
        radius = _doubles(entry["radius"], spaces.network.parameters)
        if not np.all(radius > 0):
            raise entry["radius"].wrong("positive half widths")
        yield Tip(number, chart, tuple(radius.tolist()))


def _valley(node: Node, number: int, space: Space) -> Valley:
    """A further basin of a curve at a wall, in coordinates of a product."""
    entry = node.fields("product", "centre", "slope", "radius")
    centre, slope, radius = (
        _doubles(entry[key], space.network.parameters) for key in ("centre", "slope", "radius")
    )
    if not np.all(radius > 0):
        raise entry["radius"].wrong("positive half widths")
    return Valley(number, _product(entry["product"], space), Path(centre, slope, radius))


def _bounds(node: Node, spaces: Spaces) -> Bounds:
    entry = node.fields("floor", "ceiling", "chart", "witness")
    floor, ceiling = (float(_doubles([entry[key]], 1)[0]) for key in ("floor", "ceiling"))
    witness = _doubles(entry["witness"], spaces.network.parameters)
    chart = entry["chart"].integer(0, len(spaces) - 1)
    return Bounds(floor, ceiling, chart, tuple(witness.tolist()))


def _interpolation(
    node: Node, spaces: Spaces
) -> tuple[tuple[Stratum, Path], tuple[tuple[int, ...], tuple[int, ...]]]:
    entry = node.fields("chart", "pattern", "examples", "solved", "centre", "slope")
    chart = entry["chart"].integer(0, len(spaces) - 1)
    network = spaces[chart].network
    pattern = _pattern(entry["pattern"], network)
    examples = tuple(each.integer(1, network.examples) - 1 for each in entry["examples"])
    names = entry["solved"].texts()
    if len(set(names)) != len(names) or not set(names) <= set(network.names):
        raise entry["solved"].wrong("distinct parameters of this problem")
    centre, slope = (_doubles(entry[key], network.parameters) for key in ("centre", "slope"))
    path = Path(centre, slope, np.ones(network.parameters))
    return (Stratum(chart, pattern, (), {}), path), (
        examples,
        tuple(network.names.index(name) for name in names),
    )


def _pattern(node: Node, network: Network) -> tuple[tuple[int, ...], ...]:
    last = len(network.breakpoints)
    pattern = tuple(tuple(piece.integer(0, last) for piece in unit) for unit in node)
    if len(pattern) != len(network.units) or any(len(unit) != network.examples for unit in pattern):
        raise node.wrong("one piece for each unit and example")
    return pattern


def _curve(node: Node, spaces: Spaces) -> tuple[Stratum, Path]:
    entry = node.fields(*CURVE, optional=FEATURES)
    dead: Dead = ()
    if "dead" in entry:
        units, names = spaces.network.units, entry["dead"].texts()
        dead = tuple(k for k, unit in enumerate(units) if unit in names)
        if not dead or [units[k] for k in dead] != list(names):
            raise entry["dead"].wrong("hidden units of this problem, in order")
    elif "tips" in entry:
        raise entry["tips"].wrong("no tips without dead units")
    if dead and "valley" in entry:
        raise entry["valley"].wrong("no valley of a network without some units")
    own = spaces.without(dead)
    chart = entry["chart"].integer(0, len(own) - 1)
    space = own[chart]
    network = space.network
    pattern = _pattern(entry["pattern"], network)
    groups = tuple(tuple(_label(member, network) for member in group) for group in entry["active"])
    listed = [label for group in groups for label in group]
    if not all(groups) or len(set(listed)) != len(listed):
        raise entry["active"].wrong("distinct boundaries, in groups")
    walls: dict[int, int] = {}
    for each in entry["walls"]:
        name, _, side = each.text().rpartition(":")
        if name not in network.names or side not in ("lower", "upper"):
            raise each.wrong("a wall such as b1:lower")
        index = network.names.index(name)
        if index in walls or index in space.chart.fixed:
            raise each.wrong("a wall of a parameter that moves, once")
        walls[index] = ("lower", "upper").index(side)
    fold: Coordinates | None = None
    stated = [key for key in COORDINATES if key in entry]
    if len(stated) > 1:
        raise entry[stated[1]].wrong(f"no {stated[1]} besides a {stated[0]}")
    if "fold" in entry:
        fold = _fold(entry["fold"], space)
    elif "frame" in entry:
        fold = _frame(entry["frame"], space)
    elif "product" in entry:
        fold = _product(entry["product"], space)
    if fold is not None:
        if groups:
            raise entry["active"].wrong("no active boundaries in other coordinates")
        if any(walls.get(slot, side) != side for slot, side in _only(fold).items()):
            raise entry["walls"].wrong("of other coordinates only the mirrors as walls")
    stratum = Stratum(chart, pattern, groups, walls, fold, dead)
    if not consistent(space, stratum):
        raise Refuted(f"{node.path}: boundaries grouped that do not coincide")
    centre, slope, radius = (
        _doubles(entry[key], network.parameters) for key in ("centre", "slope", "radius")
    )
    if not np.all(radius > 0):
        raise entry["radius"].wrong("positive half widths")
    return stratum, Path(centre, slope, radius)


def _fold(node: Node, space: Space) -> Fold:
    names = space.network.names
    reflections: list[Reflection] = []
    for each in node:
        texts = list(each.texts())
        if not texts or KINDS.get(texts[0]) != len(texts) - 1 or not set(texts[1:]) <= set(names):
            raise each.wrong('a reflection such as ["swap", "w1_x", "w2_x"]')
        own = tuple(names.index(name) for name in texts[1:])
        if any(index in space.chart.fixed for index in own):
            raise each.wrong("parameters that move")
        reflections.append((texts[0], own))
    fold = Fold(tuple(reflections))
    if not fold.is_sound():
        raise node.wrong("different reflections of disjoint parameters")
    return fold


def _frame(node: Node, space: Space) -> Frame:
    d = space.network.parameters
    rows = [_doubles(row, d) for row in node.items()]
    if len(rows) != d or not all(np.all(np.abs(row) <= LARGEST_ROW) for row in rows):
        raise node.wrong(f"{d} rows of {d} numbers of size at most {LARGEST_ROW:g}")
    frame = Frame(tuple(tuple(row.tolist()) for row in rows))
    if not frame.is_sound() or set(frame.touched) & set(space.chart.fixed):
        raise node.wrong("a regular matrix that keeps fixed parameters")
    return frame


def _product(node: Node, space: Space) -> Product:
    names, texts = space.network.names, list(node.texts())
    if len(set(texts)) != 2 or len(texts) != 2 or not set(texts) <= set(names):
        raise node.wrong("two parameters")
    product = Product((names.index(texts[0]), names.index(texts[1])))
    if set(product.pair) & set(space.chart.fixed):
        raise node.wrong("parameters that move")
    return product


def _only(fold: Coordinates) -> dict[int, int]:
    """For every slot with another coordinate the only side it may have: 0, or none (−1)."""
    return {slot: 0 if slot in fold.squared else -1 for slot in fold.touched}


def _label(node: Node, network: Network) -> Label:
    match = _LABEL.fullmatch(node.text())
    if match is None or match[1] not in network.units:
        raise node.wrong("a boundary such as u1:e5:k1")
    example, k = int(match[2]) - 1, int(match[3]) - 1
    if example >= network.examples or k >= len(network.breakpoints):
        raise node.wrong("a boundary of this problem")
    return network.units.index(match[1]), example, k


def _doubles(node: Node | Sequence[Node], count: int) -> Array:
    values = []
    for each in node:
        if isinstance(each.value, bool) or not isinstance(each.value, (int, float)):
            raise each.wrong("a number")
        value = float(each.value) if abs(each.value) < 1e300 else float("inf")
        if not isfinite(value):
            raise each.wrong("a number below 1e300")
        values.append(value)
    if len(values) != count:
        where = node.path if isinstance(node, Node) else node[0].path
        raise CertificateError(f"{where}: expected {count} numbers")
    return np.array(values)
