"""Proposed slabs as documents write them (docs/enclosures.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geometry.proposals.folds import FoldedSolver
from geometry.proposals.frames import Frame
from geometry.proposals.minimisers import Solver
from geometry.proposals.products import ProductSolver
from geometry.proposals.slabbing import Proposal
from geometry.proposals.transformed import TransformedSolver
from pieceproof.checking.enclosing.networks import Network
from pieceproof.enclosed.deadunits import DeadUnits
from pieceproof.enclosed.divided import Divided
from pieceproof.enclosed.wholes import Whole
from pieceproof.enclosed.zeros import Zero


def slab_document(
    proposal: Proposal, network: Network, solvers: Sequence[Solver], dead: DeadUnits
) -> dict[str, Any]:
    """A slab as a document writes it."""
    ends = [str(proposal.lower), str(proposal.upper)]
    if isinstance(proposal, (Divided, Whole, Zero)):
        return proposal.document(network.names)
    if proposal.kind is None:
        return {"interval": ends, "kind": "open", "reason": proposal.reason}
    written: dict[str, Any] = {
        "interval": ends,
        "kind": proposal.kind,
        "curves": [
            {
                **_coordinates(solvers[curve.chart], network.names),
                "pattern": curve.face.pattern.tolist(),
                "active": [
                    [f"{network.units[u]}:e{t + 1}:k{k + 1}" for u, t, k in group]
                    for group in curve.face.groups
                ],
                "walls": [
                    f"{network.names[i]}:{('lower', 'upper')[side]}" for i, side in curve.face.walls
                ],
                "centre": curve.centre.tolist(),
                "slope": curve.slope.tolist(),
                "radius": curve.radius.tolist(),
            }
            for curve in proposal.curves
        ],
    }
    for number, curve in enumerate(proposal.curves):
        chart = solvers[curve.chart].chart
        if chart.dead:
            written["curves"][number] = dead.written(written["curves"][number], chart)
    return dead.with_tips(written)


def _coordinates(solver: Solver, names: Sequence[str]) -> dict[str, Any]:
    """The chart of a solver, and its fold, frame or product if it has one."""
    if isinstance(solver, FoldedSolver):
        kind, own = solver.fold.reflection
        return {"chart": solver.base.index, "fold": [[kind, *(names[i] for i in own)]]}
    if isinstance(solver, TransformedSolver) and isinstance(solver.coordinates, Frame):
        return {
            "chart": solver.base.index, "frame": [list(row) for row in solver.coordinates.rows]
        }  # fmt: skip
    if isinstance(solver, ProductSolver):
        return {"chart": solver.base.index, "product": [names[i] for i in solver.product.pair]}
    return {"chart": solver.index}
