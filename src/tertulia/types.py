"""The nouns: what is asked, planned, found, judged and answered.

Every noun is a frozen dataclass that knows nothing of models, networks or files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

from .errors import InvalidQuestion, PlanError
from .excerpts import excerpt

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "auto"]
"""The most that may be spent on thinking, in the words of OpenAI's `reasoning_effort`; a ceiling, not a quota."""

LONGEST_QUESTION = 1_000_000
"""Characters a question may have; longer material belongs in a document."""
ITEM = re.compile(r"^[^\S\n]*(?:\(?[a-h1-9][).]|[-*])\s+\S", re.M)
"""The beginning of an item of a list."""


@dataclass(frozen=True)
class Image:
    """A picture, as encoded bytes."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}

    data: bytes
    media_type: str = "image/png"


@dataclass(frozen=True)
class Tool:
    """A function of whoever asks, which the model may want called in the place of an answer."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of its arguments."""
    strict: bool | None = None
    """Whether the arguments must follow the schema to the letter; None if whoever asks did not say."""


@dataclass(frozen=True)
class Call:
    """What the model wants called."""

    id: str
    name: str
    arguments: str
    """JSON, as the model wrote it."""


@dataclass(frozen=True)
class Turn:
    """Something said in a conversation: by a person, an assistant, a tool, or whoever sets the rules."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    images: tuple[Image, ...] = ()
    calls: tuple[Call, ...] = ()
    """Tools that an assistant called."""
    answers: str = ""
    """Id of the call whose result the turn of a tool is."""
    name: str = ""
    """Who says it, where several speak in the same role."""
    contents: tuple[str | Image, ...] = ()
    """Texts and images in their order; empty where that is `text` and then `images`."""


@dataclass(frozen=True)
class Kept:
    """What a provider wants back with the tools it called: thoughts, signatures, encrypted items.

    Nobody but that provider may see it, and nobody reads it on the way.
    """

    by: str
    """Whose it is: the address and the model that wrote it."""
    data: str
    """JSON, as it came."""


@dataclass(frozen=True)
class Form:
    """How the answer is to be written, beyond what the question says; what is None is left to the strategy.

    It holds for the call that writes the answer, and for no other.
    """

    instructions: str = ""
    """What holds for the whole conversation: the system message of a chat."""
    max_tokens: int | None = None
    """Most tokens of that call."""
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    """Texts that end the answer."""
    seed: int | None = None
    schema: Mapping[str, Any] | None = None
    """JSON schema of the answer."""
    tools: tuple[Tool, ...] = ()
    must_call: str = ""
    """Name of the tool that must be called, `*` if any of them; empty if none must."""


@dataclass(frozen=True)
class Question:
    """What the person asks, with whatever they attach.

    Raises:
        InvalidQuestion: if it is empty or longer than `LONGEST_QUESTION`.
    """

    text: str
    images: tuple[Image, ...] = ()
    documents: tuple[str, ...] = ()
    """Names of document collections the librarian may read."""
    history: tuple[Turn, ...] = ()
    """The conversation so far, oldest first."""
    language: str = ""
    """The language to answer in, as an English word (`Spanish`); empty for that of the question."""
    form: Form = Form()
    since: tuple[Turn, ...] = ()
    """What was said after the question: calls of tools and their results, or the beginning of an answer."""
    name: str = ""
    """Who asks, where several speak."""
    contents: tuple[str | Image, ...] = ()
    """Texts and images of the question in their order; empty where that is `text` and then `images`."""
    truncates: bool = False
    """Whether the oldest turns may be left out where a model cannot read all of them."""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise InvalidQuestion('the question is empty; ask something, as in: tertulia ask "What is 6 times 7?"')
        if len(self.text) > LONGEST_QUESTION:
            raise InvalidQuestion(
                f"the question has {len(self.text):,} characters and the most is {LONGEST_QUESTION:,}; "
                "put long material in a document and ask about it"
            )

    @cached_property
    def parts(self) -> int:
        """Questions and items in an excerpt of it, 1 or more; items before its only question are what is given."""
        text = excerpt(self.text)
        asked, items = text.count("?"), list(ITEM.finditer(text))
        given = asked == 1 and items and items[-1].end() <= text.index("?")
        return max(1, asked if given else asked + len(items))

    @property
    def briefing(self) -> str:
        """The question, after the instructions that came with it: what whoever works on it must know."""
        return f"{self.form.instructions}\n\n{self.text}" if self.form.instructions else self.text


@dataclass(frozen=True)
class Task:
    """One part of a question, given to one agent."""

    id: str
    text: str
    agent: str
    needs: tuple[str, ...] = ()
    """Ids of the tasks whose findings this one reads."""
    question: str = ""
    """The question it is a part of, for the agent to read; empty if the task says all there is to know."""


@dataclass(frozen=True)
class Plan:
    """Tasks in a directed acyclic graph.

    Raises:
        PlanError: if it is empty, repeats an id, needs an unknown task, or has a cycle.
    """

    tasks: tuple[Task, ...]

    def __post_init__(self) -> None:
        ids = [task.id for task in self.tasks]
        if not ids:
            raise PlanError("the plan has no task")
        if len(set(ids)) < len(ids):
            raise PlanError(f"the plan repeats an id: {ids}")
        unknown = {need for task in self.tasks for need in task.needs} - set(ids)
        if unknown:
            raise PlanError(f"tasks need tasks that are not in the plan: {sorted(unknown)}")
        done: set[str] = set()
        while len(done) < len(ids):
            ready = self.ready(done)
            if not ready:
                raise PlanError(f"tasks wait for each other: {sorted(set(ids) - done)}")
            done |= {task.id for task in ready}

    def ready(self, done: Iterable[str], started: Iterable[str] = ()) -> list[Task]:
        """Tasks whose needs are all in `done`, and that are neither done nor started."""
        done, started = set(done), set(started)
        return [task for task in self.tasks if task.id not in done | started and done >= set(task.needs)]


@dataclass(frozen=True)
class Passage:
    """A piece of a document, with where it comes from."""

    text: str
    source: str
    score: float = 0.0
    """Relevance to the query, higher is better; only comparable within one search."""


@dataclass(frozen=True)
class Citation:
    """A piece of a document that bears out a finding, in the document's own letters."""

    text: str
    source: str
    """Path of the document."""
    start: int
    """First character, counted in the text of the document."""
    end: int
    title: str = ""
    page: int | None = None
    """Page, slide or sheet, from 1; None if the format has none."""
    section: str = ""
    """Headings above it."""
    document: int | None = None
    """Id of the document in its library."""
    passage: int | None = None
    """Id of the passage in its library."""
    score: float = 100.0
    """Likeness of what was claimed and what is there, of 100."""


@dataclass(frozen=True)
class Execution:
    """A program that an agent wrote, and what came of running it."""

    program: str
    output: str = ""
    """What it printed or, if it printed nothing, the value of its last expression."""
    error: str = ""
    """Why it failed; empty if it ran to its end."""
    tier: str = ""
    """Which sandbox ran it."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Finding:
    """What one agent found out for one task."""

    task: str
    agent: str
    text: str
    ok: bool = True
    """False if nothing was found: then `text` says why."""
    asked: str = ""
    """What the task asked."""
    executions: tuple[Execution, ...] = ()
    """Programs that were run for it, the last one being the one it rests on."""
    sources: tuple[Passage, ...] = ()
    """Passages that were read for it."""
    citations: tuple[Citation, ...] = ()
    """What in them bears it out; each was found there by code."""
    images: tuple[Image, ...] = ()
    written_by: str | None = None
    """Key of the model call that wrote `text`; None if that does not matter."""


Findings = Mapping[str, Finding]
"""Findings by task id."""


@dataclass(frozen=True)
class Verdict:
    """What a critic says of a finding."""

    accepted: bool
    reason: str
    evidence: str = ""
    """What the verdict rests on: an output, a recomputed sum, a passage. Empty only for an acceptance by default."""
    better: str = ""
    """Who should try again, if another agent could give the evidence that is missing; empty for the same agent."""


@dataclass(frozen=True)
class Answer:
    """What the person gets back."""

    text: str
    written_by: str | None = None
    """Key of the model call that wrote `text`; None if no model wrote it."""
    findings: Findings = field(default_factory=dict)
    images: tuple[Image, ...] = ()
    citations: tuple[Citation, ...] = ()
    """What `[1]`, `[2]`, … in the text stand for, in that order."""
    stopped: str | None = None
    """Why the run ended before its time; None if it did not."""
    calls: tuple[Call, ...] = ()
    """Tools of whoever asked that are to be called before there is an answer."""
