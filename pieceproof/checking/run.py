"""One run of the checker over a document: what it reads, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pieceproof.checking.heights import Height
from pieceproof.checking.pieces import Piece
from pieceproof.checking.reading import Node, Refuted

MAX_REASONS = 20
"""Reasons reported; a document that is wrong everywhere needs no longer list."""

Progress = Callable[[str, int, int | None], None]
"""``progress(stage, done, total)``."""


@dataclass
class Run:
    """The members of a document, and the reasons why it is refused, found so far.

    ``checked`` counts what has been looked at.
    """

    members: Mapping[str, Node]
    progress: Progress | None = None
    jobs: int = 1
    reasons: list[str] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Turn a refuted claim into a reason."""
        try:
            yield
        except Refuted as refuted:
            self.reasons.append(str(refuted))

    def tell(self, done: int, total: int | None) -> None:
        """Tell the caller how far the proofs are."""
        if self.progress is not None:
            self.progress("verify", done, total)

    @property
    def full(self) -> bool:
        """Whether so many reasons have been found that no more are wanted."""
        return len(self.reasons) >= MAX_REASONS


@dataclass
class Findings:
    """What the checker of a method with slabs of α finds.

    Attributes:
        reasons: why the document is refused.
        checked: counts of what has been looked at.
        uncovered: numbers of the slabs that the boxes allowed do not cover, if this alone is
            the reason: with these left open the rest may hold.
    """

    reasons: list[str] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    uncovered: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Dual:
    """ℓ* as the checker of a method has established it (if no reason against it was found).

    Attributes:
        pieces: its pieces; they cover A. Neighbours differ, or ℓ* is lower where they meet.
        points: its values at the lower end of A, between pieces, and at the upper end.
        counts: the counts that only documents of this method have.
    """

    pieces: Sequence[Piece]
    points: Sequence[Height]
    counts: Mapping[str, int]
