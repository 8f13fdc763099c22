"""Whether the minimisers of f that a curve stands for are one network, so that g is known.

A curve stands for its images under the symmetries of its chart and, in folded coordinates, for
those under the reflections of the fold. Exchanging equal units of one hidden layer and negating all
that comes into a unit, σ_α being even, or odd and the weights that read it negated too, leave the
output for every input as it is. To negate the first layer's weights where x ↦ −x exchanges training
examples does not: the network becomes N(−x), another best fit, unless x ↦ −x exchanges held-out
examples as well. g is then the smaller one of the losses of both, and known where it is known which
one that is: the loss of N(−x) is that of N on the negated inputs.

*Dead units* K (``enclosing.reductions``): minimisers are not isolated, yet g may be known. Let w be
one of f, f(w) = f_K(w) = min f_K. Where boxes and tips are settled by f ≥ f_K the penalty of K is
left out or bounded from below, rounded downwards. So under weight decay, or a penalty with α > 0,
f(w) = f_K(w) only if all penalised parameters of K are 0. Then K adds nothing to any output: either
outgoing weights are 0; or they are no parameters, K has the same output s for all inputs, and
f − f_K = c·T·(s² + 2s·r̄), r̄ being the mean residual of N_K. If s ≠ 0 that is 0 for s = −2r̄ only;
between these biases and 0, where s = 0, there are some with s = −r̄ and f = f_K − c·T·r̄², below the
minimum.
"""

from __future__ import annotations

from collections.abc import Sequence

from pieceproof.checking.enclosing.charts import Chart, Image, parity_of
from pieceproof.checking.enclosing.folds import Fold
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.judging.examples import HeldOut, box_of
from pieceproof.checking.judging.resting import held_at
from pieceproof.checking.reading import Refuted

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
    network, chart, dead = curve.space.network, curve.space.chart, curve.stratum.dead
    if dead and not _adds_nothing(held.spaces.network, curve):
        names = ", ".join(held.spaces.network.units[k] for k in dead)
        return (
            f"hidden unit {names} has no influence on the training examples, but may have on others"
        )
    # Basins are images of one another under all symmetries, those between orthants included; of
    # dead units too, which are those of the whole network.
    whole = {each.chart.symmetries: each.chart for each in held.spaces} if dead else {}
    if not all(_is_understood(each) for each in (chart, *whole.values())):
        return SYMMETRIC
    fold = curve.stratum.fold
    if isinstance(fold, Fold):
        for (kind, own), slot in zip(fold.reflections, fold.squared, strict=True):
            if slot in curve.stratum.walls:
                continue  # on the mirror there is one image
            image = _reflected(kind, own, network.parameters)
            if image not in chart.images or not keeps_outputs(network, image):
                return FOLDED
    return None


def _adds_nothing(network: Network, curve: Curve) -> bool:
    """Whether dead units add nothing to any output at any minimiser of f."""
    if network.decay > 0:
        return True
    weights = {
        i
        for unit in curve.stratum.dead
        for i in (*network.incoming[unit][: len(network.inputs[0])], *network.outgoing[unit])
    }
    return bool(curve.alpha.lo[0] > 0) and weights <= set(network.penalised)


def _is_understood(chart: Chart) -> bool:
    """Whether all symmetries keep the output for all inputs, or reflect the inputs."""
    network = chart.network
    return all(
        keeps_outputs(network, own) or _is_reflection(network, own) for own in chart.symmetries
    )


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
        return all(sign > 0 for sign in sources)
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
    network, walls = curve.space.network, held_at(curve)
    reflected = [
        [i for i, sign in enumerate(image[1]) if sign < 0]
        for image in curve.space.chart.symmetries
        if not keeps_outputs(network, image)
    ]
    # A reflection leaves a curve in place on which all that it negates is 0.
    if held.is_mirrored or all(walls.get(i) == 0 for own in reflected for i in own):
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
    place, box = curve.stratum.place, box_of(curve)
    first, second = (each.space(place).jets.objective(box, 0).value for each in own)
    if first.hi[0] < second.lo[0]:
        return own[0]
    if second.hi[0] < first.lo[0]:
        return own[1]
    raise Refuted(MIRRORED)


def _reflected(kind: str, own: Sequence[int], d: int) -> Image:
    sources, signs = list(range(d)), [1] * d
    if kind != "flip":
        i, j = own
        sources[i], sources[j] = j, i
    if kind != "swap":
        for i in own:
            signs[i] = -1
    return tuple(sources), tuple(signs)
