"""Exact zero-one duals: budgets in every phase, and runs that go on where they were killed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from test_rising_chains import chain
from test_zero_one import karate

import pieceproof
from geometry import margin_dual
from pieceproof import kept_regions, kept_spells
from pieceproof.store import Store
from piecewise import FeedForward, Interpolated, Problem, abs_, hard_tanh, identity, relu, relu2
from piecewise.networks import Linear

F = Fraction


def labelled(model: Any, examples: int, inputs: int, seed: int = 0) -> Problem:
    """Random inputs and labels."""
    r = random.Random(seed)
    return Problem(
        model,
        inputs=[[F(r.randint(-20, 20), 4) for _ in range(inputs)] for _ in range(examples)],
        targets=[r.choice((-1, 1)) for _ in range(examples)],
        box=(-1, 1),
        loss="zero-one",
        reduction="sum",
    )


EXPLODING: dict[str, Callable[[], Problem]] = {
    "nested cells": lambda: labelled(FeedForward([1, 1, 1], Interpolated(abs_, identity)), 14, 2),
    "unit cells": lambda: labelled(FeedForward([1], Interpolated(hard_tanh, identity)), 60, 5),
    "circuits": lambda: labelled(Linear(), 80, 8),
    "parameters of a chain": lambda: chain(
        Interpolated(relu2, identity),
        [[x] for x in range(8)],
        [1, -1, 1, -1, -1, 1, 1, -1],
        (1,) * 8,
        output_bias=-2,
    ),
    "minors": lambda: karate(1, 2, ["degree", "one"]),
}


@pytest.mark.parametrize("name", EXPLODING)
def test_no_phase_outlasts_its_budget(name: str) -> None:
    """Without the look at the clock the first three take hours; what is left says so."""
    problem = EXPLODING[name]()
    dual = pieceproof.analyze(problem, seconds=0.3)
    assert dual.document["verdict"] == "unresolved"
    assert "time budget" in dual.document["reasons"][0]
    every = len(problem.targets)
    for alpha in (F(1, 997), F(311, 1009), F(996, 997)):
        assert 0 <= dual(alpha) <= every
        w = list(pieceproof.evaluation.evaluate(dual.document, alpha).minimiser.values())
        if problem.model.__class__ is FeedForward and problem.model.output_weights != "signs":
            assert problem.value(alpha, w) <= dual(alpha)


class Killed(BaseException):
    """As SIGKILL: nothing is tidied up."""


KEPT: dict[str, Callable[[], Problem]] = {
    "nested cells": lambda: labelled(FeedForward([1, 1], Interpolated(abs_, identity)), 6, 1, 2),
    "unit cells": lambda: labelled(
        FeedForward([1], Interpolated(relu, abs_), output_bias="trainable"), 7, 1, 4
    ),
    "one region": lambda: labelled(Linear(), 24, 3, 4),
    "chain": lambda: chain(
        Interpolated(relu2, identity), [[0], [1], [2], [3], [5]], [1, -1, 1, -1, -1],
        output_bias=-2,
    ),
    "steps": lambda: karate(1, 1, ["degree", "one"]),
}  # fmt: skip


def claims(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in ("provenance", "digest")}


def killed_after(monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """The process dies right after so many writes to the store."""
    left = writes
    write = Store.put_all

    def put_all(self: Store, results: Any) -> None:
        nonlocal left
        listed = list(results)
        write(self, listed)
        left -= len(listed)
        if left <= 0:
            raise Killed

    monkeypatch.setattr(Store, "put_all", put_all)


@pytest.mark.parametrize("name", KEPT)
def test_killed_runs_come_to_the_same_document(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Again and again, at random places, until it comes to an end; every round is written."""
    problem = KEPT[name]()
    expected = claims(pieceproof.analyze(problem).document)
    monkeypatch.setattr(kept_regions, "PAUSE", 0.0)
    monkeypatch.setattr(kept_spells, "TOGETHER", 0.0)
    r = random.Random(0)
    kills = 0
    while True:
        with monkeypatch.context() as patch:
            killed_after(patch, r.randint(1, 2 + kills**2))
            try:
                dual = pieceproof.analyze(problem, cache=tmp_path / "kept")
                break
            except Killed:
                kills += 1
    assert kills
    assert dual.report.accepted
    assert claims(dual.document) == expected


def test_workers_keep_what_they_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run with the same store has nothing left to search."""
    problem = KEPT["unit cells"]()
    two = pieceproof.analyze(problem, jobs=2, cache=tmp_path / "kept").document

    def searched(*_: Any) -> None:
        raise AssertionError("the regions are known")

    monkeypatch.setattr(margin_dual, "RegionSearch", unless_first(searched))
    one = pieceproof.analyze(problem, cache=tmp_path / "kept").document
    assert claims(one) == claims(two)


def unless_first(searched: Callable[..., None]) -> Any:
    """The first region is looked at for any parameters at all, which is not kept."""
    made: Iterator[int] = iter(range(1000))
    kind = margin_dual.RegionSearch

    def make(*arguments: Any) -> Any:
        return kind(*arguments) if next(made) == 0 else searched(*arguments)

    return make


def test_a_larger_budget_goes_on(tmp_path: Path) -> None:
    """Budgets that do not suffice alone do so one after the other."""
    problem = KEPT["nested cells"]()
    expected = claims(pieceproof.analyze(problem).document)
    for _ in range(200):
        dual = pieceproof.analyze(problem, cache=tmp_path / "kept", seconds=0.4)
        if dual.report.accepted:
            break
    assert claims(dual.document) == expected
