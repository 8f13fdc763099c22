"""How a document writes a touch (docs/enclosures.md): exact numbers as lists of rationals.

A number a(θ) is the list of the coefficients of a, constant first; "field" lists those of p, and
"root" the ends of an interval around θ.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq, fmpq_poly

from pieceproof.checking.enclosing.claimedslabs import Touch
from pieceproof.checking.enclosing.numberfields import NumberField
from pieceproof.checking.reading import Node

MOST_DEGREE = 24
"""Of fields."""
MOST_COEFFICIENTS = 8
"""Derivatives of curves that are stated, and the points themselves."""


def read_touch(node: Node) -> Touch:
    """The member "touch" of a slab.

    Raises:
        CertificateError: malformed.
        Refuted: the field has no root where it is said to be.
    """
    entry = node.fields("field", "root", "alpha", "points")
    modulus, ends = entry["field"].rationals(), entry["root"].rationals()
    if not 2 <= len(modulus) <= MOST_DEGREE + 1 or modulus[-1] == 0:
        raise entry["field"].wrong(f"a polynomial of degree 1 to {MOST_DEGREE}")
    if len(ends) != 2:
        raise entry["root"].wrong("two rationals")
    field = NumberField(fmpq_poly(list(modulus)), *ends)
    points = tuple(
        tuple(_series(own, len(modulus) - 1) for own in curve) for curve in entry["points"]
    )
    if not points:
        raise entry["points"].wrong("the points of some curves")
    alpha = _number(entry["alpha"], len(modulus) - 1)
    return Touch(field, alpha, points)


def _series(node: Node, degree: int) -> tuple[fmpq_poly, ...]:
    found = tuple(_number(each, degree) for each in node)
    if not 1 <= len(found) <= MOST_COEFFICIENTS:
        raise node.wrong(f"1 to {MOST_COEFFICIENTS} coefficients")
    return found


def _number(node: Node, degree: int) -> fmpq_poly:
    values = node.rationals()
    if not 1 <= len(values) <= degree:
        raise node.wrong(f"1 to {degree} rationals")
    return fmpq_poly(list(values))


def touch_document(touch: Touch) -> dict[str, Any]:
    """A touch as a document writes it."""
    field = touch.field
    return {
        "field": [str(fmpq(field.modulus[i])) for i in range(field.modulus.length())],
        "root": [str(field.lower), str(field.upper)],
        "alpha": _written(touch.alpha),
        "points": [[[_written(c) for c in own] for own in curve] for curve in touch.points],
    }


def _written(number: fmpq_poly) -> list[str]:
    return [str(fmpq(number[i])) for i in range(max(1, number.length()))]
