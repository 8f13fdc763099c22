"""Polynomials at the surface: SymPy expressions, and names that LaTeX can read.

The names of parameters (``w1_speed``, ``w2.1_3``, ``b2.1``) carry indices: letters are the
symbol, what follows its subscript. SymPy is imported when it is asked for.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from typing import Any

from flint import fmpq, fmpq_mpoly, fmpz_mpoly

GREEK = ("alpha", "beta", "lambda", "mu")
_INDEXED = re.compile(
    r"(?P<letters>[A-Za-z]+?)(?P<numbers>[0-9.]*)(?:_(?P<rest>.+?))?(?P<primes>'*)"
)
_SPECIAL = str.maketrans(
    {character: "\\" + character for character in "#$%&_{}"}
    | {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}"}
)


def to_sympy(polynomial: fmpq_mpoly | fmpz_mpoly) -> Any:
    """The polynomial as an expanded SymPy expression; generators become symbols by name."""
    sympy = importlib.import_module("sympy")
    symbols = [sympy.Symbol(name) for name in polynomial.context().names()]
    terms = []
    for monomial, coefficient in polynomial.terms():
        exact = fmpq(coefficient)
        powers = (s ** int(e) for s, e in zip(symbols, monomial, strict=True) if e)
        terms.append(sympy.Mul(sympy.Rational(int(exact.p), int(exact.q)), *powers))
    return sympy.Add(*terms)


def sympy_equations(polynomials: Iterable[fmpq_mpoly]) -> list[Any]:
    """p = 0 for every polynomial, unevaluated."""
    sympy = importlib.import_module("sympy")
    return [sympy.Eq(to_sympy(p), sympy.Integer(0), evaluate=False) for p in polynomials]


def latex_name(name: str) -> str:
    """A name as LaTeX: ``w2.1_speed`` is w with the subscript 2.1, speed."""
    match = _INDEXED.fullmatch(name)
    if match is None:
        return rf"\text{{{name.translate(_SPECIAL)}}}"
    letters = match["letters"]
    symbol = rf"\{letters}" if letters in GREEK else letters
    if len(letters) > 1 and letters not in GREEK:
        symbol = rf"\mathrm{{{letters}}}"
    subscript = [match["numbers"]] if match["numbers"] else []
    rest = match["rest"]
    if rest:
        subscript.append(rest if rest.isdigit() else rf"\text{{{rest.translate(_SPECIAL)}}}")
    index = f"_{{{','.join(subscript)}}}" if subscript else ""
    return symbol + index + match["primes"]


def latex(polynomial: fmpq_mpoly | fmpz_mpoly) -> str:
    """The polynomial as LaTeX, in SymPy's order of terms."""
    sympy = importlib.import_module("sympy")
    names = {sympy.Symbol(name): latex_name(name) for name in polynomial.context().names()}
    return str(sympy.latex(to_sympy(polynomial), symbol_names=names))


def latex_system(polynomials: Iterable[fmpq_mpoly]) -> str:
    """One line p &= 0 for every polynomial, in an ``aligned`` environment."""
    lines = [f"{latex(p)} &= 0" for p in polynomials]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])
