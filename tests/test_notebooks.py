"""Every notebook runs from scratch, and is kept without outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from geometry.engines import ENGINES, available

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


NEEDS_ENGINE = {"3-counting-branches": "msolve"}
"""Notebooks that ask an outside algebra system."""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path) -> None:
    engine = NEEDS_ENGINE.get(path.stem)
    if engine and engine not in {each.name for each in available(ENGINES)}:
        pytest.skip(f"{engine} is not installed; run `make engines`")
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        assert not cell.get("outputs"), "run `make notebooks` to render; keep the source stripped"
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}}).execute()


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS
