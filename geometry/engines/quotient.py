"""The quotient algebra of a zero-dimensional ideal, from a Gröbner basis.

The monomials under the staircase of the leading monomials are a basis of A = K[x]/I, so
dim A counts the solutions with multiplicity. Multiplication by x_i is a matrix M_i; its
rows are normal forms, computed border monomial by border monomial as in FGLM. K is Q
(exact) or a prime field. [Cox, Little, O'Shea, *Using Algebraic Geometry*, Ch. 2.]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_poly, nmod_mat

from geometry.engines.parametrisation import Parametrisation
from geometry.engines.protocol import GroebnerBasis
from geometry.engines.system import Monomial, Terms
from piecewise.exact import to_fmpq, to_fraction


def divides(a: Monomial, b: Monomial) -> bool:
    """x^a | x^b."""
    return all(i <= j for i, j in zip(a, b, strict=True))


def grevlex(monomial: Monomial) -> tuple[int, ...]:
    """Sort key of the graded reverse lexicographic order."""
    return (sum(monomial), *(-e for e in reversed(monomial)))


def krull_dimension(leading: Sequence[Monomial], variables: int) -> int:
    """Dimension of the solution set of a monomial ideal; −1 for the whole ring.

    The largest set of variables in which no leading monomial lies.
    """
    if any(sum(monomial) == 0 for monomial in leading):
        return -1
    supports = [frozenset(i for i, e in enumerate(monomial) if e) for monomial in leading]
    for size in range(variables, 0, -1):
        for free in combinations(range(variables), size):
            if not any(support <= set(free) for support in supports):
                return size
    return 0


def staircase(leading: Sequence[Monomial], variables: int) -> list[Monomial]:
    """The monomials divisible by no leading monomial, in increasing order.

    Assumes a zero-dimensional (or empty) ideal: krull_dimension ≤ 0.
    """
    level = {(0,) * variables}
    inside: list[Monomial] = []
    while level:
        kept = {m for m in level if not any(divides(a, m) for a in leading)}
        inside += kept
        level = {_times(m, i) for m in kept for i in range(variables)}
    return sorted(inside, key=grevlex)


def _times(monomial: Monomial, index: int) -> Monomial:
    return (*monomial[:index], monomial[index] + 1, *monomial[index + 1 :])


@dataclass(frozen=True, eq=False)
class QuotientAlgebra:
    """K[x]/I with its monomial basis and multiplication matrices (row b: x_i·basis[b])."""

    basis: tuple[Monomial, ...]
    multiplication: tuple[Any, ...]
    prime: int

    @classmethod
    def of(cls, groebner: GroebnerBasis) -> QuotientAlgebra:
        """The algebra of a zero-dimensional ideal; needs the polynomials of the basis."""
        n = len(groebner.variables)
        basis = staircase(groebner.leading, n)
        index = {monomial: row for row, monomial in enumerate(basis)}
        size, prime = len(basis), groebner.prime
        matrices = [_matrix(size, size, prime) for _ in range(n)]
        elements = dict(zip(groebner.leading, groebner.polynomials, strict=True))
        border = sorted({_times(m, i) for m in basis for i in range(n)} - set(index), key=grevlex)
        rows: dict[Monomial, Any] = {}

        def place(monomial: Monomial, row: Any) -> None:
            for i in range(n):
                if monomial[i]:
                    below = (*monomial[:i], monomial[i] - 1, *monomial[i + 1 :])
                    if below in index:
                        for column in range(size):
                            if row[0, column]:
                                matrices[i][index[below], column] = row[0, column]

        for monomial, position in index.items():
            unit = _matrix(1, size, prime)
            unit[0, position] = 1
            place(monomial, unit)
        for monomial in border:
            if monomial in elements:
                row = _tail(monomial, elements[monomial], index, prime)
            else:
                # monomial = x_i·smaller with a smaller border monomial whose row is known
                i, smaller = next(
                    (i, below)
                    for i in range(n)
                    if monomial[i]
                    and (below := (*monomial[:i], monomial[i] - 1, *monomial[i + 1 :])) in rows
                )
                row = rows[smaller] * matrices[i]
            rows[monomial] = row
            place(monomial, row)
        return cls(tuple(basis), tuple(matrices), prime)

    @property
    def dimension(self) -> int:
        """Number of solutions over the algebraic closure, with multiplicity."""
        return len(self.basis)

    def linear_form(self, weights: Sequence[int]) -> Any:
        """The matrix of multiplication by Σ weights_i·x_i."""
        total = _matrix(self.dimension, self.dimension, self.prime)
        for weight, matrix in zip(weights, self.multiplication, strict=True):
            total += weight * matrix
        return total

    def separated(self, weights: Sequence[int]) -> int:
        """Number of different values of the linear form on the solutions: ≤ their number.

        The degree of the squarefree part of the form's minimal polynomial; for a prime
        field this needs prime > dimension.
        """
        minimal = self.linear_form(weights).minpoly()
        return int(minimal.degree() - minimal.gcd(minimal.derivative()).degree())

    def trace_functional(self) -> list[Any]:
        """τ_b = Tr(multiplication by basis[b])."""
        identity = _matrix(self.dimension, self.dimension, self.prime)
        for i in range(self.dimension):
            identity[i, i] = 1
        known = {self.basis[0]: identity}
        traces = []
        for monomial in self.basis:
            if monomial not in known:
                i = next(i for i, e in enumerate(monomial) if e)
                below = (*monomial[:i], monomial[i] - 1, *monomial[i + 1 :])
                known[monomial] = known[below] * self.multiplication[i]
            matrix = known[monomial]
            traces.append(
                sum((matrix[i, i] for i in range(self.dimension)), start=0 * matrix[0, 0])
            )
        return traces

    def distinct(self, traces: Sequence[Any]) -> int:
        """Number of distinct solutions over the algebraic closure: rank of (Tr(b_i·b_j)).

        Exact over Q; over F_prime it needs prime > dimension.
        """
        column = _matrix(self.dimension, 1, self.prime)
        for row, trace in enumerate(traces):
            column[row, 0] = trace
        known = {self.basis[0]: column}
        form = _matrix(self.dimension, self.dimension, self.prime)
        for row, monomial in enumerate(self.basis):
            if monomial not in known:
                i = next(i for i, e in enumerate(monomial) if e)
                below = (*monomial[:i], monomial[i] - 1, *monomial[i + 1 :])
                known[monomial] = self.multiplication[i] * known[below]
            for j in range(self.dimension):
                form[row, j] = known[monomial][j, 0]
        return int(form.rank())

    def parametrise(self) -> Parametrisation:
        """The rational univariate representation of all solutions; K = Q, exact.

        With χ the characteristic polynomial of a separating form ℓ, w = Σ a_j t^(d−j) its
        squarefree part and g_v = Σ_{i<d} Tr(v·ℓ^i)·Σ_{k≤d−1−i} a_k t^(d−1−i−k), the
        coordinates are x_i = g_{x_i}/g_1 at the roots of w [Rouillier, AAECC 1999].
        """
        traces = self.trace_functional()
        wanted = self.distinct(traces)
        n = len(self.multiplication)
        # One of these forms separates: two points agree on at most n−1 of them.
        for k in range(1 + n * wanted * wanted):
            weights = [(k + 1) ** i for i in range(n)]
            matrix = self.linear_form(weights)
            characteristic = _integer(matrix.charpoly())
            w = characteristic // characteristic.gcd(characteristic.derivative())
            if w.degree() == wanted:
                return self._representation(weights, matrix, w, traces)
        raise AssertionError("no linear form separates finitely many points")

    def _representation(
        self, weights: Sequence[int], matrix: Any, w: fmpz_poly, traces: Sequence[Any]
    ) -> Parametrisation:
        d, size = int(w.degree()), self.dimension
        unit = fmpq_mat(1, size)
        unit[0, 0] = 1  # basis[0] is the monomial 1
        horner = [fmpq_poly([w[d - k + m] for m in range(k + 1)]) for k in range(d)]

        def numerator(vector: fmpq_mat) -> fmpq_poly:
            total = fmpq_poly([0])
            for i in range(d):
                trace = sum((vector[0, b] * traces[b] for b in range(size)), start=fmpq(0))
                total += trace * horner[d - 1 - i]
                vector = vector * matrix
            return total

        one = numerator(unit)
        scale = one.denom()
        return Parametrisation(
            w,
            tuple(scale * numerator(unit * m) for m in self.multiplication),
            fmpz_poly([fmpz((scale * c).p) for c in one.coeffs()]),
            tuple(Fraction(weight) for weight in weights),
        )


def _matrix(rows: int, columns: int, prime: int) -> Any:
    return nmod_mat(rows, columns, prime) if prime else fmpq_mat(rows, columns)


def _tail(monomial: Monomial, element: Terms, index: dict[Monomial, int], prime: int) -> Any:
    """The normal form of a leading monomial: minus the rest over the leading coefficient."""
    row = _matrix(1, len(index), prime)
    lead = element[monomial]
    inverse = pow(int(lead), -1, prime) if prime else 1 / Fraction(lead)
    for term, coefficient in element.items():
        if term != monomial:
            value = -coefficient * inverse
            row[0, index[term]] = int(value) % prime if prime else to_fmpq(Fraction(value))
    return row


def _integer(p: fmpq_poly) -> fmpz_poly:
    """The primitive integer multiple of p."""
    numerator = p.numer()
    return numerator // fmpz_poly([numerator.content()])


def as_terms(polynomial: Any) -> dict[Monomial, int | Fraction]:
    """Coefficients by monomial of a flint polynomial over Z or Q, leading term first."""
    return {
        tuple(int(e) for e in monomial): to_fraction(fmpq(coefficient))
        for monomial, coefficient in polynomial.terms()
    }
