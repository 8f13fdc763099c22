"""Ways to spoil a result document, for tests of its checker."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from pieceproof.checking.reading import canonical_digest
from pieceproof.verify import CertificateError, verify

Path = tuple[str | int, ...]


def copied(document: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(document))


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its digests recomputed, as an attacker would."""
    document["provenance"]["input_digest"] = canonical_digest(document["problem"])
    content = {key: value for key, value in document.items() if key != "digest"}
    return content | {"digest": canonical_digest(content)}


def is_refused(document: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> bool:
    """Whether the checker refuses a changed copy that is sealed again, or cannot read it."""
    changed = copied(document)
    change(changed)
    try:
        return not verify(sealed(changed)).accepted
    except CertificateError:
        return True


def nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value inside, with its path, containers before what they hold."""
    yield path, value
    members = value.items() if isinstance(value, dict) else ()
    members = enumerate(value) if isinstance(value, list) else members
    for key, member in members:
        yield from nodes(member, (*path, key))


def numbers(document: dict[str, Any]) -> list[Path]:
    """Paths of all values that hold a digit."""
    return [
        path
        for path, value in nodes(document)
        if (isinstance(value, (int, float)) and not isinstance(value, bool))
        or (isinstance(value, str) and any(c in "0123456789" for c in value))
    ]


def at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def replaced(document: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy with another value at the path."""
    changed = copied(document)
    at(changed, path[:-1])[path[-1]] = deepcopy(value)
    return changed


def with_another_digit(value: Any, choice: int) -> Any:
    """The number, or the string, with one of its digits changed."""
    if not isinstance(value, str):
        return value + 1
    places = [index for index, c in enumerate(value) if c in "0123456789"]
    place = places[choice % len(places)]
    digit = str((int(value[place]) + 1 + choice // len(places) % 9) % 10)
    return value[:place] + digit + value[place + 1 :]


def dotted(path: Path) -> str:
    """The path with * for positions in lists."""
    return ".".join("*" if isinstance(key, int) else key for key in path)


ONLY_DIGEST = re.compile(
    r"""
      digest
    | provenance\..*                               # who computed it
    | bounds.*                                   # a statement that still holds
    | problem\.model\.activation\.\w+\.name        # names
    | problem\.data\.target
    | problem\.parameters\.\*\.(lower|upper)       # a wall that does not bind
    | cells\.arrangements\.\*\.cells\.\*\.witness(\.\*)?   # another point of the same cell
    | proofs\.\*\.steps\.\*\.(interval|active).*   # another proof
    | (pieces|breakpoints|minimum|extrema)\..*\.interval\.[01*](\.interval.*)?  # the same root
    | pieces\.\*\.parts\.\*\.minimiser\..*         # a parameter of a dead unit
    | pieces\.\*\.sample\..*                       # another sample
    """,
    re.VERBOSE,
)
"""What may change, with new digests, without making any statement of a document false."""
