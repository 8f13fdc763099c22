"""Algebra systems behind one protocol: who computes, under which limits, with which verdict."""

from __future__ import annotations

from geometry.boxes import Box
from geometry.engines.flint import Flint
from geometry.engines.msolve import Msolve
from geometry.engines.parametrisation import Parametrisation
from geometry.engines.protocol import (
    PRIME,
    SECOND_PRIME,
    Dimension,
    Elimination,
    Engine,
    Failure,
    GroebnerBasis,
    Limits,
    Reason,
    Solutions,
)
from geometry.engines.qepcad import Qepcad
from geometry.engines.singular import Singular
from geometry.engines.sympy import Sympy
from geometry.engines.system import PolynomialSystem, read

ENGINES: tuple[Engine, ...] = (Msolve(), Flint(), Singular(), Sympy(), Qepcad())
"""Every engine there is, found on this machine or not, in the order of preference."""


def available(engines: tuple[Engine, ...] = ENGINES) -> tuple[Engine, ...]:
    """Those found on this machine; flint always is."""
    return tuple(engine for engine in engines if engine.is_available())


__all__ = [
    "ENGINES",
    "PRIME",
    "SECOND_PRIME",
    "Box",
    "Dimension",
    "Elimination",
    "Engine",
    "Failure",
    "Flint",
    "GroebnerBasis",
    "Limits",
    "Msolve",
    "Parametrisation",
    "PolynomialSystem",
    "Qepcad",
    "Reason",
    "Singular",
    "Solutions",
    "Sympy",
    "available",
    "read",
]
