"""One call to a model, attempted as often as its failures deserve."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from .abilities import Able, Level, Thinking, abilities_of
from .books import Books
from .budget import Need
from .errors import BudgetExceeded, ModelBusy, ThoughtTooLong, UnusableReply
from .events import Called, Replied, Text, Thought, Waiting
from .gate import MOST_TRIES, Gate
from .journal import Heard
from .model import Chunk, Draft, Model, Reply, Request, cost, count
from .thinking import LARGEST, MARGIN, thinking_of
from .usage import Entry, Status, Usage, estimate

WASTED = 1.5
"""How many times its last thought a model must have room for, where the budget leaves it less than is set aside."""
WARM = 0.6
"""Least temperature of models that were seen to think: without any, many think in circles."""


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
        gate = self.books.gate(self.model)
        call = first = await self.considered() if isinstance(self.model, Able) else self
        for tried in range(1, MOST_TRIES + 1):
            try:
                return await call.attempt(gate)
            except UnusableReply as useless:
                call = await call.after(useless, first, tried)
            except ModelBusy as busy:
                pause = gate.pause(tried, busy.retry_after)
                if pause is None or not gate.may_retry():
                    raise
                await self.wait(pause, str(busy))
        raise AssertionError("every try returns or raises")

    async def considered(self) -> ModelCall:
        """The same with what is said about thought, and what is set aside for it."""
        known = await abilities_of(self.model)
        if known.thinks == "never" or self.request.thinking:
            return self
        wanted = self.books.efforts.level(self.agent)
        said = thinking_of(known, wanted, self.books.thoughts, self.model.name, self.agent)
        if said is None:
            return self
        stops = known.thinks == "can" and said.level == "none"
        warms = self.books.thoughts.thinks(self.model.name) and not stops
        warm = max(self.request.temperature, WARM) if warms else self.request.temperature
        return replace(self, request=replace(self.request, thinking=said, temperature=warm))

    async def after(self, useless: UnusableReply, first: ModelCall, tried: int) -> ModelCall:
        """Another way to ask for what gave nothing to use: with more room, or for less thought.

        Raises:
            UnusableReply: what came, if no other way is left; the message says what would work.
        """
        if isinstance(useless, ThoughtTooLong):
            return await self.with_room(useless)
        if tried == MOST_TRIES or self is not first:
            raise useless
        return replace(first, request=_changed(first.request))

    async def with_room(self, cut: ThoughtTooLong) -> ModelCall:
        """The same with much room to think, and without thought if that can be.

        Raises:
            ThoughtTooLong: if it has had that already; the message says what would work.
        """
        said, known = self.request.thinking or Thinking(), await abilities_of(self.model)
        took = max(cut.tokens, said.allowance)
        if said.allowance >= LARGEST:
            raise ThoughtTooLong(
                f"{self.model.name} thought for {took:,} tokens and wrote no answer: ask for less, or another model",
                took,
            ) from None
        level: Level | None = "none" if known.thinks == "can" else said.level
        warm = max(self.request.temperature, WARM)
        return replace(self, request=replace(self.request, temperature=warm, thinking=Thinking(level, LARGEST)))

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
            request = request if request.thinking is None else within(self.request, entry.usage.written)
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
            except Exception as error:  # whatever a model raises, what it may have cost is known
                await self.books.journal.write(self.settle(entry, draft, began, "failed", str(error) or repr(error)))
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
        books, most = self.books, self.request.cap if self.request.thinking else self.request.max_tokens
        usd_read = usd_written = None
        if books.budget.usd is not None:
            usd_read, usd_all = cost(self.model, Usage(read, 0)), cost(self.model, Usage(read, most))
            usd_written = None if usd_all is None or usd_read is None else usd_all - usd_read
        allowed = books.budget.clamp(books.spent(), Need(read, most, usd_read, usd_written), self.final)
        if self.request.thinking and allowed < most:
            self.refuse_to_waste(allowed, read, self.request.thinking)
        usage, number = Usage(read, allowed, exact=False), books.ledger.attempts(self.key) + 1
        entry = Entry(self.key, number, self.agent, self.model.name, usage, cost=cost(self.model, usage))
        books.ledger.write(entry)
        return entry

    def refuse_to_waste(self, allowed: int, read: int, said: Thinking) -> None:
        """Do not begin what a thought as long as the last ones would eat.

        Raises:
            BudgetExceeded: if no more is allowed than such a thought takes.
        """
        books = self.books
        longest = books.thoughts.longest(self.model.name, self.agent, said.level) or 0
        if allowed <= WASTED * longest:
            needed = books.spent().tokens + read + int(MARGIN * WASTED * longest) + self.request.max_tokens
            raise BudgetExceeded("tokens", books.budget.tokens or allowed, needed)

    def settle(self, entry: Entry, draft: Draft, began: float, status: Status, error: str = "") -> Entry:
        """Write into the ledger what an attempt came to."""
        usage, seconds = draft.usage or _guess(draft, entry.usage.read), time.monotonic() - began
        done = replace(entry, status=status, usage=usage, seconds=seconds, cost=cost(self.model, usage))
        self.books.ledger.write(done)
        if self.request.thinking:
            self.learn(status, usage.hidden, self.request.thinking.level)
        self.books.settled.ring()
        self.books.emit(Replied(done, draft.text, error))
        return done

    def learn(self, status: Status, tokens: int, level: Level | None) -> None:
        """Remember how long the model thought; one that was cut would have gone on."""
        if status in ("ok", "failed"):
            longer = 2 if status == "failed" else 1
            self.books.thoughts.add(self.model.name, self.agent, level, longer * tokens)

    def hear(self, chunk: Chunk) -> None:
        """Tell of a piece of the reply."""
        if chunk.thought and not chunk.instead:  # it was told before, as text
            self.books.emit(Thought(self.key, self.agent, chunk.thought))
        if chunk.text:
            self.books.emit(Text(self.key, self.agent, chunk.text, self.final))


def within(request: Request, allowed: int) -> Request:
    """The request with no more tokens to write than are allowed; what is cut first is the thought."""
    said = min(request.max_tokens, allowed)
    return replace(request, max_tokens=said, thinking=replace(request.thinking or Thinking(), allowance=allowed - said))


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
