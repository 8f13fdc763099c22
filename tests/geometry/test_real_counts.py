"""Counts on every gap against another engine at random α, on random strata of small networks."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from flint import fmpq

from geometry.branches import branch_diagram
from geometry.engines import Engine, Limits, Msolve
from geometry.engines.exact_worker import FlintLibrary
from geometry.engines.protocol import GroebnerBasis
from geometry.engines.quotient import QuotientAlgebra, krull_dimension
from geometry.engines.system import PolynomialSystem
from geometry.families import Family
from geometry.optimality import Stratum
from geometry.stratification import strata
from geometry.stratum_families import stratum_family
from geometry.verdicts import Verdict
from piecewise import (
    FeedForward,
    Interpolated,
    PiecewisePolynomial,
    Problem,
    hard_tanh,
    identity,
    relu,
    relu2,
    square,
)
from piecewise.exact import to_fmpq
from piecewise.polynomial_objective import PiecewiseObjective

LIMITS = Limits(seconds=30)
PAIRS = [(relu, square), (relu2, identity), (hard_tanh, square)]
ENGINES: tuple[Engine, ...] = (Msolve(),)


def solutions(system: PolynomialSystem) -> list[list[Fraction]]:
    """The real solutions by an exact Gröbner basis of flint, in this process."""
    if not system.variables:
        return [[]]
    basis = FlintLibrary().basis(system)
    leading = tuple(next(iter(terms)) for terms in basis)
    if krull_dimension(leading, len(system.variables)) < 0:
        return []
    algebra = QuotientAlgebra.of(GroebnerBasis(system.variables, leading, tuple(basis)))
    points = algebra.parametrise().real_points(96)
    return [[sum(side) / 2 for side in box] for box in points]


def counted(stratum: Stratum, family: Family, alpha: Fraction, walls: dict) -> tuple[int, int]:
    """(real in W, feasible) by the constraints of the stratum itself, all parameters at hand."""
    names = stratum.objective.context().names()
    real = feasible = 0
    for point in solutions(family.system.at(alpha)):
        known = dict(zip(family.system.variables, map(to_fmpq, point), strict=True))
        whole = stratum.reduction.point(known)
        zero = [fmpq(0)] * len(names)
        at = [to_fmpq(alpha), *zero[1:]]
        w = {name: fmpq(0) + whole[name](*at) for name in stratum.variables}
        values = [to_fmpq(alpha), *(w[name] for name in names[1:])]
        on = {label.split(":")[0] for label in stratum.labels}
        inside = all(lo < w[n] < hi for n, (lo, hi) in walls.items() if n not in on)
        real += inside
        # Points of a smaller face lie on a constraint, up to the rounding of the engine's boxes.
        feasible += inside and all(
            c.polynomial(*values) > fmpq(1, 10**15) for c in stratum.inactive
        )
    return real, feasible


def drawn(seed: int) -> list[tuple[Stratum, Family, dict]]:
    """Strata of one random problem whose parameters all matter."""
    chance = Random(seed)
    pair: tuple[PiecewisePolynomial, PiecewisePolynomial] = PAIRS[seed % 3]
    units, rows = 1 + seed % 2, chance.choice((3, 4))
    model = FeedForward([units], Interpolated(*pair), bias=units == 1)
    inputs = chance.sample([x for x in range(-4, 5) if x], rows)
    targets = [chance.randint(-5, 5) for _ in range(rows)]
    problem = Problem(
        model, inputs=[[x] for x in inputs], targets=targets, interval=(0, 1), box=(-6, 6)
    )
    walls = {p.name: (to_fmpq(p.lower), to_fmpq(p.upper)) for p in problem.parameters}
    box = {p.name: (p.lower, p.upper) for p in problem.parameters}
    found = [s for s in strata(PiecewiseObjective(problem)) if not s.restriction().dropped]
    found = [s for s in found if not s.dropped and s.restriction().kept]
    chosen = chance.sample(found, min(6, len(found)))
    return [(s, stratum_family(s, (0, 1), box), walls) for s in chosen]


def agree(seed: int, samples: int) -> int:
    """The number of strata of one problem on which all counts agree at random α."""
    chance, complete = Random(seed), 0
    for stratum, family, walls in drawn(seed):
        diagram = branch_diagram(family, engines=ENGINES, limits=LIMITS)
        if diagram.verdict not in (Verdict.PROVED, Verdict.MODULAR):
            assert diagram.reasons
            continue
        for _ in range(samples):
            alpha = Fraction(chance.randrange(1, 9973), 9973)
            counts = diagram.counts_at(alpha)
            if counts is not None:
                assert counts == counted(stratum, family, alpha, walls), (str(stratum), alpha)
        complete += 1
    return complete


@pytest.mark.skipif(not Msolve().is_available(), reason="msolve is not installed")
def test_counts_agree_on_random_strata():
    assert sum(agree(seed, 5) for seed in range(6)) >= 30


@pytest.mark.slow
@pytest.mark.skipif(not Msolve().is_available(), reason="msolve is not installed")
def test_counts_agree_on_more_random_strata_at_fifty_alphas():
    assert sum(agree(seed, 50) for seed in range(100, 112)) >= 60
