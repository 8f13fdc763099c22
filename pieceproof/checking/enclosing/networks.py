"""The stated network, read from a document.

    f(α, w) = (1/T)·Σ_t (ŷ_t − y_t)² + μ|w|² + α(ρ|w̃|₁ + (1 − ρ)|w̃|²)

Feedforward networks of any depth with continuous piecewise polynomial activations,
σ_α = α·first + (1−α)·second, fixed or trainable output weights and output bias, squared loss;
w̃ are the parameters that a penalty of strength α runs over, if there is one. With ρ > 0 its
charts are orthants of w̃ (``charts``), on which |w̃|₁ is linear.
Parameters come layer by layer, unit by unit (weights, then bias), then output weights, then
the output bias.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.reading import CertificateError, Node

MAX_PARAMETERS = 16
"""Most parameters: coverings grow exponentially, and a document must not ask for one."""
_NONE = fmpq(0)
MAX_CUTS = 8
"""Most parameters at whose 0 a penalty αρ|w|₁ bends inside their ranges: there are 2^8 orthants."""
MAX_DEGREE, MAX_TERMS = 32, 4000
"""Of a polynomial objective."""


@cache
def ring(n: int) -> fmpq_mpoly_ctx:
    """Q[x0, …, x(n−1)], x0 being α."""
    return fmpq_mpoly_ctx.get([f"x{i}" for i in range(n)], "degrevlex")


@dataclass(frozen=True, eq=False)
class Network:
    """The problem: widths of the hidden layers, activation, data, box and loss.

    ``first`` and ``second`` hold the polynomials of both activations on every interval of
    ``breakpoints``; ``outputs`` is None for trainable output weights, ``offset`` None for a
    trainable output bias. A network without layers stands for its ``polynomial``, which is
    the whole objective. ``penalised`` are the parameters in w̃, ``ratio`` is ρ, and ``orthant`` has
    the signs of the parameters in w̃ on W, as far as W is cut to one orthant of them and ρ > 0.
    ``unit_names`` are those of a part of a network (``reductions``).
    """

    hidden: tuple[int, ...]
    bias: bool
    breakpoints: tuple[fmpq, ...]
    first: tuple[fmpq_poly, ...]
    second: tuple[fmpq_poly, ...]
    outputs: tuple[fmpq, ...] | None
    offset: fmpq | None
    interval: tuple[fmpq, fmpq]
    names: tuple[str, ...]
    walls: tuple[tuple[fmpq, fmpq], ...]
    mean: bool
    decay: fmpq
    inputs: tuple[tuple[fmpq, ...], ...]
    targets: tuple[fmpq, ...]
    polynomial: fmpq_mpoly | None = None
    penalised: tuple[int, ...] = ()
    ratio: fmpq = _NONE
    orthant: tuple[tuple[int, int], ...] = ()
    unit_names: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """d."""
        return len(self.names)

    @property
    def is_regularised(self) -> bool:
        """Whether f is more than the loss."""
        return self.decay != 0 or bool(self.penalised)

    @cached_property
    def squares(self) -> tuple[fmpq, ...]:
        """The factor of α·w_i² in the penalty, for every parameter."""
        return tuple((1 - self.ratio) * (i in self.penalised) for i in range(self.parameters))

    @cached_property
    def tilts(self) -> tuple[fmpq, ...]:
        """The factor of α·w_i in the penalty, for every parameter: ±ρ on an orthant."""
        signs = dict(self.orthant)
        return tuple(self.ratio * signs.get(i, 0) for i in range(self.parameters))

    @cached_property
    def pieces(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For every unit and example the first and the last piece of σ_α that W has use for.

        A boundary of the first layer that W does not reach beyond, as where it is a wall, is none.
        """
        last = len(self.breakpoints)
        found = [((0, last),) * self.examples] * len(self.units)
        for unit in range(self.hidden[0] if self.hidden else 0):
            ranges = [self.walls[i] for i in self.incoming[unit]]
            own = []
            for inputs in self.inputs:
                row = [*inputs, *([fmpq(1)] if self.bias else [])]
                ends = [sorted((x * a, x * b)) for x, (a, b) in zip(row, ranges, strict=True)]
                low, high = (sum((pair[side] for pair in ends), fmpq(0)) for side in (0, 1))
                if low == high:
                    own.append((0, last))
                else:
                    own.append(
                        (bisect_right(self.breakpoints, low), bisect_left(self.breakpoints, high))
                    )
            found[unit] = tuple(own)
        return tuple(found)

    @property
    def examples(self) -> int:
        """T."""
        return len(self.targets)

    @cached_property
    def units(self) -> tuple[str, ...]:
        """The names of the hidden units in order: u1, u2, …, u2.1, …"""
        return self.unit_names or tuple(
            f"u{unit}" if depth == 1 else f"u{depth}.{unit}"
            for depth, width in enumerate(self.hidden, start=1)
            for unit in range(1, width + 1)
        )

    @cached_property
    def incoming(self) -> tuple[tuple[int, ...], ...]:
        """For every unit the indices of its weights and, last, of its bias."""
        found, start, sources = [], 0, len(self.inputs[0])
        for width in self.hidden:
            size = sources + self.bias
            for _ in range(width):
                found.append(tuple(range(start, start + size)))
                start += size
            sources = width
        return tuple(found)

    @cached_property
    def outgoing(self) -> tuple[tuple[int, ...], ...]:
        """For every unit the indices of the trainable weights by which it is read."""
        found: list[tuple[int, ...]] = []
        first = 0
        for depth, width in enumerate(self.hidden):
            below = (
                self.incoming[first + width :][: self.hidden[depth + 1]]
                if (depth + 1 < len(self.hidden))
                else ()
            )
            for unit in range(width):
                if depth + 1 < len(self.hidden):
                    found.append(tuple(weights[unit] for weights in below))
                else:
                    start = self.incoming[-1][-1] + 1
                    found.append((start + unit,) if self.outputs is None else ())
            first += width
        return tuple(found)

    @cached_property
    def data(self) -> tuple[Range, Range]:
        """Inputs, one range per feature, and targets, enclosed by doubles."""
        columns = zip(*self.inputs, strict=True)
        ranges = [around(column) for column in columns]
        lows, highs = [r.lo for r in ranges], [r.hi for r in ranges]
        from numpy import array

        return Range(array(lows), array(highs)), around(self.targets)

    @cached_property
    def box(self) -> Range:
        """W, enclosed by doubles."""
        low = around([lower for lower, _ in self.walls])
        high = around([upper for _, upper in self.walls])
        return Range(low.lo, high.hi)

    def bends_smoothly(self, breakpoint_index: int) -> bool:
        """Whether σ_α is C¹ at a breakpoint for every α."""
        at = self.breakpoints[breakpoint_index]
        return all(
            (pieces[breakpoint_index + 1] - pieces[breakpoint_index]).derivative()(at) == 0
            for pieces in (self.first, self.second)
        )

    def is_soft(self, unit: int, example: int, breakpoint_index: int) -> bool:
        """Whether f is C¹ where the unit has the example at the breakpoint.

        σ_α is, or the unit alone makes the output and fits the example there for every α: r_t = 0
        on the boundary, where r_t² is then C¹.
        """
        if self.bends_smoothly(breakpoint_index):
            return True
        at = self.breakpoints[breakpoint_index]
        return (
            self.hidden[-1] == 1
            and unit == len(self.units) - 1
            and self.offset == self.targets[example]
            and all(own[breakpoint_index](at) == 0 for own in (self.first, self.second))
        )


def read_network(node: Node, most: int = MAX_PARAMETERS, kind: str = "squared") -> Network:
    """The network in the "problem" member of a document, with at most so many parameters, under
    the loss ``kind``.

    Raises:
        CertificateError: malformed, inconsistent, or outside the covered family.
    """
    entry = node.fields("model", "interval", "parameters", "loss", "data", optional=("penalty",))
    if isinstance(entry["model"].value, dict) and entry["model"].value.get("kind") == "polynomial":
        return _polynomial(entry)
    model = entry["model"].fields(
        "kind", "hidden", "bias", "activation", "output_weights", "output_bias"
    )
    model["kind"].choice("feedforward")
    hidden = tuple(width.integer(1, 1000) for width in model["hidden"])
    if not hidden:
        raise model["hidden"].wrong("a hidden layer")
    loss = entry["loss"].fields("kind", "reduction", "weight_decay")
    loss["kind"].choice(kind)
    decay = loss["weight_decay"].rational()
    if decay < 0:
        raise loss["weight_decay"].wrong("a weight decay of at least 0")
    interval = _ends(entry["interval"])
    features, inputs, targets = _data(entry["data"])
    points, first, second = _interpolated(model["activation"])
    bias = model["bias"].flag()
    outputs = offset = None
    if model["output_weights"].value == "signs":  # of which every choice becomes a chart
        outputs = (fmpq(1),) * hidden[-1]
    elif model["output_weights"].value != "trainable":
        outputs = model["output_weights"].rationals()
        if len(outputs) != hidden[-1]:
            raise model["output_weights"].wrong(f"{hidden[-1]} output weights")
    if model["output_bias"].value != "trainable":
        offset = model["output_bias"].rational()
    names = _names(hidden, features, bias, outputs is None, offset is None)
    stated = _ranges(entry["parameters"], most)
    if tuple(stated) != names:
        raise entry["parameters"].wrong(f"the parameters {', '.join(names)}")
    penalised, ratio = _penalty(entry, interval, names)
    bends = [i for i in penalised if ratio and stated[names[i]][0] < 0 < stated[names[i]][1]]
    if len(bends) > MAX_CUTS:
        raise entry["parameters"].wrong(f"at most {MAX_CUTS} parameters that |w|₁ has bends for")
    return Network(
        hidden,
        bias,
        points,
        first,
        second,
        outputs,
        offset,
        interval,
        names,
        tuple(stated.values()),
        loss["reduction"].choice("mean", "sum") == "mean",
        decay,
        inputs,
        targets,
        penalised=penalised,
        ratio=ratio,
    )


def _penalty(
    entry: dict[str, Node], interval: tuple[fmpq, fmpq], names: tuple[str, ...]
) -> tuple[tuple[int, ...], fmpq]:
    """w̃, weights, and biases (b…, c) if stated, and ρ."""
    if "penalty" not in entry:
        return (), fmpq(0)
    penalty = entry["penalty"].fields("ratio", "biases")
    ratio, biases = penalty["ratio"].rational(), penalty["biases"].flag()
    if not 0 <= ratio <= 1:
        raise penalty["ratio"].wrong("a ratio from 0 to 1")
    if interval[0] < 0:
        raise entry["interval"].wrong("a penalty >= 0 on A")
    return tuple(i for i, name in enumerate(names) if biases or name[0] not in "bc"), ratio


def _ends(node: Node) -> tuple[fmpq, fmpq]:
    ends = node.rationals()
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise node.wrong("two increasing ends")
    return ends[0], ends[1]


def _ranges(node: Node, most: int = MAX_PARAMETERS) -> dict[str, tuple[fmpq, fmpq]]:
    """Lower and upper end of every parameter, by name."""
    found: dict[str, tuple[fmpq, fmpq]] = {}
    for each in node:
        member = each.fields("name", "lower", "upper")
        lower, upper = member["lower"].rational(), member["upper"].rational()
        name = member["name"].text()
        if name in found or not lower < upper:
            raise each.wrong("another parameter with lower < upper")
        found[name] = (lower, upper)
    if not 1 <= len(found) <= most:
        raise node.wrong(f"1 to {most} parameters")
    return found


def _polynomial(entry: dict[str, Node]) -> Network:
    """A polynomial objective, which has neither data nor a loss."""
    if "penalty" in entry:
        raise entry["penalty"].wrong("no penalty besides the polynomial")
    stated = _ranges(entry["parameters"])
    terms = entry["model"].fields("kind", "terms")["terms"].items()
    if len(terms) > MAX_TERMS:
        raise entry["model"].wrong(f"at most {MAX_TERMS} terms")
    known: dict[tuple[int, ...], fmpq] = {}
    for term in terms:
        parts = term.items()
        if len(parts) != 2:
            raise term.wrong("exponents and a coefficient")
        exponents = tuple(e.integer(0, MAX_DEGREE) for e in parts[0])
        if len(exponents) != 1 + len(stated) or sum(exponents) > MAX_DEGREE or exponents in known:
            raise parts[0].wrong(f"other exponents, {1 + len(stated)} of degree ≤ {MAX_DEGREE}")
        known[exponents] = parts[1].rational()
    loss, data = {"kind": "squared", "reduction": "mean", "weight_decay": "0"}, entry["data"].value
    if entry["loss"].value != loss:
        raise entry["loss"].wrong("the entries that stand for no loss")
    if data != {"features": [], "target": "y", "inputs": [], "targets": []}:
        raise entry["data"].wrong("no data")
    flat = (fmpq_poly([0]),)
    return Network(
        (), False, (), flat, flat, (), fmpq(0), _ends(entry["interval"]), tuple(stated),
        tuple(stated.values()), True, fmpq(0), ((),), (fmpq(0),),
        ring(1 + len(stated)).from_dict(known),
    )  # fmt: skip


def _names(
    hidden: tuple[int, ...], features: tuple[str, ...], bias: bool, weights: bool, offset: bool
) -> tuple[str, ...]:
    names: list[str] = []
    sources = list(features)
    for depth, width in enumerate(hidden, start=1):
        layer = "" if depth == 1 else f"{depth}."
        for unit in range(1, width + 1):
            names += [f"w{layer}{unit}_{source}" for source in sources]
            names += [f"b{layer}{unit}"] * bias
        sources = [str(unit) for unit in range(1, width + 1)]
    names += [f"v{unit}" for unit in range(1, hidden[-1] + 1)] if weights else []
    return (*names, *(["c"] if offset else []))


def _interpolated(
    node: Node,
) -> tuple[tuple[fmpq, ...], tuple[fmpq_poly, ...], tuple[fmpq_poly, ...]]:
    entry = node.fields("first", "second")
    tables = [_activation(entry["first"]), _activation(entry["second"])]
    points = sorted({*tables[0][0], *tables[1][0]})
    lefts = [points[0] - 1, *points] if points else [fmpq(0)]
    pieces = [tuple(own[bisect_right(at, left)] for left in lefts) for at, own in tables]
    for index, at in enumerate(points):
        if any(own[index](at) != own[index + 1](at) for own in pieces):
            raise node.wrong("continuous activations (the covered family)")
    return tuple(points), pieces[0], pieces[1]


def _activation(node: Node) -> tuple[list[fmpq], list[fmpq_poly]]:
    entry = node.fields("name", "breakpoints", "pieces")
    entry["name"].text()
    points = list(entry["breakpoints"].rationals())
    if any(left >= right for left, right in pairwise(points)):
        raise entry["breakpoints"].wrong("increasing breakpoints")
    pieces = [fmpq_poly(list(piece.rationals())) for piece in entry["pieces"]]
    if len(pieces) != len(points) + 1:
        raise entry["pieces"].wrong(f"{len(points) + 1} pieces")
    return points, pieces


def _data(node: Node) -> tuple[tuple[str, ...], tuple[tuple[fmpq, ...], ...], tuple[fmpq, ...]]:
    entry = node.fields("features", "target", "inputs", "targets")
    features = entry["features"].texts()
    entry["target"].text()
    inputs = tuple(row.rationals() for row in entry["inputs"])
    targets = entry["targets"].rationals()
    if len(set(features)) != len(features) or not targets or len(inputs) != len(targets):
        raise CertificateError(f"{node.path}: distinct features and one target for each row")
    if any(len(row) != len(features) for row in inputs):
        raise entry["inputs"].wrong(f"rows of {len(features)} inputs")
    return features, inputs, targets
