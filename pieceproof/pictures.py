"""Figures as files: the same figure gives the same bytes, each file complete or not there."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from pieceproof.appearance import STYLE
from pieceproof.files import write_atomically


def save(picture: Figure, folder: Path, name: str) -> list[Path]:
    """Write ``name.svg`` and ``name.png`` into ``folder``, each atomically.

    Raises:
        OSError: the folder cannot be written.
    """
    paths = []
    for suffix, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        content = BytesIO()
        with matplotlib.rc_context(STYLE), warnings.catch_warnings():
            # A name in a script that the font lacks is drawn as boxes, and that is all.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            picture.savefig(content, format=suffix, dpi=150, metadata=metadata)
        paths.append(folder / f"{name}.{suffix}")
        write_atomically(paths[-1], content.getvalue())
    return paths
