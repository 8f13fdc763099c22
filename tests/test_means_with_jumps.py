"""Means of duals with jumps and values at single points: producer and checker, by hand.

Documents are planted, so that every place of the minimum is known.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from geometry.verdicts import Verdict
from pieceproof.certificate import digest
from pieceproof.checking.minima import Undecided
from pieceproof.checking.reading import Refuted
from pieceproof.checking.tuning import check_tuning
from pieceproof.erm_document import FORMAT
from pieceproof.erm_document import _enclosure as enclosure
from pieceproof.erm_document import _place as place_document
from pieceproof.stored_duals import StoredDual
from pieceproof.tuning import erm
from pieceproof.verify import Conclusion, Report

SQRT2 = {"polynomial": ["-2", "0", "1"], "interval": ["1", "2"]}
SQRT3 = {"polynomial": ["-3", "0", "1"], "interval": ["1", "2"]}


def constant(value):
    return {"numerator": [str(Fraction(value).numerator)] if value else [], "denominator": [
        str(Fraction(value).denominator)
    ]}  # fmt: skip


def planted(name, ends, values, points):
    """Constant pieces between ``ends`` and the values at the ends; None where it is no jump."""
    document = {
        "problem": {"interval": [ends[0], ends[-1]]},
        "pieces": [
            {"interval": [left, right], "value": constant(value)}
            for left, right, value in zip(ends, ends[1:], values, strict=False)
        ],
        "breakpoints": [
            {
                "kind": "jump",
                "alpha": {**end, "approx": "0"}
                if isinstance(end, dict)
                else {"polynomial": [f"-{end}", "1"], "interval": [end, end], "approx": end},
                "value": constant(point),
            }
            for end, point in zip(ends[1:-1], points[1:-1], strict=True)
        ],
        "ends": {
            "lower": {"alpha": ends[0], "value": str(points[0]), "approx": "0"},
            "upper": {"alpha": ends[-1], "value": str(points[-1]), "approx": "0"},
        },
        "counts": {"oscillations": 2},
        "digest": name,
    }
    return StoredDual(name, document, Report(True, Conclusion.PROVED, (), {}))


def run(duals, grid=5):
    result = erm(duals, grid=grid)
    assert result.verdict is Verdict.PROVED
    body = {
        "format": FORMAT,
        "interval": ["0", "4"],
        "tasks": [
            {
                "name": dual.name,
                "certificate": dual.name,
                "digest": dual.name,
                "pieces": len(dual.pieces),
                "oscillations": 2,
            }
            for dual in duals
        ],
        "minimum": {
            "value": enclosure(result.value),
            "places": [place_document(place) for place in result.places],
        },
        "grid": {
            "points": result.grid.points,
            "alpha": str(result.grid.alpha),
            "value": str(result.grid.value),
            "regret": enclosure(result.grid.regret),
        },
        "sample": {},
        "bounds": [],
        "verdict": "proved",
        "reasons": [],
        "provenance": {},
    }
    return result, {**body, "digest": digest(body)}


def check(document, duals):
    certificates = {dual.name: dual.document for dual in duals}
    return check_tuning(document, certificates.__getitem__, lambda found: ())


CASES = {
    "a drop at an irrational point": (
        [planted("a", ["0", SQRT2, "4"], [2, 2], [2, 0, 2])],
        [("node", SQRT2["polynomial"])],
        0,
    ),
    "a drop that meets a plateau of another": (
        [
            planted("a", ["0", SQRT2, "4"], [2, 2], [2, 0, 2]),
            planted("b", ["0", SQRT3, "4"], [1, 3], [1, 1, 3]),
        ],
        [("node", SQRT2["polynomial"])],
        Fraction(1, 2),
    ),
    "two drops of equal mean at different points": (
        [
            planted("a", ["0", SQRT2, "4"], [2, 2], [2, 0, 2]),
            planted("b", ["0", SQRT3, "4"], [2, 2], [2, 0, 2]),
        ],
        [("node", SQRT2["polynomial"]), ("node", SQRT3["polynomial"])],
        1,
    ),
    "a plateau with an irrational end": (
        [planted("a", ["0", SQRT2, "3", "4"], [1, 0, 1], [1, 0, 0, 1])],
        [("plateau", None)],
        0,
    ),
    "a drop at the end of A": (
        [planted("a", ["0", "2", "4"], [1, 2], [1, 1, 0])],
        [("node", ["-4", "1"])],
        0,
    ),
    "a plateau and a drop at its end": (
        [planted("a", ["0", SQRT2, "4"], [1, 1], [1, Fraction(1, 3), 1])],
        [("node", SQRT2["polynomial"])],
        Fraction(1, 3),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_minimum_and_its_check(name):
    duals, expected, value = CASES[name]
    result, document = run(duals)
    assert result.value.lower == result.value.upper == value
    found = [
        (entry["kind"], entry["alpha"]["polynomial"] if "alpha" in entry else None)
        for entry in document["minimum"]["places"]
    ]
    assert found == expected
    assert check(document, duals)["minimisers"] >= len(expected)


@pytest.mark.parametrize("name", CASES)
def test_a_place_left_out_or_added_is_found(name):
    duals, _, _ = CASES[name]
    _, document = run(duals)
    places = document["minimum"]["places"]
    for changed in (places[1:], [*places, places[0]]):
        body = {**document, "minimum": {**document["minimum"], "places": changed}}
        with pytest.raises((Refuted, Undecided)):
            check(body, duals)
