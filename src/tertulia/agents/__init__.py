"""The members of a tertulia. One file each; no agent imports another."""

from __future__ import annotations

from typing import Protocol

from ..run import Run
from ..types import Finding, Findings, Task


class Agent(Protocol):
    """Someone who can work on a task."""

    @property
    def name(self) -> str: ...

    @property
    def skill(self) -> str:
        """One line that tells the planner what to give this agent."""
        ...

    async def work(self, task: Task, known: Findings, run: Run) -> Finding: ...


def told(known: Findings) -> str:
    """Findings as lines of text, for a prompt."""
    return "\n".join(f"[{id}] {finding.asked} -> {line(finding)}" for id, finding in known.items())


def line(finding: Finding) -> str:
    """A finding in one line, or that there is none."""
    return " ".join(finding.text.split()) if finding.ok else f"NOT FOUND ({finding.text})"


def brief(task: Task, known: Findings) -> str:
    """What an agent needs to know to work on a task, and no more."""
    parts = [f"Question: {task.question}"] if task.question else []
    parts += [f"Known:\n{told(known)}"] if known else []
    return "\n\n".join([*parts, f"Your part: {task.text}" if parts else task.text])
