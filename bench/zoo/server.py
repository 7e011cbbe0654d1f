"""One server with many models, each of which behaves as a provider of today does; it counts what each would bill.

    async with Zoo() as zoo:                              # in a test
        model = make_model("deepseek:deepseek", Wishes(url=zoo.at("deepseek"), key="k"))
        ...
        assert zoo.stats()["total_tokens"] == report.total

    python -m bench.zoo --port 9902                       # by hand; prints an address for each behaviour

A behaviour is reached at an address of its own, `http://HOST:PORT/BEHAVIOUR/v1`, and answers there to any name; at
`http://HOST:PORT/v1` the name of the model picks it. All that `CountingServer` counts, scripts and records works here,
too; `bodies` holds every request in full.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..counting_server import PIECE, Answer, Call, CountingServer, Gone, _Events, _rest, _send, count_prompt, example
from . import claude, words
from .asked import Asked, Said
from .names import BEHAVIOURS

JSON = dict[str, Any]
IN_WORDS = "JSON that follows this schema: "


class Zoo(CountingServer):
    """The counting server, with every behaviour of the zoo."""

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self.bodies: list[JSON] = []
        """Every request for a completion, in the order in which they came, those that were refused too."""
        self._came: Counter[str] = Counter()

    def at(self, behaviour: str) -> str:
        """The address of one behaviour."""
        return f"http://{self.host}:{self.port}/{behaviour}" + ("" if behaviour == "claude" else "/v1")

    def reset(self) -> None:
        super().reset()
        self.bodies.clear()
        self._came.clear()

    async def _route(
        self,
        method: str,
        path: str,
        body: JSON,
        headers: Mapping[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        first, _, rest = path.lstrip("/").partition("/")
        name, place = (first, "/" + rest) if first in BEHAVIOURS or first == "claude" else ("", path)
        if (method, place) == ("POST", "/v1/messages"):
            await self._complete("claude", body, reader, writer)
        elif (method, place) == ("POST", "/v1/chat/completions"):
            name = name or str(body.get("model"))
            if name not in BEHAVIOURS:
                raise Answer(404, f"there is no model {name!r} here; there are: {', '.join(BEHAVIOURS)}")
            await self._complete(name, body, reader, writer)
        elif name and (said := words.of(name, method, place, body)) is not None:
            _send(writer, 200, said)
        else:
            _send(writer, 200, self._other(method, path, body))

    def _text(self, prompt: str, body: JSON) -> str:
        """As the counting server, but for a schema that is told in words."""
        scripted = any(pattern.search(prompt) for pattern, _ in self._rules)
        _, told, schema = prompt.partition(IN_WORDS)
        if told and not scripted:
            return json.dumps(example(json.JSONDecoder().raw_decode(schema)[0]))
        return super()._text(prompt, body)

    def _other(self, method: str, path: str, body: JSON) -> Any:
        if path == "/v1/models":
            return {"object": "list", "data": [{"id": name, "object": "model"} for name in BEHAVIOURS]}
        return super()._other(method, path, body)

    async def _complete(
        self, name: str, body: JSON, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one request for a completion, and count it."""
        self.bodies.append(body)
        self._came[name] += 1
        asked = Asked(body, "", self._came[name])
        call = self._begin(asked.prompt, body)
        call.model = name
        try:
            asked = Asked(body, self._text(asked.prompt, body), self._came[name])
            said = claude.says(asked) if name == "claude" else BEHAVIOURS[name].says(asked)
            read = count_prompt(asked.messages)
            await _rest(said.silent, reader, call, read)
            call.prompt_tokens = read
            await (claude.write if name == "claude" else _write)(call, said, body, reader, writer)
        except (Answer, Gone) as ending:
            call.status = ending.status
            raise
        except ConnectionError:
            call.status = 499
            raise
        finally:
            call.ended = time.monotonic()
            self.live -= 1


def pieces(said: Said) -> tuple[list[tuple[str, str]], int, str]:
    """The reply as deltas of one token each, how many of them are thought, and why it ends."""
    texts = [] if said.calls else PIECE.findall(said.text)
    finish = said.finish or ("tool_calls" if said.calls else "stop")
    finish = "length" if said.thought + len(texts) > said.cap else finish
    thoughts = said.thoughts[: said.cap]
    texts = texts[: max(0, said.cap - len(thoughts))]
    told = [(said.drawer, piece) for piece in thoughts]
    if told and said.drawer == "content":
        told[0] = ("content", said.opening + told[0][1])
        if (len(thoughts) == said.thought and finish != "length") or texts:
            told[-1] = ("content", told[-1][1] + said.closing)
    return told + [("content", piece) for piece in texts], len(thoughts), finish


async def _write(
    call: Call, said: Said, body: JSON, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Send the reply as OpenAI's protocol has it, and bill what is written."""
    told, thoughts, finish = pieces(said)
    deltas = []
    for number, (field, piece) in enumerate(told):
        field = "reasoning_content" if said.misplaced else field
        deltas.append((_delta(field, piece) if field else {}, number < thoughts))
    last = dict(said.last)
    if said.calls and finish == "tool_calls":
        last["tool_calls"] = list(said.calls)
        call.completion_tokens += 10
    events = _Events(writer, {"id": f"call-{call.number}", "created": int(time.time()), "model": call.model})
    streams = bool(body.get("stream"))
    if streams:
        events.begin(said.choices)
    for number, (delta, thought) in enumerate(deltas):
        if said.pace and number % 10 == 0:
            await events.flush()
            await _rest(said.pace * 10, reader, call)
        call.completion_tokens += 1
        call.reasoning_tokens += thought
        if streams and delta:
            events.delta(**delta)
    usage = _usage(call, said)
    if not streams:
        _send(writer, 200, {**events.stem, **_whole(deltas, last, finish), **({"usage": usage} if usage else {})})
        return
    if last:
        events.delta(**last)
    if said.ends and said.choices:
        events.delta(finish)
    if usage and (body.get("stream_options") or {}).get("include_usage"):
        events.send({"choices": [], "usage": usage})
    await events.end()


def _delta(field: str, piece: str) -> JSON:
    """Mistral's thoughts stand in a list of parts; everybody else's in a field."""
    if field == "thinking":
        return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}
    return {field: piece}


def _whole(deltas: list[tuple[JSON, bool]], last: JSON, finish: str) -> JSON:
    message: JSON = {"role": "assistant", "content": None}
    for delta, _ in deltas:
        for field, piece in delta.items():
            message[field] = (message.get(field) or ("" if isinstance(piece, str) else [])) + piece
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {**message, **last}, "finish_reason": finish}],
    }


def _usage(call: Call, said: Said) -> JSON | None:
    """The count of a call, in the dialect of its behaviour; None if it sends none."""
    read, written, thought = call.prompt_tokens, call.completion_tokens, call.reasoning_tokens
    usage: JSON = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    details = {"completion_tokens_details": {"reasoning_tokens": thought}}
    match said.usage:
        case "none":
            return None
        case "zero":
            return {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        case "lies":
            return {**usage, "completion_tokens_details": {"reasoning_tokens": written + 1000}}
        case "plain":
            return usage
        case "top":
            return {**usage, "reasoning_tokens": thought}
        case "beside" if thought == written:
            return {"prompt_tokens": read, "total_tokens": read + written}
        case "beside":
            return {**usage, "completion_tokens": written - thought}
        case "aside":
            return {**usage, "completion_tokens": written - thought, **details}
    return usage | details
