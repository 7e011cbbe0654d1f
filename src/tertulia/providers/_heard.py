"""A reply as far as it was heard, fed with the JSON values that a server sends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ModelBusy
from ..model import Chunk
from ..types import Call
from ..usage import Usage
from . import _errors
from ._loops import Circle
from ._tags import Tags
from ._usage import Counted
from .reading import clean, items, mapping, mappings, parse, text
from .schemas import fits

MOST_CALLS = 64
"""Tools that one reply may call."""
MOST_BLANKS = 1000
"""Blanks in a row after which a reply is taken to be no more than blanks."""
_ENDS = {"tool_calls": "stop", "max_tokens": "length", "eos": "stop", "end_turn": "stop", "stop_sequence": "stop"}


class Sent(Exception):
    """The server sent an error object in the place of a completion."""

    def __init__(self, error: Mapping[str, Any]):
        self.error = error


class Halves:
    """Text in which a character may come in two halves, one in each piece; half a one alone is replaced."""

    def __init__(self) -> None:
        self._half = ""

    def join(self, piece: str) -> str:
        if not self._half and piece.isascii():  # nearly always
            return piece
        piece, self._half = self._half + piece, ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        return sound(piece)

    def rest(self) -> str:
        half, self._half = self._half, ""
        return sound(half)


def sound(text: str) -> str:
    """The text with its halves of surrogate pairs joined, and those without another half replaced."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass
class Called:
    """A call of a tool, as far as it was heard."""

    number: int
    """As the server counts its calls; some count them all 0."""
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    """Fields of it that go back with it unchanged, such as Gemini's signature."""


@dataclass
class Heard:
    """What was heard of one reply."""

    tags: Tags = field(default_factory=Tags)
    text: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    refusal: str = ""
    called: list[Called] = field(default_factory=list)
    """Calls of tools, in the order in which they came."""
    details: list[dict[str, Any]] = field(default_factory=list)
    """Reasoning details, to be sent back as they are."""
    drawer: str = ""
    """The field in which thoughts came, `content` for parts of the content; empty if none came in a field."""
    finish: str | None = None
    usage: Any = None
    """What the server counted, as it sent it."""
    timings: Any = None
    choices: bool = False
    """Whether anything looked like a completion."""
    done: bool = False
    """Whether the server said that nothing follows."""
    moved: bool = False
    """Whether text turned out to be thought, by a tag that nothing had opened."""
    circles: bool = False
    """Whether it has begun to repeat itself without end, so that there is no use in hearing more."""
    _halves: tuple[Halves, Halves] = field(default_factory=lambda: (Halves(), Halves()))
    _circle: Circle = field(default_factory=Circle)
    _blanks: int = 0
    _told: tuple[int, int] = (0, 0)
    """Pieces of the thought and of the text that were given out."""
    _moved: bool = False

    def lines(self, lines: list[bytes]) -> Iterator[Chunk]:
        """What further lines of a stream add, in one piece: lines that came together are told together.

        Raises:
            ModelBusy: if one is not readable.
            Sent: if one is an error.
        """
        try:
            for line in lines:
                if line.startswith(b"data:") and (data := line[5:].strip()):
                    if data == b"[DONE]":
                        self.done = True
                    else:
                        self._hear(data)
        except (ModelBusy, Sent):
            yield from self._news()
            raise
        yield from self._news()

    def take(self, data: bytes) -> Iterator[Chunk]:
        """What a whole completion adds."""
        self._hear(data)
        yield from self._news()

    def end(self, schema: Mapping[str, Any] | None = None) -> Iterator[Chunk]:
        """What is left to tell when nothing follows: what was held back, and JSON that came in the wrong drawer."""
        self._let_go()
        yield from self._news()
        if schema is None or self.said.strip() or self.called:
            return
        thought = "".join(self.thought)
        if fits(thought, schema):
            self.text, self.thought, self._moved = [thought], [], True
            yield from self._news()

    def _news(self) -> Iterator[Chunk]:
        """What was heard since this was last asked."""
        thoughts, texts = self._told if not self._moved else (0, 0)
        thought, said = "".join(self.thought[thoughts:]), "".join(self.text[texts:])
        moved, self._moved = self._moved, False
        self._told = len(self.thought), len(self.text)
        if thought or said or moved:
            yield Chunk(said, thought, instead=moved)

    def _hear(self, data: bytes) -> None:
        """Take in a chunk of a stream, or a whole completion."""
        value = parse(data)
        if error := None if isinstance(value, dict) and value.get("choices") else _errors.of(value):
            raise Sent(error)
        if isinstance(value, dict):
            self._take(value)

    def _take(self, data: Mapping[str, Any]) -> None:
        self.usage = data.get("usage") or self.usage
        self.timings = data.get("timings") or self.timings
        choice = next(iter(items(data.get("choices"))), None)
        if not isinstance(choice, dict) or choice.get("index"):
            return
        self.choices = True
        self._pieces(mapping(choice.get("delta") or choice.get("message")))
        if finish := choice.get("finish_reason"):
            self.finish = _ENDS.get(str(finish), clean(str(finish))[:40])
            self._let_go()

    def _let_go(self) -> None:
        """Take what was held back, as nothing follows."""
        thought, said = self.tags.rest(self.finish == "length")
        self._say(thought, said)
        for half, pieces in zip(self._halves, (self.thought, self.text), strict=True):
            if rest := half.rest():
                pieces.append(rest)

    def _pieces(self, said: Mapping[str, Any]) -> None:
        if len(said) == 1 and isinstance(content := said.get("content"), str):  # nearly always
            self._say(*self._split(content))
            return
        self.refusal += text(said.get("refusal"))
        for number, call in enumerate(items(said.get("tool_calls"))):
            if isinstance(call, dict):
                self._call(number, call)
        self._think(said)
        in_parts, content = parts(said.get("content"))
        if in_parts:
            self._drawn("content", in_parts)
        self._say(*self._split(content))

    def _think(self, said: Mapping[str, Any]) -> None:
        """Take what came in the fields of thoughts."""
        for field_ in ("reasoning_content", "reasoning"):
            if piece := text(said.get(field_)):
                self._drawn(field_, piece)
                break
        details = list(mappings(said.get("reasoning_details")))
        for one in details:
            self._detail(one)
        if details and self.drawer in ("", "reasoning_details"):
            told = "".join(text(one.get("text")) or text(one.get("summary")) for one in details)
            self._drawn("reasoning_details", told)

    def _drawn(self, drawer: str, piece: str) -> None:
        self.drawer = drawer
        if piece:
            self.tags.elsewhere()
            self._say(piece, "")

    def _detail(self, one: Mapping[str, Any]) -> None:
        """Keep a reasoning detail; what comes in pieces of the same kind and number is one."""
        last = self.details[-1] if self.details else {}
        if last and all(last.get(name) == one.get(name) for name in ("type", "index")):
            for name, value in one.items():
                joined = isinstance(value, str) and name in ("text", "summary", "data")
                last[name] = str(last.get(name) or "") + value if joined else value or last.get(name)
        else:
            self.details.append(dict(one))

    def _call(self, number: int, said: Mapping[str, Any]) -> None:
        """Take a piece of a call; another id, or a name after arguments, begins another one under the same number."""
        index, function = said.get("index"), mapping(said.get("function"))
        number = index if isinstance(index, int) and not isinstance(index, bool) else number
        id, name = text(said.get("id")), text(function.get("name"))
        call = next((each for each in reversed(self.called) if each.number == number), None)
        if call is None or (id and call.id and id != call.id) or (not id and name and call.name and call.arguments):
            if len(self.called) >= MOST_CALLS:
                return
            call = Called(number)
            self.called.append(call)
        call.id, call.name = id or call.id, name or call.name
        call.arguments.append(text(function.get("arguments")) or _as_json(function.get("arguments")))
        if extra := mapping(said.get("extra_content")):
            call.kept["extra_content"] = extra

    def _split(self, content: str) -> tuple[str, str]:
        if not content:
            return "", ""
        thought, said = self.tags.split(content)
        if self.tags.moved:
            self.tags.moved, self.moved, self._moved = False, True, True
            self.thought.append("".join(self.text))
            self.text.clear()
        return thought, said

    def _say(self, thought: str, said: str) -> None:
        if thought and (thought := self._halves[0].join(thought)):
            self.thought.append(thought)
            self.circles = self.circles or self._circle.closes(thought)
        if said and (said := self._halves[1].join(said)):
            self.text.append(said)
            self._blanks = 0 if said.strip() else self._blanks + len(said)
            self.circles = self.circles or self._blanks > MOST_BLANKS

    # -- what came of it

    @property
    def said(self) -> str:
        return "".join(self.text)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The tools called, each with its arguments, by their numbers."""
        known = sorted(self.called, key=lambda call: call.number)
        return tuple(
            Call(call.id or f"call_{number}", call.name, sound("".join(call.arguments)) or "{}")
            for number, call in enumerate(known)
            if call.name
        )

    @property
    def kept(self) -> dict[str, Any]:
        """What goes back with the calls, as JSON: fields of the message, and of each call by its id."""
        thought = "".join(self.thought)
        fields: dict[str, Any] = {"reasoning_details": self.details} if self.details else {}
        if self.drawer == "content":
            fields["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}]
        elif self.drawer in ("reasoning_content", "reasoning") and not self.details:
            fields[self.drawer] = thought
        calls = {call.id: call.kept for call in self.called if call.kept}
        return {"fields": fields, "calls": calls} if fields or calls else {}

    def counted(self, read: int) -> Usage | None:
        """What the server counted; None if it sent no count."""
        if not self.choices and self.usage and self.done:
            self.finish = "length"  # Gemini, when its thoughts have eaten the reply
        said = self.said + "".join(call.name + call.arguments for call in self.calls)
        return Counted(self.usage, self.timings, said, "".join(self.thought)).usage(read)


def parts(content: Any, depth: int = 3) -> tuple[str, str]:
    """Thought and text of a message's content, which is a string or a list of parts."""
    if not isinstance(content, list):
        return "", text(content)
    thought = said = ""
    for part in mappings(content):
        if part.get("type") == "thinking" and depth:
            thought += parts(part.get("thinking"), depth - 1)[1]
        elif part.get("type") == "text":
            said += text(part.get("text"))
    return thought, said


def _as_json(value: Any) -> str:
    """Arguments that came as an object in the place of a text."""
    return json.dumps(value) if isinstance(value, dict) else ""
