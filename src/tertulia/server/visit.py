"""One request, from its turn to its bill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from types import TracebackType

from starlette.requests import ClientDisconnect

from .. import ids
from ..budget import tighter
from ..durable.configuration import with_overrides
from ..errors import RunCancelled, RunTaken
from ..house import House
from ..progress import Progress
from .pieces import Piece, Teller
from .problems import stopping
from .reading.asking import Asking
from .runners import Job
from .service import Service

PRIORITIES = {"flex": 100, "priority": -100}
"""Places in the queue by `service_tier`; lower is sooner, all others are 0."""
GONE = (asyncio.CancelledError, GeneratorExit, ClientDisconnect, RunTaken, RunCancelled)
"""How a visit is left that nobody waits for any more."""


@dataclass
class Visit:
    """One request being served: an async context manager, which writes the bill however it is left."""

    service: Service
    holder: str
    asking: Asking
    served: str = ""
    """Id of the response or chat completion that it becomes."""
    lasts: bool = False
    """Whether the answer is asked for later, so that it is found though the client leaves."""
    runs: list[Progress] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    """Ids under which they are stored."""
    house: House = field(init=False)
    """The house as this request wants it, within what its key may spend."""
    _began: float = field(default_factory=time.monotonic)
    _has_turn: bool = False

    async def __aenter__(self) -> Visit:
        """Begin to serve the request.

        Raises:
            Problem: if the model does not exist, a limit of the key is reached, or the server stops.
        """
        service = self.service
        self.asking = service.houses.fit(self.asking)
        house = service.houses.house(self.asking)
        if service.draining:
            raise stopping(retry_after=5)
        account = service.accounts[self.holder]
        account.enter()
        self.house = replace(house, budget=tighter(house.budget, account.left))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the turn back and write the bill."""
        if self._has_turn:
            self.service.turns.give_back()
        metrics, model = self.service.metrics, self.asking.model
        self.service.accounts.leave(self.holder, [run.ledger for run in self.runs])
        for run in self.runs:
            metrics.settle(model, run)
        status = "ok" if error is None else "gone" if isinstance(error, GONE) else "failed"
        metrics.requests.add(model=model, status=status)
        metrics.seconds.observe(time.monotonic() - self._began, model=model)

    async def take_turn(self, *, however_long: bool = False) -> None:
        """Wait until the server has room, for as long as its settings say.

        Raises:
            Problem: if it has too much to do.
        """
        turns = self.service.turns
        await (turns.take() if however_long else turns.take_within(self.service.serving.wait_seconds))
        self._has_turn = True

    async def pieces(self, number: int = 0) -> AsyncGenerator[Piece, None]:
        """One run, piece by piece; closing the generator cancels it, and what it cost is in `runs` all the same."""
        job = self.job(number)
        progress, teller = self.note(job), Teller(whole=job.question.form.schema is not None)
        async with aclosing(self.service.runner.events(job, progress.see)) as events:
            async for event in events:
                for piece in teller.see(event):
                    yield piece

    def job(self, number: int = 0) -> Job:
        """One of its questions, as a runner takes it."""
        asking, houses = self.asking, self.service.houses
        order = replace(houses.order(asking), budget=self.house.budget)
        return Job(
            ids.run_of(self.served, number),
            self.served,
            self.holder,
            asking.choice(number),
            self.house,
            with_overrides(houses.configurations.get(order.house, {}), order),
            PRIORITIES.get(asking.tier, 0),
            asking.store,
            self.lasts,
        )

    def note(self, job: Job) -> Progress:
        """Put a run on the bill, as far as it comes."""
        progress = Progress()
        self.runs.append(progress)
        if id := self.service.runner.stored_id(job):
            self.stored.append(id)
        return progress

    @property
    def tier(self) -> str:
        """How urgent it is taken to be: only a queue has more than one tier."""
        tier = self.asking.tier
        return tier if tier in PRIORITIES and self.service.serving.enqueue else "default"

    @property
    def has_spent(self) -> bool:
        """Whether any model was called."""
        return any(entry.usage.total for run in self.runs for entry in run.ledger)
