"""Questions to the engines that are Python libraries, each answered by a child process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geometry.engines import messages
from geometry.engines.process import run
from geometry.engines.protocol import (
    Dimension,
    Elimination,
    Failure,
    GroebnerBasis,
    Limits,
    Reason,
    Solutions,
)
from geometry.engines.system import PolynomialSystem
from geometry.verdicts import Verdict


@dataclass(frozen=True)
class Question:
    """One system put to the library ``engine`` under ``limits``."""

    engine: str
    system: PolynomialSystem
    limits: Limits

    def groebner(self, prime: int = 0, alpha: int = 0) -> GroebnerBasis | Failure:
        """See ``Engine.groebner``."""
        answer = self._ask({"task": "groebner", "prime": prime, "alpha": alpha})
        if isinstance(answer, Failure):
            return answer
        return GroebnerBasis(
            self.system.variables,
            tuple(tuple(monomial) for monomial in answer["leading"]),
            tuple(messages.read_terms(terms) for terms in answer["polynomials"]),
            prime,
            alpha if prime else 0,
        )

    def solve(self, precision: int) -> Solutions | Failure:
        """See ``Engine.solve``."""
        if self.system.parameter is not None:
            message = "set the parameter to a number first"
            return Failure(self.engine, Reason.UNSUPPORTED, message)
        answer = self._ask({"task": "solve", "precision": precision})
        if isinstance(answer, Failure):
            return answer
        dimension = Dimension(min(answer["dimension"], 1))
        if dimension is not Dimension.FINITE:
            return Solutions(self.engine, dimension, (), Verdict.PROVED)
        parametrisation = messages.read_parametrisation(answer["parametrisation"])
        boxes = tuple(parametrisation.real_points(precision))
        return Solutions(self.engine, dimension, boxes, Verdict.PROVED, parametrisation)

    def eliminate(self, keep: Sequence[str]) -> Elimination | Failure:
        """See ``Engine.eliminate``."""
        answer = self._ask({"task": "eliminate", "keep": list(keep)})
        if isinstance(answer, Failure):
            return answer
        generators = [messages.read_polynomial(terms, keep) for terms in answer["generators"]]
        return Elimination(self.engine, tuple(keep), tuple(generators), Verdict.PROVED)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any] | Failure:
        question = {**question, "engine": self.engine, "system": messages.system(self.system)}
        output = run(
            self.engine,
            [sys.executable, "-m", "geometry.engines.exact_worker"],
            self.limits,
            text=json.dumps(question),
            environment={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        if isinstance(output, Failure):
            return output
        answer: dict[str, Any] = json.loads(output)
        if "unsupported" in answer:
            return Failure(self.engine, Reason.UNSUPPORTED, answer["unsupported"])
        return answer


def ask(engine: str, system: PolynomialSystem, limits: Limits) -> Question:
    """The question; nothing runs before one of its methods is called."""
    return Question(engine, system, limits)
