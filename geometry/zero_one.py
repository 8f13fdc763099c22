"""The dual function of a discontinuous, piecewise constant objective, exactly.

A *case* is a cone of parameters on which the loss is a sum of costs of sides of hyperplanes
through 0 that move with α (:mod:`geometry.sign_rows`); ℓ* is the least value of all cases
(:mod:`geometry.disagreement`). A is divided: on an interval the signs of minors that ball
arithmetic proves give a lower and an upper bound of ℓ*. Where they agree the interval is done.
Where they differ it is halved, until few minors are undecided: their roots, which are exact,
then cut the interval into parts on which ℓ* is constant.

Only flats whose lower bound is below the upper bound of ℓ* are looked at again in the
halves, so that the work goes where ℓ* may change.

At the finitely many α that are left out, ℓ* is the smaller of its limits: the objective is
lower semicontinuous, each cell is open in (α, w), and W is compact, so the closure of a cell
that exists right beside α meets the slice at α, and no other cell does.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpq_mat, fmpz_poly

from geometry.algebraic import RealAlgebraic, increasing, roots_of, simplest_between
from geometry.disagreement import Arrangement, Costs, Indices, Signs
from geometry.polynomials import has_no_root, sign
from geometry.sign_rows import SignClass, SignRow, classes_of
from geometry.taylor_rows import Models, enclose_rows, signs_of

FEW = 12
"""So many undecided minors are isolated rather than the interval halved again."""
NARROW = fmpq(1, 2**40)
"""Below this share of A an interval is cut at the roots of all undecided minors."""


class Case:
    """A cone of parameters with the rows whose sides cost; ``constant`` is paid everywhere."""

    def __init__(self, key: Hashable, rows: Iterable[SignRow], constant: int = 0) -> None:
        self.key = key
        self.constant = constant
        self.classes: list[SignClass] = classes_of(rows)
        self.arrangement = Arrangement([each.row for each in self.classes])
        self.contents = list(
            {str(m.content): m.content for c in self.classes for m in c.members}.values()
        )

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

    def all_flats(self) -> Indices:
        """The numbers of all flats."""
        return np.arange(len(self.arrangement.bases))


@dataclass(frozen=True)
class Step:
    """ℓ* = ``value`` on the open interval between two ends."""

    lower: RealAlgebraic
    upper: RealAlgebraic
    value: int


@dataclass(frozen=True)
class _Part:
    """An interval with rational ends, the flats that may go below ``cap`` there, and ``cap``."""

    lower: fmpq
    upper: fmpq
    flats: tuple[tuple[int, Indices], ...]
    cap: int


def steps(
    cases: Sequence[Case],
    lower: fmpq,
    upper: fmpq,
    report: Callable[[fmpq], None] = lambda alpha: None,
    out_of_time: Callable[[], bool] = lambda: False,
) -> tuple[list[Step], fmpq]:
    """ℓ* on [lower, upper], in order; see :func:`merged`. At a common end of two steps with one
    value another cell may take over.

    The second result is the α up to which the search came: ``upper`` unless time ran out.
    """
    found: list[Step] = []
    whole = tuple((i, case.all_flats()) for i, case in enumerate(cases))
    pending = [_Part(lower, upper, whole, max(case_cap(case) for case in cases))]
    while pending:
        part = pending.pop()
        if out_of_time():
            return found, part.lower
        outcome = _treated(cases, part, (upper - lower) * NARROW)
        if isinstance(outcome, _Part):
            middle = simplest_between(
                RealAlgebraic.rational((3 * part.lower + part.upper) / 4),
                RealAlgebraic.rational((part.lower + 3 * part.upper) / 4),
            )
            pending.append(_Part(middle, part.upper, outcome.flats, outcome.cap))
            pending.append(_Part(part.lower, middle, outcome.flats, outcome.cap))
        else:
            found += outcome
            report(part.upper)
    return found, upper


def case_cap(case: Case) -> int:
    """A bound of the value of a case from above that holds for every α."""
    members = [m for each in case.classes for m in each.members]
    return case.constant + sum(max(m.positive, m.negative) for m in members)


def _treated(cases: Sequence[Case], part: _Part, narrow: fmpq) -> list[Step] | _Part:
    """The steps on an interval, or what may still matter on it."""
    cap, views = part.cap, []
    for number, flats in part.flats:
        case = cases[number]
        arrangement = case.arrangement
        contents = signs_of(case.contents, part.lower, part.upper)
        costs = case.costs(contents)
        if arrangement.rank == 0:
            cap = min(cap, case.constant)
            continue
        rows = enclose_rows(arrangement.rows, part.lower, part.upper)
        bounds = arrangement.bounds(rows, costs, flats)
        cap = min(cap, case.constant + bounds.value[1])
        views.append((number, flats, case.constant + bounds.low.min(axis=0), rows, contents))
    kept = tuple(
        (number, flats[low < cap], rows, contents)
        for number, flats, low, rows, contents in views
        if (low < cap).any()
    )
    if not kept:
        return [_step(part.lower, part.upper, cap)]
    rest = _Part(part.lower, part.upper, tuple((n, flats) for n, flats, _, _ in kept), cap)
    limit = FEW if part.upper - part.lower > narrow else None
    undecided = _undecided(cases, kept, limit)
    return rest if undecided is None else list(_cut(cases, rest, undecided))


def _undecided(
    cases: Sequence[Case], kept: Sequence[tuple[int, Indices, Models, Signs]], limit: int | None
) -> list[fmpz_poly] | None:
    """The polynomials whose signs are not known and matter; None if more than ``limit``."""
    polynomials: dict[str, fmpz_poly] = {}
    minors: dict[tuple[int, ...], tuple[Arrangement, tuple[int, ...]]] = {}
    for number, flats, rows, contents in kept:
        case = cases[number]
        for index in np.flatnonzero(contents == 0):
            polynomials[str(case.contents[index])] = case.contents[index]
        for arrangement, members, label in _unknown(case.arrangement, rows, flats, (number,)):
            minors[label] = arrangement, members
            if limit is not None and len(minors) > limit:
                return None
    for arrangement, members in minors.values():
        minor = arrangement.minor(members)
        polynomials[str(minor)] = minor
    return list(polynomials.values())


def _unknown(
    arrangement: Arrangement, rows: Models, flats: Indices, label: tuple[int, ...]
) -> Iterator[tuple[Arrangement, tuple[int, ...], tuple[int, ...]]]:
    for members in arrangement.unknown(rows, flats):
        ordered = tuple(sorted(members))
        yield arrangement, ordered, (*label, *ordered)
    for index in flats:
        if int(index) in arrangement.inner:
            own, inner = arrangement.inner[int(index)]
            yield from _unknown(
                inner, rows[own], np.arange(len(inner.bases)), (*label, -1 - int(index))
            )


def _cut(cases: Sequence[Case], part: _Part, polynomials: Sequence[fmpz_poly]) -> Iterator[Step]:
    """The steps between the roots of the polynomials in an interval."""
    roots = increasing(
        root
        for p in polynomials
        if not has_no_root(p, part.lower, part.upper)
        for root in roots_of(p, part.lower, part.upper)
        if root.compare_rational(part.lower) > 0 > root.compare_rational(part.upper)
    )
    ends = [RealAlgebraic.rational(part.lower), *roots, RealAlgebraic.rational(part.upper)]
    for left, right in pairwise(ends):
        alpha = simplest_between(left, right)
        values = [value_at(cases[n], alpha, flats) for n, flats in part.flats]
        yield Step(left, right, min(part.cap, *values))


def value_at(case: Case, alpha: fmpq, flats: Indices | None = None) -> int:
    """The value of a case at a rational α at which no minor vanishes that is not identically 0.

    Ball arithmetic decides nearly all signs, exact determinants the rest.
    """
    arrangement = case.arrangement
    contents = np.array([sign(p(alpha)) for p in case.contents], dtype=np.int8)
    if arrangement.rank == 0:
        return case.constant
    chosen = case.all_flats() if flats is None else flats
    low, _ = exact_bounds(arrangement, case.costs(contents), alpha, chosen)
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
    costs_exact = arrangement.bounds(rows, costs, flats, signs)
    low = costs_exact.low
    for position, index in enumerate(flats):
        if int(index) in arrangement.inner:
            members_, inner = arrangement.inner[int(index)]
            own = Costs(costs.low[:, members_], costs.high[:, members_])
            exact, _ = exact_bounds(inner, own, alpha, np.arange(len(inner.bases)))
            ball, _ = arrangement.inner_value(int(index), rows, costs)
            low[:, position] += int(exact.min()) - ball
    return low, signs


def _sign_at(arrangement: Arrangement, members: Sequence[int], alpha: fmpq) -> int:
    table = [[p(alpha) for p in arrangement.reduced[x]] for x in members]
    return sign(fmpq_mat(table).det())


def _step(lower: fmpq, upper: fmpq, value: int) -> Step:
    return Step(RealAlgebraic.rational(lower), RealAlgebraic.rational(upper), value)


def merged(found: Sequence[Step]) -> list[Step]:
    """Maximal intervals of constant value."""
    joined: list[Step] = []
    for step in found:
        if joined and joined[-1].value == step.value:
            joined[-1] = Step(joined[-1].lower, step.upper, step.value)
        else:
            joined.append(step)
    return joined
