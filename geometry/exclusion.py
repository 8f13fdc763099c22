"""Interval exclusion: that a box holds no roots beyond the known ones.

Branch and prune. A sub-box is settled when an equation keeps its sign on it, when
Krawczyk's operator (or the mean value form) moves it off itself, or when it lies in the
region of a known root, which holds that one only. What is left is bisected. The proof
upgrades a probabilistic completeness to ``PROVED`` on that box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_mat, ctx

from geometry.balls import BallSystem
from geometry.boxes import Interval, ball, interval
from geometry.engines.system import PolynomialSystem
from geometry.krawczyk import CertifiedRoot, contracts, disjoint, krawczyk
from geometry.verdicts import Verdict

BITS = 96
BUDGET = 20_000
"""Sub-boxes looked at before the rest is left open."""


@dataclass(frozen=True)
class Exclusion:
    """``verdict`` PROVED: ``known`` are all the roots in the box. ``further`` lists regions
    proved to hold a root that was not known, ``open`` the sub-boxes left undecided."""

    verdict: Verdict
    further: tuple[tuple[Interval, ...], ...]
    open: tuple[tuple[Interval, ...], ...]
    examined: int


def exclude(
    system: PolynomialSystem,
    box: Sequence[tuple[Fraction, Fraction]],
    known: Sequence[CertifiedRoot],
    budget: int = BUDGET,
) -> Exclusion:
    """Whether ``known`` are all the real roots of ``system`` (no parameter) in ``box``."""
    balls = BallSystem(system)
    with ctx.workprec(BITS):
        roots = [[ball(*side) for side in root.enclosure] for root in known]
        stack = [[ball(*side) for side in box]]
        further: list[list[arb]] = []
        examined = 0
        while stack and examined < budget:
            region = stack.pop()
            examined += 1
            if _is_settled(region, known, further) or _vanishes_nowhere(balls, region):
                continue
            image = krawczyk(balls, region) if system.is_square else None
            if image is not None and disjoint(image, region):
                continue
            if contracts(image, region):
                # One root here: a known one, a further one, or one that sits astride.
                if any(_contains(region, root) for root in roots):
                    continue
                if all(disjoint(region, root) for root in [*roots, *further]):
                    further.append(region)
                    continue
            elif image is not None:
                region = [_narrowed(a, b) for a, b in zip(image, region, strict=True)]
            stack += _halves(region)
        left = tuple(_sides(region) for region in stack)
        found = tuple(_sides(region) for region in further)
    verdict = Verdict.UNRESOLVED if left or found else Verdict.PROVED
    return Exclusion(verdict, found, left, examined)


def _is_settled(
    region: Sequence[arb], known: Sequence[CertifiedRoot], further: Sequence[Sequence[arb]]
) -> bool:
    """Whether the region lies where one root, already listed, is the only one."""
    if any(_contains(other, region) for other in further):
        return True
    sides = _sides(region)
    return any(
        all(o[0] <= i[0] and i[1] <= o[1] for o, i in zip(root.box, sides, strict=True))
        for root in known
    )


def _vanishes_nowhere(balls: BallSystem, region: Sequence[arb]) -> bool:
    """Some equation has no zero on the region, by its range or by the mean value form."""
    if not all(value.contains(0) for value in balls.values(region)):
        return True
    centre = [side.mid() for side in region]
    offset = arb_mat(len(region), 1, [a - b for a, b in zip(region, centre, strict=True)])
    drift = balls.jacobian(region) * offset
    values = balls.values(centre)
    return not all((value + drift[i, 0]).contains(0) for i, value in enumerate(values))


def _sides(region: Sequence[arb]) -> tuple[Interval, ...]:
    return tuple(interval(side) for side in region)


def _halves(region: list[arb]) -> list[list[arb]]:
    """Two boxes that cover the region, cut across its widest side."""
    widest = max(range(len(region)), key=lambda i: float(region[i].rad()))
    lower, upper = region[widest].lower(), region[widest].upper()
    middle = region[widest].mid()
    first, second = list(region), list(region)
    first[widest], second[widest] = lower.union(middle), middle.union(upper)
    return [first, second]


def _narrowed(image: arb, side: arb) -> arb:
    """Their common part; a side already below the working precision is left alone, since
    quadratic convergence would drive its exponent out of all bounds."""
    return image.intersection(side) if side.rad() > arb(2) ** -BITS else side


def _contains(outer: Sequence[arb], inner: Sequence[arb]) -> bool:
    return all(o.contains(i) for o, i in zip(outer, inner, strict=True))
