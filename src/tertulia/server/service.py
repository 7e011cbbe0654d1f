"""What all requests share; it knows none of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from ..durable.liveness import Heartbeat
from ..errors import TertuliaError
from ..schedule import Tasks
from ..settings import Serving
from ..stores.served import Documents
from .houses import Houses
from .keys import Door
from .limits import Accounts, Turns
from .metrics import Metrics
from .objects import ChatUsage, ResponseUsage
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
    work: Tasks = field(default_factory=Tasks)
    """What goes on without a client, and may end before the server does."""
    watching: Tasks = field(default_factory=Tasks)
    """Follows what others do; nothing is lost when it is cancelled."""

    def __post_init__(self) -> None:
        self.turns = Turns(self.serving.runs, self.serving.queue)

    async def fetch(self, request: Request, places: Mapping[str, str]) -> Fetched:
        """The images at some addresses; none where nobody may fetch them, so that each is refused where it stands.

        Raises:
            Problem: if one cannot be had.
            ClientDisconnect: if the client left first.
        """
        if self.fetcher is None or not places:
            return {}
        return await unless_gone(request, self.fetcher.fetch(places))

    def problem(self, error: BaseException, usage: ChatUsage | ResponseUsage | None = None) -> Problem:
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
        await self.work.wait(self.drained_at + self.serving.grace_seconds - time.monotonic())
        await self.work.close()
        await self.watching.close()


def reply_of(request: Request) -> str:
    """Id of the reply that a request becomes under its idempotency key; empty if it has none."""
    return str(request.scope.get(REPLY, ""))


Handler = Callable[[Request, Service, str], Awaitable[Response]]
"""Answers a request of the holder of a key, by name."""
