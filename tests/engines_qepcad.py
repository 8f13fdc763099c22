"""QEPCAD B as an outside judge: quantifier elimination by cylindrical algebraic decomposition.

``eliminate`` asks for a quantifier-free formula equivalent to ∀ x_{k+1} … x_n φ and returns
it as a tree of sign conditions on integer polynomials, which is evaluated at rational points.
Source: Collins, Hong, *Partial cylindrical algebraic decomposition for quantifier
elimination*, J. Symb. Comput. 12 (1991); Brown, SIGSAM Bulletin 37(4) (2003).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flint import Ordering, fmpq, fmpz_mpoly, fmpz_mpoly_ctx

from geometry.engines.process import find_program, run
from geometry.engines.protocol import Failure, Limits

GARBAGE_COLLECTED_CELLS = 20_000_000
"""QEPCAD reserves its list memory once, at the start."""

RELATIONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "/=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}

_TOKEN = re.compile(r"\s*(/\\|\\/|<=|>=|/=|[<>=^+\-\[\]~]|TRUE|FALSE|\d+|[A-Za-z]\w*)")


class Unreadable(Exception):
    """The engine's answer is not in the grammar of sign conditions."""


@dataclass(frozen=True)
class Atom:
    """polynomial relation 0."""

    polynomial: fmpz_mpoly
    relation: str

    def holds(self, point: Sequence[fmpq]) -> bool:
        value = fmpq(0)
        for powers, coefficient in self.polynomial.to_dict().items():
            term = fmpq(coefficient)
            for coordinate, power in zip(point, powers, strict=True):
                term *= coordinate ** int(power)
            value += term
        return bool(RELATIONS[self.relation](value, 0))

    def polynomials(self) -> Iterator[fmpz_mpoly]:
        yield self.polynomial


@dataclass(frozen=True)
class Compound:
    """All of the parts (``/\\``), any of them (``\\/``) or none of them (``~``)."""

    connective: str
    parts: tuple[Formula, ...]

    def holds(self, point: Sequence[fmpq]) -> bool:
        truths = (part.holds(point) for part in self.parts)
        return all(truths) if self.connective == "/\\" else any(truths) != (self.connective == "~")

    def polynomials(self) -> Iterator[fmpz_mpoly]:
        for part in self.parts:
            yield from part.polynomials()


Formula = Atom | Compound
TRUE = Compound("/\\", ())
FALSE = Compound("\\/", ())


def program() -> str | None:
    """QEPCAD on PATH or in an installed wheel, or None."""
    return find_program("qepcad")


def eliminate(
    variables: Sequence[str], free: int, matrix: str, assumption: str, limits: Limits
) -> Formula:
    """A formula in the first ``free`` variables equivalent to ∀ (the others) ``matrix``.

    Raises:
        FileNotFoundError: the program is not installed.
        RuntimeError: it ran out of time or memory, or crashed.
        Unreadable: it gave no formula.
    """
    path = program()
    if path is None:
        raise FileNotFoundError("QEPCAD is not installed: `make engines` or apt install qepcad")
    quantifiers = "".join(f"(A {name})" for name in variables[free:])
    script = "\n".join(
        [
            "[ pieceproof ]",
            f"({','.join(variables)})",
            str(free),
            f"{quantifiers}[ {_wrapped(matrix)} ].",
            f"assume [ {assumption} ]",
            "finish",
            "",
        ]
    )
    # The wheel's program finds its help file under the root that `qe` names.
    root = Path(path).resolve().parent.parent
    wheel = {"qe": str(root)} if (root / "share/qepcad/qepcad.help").exists() else {}
    answer = run("qepcad", [path, f"+N{GARBAGE_COLLECTED_CELLS}"], limits, script, None, wheel)
    if isinstance(answer, Failure):
        raise RuntimeError(str(answer))
    _, found, rest = answer.partition("An equivalent quantifier-free formula:")
    if not found:
        raise Unreadable(answer[-400:])
    return parse(rest.partition("=====")[0], variables[:free])


def _wrapped(formula: str, width: int = 70) -> str:
    """Lines of moderate length: the reader has a fixed line buffer."""
    lines, line = [], ""
    for word in formula.split():
        if len(line) + len(word) > width:
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\n".join([*lines, line])


def parse(text: str, variables: Sequence[str]) -> Formula:
    """Read a quantifier-free formula: ∧ binds before ∨, brackets group."""
    tokens, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Unreadable(text[position : position + 60])
        tokens.append(match[1])
        position = match.end()
    return _Parser(tokens, variables).whole()


class _Parser:
    """Recursive descent; no precedence beyond ∧ before ∨ is needed."""

    def __init__(self, tokens: list[str], variables: Sequence[str]) -> None:
        self.tokens = [*tokens, "end"]
        self.at = 0
        self.variables = list(variables)
        self.ring = fmpz_mpoly_ctx.get(tuple(variables), Ordering.lex)

    def _take(self, *expected: str) -> str:
        token = self.tokens[self.at]
        if expected and token not in expected:
            raise Unreadable(f"{token!r} where {' or '.join(expected)} is expected")
        self.at += 1
        return token

    def whole(self) -> Formula:
        formula = self._joined("\\/")
        self._take("end")
        return formula

    def _joined(self, connective: str) -> Formula:
        parts = []
        while True:
            parts.append(self._joined("/\\") if connective == "\\/" else self._single())
            if self.tokens[self.at] != connective:
                return parts[0] if len(parts) == 1 else Compound(connective, tuple(parts))
            self._take(connective)

    def _single(self) -> Formula:
        head = self.tokens[self.at]
        if head in ("TRUE", "FALSE"):
            self._take()
            return TRUE if head == "TRUE" else FALSE
        if head == "~":
            self._take()
            return Compound("~", (self._single(),))
        if head == "[":
            self._take()
            inner = self._joined("\\/")
            self._take("]")
            return inner
        left = self._polynomial()
        relation = self._take(*RELATIONS)
        return Atom(left - self._polynomial(), relation)

    def _polynomial(self) -> fmpz_mpoly:
        total, sign = self.ring.constant(0), 1
        if self.tokens[self.at] in "+-":
            sign = -1 if self._take() == "-" else 1
        while True:
            total += sign * self._term()
            if self.tokens[self.at] not in ("+", "-"):
                return total
            sign = -1 if self._take() == "-" else 1

    def _term(self) -> fmpz_mpoly:
        """A product of numbers and powers, written side by side."""
        product, empty = self.ring.constant(1), True
        while (token := self.tokens[self.at]).isdigit() or token in self.variables:
            self._take()
            factor = (
                self.ring.constant(int(token))
                if token.isdigit()
                else self.ring.gens()[self.variables.index(token)]
            )
            if self.tokens[self.at] == "^":
                self._take()
                exponent = self._take()
                if not exponent.isdigit():
                    raise Unreadable(f"the exponent {exponent!r}")
                factor **= int(exponent)
            product, empty = product * factor, False
        if empty:
            raise Unreadable(f"{token!r} where a term is expected")
        return product
