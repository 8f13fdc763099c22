"""The dual function of a discontinuous, piecewise constant objective, exactly.

A *case* is a cone of parameters on which the loss is a sum of costs of sides of hyperplanes
through 0 that move with α (:mod:`geometry.sign_rows`); ℓ* is the least value of all cases
(:mod:`geometry.disagreement`). A is divided: on an interval the signs of minors that ball
arithmetic proves give a lower and an upper bound of ℓ*. Where they agree the interval is done.
Where they differ it is halved, until few minors are undecided: their roots, which are exact,
then cut the interval into parts on which ℓ* is constant.

Only flats whose lower bound is below the upper bound of ℓ* are looked at again in the
halves, so that the work goes where ℓ* may change. The cases are taken in the order of what they
cost at least; a case that is known not to be empty bounds ℓ* from above by what it costs at most.

At the finitely many α that are left out, ℓ* is the smaller of its limits: the objective is
lower semicontinuous, each cell is open in (α, w), and W is compact, so the closure of a cell
that exists right beside α meets the slice at α, and no other cell does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from flint import fmpq, fmpz_poly

from geometry.algebraic import RealAlgebraic, increasing, roots_of, simplest_between
from geometry.cases import Case, case_cap, value_at
from geometry.disagreement import Arrangement, Indices, Signs
from geometry.polynomials import has_no_root
from geometry.taylor_rows import Models, enclose_rows, signs_of
from piecewise.deadlines import Check, OutOfTime, go_on

FEW = 12
"""So many undecided minors are isolated rather than the interval halved again."""
NARROW = fmpq(1, 2**40)
"""Below this share of A an interval is cut at the roots of all undecided minors."""


@dataclass(frozen=True)
class Step:
    """ℓ* = ``value`` on the open interval between two ends."""

    lower: RealAlgebraic
    upper: RealAlgebraic
    value: int


Remaining = tuple[tuple[int, Indices | None], ...]
"""Cases by number with their flats that may matter; None for all."""


@dataclass(frozen=True)
class OpenPart:
    """An interval with rational ends, the flats that may go below ``cap`` there, and ``cap``."""

    lower: fmpq
    upper: fmpq
    flats: Remaining
    cap: int


@dataclass(frozen=True)
class Sweep:
    """How far a search came: the steps, and the parts that are left, the first one last."""

    found: tuple[Step, ...]
    pending: tuple[OpenPart, ...]


def steps(
    cases: Sequence[Case],
    lower: fmpq,
    upper: fmpq,
    report: Callable[[fmpq], None] = lambda alpha: None,
    check: Check = go_on,
    start: Sweep | None = None,
    keep: Callable[[Sequence[Step], Sequence[OpenPart]], None] = lambda found, pending: None,
) -> tuple[list[Step], fmpq]:
    """ℓ* on [lower, upper], in order; see :func:`merged`. At a common end of two steps with one
    value another cell may take over.

    The second result is the α up to which the search came: ``upper`` unless ``check`` ended it.
    ``start`` is how far an earlier search came, of which ``keep`` was told.
    """
    if start is None:
        whole: Remaining = tuple((i, None) for i in range(len(cases)))
        cap = max(case_cap(case) for case in cases)
        start = Sweep((), (OpenPart(lower, upper, whole, cap),))
    found, pending = list(start.found), list(start.pending)
    while pending:
        keep(found, pending)
        part = pending.pop()
        try:
            outcome = _treated(cases, part, (upper - lower) * NARROW, check)
        except OutOfTime:
            return found, part.lower
        if isinstance(outcome, OpenPart):
            middle = simplest_between(
                RealAlgebraic.rational((3 * part.lower + part.upper) / 4),
                RealAlgebraic.rational((part.lower + 3 * part.upper) / 4),
            )
            pending.append(OpenPart(middle, part.upper, outcome.flats, outcome.cap))
            pending.append(OpenPart(part.lower, middle, outcome.flats, outcome.cap))
        else:
            found += outcome
            report(part.upper)
    return found, upper


def _treated(
    cases: Sequence[Case], part: OpenPart, narrow: fmpq, check: Check
) -> list[Step] | OpenPart:
    """The steps on an interval, or what may still matter on it.

    Raises:
        OutOfTime: ``check`` says so.
    """
    cap, views = part.cap, []
    floors = []
    for number, rest in part.flats:
        check()
        case = cases[number]
        exists = case.exists(part.lower, part.upper)
        if exists is False:
            continue
        if exists:
            cap = min(cap, case.ceiling)
        contents = signs_of(case.contents, part.lower, part.upper)
        costs = case.costs(contents)
        floors.append((case.floor(costs), number, rest, contents, costs))
    floors.sort(key=lambda entry: entry[:2])  # the cases that may be lowest come first
    limit = FEW if part.upper - part.lower > narrow else None
    for place, (floor, number, rest, contents, costs) in enumerate(floors):
        if floor >= cap:
            break
        check()
        case = cases[number]
        arrangement = case.arrangement
        if arrangement.rank == 0:
            cap = min(cap, case.constant)
            continue
        rows = enclose_rows(arrangement.rows, part.lower, part.upper)
        flats = case.all_flats() if rest is None else rest
        bounds = arrangement.bounds(rows, costs, flats, cap=cap - case.constant)
        cap = min(cap, case.constant + bounds.value[1])
        low = case.constant + bounds.low.min(axis=0)
        views.append((number, flats, low, rows, contents))
        view = (number, flats[low < cap], rows, contents)
        if limit is not None and (low < cap).any() and _undecided(cases, [view], limit) is None:
            # too wide an interval: the other cases are looked at in its halves
            left = [(n, own) for below, n, own, _, _ in floors[place + 1 :] if below < cap]
            kept = [(n, own[least < cap]) for n, own, least, _, _ in views if (least < cap).any()]
            return OpenPart(part.lower, part.upper, (*kept, *left), cap)
    kept_views = tuple(
        (number, flats[low < cap], rows, contents)
        for number, flats, low, rows, contents in views
        if (low < cap).any()
    )
    if not kept_views:
        return [_step(part.lower, part.upper, cap)]
    open_part = OpenPart(
        part.lower, part.upper, tuple((n, own) for n, own, _, _ in kept_views), cap
    )
    undecided = _undecided(cases, kept_views, limit)
    return open_part if undecided is None else list(_cut(cases, open_part, undecided, check))


def _undecided(
    cases: Sequence[Case], kept: Sequence[tuple[int, Indices, Models, Signs]], limit: int | None
) -> list[fmpz_poly] | None:
    """The polynomials whose signs are not known and matter; None if more than ``limit``."""
    polynomials: dict[str, fmpz_poly] = {}
    minors: dict[tuple[str, ...], tuple[Arrangement, tuple[int, ...]]] = {}
    for number, flats, rows, contents in kept:
        case = cases[number]
        for index in np.flatnonzero(contents == 0):
            polynomials[str(case.contents[index])] = case.contents[index]
        for arrangement, members in _unknown(case.arrangement, rows, flats):
            minors[arrangement.name_of(members)] = arrangement, members
            if limit is not None and len(minors) > limit:
                return None
    for arrangement, members in minors.values():
        minor = arrangement.minor(members)
        polynomials[str(minor)] = minor
    return list(polynomials.values())


def _unknown(
    arrangement: Arrangement, rows: Models, flats: Indices
) -> Iterator[tuple[Arrangement, tuple[int, ...]]]:
    for members in arrangement.unknown(rows, flats):
        yield arrangement, tuple(sorted(members))
    for index in flats:
        if int(index) in arrangement.inner:
            own, inner = arrangement.inner[int(index)]
            yield from _unknown(inner, rows[own], np.arange(len(inner.bases)))


def _cut(
    cases: Sequence[Case], part: OpenPart, polynomials: Sequence[fmpz_poly], check: Check
) -> Iterator[Step]:
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
        check()
        alpha = simplest_between(left, right)
        values = [value_at(cases[n], alpha, flats) for n, flats in part.flats]
        yield Step(left, right, min(part.cap, *values))


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
