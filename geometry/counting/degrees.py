"""Bézout bounds: products of degrees, in one group of variables or in several.

With the variables split into groups Z_1 … Z_k of sizes n_j and d_ij the degree of f_i in
Z_j, the isolated complex solutions number at most the coefficient of Π z_j^{n_j} in
Π_i Σ_j d_ij z_j, counted with multiplicity; one group gives Bézout's Π_i deg f_i
[Morgan, Sommese, Appl. Math. Comput. 24, 1987]. More equations than variables are
replaced by as many generic combinations, of which every isolated solution stays one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from geometry.counting.count import Count
from geometry.engines.system import Monomial, PolynomialSystem

EXHAUSTIVE = 7
"""Up to this many variables all partitions are tried (877 for seven)."""

Partition = tuple[tuple[int, ...], ...]
"""Groups of variable indices."""


@dataclass(frozen=True)
class Multihomogeneous:
    """The smallest bound found, its partition, and whether all partitions were tried."""

    bound: int
    partition: tuple[tuple[str, ...], ...]
    exhaustive: bool


def square_supports(system: PolynomialSystem) -> tuple[tuple[Monomial, ...], ...]:
    """One support per variable: those of the system, or of generic combinations of its equations.

    Assumes at least as many equations as variables.
    """
    supports = system.supports()
    n = len(system.variables)
    if len(supports) == n:
        return supports
    union = tuple(sorted({monomial for support in supports for monomial in support}))
    return (union,) * n


def bezout(system: PolynomialSystem) -> Count:
    """Π of the n largest degrees in the variables; a proved bound for the isolated solutions."""
    degrees = sorted((max(map(sum, support)) for support in system.supports()), reverse=True)
    return Count.proved(prod(degrees[: len(system.variables)]), "product of the degrees")


def multihomogeneous(system: PolynomialSystem) -> Multihomogeneous:
    """The minimum of the multihomogeneous bound over the partitions of the variables.

    Up to ``EXHAUSTIVE`` variables over all partitions; beyond, over a greedy descent that
    merges groups from singletons, and the one-group partition. Every partition's number is
    a bound. Assumes at least as many equations as variables.
    """
    supports = square_supports(system)
    n = len(system.variables)
    whole: Partition = (tuple(range(n)),)
    best = min(
        [whole, *(_partitions(n) if n <= EXHAUSTIVE else _descent(supports, n))],
        key=lambda partition: (_bound(supports, partition), len(partition), partition),
    )
    names = tuple(tuple(system.variables[i] for i in group) for group in best)
    value = _bound(supports, best)
    if best == whole:  # Bézout may drop the smallest degrees of an overdetermined system
        value = int(bezout(system))
    return Multihomogeneous(min(value, int(bezout(system))), names, n <= EXHAUSTIVE)


def _bound(supports: Sequence[Sequence[Monomial]], partition: Partition) -> int:
    """The coefficient of Π z_j^{n_j} in Π_i Σ_j d_ij z_j."""
    sizes = tuple(len(group) for group in partition)
    coefficients = {sizes: 1}  # remaining exponents -> coefficient
    for support in supports:
        degrees = [max(sum(m[i] for i in group) for m in support) for group in partition]
        following: dict[tuple[int, ...], int] = {}
        for remaining, coefficient in coefficients.items():
            for j, degree in enumerate(degrees):
                if degree and remaining[j]:
                    key = (*remaining[:j], remaining[j] - 1, *remaining[j + 1 :])
                    following[key] = following.get(key, 0) + coefficient * degree
        coefficients = following
    return coefficients.get((0,) * len(partition), 0)


def _partitions(n: int) -> Iterator[Partition]:
    """All set partitions of {0 … n−1}."""

    def extend(groups: list[list[int]], item: int) -> Iterator[Partition]:
        if item == n:
            yield tuple(tuple(group) for group in groups)
            return
        for group in groups:
            group.append(item)
            yield from extend(groups, item + 1)
            group.pop()
        groups.append([item])
        yield from extend(groups, item + 1)
        groups.pop()

    yield from extend([], 0)


def _descent(supports: Sequence[Sequence[Monomial]], n: int) -> Iterator[Partition]:
    """Singletons, then again and again the best merger of two groups."""
    current: Partition = tuple((i,) for i in range(n))
    yield current
    while len(current) > 1:
        mergers = []
        for a in range(len(current)):
            for b in range(a + 1, len(current)):
                rest = tuple(g for k, g in enumerate(current) if k not in (a, b))
                mergers.append((*rest, tuple(sorted(current[a] + current[b]))))
        current = min(mergers, key=lambda partition: (_bound(supports, partition), partition))
        yield current
