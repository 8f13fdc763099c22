"""The strata of an objective, cell by cell, each treated once.

With one hidden layer every active set that matters is a face of a closed cell: a
minimiser over the cell lies in the relative interior of exactly one face F, where only
the constraints through F are active, and f restricted to the affine hull of F is critical
there. Neighbouring cells share F. If f is continuous the polynomials of all cells around F
agree on F, hence on its affine hull: the stratum is the same, and only its first cell
yields it. If f jumps, the polynomials on F are compared, too.

Active sets with the same hull (more constraints through F than its codimension) are one
stratum: S lists all facets of the cell through F.
"""

from __future__ import annotations

from collections.abc import Iterator

from geometry.optimality import Stratum
from geometry.reduction import Reduction, reduce
from piecewise.cell_polynomials import PARAMETER, SignCondition
from piecewise.faces import Face
from piecewise.layers import CellKey
from piecewise.polynomial_objective import PiecewiseObjective, PolynomialCell


def strata(objective: PiecewiseObjective, max_active: int | None = None) -> Iterator[Stratum]:
    """The strata of all cells of a model with at most one hidden layer, streamed.

    One per orbit under exchange of units; faces of codimension up to ``max_active``. Only
    the centres of the faces seen are remembered.

    Raises:
        NotYetSupported: more than one hidden layer; see :func:`cell_strata`.
    """
    seen: set[tuple[object, ...]] = set()
    names = tuple(parameter.name for parameter in objective.problem.parameters)
    for key in objective.keys():  # noqa: SIM118
        cell: PolynomialCell | None = None
        for face in objective.faces(key, max_active):
            orbit = objective.orbit(key, face)
            if objective.is_continuous and orbit in seen:
                continue
            cell = cell or objective.cell(key)
            stratum = _on_face(cell, key, face, names)
            identity = orbit if objective.is_continuous else (*orbit, stratum.key)
            if identity not in seen:
                seen.add(identity)
                yield stratum


def _on_face(cell: PolynomialCell, key: CellKey, face: Face, names: tuple[str, ...]) -> Stratum:
    active = tuple(cell.conditions[i] for i in face.tight)
    tight = set(face.tight)
    inactive = tuple(c for i, c in enumerate(cell.conditions) if i not in tight)
    return Stratum(cell.objective, active, names, PARAMETER, inactive, _name(key), face.centre)


def _name(key: CellKey) -> str:
    """The unit cells, counted from 0, with signs where there are any: ``3,-5``."""
    signs = key.signs or (1,) * len(key.cells)
    parts = [f"{'-' if s < 0 else ''}{c}" for s, c in zip(signs, key.cells, strict=True)]
    return ",".join(parts) or "0"


def cell_strata(cell: PolynomialCell, max_active: int) -> Iterator[Stratum]:
    """The strata of one cell of any network, for active sets of up to ``max_active`` constraints.

    Left out are active sets whose constraints, solved as far as they can be, contradict
    each other for generic α or imply one another. S lists every constraint of the cell
    that then vanishes on {h_S = 0}, and each such set is given once. Whether {h_S = 0}
    meets the closed cell is not decided.
    """
    names = cell.objective.context().names()[1:]
    seen: set[str] = set()
    pending: list[tuple[int, ...]] = [()]
    while pending:
        chosen = pending.pop()
        active = [cell.conditions[i] for i in chosen]
        reduction = reduce(cell.objective, active, names[::-1])
        if reduction.contradiction is not None or reduction.redundant:
            continue
        if len(chosen) < max_active:
            first = chosen[-1] + 1 if chosen else 0
            pending += [(*chosen, i) for i in reversed(range(first, len(cell.conditions)))]
        if reduction.key not in seen:
            seen.add(reduction.key)
            yield _on_set(cell, reduction, chosen)


def _on_set(cell: PolynomialCell, reduction: Reduction, chosen: tuple[int, ...]) -> Stratum:
    active: list[SignCondition] = []
    inactive: list[SignCondition] = []
    for i, condition in enumerate(cell.conditions):
        vanishes = i in chosen or reduction.restrict(condition.polynomial).is_zero()
        (active if vanishes else inactive).append(condition)
    names = cell.objective.context().names()[1:]
    return Stratum(cell.objective, tuple(active), names, PARAMETER, tuple(inactive))
