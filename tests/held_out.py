"""The call that tests of held-out losses by enclosures share."""

from __future__ import annotations

import pieceproof
from pieceproof.judged import JudgedDual
from pieceproof.verify import Conclusion
from piecewise import Problem


def judged(problem: Problem, seconds: float | None = None) -> JudgedDual:
    dual = pieceproof.analyze(problem, seconds=seconds)
    assert isinstance(dual, JudgedDual)
    assert dual.report.verdict is not Conclusion.REJECTED, dual.report
    return dual
