"""Child processes: what they are started with, what they said last, and how they are ended with all they started."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

BARE = {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}
"""An environment with nothing of the person's in it; Windows starts no process without that one variable."""
_HOST = "import sys; sys.path.insert(0, {root!r}); from {module} import main; main()"
_LINES, _LONGEST_LINE = 20, 1000


async def start_host(
    module: str, folder: Path, environment: Mapping[str, str], limit: int = 1 << 16
) -> asyncio.subprocess.Process:
    """Run `main` of one of our modules in a process of its own, in a group of its own, with nothing on the path but us.

    Args:
        module: Full name of the module, which should import as little as it can.
        folder: Where it works.
        environment: All the variables it gets.
        limit: Bytes of the longest line that is read of its output.
    """
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-c", _HOST.format(root=str(Path(__file__).parents[1]), module=module)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
        cwd=folder,
        start_new_session=True,
        limit=limit,
    )


async def end(child: asyncio.subprocess.Process) -> None:
    """Kill a process that leads a group, and whatever it started there, and wait until it is gone."""
    kill_group(child)
    await child.wait()


def kill_group(child: asyncio.subprocess.Process | subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a group, and whatever it started there; nothing happens if it has ended."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def deadline(seconds: float, expire: Callable[[], object]) -> Iterator[None]:
    """Call `expire`, in a thread, if the block takes longer than `seconds`: it should end what the block waits for."""
    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class LastWords:
    """The last lines that processes wrote on their standard error, read by a thread, so that they never wait for us.

    Start processes with `file` as their standard error, and close it then: the thread ends when nobody has it any more.
    """

    def __init__(self) -> None:
        read, write = os.pipe()
        self.file = os.fdopen(write, "w")
        self._lines: deque[bytes] = deque(maxlen=_LINES)
        self._thread = threading.Thread(target=self._listen, args=(read,), daemon=True)
        self._thread.start()

    @property
    def line(self) -> str:
        """The last line with something in it; empty if there was none."""
        lines = [line.decode(errors="replace").strip() for line in tuple(self._lines)]
        return next((line for line in reversed(lines) if line), "")

    def wait(self, seconds: float) -> None:
        """Close the file, and wait until all has been read that ended processes wrote, at most so many seconds."""
        self.file.close()
        self._thread.join(seconds)

    def _listen(self, read: int) -> None:
        with os.fdopen(read, "rb") as errors:
            while line := errors.readline(_LONGEST_LINE):
                self._lines.append(line)
