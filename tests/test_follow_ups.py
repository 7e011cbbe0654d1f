"""A follow-up such as "double that" reaches agents who did not hear the conversation before it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import openai
import pytest

from tertulia import Budget, House, Question
from tertulia.agents.restater import Restater, unfit
from tertulia.events import Decided, Failed
from tertulia.opening import make_model, wishes_of
from tertulia.providers.scripted import Scripted
from tertulia.registry import find, parts
from tertulia.settings import load
from tertulia.strategies.auto import Auto
from tertulia.strategies.compute import Compute
from tertulia.strategies.direct import Direct
from tertulia.strategies.search import Search
from tertulia.types import Turn

from .conftest import says
from .serving import serving

HISTORY = (Turn("user", "What is 6 times 7?"), Turn("assistant", "It is 42."))
FOLLOW_UP = Question("Double that.", history=HISTORY)
FULL = "What is double 42?"
DOCUMENTS = ("rag", "tools")
"""Strategies that need more than a model; their agent reads the question as that of `compute` does."""


@pytest.fixture
def ask():
    """Ask a house whose model restates as told: the answer, the events, and what the model was asked."""

    def asked(strategy, question=FOLLOW_UP, restated=FULL, **more):
        heard, events = [], []

        class Listening(Scripted):
            async def stream(self, request):
                heard.append(request)
                async for chunk in super().stream(request):
                    yield chunk

        def speak(system, text):
            return restated if system == Restater().system else says(system, text)

        house = House({"default": Listening(speak)}, strategy, **more)
        return asyncio.run(house.ask(question, events.append)), events, heard

    return asked


@pytest.mark.parametrize("name", sorted({*parts("strategy")} - {*DOCUMENTS}))
def test_every_call_of_every_strategy_knows_what_a_follow_up_is_about(ask, name):
    _, _, heard = ask(find("strategy", name)())
    for request in heard:
        assert "42" in request.text, request.text


def test_an_agent_gets_the_question_in_full(ask):
    _, events, heard = ask(Compute())
    assert heard[1].messages[-1].text == FULL
    assert Decided("restate", FULL) in events


def test_the_triage_decides_on_the_question_in_full(ask):
    question = Question("And times 24?", history=HISTORY)
    _, events, _ = ask(Auto(), question, restated="How many is 6 times 24, less 42?")
    assert any(isinstance(event, Decided) and event.choice == "compute" for event in events)


def test_without_a_conversation_nothing_is_restated(ask):
    _, _, heard = ask(Compute(), Question("What is double 42?"))
    assert all(request.messages[0].text != Restater().system for request in heard)


@pytest.mark.parametrize("strategy", [Direct(), Auto(effort="minimal")])
def test_a_strategy_whose_calls_read_the_conversation_needs_no_restating(ask, strategy):
    _, _, heard = ask(strategy)
    assert len(heard) == 1
    assert [message.text for message in heard[0].messages[1:3]] == [turn.text for turn in HISTORY]


def test_restating_is_reasoning_and_in_the_ledger(ask):
    answered, events, _ = ask(Compute())
    restating = next(event.entry for event in events if getattr(event, "entry", None) and event.entry.status == "ok")
    assert restating.agent == "restater"
    report = answered.report
    assert report.reasoning >= restating.usage.total
    assert report.total == sum(e.entry.usage.total for e in events if type(e).__name__ == "Replied")


def test_what_a_budget_cannot_restate_is_answered_with_the_conversation_in_one_call(ask):
    answered, _, heard = ask(Compute(), budget=Budget(calls=1))
    assert answered.answer.stopped
    assert [message.text for message in heard[0].messages[1:3]] == [turn.text for turn in HISTORY]


@pytest.mark.parametrize("restated", ["What is double 84?", "It is 84", "one\ntwo", "", "double that?", "Gladly."])
def test_what_cannot_be_meant_is_not_believed_and_the_last_turns_come_along(ask, restated):
    _, events, heard = ask(Compute(), restated=restated)
    assert any(isinstance(event, Failed) and event.where == "restater" for event in events)
    program = next(request for request in heard if "Python" in request.messages[0].text)
    assert FOLLOW_UP.text in program.messages[-1].text
    assert "It is 42." in program.messages[-1].text


def test_numbers_are_neither_made_up_nor_lost():
    assert not unfit("What do 3 tickets cost with 10 % off?", "And with 10 % off?", (Turn("user", "3 tickets"),))
    assert not unfit("What is twice 42, times 2?", "Twice that?", HISTORY)
    assert "97" in unfit("What is double 97?", "Double that.", HISTORY)
    assert "15" in unfit("What is 42 less a part?", "And less 15?", HISTORY)
    before = (Turn("user", "El hotel cuesta 1.500 euros y el tren 14,50."),)
    assert not unfit(
        "¿Cuánto cuestan 3 hoteles a 1500 euros y 2,5 trenes a 14,5?", "¿Y 3 hoteles con 2,5 trenes?", before
    )
    assert "1.600" in unfit("¿Cuánto cuestan 3 hoteles a 1.600 euros?", "¿Y 3 hoteles?", before)


def test_the_answer_stays_in_the_language_of_the_follow_up(ask):
    history = (Turn("user", "¿Cuántos días tiene abril?"), Turn("assistant", "Abril tiene 30 días."))
    full = "¿Cuántos días tiene el mes de mayo?"
    _, _, heard = ask(Search(), Question("¿Y mayo?", history=history), restated=full)
    assert "in Spanish" in heard[-1].messages[-1].text


def test_a_long_message_is_taken_as_it_is(ask):
    _, _, heard = ask(Compute(), replace(FOLLOW_UP, text="Double that. " * 100))
    assert all(request.messages[0].text != Restater().system for request in heard)


@pytest.mark.model
async def test_the_model_in_the_box_computes_a_follow_up():
    history = (Turn("user", "¿Cuánto cuestan 3 libros a 12 euros?"), Turn("assistant", "Cuestan 36 euros."))
    async with House({"default": make_model("embedded", wishes_of(load(), print))}, Compute()) as house:
        answered = await house.ask(Question("¿Y 7 libros?", history=history))
    assert "84" in answered.answer.text
    assert answered.report.exact


def test_a_client_sees_what_was_understood():
    def speak(system, text):
        return FULL if system == Restater().system else says(system, text)

    said: list[Any] = [
        {"role": {"user": "user", "assistant": "assistant"}[turn.role], "content": turn.text} for turn in HISTORY
    ]
    with (
        serving(House({"default": Scripted(speak)}, Compute())) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        messages = [*said, {"role": "user", "content": FOLLOW_UP.text}]
        completion = client.chat.completions.create(model="tertulia", messages=messages)
    assert f"the question in full: {FULL}" in completion.choices[0].message.model_extra["reasoning_content"]
    assert completion.usage.tertulia["agents"][0]["agent"] == "restater"
