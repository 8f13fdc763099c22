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


def document(body: str, title: str, form: Format) -> str:
    """A whole document around one rendered LaTeX or HTML table."""
    return _latex_document(body, title) if form is Format.LATEX else _html_document(body, title)


def _latex_document(body: str, title: str) -> str:
    """For any LaTeX engine; packages booktabs, longtable, geometry."""
    return (
        "\\documentclass[a4paper,landscape,10pt]{article}\n"
        "\\usepackage{booktabs,longtable}\n\\usepackage[margin=1cm]{geometry}\n"
        "\\setlength{\\tabcolsep}{4pt}\n\\begin{document}\n"
        f"\\section*{{{title.translate(_TEX)}}}\n\\scriptsize\n{body}\\end{{document}}\n"
    )


_STYLE = (
    "body{font:14px/1.4 system-ui,sans-serif;margin:2em}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.2em .7em;text-align:right}"
    "th{position:sticky;top:0;background:#fff;border-bottom:1px solid #333}"
    "tbody tr:nth-child(odd){background:#f4f4f4}"
)


def _html_document(body: str, title: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{html.escape(title)}</h1>\n{body}</body>\n</html>\n"
    )
