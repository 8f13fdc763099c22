"""Several instances of one tuning problem: spec files, or bootstrap samples of one spec.

[tasks]
bootstrap = 40      # instances: as many examples drawn with replacement, 40 times
seed = 0
size = 50           # examples of each; by default as many as the data has
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pieceproof.specfile import load_problem, task_section
from pieceproof.tables import SpecError
from piecewise.errors import ProblemError
from piecewise.problems import Problem

MOST_TASKS = 10_000
"""Bootstrap samples of one spec."""

MOST_EXAMPLES = 1_000_000
"""Examples of all of them together."""


@dataclass(frozen=True)
class Task:
    """An instance with its name, which is also the name of its certificate."""

    name: str
    problem: Problem


def bootstrap(
    problem: Problem, tasks: int, seed: int = 0, size: int | None = None
) -> tuple[Problem, ...]:
    """``tasks`` instances, each of ``size`` examples drawn from ``problem`` with replacement.

    The same arguments give the same instances; a longer list starts with the shorter ones.

    Raises:
        ProblemError: a graph, whose nodes are no independent examples.
    """
    generator = random.Random(seed)
    examples = len(problem.targets)
    drawn = [
        sorted(generator.randrange(examples) for _ in range(size or examples)) for _ in range(tasks)
    ]
    return tuple(problem.on_examples(rows) for rows in drawn)


def load_tasks(paths: Sequence[str | Path], sections: bool = True) -> tuple[Task, ...]:
    """The instances that the spec files state, in order; ``[tasks]`` multiplies a spec.

    Without ``sections`` every file is one instance, whatever its ``[tasks]``.

    Raises:
        SpecError: a file states no problem, or the intervals differ.
    """
    found: list[Task] = []
    for path in paths:
        problem = load_problem(path)
        if found and problem.interval != found[0].problem.interval:
            raise SpecError(
                f"{path}: hyperparameter.interval: it differs from that of {paths[0]}; "
                "one hyperparameter is tuned for all instances"
            )
        section = task_section(path)
        if not (sections and section.entries):
            found.append(Task(Path(path).stem, problem))
            continue
        many = section.positive("bootstrap", 40)
        if many > MOST_TASKS:
            raise section.error("bootstrap", f"{many} exceeds the {MOST_TASKS} allowed")
        size = section.positive("size", len(problem.targets))
        if many * size > MOST_EXAMPLES:
            raise section.error("size", f"{many} x {size} examples exceed {MOST_EXAMPLES:,}")
        try:
            samples = bootstrap(problem, many, section.count("seed", 0), size)
        except ProblemError as error:
            raise section.error("bootstrap", f"{error}; give several specs instead") from None
        found += numbered(Path(path).stem, samples)
    return _distinct(found)


def numbered(name: str, problems: Sequence[Problem]) -> list[Task]:
    """Tasks called NAME-01, NAME-02, …"""
    digits = len(str(len(problems)))
    return [Task(f"{name}-{k:0{digits}d}", entry) for k, entry in enumerate(problems, start=1)]


def _distinct(tasks: list[Task]) -> tuple[Task, ...]:
    """Names made different: specs of the same name in different folders."""
    names = [task.name for task in tasks]
    if len(set(names)) == len(names):
        return tuple(tasks)
    return tuple(
        Task(f"{number:0{len(str(len(tasks)))}d}-{task.name}", task.problem)
        for number, task in enumerate(tasks, start=1)
    )
