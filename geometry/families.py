"""One-parameter families of polynomial systems over a box, as strata of cells give them.

    F(α; w, λ) = 0,   α ∈ A = [a, b],   w ∈ W,   h_k(α, w) ≥ 0 on the closed cell

F is square and has finitely many solutions for generic α; λ are multipliers. Branches are
looked for over the interior of the box W: its walls count as constraints.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpz_mpoly

from geometry.boxes import Box, Interval
from geometry.engines.system import Monomial, PolynomialSystem, Terms, primitive, ring, terms_of
from geometry.errors import InvalidSystem


@dataclass(frozen=True, eq=False)
class Family:
    """F with its interval A, box W, constraints and objective value; see :meth:`of`.

    The first ``len(box)`` variables are w, the others multipliers. ``constraints`` are the
    h_k, oriented so that h_k ≥ 0 on the cell. ``escapes`` encloses the α at which a
    multiplier may be unbounded over W: those where the gradients of the active constraints
    become dependent. None are needed where these are independent on all of A × W.
    """

    system: PolynomialSystem
    domain: Interval
    box: Box
    constraints: tuple[fmpz_mpoly, ...]
    objective: Terms
    escapes: tuple[Interval, ...] = ()

    @classmethod
    def of(
        cls,
        system: PolynomialSystem,
        domain: tuple[Fraction | int, Fraction | int],
        box: tuple[tuple[Fraction | int, Fraction | int], ...],
        constraints: tuple[Any, ...] = (),
        objective: Any = 0,
        escapes: tuple[Interval, ...] = (),
    ) -> Family:
        """The family with constraints and objective given as SymPy or flint polynomials.

        Raises:
            InvalidSystem: no parameter, not square, an empty interval, or too many walls.
        """
        if system.parameter is None:
            raise InvalidSystem("a family needs a system with a parameter")
        if not system.is_square:
            raise InvalidSystem(f"{system}: branches need as many equations as variables")
        sides = tuple((Fraction(lower), Fraction(upper)) for lower, upper in (domain, *box))
        if any(lower >= upper for lower, upper in sides):
            raise InvalidSystem("each interval of a family needs lower < upper")
        if len(box) > len(system.variables):
            raise InvalidSystem(f"{len(box)} walls for {len(system.variables)} variables")
        oriented = tuple(_oriented(terms_of(h, system.names), system) for h in constraints)
        terms = terms_of(objective, system.names)
        return cls(system, sides[0], sides[1:], oriented, terms, tuple(escapes))

    @property
    def multipliers(self) -> tuple[str, ...]:
        """The variables that are not confined to W."""
        return self.system.variables[len(self.box) :]

    @property
    def whole(self) -> PolynomialSystem:
        """F with α as the last variable."""
        return self.system.parameter_as_variable()

    def walls(self) -> tuple[fmpz_mpoly, ...]:
        """w_i − l_i and u_i − w_i, without denominators: positive inside W."""
        found = []
        for index, (lower, upper) in enumerate(self.box):
            gen, zero = self._exponent(index), self._exponent(None)
            for sign, end in ((1, lower), (-1, upper)):
                found.append(_oriented({gen: Fraction(sign), zero: -sign * end}, self.system))
        return tuple(found)

    def multiplier(self, index: int) -> fmpz_mpoly:
        """λ_index as a polynomial in the ring of the system."""
        return _oriented({self._exponent(len(self.box) + index): Fraction(1)}, self.system)

    def position(self, box: Box) -> int | None:
        """1: ``box`` (enclosing a solution) lies inside W; −1: outside; None: astride a wall."""
        sides = list(zip(box, self.box, strict=False))
        if any(upper < wall[0] or lower > wall[1] for (lower, upper), wall in sides):
            return -1
        if all(wall[0] < lower and upper < wall[1] for (lower, upper), wall in sides):
            return 1
        return None

    def _exponent(self, index: int | None) -> Monomial:
        return tuple(int(i == index) for i in range(len(self.system.names)))


def _oriented(terms: Terms, system: PolynomialSystem) -> fmpz_mpoly:
    """The primitive integer polynomial that is a *positive* multiple of ``terms``."""
    context = ring(system.names)
    polynomial = primitive(terms, context)
    if polynomial.is_zero():
        return polynomial
    leading = tuple(int(e) for e in polynomial.monoms()[0])
    return polynomial if Fraction(terms[leading]) > 0 else -polynomial
