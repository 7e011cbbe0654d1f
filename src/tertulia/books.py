"""What a run may spend, what it has spent, and who is told of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from .budget import Budget, Spent
from .errors import BudgetExceeded
from .events import Event, ignore
from .gate import Gate
from .journal import Forgetful, Journal
from .model import Model
from .schedule import Bell
from .thinking import Efforts, Thoughts
from .usage import Entry, Ledger


@dataclass(frozen=True)
class Books:
    """Everything about a run that does not depend on where in the work one stands.

    All copies of a run share one of these, and `ledger`, `gates` and `calls` change while it is worked on: that is how
    agents that work at the same time keep to one budget, and how no two calls get the same key.
    """

    models: Mapping[str, Model]
    """Models by the name of the agent that uses them; the others use `default`."""
    budget: Budget = Budget()
    journal: Journal = field(default_factory=Forgetful)
    emit: Callable[[Event], None] = ignore
    """Told of all that happens."""
    ledger: Ledger = field(default_factory=Ledger)
    gates: dict[str, Gate] = field(default_factory=dict)
    """What stands before each model, by its name; the runs of a house share them."""
    began: float = field(default_factory=time.monotonic)
    """When the work on the run began by the monotonic clock, earlier lives of it included."""
    efforts: Efforts = Efforts()
    """How much thought is asked for."""
    thoughts: Thoughts = field(default_factory=Thoughts)
    """What thoughts took so far; the runs of a house share it."""
    calls: Counter[str] = field(default_factory=Counter)
    """Calls made so far at each place in the work, which name the next one."""
    settled: Bell = field(default_factory=Bell)
    """Rung when an attempt ends, since others may wait for what was set aside for it."""

    @property
    def seconds(self) -> float:
        """For which the run has been worked on, earlier lives of it included."""
        return time.monotonic() - self.began

    def spent(self) -> Spent:
        """What the run has spent or set aside so far."""
        ledger, counts_money = self.ledger, self.budget.usd is not None
        return Spent(ledger.total, ledger.cost if counts_money else None, self.seconds, len(ledger), ledger.written)

    def gate(self, model: Model) -> Gate:
        """What stands before the model."""
        return self.gates.get(model.name) or self.gates.setdefault(model.name, Gate(model.name))

    async def write(self, entry: Entry) -> None:
        """Keep a line of the ledger, also for a later life of the run."""
        self.ledger.write(entry)
        await self.journal.write(entry)

    @asynccontextmanager
    async def in_time(self, final: bool = False) -> AsyncIterator[asyncio.Timeout]:
        """Stop what is done inside when the run's time is over; what is `final` may take the time that is kept back.

        Raises:
            BudgetExceeded: in place of what was stopped.
        """
        deadline = self.budget.deadline(final)
        timer = asyncio.timeout(None if deadline is None else deadline - self.seconds)
        try:
            async with timer:
                yield timer
        except TimeoutError:
            if not timer.expired() or self.budget.seconds is None:
                raise
            kept = 0.0 if final else self.budget.seconds * self.budget.keep
            raise BudgetExceeded("seconds", self.budget.seconds, self.seconds, kept) from None
