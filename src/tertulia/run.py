"""One question being answered: the only door to models and tools."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from .budget import Budget, Need, Spent
from .errors import BudgetExceeded, ModelBusy, ModelError, TertuliaError, UnusableReply
from .events import Called, Event, Executed, Replied, Text, Thought, Used, Waiting
from .gate import MOST_TRIES, Gate
from .model import Chunk, Draft, Message, Model, Reply, Request, cost, count
from .schedule import Bell, gather
from .types import Call, Execution, Form, Image, Turn
from .usage import Entry, Ledger, Status, Usage, estimate

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Heard:
    """What a call gave, with the line of the ledger that settles it: a journal keeps both or neither."""

    reply: Reply
    entry: Entry


class Journal(Protocol):
    """Remembers what each step of a run returned, so that a run can go on after a stop."""

    async def once(self, key: str, kind: type[T], step: Callable[[], Awaitable[T]]) -> T:
        """Return what `key` returned before, or run `step` and remember its result, which is a `kind`."""
        ...

    async def write(self, entry: Entry) -> None:
        """Keep a line of the ledger, in place of an earlier one of the same key and attempt."""
        ...

    async def entries(self) -> Sequence[Entry]:
        """The ledger as it was left."""
        ...

    async def worked(self) -> float:
        """Seconds for which the run was worked on before."""
        ...


class Forgetful:
    """A journal that keeps nothing."""

    async def once(self, key: str, kind: type[T], step: Callable[[], Awaitable[T]]) -> T:
        return await step()

    async def write(self, entry: Entry) -> None:
        pass

    async def entries(self) -> Sequence[Entry]:
        return ()

    async def worked(self) -> float:
        return 0.0


def ignore(event: Event) -> None:
    """A listener that does not listen."""


@dataclass(frozen=True)
class Run:
    """Where a strategy meets the world.

    A run is passed by hand to whoever needs it; `at` and `by` give copies that stand deeper in the
    work. The place, and the number of calls made there, name each call the same way every time, and
    that is what makes a run durable.
    """

    models: Mapping[str, Model]
    """Models by the name of the agent that uses them; the others use `default`."""
    budget: Budget = Budget()
    journal: Journal = field(default_factory=Forgetful)
    on_event: Callable[[Event], None] = ignore
    ledger: Ledger = field(default_factory=Ledger)
    gates: dict[str, Gate] = field(default_factory=dict)
    form: Form = Form()
    """What the person says of how the answer is to be written."""
    called: dict[str, tuple[Call, ...]] = field(default_factory=dict)
    """Tools of whoever asked that replies call, by the key of the call that wrote them."""
    place: tuple[str, ...] = ()
    agent: str = "?"
    started: float = field(default_factory=time.monotonic)
    _calls: Counter[str] = field(default_factory=Counter)
    _settled: Bell = field(default_factory=Bell)

    def at(self, *place: str) -> Run:
        """The same run, deeper in the work."""
        return replace(self, place=self.place + place)

    def by(self, agent: str) -> Run:
        """The same run, as `agent` meets it."""
        return replace(self, place=(*self.place, agent), agent=agent)

    def emit(self, event: Event) -> None:
        self.on_event(event)

    @property
    def model(self) -> Model:
        """The model of the agent at work."""
        return self.models.get(self.agent) or self.models["default"]

    @property
    def seconds(self) -> float:
        """For which the run has been worked on, earlier lives of it included."""
        return time.monotonic() - self.started

    async def ask(
        self,
        system: str,
        text: str,
        *,
        examples: Sequence[tuple[str, str]] = (),
        history: Sequence[Turn] = (),
        images: tuple[Image, ...] = (),
        max_tokens: int = 512,
        temperature: float = 0.0,
        schema: Mapping[str, Any] | None = None,
        stop: tuple[str, ...] = (),
        seed: int | None = None,
        final: bool = False,
    ) -> Reply:
        """Ask the agent's model, within the budget, and write every attempt in the ledger.

        Args:
            examples: Pairs of what could be asked and how it should be replied to.
            final: The reply is shown to the person, so it may use what the budget keeps back.

        Raises:
            BudgetExceeded: before calling, if the call could cross the budget; or when time runs out.
            ModelError: if the provider fails, after as many tries as are worth making.
        """
        messages = [Message("system", system)]
        for question, reply in examples:
            messages += [Message("user", question), Message("assistant", reply)]
        messages += [Message(turn.role, turn.text) for turn in history]
        messages.append(Message("user", text, images))
        shared = 1 + 2 * len(examples)
        request = Request(tuple(messages), max_tokens, temperature, schema, stop, seed, shared=shared)
        if final:
            request = formed(request, self.form)
        key = self._key("ask")
        heard = await self.journal.once(key, Heard, lambda: self._insist(key, request, final))
        if heard.entry.attempt:  # 0 if another run paid for it
            self.ledger.write(heard.entry)
        if heard.reply.calls:
            self.called[key] = heard.reply.calls
        return replace(heard.reply, key=key)

    async def execute(self, step: Callable[[], Awaitable[Execution]]) -> Execution:
        """Run a program in the sandbox, once per place even if the run is resumed."""
        key = self._key("sandbox")
        execution = await self._in_time(False, lambda: self.journal.once(key, Execution, step))
        self.emit(Executed(key, self.agent, execution))
        return execution

    async def use(self, tool: str, kind: type[T], step: Callable[[], Awaitable[T]]) -> T:
        """Use any other tool, once per place even if the run is resumed."""
        key, began, error = self._key(tool), time.monotonic(), "stopped before its end"
        try:
            result = await self._in_time(False, lambda: self.journal.once(key, kind, step))
            error = ""
            return result
        except TertuliaError as failure:
            error = str(failure)
            raise
        finally:
            self.emit(Used(key, self.agent, tool, time.monotonic() - began, error))

    async def map(self, work: Callable[[T, Run], Coroutine[Any, Any, R]], items: Iterable[T]) -> list[R]:
        """Do `work` on every item at the same time; the first failure cancels the rest."""
        return await gather(work(item, self.at(str(i))) for i, item in enumerate(items))

    async def _insist(self, key: str, request: Request, final: bool) -> Heard:
        """The reply, after as many attempts as the failures deserve."""
        gate = self.gates.get(self.model.name) or self.gates.setdefault(self.model.name, Gate(self.model.name))
        changed = False
        for tried in range(1, MOST_TRIES + 1):
            try:
                return await self._attempt(key, request, final, gate)
            except UnusableReply:
                if changed:
                    raise
                request, changed = _changed(request), True
            except ModelBusy as busy:
                pause = gate.pause(tried, busy.retry_after)
                if tried == MOST_TRIES or pause is None or not gate.may_retry():
                    raise
                await self._mark_retried(key)
                self.emit(Waiting(key, pause, str(busy)))
                await self._in_time(final, lambda pause=pause: asyncio.sleep(pause))  # type: ignore[misc]
        raise AssertionError("every try returns or raises")

    async def _attempt(self, key: str, request: Request, final: bool, gate: Gate) -> Heard:
        """One call to the provider, with its line in the ledger before and after."""
        read = await count(self.model, request)
        draft = Draft()
        async with self._within(final) as timer, gate.slot():
            request, entry = await self._reserve(key, request, read, final)
            await self.journal.write(entry)
            self.emit(Called(entry))
            began = time.monotonic()

            def settled(status: Status, usage: Usage, error: str = "") -> Entry:
                done = replace(
                    entry,
                    status=status,
                    usage=usage,
                    seconds=time.monotonic() - began,
                    cost=cost(self.model, usage),
                )
                self.ledger.write(done)
                self._settled.ring()
                self.emit(Replied(done, draft.text, error))
                return done

            try:
                await draft.read(self.model.stream(request), lambda chunk: self._heard(key, chunk, final))
                usage = draft.usage or _guess(draft, read)
                return Heard(_reply(draft, usage), settled("ok", usage))
            except asyncio.CancelledError:  # it was paid for all the same
                status: Status = "abandoned" if timer.expired() else "cancelled"
                done = settled(status, draft.usage or _guess(draft, read), "stopped before its end")
                await self.journal.write(done)
                if final and status == "abandoned" and draft.text:
                    return Heard(replace(_reply(draft, done.usage), finish="time"), done)
                raise
            except ModelError as error:
                await self.journal.write(settled("failed", draft.usage or _guess(draft, read), str(error)))
                raise

    async def _reserve(self, key: str, request: Request, read: int, final: bool) -> tuple[Request, Entry]:
        """Set aside the most that the call may cost, once the budget has that much left.

        Calls in flight nearly always cost less than was set aside for them, so it is worth waiting for their end.
        """
        while True:
            try:
                return self._set_aside(key, request, read, final)
            except BudgetExceeded:
                if not any(entry.status == "open" for entry in self.ledger):
                    raise
                await self._settled.wait()

    def _set_aside(self, key: str, request: Request, read: int, final: bool) -> tuple[Request, Entry]:
        """The request, no longer than the budget allows, and its line in the ledger at the most it may cost."""
        ledger, money = self.ledger, self.budget.usd is not None
        spent = Spent(ledger.total, ledger.cost if money else None, self.seconds, len(ledger), ledger.written)
        usd_read = cost(self.model, Usage(read, 0)) if money else None
        usd_all = cost(self.model, Usage(read, request.max_tokens)) if money else None
        usd_written = None if usd_all is None or usd_read is None else usd_all - usd_read
        allowed = self.budget.clamp(spent, Need(read, request.max_tokens, usd_read, usd_written), final)
        request = request if allowed == request.max_tokens else replace(request, max_tokens=allowed)
        most = Usage(read, allowed, exact=False)
        entry = Entry(key, ledger.attempts(key) + 1, self.agent, self.model.name, most, cost=cost(self.model, most))
        self.ledger.write(entry)
        return request, entry

    def _heard(self, key: str, chunk: Chunk, final: bool) -> None:
        if chunk.thought:
            self.emit(Thought(key, self.agent, chunk.thought))
        if chunk.text:
            self.emit(Text(key, self.agent, chunk.text, final))

    async def _mark_retried(self, key: str) -> None:
        """The last attempt is followed by another; there is none if the gate let no call through."""
        entry = self.ledger.last(key)
        if entry and entry.status == "failed":
            entry = replace(entry, status="retried")
            self.ledger.write(entry)
            await self.journal.write(entry)

    @asynccontextmanager
    async def _within(self, final: bool) -> AsyncIterator[asyncio.Timeout]:
        """Stop what is done inside when the run's time is over."""
        deadline = self.budget.deadline(final)
        left = None if deadline is None else deadline - self.seconds
        timer = asyncio.timeout(left)
        try:
            async with timer:
                yield timer
        except TimeoutError:
            if not timer.expired() or self.budget.seconds is None:
                raise
            kept = 0.0 if final else self.budget.seconds * self.budget.keep
            raise BudgetExceeded("seconds", self.budget.seconds, self.seconds, kept) from None

    async def _in_time(self, final: bool, step: Callable[[], Awaitable[T]]) -> T:
        async with self._within(final):
            return await step()
        raise AssertionError("the step returns or raises")

    def _key(self, what: str) -> str:
        where = "/".join(self.place) + ":" + what
        self._calls[where] += 1
        return f"{where}#{self._calls[where]}"


def formed(request: Request, form: Form) -> Request:
    """The request for the answer, as the person wants it written."""
    first, *rest = request.messages
    said = [first.text, form.instructions]
    if form.schema is not None:  # also in words, for providers that cannot enforce it
        said.append(f"Reply with nothing but JSON that follows this schema: {json.dumps(form.schema)}")
    return replace(
        request,
        messages=(replace(first, text="\n\n".join(part for part in said if part)), *rest),
        max_tokens=request.max_tokens if form.max_tokens is None else form.max_tokens,
        temperature=request.temperature if form.temperature is None else form.temperature,
        schema=request.schema if form.schema is None else form.schema,
        stop=(*request.stop, *form.stop),
        seed=request.seed if form.seed is None else form.seed,
        shared=0 if form.instructions else request.shared,
        tools=form.tools,
        must_call=form.must_call,
    )


def _changed(request: Request) -> Request:
    """Another way to ask for what gave nothing usable: with more room, and not so set on one wording."""
    return replace(request, max_tokens=2 * request.max_tokens, temperature=max(request.temperature, 0.5))


def _guess(draft: Draft, read: int) -> Usage:
    """What a call cost that the provider did not count, or could not since it was stopped."""
    hidden = estimate(draft.thought) if draft.thought else 0
    said = draft.text + "".join(call.name + call.arguments for call in draft.calls)
    return Usage(read, hidden + (estimate(said) if said else 0), hidden, exact=False)


def _reply(draft: Draft, usage: Usage) -> Reply:
    return Reply(draft.text, usage, draft.thought, draft.finish or "stop", calls=draft.calls)
