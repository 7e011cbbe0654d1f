"""Models of other providers through pydantic-ai: its own models for tests, and Anthropic's protocol on a local wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from tertulia.errors import ModelBusy, ModelError, ModelUnreachable, PromptTooLong, UnusableReply
from tertulia.model import Draft, Message, Request
from tertulia.types import Image
from tertulia.usage import NOTHING, Usage

pytest.importorskip("pydantic_ai")
from pydantic_ai.exceptions import ContentFilterError
from pydantic_ai.messages import BinaryContent, ModelMessage, ModelRequest, ModelResponse
from pydantic_ai.models.function import AgentInfo, DeltaThinkingPart, FunctionModel

from tertulia.providers.direct import Direct

QUESTION = Request((Message("system", "Be short."), Message("user", "What is 2 + 3?")))
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hmm, "}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "It is "}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "five."}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 8}},
    {"type": "message_stop"},
]


async def ask(model: Direct, request: Request = QUESTION) -> Draft:
    draft = Draft()
    await draft.read(model.stream(request))
    return draft


async def fail(model: Direct, request: Request = QUESTION) -> tuple[ModelError, Draft]:
    draft = Draft()
    with pytest.raises(ModelError) as caught:
        await draft.read(model.stream(request))
    return caught.value, draft


def function(says: Callable[[list[ModelMessage], AgentInfo], AsyncIterator[Any]]) -> Direct:
    return Direct(FunctionModel(stream_function=says, model_name="mock"))


# -- without a wire


async def test_a_model_is_named_by_a_text_alone() -> None:
    model = Direct("test")
    draft = await ask(model)
    await model.close()
    assert draft.text
    assert draft.finish == "stop"
    assert draft.usage is not None
    assert draft.usage.written > 0


async def test_the_whole_conversation_reaches_the_model() -> None:
    seen: list[ModelMessage] = []
    known: list[AgentInfo] = []

    async def says(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        seen.extend(messages)
        known.append(info)
        yield "fine"

    schema = {"type": "object", "properties": {"answer": {"type": "integer"}}}
    said = (
        Message("system", "Be short."),
        Message("user", "Hello"),
        Message("assistant", "Hi"),
        Message("user", "What is this?", (Image(b"PNG"),)),
    )
    draft = await ask(function(says), Request(said, 99, 0.5, schema, ("END",), 7))
    assert draft.text == "fine"
    first, second, third = seen
    assert isinstance(first, ModelRequest)
    assert [part.part_kind for part in first.parts] == ["system-prompt", "user-prompt"]
    assert isinstance(second, ModelResponse)
    assert second.text == "Hi"
    assert third.parts[0].content == ["What is this?", BinaryContent(b"PNG", media_type="image/png")]
    settings = known[0].model_settings or {}
    wanted = {"max_tokens": 99, "temperature": 0.5, "stop_sequences": ["END"], "seed": 7, "max_retries": 0}
    assert settings.items() >= wanted.items()
    assert known[0].model_request_parameters.output_mode == "native"
    assert known[0].model_request_parameters.output_object is not None
    assert known[0].model_request_parameters.output_object.json_schema == schema


async def test_thoughts_are_apart_and_their_part_of_the_count_is_marked() -> None:
    async def says(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        yield {0: DeltaThinkingPart(content="I add the two numbers")}
        yield "five"

    draft = await ask(function(says))
    assert (draft.thought, draft.text) == ("I add the two numbers", "five")
    assert draft.usage is not None
    assert 0 < draft.usage.hidden < draft.usage.written
    assert not draft.usage.exact


async def test_a_reply_without_text_is_unusable_but_counted() -> None:
    async def says(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        yield " "

    error, draft = await fail(function(says))
    assert isinstance(error, UnusableReply)
    assert draft.usage is not None


async def test_a_filtered_reply_is_unusable() -> None:
    async def says(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        yield "a"
        raise ContentFilterError("no")

    error, draft = await fail(function(says))
    assert isinstance(error, UnusableReply)
    assert draft.usage is None


async def test_a_mistake_of_the_model_is_not_hidden() -> None:
    async def says(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        yield "a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask(function(says))


async def test_a_missing_key_names_its_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("anthropic")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    model = Direct("anthropic:claude-haiku-4-5")
    error, draft = await fail(model)
    assert isinstance(error, ModelUnreachable)
    assert "Set the `ANTHROPIC_API_KEY` environment variable" in str(error)
    assert draft.usage == NOTHING
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk")  # it is looked for again
    assert (await model._model()).model_name == "claude-haiku-4-5"
    await model.close()


async def test_an_unknown_provider_is_said_to_be_one() -> None:
    error, _ = await fail(Direct("nobody:model"))
    assert "Unknown model: nobody:model" in str(error)


def test_a_price_is_known_or_unknown() -> None:
    assert Direct("anthropic:claude-haiku-4-5").cost(Usage(1000, 100)) == pytest.approx(0.0015)
    assert Direct("anthropic:nobody-knows-it").cost(Usage(1000, 100)) is None


# -- on a wire


class Wire:
    """Answers each POST with the next of `answers`, as Anthropic would."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.asked: list[dict[str, Any]] = []
        self.left = asyncio.Event()

    def says(self, events: list[dict[str, Any]], *, whole: bool = True) -> None:
        data = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
        length = f"Content-Length: {len(data) + (0 if whole else 1000)}"
        self.answers.append(f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{length}\r\n\r\n".encode() + data)

    def fails(self, status: int, error: dict[str, Any], headers: str = "") -> None:
        data = json.dumps({"type": "error", "error": error}).encode()
        head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(data)}\r\n\r\n"
        self.answers.append(head.encode() + data)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            self.asked.append(json.loads(await reader.readexactly(length)))
            writer.write(self.answers.pop(0))
            await writer.drain()
            if b"hold" in self.asked[-1]["messages"][-1]["content"][0]["text"].encode():
                await reader.read()
                self.left.set()
        finally:
            writer.close()


@asynccontextmanager
async def wired() -> AsyncIterator[tuple[Wire, Direct]]:
    pytest.importorskip("anthropic")
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    wire = Wire()
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with AnthropicModel("claude-haiku-4-5", provider=AnthropicProvider(api_key="sk", base_url=url)) as model:
        yield wire, Direct(model)
    server.close()


START = {"id": "1", "type": "message", "role": "assistant", "model": "m", "content": []}


def events(*, until: int | None = None) -> list[dict[str, Any]]:
    first = {**EVENTS[0], "message": {**START, "stop_reason": None, **EVENTS[0]["message"]}}
    return [first, *EVENTS[1:]][:until]


async def test_anthropic_streams_with_its_own_count() -> None:
    async with wired() as (wire, model):
        wire.says(events())
        draft = await ask(model)
    assert model.name == "anthropic:claude-haiku-4-5"
    assert (draft.thought, draft.text, draft.finish) == ("hmm, ", "It is five.", "stop")
    assert draft.usage is not None
    assert (draft.usage.read, draft.usage.written) == (9, 8)
    assert wire.asked[0]["max_tokens"] == 512
    assert wire.asked[0]["stream"] is True


async def test_a_stream_that_is_cut_has_no_count() -> None:
    for whole in (True, False):
        async with wired() as (wire, model):
            wire.says(events(until=6), whole=whole)
            error, draft = await fail(model)
        assert isinstance(error, ModelBusy)
        assert draft.text == "It is "
        assert draft.usage is None


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, {"type": "rate_limit_error", "message": "slow down"}, ModelBusy),
        (529, {"type": "overloaded_error", "message": "busy"}, ModelBusy),
        (500, {"type": "api_error", "message": "broken"}, ModelBusy),
        (401, {"type": "authentication_error", "message": "invalid x-api-key"}, ModelUnreachable),
        (400, {"type": "invalid_request_error", "message": "bad"}, ModelError),
        (400, {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}, PromptTooLong),
        (404, {"type": "not_found_error", "message": "model: m"}, ModelError),
    ],
)
async def test_a_refusal_is_asked_once_and_costs_nothing(
    status: int, error: dict[str, str], kind: type[ModelError]
) -> None:
    async with wired() as (wire, model):
        wire.fails(status, error, "Retry-After: 7\r\n")
        failed, draft = await fail(model)
    assert type(failed) is kind
    assert error["message"] in str(failed)
    assert draft.usage == NOTHING
    assert len(wire.asked) == 1
    if isinstance(failed, ModelBusy):
        assert (failed.retry_after, failed.overloaded) == (7, status == 429)


async def test_nobody_on_the_wire_says_so() -> None:
    pytest.importorskip("anthropic")
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    provider = AnthropicProvider(api_key="sk", base_url="http://127.0.0.1:9")
    async with AnthropicModel("claude-haiku-4-5", provider=provider) as model:
        error, draft = await fail(Direct(model))
    assert isinstance(error, ModelUnreachable)
    assert draft.usage == NOTHING


async def test_a_reader_who_leaves_closes_the_connection() -> None:
    async with wired() as (wire, model):
        wire.says(events(until=6), whole=False)
        request = Request((Message("user", "hold the line"),))
        async with aclosing(model.stream(request)) as chunks:
            async for _ in chunks:
                break
        async with asyncio.timeout(20):
            await wire.left.wait()
