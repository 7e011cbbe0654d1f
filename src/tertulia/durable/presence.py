"""Who is alive: a process says so while it lives, and sees who no longer does."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from ..errors import StoreError
from ..stores.records import State, Worker
from ..stores.runs import Runs

BEAT_SECONDS = 1.0
DEAD_SECONDS = 15.0
"""A worker that has not moved for so long is dead; with two looks more this makes a takeover within 30 s."""

LONG_SECONDS = 60.0
"""Age of a sign of life that means death, whatever the clocks of two machines may differ."""


def machine() -> str:
    """Where process numbers mean the same: this machine or, within it, this container."""
    with suppress(OSError):  # only Linux has this
        return f"{socket.gethostname()}/{os.readlink('/proc/self/ns/pid')}"
    return socket.gethostname()


def new_worker(role: str = "") -> Worker:
    """This process under a name that no other has or had."""
    host, name = machine(), f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    return Worker(name, host, os.getpid(), time.time(), 0, time.time(), role)


def gone(worker: Worker) -> bool:
    """Whether a process of this machine has ended; False if that cannot be told from here."""
    if worker.host != machine() or sys.platform == "win32":
        return False
    try:
        os.kill(worker.pid, 0)
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
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)
    _looked: float = 0.0

    def dead(self, workers: Iterable[Worker], now: float) -> list[str]:
        """Ids of those who are dead, after one more look at time `now`, in seconds."""
        if now - self._looked > self.patience / 2:
            self._seen = {}
        self._looked = now
        self._seen = {
            worker.id: (worker.beats, self._seen[worker.id][1])
            if self._seen.get(worker.id, (-1, 0.0))[0] == worker.beats
            else (worker.beats, now)
            for worker in workers
        }
        return [id for id, (_, since) in self._seen.items() if now - since >= self.patience]


@dataclass
class Presence:
    """Says that this process lives, and stops its runs that are to be cancelled; an async context manager."""

    runs: Runs
    worker: Worker = field(default_factory=new_worker)
    seconds: float = BEAT_SECONDS
    stops: dict[str, Callable[[], object]] = field(default_factory=dict)
    """How to stop each run of this process, by id."""
    cancelled: set[str] = field(default_factory=set)
    """Runs that were told to stop because someone asked for that."""
    _beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Presence:
        await self._beat()
        self._beating = asyncio.create_task(self._go_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._beating
        self._beating.cancel()
        await asyncio.gather(self._beating, return_exceptions=True)
        with suppress(StoreError):  # then the others find out by themselves
            await self.runs.requeue(self.worker.id)

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self.seconds)
            with suppress(StoreError):  # the database may come back
                await self._beat()

    async def cancel(self, id: str) -> State:
        """Have a run stopped, wherever it is at work; gives the state it is in now."""
        state = await self.runs.cancel(id)
        self._stop(id)
        return state

    async def _beat(self) -> None:
        for id in await self.runs.beat(self.worker):
            self._stop(id)

    def _stop(self, id: str) -> None:
        if id in self.stops and id not in self.cancelled:
            self.cancelled.add(id)
            self.stops[id]()


async def dead_holder(runs: Runs, worker: str) -> str | None:
    """The id again if that worker is dead: it said good-bye, or was not seen for a minute; None if it may live."""
    known = {one.id: one for one in await runs.workers()}
    if worker not in known or gone(known[worker]) or time.time() - known[worker].seen > LONG_SECONDS:
        return worker
    return None
