"""Conditions on some variables that others can be chosen to satisfy: Fourier–Motzkin.

    ∃ d : h_1 > 0, …, h_m > 0

for h_k affine in d with a rational coefficient is said without d: a condition c·d + r > 0
with c > 0 bounds d from below, one with c < 0 from above, and some d lies between iff every
lower bound is below every upper bound, −r/c < r′/|c′|, that is c·r′ + |c′|·r > 0.
[Schrijver, *Theory of Linear and Integer Programming*, Sec. 12.2.]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flint import fmpq_mpoly

from geometry.reduction import involved, linear_coefficient

MOST = 2000
"""Conditions beyond which the projection is given up."""


def projected(
    conditions: Iterable[fmpq_mpoly], variables: Sequence[str]
) -> tuple[fmpq_mpoly, ...] | None:
    """Conditions without ``variables`` that hold iff some values of them satisfy all > 0.

    Constants > 0 are left out; one that cannot hold stays. None: a condition is not affine
    in a variable, or there are too many.
    """
    left = list(conditions)
    pending = [name for name in variables if any(involved(h, [name]) for h in left)]
    while pending:
        # The variable with the fewest new conditions first.
        name = min(pending, key=lambda name: _pairs(left, name))
        pending.remove(name)
        if _pairs(left, name) + len(left) > MOST:
            return None
        reduced = _without(left, name)
        if reduced is None:
            return None
        left = reduced
    return _distinct(left)


def _pairs(conditions: Sequence[fmpq_mpoly], name: str) -> int:
    signs = [linear_coefficient(h, name) for h in conditions if involved(h, [name])]
    return sum(c > 0 for c in signs) * sum(c < 0 for c in signs)


def _without(conditions: Sequence[fmpq_mpoly], name: str) -> list[fmpq_mpoly] | None:
    above, below, free = [], [], []
    for h in conditions:
        coefficient = linear_coefficient(h, name)
        if coefficient > 0:
            below.append(h / coefficient)
        elif coefficient < 0:
            above.append(h / -coefficient)
        elif involved(h, [name]):
            return None
        else:
            free.append(h)
    return list(_distinct([*free, *(low + high for low in below for high in above)]))


def _distinct(conditions: Iterable[fmpq_mpoly]) -> tuple[fmpq_mpoly, ...]:
    """One of those that are positive multiples of each other; without constants > 0."""
    known: dict[str, fmpq_mpoly] = {}
    for h in conditions:
        if h.is_zero():
            known.setdefault("0", h)
            continue
        unit = h / abs(h.leading_coefficient())
        if not (h.is_constant() and h.leading_coefficient() > 0):
            known.setdefault(str(unit), unit)
    return tuple(known.values())
