"""Which assumptions of the theorems a problem satisfies, as far as its kind tells."""

from __future__ import annotations

from collections.abc import Mapping

from bounds.architectures import structure_of
from bounds.rows import Architecture, Sample
from bounds.theorem import Assumption, Facts
from piecewise.graphs import GraphConvolution
from piecewise.networks import FeedForward
from piecewise.problems import Problem


def facts_of(problem: Problem, counts: Mapping[str, object]) -> Facts:
    """What is known of the assumptions for the class of a problem.

    ``counts`` are those of its certificate, if there is one (else empty). An assumption
    left out is not known; regularity, for one, takes a census of the strata.
    """
    structure = structure_of(problem)
    model = problem.model
    network = isinstance(model, FeedForward)
    quadratic = structure.alpha_degree is not None
    continuous = _is_continuous(problem)
    facts = {
        Assumption.ONE_HYPERPARAMETER: True,
        Assumption.PIECEWISE_POLYNOMIAL: True,
        Assumption.COMPACT_BOX: True,
        Assumption.POLYNOMIALS: True,
        Assumption.CONVEX_QUADRATIC: quadratic,
        Assumption.FIXED_POLYHEDRA: quadratic,
        Assumption.NETWORK_CLASS: network,
        Assumption.TUNED_NETWORK: network and problem.penalty is None,
        Assumption.SQUARED_LOSS: problem.loss == "squared",
        Assumption.ZERO_ONE_LOSS: problem.loss == "zero-one",
        Assumption.GRAPH_KERNEL: isinstance(model, GraphConvolution),
        Assumption.GROUP_LASSO: False,
        Assumption.SEPARATE_VALIDATION: False,
    }
    if problem.loss != "zero-one":  # else constant on sign cells, which need not be connected
        facts[Assumption.PIECEWISE_CONSTANT] = False
    if quadratic:
        facts[Assumption.MULTIPLIERS] = True  # the constraints are affine
    if continuous or counts.get("discontinuities") not in (None, 0):
        facts[Assumption.CONTINUOUS_DUAL] = continuous
    return facts


def architecture_of(problem: Problem, sample: Sample) -> Architecture:
    """The row of a table that a problem is."""
    model = problem.model
    settings: dict[str, object] = {
        "examples": max(1, len(problem.targets)),
        "inputs": len(problem.features),
    }
    if isinstance(model, FeedForward):
        settings |= {
            "family": "feedforward",
            "hidden": tuple(model.hidden),
            "breakpoints": len(model.activation.breakpoints),
            "degree": max(0, model.activation.degree),
        }
    if isinstance(model, GraphConvolution):
        settings |= {
            "family": "graph",
            "nodes": len(model.nodes),
            "features": len(problem.features),
            "hidden": model.hidden,
            "classes": 2,
            "kernel_degree": model.degree,
        }
    return Architecture(settings, structure_of(problem), sample)


def _is_continuous(problem: Problem) -> bool:
    """Whether the loss is continuous in (α, w), and with it the dual (W is compact)."""
    if problem.loss == "zero-one":
        return False
    if not isinstance(problem.model, FeedForward):
        return True  # linear, or a hidden layer of relu
    activation = problem.model.activation
    return activation.first.is_continuous and activation.second.is_continuous
