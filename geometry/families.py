"""One-parameter families of polynomial systems over a box, as strata of cells give them.

    F(α; w, λ) = 0,   α ∈ A = [a, b],   w ∈ W,   h_k(α, w) ≥ 0 on the closed cell

F is square and has finitely many solutions for generic α; λ are multipliers. Branches are
looked for over the interior of the box W: its walls count as constraints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from flint import ctx, fmpz_mpoly

from geometry.balls import BallSystem
from geometry.boxes import Box, Interval, ball
from geometry.engines.system import Monomial, PolynomialSystem, Terms, primitive, ring, terms_of
from geometry.errors import InvalidSystem
from geometry.verdicts import Verdict

BITS = 256
"""Precision at which signs are looked at."""


@dataclass(frozen=True, eq=False)
class Family:
    """F with its interval A, box W, constraints and objective value; see :meth:`of`.

    The first ``len(box)`` variables are w, the others multipliers. ``constraints`` are the
    h_k, oriented so that h_k ≥ 0 on the cell; ``region`` are further conditions of W, > 0
    inside (walls of parameters that were solved for). ``escapes`` encloses the α at which a
    multiplier may be unbounded over W: those where the gradients of the active constraints
    become dependent. None are needed where these are independent on all of A × W.
    ``unknown`` says what of all this is not known, ``verdict`` what the rest rests on.
    """

    system: PolynomialSystem
    domain: Interval
    box: Box
    constraints: tuple[fmpz_mpoly, ...]
    objective: Terms
    escapes: tuple[Interval, ...] = ()
    region: tuple[fmpz_mpoly, ...] = ()
    unknown: tuple[str, ...] = ()
    verdict: Verdict = Verdict.PROVED

    @classmethod
    def of(
        cls,
        system: PolynomialSystem,
        domain: tuple[Fraction | int, Fraction | int],
        box: tuple[tuple[Fraction | int, Fraction | int], ...],
        constraints: tuple[Any, ...] = (),
        objective: Any = 0,
        escapes: tuple[Interval, ...] = (),
        region: tuple[Any, ...] = (),
        unknown: tuple[str, ...] = (),
        verdict: Verdict = Verdict.PROVED,
    ) -> Family:
        """The family with constraints, region and objective given as SymPy or flint polynomials.

        Constraints that are conditions of W already are left out.

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
        terms = terms_of(objective, system.names)
        bare = cls(system, sides[0], sides[1:], (), terms, tuple(escapes))
        known = list(bare.walls())
        more = _new(region, known, system)
        oriented = _new(constraints, known, system)
        return replace(bare, constraints=oriented, region=more, unknown=unknown, verdict=verdict)

    @property
    def proof(self) -> Verdict:
        """What the description of the family rests on."""
        return Verdict.UNRESOLVED if self.unknown else self.verdict

    @property
    def multipliers(self) -> tuple[str, ...]:
        """The variables that are not confined to W."""
        return self.system.variables[len(self.box) :]

    @property
    def whole(self) -> PolynomialSystem:
        """F with α as the last variable."""
        return self.system.parameter_as_variable()

    def walls(self) -> tuple[fmpz_mpoly, ...]:
        """w_i − l_i and u_i − w_i, without denominators, then ``region``: positive inside W."""
        found = []
        for index, (lower, upper) in enumerate(self.box):
            gen, zero = self._exponent(index), self._exponent(None)
            for sign, end in ((1, lower), (-1, upper)):
                found.append(_oriented({gen: Fraction(sign), zero: -sign * end}, self.system))
        return (*found, *self.region)

    def multiplier(self, index: int) -> fmpz_mpoly:
        """λ_index as a polynomial in the ring of the system."""
        return _oriented({self._exponent(len(self.box) + index): Fraction(1)}, self.system)

    def position(self, box: Box, alpha: Interval | None = None) -> int | None:
        """1: ``box`` (enclosing a solution) lies inside W; −1: outside; None: astride a wall.

        Where W has conditions in ``region``, they are looked at over ``alpha``.
        """
        sides = list(zip(box, self.box, strict=False))
        if any(upper < wall[0] or lower > wall[1] for (lower, upper), wall in sides):
            return -1
        inside = all(wall[0] < lower and upper < wall[1] for (lower, upper), wall in sides)
        signs = () if alpha is None else self.signs(self.region, box, alpha)
        if -1 in signs:
            return -1
        return 1 if inside and 0 not in signs else None

    def signs(
        self, polynomials: Sequence[fmpz_mpoly], box: Box, alpha: Interval
    ) -> tuple[int, ...]:
        """The signs of polynomials over box × alpha; 0: zero, or not the same everywhere."""
        if not polynomials:
            return ()
        values = PolynomialSystem(self.system.variables, tuple(polynomials), self.system.parameter)
        with ctx.workprec(BITS):
            found = BallSystem(values).values([ball(*side) for side in (*box, alpha)])
        return tuple((value > 0) - (value < 0) for value in found)

    def _exponent(self, index: int | None) -> Monomial:
        return tuple(int(i == index) for i in range(len(self.system.names)))


def _new(
    polynomials: Sequence[Any], known: list[fmpz_mpoly], system: PolynomialSystem
) -> tuple[fmpz_mpoly, ...]:
    """Those, oriented, that are not known, each once; they are known from then on."""
    found = []
    for polynomial in polynomials:
        oriented = _oriented(terms_of(polynomial, system.names), system)
        if oriented not in known:
            known.append(oriented)
            found.append(oriented)
    return tuple(found)


def _oriented(terms: Terms, system: PolynomialSystem) -> fmpz_mpoly:
    """The primitive integer polynomial that is a *positive* multiple of ``terms``."""
    context = ring(system.names)
    polynomial = primitive(terms, context)
    if polynomial.is_zero():
        return polynomial
    leading = tuple(int(e) for e in polynomial.monoms()[0])
    return polynomial if Fraction(terms[leading]) > 0 else -polynomial
