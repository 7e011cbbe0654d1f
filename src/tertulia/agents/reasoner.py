"""Thinks a task through in words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..run import Run
from ..types import Finding, Findings, Task
from . import Agent, brief

SYSTEM = """You answer one part of a question. Think in at most five short sentences, from what is given or well known.
Then write a last line that begins with "Conclusion:" and states what you found, complete in itself.
Write in the language of the question."""


@dataclass(frozen=True)
class Reasoner(Agent):
    name: str = "reasoner"
    skill: str = "explains, judges or recalls in words what needs no calculation"
    system: str = SYSTEM
    max_tokens: int = 300
    """Most tokens it may think and conclude in."""

    async def work(self, task: Task, known: Findings, run: Run) -> Finding:
        reply = await run.by(self.name).ask(self.system, brief(task, known), max_tokens=self.max_tokens)
        return Finding(task.id, self.name, conclusion(reply.text), asked=task.text)


def conclusion(text: str) -> str:
    """What the text concludes; all of it if no line says so."""
    *_, last = re.split(r"^[^\w\n]*(?:conclusion|conclusión|conclusao|conclusão)\W*:", text, flags=re.I | re.M)
    return last.strip(" *\n") or text.strip()
