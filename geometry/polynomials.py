"""Signs and real roots of univariate integer polynomials, exactly.

Everything rests on one transformation: for p of degree n and l < u,

    (1+y)^n · p((l + u·y)/(1+y))

has as many positive roots as p has roots in (l, u). Its coefficient sign changes
bound that number from above with even excess (Descartes), so 0 and 1 are proofs
[Collins, Akritas, SYMSAC 1976]; bisection separates the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flint import fmpq, fmpz, fmpz_poly

X = fmpz_poly([0, 1])
ONE_PLUS_X = fmpz_poly([1, 1])


def sign(value: fmpq | fmpz | int) -> int:
    """−1, 0 or 1."""
    return (value > 0) - (value < 0)


def sign_at(p: fmpz_poly, at: fmpq) -> int:
    """Sign of p(at)."""
    return sign(p(at))


def variations(p: fmpz_poly, lower: fmpq, upper: fmpq) -> int:
    """Sign changes of the transformed coefficients: ≥ the roots in (lower, upper), same parity.

    Roots count with multiplicity; 0 means none, 1 means exactly one.
    """
    n = p.degree()
    if n <= 0:
        return 0
    scale = (lower.q * upper.q) // lower.q.gcd(upper.q)
    left = lower.p * (scale // lower.q)
    width = upper.p * (scale // upper.q) - left
    power = fmpz(1)
    homogenised = []
    for coefficient in reversed(p.coeffs()):
        homogenised.append(coefficient * power)
        power *= scale
    homogenised.reverse()
    unit = fmpz_poly(homogenised)(fmpz_poly([left, width]))  # roots of p in (l, u) ↔ (0, 1)
    reversed_ = fmpz_poly([unit[n - i] for i in range(n + 1)])
    count, last = 0, 0
    for coefficient in reversed_(ONE_PLUS_X).coeffs():
        if coefficient:
            current = 1 if coefficient > 0 else -1
            count += current == -last
            last = current
    return count


def has_no_root(p: fmpz_poly, lower: fmpq, upper: fmpq) -> bool:
    """A sufficient test (proof) that p has no root in the open interval (lower, upper)."""
    return bool(p) and variations(p, lower, upper) == 0


def isolate(p: fmpz_poly, lower: fmpq, upper: fmpq) -> Iterator[tuple[fmpq, fmpq]]:
    """Isolating intervals, increasing, of the roots of a squarefree p in the open (lower, upper).

    A rational root met at a bisection point is given as (root, root); every other
    interval (l, u) has p(l)·p(u) ≠ 0 unless l or u is such a root or an end given.
    """
    count = variations(p, lower, upper)
    if count == 0:
        return
    if count == 1:
        yield lower, upper
        return
    middle = (lower + upper) / 2
    yield from isolate(p, lower, middle)
    if p(middle) == 0:
        yield middle, middle
    yield from isolate(p, middle, upper)


def primitive(p: fmpz_poly) -> fmpz_poly:
    """p divided by its content, leading coefficient positive."""
    content = p.content()
    if p.leading_coefficient() < 0:
        content = -content
    return p if content == 1 else p // fmpz_poly([content])


def as_text(p: fmpz_poly) -> list[str]:
    """The coefficients, constant first: flint polynomials do not pickle."""
    return [str(c) for c in p.coeffs()]


def from_text(coefficients: Sequence[str]) -> fmpz_poly:
    """Back from :func:`as_text`."""
    return fmpz_poly([fmpz(c) for c in coefficients])
