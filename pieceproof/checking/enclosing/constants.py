"""Curves on which all units are constant: every weight of an input is 0, biases are left.

This is how a penalty αρ|w|₁ ends where it does not run over biases. The output ŷ is then one
number, and ∂f/∂b = 0 of a free output bias, or of a free bias of a unit with v·σ_α′(b) ≠ 0, says
Σ_t r_t = 0: ŷ is the mean of the targets, for all α and whichever b it is that attains it.
"""

from __future__ import annotations

from flint import fmpq_poly

from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.tubes import Curve


def fits_mean(curve: Curve) -> bool:
    """Whether the output is the mean of the targets for all α, and nothing is penalised."""
    network, stratum = curve.space.network, curve.stratum
    if (
        network.polynomial is not None
        or len(network.hidden) != 1
        or network.decay != 0
        or stratum.fold is not None
        or stratum.groups
    ):
        return False
    resting = {i for i, side in stratum.walls.items() if network.walls[i][side] == 0}
    if not resting.issuperset(network.penalised):
        return False
    features = range(len(network.inputs[0]))
    if not all(own[k] in resting for own in network.incoming for k in features):
        return False
    free = set(curve.free.tolist())
    if network.offset is None and network.parameters - 1 in free:
        return True
    return any(
        network.bias and network.incoming[unit][-1] in free and _is_steep(curve, unit)
        for unit in range(len(network.units))
    )


def _is_steep(curve: Curve, unit: int) -> bool:
    """Whether v·σ_α′(b) ≠ 0 on the tube, for a unit with z_t = b."""
    network = curve.space.network
    (piece, *others) = set(curve.stratum.pattern[unit])
    if others:
        return False
    b = network.incoming[unit][-1]
    z = curve.box[0, 1 + b : 2 + b]
    first, second = (_value(own[piece].derivative(), z) for own in (network.first, network.second))
    slope = curve.alpha * first + (Range.exactly([1.0]) - curve.alpha) * second
    return _is_nonzero(slope) and _is_nonzero(_outgoing(network, curve, unit))


def _outgoing(network: Network, curve: Curve, unit: int) -> Range:
    if network.outputs is not None:
        return around([network.outputs[unit]])
    (out,) = network.outgoing[unit]
    return curve.box[0, 1 + out : 2 + out]


def _value(polynomial: fmpq_poly, z: Range) -> Range:
    total = Range.exactly([0.0])
    for k in range(polynomial.degree(), -1, -1):
        total = total * z + around([polynomial[k]])
    return total


def _is_nonzero(value: Range) -> bool:
    return bool(value.lo[0] > 0 or value.hi[0] < 0)
