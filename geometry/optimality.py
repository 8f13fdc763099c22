"""First-order optimality on a stratum: the KKT and Fritz–John systems, exact.

A stratum is a polynomial f ∈ Q[α, w] on a cell with an active set S of constraints
h_j = 0. With the Lagrangian L = f + Σ_{j∈S} λ_j h_j its first-order system is

    F_S :  ∂L/∂w = 0,  ∂L/∂λ = h_S = 0,        d + s equations in (w, λ),

for every α. Cells are {h_j ≥ 0}, so a minimiser over the closed cell has λ_j ≤ 0. Where the
gradients of h_S are dependent a minimiser need not solve F_S; it solves the Fritz–John
system of L = λ_0 f + Σ λ_j h_j with (λ_0, λ) ≠ 0 [John 1948].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from flint import fmpq_mpoly, fmpq_mpoly_ctx

from geometry.engines import PolynomialSystem, read
from geometry.engines.system import terms_of
from geometry.errors import InvalidSystem
from geometry.ladders import Ladder, ladder
from geometry.printing import latex_system, sympy_equations
from geometry.reduction import Reduction, involved, reduce
from piecewise.cell_polynomials import SignCondition, constant_of, from_text, terms_as_text
from piecewise.exact import to_fmpq


@dataclass(frozen=True, eq=False)
class Stratum:
    """f = ``objective`` on {h = 0 for h in ``active``}, in one ring Q[parameter, w].

    ``inactive`` are the other constraints of the closed cell (h ≥ 0 on it) and ``centre``,
    where it is known, a rational w in the relative interior of the face; ``cell`` names
    the cell it was taken from. Build it with :meth:`of` (validates), or by
    :func:`geometry.strata`.
    """

    objective: fmpq_mpoly
    active: tuple[SignCondition, ...]
    variables: tuple[str, ...]
    parameter: str | None
    inactive: tuple[SignCondition, ...] = ()
    cell: str = ""
    centre: tuple[Fraction, ...] | None = None

    @classmethod
    def of(
        cls,
        objective: Any,
        variables: Sequence[Any],
        parameter: Any = None,
        active: Mapping[str, Any] | Iterable[Any] = (),
        inactive: Mapping[str, Any] | Iterable[Any] = (),
    ) -> Stratum:
        """The stratum of explicit SymPy or flint polynomials, for objectives that come from
        no network.

        Constraints are given with labels, or called h1, h2, … in order (active first).

        Raises:
            InvalidSystem: a polynomial outside Q[parameter, variables], or names that clash.
        """
        names = [str(variable) for variable in variables]
        names += [] if parameter is None else [str(parameter)]
        if len(set(names)) != len(names):
            raise InvalidSystem(f"the names {', '.join(names)} are not distinct")
        context = fmpq_mpoly_ctx.get(tuple(names), "degrevlex")

        def polynomial(expression: Any) -> fmpq_mpoly:
            terms = terms_of(expression, names)
            return context.from_dict({m: to_fmpq(Fraction(c)) for m, c in terms.items()})

        on = _labelled(active, 1)
        off = _labelled(inactive, 1 + len(on))
        if set(on) & set(off):
            raise InvalidSystem(f"the label {min(set(on) & set(off))} is given twice")
        return cls(
            polynomial(objective),
            tuple(SignCondition(label, polynomial(h)) for label, h in on.items()),
            tuple(str(variable) for variable in variables),
            None if parameter is None else str(parameter),
            tuple(SignCondition(label, polynomial(h)) for label, h in off.items()),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        polynomial = self.objective.context().names(), terms_as_text(self.objective)
        rest = (self.active, self.variables, self.parameter, self.inactive, self.cell, self.centre)
        return _restored, (polynomial, *rest)

    # -- unknowns --------------------------------------------------------------------

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of S."""
        return tuple(constraint.label for constraint in self.active)

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """The parameters that f or a constraint in S involves."""
        polynomials = [self.objective, *(constraint.polynomial for constraint in self.active)]
        used = {name for p in polynomials for name in involved(p, self.variables)}
        return tuple(name for name in self.variables if name in used)

    @property
    def dropped(self) -> tuple[str, ...]:
        """The other parameters: any value of theirs does (a dead unit)."""
        return tuple(name for name in self.variables if name not in self.kept)

    @cached_property
    def multipliers(self) -> dict[str, str]:
        """The name of λ_j for every label in S: lambda_1, lambda_2, …"""
        mark = "'" * max((name.count("'") + 1 for name in self._clashing), default=0)
        return {label: f"lambda_{i}{mark}" for i, label in enumerate(self.labels, start=1)}

    @property
    def _clashing(self) -> list[str]:
        return [n for n in (*self.variables, self.parameter or "") if n.startswith("lambda_")]

    # -- systems ---------------------------------------------------------------------

    def lagrangian(self, scale: str | None = None) -> fmpq_mpoly:
        """L = f + Σ λ_j h_j, in the ring of the kept parameters, the λ's and α.

        With a name for ``scale``: scale·f + Σ λ_j h_j.
        """
        extra = [] if scale is None else [scale]
        names = (*self.kept, *extra, *self.multipliers.values(), *self._parameters)
        context = fmpq_mpoly_ctx.get(names, "degrevlex")
        gens = dict(zip(names, context.gens(), strict=True))
        total = self.objective.project_to_context(context)
        if scale is not None:
            total *= gens[scale]
        for constraint in self.active:
            factor = gens[self.multipliers[constraint.label]]
            total += factor * constraint.polynomial.project_to_context(context)
        return total

    @property
    def _parameters(self) -> tuple[str, ...]:
        return () if self.parameter is None else (self.parameter,)

    def equations(self) -> list[fmpq_mpoly]:
        """The left sides of F_S: ∂L/∂w for the kept parameters, then h_S."""
        return _gradient(self.lagrangian(), (*self.kept, *self.multipliers.values()))

    def kkt(self) -> PolynomialSystem:
        """F_S in (w, λ) with the parameter α: what :func:`geometry.ladder` counts."""
        unknowns = (*self.kept, *self.multipliers.values())
        return _system(self.equations(), unknowns, self.parameter)

    def fritz_john(self, chart: Sequence[int] | None = None) -> PolynomialSystem:
        """λ_0 ∂f/∂w + Σ λ_j ∂h_j/∂w = 0, h_S = 0, chart·(λ_0, λ) = 1.

        The multipliers are a point of projective space. The chart, by default
        λ_0 + Σ λ_j = 1, misses those with chart·(λ_0, λ) = 0. ``(1, 0, …, 0)`` leaves the
        KKT system; ``(0, 1, …, 1)`` sees the solutions with λ_0 = 0 too, which are the
        points of {h_S = 0} with dependent gradients, whatever f.
        """
        zero = "lambda_0" + "'" * max((n.count("'") + 1 for n in self._clashing), default=0)
        lagrangian = self.lagrangian(zero)
        factors = [zero, *self.multipliers.values()]
        weights = [1] * len(factors) if chart is None else list(chart)
        gens = lagrangian.context().gens()
        places = [lagrangian.context().names().index(name) for name in factors]
        normal = sum((c * gens[i] for c, i in zip(weights, places, strict=True)), gens[0] * 0) - 1
        equations = _gradient(lagrangian, (*self.kept, *factors[1:]))
        return _system([*equations, normal], (*self.kept, *factors), self.parameter)

    # -- the restriction -------------------------------------------------------------

    @cached_property
    def reduction(self) -> Reduction:
        """f on {h_S = 0} with the constraints solved as far as they can be.

        Later parameters are solved for first: a bias has coefficient 1 in a boundary.
        """
        return reduce(self.objective, self.active, self.kept[::-1])

    @property
    def key(self) -> str:
        """Equal keys mean the same critical points and values, with multiplicities."""
        return self.reduction.key

    def restriction(self) -> Stratum:
        """The stratum of the reduction: fewer unknowns, the same critical points.

        Redundant constraints are left out; ``reduction.solved`` completes w of a solution.
        Inactive constraints are restricted as well, without those that have become a
        constant ≥ 0 or involve dropped parameters only (true at ``centre``). One that joins
        a dropped parameter to a kept one stays as it is.
        """
        return self._restriction

    @cached_property
    def _restriction(self) -> Stratum:
        reduced = self.reduction
        order = tuple(name for name in self.kept if name in reduced.variables)
        inactive = (SignCondition(c.label, reduced.restrict(c.polynomial)) for c in self.inactive)
        names = (*self.kept, *self._parameters)
        still_said = tuple(
            c
            for c in inactive
            if involved(c.polynomial, names)
            or (c.polynomial.is_constant() and constant_of(c.polynomial) < 0)
        )
        return Stratum(
            reduced.objective, reduced.constraints, order, self.parameter, still_said, self.cell
        )

    # -- answers ---------------------------------------------------------------------

    def ladder(self, **options: Any) -> Ladder:
        """The ladder of counts of F_S (:func:`geometry.ladder`)."""
        return ladder(self.kkt(), **options)

    def to_sympy(self) -> list[Any]:
        """F_S as SymPy equations, in the order of :meth:`equations`."""
        return sympy_equations(self.equations())

    def latex(self) -> str:
        """F_S as a LaTeX ``aligned`` block; needs SymPy."""
        return latex_system(self.equations())

    def __str__(self) -> str:
        where = f"cell {self.cell}" if self.cell else "stratum"
        on = f" on {', '.join(self.labels)}" if self.active else " inside"
        without = f" (without {', '.join(self.dropped)})" if self.dropped else ""
        return f"{where}{on}: f in {', '.join(self.kept) or 'no parameter'}{without}"


def _restored(polynomial: tuple[Sequence[str], Sequence[Any]], *rest: Any) -> Stratum:
    return Stratum(from_text(*polynomial), *rest)


def _labelled(constraints: Mapping[str, Any] | Iterable[Any], first: int) -> dict[str, Any]:
    if isinstance(constraints, Mapping):
        return dict(constraints)
    return {f"h{i}": h for i, h in enumerate(constraints, start=first)}


def _gradient(polynomial: fmpq_mpoly, names: Iterable[str]) -> list[fmpq_mpoly]:
    own = polynomial.context().names()
    return [polynomial.derivative(own.index(name)) for name in names]


def _system(
    equations: Sequence[fmpq_mpoly], unknowns: Sequence[str], parameter: str | None
) -> PolynomialSystem:
    if not unknowns:
        return PolynomialSystem((), (), parameter)
    return read(equations, unknowns, parameter)
