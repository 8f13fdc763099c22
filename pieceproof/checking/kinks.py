"""Absolute values in the objective: weighted kinks ρ|z| with z affine in w.

    κ·f(α, w) = (w, 1)ᵀ G(α) (w, 1) + κ Σ_k ρ_k(α)·|z_k(α, w)|,   ρ_k ≥ 0 on A.

The absolute loss has one kink per example, named ``e<t>``: the residual; the penalty
αρ|w|₁ has one per penalised weight, named as the weight. An active set gives every kink one
relation: ``e5:zero``, ``e5:positive`` or ``e5:negative``. With the signs σ the objective has
the smooth minorant G + κ Σ σ_k ρ_k z_k, which is the objective where σ_k z_k ≥ 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq, fmpq_poly, fmpz_mat, fmpz_poly

from pieceproof.checking.constraints import Constraints, Row
from pieceproof.checking.objectives import Gram, Objective
from pieceproof.checking.orbits import Case
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import CertificateError, Node

Form = tuple[tuple[int, fmpq_poly], ...]
"""The non-zero entries (position, coefficient) of an affine form; position of 1 last."""

RELATIONS = {"zero": 0, "positive": 1, "negative": -1}
_NAMES = {sign: name for name, sign in RELATIONS.items()}


@dataclass(frozen=True)
class Kink:
    """``weight``·|form| in κ·f; both polynomials in α."""

    name: str
    weight: fmpq_poly
    form: Form


@dataclass(frozen=True)
class Face:
    """An active set: the minorant, constraints held with equality, and kinks by relation."""

    gram: Gram
    labels: tuple[str, ...]
    rows: tuple[Row, ...]
    zeros: tuple[Kink, ...]
    signed: tuple[tuple[int, Kink], ...]

    @property
    def relations(self) -> tuple[str, ...]:
        """The labels of the kinks."""
        signs = [(0, kink) for kink in self.zeros] + list(self.signed)
        return tuple(f"{kink.name}:{_NAMES[sign]}" for sign, kink in signs)


@dataclass(frozen=True)
class Kinks:
    """The kinks of a problem on its joint cells."""

    problem: Problem
    constraints: Constraints
    objective: Objective

    @cached_property
    def present(self) -> bool:
        """Whether the objective has kinks at all."""
        return self.problem.absolute or bool(self.problem.ratio and self.problem.penalised)

    def on(self, case: Case) -> list[Kink]:
        """All kinks on a joint cell, in the order of penalised weights, then examples."""
        return [*self._penalties, *(self._residuals(case) if self.problem.absolute else ())]

    @cached_property
    def _penalties(self) -> list[Kink]:
        problem = self.problem
        if not problem.ratio:
            return []
        weight = fmpq_poly([0, self.objective.scale * problem.ratio])
        return [
            Kink(problem.parameters[index].name, weight, ((index, fmpq_poly([1])),))
            for index in problem.penalised
        ]

    def _residuals(self, case: Case) -> list[Kink]:
        problem, last = self.problem, len(self.problem.parameters)
        share = fmpq(1, len(problem.targets)) if problem.mean else fmpq(1)
        weight = fmpq_poly([self.objective.scale * share])
        outputs = problem.weights or tuple(map(fmpq, case.signs or ()))
        kinks = []
        for example, (x, y) in enumerate(zip(problem.inputs, problem.targets, strict=True)):
            inputs = (*x, *([fmpq(1)] * problem.bias))
            entries: dict[int, fmpq_poly] = {last: fmpq_poly([-y])}
            for block, output in enumerate(outputs):
                piece = self._piece(case, block, example)
                slope = output * fmpq_poly(list(problem.slopes[piece]))
                entries[last] += output * fmpq_poly(list(problem.intercepts[piece]))
                for axis, value in enumerate(inputs):
                    entries[block * problem.block + axis] = value * slope
            if problem.offset is None:
                entries[last - 1] = fmpq_poly([1])
            else:
                entries[last] += problem.offset
            form = tuple((place, entry) for place, entry in sorted(entries.items()) if entry)
            kinks.append(Kink(f"e{example + 1}", weight, form))
        return kinks

    def _piece(self, case: Case, unit: int, example: int) -> int:
        return int(self._indices[unit][case.cells[unit], example]) if self.problem.units else 0

    @cached_property
    def _indices(self) -> dict[int, np.typing.NDArray[np.int8]]:
        return {unit: each.indices for each in self.constraints.arrangements for unit in each.units}

    def face(self, active: Node, case: Case) -> Face:
        """The face that the labels of an active set name.

        Raises:
            CertificateError: a label names nothing, or a kink does not have exactly one relation.
        """
        kinks = self.on(case) if self.present else []
        signs: dict[str, int] = {}
        labels, rows = [], []
        names = {kink.name for kink in kinks}
        for node in active:
            name, _, relation = node.text().rpartition(":")
            if name in names and relation in RELATIONS:
                if name in signs:
                    raise CertificateError(f"{node.path}: kink {name[:40]!r} is named twice")
                signs[name] = RELATIONS[relation]
            else:
                labels.append(node.text())
                rows.append(self.constraints.row(node, case))
        missing = next((kink.name for kink in kinks if kink.name not in signs), None)
        if missing is not None:
            raise CertificateError(f"{active.path}: kink {missing!r} has no relation")
        signed = tuple((signs[kink.name], kink) for kink in kinks if signs[kink.name])
        return Face(
            with_signs(self.objective.gram(case), signed),
            tuple(labels),
            tuple(rows),
            tuple(kink for kink in kinks if not signs[kink.name]),
            signed,
        )


def with_signs(gram: Gram, signed: Sequence[tuple[int, Kink]]) -> Gram:
    """G + Σ σ_k ρ_k z_k: each affine form goes half into the last row, half into the column.

    The scale of the objective of a problem with kinks makes these halves integers.
    """
    if not signed:
        return gram
    last = gram[0].ncols() - 1
    totals = [fmpq_poly()] * (last + 1)
    for sign, kink in signed:
        for position, entry in kink.form:
            totals[position] += sign * kink.weight * entry
    parts = [fmpz_mat(part) for part in gram]
    for position, total in enumerate(totals):
        half = total if position == last else total / 2
        for power, part in enumerate(parts):
            part[position, last] += fmpq(half[power]).p
            if position != last:
                part[last, position] += fmpq(half[power]).p
        if half.degree() >= len(parts) or any(fmpq(c).q != 1 for c in half.coeffs()):
            raise AssertionError("the scale of the objective clears all denominators")
    return parts[0], parts[1], parts[2]


def form_at(form: Form, point: Sequence[fmpz_poly]) -> fmpq_poly:
    """The numerator of z(w) for w = point/point[-1]."""
    total = fmpq_poly()
    for position, entry in form:
        total += entry * fmpq_poly(point[position])
    return total


def form_value(form: Form, alpha: fmpq, point: Sequence[fmpq]) -> fmpq:
    """z(w) at a rational α, for (w, 1) = ``point``."""
    return sum((entry(alpha) * point[position] for position, entry in form), fmpq(0))
