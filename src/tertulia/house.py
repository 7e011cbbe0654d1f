"""A strategy, its models and a budget, ready to be asked."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from types import TracebackType

from .agents.restater import Restater
from .books import Books
from .budget import Budget
from .conversation import asked_in, in_one, pictures
from .errors import BudgetExceeded, SettingsError, ToolError
from .events import Answered, Asked, Decided, Event, ignore
from .gate import Gate
from .journal import Forgetful, Journal
from .language import language_of, name_of
from .listening import as_events
from .model import Chunk, Closes, Model, Request, closing, sees
from .run import Run
from .strategies import Strategy
from .strategies.auto import Auto
from .strategies.direct import Direct
from .strategies.extract import Extract
from .strategies.see import See
from .thinking import Efforts, Thoughts
from .tools import sandbox
from .types import Answer, Effort, Question
from .usage import Ledger


@dataclass(frozen=True)
class House:
    """Where questions come in. Itself a model, so it can be served, wrapped and nested.

    Use it as `async with House(...) as house:`, or call `close` in the end, so that connections and
    processes of its models do not outlive it.
    """

    models: Mapping[str, Model]
    """Models by the name of the agent that uses them; `default` is for all others."""
    strategy: Strategy = field(default_factory=Auto)
    budget: Budget = Budget()
    name: str = "tertulia"
    gates: dict[str, Gate] = field(default_factory=dict, compare=False, repr=False)
    """What is known of each model's endpoint, shared by all runs."""
    efforts: Efforts = Efforts()
    """How much its models are asked to think."""
    thoughts: Thoughts = field(default_factory=Thoughts, compare=False, repr=False)
    """What thoughts took so far, of all runs."""
    holds: tuple[Closes, ...] = field(default=(), compare=False, repr=False)
    """What else is closed with it, such as a library of documents."""
    watch: Callable[[Callable[[Event], None]], AbstractContextManager[Callable[[Event], None]]] = field(
        default=nullcontext, compare=False, repr=False
    )
    """What stands between a run and its listener from beginning to end, such as what traces it."""
    restater: Restater = Restater()
    """Who restates a follow-up for a strategy whose agents do not read the conversation."""
    see: See = field(default_factory=See, compare=False, repr=False)
    """How to answer questions about images, for a model that cannot see them."""
    last_resort: Strategy = Direct()
    """How to answer from what is kept back, when the strategy met the budget before it had anything to show."""

    async def ask(
        self, question: Question, on_event: Callable[[Event], None] = ignore, journal: Journal | None = None
    ) -> Answered:
        """Answer the question; events are handed to `on_event` as they happen.

        Args:
            journal: Where the run's steps are remembered: with that of an earlier one, it goes on where that stopped.

        Raises:
            BudgetExceeded: if the budget ends before anything was found.
            ModelError: if no model could be asked.
        """
        journal = journal or Forgetful()
        question = replace(question, language=question.language or name_of(language_of(question.text)))
        ledger, began = Ledger(await journal.entries()), time.monotonic() - await journal.worked()
        with self.watch(on_event) as heard:
            known = self.gates, began, self.efforts, self.thoughts
            run = Run(Books(self.models, self.budget, journal, heard, ledger, *known))
            run.emit(Asked(question, self.strategy.name))
            try:
                way = self.look if pictures(question) else self.strategy
                answer = await way(await self.in_full(question, run), run)
            except BudgetExceeded as stop:
                run.emit(Decided("direct", f"the strategy met the budget: {stop}"))
                answer = replace(await self.last_resort(question, run), stopped=str(stop))
            answered = Answered(answer, ledger.report(answer.written_by, run.books.seconds))
            run.emit(answered)
        return answered

    def at(self, effort: Effort) -> House:
        """The same house with `effort` as the most its strategy takes, and as what its models are asked to think."""
        strategy, see = self.strategy.scaled(effort), self.see.scaled(effort)
        return replace(self, strategy=strategy, see=see, efforts=replace(self.efforts, run=effort))

    def wrapped(self, layer: Callable[[Model], Model]) -> House:
        """The same house with a layer around each of its models; agents that share a model share its layer."""
        layers = {id(model): layer(model) for model in self.models.values()}
        return replace(self, models={agent: layers[id(model)] for agent, model in self.models.items()})

    async def look(self, question: Question, run: Run) -> Answer:
        """The strategy's answer or, if its model cannot see, one from what code reads of the images.

        So it is if the viewer has a model of its own, too. A schema is filled with what is printed, whoever looks.
        """
        is_blind = not sees(run.model) or self.see.viewer.name in self.models
        if self.strategy.sees or (isinstance(self.strategy, Direct) and not is_blind):
            return await self.strategy(question, run)
        if question.form.schema is None:
            return await (self.see if is_blind else self.strategy)(question, run)
        try:
            return await Extract(eyes=self.see.viewer.eyes, shows=not is_blind)(question, run)
        except (ToolError, SettingsError) as error:  # a photo, a schema of opinions, no extra: one that sees is asked
            if is_blind:
                raise
            run.emit(Decided("direct", f"nothing printed can fill the schema: {error}"))
            return await self.strategy(question, run)

    async def in_full(self, question: Question, run: Run) -> Question:
        """The question as the strategy needs it: a follow-up restated, unless each call reads the conversation."""
        if self.strategy.remembers or not (question.history or question.since):
            return question
        question = in_one(question)
        if question.history:
            question = await self.restater.restate(question, run)
        return replace(question, language=question.language or name_of(language_of(question.text)))

    def events(
        self, question: Question, journal: Journal | None = None, on_event: Callable[[Event], None] = ignore
    ) -> AsyncIterator[Event]:
        """The run, event by event; leaving the loop early cancels it.

        Args:
            on_event: Told of every event as it happens, also of those that come after the reader has left.
        """
        return as_events(lambda listener: self.ask(question, listener, journal), on_event)

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        async with closing(self.events(asked_in(request.messages))) as events:
            async for event in events:
                if isinstance(event, Answered):
                    yield Chunk(event.answer.text, usage=event.report.usage, finish="stop")

    async def close(self) -> None:
        """End what its models and the sandbox hold: connections, processes."""
        for model in {id(model): model for model in self.models.values()}.values():
            if isinstance(model, Closes):
                await model.close()
        for held in (self.see.viewer, *self.holds):
            await held.close()
        await sandbox.close()

    async def __aenter__(self) -> House:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
