"""Activation patterns of rows that turn with α: the stated ones are all, with their intervals.

The patterns that occur at α are the sign vectors of the chambers of {a_j(α)·w = 0}. They depend
on the signs of the r×r minors of the rows in r independent columns alone (r the rank over Q(α),
which is the rank at α wherever one of these minors is not 0): a vector of signs is that of a
chamber if and only if no minimal dependency of the rows contradicts it (Gordan), and the signs
of minimal dependencies are those of minors, by Cramer's rule. Minors are continuous, so between
neighbouring roots of odd order of those that are not identically 0 the patterns are the same
at all but finitely many α, and one rational α that is no root shows which. Where the planes meet
in one ray more and nothing else happens, the change is known (:mod:`pieceproof.checking.flips`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import lcm
from typing import TypeVar

from flint import fmpq, fmpz_poly

from pieceproof.checking.chambers import chambers
from pieceproof.checking.feasibility import is_open
from pieceproof.checking.flips import Active, Planes, agrees
from pieceproof.checking.intervals import Interval, same
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import Real, exactly

Row = tuple[fmpz_poly, ...]


@dataclass(frozen=True)
class Spell:
    """A pattern on a maximal interval on which it occurs."""

    active: Active
    interval: Interval


def find_spells(
    rows: Mapping[int, Row], whole: Interval, given: Mapping[int, bool] | None = None
) -> list[Spell]:
    """All patterns of rows by node (none of them identically zero) with their intervals.

    ``given`` says of some nodes whether they are positive: only such patterns are found. A row of
    numbers that is positive wherever others of them are positive adds nothing, for any α.

    Raises:
        CertificateError: more minors than are looked at.
    """
    given = {} if given is None else given
    implied = _implied(rows, given)
    above = frozenset(j for j in implied if given[j])
    rows = {j: row for j, row in rows.items() if j not in implied}
    given = {j: side for j, side in given.items() if j in rows}
    planes = Planes(rows)
    found: list[Spell] = []
    current: dict[Active, Real] = {}
    events = planes.events(whole)
    ends = [whole.start, *(event.alpha for event in events), whole.end]
    general: fmpq | None = None
    for event, (start, end) in zip([None, *events], pairwise(ends), strict=True):
        change = event and general is not None and planes.change(event, general)
        general = planes.general(start, end)
        if change:
            over = [active for active in change.dying if active in current]
            born = [active for active in change.born if agrees(active, given)]
        else:
            alive = _patterns(rows, general, given)
            over = [active for active in current if active not in alive]
            born = [active for active in alive if active not in current]
        found += [Spell(active, Interval(current.pop(active), start)) for active in over]
        current |= dict.fromkeys(born, start)
    found += [Spell(active, Interval(since, whole.end)) for active, since in current.items()]
    return [Spell(spell.active | above, spell.interval) for spell in found] if above else found


def _implied(rows: Mapping[int, Row], given: Mapping[int, bool]) -> set[int]:
    """Nodes of given sign with a row of numbers that others of that kind imply.

    If no point has the others on their sides and row j on the wrong one, then row j is ≥ 0 and so
    > 0 on the open cone of the others.
    """
    fixed = {
        j: [int(p[0]) if side else -int(p[0]) for p in rows[j]]
        for j, side in given.items()
        if j in rows and all(p.degree() <= 0 for p in rows[j])
    }
    kept = dict(fixed)
    for j, row in fixed.items():
        rest = [other for i, other in kept.items() if i != j]
        if rest and not is_open([*([*other, 0] for other in rest), [*(-a for a in row), 0]]):
            del kept[j]
    return set(fixed) - set(kept)


def _patterns(rows: Mapping[int, Row], alpha: fmpq, given: Mapping[int, bool]) -> set[Active]:
    table = []
    for row in rows.values():
        values = [fmpq(p(alpha)) for p in row]
        scale = lcm(*(int(value.q) for value in values))
        table.append(tuple(int((value * scale).p) for value in values))
    width = len(table[0]) if table else 0
    nodes = list(rows)
    wanted = [0 if j not in given else 1 if given[j] else -1 for j in nodes]
    return {
        frozenset(j for j, sign in zip(nodes, signs, strict=True) if sign > 0)
        for signs in chambers(table, width, wanted)
    }


def read_spells(node: Node) -> list[Spell]:
    """Patterns with intervals as they are stated.

    Raises:
        CertificateError: malformed.
    """
    listed = []
    for entry in node:
        members = entry.fields("active", "interval")
        numbers = [each.integer(0, 10**6) for each in members["active"]]
        if sorted(set(numbers)) != numbers:
            raise members["active"].wrong("increasing numbers")
        listed.append(Spell(frozenset(numbers), Interval(*read_interval(members["interval"]))))
    return listed


def check_spells(
    node: Node, stated: Sequence[Spell], rows: Mapping[int, Row], ends: tuple[fmpq, fmpq]
) -> None:
    """That the stated patterns are all, on their maximal intervals.

    Raises:
        CertificateError: more minors than are looked at.
        Refuted: a pattern is missing, repeated or does not occur, or has another interval.
    """
    check_maximal(
        node,
        [(spell.active, spell.interval) for spell in stated],
        [
            (spell.active, spell.interval)
            for spell in find_spells(rows, Interval(exactly(ends[0]), exactly(ends[1])))
        ],
    )


K = TypeVar("K", bound=Hashable)


def check_maximal(
    node: Node, stated: Sequence[tuple[K, Interval]], found: Sequence[tuple[K, Interval]]
) -> None:
    """That stated patterns with their intervals are those that were found, in any order.

    Raises:
        Refuted: a pattern is missing, repeated or does not occur, or has another interval.
    """
    expected: dict[K, list[Interval]] = {}
    for key, interval in found:
        expected.setdefault(key, []).append(interval)
    for number, (key, interval) in enumerate(stated):
        own = expected.get(key, [])
        match = next((each for each in own if same(each, interval)), None)
        if match is None:
            path = f"{node.path}[{number}]"
            raise Refuted(f"{path}: not a pattern on a maximal interval on which it occurs")
        own.remove(match)
    if len(stated) != len(found):
        raise Refuted(f"{node.path}: {len(stated)} listed, {len(found)} occur")
