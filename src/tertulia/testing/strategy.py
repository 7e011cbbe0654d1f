"""The contract of strategies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import get_args

from ..agents.restater import Restater
from ..budget import Budget
from ..errors import BudgetExceeded, TertuliaError
from ..events import Answered, Asked, Event, Replied
from ..house import House
from ..model import Model
from ..stores.memory import Memory
from ..strategies import Strategy
from ..types import Effort, Form, Question, Turn
from .promises import BROKEN, ECHO, Watched, check_value, promise

QUESTION = Question("A day has 24 hours of 60 minutes. How many minutes is that, and how many hours are in a week?")
BUDGETS = (10, 200, 700, 1500, 4000)
"""Tokens of a run, from nothing to plenty for a model whose words are tokens."""
INSTRUCTIONS = "Answer in the words of a pirate."
SAID = "Call me Ishmael."


def check_strategy(strategy: Strategy, model: Model = ECHO, question: Question = QUESTION) -> None:
    """Raise AssertionError if a strategy breaks a promise that houses rest on.

    Args:
        model: What its members ask; the strategy must find an answer with it.
        question: What is asked.
    """
    promise(isinstance(strategy, Strategy), f"{type(strategy).__name__} is derived from tertulia.strategies.Strategy")
    check_value(strategy, strategy.name)
    asyncio.run(_check(strategy, model, question))


async def _check(strategy: Strategy, model: Model, question: Question) -> None:
    await _check_answer(strategy, model, question)
    await _check_resuming(strategy, model, question)
    await _check_form(strategy, model, question)
    await _check_conversation(strategy, model, question)
    for tokens in BUDGETS:
        await _check_budget(strategy, model, question, tokens)
    await _check_answer(strategy, model, question, BUDGETS[-1])
    for effort in get_args(Effort):
        await _check_effort(strategy, model, question, effort)
    await _check_failure(strategy, question)


async def _ask(
    strategy: Strategy, model: Model, question: Question, tokens: int | None = None, journal: Memory | None = None
) -> tuple[Answered, list[Event]]:
    """What is answered, and all that happens."""
    events: list[Event] = []
    house = House({"default": model}, strategy, Budget(tokens))
    return await house.ask(question, events.append, journal), events


def _replies(events: Sequence[Event]) -> list[Replied]:
    return [event for event in events if isinstance(event, Replied)]


async def _check_answer(strategy: Strategy, model: Model, question: Question, tokens: int | None = None) -> None:
    name, (answered, events) = strategy.name, await _ask(strategy, model, question, tokens)
    promise(bool(answered.answer.text.strip()), f"{name} answers")
    promise(isinstance(events[0], Asked) and isinstance(events[-1], Answered), "a run is asked first and answered last")
    entries, by = [replied.entry for replied in _replies(events)], answered.answer.written_by
    billed = sum(entry.usage.total for entry in entries)
    promise(answered.report.total == billed, f"the three numbers of {name} add up to what its calls cost")
    calls = {entry.key for entry in entries if entry.status == "ok"}
    promise(by is None or by in calls, f"the call that wrote the answer is one that {name} made, and not {by!r}")
    known = {member.name for member in (*strategy.members, Restater())}
    strangers = {entry.agent for entry in entries} - known
    promise(not strangers, f"the members of {name} are all who make calls for it; {strangers} are missing")


async def _check_resuming(strategy: Strategy, model: Model, question: Question) -> None:
    watched, journal = Watched(model), Memory()
    first, _ = await _ask(strategy, watched, question, journal=journal)
    calls = len(watched.asked)
    again, _ = await _ask(strategy, watched, question, journal=journal)
    promise(len(watched.asked) == calls, f"a resumed run of {strategy.name} makes no call again that was paid for")
    promise(again.answer == first.answer, f"a resumed run of {strategy.name} gives the same answer")


async def _check_form(strategy: Strategy, model: Model, question: Question) -> None:
    """What the person says of the form reaches the call that writes the answer."""
    watched = Watched(model)
    answered, _ = await _ask(strategy, watched, replace(question, form=Form(instructions=INSTRUCTIONS)))
    formed = any(INSTRUCTIONS in request.messages[0].text for request in watched.asked)
    written = answered.answer.written_by is not None
    promise(formed or not written, f"{strategy.name} asks for its answer with form=question.form")


async def _check_conversation(strategy: Strategy, model: Model, question: Question) -> None:
    """Each call of a strategy that remembers reads the conversation; for the others, the question is restated."""
    watched = Watched(model)
    await _ask(strategy, watched, replace(question, history=(Turn("user", SAID), Turn("assistant", "Aye."))))
    reads = all(SAID in request.text for request in watched.asked)
    promise(reads or not strategy.remembers, f"each call of {strategy.name} reads the conversation, as it says")


async def _check_budget(strategy: Strategy, model: Model, question: Question, tokens: int) -> None:
    events: list[Event] = []
    with suppress(BudgetExceeded):
        answered = await House({"default": model}, strategy, Budget(tokens)).ask(question, events.append)
        promise(bool(answered.answer.text.strip()), f"{strategy.name} answers with what {tokens} tokens allow")
    spent = sum(replied.entry.usage.total for replied in _replies(events))
    promise(spent <= tokens, f"{strategy.name} spends no more than its budget of {tokens} tokens, and not {spent}")


async def _check_effort(strategy: Strategy, model: Model, question: Question, effort: Effort) -> None:
    scaled = strategy.scaled(effort)
    promise(scaled.name == strategy.name, f"{strategy.name} keeps its name with effort {effort}")
    answered, _ = await _ask(scaled, model, question)
    promise(bool(answered.answer.text.strip()), f"{strategy.name} answers with effort {effort}")


async def _check_failure(strategy: Strategy, question: Question) -> None:
    try:
        await _ask(strategy, BROKEN, question)
    except TertuliaError as error:
        promise("the wire was cut" in str(error), f"{strategy.name} says why it failed, and not {str(error)!r}")
        return
    except Exception as error:
        raise AssertionError(f"{strategy.name} raises TertuliaError if its model fails, not {error!r}") from error
    promise(False, f"{strategy.name} tells of a model that always fails")
