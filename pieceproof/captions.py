"""The words of a picture: title, verdict, axes, legend.

Names come from data files: they are shown as they are, without control characters, and
shortened.
"""

from __future__ import annotations

from pieceproof.curves import Curves, Point, drawable
from pieceproof.verify import Report
from piecewise.graphs import GraphConvolution
from piecewise.networks import FeedForward
from piecewise.penalties import Penalty
from piecewise.problems import Problem

LONGEST = 32
"""Longest name shown, in characters."""
LISTED = 3
"""Most features, and most minimisers, named."""

NOUNS = {"kink": "kink", "smooth": "smooth breakpoint", "jump": "jump"}


def title(curves: Curves) -> str:
    """What is predicted from what, with the number of pieces."""
    problem = curves.problem
    features = ", ".join([shown(name) for name in problem.features[:LISTED]])
    more = ", …" if len(problem.features) > LISTED else ""
    examples, pieces = len(problem.targets), len(curves.values)
    return (
        f"{shown(problem.target)} from {features}{more}: "
        f"{count(examples, 'example')}, {count(pieces, 'piece')}"
    )


def verdict(curves: Curves, report: Report | None) -> str:
    """The checker's verdict, or that of the document, called a claim."""
    if report is None:
        return f"{curves.verdict}, as claimed by the certificate"
    return f"{report.verdict}, {'certificate checked' if report.accepted else 'not accepted'}"


def loss(curves: Curves) -> str:
    """The quantity drawn."""
    problem = curves.problem
    bound = "upper bound of " if curves.verdict == "unresolved" else ""
    if problem.loss == "zero-one":
        what = "number" if problem.reduction == "sum" else "share"
        return f"{bound}ℓ*(α), least {what} of misclassified examples"
    error = f"{problem.loss} error"
    error = f"sum of {error}s" if problem.reduction == "sum" else f"mean {error}"
    penalty = f" + {_penalty(problem.regulariser)}" if problem.regulariser else ""
    decay = " + μ|w|²" if problem.weight_decay else ""
    if problem.validation:
        held_out = count(len(problem.validation.targets), "held-out example")
        what = "best fits found (not proved)" if bound else "ℓ*(α)"
        return f"{what}, {error} on {held_out}"
    return f"{bound}ℓ*(α), least {error}{penalty}{decay}"


def _penalty(penalty: Penalty) -> str:
    if 0 < penalty.ratio < 1:
        return f"α(ρ|w|₁ + (1−ρ)|w|²), ρ = {penalty.ratio}"
    return "α|w|₁" if penalty.ratio else "α|w|²"


def hyperparameter(problem: Problem) -> str:
    """What α does."""
    roles = []
    if isinstance(problem.model, FeedForward):
        activation = problem.model.activation
        first, second = shown(activation.first.name), shown(activation.second.name)
        if activation.first != activation.second:
            roles.append(f"activation α·{first} + (1−α)·{second}")
    if isinstance(problem.model, GraphConvolution):
        degree = f"^{problem.model.degree}" if problem.model.degree > 1 else ""
        roles.append(f"kernel (δ + α){degree} on edges")
    if problem.regulariser:
        roles.append(f"penalty {_penalty(problem.regulariser)}")
    return f"α   ({', '.join(roles)})" if roles else "α"


def minimum(curves: Curves) -> str:
    """The least value of ℓ* and where it is attained."""
    places = [_place(start, end) for start, end in curves.minimisers]
    more = f" and {len(places) - LISTED} more" if len(places) > LISTED else ""
    where = "for α in" if all(start != end for start, end in curves.minimisers) else "at α ="
    return f"minimum {drawable(curves.minimum):.8g} {where} {', '.join(places[:LISTED])}{more}"


def _place(start: Point, end: Point) -> str:
    first, last = (f"{drawable(point.alpha):.7g}" for point in (start, end))
    return first if start == end else f"[{first}, {last}]"


def breakpoints(kind: str, number: int) -> str:
    """How many breakpoints of a kind there are."""
    return count(number, NOUNS[kind])


def count(number: int, noun: str, plural: str = "") -> str:
    """The number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def shown(name: str) -> str:
    """A name fit for display."""
    text = "".join(c if c.isprintable() else "�" for c in name[: LONGEST + 1])
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
