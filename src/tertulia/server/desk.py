"""What all requests share, and one request's visit from its turn to its bill."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from starlette.responses import Response

from ..budget import tighter
from ..durable.configuration import with_overrides
from ..errors import TertuliaError
from ..house import House
from ..model import OUT_OF_TIME, OUT_OF_TOKENS
from ..progress import Progress
from ..settings import Serving
from .archive import Archive, InMemory
from .asking import Asking
from .fetching import Fetcher
from .hands import Forgetting, Hands, Job, run_id
from .houses import Houses
from .keys import Door
from .limits import Account, Turns
from .metrics import Metrics
from .problems import JSON, Problem, problem, trace
from .replies import Replies, RepliesInMemory
from .work import Piece, Teller

if TYPE_CHECKING:
    from .lasting import Lasting

PRIORITIES = {"flex": 100, "priority": -100}
"""Places in the queue by `service_tier`; lower is sooner, all others are 0."""


class Live(Protocol):
    """A response that is made whether or not anybody listens."""

    def follow(self, after: int) -> AsyncGenerator[dict[str, Any], None]:
        """Events with a `sequence_number` above `after`, those to come included."""
        ...

    async def cancel(self) -> None: ...


class Recording(Protocol):
    """A reply that is made for all who ask for it under the same key."""

    async def response(self) -> Response:
        """The reply for one more client, as soon as it can begin."""
        ...


log = logging.getLogger("tertulia.server")


@dataclass
class Desk:
    """The server's state."""

    houses: Houses
    door: Door = field(default_factory=lambda: Door({}))
    serving: Serving = field(default_factory=Serving)
    archive: Archive = field(default_factory=InMemory)
    replies: Replies = field(default_factory=RepliesInMemory)
    fetcher: Fetcher | None = None
    """Who fetches images that are named by their address; None if nobody may."""
    metrics: Metrics = field(default_factory=Metrics)
    hands: Hands = field(default_factory=Forgetting)
    lasting: Lasting | None = None
    """Background responses that outlive the server; None if they are in memory."""
    stale: asyncio.Event | None = None
    """Set to have the accounts read from the database again; None if they are in memory."""
    drained_at: float | None = None
    """When it began to stop; None if it has not."""
    background: set[asyncio.Task[Any]] = field(default_factory=set)
    """Work that goes on without a client, and may end before the server does."""
    live: dict[tuple[str, str], Live] = field(default_factory=dict)
    """Responses that are being made in the background, by owner and id."""
    recordings: dict[tuple[str, str], Recording] = field(default_factory=dict)
    """Replies that are being made under a key, by owner and id."""
    started: int = field(default_factory=lambda: int(time.time()))

    def __post_init__(self) -> None:
        serving = self.serving
        self.turns = Turns(serving.runs, serving.queue)
        self.accounts = {name: Account(key) for name, key in self.door.keys.items()} | {"": Account(None)}

    def visit(self, holder: str, asking: Asking) -> Visit:
        """Begin to serve a request; end it with `Visit.leave`.

        Raises:
            Problem: if the model does not exist, a limit of the key is reached, or the server stops.
        """
        asking = self.houses.fitting(asking)
        house = self.houses.house(asking)
        if self.draining:
            raise Problem(503, "The server is stopping.", "server_error", "stopping", retry_after=5, again=True)
        account = self.accounts[holder]
        account.enter()
        return Visit(self, holder, asking, replace(house, budget=tighter(house.budget, account.left)))

    def drain(self) -> None:
        """Begin to stop: what runs may end, and nothing new begins."""
        if self.drained_at is None:
            self.drained_at = time.monotonic()
            self.hands.drain()

    @property
    def draining(self) -> bool:
        return self.drained_at is not None

    async def close(self) -> None:
        """Let background runs end in what is left of the grace time, and cancel those that do not."""
        self.drain()
        assert self.drained_at is not None
        left = self.drained_at + self.serving.grace_seconds - time.monotonic()
        if self.background and left > 0:
            await asyncio.wait(self.background, timeout=left)
        for task in self.background:
            task.cancel()
        await asyncio.gather(*self.background, return_exceptions=True)


@dataclass
class Visit:
    """One request being served."""

    desk: Desk
    holder: str
    asking: Asking
    house: House
    served: str = ""
    """Id of the response or chat completion that it becomes."""
    lasts: bool = False
    """Whether the answer is asked for later, so that it is found though the client leaves."""
    runs: list[Progress] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    """Ids under which they are stored."""
    status: str = "ok"
    """How it went, for the metrics: `ok`, `failed` or `gone`."""
    began: float = field(default_factory=time.monotonic)
    has_turn: bool = False
    has_left: bool = False

    async def take_turn(self, seconds: float) -> None:
        """Wait until the server has room, at most so many seconds.

        Raises:
            Problem: if it has too much to do.
        """
        await self.desk.turns.take(seconds)
        self.has_turn = True

    async def take_turn_at_last(self) -> None:
        """Wait until the server has room, however long that takes."""
        await self.desk.turns.take_at_last()
        self.has_turn = True

    async def tell(self, number: int = 0) -> AsyncGenerator[Piece, None]:
        """One run, piece by piece; closing the generator cancels it, and what it cost is in `runs` all the same."""
        job = self.job(number)
        progress, teller = Progress(), Teller(whole=job.question.form.schema is not None)
        self.note(progress, job)
        async with aclosing(self.desk.hands.events(job, progress.see)) as events:
            async for event in events:
                for piece in teller.see(event):
                    yield piece

    def job(self, number: int = 0) -> Job:
        """One of its questions, as it is handed on."""
        asking, houses, name = self.asking, self.desk.houses, self.served
        order = replace(houses.order(asking), budget=self.house.budget)
        return Job(
            run_id(name, number),
            name,
            self.holder,
            asking.choice(number),
            self.house,
            with_overrides(houses.configurations.get(order.house, {}), order),
            PRIORITIES.get(asking.tier, 0),
            asking.store,
            self.lasts,
        )

    @property
    def tier(self) -> str:
        """How urgent it is taken to be: only a queue has more than one tier."""
        tier = self.asking.tier
        return tier if tier in PRIORITIES and self.desk.serving.enqueue else "default"

    def note(self, progress: Progress, job: Job) -> None:
        """Have a run on the bill."""
        self.runs.append(progress)
        if name := self.desk.hands.name(job):
            self.stored.append(name)

    def leave(self) -> None:
        """Give the turn back and write the bill; once, however the request ended."""
        if self.has_left:
            return
        self.has_left = True
        if self.has_turn:
            self.desk.turns.give_back()
        account, metrics, model = self.desk.accounts[self.holder], self.desk.metrics, self.asking.model
        account.leave()
        for run in self.runs:
            if self.desk.stale is None:
                account.spend(run.ledger)
            metrics.settle(model, run)
        if self.desk.stale is not None:  # where the run itself has written it down
            self.desk.stale.set()
        metrics.requests.add(model=model, status=self.status)
        metrics.seconds.observe(time.monotonic() - self.began, model=model)

    def problem(self, error: BaseException, usage: JSON | None) -> Problem:
        """What the client is told of an error; one that nobody foresaw is logged, without what was said."""
        if not isinstance(error, Problem | TertuliaError):
            log.error("a run failed: %s", trace(error))
        return problem(error, usage, self.desk.door.is_local)

    @property
    def has_spent(self) -> bool:
        """Whether any model was called."""
        return any(entry.usage.total for run in self.runs for entry in run.ledger)


def finish(run: Progress) -> str:
    """Why the answer ended, as `finish_reason` says it."""
    if run.answer and run.answer.calls:
        return "tool_calls"
    stopped = run.answer.stopped if run.answer else None
    return "length" if stopped in (OUT_OF_TIME, OUT_OF_TOKENS) else "stop"


def new_id(prefix: str, reply: str = "") -> str:
    """An id for what is made now; what is made for a reply under a key has the same one whoever makes it."""
    known = reply.split("_")[1] if reply.startswith("once_") else secrets.token_hex(16)
    return prefix + known


def now() -> int:
    return int(time.time())
