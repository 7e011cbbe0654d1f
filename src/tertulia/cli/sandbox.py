"""Runs one program in the sandbox and prints what it printed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ..errors import SettingsError, UnknownName
from ..tools.sandbox import LIMIT, TIERS, ProgramLimits, close, execute
from ..types import Execution

RAN, FAILED, LIMITED = 0, 1, 5
LONGEST = 1_000_000
"""Characters a program may have."""


def run_file(file: str, seconds: float, memory: int, tier: str | None) -> int:
    """Run the program in a file, or in standard input if it is `-`; gives the exit code.

    Raises:
        SettingsError: if it cannot be read or is too long.
        UnknownName: if there is no such tier.
    """
    tiers = [one for one in TIERS if tier in (None, one.name)]
    if not tiers:
        raise UnknownName("sandbox", str(tier), [one.name for one in TIERS])
    limits = ProgramLimits(seconds, memory * 1024 * 1024)

    async def running() -> Execution:
        try:
            return await execute(program_text(file), limits, tiers)
        finally:
            await close()

    execution = asyncio.run(running())
    print(execution.output, end="" if execution.output.endswith("\n") or not execution.output else "\n")
    if execution.error:
        print(execution.error, file=sys.stderr)
        return LIMITED if execution.error.startswith(LIMIT) else FAILED
    return RAN


def program_text(file: str) -> str:
    """The text of a program."""
    try:
        text = sys.stdin.read(LONGEST + 1) if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from None
    if len(text) > LONGEST:
        raise SettingsError(f"the program has more than {LONGEST:,} characters")
    return text
