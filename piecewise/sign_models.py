"""Trainable output weights as signs, for losses that no penalty of the weights goes with.

Let σ_α be positively homogeneous of degree 1, v ∈ [−V, V], and let the box of a unit's parameters
hold 0. Then v·σ_α(z(w)) = ±V·σ_α(z(|v|/V·w)), with |v|/V·w in the box: the predictions are those of
output weights in {−V, V}. The map (w, v) ↦ |v|/V·w is open where v ≠ 0, so that open cells go to
open sets.
"""

from __future__ import annotations

from copy import copy
from fractions import Fraction

from piecewise.networks import SIGNS, TRAINABLE, FeedForward
from piecewise.problems import Parameter, Problem


def refusal(problem: Problem) -> str | None:
    """Why trainable output weights cannot be replaced by signs; None if they can."""
    network = problem.model
    if not isinstance(network, FeedForward) or network.output_weights != TRAINABLE:
        return "no trainable output weights"
    if any(network.activation.breakpoints) or any(
        any(piece[:1]) for pair in network.activation.pairs for piece in pair
    ):
        return "trainable output weights behind an activation that is not positively homogeneous"
    hidden = problem.parameters[: _hidden(problem, network)]
    if not all(p.lower <= 0 <= p.upper for p in hidden):
        return "trainable output weights and a box of hidden parameters without 0"
    ranges = {(-p.lower, p.upper) for p in _outputs(problem, network)}
    if len(ranges) > 1 or any(lower != upper for lower, upper in ranges):
        return "trainable output weights with ranges other than one and the same [-V, V]"
    return None


def scale(problem: Problem, network: FeedForward) -> Fraction:
    """V."""
    return _outputs(problem, network)[0].upper


def with_signs(problem: Problem, network: FeedForward) -> Problem:
    """The problem with signs in place of the trainable output weights, which are no parameters."""
    start = _hidden(problem, network)
    stop = start + network.hidden[-1]
    model = FeedForward(
        network.hidden, network.activation, network.bias, SIGNS, network.output_bias
    )
    reduced = copy(problem)
    for name, value in (
        ("model", model),
        ("parameters", problem.parameters[:start] + problem.parameters[stop:]),
    ):
        object.__setattr__(reduced, name, value)
    return reduced


def _hidden(problem: Problem, network: FeedForward) -> int:
    """Number of the parameters of hidden units."""
    return network.hidden[0] * (len(problem.features) + network.bias)


def _outputs(problem: Problem, network: FeedForward) -> tuple[Parameter, ...]:
    start = _hidden(problem, network)
    return problem.parameters[start : start + network.hidden[-1]]
