"""One call to a model, attempted as often as its failures deserve."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from .books import Books
from .budget import Need
from .errors import BudgetExceeded, ModelBusy, ModelError, UnusableReply
from .events import Called, Replied, Text, Thought, Waiting
from .gate import MOST_TRIES, Gate
from .journal import Heard
from .model import Chunk, Draft, Model, Reply, Request, cost, count
from .usage import Entry, Status, Usage, estimate


@dataclass(frozen=True)
class ModelCall:
    """What is asked of a model, by whom, and in which books its attempts are written."""

    key: str
    agent: str
    model: Model
    request: Request
    final: bool
    """Whether the reply is the answer, so that it may use what the budget keeps back."""
    books: Books

    async def make(self) -> Heard:
        """The reply, after as many attempts as it takes.

        Raises:
            BudgetExceeded: before an attempt that could cross the budget; or when time runs out.
            ModelError: of the last attempt, if none gave a reply.
        """
        call, gate = self, self.books.gate(self.model)
        for tried in range(1, MOST_TRIES + 1):
            try:
                return await call.attempt(gate)
            except UnusableReply:
                if tried == MOST_TRIES or call is not self:
                    raise
                call = replace(self, request=_changed(self.request))
            except ModelBusy as busy:
                pause = gate.pause(tried, busy.retry_after)
                if pause is None or not gate.may_retry():
                    raise
                await self.wait(pause, str(busy))
        raise AssertionError("every try returns or raises")

    async def wait(self, pause: float, why: str) -> None:
        """Let some time pass before another attempt, in seconds."""
        entry = self.books.ledger.last(self.key)
        if entry and entry.status == "failed":  # there is none if the gate let no call through
            await self.books.write(replace(entry, status="retried"))
        self.books.emit(Waiting(self.key, pause, why))
        async with self.books.in_time(self.final):
            await asyncio.sleep(pause)

    async def attempt(self, gate: Gate) -> Heard:
        """One request to the provider, with a line in the ledger before it is sent that is settled whatever happens."""
        read = await count(self.model, self.request)
        async with self.books.in_time(self.final) as timer, gate.slot():
            entry = await self.reserve(read)
            await self.books.journal.write(entry)
            self.books.emit(Called(entry))
            request, draft, began = replace(self.request, max_tokens=entry.usage.written), Draft(), time.monotonic()
            try:
                await draft.read(self.model.stream(request), self.hear)
                done = self.settle(entry, draft, began, "ok")
                return Heard(_reply(draft, done.usage), done)
            except asyncio.CancelledError:  # it was paid for all the same
                late = timer.expired()
                done = self.settle(entry, draft, began, "abandoned" if late else "cancelled", "stopped before its end")
                await self.books.journal.write(done)
                if late and self.final and draft.text:
                    return Heard(replace(_reply(draft, done.usage), finish="time"), done)
                raise
            except ModelError as error:
                await self.books.journal.write(self.settle(entry, draft, began, "failed", str(error)))
                raise

    async def reserve(self, read: int) -> Entry:
        """Set aside the most that an attempt may cost, once the budget has that much left.

        Calls in flight nearly always cost less than was set aside for them, so it is worth waiting for their end.
        """
        while True:
            try:
                return self.set_aside(read)
            except BudgetExceeded:
                if not any(entry.status == "open" for entry in self.books.ledger):
                    raise
                await self.books.settled.wait()

    def set_aside(self, read: int) -> Entry:
        """A new line of the ledger, at the most that an attempt may cost: no longer a reply than the budget allows.

        Raises:
            BudgetExceeded: if nothing useful fits.
        """
        books, most = self.books, self.request.max_tokens
        usd_read = usd_written = None
        if books.budget.usd is not None:
            usd_read, usd_all = cost(self.model, Usage(read, 0)), cost(self.model, Usage(read, most))
            usd_written = None if usd_all is None or usd_read is None else usd_all - usd_read
        allowed = books.budget.clamp(books.spent(), Need(read, most, usd_read, usd_written), self.final)
        usage, number = Usage(read, allowed, exact=False), books.ledger.attempts(self.key) + 1
        entry = Entry(self.key, number, self.agent, self.model.name, usage, cost=cost(self.model, usage))
        books.ledger.write(entry)
        return entry

    def settle(self, entry: Entry, draft: Draft, began: float, status: Status, error: str = "") -> Entry:
        """Write into the ledger what an attempt came to."""
        usage, seconds = draft.usage or _guess(draft, entry.usage.read), time.monotonic() - began
        done = replace(entry, status=status, usage=usage, seconds=seconds, cost=cost(self.model, usage))
        self.books.ledger.write(done)
        self.books.settled.ring()
        self.books.emit(Replied(done, draft.text, error))
        return done

    def hear(self, chunk: Chunk) -> None:
        """Tell of a piece of the reply."""
        if chunk.thought:
            self.books.emit(Thought(self.key, self.agent, chunk.thought))
        if chunk.text:
            self.books.emit(Text(self.key, self.agent, chunk.text, self.final))


def _changed(request: Request) -> Request:
    """Another way to ask for what gave nothing usable: with more room, and not so set on one wording."""
    return replace(request, max_tokens=2 * request.max_tokens, temperature=max(request.temperature, 0.5))


def _guess(draft: Draft, read: int) -> Usage:
    """What an attempt cost that the provider did not count, or could not since it was stopped."""
    hidden = estimate(draft.thought) if draft.thought else 0
    said = draft.text + "".join(call.name + call.arguments for call in draft.calls)
    return Usage(read, hidden + (estimate(said) if said else 0), hidden, exact=False)


def _reply(draft: Draft, usage: Usage) -> Reply:
    return Reply(draft.text, usage, draft.thought, draft.finish or "stop", "", draft.calls, draft.kept, draft.ignored)
