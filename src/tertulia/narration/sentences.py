"""Each event of a run as a sentence: who did what, in English or Spanish."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Literal

from ..events import (
    Answered,
    Asked,
    Called,
    Decided,
    Event,
    Executed,
    Failed,
    Found,
    Judged,
    Planned,
    Replied,
    TaskStarted,
    Text,
    Thought,
    Used,
    Waiting,
)
from ..printable import printable
from ..types import Task
from . import catalogue
from .catalogue import Language, decimal, whole
from .reasons import reason

Kind = Literal["decided", "planned", "started", "ran", "used", "found", "judged", "waiting", "failed", "replied"]
SILENT = (Asked, Called, Text, Thought, Answered)
"""Events without a sentence: what they hold is shown as it is, or said by the events around them."""


@dataclass(frozen=True)
class Sentence:
    """What happened; nothing in it can command a terminal."""

    kind: Kind
    """What a screen can choose a sign, a colour or its silence by."""
    task: str
    """The task it belongs to, or another place in the work, as in `vote`; empty for the run as a whole."""
    who: str
    """The agent; empty if it was no agent's doing."""
    text: str
    """What was done, in a few words."""
    detail: str = ""
    """What was found, printed or given as a reason; may have many lines."""
    ok: bool = True
    """False if something failed or was rejected."""
    program: str = ""
    """The program that was run."""
    inside: str = ""
    """What only whoever keeps the house should read: a provider's own words, the sandbox that was taken."""
    parts: tuple[Sentence, ...] = ()
    """The tasks of a plan."""

    @property
    def place(self) -> str:
        """Task and agent, as in `t1 calculator`."""
        return f"{self.task} {self.who}".strip()

    @property
    def line(self) -> str:
        """All but the program and what is inside, in one line."""
        detail = "; ".join(part.line for part in self.parts) or self.detail
        return " ".join(": ".join(part for part in (f"{self.place} {self.text}".strip(), detail) if part).split())


def needed(task: Task, language: Language) -> str:
    """Which findings a task waits for, in brackets; empty if none."""
    return f"({catalogue.NEEDS.say(language, tasks=', '.join(task.needs))})" if task.needs else ""


@singledispatch
def sentence(event: Event, language: Language = "en") -> Sentence | None:
    """The event in a sentence; None if it is one of the silent."""
    return None


@sentence.register
def _decided(event: Decided, language: Language = "en") -> Sentence:
    text = catalogue.DECISIONS[event.choice].say(language, number=event.number)
    return _said("decided", ("", ""), text, reason(event.reason, language))


@sentence.register
def _planned(event: Planned, language: Language = "en") -> Sentence:
    tasks = event.plan.tasks
    parts = (_said("planned", (one.id, one.agent), "", f"{one.text} {needed(one, language)}") for one in tasks)
    return Sentence("planned", "", "", catalogue.PLAN.say(language), parts=tuple(parts))


@sentence.register
def _started(event: TaskStarted, language: Language = "en") -> Sentence:
    return _said("started", (event.task.id, event.task.agent), catalogue.STARTED.say(language), event.task.text)


@sentence.register
def _ran(event: Executed, language: Language = "en") -> Sentence:
    ran = event.execution
    text = (catalogue.RAN_AND_FAILED if ran.error else catalogue.RAN).say(language)
    return _said("ran", _where(event.key), text, ran.error or ran.output, not ran.error, ran.program, ran.tier)


@sentence.register
def _used(event: Used, language: Language = "en") -> Sentence:
    text = catalogue.USED.say(language, tool=event.tool)
    return _said("used", _where(event.key), text, event.error, not event.error)


@sentence.register
def _found(event: Found, language: Language = "en") -> Sentence:
    found = event.finding
    text = (catalogue.FOUND if found.ok else catalogue.FOUND_NOTHING).say(language)
    return _said("found", (found.task, found.agent), text, found.text, found.ok)


@sentence.register
def _judged(event: Judged, language: Language = "en") -> Sentence:
    verdict = event.verdict
    text = (catalogue.ACCEPTED if verdict.accepted else catalogue.REJECTED).say(language)
    evidence = f" ({reason(verdict.evidence, language)})" if verdict.evidence else ""
    return _said("judged", (event.task, "critic"), text, reason(verdict.reason, language) + evidence, verdict.accepted)


@sentence.register
def _waits(event: Waiting, language: Language = "en") -> Sentence:
    if not event.seconds:
        return _said("waiting", _where(event.key), catalogue.ASKED_AGAIN.say(language), event.reason)
    text = catalogue.WAITS.say(language, seconds=decimal(event.seconds, language))
    return _said("waiting", _where(event.key), text, inside=event.reason)


@sentence.register
def _failed(event: Failed, language: Language = "en") -> Sentence:
    return _said("failed", (event.where, ""), catalogue.FAILED.say(language), event.error, ok=False)


@sentence.register
def _replied(event: Replied, language: Language = "en") -> Sentence:
    usage, seconds = event.entry.usage, decimal(event.entry.seconds, language)
    read, written = (whole(count, language, usage.exact) for count in (usage.read, usage.written))
    text = catalogue.REPLIED.say(language, read=read, written=written, seconds=seconds)
    return _said("replied", _where(event.entry.key), text, ok=not event.error, inside=event.error)


def _where(key: str) -> tuple[str, str]:
    *places, agent = key.rsplit(":", 1)[0].split("/")
    return " ".join(places), agent


def _said(
    kind: Kind,
    where: tuple[str, str],
    said: str,
    detail: str = "",
    ok: bool = True,
    program: str = "",
    inside: str = "",
) -> Sentence:
    """A sentence of texts that strangers may have written."""
    task, who, text = (" ".join(printable(one).split()) for one in (*where, said))
    return Sentence(kind, task, who, text, printable(detail).strip(), ok, printable(program), printable(inside))
