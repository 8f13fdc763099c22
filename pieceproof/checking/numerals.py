"""How a document writes real numbers: ends of intervals, algebraic numbers, decimals.

An END is a rational string or {"polynomial", "interval"}; an ALG has a decimal "approx" too,
and a rational ALG has the polynomial qα − p and equal interval ends. Polynomials from the
document are never factored: a number is compared with one that the checker knows, and
its polynomial with the factor that the checker finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flint import fmpq, fmpz, fmpz_poly

from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.checking.reals import Real, compare, exactly, minimal_polynomial
from pieceproof.checking.signs import isolate, onto_ray, variations

SIGNIFICANT_DIGITS = 20
"""Digits to which decimals are rounded."""

_DECIMAL = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?")


def read_end(node: Node) -> Real:
    """An END: a rational, or {"polynomial", "interval"} with exactly one root inside.

    Raises:
        CertificateError: malformed.
        Refuted: the interval does not isolate one simple root.
    """
    if isinstance(node.value, str):
        return exactly(node.rational())
    return _isolated(node.fields("polynomial", "interval"), node.path)


def read_interval(node: Node) -> tuple[Real, Real]:
    """The two ENDs of an interval.

    Raises:
        CertificateError: malformed.
        Refuted: an end is no isolated root.
    """
    ends = node.items()
    if len(ends) != 2:
        raise node.wrong("two ends")
    return read_end(ends[0]), read_end(ends[1])


def read_algebraic(node: Node) -> Real:
    """The number that an ALG names; its decimal and minimality are left unchecked.

    Raises:
        CertificateError: malformed.
        Refuted: the interval does not isolate one simple root.
    """
    entry = node.fields("polynomial", "interval", "approx")
    ends = entry["interval"].rationals()
    if len(ends) == 2 and ends[0] == ends[1]:
        return exactly(ends[0])
    return _isolated(entry, node.path)


def check_algebraic(node: Node, expected: Real, what: str) -> None:
    """An ALG is the number ``expected``, in normal form and correctly rounded.

    Raises:
        CertificateError: malformed.
        Refuted: another number (``what`` says which one it should be), a polynomial that
            is not the minimal one, or a wrong decimal.
    """
    if compare(read_algebraic(node), expected) != 0:
        raise Refuted(f"{node.path}: {what} {expected}")
    entry = node.fields("polynomial", "interval", "approx")
    if entry["polynomial"].polynomial() != minimal_polynomial(expected):
        raise Refuted(f"{node.path}.polynomial: not the minimal polynomial of {expected}")
    check_decimal(entry["approx"], lambda value: compare(expected, exactly(value)))


def _isolated(entry: dict[str, Node], path: str) -> Real:
    polynomial = entry["polynomial"].polynomial()
    ends = entry["interval"].rationals()
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise CertificateError(f"{path}.interval: expected [lower, upper] with lower < upper")
    if polynomial.degree() < 2 or polynomial.leading_coefficient() < 0:
        raise CertificateError(
            f"{path}.polynomial: expected degree >= 2 and a positive leading coefficient"
        )
    low, high = polynomial(ends[0]), polynomial(ends[1])
    isolating = low * high < 0 and (
        variations(onto_ray(polynomial, *ends)) == 1
        or (_is_squarefree(polynomial) and len(isolate(polynomial, *ends)) == 1)
    )
    if not isolating:
        raise Refuted(f"{path}: the interval does not isolate one root of the polynomial")
    return Real(polynomial, *ends)


def _is_squarefree(f: fmpz_poly) -> bool:
    return f.gcd(f.derivative()).degree() == 0


def check_decimal(node: Node, comparison: Callable[[fmpq], int]) -> None:
    """A decimal is x correctly rounded, where ``comparison(c)`` is the sign of x − c.

    Raises:
        CertificateError: not a string.
        Refuted: another number.
    """
    if not rounds_to(node.text(), comparison):
        raise Refuted(f"{node.path}: not the number rounded to {SIGNIFICANT_DIGITS} digits")


def rounds_to(text: str, comparison: Callable[[fmpq], int]) -> bool:
    """Whether the decimal ``text`` is x correctly rounded; ``comparison(c)`` is the sign of x − c.

    That is, to ``SIGNIFICANT_DIGITS`` significant digits, or to as many as it shows if these
    are more; zeros at the end may be left out.
    """
    match = _DECIMAL.fullmatch(text) if len(text) < 1000 else None
    if match is None:
        return False
    whole, fraction, exponent = match[1], match[2] or "", int(match[3] or 0)
    digits = (whole + fraction).lstrip("0")
    missing = max(SIGNIFICANT_DIGITS - len(digits), 0)
    unit = _power_of_ten(exponent - len(fraction) - missing)
    value = fmpz(digits + "0" * missing or "0") * (-unit if text.startswith("-") else unit)
    if not digits:
        return comparison(fmpq(0)) == 0
    return comparison(value - unit / 2) >= 0 and comparison(value + unit / 2) <= 0


def _power_of_ten(exponent: int) -> fmpq:
    return fmpq(fmpz(10) ** exponent) if exponent >= 0 else fmpq(1, fmpz(10) ** -exponent)
