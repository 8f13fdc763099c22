"""What a picture of a result document shows: ℓ*, its minimiser, breakpoints and minimum.

Samples are exact: a rational α with the exact values of the rational functions there; whoever
draws rounds. Every α comes with its *place*, the number of pieces before it plus the fraction
of its own piece that lies before it, so that piece i covers the places i to i+1 however
narrow it is.

An irrational end is replaced by a rational one so close that no picture shows the difference.
Nothing is verified here; the curves are what the document claims.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import fmpq

from pieceproof.checking.numerals import read_algebraic, read_interval
from pieceproof.checking.reading import CertificateError, Node
from pieceproof.checking.reals import Real, compare
from pieceproof.evaluation import WIDTH, Span, as_float, spans
from pieceproof.problem_document import problem_from_document
from piecewise.errors import PiecewiseError
from piecewise.exact import to_fmpq
from piecewise.problems import Parameter, Problem

STEPS = 64
"""Samples per piece, and per part of a piece, beyond the first."""
SEPARATION = 1 << 20
"""The ends of a piece are enclosed this many times finer than the piece is wide."""

LARGEST = fmpq(10) ** 200
"""Largest size drawn, and the inverse of the smallest told from 0."""

FRACTIONS = tuple(fmpq(k * k * (3 * STEPS - 2 * k), STEPS**3) for k in range(STEPS + 1))
"""3s² − 2s³ for equidistant s: denser at the ends, where rational functions come from poles."""


@dataclass(frozen=True)
class Point:
    """A point of A: α and its place."""

    alpha: fmpq
    place: fmpq


@dataclass(frozen=True)
class Trace:
    """A curve over a piece or over one part of it: ``heights[i]`` at ``points[i]``."""

    piece: int
    points: tuple[Point, ...]
    heights: tuple[fmpq, ...]

    @cached_property
    def rounded(self) -> list[float]:
        """The heights as floats."""
        return [drawable(height) for height in self.heights]


@dataclass(frozen=True)
class Curves:
    """The curves and marks of one document.

    Attributes:
        problem: the stated problem, for its names.
        values: the pieces, one trace each; an upper bound of ℓ* if the verdict is ``unresolved``.
        parameters: for every parameter its value at the minimiser, one trace a part.
        walls: for every parameter the walls of the box that it touches there.
        breakpoints: kind and position, in order.
        minimum: the global minimum of ℓ*.
        minimisers: where it is attained: isolated points (p, p) and plateaus (p, q).
        verdict: the verdict that the document states.
    """

    problem: Problem
    values: tuple[Trace, ...]
    parameters: tuple[tuple[Trace, ...], ...]
    walls: tuple[tuple[fmpq, ...], ...]
    breakpoints: tuple[tuple[str, Point], ...]
    minimum: fmpq
    minimisers: tuple[tuple[Point, Point], ...]
    verdict: str


def drawable(value: fmpq) -> float:
    """The nearest float, or 0 below 1e−200.

    Raises:
        CertificateError: beyond ±1e200, where scaling an axis would overflow.
    """
    if abs(value) > LARGEST:
        raise CertificateError("pieces: a number is larger than 1e200, too large to draw")
    return as_float(value) if abs(value) * LARGEST > 1 else 0.0


def read_curves(document: dict[str, Any]) -> Curves:
    """The curves of a result document.

    Raises:
        CertificateError: the document cannot be read; one line says where and why.
        Refuted: an interval in it does not isolate the number it stands for.
    """
    try:
        problem = problem_from_document(document.get("problem"))
    except PiecewiseError as error:
        raise CertificateError(str(error)) from None
    pieces = [_Piece(span, *_enclosed(span)) for span in spans(document)]
    if not pieces:
        raise CertificateError("pieces: there are none")
    parts = [part for piece in pieces for part in piece.parts(len(problem.parameters))]
    parameters = tuple(zip(*parts, strict=True))
    minimum = Node(document.get("minimum"), "minimum").fields("alpha", "intervals", "value")
    ends = [(alpha, alpha) for alpha in map(read_algebraic, minimum["alpha"])]
    ends += [read_interval(interval) for interval in minimum["intervals"]]
    return Curves(
        problem,
        tuple(piece.value() for piece in pieces),
        parameters,
        tuple(map(_walls, problem.parameters, parameters)),
        tuple(_breakpoints(document, pieces)),
        _near(read_algebraic(minimum["value"]), WIDTH),
        tuple((_locate(start, pieces), _locate(end, pieces)) for start, end in ends),
        Node(document.get("verdict"), "verdict").choice(
            "proved", "modular", "bounds", "unresolved"
        ),
    )


@dataclass(frozen=True)
class _Piece:
    """A piece of the document with rational stand-ins for its ends, within ``width`` of them."""

    span: Span
    start: fmpq
    end: fmpq
    width: fmpq

    def point(self, alpha: fmpq) -> Point:
        """``alpha`` with its place."""
        return Point(alpha, self.span.index + (alpha - self.start) / (self.end - self.start))

    def value(self) -> Trace:
        """The value function over this piece."""
        value = self.span.node.member("value").fields("numerator", "denominator")
        (trace,) = self._traces(self.start, self.end, [value["numerator"]], value["denominator"])
        return trace

    def parts(self, parameters: int) -> Iterator[list[Trace]]:
        """For every part the traces of all parameters."""
        listed = self.span.node.member("parts")
        if not listed.items():
            raise listed.wrong("at least one part")
        for part in listed:
            vector = part.member("minimiser").fields("numerators", "denominator")
            numerators = vector["numerators"].items()
            if len(numerators) != parameters:
                raise vector["numerators"].wrong(f"{parameters} numerators")
            start, end = (_near(end, self.width) for end in read_interval(part.member("interval")))
            yield self._traces(start, end, numerators, vector["denominator"])

    def _traces(
        self, start: fmpq, end: fmpq, numerators: Sequence[Node], denominator: Node
    ) -> list[Trace]:
        alphas = [start + (end - start) * fraction for fraction in FRACTIONS]
        below = denominator.polynomial()
        divisors = [below(alpha) for alpha in alphas]
        if 0 in divisors:
            at = alphas[divisors.index(fmpq(0))]
            raise CertificateError(f"{denominator.path}: it vanishes at {str(at)[:40]}")
        points = tuple(map(self.point, alphas))
        return [
            Trace(
                self.span.index,
                points,
                tuple(f(alpha) / d for alpha, d in zip(alphas, divisors, strict=True)),
            )
            for f in (numerator.polynomial() for numerator in numerators)
        ]


def _near(number: Real, width: fmpq) -> fmpq:
    """A rational within ``width`` of the number, itself if it is rational."""
    enclosed = number.refined(width)
    return (enclosed.lower + enclosed.upper) / 2


def _enclosed(span: Span) -> tuple[fmpq, fmpq, fmpq]:
    """Rational stand-ins for the ends of a piece, far closer to them than to each other.

    The third number says how close.
    """
    if compare(span.start, span.end) >= 0:
        raise CertificateError(f"pieces[{span.index}].interval: the ends do not increase")
    width = WIDTH
    while True:
        start, end = _near(span.start, width), _near(span.end, width)
        if end - start > SEPARATION * width:
            return start, end, width
        width *= width


def _walls(parameter: Parameter, traces: Sequence[Trace]) -> tuple[fmpq, ...]:
    walls = (to_fmpq(parameter.lower), to_fmpq(parameter.upper))
    return tuple(wall for wall in walls if any(wall in trace.heights for trace in traces))


def _locate(alpha: Real, pieces: Sequence[_Piece]) -> Point:
    for piece in pieces:
        if compare(piece.span.start, alpha) <= 0 <= compare(piece.span.end, alpha):
            return piece.point(_near(alpha, piece.width))
    raise CertificateError(f"minimum: {alpha} is in no piece")


def _breakpoints(document: dict[str, Any], pieces: Sequence[_Piece]) -> Iterator[tuple[str, Point]]:
    entries = Node(document.get("breakpoints"), "breakpoints")
    if len(entries.items()) != len(pieces) - 1:
        raise entries.wrong(f"{len(pieces) - 1} breakpoints")
    for entry, piece in zip(entries, pieces, strict=False):
        kind = entry.member("kind").choice("jump", "kink", "smooth")
        yield kind, piece.point(piece.end)
