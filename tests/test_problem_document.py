"""Problems as JSON: the object is a normal form, and nothing but the normal form is read."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import MORE_BREAKPOINTS, problems, ridges

from pieceproof.problem_document import problem_document, problem_from_document
from pieceproof.specfile import load_problem
from piecewise import Problem, ProblemError

EXAMPLES = Path(__file__).parent.parent / "examples"


@given(
    st.one_of(
        problems(units=2, inputs=2, catalogue=MORE_BREAKPOINTS, trainable_offset=True),
        problems(units=3, bias=False),
        ridges(inputs=2, bias=True, examples=(1, 4)),
    )
)
def test_round_trip(problem: Problem) -> None:
    document = problem_document(problem)
    assert problem_from_document(json.loads(json.dumps(document))) == problem


def cars() -> dict[str, Any]:
    return problem_document(load_problem(EXAMPLES / "cars.toml"))


def test_the_cars_object() -> None:
    document = cars()
    data = document.pop("data")
    assert document == {
        "model": {
            "kind": "feedforward",
            "hidden": [1],
            "bias": True,
            "activation": {
                "first": {"name": "relu", "breakpoints": ["0"], "pieces": [[], ["0", "1"]]},
                "second": {"name": "identity", "breakpoints": [], "pieces": [["0", "1"]]},
            },
            "output_weights": ["1"],
            "output_bias": "40",
        },
        "interval": ["0", "1"],
        "parameters": [
            {"name": "w1_speed", "lower": "-100000", "upper": "100000"},
            {"name": "b1", "lower": "-100000", "upper": "100000"},
        ],
        "loss": {"kind": "squared", "reduction": "mean", "weight_decay": "0"},
    }
    assert (data["features"], data["target"]) == (["speed"], "dist")
    assert data["inputs"][:2] == [["4"], ["4"]]
    assert data["targets"][:2] == ["2", "10"]
    assert len(data["inputs"]) == len(data["targets"]) == 50


DAMAGED = {
    "unknown key": (("model", "python"), "os.system", "unknown field `python` - at `$.model`"),
    "wrong type": (("interval", 0), 0, "Expected `str`, got `int` - at `$.interval[0]`"),
    "unknown model": (("model", "kind"), "gnn", "Invalid value 'gnn' - at `$.model.kind`"),
    "a float": (("interval", 0), "0.5", "'0.5' is not a rational p/q"),
    "zero denominator": (("interval", 0), "1/0", "'1/0' is not a rational p/q"),
    "endless number": (("interval", 1), "1" * 10_000, "is not a rational p/q"),
    "not lowest terms": (("interval", 1), "2/4", "problem.interval[1] is '2/4', not '1/2'"),
    "parameters in another order": (
        ("parameters", 0, "name"),
        "b1",
        "problem.parameters[0].name is 'b1', not 'w1_speed'",
    ),
    "parameter left out": (("parameters", slice(0, 1)), [], "problem.parameters is [{"),
    "equal neighbouring pieces": (
        ("model", "activation", "second"),
        {"name": "identity", "breakpoints": ["1"], "pieces": [["0", "1"], ["0", "1"]]},
        "problem.model.activation.second.breakpoints is ['1'], not []",
    ),
    "reversed interval": (("interval", 1), "-1", "interval: lower end 0 is not below"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_objects_are_refused(case: str) -> None:
    path, value, expected = DAMAGED[case]
    document = cars()
    target: Any = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = deepcopy(value)
    with pytest.raises(ProblemError) as caught:
        problem_from_document(document)
    assert expected in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "problem", 1.5, {}])
def test_what_is_no_object_is_refused(document: object) -> None:
    with pytest.raises(ProblemError, match=r"^problem: "):
        problem_from_document(document)
