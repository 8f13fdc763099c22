"""Deadlines of work that may explode: what takes long asks again and again whether to go on."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[], None]
"""Called again and again; it raises :class:`OutOfTime` to end the work."""


class OutOfTime(Exception):
    """The time of some work is over. Whoever set it makes do with what is known."""


def go_on() -> None:
    """A check of work that takes the time it takes."""


def until(is_over: Callable[[], bool]) -> Check:
    """A check that ends the work when ``is_over`` says so."""

    def check() -> None:
        if is_over():
            raise OutOfTime

    return check
