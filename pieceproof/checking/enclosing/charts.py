"""Charts of W: what symmetry leaves of the box, derived from the problem alone.

- *Signs*: for output weights in {−1, +1}^K every choice is a problem of its own.
- *Scaling*: let unit k have one trainable outgoing weight u, σ_α be positively homogeneous of
  degree k, no weight decay nor penalty, and 0 in the ranges of its incoming weights and bias. For
  c = (|u|/|wall|)^(1/k) ≤ 1, (incoming, u) ↦ (c·incoming, wall) stays in W and changes no
  output. So u may be fixed at a wall, above 0 at the upper and below 0 at the lower one.
- *Exchange and reflection* of a polynomial objective: the signed permutations of W that leave
  it unchanged, for at most four parameters.
- *Exchange and reflection* of units: units that play equal parts may be permuted, and where σ_α is
  even the incoming weights and bias of a unit may be negated: they enter f through σ_α(z) of that
  unit alone. Where σ_α is odd they may be negated with the unit's outgoing weights, if all of these
  are parameters. These are signed permutations of W that leave f unchanged.
- *Reflected data*: if the examples (−x, y) are the examples (x, y), all weights of the first
  layer may be negated together, biases kept.
- *Orthants*: under a penalty αρ|w̃|₁ W is cut at w_i = 0 for every w_i in w̃ with 0 inside its
  range. On a part |w̃|₁ is linear. Symmetries of W exchange the parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, pairwise, permutations, product

from flint import fmpq, fmpq_mpoly, fmpq_poly

from pieceproof.checking.enclosing.networks import Network

MAX_IMAGES = 384
"""Symmetries used at most; fewer are as right, and prove less."""


_MINUS = fmpq_poly([0, -1])


Image = tuple[tuple[int, ...], tuple[int, ...]]
"""Sources and signs of a signed permutation."""


@dataclass(frozen=True, eq=False)
class Chart:
    """``network`` with the parameters in ``fixed`` held at a wall (0 lower, 1 upper).

    ``symmetries`` are signed permutations of W: (sources, signs) sends w to signs·w[sources].
    ``ordered`` and ``nonnegative`` describe a fundamental domain of theirs: w[i] ≤ w[j] for
    pairs (i, j), and w[i] ≥ 0. ``orthant`` has the signs of the parameters at which W is cut.
    """

    network: Network
    fixed: dict[int, int]
    symmetries: tuple[Image, ...]
    ordered: tuple[tuple[int, int], ...]
    nonnegative: tuple[int, ...]
    orthant: tuple[tuple[int, int], ...] = ()

    @cached_property
    def images(self) -> tuple[Image, ...]:
        """The symmetries that take the chart to itself."""
        return self.onto(self)

    def onto(self, other: Chart) -> tuple[Image, ...]:
        """The symmetries that take this chart to another one of the same choice of signs."""
        if not self.orthant:
            return self.symmetries
        own, theirs = dict(self.orthant), dict(other.orthant)
        return tuple(
            (sources, signs)
            for sources, signs in self.symmetries
            if all(own[sources[i]] * signs[i] == sign for i, sign in theirs.items())
        )

    @property
    def moving(self) -> tuple[int, ...]:
        """The parameters that are not fixed."""
        return tuple(i for i in range(self.network.parameters) if i not in self.fixed)


def charts(network: Network, signs: bool) -> list[Chart]:
    """All charts; min over W is the least of the minima over them."""
    if network.polynomial is not None:
        return [_polynomial_chart(network, network.polynomial)]
    choices = (
        [
            replace(network, outputs=tuple(map(fmpq, s)))
            for s in product((1, -1), repeat=network.hidden[-1])
        ]
        if signs
        else [network]
    )
    found = [_chart(each, fixed) for each in choices for fixed in _scalings(each)]
    return [part for chart in found for part in _orthants(chart)]


def _orthants(chart: Chart) -> list[Chart]:
    """The chart cut at w_i = 0 for all parameters under a penalty αρ|w_i|, ρ > 0."""
    network = chart.network
    if not network.ratio or not network.penalised:
        return [chart]
    cut = [i for i in network.penalised if network.walls[i][0] < 0 < network.walls[i][1]]
    whole = [(i, 1 if network.walls[i][0] >= 0 else -1) for i in network.penalised if i not in cut]
    found = []
    for signs in product((1, -1), repeat=len(cut)):
        orthant = tuple(zip(cut, signs, strict=True))
        walls = list(network.walls)
        for i, sign in orthant:
            lower, upper = walls[i]
            walls[i] = (fmpq(0), upper) if sign > 0 else (lower, fmpq(0))
        part = replace(network, walls=tuple(walls), orthant=(*orthant, *whole))
        found.append(replace(chart, network=part, orthant=orthant))
    return found


def _scalings(network: Network) -> list[dict[int, int]]:
    found: list[dict[int, int]] = [{}]
    if network.is_regularised or not _is_homogeneous(network):
        return found
    for own, out in zip(network.incoming, network.outgoing, strict=True):
        ranges = [network.walls[i] for i in own]
        if len(out) != 1 or not all(lower <= 0 <= upper for lower, upper in ranges):
            continue
        lower, upper = network.walls[out[0]]
        sides = [side for side, open_ in ((1, upper > 0), (0, lower < 0)) if open_]
        found = [{**fixed, out[0]: side} for fixed in found for side in sides]
    return found


def _is_homogeneous(network: Network) -> bool:
    """σ_α(cz) = c^k·σ_α(z) for c ≥ 0, k ≥ 1: bends at 0 only, all pieces are multiples of z^k."""
    pieces = [piece for piece in (*network.first, *network.second) if piece]
    powers = {i for piece in pieces for i in range(piece.degree() + 1) if piece[i] != 0}
    return not any(network.breakpoints) and len(powers) <= 1 and 0 not in powers


def parity_of(network: Network) -> int:
    """1 if σ_α is even for all α, −1 if it is odd, else 0."""
    points = network.breakpoints
    if any(a != -b for a, b in zip(points, reversed(points), strict=True)):
        return 0
    for parity in (1, -1):
        if all(
            piece(_MINUS) == parity * mirror
            for own in (network.first, network.second)
            for piece, mirror in zip(own, reversed(own), strict=True)
        ):
            return parity
    return 0


def _negations(network: Network, fixed: dict[int, int]) -> list[tuple[int, tuple[int, ...]]]:
    """Parameters of a unit that may be negated together: units of the first layer all or none."""
    parity, layer = parity_of(network), network.hidden[0]
    found = []
    for unit, (own, out) in enumerate(zip(network.incoming, network.outgoing, strict=True)):
        negated = own if parity == 1 else (*own, *out)
        if (
            (parity == 1 or (parity == -1 and out))
            and all(network.walls[i][0] == -network.walls[i][1] for i in negated)
            and not any(i in fixed for i in negated)
        ):
            found.append((unit, negated))
    if sum(unit < layer for unit, _ in found) not in (0, layer):
        return [each for each in found if each[0] >= layer]
    return found


def _chart(network: Network, fixed: dict[int, int]) -> Chart:
    identity = tuple(range(network.parameters))
    layer = network.hidden[0]
    first = network.incoming[:layer]
    single = len(network.hidden) == 1
    classes: list[list[int]] = []
    for unit in range(layer):
        for members in classes:
            if single and _alike(network, fixed, members[0], unit):
                members.append(unit)
                break
        else:
            classes.append([unit])
    flips = _negations(network, fixed)
    images = [(identity, (1,) * len(identity))]
    for orders in product(*(permutations(members) for members in classes)):
        sources = list(identity)
        for members, order in zip(classes, orders, strict=True):
            for target, source in zip(members, order, strict=True):
                for i, j in zip(_of(network, target), _of(network, source), strict=True):
                    sources[i] = j
        for negated in product((1, -1), repeat=len(flips)):
            signs = [1] * len(identity)
            for (_, own), sign in zip(flips, negated, strict=True):
                for i in own:
                    signs[i] *= sign
            image = (tuple(sources), tuple(signs))
            if image not in images:
                images.append(image)
            if len(images) >= MAX_IMAGES:
                return Chart(network, fixed, tuple(images[:1]), (), ())
    reflected = [] if len(images) > 1 else _reflected(network, fixed)
    if reflected:
        signs = [-1 if i in reflected else 1 for i in identity]
        return Chart(network, fixed, (*images, (identity, tuple(signs))), (), (reflected[0],))
    ordered = tuple((first[a][0], first[b][0]) for members in classes for a, b in pairwise(members))
    halves = tuple(own[0] for _, own in flips)
    return Chart(network, fixed, tuple(images), ordered, halves)


def _reflected(network: Network, fixed: dict[int, int]) -> list[int]:
    """The weights of the first layer if negating them exchanges examples, else none."""
    features = len(network.inputs[0])
    rows = list(zip(network.inputs, network.targets, strict=True))
    mirrored = [(tuple(-value for value in x), y) for x, y in rows]
    weights = [i for own in network.incoming[: network.hidden[0]] for i in own[:features]]
    symmetric = all(network.walls[i][0] == -network.walls[i][1] for i in weights)
    free = not any(i in fixed for i in weights)
    return weights if symmetric and free and sorted(rows) == sorted(mirrored) else []


def _polynomial_chart(network: Network, f: fmpq_mpoly) -> Chart:
    d, walls = network.parameters, network.walls
    identity = tuple(range(d))
    if d > 4:
        return Chart(network, {}, ((identity, (1,) * d),), (), ())
    context, generators = f.context(), f.context().gens()
    images = []
    for sources in permutations(range(d)):
        for signs in product((1, -1), repeat=d):
            own = [
                walls[i] if s > 0 else (-walls[i][1], -walls[i][0])
                for i, s in zip(sources, signs, strict=True)
            ]
            moved = [s * generators[1 + i] for i, s in zip(sources, signs, strict=True)]
            if own == list(walls) and f.compose(generators[0], *moved, ctx=context) == f:
                images.append((sources, signs))
    plain = {sources for sources, signs in images if min(signs) > 0}
    alike = {
        (i, j)
        for i, j in combinations(range(d), 2)
        if tuple(j if k == i else i if k == j else k for k in range(d)) in plain
    }
    # Swaps that leave f unchanged make classes in which all do; neighbours are put in order.
    ordered = tuple(
        (i, j) for i, j in sorted(alike) if not any((i, k) in alike for k in range(i + 1, j))
    )
    flips = tuple(
        i for i in range(d) if (identity, tuple(-1 if k == i else 1 for k in range(d))) in images
    )
    images.sort(key=lambda each: each != (identity, (1,) * d))
    return Chart(network, {}, tuple(images), ordered, flips)


def _of(network: Network, unit: int) -> tuple[int, ...]:
    """All parameters that belong to a unit of a single hidden layer."""
    return (*network.incoming[unit], *network.outgoing[unit])


def _alike(network: Network, fixed: dict[int, int], a: int, b: int) -> bool:
    """Whether exchanging two units of a single hidden layer leaves f, W and chart unchanged."""
    same_output = network.outputs is None or network.outputs[a] == network.outputs[b]
    pairs = list(zip(_of(network, a), _of(network, b), strict=True))
    return same_output and all(
        network.walls[i] == network.walls[j] and fixed.get(i) == fixed.get(j) for i, j in pairs
    )
