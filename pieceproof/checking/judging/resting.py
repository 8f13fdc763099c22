"""What is known of held-out examples from the walls that a curve lies at, exactly.

Parameters at walls, w_i = 0 of orthants included, are rational numbers on a curve. So z is rational
if all that counts in it is held. z − β has a sign if it has one all over that part of W, as for a
unit with one input and no bias on either side of w = 0. And it has the side of z_t − β′ of a
training example, which the pattern of the stratum states, if one is a multiple of the other there.

Numbers could not decide this where z = β all along the curve: both pieces have one value there. Nor
where a weight leaves 0: the curve of the free weight goes on beyond the switch, out of W, but where
it is that of the minimiser z has the sign of the orthant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flint import fmpq

from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.tubes import Curve

Row = tuple[fmpq, ...]
Sides = tuple[bool | None, ...]
"""For every breakpoint β whether z ≥ β, or None where this is not known."""


def held_at(curve: Curve) -> dict[int, fmpq]:
    """The parameters that walls, or the chart, hold on a curve."""
    sides, fold = {**curve.space.chart.fixed, **curve.stratum.walls}, curve.stratum.fold
    touched = () if fold is None else fold.touched
    walls = curve.space.network.walls
    return {i: walls[i][side] for i, side in sides.items() if i not in touched}


def total(terms: Iterable[tuple[fmpq | None, fmpq | None]]) -> fmpq | None:
    """Σ w·s if the numbers that are known determine it: 0 times anything is 0."""
    found = fmpq(0)
    for w, s in terms:
        if w == 0 or s == 0:
            continue
        if w is None or s is None:
            return None
        found += w * s
    return found


def known_sides(
    curve: Curve, held: dict[int, fmpq], unit: int, row: Row, known: Sequence[Row]
) -> Sides:
    """The sides of z = Σ row_i·w_i of a first-layer unit, for every breakpoint.

    Args:
        curve: a curve of the training loss.
        held: what holds its parameters.
        unit: the unit.
        row: the inputs of a held-out example, with 1 for the bias if there is one.
        known: those of the training examples.
    """
    network, pattern = curve.space.network, curve.stratum.pattern[unit]
    own = network.incoming[unit]
    low, high = _span(network, held, own, row)
    free, rest = _split(held, own, row)
    found: list[bool | None] = []
    for at in network.breakpoints:
        side = True if low >= at else False if high <= at else None
        for t, other in enumerate(known if side is None else ()):
            theirs, constant = _split(held, own, other)
            factor = _factor(free, theirs)
            if factor is None:
                continue
            for j, there in enumerate(network.breakpoints):
                if rest - at == factor * (constant - there):
                    side = (pattern[t] > j) == (factor > 0)
        found.append(side)
    return tuple(found)


def _span(
    network: Network, held: dict[int, fmpq], own: Sequence[int], row: Row
) -> tuple[fmpq, fmpq]:
    """The range of z over the part of W in which parameters have their values in ``held``."""
    low = high = fmpq(0)
    for i, x in zip(own, row, strict=True):
        ends = (held[i], held[i]) if i in held else network.walls[i]
        a, b = sorted(x * end for end in ends)
        low, high = low + a, high + b
    return low, high


def _split(held: dict[int, fmpq], own: Sequence[int], row: Row) -> tuple[Row, fmpq]:
    """z as coefficients of the parameters that are not held, and a number."""
    free = tuple(fmpq(0) if i in held else x for i, x in zip(own, row, strict=True))
    rest = (x * held[i] for i, x in zip(own, row, strict=True) if i in held)
    return free, sum(rest, fmpq(0))


def _factor(row: Row, other: Row) -> fmpq | None:
    """c ≠ 0 with row = c·other ≠ 0, if there is one."""
    for a, b in zip(row, other, strict=True):
        if b != 0:
            c = a / b
            return (
                c if c != 0 and all(x == c * y for x, y in zip(row, other, strict=True)) else None
            )
    return None
