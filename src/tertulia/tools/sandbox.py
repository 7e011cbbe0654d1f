"""Runs programs that a model wrote, in the first sandbox that can."""

from __future__ import annotations

import contextlib
import re
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from ..errors import LimitReached, NotSupported, ToolError
from ..types import Execution
from .skills.inline import completed
from .tiers import ProgramLimits, Tier
from .tiers.bubblewrap import Bubblewrap
from .tiers.monty import Monty
from .tiers.wasi import Wasi

__all__ = ["LIMIT", "TIERS", "ProgramLimits", "Tier", "close", "execute", "number", "program"]

LIMIT = "limit reached: "
"""How the error of a program that crossed a limit begins."""
TIERS: tuple[Tier, ...] = (Monty(), Bubblewrap(), Wasi())
"""The sandboxes, in the order in which they are tried."""
FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n`]*\n(.*?)(?:^[ \t]*\1|\Z)", re.DOTALL | re.MULTILINE)

AT_LINE = re.compile(r"line (\d+): ")


def program(text: str) -> str:
    """The program in a model's reply: its first fenced block, or the whole text if there is none."""
    block = FENCE.search(text)
    return textwrap.dedent(block[2] if block else text).strip("\n")


async def execute(
    program: str,
    limits: ProgramLimits = ProgramLimits(),  # noqa: B008
    tiers: Sequence[Tier] | None = None,
) -> Execution:
    """Run a program in the first tier that is there and has what it needs.

    It may use the library of skills, and the standard names that everybody imports, without importing them.

    A program that fails is an answer, not an exception: `error` says why, ends in Python's own message and begins
    with `LIMIT` if a limit was crossed.

    Args:
        tiers: the sandboxes to try, in order; None for `TIERS`.

    Raises:
        ToolError: if no sandbox is available: nothing is ever run outside one.
    """
    absent: list[str] = []
    refused: Execution | None = None
    for tier in TIERS if tiers is None else tiers:
        if (reason := await tier.available()) is not None:
            absent.append(f"{tier.name}: {reason}")
            continue
        execution, supported = await _try(tier, program, limits)
        if supported:
            return execution
        refused = replace(execution, error=f"here a program may use {tier.allows}\n{execution.error}")
    if refused is None:
        raise ToolError(f"no sandbox is available, so nothing was run; {'; '.join(absent) or 'none was given'}")
    return refused


async def _try(tier: Tier, program: str, limits: ProgramLimits) -> tuple[Execution, bool]:
    """What came of it, and whether the tier had all that the program needs; one that fails is tried with skills."""
    execution, supported = await _once(tier, program, limits)
    if not execution.error or execution.error.startswith(LIMIT) or (whole := completed(program)) == program:
        return execution, supported
    execution, supported = await _once(tier, whole, limits)
    error = own_line(execution.error, whole.count("\n") - program.count("\n"))
    return replace(execution, program=program, error=error), supported


async def _once(tier: Tier, program: str, limits: ProgramLimits) -> tuple[Execution, bool]:
    output = error = ""
    supported = True
    started = time.perf_counter()
    try:
        output = await tier.execute(program, limits)
    except ToolError as failed:
        output = "".join(getattr(failed, "__notes__", ()))
        error = f"{LIMIT if isinstance(failed, LimitReached) else ''}{failed}"
        supported = not isinstance(failed, NotSupported)
    return Execution(program, output, error, tier.name, time.perf_counter() - started), supported


def own_line(message: str, before: int) -> str:
    """A message whose line is counted from the program's own first one; without it, if it is of what stood before."""
    found = AT_LINE.match(message)
    if not found or not before:
        return message
    line = int(found[1]) - before
    return f"line {line}: {message[found.end() :]}" if line > 0 else message.partition("\n")[2]


def number(output: str) -> int | float | complex | Decimal | Fraction | None:
    """The number that a program gave, of the type that it had there; None if its output is not one number."""
    text = output.strip()
    kinds: tuple[Callable[[str], int | float | complex | Decimal | Fraction], ...] = (float, complex)
    if re.fullmatch(r"[-+]?\d+", text):
        return int(Decimal(text))  # `int` itself reads no more than 4,300 digits
    if (call := re.fullmatch(r"(Decimal|Fraction)\('?([-+\w., ]+)'?\)", text)) is not None:
        kinds = (Decimal,) if call[1] == "Decimal" else (Fraction,)
        text = call[2].replace(", ", "/")
    for kind in kinds:
        with contextlib.suppress(ValueError, ArithmeticError):
            return kind(text)
    return None


async def close() -> None:
    """End the processes that wait for programs; the next program starts new ones."""
    await Monty().close()
    await Wasi().close()
