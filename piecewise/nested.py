"""Deep networks that are linear in what moves: every trainable inner weight held at a wall.

Let σ_α be positively homogeneous of degree 1, with a bend at 0 only, and let every unit be read
by one weight (layers k, 1, …, 1). For a trainable weight u that reads a unit and
c = |u|/|wall| ≤ 1, (incoming, u) ↦ (c·incoming, wall) changes no output, and stays in W where
the ranges of the incoming weights hold 0. So u may be held at its upper wall, for u > 0, or at
its lower wall, for u < 0: a *chart* is a choice for every such weight. On a chart and a sign
for every unit and example

    z_{l,t} = Σ_k u_k s_k(α) z_{l−1,k,t} + b_l,      s(α) the slope of σ_α on that side of 0,

are linear forms of what moves (first-layer weights, biases), and so is ŷ_t. The boundaries
z_{l,t} = 0 pass through 0 and turn with α.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from flint import fmpq, fmpq_poly

from piecewise.affine import affine_coefficient
from piecewise.exact import to_fmpq
from piecewise.moving_quadratics import MovingQuadratic, Row, integral, squared_loss
from piecewise.networks import TRAINABLE, FeedForward
from piecewise.patterns import sign_choices
from piecewise.problems import Parameter, Problem
from piecewise.wiring import incoming, outgoing

Active = frozenset[int]
"""Nodes with a positive pre-activation. Node unit·T + t is unit ``unit`` on example t."""
Form = list[fmpq_poly]


@dataclass(frozen=True)
class Chart:
    """Parameters held at a wall, as (index, side: 0 lower, 1 upper), and output signs."""

    held: tuple[tuple[int, int], ...]
    signs: tuple[int, ...]


def refusal(problem: Problem) -> str | None:
    """Why a problem with the squared loss is no such problem; None if it is."""
    if problem.loss != "squared":
        return "nested cells need a network and the squared loss"
    return structure_refusal(problem)


def structure_refusal(problem: Problem) -> str | None:
    """Why predictions are not linear in what moves, whatever the loss; None if they are."""
    network = problem.model
    if not isinstance(network, FeedForward):
        return "nested cells need a network"
    if problem.validation is not None or problem.regulariser is not None or problem.weight_decay:
        return "nested cells need the plain loss, without penalty"
    activation = network.activation
    if activation.homogeneity != 1 or [float(b) for b in activation.breakpoints] != [0.0]:
        return "nested cells need activations that bend at 0 only and are multiples of z beside it"
    if any(width != 1 for width in network.hidden[1:]):
        return "nested cells need one unit in every layer but the first"
    readers = {i for own in outgoing(network, len(problem.inputs[0])) for i in own}
    if not readers:
        return "nested cells are those of networks with trainable inner or output weights"
    for index, parameter in enumerate(problem.parameters):
        if index not in readers and not parameter.lower <= 0 <= parameter.upper:
            return f"nested cells need ranges that hold 0; widen that of {parameter.name}"
    return None


class NestedNetwork:
    """A problem that :func:`refusal` does not refuse."""

    def __init__(self, problem: Problem) -> None:
        network = problem.model
        if not isinstance(network, FeedForward):
            raise TypeError(f"{network!r} is no network")
        self.problem, self.network = problem, network
        self.examples = len(problem.targets)
        features = len(problem.inputs[0])
        self._incoming = incoming(network, features)
        self._outgoing = outgoing(network, features)
        readers = {i for own in self._outgoing for i in own}
        self.moving = [i for i in range(len(problem.parameters)) if i not in readers]
        self._place = {index: place for place, index in enumerate(self.moving)}
        self._slopes = [affine_coefficient(*pair, 1) for pair in network.activation.pairs]
        layers = range(len(network.hidden))
        self._layer = [layer for layer in layers for _ in range(network.hidden[layer])]

    @property
    def depth(self) -> int:
        """Number of hidden layers."""
        return len(self.network.hidden)

    def parameters(self) -> list[Parameter]:
        """Those that move."""
        return [self.problem.parameters[i] for i in self.moving]

    def charts(self) -> list[Chart]:
        """All charts; the minimum over W is the least of theirs."""
        choices = []
        for i in sorted({i for own in self._outgoing for i in own}):
            parameter = self.problem.parameters[i]
            ends = ((1, parameter.upper > 0), (0, parameter.lower < 0))
            choices.append([(i, side) for side, is_there in ends if is_there])
        return [
            Chart(held, signs) for signs in sign_choices(self.problem) for held in product(*choices)
        ]

    def node_name(self, node: int) -> str:
        """``u1:e5:k1``: the bend of unit 1 on example 5; ``u2.1:e5:k1`` in a deeper layer."""
        unit, example = divmod(node, self.examples)
        layer = self._layer[unit]
        first = sum(self.network.hidden[:layer])
        name = f"u{unit + 1}" if layer == 0 else f"u{layer + 1}.{unit - first + 1}"
        return f"{name}:e{example + 1}:k1"

    def layer_of(self, node: int) -> int:
        """The layer of a node, from 0."""
        return self._layer[node // self.examples]

    def rows(self, chart: Chart, active: Active, layers: int) -> dict[int, Row]:
        """Positive multiples of the pre-activations of the first ``layers`` layers as rows on what
        moves, where not 0; ``active`` decides for all layers but the last of them."""
        found = {}
        for node, form in self._forms(chart, active, layers):
            if any(form):
                found[node] = integral(form)
        return found

    def quadratic(self, chart: Chart, active: Active) -> MovingQuadratic:
        """The squared loss on the cone where exactly the nodes ``active`` are positive."""
        targets = [fmpq_poly([y - self._offset]) for y in map(to_fmpq, self.problem.targets)]
        count = self.examples if self.problem.reduction == "mean" else 1
        return squared_loss(
            self._predictions(chart, active), targets, fmpq_poly([1]), count, fmpq(0)
        )

    def scores(self, chart: Chart, active: Active) -> list[Row]:
        """Positive multiples of the predictions as rows on what moves, and 1."""
        constant = fmpq_poly([self._offset])
        return [integral([*form, constant]) for form in self._predictions(chart, active)]

    def at_zero(self) -> fmpq:
        """f where everything that moves is 0, for every α."""
        total = sum(((to_fmpq(y) - self._offset) ** 2 for y in self.problem.targets), fmpq(0))
        return total / (self.examples if self.problem.reduction == "mean" else 1)

    def full(self, chart: Chart, moving: Sequence[fmpq_poly]) -> Form:
        """All parameters from those that move."""
        values = [fmpq_poly()] * len(self.problem.parameters)
        for index, p in zip(self.moving, moving, strict=True):
            values[index] = p
        for index, side in chart.held:
            values[index] = fmpq_poly([self.wall(index, side)])
        return values

    # -- forms -------------------------------------------------------------------------

    @property
    def _offset(self) -> fmpq:
        bias = self.network.output_bias
        return fmpq(0) if bias == TRAINABLE else to_fmpq(Fraction(bias))

    def wall(self, index: int, side: int) -> fmpq:
        """An end of the range of a parameter."""
        parameter = self.problem.parameters[index]
        return to_fmpq((parameter.lower, parameter.upper)[side])

    def _forms(self, chart: Chart, active: Active, layers: int) -> Iterator[tuple[int, Form]]:
        """All nodes of the first layers with their pre-activations."""
        held = {index: self.wall(index, side) for index, side in chart.held}
        sources: list[list[Form]] = []
        unit = 0
        for width in self.network.hidden[:layers]:
            following: list[list[Form]] = []
            for _ in range(width):
                own = self._incoming[unit]
                forms = [
                    self._input_form(own, t)
                    if not sources
                    else self._sum([(held[i], a[t]) for i, a in zip(own, sources, strict=False)])
                    for t in range(self.examples)
                ]
                if self.network.bias:
                    for form in forms:
                        form[self._place[own[-1]]] += 1
                nodes = [unit * self.examples + t for t in range(self.examples)]
                yield from zip(nodes, forms, strict=True)
                following.append(
                    [
                        [self._slopes[node in active] * p for p in form]
                        for node, form in zip(nodes, forms, strict=True)
                    ]
                )
                unit += 1
            sources = following

    def _input_form(self, own: Sequence[int], example: int) -> Form:
        form = [fmpq_poly()] * len(self.moving)
        for index, x in zip(own, self.problem.inputs[example], strict=False):
            form[self._place[index]] = fmpq_poly([to_fmpq(x)])
        return form

    def _sum(self, terms: Sequence[tuple[fmpq, Form]]) -> Form:
        total = [fmpq_poly()] * len(self.moving)
        for weight, form in terms:
            total = [p + weight * q for p, q in zip(total, form, strict=True)]
        return total

    def _predictions(self, chart: Chart, active: Active) -> list[Form]:
        """ŷ_t − c for a fixed c, else ŷ_t."""
        last = self.network.hidden[-1]
        forms = dict(self._forms(chart, active, self.depth))
        first = len(self._layer) - last
        held = dict(chart.held)
        found = []
        for t in range(self.examples):
            terms = []
            for k in range(last):
                node = (first + k) * self.examples + t
                if self.network.output_weights == TRAINABLE:
                    index = self._outgoing[first + k][0]
                    weight = self.wall(index, held[index])
                else:
                    weights = chart.signs or self.network.output_weights
                    weight = to_fmpq(Fraction(weights[k]))
                terms.append((weight, [self._slopes[node in active] * p for p in forms[node]]))
            total = self._sum(terms)
            if self.network.output_bias == TRAINABLE:
                total[-1] += 1
            found.append(total)
        return found
