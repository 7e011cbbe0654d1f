"""An OpenAI-compatible server that counts what a provider would bill, and fails when told to.

It is the neutral witness of the books: it knows every call that reached it, when it began and ended, and how many
tokens it read and wrote, also for calls that failed, were cut or whose client left. It uses the standard library only.

    async with CountingServer() as server:                # in a test
        server.script((r"capital of France", "Paris"))
        server.fault(status=429, retry_after=1)
        ...                                               # use server.url
        assert server.stats()["total_tokens"] == report.total

    python -m bench.counting_server --port 9901 --latency 0.2

Endpoints: `POST /v1/chat/completions`, `POST /v1/embeddings`, `GET /v1/models`; `GET /__stats`, `GET /__calls`; `POST
/__reset`, `/__fault` (the fields of `Fault`), `/__script` (`{"rules": [{"match": "regex", "reply": "text"}]}`) and
`/__config` (the fields of `Settings`).

Tokens are counted by a fixed rule (words, digits in threes, marks): no real model's, but exact and reproducible.
Replies depend on the request alone. A model with `reason` in its name thinks before it answers. A call takes `latency
+ per_token x tokens` seconds, and one that ends early is billed for what it read and had written by then.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

JSON = dict[str, Any]
TOKEN = re.compile(r"[^\W\d_]+|\d{1,3}|[^\w\s]|_")
PIECE = re.compile(rf"\s*(?:{TOKEN.pattern})(?:\s+\Z)?")
MESSAGE_TOKENS, REPLY_TOKENS = 4, 3
"""What a chat template adds to each message, and to begin the reply."""
CLIENT_LEFT, CUT, DROPPED = 499, -1, 0
"""Statuses of calls that got no whole answer, beside those of HTTP."""


# -- tokens and replies


def count_tokens(text: str) -> int:
    return len(TOKEN.findall(text))


def content_text(content: Any) -> str:
    """The text of a message's content, which is a string or a list of parts."""
    if not isinstance(content, list):
        return str(content or "")
    return "\n".join(str(part.get("text", "[image]")) for part in content if isinstance(part, dict))


def count_prompt(messages: Sequence[Mapping[str, Any]]) -> int:
    texts = [content_text(message.get("content")) for message in messages]
    return REPLY_TOKENS + sum(MESSAGE_TOKENS + count_tokens(text) for text in texts)


FILLER = (
    "I read the question and list what is known. I then compute each part in order and check it against the others. "
    "The parts agree, so I combine them. "
)
SUM = re.compile(r"(-?\d+)\s*([-+*])\s*(-?\d+)")


def reply(prompt: str, seed: object) -> str:
    """A sensible answer to any prompt: the result of the last sum in it, or 42."""
    sums = SUM.findall(prompt)
    if sums:
        a, sign, b = sums[-1]
        value = {"+": int(a) + int(b), "-": int(a) - int(b), "*": int(a) * int(b)}[sign]
        return f"{FILLER}The answer is {value}."
    salt = hashlib.blake2b(f"{prompt}{seed}".encode(), digest_size=2).digest()
    return (
        FILLER * (1 + salt[0] % 2) + ("Hence the answer is 42.", "So the result is 42.", "Therefore: 42.")[salt[1] % 3]
    )


def example(schema: Mapping[str, Any]) -> Any:
    """The simplest value that follows a JSON schema."""
    if "enum" in schema or "const" in schema:
        return schema.get("const", next(iter(schema.get("enum", [None]))))
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return example(schema[choice][0])
    match schema.get("type"):
        case "object":
            return {name: example(inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [example(schema.get("items", {}))] * max(1, schema.get("minItems", 0))
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
    return "checked twice"[: schema.get("maxLength", 99)]


def embedding(text: str, size: int = 64) -> list[float]:
    """A deterministic unit vector: a hashed bag of words."""
    vector = [0.0] * size
    for word in TOKEN.findall(text.lower()):
        digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
        vector[int.from_bytes(digest[:4], "big") % size] += 1.0 if digest[4] % 2 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


# -- what the server keeps


@dataclass
class Call:
    """What the server knows of one call."""

    number: int
    model: str
    prompt: str
    """Its first and last 200 characters."""
    began: float
    ended: float = 0.0
    status: int = 200
    """HTTP status; `CLIENT_LEFT`, `CUT` or `DROPPED` if there was no whole answer."""
    prompt_tokens: int = 0
    """Billed; 0 if the call was refused."""
    completion_tokens: int = 0
    """Billed, thoughts included, up to where the call ended."""
    reasoning_tokens: int = 0
    in_flight: int = 0
    """Calls being served when it came, itself included."""
    parameters: JSON = field(default_factory=dict)
    """The body, without its messages."""


@dataclass
class Fault:
    """What goes wrong with the next `count` calls whose prompt holds `match`, after letting `skip` of them pass."""

    count: int = 1
    skip: int = 0
    match: str = ""
    delay: float = 0.0
    """Seconds before anything is sent; combines with all else."""
    hang: bool = False
    """Send nothing, until the client leaves."""
    status: int | None = None
    """Answer this HTTP status; 0 drops the connection."""
    retry_after: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    error: JSON = field(default_factory=dict)
    """Fields of the error object."""
    html: bool = False
    """Answer 200 and a web page."""
    redirect: str = ""
    bomb: int = 0
    """Answer a gzip body that inflates to so many bytes."""
    truncate: int | None = None
    """End with finish reason `length` after so many tokens."""
    cut_stream: bool = False
    """Break the connection half way."""
    no_finish: bool = False
    """End the stream in order half way, without a finish reason."""
    stream_error: JSON | None = None
    """Send this error object half way."""
    finish: str = ""
    """End with this finish reason, and no text."""
    refusal: str = ""
    no_usage: bool = False
    usage: JSON | None = None
    """Sent in the place of fields of the true usage."""
    no_stream: bool = False
    """Answer one JSON document though a stream was asked for."""

    def takes(self, prompt: str) -> bool:
        """Whether this call is one to fail; counts it."""
        if self.count <= 0 or self.match not in prompt:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.count -= 1
        return True


@dataclass
class Settings:
    latency: float = 0.0
    """Seconds before the first token."""
    per_token: float = 0.0
    """Seconds a token takes."""
    tokens_per_event: int = 1
    capacity: int = 0
    """Calls served at once, others wait; 0 for no bound."""
    context: int = 0
    """Tokens a prompt may have; 0 for no bound."""
    key: str = ""
    """What must be in the Authorization header; empty for none."""
    refuses: tuple[str, ...] = ()
    """Parameters answered with 400."""
    thinks_as: str = "reasoning_content"
    """Field of a delta that holds thoughts; `think` for tags in the text."""
    counts_thoughts: bool = True
    """Whether usage says how many tokens were thought."""


class Answer(Exception):
    """An answer that ends a call at once."""

    def __init__(self, status: int, message: str, error: JSON | None = None, headers: JSON | None = None):
        kind = {429: "rate_limit_error"}.get(status, "invalid_request_error" if status < 500 else "server_error")
        self.status, self.headers = status, headers or {}
        self.body = {"error": {"message": message, "type": kind, "param": None, "code": None, **(error or {})}}


class Gone(Exception):
    """The connection is to be closed; the call had this status."""

    def __init__(self, status: int):
        self.status = status


@dataclass
class Writing:
    """A completion as it is generated."""

    thoughts: list[str]
    texts: list[str]
    finish: str
    stop_at: int | None
    """Tokens after which it breaks off; None if it does not."""


# -- the server


class CountingServer:
    """An OpenAI-compatible server for one test or measurement; an async context manager."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, **settings: Any):
        self.settings = Settings(**settings)
        self.host, self.port = host, port
        self.calls: list[Call] = []
        """In the order in which they came."""
        self.connections = 0
        """Connections opened so far."""
        self.live = self.peak = 0
        self._faults: list[Fault] = []
        self._rules: list[tuple[re.Pattern[str], str | Callable[[str], str]]] = []
        self._open: set[asyncio.Task[Any]] = set()
        self._numbers = 0
        self._capacity: asyncio.Semaphore | nullcontext[None] = nullcontext()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/v1"

    async def __aenter__(self) -> Self:
        self.configure()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connected, self.host, self.port, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def configure(self, **settings: Any) -> None:
        """Change settings while it runs."""
        for name, value in settings.items():
            if not hasattr(self.settings, name):
                raise Answer(400, f"there is no setting {name!r}")
            setattr(self.settings, name, value)
        self._capacity = asyncio.Semaphore(self.settings.capacity) if self.settings.capacity else nullcontext()

    def fault(self, **fields: Any) -> Fault:
        """Make coming calls fail; see `Fault`."""
        self._faults.append(Fault(**fields))
        return self._faults[-1]

    def script(self, *rules: tuple[str, str | Callable[[str], str]]) -> None:
        """Reply to prompts that hold a pattern with a text, or with what a function makes of the prompt."""
        self._rules = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), said) for pattern, said in rules]

    def reset(self) -> None:
        """Forget calls and faults."""
        self.calls, self.peak = [], self.live
        self._faults.clear()

    def stats(self) -> JSON:
        """Totals. Tokens are those billed, whatever became of the call.

        `sum_s` adds the seconds of all calls, in `busy_s` at least one was being served, and `span_s` runs from the
        first to the last; `busy_s` close to `sum_s` means that they came one after another.
        """
        busy, reach = 0.0, -math.inf
        times = sorted((call.began, call.ended or call.began) for call in self.calls)
        for began, ended in times:
            busy += max(0.0, ended - max(began, reach))
            reach = max(reach, ended)
        read, written = sum(c.prompt_tokens for c in self.calls), sum(c.completion_tokens for c in self.calls)
        return {
            "calls": len(self.calls),
            "ok": sum(call.status == 200 for call in self.calls),
            "cancelled": sum(call.status == CLIENT_LEFT for call in self.calls),
            "failed": sum(call.status not in (200, CLIENT_LEFT) for call in self.calls),
            "prompt_tokens": read,
            "completion_tokens": written,
            "reasoning_tokens": sum(call.reasoning_tokens for call in self.calls),
            "total_tokens": read + written,
            "connections": self.connections,
            "peak_in_flight": self.peak,
            "sum_s": round(sum(ended - began for began, ended in times), 4),
            "busy_s": round(busy, 4),
            "span_s": round(reach - times[0][0], 4) if times else 0.0,
        }

    # -- HTTP

    def _connected(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(_Reader(), self._serve)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False if the connection is to be closed."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        raw = await reader.readexactly(int(headers.get("content-length") or 0))
        try:
            body = json.loads(raw or b"{}")
            await self._route(method, target.partition("?")[0], body, headers, reader, writer)
        except Answer as answer:
            _send(writer, answer.status, answer.body, answer.headers)
        except Gone:
            return False
        except (json.JSONDecodeError, TypeError, re.error) as error:
            _send(writer, 400, Answer(400, f"the body is not usable: {error}").body)
        await writer.drain()
        return headers.get("connection", "").lower() != "close"

    async def _route(
        self,
        method: str,
        path: str,
        body: JSON,
        headers: Mapping[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if (method, path) == ("POST", "/v1/chat/completions"):
            await self._chat(body, headers, reader, writer)
        else:
            _send(writer, 200, self._other(method, path, body))

    def _other(self, method: str, path: str, body: JSON) -> Any:
        match method, path:
            case "POST", "/v1/embeddings":
                return _embeddings(body)
            case _, "/v1/models":
                names = ("counting", "counting-reason", "counting-embedding")
                return {"object": "list", "data": [{"id": n, "object": "model", "owned_by": "bench"} for n in names]}
            case _, "/__stats":
                return self.stats()
            case _, "/__calls":
                return [asdict(call) for call in self.calls]
            case "POST", "/__reset":
                return self.reset()
            case "POST", "/__fault":
                return asdict(self.fault(**body))
            case "POST", "/__script":
                return self.script(*((rule["match"], rule["reply"]) for rule in body.get("rules", ())))
            case "POST", "/__config":
                self.configure(**body)
                return asdict(self.settings)
        raise Answer(404, f"no such route: {method} {path}")

    # -- chat completions

    async def _chat(
        self, body: JSON, headers: Mapping[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        messages = body.get("messages") or []
        prompt = "\n".join(content_text(message.get("content")) for message in messages)
        call = self._begin(prompt, body)
        fault = next((fault for fault in self._faults if fault.takes(prompt)), Fault())
        read = count_prompt(messages)
        try:
            self._check(body, headers, read)
            async with self._capacity:
                await _rest(self.settings.latency + fault.delay + (1e9 if fault.hang else 0.0), reader, call, read)
                _answer_fault(fault, writer)
                call.prompt_tokens = read
                await self._write(call, self._compose(prompt, body, fault), body, fault, reader, writer)
        except (Answer, Gone) as ending:
            call.status = ending.status
            raise
        except ConnectionError:
            call.status = CLIENT_LEFT
            raise
        finally:
            call.ended = time.monotonic()
            self.live -= 1

    def _begin(self, prompt: str, body: JSON) -> Call:
        self._numbers += 1
        short = prompt if len(prompt) <= 400 else f"{prompt[:200]} … {prompt[-200:]}"
        call = Call(self._numbers, str(body.get("model")), short, time.monotonic())
        call.parameters = {name: value for name, value in body.items() if name != "messages"}
        self.calls.append(call)
        self.live += 1
        self.peak, call.in_flight = max(self.peak, self.live), self.live
        return call

    def _check(self, body: JSON, headers: Mapping[str, str], read: int) -> None:
        if self.settings.key and headers.get("authorization") != f"Bearer {self.settings.key}":
            raise Answer(
                401, f"incorrect API key provided: {headers.get('authorization')}", {"code": "invalid_api_key"}
            )
        for name in self.settings.refuses:
            if name in body:
                said = f"Unsupported parameter: '{name}' is not supported with this model."
                raise Answer(400, said, {"param": name, "code": "unsupported_parameter"})
        if self.settings.context and read > self.settings.context:
            said = f"This model's maximum context length is {self.settings.context} tokens; you sent {read}"
            raise Answer(400, said, {"code": "context_length_exceeded"})
        if not body.get("messages"):
            raise Answer(400, "messages must not be empty")

    def _compose(self, prompt: str, body: JSON, fault: Fault) -> Writing:
        """The whole completion, in tokens, before any of it is sent."""
        text = self._text(prompt, body)
        stops = body.get("stop") or []
        for stop in [stops] if isinstance(stops, str) else stops:
            text = text.split(stop)[0]
        if fault.finish or fault.refusal:
            text = ""
        thoughts = PIECE.findall(FILLER.strip()) if "reason" in str(body.get("model")) else []
        most = fault.truncate or body.get("max_completion_tokens") or body.get("max_tokens") or 10**9
        texts = PIECE.findall(text)
        finish = "length" if len(thoughts) + len(texts) > most else fault.finish or "stop"
        thoughts, texts = thoughts[:most], texts[: max(0, most - len(thoughts))]
        broken = fault.cut_stream or fault.no_finish or fault.stream_error
        return Writing(thoughts, texts, finish, (len(thoughts) + len(texts)) // 2 if broken else None)

    def _text(self, prompt: str, body: JSON) -> str:
        for pattern, said in self._rules:
            if pattern.search(prompt):
                return said if isinstance(said, str) else said(prompt)
        wanted = body.get("response_format") or {}
        if str(wanted.get("type", "")).startswith("json"):
            return json.dumps(example((wanted.get("json_schema") or {}).get("schema") or {"type": "object"}))
        return reply(prompt, body.get("seed"))

    async def _write(
        self,
        call: Call,
        writing: Writing,
        body: JSON,
        fault: Fault,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Generate the completion token by token, sending it if a stream was asked for."""
        streams = bool(body.get("stream")) and not fault.no_stream
        events = _Events(writer, {"id": f"call-{call.number}", "created": int(time.time()), "model": call.model})
        think = "content" if self.settings.thinks_as == "think" else self.settings.thinks_as
        thoughts = list(writing.thoughts)
        if thoughts and think == "content":
            thoughts[0], thoughts[-1] = "<think>" + thoughts[0], thoughts[-1] + "</think>\n"
        pieces = [(think, piece) for piece in thoughts] + [("content", piece) for piece in writing.texts]
        if streams:
            events.begin()
        for number, (name, piece) in enumerate(pieces):
            if number == writing.stop_at:
                await _break_off(fault, events)
            if self.settings.per_token:
                await _rest(self.settings.per_token, reader, call)
            call.completion_tokens += 1
            call.reasoning_tokens += number < len(thoughts)
            if streams:
                events.delta(**{name: piece})
                if self.settings.per_token and number % self.settings.tokens_per_event == 0:
                    await events.flush()
        usage = None if fault.no_usage else self._usage(call) | (fault.usage or {})
        refusal = {"refusal": fault.refusal} if fault.refusal else {}
        if streams:
            events.delta(writing.finish, **refusal)
            if usage and (body.get("stream_options") or {}).get("include_usage"):
                events.send({"choices": [], "usage": usage})
            await events.end()
            return
        texts = {
            key: "".join(piece for name, piece in pieces if name == key) for key in dict.fromkeys((think, "content"))
        }
        choice = {"index": 0, "message": {"role": "assistant", **texts, **refusal}, "finish_reason": writing.finish}
        counted = {"usage": usage} if usage else {}
        _send(writer, 200, {**events.stem, "object": "chat.completion", "choices": [choice], **counted})

    def _usage(self, call: Call) -> JSON:
        details = {"completion_tokens_details": {"reasoning_tokens": call.reasoning_tokens}}
        return {
            "prompt_tokens": call.prompt_tokens,
            "completion_tokens": call.completion_tokens,
            "total_tokens": call.prompt_tokens + call.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
            **(details if self.settings.counts_thoughts else {}),
        }


class _Events:
    """A stream of server-sent events, in chunked transfer so that the connection can serve again.

    What is generated in no time is written at once, as it would arrive at once.
    """

    def __init__(self, writer: asyncio.StreamWriter, stem: JSON):
        self.stem = stem
        self._head = json.dumps({**stem, "object": "chat.completion.chunk"})[:-1]
        self._writer = writer
        self._waiting: list[bytes] = []

    def begin(self, said: bool = True) -> None:
        """Send the head and, if anything will be `said`, who says it."""
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        self._waiting.append(head.encode())
        if said:
            self.delta(role="assistant", content="")

    def delta(self, finish: str | None = None, **fields: Any) -> None:
        self.send({"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]})

    def send(self, fields: JSON) -> None:
        self._chunk(f"{self._head}, {json.dumps(fields)[1:]}")

    async def end(self) -> None:
        self._chunk("[DONE]")
        self._waiting.append(b"0\r\n\r\n")
        await self.flush()

    async def flush(self) -> None:
        self._writer.write(b"".join(self._waiting))
        self._waiting.clear()
        await self._writer.drain()

    def _chunk(self, text: str) -> None:
        data = f"data: {text}\n\n".encode()
        self._waiting.append(b"%x\r\n%s\r\n" % (len(data), data))


class _Reader(asyncio.StreamReader):
    """Tells at once when the client has left, also while nothing is read."""

    def __init__(self) -> None:
        super().__init__(limit=1 << 26)
        self.left = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.left.set()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self.left.set()


async def _break_off(fault: Fault, events: _Events) -> None:
    if fault.stream_error:
        events.send({"error": fault.stream_error})
    await (events.flush() if fault.cut_stream else events.end())
    raise Gone(CUT)


async def _rest(seconds: float, reader: asyncio.StreamReader, call: Call, read: int = 0) -> None:
    """Sleep, unless the client leaves: a prompt that was waiting has been read by then, and is billed."""
    assert isinstance(reader, _Reader)
    if seconds:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await reader.left.wait()
    if not reader.left.is_set():
        return
    call.prompt_tokens = call.prompt_tokens or read
    raise Gone(CLIENT_LEFT)


def _answer_fault(fault: Fault, writer: asyncio.StreamWriter) -> None:
    """Give the answer that a fault puts in the place of a completion, if it does."""
    if fault.status == DROPPED:
        raise Gone(DROPPED)
    if fault.redirect:
        raise Answer(307, "moved", headers={"Location": fault.redirect})
    if fault.status is not None:
        waits = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        raise Answer(fault.status, f"injected fault {fault.status}", fault.error, waits | fault.headers)
    if fault.html or fault.bomb:
        kind = "text/html" if fault.html else "application/json"
        data = b"<html><body>Sign in</body></html>" if fault.html else gzip.compress(b" " * fault.bomb)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
        writer.write(head.encode() + (b"Content-Encoding: gzip\r\n" if fault.bomb else b"") + b"\r\n" + data)
        raise Gone(DROPPED)


def _send(writer: asyncio.StreamWriter, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
    data = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Status", "Content-Type: application/json", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)


def _embeddings(body: JSON) -> JSON:
    texts = body.get("input", "")
    texts = [texts] if isinstance(texts, str) else list(texts)
    used = sum(count_tokens(text) for text in texts)
    data = [{"object": "embedding", "index": i, "embedding": embedding(text)} for i, text in enumerate(texts)]
    usage = {"prompt_tokens": used, "total_tokens": used}
    return {"object": "list", "model": body.get("model"), "data": data, "usage": usage}


# -- command line


async def serve(port: int, ready: Path | None, **settings: Any) -> None:
    async with CountingServer(port=port, **settings) as server:
        if ready:
            await asyncio.to_thread(ready.write_text, server.url)
        print(f"counting at {server.url}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="An OpenAI-compatible server that counts tokens.")
    parser.add_argument("--port", type=int, default=9901, help="0 picks a free one")
    parser.add_argument("--ready", type=Path, help="write the address here once it listens")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before the first token")
    parser.add_argument("--per-token", type=float, default=0.0, help="seconds a token takes")
    parser.add_argument("--capacity", type=int, default=0, help="calls served at once; 0 for no bound")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
