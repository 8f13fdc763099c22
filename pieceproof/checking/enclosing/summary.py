"""What a document with slabs says about ℓ*: derived from the slabs, and compared with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from pieceproof.checking.enclosing.claimedslabs import Slab
from pieceproof.checking.enclosing.covering import Cover, Covering
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.joins import Breakpoint, Link, Segment, links
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.shapes import Shape, shape
from pieceproof.checking.enclosing.slabs import Settled, settle
from pieceproof.checking.enclosing.tubes import Place
from pieceproof.checking.reading import Refuted

GROUPS = ((16_000, 64), (32_000, 64), (1_200_000, 1))
"""Up to so many boxes for one slab so many slabs are covered together, as boxes far from minimisers
cover them all. Those that need more are covered one by one, so that nothing depends on neighbours.
"""

Below = tuple[int, Place, float, tuple[float, ...]]
"""A point of W where f is below the claimed minimum: slab, chart, α, w."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """The runs of consecutive settled slabs, as links, and what is left open."""

    runs: tuple[tuple[Link, ...], ...]
    open: tuple[Open, ...]
    settled: int
    boxes: int
    whole: Shape | None
    unclear: str | None

    @property
    def breakpoints(self) -> list[Breakpoint]:
        """All breakpoints proved, in order."""
        return [link for run in self.runs for link in run if isinstance(link, Breakpoint)]

    @property
    def segments(self) -> list[list[Segment]]:
        """The segments of every piece, in order; an open interval starts a new list."""
        found: list[list[Segment]] = []
        for run in self.runs:
            found.append([])
            for link in run:
                if isinstance(link, Breakpoint):
                    found.append([])
                else:
                    found[-1].append(link)
        return found

    def counts(self) -> dict[str, int | None]:
        """The counts of a document; of an unfinished one those that are proved."""
        points = self.breakpoints
        whole = self.whole
        low, high = whole.oscillations() if whole else (0, -1)
        return {
            "slabs": self.settled,
            "pieces": len(points) + 1,
            "breakpoints": len(points),
            "discontinuities": sum(point.kind == "jump" for point in points),
            "kinks": sum(point.kind == "kink" for point in points),
            "local_minima": len(whole.minima) if whole else None,
            "local_maxima": len(whole.maxima) if whole else None,
            "oscillations": low if low == high else None,
        }


def together(per_slab: int) -> int:
    """How many slabs are covered together with so many boxes for each."""
    return next((size for most, size in GROUPS if per_slab <= most), 1)


def covers(
    spaces: Spaces,
    settled: Sequence[Settled],
    per_slab: int,
    jobs: int = 1,
    stop: Callable[[], bool] = lambda: False,
    tell: Callable[[int], None] = lambda done: None,
) -> tuple[set[int], list[Below], int]:
    """Cover W outside the basins: slabs left open, points below, boxes.

    In ``jobs`` threads, on which the answer does not depend; after ``stop`` slabs are left open.
    """

    def covered(start: int) -> list[tuple[Place, list[int], Cover]]:
        part = range(start, min(start + size, len(settled)))
        found = []
        with np.errstate(all="ignore"):
            for place in dict.fromkeys(place for i in part for place in settled[i].claims):
                numbers = [i for i in part if place in settled[i].claims]
                claims = [settled[i].claims[place] for i in numbers]
                covering = Covering(spaces.at(place), claims, per_slab)
                found.append((place, numbers, covering.run(2 * per_slab * len(claims), stop)))
        return found

    for place in {place for each in settled for place in each.claims}:
        _ = spaces.at(place).jets.net  # made once, before threads ask for it
    left: set[int] = set()
    lower: list[Below] = []
    boxes = 0
    size = together(per_slab)
    starts = range(0, len(settled), size)
    with ThreadPoolExecutor(max(1, min(jobs, len(starts)))) as pool:
        for start, parts in zip(starts, pool.map(covered, starts), strict=True):
            for place, numbers, cover in parts:
                left |= {numbers[index] for index in cover.open}
                for index, alpha, w in cover.lower:
                    point = spaces.at(place).point(Range.exactly(w)).middle
                    lower.append((numbers[index], place, alpha, tuple(point.tolist())))
                boxes += cover.boxes
            tell(min(start + size, len(settled)) - len(left))
    return left, lower, boxes


def covers_in_stages(
    spaces: Spaces, settled: Sequence[Settled], jobs: int, tell: Callable[[int], None]
) -> tuple[list[int], list[Below], int]:
    """:func:`covers` with more and more boxes for what is left; ``tell`` counts what is not."""
    rest, total = list(range(len(settled))), 0
    for per_slab, _ in GROUPS:
        known = len(settled) - len(rest)

        def told(done: int, known: int = known) -> None:
            tell(known + done)

        left, lower, boxes = covers(spaces, [settled[i] for i in rest], per_slab, jobs, tell=told)
        total += boxes
        if lower:
            return rest, [(rest[i], place, alpha, w) for i, place, alpha, w in lower], total
        rest = [rest[index] for index in sorted(left)]
        if not rest:
            break
    return rest, [], total


def check_order(spaces: Spaces, slabs: Sequence[Slab | Open]) -> None:
    """That slabs cover A, one after the other.

    Raises:
        Refuted: they do not.
    """
    at, end = spaces.network.interval
    for slab in slabs:
        if slab.lower != at:
            raise Refuted(f"slabs: a gap or an overlap at α = {at}")
        at = slab.upper
    if at != end:
        raise Refuted(f"slabs: they end at α = {at}, not at the end of A")


def whole_shape(
    runs: Sequence[Sequence[Link]], open_: Sequence[Open]
) -> tuple[Shape | None, str | None]:
    """The shape of ℓ* if no interval is open and it can be decided, and what is unclear of it."""
    if open_:
        return None, None
    try:
        whole = shape(runs[0])
    except Refuted as refuted:
        return None, str(refuted)
    low, high = whole.oscillations()
    if low == high:
        return whole, None
    return whole, f"B(ℓ*) is between {low} and {high}: values too close to compare"


def outcome(
    spaces: Spaces,
    slabs: Sequence[Slab | Open],
    settled: Sequence[Settled | None],
    boxes: int,
) -> Outcome:
    """Join settled slabs.

    Raises:
        Refuted: slabs do not cover A in order, or neighbours cannot be joined.
    """
    check_order(spaces, slabs)
    runs: list[list[Settled]] = [[]]
    open_: list[Open] = []
    for slab, each in zip(slabs, settled, strict=True):
        if isinstance(slab, Open):
            if open_ and open_[-1].upper == slab.lower and open_[-1].reason == slab.reason:
                open_[-1] = open_[-1].joined(slab)
            else:
                open_.append(slab)
            if runs[-1]:
                runs.append([])
        elif each is not None:
            runs[-1].append(each)
    lower, upper = spaces.network.interval
    with np.errstate(all="ignore"):
        joined = [tuple(links(run, upper - lower)) for run in runs if run]
        whole, unclear = whole_shape(joined, open_)
    return Outcome(
        tuple(joined), tuple(open_), sum(len(run) for run in runs), boxes, whole, unclear
    )


def settle_all(
    spaces: Spaces,
    slabs: Sequence[Slab | Open],
    tell: Callable[[int], None] = lambda done: None,
) -> list[Settled | None]:
    """Prove the curves and basins of all slabs.

    Raises:
        Refuted: one of them does not hold.
    """
    found: list[Settled | None] = []
    for index, slab in enumerate(slabs):
        if isinstance(slab, Open):
            found.append(None)
        else:
            try:
                found.append(settle(spaces, slab, spaces.network.interval))
            except Refuted as refuted:
                raise Refuted(f"slabs[{index}]: {refuted}") from None
        tell(index + 1)
    return found
