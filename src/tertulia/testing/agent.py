"""The contract of agents."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ..agents import Agent
from ..books import Books
from ..budget import Budget
from ..errors import BudgetExceeded, TertuliaError
from ..model import Model
from ..run import Run
from ..settings import silence
from ..stores.memory import Memory
from ..types import Finding, Findings, Task
from .promises import BROKEN, ECHO, Watched, check_value, promise

TASK = Task("t1", "How many minutes are there in a day?", "agent", question="How long is a day?")
LONGEST_SKILL = 1000
"""Characters that a planner reads of what an agent does."""


def check_agent(agent: Agent, model: Model = ECHO, task: Task = TASK, known: Findings | None = None) -> None:
    """Raise AssertionError if an agent breaks a promise that plans rest on.

    Args:
        agent: As it is before it is opened; it is opened and closed here.
        model: What it asks, so that what it finds is the same every time.
        task: What it is asked, and could find out.
        known: Findings that the task needs.
    """
    promise(isinstance(agent, Agent), f"{type(agent).__name__} is derived from tertulia.agents.Agent")
    check_value(agent, agent.name)
    one_line = 0 < len(agent.skill) <= LONGEST_SKILL and "\n" not in agent.skill
    promise(one_line, f"the skill of {agent.name} is one line of at most {LONGEST_SKILL} characters")
    asyncio.run(_check(agent, Watched(model), replace(task, agent=agent.name), known or {}))


async def _check(agent: Agent, model: Watched, task: Task, known: Findings) -> None:
    ready = await agent.opened(silence)
    if ready is None:
        raise AssertionError(f"{agent.name} has something to work with")
    try:
        await _work(ready, model, task, known)
    finally:
        await ready.close()


async def _work(agent: Agent, model: Watched, task: Task, known: Findings) -> None:
    journal = Memory()
    books = Books({"default": model}, journal=journal)
    found = await agent.work(task, known, Run(books).at(task.id))
    _check_finding(agent, task, found)
    strangers = {entry.agent for entry in books.ledger} - {agent.name}
    promise(not strangers, f"{agent.name} makes calls under its own name, and not as {strangers}")
    promise(bool(model.asked) == bool(len(books.ledger)), f"{agent.name} asks models through the run alone")
    await _resume(agent, model, task, known, journal, found)
    await _fail(agent, task, known)


def _check_finding(agent: Agent, task: Task, found: Finding) -> None:
    promise(isinstance(found, Finding), f"{agent.name} gives a Finding, not {type(found).__name__}")
    promise(found.task == task.id, f"a finding names its task, {task.id!r}, and not {found.task!r}")
    promise(found.agent == agent.name, f"a finding names its agent, {agent.name!r}, and not {found.agent!r}")
    promise(bool(found.text.strip()), "a finding says what was found, or why nothing was")


async def _resume(agent: Agent, model: Watched, task: Task, known: Findings, journal: Memory, found: Finding) -> None:
    before = len(model.asked)
    again = await agent.work(task, known, Run(Books({"default": model}, journal=journal)).at(task.id))
    promise(len(model.asked) == before, f"a resumed run of {agent.name} makes no call again that was paid for")
    promise(again == found, f"a resumed run of {agent.name} finds the same, as all that it does goes through the run")


async def _fail(agent: Agent, task: Task, known: Findings) -> None:
    """With a model that fails, and with no budget: what it raises is ours, or it finds something without a model."""
    for books in (Books({"default": BROKEN}), Books({"default": ECHO}, Budget(tokens=1))):
        try:
            _check_finding(agent, task, await agent.work(task, known, Run(books).at(task.id)))
        except (TertuliaError, BudgetExceeded):
            pass
        except Exception as error:
            raise AssertionError(f"{agent.name} raises TertuliaError when it fails, not {error!r}") from error
        promise(books.budget.tokens is None or books.ledger.total <= books.budget.tokens, "no budget is crossed")
