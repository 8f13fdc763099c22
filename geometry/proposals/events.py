"""Events: where the global minimiser changes, and how.

At a kink another minimiser takes over. At a switch one and the same meets a boundary or a wall, or
leaves it; at a crossing it passes a C¹ boundary. At a touch another one takes over whose value has
the same slope. Where the Hessian becomes singular a branch may
split in several, as at a pitchfork.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from geometry.proposals.minimisers import Face, Minimiser

NEAR = 1e-5
"""Minimisers that are further apart, by their size, are different ones."""


class Change(Enum):
    """What happens to the global minimiser at an event."""

    KINK = "kink"
    SWITCH = "switch"
    CROSS = "cross"
    TOUCH = "touch"
    SINGULAR = "singular"
    UNCLEAR = "unclear"


@dataclass(frozen=True, eq=False)
class Event:
    """The minimiser before and behind, both very near ``alpha``."""

    alpha: float
    change: Change
    before: Minimiser
    behind: Minimiser


def between(left: Minimiser, right: Minimiser) -> Event:
    """The event between two minimisers that leave no room for another."""
    alpha = 0.5 * (left.alpha + right.alpha)
    if not is_continued(left, right) or left.chart != right.chart:
        return Event(alpha, Change.KINK, left, right)
    change = relation(left.face, right.face)
    if change is Change.SWITCH:
        left, right = on_one_side(left, right)
    return Event(alpha, change, left, right)


def is_continued(a: Minimiser, b: Minimiser) -> bool:
    """Whether two minimisers next to an event are one that moves continuously."""
    return bool(np.max(np.abs(a.w - b.w) / np.maximum(1.0, np.abs(a.w))) <= NEAR)


def relation(a: Face, b: Face) -> Change:
    """How the strata of one minimiser before and behind an event are related."""
    groups = set(a.groups) ^ set(b.groups)
    walls = set(a.walls) ^ set(b.walls)
    nested = set(a.groups) <= set(b.groups) and set(a.walls) <= set(b.walls)
    nested |= set(b.groups) <= set(a.groups) and set(b.walls) <= set(a.walls)
    if len(groups) + len(walls) == 1 and nested:
        return Change.SWITCH
    if not groups and not walls and not np.array_equal(a.pattern, b.pattern):
        return Change.CROSS
    return Change.UNCLEAR


def on_one_side(left: Minimiser, right: Minimiser) -> tuple[Minimiser, Minimiser]:
    """The constrained stratum written with the pattern of the free one, its groups in order."""
    swap = len(left.face.groups) + len(left.face.walls) > len(right.face.groups) + len(
        right.face.walls
    )
    free, stuck = (right, left) if swap else (left, right)
    extra = [group for group in stuck.face.groups if group not in free.face.groups]
    order = (*free.face.groups, *extra)
    index = [stuck.face.groups.index(group) for group in order]
    face = Face(free.face.pattern, order, stuck.face.walls)
    factors = stuck.multipliers[index]
    stuck = Minimiser(stuck.chart, face, stuck.alpha, stuck.w, factors, stuck.value)
    return (stuck, free) if swap else (free, stuck)
