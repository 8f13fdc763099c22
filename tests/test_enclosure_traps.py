"""Hand-made traps of the enclosure method: ties, exact interpolation, corners, duplicates."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import pieceproof
from pieceproof.certificate import digest
from pieceproof.enclosed import EnclosedDual
from pieceproof.verify import Conclusion, verify
from piecewise import FeedForward, Interpolated, Problem, activations


def mixed(first: str, second: str) -> Interpolated:
    """α·first + (1−α)·second, by catalogue names."""
    return Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])


def enclosed(problem: Problem) -> EnclosedDual:
    dual = pieceproof.analyze(problem)
    assert isinstance(dual, EnclosedDual)
    return dual


def changed(dual: EnclosedDual, change: Callable[[dict[str, Any]], None]) -> Conclusion:
    """What the checker says of a document after a change, with a digest that fits."""
    document = copy.deepcopy(dual.document)
    change(document)
    document["digest"] = digest({k: v for k, v in document.items() if k != "digest"})
    return verify(document).verdict


# -- mirror images of equal value at α = 0 -------------------------------------------------


@cache
def tie() -> EnclosedDual:
    """At α = 0 σ is even; by a free bias the values of mirror images have equal slopes there."""
    return enclosed(
        Problem(
            FeedForward([1], mixed("relu", "square")),
            inputs=[["-3/2"], ["1/2"], [0], ["5/4"], ["-3/4"]],
            targets=["3/4", "7/4", "1/2", 3, "1/4"],
            interval=(0, "1/20"),
            box=(-5, 5),
        )
    )


def test_a_tie_of_equal_slopes_at_an_end_is_proved() -> None:
    dual = tie()
    assert str(dual.verdict) == "proved"
    assert dual.document["slabs"][0]["kind"] == "tie"
    assert dual.counts["pieces"] == 1


def test_a_tie_without_its_mirror_image_or_by_another_name_is_rejected() -> None:
    def plain(document: dict[str, Any]) -> None:
        document["slabs"][0]["kind"] = "one"

    def alone(document: dict[str, Any]) -> None:
        del document["slabs"][0]["curves"][1]

    def wrong_image_first(document: dict[str, Any]) -> None:
        document["slabs"][0]["curves"].reverse()

    def elsewhere(document: dict[str, Any]) -> None:
        document["problem"]["interval"][0] = "-1/100"
        document["slabs"][0]["interval"][0] = "-1/100"

    for change in (plain, alone, wrong_image_first, elsewhere):
        assert changed(tie(), change) is Conclusion.REJECTED


def test_a_constant_dual_is_told_exactly() -> None:
    """Inactive by the box, so that only (1 − α)z² counts, which the weights rescale."""
    dual = enclosed(
        Problem(
            FeedForward([1], mixed("relu", "square")),
            inputs=[[1], [2], [3], [5]],
            targets=[1, 4, 5, 9],
            interval=(0, "1/2"),
            box=(-5, 0),
        )
    )
    assert str(dual.verdict) == "proved"
    assert dual.counts["pieces"] == dual.counts["local_minima"] == 1
    assert dual.counts["oscillations"] == 0
    place = dual.document["minimum"]["alpha"][0]["interval"]
    assert [Fraction(end) for end in place] == [0, Fraction(1, 2)]
