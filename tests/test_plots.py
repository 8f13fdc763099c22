"""The picture: exact curves, one marker a breakpoint, the same bytes, one line per refusal."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

import pieceproof
from geometry.search import exact_dual
from pieceproof import captions, files
from pieceproof.analysis import CertifiedDual
from pieceproof.curves import Curves, read_curves
from pieceproof.methods.convex_cells import document as certificate
from pieceproof.plots import CROWDED, LABELS, PANELS, figure, plot_document
from pieceproof.verify import CertificateError, Conclusion, Report
from piecewise import FeedForward, Interpolated, Problem, Ridge, identity, relu
from piecewise.exact import to_fraction
from piecewise.objective import ConvexObjective
from tests.strategies import problems, ridges

EXAMPLES = Path(__file__).parents[1] / "examples"
Document = dict[str, Any]


@cache
def example(name: str) -> CertifiedDual:
    return pieceproof.analyze(EXAMPLES / f"{name}.toml")


def one_unit(inputs: list[int], targets: list[int], **options: Any) -> Document:
    model = FeedForward([1], Interpolated(relu, identity), output_bias=options.pop("offset", 0))
    return stated(Problem(model, inputs=[[x] for x in inputs], targets=targets, **options))


def stated(problem: Problem) -> Document:
    return certificate(exact_dual(ConvexObjective(problem)), 0.0, 1)


CONSTANT = one_unit([1, 2, 3, 4], [1, 2, 4, 5])
BENT = one_unit([1, 2, -3, 4], [1, 2, 4, -5], box=(-1, 1))


def marked(axes: Axes, gid: str) -> list[tuple[float, float]]:
    """The points that a mark is put on."""
    return [
        (float(x), float(y))
        for line in axes.lines
        if line.get_gid() == gid
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


def segments(axes: Axes) -> list[Any]:
    """The curves of a panel; the first collection holds them, the second the breakpoints."""
    drawn = axes.collections[0]
    assert isinstance(drawn, LineCollection)
    return list(drawn.get_segments())


def words(picture: Figure) -> str:
    """All text beside the axes."""
    legend = [text.get_text() for box in picture.legends for text in box.get_texts()]
    return "\n".join([*(text.get_text() for text in picture.texts), *legend])


# -- the curves are exact --------------------------------------------------------------


def check_curves(document: Document, dual: Callable[[Fraction], Fraction]) -> Curves:
    """Heights of ℓ* are its values, and the parameters attain them, exactly."""
    curves = read_curves(document)
    for trace in curves.values:
        for point, height in zip(trace.points[1:-1], trace.heights[1:-1], strict=True):
            assert dual(to_fraction(point.alpha)) == to_fraction(height)
    for part in zip(*curves.parameters, strict=True):
        for index, point in list(enumerate(part[0].points))[1:-1:9]:
            alpha = to_fraction(point.alpha)
            weights = [to_fraction(trace.heights[index]) for trace in part]
            reached = curves.problem.value(alpha, weights)
            assert reached == dual(alpha) if _continuous(curves.problem) else reached >= dual(alpha)
    return curves


def _continuous(problem: Problem) -> bool:
    """Whether ``Problem.value`` is lower semicontinuous, as ℓ* supposes."""
    return isinstance(problem.model, Ridge) or problem.model.activation.is_continuous


@pytest.mark.parametrize("name", ["cars", "custom", "ridge"])
def test_curves_of_the_examples_are_exact(name: str) -> None:
    dual = example(name)
    curves = check_curves(dual.document, dual)
    ends = [(trace.points[0], trace.points[-1]) for trace in curves.values]
    assert [(start.place, end.place) for start, end in ends] == [
        (k, k + 1) for k in range(len(dual.pieces))
    ]
    assert [point for _, point in curves.breakpoints] == [end for _, end in ends[:-1]]
    for trace, following in pairwise(curves.values):
        assert trace.rounded[-1] == pytest.approx(following.rounded[0], rel=1e-12)


def test_a_piece_narrower_than_any_float_has_its_place() -> None:
    document = copy.deepcopy(CONSTANT)
    ends = ["0", "1/2", str(Fraction(1, 2) + Fraction(1, 2**90)), "1"]
    document["pieces"] = [copy.deepcopy(CONSTANT["pieces"][0]) for _ in range(3)]
    for piece, interval in zip(document["pieces"], pairwise(ends), strict=True):
        piece["interval"] = piece["parts"][0]["interval"] = list(interval)
    document["breakpoints"] = [{"kind": "smooth", "alpha": {}}] * 2
    curves = read_curves(document)
    assert [point.place for _, point in curves.breakpoints] == [1, 2]
    for traces in (curves.values, *curves.parameters):
        assert [trace.points[-1].place for trace in traces] == [1, 2, 3]
    assert len(figure(document).axes) == 6


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(problems(examples=(3, 4)), ridges(2, True, (3, 4))))
def test_random_problems_are_drawn_as_they_are(problem: Problem) -> None:
    dual = exact_dual(ConvexObjective(problem))
    document = certificate(dual, 0.0, 1)
    curves = check_curves(document, dual)
    panels = figure(document).axes
    columns = len(panels) // (1 + len(curves.parameters))
    assert columns in (1, 2)
    first = panels[: 1 + len(curves.parameters)]
    for axes, traces in zip(first, (curves.values, *curves.parameters), strict=True):
        assert [list(line[:, 1]) for line in segments(axes)] == [t.rounded for t in traces]
        assert [list(line[:, 0]) for line in segments(axes)] == [
            [float(to_fraction(point.alpha)) for point in trace.points] for trace in traces
        ]
    counts = document["counts"]
    for kind, count in (
        ("kink", counts["kinks"]),
        ("jump", counts["discontinuities"]),
        ("smooth", counts["breakpoints"] - counts["kinks"] - counts["discontinuities"]),
    ):
        assert len(marked(panels[0], kind)) == count


# -- what is seen ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "cars",
        "custom",
        "ridge",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("cars2", "diabetes", "signs")),
    ],
)
def test_every_example_is_drawn(name: str, tmp_path: Path) -> None:
    document = example(name).document
    svg, png = plot_document(document, tmp_path)
    assert (svg.name, png.name) == ("dual.svg", "dual.png")
    assert svg.read_bytes().startswith(b"<?xml")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert sorted(tmp_path.iterdir()) == [png, svg]


def test_every_breakpoint_of_cars_has_its_mark() -> None:
    picture = figure(example("cars").document)
    assert len(picture.axes) == 6
    to_scale, spread = picture.axes[0], picture.axes[3]
    for axes in (to_scale, spread):
        assert len(marked(axes, "kink")) == 6
        assert len(marked(axes, "smooth")) == 4
        assert marked(axes, "jump") == []
    assert sorted(x for x, _ in marked(spread, "kink") + marked(spread, "smooth")) == [
        *range(1, 11)
    ]
    assert [x for x, _ in marked(to_scale, "smooth")] == pytest.approx(
        [0.137924, 0.143690, 0.448069, 0.454560], abs=1e-6
    )
    assert "dist from speed: 50 examples, 11 pieces" in words(picture)
    assert "6 kinks" in words(picture)
    assert "4 smooth breakpoints" in words(picture)


def test_the_minimum_of_cars_lies_on_the_curve() -> None:
    picture = figure(example("cars").document)
    (at,) = marked(picture.axes[0], "minimum")
    assert at == pytest.approx((0.45018468, 218.21083), rel=1e-7)
    ((place, level),) = marked(picture.axes[3], "minimum")
    assert level == at[1]
    assert 3 < place < 4
    assert "minimum 218.21083 at α = 0.4501847" in words(picture)


def test_a_constant_dual_has_a_plateau_and_no_breakpoint() -> None:
    picture = figure(CONSTANT)
    assert len(picture.axes) == 3
    assert marked(picture.axes[0], "plateau") == [(0, 0.05), (1, 0.05)]
    assert not any(marked(picture.axes[0], gid) for gid in ("kink", "smooth", "minimum"))
    assert "minimum 0.05 for α in [0, 1]" in words(picture)


def test_walls_are_drawn_where_the_minimiser_touches_them() -> None:
    picture = figure(BENT)
    assert [{y for _, y in marked(axes, "wall")} for axes in picture.axes] == [set(), {-1.0}, {1.0}]
    assert "wall of the box" in words(picture)
    assert "wall of the box" not in words(figure(CONSTANT))


def test_jumps_have_a_mark_of_their_own() -> None:
    document = copy.deepcopy(BENT)
    for entry in document["breakpoints"]:
        entry["kind"] = "jump"
    picture = figure(document)
    assert len(marked(picture.axes[0], "jump")) == len(document["breakpoints"])
    assert f"{len(document['breakpoints'])} jumps" in words(picture)


def test_crowded_breakpoints_get_the_second_column() -> None:
    for document, columns in ((BENT, 1), (example("custom").document, 2)):
        curves = read_curves(document)
        widths = [trace.points[-1].alpha - trace.points[0].alpha for trace in curves.values]
        assert (float(to_fraction(min(widths) / sum(widths))) < CROWDED) == (columns == 2)
        picture = figure(document)
        assert len(picture.axes) == columns * 3
        for left, right in zip(picture.axes[:3], picture.axes[-3:], strict=True):
            assert left.get_ylim() == right.get_ylim()


def test_labels_of_very_many_pieces_are_thinned_out() -> None:
    """The pieces of a document repeated side by side: 3·50 pieces on [0, 50]."""
    document = copy.deepcopy(BENT)
    document["problem"]["interval"] = ["0", "50"]
    document["breakpoints"] = [{"kind": "kink", "alpha": {}}] * 149
    document["pieces"] = []
    for shift in range(150):
        piece = copy.deepcopy(CONSTANT["pieces"][0])
        ends = [str(Fraction(shift, 3)), str(Fraction(shift + 1, 3))]
        piece["interval"] = piece["parts"][0]["interval"] = ends
        document["pieces"].append(piece)
    document["minimum"] = CONSTANT["minimum"]
    spread = figure(document).axes[3:]
    assert len(spread[0].texts) <= LABELS
    assert len(spread[-1].get_xticks()) <= LABELS
    assert len(segments(spread[0])) == 150


def test_a_parameter_sent_to_a_wall_does_not_flatten_the_rest() -> None:
    document = copy.deepcopy(BENT)
    before = figure(document).axes[1]
    assert before.get_yscale() == "linear"
    far = document["pieces"][-1]["parts"][0]["minimiser"]
    far["numerators"], far["denominator"] = [["-100000"], []], ["1"]
    after = figure(document).axes[1]
    assert after.get_yscale() == "symlog"
    assert after.get_title(loc="left") == "w1_x1 (logarithmic beyond ±1)"


def test_many_parameters_share_the_last_panel() -> None:
    width = PANELS + 3
    rows = [[int(i == j) for j in range(width)] for i in range(width)]
    document = stated(
        Problem(Ridge(bias=False), inputs=rows, targets=list(range(width)), interval=(0, 1))
    )
    axes = figure(document).axes
    assert len(axes) == 1 + PANELS
    assert axes[-1].get_title(loc="left") == "4 other parameters"
    assert len(segments(axes[-1])) == 4


# -- what is said ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (None, "proved, as claimed by the certificate"),
        (Report(True, Conclusion.PROVED, (), {}), "proved, certificate checked"),
        (Report(False, Conclusion.REJECTED, ("why",), {}), "rejected, not accepted"),
    ],
)
def test_the_verdict_names_who_says_it(report: Report | None, said: str) -> None:
    assert said in words(figure(CONSTANT, report)).splitlines()


def test_an_unresolved_result_is_called_an_upper_bound() -> None:
    picture = figure({**CONSTANT, "verdict": "unresolved"})
    assert picture.axes[0].get_title(loc="left").startswith("upper bound of ℓ*(α)")
    assert "unresolved, as claimed by the certificate" in words(picture)


def test_the_loss_and_the_penalty_are_named() -> None:
    assert captions.loss(read_curves(example("ridge").document)) == (
        "ℓ*(α), least sum of squared errors + α|w|²"
    )
    assert captions.loss(read_curves(example("custom").document)) == (
        "ℓ*(α), least mean squared error + μ|w|²"
    )
    assert captions.hyperparameter(example("cars").problem) == (
        "α   (activation α·relu + (1−α)·identity)"
    )


def test_names_are_shown_not_interpreted(tmp_path: Path) -> None:
    names = {"features": ["cost $x$ 速度\x07"], "target": "y_{$" + "long" * 20}
    document = one_unit([1, 2, 3], [1, 2, 4], **names)
    assert words(figure(document)).startswith(
        "y_{$longlonglonglonglonglonglon… from cost $x$ 速度�:"
    )
    plot_document(document, tmp_path)


def test_minima_beyond_the_third_are_counted() -> None:
    document = copy.deepcopy(CONSTANT)
    ends = [{"polynomial": [f"-{k}", "7"], "interval": [f"{k}/7"] * 2} for k in range(1, 6)]
    document["minimum"]["intervals"] = []
    document["minimum"]["alpha"] = [
        {**end, "approx": approx}
        for end, approx in zip(
            ends,
            [
                "0.14285714285714285714",
                "0.28571428571428571429",
                "0.42857142857142857143",
                "0.57142857142857142857",
                "0.71428571428571428571",
            ],
            strict=True,
        )
    ]
    said = captions.minimum(read_curves(document))
    assert said == "minimum 0.05 at α = 0.1428571, 0.2857143, 0.4285714 and 2 more"


# -- files -----------------------------------------------------------------------------


def test_the_same_document_gives_the_same_bytes(tmp_path: Path) -> None:
    document = example("cars").document
    before = dict(matplotlib.rcParams)
    again = json.loads(json.dumps(document))
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder, content in zip(folders, (document, again), strict=True):
        folder.mkdir()
        plot_document(content, folder)
    for name in ("dual.svg", "dual.png"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    assert dict(matplotlib.rcParams) == before
    assert b"<dc:date>" not in (folders[0] / "dual.svg").read_bytes()


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    files.write_atomically(path, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileNotFoundError):
        files.write_atomically(tmp_path / "missing" / "file", b"")


# -- documents that cannot be drawn ----------------------------------------------------


def _minimiser(document: Document) -> Document:
    vector: Document = document["pieces"][0]["parts"][0]["minimiser"]
    return vector


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d.pop("problem"), "problem: Expected `object`, got `null`"),
        (lambda d: d.update(pieces=[]), "pieces: there are none"),
        (lambda d: d.update(pieces="11"), "pieces: expected a list, found '11'"),
        (lambda d: d.pop("minimum"), "minimum: expected an object, found null"),
        (lambda d: d["breakpoints"].pop(), "breakpoints: expected 2 breakpoints, found a list"),
        (
            lambda d: d["breakpoints"][0].update(kind="corner"),
            "breakpoints[0].kind: expected one of jump, kink, smooth, found 'corner'",
        ),
        (
            lambda d: d.update(verdict="certain"),
            "verdict: expected one of proved, modular, bounds, unresolved, found 'certain'",
        ),
        (
            lambda d: d["pieces"][0].update(interval=["1/2", "0"]),
            "pieces[0].interval: the ends do not increase",
        ),
        (
            lambda d: d["pieces"][0].update(parts=[]),
            "pieces[0].parts: expected at least one part, found a list",
        ),
        (
            lambda d: d["pieces"][0]["value"].update(denominator=["-1", "4"]),
            "pieces[0].value.denominator: it vanishes at 1/4",
        ),
        (
            lambda d: d["pieces"][0]["value"].update(numerator=["1" + "0" * 400]),
            "pieces: a number is larger than 1e200, too large to draw",
        ),
        (
            lambda d: _minimiser(d)["numerators"].pop(),
            "pieces[0].parts[0].minimiser.numerators: expected 2 numerators, found a list",
        ),
        (
            lambda d: d["minimum"].update(alpha=[], intervals=[["5", "6"]]),
            "minimum: 5 is in no piece",
        ),
    ],
)
def test_a_document_that_cannot_be_drawn_is_refused_in_one_line(
    change: Callable[[Document], object], complaint: str
) -> None:
    document = copy.deepcopy(BENT)
    change(document)
    with pytest.raises(CertificateError) as refusal:
        figure(document)
    assert str(refusal.value) == complaint


def test_sizes_that_floats_cannot_tell_from_nothing_are_drawn_as_zero() -> None:
    document = copy.deepcopy(BENT)
    _minimiser(document).update(numerators=[["1"], []], denominator=["1" + "0" * 320])
    assert set(read_curves(document).parameters[0][0].rounded) == {0.0}
    assert figure(document).axes[1].get_yscale() == "linear"
