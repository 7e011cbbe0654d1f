"""Turns a question into a plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ..errors import PlanError, UnusableReply
from ..events import Failed
from ..run import Run
from ..tools.structured import as_json, schema_of
from ..types import Plan, Question, Task
from . import Agent, Member

SYSTEM = """You plan how colleagues answer a question. Split it into the fewest tasks, at most {most}.
A task is one part that one colleague can do alone. Name it in a few words: the colleague reads the question too.
Parts that do not depend on each other are separate tasks. If the question has one part, plan one task.
A task that uses what another finds lists it in "needs". Never plan a task to write up or combine the answer.
Your colleagues:
{agents}
Reply in JSON. Write the tasks in the language of the question."""

EXAMPLES = (
    (
        "What is 15 % of 240?",
        {"t1": {"task": "15 % of 240", "agent": "calculator", "needs": []}},
    ),
    (
        "A pump that gives 45 litres a minute runs from 6:40 to 9:05. How much water is that? "
        "For how many days is it enough for 12 people who use 90 litres a day each?",
        {
            "t1": {"task": "litres pumped from 6:40 to 9:05", "agent": "calculator", "needs": []},
            "t2": {"task": "days it is enough for 12 people", "agent": "calculator", "needs": ["t1"]},
        },
    ),
    (
        "Una tienda vende 120 libros al día a 9 euros y paga 300 euros al día. ¿Cuánto gana en 6 días? Si abre el 3 "
        "de mayo de 2024, ¿qué día de la semana es 45 días después? ¿Por qué se pone amarillo el papel?",
        {
            "t1": {"task": "ganancia en 6 días", "agent": "calculator", "needs": []},
            "t2": {"task": "día de la semana, 45 días después", "agent": "calculator", "needs": []},
            "t3": {"task": "por qué se pone amarillo el papel", "agent": "reasoner", "needs": []},
        },
    ),
)


class _Task(BaseModel):
    task: str
    agent: str
    needs: list[str] = []


@dataclass(frozen=True)
class Planner(Member):
    name: str = "planner"
    skill: str = "splits a question into tasks, each for one agent"
    most: int = 4
    """Most tasks a plan may have, 1 or more."""
    system: str = SYSTEM
    longest: int = 200
    """Characters a task's text may have."""

    async def plan(self, question: Question, agents: Sequence[Agent], run: Run) -> Plan:
        """A plan for the question; a plan of one task if the model's text cannot be read as one, even repaired."""
        run, names = run.by(self.name), [agent.name for agent in agents]
        text = question.briefing
        for _ in range(2):
            try:
                reply = await run.ask(
                    self.system.format(most=self.most, agents="\n".join(f"{a.name}: {a.skill}" for a in agents)),
                    text,
                    examples=[(asked, plan_as_json(plan, self.most)) for asked, plan in EXAMPLES],
                    conversation=question,
                    schema=schema(names, self.most, self.longest),
                    max_tokens=80 * self.most,
                )
                return parse(reply.text, names)
            except (PlanError, UnusableReply) as error:
                run.emit(Failed(self.name, str(error)))
                text = f"{question.briefing}\n\nYour last plan could not be used: {error}. Plan again."
        return Plan((Task("t1", question.text, names[0]),))


def schema(agents: Sequence[str], most: int, longest: int) -> dict[str, Any]:
    """JSON schema of a plan: agents by name, and each task needing only earlier ones, so no cycle can be written.

    Tasks that are not used are null, since some providers require that every property be present.
    """

    def task(number: int) -> dict[str, Any]:
        earlier = [f"t{i}" for i in range(1, number)]
        needs = {"items": {"type": "string", "enum": earlier or ["t0"]}, "maxItems": len(earlier)}
        return schema_of(_Task, task={"maxLength": longest}, agent={"enum": list(agents)}, needs=needs)

    tasks = {f"t{i}": task(i) if i == 1 else {"anyOf": [task(i), {"type": "null"}]} for i in range(1, most + 1)}
    return {"type": "object", "properties": tasks, "required": list(tasks), "additionalProperties": False}


def plan_as_json(plan: dict[str, Any], most: int) -> str:
    """A plan as the schema wants it."""
    return json.dumps({f"t{i}": plan.get(f"t{i}") for i in range(1, most + 1)}, ensure_ascii=False)


def parse(text: str, agents: Sequence[str]) -> Plan:
    """Read a plan from the model's text; what a task needs and is not in the plan is dropped.

    Raises:
        PlanError: if it is not JSON, is for an agent who is not here, or is no plan.
    """
    try:
        found = {id: task for id, task in as_json(text, dict[str, _Task | None]).items() if task}
    except UnusableReply as error:
        raise PlanError(str(error)) from None
    for id, task in found.items():
        if task.agent not in agents:
            raise PlanError(f"task {id} is for {task.agent!r}, and the colleagues are {', '.join(agents)}")
    needs = {id: tuple(need for need in dict.fromkeys(task.needs) if need in found) for id, task in found.items()}
    tasks = [Task(id, task.task.strip(), task.agent, needs[id]) for id, task in found.items()]
    return Plan(tuple(task for task in tasks if task.text))
