"""What the calculator is asked about: given numbers, a problem, or a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bounds.applicability import architecture_of, facts_of
from bounds.architectures import structure_of, training_structure
from bounds.calculator import evaluate_all, oscillation_entries
from bounds.errors import count
from bounds.pseudodimension import pseudo_dimension
from bounds.rows import Architecture, Sample
from bounds.structure import StructureCounts
from bounds.summary import entries
from bounds.theorem import Assumption
from pieceproof.bound_report import Answer
from piecewise.errors import PiecewiseError
from piecewise.objective import ConvexObjective
from piecewise.problems import Problem

STRUCTURE = ("pieces", "boundaries", "degree", "parameters")
"""The numbers from which oscillation bounds follow."""


@dataclass(frozen=True)
class Regularity:
    """What a census found: whether Assumption 1 of [BNS25] holds on all strata of the instance."""

    holds: bool | None
    strata: int

    def __str__(self) -> str:
        found = {True: "holds on all", False: "fails on some", None: "is not decided on all"}
        return (
            f"Assumption 1 of [BNS25] {found[self.holds]} of the {self.strata} strata of this "
            "instance, by its census."
        )


def answer_for_numbers(values: Mapping[str, Any], sample: Sample) -> Answer:
    """The calculator at given numbers; what can be derived from them is derived.

    Raises:
        BoundsError: a number outside its domain; the message starts with its name.
    """
    structure, known = _given_structure(values), dict(values)
    single = values.get("hyperparameters", 1) == 1  # oscillations are those along one interval
    cuts = {"oscillations": values.get("oscillations")}
    found = list(entries(cuts, structure)) if single else []
    if found and "oscillations" in values:
        assumption = "every dual of the class has at most so many oscillations"
        found[0] = replace(
            found[0], theorem="Lemma 1, given oscillation count", assumptions=(assumption,)
        )
    facts = {Assumption.POLYNOMIALS: True, Assumption.ONE_HYPERPARAMETER: single}
    if found:
        known.setdefault("oscillations", min(entry.oscillations for entry in found))
        least = count("oscillations", known["oscillations"])
        known.setdefault("dimension", pseudo_dimension(least))
        facts[Assumption.CUTS_BOUNDED] = True
    if structure is not None:
        known |= Architecture({}, structure).level_counts
        known.setdefault("all_boundaries", structure.all_boundaries)
    evaluations = list(evaluate_all({**_asked(sample), **known}, facts))
    return Answer(
        "Given numbers: " + ", ".join(f"{name} = {_shown(v)}" for name, v in values.items()),
        [] if structure is None else [structure],
        [*found, *oscillation_entries(evaluations, structure is not None)],
        evaluations,
        sample,
    )


def answer_for_problem(
    title: str,
    problem: Problem,
    counts: Mapping[str, Any],
    regular: Regularity | None,
    values: Mapping[str, object],
    sample: Sample,
    max_cells: int,
) -> Answer:
    """The calculator for a problem, with the counts of its accepted certificate if there is one.

    Raises:
        BoundsError: a bound that is too long to be written down.
    """
    if problem.validation is not None:
        return _answer_for_validation(title, problem, counts, values, sample)
    structure, notes = structure_of(problem), []
    known_counts = {key: counts[key] for key in ("oscillations", "cases") if key in counts}
    if problem.has_kinks:
        known_counts.pop("cases", None)
        notes.append("No pieces are counted: kinks of the loss divide the cells into more of them.")
    elif "cases" not in known_counts:
        try:
            known_counts["cases"] = ConvexObjective(problem, max_cells).case_count()
        except PiecewiseError as error:
            notes.append(f"No cells are counted: {error}.")
    if "oscillations" not in known_counts:
        notes.append("No certificate is known: --exact computes it, --certificate names one.")
    structures = [structure]
    if "cases" in known_counts:
        structures.append(structure.measured(known_counts["cases"]))
        if structures[1].pieces < structure.pieces:
            notes.append(
                "The measured N is smaller: the analytic one takes the boundaries of all examples "
                "to be different and in general position, and counts mirror images."
            )
    found = entries(known_counts, structure)
    row = architecture_of(problem, sample)
    arguments = {**row.arguments(), **row.level_counts}
    facts = {**facts_of(problem, counts), Assumption.CUTS_BOUNDED: True}
    if regular is not None:
        notes.append(str(regular))
        if regular.holds is not None:
            facts[Assumption.REGULARITY] = regular.holds
    notes.append("The theorems are evaluated at the analytic counts.")
    evaluations = list(evaluate_all({**arguments, **values}, facts))
    others = sorted(oscillation_entries(evaluations, True), key=lambda entry: entry.oscillations)
    return Answer(title, structures, [*found, *others], evaluations, sample, notes)


def _answer_for_validation(
    title: str,
    problem: Problem,
    counts: Mapping[str, Any],
    values: Mapping[str, object],
    sample: Sample,
) -> Answer:
    """The loss on held-out examples at the minimiser of the training loss: no minimum of a loss.

    Of the statements about minima none applies; there remain the exact count, what follows
    from oscillations, and [NN26, Thm 6.1].
    """
    training = training_structure(problem)
    found = list(entries({"oscillations": counts.get("oscillations")}, None))
    known: dict[str, object] = {
        "training_pieces": training.pieces,
        "validation_pieces": 1 if problem.loss == "squared" else None,
        "boundaries": training.boundaries,
        "degree": training.degree,
        "parameters": training.parameters,
    }
    if found:
        cuts = found[0].oscillations
        known |= {"oscillations": cuts, "dimension": pseudo_dimension(cuts)}
    facts = {
        Assumption.ONE_HYPERPARAMETER: True,
        Assumption.PIECEWISE_POLYNOMIAL: True,
        Assumption.COMPACT_BOX: True,
        Assumption.SEPARATE_VALIDATION: True,
        Assumption.GROUP_LASSO: False,
    }
    evaluations = [
        evaluation
        for evaluation in evaluate_all({**_asked(sample), **known, **values}, facts)
        if {Assumption.CUTS_BOUNDED, Assumption.SEPARATE_VALIDATION, Assumption.INDEPENDENT}
        & set(evaluation.theorem.assumptions)
    ]
    notes = [
        "The dual is a loss on held-out examples: the statements about minima do not apply. N, M, "
        "Delta and d are those of the training loss."
    ]
    if not found:
        notes.append("No certificate is known: --exact computes it, --certificate names one.")
    return Answer(title, [training], found, evaluations, sample, notes)


def _given_structure(values: Mapping[str, Any]) -> StructureCounts | None:
    """Structure counts if all four numbers are there."""
    missing = [name for name in STRUCTURE if name not in values]
    if missing:
        return None
    numbers: dict[str, Any] = {name: values[name] for name in STRUCTURE}
    structure = StructureCounts.given(**numbers, all_boundaries=values.get("all_boundaries"))
    if "alpha_degree" not in values:
        return structure
    return replace(structure, alpha_degree=count("alpha_degree", values["alpha_degree"], 1))


def _asked(sample: Sample) -> dict[str, object]:
    return {
        "epsilon": sample.epsilon,
        "delta": sample.delta,
        "value_range": sample.value_range,
        "instances": sample.instances,
        "hyperparameters": 1,
    }


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 20 else f"a number of {len(text)} digits"
