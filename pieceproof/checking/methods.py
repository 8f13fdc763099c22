"""The checkers of all methods, by the name that a document gives its method.

A checker is a module. It establishes that the pieces of a document are ℓ* and what ℓ* is where
they meet; :mod:`pieceproof.verify` checks what follows from that.
"""

from __future__ import annotations

from typing import Protocol

from pieceproof.checking import (
    convexcells,
    leastsquares,
    movingcells,
    nestedcells,
    piecewiseconstant,
    risingchains,
    validation,
)
from pieceproof.checking.run import Dual, Run


class Checker(Protocol):
    """What a checker module defines."""

    MEMBERS: tuple[str, ...]
    """Members that documents of this method have besides the common ones."""

    def check(self, run: Run) -> Dual:
        """ℓ* if its proofs hold; what does not hold becomes a reason of the run.

        Raises:
            CertificateError: malformed.
            Refuted: a claim without which the others have no meaning is false.
        """


CHECKERS: dict[str, Checker] = {
    "convex-cells": convexcells,
    "validation": validation,
    "piecewise-constant": piecewiseconstant,
    "rising-chains": risingchains,
    "least-squares": leastsquares,
    "moving-cells": movingcells,
    "nested-cells": nestedcells,
}
