"""Exact interpolation: points of W at which all residuals vanish, so that ℓ* = 0.

As f ≥ 0 nothing else has to be shown, and W need not be covered. Let R be some examples, as
many parameters P be free, and the others follow an affine path p(α). For all α of a slab at
once: if Krawczyk's operator of (r_t), t ∈ R, in the parameters P around the path maps a box X
into its interior, the residuals of R have a common zero in p(α) + X. The other examples must
be copies of one in R, or reach no unit of the last layer and have their target as output. The
zero lies in W and in the closure of the cell of its pattern, where f is that polynomial.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from pieceproof.checking.enclosing.jets import Jet, Pattern
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.tubes import Curve, Path, Space, Stratum
from pieceproof.checking.reading import Refuted

ROUNDS = 12


class Interpolation(Curve):
    """A curve on which f = 0, over the slab ``alpha``: R is ``examples``, P is ``solved``.

    With ``anywhere`` the polynomial of the pattern is meant, whether its cell is met or not.

    Raises:
        Refuted: that could not be shown.
    """

    is_zero = True

    def __init__(
        self,
        space: Space,
        stratum: Stratum,
        path: Path,
        alpha: Range,
        examples: Sequence[int],
        solved: Sequence[int],
        anywhere: bool = False,
    ) -> None:
        self.space, self.stratum, self.path, self.alpha = space, stratum, path, alpha
        self.middle = Range.exactly(alpha.middle)
        self.examples, self.solved = list(examples), list(solved)
        if stratum.fold is not None or space.network.polynomial is not None:
            raise Refuted("interpolation is that of a network, in coordinates of W")
        if len(self.examples) != len(self.solved):
            raise Refuted("as many examples as parameters are to be solved")
        if space.network.is_regularised:
            raise Refuted("with weight decay or a penalty f does not vanish")
        if not explained(space.network, stratum.pattern, self.examples):
            raise Refuted("an example is neither fitted, nor a copy, nor explained by no unit")
        self.box = self._solved()
        if not anywhere:
            self._check_place()

    def _solved(self) -> Range:
        """The path with the parameters P widened by X."""
        pattern, own = self.stratum.pattern, 1 + np.array(self.solved, dtype=np.int64)
        rows = np.array(self.examples, dtype=np.int64)
        jets, step = self.space.jets, self.alpha - self.middle
        here = self._widened(self.middle, Range.exactly(np.zeros(len(rows))))
        self.reach = Range.exactly(np.zeros(0))
        if not len(rows):
            return self._widened(self.alpha, Range.exactly(np.zeros(0)))
        r, _ = jets.residuals(here, pattern)
        try:
            inverse = np.linalg.inv(r.gradient.middle[0][np.ix_(rows, own)])
        except np.linalg.LinAlgError:
            raise Refuted("residuals are dependent") from None
        y = Range.exactly(inverse)
        along, _ = jets.residuals(
            self._widened(self.alpha, Range.exactly(np.zeros(len(rows)))), pattern
        )
        speed = Range.exactly(np.concatenate([[1.0], self.path.slope]))
        drift = (along.gradient[0][rows] * speed[None, :]).sum(1)
        residual = -_apply(y, r.value[0][rows] + drift * step)
        reach = 2 * residual.magnitude + 1e-300
        for _ in range(ROUNDS):
            x = Range(-reach, reach)
            box = self._widened(self.alpha, x)
            jacobian = jets.residuals(box, pattern)[0].gradient[0][np.ix_(rows, own)]
            defect = Range.exactly(np.eye(len(rows))) - (y[:, :, None] * jacobian[None]).sum(1)
            image = residual + _apply(defect, x)
            if image.within(x):
                self.reach = image
                return self._widened(self.alpha, image)
            reach = np.maximum(1.25 * image.magnitude, 1.5 * reach)
            if not np.all(np.isfinite(reach)):
                break
        raise Refuted("no zero of the residuals could be enclosed")

    def _widened(self, alpha: Range, x: Range) -> Range:
        path = self.along(alpha)
        low, high = path.lo.copy(), path.hi.copy()
        wide = Range(low[self.solved], high[self.solved]) + x
        low[self.solved], high[self.solved] = wide.lo, wide.hi
        return Range(
            np.concatenate([alpha.lo, low])[None, :], np.concatenate([alpha.hi, high])[None, :]
        )

    def _check_place(self) -> None:
        """That the zero lies in W and in the closure of the cell."""
        space, network = self.space, self.space.network
        low, high = self.box.lo[0, 1:], self.box.hi[0, 1:]
        if not (np.all(low >= space.sides[0].hi) and np.all(high <= space.sides[1].lo)):
            raise Refuted("the zero of the residuals may leave the box W")
        _, seen = space.jets.residuals(self.box, self.stratum.pattern)
        for unit, z in enumerate(seen):
            if not _within(network, space.jets.points, unit, z, self.stratum.pattern[unit]):
                raise Refuted("the zero of the residuals may leave its cell")

    def at(self, alpha: Range) -> Interpolation:
        """The curve over a smaller range of α."""
        centre = self.path.centre + self.path.slope * (alpha.middle - self.middle.middle)[0]
        path = Path(centre, self.path.slope, self.path.radius)
        return Interpolation(self.space, self.stratum, path, alpha, self.examples, self.solved)

    @property
    def value(self) -> Range:
        """Exactly 0."""
        return Range.exactly(np.zeros(1))

    @cached_property
    def slope(self) -> Range:
        """Exactly 0."""
        return self.value

    @cached_property
    def curvature(self) -> Range:
        """Exactly 0."""
        return self.value


def vanishes(curve: Curve) -> bool:
    """Whether f = 0 on an isolated curve: its residuals have a zero where the curve is unique."""
    if curve.is_zero:
        return True
    network, pattern = curve.space.network, curve.stratum.pattern
    if curve.stratum.groups or curve.stratum.dead or network.is_regularised:
        return False
    if curve.stratum.fold is not None or network.polynomial is not None:
        return False
    examples: list[int] = []
    for t in range(network.examples):
        if not explained(network, pattern, examples, [t]):
            examples.append(t)
        if len(examples) > len(curve.free):
            return False
    try:
        with np.errstate(all="ignore"):
            solved = curve.free.tolist()
            found = Interpolation(
                curve.space, curve.stratum, curve.path, curve.alpha, examples, solved, True
            )
    except Refuted:
        return False
    return (found.reach if len(curve.free) else curve.offset).within(curve.unique)


def _within(network: Network, points: Range, unit: int, z: Jet, pieces: Sequence[int]) -> bool:
    """Whether a unit's pre-activations lie in the closures of their pieces."""
    for example, piece in enumerate(pieces):
        low, high = z.value.lo[0, example], z.value.hi[0, example]
        above = piece == 0 or low >= points.hi[piece - 1]
        below = piece == len(network.breakpoints) or high <= points.lo[piece]
        # Without inputs and bias z = 0 exactly; the pieces agree at a breakpoint 0.
        constant = unit < network.hidden[0] and not network.bias
        if constant and not any(network.inputs[example]):
            above = piece == 0 or network.breakpoints[piece - 1] <= 0
            below = piece == len(network.breakpoints) or network.breakpoints[piece] >= 0
        if not (above and below):
            return False
    return True


def explained(
    network: Network,
    pattern: Pattern,
    examples: Sequence[int],
    others: Sequence[int] | None = None,
) -> bool:
    """Whether residuals that vanish at ``examples`` vanish at ``others`` (all), in a pattern."""
    columns = list(zip(*pattern, strict=True))
    fitted = {(network.inputs[t], network.targets[t], columns[t]) for t in examples}
    last = len(network.units) - network.hidden[-1]
    for t in range(network.examples) if others is None else others:
        inputs, target = network.inputs[t], network.targets[t]
        silent = all(
            network.first[piece] == 0 and network.second[piece] == 0 for piece in columns[t][last:]
        )
        if (inputs, target, columns[t]) not in fitted and not (silent and network.offset == target):
            return False
    return True


def _apply(matrix: Range, vector: Range) -> Range:
    return (matrix * vector[None, :]).sum(1)
