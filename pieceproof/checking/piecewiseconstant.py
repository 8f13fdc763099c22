"""The checker of the method "piecewise-constant": the zero-one loss.

1. the score of every example is rebuilt as a row r_t(α), times (w, 1): from the graph, or on
   every joint cell of a network (a *region*; the joint cells are checked to be all);
2. every part of a piece has parameters w(α) in box and region such that all but ``errors``
   examples are on their right side, y_t·r_t(α)·w(α) >= 0 and not identically 0: ℓ* is
   nowhere higher;
3. in no region a cell has fewer errors on the piece: for a network by circuits
   (:mod:`pieceproof.checking.circuits`), for a graph vertex by vertex
   (:mod:`pieceproof.checking.sides`).

*Why that suffices at every α.* The objective is lower semicontinuous: it is the least value of
the cells whose closure holds (α, w). Where 2 holds with > for all but finitely many α, it holds
for ℓ* at all of them. Cells are open in (α, w) and W is compact, so at any α the value of ℓ*
is the smaller of its limits; 3 is therefore needed for all but finitely many α only, and at a
jump ℓ* is the smaller value of the two pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from flint import fmpq, fmpz_poly

from pieceproof.checking.attained import (
    check_divided,
    read_increasing,
    read_path_in_box,
    read_place,
    read_witness,
)
from pieceproof.checking.circuits import CircuitBounds
from pieceproof.checking.heights import Height, compare_heights
from pieceproof.checking.intervals import (
    Interval,
    intersection,
    nonnegative,
    roots_inside,
)
from pieceproof.checking.pieces import Piece, check_common_end, read_pieces
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import minimal_polynomial
from pieceproof.checking.regions import Names, Problem, Region, Row
from pieceproof.checking.run import Dual, Run
from pieceproof.checking.shapes import continuous
from pieceproof.checking.sides import Arrangement, LowerBound, minimal
from pieceproof.checking.signs import odd_part
from pieceproof.checking.statedregions import read_regions

MEMBERS: tuple[str, ...] = ("cells", "exchangeable", "regions", "proofs")
OWN = ("errors", "sample", "parts")
FORBIDDEN = 10**9
"""The cost of the side of a wall that is outside: more than any number of errors."""


def check(run: Run) -> Dual:
    """ℓ* of a document whose proofs hold, unless ``run`` says otherwise.

    Raises:
        CertificateError: malformed.
        Refuted: a claim without which the others have no meaning is false.
    """
    members = run.members
    problem = read_regions(members)
    pieces = read_pieces(members["pieces"], problem.interval, OWN)
    errors = [
        _errors(node, piece, problem) for node, piece in zip(members["pieces"], pieces, strict=True)
    ]
    points = _points(members["pieces"], pieces)
    run.checked |= {"pieces": len(pieces), "parts": 0}
    for number, (node, piece) in enumerate(zip(members["pieces"], pieces, strict=True)):
        with run.collecting():
            run.checked["parts"] += check_parts(node, piece, problem, errors[number])
        if run.full:
            return Dual(pieces, points, {"regions": len(problem.regions)})
    proved = list(zip(pieces, errors, strict=True))
    if problem.names is None:
        _check_vertices(run, problem, proved)
    else:
        _check_circuits(run, problem.names, len(problem.regions), proved)
    return Dual(pieces, points, {"regions": len(problem.regions)})


def _check_vertices(run: Run, problem: Problem, pieces: Sequence[tuple[Piece, int]]) -> None:
    lower = [LowerBounds(problem, region) for region in problem.regions]
    for number, (piece, errors) in enumerate(pieces):
        with run.collecting():
            for bounds in lower:
                bounds.check(errors, piece.interval, f"pieces[{number}]")
        run.tell(number + 1, len(pieces))
        if run.full:
            break
    run.checked["minors"] = sum(bounds.looked_at for bounds in lower)


def _check_circuits(
    run: Run, names: Names, regions: int, pieces: Sequence[tuple[Piece, int]]
) -> None:
    proofs = run.members["proofs"].items()
    if len(proofs) != regions:
        raise Refuted(f"proofs: {len(proofs)} for {regions} regions")
    bounds = CircuitBounds(pieces)
    for number, node in enumerate(proofs):
        with run.collecting():
            bounds.check(node, partial(names, number))
        run.tell(number + 1, len(proofs))
        if run.full:
            break
    run.checked |= {"regions": len(proofs), "circuits": bounds.looked_at}


def _errors(node: Node, piece: Piece, problem: Problem) -> int:
    entry = node.fields("interval", "value", *OWN)["errors"]
    errors = entry.integer(0, len(problem.labels))
    value = problem.value(errors)
    if piece.numerator != fmpz_poly([value.p]) or piece.denominator != fmpz_poly([value.q]):
        raise Refuted(f"{node.path}.value: not the loss of {errors} errors")
    return errors


def _points(node: Node, pieces: Sequence[Piece]) -> list[Height]:
    """ℓ* at the ends of A and between pieces, where it is the smaller limit.

    Raises:
        Refuted: neighbours of one value, or a common end not named by its minimal polynomial.
    """
    points = continuous(pieces)
    for number, (left, right) in enumerate(pairwise(pieces), start=1):
        where = f"{node.path}[{number}]"
        end = right.interval.start
        other = Height(right, points[number].alpha)
        comparison = compare_heights(other, points[number])
        if comparison == 0:
            raise Refuted(f"{where}.value: the same as that of piece {number - 1}")
        if comparison < 0:
            points[number] = other
        check_common_end(where, left, right, minimal_polynomial(end))
    return points


# -- not higher ------------------------------------------------------------------------


def check_parts(node: Node, piece: Piece, problem: Problem, errors: int) -> int:
    """Number of parts of a piece whose parameters make no more errors.

    Raises:
        CertificateError: malformed.
        Refuted: the parts do not divide the piece, or parameters do not have their property.
    """
    entry = node.fields("interval", "value", *OWN)
    parts = entry["parts"].items()
    if not parts:
        raise entry["parts"].wrong("at least one part")
    intervals = [_check_part(part, problem, errors) for part in parts]
    check_divided(entry["parts"], intervals, piece)
    _check_sample(entry["sample"], piece, problem, errors)
    return len(parts)


def _check_part(node: Node, problem: Problem, errors: int) -> Interval:
    entry = node.fields("interval", "region", "minimiser")
    number = entry["region"].integer(0, len(problem.regions) - 1)
    region = problem.regions[number]
    interval = read_increasing(entry["interval"])
    where = entry["minimiser"].path
    numerators, denominator = read_path_in_box(entry["minimiser"], problem.parameters, interval)
    point = problem.point(number, [*numerators, denominator])
    if point is None:
        raise Refuted(f"{where}: other output weights than those of the region")
    for row in region.constraints:
        if not nonnegative(_product(row, point), interval):
            raise Refuted(f"{where}: leaves the region")
    wrong = 0
    for row, label in zip(region.scores, problem.labels, strict=True):
        margin = _product(row, point) * label
        if not margin or not nonnegative(margin, interval):
            wrong += 1
            if wrong > errors:
                raise Refuted(f"{where}: makes more than {errors} errors")
    return interval


def _product(row: Row, point: Sequence[fmpz_poly]) -> fmpz_poly:
    total = fmpz_poly()
    for a, b in zip(row, point, strict=True):
        total += a * b
    return total


def _check_sample(node: Node, piece: Piece, problem: Problem, errors: int) -> None:
    sample = node.fields("alpha", "value", "witness")
    alpha, _ = read_place(sample, piece)
    witness = read_witness(sample["witness"], problem.parameters)
    counts = [
        _errors_at(region, problem.labels, alpha, point)
        for number, region in enumerate(problem.regions)
        if (point := problem.point(number, (*witness, fmpq(1)))) is not None
    ]
    fewest = min(counts, default=FORBIDDEN)
    if fewest > errors:
        raise Refuted(f"{sample['witness'].path}: makes {fewest} errors, not {errors}")


def _errors_at(region: Region, labels: tuple[int, ...], alpha: fmpq, point: Sequence[fmpq]) -> int:
    """Errors at a point of the closed region; more than there are examples outside."""

    def value(row: Row) -> fmpq:
        return sum((p(alpha) * w for p, w in zip(row, point, strict=True)), fmpq(0))

    if any(value(row) < 0 for row in region.constraints):
        return FORBIDDEN
    return sum(value(row) * y <= 0 for row, y in zip(region.scores, labels, strict=True))


# -- not lower -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Member:
    """A row content·q: its sign where q·u > 0 is that of the content."""

    content: fmpz_poly
    positive: int
    negative: int


class LowerBounds:
    """Proves that no parameters make fewer errors, piece by piece."""

    def __init__(self, problem: Problem, region: Region) -> None:
        classes: dict[str, tuple[Row, list[_Member]]] = {}
        self.constant = 0
        self.alive = region.alive
        scores = zip(region.scores, problem.labels, region.settled, strict=True)
        for row, label, settled in scores:
            if settled:
                self.constant += settled != label
            elif any(row):
                _add(classes, row, (int(label < 0), int(label > 0)))
            else:
                self.constant += 1  # a score that is 0 everywhere is an error
        for row in region.constraints:
            _add(classes, row, (0, FORBIDDEN))
        self.members = [members for _, members in classes.values()]
        self.arrangement = Arrangement([row for row, _ in classes.values()])
        self.contents = list(
            {str(m.content): m.content for members in self.members for m in members}.values()
        )
        self.looked_at = 0

    def check(self, errors: int, interval: Interval, where: str) -> None:
        """Raises:
        Refuted: some parameters make fewer errors, or no proof was found.
        """
        for part in [interval] if self.alive is None else self.alive:
            common = intersection(part, interval)
            if common is not None:
                self._check(errors, common, where)

    def _check(self, errors: int, interval: Interval, where: str) -> None:
        product = fmpz_poly([1])
        for content in self.contents:
            odd = odd_part(content)
            product *= odd // odd.gcd(product)
        found = roots_inside(product, interval) if product.degree() > 0 else []
        roots = [minimal(root) for root in found]
        for start, end in pairwise((interval.start, *roots, interval.end)):
            part = Interval(start, end)
            bound = LowerBound(self.arrangement, self._costs(part), where)
            bound.check(errors - self.constant, part)
            self.looked_at += bound.looked_at

    def _costs(self, interval: Interval) -> list[tuple[int, int]]:
        costs = []
        for members in self.members:
            a = b = 0
            for member in members:
                same = nonnegative(member.content, interval)
                a += member.positive if same else member.negative
                b += member.negative if same else member.positive
            costs.append((a, b))
        return costs


def _add(classes: dict[str, tuple[Row, list[_Member]]], row: Row, costs: tuple[int, int]) -> None:
    content = fmpz_poly()
    for p in row:
        content = content.gcd(p)
    leading = next(p for p in row if p)
    if (leading // content).leading_coefficient() < 0:
        content = -content
    q = tuple(p // content for p in row)
    classes.setdefault(str(q), (q, []))[1].append(_Member(content, *costs))
