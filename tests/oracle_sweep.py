"""Pieces, breakpoints and extrema of ℓ* from exact samples at rational α: no curve is followed.

The minimiser of every sample has a face (signs of pre-activations and walls). Between neighbouring
samples with another face, or with minimisers far apart, α is halved until the change is in a
short interval: a *kink* if the minimiser jumps there, *smooth* if only its face changes. Where
ℓ* = 0 all minimisers are alike. Values at all samples, which crowd at breakpoints and at the
ends, rise and fall; their turns are extrema.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from flint import arb
from oracle_strata import Minimiser, Sample

NEAR, JUMP = 0.05, 1e-3
"""Minimisers this close on one face are one branch; a jump is at least so long."""
NOTHING = Fraction(1, 10**40)
"""Exact values below this are 0: residuals of exact interpolation are known to 70 digits."""
WIDTH = Fraction(1, 2**34)
"""Changes are enclosed in intervals of this part of A."""


class Ambiguous(AssertionError):
    """Two different minimisers at one α: the instance says nothing of breakpoints by its faces."""


@dataclass(frozen=True)
class Sweep:
    """Breakpoints with their kinds and intervals, and all samples in order."""

    breaks: tuple[tuple[str, Fraction, Fraction], ...]
    samples: tuple[Sample, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Counts as a document has them; ends of A count as extrema."""
        kinds = [kind for kind, _, _ in self.breaks]
        nodes, arcs = self.turns
        rising = [*arcs, None]
        falling = [None, *arcs]
        minima = sum(before in (-1, None) and after in (1, None)
                     for before, after in zip(falling, rising, strict=True))  # fmt: skip
        maxima = sum(before in (1, None) and after in (-1, None)
                     for before, after in zip(falling, rising, strict=True))  # fmt: skip
        spans = [sorted(pair) for pair in pairwise(nodes)]
        return {
            "pieces": 1 + len(kinds),
            "breakpoints": len(kinds),
            "kinks": kinds.count("kink"),
            "local_minima": minima,
            "local_maxima": maxima,
            "oscillations": max((sum(a < t <= b for a, b in spans) for _, t in spans), default=0),
        }

    @property
    def turns(self) -> tuple[list[Fraction], list[int]]:
        """Values where ℓ* turns or ends, and +1 or −1 for every rise or fall between them."""
        nodes = [self.samples[0]]
        arcs: list[int] = []
        for left, right in pairwise(self.samples):
            rise = _rise(left.value, right.value)
            if rise == 0:
                continue
            if arcs and arcs[-1] == rise:
                nodes[-1] = right
            else:
                nodes.append(right)
                arcs.append(rise)
        return [node.lower for node in nodes], arcs


def _rise(left: arb, right: arb) -> int:
    if left.overlaps(right):
        return 0
    return 1 if right > left else -1


def sweep(
    sample: Callable[[Fraction], Sample], ends: tuple[Fraction, Fraction], grid: int, crowd: int
) -> Sweep:
    """ℓ* on [ends] from ``grid`` equal parts, halved where the minimiser changes.

    Next to each end are ``crowd`` samples more, at halving distances.
    """
    lower, upper = ends
    width = upper - lower
    places = {lower + width * Fraction(k, grid) for k in range(grid + 1)}
    for k in range(1, crowd + 1):
        places |= {lower + width / grid / 2**k, upper - width / grid / 2**k}
    known = [sample(alpha) for alpha in sorted(places)]
    breaks: list[tuple[str, Fraction, Fraction]] = []
    inner: list[Sample] = []

    def refine(left: Sample, right: Sample) -> None:
        kind = _change(left, right)
        if kind is None:
            return
        if right.alpha - left.alpha < WIDTH * width:
            if breaks and breaks[-1][2] == left.alpha:
                # One change, at a sample so near to it that it has a face of its own.
                breaks[-1] = (
                    "kink" if "kink" in (kind, breaks[-1][0]) else kind,
                    breaks[-1][1],
                    right.alpha,
                )
            else:
                breaks.append((kind, left.alpha, right.alpha))
            return
        middle = sample((left.alpha + right.alpha) / 2)
        inner.append(middle)
        refine(left, middle)
        refine(middle, right)

    for left, right in pairwise(known):
        refine(left, right)
    samples = sorted([*known, *inner], key=lambda s: s.alpha)
    return Sweep(tuple(breaks), tuple(samples))


def _change(left: Sample, right: Sample) -> str | None:
    """The kind of breakpoint between two samples, if they are near; None if there is none."""
    vanishing = [each.upper < NOTHING for each in (left, right)]
    if all(vanishing):
        return None
    if any(vanishing):  # from 0 on ℓ* grows with a slope or like a square
        slope = max(left.upper, right.upper) / (right.alpha - left.alpha)
        return "kink" if slope > JUMP else "smooth"
    before, after = _only(left), _only(right)
    moved = max(abs(a - b) for a, b in zip(before.w, after.w, strict=True))
    if moved > NEAR or (moved > JUMP and before.face != after.face):
        return "kink"
    return None if before.face == after.face else "smooth"


def _only(sample: Sample) -> Minimiser:
    if len(sample.minimisers) != 1:
        raise Ambiguous(f"{len(sample.minimisers)} minimisers at {sample.alpha}")
    return sample.minimisers[0]
