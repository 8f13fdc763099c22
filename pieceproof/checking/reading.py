"""Typed access to an untrusted JSON document.

A :class:`Node` is a JSON value with its path, so that every complaint names the place
("pieces[3].value.denominator: …"). Two outcomes are kept apart: a document that cannot
be read as ``pieceproof/1`` raises :class:`CertificateError`; a well-formed document that
claims something false raises :class:`Refuted`, which the checker turns into a reason.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpz, fmpz_poly

MAX_DIGITS = 20_000
"""Longest numerator, denominator or coefficient read."""
MAX_MESSAGE = 300
"""Longest message; what a hostile document says about itself does not fill the screen."""
MAX_COUNT_DIGITS = 4_000
"""Longest JSON integer read."""
MAX_DEGREE = 400
"""Largest degree of a polynomial read; a problem with d parameters needs at most 4d + 2."""

_INTEGER = re.compile(r"-?[1-9][0-9]*|0")
_RATIONAL = re.compile(r"(-?[1-9][0-9]*|0)(?:/([1-9][0-9]*))?")


def one_line(message: str) -> str:
    """The message without line breaks, cut after ``MAX_MESSAGE`` characters."""
    line = " ".join(message[: 2 * MAX_MESSAGE].split())
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"


class CertificateError(ValueError):
    """The document is not a readable ``pieceproof/1`` certificate; one line says where and why."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class Refuted(Exception):
    """A claim of a well-formed document that the checker finds false or unproved."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


@dataclass(frozen=True)
class Node:
    """A JSON value and the path that leads to it."""

    value: Any
    path: str

    def wrong(self, expected: str) -> CertificateError:
        """The error "path: expected …, found …" with a short excerpt of the value."""
        shown = ""
        if isinstance(self.value, (int, float)):
            shown = repr(self.value) if -1e30 < self.value < 1e30 else "a number out of range"
        elif isinstance(self.value, str):
            shown = repr(self.value[:40]) + ("…" if len(self.value) > 40 else "")
        found = shown[:60] or ("null" if self.value is None else f"a {type(self.value).__name__}")
        return CertificateError(f"{self.path or 'document'}: expected {expected}, found {found}")

    def fields(self, *required: str, optional: tuple[str, ...] = ()) -> dict[str, Node]:
        """The members of an object with exactly these keys (``optional`` ones may be absent)."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        for key in required:
            if key not in self.value:
                raise CertificateError(f"{self.path or 'document'}: the key {key!r} is missing")
        for key in self.value:
            if key not in required and key not in optional:
                shown = repr(str(key)[:40])
                raise CertificateError(f"{self.path or 'document'}: the key {shown} is unknown")
        prefix = f"{self.path}." if self.path else ""
        return {key: Node(member, prefix + key) for key, member in self.value.items()}

    def member(self, key: str) -> Node:
        """One member of an object, whatever others it has."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        if key not in self.value:
            raise CertificateError(f"{self.path or 'document'}: the key {key!r} is missing")
        return Node(self.value[key], f"{self.path}.{key}" if self.path else key)

    def has(self, key: str) -> bool:
        """Whether this is an object with the key."""
        return isinstance(self.value, dict) and key in self.value

    def items(self) -> list[Node]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return [Node(entry, f"{self.path}[{index}]") for index, entry in enumerate(self.value)]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items())

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self.wrong("a string")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(entry.text() for entry in self)

    def choice(self, *choices: str) -> str:
        """One of the given strings."""
        if not isinstance(self.value, str) or self.value not in choices:
            raise self.wrong("one of " + ", ".join(choices))
        return self.value

    def flag(self) -> bool:
        """A boolean."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def integer(self, low: int, high: int) -> int:
        """A JSON integer with low <= value <= high."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.wrong("an integer")
        if not low <= self.value <= high:
            limit = f"{high}" if high < 10**20 else "a size limit"
            raise self.wrong(f"an integer from {low} to {limit}")
        return self.value

    def count(self) -> int:
        """A non-negative JSON integer."""
        return self.integer(0, 10**MAX_COUNT_DIGITS)

    def rational(self) -> fmpq:
        """A rational "p" or "p/q" in lowest terms, q > 1."""
        text = self._digits('a rational "p/q" in lowest terms')
        match = _RATIONAL.fullmatch(text)
        if match is None:
            raise self.wrong('a rational "p/q" in lowest terms')
        value = fmpq(fmpz(match[1]), fmpz(match[2] or "1"))
        if match[2] is not None and (value.q == 1 or str(value.q) != match[2]):
            raise self.wrong('a rational "p/q" in lowest terms')
        return value

    def rationals(self) -> tuple[fmpq, ...]:
        """A list of rationals."""
        return tuple(entry.rational() for entry in self)

    def polynomial(self) -> fmpz_poly:
        """An integer polynomial in α: integer strings, constant first, no trailing zero."""
        entries = self.items()
        if len(entries) > MAX_DEGREE + 1:
            raise CertificateError(f"{self.path}: degree above {MAX_DEGREE}")
        coefficients = []
        for entry in entries:
            text = entry._digits("an integer string")
            if _INTEGER.fullmatch(text) is None:
                raise entry.wrong("an integer string")
            coefficients.append(fmpz(text))
        if coefficients and coefficients[-1] == 0:
            raise CertificateError(f"{self.path}: the leading coefficient is zero")
        return fmpz_poly(coefficients)

    def polynomials(self) -> tuple[fmpz_poly, ...]:
        """A list of integer polynomials."""
        return tuple(entry.polynomial() for entry in self)

    def _digits(self, expected: str) -> str:
        if not isinstance(self.value, str):
            raise self.wrong(expected)
        if len(self.value) > 2 * MAX_DIGITS + 2:
            raise CertificateError(f"{self.path}: a number of more than {2 * MAX_DIGITS} digits")
        return self.value


def canonical_digest(value: object) -> str:
    """sha256 of the canonical JSON of ``value``: sorted keys, no spaces, ASCII only.

    Raises:
        CertificateError: ``value`` is not JSON (for example it holds a NaN).
    """
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise CertificateError(f"document: not plain JSON ({error})") from None
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check_digest(members: dict[str, Node]) -> None:
    """That the digest is that of all other members.

    Raises:
        Refuted: it is not.
    """
    content = {key: node.value for key, node in members.items() if key != "digest"}
    if members["digest"].text() != canonical_digest(content):
        raise Refuted("digest: not that of this document, which has been changed")
