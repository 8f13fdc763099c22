"""The checker as a whole: what it accepts, what it reports, and files that nobody should trust."""

from __future__ import annotations

import json
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest
from certificates import ONLY_DIGEST, copied, dotted, nodes, replaced, sealed
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import MORE_BREAKPOINTS, ONE_BREAKPOINT, problems, ridges

from pieceproof import analyze
from pieceproof.checking import workers
from pieceproof.verify import CertificateError, Conclusion, load, verify
from piecewise import FeedForward, Interpolated, Problem, Ridge, abs_, hard_tanh, identity, relu

EXAMPLES = Path(__file__).parent.parent / "examples"


def network(weights, inputs, targets, activation=relu, **rest):
    model = FeedForward(
        [len(weights) if weights != "signs" else 2],
        Interpolated(activation, identity),
        output_weights=weights,
        **{key: rest.pop(key) for key in ("bias", "output_bias") if key in rest},
    )
    return Problem(model, inputs=inputs, targets=targets, **rest)


LINE = [[1], [2], [4]]
PROBLEMS = {
    "one unit": network([1], LINE, [0, 3, 1], output_bias=1),
    "two units": network([1, -1], LINE, [2, 0, 3], output_bias="trainable", box=(-10, 10)),
    "exchangeable units": network([1, 1], LINE[:2], [2, -1], box=(-3, 3)),
    "signs": network("signs", LINE[:2], [1, -2], box=(-4, 4), bias=False),
    "different boxes": network([1, 1], LINE[:2], [1, 3], box={"b1": (0, 2), "b2": (-1, 1)}),
    "more breakpoints": network([2], LINE, [1, -1, 1], hard_tanh, box=(-5, 5)),
    "two inputs": network([1], [[1, 2], [2, 1], [0, 0]], [1, 2, 4], abs_, weight_decay="1/10"),
    "constant": network([0], LINE, [1, 1, 1], output_bias=1),
    "ridge": Problem(Ridge(bias=True), inputs=LINE, targets=[1, 1, 3], interval=(0, 5)),
    "binding walls": Problem(Ridge(), inputs=LINE, targets=[9, 9, 9], box=(-1, 1), interval=(0, 9)),
}


@pytest.fixture(scope="module")
def certificate():
    return analyze(PROBLEMS["one unit"]).document


@pytest.mark.parametrize("name", PROBLEMS)
def test_certificates_are_accepted(name):
    document = copied(analyze(PROBLEMS[name]).document)
    calls = []
    report = verify(document, lambda *call: calls.append(call))
    assert report.accepted, report
    assert report.verdict is Conclusion.PROVED
    assert report.reasons == ()
    cases = document["counts"]["cases"]
    assert calls[-1] == ("verify", cases, cases)
    assert str(report).startswith("accepted: proved")


def test_the_report_does_not_depend_on_the_number_of_workers(monkeypatch):
    document = copied(analyze(PROBLEMS["two units"]).document)
    monkeypatch.setattr(workers, "CHUNK", 2)
    assert verify(document, jobs=2) == verify(document)
    spoiled = copied(document)
    for proof in spoiled["proofs"]:
        proof["steps"][0]["active"] = []
    found = verify(sealed(spoiled), jobs=2)
    assert len(found.reasons) == 20
    assert found == verify(sealed(spoiled))
    malformed = replaced(document, ("proofs", 7, "steps", 0, "interval", 0), "1/0")
    with pytest.raises(CertificateError, match=r"proofs\[7\]"):
        verify(malformed, jobs=2)


@given(
    st.one_of(
        problems(1, 1, catalogue=ONE_BREAKPOINT + MORE_BREAKPOINTS),
        problems(1, 2, bias=False),
        problems(2, 1, examples=(1, 3)),
        problems(2, 1, examples=(1, 2), bias=False, trainable_offset=True),
        ridges(2, True, (1, 4)),
    )
)
@settings(derandomize=True, max_examples=25, deadline=None)
def test_certificates_of_random_problems_are_accepted(problem):
    report = analyze(problem).report
    assert report.accepted, report


def test_a_document_survives_a_file(certificate, tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(certificate))
    assert load(path) == copied(certificate)
    assert verify(load(path)).accepted


def test_a_changed_document_is_rejected_by_its_digest_at_the_least(certificate):
    changed = replaced(certificate, ("provenance", "versions", "python"), "2.7")
    report = verify(changed)
    assert not report.accepted
    assert report.verdict is Conclusion.REJECTED
    assert report.reasons == ("digest: not that of this document, which has been changed",)
    assert str(report) == f"not accepted: rejected\n  {report.reasons[0]}"


def test_the_mathematical_reason_comes_before_the_digest(certificate):
    report = verify(replaced(certificate, ("counts", "pieces"), 99))
    assert [reason.split(":")[0] for reason in report.reasons] == ["counts.pieces", "digest"]


def test_a_document_that_claims_no_proof_is_not_accepted(certificate):
    changed = replaced(certificate, ("verdict",), "unresolved")
    changed["reasons"] = ["the budget ran out"]
    report = verify(sealed(changed))
    assert not report.accepted
    assert report.verdict is Conclusion.UNRESOLVED
    assert report.reasons == (
        "the document claims 'unresolved', not a proof",
        "the budget ran out",
    )
    still = replaced(certificate, ("reasons",), ["the budget ran out"])
    assert verify(sealed(still)).reasons == ("reasons: not empty although the verdict is 'proved'",)


def test_reasons_are_limited():
    document = copied(analyze(PROBLEMS["more breakpoints"]).document)
    for proof in document["proofs"]:
        proof["steps"] = []
    report = verify(sealed(document))
    assert 1 <= len(report.reasons) <= 20
    assert "before A does" in report.reasons[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"17", "not a JSON object"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[" * 10**6, "nested too deeply"),
        (b'{"a":' * 10**5, "nested too deeply"),
        (b'{"a": 1, "b": 2, "a": 1}', "the key 'a' is repeated"),
        (b'{"a": {"b": 1, "b": 1}}', "the key 'b' is repeated"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b'{"a": 1e999}', "1e999 is too large"),
        (b'{"a": ' + b"1" * 10**5 + b"}", "not valid JSON"),
        (b'{"a": "' + b"1" * 2 * 10**6 + b'"}', "larger than 1000000 bytes"),
        (b'{"a": "\x00"}', "not valid JSON"),
    ],
)
def test_hostile_files_give_one_line(tmp_path, content, reason):
    path = tmp_path / "hostile.json"
    path.write_bytes(content)
    with pytest.raises(CertificateError, match=reason) as error:
        load(path, max_bytes=10**6 if content[:6] == b'{"a": ' else 10**7)
    message = str(error.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert len(message) < len(str(path)) + 300


def test_truncated_files_give_one_line(certificate, tmp_path):
    text = json.dumps(certificate)
    path = tmp_path / "short.json"
    for length in range(0, len(text), max(len(text) // 50, 1)):
        path.write_text(text[:length])
        with pytest.raises(CertificateError, match="not valid JSON"):
            load(path)


@pytest.mark.parametrize("name", ["missing.json", ".", "a\x00b"])
def test_files_that_cannot_be_read_give_one_line(tmp_path, name):
    with pytest.raises(CertificateError, match="cannot be read"):
        load(tmp_path / name)
    with pytest.raises(CertificateError, match="cannot be read"):
        load(f"{tmp_path}/{name}")


@pytest.mark.parametrize("value", [{}, [], None, "x", 3])
def test_what_is_no_certificate_is_not_read(value):
    with pytest.raises(CertificateError):
        verify(value)


def test_missing_and_unknown_keys_are_named(certificate):
    for path, value in nodes(certificate):
        if not isinstance(value, dict) or path[-1:] == ("versions",):
            continue
        for key in value:
            short = copied(certificate)
            target = short
            for step in path:
                target = target[step]
            del target[key]
            with pytest.raises(CertificateError, match=f"the key '{key}' is missing"):
                verify(short)
            target["surprise"] = target.pop("surprise", 1)
        if path:
            with pytest.raises(CertificateError, match="the key 'surprise' is unknown"):
                verify(replaced(certificate, path, value | {"surprise": 1}))


WRONG = [None, True, -1, 0, 1.5, 10**5000, "", "x", "1/0", "2/4", "-0", "٣", "9" * 300_000]
WRONG += [float("nan"), [], [[]], {}, {"polynomial": ["1"], "interval": ["0", "1"]}]


def verdict_or_error(document):
    """Whether a document is accepted; a refusal to read it is one short line."""
    try:
        return verify(document).accepted
    except CertificateError as refusal:
        line = str(refusal)
    assert "\n" not in line
    assert len(line) < 400
    return False


@pytest.mark.slow
def test_values_of_a_wrong_kind_are_refused_and_raise_nothing_else(certificate):
    """Every node of a document, replaced by every kind of nonsense, also with new digests."""
    for path, value in nodes(certificate):
        for wrong in WRONG if path else []:
            if value == wrong and type(value) is type(wrong):
                continue
            changed = replaced(certificate, path, wrong)
            assert not verdict_or_error(changed), path
            with suppress(CertificateError, KeyError, TypeError, AttributeError):
                changed = sealed(changed)
            if verdict_or_error(changed):
                assert ONLY_DIGEST.fullmatch(dotted(path)), path


def test_numbers_without_end_are_refused_at_once(certificate):
    long = "9" * 10**6
    for path in (
        ("pieces", 0, "value", "numerator", 0),
        ("cells", "arrangements", 0, "cells", 0, "witness", 0),
        ("problem", "data", "targets", 0),
        ("proofs", 0, "steps", 0, "interval", 0),
    ):
        with pytest.raises(CertificateError, match="digits"):
            verify(replaced(certificate, path, long))
    with pytest.raises(CertificateError, match="degree above"):
        verify(replaced(certificate, ("pieces", 0, "value", "numerator"), ["1"] * 10**5))
    with pytest.raises(CertificateError, match="a size limit"):
        verify(replaced(certificate, ("counts", "pieces"), 10**4001))


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("model", "kind"), "gcn", "feedforward"),
        (("model", "hidden"), [1, 1], "one hidden layer"),
        (("model", "hidden"), [0], "integer"),
        (("model", "bias"), 1, "true or false"),
        (("model", "output_weights"), "trainable", "list"),
        (("model", "output_weights"), ["1", "1"], "1 output weights"),
        (("model", "activation", "first", "pieces"), [[], ["0", "0", "1"]], "degree at most 1"),
        (("model", "activation", "first", "pieces"), [[]], "2 pieces"),
        (("model", "activation", "first", "breakpoints"), ["1", "0"], "increasing"),
        (("interval",), ["1", "0"], "lower < upper"),
        (("interval",), ["0", "1", "2"], "lower < upper"),
        (("parameters", 0, "name"), "v", "w1_x1"),
        (("parameters", 0, "lower"), "100000", "lower < upper"),
        (("parameters",), [], "2 parameters"),
        (("loss", "kind"), "zero-one", "squared"),
        (("penalty",), {"ratio": "2", "biases": False}, "from 0 to 1"),
        (("penalty",), {"ratio": "1", "biases": 0}, "true or false"),
        (("penalty",), {"ratio": "1"}, "biases"),
        (("loss", "weight_decay"), "-1", "at least 0"),
        (("loss", "reduction"), "max", "mean, sum"),
        (("data", "inputs"), [], "target"),
        (("data", "inputs", 1), ["1", "2"], "1 inputs"),
        (("data", "targets"), ["1"], "one target"),
        (("data", "features"), ["x", "x"], "distinct"),
    ],
)
def test_problems_outside_the_family_are_not_read(certificate, path, value, reason):
    with pytest.raises(CertificateError, match=reason):
        verify(replaced(certificate, ("problem", *path), value))


def test_ridge_with_a_negative_penalty_is_not_convex():
    document = copied(analyze(PROBLEMS["ridge"]).document)
    with pytest.raises(CertificateError, match="convex"):
        verify(replaced(document, ("problem", "interval", 0), "-1"))


def test_cars_is_proved_with_eleven_pieces():
    """Reference value 1: ten breakpoints, four of them smooth."""
    document = copied(analyze(EXAMPLES / "cars.toml").document)
    report = verify(document)
    assert report.accepted, report
    assert report.checked["pieces"] == 11
    assert report.checked["unit cells"] == 38
    kinds = [point["kind"] for point in document["breakpoints"]]
    assert kinds == ["smooth"] * 4 + ["kink"] * 6
    approximations = [float(Fraction(p["alpha"]["approx"])) for p in document["breakpoints"]]
    known = [0.137924, 0.143690, 0.448069, 0.454560, 0.684397]
    known += [0.808366, 0.863890, 0.920781, 0.974196, 0.982107]
    assert approximations == pytest.approx(known, abs=1e-6)
