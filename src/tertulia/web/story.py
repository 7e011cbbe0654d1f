"""A run as a screen tells it: a fold over its numbered events, at any moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..events import (
    Answered,
    Asked,
    Called,
    Executed,
    Found,
    Judged,
    Planned,
    Replied,
    TaskStarted,
    Text,
    Thought,
    Used,
)
from ..narration import Narrator, Sentence
from ..progress import Progress
from ..stores.records import Numbered
from ..types import Execution, Task
from ..usage import Entry

LONGEST = 20_000
"""Characters of one text that are shown; the exports have the rest."""
MOST_TOLD = 200
"""Sentences that are kept, the newest."""


@dataclass
class Thinking:
    """What one call thought."""

    agent: str
    text: str = ""
    began: float = 0.0
    ended: float | None = None
    """None while it goes on."""
    length: int = 0
    """Characters in all, of which `text` has the first."""

    @property
    def seconds(self) -> float:
        return (self.ended or self.began) - self.began


@dataclass
class Part:
    """One task, or another place in the work, as far as it has come."""

    id: str
    agent: str
    task: Task | None = None
    began: float | None = None
    ended: float | None = None
    """When it was last found or judged."""
    thinking: dict[str, Thinking] = field(default_factory=dict)
    """By the key of the call."""
    executions: list[Execution] = field(default_factory=list)
    entries: dict[tuple[str, int], Entry] = field(default_factory=dict)
    reply: str = ""
    """What the last call replied, for places that have no finding."""

    @property
    def tokens(self) -> int:
        """Of all calls that have ended."""
        return sum(entry.usage.total for entry in self.entries.values() if entry.status != "open")

    @property
    def exact(self) -> bool:
        return all(entry.usage.exact for entry in self.entries.values())

    @property
    def seconds(self) -> float | None:
        """From its first event to its last; None if it has not begun or not ended."""
        return None if self.began is None or self.ended is None else self.ended - self.began


@dataclass
class Story:
    """`see` moves it on."""

    progress: Progress = field(default_factory=Progress)
    narrator: Narrator = field(default_factory=Narrator)
    parts: dict[str, Part] = field(default_factory=dict)
    """Tasks and the other places in the work, in the order in which they appeared."""
    told: list[Sentence] = field(default_factory=list)
    answer: str = ""
    """The answer as far as it is written."""
    number: int = 0
    """Of the last event."""
    began: float = 0.0
    at: float = 0.0
    """When the last event happened."""
    _answering: str = ""

    def see(self, numbered: Numbered) -> None:
        event = numbered.event
        self.number, self.at = numbered.number, numbered.at
        self.began = self.began or numbered.at
        self.progress.see(event)
        if sentence := self.narrator.tell(event):
            self.told = [*self.told[-MOST_TOLD + 1 :], sentence]
        match event:
            case Planned():
                for task in event.plan.tasks:
                    self.parts.setdefault(task.id, Part(task.id, task.agent, task))
            case TaskStarted():
                self._part(event.task.id, event.task.agent).began = numbered.at
            case Called() | Replied():
                self._called(event, numbered.at)
            case Thought():
                self._thought(event, numbered.at)
            case Executed():
                self._place(event.key, event.agent).executions.append(event.execution)
            case Used():
                self._place(event.key, event.agent)
            case Text(final=True):
                if event.key != self._answering:  # it is written again, from the beginning
                    self._answering, self.answer = event.key, ""
                self.answer += event.text
            case Found():
                self._part(event.finding.task, event.finding.agent).ended = numbered.at
            case Judged():
                if event.task in self.parts:
                    self.parts[event.task].ended = numbered.at
            case Answered():
                self.answer = event.answer.text
            case Asked():
                pass
            case _:
                pass

    @property
    def tasks(self) -> list[Part]:
        """Those of the plan."""
        return [part for part in self.parts.values() if part.task]

    @property
    def others(self) -> list[Part]:
        """Places in the work beside the tasks: who planned, sampled or judged, and who wrote the answer."""
        return [part for part in self.parts.values() if not part.task]

    @property
    def done(self) -> int:
        """Tasks that nothing more happens to, as far as is known."""
        return sum(self.progress.state(part.id) in ("done", "failed", "rejected") for part in self.tasks)

    def state(self, part: Part) -> str:
        """As `Progress.state` for a task; other places work while a call of theirs is open."""
        if part.task:
            return self.progress.state(part.id)
        last = list(part.entries.values())[-1:]
        if any(entry.status == "open" for entry in part.entries.values()):
            return "working"
        return "failed" if last and last[0].status not in ("ok", "abandoned") else "done"

    def critical(self) -> list[str]:
        """Tasks that decided how long it took: the one that ended last, the need it waited for longest, and so on."""
        ended = {part.id: part.ended for part in self.tasks if part.ended is not None}
        path: list[str] = []
        at = max(ended, key=lambda id: ended[id] or 0.0, default="")
        while at:
            path.append(at)
            task = self.parts[at].task
            needs = [need for need in (task.needs if task else ()) if need in ended]
            at = max(needs, key=lambda id: ended[id] or 0.0, default="")
        return path[::-1]

    def _part(self, id: str, agent: str) -> Part:
        return self.parts.setdefault(id, Part(id, agent))

    def _place(self, key: str, agent: str) -> Part:
        """The task that a key belongs to, or the place that it names."""
        places = key.rpartition(":")[0].split("/")
        task = next((one for one in places if one in self.parts and self.parts[one].task), None)
        return self.parts[task] if task else self._part("/".join(places), agent)

    def _called(self, event: Called | Replied, at: float) -> None:
        entry = event.entry
        part = self._place(entry.key, entry.agent)
        part.entries[entry.key, entry.attempt] = entry
        part.began = at if part.began is None else part.began
        if isinstance(event, Replied):
            if part.task is None:
                part.ended, part.reply = at, event.text
            if (thinking := part.thinking.get(entry.key)) and thinking.ended is None:
                thinking.ended = at

    def _thought(self, event: Thought, at: float) -> None:
        part = self._place(event.key, event.agent)
        thinking = part.thinking.setdefault(event.key, Thinking(event.agent, began=at))
        thinking.length += len(event.text)
        if len(thinking.text) < LONGEST:
            thinking.text = (thinking.text + event.text)[:LONGEST]


def story_of(events: Iterable[Numbered], until: int | None = None) -> Story:
    """The run as it was after event number `until`; as it is, if that is None."""
    story = Story()
    for numbered in events:
        if until is not None and numbered.number > until:
            break
        story.see(numbered)
    return story
