"""A run as a reasoning model tells it: what the agents do in readable lines, then the answer piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..events import (
    Answered,
    Called,
    Event,
    Replied,
    TaskStarted,
    Text,
    Thought,
)
from ..narration import Language, Narrator, Sentence
from ..narration.catalogue import IT_FAILED, RAN_THIS
from ..types import Call

LONGEST_LINE = 400
"""Characters of a thought that are gathered before they are told, if no line ends sooner."""
LONGEST_TEXT = 2000
"""Characters that are told of a program, an output or a finding."""


@dataclass(frozen=True)
class Line:
    """Something an agent did or thought."""

    step: str
    """Which step of the work it belongs to: lines of the same step in a row are one part of a summary."""
    text: str


@dataclass(frozen=True)
class Words:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class WantedCall:
    """A tool of the client that is to be called before there is an answer."""

    call: Call


Piece = Line | Words | WantedCall


@dataclass
class Teller:
    """Events in, pieces out."""

    whole: bool = False
    """True tells the answer only once it is final, for readers who cannot do with half of it."""
    work: Work = field(default_factory=lambda: Work())
    answer: Writing = field(default_factory=lambda: Writing())

    def see(self, event: Event) -> Iterator[Piece]:
        """What there is to tell when this has happened."""
        yield from self.work.see(event)
        if self.whole and not isinstance(event, Answered):
            return
        if text := self.answer.see(event):
            yield Words(text)
        if isinstance(event, Answered):
            yield from map(WantedCall, event.answer.calls)


@dataclass
class Work:
    """The lines of a run so far."""

    thoughts: dict[str, str] = field(default_factory=dict)
    """What is being thought in each call, up to the end of the line."""
    steps: int = 0
    thinking: str = ""
    """The call whose thoughts were told last, if nothing was told since."""
    narrator: Narrator = field(default_factory=Narrator)

    def see(self, event: Event) -> Iterator[Line]:
        match event:
            case Thought():
                yield from self._thought(event)
            case Replied():
                yield from self._rest(event.entry.key)
            case Text() | Called() | TaskStarted():  # not for whoever waits for the answer
                pass
            case _ if told := self.narrator.tell(event):
                self.steps += 1
                self.thinking = ""
                yield Line(f"step {self.steps}", lines(told, self.narrator.language or "en"))

    def _thought(self, event: Thought) -> Iterator[Line]:
        text = self.thoughts.get(event.key, "") + event.text
        *lines, rest = text.split("\n")
        while len(rest) > LONGEST_LINE:
            cut = rest.rfind(" ", 0, LONGEST_LINE) + 1 or LONGEST_LINE
            lines.append(rest[:cut].rstrip())
            rest = rest[cut:]
        self.thoughts[event.key] = rest
        for line in lines:
            yield from self._thinks(event.key, line)

    def _rest(self, key: str) -> Iterator[Line]:
        yield from self._thinks(key, self.thoughts.pop(key, ""))

    def _thinks(self, key: str, line: str) -> Iterator[Line]:
        if line.strip():
            tag = "" if self.thinking == key else f"[{' '.join(key.rsplit(':', 1)[0].split('/'))}] "
            self.thinking = key
            yield Line(f"thoughts {key}", tag + line.rstrip())


@dataclass
class Writing:
    """The answer as it is written; another attempt at it goes on from where it differs from what was told."""

    key: str = ""
    """The call that writes it."""
    told: list[str] = field(default_factory=list)
    """Pieces of this attempt that were told."""
    spaces: str = ""
    """Spaces that wait until it is known that something follows them."""
    before: str | None = None
    """What earlier attempts told, for as long as this one only repeats it; None if it does not."""
    repeated: str = ""
    """What this attempt wrote while it repeated an earlier one."""

    def see(self, event: Event) -> str:
        """What the event adds to the answer."""
        match event:
            case Text(final=True):
                if event.key != self.key:
                    self._restart()
                self.key = event.key
                return self._add(event.text)
            case Called() if event.entry.key == self.key:
                self._restart()
            case Answered():
                self._restart()
                return self._add(event.answer.text)
        return ""

    def _restart(self) -> None:
        if self.before is None:
            self.before = "".join(self.told)
        self.told, self.spaces, self.repeated = [], "", ""

    def _add(self, text: str) -> str:
        text = self.spaces + text
        if not self.told and not self.repeated:
            text = text.lstrip()
        new = text.rstrip()
        self.spaces = text[len(new) :]
        return self._differing(new) if self.before is not None else self._tell(new)

    def _differing(self, new: str) -> str:
        """What is new in an attempt that may repeat what was told before."""
        assert self.before is not None
        self.repeated += new
        if self.before.startswith(self.repeated):
            return ""
        before, whole = self.before, self.repeated
        self.before, self.repeated = None, ""
        self._tell(whole)
        if whole.startswith(before):
            return whole[len(before) :]
        return f"\n\n{whole}"

    def _tell(self, new: str) -> str:
        self.told.append(new)
        return new


def lines(told: Sentence, language: Language) -> str:
    """A sentence as it stands in a summary: a plan with its tasks, a program as code."""
    who = f"[{told.place}] " if told.place else ""
    if told.parts:
        tasks = (f"- [{part.place}] {shortened(part.detail)}" for part in told.parts)
        return "\n".join([f"{told.text.capitalize()}:", *tasks])
    if told.kind == "ran":
        outcome = "→" if told.ok else f"{IT_FAILED.say(language)}:"
        program = f"```python\n{shortened(told.program)}\n```"
        return f"{who}{RAN_THIS.say(language)}:\n{program}\n{outcome} {shortened(told.detail)}"
    return f"{who}{told.text}: {shortened(told.detail)}" if told.detail else f"{who}{told.text}"


def shortened(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
