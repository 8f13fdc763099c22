"""One instance or two for every family of objectives, with the peers that can do them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.critical_curves import singular
from benchmarks.instances import EXAMPLES, LINEAR, SQUARE, ZERO_ONE, Size, absolute_lasso, karate
from benchmarks.local_search import evolution, multistart
from benchmarks.paths import coordinate_descent, lars, linear_programs, tangents
from benchmarks.peers import Peer
from benchmarks.quantifiers import qepcad
from benchmarks.zero_one import sweep

SMOOTH, BENT = multistart("L-BFGS-B"), multistart("Nelder-Mead")


@dataclass(frozen=True)
class Instance:
    """A row: where the spec comes from, and the peers beside Singular and QEPCAD."""

    name: str
    what: str
    spec: Callable[[Path], Path]
    peers: tuple[Peer, ...]
    algebra: tuple[Peer, ...] = (singular, qepcad)


def example(name: str) -> Callable[[Path], Path]:
    """A spec of ``examples/``, run where its data lie but with its results elsewhere."""

    def place(folder: Path) -> Path:
        text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
        for data in (*EXAMPLES.glob("*.csv"),):
            text = text.replace(f'"{data.name}"', f'"{data}"')
        path = folder / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return place


def random(size: Size, seed: int) -> Callable[[Path], Path]:
    """A random instance."""

    def place(folder: Path) -> Path:
        path = folder / "random.toml"
        path.write_text(size.spec(seed), encoding="utf-8")
        return path

    return place


INNER = ("1/10", "9/10")
INSTANCES = (
    Instance(
        "polynomial-unit",
        "relu/square, one unit, 1 input, bias, 8 examples",
        random(Size("", "", 8, f"hidden = [1]\n{SQUARE}", interval=INNER), 1),
        (SMOOTH,),
    ),
    Instance(
        "polynomial-two-inputs",
        "relu/square, one unit, 2 inputs, bias, 8 examples",
        random(Size("", "", 8, f"hidden = [1]\n{SQUARE}", 2, interval=INNER), 3),
        (SMOOTH,),
    ),
    Instance(
        "polynomial-two-units",
        "relu/square, two equal units, 1 input, 8 examples",
        random(
            Size(
                "",
                "",
                8,
                f"hidden = [2]\nbias = false\noutput_weights = [1, 1]\n{SQUARE}",
                interval=INNER,
            ),
            1,
        ),
        (SMOOTH,),
    ),
    Instance(
        "output-weight",
        "relu/square, trainable output weight, bias, decay, 6 examples",
        random(
            Size(
                "",
                "",
                6,
                f'hidden = [1]\noutput_weights = "trainable"\n{SQUARE}',
                loss='kind = "squared"\nweight_decay = "1/10"',
                interval=INNER,
            ),
            6,
        ),
        (SMOOTH,),
    ),
    Instance(
        "polynomial-objective",
        "½(w₁w₂ − 1)² + (α/2)(w₁² + w₂²) (`pitchfork.toml`)",
        example("pitchfork"),
        (SMOOTH,),
    ),
    Instance(
        "polynomial-penalty",
        "relu, trainable output weight, penalty α‖w‖², 8 examples (`decay.toml`)",
        example("decay"),
        (SMOOTH,),
    ),
    Instance(
        "deep",
        "1-1-1-1, relu/identity, biases, 6 examples (`deep.toml`)",
        example("deep"),
        (SMOOTH, BENT),
    ),
    Instance(
        "zero-one-network",
        "zero-one, two units, 6 examples (`three-jumps.toml`)",
        example("three-jumps"),
        (evolution,),
    ),
    Instance(
        "zero-one-larger",
        "zero-one, two units, 1 input, biases, 16 examples",
        random(
            Size(
                "",
                "",
                16,
                f"hidden = [2]\noutput_weights = [1, -1]\n{LINEAR}",
                loss=ZERO_ONE,
                labels=True,
            ),
            1,
        ),
        (evolution,),
    ),
    Instance(
        "zero-one-curved",
        "zero-one, relu/square, two units, 8 examples (`classes.toml`)",
        example("classes"),
        (evolution,),
        algebra=(),  # neither Singular nor QEPCAD is told cells that are not linear
    ),
    Instance(
        "gcn-zero-one", "karate club, zero-one, D = k = 2, 2 features", karate, (sweep, evolution)
    ),
    Instance(
        "gcn-zero-one-three",
        "the same, 3 features (`karate3.toml`)",
        example("karate3"),
        (evolution,),
    ),
    Instance(
        "gcn-squared",
        "karate club, squared loss, decay (`karate-regression.toml`)",
        example("karate-regression"),
        (SMOOTH,),
    ),
    Instance(
        "gcn2-squared",
        "two-layer convolution, squared loss, 8 nodes (`graph2.toml`)",
        example("graph2"),
        (SMOOTH, BENT),
    ),
    Instance(
        "gcn2-zero-one",
        "two-layer convolution, zero-one, 8 nodes (`graph2-classes.toml`)",
        example("graph2-classes"),
        (evolution,),
    ),
    Instance(
        "ridge", "ridge, 50 cars (`ridge.toml`)", example("ridge"), (multistart("L-BFGS-B", 50),)
    ),
    Instance(
        "lasso",
        "lasso, 442 examples, 10 features (`lasso.toml`)",
        example("lasso"),
        (lars, coordinate_descent),
    ),
    Instance(
        "elastic",
        "elastic net, the same data (`elastic.toml`)",
        example("elastic"),
        (coordinate_descent,),
    ),
    Instance(
        "validation",
        "validation loss of the lasso (`validation.toml`)",
        example("validation"),
        (coordinate_descent,),
    ),
    Instance(
        "tuning",
        "validation loss of a unit, 50 cars (`tuning.toml`)",
        example("tuning"),
        (multistart("Nelder-Mead", 50),),
    ),
    Instance(
        "absolute-linear",
        "absolute loss with lasso, 60 examples, 10 features",
        absolute_lasso,
        (linear_programs, tangents),
    ),
    Instance(
        "absolute-unit",
        "absolute loss of a unit, 50 cars (`absolute.toml`)",
        example("absolute"),
        (multistart("Nelder-Mead", 50),),
    ),
)
