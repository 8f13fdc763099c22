"""Whether the minimisers of f that a curve stands for are one network, so that g is known.

A curve stands for its images under the symmetries of its chart and, in folded coordinates, for
those under the reflections of the fold. Exchanging equal units of one hidden layer and negating all
that comes into a unit, σ_α being even, or odd and the weights that read it negated too, leave the
output for every input as it is. To negate the first layer's weights where x ↦ −x exchanges training
examples does not: the network becomes N(−x), another best fit, unless x ↦ −x exchanges held-out
examples as well. g is then the smaller one of the losses of both, and known where it is known which
one that is: the loss of N(−x) is that of N on the negated inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

from pieceproof.checking.enclosing.charts import parity_of
from pieceproof.checking.enclosing.folds import Fold
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.judging.examples import HeldOut, box_of
from pieceproof.checking.reading import Refuted

Image = tuple[tuple[int, ...], tuple[int, ...]]
"""A signed permutation of W: (sources, signs) sends w to signs·w[sources]."""

ZERO = "the training examples are fitted exactly, perhaps by many networks"
ANYWHERE = "minimisers of the training loss may be many"
SYMMETRIC = "a symmetry of the training loss that is none of the network"
MIRRORED = "which one is better of two best fits that x ↦ −x exchanges is not decided"
FOLDED = "mirror images of a minimiser are no symmetry of the network"


def unknown(held: HeldOut, curve: Curve) -> str | None:
    """Why g is not known from a curve, or None if it is."""
    if curve.is_zero:
        return ZERO
    if curve.is_everywhere:
        return ANYWHERE
    network, chart = held.spaces.network, curve.space.chart
    if curve.stratum.dead:
        names = ", ".join(network.units[k] for k in curve.stratum.dead)
        return (
            f"hidden unit {names} has no influence on the training examples, but may have on others"
        )
    if not all(keeps_outputs(network, own) or _is_reflection(network, own) for own in chart.images):
        return SYMMETRIC
    fold = curve.stratum.fold
    if isinstance(fold, Fold):
        for (kind, own), slot in zip(fold.reflections, fold.squared, strict=True):
            if slot in curve.stratum.walls:
                continue  # on the mirror there is one image
            image = _reflection(kind, own, network.parameters)
            if image not in chart.images or not keeps_outputs(network, image):
                return FOLDED
    return None


def keeps_outputs(network: Network, image: Image) -> bool:
    """Whether a symmetry of a chart leaves the output unchanged for all inputs.

    The permutations among them exchange units; so the signs decide. A unit is negated if all that
    comes into it is; then an even σ_α gives the same, an odd one the opposite, to be undone by the
    weights that read the unit.
    """
    signs, parity = image[1], parity_of(network)
    sources = [1] * len(network.inputs[0])
    unit = 0
    for width in network.hidden:
        following = []
        for _ in range(width):
            own = network.incoming[unit]
            factors = {signs[i] * s for i, s in zip(own, [*sources, 1], strict=False)}
            if len(factors) != 1:
                return False
            (negated,) = factors
            if negated < 0 and not parity:
                return False
            following.append(negated if parity < 0 else 1)
            unit += 1
        sources = following
    last = len(signs) if network.offset is not None else len(signs) - 1
    if any(sign < 0 for sign in signs[last:]):
        return False
    if network.outputs is not None:
        return min(sources) > 0
    return list(signs[last - len(sources) : last]) == sources


def _is_reflection(network: Network, image: Image) -> bool:
    """Whether the weights of the first layer, and nothing else, are negated."""
    features = len(network.inputs[0])
    own = {i for unit in network.incoming[: network.hidden[0]] for i in unit[:features]}
    sources, signs = image
    return list(sources) == list(range(len(sources))) and all(
        (sign < 0) == (i in own) for i, sign in enumerate(signs)
    )


def fits(held: HeldOut, curve: Curve) -> list[HeldOut]:
    """The held-out examples as the best fits that a curve stands for see them: one, or two."""
    images = curve.space.chart.images
    if all(keeps_outputs(held.spaces.network, image) for image in images) or held.is_mirrored:
        return [held]
    return [held, held.mirrored]


def better_fit(held: HeldOut, curve: Curve) -> HeldOut:
    """The held-out examples as the best fit sees them that is better on them all along the curve.

    Raises:
        Refuted: this is not the same one everywhere, or not known.
    """
    own = fits(held, curve)
    if len(own) == 1:
        return held
    chart, box = curve.stratum.chart, box_of(curve)
    first, second = (each.space(chart).jets.objective(box, 0).value for each in own)
    if first.hi[0] < second.lo[0]:
        return own[0]
    if second.hi[0] < first.lo[0]:
        return own[1]
    raise Refuted(MIRRORED)


def _reflection(kind: str, own: Sequence[int], d: int) -> Image:
    sources, signs = list(range(d)), [1] * d
    if kind != "flip":
        i, j = own
        sources[i], sources[j] = j, i
    if kind != "swap":
        for i in own:
            signs[i] = -1
    return tuple(sources), tuple(signs)
