"""The OpenAI chat protocol as pure functions: a request's body, and what the bytes of a reply say."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_core import from_json

from ..errors import ModelBusy, UnusableReply
from ..model import Chunk, Message, Request
from ..types import Call, Tool
from ..usage import Usage, estimate
from . import _errors

ABSURD = 100_000_000
"""Tokens that no single call has."""
RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
DROPPABLE = ("temperature", "response_format", "stream_options", "seed", "stop")
_REFUSED = re.compile(
    r"un(supported|known|recognized|expected|available)|n[o']t (be )?(support|permit|allow|recognized|available)"
    r"|extra (inputs|fields)",
    re.IGNORECASE,
)
MOST_CALLS = 64
"""Tools that one reply may call."""
_ENDS = {"tool_calls": "stop", "max_tokens": "length", "eos": "stop", "end_turn": "stop", "stop_sequence": "stop"}


def body(model: str, request: Request, *, cap: str = "max_tokens") -> dict[str, Any]:
    """The JSON that asks for `request`; `cap` is what the server calls the most tokens of a reply."""
    asked: dict[str, Any] = {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        cap: request.max_tokens,
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.schema is not None:
        schema = {"name": "reply", "schema": dict(request.schema), "strict": True}
        asked["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.stop:
        asked["stop"] = list(request.stop)
    if request.seed is not None:
        asked["seed"] = request.seed
    if request.tools:
        asked["tools"] = [{"type": "function", "function": _function(tool)} for tool in request.tools]
    if request.tools and request.must_call:
        named = {"type": "function", "function": {"name": request.must_call}}
        asked["tool_choice"] = "required" if request.must_call == "*" else named
    return asked


def _function(tool: Tool) -> dict[str, Any]:
    none = {"type": "object", "properties": {}}
    return {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters) or none}


def _message(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": _content(message)}
    if message.role == "tool":
        said["tool_call_id"] = message.answers
    if message.calls:
        said["content"] = said["content"] or None
        said["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    return said


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.images:
        return message.text
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.text else []
    for image in message.images:
        data = base64.b64encode(image.data).decode()
        parts.append({"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{data}"}})
    return parts


def unsupported(asked: Mapping[str, Any], error: Mapping[str, Any]) -> str | None:
    """The parameter of `asked` that a 400 says the server does not know and the call can do without; None if none."""
    message = str(error.get("message") or "")
    if not _REFUSED.search(f"{message} {error.get('code')}"):
        return None
    named = str(error.get("param") or "").split(".")[0]
    optional = [name for name in (*RENAMED, *DROPPABLE) if name in asked]
    if named in optional:
        return named
    places = {name: found.start() for name in optional if (found := re.search(rf"\b{name}\b", message))}
    return min(places, key=lambda name: places[name], default=None)


class Sent(Exception):
    """The server sent an error object in the place of a completion."""

    def __init__(self, error: Mapping[str, Any]):
        self.error = error


class Lines:
    """Bytes in, whole lines out; at most `most` bytes in all and `longest` in one line."""

    def __init__(self, most: int, longest: int = 4 << 20):
        self._most, self._longest = most, longest
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` ends.

        Raises:
            ModelBusy: if a cap is crossed.
        """
        self._most -= len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._most < 0 or len(self._rest) > self._longest or max(map(len, lines), default=0) > self._longest:
            raise ModelBusy("the reply was cut: it is larger than any answer should be")
        return [line.rstrip(b"\r") for line in lines]


@dataclass
class Heard:
    """A reply as far as it was heard, fed with the JSON values that the server sends."""

    text: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    refusal: str = ""
    called: dict[int, list[str]] = field(default_factory=dict)
    """Id, name and arguments of each tool called, by its number."""
    finish: str | None = None
    usage: Any = None
    """What the server counted, as it sent it."""
    timings: Any = None
    choices: bool = False
    """Whether anything looked like a completion."""
    done: bool = False
    """Whether the server said that nothing follows."""
    _tags: Tags = field(default_factory=lambda: Tags())
    _told: int = 0
    """Pieces of the text that were given out."""

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

    def _news(self) -> Iterator[Chunk]:
        """What was heard since this was last asked."""
        text, thought = "".join(self.text[self._told :]), "".join(self.thought[self._told :])
        self._told = len(self.text)
        if text or thought:
            yield Chunk(text, thought)

    def _hear(self, data: bytes) -> None:
        """Take in a chunk of a stream, or a whole completion."""
        value = _parsed(data)
        if error := None if isinstance(value, dict) and value.get("choices") else _errors.of(value):
            raise Sent(error)
        if isinstance(value, dict):
            self._take(value)

    def _take(self, data: Mapping[str, Any]) -> None:
        self.usage = data.get("usage") or self.usage
        self.timings = data.get("timings") or self.timings
        choice = next(iter(data.get("choices") or ()), None)
        if not isinstance(choice, dict) or choice.get("index"):
            return
        self.choices = True
        said = choice.get("delta") or choice.get("message") or {}
        if isinstance(said, dict):
            self._pieces(said)
        if finish := choice.get("finish_reason"):
            self._say(*self._tags.rest())
            self.finish = _ENDS.get(str(finish), str(finish))

    def _pieces(self, said: Mapping[str, Any]) -> None:
        if len(said) == 1 and isinstance(text := said.get("content"), str):  # nearly always
            self._say(*self._tags.split(text))
            return
        self.refusal += str(said.get("refusal") or "")
        for number, call in enumerate(said.get("tool_calls") or ()):
            if isinstance(call, dict):
                self._call(number, call)
        thought, text = _parts(said.get("content"))
        self._say(str(said.get("reasoning_content") or said.get("reasoning") or "") + thought, "")
        self._say(*self._tags.split(text))

    def _call(self, number: int, said: Mapping[str, Any]) -> None:
        """Take a piece of a tool call."""
        number = said["index"] if isinstance(said.get("index"), int) else number
        if number not in self.called and len(self.called) >= MOST_CALLS:
            return
        call, function = self.called.setdefault(number, ["", "", ""]), said.get("function")
        function = function if isinstance(function, dict) else {}
        call[0] = str(said.get("id") or call[0])
        call[1] = str(function.get("name") or call[1])
        call[2] += str(function.get("arguments") or "")

    @property
    def calls(self) -> tuple[Call, ...]:
        """The tools called, each with its arguments."""
        known = (self.called[number] for number in sorted(self.called))
        return tuple(Call(id or f"call_{n}", name, text or "{}") for n, (id, name, text) in enumerate(known) if name)

    def _say(self, thought: str, text: str) -> None:
        if thought or text:
            self.thought.append(_sound(thought))
            self.text.append(_sound(text))


def _sound(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON can hold and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _parts(content: Any) -> tuple[str, str]:
    """Thought and text of a message's content, which is a string or a list of parts."""
    if not isinstance(content, list):
        return "", str(content or "")
    parts = [part for part in content if isinstance(part, dict)]
    thought = "".join(_parts(part.get("thinking"))[1] for part in parts if part.get("type") == "thinking")
    return thought, "".join(str(part.get("text") or "") for part in parts if part.get("type") == "text")


class Tags:
    """Moves what stands in `<think>` at the start of a text to the thoughts."""

    OPEN, CLOSE = "<think>", "</think>"

    def __init__(self) -> None:
        self._state = "before"
        self._held = ""

    def split(self, text: str) -> tuple[str, str]:
        """Thought and text that a further piece brings; what may be half a tag is held back."""
        if self._state == "after":
            return "", text
        text, self._held = self._held + text, ""
        if self._state == "before":
            start = text.lstrip()
            if self.OPEN.startswith(start[: len(self.OPEN)]) and len(start) < len(self.OPEN):
                self._held = text
                return "", ""
            if not start.startswith(self.OPEN):
                self._state = "after"
                return "", text
            self._state, text = "inside", start[len(self.OPEN) :]
        thought, close, rest = text.partition(self.CLOSE)
        if close:
            self._state = "after"
            return thought, rest.lstrip()
        keep = next((n for n in range(len(self.CLOSE) - 1, 0, -1) if thought.endswith(self.CLOSE[:n])), 0)
        self._held = thought[len(thought) - keep :]
        return thought[: len(thought) - keep], ""

    def rest(self) -> tuple[str, str]:
        """What was held back, now that nothing follows."""
        held, self._held = self._held, ""
        return (held, "") if self._state == "inside" else ("", held)


def _parsed(data: bytes) -> Any:
    try:
        return from_json(data)  # a quarter of the time of the other, but it refuses half characters
    except ValueError:
        pass
    try:
        return json.loads(data)
    except ValueError:
        raise ModelBusy(f"the reply is not readable: {data[:80]!r}") from None


def usage(heard: Heard, read: int) -> Usage | None:
    """What the server counted; None if it sent no count.

    A count that cannot be trusted is kept raw, and estimates stand in its place: `read` and what was heard.
    """
    counts = heard.usage if isinstance(heard.usage, dict) else _from_timings(heard.timings)
    if counts is None:
        return None
    try:
        return _split(_counted(counts, heard), heard)
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError):
        hidden = estimate("".join(heard.thought)) if any(heard.thought) else 0
        said = "".join(heard.text) + "".join(call.name + call.arguments for call in heard.calls)
        return Usage(read, estimate(said) + hidden, hidden, exact=False, raw=_raw(counts))


def judge(heard: Heard, name: str, max_tokens: int) -> None:
    """Raise if the reply of the model called `name` is not whole, or there is nothing in it.

    Raises:
        ModelBusy: if it was cut.
        UnusableReply: if it is a refusal, was filtered, or has no text.
    """
    if heard.finish is None:
        raise ModelBusy(f"the reply of {name} was cut: the stream ended without a finish reason")
    if heard.finish == "content_filter":
        raise UnusableReply(f"{name} stopped: its content filter was met; ask in other words")
    if not "".join(heard.text).strip() and not heard.calls:
        if heard.refusal:
            raise UnusableReply(f"{name} refused: {heard.refusal[:200]}")
        if heard.finish == "length":
            raise UnusableReply(f"{name} wrote no text within {max_tokens} tokens; allow it more")
        raise UnusableReply(f"{name} wrote no text (finish reason {heard.finish!r}); ask in other words")


def _raw(counts: Mapping[str, Any]) -> str:
    return json.dumps(counts)[:2000]


def _counted(counts: Mapping[str, Any], heard: Heard) -> Usage:
    """The usage in the server's counts.

    Raises:
        ValueError: if a count is impossible, or they do not add up.
    """
    timings = heard.timings if isinstance(heard.timings, dict) else {}
    hidden = _whole((counts.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0)
    cached = (counts.get("prompt_tokens_details") or {}).get("cached_tokens")
    cached = _whole(cached or counts.get("prompt_cache_hit_tokens") or timings.get("cache_n") or 0)
    read, written = _whole(counts["prompt_tokens"]), _whole(counts["completion_tokens"])
    more = _whole(counts.get("total_tokens") or read + written) - read - written
    spoke = any(heard.text) or any(heard.thought) or bool(heard.called)
    if read == 0 or cached > read or (written == 0 and spoke):
        raise ValueError("the counts do not add up")
    if more == 0 and hidden <= written:
        return Usage(read, written, hidden, cached)
    if more == hidden:  # xAI counts thoughts beside the completion, not in it
        return Usage(read, written + hidden, hidden, cached)
    if more > 0 and not hidden:  # Gemini counts thoughts in the total only
        return Usage(read, written + more, more, cached, exact=False, raw=_raw(counts))
    raise ValueError("the counts do not add up")


def _whole(count: Any) -> int:
    if isinstance(count, bool) or count != int(count) or not 0 <= count <= ABSURD:
        raise ValueError("not a count of tokens")
    return int(count)


def _split(counted: Usage, heard: Heard) -> Usage:
    """Where thoughts were seen and not counted, their part of the count is taken from the lengths of the texts."""
    thought, text = len("".join(heard.thought)), len("".join(heard.text)) + sum(len(c.arguments) for c in heard.calls)
    if not thought or counted.hidden:
        return counted
    return replace(counted, hidden=round(counted.written * thought / (thought + text)), exact=False)


def _from_timings(timings: Any) -> dict[str, Any] | None:
    """llama.cpp's own count, which it sends even when it was not asked for usage."""
    if not isinstance(timings, dict) or "prompt_n" not in timings or "predicted_n" not in timings:
        return None
    read = timings["prompt_n"] + timings.get("cache_n", 0)
    return {"prompt_tokens": read, "completion_tokens": timings["predicted_n"]}
