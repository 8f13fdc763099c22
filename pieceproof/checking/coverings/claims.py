"""What a document says of ℓ* beside its slabs: derived from them, and compared.

A PLACE is {"interval": [p/q, p/q], "approx": number}; a value p/q is exact.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from pieceproof.checking.agreement import compare
from pieceproof.checking.coverings.models import Model
from pieceproof.checking.coverings.profile import Extremum, Place, Profile, Step
from pieceproof.checking.reading import Node, Refuted

Json = dict[str, Any]
DERIVED = (
    "pieces", "breakpoints", "ends", "minimum", "extrema", "counts", "verdict", "reasons", "open",
)  # fmt: skip
"""Members that follow from the slabs."""


class Claims:
    """The members of a document that follow from a profile."""

    def __init__(self, model: Model, found: Profile) -> None:
        self.model, self.profile = model, found
        self.scale = fmpq(model.network.examples if model.network.mean else 1)

    def members(self) -> Json:
        """All of them."""
        whole = self._whole
        steps = self.profile.steps
        jumps = self.profile.jumps
        interval = self.model.network.interval
        lowest = min(step.errors for step in steps) if whole else 0
        return {
            "pieces": [self._piece(step) for step in steps],
            "breakpoints": [
                {"kind": "jump", "alpha": _place(place), "value": self._value(errors)}
                for place, errors in jumps
            ],
            "ends": {
                "lower": self._end(interval[0], steps[0] if steps else None, 0),
                "upper": self._end(interval[1], steps[-1] if steps else None, 1),
            },
            "minimum": {
                "value": self._value(lowest),
                "intervals": [
                    [_place(step.start), _place(step.end)]
                    for step in steps
                    if step.errors == lowest
                ],
            }
            if whole
            else None,
            "extrema": {
                "minima": self._extrema(1) if whole else [],
                "maxima": self._extrema(-1) if whole else [],
            },
            "counts": {
                "slabs": self.profile.slabs,
                "pieces": len(jumps) + 1,
                "breakpoints": len(jumps),
                "discontinuities": len(jumps),
                "kinks": 0,
                "local_minima": len(self.profile.extrema(1)) if whole else None,
                "local_maxima": len(self.profile.extrema(-1)) if whole else None,
                "oscillations": self.profile.oscillations() if whole else None,
            },
            "verdict": "proved" if whole else "unresolved",
            "reasons": self._reasons(),
            "open": [
                {
                    "interval": [str(slab.lower), str(slab.upper)],
                    "width": str(slab.upper - slab.lower),
                    "reason": slab.reason,
                    "lower": self._value(slab.errors[0]),
                    "upper": self._value(slab.errors[1]),
                }
                for slab in self.profile.open
            ],
        }

    @property
    def _whole(self) -> bool:
        return not self.profile.open

    def _reasons(self) -> list[str]:
        if self._whole:
            return []
        lower, upper = self.model.network.interval
        width = sum((slab.upper - slab.lower for slab in self.profile.open), fmpq(0))
        share = width / (upper - lower)
        count = len(self.profile.open)
        first = (
            f"open: {int(share.p) / int(share.q):.2g} of A, in {count} "
            f"interval{'s' * (count > 1)}; counts are those proved outside"
        )
        return [first, *sorted({slab.reason for slab in self.profile.open})]

    def _value(self, errors: int) -> str:
        return str(fmpq(errors) / self.scale)

    def _piece(self, step: Step) -> Json:
        sample = None
        if step.witness is not None:
            alpha = (step.witness.lower + step.witness.upper) / 2
            sample = {
                "alpha": str(alpha),
                "value": self._value(step.errors),
                "witness": [str(w) for w in step.witness.w],
                "signs": list(step.witness.signs),
            }
        return {
            "interval": [_place(step.start), _place(step.end)],
            "errors": step.errors,
            "value": self._value(step.errors),
            "sample": sample,
        }

    def _end(self, alpha: fmpq, step: Step | None, side: int) -> Json:
        known = step is not None and (step.start, step.end)[side] == (alpha, alpha)
        return {
            "alpha": str(alpha),
            "value": self._value(step.errors) if step is not None and known else None,
        }

    def _extrema(self, sign: int) -> list[Json]:
        return [self._extremum(each) for each in self.profile.extrema(sign)]

    def _extremum(self, each: Extremum) -> Json:
        steps = self.profile.steps
        found: Json = {
            "interval": [_place(steps[each.first].start), _place(steps[each.last].end)],
            "value": self._value(steps[each.first].errors),
        }
        return {**found, "open": list(each.missing)} if each.missing else found


def _place(place: Place) -> Json:
    middle = (place[0] + place[1]) / 2
    return {
        "interval": [str(place[0]), str(place[1])],
        "approx": int(middle.p) / int(middle.q),
    }


def check(members: dict[str, Node], claims: Claims) -> list[str]:
    """What is stated and does not follow from the slabs, as reasons."""
    reasons = []
    for key, own in claims.members().items():
        try:
            compare(members[key], own)
        except Refuted as refuted:
            reasons.append(str(refuted))
    return reasons
