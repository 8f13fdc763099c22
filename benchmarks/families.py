"""Every family of objectives against the generic alternatives: time, and what they miss.

One instance each: the whole command (search, certificate, check, picture), then its peers,
judged by the proved curve. A row is kept in ``build/families``, so that an interrupted run goes
on; ``--fresh`` measures again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks.catalogue import INSTANCES, Instance
from benchmarks.curves import ProvedCurve
from benchmarks.measure import analyze, table
from benchmarks.peers import Outcome, Question
from pieceproof.files import write_atomically
from pieceproof.specfile import load_problem

STORE = Path("build") / "families"
SECONDS = 120.0
"""Given to each peer."""
OWN_SECONDS = 300.0
"""Given to our own search."""


@dataclass(frozen=True)
class Row:
    """What was measured."""

    name: str
    what: str
    result: str
    seconds: float
    processor: float
    search: float
    mebibytes: float
    peers: list[Outcome] = field(default_factory=list)


def measured(instance: Instance, folder: Path, seconds: float, known: Row | None) -> Row:
    """Ours, then the peers, or what is ``known`` of them."""
    spec = instance.spec(folder)
    own = analyze(spec, seconds=OWN_SECONDS)
    curve = ProvedCurve.read(folder / "result" / "result.json")
    if known is not None:
        peers = known.peers
    else:
        question = Question(load_problem(spec), curve, seconds)
        peers = [peer(question) for peer in (*instance.peers, *instance.algebra)]
    return Row(
        instance.name,
        instance.what,
        str(curve),
        own.seconds,
        own.processor,
        curve.document["provenance"]["wall_time"],
        own.mebibytes,
        peers,
    )


def warm_up() -> bool:
    """Two instances, unmeasured: interval loops are compiled once per installation."""
    for instance in INSTANCES:
        if instance.name in ("polynomial-unit", "polynomial-objective"):
            with TemporaryDirectory() as folder:
                analyze(instance.spec(Path(folder)), seconds=60)
    return True


def lines(row: Row) -> Iterator[tuple[str, ...]]:
    """The lines of the table for one instance."""
    said = f"{row.result}; {row.mebibytes:.0f} MiB; search alone {_short(row.search)} s"
    own = _short(row.seconds), _short(row.processor)
    yield f"**{row.what}**", "pieceproof", *own, "1", "1", said
    for peer in row.peers:
        if not peer.seconds:
            yield "", peer.peer, "", "", "", "", peer.said
            continue
        least = "" if peer.finished else "> "
        times = _short(peer.seconds), _short(peer.processor)
        ratios = peer.seconds / row.seconds, peer.processor / row.processor
        yield "", peer.peer, *times, *(f"{least}{_short(ratio)}" for ratio in ratios), peer.said


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 9.95 else f"{number:.2g}"


@dataclass(frozen=True)
class Asked:
    """Words that names hold, seconds for a peer, and what is measured although it is kept."""

    words: Sequence[str] = ()
    seconds: float = SECONDS
    fresh: bool = False
    own: bool = False


def families(asked: Asked) -> Iterator[tuple[str, ...]]:
    """The lines of all rows whose name holds a word; those without a file are measured."""
    STORE.mkdir(parents=True, exist_ok=True)
    warm = False
    for instance in INSTANCES:
        if asked.words and not any(word in instance.name for word in asked.words):
            continue
        kept = STORE / f"{instance.name}.json"
        known = _read(kept) if kept.exists() and not asked.fresh else None
        if known is None or asked.own:
            warm = warm or warm_up()
            print(f"measuring {instance.name}", file=sys.stderr, flush=True)
            with TemporaryDirectory() as folder:
                row = measured(instance, Path(folder), asked.seconds, known)
            write_atomically(kept, msgspec.json.encode(row))
        yield from lines(_read(kept))


def _read(kept: Path) -> Row:
    return msgspec.json.decode(kept.read_bytes(), type=Row)


def print_families(asked: Asked) -> None:
    """The table, line by line as it is measured."""
    headings = ("instance", "by", "s", "s CPU", "× s", "× CPU", "found, and missed")
    for line in table(headings, families(asked)):
        print(line, flush=True)


def main() -> None:
    """The command."""
    summary = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.families", description=summary)
    add = parser.add_argument
    add("words", nargs="*", metavar="WORD", help="only rows whose name holds a WORD")
    add("--seconds", type=float, default=SECONDS, help="for each peer (default: %(default)g)")
    add("--fresh", action="store_true", help="measure again what is kept in build/families")
    add("--own", action="store_true", help="measure pieceproof again and keep the peers")
    asked = Asked(**vars(parser.parse_args()))
    names = [instance.name for instance in INSTANCES]
    if unknown := [word for word in asked.words if not any(word in name for name in names)]:
        parser.error(f"no row is called {unknown[0]!r}; there are {', '.join(names)}")
    print_families(asked)


if __name__ == "__main__":
    main()
