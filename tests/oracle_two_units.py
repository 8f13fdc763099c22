"""min f(α, ·) of two units without bias and with one input, by resultants: no enclosures.

On a quadrant f is a quartic in (w₁, w₂). Its critical points are found by eliminating w₂
exactly; with those on the axes and on the walls they contain a minimiser, and any point of W at
which f is evaluated bounds the minimum from above.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from piecewise.problems import Problem

RING = fmpq_mpoly_ctx.get(["a", "b"], "lex")


@dataclass(frozen=True)
class Least:
    """A minimiser with its value; ``kind`` tells signs, and whether both weights are equal."""

    value: float
    w: tuple[float, float]

    @property
    def kind(self) -> tuple[int, int, bool]:
        a, b = self.w
        size = 1e-7
        signs = [0 if abs(x) < size else int(np.sign(x)) for x in (a, b)]
        return signs[0], signs[1], abs(a - b) < 1e-6 * (1 + abs(a))


def least(problem: Problem, alpha: Fraction, weights: tuple[int, int]) -> Least:
    """The minimum over the box, weights in increasing order where they may be exchanged."""
    low, high = float(problem.parameters[0].lower), float(problem.parameters[0].upper)
    points: list[tuple[float, float]] = []
    for signs in product((1, -1), repeat=2):
        points += _critical(_quartic(problem, alpha, signs, weights))
        for axis in (0, 1):
            for at in (0, low, high):
                own = _quartic(problem, alpha, signs, weights)
                points += [
                    (at, x) if axis == 0 else (x, at) for x in _on_line(own, axis, Fraction(at))
                ]
    points += list(product((0.0, low, high), repeat=2))
    inside = [p for p in points if all(low <= x <= high for x in p)]
    values = [_f(problem, float(alpha), weights, p) for p in inside]
    best = int(np.argmin(values))
    w = inside[best]
    if weights[0] == weights[1]:
        w = (min(w), max(w))
    return Least(values[best], w)


def changes(
    problem: Problem, weights: tuple[int, int], alphas: list[Fraction]
) -> list[tuple[str, float]]:
    """Breakpoints by bisection where the kind of minimiser changes, or the minimiser jumps."""
    found: list[tuple[str, float]] = []
    for left, right in pairwise(alphas):
        _between(problem, weights, (left, least(problem, left, weights)),
                 (right, least(problem, right, weights)), found)  # fmt: skip
    return found


def _between(
    problem: Problem,
    weights: tuple[int, int],
    left: tuple[Fraction, Least],
    right: tuple[Fraction, Least],
    found: list[tuple[str, float]],
) -> None:
    (a, p), (b, q) = left, right
    moved = max(abs(x - y) for x, y in zip(p.w, q.w, strict=True))
    if p.kind == q.kind and moved < 0.3:
        return
    if b - a < Fraction(1, 10**7):
        found.append(("kink" if moved > 0.05 else "smooth", float(a + b) / 2))
        return
    middle = (a + b) / 2
    here = (middle, least(problem, middle, weights))
    _between(problem, weights, left, here, found)
    _between(problem, weights, here, right, found)


def _f(problem: Problem, alpha: float, weights: tuple[int, int], w: tuple[float, float]) -> float:
    total = 0.0
    for (x,), y in zip(problem.inputs, problem.targets, strict=True):
        residual = -float(y)
        for v, weight in zip(w, weights, strict=True):
            z = v * float(x)
            residual += weight * (alpha * max(z, 0.0) + (1 - alpha) * z * z)
        total += residual**2
    return total / len(problem.targets)


def _quartic(
    problem: Problem, alpha: Fraction, signs: tuple[int, ...], weights: tuple[int, int]
) -> fmpq_mpoly:
    a = fmpq(alpha.numerator, alpha.denominator)
    total = RING.constant(0)
    for (x,), y in zip(problem.inputs, problem.targets, strict=True):
        at = fmpq(x.numerator, x.denominator)
        residual = RING.constant(-fmpq(y.numerator, y.denominator))
        for v, sign, weight in zip(RING.gens(), signs, weights, strict=True):
            z = v * at
            residual += weight * ((a * z if sign * at > 0 else 0 * z) + (1 - a) * z * z)
        total += residual**2
    return total / len(problem.targets)


def _critical(f: fmpq_mpoly) -> list[tuple[float, float]]:
    first, second = f.derivative(0), f.derivative(1)
    common = first.gcd(second)
    first, second = first / common, second / common
    eliminant = first.resultant(second, 1)
    assert not eliminant.is_zero()
    found = []
    for a in _real_roots(eliminant, 0):
        for b in _floats(f.derivative(1), a):
            point = np.array([a, b])
            for _ in range(40):
                g, h = _derivatives(f, point)
                step = np.linalg.lstsq(h, -g, rcond=1e-14)[0]
                point = point + step
                if np.max(np.abs(step)) < 1e-15 or not np.max(np.abs(point)) < 1e3:
                    break
            if np.max(np.abs(point)) < 1e3:
                found += [(float(point[0]), float(point[1])), (a, b)]
    return found


def _on_line(f: fmpq_mpoly, axis: int, at: Fraction) -> list[float]:
    value = fmpq(at.numerator, at.denominator)
    fixed = f.compose(
        *(RING.constant(value) if i == axis else g for i, g in enumerate(RING.gens())), ctx=RING
    )
    return _real_roots(fixed.derivative(1 - axis), 1 - axis)


def _real_roots(f: fmpq_mpoly, variable: int) -> list[float]:
    rows = {int(monomial[variable]): c for monomial, c in f.terms()}
    if max(rows, default=0) == 0:
        return []
    whole = fmpq_poly([rows.get(k, fmpq(0)) for k in range(max(rows) + 1)])
    roots = whole.numer().complex_roots()
    return [float(root.real.mid()) for root, _ in roots if abs(float(root.imag.mid())) < 1e-9]


def _floats(f: fmpq_mpoly, a: float) -> list[float]:
    rows = np.zeros(8)
    for monomial, c in f.terms():
        rows[int(monomial[1])] += a ** int(monomial[0]) * int(c.p) / int(c.q)
    roots = np.polynomial.Polynomial(rows).trim(1e-14).roots()
    return [float(z.real) for z in roots if abs(z.imag) < 1e-4]


def _derivatives(f: fmpq_mpoly, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    g, h = np.zeros(2), np.zeros((2, 2))
    for monomial, c in f.terms():
        e = [int(k) for k in monomial]
        value = int(c.p) / int(c.q)
        for i in range(2):
            for j in range(2):
                lowered = e.copy()
                factor = value
                for k in (i, j):
                    factor *= lowered[k]
                    lowered[k] -= 1
                if factor:
                    h[i, j] += factor * point[0] ** lowered[0] * point[1] ** lowered[1]
            if e[i]:
                lowered = e.copy()
                lowered[i] -= 1
                g[i] += value * e[i] * point[0] ** lowered[0] * point[1] ** lowered[1]
    return g, h
