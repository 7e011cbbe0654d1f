"""Child processes: what they are started with, what they said last, and how they are ended with all they started."""

from __future__ import annotations

import _thread
import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
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


class Alarm:
    """A call that is due at some time, unless it is cancelled before."""

    def __init__(self, seconds: float, call: Callable[[], object]):
        self.due = time.monotonic() + seconds
        self.call = call
        _CLOCK.add(self)

    def cancel(self) -> None:
        """Never call from now on; if the call is being made, wait until it has ended."""
        _CLOCK.remove(self)


class _Clock:
    """Rings all alarms of the process, from one thread, which starts with the first of them.

    It is a thread of `_thread`: one of `threading` first installs the trace function of a debugger or of coverage,
    which CPython 3.11 refuses while another thread does so; the thread ends, and no deadline is kept.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._alarms: set[Alarm] = set()
        self._process: int | None = None
        """The process in which the thread runs: a forked child has none of its parent's threads."""

    def add(self, alarm: Alarm) -> None:
        with self._changed:
            self._alarms.add(alarm)
            if self._process != os.getpid():
                self._process = os.getpid()
                _thread.start_new_thread(self._ring, ())
            self._changed.notify()

    def remove(self, alarm: Alarm) -> None:
        with self._changed:
            self._alarms.discard(alarm)

    def _ring(self) -> None:
        with self._changed:
            while True:
                first = min(self._alarms, key=lambda alarm: alarm.due, default=None)
                seconds = None if first is None else first.due - time.monotonic()
                if first is None or seconds is None or seconds > 0:
                    self._changed.wait(seconds)
                    continue
                self._alarms.discard(first)
                try:
                    first.call()
                except Exception:  # the others must ring
                    sys.excepthook(*sys.exc_info())


_CLOCK = _Clock()


@contextmanager
def deadline(seconds: float, expire: Callable[[], object]) -> Iterator[None]:
    """Call `expire`, in a thread, if the block takes longer than `seconds`: it should end what the block waits for.

    All deadlines share that thread, so `expire` must be short. It is never called once the block has ended.
    """
    alarm = Alarm(seconds, expire)
    try:
        yield
    finally:
        alarm.cancel()


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
