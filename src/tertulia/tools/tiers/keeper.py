"""ProcessGroup processes that stand between this process and the programs it does not trust.

Everything that handles a program's values does so in a child with an empty environment: whatever a program does to
its interpreter, or to what reads its output, this process sees one line of text of bounded length.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Literal, TypeVar, cast

from ...children import BARE, Alarm, deadline, kill_group
from ...errors import NotSupported, ToolError
from . import ProgramLimits, failure, too_big, too_long, too_much

GRACE = 1.0
"""Seconds a tier has to stop a program by itself before its process is killed."""
AT_ONCE = max(4, min(8, os.cpu_count() or 4))
"""Programs that run at the same time; others wait."""
PATIENCE = 0.5
"""Seconds a child has to end by itself."""
SECONDS_TO_START = 60.0
"""Seconds a keeper may take to be ready."""
LONGEST_MESSAGE = 64 * 1024

T = TypeVar("T")
Outcome = Literal["ok", "failed", "unsupported", "seconds", "memory", "output"]


@dataclass(frozen=True)
class Ending:
    """What a keeper says of a program."""

    outcome: Outcome
    output: str
    message: str = ""

    def text(self, limits: ProgramLimits) -> str:
        """The output.

        Raises:
            NotSupported, LimitReached, ToolError: as `Tier.execute` does.
        """
        match self.outcome:
            case "ok":
                return self.output
            case "unsupported":
                raise failure(NotSupported, self.message, self.output)
            case "seconds":
                raise too_long(limits, self.output)
            case "memory":
                raise too_big(limits, self.output)
            case "output":
                raise too_much(limits, self.output)
            case _:
                raise failure(ToolError, self.message, self.output)


class ProcessGroup:
    """A process in a group of its own, so that it can be killed with all it started."""

    def __init__(
        self,
        command: Sequence[str],
        stderr: int = subprocess.DEVNULL,
        user: int | None = None,
        files: Sequence[int] = (),
    ):
        self.late = False
        """True if it was killed because its time was over."""
        self.broken = False
        """True if it no longer answers; a process that was killed closes its pipes before it counts as ended."""
        self._last_word: Alarm | None = None
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=BARE,
            cwd=os.path.abspath(os.sep),
            start_new_session=True,
            pass_fds=files,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

        self.stdin = cast("IO[bytes]", self.process.stdin)
        self.stdout = cast("IO[bytes]", self.process.stdout)

    def kill(self) -> None:
        """End what it started, so that it can bury it and end by itself; if it does not soon, end it too."""
        started = _children(self.process.pid)
        for pid in started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not started:
            self._kill_all()
        elif self._last_word is None:
            self._last_word = Alarm(PATIENCE, self._kill_all)

    def expire(self) -> None:
        self.late = True
        self.kill()

    def close(self) -> None:
        """End it, wait until it is gone, and let its pipes go."""
        with contextlib.suppress(OSError):
            self.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._kill_all()
            self.process.wait()
        if self._last_word is not None:
            self._last_word.cancel()
        self.stdout.close()
        if self.process.stderr is not None:
            self.process.stderr.close()

    def _kill_all(self) -> None:
        if self.process.poll() is None:
            kill_group(self.process)


def _children(pid: int) -> list[int]:
    """Processes that it started and that still run; none where there is no /proc to tell."""
    started: list[int] = []
    with contextlib.suppress(OSError):  # it may end while we look
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                started += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return started


class Stay:
    """One program's stay with a child, which whoever asked for it may end at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: ProcessGroup | None = None
        self.stopped = False

    def hold(self, child: ProcessGroup) -> None:
        with self._lock:
            self._child = child
            if self.stopped:
                child.kill()

    def release(self) -> bool:
        """Let the child go; True if nobody has killed it."""
        with self._lock:
            child, self._child = self._child, None
            return child is not None and not child.late and not self.stopped

    def stop(self) -> None:
        with self._lock:
            self.stopped = True
            if self._child is not None:
                self._child.kill()


_THREADS = ThreadPoolExecutor(AT_ONCE, "sandbox")


async def attend(work: Callable[[Stay], T]) -> T:
    """Do `work` in a thread; if whoever waits is cancelled, the child it holds is killed."""
    stay = Stay()
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, work, stay)
    finally:
        stay.stop()


class Keepers:
    """Children that live on from program to program, started when they are first needed.

    They hold to nothing of an event loop, so that any number of loops, one after another, may use them.
    """

    def __init__(self, *command: str, spent_by: Container[Outcome] = ()):
        self._command = command
        self._spent_by = spent_by
        """Outcomes after which a child is not used again."""
        self._idle: list[ProcessGroup] = []
        self._works = False

    async def execute(self, program: str, limits: ProgramLimits) -> str:
        """As `Tier.execute`."""
        return (await attend(lambda stay: self._ask(stay, program, limits))).text(limits)

    async def probe(self) -> str | None:
        """None if a child starts here, else why not; one start is proof enough."""
        if not self._works:
            try:
                await self.prepare(SECONDS_TO_START)
            except (ToolError, OSError) as error:
                return str(error)
        return None

    async def prepare(self, seconds: float) -> None:
        """Have one ready, though its start may take long.

        Raises:
            ToolError: if it did not start in `seconds`.
        """
        await attend(lambda stay: self._start_idle(stay, seconds))

    async def close(self) -> None:
        """End those that wait for programs."""
        await asyncio.to_thread(self._close)

    def _ask(self, stay: Stay, program: str, limits: ProgramLimits) -> Ending:
        child = self._take(stay)
        stay.hold(child)
        with deadline(limits.seconds + GRACE, child.expire):
            reply = self._exchange(child, program, limits)
        if stay.release() and not child.broken and reply.outcome not in self._spent_by:
            self._idle.append(child)
        else:
            child.kill()
            child.close()
            if child.late:
                return Ending("seconds", "")
        return reply

    def _exchange(self, child: ProcessGroup, program: str, limits: ProgramLimits) -> Ending:
        request = json.dumps({"program": program, **asdict(limits)}) + "\n"
        try:
            child.stdin.write(request.encode())
            child.stdin.flush()
            line = child.stdout.readline(12 * limits.output + LONGEST_MESSAGE)
            return Ending(**json.loads(line))
        except (OSError, ValueError, TypeError):
            child.broken = True
            return Ending("failed", "", "SandboxError: the sandbox was killed while the program ran")

    def _take(self, stay: Stay) -> ProcessGroup:
        while self._idle:
            child = self._idle.pop()
            if child.process.poll() is None:
                return child
            child.close()
        return self._start(stay, SECONDS_TO_START)

    def _start(self, stay: Stay, seconds: float) -> ProcessGroup:
        atexit.unregister(self._close)
        atexit.register(self._close)
        child = ProcessGroup(self._command)
        stay.hold(child)
        with deadline(seconds, child.expire):
            said = child.stdout.readline(LONGEST_MESSAGE).strip()
        if said != b"ready":
            child.kill()
            child.close()
            raise ToolError(f"the sandbox did not start: {said.decode(errors='replace') or 'its process ended'}")
        self._works = True
        return child

    def _start_idle(self, stay: Stay, seconds: float) -> None:
        child = self._start(stay, seconds)
        if stay.release():
            self._idle.append(child)
        else:
            child.close()

    def _close(self) -> None:
        while self._idle:
            self._idle.pop().close()
