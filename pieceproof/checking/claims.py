"""The summary of a document against what its pieces imply.

Ends, minimum, extrema and counts are recomputed and compared. Bounds are theorems about
ℓ*: here only what contradicts the exact number of oscillations is refused. The
provenance is not a mathematical claim; its input digest must be that of the problem.
"""

from __future__ import annotations

from collections.abc import Sequence

from pieceproof.checking.envelopes import JUMP, KINK
from pieceproof.checking.heights import Height, compare_heights
from pieceproof.checking.numerals import check_algebraic, check_decimal, read_interval
from pieceproof.checking.pieces import Piece
from pieceproof.checking.reading import Node, Refuted, canonical_digest
from pieceproof.checking.reals import compare
from pieceproof.checking.shapes import Extremum, Shape

EXACT_COUNT = "Lemma 1, exact oscillation count"
"""The theorem entry whose number of oscillations is that of this document."""


def check_ends(node: Node, points: Sequence[Height]) -> None:
    """ℓ* at both ends of A.

    Raises:
        CertificateError: malformed.
        Refuted: a number differs.
    """
    ends = node.fields("lower", "upper")
    for key, point in zip(("lower", "upper"), (points[0], points[-1]), strict=True):
        entry = ends[key].fields("alpha", "value", "approx")
        if entry["alpha"].rational() != point.alpha.lower:
            raise Refuted(f"{entry['alpha'].path}: not the {key} end of A")
        if point.against(entry["value"].rational()) != 0:
            raise Refuted(f"{entry['value'].path}: not the value of ℓ* there")
        check_decimal(entry["approx"], point.against)


def check_extrema(node: Node, shape: Shape) -> None:
    """Local minima and maxima, in increasing α.

    Raises:
        CertificateError: malformed.
        Refuted: an extremum is missing, extra or wrong.
    """
    entry = node.fields("minima", "maxima")
    for key, extrema in (("minima", shape.minima), ("maxima", shape.maxima)):
        stated = entry[key].items()
        if len(stated) != len(extrema):
            raise Refuted(f"{entry[key].path}: {len(stated)} listed, ℓ* has {len(extrema)}")
        for each, extremum in zip(stated, extrema, strict=True):
            if extremum.plateau:
                member = each.fields("interval", "value_approx", optional=("open",))
                _check_plateau(member["interval"], extremum)
                _check_missing(each, member, extremum)
            else:
                member = each.fields("alpha", "value_approx")
                _check_point(member["alpha"], extremum)
            check_decimal(member["value_approx"], extremum.height.against)


def check_minimum(node: Node, shape: Shape) -> None:
    """The global minimum: isolated minimisers, intervals of minimisers, the value.

    Raises:
        CertificateError: malformed.
        Refuted: a minimiser is missing, extra or wrong, or the value is.
    """
    entry = node.fields("alpha", "intervals", "value")
    points = [each for each in shape.lowest if not each.plateau]
    plateaus = [each for each in shape.lowest if each.plateau]
    for key, expected in (("alpha", points), ("intervals", plateaus)):
        stated = entry[key].items()
        if len(stated) != len(expected):
            raise Refuted(f"{entry[key].path}: {len(stated)} listed, ℓ* has {len(expected)}")
        check = _check_point if key == "alpha" else _check_plateau
        for each, extremum in zip(stated, expected, strict=True):
            check(each, extremum)
    check_algebraic(entry["value"], shape.lowest[0].height.number, "the least value of ℓ* is")


def _check_missing(node: Node, member: dict[str, Node], extremum: Extremum) -> None:
    missing = member["open"].texts() if "open" in member else ()
    if missing != extremum.missing or ("open" in member and not missing):
        raise Refuted(f"{node.path}.open: not the ends that the plateau does not contain")


def shape_counts(
    pieces: Sequence[Piece], points: Sequence[Height], kinds: dict[str, int], found: Shape
) -> dict[str, int]:
    """The counts that documents of all methods have."""
    ends = ((pieces[0], points[0]), (pieces[-1], points[-1]))
    jumps = sum(compare_heights(Height(piece, at.alpha), at) != 0 for piece, at in ends)
    return {
        "pieces": len(pieces),
        "breakpoints": len(pieces) - 1,
        "discontinuities": kinds[JUMP] + jumps,
        "kinks": kinds[KINK],
        "local_minima": len(found.minima),
        "local_maxima": len(found.maxima),
        "oscillations": found.oscillations,
    }


def check_counts(node: Node, expected: dict[str, int]) -> None:
    """Every count.

    Raises:
        CertificateError: malformed.
        Refuted: a count differs.
    """
    for key, entry in node.fields(*expected).items():
        if entry.count() != expected[key]:
            raise Refuted(f"{entry.path}: stated {entry.value}, the pieces give {expected[key]}")


def check_bounds(node: Node, oscillations: int) -> None:
    """What theorems are said to give: consistent with the exact number of oscillations.

    An entry bounds B(ℓ*) from above and applies Lemma 1, Pdim <= max {n : 2^n <= nB + 1};
    the entry about the exact count has that count.

    Raises:
        CertificateError: malformed.
        Refuted: a stated bound is below the exact number of oscillations, the exact
            count is another, or the pseudo-dimension is not that of Lemma 1.
    """
    for bound in node:
        entry = bound.fields("theorem", "source", "assumptions", "oscillations", "pseudo_dimension")
        entry["source"].text()
        entry["assumptions"].texts()
        dimension = entry["pseudo_dimension"].count()
        if entry["oscillations"].value is None:
            continue
        path, stated = entry["oscillations"].path, entry["oscillations"].count()
        if stated < oscillations:
            raise Refuted(f"{path}: {stated} is below the exact {oscillations}")
        if entry["theorem"].text() == EXACT_COUNT and stated != oscillations:
            raise Refuted(f"{path}: the exact number is {oscillations}")
        expected = lemma_1(stated)
        if dimension != expected:
            raise Refuted(f"{entry['pseudo_dimension'].path}: Lemma 1 gives {expected}")


def lemma_1(oscillations: int) -> int:
    """max {n : 2^n <= nB + 1} for B oscillations: the largest shattered set."""
    dimension = oscillations.bit_length() + 1
    while 2 ** (dimension + 1) <= (dimension + 1) * oscillations + 1:
        dimension += 1
    while 2**dimension > dimension * oscillations + 1:
        dimension -= 1
    return dimension


def check_provenance(node: Node, problem: object) -> None:
    """The provenance is well-formed and names the digest of the problem.

    Raises:
        CertificateError: malformed.
        Refuted: the digest is that of another problem.
    """
    entry = node.fields("versions", "input_digest", "engine", "seed", "wall_time", "jobs")
    if not isinstance(entry["versions"].value, dict):
        raise entry["versions"].wrong("an object")
    for name, version in entry["versions"].value.items():
        Node(version, f"{entry['versions'].path}.{name}").text()
    entry["engine"].text()
    entry["seed"].count()
    entry["jobs"].count()
    seconds = entry["wall_time"].value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise entry["wall_time"].wrong("a number of seconds")
    if entry["input_digest"].text() != canonical_digest(problem):
        raise Refuted(f"{entry['input_digest'].path}: not the digest of this problem")


def _check_point(node: Node, extremum: Extremum) -> None:
    check_algebraic(node, extremum.start, "ℓ* has this extremum at")


def _check_plateau(node: Node, extremum: Extremum) -> None:
    ends = read_interval(node)
    if compare(ends[0], extremum.start) != 0 or compare(ends[1], extremum.end) != 0:
        raise Refuted(f"{node.path}: ℓ* is extremal on [{extremum.start}, {extremum.end}]")
