"""An objective that is one polynomial in α and the parameters, given by its terms or as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from piecewise.errors import ProblemError
from piecewise.exact import Number, rational, to_fmpq

ALPHA = "alpha"
MAX_DEGREE, MAX_TERMS, MAX_DEPTH = 32, 4000, 100
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_TOKEN = re.compile(
    r"\s*(?:([0-9]+(?:\.[0-9]*)?|\.[0-9]+)|([A-Za-z_][A-Za-z0-9_.]*)|(\*\*|[-+*/^()]))"
)

Exponents = tuple[int, ...]


@dataclass(frozen=True, init=False)
class Polynomial:
    """f = Σ c·α^e₀·w₁^e₁⋯: a model without data.

    Args:
        names: the parameters w₁, w₂, … in order.
        terms: exponents (e₀, e₁, …) and coefficients; equal exponents add up.

    Raises:
        ProblemError: unusable names, or exponents that do not fit them.
    """

    names: tuple[str, ...]
    terms: tuple[tuple[Exponents, Fraction], ...]

    def __init__(
        self,
        names: Iterable[str],
        terms: Mapping[Exponents, Number | Fraction]
        | Iterable[tuple[Sequence[int], Number | Fraction]],
    ) -> None:
        own = tuple(names)
        if not own or len(set(own)) != len(own):
            raise ProblemError("parameters: give different names, at least one")
        bad = next((n for n in own if not _NAME.fullmatch(n) or n == ALPHA), None)
        if bad is not None:
            raise ProblemError(f"parameters: {bad!r} cannot be a name; write one such as w1")
        total: dict[Exponents, Fraction] = {}
        for exponents, value in terms.items() if isinstance(terms, Mapping) else terms:
            key = tuple(exponents)
            if len(key) != 1 + len(own) or any(e < 0 for e in key) or sum(key) > MAX_DEGREE:
                raise ProblemError(
                    f"terms: {list(key)} must be {1 + len(own)} exponents (alpha first), "
                    f"degree at most {MAX_DEGREE}"
                )
            total[key] = total.get(key, Fraction(0)) + rational(value)
        kept = tuple(sorted((key, value) for key, value in total.items() if value))
        if len(kept) > MAX_TERMS:
            raise ProblemError(f"terms: {len(kept)} terms; at most {MAX_TERMS} are accepted")
        object.__setattr__(self, "names", own)
        object.__setattr__(self, "terms", kept)

    @classmethod
    def parse(cls, names: Sequence[str], text: str) -> Polynomial:
        """The polynomial that ``text`` writes with + - * / ^ and parentheses.

        Division is by numbers only, exponents are whole numbers.

        Raises:
            ProblemError: anything else, with the place.
        """
        empty = cls(names, {})
        context = fmpq_mpoly_ctx.get([ALPHA, *empty.names], "degrevlex")
        parsed = _Parser(text, context, empty.names).whole()
        return cls(
            names,
            [
                (tuple(map(int, monomial)), Fraction(int(c.p), int(c.q)))
                for monomial, c in parsed.terms()
            ],
        )

    def parameter_names(self, features: Sequence[str]) -> tuple[str, ...]:
        """The names; there are no features."""
        return self.names

    def value(self, alpha: Fraction, w: Sequence[Fraction]) -> Fraction:
        """f(α, w), exactly."""
        point, total = (alpha, *w), Fraction(0)
        for exponents, value in self.terms:
            for x, e in zip(point, exponents, strict=True):
                value = value * x**e
            total += value
        return total

    def exact(self, context: fmpq_mpoly_ctx) -> fmpq_mpoly:
        """f in a ring with the generators α, w₁, w₂, …"""
        return context.from_dict({key: to_fmpq(value) for key, value in self.terms})


class _Parser:
    """Recursive descent; every intermediate result is bounded in degree and in terms."""

    def __init__(self, text: str, context: fmpq_mpoly_ctx, names: Sequence[str]) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.context = context
        self.known = dict(zip((ALPHA, *names), context.gens(), strict=True))
        self.word: str | None = None
        self._advance()

    def whole(self) -> fmpq_mpoly:
        """The polynomial of the whole text."""
        value = self._sum()
        if self.word is not None:
            raise self._wrong(f"{self.word!r} is not expected")
        return value

    def _wrong(self, problem: str) -> ProblemError:
        return ProblemError(
            f"objective: at character {self.at}: {problem}; "
            'write it like "(w1*w2 - 1)^2/2 + alpha*w1^2"'
        )

    def _advance(self) -> None:
        rest = self.text[self.at :]
        if not rest.strip():
            self.word = None
            return
        match = _TOKEN.match(rest)
        if match is None:
            raise self._wrong(f"{rest.strip()[0]!r} is not understood")
        self.at += match.end()
        self.word = match[0].strip()

    def _bounded(self, value: fmpq_mpoly) -> fmpq_mpoly:
        if value.total_degree() > MAX_DEGREE or len(value) > MAX_TERMS:
            raise self._wrong(f"more than degree {MAX_DEGREE} or {MAX_TERMS} terms")
        return value

    def _sum(self) -> fmpq_mpoly:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._wrong("too many parentheses")
        value = self._product()
        while self.word in ("+", "-"):
            plus = self.word == "+"
            self._advance()
            other = self._product()
            value = value + other if plus else value - other
        self.depth -= 1
        return self._bounded(value)

    def _product(self) -> fmpq_mpoly:
        value = self._signed()
        while self.word in ("*", "/"):
            times = self.word == "*"
            self._advance()
            other = self._signed()
            if times:
                if value.total_degree() + other.total_degree() > MAX_DEGREE:
                    raise self._wrong(f"more than degree {MAX_DEGREE}")
                value = self._bounded(value * other)
            elif not other.is_constant() or other.is_zero():
                raise self._wrong("division is by numbers other than 0 only")
            else:
                value = value / other.leading_coefficient()
        return value

    def _signed(self) -> fmpq_mpoly:
        negative = False
        while self.word in ("+", "-"):
            negative ^= self.word == "-"
            self._advance()
        value = self._power()
        return -value if negative else value

    def _power(self) -> fmpq_mpoly:
        base = self._atom()
        if self.word not in ("^", "**"):
            return base
        self._advance()
        word = self.word
        if word is None or not word.isdigit() or len(word) > 3 or int(word) > MAX_DEGREE:
            raise self._wrong(f"exponents are whole numbers up to {MAX_DEGREE}")
        self._advance()
        if base.total_degree() * int(word) > MAX_DEGREE:
            raise self._wrong(f"more than degree {MAX_DEGREE}")
        value = self.context.constant(1)
        for _ in range(int(word)):
            value = self._bounded(value * base)
        return value

    def _atom(self) -> fmpq_mpoly:
        word = self.word
        if word is None:
            raise self._wrong("something is missing at the end")
        if word == "(":
            self._advance()
            value = self._sum()
            if self.word != ")":
                raise self._wrong("a parenthesis is not closed")
            self._advance()
            return value
        if word[0].isdigit() or word[0] == ".":
            self._advance()
            return self.context.constant(fmpq(0) + to_fmpq(rational(word)))
        if word not in self.known:
            raise self._wrong(f"{word!r} is neither alpha nor a parameter")
        self._advance()
        return self.known[word]
