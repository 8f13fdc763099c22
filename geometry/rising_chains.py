"""The zero-one loss of a chain of units whose activation rises: that of a linear classifier.

A *chain* has one unit in each hidden layer: with s = w·x + b₁ its score is v·φ_α(s) + c, where φ_α
applies σ_α, a weight and a bias in turn. Let σ_α be continuous and strictly monotone in z for all α
inside A. Then φ_α is strictly monotone, or constant where a weight is 0, and the examples with a
positive score are those on one side of a threshold of s, or all, or none. The same examples are
right for a linear classifier w·x + θ, and without biases, with c = 0 and σ_α(0) = 0, for one with
θ = 0. So ℓ* is nowhere below the least loss of linear classifiers. Where the box holds parameters
that attain it (:mod:`geometry.chain_parameters`) ℓ* is that number inside A, and at the ends of A,
where σ_α may be flat, by lower semicontinuity.

σ_α is a mean of its values at the ends of A: it is strictly monotone inside A if at both ends it is
weakly so, in one direction, and on no piece constant at both.
"""

from __future__ import annotations

from flint import fmpq, fmpq_poly

from geometry.intervals import Interval, sign_pattern
from piecewise.activations import Interpolated, identity
from piecewise.affine import affine_coefficient
from piecewise.exact import to_fmpq
from piecewise.networks import TRAINABLE, FeedForward
from piecewise.problems import Problem


def network_of(problem: Problem) -> FeedForward:
    """The model.

    Raises:
        ValueError: it is no network.
    """
    if not isinstance(problem.model, FeedForward):
        raise ValueError(f"{problem.model!r} is no network")
    return problem.model


def is_chain(problem: Problem) -> bool:
    """Whether the model is a network with one unit in each hidden layer."""
    model = problem.model
    return isinstance(model, FeedForward) and set(model.hidden) == {1}


def direction(activation: Interpolated, lower: fmpq, upper: fmpq) -> int:
    """1 or −1 if σ_α strictly rises or falls for every α with lower < α < upper, else 0.

    Both are told from the derivatives at the two ends; an activation that jumps counts as neither.
    """
    if not activation.is_continuous:
        return 0
    found = set()
    points = [None, *map(to_fmpq, activation.breakpoints), None]
    for (first, second), left, right in zip(activation.pairs, points, points[1:], strict=False):
        size = max(len(first), len(second))
        lines = [affine_coefficient(first, second, power) for power in range(size)]
        slopes = [
            fmpq_poly([line(alpha) for line in lines]).derivative() for alpha in (lower, upper)
        ]
        if not any(slopes):
            return 0
        found |= {_sign_on(slope, left, right) for slope in slopes if slope}
    return 0 if len(found) > 1 else found.pop() or 0


def _sign_on(p: fmpq_poly, left: fmpq | None, right: fmpq | None) -> int | None:
    """The weak sign that p ≠ 0 keeps between two points (None: infinity); None if it changes."""
    reach = 2 + max((abs(c / p.leading_coefficient()) for c in p.coeffs()), default=fmpq(0))
    if left is None:  # all roots are less than ``reach`` from 0
        left = -reach if right is None else min(-reach, right - 1)
    whole = Interval.rational(left, max(reach, left + 1) if right is None else right)
    signs = {found for _, found in sign_pattern(p.numer(), whole)}
    return signs.pop() if len(signs) == 1 else None


def vanishes_at_zero(activation: Interpolated) -> bool:
    """Whether σ_α(0) = 0 for every α."""
    return activation.first(0) == 0 and activation.second(0) == 0


def has_threshold(network: FeedForward) -> bool:
    """Whether some example at x = 0 can have a score other than 0."""
    return network.bias or network.output_bias != 0 or not vanishes_at_zero(network.activation)


def linear_problem(problem: Problem) -> Problem:
    """The linear classifier, as a network of one unit with the activation identity.

    Its box does not matter, since it is a cone around 0 in all directions.
    """
    return Problem(
        FeedForward([1], Interpolated(identity, identity), bias=has_threshold(network_of(problem))),
        inputs=problem.inputs,
        targets=problem.targets,
        interval=problem.interval,
        box=(-1, 1),
        loss="zero-one",
        reduction=problem.reduction,
        features=problem.features,
        target=problem.target,
    )


def refusal(problem: Problem) -> str | None:
    """Why a problem is no rising chain whose box may be wide enough; None if it is one."""
    model = problem.model
    if problem.loss != "zero-one" or problem.weight_decay or problem.regulariser is not None:
        return "rising chains have the zero-one loss without a penalty"
    if not isinstance(model, FeedForward) or not is_chain(problem):
        return "rising chains have one unit in each hidden layer"
    lower, upper = map(to_fmpq, problem.interval)
    if direction(model.activation, lower, upper) == 0:
        return (
            f"the activation {model.activation!r} is not strictly monotone for all alpha inside A"
        )
    if not isinstance(model.output_weights, str) and not any(model.output_weights):
        return "the output weight is 0"
    if not problem.features:
        return "there are no inputs"
    if not model.bias and model.output_bias != TRAINABLE and has_threshold(model):
        return "a threshold that cannot be moved: give the units a bias"
    for parameter in problem.parameters[: len(problem.features)]:
        if not parameter.lower < 0 < parameter.upper:
            return f"a range that does not hold 0 inside ({parameter.name})"
    return None
