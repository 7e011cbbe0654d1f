"""A model behind a server that speaks the OpenAI chat protocol, against a server that counts and fails when told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from bench.counting_server import CLIENT_LEFT, CountingServer
from tertulia.errors import (
    ModelBusy,
    ModelError,
    ModelUnreachable,
    PromptTooLong,
    SettingsError,
    UnusableReply,
)
from tertulia.model import Closes, Draft, Message, Priced, Request
from tertulia.providers import _errors
from tertulia.providers._body import Asking
from tertulia.providers._heard import Heard
from tertulia.providers._tags import Tags
from tertulia.providers.connections import Connections
from tertulia.providers.dialects import COMPATIBLE, Dialect, at
from tertulia.providers.learnt import Learnt
from tertulia.providers.openai import OpenAI
from tertulia.providers.reading import Lines
from tertulia.types import Call, Image, Tool
from tertulia.usage import NOTHING, Usage, estimate

QUESTION = Request((Message("system", "Be short."), Message("user", "What is 2 + 3?")))
KEY = "sk-secret-of-mine"


@pytest.fixture
async def server() -> AsyncIterator[CountingServer]:
    async with CountingServer() as server:
        yield server


@pytest.fixture
async def model(server: CountingServer) -> AsyncIterator[OpenAI]:
    model = OpenAI("counting", server.url, KEY)
    yield model
    await model.close()


async def ask(model: OpenAI, request: Request = QUESTION) -> Draft:
    draft = Draft()
    await draft.read(model.stream(request))
    return draft


async def fail(model: OpenAI, request: Request = QUESTION) -> tuple[ModelError, Draft]:
    draft = Draft()
    with pytest.raises(ModelError) as caught:
        await draft.read(model.stream(request))
    return caught.value, draft


# -- what is asked and heard


async def test_a_reply_streams_with_the_servers_own_count(server: CountingServer, model: OpenAI) -> None:
    server.configure(per_token=0.002)
    draft = await ask(model)
    assert draft.text.endswith("The answer is 5.")
    assert len(draft.texts) > 10
    assert draft.finish == "stop"
    assert draft.usage == Usage(server.calls[0].prompt_tokens, server.calls[0].completion_tokens)


async def test_calls_at_the_same_time_are_all_counted_and_share_connections(
    server: CountingServer, model: OpenAI
) -> None:
    for _ in range(2):
        drafts = await asyncio.gather(*(ask(model) for _ in range(30)))
        assert sum(draft.usage.total for draft in drafts if draft.usage) == 30 * server.calls[0].prompt_tokens + sum(
            call.completion_tokens for call in server.calls[-30:]
        )
    assert server.connections <= 30
    for _ in range(5):
        await ask(model)
    assert server.connections <= 30


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "think"])
async def test_thoughts_are_apart_from_the_text(server: CountingServer, field: str) -> None:
    server.configure(thinks_as=field)
    model = OpenAI("counting-reason", server.url)
    draft = await ask(model)
    await model.close()
    assert draft.thought.startswith("I read the question")
    assert draft.text.startswith("I read the question")
    assert "think>" not in draft.text + draft.thought
    assert draft.usage == Usage(
        server.calls[0].prompt_tokens, server.calls[0].completion_tokens, server.calls[0].reasoning_tokens
    )


async def test_thoughts_that_were_not_counted_apart_are_split_by_length(server: CountingServer) -> None:
    server.configure(counts_thoughts=False)
    model = OpenAI("counting-reason", server.url)
    draft = await ask(model)
    await model.close()
    assert draft.usage is not None
    assert draft.usage.written == server.calls[0].completion_tokens
    assert 0 < draft.usage.hidden < draft.usage.written
    assert not draft.usage.exact


async def test_all_of_a_request_reaches_the_server(server: CountingServer) -> None:
    model = OpenAI("counting", server.url, extra={"cache_prompt": True})
    schema = {"type": "object", "properties": {"answer": {"type": "integer"}}}
    text = (await ask(model, replace(QUESTION, schema=schema, stop=("END",), seed=7, temperature=0.5))).text
    await model.close()
    assert json.loads(text) == {"answer": 1}
    assert server.calls[0].parameters == {
        "model": "counting",
        "max_tokens": 512,
        "temperature": 0.5,
        "stream": True,
        "stream_options": {"include_usage": True},
        "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}},
        "stop": ["END"],
        "seed": 7,
        "cache_prompt": True,
    }


def body(request: Request, dialect: Dialect = COMPATIBLE, **known: Any) -> dict[str, Any]:
    """What is sent for a request, to a server of which so much is known."""
    abilities = dialect.abilities.informed("the test", **known)
    return Asking("m", request, dialect, abilities).body()


def test_images_travel_as_data_urls() -> None:
    request = Request((Message("user", "What is this?", (Image(b"PNG", "image/png"),)),))
    assert body(request)["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,UE5H"}},
    ]


def test_calls_of_tools_and_their_results_travel_with_what_they_belong_to() -> None:
    calls = (Call("c1", "move", '{"to": "Lima"}'), Call("c2", "move", '{"to": "Quito"}'))
    said = (
        Message("user", "Where?"),
        Message("assistant", "", calls=calls),
        Message("tool", "done", answers="c2"),
        Message("tool", "no room", answers="c1"),
    )
    assert body(Request(said))["messages"][1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "move", "arguments": '{"to": "Lima"}'}},
                {"id": "c2", "type": "function", "function": {"name": "move", "arguments": '{"to": "Quito"}'}},
            ],
        },
        {"role": "tool", "content": "done", "tool_call_id": "c2"},
        {"role": "tool", "content": "no room", "tool_call_id": "c1"},
    ]


def test_a_function_without_parameters_says_that_it_takes_none() -> None:
    asked = body(replace(QUESTION, tools=(Tool("now"),)))
    assert asked["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}


def test_openai_itself_is_told_the_most_tokens_in_its_own_word() -> None:
    assert body(QUESTION, at("api.openai.com"))["max_completion_tokens"] == 512
    assert body(QUESTION, at("127.0.0.1"))["max_tokens"] == 512


async def test_a_reply_that_met_its_most_tokens_says_so(model: OpenAI) -> None:
    draft = await ask(model, replace(QUESTION, max_tokens=5))
    assert draft.finish == "length"
    assert draft.usage is not None
    assert draft.usage.written == 5


async def test_a_server_that_does_not_stream_is_understood(server: CountingServer, model: OpenAI) -> None:
    server.fault(no_stream=True)
    draft = await ask(model)
    assert draft.text.endswith("The answer is 5.")
    assert draft.usage == Usage(server.calls[0].prompt_tokens, server.calls[0].completion_tokens)


@pytest.mark.parametrize("name", ["temperature", "stream_options", "seed", "response_format", "max_tokens"])
async def test_a_parameter_that_the_server_refuses_is_left_out_from_then_on(
    server: CountingServer, model: OpenAI, name: str
) -> None:
    server.configure(refuses=(name,))
    request = replace(QUESTION, seed=1, schema={"type": "object"})
    await ask(model, request)
    await ask(model, request)
    assert [call.status for call in server.calls] == [400, 200, 200]
    assert model.dropped == {name: "max_completion_tokens" if name == "max_tokens" else None}


async def test_what_a_server_refused_has_a_reason_and_an_end(server: CountingServer) -> None:
    now = [0.0]
    model = OpenAI("counting", server.url, connections=Connections(Learnt(lambda: now[0])))
    server.configure(refuses=("temperature",))
    await ask(model)
    (lesson,) = model.connections.learnt
    assert (lesson.address, lesson.model) == (server.url, "counting")
    assert (lesson.ability, lesson.value) == ("temperature", "never")
    assert "'temperature' is not supported" in lesson.reason
    assert lesson.until == 24 * 3600
    server.configure(refuses=())
    await ask(model)
    now[0] = 25 * 3600
    await ask(model)
    await model.close()
    assert ["temperature" in call.parameters for call in server.calls] == [True, False, False, True]
    assert list(model.connections.learnt) == []


async def test_what_one_house_learns_another_does_not_know(server: CountingServer, model: OpenAI) -> None:
    server.configure(refuses=("temperature",))
    await ask(model)
    assert model.dropped
    assert not OpenAI("counting", server.url).dropped
    assert replace(model, label="another").dropped


async def test_two_refused_parameters_are_both_left_out(server: CountingServer, model: OpenAI) -> None:
    server.configure(refuses=("seed", "temperature"))
    await ask(model, replace(QUESTION, seed=1))
    assert set(model.dropped) == {"seed", "temperature"}


async def test_calls_that_meet_the_same_refusal_at_once_all_recover(server: CountingServer, model: OpenAI) -> None:
    server.configure(refuses=("temperature", "max_tokens"), latency=0.01)
    drafts = await asyncio.gather(*(ask(model) for _ in range(10)))
    assert all(draft.finish == "stop" for draft in drafts)


async def test_the_most_tokens_are_never_left_out(server: CountingServer, model: OpenAI) -> None:
    server.configure(refuses=("max_tokens", "max_completion_tokens"))
    error, draft = await fail(model)
    assert "max_completion_tokens" in str(error)
    assert draft.usage == NOTHING


# -- counts that cannot be trusted


async def test_without_a_count_the_usage_is_unknown(server: CountingServer, model: OpenAI) -> None:
    server.fault(no_usage=True)
    draft = await ask(model)
    assert draft.finish == "stop"
    assert draft.usage is None


@pytest.mark.parametrize(
    "counts",
    [
        {"prompt_tokens": -5},
        {"completion_tokens": 3.5},
        {"prompt_tokens": 10**12},
        {"prompt_tokens": "many"},
        {"completion_tokens": None},
        {"completion_tokens": 0},
        {"prompt_tokens": True},
        {"total_tokens": 1},
        {"prompt_tokens_details": {"cached_tokens": 10**6}},
        {"completion_tokens_details": [1]},
    ],
)
async def test_a_count_that_cannot_be_is_kept_raw_and_estimated(
    server: CountingServer, model: OpenAI, counts: dict[str, Any]
) -> None:
    server.fault(usage=counts)
    draft = await ask(model)
    assert draft.usage is not None
    assert not draft.usage.exact
    assert json.loads(draft.usage.raw).items() >= counts.items()
    assert draft.usage.written == estimate(draft.text)
    assert draft.usage.read >= server.calls[0].prompt_tokens


async def test_of_a_count_with_too_much_thought_the_sum_is_kept(server: CountingServer) -> None:
    server.fault(usage={"completion_tokens_details": {"reasoning_tokens": 10**6}})
    model = OpenAI("counting-reason", server.url)
    draft = await ask(model)
    await model.close()
    (call,) = server.calls
    assert draft.usage is not None
    assert (draft.usage.read, draft.usage.written) == (call.prompt_tokens, call.completion_tokens)
    assert 0 < draft.usage.hidden < draft.usage.written
    assert not draft.usage.exact
    assert "1000000" in draft.usage.raw


def heard(text: str = "five", thought: str = "", **counts: Any) -> Heard:
    message = {"content": text, "reasoning_content": thought}
    data = {"choices": [{"message": message, "finish_reason": "stop"}], **counts}
    heard = Heard()
    list(heard.take(json.dumps(data).encode()))
    return heard


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 5}, Usage(9, 5)),
        ({"prompt_tokens": 9, "completion_tokens": 5, "prompt_cache_hit_tokens": 4}, Usage(9, 5, 0, 4)),
        ({"prompt_tokens": 9.0, "completion_tokens": 5}, Usage(9, 5)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 5,
                "total_tokens": 17,
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(9, 8, 3),
        ),
    ],
    ids=["plain", "deepseek", "float", "xai"],
)
def test_the_dialects_of_usage_are_understood(counts: dict[str, Any], usage: Usage) -> None:
    assert heard(usage=counts).counted(50) == usage


def test_thoughts_that_are_only_in_the_total_are_counted_and_marked() -> None:
    counts = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 20}
    usage = heard(usage=counts).counted(50)
    assert usage is not None
    assert (usage.read, usage.written, usage.hidden, usage.exact) == (9, 11, 6, False)


def test_the_timings_of_llama_cpp_count_where_usage_does_not() -> None:
    timings = {"cache_n": 20, "prompt_n": 6, "predicted_n": 3}
    assert heard(timings=timings).counted(50) == Usage(26, 3, 0, 20)
    counts = {"prompt_tokens": 26, "completion_tokens": 3, "total_tokens": 29}
    assert heard(usage=counts, timings=timings).counted(50) == Usage(26, 3, 0, 20)


# -- failures


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
async def test_a_passing_failure_may_be_asked_again(server: CountingServer, model: OpenAI, status: int) -> None:
    server.fault(status=status, retry_after=3)
    error, draft = await fail(model)
    assert isinstance(error, ModelBusy)
    assert (error.retry_after, error.overloaded) == (3, status == 429)
    assert draft.usage == NOTHING
    await ask(model)


@pytest.mark.parametrize("status", [400, 402, 403, 404, 413, 422])
async def test_a_lasting_failure_may_not(server: CountingServer, model: OpenAI, status: int) -> None:
    server.fault(status=status, error={"message": f"no\nsuch   thing as {KEY}" + "!" * 1000})
    error, draft = await fail(model)
    assert type(error) is ModelError
    assert f"{server.url} answered {status}: no such thing as …!!!" in str(error)
    assert len(str(error)) < 400
    assert draft.usage == NOTHING


async def test_an_account_without_credit_is_not_asked_again(server: CountingServer, model: OpenAI) -> None:
    server.fault(status=429, error={"code": "insufficient_quota"})
    error, _ = await fail(model)
    assert type(error) is ModelError
    assert "no credit" in str(error)


async def test_a_server_that_says_not_to_ask_again_is_not(server: CountingServer, model: OpenAI) -> None:
    server.fault(status=503, headers={"x-should-retry": "false"})
    error, _ = await fail(model)
    assert type(error) is ModelError


async def test_a_redirect_is_not_followed(server: CountingServer, model: OpenAI) -> None:
    server.fault(redirect=f"{server.url}/chat/completions")
    error, _ = await fail(model)
    assert type(error) is ModelError
    assert "redirects (307)" in str(error)
    assert len(server.calls) == 1


async def test_a_refused_key_says_where_to_look_and_not_what_it_is(server: CountingServer) -> None:
    server.configure(key="another")
    model = OpenAI("counting", server.url, KEY, key_from="GROQ_API_KEY")
    error, draft = await fail(model)
    await model.close()
    assert isinstance(error, ModelUnreachable)
    assert "check the key in GROQ_API_KEY" in str(error)
    assert KEY not in f"{error} {model!r}"
    assert draft.usage == NOTHING


async def test_a_key_that_cannot_be_sent_is_said_to_be_wrong(server: CountingServer) -> None:
    model = OpenAI("counting", server.url, "sk-\nñ")
    error, _ = await fail(model)
    await model.close()
    assert "check OPENAI_API_KEY" in str(error)


async def test_nobody_at_the_address_says_what_would_work() -> None:
    async with CountingServer() as gone:
        url = gone.url
    model = OpenAI("counting", url)
    error, draft = await fail(model)
    await model.close()
    assert isinstance(error, ModelUnreachable)
    assert f"nobody answers at {url}" in str(error)
    assert "is the server running" in str(error)
    assert draft.usage == NOTHING


def test_an_address_that_is_none_is_refused_at_once() -> None:
    for url in ("localhost:8080", "http://", "ftp://x/v1", "http://[::1"):
        with pytest.raises(SettingsError, match="is not an address"):
            OpenAI("m", url)


async def test_a_prompt_that_is_too_long_is_told_apart(server: CountingServer, model: OpenAI) -> None:
    server.configure(context=3)
    error, draft = await fail(model)
    assert isinstance(error, PromptTooLong)
    assert draft.usage == NOTHING


async def test_a_prompt_too_long_for_llama_cpp_is_told_apart(server: CountingServer, model: OpenAI) -> None:
    server.fault(status=400, error={"type": "exceed_context_size_error", "message": "request exceeds it"})
    error, _ = await fail(model)
    assert isinstance(error, PromptTooLong)


async def test_a_dropped_connection_may_be_asked_again(server: CountingServer, model: OpenAI) -> None:
    server.fault(status=0)
    error, draft = await fail(model)
    assert isinstance(error, ModelBusy)
    assert draft.usage is None
    await ask(model)


@pytest.mark.parametrize("fault", [{"cut_stream": True}, {"no_finish": True}])
async def test_a_stream_that_is_cut_is_no_reply(server: CountingServer, model: OpenAI, fault: dict[str, Any]) -> None:
    server.fault(**fault)
    error, draft = await fail(model)
    assert isinstance(error, ModelBusy)
    assert draft.text
    assert draft.usage is None
    assert server.stats()["total_tokens"] > server.calls[0].prompt_tokens > 0


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"message": "overloaded", "type": "overloaded_error"}, ModelBusy),
        ({"message": "slow down", "code": 429}, ModelBusy),
        ({"message": "odd"}, ModelBusy),
        ({"message": "bad", "type": "invalid_request_error"}, ModelError),
        ({"message": "no credit", "code": "insufficient_quota"}, ModelError),
    ],
)
async def test_an_error_inside_a_stream_is_an_error(
    server: CountingServer, model: OpenAI, sent: dict[str, Any], kind: type[ModelError]
) -> None:
    server.fault(stream_error=sent)
    error, draft = await fail(model)
    assert type(error) is kind
    assert sent["message"] in str(error)
    assert draft.text


async def test_a_web_page_is_no_reply(server: CountingServer, model: OpenAI) -> None:
    server.fault(html=True)
    error, _ = await fail(model)
    assert isinstance(error, ModelBusy)
    assert "web page" in str(error)


async def test_silence_ends(server: CountingServer) -> None:
    server.fault(hang=True)
    model = OpenAI("counting", server.url, idle=0.1)
    error, draft = await fail(model)
    await model.close()
    assert isinstance(error, ModelBusy)
    assert "took too long" in str(error)
    assert draft.usage is None


async def test_a_reply_that_inflates_without_end_is_stopped(server: CountingServer, model: OpenAI) -> None:
    server.fault(bomb=64 << 20)
    error, _ = await fail(replace(model, most_bytes=1 << 20))
    await replace(model, most_bytes=1 << 20).close()
    assert isinstance(error, ModelBusy)


async def test_a_reply_of_too_many_bytes_is_stopped(server: CountingServer, model: OpenAI) -> None:
    small = replace(model, most_bytes=2000)
    error, _ = await fail(small)
    await small.close()
    assert "larger than any answer should be" in str(error)


def test_a_line_without_end_is_stopped() -> None:
    lines = Lines(most=1000, longest=10)
    assert lines.feed(b"data: 1\r\nda") == [b"data: 1"]
    with pytest.raises(ModelBusy):
        lines.feed(b"ta: 12345678")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"refusal": "I cannot."}, "refused: I cannot."),
        ({"finish": "content_filter"}, "content filter"),
        ({"finish": "stop"}, "wrote no text"),
        ({"finish": "length"}, "allow it more"),
    ],
)
async def test_a_reply_without_text_is_unusable_but_counted(
    server: CountingServer, model: OpenAI, fault: dict[str, Any], said: str
) -> None:
    server.fault(**fault)
    error, draft = await fail(model)
    assert isinstance(error, UnusableReply)
    assert said in str(error)
    assert draft.usage == Usage(server.calls[0].prompt_tokens, 0)


async def test_a_reader_who_leaves_stops_the_server(server: CountingServer, model: OpenAI) -> None:
    server.configure(per_token=0.02)
    async with aclosing(model.stream(QUESTION)) as chunks:
        async for _ in chunks:
            break
    await until(lambda: server.calls[0].ended)
    assert server.calls[0].status == CLIENT_LEFT
    assert server.calls[0].completion_tokens < 20


async def test_a_cancelled_call_stops_the_server(server: CountingServer, model: OpenAI) -> None:
    server.fault(hang=True)
    task = asyncio.create_task(ask(model))
    await until(lambda: server.calls)
    task.cancel()
    await until(lambda: server.calls[0].ended)
    assert server.calls[0].status == CLIENT_LEFT
    assert server.calls[0].prompt_tokens > 0


async def until(happened: Any) -> None:
    async with asyncio.timeout(20):
        while not happened():
            await asyncio.sleep(0.01)


# -- waiting, prices, closing


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
    ],
)
def test_what_a_server_asks_to_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert _errors.wait(headers) == seconds


def test_a_date_to_wait_for_is_seconds_from_now() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < (_errors.wait({"retry-after": date}) or 0) <= 90


def test_a_price_is_known_unknown_or_nothing() -> None:
    usage = Usage(1000, 100, cached=10)
    assert OpenAI("gpt-4o", vendor="openai").cost(usage) == pytest.approx(0.0034875)
    assert OpenAI("gpt-4o", "http://127.0.0.1:1/v1").cost(usage) is None
    assert OpenAI("nobody-knows-it", vendor="openai").cost(usage) is None
    assert OpenAI("gpt-4o", "http://127.0.0.1:1/v1", free=True).cost(usage) == 0


async def test_a_closed_model_opens_again_when_it_is_asked(server: CountingServer, model: OpenAI) -> None:
    await ask(model)
    await model.close()
    await model.close()
    await ask(model)
    assert server.connections == 2


def test_half_a_character_does_not_spoil_the_text() -> None:
    assert "".join(heard("\ud83d ñ 😀").text) == "\ufffd ñ 😀"


def test_it_is_a_model_with_a_price_that_can_be_closed() -> None:
    model = OpenAI("gpt-4o")
    assert isinstance(model, Priced)
    assert isinstance(model, Closes)
    assert (model.name, replace(model, label="mine").name) == ("openai:gpt-4o", "mine")


@pytest.mark.parametrize("size", range(1, 12))
def test_think_tags_are_found_wherever_the_pieces_end(size: int) -> None:
    text, tags, split = "\n<think>a < b</th></think>\n\nText </think>", Tags(), []
    for start in range(0, len(text), size):
        split.append(tags.split(text[start : start + size]))
    split.append(tags.rest())
    assert "".join(thought for thought, _ in split) == "a < b</th>"
    assert "".join(said for _, said in split).strip() == "Text </think>"


async def test_closing_a_provider_ends_the_streams_that_are_being_read():
    async with CountingServer(latency=0, per_token=0.2) as server:
        model = OpenAI("mock", server.url)
        reading = asyncio.create_task(Draft().read(model.stream(Request((Message("user", "What is 2 + 2?"),)))))
        while not server.calls:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        await model.close()
        with pytest.raises(ModelBusy, match="closed"):
            await asyncio.wait_for(reading, 5)
