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

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import lcm

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.circuits import CircuitBounds
from pieceproof.checking.constraints import Constraints
from pieceproof.checking.constraints import Row as Sparse
from pieceproof.checking.graphs import read_graph
from pieceproof.checking.heights import Height, compare_heights
from pieceproof.checking.intervals import Interval, nonnegative, positive, roots_inside
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.orbits import Case, check_cases, check_classes
from pieceproof.checking.pieces import Piece, check_common_end, read_pieces
from pieceproof.checking.problems import (
    Parameter,
    read_data,
    read_ends,
    read_parameters,
    read_problem,
)
from pieceproof.checking.problems import Problem as Network
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import compare, exactly, minimal_polynomial
from pieceproof.checking.run import Dual, Run
from pieceproof.checking.shapes import continuous
from pieceproof.checking.sides import Arrangement, LowerBound, minimal
from pieceproof.checking.signmodels import T, Trained, check_homogeneous, is_trained, with_signs
from pieceproof.checking.signs import odd_part
from pieceproof.checking.unitcells import check_arrangements
from pieceproof.checking.upperbounds import read_vector

MEMBERS: tuple[str, ...] = ("cells", "exchangeable", "regions", "proofs")
OWN = ("errors", "sample", "parts")
FORBIDDEN = 10**9
"""The cost of the side of a wall that is outside: more than any number of errors."""
_EXAMPLE = re.compile(r"e([1-9][0-9]{0,8})")

Row = tuple[fmpz_poly, ...]
Names = Callable[[int, Node], tuple[int | None, Row]]
"""For the number of a region and the name of a row: the row, and the example if it is one."""


@dataclass(frozen=True)
class Region:
    """Scores as rows on (w, 1) where all ``constraints`` are positive."""

    scores: tuple[Row, ...]
    constraints: tuple[Row, ...]


@dataclass(frozen=True)
class Problem:
    """Regions that cover the box, labels, box; of a network, ``names`` gives for every region
    its rows by name, ``signs`` those of output weights."""

    regions: tuple[Region, ...]
    labels: tuple[int, ...]
    parameters: tuple[Parameter, ...]
    interval: tuple[fmpq, fmpq]
    mean: bool
    names: Names | None = None
    trained: Trained | None = None
    signs: tuple[tuple[int, ...], ...] = ()

    def point(self, region: int, point: Sequence[T]) -> Sequence[T] | None:
        """What the rows of a region act on, at parameters and 1, times a common factor.

        None if trainable output weights are not those of the region.
        """
        return point if self.trained is None else self.trained.hidden(point, self.signs[region])

    def value(self, errors: int) -> fmpq:
        """The loss of so many errors."""
        return fmpq(errors, len(self.labels) if self.mean else 1)


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


def read_regions(members: Mapping[str, Node]) -> Problem:
    """The stated problem with its regions: one for a graph, the joint cells of a network.

    Raises:
        CertificateError: malformed, or outside the covered family.
        Refuted: unit cells or joint cells are missing or repeated.
    """
    node = members["problem"]
    entry = node.fields("model", "interval", "parameters", "loss", "data")
    loss = entry["loss"].fields("kind", "reduction", "weight_decay")
    loss["kind"].choice("zero-one")
    if loss["weight_decay"].rational() != 0:
        raise loss["weight_decay"].wrong("no weight decay")
    kind = entry["model"].member("kind").choice("gcn", "feedforward")
    problem = _read_graph(entry) if kind == "gcn" else _read_network(members)
    if any(label not in (1, -1) for label in problem.labels):
        raise entry["data"].wrong("labels 1 and -1")
    if kind == "gcn" and (
        members["regions"].value != [{}]
        or members["cells"].value is not None
        or members["exchangeable"].items()
        or members["proofs"].items()
    ):
        raise members["regions"].wrong("one region without a name, no cells and no proofs")
    return problem


def _read_graph(entry: dict[str, Node]) -> Problem:
    features, inputs, targets = read_data(entry["data"], same_length=False)
    interval = read_ends(entry["interval"])
    graph = read_graph(entry["model"], interval)
    if len(inputs) != len(graph.kernel) or len(targets) != len(graph.training):
        raise entry["data"].wrong("a row for every node and a label for every training node")
    parameters = read_parameters(entry["parameters"], [f"w_{feature}" for feature in features])
    scores = tuple((*row, fmpz_poly()) for row in graph.scores(inputs))
    # A box that holds 0 inside has parameters in every direction; signs depend on no more.
    centred = all(p.lower < 0 < p.upper for p in parameters)
    region = Region(scores, () if centred else tuple(_walls(parameters)))
    mean = entry["loss"].member("reduction").choice("mean", "sum") == "mean"
    return Problem((region,), tuple(map(_label, targets)), parameters, interval, mean)


def _label(target: fmpq) -> int:
    return int(target.p) if target in (1, -1) else 0


def _read_network(members: Mapping[str, Node]) -> Problem:
    """A network with one hidden layer; its joint cells are those of the squared loss."""
    node = members["problem"]
    loss = {**node.value["loss"], "kind": "squared"}
    stated = Node({**node.value, "loss": loss}, node.path)
    trained, parameters = None, node.member("parameters")
    if is_trained(stated):
        stated, trained = with_signs(stated)
    network = read_problem(stated)
    if trained is not None:
        check_homogeneous(node, network)
    if network.units == 0 or network.penalised or network.held_out:
        raise node.wrong("a network without penalty")
    arrangements = check_arrangements(members["cells"], network)
    orbits = check_classes(members["exchangeable"], network, arrangements)
    entries = members["regions"].items()
    cases = [
        orbits.read_case(entry.fields("cell", optional=("signs",)), entry.path) for entry in entries
    ]
    check_cases(members["regions"], cases, orbits)
    constraints = Constraints(network, tuple(arrangements))
    number_of = {unit: each for each in arrangements for unit in each.units}
    regions = []
    size = len(network.parameters) + 1
    scale = fmpq(1) if trained is None else trained.scale
    for case in cases:
        rows = []
        rows += [_dense(sparse, size) for _, sparse in constraints.facets(case)]
        patterns = [number_of[unit].indices[cell] for unit, cell in enumerate(case.cells)]
        scores = tuple(
            _network_score(network, case, [int(p[t]) for p in patterns], x, scale)
            for t, x in enumerate(network.inputs)
        )
        regions.append(Region(scores, tuple(rows)))
    labels = tuple(map(_label, network.targets))
    one: Row = (*[fmpz_poly()] * (size - 1), fmpz_poly([1]))

    def names(number: int, name: Node) -> tuple[int | None, Row]:
        text = name.text()
        if text == "1":
            return None, one
        match = _EXAMPLE.fullmatch(text)
        if match is None:
            return None, _dense(constraints.row(name, cases[number]), size)
        example = int(match[1]) - 1
        if example >= len(labels):
            raise name.wrong(f"an example up to e{len(labels)}")
        return example, tuple(labels[example] * p for p in regions[number].scores[example])

    box = network.parameters
    if trained is not None:
        listed = parameters.items()
        box = read_parameters(parameters, [entry.member("name").text() for entry in listed])
    signs = tuple(case.signs or () for case in cases)
    return Problem(
        tuple(regions), labels, box, network.interval, network.mean, names, trained, signs
    )


def _dense(sparse: Sparse, size: int) -> Row:
    """a·w − b as a row on (w, 1)."""
    row = [fmpz_poly()] * size
    for position, value in sparse:
        row[position] = fmpz_poly([-value if position == size - 1 else value])
    return tuple(row)


def _network_score(
    network: Network, case: Case, pieces: list[int], x: tuple[fmpq, ...], scale: fmpq
) -> Row:
    """Σ_k v_k·(S_j(α)·(x̃·w_k) + R_j(α)) + c as a row on (w, 1), all v_k times ``scale``."""
    weights = case.signs if network.weights is None else network.weights
    entries: list[fmpq_poly] = []
    constant = fmpq_poly()
    for unit, piece in enumerate(pieces):
        weight = scale * (1 if weights is None else weights[unit])
        slope = fmpq_poly(list(network.slopes[piece])) * weight
        entries += [slope * value for value in (*x, *[fmpq(1)] * network.bias)]
        constant += fmpq_poly(list(network.intercepts[piece])) * weight
    if network.offset is None:
        entries.append(fmpq_poly([1]))
    else:
        constant += network.offset
    entries.append(constant)
    common = lcm(*(int(p.denom()) for p in entries))
    return tuple((p * common).numer() for p in entries)


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
    whole = (intervals[0].start, intervals[-1].end)
    if any(compare(left.end, right.start) != 0 for left, right in pairwise(intervals)) or any(
        compare(*pair) != 0
        for pair in zip(whole, (piece.interval.start, piece.interval.end), strict=True)
    ):
        raise Refuted(f"{entry['parts'].path}: do not divide the interval of the piece")
    _check_sample(entry["sample"], piece, problem, errors)
    return len(parts)


def _check_part(node: Node, problem: Problem, errors: int) -> Interval:
    entry = node.fields("interval", "region", "minimiser")
    number = entry["region"].integer(0, len(problem.regions) - 1)
    region = problem.regions[number]
    ends = read_interval(entry["interval"])
    if compare(*ends) >= 0:
        raise Refuted(f"{entry['interval'].path}: the ends are not in increasing order")
    interval = Interval(*ends)
    numerators, denominator = read_vector(entry["minimiser"], len(problem.parameters))
    where = entry["minimiser"].path
    if positive(-denominator, interval):
        numerators, denominator = [-p for p in numerators], -denominator
    if not positive(denominator, interval):
        raise Refuted(f"{where}.denominator: not positive on the closed interval")
    for parameter, p in zip(problem.parameters, numerators, strict=True):
        low, high = parameter.lower, parameter.upper
        for slack in (p * low.q - denominator * low.p, denominator * high.p - p * high.q):
            if not nonnegative(slack, interval):
                raise Refuted(f"{where}: leaves the box at {parameter.name}")
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
    alpha, witness = sample["alpha"].rational(), sample["witness"].rationals()
    at = exactly(alpha)
    if compare(at, piece.interval.start) <= 0 or compare(at, piece.interval.end) >= 0:
        raise Refuted(f"{sample['alpha'].path}: not strictly inside the piece")
    if sample["value"].rational() != problem.value(errors):
        raise Refuted(f"{sample['value'].path}: not the value of the piece at alpha")
    if len(witness) != len(problem.parameters):
        raise sample["witness"].wrong(f"{len(problem.parameters)} coordinates")
    for parameter, w in zip(problem.parameters, witness, strict=True):
        if not parameter.lower <= w <= parameter.upper:
            raise Refuted(f"{sample['witness'].path}: outside the box at {parameter.name}")
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
        for row, label in zip(region.scores, problem.labels, strict=True):
            if any(row):
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


def _walls(parameters: Sequence[Parameter]) -> list[Row]:
    rows = []
    for index, parameter in enumerate(parameters):
        for side, wall in ((1, parameter.lower), (-1, parameter.upper)):
            row = [fmpz_poly()] * (len(parameters) + 1)
            row[index], row[-1] = fmpz_poly([side * wall.q]), fmpz_poly([-side * wall.p])
            rows.append(tuple(row))
    return rows
