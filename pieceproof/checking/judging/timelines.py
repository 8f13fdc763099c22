"""g over all of A: segments, breakpoints and open intervals, from slabs and from marks.

A *mark* names an interval [a, b] where a held-out boundary is crossed, or that is left open. All
that marks do not name has to be proved: that held-out examples keep their pieces along a
segment, and what g does at a breakpoint of the training loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flint import fmpq

from pieceproof.checking.enclosing.joins import Breakpoint, Link, Segment, links
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.slabs import Settled
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.judging.breaks import judged_break, over
from pieceproof.checking.judging.crossings import crossed, is_smooth
from pieceproof.checking.judging.examples import HeldOut, NotOnOneSide, Seen, seen_by
from pieceproof.checking.judging.judged import Judged
from pieceproof.checking.judging.minimisers import better_fit, unknown
from pieceproof.checking.reading import Refuted

FINEST = fmpq(1, 10**11)
"""Parts of A no narrower than this, relative to A, are looked at for the pieces of examples."""

EQUAL = "two minimisers of the training loss have equal values at one α"

MOST_UNKNOWN = 64
"""So many narrow parts of a segment are given up, then all that is left of it: a crossing gives
two, an example that stays on a boundary would give all."""


class Mark(NamedTuple):
    """[lower, upper]: a crossing, or with a ``reason`` left open."""

    lower: fmpq
    upper: fmpq
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class Item:
    """A link of the training loss along which g is known, or an interval that is left open."""

    lower: fmpq
    upper: fmpq
    link: Link | None
    slab: int = 0
    reason: str | None = None


class Leaf(NamedTuple):
    """A part of a segment with what held-out examples see, or None where this is not known.

    Of two best fits ``held`` is how the better one sees them.
    """

    lower: fmpq
    upper: fmpq
    held: HeldOut
    seen: Seen | None


def items(held: HeldOut, parts: Sequence[Settled | Open]) -> list[Item]:
    """The links of consecutive slabs, as far as g is known on them.

    Raises:
        Refuted: neighbouring slabs cannot be joined.
    """
    width = held.spaces.network.interval[1] - held.spaces.network.interval[0]
    found: list[Item] = []
    run: list[Settled] = []
    numbers: list[int] = []
    for number, each in enumerate([*parts, None]):
        if isinstance(each, Settled):
            run.append(each)
            numbers.append(number)
            continue
        if run:
            found += _linked(held, run, numbers, width)
            run, numbers = [], []
        if each is not None:
            reason = f"training loss: {each.reason}"
            found.append(Item(each.lower, each.upper, None, reason=reason))
    return found


def _linked(
    held: HeldOut, run: Sequence[Settled], numbers: Sequence[int], width: fmpq
) -> Iterator[Item]:
    at = 0
    for link in links(run, width):
        while run[at].slab.upper <= link.lower:
            at += 1
        reason = next((why for why in (unknown(held, c) for c in curves_of(link)) if why), None)
        reason = EQUAL if run[at].contact is not None else reason
        known = None if reason else link
        yield Item(link.lower, link.upper, known, numbers[at], reason)


def curves_of(link: Link) -> tuple[Curve, ...]:
    """The curves of a link, left one first."""
    return (link.curve,) if isinstance(link, Segment) else (link.left, link.right)


# -- segments --------------------------------------------------------------------------


def leaves(held: HeldOut, item: Item, lower: fmpq, upper: fmpq, finest: fmpq) -> Iterator[Leaf]:
    """Parts of a segment on which held-out examples keep their pieces, and parts too narrow."""
    link = item.link
    if not isinstance(link, Segment):
        raise ValueError("a segment on which g is known is expected")
    pending, unknown_parts = [(lower, upper)], 0
    while pending:
        a, b = pending.pop()
        try:
            part = link.curve.at(over(a, b))
            own = better_fit(held, part)
            seen = seen_by(own, part)
        except Refuted:
            if b - a > finest:
                middle = _between(a, b)
                pending += [(middle, b), (a, middle)]
                continue
            unknown_parts += 1
            if unknown_parts > MOST_UNKNOWN:
                yield Leaf(a, upper, held, None)
                return
            yield Leaf(a, b, held, None)
        else:
            yield Leaf(a, b, own, seen)


def _between(lower: fmpq, upper: fmpq) -> fmpq:
    """A short rational near the middle."""
    width, scale = upper - lower, fmpq(1)
    while scale * width < 16:
        scale *= 2
    return ((lower + upper) / 2 * scale).floor() / scale


def judged_segment(held: HeldOut, item: Item, lower: fmpq, upper: fmpq, finest: fmpq) -> Segment:
    """g along a part of a segment, on which held-out examples keep their pieces.

    Raises:
        Refuted: they may change their pieces.
    """
    link, own, found = item.link, held, None
    if not isinstance(link, Segment):
        raise ValueError("a segment on which g is known is expected")
    for leaf in leaves(held, item, lower, upper, finest):
        at = float(leaf.lower.p) / float(leaf.lower.q)
        if leaf.seen is None:
            raise Refuted(f"a held-out example may change its piece near α = {at:.10g}")
        if found is not None and (leaf.held, leaf.seen) != (own, found):
            raise Refuted(f"a held-out example changes its piece near α = {at:.10g}")
        own, found = leaf.held, leaf.seen
    if found is None:
        raise ValueError("an empty part")
    return Segment(Judged(own, link.curve, found), lower, upper, item.slab)


# -- breakpoints -----------------------------------------------------------------------


def at_break(held: HeldOut, item: Item) -> list[Link]:
    """g at a breakpoint of the training loss.

    Raises:
        Refuted: it is not decided.
    """
    link = item.link
    if not isinstance(link, Breakpoint):
        raise ValueError("a breakpoint beside which g is known is expected")
    sides: list[Judged] = []
    for curve in curves_of(link):
        part = curve.at(over(link.lower, link.upper))
        own = better_fit(held, part)
        try:
            seen = seen_by(own, part)
        except NotOnOneSide as met:
            raise Refuted(f"{met} where the training loss has a breakpoint") from None
        sides.append(Judged(own, curve, seen))
    left, right = sides
    return judged_break(
        left,
        right,
        (link.lower, link.upper),
        item.slab,
        jumps=link.kind == "kink" and not held.is_training,
        is_smooth=link.kind == "smooth" and held.is_training,
        what="the minimiser meets a boundary",
    )


def at_crossing(held: HeldOut, around: Sequence[Item], mark: Mark) -> list[Link]:
    """g where a held-out boundary is crossed; ``around`` are the items that the mark meets.

    Where two slabs meet there the curve of the left one goes on as that of the right one.

    Raises:
        Refuted: it is not decided.
    """
    first = around[0]
    if not all(isinstance(item.link, Segment) for item in around):
        raise Refuted("a held-out boundary is crossed where the minimiser changes")
    curves = [c for item in around if item.link is not None for c in curves_of(item.link)]
    if len(curves) > 1 and any(c.stratum.fold is not None for c in curves):
        raise Refuted("a held-out boundary is crossed where slabs in other coordinates meet")
    curve = curves[0]
    own = better_fit(held, curve.at(over(mark.lower, mark.upper)))
    labels, before, behind = crossed(own, curve, mark.lower, mark.upper)
    return judged_break(
        Judged(own, curve, before),
        Judged(own, curve, behind),
        (mark.lower, mark.upper),
        first.slab,
        is_smooth=is_smooth(held, curve.stratum.place, labels),
        what="a held-out example meets a boundary",
    )


# -- all of A --------------------------------------------------------------------------


def timeline(held: HeldOut, known: Sequence[Item], marks: Sequence[Mark]) -> list[Link | Open]:
    """g on A, in order.

    Raises:
        Refuted: something that is not left open could not be proved.
    """
    lower, upper = held.spaces.network.interval
    finest = (upper - lower) * FINEST / 8
    at = lower
    for mark in marks:
        if not at <= mark.lower < mark.upper <= upper:
            raise Refuted("marks: they are not in order")
        at = mark.upper
    found: list[Link | Open] = []
    for mark in marks:
        if mark.reason is not None:
            found.append(Open(mark.lower, mark.upper, mark.reason))
            continue
        around = [each for each in known if each.lower < mark.upper and mark.lower < each.upper]
        found += at_crossing(held, around, mark)
    for item in known:
        inside = [m for m in marks if m.lower < item.upper and item.lower < m.upper]
        if isinstance(item.link, Breakpoint):
            if not inside:
                found += at_break(held, item)
            elif inside[0].lower > item.lower or inside[0].upper < item.upper:
                raise Refuted("marks: one ends where the training loss has a breakpoint")
            continue
        for a, b in _left(item, inside):
            if item.link is None:
                found.append(Open(a, b, item.reason or ""))
            else:
                found.append(judged_segment(held, item, a, b, finest))
    found.sort(key=lambda each: (each.lower, each.upper))
    return found


def _left(item: Item, marks: Sequence[Mark]) -> Iterator[tuple[fmpq, fmpq]]:
    """What marks leave of an item."""
    at = item.lower
    for mark in marks:
        if at < mark.lower:
            yield at, mark.lower
        at = max(at, mark.upper)
    if at < item.upper:
        yield at, item.upper
