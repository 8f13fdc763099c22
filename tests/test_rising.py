"""Boundaries that basins reach across: f is larger beyond, at sampled points and in traps."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from pieceproof.checking.enclosing.charts import charts
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.nearby import BasinTooLarge, boundaries_near
from pieceproof.checking.enclosing.networks import read_network
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.rising import rises
from pieceproof.checking.enclosing.tubes import Space
from pieceproof.checking.reading import Node
from pieceproof.problem_document import problem_document
from piecewise import FeedForward, Interpolated, Problem, activations
from piecewise.networks import TRAINABLE


def space_of(problem: Problem) -> Space:
    network = read_network(Node(problem_document(problem), "problem"))
    return Space(charts(network, signs=False)[0])


def mixed(first: str, second: str) -> Interpolated:
    return Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])


def random_problem(random: Random) -> Problem:
    pair = random.choice([("relu", "square"), ("abs", "square"), ("hard_tanh", "relu2")])
    units = random.choice([1, 2])
    weights = random.choice([TRAINABLE, [random.choice([-1, 1, 2]) for _ in range(units)]])
    return Problem(
        FeedForward([units], mixed(*pair), bias=random.random() < 0.5, output_weights=weights),
        inputs=[[Fraction(random.randint(-20, 20), 10) or Fraction(1)] for _ in range(2)],
        targets=[Fraction(random.randint(-20, 20), 10) for _ in range(2)],
        interval=("1/5", "4/5"),
        box=(-2, 2),
        weight_decay=Fraction(random.randint(0, 1), 10),
    )


def pattern_at(space: Space, point: np.ndarray) -> Pattern:
    """The pattern at (α, w), from the definition."""
    network = space.network
    points = [float(b.p) / float(b.q) for b in network.breakpoints]
    found = []
    for own in network.incoming:
        row = []
        for inputs in network.inputs:
            x = [float(v.p) / float(v.q) for v in inputs] + [1.0] * network.bias
            z = sum(a * point[1 + i] for a, i in zip(x, own, strict=True))
            row.append(sum(z >= b for b in points))
        found.append(tuple(row))
    return tuple(found)


def value(space: Space, point: np.ndarray, pattern: Pattern) -> float:
    """f_c at a point."""
    box = Range(point[None], point[None])
    jet, _ = space.jets.both(box, 0, pattern)
    return float(jet.value.middle[0])


def test_where_a_boundary_rises_f_is_larger_beyond() -> None:
    random, generator = Random(11), np.random.default_rng(11)
    answers = []
    for _ in range(400):
        space = space_of(random_problem(random))
        centre = np.array([random.uniform(-1.5, 1.5) for _ in range(space.network.parameters)])
        near = pattern_at(space, np.concatenate([[0.5], centre]))
        half = 10 ** random.uniform(-2, -0.3)
        low = np.concatenate([[0.4], centre - half])
        high = np.concatenate([[0.6], centre + half])
        samples = generator.uniform(low, high, (60, len(low)))
        samples[:20, 1:] = np.where(generator.random((20, len(centre))) < 0.5, low[1:], high[1:])
        labels = set()
        for sample in samples:
            own = pattern_at(space, sample)
            labels |= {
                (u, t, min(own[u][t], near[u][t]))
                for u in range(len(own))
                for t in range(2)
                if abs(own[u][t] - near[u][t]) == 1
            }
        for label in sorted(labels):
            u, t, k = label
            answer = rises(space, Range(low[None], high[None]), [near], (label,))
            beyond = list(map(list, near))
            beyond[u][t] = 2 * k + 1 - near[u][t]
            far = tuple(map(tuple, beyond))
            gaps = [
                value(space, sample, far) - value(space, sample, near)
                for sample in samples
                if pattern_at(space, sample)[u][t] == far[u][t]
            ]
            answers.append((answer, min(gaps)))
            assert not answer or min(gaps) >= -1e-12
    rising = [gap for answer, gap in answers if answer]
    falling = [gap for answer, gap in answers if not answer and gap < -1e-6]
    assert len(rising) > 30
    assert len(falling) > 30


def test_boundaries_of_one_hyperplane_are_passed_at_once() -> None:
    """Of all examples together f may be larger beyond where of one alone it is not."""
    random, generator = Random(12), np.random.default_rng(12)
    answers = []
    for _ in range(300):
        pair = random.choice([("relu", "square"), ("abs", "square")])
        problem = Problem(
            FeedForward([2], mixed(*pair), bias=False, output_weights=[1, random.choice((1, -1))]),
            inputs=[[Fraction(random.choice((-3, -2, -1, 1, 2, 3)), 2)] for _ in range(4)],
            targets=[Fraction(random.randint(-20, 20), 10) for _ in range(4)],
            interval=("1/5", "4/5"),
            box=(-2, 2),
        )
        space = space_of(problem)
        half = 10 ** random.uniform(-2, -0.5)
        centre = np.array([random.uniform(-1.5, 1.5), random.choice((-1, 1)) * half / 2])
        low = np.concatenate([[0.45], centre - half])
        high = np.concatenate([[0.55], centre + half])
        near = pattern_at(space, np.concatenate([[0.5], centre]))
        if np.sign(low[1]) != np.sign(high[1]):
            continue
        group = tuple((1, t, 0) for t in range(4))
        whole = rises(space, Range(low[None], high[None]), [near], group)
        single = all(rises(space, Range(low[None], high[None]), [near], (b,)) for b in group)
        far = (near[0], tuple(1 - piece for piece in near[1]))
        samples = generator.uniform(low, high, (60, 3))
        samples[:, 2] = -np.sign(centre[1]) * np.abs(samples[:, 2]) * (generator.random(60) ** 4)
        gaps = [value(space, sample, far) - value(space, sample, near) for sample in samples]
        answers.append((whole, single, min(gaps)))
        assert whole or not single
        assert not whole or min(gaps) >= -1e-12
        mixed_up = (near[0], (1 - near[1][0], *near[1][1:]))
        assert not rises(space, Range(low[None], high[None]), [mixed_up], group)
    assert sum(whole and not single for whole, single, _ in answers) > 30
    assert sum(gap < -1e-6 and not whole for whole, _, gap in answers) > 30


def test_hyperplanes_that_differ_are_not_passed_at_once() -> None:
    problem = Problem(
        FeedForward([1], mixed("relu", "square")),
        inputs=[[1], [2]], targets=[-9, -9], interval=("2/5", "3/5"), box=(-2, 2),
    )  # fmt: skip
    box = Range(np.array([[0.4, -0.1, -0.1]]), np.array([[0.6, 0.1, 0.1]]))
    pattern, space = ((1, 1),), space_of(problem)
    assert not rises(space, box, [pattern], ((0, 0, 0), (0, 1, 0)))


ONE = ((1,),)


def held(target: int) -> Space:
    """One weight on one example x = 1: relu mixed with a square has a bend at w = 0."""
    return space_of(
        Problem(
            FeedForward([1], mixed("relu", "square"), bias=False),
            inputs=[[1]],
            targets=[target],
            interval=("2/5", "3/5"),
            box=(-2, 2),
        )
    )


def test_a_basin_may_reach_across_a_rise_only() -> None:
    box = Range(np.array([[0.4, -0.05]]), np.array([[0.6, 0.2]]))
    # Left of 0 the output exceeds that of the right piece, and so does f where the target is lower,
    found = boundaries_near(held(-3), box, ONE, ())
    assert (found.soft, found.rising) == ((), (((0, 0, 0),),))
    # and f is smaller where the target is higher.
    with pytest.raises(BasinTooLarge, match="u1:e1:k1 is near"):
        boundaries_near(held(3), box, ONE, ())


def test_beyond_the_next_breakpoint_nothing_is_claimed() -> None:
    problem = Problem(
        FeedForward([1], mixed("hard_tanh", "hard_sigmoid"), bias=False),
        inputs=[[1]],
        targets=[-9],
        interval=("2/5", "3/5"),
        box=(-4, 4),
    )
    space = space_of(problem)
    points = [float(b.p) / float(b.q) for b in space.network.breakpoints]
    middle = len(points) // 2
    start = (points[middle] + points[middle - 1]) / 2
    pattern = ((middle,),)
    label = (0, 0, middle - 1)
    inside = Range(np.array([[0.4, points[middle - 2] + 0.01]]), np.array([[0.6, start]]))
    beyond = Range(np.array([[0.4, points[middle - 2] - 0.01]]), np.array([[0.6, start]]))
    assert not rises(space, beyond, [pattern], (label,))
    answers = {rises(space_of_target(problem, y), inside, [pattern], (label,)) for y in (-9, 9)}
    assert answers == {True, False}


def space_of_target(problem: Problem, target: int) -> Space:
    return space_of(
        Problem(
            problem.model,
            inputs=problem.inputs,
            targets=[target],
            interval=problem.interval,
            box=(-4, 4),
        )
    )
