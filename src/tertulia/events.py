"""All that can happen in a run, as it happens.

One stream serves every reader: the progress display, the web page, the trace and the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from .errors import UnknownName
from .types import Answer, Execution, Finding, Plan, Question, Task, Verdict
from .usage import Entry, Report

Decision = Literal[
    "direct",  # answer in one call
    "think",  # answer in one call, after thought
    "compute",  # have a program give the answer
    "vote",  # sample answers, and take the one that most give
    "refine",  # draft, check, and revise what the check found
    "synthesize",  # compile one answer of several drafts
    "rag",  # answer from documents
    "plan",  # split the question into tasks
    "replan",  # plan again for what was not found
    "restate",  # the question was made complete in itself
    "majority",  # the answer that most samples gave is taken
    "mend",  # the answer is written again in the form that is asked for
    "level",  # a level of a tree search ended
    "round",  # a round of a debate ended
    "other",  # of a strategy that has no word of its own here
]
"""What a run can decide; a closed set, so that programs can match on it."""
DECISIONS: tuple[Decision, ...] = get_args(Decision)


@dataclass(frozen=True)
class Asked:
    question: Question
    strategy: str


@dataclass(frozen=True)
class Decided:
    """A choice that changes what the run spends, and why it was made.

    Raises:
        UnknownName: if the choice is none of `DECISIONS`.
    """

    choice: Decision
    reason: str
    """Why, in English; `narration` has it in other languages."""
    number: int | None = None
    """Which level or round it was, from 1; None where there is only one."""

    def __post_init__(self) -> None:
        if self.choice not in DECISIONS:
            raise UnknownName("decision", self.choice, DECISIONS)


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
