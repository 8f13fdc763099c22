"""``pieceproof table``: formats, files, explanations, exact instances, bad files."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from pieceproof.cli import main
from pieceproof.tablefile import load_table

EXAMPLES = Path(__file__).parent.parent / "examples"

SWEEP = """\
title = "A & B"
columns = ["hidden", "examples", "pieces", "lemma3", "bns25_polynomial"]
[sweep]
family = "feedforward"
hidden = [[1], [4, 4]]
inputs = 1
examples = [3, 50]
"""

EXACT = """\
columns = ["hidden", "examples", "degree", "exact_pieces", "exact_oscillations", "exact_dimension"]
[instances]
seeds = 2
[sweep]
family = "feedforward"
hidden = [[1], [4, 4]]
inputs = 1
examples = 3
degree = [1, 2]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "table.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["table", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["table", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    return err


def test_the_same_cells_in_every_format(file, capsys):
    cells = {
        form: printed(capsys, file, "--format", form) for form in ("md", "latex", "csv", "html")
    }
    rows = list(csv.reader(io.StringIO(cells["csv"])))
    assert len(rows) == 5
    assert rows[1][:3] == ["1", "3", "6"]
    markdown = [line.strip("| ").split(" | ") for line in cells["md"].splitlines()]
    assert [row[:2] for row in markdown[2:]] == [row[:2] for row in rows[1:]]
    html = re.findall(r"<td>(.*?)</td>", cells["html"])
    assert html == [entry for row in markdown[2:] for entry in row]
    assert cells["latex"].count(r" \\") == 5
    # a long integer is on the logarithmic scale in print and in full in CSV
    assert markdown[5][3].startswith("10^")
    assert rows[4][3].isdecimal()
    assert len(rows[4][3]) - 1 <= float(markdown[5][3][3:]) < len(rows[4][3]) + 0.01


def test_the_name_of_the_file_chooses_the_format(file, capsys, tmp_path):
    for suffix, start in ((".tex", r"\documentclass"), (".html", "<!DOCTYPE html>")):
        target = tmp_path / f"out{suffix}"
        assert printed(capsys, file, "--standalone", "--out", target) == ""
        assert target.read_text(encoding="utf-8").startswith(start)
        assert ("A & B" in target.read_text()) is False  # the title is escaped
    assert printed(capsys, file, "--out", tmp_path / "out.csv") == ""
    assert (tmp_path / "out.csv").read_text().splitlines()[0].startswith("hidden,")


def test_every_cell_is_explained(file, capsys):
    text = printed(capsys, file, "--explain", "4", "lemma3")
    assert text.startswith("row 4, column lemma3: B (Lemma 3) = 10^")
    assert "Lemma 2" in text
    assert "hidden layer 2" in text


def test_exact_instances(tmp_path, capsys):
    path = tmp_path / "exact.toml"
    path.write_text(EXACT, encoding="utf-8")
    alone = printed(capsys, path, "--format", "csv")
    rows = list(csv.reader(io.StringIO(alone)))[1:]
    assert all(entry.isdecimal() for entry in rows[0][3:])
    # degree 2 and two layers are not what the activation of the instances has
    assert [row[3:] for row in rows[1:]] == [["", "", ""]] * 3
    assert printed(capsys, path, "--format", "csv", "--jobs", "2") == alone
    text = printed(capsys, path, "--explain", "1", "exact_oscillations")
    assert text.count("oscillations of the exact dual loss") == 2
    assert "not computed" in printed(capsys, path, "--explain", "4", "exact_pieces")


def test_the_example_has_more_than_200_architectures(capsys):
    rows = list(
        csv.reader(
            io.StringIO(
                printed(capsys, EXAMPLES / "tables" / "architectures.toml", "--format", "csv")
            )
        )
    )
    assert len(rows) - 1 >= 200
    assert len({tuple(row[:5]) for row in rows[1:]}) == len(rows) - 1
    assert all(int(row[11]) >= 1 and int(row[12]) >= 1 for row in rows[1:])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sweep]\nfamily = 1", "sweep.family: 1 is unknown"),
        ("[sweep]\nfamily = 'feedforward'\nhidden = [[0]]\ninputs = 1\nexamples = 1", "hidden[0]"),
        ("[sweep]\nfamily = 'ridge'\nfeatures = -1", "features: -1 is too small"),
        ("[sweep]\nfamily = 'ridge'\nfeatures = 2\n[sample]\ndelta = 1.5", "sample.delta"),
        ("[sweep]\nfamily = 'ridge'\nfeatures = 2\n[sample]\nepsilon = 0", "sample.epsilon"),
        ("columns = ['size']\n[sweep]\nfamily = 'ridge'\nfeatures = 2", "'size' is unknown"),
        ("[sweep]\nfamily = 'ridge'\nfeatures = 2\n[instances]\nseeds = 0", "instances.seeds"),
        ("colums = []\n[sweep]\nfamily = 'ridge'", "colums: unknown key; did you mean 'columns'?"),
        ("title = 3\n[sweep]\nfamily = 'ridge'", "title: 3 is not a string"),
        ("sweep = 3", "sweep: give a table"),
        ("[sweep", "not TOML"),
        (
            "[sweep]\nfamily='feedforward'\nhidden=[[1000]]\ninputs=1000000\nexamples=1000000000",
            "sweep, combination 1: a count of about 11408481000 bits exceeds",
        ),
    ],
)
def test_a_bad_file_is_one_line(text, message, tmp_path, capsys):
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    error = refused(capsys, path)
    assert str(path) in error
    assert message in error


def test_bad_arguments(file, capsys, tmp_path):
    assert "no such file" in refused(capsys, tmp_path / "none.toml")
    assert "no row" in refused(capsys, file, "--explain", "first", "pieces")
    assert "row: 9 is not one of 1 … 4" in refused(capsys, file, "--explain", "9", "pieces")
    assert "it has hidden, examples" in refused(capsys, file, "--explain", "1", "inputs")
    assert "no such folder" in refused(capsys, file, "--out", tmp_path / "none" / "a.md")
    assert "--standalone: md is no document" in refused(capsys, file, "--standalone")


@pytest.mark.parametrize("name", sorted(path.name for path in (EXAMPLES / "tables").iterdir()))
def test_the_example_tables_can_be_read(name):
    assert load_table(EXAMPLES / "tables" / name).table.rows
