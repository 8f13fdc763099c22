"""TABLE.toml: a sweep over architectures and the columns of its table (docs/tables.md).

Next to the columns of :mod:`bounds.columns` a file may ask for statistics of random
instances of every architecture whose dual losses are computed exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bounds import BoundsError
from bounds.tables import Table, table
from pieceproof.instance_columns import Instances, instance_columns
from pieceproof.specfile import read_toml
from pieceproof.tables import SpecError
from pieceproof.tables import Table as Section


@dataclass(frozen=True, eq=False)
class TableFile:
    """A table with its title."""

    title: str
    table: Table
    instances: Instances


def load_table(path: str | Path) -> TableFile:
    """The table that the file ``path`` describes; no instance is computed yet.

    Raises:
        SpecError: with one line ``file: key: problem; remedy``.
    """
    file = str(path)
    spec = read_toml(Path(path), "examples/tables/architectures.toml")
    root = Section(file, "", spec).allow("title", "sweep", "columns", "sample", "instances")
    title = root.text("title", 'title = "…"') if "title" in root else Path(path).stem
    instances = Instances.read(root.table("instances"))
    asked = {key: value for key, value in spec.items() if key not in ("title", "instances")}
    try:
        return TableFile(title, table(asked, instance_columns(instances)), instances)
    except BoundsError as error:
        raise SpecError(f"{file}: {error}") from None
