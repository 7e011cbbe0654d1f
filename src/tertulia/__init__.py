"""Tertulia: a reasoning model made of agents."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

from .budget import Budget
from .events import Answered, Event
from .house import House
from .model import Message, Model, Request
from .types import Answer, Finding, Image, Plan, Question, Task, Verdict
from .usage import Ledger, Report, Usage

__version__ = version("tertulia")

__all__ = [
    "Answer",
    "Answered",
    "Budget",
    "Event",
    "Finding",
    "House",
    "Image",
    "Ledger",
    "Message",
    "Model",
    "Plan",
    "Question",
    "Report",
    "Request",
    "Task",
    "Usage",
    "Verdict",
    "ask",
]


def ask(question: str, **settings: Any) -> Answered:
    """Ask one question and wait for the answer.

    Args:
        settings: Any field of `tertulia.settings.Settings`, as in `model="ollama:qwen3"`; what is not given comes
            from the environment and the settings file.

    Raises:
        TertuliaError: if it cannot be answered; the message says what would work.
    """
    from .opening import open_house
    from .settings import load  # reads files and the environment, which importing must not

    async def answered() -> Answered:
        async with await open_house(load(**settings)) as house:
            return await house.ask(Question(question))

    return asyncio.run(answered())
