"""Asks a planned question of every behaviour of the zoo, and writes down what was sent and what it cost.

python -m bench.zoo.table [--out docs/zoo.md]
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from tertulia import House, Question
from tertulia.errors import TertuliaError
from tertulia.events import Event, Replied
from tertulia.providers.catalog import Wishes
from tertulia.registry import find
from tertulia.strategies.tertulia import Tertulia

from . import BEHAVIOURS, Zoo

PLAN = {
    "t1": {"task": "How many minutes has a day?", "agent": "calculator", "needs": []},
    "t2": {"task": "Which is larger?", "agent": "reasoner", "needs": ["t1"]},
    "t3": None,
    "t4": None,
}
RULES = (
    ("^You plan", json.dumps(PLAN)),
    ("writing a Python program", "print(24 * 60)"),
    ("Conclusion", "Both are known.\nConclusion: the first is larger"),
    ("^You write the answer", "A day has more minutes."),
)
FIELDS = ("reasoning_effort", "reasoning", "thinking", "enable_thinking", "chat_template_kwargs", "temperature")
CAPS = ("max_tokens", "max_completion_tokens")
QUESTION = Question("Are there more minutes in a day than hours in a week?")


async def row(name: str) -> str:
    """The second of two planned questions: what the planner and the reasoner were sent, and how it went."""
    async with Zoo() as zoo:
        zoo.script(*RULES)
        model = find("provider", BEHAVIOURS[name].provider)(name, Wishes(url=zoo.at(name), key="mine"))
        async with House({"default": model}, Tertulia()) as house:
            events: list[Event] = []
            outcome = await ended(house, events)
            vain = sum(e.entry.status != "ok" and e.entry.usage.total > 0 for e in events if isinstance(e, Replied))
            zoo.bodies.clear()
            outcome = await ended(house, []) or outcome
            sent = {
                agent: said(zoo.bodies, starts)
                for agent, starts in (("p", "You plan"), ("r", "You answer one part of a question."))
            }
    about = BEHAVIOURS[name].about.rstrip(".").replace("|", "\\|")
    return f"| `{name}` | {about} | {sent['p']} | {sent['r']} | {vain} | {outcome or 'answered'} |"


async def ended(house: House, events: list[Event]) -> str:
    """Empty if the question was answered, else why not."""
    try:
        await house.ask(QUESTION, events.append)
    except TertuliaError as error:
        return type(error).__name__
    return ""


def said(bodies: list[dict[str, Any]], starts: str) -> str:
    """What the last request to an agent says of thought, temperature and length."""
    for body in reversed(bodies):
        if str(body["messages"][0]["content"]).lstrip().startswith(starts):
            parts = [f"{name}: {json.dumps(body[name])}" for name in FIELDS if name in body]
            parts += [f"{name}: {body[name]}" for name in CAPS if name in body]
            return "`" + ", ".join(parts).replace("|", "\\|") + "`"
    return "not asked"


async def table() -> str:
    lines = [
        "| behaviour | what it does | the planner is sent | the reasoner is sent | calls in vain | outcome |",
        "|---|---|---|---|---:|---|",
    ]
    for name in BEHAVIOURS:
        lines.append(await row(name))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="What is sent to each behaviour of the zoo.")
    parser.add_argument("--out", type=Path, help="the page whose table is made anew; else it is printed")
    given = parser.parse_args()
    made = asyncio.run(table())
    if given.out is None:
        print(made)
        return
    before, mark, _ = given.out.read_text(encoding="utf-8").partition("<!-- made by python -m bench.zoo.table -->\n")
    given.out.write_text(f"{before}{mark}\n{made}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
