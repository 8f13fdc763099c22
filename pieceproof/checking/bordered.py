"""The stationary point of a convex quadratic on a face whose rows depend on α.

For κ·f = wᵀHw − 2g·w + c on {Bw = b} the system

    K (w; μ) = (2g; b),     K = [[2H, −Bᵀ], [B, 0]],

has the solution N/D with D = ±det K, found by elimination without fractions [Bareiss 1968].
K + Kᵀ ⪰ 0 for every real α, so det K >= 0. At the stationary point 2Hw − 2g = Bᵀμ, hence
wᵀHw = g·w + ½ μ·b and κ·f = c − g·w + ½ μ·b. Where μ >= 0 that is a lower bound of
κ·f on {Bw >= b}, whatever other constraints there are.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from pieceproof.checking.convolutions import Quadratic
from pieceproof.checking.kinkedpoints import KinkedPoint
from pieceproof.checking.reading import Refuted
from pieceproof.checking.signs import sign

ZERO = fmpz_poly()


def bordered_point(
    quadratic: Quadratic,
    kappa: fmpq_poly,
    labels: Sequence[str],
    rows: Sequence[Sequence[fmpq_poly]],
    levels: Sequence[fmpq],
) -> KinkedPoint:
    """Value and multipliers of the stationary point on {rows·w = levels}.

    Raises:
        Refuted: there is no unique stationary point over Q(α).
    """
    size = len(quadratic.linear)
    system = [
        [
            *(2 * p for p in quadratic.hessian[i]),
            *(-row[i] for row in rows),
            2 * quadratic.linear[i],
        ]
        for i in range(size)
    ]
    system += [
        [*row, *[fmpq_poly()] * len(rows), fmpq_poly([level])]
        for row, level in zip(rows, levels, strict=True)
    ]
    solution, determinant = _solve([_integral(row) for row in system])
    point, multipliers = solution[:size], solution[size:]
    value = quadratic.constant * fmpq_poly(determinant)
    for g, n in zip(quadratic.linear, point, strict=True):
        value -= g * fmpq_poly(n)
    for level, m in zip(levels, multipliers, strict=True):
        value += fmpq_poly(m) * level / 2
    divisor = kappa * fmpq_poly(determinant)
    common = value.denom().lcm(divisor.denom())
    return KinkedPoint(
        (value * common).numer(),
        (divisor * common).numer(),
        tuple(zip(labels, multipliers, strict=True)),
    )


def _integral(row: Sequence[fmpq_poly]) -> list[fmpz_poly]:
    scale = fmpz(1)
    for p in row:
        scale = scale.lcm(p.denom())
    return [(p * scale).numer() for p in row]


def _solve(rows: list[list[fmpz_poly]]) -> tuple[list[fmpz_poly], fmpz_poly]:
    """(N, D) with matrix·N = D·right for rows (matrix | right), D >= 0 where det keeps one sign."""
    size, last = len(rows), fmpz_poly([1])
    for k in range(size):
        place = min(
            (i for i in range(k, size) if rows[i][k]),
            key=lambda i: rows[i][k].degree(),
            default=None,
        )
        if place is None:
            raise Refuted("the stationarity equations do not have one solution")
        rows[k], rows[place] = rows[place], rows[k]
        pivot = rows[k][k]
        for i in range(size):  # Gauss–Jordan: what is left is last·identity
            if i != k:
                factor = rows[i][k]
                rows[i] = [
                    ZERO if j < k else (pivot * a - factor * b) // last
                    for j, (a, b) in enumerate(zip(rows[i], rows[k], strict=True))
                ]
        for i in range(k):
            rows[i][i] = pivot
        last = pivot
    at = fmpq(0)
    while last(at) == 0:
        at += 1
    turn = sign(last(at))
    return [turn * row[-1] for row in rows], turn * last
