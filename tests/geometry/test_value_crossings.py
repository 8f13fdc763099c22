"""Two routes to where branches of two strata have one value: events and tubes against roots of
Res_v(P_S, P_S′)."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from flint import fmpq, fmpz_mpoly, fmpz_poly

from geometry.algebraic import roots_of
from geometry.branch_values import ValueFunction
from geometry.branches import BranchDiagram, branch_diagram
from geometry.engines import Limits, Msolve
from geometry.events import EventKind
from geometry.optimality import Stratum
from geometry.resultants import CriticalValueCurve, critical_value_curve, resultant
from geometry.stratification import strata
from geometry.stratum_families import stratum_family
from piecewise import FeedForward, Interpolated, Problem, relu, square
from piecewise.exact import to_fmpq
from piecewise.polynomial_objective import PiecewiseObjective

LIMITS = Limits(seconds=60)
PROBLEM = Problem(
    FeedForward([1], Interpolated(relu, square)),
    inputs=[[1], [2], [4], [7]],
    targets=[1, -1, 2, 3],
    interval=(0, 1),
    box=(-1000, 1000),
)
BOX = {p.name: (p.lower, p.upper) for p in PROBLEM.parameters}


def curve(stratum: Stratum) -> CriticalValueCurve:
    restricted = stratum.restriction()
    found = critical_value_curve(
        restricted.kkt(), restricted.objective, engines=(Msolve(),), limits=LIMITS
    )
    assert isinstance(found, CriticalValueCurve)
    return found


def in_alpha(polynomial: fmpz_mpoly) -> fmpz_poly:
    place = polynomial.context().names().index("alpha")
    total = fmpz_poly([0])
    for monomial, coefficient in polynomial.terms():
        total += fmpz_poly([0] * int(monomial[place]) + [coefficient])
    return total


def value_at(diagram: BranchDiagram, values: ValueFunction, alpha: Fraction) -> list[Fraction]:
    """The values of all branches over α, from their tubes."""
    found = []
    for gap in diagram.gaps:
        if not gap.alpha[0] < alpha < gap.alpha[1]:
            continue
        for branch in gap.branches:
            tube = branch.down if alpha < gap.sample else branch.up
            for piece in tube.pieces:
                if piece.alpha[0] <= alpha <= piece.alpha[1]:
                    low, high = values.at(alpha, piece.at(alpha))
                    found.append((low + high) / 2)
                    break
    return found


@pytest.mark.skipif(not Msolve().is_available(), reason="msolve is not installed")
def test_values_of_a_cell_and_of_its_face_meet_at_roots_of_the_resultant():
    found = list(strata(PiecewiseObjective(PROBLEM), 1))
    cell = next(s for s in found if s.cell == "1" and not s.active)
    face = next(
        s for s in found if s.active and s.labels[0] in {c.label for c in cell.inactive}
        and s.labels[0].startswith("u1")
    )  # fmt: skip
    diagrams = [
        branch_diagram(stratum_family(s, (0, 1), BOX), engines=(Msolve(),), limits=LIMITS)
        for s in (cell, face)
    ]
    meet = in_alpha(
        resultant(*(curve(s).branches.polynomial for s in (cell, face)), "v").polynomial
    )
    roots = roots_of(meet, fmpq(0), fmpq(1))
    # A critical point of the cell that lies on the face is one of the face.
    own = [str(h) for h in diagrams[0].family.constraints]
    crossed = next(i for i, h in enumerate(own) if h in _restated(cell, face.labels[0]))
    crossings = [e for e in diagrams[0].events.of_kind(EventKind.CROSSING) if e.index == crossed]
    assert crossings
    for event in crossings:
        low, high = (to_fmpq(side) for side in event.alpha)
        assert any(r.compare_rational(low) >= 0 >= r.compare_rational(high) for r in roots)
    # Between two α the values change order only if a root lies between.
    functions = [ValueFunction(d.family) for d in diagrams]
    changes = 0
    for gap in diagrams[0].gaps:
        alphas = [
            gap.alpha[0] + (gap.alpha[1] - gap.alpha[0]) * Fraction(k, 12) for k in range(1, 12)
        ]
        counts = [
            [sorted(value_at(d, f, alpha)) for d, f in zip(diagrams, functions, strict=True)]
            for alpha in alphas
        ]
        for (first, one), (last, other) in pairwise(zip(alphas, counts, strict=True)):
            if [len(v) for v in one] != [len(v) for v in other]:
                continue  # an event of the face lies between
            below = [[sum(v < w for v in row[0]) for w in row[1]] for row in (one, other)]
            if below[0] != below[1]:
                changes += 1
                assert any(
                    r.compare_rational(to_fmpq(first)) > 0 > r.compare_rational(to_fmpq(last))
                    for r in roots
                )
    assert changes


def _restated(cell: Stratum, label: str) -> set[str]:
    """The constraint with a label as families write it."""
    (condition,) = [c for c in cell.inactive if c.label == label]
    again = Stratum(
        cell.objective, (), cell.variables, cell.parameter, (condition,), cell.cell, cell.centre
    )
    return {str(h) for h in stratum_family(again, (0, 1), BOX).constraints}
