"""The stationary point of a face with kinks, over Q(α), by interpolation.

On a face with the minorant (w, 1)ᵀG(w, 1) = wᵀHw + ℓ·w + c, the rows B = (a_j; m_k) of
active constraints a_j·w = b_j and kinks m_k·w = n_k held at 0, the system

    K (w; μ) = (−ℓ; b),     K = [[2H, −Bᵀ], [B, 0]],

has the solution N/D with D = det K. K + Kᵀ ⪰ 0 for α ∈ A, so D ≥ 0 there. By Cramer's rule
the degrees of D and N are at most the sums of the largest degrees in the rows of (K | right
side), so exact solutions at one more rational α with D ≠ 0 determine them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_poly

from pieceproof.checking.kinks import Face
from pieceproof.checking.reading import Refuted

ZERO = fmpq_poly()


@dataclass(frozen=True)
class KinkedPoint:
    """v = value/divisor with divisor ≥ 0 on A; ``ranges`` must be ≥ 0 where v is a lower bound.

    They are the multipliers λ_j of the constraints and ρ_k ± μ_k for the kinks at 0, times
    divisors that are ≥ 0 on A; each with the label that it belongs to.
    """

    value: fmpz_poly
    divisor: fmpz_poly
    ranges: tuple[tuple[str, fmpz_poly], ...]


@dataclass(frozen=True)
class Equation:
    """A row of B; it is strict where all ``margins`` are > 0."""

    row: list[fmpq_poly]
    margins: tuple[fmpz_poly, ...]


@dataclass(frozen=True)
class Solution:
    """The stationary point as a point: w_i = point[i]/determinant for the live parameters i.

    ``matrix`` is H on all parameters.
    """

    bound: KinkedPoint
    point: dict[int, fmpq_poly]
    determinant: fmpq_poly
    matrix: list[list[fmpq_poly]]
    equations: tuple[Equation, ...]


def kinked_point(face: Face, scale: fmpz) -> KinkedPoint:
    """Value and multipliers of the stationary point of a face, for f = minorant/scale.

    Raises:
        Refuted: the point is not unique for any α.
    """
    return solve_face(face, scale).bound


def solve_face(face: Face, scale: fmpz) -> Solution:
    """The stationary point of a face, for f = minorant/scale.

    Raises:
        Refuted: the point is not unique for any α.
    """
    width = face.gram[0].ncols() - 1
    entries = [
        [fmpq_poly([part[i, j] for part in face.gram]) for j in range(width + 1)]
        for i in range(width + 1)
    ]
    rows = [_dense(((p, fmpq_poly([v])) for p, v in row), width, -1) for row in face.rows]
    rows += [_dense(kink.form, width, 1) for kink in face.zeros]
    live = [i for i in range(width) if any(entries[i]) or any(row[i] for row in rows)]
    system = [
        [*(2 * entries[i][j] for j in live), *(-row[i] for row in rows), -2 * entries[i][width]]
        for i in live
    ]
    system += [[*(row[j] for j in live), *([ZERO] * len(rows)), row[width]] for row in rows]
    solution, determinant = _solve(system)
    point, multipliers = solution[: len(live)], solution[len(live) :]
    value = entries[width][width] * determinant
    for i, coordinate in zip(live, point, strict=True):
        value += entries[i][width] * coordinate
    for row, multiplier in zip(rows, multipliers, strict=True):
        value += row[width] * multiplier / 2
    ranges = list(zip(face.labels, multipliers, strict=False))
    for kink, multiplier in zip(face.zeros, multipliers[len(face.rows) :], strict=True):
        limit = kink.weight * determinant
        ranges += [(kink.name, limit - multiplier), (kink.name, limit + multiplier)]
    divisor = determinant * scale
    common = fmpz(value.denom()).lcm(fmpz(divisor.denom()))
    bounds = [bound.numer() for _, bound in ranges]
    count = len(face.rows)
    margins: list[tuple[fmpz_poly, ...]] = [(bound,) for bound in bounds[:count]]
    margins += [(bounds[k], bounds[k + 1]) for k in range(count, len(bounds), 2)]
    return Solution(
        KinkedPoint(
            (value * common).numer(),
            (divisor * common).numer(),
            tuple((label, bound) for (label, _), bound in zip(ranges, bounds, strict=True)),
        ),
        dict(zip(live, point, strict=True)),
        determinant,
        [row[:width] for row in entries[:width]],
        tuple(Equation(row[:width], own) for row, own in zip(rows, margins, strict=True)),
    )


def full_point(solution: Solution, inside: Sequence[fmpq]) -> list[fmpq_poly]:
    """The coordinates of w_S and their divisor; those without influence are those of ``inside``."""
    divisor = solution.determinant
    return [
        *(solution.point.get(i, divisor * value) for i, value in enumerate(inside)),
        divisor,
    ]


def uniqueness(solution: Solution, strict: Sequence[bool]) -> fmpz_poly:
    """A polynomial with the sign of det(H + Σ_{strict} r rᵀ) on A, where that is ≥ 0."""
    matrix = [list(row) for row in solution.matrix]
    places = range(len(matrix))
    for equation, counts in zip(solution.equations, strict, strict=True):
        support = [i for i in places if equation.row[i]] if counts else []
        for i in support:
            for j in support:
                matrix[i][j] = matrix[i][j] + equation.row[i] * equation.row[j]
    degree = sum(max(max((p.degree() for p in row), default=0), 0) for row in matrix)
    nodes = [fmpq(k) for k in range(degree + 1)]
    size = len(matrix)
    values = [fmpq_mat(size, size, [p(at) for row in matrix for p in row]).det() for at in nodes]
    weights = _interpolation(tuple(range(degree + 1)))
    table = weights * fmpq_mat(len(values), 1, values)
    return fmpq_poly(list(table.entries())).numer()


def _dense(row: object, width: int, sign: int) -> list[fmpq_poly]:
    """(m, n) of m·w = n from a form m·w − n (sign 1) or a row (m, n) (sign −1)."""
    dense = [ZERO] * (width + 1)
    for position, entry in row:  # type: ignore[attr-defined]
        dense[position] = -sign * entry if position == width else entry
    return dense


def _solve(system: list[list[fmpq_poly]]) -> tuple[list[fmpq_poly], fmpq_poly]:
    """(N, D) of the augmented system, interpolated."""
    size = len(system)
    degree = sum(max(max((p.degree() for p in row), default=0), 0) for row in system)
    samples: list[list[fmpq]] = []
    nodes: list[fmpq] = []
    at = misses = 0
    while len(nodes) <= degree:
        alpha = fmpq(at // 2 + 1 if at % 2 else -(at // 2))
        at += 1
        numbers = [[entry(alpha) for entry in row] for row in system]
        matrix = fmpq_mat(size, size, [entry for row in numbers for entry in row[:-1]])
        determinant = matrix.det() if size else fmpq(1)
        if determinant == 0:
            misses += 1
            if misses > degree:  # the determinant has more roots than its degree allows
                raise Refuted("the stationarity equations do not have one solution")
            continue
        right = fmpq_mat(size, 1, [row[-1] for row in numbers])
        solution = list(matrix.solve(right).entries()) if size else []
        nodes.append(alpha)
        samples.append([*(determinant * value for value in solution), determinant])
    weights = _interpolation(tuple(int(node.p) for node in nodes))
    table = (weights * fmpq_mat(samples)).transpose().tolist()
    polynomials = [fmpq_poly(row) for row in table]
    return polynomials[:-1], polynomials[-1]


@lru_cache(maxsize=64)
def _interpolation(nodes: tuple[int, ...]) -> fmpq_mat:
    """The matrix that sends values at integer nodes to coefficients."""
    size = len(nodes)
    return fmpq_mat(size, size, [fmpq(node) ** k for node in nodes for k in range(size)]).inv()
