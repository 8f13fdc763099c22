"""Sweeps: from a table of settings, each a value or a list of values, to architectures.

    family = "feedforward"
    hidden = [[1], [2], [4, 4]]
    inputs = [1, 2]
    examples = [50, 100]

gives every combination, in the order written, the last setting running fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from itertools import product

from bounds.architectures import Loss, OutputWeights, feedforward, graph_convolution, ridge
from bounds.errors import BoundsError, count, positive, probability, shown
from bounds.rows import Architecture, Sample
from bounds.structure import StructureCounts

Settings = Mapping[str, object]

MOST_ROWS = 100_000
"""Rows a table may have."""

_REQUIRED = object()

_FAMILIES: Mapping[str, Mapping[str, object]] = {
    "feedforward": {
        "hidden": _REQUIRED,
        "inputs": _REQUIRED,
        "examples": _REQUIRED,
        "breakpoints": 1,
        "degree": 1,
        "bias": True,
        "central": False,
        "output_weights": "fixed",
        "output_bias": False,
        "loss": "squared",
        "weight_decay": False,
    },
    "graph": {
        "nodes": _REQUIRED,
        "features": _REQUIRED,
        "kernel_degree": _REQUIRED,
        "hidden": None,
        "classes": 2,
        "labelled": None,
        "propagations": 1,
        "breakpoints": 1,
        "activation_degree": 1,
        "normalised": True,
        "loss": "zero-one",
    },
    "ridge": {"features": _REQUIRED, "bias": False},
}


def architectures(sweep: Settings, sample: Sample) -> Iterator[Architecture]:
    """The rows of one sweep.

    Raises:
        BoundsError: an unknown family or setting, a missing one, or a bad value.
    """
    family = _known("sweep.family", sweep.get("family"), list(_FAMILIES))
    defaults = _FAMILIES[family]
    for key in sweep:
        if key != "family":
            _known("sweep", key, list(defaults))
    missing = [k for k, default in defaults.items() if default is _REQUIRED and k not in sweep]
    if missing:
        raise BoundsError(f"sweep: {missing[0]} is missing; a {family} sweep needs it")
    choices = {key: _choices(key, sweep[key]) for key in sweep if key != "family"}
    rows = 1
    for values in choices.values():
        rows *= len(values)
    if rows > MOST_ROWS:
        raise BoundsError(f"sweep: {rows} rows exceed the {MOST_ROWS} a table may have")
    fixed = {key: default for key, default in defaults.items() if key not in choices}
    for number, chosen in enumerate(product(*choices.values()), start=1):
        settings = {"family": family, **dict(zip(choices, chosen, strict=True)), **fixed}
        try:
            structure = structure_for(settings)
        except BoundsError as error:
            raise BoundsError(f"sweep, combination {number}: {error}") from None
        yield Architecture(settings, structure, sample)


def structure_for(settings: Settings) -> StructureCounts:
    """The structure counts of one combination of settings.

    Raises:
        BoundsError: a value of the wrong type or outside its range.
    """
    given = {key: value for key, value in settings.items() if key != "family"}
    for key in ("bias", "central", "output_bias", "weight_decay", "normalised"):
        if key in given and not isinstance(given[key], bool):
            raise BoundsError(f"sweep.{key}: {shown(given[key])} is neither true nor false")
    if "loss" in given:
        given["loss"] = Loss(_known("sweep.loss", given["loss"], [m.value for m in Loss]))
    if "output_weights" in given:
        names = [member.value for member in OutputWeights]
        chosen = _known("sweep.output_weights", given["output_weights"], names)
        given["output_weights"] = OutputWeights(chosen)
    if settings["family"] == "feedforward" and not isinstance(given["hidden"], tuple):
        raise BoundsError("sweep.hidden: give the widths of each network as a list, as in [[4, 4]]")
    build: Mapping[str, Callable[..., StructureCounts]] = {
        "feedforward": feedforward,
        "graph": graph_convolution,
        "ridge": ridge,
    }
    return build[str(settings["family"])](**given)


def sample_of(table: Settings) -> Sample:
    """What is asked of the sample; keys epsilon, delta, value_range, instances.

    Raises:
        BoundsError: an unknown key or a value outside its range.
    """
    for key in table:
        _known("sample", key, ["epsilon", "delta", "value_range", "instances"])
    usual = Sample()
    return Sample(
        positive("sample.epsilon", table.get("epsilon", usual.epsilon)),
        probability("sample.delta", table.get("delta", usual.delta)),
        positive("sample.value_range", table.get("value_range", usual.value_range)),
        count("sample.instances", table.get("instances", usual.instances), 1),
    )


def _choices(key: str, value: object) -> list[object]:
    """The values a setting runs through; the widths of a network are a list themselves."""
    if key == "hidden" and isinstance(value, (list, tuple)) and value:
        nested = [isinstance(entry, (list, tuple)) for entry in value]
        if all(nested):
            return [tuple(entry) for entry in value]
        return list(value)
    if isinstance(value, (list, tuple)):
        if not value:
            raise BoundsError(f"sweep.{key}: an empty list leaves no rows")
        return list(value)
    return [value]


def _known(where: str, name: object, known: list[str]) -> str:
    if isinstance(name, str) and name in known:
        return name
    close = get_close_matches(str(name), known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"choose one of {', '.join(known)}"
    raise BoundsError(f"{where}: {shown(name)} is unknown; {remedy}")
