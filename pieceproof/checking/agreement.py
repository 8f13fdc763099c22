"""Whether what a document states is what follows from its slabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pieceproof.checking.reading import Node, Refuted


def compare(
    stated: Node, own: Any, settled: Callable[[Node, dict[str, Any]], bool] = lambda _, __: False
) -> None:
    """That a stated member agrees with what the slabs give.

    ``settled`` compares the objects it knows in its own way, and says whether it did.

    Raises:
        CertificateError: a key is missing, or is not known.
        Refuted: they differ.
    """
    if isinstance(own, dict):
        if settled(stated, own):
            return
        fields = stated.fields(*own)
        for key, value in own.items():
            compare(fields[key], value, settled)
    elif isinstance(own, list):
        items = stated.items()
        if len(items) != len(own):
            raise Refuted(f"{stated.path}: {len(items)} entries, the slabs give {len(own)}")
        for each, value in zip(items, own, strict=True):
            compare(each, value, settled)
    elif stated.value != own or type(stated.value) is not type(own):
        raise Refuted(f"{stated.path}: stated {str(stated.value)[:60]}, the slabs give {own}")
