"""Shattering witnesses: n certified duals, n thresholds, 2^n hyperparameters.

The document claims Pdim ≥ n for a class of problems. What is re-derived:

1. every instance is a certificate that the checker accepts (so its pieces are ℓ*_i);
2. the instances differ in nothing but their data, and have equally many examples;
3. for every r < 2^n and every i: ℓ*_i(α_r) ≥ τ_i exactly where bit i of r is 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flint import fmpq

from pieceproof.checking.numerals import read_interval
from pieceproof.checking.reading import CertificateError, Node, Refuted, check_digest
from pieceproof.checking.reals import compare, exactly

FORMAT = "pieceproof-shattering/1"
MOST_INSTANCES = 20
"""A witness of more instances has more than a million hyperparameters."""

JUMP = "jump"


def check_witness(
    document: dict[str, Any], refusals: Callable[[dict[str, Any]], tuple[str, ...]]
) -> dict[str, int]:
    """Re-derive the claim; the counts of what was looked at.

    Args:
        document: the JSON object.
        refusals: why the certificate of one instance is not accepted; empty if it is.

    Raises:
        CertificateError: the document cannot be read.
        Refuted: the claim is false or not proved by the document.
    """
    keys = ("format", "claim", "instances", "thresholds", "alphas", "provenance", "digest")
    members = Node(document, "").fields(*keys)
    members["format"].choice(FORMAT)
    instances = members["instances"].items()
    n = len(instances)
    claim = members["claim"].fields("pseudo_dimension_at_least")["pseudo_dimension_at_least"]
    if not 1 <= n <= MOST_INSTANCES:
        raise CertificateError(f"instances: {n} given; a witness has 1 to {MOST_INSTANCES}")
    if claim.count() != n:
        raise Refuted(f"{claim.path}: {n} instances are given")
    thresholds, alphas = members["thresholds"].rationals(), members["alphas"].rationals()
    if len(thresholds) != n or len(alphas) != 1 << n:
        raise Refuted(f"alphas: {n} instances need {n} thresholds and {1 << n} hyperparameters")
    for node in instances:
        if not isinstance(node.value, dict):
            raise node.wrong("an object")
        for reason in refusals(node.value):
            raise Refuted(f"{node.path}: {reason}")
        if _without_data(node.value) != _without_data(instances[0].value):
            raise Refuted(f"{node.path}.problem: not of the class of instances[0]")
    for i, (node, threshold) in enumerate(zip(instances, thresholds, strict=True)):
        for r, alpha in enumerate(alphas):
            value = _value(node, alpha)
            if (value >= threshold) != bool(r >> i & 1):
                side = "below" if value < threshold else "not below"
                raise Refuted(
                    f"alphas[{r}]: pattern {r:0{n}b} does not occur at {alpha}: "
                    f"{node.path} is {side} its threshold"
                )
    check_digest(members)
    return {"instances": n, "patterns": 1 << n}


def _without_data(certificate: dict[str, Any]) -> dict[str, Any]:
    """The problem of an accepted certificate with the number of examples for its data."""
    problem = certificate["problem"]
    data = problem["data"]
    kept = {key: value for key, value in data.items() if key not in ("inputs", "targets")}
    return {**problem, "data": {**kept, "examples": len(data["targets"])}}


def _value(certificate: Node, alpha: fmpq) -> fmpq:
    """ℓ*(α), read off the pieces of an accepted certificate.

    Raises:
        Refuted: α is not inside A, or ℓ* jumps there (its value is then that of neither piece).
    """
    held = list(_pieces_at(certificate, alpha))
    if not held:
        raise Refuted(f"{certificate.path}: {alpha} is not inside the interval")
    if len(held) == 2:
        kind = certificate.value["breakpoints"][held[0][0]]["kind"]
        if kind == JUMP:
            raise Refuted(f"{certificate.path}: its dual jumps at {alpha}; choose another place")
    value = held[0][1].fields("numerator", "denominator")
    return fmpq(value["numerator"].polynomial()(alpha)) / value["denominator"].polynomial()(alpha)


def _pieces_at(certificate: Node, alpha: fmpq) -> Iterator[tuple[int, Node]]:
    """The pieces, with their numbers, whose closed interval holds α strictly inside A."""
    pieces = Node(certificate.value["pieces"], f"{certificate.path}.pieces").items()
    at = exactly(alpha)
    for number, node in enumerate(pieces):
        start, end = read_interval(Node(node.value["interval"], f"{node.path}.interval"))
        left, right = compare(start, at), compare(at, end)
        outer = (number == 0 and left == 0) or (number == len(pieces) - 1 and right == 0)
        if left <= 0 and right <= 0 and not outer:
            yield number, Node(node.value["value"], f"{node.path}.value")
