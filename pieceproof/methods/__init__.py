"""The methods that compute dual functions, in the order in which they are asked.

A method is a module. It names itself, says which problems it covers, and computes ℓ* with its
certificate; :mod:`pieceproof.checking.methods` has a checker under the same name.
"""

from __future__ import annotations

from typing import Protocol

from geometry.dual import DualFunction
from pieceproof.certificate import Document
from pieceproof.methods import (
    convex_cells,
    least_squares,
    moving_cells,
    nested_cells,
    piecewise_constant,
    rising_chains,
    validation,
)
from pieceproof.methods.options import Options, Progress, silent
from piecewise.errors import NotYetSupported
from piecewise.problems import Problem

__all__ = ["METHODS", "Method", "Options", "Progress", "is_covered", "method_for", "silent"]


class Method(Protocol):
    """What a method module defines."""

    NAME: str
    """Written to the document as ``method``."""

    def is_for(self, problem: Problem) -> bool:
        """Whether model and loss are of the kind that the method is made for."""

    def refusal(self, problem: Problem) -> str | None:
        """None if the problem is covered, else why not, in one line."""

    def run(self, problem: Problem, options: Options) -> tuple[DualFunction, Document]:
        """The dual function and its document (:func:`pieceproof.certificate.document`)."""


METHODS: tuple[Method, ...] = (
    convex_cells,
    validation,
    rising_chains,
    piecewise_constant,
    least_squares,
    moving_cells,
    nested_cells,
)


def is_covered(problem: Problem) -> bool:
    """Whether some method covers the problem."""
    return any(each.is_for(problem) and each.refusal(problem) is None for each in METHODS)


def method_for(problem: Problem) -> Method:
    """The first method that covers the problem.

    Raises:
        NotYetSupported: none does; the message has the reasons of those that are for such
            problems.
    """
    refusals: dict[str, None] = {}
    for method in METHODS:
        if not method.is_for(problem):
            continue
        reason = method.refusal(problem)
        if reason is None:
            return method
        refusals[reason] = None
    general = f"the {problem.loss} loss of a {type(problem.model).__name__} model"
    raise NotYetSupported("; ".join(refusals) or general)
