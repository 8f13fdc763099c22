"""The stationary point of a convex quadratic on a face whose rows depend on α.

For κ·f = wᵀHw − 2g·w + c on {Bw = b} the system

    K (w; μ) = (2g; b),     K = [[2H, −Bᵀ], [B, 0]],

has the solution N/D with D = ±det K, found by elimination without fractions [Bareiss 1968].
K + Kᵀ ⪰ 0 for every real α, so det K >= 0. At the stationary point 2Hw − 2g = Bᵀμ, hence
wᵀHw = g·w + ½ μ·b and κ·f = c − g·w + ½ μ·b. Where μ >= 0 that is a lower bound of
κ·f on {Bw >= b}, whatever other constraints there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from pieceproof.checking.convolutions import Quadratic
from pieceproof.checking.kinkedpoints import KinkedPoint
from pieceproof.checking.problems import Parameter
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.signs import sign

ZERO = fmpz_poly()


Constraint = tuple[list[fmpq_poly], fmpq]
"""(row, level) of row·w >= level."""


def wall_constraints(parameters: Sequence[Parameter]) -> dict[str, Constraint]:
    """The walls of the box by their labels, ``w1_x1:lower`` and ``w1_x1:upper``."""
    found: dict[str, Constraint] = {}
    for index, parameter in enumerate(parameters):
        for name, side, wall in (("lower", 1, parameter.lower), ("upper", -1, parameter.upper)):
            row = [fmpq_poly()] * len(parameters)
            row[index] = fmpq_poly([side])
            found[f"{parameter.name}:{name}"] = row, side * wall
    return found


def _named(active: Node, known: Mapping[str, Constraint]) -> list[tuple[str, Constraint]]:
    """The stated constraints.

    Raises:
        CertificateError: a label that is none of ``known``.
    """
    for node in active:
        if node.text() not in known:
            raise node.wrong("the label of a wall or of a boundary")
    return [(label, known[label]) for label in active.texts()]


def point_on_face(
    quadratic: Quadratic, kappa: fmpq_poly, active: Node, known: Mapping[str, Constraint]
) -> KinkedPoint:
    """:func:`bordered_point` where the constraints named by ``active`` hold with equality.

    Raises:
        CertificateError: a label that is none of ``known``.
        Refuted: there is no unique stationary point over Q(α).
    """
    chosen = _named(active, known)
    return bordered_point(
        quadratic,
        kappa,
        [label for label, _ in chosen],
        [row for _, (row, _) in chosen],
        [level for _, (_, level) in chosen],
    )


def check_on_face(
    active: Node, known: Mapping[str, Constraint], numerators: Sequence[fmpq_poly], below: fmpz_poly
) -> None:
    """That the constraints named by ``active`` hold with equality at numerators/below.

    Raises:
        CertificateError: a label that is none of ``known``.
        Refuted: one does not.
    """
    for node, (label, (row, level)) in zip(active, _named(active, known), strict=True):
        total = -fmpq_poly(below) * level
        for a, p in zip(row, numerators, strict=True):
            total += a * p
        if total:
            raise Refuted(f"{node.path}: the minimiser is not on {label}")


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
