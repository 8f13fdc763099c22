"""The catalogue: every theorem of the toolkit by its key."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bounds.errors import BoundsError, shown
from bounds.theorem import Theorem
from bounds.theorems_learning import COUNTING_THEOREMS, LEARNING_THEOREMS
from bounds.theorems_oscillations import FAMILY_THEOREMS, OSCILLATION_THEOREMS
from bounds.theorems_published import CONSTRUCTIONS, LOWER_RATES, UPPER_RATES

THEOREMS: Mapping[str, Theorem] = MappingProxyType(
    {
        theorem.key: theorem
        for theorem in (
            *LEARNING_THEOREMS,
            *OSCILLATION_THEOREMS,
            *FAMILY_THEOREMS,
            *COUNTING_THEOREMS,
            *CONSTRUCTIONS,
            *UPPER_RATES,
            *LOWER_RATES,
        )
    }
)


def theorem(key: str) -> Theorem:
    """The theorem called ``key``.

    Raises:
        BoundsError: there is none; the message lists the keys.
    """
    found = THEOREMS.get(key)
    if found is None:
        raise BoundsError(f"theorem: {shown(key)} is unknown; choose one of {', '.join(THEOREMS)}")
    return found
