"""Copies: a curve in a common face of orthants, as every orthant that has the face sees it.

Under a penalty αρ|w̃|₁ charts are orthants (``charts``). Where the curve of a chart is at the walls
w_i = 0, i ∈ Z, it lies in every chart whose signs differ in Z alone. f is continuous, so that on
the face w_Z = 0 it is the same polynomial there: the copy is the same curve, of the same value.
What it says of f differs: each chart has its own multipliers and its own basin, the part of one
box around the curve on its side of the face. A weight stays 0 where both multipliers, αρ ± g_i, are
positive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flint import fmpq

from pieceproof.checking.enclosing.foldedspaces import folded
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.tubes import Curve, Space
from pieceproof.checking.reading import Refuted


def copies(curve: Curve, spaces: Sequence[Space]) -> Iterator[Curve]:
    """The curve in the other charts of ``spaces``, those of its network, that share its face.

    Raises:
        Refuted: it is not known to be one curve.
    """
    own, resting = dict(curve.space.chart.orthant), resting_of(curve)
    if not resting or curve.is_everywhere:
        return
    for number, space in enumerate(spaces):
        theirs = dict(space.chart.orthant)
        turned = {i for i, sign in theirs.items() if sign != own[i]}
        if (
            not turned
            or not turned <= resting
            or space.network.outputs != curve.space.network.outputs
        ):
            continue
        yield _copied(curve, number, space, turned)


def resting_of(curve: Curve) -> set[int]:
    """The parameters w_i at which W is cut, with w_i = 0 along the curve."""
    stratum = curve.stratum
    touched = () if stratum.fold is None else stratum.fold.touched
    return {
        i
        for i, sign in curve.space.chart.orthant
        if i not in touched and stratum.walls.get(i) == (0 if sign > 0 else 1)
    }


def _copied(curve: Curve, number: int, space: Space, turned: set[int]) -> Curve:
    """The curve in the chart ``number``, on the other side of w_i = 0 for i in ``turned``."""
    stratum, resting = curve.stratum, resting_of(curve)
    walls = {i: 1 - side if i in turned else side for i, side in stratum.walls.items()}
    pattern = []
    for unit, pieces in enumerate(stratum.pattern):
        used = space.network.pieces[unit]
        here = tuple(
            min(max(p, first), last) for p, (first, last) in zip(pieces, used, strict=True)
        )
        for example, (p, q) in enumerate(zip(pieces, here, strict=True)):
            if p != q and not _meet(space.network, resting, unit, example, p, q):
                raise Refuted("a curve has another pattern beyond w = 0")
        pattern.append(here)
    own = replace(stratum, chart=number, walls=walls, pattern=tuple(pattern))
    if own.fold is not None:
        space = folded(space, own.fold, own.pattern)
    found = Curve(space, own, curve.path, curve.alpha)
    # The systems of both are one and the same, and so are the paths.
    m = len(curve.free)
    if m and not found.offset[:m].within(curve.unique[:m]):
        raise Refuted("a curve could not be followed to the other side of w = 0")
    return found


def _meet(network: Network, resting: set[int], unit: int, example: int, p: int, q: int) -> bool:
    """Whether z = 0 is the boundary between two pieces where w_i = 0 for i in ``resting``."""
    if unit >= network.hidden[0] or abs(p - q) != 1:
        return False
    row = [*network.inputs[example], *([fmpq(1)] if network.bias else [])]
    used = {i for i, x in zip(network.incoming[unit], row, strict=True) if x != 0}
    return used <= resting and network.breakpoints[min(p, q)] == 0
