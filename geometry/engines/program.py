"""What the engines that are programs share: where the program is, and how it is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from geometry.engines.process import find_program, run
from geometry.engines.protocol import Failure, Limits, Reason


@dataclass(frozen=True)
class Program:
    """An engine in a child process; ``program`` overrides where it is looked for."""

    executable: ClassVar[str]
    install: ClassVar[str]

    program: str | None = None
    name: str = ""

    def is_available(self) -> bool:
        """Whether the program is found on this machine."""
        return self.path() is not None

    def path(self) -> str | None:
        """Where the program is."""
        return find_program(self.program or self.executable)

    def failure(self, reason: Reason, message: str) -> Failure:
        """No result from this engine."""
        return Failure(self.name, reason, message)

    def start(
        self,
        arguments: Sequence[str],
        limits: Limits,
        *,
        text: str = "",
        files: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str | Failure:
        """What the program prints, or why there is nothing."""
        path = self.path()
        if path is None:
            return self.failure(Reason.MISSING, f"the program is not found; {self.install}")
        command = [path, *arguments]
        return run(self.name, command, limits, text=text, files=files, environment=environment)
