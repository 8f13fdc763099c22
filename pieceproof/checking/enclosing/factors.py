"""Factors: where f does not depend on w at one α₀, it is divided by α − α₀.

Where the network vanishes identically at α₀, as αz² − (1 − α)z² does at 1/2, every w is a
minimiser there and near it f hardly tells minimisers apart. If σ_α has no breakpoints f is a
polynomial, and

    f(α, w) = κ(α) + (α − α₀)·h(α, w)   exactly, no coefficient of h without w.

With s the sign of α − α₀ and v the minimum of s·h(α, ·) over W, ℓ* = κ + |α − α₀|·v. The problem
s·h knows nothing of α₀; it is proved like a polynomial objective.

At α₀ inside A ℓ* has a kink. v is continuous on either side as W is compact, so the slopes of ℓ*
are κ′ + max h(α₀, ·) on the left and κ′ + min h(α₀, ·) on the right. They differ: h(α₀, ·) is not
constant, since α₀ is a simple root of the common divisor of the coefficients of all w^e, e ≠ 0,
in Q[α], and W has interior points.

An output bias c that nothing else is said of is eliminated first: r_t = s_t + c − y_t has its least
Σ r_t² at c = −mean(s_t − y_t) =: c*(α, w), if that is in the range of c for all w.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import reduce
from math import comb

from flint import fmpq, fmpq_mpoly, fmpq_poly

from pieceproof.checking.enclosing.networks import MAX_DEGREE, MAX_TERMS, Network
from pieceproof.checking.enclosing.polynomials import cell_polynomial, residuals
from pieceproof.checking.reading import Refuted

Coefficients = dict[tuple[int, ...], fmpq_poly]
"""Of a polynomial in w, by exponents."""


@dataclass(frozen=True, eq=False)
class Factor:
    """f = ``base``(α) + (α − ``root``)·h, and ``network`` with the objective s·h, s = ``sign``.

    ``bias`` is c*(α, w), if the output bias, then the last parameter, is eliminated.
    """

    root: fmpq
    sign: int
    base: fmpq_poly
    network: Network
    bias: fmpq_mpoly | None = None

    @property
    def key(self) -> tuple[fmpq, int]:
        """Equal for equal factors of one problem."""
        return self.root, self.sign

    def check_bias(self, walls: tuple[fmpq, fmpq], lower: fmpq, upper: fmpq) -> None:
        """That c* is inside ``walls`` for all w and α from ``lower`` to ``upper``.

        Raises:
            Refuted: it may not be.
        """
        if self.bias is None:
            return
        # In α − α₀ nothing cancels.
        alpha, *weights = self.bias.context().gens()
        moved = self.bias.compose(alpha + self.root, *weights, ctx=self.bias.context())
        ends = [(lower - self.root, upper - self.root), *self.network.walls]
        low = high = fmpq(0)
        for exponents, value in moved.terms():
            powers = [_power(*each, int(e)) for each, e in zip(ends, exponents, strict=True)]
            a, b = reduce(_times, powers, (value, value))
            low, high = low + a, high + b
        if not walls[0] < low <= high < walls[1]:
            raise Refuted("the best output bias may lie outside its range")


def factors(network: Network) -> list[Factor]:
    """Both sides of every α₀ in A, the lower one first; none for problems that are not covered."""
    found = _eliminated(network) if _is_covered(network) else None
    if found is None:
        return []
    network, f, bias = found
    parts = _coefficients(f)
    base = parts.pop((0,) * network.parameters, fmpq_poly([0]))
    lower, upper = network.interval
    sides = []
    for root in sorted(_simple_roots(reduce(fmpq_poly.gcd, parts.values(), fmpq_poly([0])))):
        quotients = {key: value // fmpq_poly([-root, 1]) for key, value in parts.items()}
        h = f.context().from_dict(
            {(i, *key): q[i] for key, q in quotients.items() for i in range(len(q)) if q[i] != 0}
        )
        for sign, ends in ((-1, (lower, root)), (1, (root, upper))):
            if lower <= ends[0] < ends[1] <= upper:
                side = replace(network, interval=ends, polynomial=sign * h)
                sides.append(Factor(root, sign, base, side, bias))
    return sides


def _is_covered(network: Network) -> bool:
    """Whether f is one polynomial on W, and not too large a one."""
    if network.polynomial is not None:
        return True
    if network.breakpoints or network.ratio:
        return False
    power = max(network.first[0].degree(), network.second[0].degree(), 1)
    degree, alphas = 1, 0
    for _ in network.hidden:
        degree, alphas = power * (degree + (degree > 1)), power * alphas + 1
    degree = 2 * (degree + (network.outputs is None))
    return (
        degree + 2 * alphas + 1 <= MAX_DEGREE
        and comb(network.parameters + degree, degree) * (2 * alphas + 1) <= MAX_TERMS
    )


def _eliminated(network: Network) -> tuple[Network, fmpq_mpoly, fmpq_mpoly | None]:
    """A network that is its polynomial f, c*, and f, without an output bias that is free."""
    if network.polynomial is not None:
        return network, network.polynomial, None
    pattern = ((0,) * network.examples,) * len(network.units)
    last = network.parameters - 1
    names, walls, bias = network.names, network.walls, None
    if network.offset is None and network.decay == 0 and last not in network.penalised:
        alike = replace(network, offset=fmpq(0), names=names[:-1], walls=walls[:-1])
        parts = residuals(alike, pattern)
        bias = sum(parts[1:], parts[0]) * fmpq(-1, len(parts))
        network = alike
    f = cell_polynomial(network, pattern)
    if bias is not None:
        scale = fmpq(1) if network.mean else fmpq(network.examples)
        f -= scale * bias**2  # Σ (r + c*)² = Σ r² − T c*²
    flat = (fmpq_poly([0]),)
    own = Network(
        (), False, (), flat, flat, (), fmpq(0), network.interval, network.names, network.walls,
        True, fmpq(0), ((),), (fmpq(0),), f,
    )  # fmt: skip
    return own, f, bias


def _coefficients(f: fmpq_mpoly) -> Coefficients:
    rows: dict[tuple[int, ...], dict[int, fmpq]] = defaultdict(dict)
    for exponents, value in f.terms():
        power, *key = map(int, exponents)
        rows[tuple(key)][power] = value
    return {
        key: fmpq_poly([row.get(i, fmpq(0)) for i in range(max(row) + 1)])
        for key, row in rows.items()
    }


def _simple_roots(divisor: fmpq_poly) -> list[fmpq]:
    if divisor.degree() < 1:
        return []
    return [
        fmpq(-part[0]) / fmpq(part[1])
        for part, times in divisor.factor()[1]
        if times == 1 and part.degree() == 1
    ]


def _power(low: fmpq, high: fmpq, e: int) -> tuple[fmpq, fmpq]:
    ends = sorted((low**e, high**e))
    return (fmpq(0), ends[1]) if e and e % 2 == 0 and low < 0 < high else (ends[0], ends[1])


def _times(a: tuple[fmpq, fmpq], b: tuple[fmpq, fmpq]) -> tuple[fmpq, fmpq]:
    products = [x * y for x in a for y in b]
    return min(products), max(products)
