"""Whether an enclosed dual agrees with exact samples and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from oracle_strata import Sample, Strata
from oracle_sweep import Ambiguous, Sweep, sweep

import pieceproof
from geometry.verdicts import Verdict
from pieceproof.enclosed import EnclosedDual
from pieceproof.verify import Conclusion
from piecewise import Problem


def agrees_with_strata(problem: Problem, seconds: float, grid: int, crowd: int) -> None:
    """The dual function that is found, against exact solution of all strata."""
    dual = pieceproof.analyze(problem, seconds=seconds)
    assert isinstance(dual, EnclosedDual)
    assert dual.report.verdict is not Conclusion.REJECTED
    strata = Strata(problem)
    try:
        found = sweep(strata.sample, problem.interval, grid, crowd)
    except Ambiguous:  # minimisers that are not unique have no face to follow; values they have
        lower, upper = problem.interval
        places = [lower + (upper - lower) * Fraction(k, 8) for k in range(9)]
        values_agree(dual, [strata.sample(alpha) for alpha in places])
        return
    values_agree(dual, found.samples)
    counts_agree(dual, found)


def values_agree(dual: EnclosedDual, samples: Sequence[Sample]) -> None:
    """Exact values lie in the enclosures, and no point of W that is named is below them."""
    for sample in samples:
        alpha = sample.alpha
        for entry in dual.document["open"]:
            lower, upper = map(Fraction, entry["interval"])
            if lower <= alpha <= upper and entry["floor"] is not None:
                assert Fraction(entry["floor"]) <= sample.upper
                assert Fraction(entry["ceiling"]) >= sample.lower
        if any(lower <= alpha <= upper for lower, upper, _ in dual.open):
            continue
        value = dual(alpha)
        assert Fraction(value.lower) <= sample.upper
        assert Fraction(value.upper) >= sample.lower
        point = [Fraction(w) for w in value.minimiser.values()]
        inside = zip(point, dual.problem.parameters, strict=True)
        point = [min(max(w, p.lower), p.upper) for w, p in inside]
        assert dual.problem.value(alpha, point) >= sample.lower


def counts_agree(dual: EnclosedDual, found: Sweep) -> None:
    """Breakpoints outside open intervals in kind and place, and all counts that are claimed."""
    settled = [
        each
        for each in found.breaks
        if not any(lower <= each[2] and each[1] <= upper for lower, upper, _ in dual.open)
    ]
    assert [kind for kind, _, _ in dual.breakpoints] == [kind for kind, _, _ in settled]
    for (_, low, high), (_, left, right) in zip(dual.breakpoints, settled, strict=True):
        assert low <= right
        assert left <= high
    if not dual.open:
        assert {key: found.counts[key] for key in ("pieces", "kinks")} == {
            key: dual.counts[key] for key in ("pieces", "kinks")
        }
    if dual.verdict is Verdict.PROVED:
        assert {key: dual.counts[key] for key in found.counts} == found.counts
