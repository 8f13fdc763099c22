"""Slabs of α as a document states them (docs/coverings.md), and what is proved of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.charts import Chart, Key, charts
from pieceproof.checking.coverings.covering import cover
from pieceproof.checking.coverings.jumps import Cell, CellProof, located
from pieceproof.checking.coverings.models import Model
from pieceproof.checking.coverings.witnesses import Witness, errors_of, is_inside
from pieceproof.checking.enclosing.ranges import Array
from pieceproof.checking.reading import CertificateError, Node, Refuted

MAX_CELLS, MAX_WITNESSES = 64, 10_000
MOST_BOXES = 40_000_000
"""Boxes for one slab; a document must not ask for ever."""

_EXAMPLE = re.compile(r"e([1-9][0-9]{0,6})")


class Space:
    """The model of a problem with its charts."""

    def __init__(self, problem: Node) -> None:
        self.model = Model(problem)
        self.charts: list[Chart] = charts(self.model)
        self.by_key: dict[Key, Chart] = {}
        for chart in self.charts:
            self.by_key.setdefault(chart.key, chart)

    @property
    def interval(self) -> tuple[fmpq, fmpq]:
        """A."""
        return self.model.network.interval


@dataclass(frozen=True, eq=False)
class Slab:
    """An interval of α with ``errors`` = T·ℓ*: (k, k) on all of it, (left, right) of a jump at
    ``place``, bounds where it is ``open`` for a ``reason``."""

    lower: fmpq
    upper: fmpq
    kind: str
    errors: tuple[int, int]
    witnesses: tuple[Witness, ...]
    cells: tuple[Cell, ...] = ()
    place: tuple[fmpq, fmpq] | None = None
    reason: str = ""

    @property
    def ends(self) -> tuple[fmpq, fmpq]:
        """The interval."""
        return self.lower, self.upper


def read_slab(node: Node, space: Space) -> Slab:
    """A slab.

    Raises:
        CertificateError: malformed.
    """
    kind = node.member("kind").choice("constant", "jump", "open")
    own = {"constant": (), "jump": ("cells", "alpha"), "open": ("reason",)}[kind]
    entry = node.fields("interval", "kind", "errors", "witnesses", *own)
    ends = _pair(entry["interval"])
    examples = space.model.network.examples
    errors = tuple(each.integer(0, examples) for each in entry["errors"])
    if len(errors) != 2:
        raise entry["errors"].wrong("two numbers of errors")
    if (kind == "constant") != (errors[0] == errors[1]) and kind != "open":
        raise entry["errors"].wrong("equal numbers of a constant, different ones of a jump")
    if errors[0] > errors[1] and kind == "open":
        raise entry["errors"].wrong("a lower and an upper bound")
    nodes = entry["witnesses"].items()
    if len(nodes) > MAX_WITNESSES:
        raise entry["witnesses"].wrong(f"at most {MAX_WITNESSES} witnesses")
    witnesses = tuple(_witness(each, space.model) for each in nodes)
    cells: tuple[Cell, ...] = ()
    place = None
    if kind == "jump":
        cells = tuple(_cell(each, space) for each in entry["cells"])
        place = _pair(entry["alpha"])
        if not 1 <= len(cells) <= MAX_CELLS:
            raise entry["cells"].wrong(f"1 to {MAX_CELLS} cells")
    reason = entry["reason"].text() if kind == "open" else ""
    return Slab(*ends, kind, (errors[0], errors[1]), witnesses, cells, place, reason)


def _pair(node: Node) -> tuple[fmpq, fmpq]:
    ends = node.rationals()
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise node.wrong("two increasing rationals")
    return ends[0], ends[1]


def _witness(node: Node, model: Model) -> Witness:
    entry = node.fields("interval", "signs", "minimiser")
    w = entry["minimiser"].rationals()
    if len(w) != model.network.parameters:
        raise entry["minimiser"].wrong(f"{model.network.parameters} parameters")
    return Witness(*_pair(entry["interval"]), _signs(entry["signs"], model), w)


def _signs(node: Node, model: Model) -> tuple[int, ...]:
    signs = tuple(each.integer(-1, 1) for each in node)
    if 0 in signs or len(signs) != (model.network.hidden[-1] if model.signs else 0):
        raise node.wrong("the signs of the output weights, if there are any")
    return signs


def _cell(node: Node, space: Space) -> Cell:
    entry = node.fields("signs", "held", "right", "walls", "centre", "slope", "radius")
    model = space.model
    held = tuple(sorted(_wall(each, model) for each in entry["held"]))
    key = (_signs(entry["signs"], model), held)
    if key not in space.by_key:
        raise entry["held"].wrong("parameters that a chart of this problem holds")
    free = space.by_key[key].free
    numbers = {item.examples[0]: t for t, item in enumerate(model.items)}
    right = []
    for each in entry["right"]:
        match = _EXAMPLE.fullmatch(each.text())
        number = numbers.get(int(match[1]) - 1) if match else None
        if number is None or number in right or model.items[number].weight == 0:
            raise each.wrong("the first example of an input with a better sign, such as e3")
        right.append(number)
    walls = tuple(_wall(each, model) for each in entry["walls"])
    if len(set(walls)) != len(walls) or not {i for i, _ in walls} <= set(free):
        raise entry["walls"].wrong("walls of free parameters")
    numbers_ = [_doubles(entry[key], len(free) + 1) for key in ("centre", "slope", "radius")]
    if not np.all(numbers_[2] > 0):
        raise entry["radius"].wrong("positive half widths")
    return Cell(key, tuple(right), walls, *numbers_)


def _wall(node: Node, model: Model) -> tuple[int, int]:
    name, _, side = node.text().rpartition(":")
    if name not in model.network.names or side not in ("lower", "upper"):
        raise node.wrong("a wall such as b1:lower")
    return model.network.names.index(name), ("lower", "upper").index(side)


def _doubles(node: Node, count: int) -> Array:
    values = []
    for each in node:
        value = each.value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e60:
            raise each.wrong("a number below 1e60")
        values.append(float(value))
    if len(values) != count:
        raise CertificateError(f"{node.path}: expected {count} numbers")
    return np.array(values)


# -- proofs ----------------------------------------------------------------------------


def settle(
    space: Space, slab: Slab, stop: Callable[[], bool] = lambda: False, most: int = MOST_BOXES
) -> int:
    """Prove what a slab states; the number of boxes that it took.

    Raises:
        Refuted: it does not hold, or is not proved.
    """
    if slab.kind == "constant":
        check_witnesses(space.model, slab.witnesses, slab.ends, slab.errors[1])
        return _covered(space, slab, slab.errors[0], (), stop, most)
    if slab.kind == "open":
        check_witnesses(space.model, slab.witnesses, slab.ends, slab.errors[1])
        return _covered(space, slab, slab.errors[0], (), stop, most) if slab.errors[0] else 0
    proofs = prove_cells(space, slab)
    return _covered(space, slab, max(slab.errors), proofs, stop, most)


def prove_cells(space: Space, slab: Slab) -> list[CellProof]:
    """All of a jump but for the covering.

    Raises:
        Refuted: something does not hold.
    """
    fewer, more = min(slab.errors), max(slab.errors)
    if slab.place is None:
        raise Refuted("a jump without a place")
    proofs = [CellProof(space.by_key[cell.key], slab.ends, cell) for cell in slab.cells]
    if any(proof.fewest != fewer or proof.otherwise < more for proof in proofs):
        raise Refuted("other numbers of errors than the cells of a jump make")
    located(proofs, slab.ends, slab.place)
    if proofs[0].rises != (slab.errors[1] == fewer):
        raise Refuted("ℓ* jumps the other way")
    higher = (slab.lower, slab.place[1]) if proofs[0].rises else (slab.place[0], slab.upper)
    check_witnesses(space.model, slab.witnesses, higher, more)
    return proofs


def check_witnesses(
    model: Model, witnesses: Sequence[Witness], ends: tuple[fmpq, fmpq], errors: int
) -> None:
    """Witnesses cover an interval and make no more errors.

    Raises:
        Refuted: they do not.
    """
    if errors >= sum(item.positive + item.negative for item in model.items):
        return  # so many errors are all that there can be
    at = ends[0]
    for witness in sorted(witnesses, key=lambda each: each.lower):
        if witness.lower > at:
            break
        if not is_inside(model, witness):
            raise Refuted("parameters outside the box")
        if errors_of(model, witness) > errors:
            raise Refuted(f"parameters that make more than {errors} errors")
        at = max(at, witness.upper)
    if at < ends[1]:
        raise Refuted(f"no parameters with at most {errors} errors for some α")


def _covered(
    space: Space,
    slab: Slab,
    errors: int,
    proofs: Sequence[CellProof],
    stop: Callable[[], bool],
    most: int,
) -> int:
    excluded = [proof.excluded for proof in proofs]
    found = cover(space.charts, slab.ends, errors, excluded, most, stop)
    if not found.done:
        raise Refuted(f"W is not covered with {errors} errors")
    return found.boxes
