"""Deep networks with every trainable inner weight held at a wall, rebuilt from the problem.

On a chart (:mod:`.enclosing.charts`: scaling) and a sign for every unit and example the
pre-activations

    z_{l,t} = Σ_k u_k s_k(α) z_{l−1,k,t} + b_l,     s(α) the slope of σ_α on that side of 0,

and ŷ_t are linear forms of the other parameters, with coefficients in Q[α]. The patterns of l + 1
layers are the sign vectors, within a pattern of l layers, of rows that turn with α
(:mod:`.turning`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpq_poly

from pieceproof.checking.bordered import Constraint, wall_constraints
from pieceproof.checking.convolutions import Quadratic, integral
from pieceproof.checking.enclosing.charts import Chart, charts
from pieceproof.checking.enclosing.networks import Network, read_network
from pieceproof.checking.flips import Active
from pieceproof.checking.intervals import Interval
from pieceproof.checking.problems import Parameter
from pieceproof.checking.reading import Node
from pieceproof.checking.reals import exactly
from pieceproof.checking.turning import Row, find_spells

Form = list[fmpq_poly]


@dataclass(frozen=True)
class NestedCell:
    """A pattern on a chart, with a maximal interval on which it occurs.

    ``active`` holds the nodes unit·T + example with a positive pre-activation.
    """

    chart: int
    active: Active
    interval: Interval


class NestedNetwork:
    """The stated problem."""

    def __init__(self, network: Network, found: Sequence[Chart], signed: bool) -> None:
        self.network, self.signed = network, signed
        self.charts = tuple(found)
        self.slopes = [
            fmpq_poly([second[1], first[1] - second[1]])
            for first, second in zip(network.first, network.second, strict=True)
        ]
        layers = range(len(network.hidden))
        self.layer = [layer for layer in layers for _ in range(network.hidden[layer])]
        self.moving = list(found[0].moving)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All of them, held or not, with their ranges."""
        ranges = zip(self.network.names, self.network.walls, strict=True)
        return tuple(Parameter(name, *walls) for name, walls in ranges)

    @property
    def kappa(self) -> fmpq_poly:
        """κ of κ·f = uᵀHu − 2g·u + c."""
        return fmpq_poly([self.network.examples if self.network.mean else 1])

    @property
    def degree(self) -> int:
        """No stationary value has a higher degree: H and g have degree at most 2L, the rows of an
        active set at most L − 1 (Cramer's rule)."""
        depth, size = len(self.network.hidden), len(self.moving)
        return 2 * depth * (size + 1) + 2 * size * (depth - 1)

    def held(self, chart: Chart) -> dict[int, fmpq]:
        """The values of the parameters at walls."""
        return {index: self.network.walls[index][side] for index, side in chart.fixed.items()}

    def forms(self, chart: Chart, active: Active, layers: int) -> dict[int, Form]:
        """The pre-activations of the nodes of the first layers; ``active`` decides below them."""
        network, held = chart.network, self.held(chart)
        place = {index: k for k, index in enumerate(self.moving)}
        found: dict[int, Form] = {}
        sources: list[int] = []
        for unit in range(sum(network.hidden[:layers])):
            own = network.incoming[unit]
            if self.layer[unit]:
                first = sum(network.hidden[: self.layer[unit] - 1])
                sources = list(range(first, first + network.hidden[self.layer[unit] - 1]))
            for t, x in enumerate(network.inputs):
                form = [fmpq_poly()] * len(self.moving)
                if not self.layer[unit]:
                    for index, value in zip(own, x, strict=False):
                        form[place[index]] = fmpq_poly([value])
                for source, index in zip(sources, own, strict=False):
                    node = source * network.examples + t
                    factor = self.slopes[node in active] * held[index]
                    form = [p + factor * q for p, q in zip(form, found[node], strict=True)]
                if network.bias:
                    form[place[own[-1]]] += 1
                found[unit * network.examples + t] = form
        return found

    def rows(self, chart: Chart, active: Active, layers: int) -> dict[int, Row]:
        """Positive integer multiples of the forms that are not identically zero."""
        forms = self.forms(chart, active, layers)
        return {node: integral(form) for node, form in forms.items() if any(form)}

    @cached_property
    def cells(self) -> list[NestedCell]:
        """All cells on which some α of A has an inside."""
        low, high = (exactly(end) for end in self.network.interval)
        return [
            NestedCell(number, active, interval)
            for number, chart in enumerate(self.charts)
            for active, interval in self._patterns(
                chart, len(self.network.hidden), Interval(low, high)
            )
        ]

    def _patterns(
        self, chart: Chart, layers: int, whole: Interval
    ) -> Iterator[tuple[Active, Interval]]:
        if layers == 0:
            yield frozenset(), whole
            return
        for active, interval in self._patterns(chart, layers - 1, whole):
            rows = self.rows(chart, active, layers)
            given = {j: j in active for j in rows if self._layer_of(j) < layers - 1}
            for spell in find_spells(rows, interval, given):
                yield spell.active, spell.interval

    def _layer_of(self, node: int) -> int:
        return self.layer[node // self.network.examples]

    def constraints(self, chart: Chart, active: Active) -> dict[str, Constraint]:
        """The constraints of the closed cell of a pattern by label."""
        network, found = self.network, dict[str, Constraint]()
        for node, row in self.rows(chart, active, len(network.hidden)).items():
            unit, example = divmod(node, network.examples)
            side = 1 if node in active else -1
            label = f"{network.units[unit]}:e{example + 1}:k1"
            found[label] = [fmpq_poly(side * p) for p in row], fmpq(0)
        return found | wall_constraints([self.parameters[index] for index in self.moving])

    def residuals(self, chart: Chart, active: Active) -> list[tuple[Form, fmpq]]:
        """ŷ_t − y_t as (form, constant)."""
        network, held = chart.network, self.held(chart)
        last = network.hidden[-1]
        first = len(self.layer) - last
        forms = self.forms(chart, active, len(network.hidden))
        found = []
        for t, y in enumerate(network.targets):
            total = [fmpq_poly()] * len(self.moving)
            for k in range(last):
                node = (first + k) * network.examples + t
                weight = (
                    held[network.outgoing[first + k][0]]
                    if network.outputs is None
                    else network.outputs[k]
                )
                factor = self.slopes[node in active] * weight
                total = [p + factor * q for p, q in zip(total, forms[node], strict=True)]
            if network.offset is None:
                total[-1] += 1
            found.append((total, (network.offset or fmpq(0)) - y))
        return found

    def quadratic(self, chart: Chart, active: Active) -> Quadratic:
        """κ·f on a pattern."""
        terms, size = self.residuals(chart, active), len(self.moving)
        return Quadratic(
            [
                [sum((form[i] * form[j] for form, _ in terms), fmpq_poly()) for j in range(size)]
                for i in range(size)
            ],
            [sum((-form[i] * level for form, level in terms), fmpq_poly()) for i in range(size)],
            fmpq_poly([sum((level * level for _, level in terms), fmpq(0))]),
        )

    def loss_at(self, alpha: fmpq, w: Sequence[fmpq], chart: Chart) -> fmpq:
        """f(α, w) by the definition."""
        network = chart.network
        total = fmpq(0)
        for x, y in zip(network.inputs, network.targets, strict=True):
            sources, unit = list(x), 0
            for width in network.hidden:
                following = []
                for own in network.incoming[unit : unit + width]:
                    terms = zip(own, sources, strict=False)
                    z = sum((w[i] * a for i, a in terms), w[own[-1]] * network.bias)
                    following.append(self.slopes[z > 0](alpha) * z)
                sources, unit = following, unit + width
            weights = network.outputs
            if weights is None:
                weights = tuple(w[own[0]] for own in network.outgoing[-len(sources) :])
            output = w[-1] if network.offset is None else network.offset
            output += sum((v * a for v, a in zip(weights, sources, strict=True)), fmpq(0))
            total += (output - y) ** 2
        return total / (network.examples if network.mean else 1)


def read_nested(node: Node) -> NestedNetwork:
    """The stated problem, a network of the covered family.

    Raises:
        CertificateError: malformed, or outside the covered family.
    """
    model = node.member("model")
    signed = model.member("output_weights").value == "signs"
    network = read_network(node)
    points = [fmpq(point) for point in network.breakpoints]
    proportional = all(
        piece.degree() <= 1 and piece[0] == 0 for piece in (*network.first, *network.second)
    )
    if points != [0] or not proportional or network.is_regularised:
        raise model.wrong("activations that are multiples of z beside 0, without penalties")
    readers = {i for own in network.outgoing for i in own}
    if any(width != 1 for width in network.hidden[1:]) or not readers:
        raise model.wrong("layers of one unit but the first, and trainable inner weights")
    found = charts(network, signed)
    if any(set(chart.fixed) != readers for chart in found):
        raise node.member("parameters").wrong("ranges that hold 0")
    return NestedNetwork(network, found, signed)
