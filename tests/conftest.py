"""A house with a fixed mind, and helpers to see what happens in it."""

from __future__ import annotations

import asyncio
import json

import pytest

from tertulia import House, Question
from tertulia.providers.scripted import Scripted
from tertulia.strategies.tertulia import Tertulia

PLAN = json.dumps(
    {
        "t1": {"task": "How many minutes has a day?", "agent": "calculator", "needs": []},
        "t2": {"task": "How many hours has a week?", "agent": "calculator", "needs": []},
        "t3": {"task": "Which is larger?", "agent": "reasoner", "needs": ["t1", "t2"]},
        "t4": None,
    }
)
ANSWER = "A day has 1440 minutes, more than the 168 hours of a week."


def says(system: str, text: str) -> str:
    """A model with a fixed mind."""
    if system.startswith("You plan"):
        return PLAN
    if "Python" in system:
        return "print(24*60)" if text.endswith("minutes has a day?") else "print(24*7)"
    if system.startswith("You write the answer"):
        return ANSWER
    return "1440 and 168 are compared.\nConclusion: 1440 is larger"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The real model takes all cores: tests that use it run one after another also where others run beside them."""
    for item in items:
        if item.get_closest_marker("model"):
            item.add_marker(pytest.mark.xdist_group("model"))


@pytest.fixture
def house():
    def make(says=says, seconds=0.0, **kwargs):
        return House({"default": Scripted(says, seconds=seconds)}, **{"strategy": Tertulia(), **kwargs})

    return make


@pytest.fixture
def happen():
    """Ask a house something: what it answered, and all that happened."""

    def ask(house, text="Are there more minutes in a day than hours in a week?", **kwargs):
        events = []
        answered = asyncio.run(house.ask(Question(text), events.append, **kwargs))
        return answered, events

    return ask
