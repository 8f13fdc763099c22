"""Cases of a piecewise constant objective: cones of parameters, their costs, exact values.

A *case* is a cone of parameters on which the loss is a sum of costs of sides of hyperplanes
through 0 that move with α (:mod:`geometry.sign_rows`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpq_mat

from geometry.disagreement import Arrangement, Costs, Indices, Signs
from geometry.intervals import Interval
from geometry.polynomials import sign
from geometry.sign_rows import FORBIDDEN, SignClass, SignRow, classes_of
from geometry.taylor_rows import enclose_rows


class Case:
    """A cone of parameters with the rows whose sides cost; ``constant`` is paid everywhere.

    ``alive``, if given, are intervals of α outside which the cone is empty; if ``sure`` it is not
    empty inside them.
    """

    def __init__(
        self,
        key: Hashable,
        rows: Iterable[SignRow],
        constant: int = 0,
        alive: Sequence[Interval] | None = None,
        sure: bool = True,
    ) -> None:
        self.key = key
        self.constant = constant
        self.alive = alive
        self.sure = sure
        self.classes: list[SignClass] = classes_of(rows)
        self.contents = list(
            {str(m.content): m.content for c in self.classes for m in c.members}.values()
        )

    @cached_property
    def arrangement(self) -> Arrangement:
        """The boundaries; many cases are settled without them."""
        return Arrangement([each.row for each in self.classes])

    @cached_property
    def _content_index(self) -> list[list[int]]:
        names = {str(content): i for i, content in enumerate(self.contents)}
        return [[names[str(m.content)] for m in c.members] for c in self.classes]

    def costs(self, signs: Signs) -> Costs:
        """Bounds of the costs of all classes for known signs (0: unknown) of the contents."""
        low = np.zeros((2, len(self.classes)), dtype=np.int64)
        high = low.copy()
        for x, (each, indices) in enumerate(zip(self.classes, self._content_index, strict=True)):
            for member, index in zip(each.members, indices, strict=True):
                pair = (member.positive, member.negative)
                if signs[index] < 0:
                    pair = pair[::-1]
                ends = (min(pair), max(pair))
                for side in (0, 1):
                    low[side, x] += pair[side] if signs[index] else ends[0]
                    high[side, x] += pair[side] if signs[index] else ends[1]
        return Costs(low, high)

    def floor(self, costs: Costs) -> int:
        """A bound of the value from below: the cheaper side of every class."""
        return self.constant + int(costs.low.min(axis=0).sum())

    def floor_at(self, alpha: fmpq) -> int:
        """A bound of the value at a rational α from below, found without the boundaries."""
        if not self.exists_at(alpha):
            return FORBIDDEN
        return self.floor(self.costs(self.contents_at(alpha)))

    def contents_at(self, alpha: fmpq) -> Signs:
        """The signs of the contents at a rational α."""
        return np.array([sign(p(alpha)) for p in self.contents], dtype=np.int8)

    @cached_property
    def ceiling(self) -> int:
        """A bound of the value from above that holds wherever the cone is not empty."""
        members = [m for each in self.classes for m in each.members]
        return self.constant + sum(
            max(cost for cost in (m.positive, m.negative) if cost < FORBIDDEN) for m in members
        )

    def exists(self, lower: fmpq, upper: fmpq) -> bool | None:
        """Whether the cone is not empty: throughout an open interval, nowhere, or not known."""
        if self.alive is None:
            return None
        for interval in self.alive:
            start, end = interval.lower, interval.upper
            if start.compare_rational(lower) <= 0 <= end.compare_rational(upper):
                return True if self.sure else None
            if start.compare_rational(upper) < 0 < end.compare_rational(lower):
                return None
        return False

    def changes_at(self, alpha: fmpq) -> bool:
        """Whether a rational α is known to be an end of the existence of the cone."""
        ends = [end for each in self.alive or () for end in (each.lower, each.upper)]
        return any(end.compare_rational(alpha) == 0 for end in ends)

    def exists_at(self, alpha: fmpq) -> bool:
        """False only if the cone is empty at a rational α."""
        return self.alive is None or any(each.has_inside(alpha) for each in self.alive)

    def all_flats(self) -> Indices:
        """The numbers of all flats."""
        return np.arange(len(self.arrangement.bases))


def case_cap(case: Case) -> int:
    """A bound of the value of a case from above that holds for every α."""
    members = [m for each in case.classes for m in each.members]
    return case.constant + sum(max(m.positive, m.negative) for m in members)


def value_at(case: Case, alpha: fmpq, flats: Indices | None = None) -> int:
    """The value of a case at a rational α at which no minor vanishes that is not identically 0.

    Ball arithmetic decides nearly all signs, exact determinants the rest.
    """
    if not case.exists_at(alpha):
        return FORBIDDEN
    arrangement = case.arrangement
    if arrangement.rank == 0:
        return case.constant
    chosen = case.all_flats() if flats is None else flats
    low, _ = exact_bounds(arrangement, case.costs(case.contents_at(alpha)), alpha, chosen)
    return case.constant + int(low.min())


def is_general(case: Case, alpha: fmpq) -> bool:
    """Whether no content and no minor vanishes at a rational α that is not identically 0."""
    return all(p(alpha) != 0 for p in case.contents) and _is_general(case.arrangement, alpha)


def _is_general(arrangement: Arrangement, alpha: fmpq) -> bool:
    flats = np.arange(len(arrangement.bases))
    if not len(flats):
        return True
    signs = arrangement.signs(enclose_rows(arrangement.rows, alpha, alpha), flats)
    for position, row in np.argwhere((signs == 0) & arrangement.outside):
        if _sign_at(arrangement, [*arrangement.bases[position], row], alpha) == 0:
            return False
    return all(_is_general(inner, alpha) for _, inner in arrangement.inner.values())


def exact_bounds(
    arrangement: Arrangement, costs: Costs, alpha: fmpq, flats: Indices
) -> tuple[npt.NDArray[np.int64], Signs]:
    """The cost of every flat with both rays at α, and the signs of its minors."""
    rows = enclose_rows(arrangement.rows, alpha, alpha)
    signs = arrangement.signs(rows, flats)
    for position, row in np.argwhere((signs == 0) & arrangement.outside[flats]):
        members = [*arrangement.bases[flats[position]], row]
        signs[position, row] = _sign_at(arrangement, members, alpha)
    costs_exact = arrangement.bounds(rows, costs, flats, signs, cap=0)
    low = costs_exact.low
    deep = [position for position, index in enumerate(flats) if int(index) in arrangement.inner]
    simple = [position for position in range(len(flats)) if position not in set(deep)]
    best = int(low[:, simple].min()) if simple else None
    for position in sorted(deep, key=lambda each: int(low[:, each].min())):
        if best is not None and int(low[:, position].min()) > best:
            break  # the others are no cheaper
        inside, within = arrangement.inner[int(flats[position])]
        own = Costs(costs.low[:, inside], costs.high[:, inside])
        exact, _ = exact_bounds(within, own, alpha, np.arange(len(within.bases)))
        low[:, position] += int(exact.min()) - int(own.least()[0].sum())
        lowest = int(low[:, position].min())
        best = lowest if best is None else min(best, lowest)
    return low, signs


def _sign_at(arrangement: Arrangement, members: Sequence[int], alpha: fmpq) -> int:
    table = [[p(alpha) for p in arrangement.reduced[x]] for x in members]
    return sign(fmpq_mat(table).det())
