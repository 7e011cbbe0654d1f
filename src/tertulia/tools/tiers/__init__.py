"""What a sandbox tier is: one way of running a program that nobody has read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...errors import LimitReached, ToolError


@dataclass(frozen=True)
class ProgramLimits:
    """The most one program may take."""

    seconds: float = 5.0
    """Of the clock, and of the processor."""
    memory: int = 256 * 1024 * 1024
    """Bytes the program may hold, the interpreter's own not counted where it can be told apart."""
    output: int = 64 * 1024
    """Characters it may print."""


class Tier(Protocol):
    """A place where programs run without harm."""

    @property
    def name(self) -> str: ...

    @property
    def allows(self) -> str:
        """What programs may use there, in words that a model understands."""
        ...

    async def available(self) -> str | None:
        """None if it works here, else one line on how to get it."""
        ...

    async def execute(self, program: str, limits: ProgramLimits) -> str:
        """What the program printed or, if it printed nothing, the `repr` of its last expression.

        What a program that failed had printed before stands in the error's `__notes__`.

        Raises:
            NotSupported: the tier lacks what the program needs; a more capable one may have it.
            LimitReached: the program crossed a limit.
            ToolError: the program failed; the last line of the message is Python's own.
        """
        ...


def failure(kind: type[ToolError], message: str, printed: str = "") -> ToolError:
    """An error that remembers what was printed before it."""
    error = kind(message)
    if printed:
        error.add_note(printed)
    return error


def too_long(limits: ProgramLimits, printed: str = "") -> ToolError:
    return failure(LimitReached, f"the program ran for more than {limits.seconds:g} seconds", printed)


def too_big(limits: ProgramLimits, printed: str = "") -> ToolError:
    return failure(LimitReached, f"the program needed more than {limits.memory // 1024 // 1024} MiB of memory", printed)


def too_much(limits: ProgramLimits, printed: str = "") -> ToolError:
    return failure(LimitReached, f"the program printed more than {limits.output:,} characters", printed)
