"""Slabs as documents write them (docs/coverings.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pieceproof.checking.coverings.jumps import Cell
from pieceproof.checking.coverings.models import Model
from pieceproof.checking.coverings.slabs import Slab


def slab_document(slab: Slab, model: Model) -> dict[str, Any]:
    """A slab as a document writes it."""
    written: dict[str, Any] = {
        "interval": [str(slab.lower), str(slab.upper)],
        "kind": slab.kind,
        "errors": list(slab.errors),
        "witnesses": [
            {
                "interval": [str(each.lower), str(each.upper)],
                "signs": list(each.signs),
                "minimiser": [str(w) for w in each.w],
            }
            for each in slab.witnesses
        ],
    }
    if slab.place is not None:
        written["alpha"] = [str(end) for end in slab.place]
        written["cells"] = [_cell(cell, model) for cell in slab.cells]
    if slab.kind == "open":
        written["reason"] = slab.reason
    return written


def _cell(cell: Cell, model: Model) -> dict[str, Any]:
    signs, held = cell.key
    return {
        "signs": list(signs),
        "held": _walls(held, model),
        "right": [f"e{model.items[t].examples[0] + 1}" for t in cell.right],
        "walls": _walls(cell.walls, model),
        "centre": cell.centre.tolist(),
        "slope": cell.slope.tolist(),
        "radius": cell.radius.tolist(),
    }


def _walls(walls: Sequence[tuple[int, int]], model: Model) -> list[str]:
    return [f"{model.network.names[i]}:{('lower', 'upper')[side]}" for i, side in walls]
