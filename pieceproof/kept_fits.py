"""Best fits of cells, kept in a store between runs: the second phase of a validation loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from geometry.best_fits import BestFits, Contribution, Fit
from geometry.second_stage import Best
from geometry.validation import Task
from geometry.validation_values import Path as Fitted
from geometry.values import Level
from pieceproof import store
from pieceproof.plain import (
    bound_json,
    function_json,
    key_json,
    number_json,
    poly_json,
    read_bound,
    read_function,
    read_key,
    read_number,
    read_poly,
    read_segment,
    segment_json,
)
from pieceproof.problem_document import problem_document
from pieceproof.store import Store


class KeptFits:
    """What cells contribute, by the cell; its problem and training dual are those of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, task: Task) -> list[Contribution | None] | None:
        """What the cells of a task contribute, or None.

        Raises:
            CacheError: the file cannot be read.
        """
        entries = self._store.get(_task_json(task))
        return None if entries is None else [_contribution(entry) for entry in entries]

    def put(self, task: Task, found: Sequence[Contribution | None]) -> None:
        """Keep what the cells of a task contribute, if it is finished.

        Raises:
            CacheError: the file cannot be written.
        """
        finished = [own for own in found if own is not None]
        if len(finished) == len(found):
            self._store.put(_task_json(task), [_contribution_json(own) for own in finished])


@contextmanager
def opened(path: Path | None, fits: BestFits) -> Iterator[KeptFits | None]:
    """What is kept at ``path``, closed at the end; None without a path."""
    parts = [segment_json(part) for piece in fits.pieces for part in piece.parts]
    about = [version("pieceproof"), "best fits", problem_document(fits.problem), parts]
    with store.opened(path, about) as kept:
        yield None if kept is None else KeptFits(kept)


def _task_json(task: Task) -> list[Any]:
    """The deadline does not matter: only what is finished is kept."""
    return [[bound_json(b) for b in task.bounds], [key_json(key) for key in task.refined]]


def _contribution_json(own: Contribution) -> dict[str, Any]:
    return {
        "refine": own.refine,
        "segments": [segment_json(each) for each in own.segments],
        "points": [[function_json(p.function), number_json(p.at)] for p in own.points],
        "fits": [[key_json(key), list(name), _fit_json(f)] for (key, name), f in own.fits.items()],
        "best": [[key_json(key), _best_json(best)] for key, best in own.best],
        "several": [[key_json(key), _best_json(best)] for key, best in own.several],
        "bound": None if own.bound is None else bound_json(own.bound),
        "doubts": [[number_json(a), number_json(b), reason] for a, b, reason in own.doubts],
    }


def _contribution(entry: dict[str, Any]) -> Contribution:
    bound = entry["bound"]
    return Contribution(
        refine=entry["refine"],
        segments=[read_segment(each) for each in entry["segments"]],
        points=[Level(read_function(f), read_number(at)) for f, at in entry["points"]],
        fits={(read_key(key), tuple(name)): _fit(fit) for key, name, fit in entry["fits"]},
        best=[(read_key(key), _best(best)) for key, best in entry["best"]],
        several=[(read_key(key), _best(best)) for key, best in entry["several"]],
        bound=None if bound is None else read_bound(bound),
        doubts=[(read_number(a), read_number(b), reason) for a, b, reason in entry["doubts"]],
    )


def _path_json(path: Fitted) -> list[Any]:
    return [[poly_json(p) for p in path.point], poly_json(path.denominator), list(path.signs)]


def _path(entry: Sequence[Any]) -> Fitted:
    point, denominator, signs = entry
    return Fitted([read_poly(p) for p in point], read_poly(denominator), tuple(signs))


def _fit_json(fit: Fit) -> list[Any]:
    optimistic = None if fit.optimistic is None else list(fit.optimistic)
    return [list(fit.labels), optimistic, _path_json(fit.path)]


def _fit(entry: Sequence[Any]) -> Fit:
    labels, optimistic, path = entry
    return Fit(tuple(labels), None if optimistic is None else tuple(optimistic), _path(path))


def _best_json(best: Best) -> list[Any]:
    return [
        number_json(best.lower),
        number_json(best.upper),
        list(best.first),
        list(best.labels),
        _path_json(best.path),
        function_json(best.function),
        [poly_json(p) for p in best.weak],
    ]


def _best(entry: Sequence[Any]) -> Best:
    lower, upper, first, labels, path, function, weak = entry
    return Best(
        read_number(lower),
        read_number(upper),
        tuple(first),
        tuple(labels),
        _path(path),
        read_function(function),
        tuple(read_poly(p) for p in weak),
    )
