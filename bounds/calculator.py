"""Every theorem of the catalogue at given numbers, with what is known of its assumptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bounds.errors import BoundsError
from bounds.summary import Entry
from bounds.theorem import Argument, Assumption, Facts, Kind, Quantity, Rate, Theorem
from bounds.theorems import THEOREMS

Values = Mapping[str, object]
"""Numbers by argument name; see :func:`argument_names`."""

ACTIVATION_DEGREE = "activation_degree"
"""The name under which statements about networks find the degree of the activation."""


@dataclass(frozen=True)
class Evaluation:
    """One theorem at given numbers."""

    theorem: Theorem
    assumptions: tuple[tuple[Assumption, bool | None], ...]
    """Each assumption with whether it holds; None where it is not known."""
    arguments: Mapping[str, int | Fraction]
    """The arguments that are known, by the theorem's own names."""
    value: int | Fraction | Rate | None = None
    reason: str = ""
    """Why there is no value."""

    @property
    def applies(self) -> bool | None:
        """Whether all assumptions hold; None while one is unknown and none fails."""
        verdicts = [verdict for _, verdict in self.assumptions]
        return False if False in verdicts else None if None in verdicts else True


def argument_names() -> dict[str, Argument]:
    """Every argument of the catalogue by the name under which a calculator takes it."""
    found: dict[str, Argument] = {}
    for theorem in THEOREMS.values():
        for argument in theorem.arguments:
            found.setdefault(argument_source(theorem, argument.name), argument)
    return found


def evaluate_all(values: Values, facts: Facts) -> Iterator[Evaluation]:
    """Every theorem, evaluated where all its arguments are known.

    No boundaries, or no breakpoints, count as one where a statement wants at least one.

    Raises:
        BoundsError: a number that no statement takes; the message starts with its name.
    """
    _check(values)
    for theorem in THEOREMS.values():
        known, reasons = dict[str, int | Fraction](), list[str]()
        for argument in theorem.arguments:
            name = argument_source(theorem, argument.name)
            value = values.get(name)
            if value is None:
                reasons.append(f"needs {name}")
                continue
            try:
                known[argument.name] = _read(argument, name, value)
            except BoundsError as error:
                reasons.append(f"({error})")
        assumptions = theorem.assess(facts)
        if reasons:
            reason = ", ".join(reasons).replace(", needs ", ", ")
            yield Evaluation(theorem, assumptions, known, reason=reason)
            continue
        try:
            result: Any = theorem.evaluate(**known)
        except BoundsError as error:
            yield Evaluation(theorem, assumptions, known, reason=str(error))
            continue
        yield Evaluation(theorem, assumptions, known, result)


def oscillation_entries(evaluations: Iterable[Evaluation], covered: bool) -> list[Entry]:
    """The oscillation bounds among them as lines of a comparison, with the reason for the gap.

    Left out are those of which an assumption fails, and, if ``covered``, those that
    :func:`bounds.summary.entries` lists. A "?" marks an assumption that is not known to hold.
    """
    return [
        Entry(
            evaluation.theorem.title + (" ?" if evaluation.applies is None else ""),
            evaluation.theorem.source,
            tuple(assumption.value for assumption, _ in evaluation.assumptions),
            evaluation.value,
            _REASONS.get(evaluation.theorem.key, ""),
        )
        for evaluation in evaluations
        if evaluation.theorem.quantity is Quantity.OSCILLATIONS
        and evaluation.theorem.kind is Kind.UPPER
        and isinstance(evaluation.value, int)
        and evaluation.applies is not False
        and not (covered and evaluation.theorem.key in _SUMMARISED)
    ]


_SUMMARISED = ("sublevel_per_piece", "sublevel_at_once", "quadratic_strata")

_COMPLEX = (
    "complex solutions count like real ones, and every set of active constraints of every cell "
    "like one that is optimal somewhere"
)
_BY_SIZE = (
    "layers, units and examples enter by their number alone, as if every layer had the size of all "
    "and any polynomials of the degree could occur"
)
_REASONS = {
    "connected_pieces": "the pieces project onto overlapping intervals",
    "level_bezout": f"solutions at infinity are counted, {_COMPLEX}",
    "level_multihomogeneous": "the equations are taken with all terms of their degrees, "
    + _COMPLEX,
    "level_mixed_volume": "the gradient is taken with coefficients of its own, as if it were not "
    f"that of the loss, {_COMPLEX}",
    "level_generic": _COMPLEX,
    "tuned_regression": _BY_SIZE,
    "tuned_classification": _BY_SIZE,
    "tuned_graph": _BY_SIZE,
}


def _check(values: Values) -> None:
    """Every number lies in the domain of some statement that takes it."""
    refused: dict[str, BoundsError] = {}
    taken: set[str] = set()
    for theorem in THEOREMS.values():
        for argument in theorem.arguments:
            name = argument_source(theorem, argument.name)
            if values.get(name) is None or name in taken:
                continue
            try:
                _read(argument, name, values[name])
                taken.add(name)
            except BoundsError as error:
                refused.setdefault(name, error)
    for name, refusal in refused.items():
        if name not in taken:
            raise refusal


def _read(argument: Argument, name: str, value: object) -> int | Fraction:
    """The number in the argument's domain, under the name by which it was given."""
    if value == 0 and name in ("boundaries", "breakpoints"):
        return argument.least
    try:
        return argument.read(value)
    except BoundsError as error:
        message = str(error).partition(": ")[2]
        raise BoundsError(f"{name}: {message}") from None


def argument_source(theorem: Theorem, argument: str) -> str:
    """The name under which the number for an argument is given.

    The theorems call different things by the same name: the degree of an activation, say.
    """
    names = {entry.name for entry in theorem.arguments}
    if argument == "degree" and "units" in names:
        return ACTIVATION_DEGREE
    if argument == "parameters" and "predicates" in names:
        return "hyperparameters"
    if argument == "degree" and "predicates" in names:
        return "predicate_degree"
    if argument == "degree" and "variables" in names:
        return "polynomial_degree"
    if argument == "components":
        return f"{theorem.key.removeprefix('level_')}_count"
    return argument
