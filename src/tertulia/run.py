"""One question being answered: the only door to models and tools."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .attempt import ModelCall
from .books import Books
from .conversation import asked_turn, shortened
from .errors import PromptTooLong, TertuliaError
from .events import Event, Executed, Used
from .journal import Heard
from .model import Message, Model, Reply, Request
from .schedule import gather
from .types import Execution, Form, Image, Question, Turn

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Run:
    """Where a strategy meets the world.

    A run is passed by hand to whoever needs it; `at` and `by` give copies that stand deeper in the work and share the
    books. The place, and the number of calls made there, name each call the same way every time, and that is what makes
    a run durable.
    """

    books: Books
    place: tuple[str, ...] = ()
    agent: str = "?"

    def at(self, *place: str) -> Run:
        """The same run, deeper in the work."""
        return replace(self, place=self.place + place)

    def by(self, agent: str) -> Run:
        """The same run, as `agent` meets it."""
        return replace(self, place=(*self.place, agent), agent=agent)

    def emit(self, event: Event) -> None:
        self.books.emit(event)

    @property
    def model(self) -> Model:
        """The model of the agent at work."""
        return self.books.models.get(self.agent) or self.books.models["default"]

    async def ask(
        self,
        system: str,
        text: str,
        *,
        examples: Sequence[tuple[str, str]] = (),
        conversation: Question | None = None,
        images: tuple[Image, ...] = (),
        max_tokens: int = 512,
        temperature: float = 0.0,
        schema: Mapping[str, Any] | None = None,
        stop: tuple[str, ...] = (),
        seed: int | None = None,
        form: Form | None = None,
    ) -> Reply:
        """Ask the agent's model, within the budget, and write every attempt in the ledger.

        Args:
            examples: Pairs of what could be asked and how it should be replied to.
            conversation: The question whose conversation is read: `text` stands in the place of its own, with its
                images, between what was said before and since. None where `text` is all.
            images: What is shown with `text` where there is no conversation.
            form: How the person wants the answer, for the call that writes it: `question.form`. Its reply is shown, and
                it may use what the budget keeps back. None for all other calls.

        Raises:
            BudgetExceeded: before calling, if the call could cross the budget; or when time runs out.
            ModelError: if the provider fails, after as many tries as are worth making.
        """
        shared = 1 + 2 * len(examples)
        while True:
            turns = said_around(text, conversation) if conversation else (Turn("user", text, images),)
            messages = (*opening(system, examples), *map(as_message, turns))
            request = Request(messages, max_tokens, temperature, schema, stop, seed, shared=shared)
            if form and form != Form():
                request = formed(request, form)
            try:
                return await self._reply(request, form is not None)
            except PromptTooLong:
                shorter = shortened(conversation) if conversation and conversation.truncates else None
                if shorter is None:
                    raise
                conversation = shorter

    async def _reply(self, request: Request, final: bool) -> Reply:
        """The reply to one request, which is paid for once even if the run is resumed."""
        call = ModelCall(self._key("ask"), self.agent, self.model, request, final, self.books)
        heard = await self.books.journal.once(call.key, Heard, call.make)
        if heard.entry.attempt:  # 0 if another run paid for it
            self.books.ledger.write(heard.entry)
        return replace(heard.reply, key=call.key)

    async def execute(self, step: Callable[[], Awaitable[Execution]]) -> Execution:
        """Run a program in the sandbox, once per place even if the run is resumed."""
        key = self._key("sandbox")
        async with self.books.in_time():
            execution = await self.books.journal.once(key, Execution, step)
        self.emit(Executed(key, self.agent, execution))
        return execution

    async def use(self, tool: str, kind: type[T], step: Callable[[], Awaitable[T]]) -> T:
        """Use any other tool, once per place even if the run is resumed."""
        key, began, error = self._key(tool), time.monotonic(), "stopped before its end"
        try:
            async with self.books.in_time():
                result = await self.books.journal.once(key, kind, step)
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

    def _key(self, what: str) -> str:
        where = "/".join(self.place) + ":" + what
        self.books.calls[where] += 1
        return f"{where}#{self.books.calls[where]}"


def opening(system: str, examples: Sequence[tuple[str, str]]) -> list[Message]:
    """What every call of an agent begins with."""
    messages = [Message("system", system)]
    for question, reply in examples:
        messages += [Message("user", question), Message("assistant", reply)]
    return messages


def said_around(text: str, conversation: Question) -> tuple[Turn, ...]:
    """A conversation with `text` in the place of its question."""
    return (*conversation.history, asked_turn(conversation, text), *conversation.since)


def as_message(turn: Turn) -> Message:
    return Message(**vars(turn))


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
