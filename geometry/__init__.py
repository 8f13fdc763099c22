"""How the minimum moves: from a piecewise polynomial objective to its exact dual loss."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geometry.assumptions import Kind as Kind
    from geometry.assumptions import Regularity as Regularity
    from geometry.assumptions import regularity as regularity
    from geometry.counting import Count as Count
    from geometry.ladders import Ladder as Ladder
    from geometry.ladders import ladder as ladder
    from geometry.optimality import Stratum as Stratum
    from geometry.stratification import cell_strata as cell_strata
    from geometry.stratification import strata as strata
    from geometry.verdicts import Verdict as Verdict

_HOME = {
    "Count": "geometry.counting",
    "Kind": "geometry.assumptions",
    "Ladder": "geometry.ladders",
    "Regularity": "geometry.assumptions",
    "Stratum": "geometry.optimality",
    "Verdict": "geometry.verdicts",
    "cell_strata": "geometry.stratification",
    "ladder": "geometry.ladders",
    "regularity": "geometry.assumptions",
    "strata": "geometry.stratification",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when first used, so that ``import geometry`` is immediate."""
    if name not in _HOME:
        raise AttributeError(f"module 'geometry' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
