"""An objective restricted to {h_S = 0}, as far as the constraints can be solved.

A constraint h = c·x + r with a rational c ≠ 0 and r free of x says x = −r/c. On a set
that is a graph over the other variables, Lagrange's condition is the vanishing of the
gradient of the restriction: substituting for x removes one variable, one constraint and
its multiplier, and the solutions (w, λ) of the two systems correspond one to one with
their multiplicities, λ being a polynomial in w there. Walls and boundaries of a first
layer are all of this form, those of a later layer are where the unit has a bias.

What is left of a constraint says more: 0 = Σ q_k h_k with q_j = 1 makes ∇h_j a
combination of the other gradients at every point of {h_S = 0}; p = Σ q_k h_k with
p ∈ Q[α], p ≠ 0, proves that set empty wherever p(α) ≠ 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from flint import fmpq, fmpq_mpoly

from piecewise.cell_polynomials import SignCondition


@dataclass(frozen=True, eq=False)
class Combination:
    """Σ_k factors[k]·h_k = value, an identity of polynomials; ``label`` is that of the
    constraint which the others turn into ``value`` (its factor is 1)."""

    label: str
    factors: Mapping[str, fmpq_mpoly]
    value: fmpq_mpoly

    def holds(self, constraints: Sequence[SignCondition]) -> bool:
        """Whether the identity is true of these constraints."""
        total = 0 * self.value
        for constraint in constraints:
            if constraint.label in self.factors:
                total += self.factors[constraint.label] * constraint.polynomial
        return bool(total == self.value) and bool(self.factors[self.label].is_one())

    def __str__(self) -> str:
        terms = " + ".join(f"({factor})·[{label}]" for label, factor in self.factors.items())
        return f"{terms} = {self.value}"


@dataclass(frozen=True, eq=False)
class Reduction:
    """f on {h_S = 0}, in the ring of f.

    ``solved`` gives eliminated variables as polynomials in the ``variables`` that are left
    and the parameter; ``objective`` is f after these substitutions, ``constraints`` are
    those that could not be solved. ``redundant`` constraints follow from the others,
    a ``contradiction`` leaves nothing of {h_S = 0} for generic α.
    """

    objective: fmpq_mpoly
    variables: tuple[str, ...]
    solved: Mapping[str, fmpq_mpoly]
    constraints: tuple[SignCondition, ...]
    redundant: tuple[Combination, ...]
    contradiction: Combination | None

    @property
    def key(self) -> str:
        """A digest; equal keys mean the same set {h_S = 0} and the same f on it.

        For affine constraints the converse holds too: solved variable by variable they
        are in reduced echelon form, which depends on the set alone.
        """
        left = sorted(str(constraint.polynomial) for constraint in self.constraints)
        solved = [f"{name} = {value}" for name, value in self.solved.items()]
        parts = [*self.variables, "|", *sorted(solved), "|", *left, "|", str(self.objective)]
        return sha256("\n".join(parts).encode()).hexdigest()

    def restrict(self, polynomial: fmpq_mpoly) -> fmpq_mpoly:
        """A polynomial on {h_S = 0}: the solved variables substituted."""
        context = self.objective.context()
        gens = zip(context.names(), context.gens(), strict=True)
        return polynomial.compose(*(self.solved.get(name, gen) for name, gen in gens))

    def point(self, free: Mapping[str, fmpq]) -> dict[str, fmpq_mpoly]:
        """Every variable as a polynomial in the parameter, the free ones given (default 0)."""
        names = self.objective.context().names()
        gens = dict(zip(names, self.objective.context().gens(), strict=True))
        constant = self.objective.context().constant
        values = {name: constant(free.get(name, fmpq(0))) for name in self.variables}
        arguments = [values.get(name, gens[name]) for name in names]
        return {
            **values,
            **{name: value.compose(*arguments) for name, value in self.solved.items()},
        }


@dataclass
class _Row:
    """A constraint during elimination: polynomial = Σ factors[k]·h_k."""

    label: str
    polynomial: fmpq_mpoly
    factors: dict[str, fmpq_mpoly]


def reduce(
    objective: fmpq_mpoly, constraints: Sequence[SignCondition], variables: Sequence[str]
) -> Reduction:
    """Solve the constraints for as many of ``variables`` as possible, the first ones first.

    Affine constraints come first, so that their echelon form is the canonical one.
    """
    context = objective.context()
    one = context.constant(1)
    rows = [_Row(c.label, c.polynomial, {c.label: one}) for c in constraints]
    solved: dict[str, fmpq_mpoly] = {}
    while (found := _pivot(rows, variables)) is not None:
        row, name, coefficient = found
        index = context.names().index(name)
        value = context.gen(index) - row.polynomial / coefficient
        arguments = list(context.gens())
        arguments[index] = value
        rows.remove(row)
        for other in rows:
            _eliminate(other, row, arguments)
        objective = objective.compose(*arguments)
        solved = {known: p.compose(*arguments) for known, p in solved.items()}
        solved[name] = value
    left, redundant, contradiction = [], [], None
    for row in rows:
        combination = Combination(row.label, row.factors, row.polynomial)
        if row.polynomial.is_zero():
            redundant.append(combination)
        elif not involved(row.polynomial, variables):
            contradiction = contradiction or combination
        else:
            left.append(SignCondition(row.label, row.polynomial))
    free = tuple(name for name in variables if name not in solved)
    return Reduction(objective, free, solved, tuple(left), tuple(redundant), contradiction)


def _pivot(rows: Sequence[_Row], variables: Sequence[str]) -> tuple[_Row, str, fmpq] | None:
    for candidates in ([row for row in rows if row.polynomial.total_degree() == 1], rows):
        for name in variables:
            for row in candidates:
                coefficient = linear_coefficient(row.polynomial, name)
                if coefficient:
                    return row, name, coefficient
    return None


def linear_coefficient(polynomial: fmpq_mpoly, name: str) -> fmpq:
    """c where polynomial = c·x + r with a rational c and r free of x; 0 if it is not so."""
    index = polynomial.context().names().index(name)
    if polynomial.degrees()[index] != 1:
        return fmpq(0)
    slope = polynomial.derivative(index)
    return slope.leading_coefficient() if slope.is_constant() else fmpq(0)


def _eliminate(row: _Row, by: _Row, arguments: Sequence[fmpq_mpoly]) -> None:
    """row −= q·by with the q that removes the variable for which ``by`` is solved."""
    after = row.polynomial.compose(*arguments)
    quotient = (row.polynomial - after) / by.polynomial
    if quotient.is_zero():
        return
    row.polynomial = after
    for label, factor in by.factors.items():
        row.factors[label] = row.factors.get(label, 0) - quotient * factor


def involved(polynomial: fmpq_mpoly, variables: Sequence[str]) -> tuple[str, ...]:
    """Those of ``variables`` that occur in the polynomial, in their order."""
    degrees = dict(zip(polynomial.context().names(), polynomial.degrees(), strict=True))
    return tuple(name for name in variables if degrees[name] > 0)
