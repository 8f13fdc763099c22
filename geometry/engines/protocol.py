"""What an algebra system is asked, and what it may answer.

An engine is a value with three questions: a Gröbner basis, the solutions of a
zero-dimensional system, the generators of an elimination ideal. Each answer is a result
or a ``Failure`` with its reason: a missing program, a limit, a crash or a question
outside an engine's reach is an outcome, never an exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from flint import fmpz_mpoly

from geometry.boxes import Box
from geometry.engines.parametrisation import Parametrisation
from geometry.engines.system import Monomial, PolynomialSystem, Terms
from geometry.verdicts import Verdict

PRIME = 1073741827
"""The prime just above 2^30 that modular questions use unless told otherwise."""

SECOND_PRIME = 1073741831
"""Another prime, to catch an unlucky first one."""


class Reason(Enum):
    """Why an engine gives no result."""

    MISSING = "missing"
    TIME = "time limit"
    MEMORY = "memory limit"
    CRASH = "crash"
    UNREADABLE = "unreadable output"
    UNSUPPORTED = "not supported"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Limits:
    """What a child process may use: wall-clock seconds and megabytes of address space."""

    seconds: float = 60.0
    megabytes: int = 4096


@dataclass(frozen=True)
class Failure:
    """No result: which engine, why, and a sentence with the remedy where there is one."""

    engine: str
    reason: Reason
    message: str

    @property
    def verdict(self) -> Verdict:
        """Always ``UNRESOLVED``."""
        return Verdict.UNRESOLVED

    def __str__(self) -> str:
        return f"{self.engine}: {self.reason}: {self.message}"


@dataclass(frozen=True)
class GroebnerBasis:
    """A graded reverse lexicographic Gröbner basis of the ideal of a system.

    ``prime`` = 0: over Q, or over Q(α) when the system has a parameter; exact. Otherwise
    over F_prime with the parameter set to ``alpha``. ``polynomials`` is empty over Q(α)
    and wherever only the leading monomials were asked for.
    """

    variables: tuple[str, ...]
    leading: tuple[Monomial, ...]
    polynomials: tuple[Terms, ...] = field(repr=False, default=())
    prime: int = 0
    alpha: int = 0

    @property
    def verdict(self) -> Verdict:
        """``PROVED`` over the field of the system itself, ``MODULAR`` over a finite one."""
        return Verdict.MODULAR if self.prime else Verdict.PROVED


class Dimension(Enum):
    """Dimension of a complex solution set, as far as engines tell it."""

    EMPTY = -1
    FINITE = 0
    POSITIVE = 1


@dataclass(frozen=True)
class Solutions:
    """The real solutions of a system over Q, each in a box.

    ``verdict`` is what the *completeness* and ``dimension`` rest on. Boxes come sorted;
    the existence and uniqueness of a root in each is for Krawczyk's test to prove. With
    ``dimension`` POSITIVE there are no boxes. ``dimension`` None: an engine that looks at
    real solutions only found finitely many.
    """

    engine: str
    dimension: Dimension | None
    boxes: tuple[Box, ...]
    verdict: Verdict
    parametrisation: Parametrisation | None = None


@dataclass(frozen=True)
class Elimination:
    """Generators of the ideal of a system intersected with Q[``keep``], primitive integer."""

    engine: str
    keep: tuple[str, ...]
    generators: tuple[fmpz_mpoly, ...]
    verdict: Verdict


class Engine(Protocol):
    """An algebra system. Systems with a parameter are specialised by the caller for ``solve``."""

    @property
    def name(self) -> str:
        """How messages and provenance call it."""
        ...

    def is_available(self) -> bool:
        """Whether the program or package is found on this machine."""
        ...

    def groebner(
        self, system: PolynomialSystem, limits: Limits, prime: int = 0, alpha: int = 0
    ) -> GroebnerBasis | Failure:
        """A Gröbner basis over Q(parameter) for ``prime`` = 0, else over F_prime at ``alpha``."""
        ...

    def solve(
        self, system: PolynomialSystem, limits: Limits, precision: int = 64
    ) -> Solutions | Failure:
        """Boxes of relative width about 2^−precision around the real solutions."""
        ...

    def eliminate(
        self, system: PolynomialSystem, keep: Sequence[str], limits: Limits
    ) -> Elimination | Failure:
        """⟨system⟩ ∩ Q[keep]; the parameter is one of the names that can be kept."""
        ...
