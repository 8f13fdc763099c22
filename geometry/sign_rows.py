"""Rows that are polynomial in α, sorted into classes of proportional rows.

A row r(α) ∈ Z[α]^n costs ``positive`` where r(α)·u > 0 and ``negative`` where r(α)·u < 0. It is
written r = g·q with a content g ∈ Z[α] and a primitive q; rows with the same q (up to sign) form
a class, which has one boundary q·u = 0. The content matters where it changes sign: there
the row changes sides everywhere at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from flint import fmpz_poly

from geometry.polynomials import primitive

FORBIDDEN = 1_000_000
"""The cost of a side that a constraint excludes: more than any number of examples."""

Row = tuple[fmpz_poly, ...]


@dataclass(frozen=True)
class SignRow:
    """A row with its costs on both sides."""

    row: Row
    positive: int
    negative: int


@dataclass(frozen=True)
class Member:
    """A row of a class: r = content·q."""

    content: fmpz_poly
    positive: int
    negative: int


@dataclass(frozen=True)
class SignClass:
    """The rows that are multiples of the primitive row q."""

    row: Row
    members: tuple[Member, ...]


def classes_of(rows: Iterable[SignRow]) -> list[SignClass]:
    """The classes of the rows that are not zero, in the order of their first members."""
    found: dict[str, tuple[Row, list[Member]]] = {}
    for entry in rows:
        content = reduce(fmpz_poly.gcd, entry.row, fmpz_poly())
        if not content:
            continue
        lead = next(p for p in entry.row if p) // content
        if lead.leading_coefficient() < 0:
            content = -content
        q = tuple(p // content for p in entry.row)
        # positive factors of the content are of no account
        content = primitive(content) * (1 if content.leading_coefficient() > 0 else -1)
        member = Member(content, entry.positive, entry.negative)
        found.setdefault(str(q), (q, []))[1].append(member)
    return [SignClass(q, tuple(members)) for q, members in found.values()]


def determinant(rows: Sequence[Row]) -> fmpz_poly:
    """The determinant of square rows, by expansion along the last row."""
    size = len(rows)
    if size == 0:
        return fmpz_poly([1])
    minors: dict[int, fmpz_poly] = {0: fmpz_poly([1])}
    for row in rows:
        grown: dict[int, fmpz_poly] = {}
        for columns, minor in minors.items():
            for column, entry in enumerate(row):
                if columns >> column & 1 or not entry or not minor:
                    continue
                after = bin(columns >> (column + 1)).count("1")
                term = minor * entry
                key = columns | 1 << column
                grown[key] = grown.get(key, fmpz_poly()) + (-term if after % 2 else term)
        minors = grown
    return minors.get((1 << size) - 1, fmpz_poly())
