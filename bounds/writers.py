"""Rectangular text in four formats: Markdown, LaTeX, CSV, HTML."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Sequence
from enum import Enum


class Format(Enum):
    """How a table is written."""

    MARKDOWN = "md"
    LATEX = "latex"
    CSV = "csv"
    HTML = "html"


def write(headings: Sequence[str], cells: list[list[str]], form: Format) -> str:
    """Headings and cells in the given format; LaTeX needs booktabs and longtable."""
    writers = {
        Format.MARKDOWN: _markdown,
        Format.LATEX: _latex,
        Format.CSV: _csv,
        Format.HTML: _html,
    }
    return writers[form](headings, cells)


def _markdown(headings: Sequence[str], cells: list[list[str]]) -> str:
    def escaped(entry: str) -> str:
        return entry.replace("|", r"\|")

    lines = [headings, ["---:"] * len(headings), *cells]
    return "".join(f"| {' | '.join(map(escaped, line))} |\n" for line in lines)


def _csv(headings: Sequence[str], cells: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([headings, *cells])
    return out.getvalue()


def _html(headings: Sequence[str], cells: list[list[str]]) -> str:
    def row(tag: str, entries: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(e)}</{tag}>" for e in entries) + "</tr>\n"

    body = "".join(row("td", line) for line in cells)
    head = row("th", headings)
    return f"<table>\n<thead>\n{head}</thead>\n<tbody>\n{body}</tbody>\n</table>\n"


_TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "Ω": r"$\Omega$",
        "<": r"$<$",
        ">": r"$>$",
    }
)


def _latex(headings: Sequence[str], cells: list[list[str]]) -> str:
    """A longtable with booktabs rules (packages booktabs, longtable)."""

    def entry(content: str) -> str:
        if content.startswith("10^"):
            return f"$10^{{{content[3:]}}}$"
        return content.translate(_TEX)

    def line(entries: Sequence[str]) -> str:
        return " & ".join(map(entry, entries)) + r" \\" + "\n"

    return (
        rf"\begin{{longtable}}{{{'r' * len(headings)}}}"
        + "\n\\toprule\n"
        + line(headings)
        + "\\midrule\n\\endhead\n"
        + "".join(map(line, cells))
        + "\\bottomrule\n\\end{longtable}\n"
    )


def latex_document(body: str, title: str) -> str:
    """A document around one rendered LaTeX table, ready for any LaTeX engine."""
    return (
        "\\documentclass[a4paper,landscape,8pt]{extarticle}\n"
        "\\usepackage{booktabs,longtable}\n\\usepackage[margin=1cm]{geometry}\n"
        f"\\begin{{document}}\n\\section*{{{title.translate(_TEX)}}}\n{body}\\end{{document}}\n"
    )
