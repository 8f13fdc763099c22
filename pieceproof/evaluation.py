"""ℓ* at a rational α, read off the pieces of a result document.

On a piece ℓ*(α) = numerator(α)/denominator(α), attained at the minimiser w(α), itself a
vector of rational functions. At a breakpoint both neighbours are evaluated and the
smaller value counts: ℓ* is lower semicontinuous. A jump and the ends of A have a value of
their own in the document. The arithmetic is exact; what it rests on is the document, which
``verify`` checks.

Members of a piece that only its method knows are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpz_poly

from pieceproof.checking.numerals import read_algebraic, read_end
from pieceproof.checking.reading import CertificateError, Node
from pieceproof.checking.reals import Real, compare, exactly
from piecewise.exact import to_fmpq, to_fraction

PROBLEM = ("model", "interval", "parameters", "loss", "data")
WIDTH = fmpq(1, 1 << 100)
"""Width to which an irrational end is enclosed before it is rounded for display."""


class OutsideError(ValueError):
    """α lies outside the hyperparameter interval A."""


class UnknownError(OutsideError):
    """α lies inside A, where the document proves no value of ℓ*.

    Attributes:
        alpha: where.
        reason: why not.
        bounds: a lower and an upper bound of ℓ*(α), if the document has them.
    """

    def __init__(
        self, alpha: Fraction, reason: str, bounds: tuple[float, float] | None = None
    ) -> None:
        known = f"; {bounds[0]:.6g} ≤ ℓ* ≤ {bounds[1]:.6g} there" if bounds else ""
        super().__init__(f"{alpha} lies in {reason}{known}; choose another α")
        self.alpha, self.reason, self.bounds = alpha, reason, bounds

    def as_json(self) -> dict[str, Any]:
        """What is known instead of an evaluation."""
        ends = self.bounds
        return {
            "alpha": str(self.alpha),
            "value": None,
            "approx": None,
            "bounds": None if ends is None else {"lower": ends[0], "upper": ends[1]},
            "open": self.reason,
        }

    def lines(self) -> list[tuple[str, str]]:
        """Lines (what, value)."""
        known = "not proved" if self.bounds is None else f"not proved, in {list(self.bounds)!r}"
        return [(f"ℓ*({self.alpha})", known), ("because α lies in", self.reason)]


@dataclass(frozen=True)
class Evaluation:
    """ℓ*(α) with a minimiser; ``piece`` counts from 0 as in the document."""

    alpha: Fraction
    value: Fraction
    minimiser: dict[str, Fraction]
    piece: int

    def as_json(self) -> dict[str, Any]:
        """The evaluation with exact numbers as strings, and a float for orientation."""
        return {
            "alpha": str(self.alpha),
            "value": str(self.value),
            "approx": float(self.value),
            "minimiser": {name: str(value) for name, value in self.minimiser.items()},
            "piece": self.piece,
        }


@dataclass(frozen=True)
class Span:
    """A piece of a document with its number and its ends."""

    index: int
    node: Node
    start: Real
    end: Real

    def value_at(self, alpha: fmpq) -> fmpq:
        """The value function of this piece at ``alpha``."""
        return _value(self.node.member("value"), alpha)

    def minimiser_at(self, alpha: fmpq) -> list[fmpq]:
        """The minimiser at ``alpha`` in this piece, from the part whose interval holds it."""
        for part in self.node.member("parts"):
            if _holds(*_ends(part.member("interval")), alpha):
                vector = part.member("minimiser").fields("numerators", "denominator")
                return [_ratio(p, vector["denominator"], alpha) for p in vector["numerators"]]
        raise CertificateError(f"pieces[{self.index}].parts: none holds {alpha}")

    def approximate_ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """(α, ℓ*) at both ends, rounded; irrational ends are first enclosed to 2^−100."""
        points = []
        for end in (self.start, self.end):
            enclosed = end.refined(WIDTH)
            middle = (enclosed.lower + enclosed.upper) / 2
            points.append((as_float(middle), as_float(self.value_at(middle))))
        return points[0], points[1]


def spans(document: dict[str, Any]) -> Iterator[Span]:
    """The pieces of ``document`` in order.

    Raises:
        CertificateError: the document has no readable pieces.
    """
    for index, node in enumerate(Node(document.get("pieces"), "pieces")):
        yield Span(index, node, *_ends(node.member("interval")))


def evaluate(document: dict[str, Any], alpha: Fraction) -> Evaluation:
    """ℓ*(α) as the document states it.

    Raises:
        OutsideError: α is outside A, or no piece of a partial result holds it.
        CertificateError: the document cannot be read.
    """
    problem = Node(document.get("problem"), "problem")
    names = [
        entry.fields("name", "lower", "upper")["name"].text()
        for entry in problem.fields(*PROBLEM, optional=("penalty", "validation"))["parameters"]
    ]
    at = to_fmpq(alpha)
    found = [span for span in spans(document) if _holds(span.start, span.end, at)]
    if not found:
        ends = [entry.text() for entry in Node(document["problem"]["interval"], "interval")]
        raise OutsideError(f"{alpha} is in no piece; choose α in [{', '.join(ends)}]")
    best = min(found, key=lambda span: span.value_at(at))
    least = best.value_at(at)
    own = min(_own_values(document, at), default=least)
    if own < least:  # what attains the limits of the pieces does not attain it
        return Evaluation(alpha, to_fraction(own), {}, best.index)
    weights = [to_fraction(weight) for weight in best.minimiser_at(at)]
    if len(weights) != len(names):
        raise CertificateError(f"pieces[{best.index}]: expected {len(names)} numerators")
    return Evaluation(alpha, to_fraction(least), dict(zip(names, weights, strict=True)), best.index)


def _own_values(document: dict[str, Any], at: fmpq) -> Iterator[fmpq]:
    """What the document says of ℓ* at ``at`` alone: a jump, or an end of A."""
    for point in Node(document.get("breakpoints"), "breakpoints"):
        if point.has("value") and compare(read_algebraic(point.member("alpha")), exactly(at)) == 0:
            yield _value(point.member("value"), at)
    ends = Node(document.get("ends"), "ends")
    for end in (ends.member("lower"), ends.member("upper")):
        if end.member("alpha").rational() == at:
            yield end.member("value").rational()


def _ends(interval: Node) -> tuple[Real, Real]:
    ends = [read_end(end) for end in interval]
    if len(ends) != 2:
        raise CertificateError(f"{interval.path}: expected two ends")
    return ends[0], ends[1]


def _holds(start: Real, end: Real, alpha: fmpq) -> bool:
    at = exactly(alpha)
    return compare(start, at) <= 0 <= compare(end, at)


def as_float(value: fmpq) -> float:
    """The nearest float.

    Raises:
        OverflowError: the value is beyond the largest float.
    """
    return int(value.p) / int(value.q)


def _value(value: Node, at: fmpq) -> fmpq:
    function = value.fields("numerator", "denominator")
    return _ratio(function["numerator"], function["denominator"], at)


def _ratio(numerator: Node, denominator: Node, at: fmpq) -> fmpq:
    below: fmpz_poly = denominator.polynomial()
    divisor = below(at)
    if divisor == 0:
        raise CertificateError(f"{denominator.path}: it vanishes at {at}")
    return fmpq(numerator.polynomial()(at)) / divisor
