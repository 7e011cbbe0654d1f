"""What all requests share; it knows none of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..durable.liveness import Heartbeat
from ..errors import TertuliaError
from ..settings import Serving
from ..stores.documents import Documents
from .houses import Houses
from .keys import Door
from .limits import Accounts, Turns
from .metrics import Metrics
from .objects import ResponseUsage, Usage
from .problems import Problem, as_problem, trace
from .reading.client import unless_gone
from .reading.fetching import Fetcher
from .reading.images import Fetched
from .runners import Runner

REPLY = "tertulia.reply"
"""Where a request's scope has the id of the reply that it becomes under an idempotency key."""
log = logging.getLogger(__name__)


@dataclass
class Service:
    """A server at work."""

    houses: Houses
    door: Door
    serving: Serving
    heartbeat: Heartbeat
    documents: Documents
    """What is kept for clients."""
    runner: Runner
    accounts: Accounts
    fetcher: Fetcher | None = None
    """Who fetches images that are named by their address; None if nobody may."""
    metrics: Metrics = field(default_factory=Metrics)
    background_runs: set[str] = field(default_factory=set)
    """Runs of background responses that this server works on, or follows."""
    drained_at: float | None = None
    """When it began to stop; None if it has not."""
    started: int = field(default_factory=lambda: int(time.time()))
    _working: set[asyncio.Task[Any]] = field(default_factory=set)
    _watching: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.turns = Turns(self.serving.runs, self.serving.queue)

    def begin(self, work: Coroutine[Any, Any, Any], *, only_watches: bool = False) -> asyncio.Task[Any]:
        """Do work that goes on without its client.

        Args:
            only_watches: Nothing is lost if it is cancelled; else it may end before the server does.
        """
        task = asyncio.create_task(work)
        tasks = self._watching if only_watches else self._working
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    async def fetch(self, request: Request, places: Mapping[str, str]) -> Fetched:
        """The images at some addresses; none where nobody may fetch them, so that each is refused where it stands.

        Raises:
            Problem: if one cannot be had.
            ClientDisconnect: if the client left first.
        """
        if self.fetcher is None or not places:
            return {}
        return await unless_gone(request, self.fetcher.fetch(places))

    def problem(self, error: BaseException, usage: Usage | ResponseUsage | None = None) -> Problem:
        """What the client is told of an error; one that nobody foresaw is logged, without what was said."""
        if not isinstance(error, Problem | TertuliaError):
            log.error("a run failed: %s", trace(error))
        return as_problem(error, usage, self.door.is_local)

    def drain(self) -> None:
        """Begin to stop: what runs may end, and nothing new begins."""
        if self.drained_at is None:
            self.drained_at = time.monotonic()
            self.runner.drain()

    @property
    def draining(self) -> bool:
        return self.drained_at is not None

    async def close(self) -> None:
        """Let work end in what is left of the grace time, and cancel what does not."""
        self.drain()
        assert self.drained_at is not None
        left = self.drained_at + self.serving.grace_seconds - time.monotonic()
        if self._working and left > 0:
            await asyncio.wait(self._working, timeout=left)
        tasks = [*self._working, *self._watching]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def reply_of(request: Request) -> str:
    """Id of the reply that a request becomes under its idempotency key; empty if it has none."""
    return str(request.scope.get(REPLY, ""))


Handler = Callable[[Request, Service, str], Awaitable[Response]]
"""Answers a request of the holder of a key, by name."""
