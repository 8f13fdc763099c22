"""Regions of a graph convolution with hidden channels: the cones of its patterns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement, product

from flint import fmpz_poly

from pieceproof.checking.convolutions import Convolution, read_convolution
from pieceproof.checking.flips import Active
from pieceproof.checking.intervals import Interval, intersection
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import exactly
from pieceproof.checking.regions import EXAMPLE, Problem, Row, label_of, through_zero, walls
from pieceproof.checking.turning import Spell, find_spells

Key = tuple[tuple[int, tuple[int, ...]], ...]
"""For every channel a sign (0 for fixed output weights) and the active nodes."""


def pattern_regions(members: Mapping[str, Node]) -> Problem:
    """A graph convolution with hidden channels; its regions are the cones of patterns.

    The stated regions must be all patterns of all channels that occur together at some α, once
    for each orbit under exchange of channels. Here w(α) need not be close to an open cell of its
    region: predictions are continuous in w, so that a score that is not 0 keeps its sign nearby.
    """
    convolution = read_convolution(members["problem"], "zero-one")
    whole = Interval(*map(exactly, convolution.interval))
    spells = find_spells(convolution.rows, whole)
    expected = _joint_patterns(convolution, spells)
    regions = []
    named: list[tuple[list[Active], tuple[int, ...] | None]] = []
    for entry in members["regions"]:
        name = entry.fields("on", *(("signs",) if convolution.signed else ()))
        on = [frozenset(node.integer(0, 10**6) for node in channel) for channel in name["on"]]
        signs = tuple(sign.integer(-1, 1) for sign in name["signs"]) if "signs" in name else None
        if len(on) != convolution.channels or (signs and len(signs) != len(on)):
            raise entry.wrong(f"nodes (and a sign) for each of {convolution.channels} channels")
        alive = expected.pop(_orbit(convolution, on, signs), None)
        if alive is None:
            raise Refuted(f"{entry.path}: repeated, or the patterns never occur together")
        named.append((on, signs))
        regions.append(
            through_zero(
                convolution.scores(on, signs),
                convolution.boundaries(on),
                convolution.parameters,
                convolution.settled(on, signs),
                tuple(alive),
            )
        )
    if expected:
        raise Refuted(f"{members['regions'].path}: {len(expected)} regions are missing")
    labels = tuple(map(label_of, convolution.targets))

    def names(number: int, name: Node) -> tuple[int | None, Row]:
        on, _ = named[number]
        return _named_row(name, convolution, on, regions[number].scores, labels)

    return Problem(
        tuple(regions),
        labels,
        convolution.parameters,
        convolution.interval,
        convolution.mean,
        names if members["proofs"].items() else None,
    )


def _named_row(
    name: Node,
    convolution: Convolution,
    on: Sequence[Active],
    scores: Sequence[Row],
    labels: Sequence[int],
) -> tuple[int | None, Row]:
    """The row on (w, 1) of an example, of "1", of ``h1:ada`` or of a wall."""
    text, zero = name.text(), fmpz_poly()
    if text == "1":
        return None, (*[zero] * len(convolution.parameters), fmpz_poly([1]))
    match = EXAMPLE.fullmatch(text)
    if match is not None:
        example = int(match[1]) - 1
        if example >= len(labels):
            raise name.wrong(f"an example up to e{len(labels)}")
        return example, tuple(labels[example] * p for p in scores[example])
    known = [
        f"h{channel + 1}:{convolution.graph.names[node]}"
        for channel in range(convolution.channels)
        for node in convolution.rows
    ]
    if text in known:
        return None, (*convolution.boundaries(on)[known.index(text)], zero)
    names = [f"{p.name}:{end}" for p in convolution.parameters for end in ("lower", "upper")]
    if text in names:
        return None, walls(convolution.parameters)[names.index(text)]
    raise name.wrong("the name of a row")


def _orbit(convolution: Convolution, on: Sequence[Active], signs: Sequence[int] | None) -> Key:
    """The same for all patterns that a permutation of exchangeable channels turns into this one."""
    states = [
        (signs[channel] if signs else 0, tuple(sorted(active))) for channel, active in enumerate(on)
    ]
    found = list(states)
    for members in convolution.exchangeable:
        for place, state in zip(members, sorted(states[k] for k in members), strict=True):
            found[place] = state
    return tuple(found)


def _joint_patterns(convolution: Convolution, spells: Sequence[Spell]) -> dict[Key, list[Interval]]:
    """All patterns of all channels that occur together, with their intervals."""
    options = [
        (s, i) for s in ((-1, 1) if convolution.signed else (0,)) for i in range(len(spells))
    ]
    classes = convolution.exchangeable
    found: dict[Key, list[Interval]] = {}
    for chosen in product(
        *(combinations_with_replacement(options, len(members)) for members in classes)
    ):
        states = {
            channel: state
            for members, own in zip(classes, chosen, strict=True)
            for channel, state in zip(members, own, strict=True)
        }
        order = [states[channel] for channel in range(convolution.channels)]
        common: Interval | None = spells[order[0][1]].interval
        for _, index in order[1:]:
            common = common and intersection(common, spells[index].interval)
        if common is not None:
            on = [spells[index].active for _, index in order]
            key = _orbit(convolution, on, [sign for sign, _ in order])
            found.setdefault(key, []).append(common)
    return found
