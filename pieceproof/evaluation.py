"""ℓ* at a rational α, read off the pieces of a result document.

On a piece ℓ*(α) = numerator(α)/denominator(α), attained at the minimiser w(α), itself a
vector of rational functions. At a breakpoint both neighbours are evaluated and the
smaller value counts: ℓ* is lower semicontinuous. The arithmetic is exact; what it rests
on is the document, which ``verify`` checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpz_poly

from pieceproof.checking.reading import CertificateError, Node
from pieceproof.checking.reals import Real, compare, exactly, read_end
from piecewise.exact import to_fmpq, to_fraction

WIDTH = fmpq(1, 1 << 100)
"""Width to which an irrational end is enclosed before it is rounded for display."""


class OutsideError(ValueError):
    """α lies outside the hyperparameter interval A."""


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
    entry: dict[str, Node]
    start: Real
    end: Real

    def value_at(self, alpha: fmpq) -> fmpq:
        """The value function of this piece at ``alpha``."""
        value = self.entry["value"].fields("numerator", "denominator")
        return _ratio(value["numerator"], value["denominator"], alpha)

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
        keys = ("interval", "cell", "active", "value", "minimiser", "multipliers", "sample")
        entry = node.fields(*keys, optional=("signs",))
        ends = [read_end(end) for end in entry["interval"]]
        if len(ends) != 2:
            raise CertificateError(f"{node.path}.interval: expected two ends")
        yield Span(index, entry, *ends)


def evaluate(document: dict[str, Any], alpha: Fraction) -> Evaluation:
    """ℓ*(α) as the document states it.

    Raises:
        OutsideError: α is outside A, or no piece of a partial result holds it.
        CertificateError: the document cannot be read.
    """
    problem = Node(document.get("problem"), "problem")
    names = [
        entry.fields("name", "lower", "upper")["name"].text()
        for entry in problem.fields("model", "interval", "parameters", "loss", "data")["parameters"]
    ]
    at, number = to_fmpq(alpha), exactly(to_fmpq(alpha))
    found = [
        span
        for span in spans(document)
        if compare(span.start, number) <= 0 <= compare(span.end, number)
    ]
    if not found:
        ends = [entry.text() for entry in Node(document["problem"]["interval"], "interval")]
        raise OutsideError(f"{alpha} is in no piece; choose α in [{', '.join(ends)}]")
    best = min(found, key=lambda span: span.value_at(at))
    minimiser = best.entry["minimiser"].fields("numerators", "denominator")
    numerators = minimiser["numerators"].items()
    if len(numerators) != len(names):
        raise CertificateError(f"pieces[{best.index}].minimiser: expected {len(names)} numerators")
    weights = [_ratio(numerator, minimiser["denominator"], at) for numerator in numerators]
    return Evaluation(
        alpha=alpha,
        value=to_fraction(best.value_at(at)),
        minimiser=dict(zip(names, map(to_fraction, weights), strict=True)),
        piece=best.index,
    )


def as_float(value: fmpq) -> float:
    """The nearest float."""
    return float(to_fraction(value))


def _ratio(numerator: Node, denominator: Node, at: fmpq) -> fmpq:
    below: fmpz_poly = denominator.polynomial()
    divisor = below(at)
    if divisor == 0:
        raise CertificateError(f"{denominator.path}: it vanishes at {at}")
    return fmpq(numerator.polynomial()(at)) / divisor
