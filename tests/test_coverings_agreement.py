"""Zero-one duals of curved cells and deep networks against z3: in every piece and beside jumps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction

import pytest
from classes import FAMILIES

import pieceproof

oracle = pytest.importorskip("oracle_classes")

F = Fraction
BESIDE = F(1, 10**6)
"""How far from a jump its sides are looked at."""

QUICK = {
    "relu/square": (1, 3, 4, 7, 8, 15),
    "relu2/identity": (2, 3, 5, 6, 7, 9),
    "abs/square": (0, 3, 4, 7, 8),
    "two inputs": (3, 5, 7, 8),
    "trainable": (0, 2, 3, 7, 8),
    "two units": (1, 4, 5, 8, 9),
    "1-1-1": (0, 1, 3, 4, 5, 7, 8),
    "2-1-1": (1, 2, 3, 4, 6, 8),
    "1-2-1": (0, 1, 2),
}
"""Seeds of instances that are proved in a second or two."""


def places(dual: object, seed: int) -> Iterator[Fraction]:
    """α in the middle of pieces, beside both ends of jumps, and at random."""
    for piece in dual.document["pieces"][:5]:
        if piece["sample"] is not None:
            yield F(piece["sample"]["alpha"])
    for point in dual.document["breakpoints"][:4]:
        lower, upper = map(F, point["alpha"]["interval"])
        yield from (lower - BESIDE, upper + BESIDE)
    r = random.Random(seed)
    yield from (F(r.randint(1, 1008), 1009) for _ in range(2))


def compared(family: str, seed: int, seconds: float) -> tuple[object, int]:
    """The dual, after comparison; and at how many α z3 came to a decision."""
    problem = FAMILIES[family].instance(seed)
    dual = pieceproof.analyze(problem, seconds=seconds)
    decided = 0
    for alpha in places(dual, seed):
        try:
            value = dual(alpha)
        except pieceproof.evaluation.OutsideError:
            continue  # within the enclosure of a jump
        # The values of an exact method are upper bounds where its time ran out.
        known = value if dual.report.accepted else 0
        lower, upper = getattr(value, "lower", known), getattr(value, "upper", value)
        errors = oracle.least_errors(problem, alpha, 60)
        if errors is not None:
            decided += 1
            assert lower <= errors <= upper, alpha
    return dual, decided


@pytest.mark.parametrize(
    ("family", "seed"), [(family, seed) for family, seeds in QUICK.items() for seed in seeds]
)
def test_proved_instances_agree_with_z3(family: str, seed: int) -> None:
    dual, decided = compared(family, seed, 60)
    assert dual.report.accepted
    assert decided


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_more_instances_agree_with_z3(family: str) -> None:
    """Whatever is proved holds; what time does not suffice for is bounded rightly."""
    outcomes = [compared(family, seed, 20) for seed in range(24)]
    assert sum(decided > 0 for _, decided in outcomes) > 20
    assert sum(dual.report.accepted for dual, _ in outcomes) >= 12
