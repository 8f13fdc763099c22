"""Parameters of a rising chain that do what a linear classifier does, as functions of α.

Let (w, θ) be a linear classifier, times a small t > 0, and all weights after the first layer ≠ 0.
The chain has the same examples right, up to one sign of (w, θ), in three ways:

- *through 0*: where σ_α(0) = 0, and c and the later biases may be 0, b₁ = θ: the score has the sign
  of w·x + θ;
- *output bias*: c trainable. For any b₁, and s₀ = b₁ − θ, c(α) = −v·φ_α(s₀) makes the score
  v·(φ_α(w·x + b₁) − φ_α(s₀)). For small t it stays in its range if −v·φ_α(b₁) is inside;
- *hidden bias*: c fixed. Where the score at w = 0 has opposite signs at the two ends of the range
  of b₁, it has a zero b₁ = ρ(α) between them, and a constant near ρ(α) + θ serves near α.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import islice, product

from flint import fmpq, fmpq_poly

from geometry import rising_chains
from geometry.chain_scores import Layout, Path, divided, start
from geometry.intervals import Interval, region_of_nonnegativity, sign_pattern
from geometry.polynomials import sign
from geometry.rising_chains import direction, network_of, vanishes_at_zero
from piecewise.deadlines import Check, OutOfTime, go_on
from piecewise.exact import to_fmpq
from piecewise.networks import SIGNS, TRAINABLE
from piecewise.problems import Parameter, Problem

HALVINGS = 60
"""Halvings of t."""
MAX_PARTS = 2000
"""Parts with a constant hidden bias."""
SAMPLES = 16
"""α at which a part is tried."""
BISECTIONS = 48
"""of the range of the first bias."""
MARGIN = fmpq(1, 1000)
"""Share of a range that a threshold keeps off its ends."""
MAX_DEGREE = 5000
"""Degree of scores in α: roots of one of higher degree may take minutes each."""
CHOICES = 200
"""Most values of the other parameters that are tried."""


@dataclass(frozen=True)
class ChainPart:
    """On the closed interval the path has the examples right that the linear classifier has."""

    interval: Interval
    path: Path


def refusal(problem: Problem) -> str | None:
    """None for a rising chain whose box is known to hold the parameters of any classifier."""
    reason = rising_chains.refusal(problem)
    if reason is None and _degree(problem) > MAX_DEGREE:
        return f"a rising chain whose scores have more than degree {MAX_DEGREE:,} in alpha"
    if reason is None and _way(problem, go_on, Memory()) is None:
        return "a rising chain whose box may be too narrow for some thresholds; widen the ranges"
    return reason


def _degree(problem: Problem) -> int:
    """The degree of scores in α for fixed parameters."""
    network, degree = network_of(problem), 0
    for _ in network.hidden:
        degree = network.activation.degree * degree + 1
    return degree


class Memory:
    """What earlier runs of the same search kept: nothing, unless a subclass knows better."""

    def part(self, interval: Interval) -> ChainPart | None:
        """The part that was found inside an interval."""
        return None

    def keep_part(self, interval: Interval, found: ChainPart) -> None:
        """Keep it."""


def parts(
    problem: Problem,
    classifier: Sequence[fmpq],
    right: Sequence[bool],
    check: Check = go_on,
    memory: Memory | None = None,
) -> list[ChainPart]:
    """Parts, in order, on which the chain has the ``right`` examples right.

    They cover A but for what :data:`MAX_PARTS` does not suffice for, or the time.

    Args:
        problem: one that :func:`refusal` does not refuse.
        classifier: w, then θ if there is a threshold.
        right: the examples that the classifier has right.
        check: ends the search.
        memory: what an earlier run kept.

    Raises:
        ValueError: the problem is refused.
    """
    try:
        way = _way(problem, check, memory or Memory())
        if way is None:
            raise ValueError("the box may be too narrow")
        return way.parts(classifier, right)
    except OutOfTime:
        return []


# -- ways ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Way:
    """Fixed values of all parameters, before those of the classifier take the place of some."""

    problem: Problem
    values: tuple[fmpq, ...]
    check: Check = go_on
    memory: Memory = field(default_factory=Memory)

    def divided(
        self, path: Path, starts: Sequence[fmpq_poly], within: Interval
    ) -> Iterator[tuple[Interval, list[fmpq_poly]]]:
        """Intervals on which no pre-activation crosses a breakpoint, with the scores."""
        return divided(self.problem, path, starts, within, self.check)

    @property
    def layout(self) -> Layout:
        return Layout.of(self.problem)

    @cached_property
    def whole(self) -> Interval:
        """A."""
        return Interval.rational(*map(to_fmpq, self.problem.interval))

    @cached_property
    def orientation(self) -> int:
        """1 if the score rises with the first pre-activation, −1 if it falls."""
        network, layout = network_of(self.problem), self.layout
        ends = map(to_fmpq, self.problem.interval)
        found: int = direction(network.activation, *ends) ** len(network.hidden)
        indices = (*layout.inner, *([] if layout.output is None else [layout.output]))
        for index in indices:
            found *= sign(self.values[index])
        if not isinstance(network.output_weights, str):
            found *= sign(to_fmpq(Fraction(network.output_weights[0])))
        return found

    def scaled(self, classifier: Sequence[fmpq], halvings: int) -> list[fmpq]:
        """±t·(w, θ), with t·w well inside the ranges of the first weights; θ is 0 if there is
        none."""
        width = self.layout.first
        t = fmpq(1)
        for entry, parameter in zip(classifier[:width], self.problem.parameters, strict=False):
            if entry:
                wall = min(to_fmpq(parameter.upper), -to_fmpq(parameter.lower))
                t = min(t, wall / (2 * abs(entry)))
        t *= fmpq(self.orientation, 2**halvings)
        vector = [t * entry for entry in classifier]
        return vector if len(vector) > width else [*vector, fmpq(0)]

    def path(self, weights: Sequence[fmpq], changed: dict[int, fmpq_poly]) -> Path:
        """The values with other first weights and other changes."""
        listed = [fmpq_poly([value]) for value in self.values]
        listed[: len(weights)] = [fmpq_poly([value]) for value in weights]
        for index, p in changed.items():
            listed[index] = p
        return tuple(listed)

    def starts(self, path: Path) -> list[fmpq_poly]:
        """The first pre-activations of all examples."""
        return [start(self.problem, path, x) for x in self.problem.inputs]

    def stays(self, index: int, p: fmpq_poly, interval: Interval, margin: fmpq) -> bool:
        """Whether a parameter stays in its range, ``margin`` times its length off the ends."""
        low, high = _range(self.problem.parameters[index])
        off = margin * (high - low)
        slacks = (p - low - off, high - off - p)
        return all(s >= 0 for slack in slacks for _, s in sign_pattern(slack.numer(), interval))


class _ThroughZero(_Way):
    """b₁ = θ, and no other threshold."""

    def serves(self) -> bool:
        """Whether all later thresholds are 0, and b₁ may be either side of 0."""
        layout = self.layout
        later = [*layout.biases[1:], *([] if layout.offset is None else [layout.offset])]
        network = network_of(self.problem)
        if not vanishes_at_zero(network.activation) or any(self.values[i] for i in later):
            return False
        if layout.biases:
            low, high = _range(self.problem.parameters[layout.biases[0]])
            return low < 0 < high and network.output_bias in (0, TRAINABLE)
        return network.output_bias == 0

    def parts(self, classifier: Sequence[fmpq], right: Sequence[bool]) -> list[ChainPart]:
        """With the largest t for which b₁ is in its range."""
        for halvings in range(HALVINGS):
            *weights, theta = self.scaled(classifier, halvings)
            biases = self.layout.biases[:1]
            moved = {index: fmpq_poly([theta]) for index in biases}
            if all(self.stays(i, p, self.whole, fmpq(0)) for i, p in moved.items()):
                path = self.path(weights, moved)
                found = self.divided(path, self.starts(path), self.whole)
                return [ChainPart(interval, path) for interval, _ in found]
        return []


class _OutputBias(_Way):
    """c(α) = −v·φ_α(s₀)."""

    def serves(self) -> bool:
        """Whether −v·φ_α(b₁) is inside the range of c for all α."""
        index = self.layout.offset
        return index is not None and bool(self._offsets(index, fmpq(0), MARGIN))

    def _offsets(self, index: int, shift: fmpq, margin: fmpq) -> list[tuple[Interval, fmpq_poly]]:
        """c(α) for s₀ = b₁ − shift, interval by interval; none if it leaves its range."""
        biases = self.layout.biases
        at = fmpq_poly([(self.values[biases[0]] if biases else 0) - shift])
        path = self.path([], {index: fmpq_poly()})
        found = [(i, -score) for i, (score,) in self.divided(path, [at], self.whole)]
        inside = all(self.stays(index, p, interval, margin) for interval, p in found)
        return found if inside else []

    def parts(self, classifier: Sequence[fmpq], right: Sequence[bool]) -> list[ChainPart]:
        """With the largest t for which c(α) stays in its range."""
        index = len(self.values) - 1
        for halvings in range(HALVINGS):
            *weights, theta = self.scaled(classifier, halvings)
            offsets = self._offsets(index, theta, fmpq(0))
            if offsets:
                paths = [(interval, self.path(weights, {index: p})) for interval, p in offsets]
                return [
                    ChainPart(part, path)
                    for interval, path in paths
                    for part, _ in self.divided(path, self.starts(path), interval)
                ]
        return []


class _HiddenBias(_Way):
    """b₁ near ρ(α) + θ, constant on each part."""

    def serves(self) -> bool:
        """Whether ρ(α) is well inside the range of b₁ for all α inside A.

        The score at w = 0 then has opposite signs on its sides. ρ is algebraic and bounded, so
        that it has limits at the ends of A, and finitely many parts suffice.
        """
        if not self.layout.biases:
            return False
        low, high = _range(self.problem.parameters[self.layout.biases[0]])
        off = MARGIN * (high - low)
        return {(-1,), (1,)} == {tuple(self._signs(end)) for end in (low + off, high - off)}

    def _signs(self, bias: fmpq) -> set[int]:
        """The signs of the score at w = 0 and a b₁ inside A, where it is 0 at most at points."""
        path = self.path([fmpq(0)] * self.layout.first, {})
        found = self.divided(path, [fmpq_poly([bias])], self.whole)
        return {
            sign_found
            for interval, (score,) in found
            for _, sign_found in sign_pattern(score.numer(), interval)
        }

    def parts(self, classifier: Sequence[fmpq], right: Sequence[bool]) -> list[ChainPart]:
        """Parts around samples, in the gaps that are left, as far as :data:`MAX_PARTS` goes."""
        pending, found = [self.whole], list[ChainPart]()
        while pending and len(found) < MAX_PARTS:
            interval = pending.pop(0)
            try:
                part = self._inside(interval, classifier, right)
            except OutOfTime:
                break
            if part is not None:
                found.append(part)
                pending += interval.minus([part.interval])
        return sorted(found, key=lambda part: part.interval.lower)

    def _inside(
        self, interval: Interval, classifier: Sequence[fmpq], right: Sequence[bool]
    ) -> ChainPart | None:
        """A part around a sample of an interval."""
        part = self.memory.part(interval)
        if part is not None:
            return part
        for alpha in islice(interval.samples(), SAMPLES):
            part = self._around(alpha, interval, classifier, right)
            if part is not None:
                self.memory.keep_part(interval, part)
                return part
        return None

    def _around(
        self, alpha: fmpq, within: Interval, classifier: Sequence[fmpq], right: Sequence[bool]
    ) -> ChainPart | None:
        """A part that holds a rational α inside."""
        for halvings in range(0, HALVINGS, 2):
            *weights, theta = self.scaled(classifier, halvings)
            for bias in self._zeros(alpha, theta):
                path = self.path(weights, {self.layout.biases[0]: fmpq_poly([bias])})
                region = self._region(path, alpha, within, right)
                if region is not None:
                    return ChainPart(region, path)
        return None

    def _zeros(self, alpha: fmpq, theta: fmpq) -> Iterator[fmpq]:
        """θ beyond zeros of the score at w = 0 as a function of b₁, more and more exact."""
        low, high = lower, upper = _range(self.problem.parameters[self.layout.biases[0]])
        below = self._score_at(alpha, low)
        for step in range(BISECTIONS):
            middle = (low + high) / 2
            if self._score_at(alpha, middle) * below > 0:
                low = middle
            else:
                high = middle
            if step % 8 == 7 and lower <= middle + theta <= upper:
                yield middle + theta

    def _score_at(self, alpha: fmpq, bias: fmpq) -> fmpq:
        point = [Fraction(int(v.p), int(v.q)) for v in self.values]
        point[: self.layout.first] = [Fraction(0)] * self.layout.first
        point[self.layout.biases[0]] = Fraction(int(bias.p), int(bias.q))
        signs = (1,) if network_of(self.problem).output_weights == SIGNS else None
        zero = [Fraction(0)] * self.layout.first
        at = Fraction(int(alpha.p), int(alpha.q))
        return to_fmpq(network_of(self.problem).predict(at, point, zero, signs))

    def _region(
        self, path: Path, alpha: fmpq, within: Interval, right: Sequence[bool]
    ) -> Interval | None:
        """Where around α no pre-activation crosses a breakpoint and right examples stay so."""
        for interval, scores in self.divided(path, self.starts(path), within):
            if not interval.has_inside(alpha):
                continue
            margins = [
                (score * to_fmpq(y)).numer()
                for score, y, is_right in zip(scores, self.problem.targets, right, strict=True)
                if is_right
            ]
            if all(p and p(alpha) > 0 for p in margins):
                return region_of_nonnegativity(margins, alpha, interval)
        return None


def _way(
    problem: Problem, check: Check, memory: Memory
) -> _ThroughZero | _OutputBias | _HiddenBias | None:
    """The first way that serves, with the first values for which it does."""
    layout = Layout.of(problem)
    weights = {*layout.inner, layout.output}
    choices = []
    for index, parameter in enumerate(problem.parameters):
        low, high = _range(parameter)
        nearest = max(low, min(fmpq(0), high))
        if index < layout.first:
            values = [nearest]
        elif index in weights:
            values = [v for v in (fmpq(1), fmpq(-1), low, high) if v and low <= v <= high]
        else:
            values = [nearest, low, high]
        choices.append(list(dict.fromkeys(values)))
    for chosen in islice(product(*choices), CHOICES):
        for kind in (_ThroughZero, _OutputBias, _HiddenBias):
            way = kind(problem, chosen, check, memory)
            if way.serves():
                return way
    return None


def _range(parameter: Parameter) -> tuple[fmpq, fmpq]:
    return to_fmpq(parameter.lower), to_fmpq(parameter.upper)
