"""All that can happen in a run, as it happens.

One stream serves every reader: the progress display, the web page, the trace and the store.
"""

from __future__ import annotations

from dataclasses import dataclass

from .types import Answer, Execution, Finding, Plan, Question, Task, Verdict
from .usage import Entry, Report


@dataclass(frozen=True)
class Asked:
    question: Question
    strategy: str


@dataclass(frozen=True)
class Decided:
    """A choice that changes what the run spends, and why it was made."""

    choice: str
    reason: str


@dataclass(frozen=True)
class Planned:
    plan: Plan


@dataclass(frozen=True)
class TaskStarted:
    task: Task


@dataclass(frozen=True)
class Called:
    """An attempt at a model call begins; its usage is the most it may cost."""

    entry: Entry


@dataclass(frozen=True)
class Text:
    """A piece of a reply, as it is written."""

    key: str
    agent: str
    text: str
    final: bool = False
    """True if it is a piece of the answer that the person sees."""


@dataclass(frozen=True)
class Thought:
    """A piece of what a model thinks apart from its reply."""

    key: str
    agent: str
    text: str


@dataclass(frozen=True)
class Replied:
    """An attempt at a model call ended, well or not; its entry is settled."""

    entry: Entry
    text: str
    error: str = ""


@dataclass(frozen=True)
class Waiting:
    """A call failed for a passing reason and is made again after a pause."""

    key: str
    seconds: float
    reason: str


@dataclass(frozen=True)
class Executed:
    """A program was run in the sandbox."""

    key: str
    agent: str
    execution: Execution


@dataclass(frozen=True)
class Used:
    """A tool other than the sandbox was used."""

    key: str
    agent: str
    tool: str
    seconds: float
    error: str = ""
    """Why it gave nothing; empty if it did."""


@dataclass(frozen=True)
class Found:
    finding: Finding


@dataclass(frozen=True)
class Judged:
    task: str
    verdict: Verdict


@dataclass(frozen=True)
class Failed:
    """Something went wrong that the run can live with."""

    where: str
    error: str


@dataclass(frozen=True)
class Answered:
    answer: Answer
    report: Report


Event = (
    Asked
    | Decided
    | Planned
    | TaskStarted
    | Called
    | Text
    | Thought
    | Replied
    | Waiting
    | Executed
    | Used
    | Found
    | Judged
    | Failed
    | Answered
)


def ignore(event: Event) -> None:
    """A listener that does not listen."""
