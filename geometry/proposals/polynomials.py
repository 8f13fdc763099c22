"""One exact polynomial in (α, x) with its derivatives, in floating point."""

from __future__ import annotations

import numpy as np
from flint import fmpq_mpoly, fmpq_mpoly_ctx

from geometry.proposals.floats import Local, Pattern
from geometry.proposals.loops import MOST_STEPS, Array, Integers
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem

FAR = 1e9
"""Newton's method has lost its way beyond."""


class FloatPolynomial:
    """f ∈ Q[α, x], x in R^d; coordinate 0 of derivatives is α."""

    def __init__(self, polynomial: fmpq_mpoly, d: int) -> None:
        self.n = 1 + d
        self.value = _terms(polynomial, self.n)
        first = [polynomial.derivative(i) for i in range(self.n)]
        self.lower = np.tril_indices(self.n)
        second = [first[i].derivative(j) for i, j in np.transpose(self.lower).tolist()]
        parts = [_terms(each, self.n) for each in (polynomial, *first, *second)]
        self.powers, self.factors = (np.concatenate(rows) for rows in zip(*parts, strict=True))
        self.starts = np.cumsum([0, *(len(factors) for _, factors in parts[:-1])])

    def values(self, alpha: float, points: Array) -> Array:
        """f at many points (B, d)."""
        rows = np.concatenate([np.full((len(points), 1), alpha), points], axis=1)
        powers, factors = self.value
        found: Array = np.prod(rows[:, None, :] ** powers[None], axis=2) @ factors
        return found

    def local(self, alpha: float, point: Array) -> Local:
        """Value, gradient and Hessian at one point; there are no pre-activations."""
        at, n = np.concatenate([[alpha], point]), self.n
        terms = np.prod(at[None] ** self.powers, axis=1) * self.factors
        found = np.add.reduceat(terms, self.starts)
        hessian, (rows, columns) = np.zeros((n, n)), self.lower
        hessian[rows, columns] = hessian[columns, rows] = found[1 + n :]
        return Local(
            float(found[0]), found[1 : 1 + n], hessian,
            np.zeros((0, 0)), np.zeros((0, 0, n)), np.zeros((0, 0, n, n)),
        )  # fmt: skip

    def newton(self, alpha: float, start: Array, free: Integers) -> tuple[bool, Array, Array]:
        """A point near ``start`` at which ∂f vanishes in the coordinates ``free``."""
        point, own, last, none = start.copy(), 1 + free, np.inf, np.zeros(0)
        for _ in range(MOST_STEPS):
            local = self.local(alpha, point)
            try:
                step = np.linalg.solve(local.hessian[np.ix_(own, own)], -local.gradient[own])
            except np.linalg.LinAlgError:
                return False, point, none
            point[free] += step
            if not np.all(np.isfinite(point)) or np.max(np.abs(point)) > FAR:
                return False, point, none
            size = float(np.max(np.abs(step) / np.maximum(1.0, np.abs(point[free]))))
            if size < 1e-13 or (size < 1e-9 and size >= last):
                return True, point, none
            last = size
        return False, point, none


class FloatPolynomialObjective:
    """A polynomial problem, as :class:`~geometry.proposals.floats.FloatObjective` for networks."""

    units = 0

    def __init__(self, problem: Problem, model: Polynomial) -> None:
        self.problem = problem
        self.d = len(model.names)
        self.lower = np.array([float(p.lower) for p in problem.parameters])
        self.upper = np.array([float(p.upper) for p in problem.parameters])
        self.y, self.points = np.zeros(0), np.zeros(0)
        self.ring = fmpq_mpoly_ctx.get(["alpha", *model.names], "degrevlex")
        self.polynomial = model.exact(self.ring)
        self.floats = FloatPolynomial(self.polynomial, self.d)

    def values(self, alpha: float, w: Array) -> Array:
        """f at many points (B, d)."""
        return self.floats.values(alpha, w)

    def local(self, alpha: float, w: Array, pattern: Pattern | None = None) -> Local:
        """f with its derivatives at one point."""
        return self.floats.local(alpha, w)

    def newton(
        self, alpha: float, point: Array, pattern: Pattern, free: Integers, active: Integers,
        multipliers: Array,
    ) -> tuple[bool, Array, Array]:  # fmt: skip
        """Newton's method; there are no boundaries."""
        return self.floats.newton(alpha, point, free)

    def piece(self, z: Array) -> Pattern:
        """The one pattern."""
        return np.zeros((0, 0), dtype=np.int64)

    def pattern(self, alpha: float, w: Array) -> Pattern:
        """The one pattern."""
        return self.piece(w)

    def exact(self, pattern: Pattern) -> fmpq_mpoly:
        """f, in Q[α, w]."""
        return self.polynomial

    def symmetries(
        self,
    ) -> tuple[tuple[tuple[tuple[int, ...], ...], ...], tuple[tuple[int, ...], ...]]:
        """Classes of parameters that may be exchanged, and those whose sign may be changed."""
        if self.d > 4:
            return (), ()
        ranges = [(p.lower, p.upper) for p in self.problem.parameters]
        variables = list(self.ring.gens())
        classes: list[list[int]] = []
        for i in range(self.d):
            for members in classes:
                j = members[0]
                swapped = variables.copy()
                swapped[1 + i], swapped[1 + j] = variables[1 + j], variables[1 + i]
                if ranges[i] == ranges[j] and self._is_unchanged(swapped):
                    members.append(i)
                    break
            else:
                classes.append([i])
        flips = []
        for i in range(self.d):
            negated = variables.copy()
            negated[1 + i] = -variables[1 + i]
            if ranges[i][0] == -ranges[i][1] and self._is_unchanged(negated):
                flips.append((i,))
        own = tuple(tuple((i,) for i in members) for members in classes if len(members) > 1)
        return own, tuple(flips)

    def _is_unchanged(self, variables: list[fmpq_mpoly]) -> bool:
        return bool(self.polynomial.compose(*variables, ctx=self.ring) == self.polynomial)


def _terms(polynomial: fmpq_mpoly, n: int) -> tuple[Array, Array]:
    listed = [(list(map(int, monomial)), int(c.p) / int(c.q)) for monomial, c in polynomial.terms()]
    listed = listed or [([0] * n, 0.0)]
    powers = np.array([monomial for monomial, _ in listed], dtype=float).reshape(len(listed), n)
    return powers, np.array([factor for _, factor in listed])
