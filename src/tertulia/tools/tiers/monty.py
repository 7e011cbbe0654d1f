"""The tier that is always there: monty, a small Python of its own, in worker processes."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import ProgramLimits
from .keeper import Keepers

_KEEPERS = Keepers(
    *(sys.executable, "-I", str(Path(__file__).with_name("monty_host.py"))),
    spent_by=("memory", "output"),  # its worker is full, or does not stop printing
)


@dataclass(frozen=True)
class Monty:
    """A subset of Python that has no way to files, network or processes.

    It computes as CPython does, with these differences: classes cannot inherit, there is no `yield` and no `del`,
    `time.sleep` does not wait, and `round(2.675, 2)` is 2.68, where CPython rounds the binary value and gives 2.67.
    Halves therefore come out as people expect; sums of money are safest in whole cents or `decimal` in every tier.
    """

    name: str = "monty"
    allows: str = (
        "plain Python without class inheritance, yield, del and files; modules: asyncio base64 binascii bisect "
        "collections copy csv dataclasses datetime decimal functools hashlib itertools json math pathlib random re "
        "time tomllib typing unicodedata"
    )

    async def available(self) -> str | None:
        if not _is_installed():
            return "pip install pydantic-monty==1.4.0"
        return await _KEEPERS.probe()

    async def execute(self, program: str, limits: ProgramLimits) -> str:
        return await _KEEPERS.execute(program, limits)

    async def close(self) -> None:
        await _KEEPERS.close()


@cache
def _is_installed() -> bool:
    """Looked up once: it takes longer than most programs do."""
    return importlib.util.find_spec("pydantic_monty") is not None
