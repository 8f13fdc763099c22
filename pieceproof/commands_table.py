"""``pieceproof table``: sweeps over architectures as Markdown, LaTeX, CSV or HTML."""

from __future__ import annotations

from pathlib import Path

import click

from bounds import BoundsError
from bounds.tables import Table
from bounds.writers import Format, document
from pieceproof.files import write_atomically
from pieceproof.options import BadInput, Exit, jobs_option
from pieceproof.progress import TerminalProgress
from pieceproof.tablefile import TableFile, load_table

SUFFIXES = {".md": "md", ".tex": "latex", ".csv": "csv", ".html": "html"}
"""The format that the name of a file stands for."""


@click.command("table")
@click.argument("path", metavar="TABLE.toml")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    help="How the table is written.  [default: by the name of --out, else md]",
)
@click.option("--out", help="File to write.  [default: stdout]")
@click.option("--standalone", is_flag=True, help="A whole LaTeX or HTML document.")
@click.option(
    "--explain",
    nargs=2,
    metavar="ROW COLUMN",
    help="Print the chain of statements and numbers behind one cell; rows count from 1.",
)
@jobs_option
def table_command(
    path: str,
    form: str | None,
    out: str | None,
    standalone: bool,
    explain: tuple[str, str] | None,
    jobs: int,
) -> Exit:
    """Print the table over architectures that TABLE.toml describes (docs/tables.md).

    Integers are exact; those of more than 15 digits are printed as a power of ten, in full in
    CSV. Columns of exact instances are computed in --jobs processes.
    """
    described = load_table(path)
    if explain is not None:
        click.echo(_explained(path, described.table, *explain))
        return Exit.DONE
    chosen = Format(form or SUFFIXES.get(Path(out).suffix if out else "", "md"))
    if standalone and chosen not in (Format.LATEX, Format.HTML):
        raise BadInput(f"--standalone: {chosen.value} is no document; use --format latex or html")
    text = _rendered(path, described, chosen, jobs)
    if standalone:
        text = document(text, described.title, chosen)
    if out is None:
        click.echo(text, nl=False)
        return Exit.DONE
    target = Path(out)
    if not target.parent.is_dir():
        raise BadInput(f"{out}: --out: no such folder; make it first")
    write_atomically(target, text.encode())
    click.echo(f"{out}: {len(described.table.rows):,} rows", err=True)
    return Exit.DONE


def _rendered(path: str, described: TableFile, form: Format, jobs: int) -> str:
    table = described.table
    try:
        with TerminalProgress() as progress:
            if any(column.name.startswith("exact_") for column in table.columns):
                described.instances.compute(table.rows, jobs, progress)
            return table.render(form, lambda done: progress("rows", done, len(table.rows)))
    except BoundsError as error:
        raise BadInput(f"{path}: {error}") from None


def _explained(path: str, table: Table, row: str, column: str) -> str:
    if not row.isdecimal() or len(row) > 9:
        raise BadInput(f"--explain: {row[:40]!r} is no row; give its number, counted from 1")
    try:
        return table.explain(int(row), column)
    except BoundsError as error:
        raise BadInput(f"{path}: --explain: {error}") from None
