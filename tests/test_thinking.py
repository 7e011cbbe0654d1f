"""Runs on models that think: what is asked of them, what is set aside, and what it costs when they think too long."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.zoo import BEHAVIOURS, Behaviour, Zoo
from bench.zoo.asked import Said
from tertulia import Budget, House, Question
from tertulia.abilities import LEVELS, Abilities, Level, Thinking
from tertulia.errors import BudgetExceeded
from tertulia.events import Decided, Event, Replied
from tertulia.providers.catalog import Wishes
from tertulia.registry import find
from tertulia.strategies import Strategy
from tertulia.strategies.auto import Auto
from tertulia.strategies.compute import Compute
from tertulia.strategies.direct import Direct
from tertulia.strategies.tertulia import Tertulia
from tertulia.strategies.think import Think
from tertulia.thinking import ALLOWANCES, LARGEST, Efforts, Thoughts, allowance, thinking_of
from tertulia.types import Effort

PLAN = {
    "t1": {"task": "How many minutes has a day?", "agent": "calculator", "needs": []},
    "t2": {"task": "How many hours has a week?", "agent": "calculator", "needs": []},
    "t3": {"task": "Which is larger?", "agent": "reasoner", "needs": ["t1", "t2"]},
    "t4": None,
}
RULES = (
    ("^You plan", json.dumps(PLAN)),
    ("writing a Python program", "print(24 * 60)"),
    ("Conclusion", "Both are known.\nConclusion: the first is larger"),
    ("^You write the answer", "A day has more minutes."),
)
QUESTION = Question("Are there more minutes in a day than hours in a week?")
STRATEGIES = {"direct": Direct(), "planned": Tertulia(), "computed": Compute()}
UNUSABLE = {"moody-thought", "moody-end"}
UNCOUNTED = {"moody-zero", "moody-none", "moody-lies"}


@asynccontextmanager
async def house(behaviour: str, strategy: Strategy, budget: Budget = Budget()) -> AsyncIterator[tuple[Zoo, House]]:  # noqa: B008
    async with Zoo() as zoo:
        zoo.script(*RULES)
        model = find("provider", BEHAVIOURS[behaviour].provider)(behaviour, Wishes(url=zoo.at(behaviour), key="mine"))
        async with House({"default": model}, strategy, budget) as opened:
            yield zoo, opened


def billed(zoo: Zoo) -> int:
    return sum(call.prompt_tokens + call.completion_tokens for call in zoo.calls)


def in_vain(events: list[Event]) -> int:
    """Calls that were paid for and gave nothing."""
    ended = [event.entry for event in events if isinstance(event, Replied)]
    return sum(entry.status != "ok" and entry.usage.total > 0 for entry in ended)


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("behaviour", sorted(BEHAVIOURS.keys() - UNUSABLE))
async def test_a_question_is_answered_whatever_the_model_thinks(behaviour: str, name: str) -> None:
    async with house(behaviour, STRATEGIES[name]) as (zoo, opened):
        events: list[Event] = []
        answered = await opened.ask(QUESTION, events.append)
        assert answered.answer.text
        assert "think>" not in answered.answer.text.replace("<think>draft</think>", "")
        assert in_vain(events) <= 1
        if answered.report.exact:
            assert answered.report.total == billed(zoo)
        elif behaviour not in UNCOUNTED:  # what was stopped while it was written is estimated, never below the bill
            assert answered.report.total >= billed(zoo)


@pytest.mark.parametrize("tokens", [0, 300, 1500, 8000, 30000])
async def test_a_planned_question_is_answered_after_thoughts_of_any_length(tokens: int) -> None:
    async with thinker(tokens) as (zoo, opened):
        events: list[Event] = []
        answered = await opened.ask(QUESTION, events.append)
        assert answered.answer.text == "A day has more minutes."
        assert answered.report.total == billed(zoo)
        assert in_vain(events) <= (0 if tokens <= 1500 else 1)
        assert answered.report.output == 6


@pytest.mark.parametrize("tokens", [8000, 30000])
async def test_a_budget_below_one_thought_says_which_would_do(tokens: int) -> None:
    async with thinker(tokens, Budget(tokens=6000)) as (zoo, opened):
        with pytest.raises(BudgetExceeded, match=r"the budget allows 6000 tokens; going on would take \d{4,5}"):
            await opened.ask(QUESTION)
        assert billed(zoo) <= 3000


async def test_a_model_that_never_thinks_is_asked_as_ever() -> None:
    async with house("ollama-plain", Tertulia()) as (zoo, opened):
        for _ in range(2):
            await opened.ask(QUESTION)
        assert zoo.bodies[-1]["max_tokens"] <= 500
        assert not {"reasoning_effort", "reasoning", "thinking"} & set(zoo.bodies[-1])


async def test_each_agent_thinks_as_much_as_its_work_deserves() -> None:
    async with house("gpt", Tertulia()) as (zoo, opened):
        opened = replace(opened, efforts=Efforts("high", {"calculator": "medium"}))
        await opened.ask(QUESTION)
        await opened.ask(QUESTION)
        asked = {first_words(body): body.get("reasoning_effort") for body in zoo.bodies}
        assert asked["You plan how colleagues answer a question."] == "none"
        assert asked["You answer one part of a question"] == "medium"
        assert asked["You write the answer to a person's"] == "none"


def first_words(body: dict[str, Any]) -> str:
    return " ".join(body["messages"][0]["content"].split()[:7])


@asynccontextmanager
async def thinker(tokens: int, budget: Budget = Budget()) -> AsyncIterator[tuple[Zoo, House]]:  # noqa: B008
    """A planned question on a model that thinks so many tokens whatever it is told."""
    name = f"thinker-{tokens}"
    animals = cast("dict[str, Behaviour]", BEHAVIOURS)
    animals[name] = Behaviour("openai", lambda asked: Said(tokens, asked.reply, cap=asked.cap))
    try:
        async with house(name, Tertulia(), budget) as both:
            yield both
    finally:
        del animals[name]


async def test_auto_asks_a_model_that_thinks_once_where_it_would_plan() -> None:
    parts = Question("Why is the sky blue? How does rain form? And which of the two needs the sun?")
    async with house("router", Auto()) as (_, opened):
        events: list[Event] = []
        answered = await opened.ask(parts, events.append)
        decided = [event for event in events if isinstance(event, Decided)]
        assert [event.choice for event in decided] == ["plan", "think"]
        assert decided[1].reason.endswith("the model thinks by itself, so one call does")
        assert answered.report.calls == 1
    async with house("ollama-plain", Auto()) as (_, opened):
        assert (await opened.ask(parts)).report.calls > 1


async def test_thought_is_asked_for_where_it_is_wanted() -> None:
    efforts: dict[Effort, str] = {"auto": "medium", "low": "medium", "high": "high"}
    for effort, asked in efforts.items():
        async with house("gpt", Think()) as (zoo, opened):
            await opened.at(effort).ask(QUESTION)  # what it takes is not known before the first call
            await opened.at(effort).ask(QUESTION)
            assert zoo.bodies[-1].get("reasoning_effort") == asked


@given(wanted=st.sampled_from([None, *LEVELS]), longest=st.none() | st.integers(0, 200_000))
def test_an_allowance_covers_what_was_seen_up_to_a_bound(wanted: Level | None, longest: int | None) -> None:
    set_aside = allowance(Abilities().informed("a test", thinks="can"), wanted, longest)
    assert ALLOWANCES[wanted or "low"] <= set_aside <= max(LARGEST, 24_000)
    if longest is not None and longest * 1.5 <= LARGEST:
        assert set_aside >= longest


def test_nothing_is_set_aside_for_a_model_that_stays_quiet() -> None:
    seen, unknown = Thoughts(), Abilities()
    assert thinking_of(unknown, "none", seen, "m", "planner") == Thinking(None, ALLOWANCES["low"])
    for _ in range(3):
        seen.add("m", "planner", None, 0)
    assert thinking_of(unknown, "none", seen, "m", "planner") is None
    seen.add("m", "reasoner", None, 700)
    assert thinking_of(unknown, "none", seen, "m", "planner") == Thinking("none", 1050)
    seen.add("m", "planner", "none", 0)
    able = Abilities().informed("a test", thinks="can")
    assert thinking_of(able, "none", seen, "m", "planner") == Thinking("none", 0)
    assert thinking_of(Abilities().informed("a test", thinks="never"), "high", seen, "m", "direct") is None
