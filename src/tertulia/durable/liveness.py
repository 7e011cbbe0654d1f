"""Who is alive: a process says so while it lives, and sees who no longer does."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ..errors import StoreError
from ..schedule import Tasks
from ..stores.records import Process, State
from ..stores.runs import Runs

BEAT_SECONDS = 1.0
DEAD_SECONDS = 15.0
"""A process that has not moved for so long is dead; with two looks more this makes a takeover within 30 s."""

LONG_SECONDS = 60.0
"""Age of a sign of life that means death, whatever the clocks of two machines may differ."""


def machine() -> str:
    """Where process numbers mean the same: this machine or, within it, this container."""
    with suppress(OSError):  # only Linux has this
        return f"{socket.gethostname()}/{os.readlink('/proc/self/ns/pid')}"
    return socket.gethostname()


def this_process(role: str = "") -> Process:
    """This process under a name that no other has or had; each call gives it another."""
    host, name = machine(), f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    return Process(name, host, os.getpid(), time.time(), 0, time.time(), role)


def has_ended(process: Process) -> bool:
    """Whether a process of this machine has ended; False if that cannot be told from here."""
    if process.host != machine() or sys.platform == "win32":
        return False
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@dataclass
class Watch:
    """Tells the dead from the slow, by a clock of one's own: clocks of other machines may be wrong.

    Whoever does not move while we look for `DEAD_SECONDS` is dead; when we could not look, the time begins anew.
    """

    patience: float = DEAD_SECONDS
    """Seconds without a sign of life after which a process counts as dead."""
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)
    _looked: float = 0.0

    def dead(self, processes: Iterable[Process], now: float) -> list[str]:
        """Ids of those who are dead, after one more look at time `now`, in seconds."""
        if now - self._looked > self.patience / 2:
            self._seen = {}
        self._looked = now
        self._seen = {
            process.id: (process.beats, self._seen[process.id][1])
            if self._seen.get(process.id, (-1, 0.0))[0] == process.beats
            else (process.beats, now)
            for process in processes
        }
        return [id for id, (_, since) in self._seen.items() if now - since >= self.patience]


@dataclass
class Heartbeat:
    """Says that this process lives, and stops its runs that are to be cancelled; an async context manager."""

    runs: Runs
    process: Process = field(default_factory=this_process)
    seconds: float = BEAT_SECONDS
    stops: dict[str, Callable[[], object]] = field(default_factory=dict)
    """How to stop each run of this process, by id."""
    cancelled: set[str] = field(default_factory=set)
    """Runs that were told to stop because someone asked for that."""
    is_ending: bool = False
    """Whether this process is about to end, so that what it stops was not given up by who asked."""
    _tasks: Tasks = field(default_factory=Tasks)

    async def __aenter__(self) -> Heartbeat:
        await self._beat()
        self._tasks.begin(self._beat_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._tasks.close()
        with suppress(StoreError):  # then the others find out by themselves
            await self.runs.lives.requeue(self.process.id)

    @contextmanager
    def at_work(self, id: str, stop: Callable[[], object]) -> Iterator[None]:
        """Have a run stopped by `stop` while the block works on it, if somebody asks for that."""
        self.stops[id] = stop
        try:
            yield
        finally:
            self.stops.pop(id, None)
            self.cancelled.discard(id)

    async def cancel(self, id: str) -> State:
        """Have a run stopped, wherever it is at work; gives the state it is in now.

        Raises:
            UnknownName: if there is no such run.
        """
        state = await self.runs.lives.cancel(id)
        self._stop(id)
        return state

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(self.seconds)
            with suppress(StoreError):  # the database may come back
                await self._beat()

    async def _beat(self) -> None:
        for id in await self.runs.lives.beat(self.process):
            self._stop(id)

    def _stop(self, id: str) -> None:
        if id in self.stops and id not in self.cancelled:
            self.cancelled.add(id)
            self.stops[id]()


async def dead_holder(runs: Runs, holder: str) -> str | None:
    """The id again if that process is dead: it said good-bye, or was not seen for a minute; None if it may live."""
    known = {one.id: one for one in await runs.lives.processes()}
    if holder not in known or has_ended(known[holder]) or time.time() - known[holder].seen > LONG_SECONDS:
        return holder
    return None
