"""Machine code of the loops before time counts: a small problem compiles it for all."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

from pieceproof.checking.enclosing.compiled.branching import settle
from pieceproof.checking.enclosing.compiled.curves import enclose
from pieceproof.checking.enclosing.compiled.jit import is_compiled
from pieceproof.enclosed.search import Search
from pieceproof.methods.options import Options
from pieceproof.problem_document import problem_document
from piecewise.activations import Interpolated, relu, square
from piecewise.networks import FeedForward
from piecewise.problems import Problem


def compiled(options: Options) -> Options:
    """The options, with ``seconds`` counting from when the loops are compiled."""
    if is_compiled(settle) and is_compiled(enclose):  # nearly all others are inside these
        return options
    options.progress("compiling, once", 0, None)
    began = monotonic()
    problem = Problem(
        FeedForward([1], Interpolated(relu, square), bias=False),
        inputs=[[1], [2]],
        targets=[1, 1],
        interval=("1/4", "1/2"),
        box=(-1, 1),
    )
    Search(problem, problem_document(problem)).run()
    return replace(options, start=options.start + monotonic() - began)
