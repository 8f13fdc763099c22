"""Slabs beside an α₀ at which f does not depend on w: those of f divided by α − α₀.

What is left is a polynomial problem on either side of α₀
(``pieceproof.checking.enclosing.factors``), which is searched like any other one; of its slabs
those are taken that follow each other from α₀ on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from geometry.proposals.slabbing import Proposal
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.factors import Factor
from pieceproof.checking.reading import Refuted
from piecewise.exact import rational, to_fmpq
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem

REACHES = (Fraction(1, 64), Fraction(1, 8))
"""So much of A is searched on either side of α₀, and then so much if all of that is proved."""
SHORTEST = Fraction(1, 2**12)
"""Slabs are no shorter than this part of A: the events that make them so are those of f as well."""
HALVINGS = 16
"""Of what is searched, until the best output bias is within its range."""

Slabs = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Divided(Proposal):
    """A slab of f divided by α − α₀, as a document writes it."""

    written: dict[str, Any] = field(default_factory=dict)

    def document(self, names: Sequence[str]) -> dict[str, Any]:
        """The slab as a document writes it."""
        return self.written


def beside_roots(
    spaces: Spaces, taken: Iterable[tuple[Fraction, Fraction]], search: Callable[[Problem], Slabs]
) -> list[Divided]:
    """Slabs on both sides of every α₀, in order, outside the intervals ``taken``."""
    occupied, found = list(taken), []
    width = rational(spaces.network.interval[1] - spaces.network.interval[0])
    for factor, _ in spaces.divided:
        at = rational(factor.root)
        for reach in REACHES:
            lower, upper = _part(factor, at, reach, spaces, occupied)
            if lower == upper:
                break
            own = _beside(factor, search(_problem(factor, (lower, upper))), SHORTEST * width)
            found += own
            at = upper if factor.sign > 0 else lower
            if not own or (own[-1].upper if factor.sign > 0 else own[-1].lower) != at:
                break
        occupied += [(each.lower, each.upper) for each in found]
    return sorted(found, key=lambda each: each.lower)


def _part(
    factor: Factor, at: Fraction, reach: Fraction, spaces: Spaces,
    occupied: Sequence[tuple[Fraction, Fraction]],
) -> tuple[Fraction, Fraction]:  # fmt: skip
    """The part of A from ``at``, which is on the side of α₀, up to what is reached."""
    lower, upper = map(rational, spaces.network.interval)
    root, step = rational(factor.root), factor.sign * reach * (upper - lower)
    for _ in range(HALVINGS):
        if _has_best_bias(factor, spaces, *sorted((root, root + step))):
            break
        step /= 2
    end = root + step
    if factor.sign > 0:
        return at, min([max(end, at), upper, *(max(a, at) for a, b in occupied if b > at)])
    return max([min(end, at), lower, *(min(b, at) for a, b in occupied if a < at)]), at


def _has_best_bias(factor: Factor, spaces: Spaces, lower: Fraction, upper: Fraction) -> bool:
    try:
        factor.check_bias(spaces.network.walls[-1], to_fmpq(lower), to_fmpq(upper))
    except Refuted:
        return False
    return True


def _problem(factor: Factor, ends: tuple[Fraction, Fraction]) -> Problem:
    network = factor.network
    if network.polynomial is None:
        raise ValueError("the objective of a factor is a polynomial")
    terms = [(tuple(map(int, key)), rational(value)) for key, value in network.polynomial.terms()]
    box = {
        name: (rational(low), rational(high))
        for name, (low, high) in zip(network.names, network.walls, strict=True)
    }
    return Problem(Polynomial(network.names, terms), interval=ends, box=box)


def _beside(factor: Factor, slabs: Slabs, shortest: Fraction) -> list[Divided]:
    """The slabs that follow each other from α₀ on, until they become shorter than that."""
    found: list[Divided] = []
    for slab in slabs if factor.sign > 0 else reversed(slabs):
        lower, upper = map(Fraction, slab["interval"])
        if slab["kind"] == "open" or (slab["kind"] == "one" and upper - lower < shortest):
            break
        written = {**slab, "factor": str(factor.root)}
        found.append(Divided(lower, upper, slab["kind"], (), "", written))
    return found
