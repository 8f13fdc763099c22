"""Tables: sweeps, exact cells, four formats, explanations, speed, bad input."""

from __future__ import annotations

import csv
import io
import re
import time
from fractions import Fraction
from html.parser import HTMLParser

import pytest

from bounds import BoundsError, feedforward, pseudo_dimension
from bounds.columns import COLUMNS, Column
from bounds.comparison import comparison
from bounds.oscillations import quadratic_strata, sublevel_components
from bounds.tables import table
from bounds.text import decimal, magnitude
from bounds.theorems import THEOREMS
from bounds.writers import Format, document

SWEEP = {"family": "feedforward", "hidden": [[1], [4, 4]], "inputs": 1, "examples": [50, 100]}


def test_rows_are_all_combinations_in_order():
    found = table({"sweep": SWEEP, "columns": ["hidden", "examples"]})
    assert found.cells() == [["1", "50"], ["1", "100"], ["4-4", "50"], ["4-4", "100"]]


def test_default_columns_are_what_varies_and_what_follows():
    found = table({"sweep": SWEEP})
    assert found.headings == ("hidden", "examples", "N", "M", "Delta", "d", "B", "Pdim", "m")
    # cars: 100 cells, 50 boundaries, degree 4, 2 parameters, Lemma 5, Lemmas 1 and 4
    assert found.cells()[0][2:] == ["100", "50", "4", "2", "308400", "22", "21949"]


def test_values_are_exact():
    found = table({"sweep": SWEEP, "columns": ["lemma3", "lemma5", "pseudo_dimension", "gap"]})
    counts = feedforward([4, 4], 1, 100)
    lemma3 = sublevel_components(
        counts.pieces, counts.boundaries, counts.degree, counts.parameters, counts.all_boundaries
    ).oscillations
    assert found.value(4, "lemma3") == lemma3 > 10**180
    assert found.value(4, "lemma5") is None
    assert found.value(4, "pseudo_dimension") == pseudo_dimension(lemma3)
    assert found.value(1, "lemma5") == quadratic_strata(100, 50, 2, 2)
    assert isinstance(found.value(1, "gap"), Fraction)
    assert found.cells()[3][:2] == ["10^185.37", ""]


def test_markdown():
    text = table({"sweep": SWEEP, "columns": ["hidden", "pieces"]}).render(Format.MARKDOWN)
    assert text.splitlines()[:3] == ["| hidden | N |", "| ---: | ---: |", "| 1 | 100 |"]


def test_csv_writes_long_integers_in_full():
    found = table({"sweep": SWEEP, "columns": ["hidden", "lemma3"]})
    rows = list(csv.reader(io.StringIO(found.render(Format.CSV))))
    assert rows[0] == ["hidden", "B (Lemma 3)"]
    assert int(rows[4][1]) == found.value(4, "lemma3")


def test_html_is_well_formed():
    found = table({"sweep": SWEEP, "columns": ["hidden", "pieces", "bns25_polynomial"]})
    opened, cells = [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

        def handle_data(self, data):
            if opened and opened[-1] == "td":
                cells.append(data)

    Reader().feed(found.render(Format.HTML))
    assert opened == []
    assert cells == [cell for row in found.cells() for cell in row]


def test_latex_uses_booktabs_and_escapes():
    found = table({"sweep": SWEEP, "columns": ["hidden", "lemma3", "bns25_polynomial"]})
    text = found.render(Format.LATEX)
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert text.count(rule) == 1
    assert r"bns25\_polynomial" in text
    assert "$10^{185.37}$" in text
    assert text.count(r" \\") == 1 + len(found.rows)
    assert all(line.count(" & ") == 2 for line in text.splitlines() if line.endswith(r"\\"))
    whole = document(text, "a_b", Format.LATEX)
    assert r"\section*{a\_b}" in whole
    assert whole.count("{") == whole.count("}")


def test_every_cell_is_explained():
    columns = [*COLUMNS, "hidden", *(key for key, t in THEOREMS.items() if t.quantity)]
    found = table({"sweep": SWEEP, "columns": columns})
    for row in (1, 4):
        for column, cell in zip(found.columns, found.cells()[row - 1], strict=True):
            text = found.explain(row, column.name)
            assert text.startswith(f"row {row}, column {column.name}: ")
            assert cell in text
            assert "  1. " in text


def test_the_chain_of_a_sample_size():
    text = table({"sweep": SWEEP}).explain(1, "instances")
    assert "at most 100 sign patterns (arrangement)" in text
    assert "N = 100, M = 50, M_all = 50, Delta = 4, d = 2" in text
    assert "Lemma 5" in text
    assert "308400" in text
    assert "the smallest m with deviation <= 1/10 (delta = 1/20, H = 1) is 21949" in text


def test_theorem_columns_take_their_arguments_from_the_architecture():
    names = ["bns25_regression", "network_class", "tuned_graph", "quadratic_strata", "warren"]
    found = table({"sweep": {**SWEEP, "degree": 2}, "columns": names})
    # one layer: L^2 W log 2 + L W log(T p U) with W = 2, T = 50
    rate = found.value(1, "bns25_regression")
    assert str(rate) == "O(9.21034)"
    assert found.value(1, "tuned_graph") is None
    assert found.value(1, "quadratic_strata") is None
    assert found.value(1, "warren") is None
    assert found.value(1, "network_class") > 0


def test_graph_and_ridge_sweeps():
    graph = {"family": "graph", "nodes": [10, 34], "features": 2, "kernel_degree": [1, 2]}
    found = table({"sweep": [graph, {"family": "ridge", "features": [3]}]})
    assert len(found.rows) == 5
    assert found.value(5, "pieces") == 1
    two_layers = {**graph, "hidden": [3, 4]}
    assert table({"sweep": two_layers, "columns": ["tuned_graph"]}).value(1, "tuned_graph") > 0


def test_sample_settings():
    spec = {"sweep": SWEEP, "columns": ["instances", "gap"]}
    strict = table({**spec, "sample": {"epsilon": "0.05", "delta": "0.01", "instances": 10}})
    assert strict.value(1, "instances") > table(spec).value(1, "instances")
    assert strict.value(1, "gap") > table(spec).value(1, "gap")


def test_columns_can_be_supplied():
    seeds = Column("exact", "exact", lambda row: 7, lambda row: ["counted on 3 seeds"])
    found = table({"sweep": SWEEP, "columns": ["exact"]}, [seeds])
    assert found.value(2, "exact") == 7
    assert "counted on 3 seeds" in found.explain(2, "exact")


def test_thousands_of_rows_take_seconds():
    sweep = {
        "family": "feedforward",
        "hidden": [[k] * depth for k in range(1, 11) for depth in (1, 2, 3)],
        "inputs": [1, 2, 3, 5, 8],
        "examples": list(range(20, 420, 20)),
    }
    start = time.process_time()
    found = table({"sweep": sweep})
    assert len(found.cells()) == 3000
    assert time.process_time() - start < 15


def test_comparison_sets_all_bounds_of_an_instance_side_by_side():
    counts = {"oscillations": 6, "cases": 38}
    lines = comparison(counts, feedforward([1], 1, 50)).splitlines()
    assert lines[2].startswith("| Lemma 1, exact oscillation count | 6 | 4 | 11677 |")
    assert lines[3].startswith("| Lemma 5, quadratic strata (measured) | 117192 | 21 |")
    assert lines[-1].endswith("and the cells are bounded, not counted |")
    assert len(lines) == 2 + 5
    assert comparison(counts, None, form=Format.CSV).count("\n") == 2


def test_print_is_rounded_upwards():
    assert magnitude(10**15 - 1) == "999999999999999"
    assert magnitude(10**15 + 10**12) == "10^15.01"
    assert magnitude(2**4000) == "10^1204.12"
    assert decimal(Fraction(1, 3)) == "0.3334"
    assert decimal(Fraction(5, 2), 1) == "2.5"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "sweep: give a table"),
        ({"sweep": []}, "sweep: give a table"),
        ({"sweeps": SWEEP}, "'sweeps' is unknown"),
        ({"sweep": {**SWEEP, "hiden": [[1]]}}, "sweep: 'hiden' is unknown; did you mean 'hidden'?"),
        ({"sweep": {"family": "feedforwrd"}}, "did you mean 'feedforward'?"),
        ({"sweep": {"family": "ridge"}}, "sweep: features is missing; a ridge sweep needs it"),
        ({"sweep": {**SWEEP, "hidden": 3}}, "sweep.hidden: give the widths"),
        ({"sweep": {**SWEEP, "hidden": [[0]]}}, "hidden[0]: 0 is too small"),
        ({"sweep": {**SWEEP, "examples": []}}, "sweep.examples: an empty list"),
        ({"sweep": {**SWEEP, "examples": [-3]}}, "examples: -3 is too small"),
        ({"sweep": {**SWEEP, "bias": 1}}, "sweep.bias: 1 is neither true nor false"),
        ({"sweep": {**SWEEP, "loss": "sqared"}}, "sweep.loss: 'sqared' is unknown; did you mean"),
        ({"sweep": {**SWEEP, "examples": list(range(1, 60_000))}}, "rows exceed the 100000"),
        ({"sweep": SWEEP, "columns": ["Pdims"]}, "columns: 'Pdims' is unknown; choose from"),
        ({"sweep": SWEEP, "columns": "pieces"}, "columns: give a list"),
        ({"sweep": SWEEP, "sample": {"delta": 0}}, "sample.delta: 0 is not strictly"),
        ({"sweep": SWEEP, "sample": {"eps": 1}}, "sample: 'eps' is unknown"),
        ({"sweep": SWEEP, "sample": 3}, "sample: give a table"),
    ],
)
def test_bad_tables_give_one_line(spec, words):
    with pytest.raises(BoundsError) as caught:
        table(spec)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("row", "name"), [(0, "hidden"), (5, "hidden"), (1, "nothing")])
def test_cells_that_do_not_exist(row, name):
    with pytest.raises(BoundsError, match=re.compile("row: |column: ")):
        table({"sweep": SWEEP}).explain(row, name)
