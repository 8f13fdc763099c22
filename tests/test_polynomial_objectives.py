"""Objectives stated as polynomials: reading, documents, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from bounds import structure_of
from pieceproof.cli import main
from pieceproof.problem_document import problem_document, problem_from_document
from pieceproof.specfile import load_problem
from pieceproof.tables import SpecError
from piecewise import NotYetSupported, PiecewiseObjective, Polynomial, Problem, ProblemError
from piecewise.cell_polynomials import CellPolynomials

SPEC = """
[hyperparameter]
interval = [0, 2]
[model]
kind = "polynomial"
parameters = ["w1", "w2"]
objective = "{objective}"
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(w1*w2 - 1)^2/2 + alpha*w1", lambda a, x, y: (x * y - 1) ** 2 / 2 + a * x),
        ("-w1^2 - -w2**3", lambda a, x, y: -(x**2) + y**3),
        ("0.25*(alpha - 1/3)*(w1 + w2)^2", lambda a, x, y: (a - Fraction(1, 3)) * (x + y) ** 2 / 4),
        ("w1/4/2*3 + .5", lambda a, x, y: x * 3 / 8 + Fraction(1, 2)),
        ("((w1))^0 - 1 + w2", lambda a, x, y: y),
    ],
)
def test_text_means_what_it_says(text: str, expected: object) -> None:
    model, random = Polynomial.parse(["w1", "w2"], text), Random(1)
    for _ in range(5):
        a, x, y = (Fraction(random.randint(-9, 9), random.randint(1, 5)) for _ in range(3))
        assert model.value(a, (x, y)) == expected(a, x, y)  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        "", "w1 +", "w3", "w1^w2", "w1^2.5", "w1^-1", "1/w1", "w1/0", "(w1", "w1)", "w1 w2",
        "w1^33", "(w1^8)^8", "__import__('os')", "w1^" + "9" * 5000, "(" * 200 + "w1" + ")" * 200,
        "2w1", "w1.real + 1",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_place(text: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match=r"objective: at character \d+"):
        Polynomial.parse(["w1", "w2"], text)
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC.format(objective=text))
    with pytest.raises(SpecError, match=r"spec\.toml: model\.objective: at character"):
        load_problem(spec)


@pytest.mark.parametrize("names", [[], ["w", "w"], ["alpha"], ["1w"], ["a b"]])
def test_names_are_checked(names: list[str]) -> None:
    with pytest.raises(ProblemError, match="parameters: "):
        Polynomial(names, {})


@pytest.mark.parametrize(
    "section", ["[data]\ninputs = [[1]]\ntargets = [1]", '[loss]\nreduction = "sum"']
)
def test_data_and_loss_are_refused(section: str, tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC.format(objective="w1*w2") + section)
    with pytest.raises(SpecError, match=r"a polynomial is the whole objective; leave \["):
        load_problem(spec)


def test_documents_are_read_back_and_terms_are_sorted() -> None:
    problem = Problem(Polynomial.parse(["u", "v"], "alpha*u - v^2/3 + 7"), box={"u": (-1, 2)})
    document = problem_document(problem)
    assert document["model"]["terms"] == [[[0, 0, 0], "7"], [[0, 0, 2], "-1/3"], [[1, 1, 0], "1"]]
    assert problem_from_document(document).model == problem.model
    assert problem.value(2, (3, 3)) == 10
    document["model"]["terms"].reverse()
    with pytest.raises(ProblemError, match="normal form"):
        problem_from_document(document)


def test_other_routes_refuse_it_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = Problem(Polynomial.parse(["u"], "u^4 - alpha*u^2"))
    for route in (CellPolynomials, PiecewiseObjective):
        with pytest.raises(NotYetSupported, match="polynomial objective"):
            route(problem)
    assert structure_of(problem).objective_degree == 4
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC.format(objective="w1^2 + w2^2"))
    for command in (["census"], ["erm"], ["gap"], ["shatter"]):
        assert main([*command, str(spec)]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
