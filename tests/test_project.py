"""What the project's own pages say is so."""

from __future__ import annotations

import re
import runpy
from configparser import ConfigParser
from fractions import Fraction
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_python_example_of_the_readme_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", text("README.md"), re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(example, encoding="utf-8")
    names = runpy.run_path(str(script))
    dual, problem = names["dual"], names["problem"]
    assert str(dual.verdict) == "proved"
    third = Fraction(1, 3)
    (minimiser, *_) = dual.minimisers(third)
    assert problem.value(third, minimiser.w) == dual(third)


def test_every_target_that_the_pages_name_exists() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)
    targets = set(phony.split())
    assert set(re.findall(r"`make (\w+)`", text("CONTRIBUTING.md"))) == targets - {"help"}
    assert set(re.findall(r'@echo "make (\w+) ', text("Makefile"))) == targets - {"help"}
    assert set(re.findall(r"^    make (\w+)$", text("README.md"), re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", ["README.md", "examples/README.md", "CONTRIBUTING.md"])
def test_every_file_that_the_pages_name_exists(page: str) -> None:
    folder = (ROOT / page).parent
    named = set(re.findall(r"`([\w/]+\.(?:py|toml|csv|md|cff|png))`", text(page)))
    named |= set(re.findall(r"\]\(([^)]+)\)", text(page)))
    made = {"dual.png"}
    assert named - made
    for name in named - made:
        assert (folder / name).exists() or (ROOT / name).exists(), name


def test_one_version() -> None:
    setup = ConfigParser(interpolation=None)
    setup.read_string(text("setup.cfg"))
    version = setup["metadata"]["version"]
    assert f"version: {version}\n" in text("CITATION.cff")
    assert f"## {version} " in text("CHANGELOG.md")
