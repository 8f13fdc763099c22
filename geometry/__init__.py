"""How the minimum moves: from a piecewise polynomial objective to its exact dual loss."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geometry.counting import Count as Count
    from geometry.ladders import Ladder as Ladder
    from geometry.ladders import ladder as ladder
    from geometry.verdicts import Verdict as Verdict

_HOME = {
    "Count": "geometry.counting",
    "Ladder": "geometry.ladders",
    "Verdict": "geometry.verdicts",
    "ladder": "geometry.ladders",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when first used, so that ``import geometry`` is immediate."""
    if name not in _HOME:
        raise AttributeError(f"module 'geometry' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
