"""Columns of a table: a value per architecture, and the chain of statements behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from bounds.calculator import argument_source
from bounds.constructions import grid_lower_bound, interval_lower_bound
from bounds.derivations import (
    best_steps,
    bezout_steps,
    dimension_steps,
    layer_steps,
    quadratic_steps,
    structure_steps,
    sublevel_steps,
)
from bounds.errors import BoundsError, shown
from bounds.rows import Architecture
from bounds.sample_complexity import Patterns, generalisation_gap, instances_needed
from bounds.structure import StructureCounts
from bounds.text import DIGITS, decimal, magnitude
from bounds.theorem import Rate
from bounds.theorems import THEOREMS, theorem

Value = int | Fraction | str | Rate | None


@dataclass(frozen=True)
class Column:
    """A column of a table: name, heading, value, and the steps behind the value."""

    name: str
    heading: str
    value: Callable[[Architecture], Value]
    steps: Callable[[Architecture], list[str]]


def _of_structure(
    name: str, symbol: str, value: Callable[[StructureCounts], int], why: str
) -> Column:
    def steps(row: Architecture) -> list[str]:
        return [*layer_steps(row), f"{symbol} = {magnitude(value(row.structure))}: {why}"]

    return Column(name, symbol, lambda row: value(row.structure), steps)


def _patterns(row: Architecture, sauer: bool) -> Patterns:
    if sauer:
        return Patterns(dimension=row.dimension)
    return Patterns(oscillations=row.oscillations)


def _sample_column(name: str, heading: str, sauer: bool, inverse: bool) -> Column:
    route = "Sauer's lemma [AB99, Thm 3.7]" if sauer else "Lemma 4"

    def value(row: Architecture) -> int | Fraction:
        ask, patterns = row.sample, _patterns(row, sauer)
        if inverse:
            return instances_needed(patterns, ask.epsilon, ask.delta, ask.value_range)
        gap = generalisation_gap(patterns, ask.instances, ask.delta, ask.value_range)
        return gap.deviation

    def steps(row: Architecture) -> list[str]:
        ask = row.sample
        terms = f"delta = {ask.delta}, H = {ask.value_range}"
        found = value(row)
        last = (
            f"{route}: the smallest m with deviation <= {ask.epsilon} ({terms}) is {found}"
            if isinstance(found, int)
            else f"{route}: deviation at m = {ask.instances} ({terms}) <= {decimal(found)}"
        )
        return [*(dimension_steps(row) if sauer else best_steps(row)), last]

    return Column(name, heading, value, steps)


def _lower(row: Architecture) -> int:
    s = row.structure
    return max(interval_lower_bound(s.pieces), grid_lower_bound(s.boundaries, s.parameters))


def _lower_steps(row: Architecture) -> list[str]:
    s = row.structure
    return [
        *structure_steps(row),
        f"[NN26, Lemma 5.2]: K = N intervals shatter {interval_lower_bound(s.pieces)} instances",
        "[NN26, Lemma 5.3]: M thresholds in d parameters shatter "
        f"{grid_lower_bound(s.boundaries, s.parameters)} instances",
        f"some class with these counts has Pdim >= {_lower(row)}; "
        "it need not be that of this architecture",
    ]


_STRUCTURE: tuple[tuple[str, str, Callable[[StructureCounts], int], str], ...] = (
    ("pieces", "N", lambda s: s.pieces, "product over the layers (and the sign vectors)"),
    ("boundaries", "M", lambda s: s.boundaries, "along one sign pattern, summed over the layers"),
    ("all_boundaries", "M_all", lambda s: s.all_boundaries, "over all sign patterns"),
    ("total_degree", "Delta", lambda s: s.degree, "the larger of boundary and loss degree"),
    ("parameters", "d", lambda s: s.parameters, "trainable parameters"),
)

COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        column.name: column
        for column in (
            *(_of_structure(*entry) for entry in _STRUCTURE),
            Column("lemma3", "B (Lemma 3)", lambda r: r.sublevel.oscillations, sublevel_steps),
            Column("lemma5", "B (Lemma 5)", lambda r: r.quadratic, quadratic_steps),
            Column("lemma6", "B (Lemma 6)", lambda r: r.bezout, bezout_steps),
            Column("oscillations", "B", lambda r: r.oscillations, best_steps),
            Column("pseudo_dimension", "Pdim", lambda r: r.dimension, dimension_steps),
            Column("lower_bound", "Pdim >=", _lower, _lower_steps),
            _sample_column("instances", "m", sauer=False, inverse=True),
            _sample_column("instances_sauer", "m (Sauer)", sauer=True, inverse=True),
            _sample_column("gap", "gap", sauer=False, inverse=False),
            _sample_column("gap_sauer", "gap (Sauer)", sauer=True, inverse=False),
        )
    }
)


def theorem_column(key: str) -> Column:
    """The column of a theorem of the catalogue, its arguments read off the architecture.

    ``breakpoints`` and, for theorems stated in network sizes, ``degree`` are those of the
    activation; ``hyperparameters`` is 1; counts that the theorem wants positive are at
    least 1; a lower bound holds for some class with these counts.

    Raises:
        BoundsError: there is no such theorem.
    """
    found = theorem(key)

    def arguments(row: Architecture) -> dict[str, object] | None:
        available = row.arguments()
        if found.key.startswith("level_"):
            available |= row.level_counts
        values = {
            argument.name: available.get(argument_source(found, argument.name))
            for argument in found.arguments
        }
        if any(entry is None for entry in values.values()):
            return None
        for argument in found.arguments:
            entry = values[argument.name]
            if argument.domain is None and isinstance(entry, int):
                values[argument.name] = max(entry, argument.least)
        return values

    def value(row: Architecture) -> Value:
        values = arguments(row)
        result: Value = None if values is None else found.evaluate(**values)
        return result

    def steps(row: Architecture) -> list[str]:
        values = arguments(row)
        if values is None:
            return [f"{found}: does not apply to this family"]
        given = ", ".join(
            f"{a.symbol} = {magnitude(v) if isinstance(v, int) else v}"
            for a, v in zip(found.arguments, values.values(), strict=True)
        )
        needs = [f"assumes: {assumption.value}" for assumption in found.assumptions]
        return [*structure_steps(row), str(found), *needs, f"{found.statement} at {given}"]

    return Column(key, key, value, steps)


def setting_column(name: str) -> Column:
    """The column that repeats a setting of the sweep."""

    def value(row: Architecture) -> Value:
        entry = row.settings.get(name)
        if isinstance(entry, (list, tuple)):
            return "-".join(str(item) for item in entry)
        if isinstance(entry, bool):
            return "yes" if entry else "no"
        return entry if isinstance(entry, (int, str)) else None

    return Column(name, name, value, lambda row: [f"{name} = {value(row)}: given in the sweep"])


def text(value: Value, digits: int = DIGITS) -> str:
    """A value as a table prints it; "" for a statement that does not apply.

    Integers of more than ``digits`` digits are printed on the logarithmic scale.
    """
    if value is None:
        return ""
    if isinstance(value, int):
        return magnitude(value, digits)
    return decimal(value) if isinstance(value, Fraction) else str(value)


def column(name: str, settings: frozenset[str]) -> Column:
    """The column called ``name``: of this module, of a theorem, or a setting of the sweep.

    Raises:
        BoundsError: there is none; the message lists what there is.
    """
    if name in COLUMNS:
        return COLUMNS[name]
    if name in settings:
        return setting_column(name)
    if name in THEOREMS:
        return theorem_column(name)
    known = ", ".join((*sorted(settings), *COLUMNS))
    raise BoundsError(f"columns: {shown(name)} is unknown; choose from {known}, or a theorem's key")
