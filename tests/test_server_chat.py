"""What clients of chat completions see, through OpenAI's own SDK."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tertulia import Budget, House
from tertulia.errors import ModelError, ModelUnreachable
from tertulia.providers.scripted import Scripted
from tertulia.strategies.direct import Direct

from .conftest import ANSWER, says
from .serving import scripted_house, serving

ASKED: list[Any] = [{"role": "user", "content": "Are there more minutes in a day than hours in a week?"}]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def ask_of():
    """Ask a house of one's own, once."""

    def ask(house, messages=ASKED, model="tertulia", settings=None, **parameters):
        with (
            serving(house, **(settings or {})) as server,
            openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        ):
            return client.chat.completions.create(model=model, messages=messages, **parameters)

    return ask


def valid(kind, value):
    """The value, if it is exactly of the SDK's type: what the SDK builds, it does not check."""
    return kind.model_validate_json(value.model_dump_json(warnings=False))


def listening(heard):
    class Listening(Scripted):
        async def stream(self, request):
            heard.append(request)
            async for chunk in Scripted.stream(self, request):
                yield chunk

    return Listening(says)


def test_an_answer_has_the_shape_of_the_sdk(client):
    completion = valid(ChatCompletion, client.chat.completions.create(model="tertulia", messages=ASKED))
    assert completion.id.startswith("chatcmpl-")
    assert completion.system_fingerprint.startswith("fp_")
    assert completion.model == "tertulia"
    (choice,) = completion.choices
    assert choice.message.content == ANSWER
    assert choice.finish_reason == "stop"
    assert "[t1 calculator] found: 1440" in choice.message.reasoning_content


def test_usage_can_be_priced_with_the_standard_fields(client):
    usage = client.chat.completions.create(model="tertulia", messages=ASKED).usage
    mine = usage.tertulia
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens == mine["total"]
    shown = usage.completion_tokens - usage.completion_tokens_details.reasoning_tokens
    assert shown == len(ANSWER.split()) == mine["output"]
    assert mine["input"] + mine["output"] + mine["reasoning"] == mine["total"]
    assert mine["exact"] is True
    assert sum(agent["read"] + agent["written"] for agent in mine["agents"]) == mine["total"]
    assert {agent["agent"] for agent in mine["agents"]} == {"planner", "calculator", "reasoner", "synthesizer"}


def test_a_stream_tells_the_same_as_a_plain_answer(client):
    plain = client.chat.completions.create(model="tertulia", messages=ASKED).choices[0].message
    chunks = list(
        client.chat.completions.create(
            model="tertulia", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
    )
    for chunk in chunks:
        valid(ChatCompletionChunk, chunk)
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    thoughts = [delta.reasoning_content for delta in deltas if getattr(delta, "reasoning_content", None)]
    assert "".join(delta.content or "" for delta in deltas) == plain.content == ANSWER
    assert sorted("".join(thoughts).split()) == sorted(plain.reasoning_content.split())
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == chunks[-1].usage.tertulia["total"]
    assert chunks[-2].choices[0].finish_reason == "stop"


class Thoughtful(Scripted):
    """Speaks a word at a time."""

    async def stream(self, request):
        async for chunk in Scripted.stream(self, request):
            await asyncio.sleep(0.005)
            yield chunk


def test_the_answer_streams_word_by_word_after_the_work():
    with (
        serving(House({"default": Thoughtful(says)}, scripted_house().strategy)) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        deltas = [
            chunk.choices[0].delta
            for chunk in client.chat.completions.create(model="tertulia", messages=ASKED, stream=True)
        ]
    kinds = [
        "thought" if getattr(delta, "reasoning_content", None) else "text"
        for delta in deltas
        if getattr(delta, "reasoning_content", None) or delta.content
    ]
    assert kinds == sorted(kinds, reverse=True)
    assert kinds.count("text") == len(ANSWER.split())


def test_without_stream_options_no_usage_is_streamed(client):
    chunks = list(client.chat.completions.create(model="tertulia-direct", messages=ASKED, stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


def test_each_strategy_is_a_model_and_the_direct_one_thinks_nothing(client):
    ids = [model.id for model in client.models.list()]
    assert {"tertulia", "tertulia-direct", "tertulia-tertulia"} <= set(ids)
    assert client.models.retrieve("tertulia-direct").owned_by == "tertulia"
    usage = client.chat.completions.create(model="tertulia-direct", messages=ASKED).usage
    assert usage.tertulia["strategy"] == "direct"
    assert usage.tertulia["reasoning"] == 0


def test_a_further_house_is_a_model_of_its_name():
    other = House({"default": Scripted(lambda system, text: "from the other house")}, Direct())
    with (
        serving(further={"other": other}) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none") as client,
    ):
        completion = client.chat.completions.create(model="other", messages=ASKED)
    assert completion.choices[0].message.content == "from the other house"


def test_several_answers_are_asked_for_with_different_seeds(ask_of):
    heard = []
    completion = ask_of(House({"default": listening(heard)}, Direct()), n=3, seed=7)
    assert [choice.index for choice in completion.choices] == [0, 1, 2]
    assert sorted(request.seed for request in heard) == [7, 8, 9]
    assert all(request.temperature > 0 for request in heard)
    assert completion.usage.tertulia["calls"] == 3
    assert completion.usage.completion_tokens == sum(len(c.message.content.split(" ")) for c in completion.choices)


def test_several_answers_stream_side_by_side(client):
    texts = ["", ""]
    for chunk in client.chat.completions.create(model="tertulia", messages=ASKED, n=2, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == [ANSWER, ANSWER]


def test_parameters_of_the_answer_reach_the_call_that_writes_it_and_no_other(ask_of):
    heard = []
    house = House({"default": listening(heard)}, scripted_house().strategy)
    ask_of(house, stop=["END"], seed=5, temperature=0.4, max_tokens=123)
    *others, final = heard
    assert (final.stop[-1], final.seed, final.temperature, final.max_tokens) == ("END", 5, 0.4, 123)
    assert all("END" not in request.stop and request.seed is None for request in others)


def test_an_answer_that_meets_its_length_says_so(ask_of):
    completion = ask_of(scripted_house(strategy=Direct()), max_tokens=3)
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage.tertulia["output"] == 3


def test_the_most_completion_tokens_bound_all_that_is_written(ask_of):
    completion = ask_of(scripted_house(), max_completion_tokens=40)
    assert completion.usage.completion_tokens <= 40
    assert completion.choices[0].message.content


def test_system_messages_and_history_come_along(ask_of):
    heard = []
    messages = [
        {"role": "system", "content": "Speak like a pirate."},
        {"role": "user", "content": [{"type": "text", "text": "I have 3 cats."}]},
        {"role": "assistant", "content": "Aye."},
        {"role": "user", "content": "How many cats have I?"},
    ]
    ask_of(House({"default": listening(heard)}, Direct()), messages)
    system, *rest = heard[0].messages
    assert "Speak like a pirate." in system.text
    assert [message.text for message in rest[:2]] == ["I have 3 cats.", "Aye."]


def test_an_image_comes_as_a_data_url_and_in_no_other_way(ask_of, client):
    heard = []

    def message(url):
        image = {"type": "image_url", "image_url": {"url": url}}
        return [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}]

    ask_of(House({"default": listening(heard)}, Direct()), message(f"data:image/png;base64,{PIXEL}"))
    assert heard[0].messages[-1].images[0].data == base64.b64decode(PIXEL)
    for url in (
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "data:text/html,x",
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model="tertulia", messages=message(url))
        assert caught.value.param == "messages[0].content[1].image_url"


@pytest.mark.parametrize(
    "head",
    [
        "data:image/png;base64,",
        "data:image/jpg;base64,",
        "data:image/JPEG;base64,",
        "DATA:image/webp;base64,",
        "data:image/png;charset=utf-8;base64,",
        "data:image/png;name=a.png;charset=utf-8;base64,",
        "data:application/octet-stream;base64,",
        "data:;base64,",
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_an_image_is_judged_by_its_first_bytes_whatever_it_is_called(ask_of, head, wrapped):
    heard = []
    data = "\n".join(PIXEL[at : at + 40] for at in range(0, len(PIXEL), 40)) if wrapped else PIXEL
    image = {"type": "image_url", "image_url": {"url": head + data}}
    ask_of(House({"default": listening(heard)}, Direct()), [{"role": "user", "content": [image]}])
    [seen] = heard[0].messages[-1].images
    assert (seen.data, seen.media_type) == (base64.b64decode(PIXEL), "image/png")


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("top_p", 0.5),
        ("logit_bias", {"50256": -100}),
        ("logprobs", True),
        ("presence_penalty", 1.0),
        ("tool_choice", "required"),
        ("modalities", ["text", "audio"]),
        ("n", 99),
        ("temperature", 3),
        ("reasoning_effort", "enormous"),
        ("max_tokens", 0),
        ("stop", ["a", "b", "c", "d", "e"]),
    ],
)
def test_a_parameter_that_cannot_be_honoured_is_named(client, parameter, value):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tertulia", messages=ASKED, **{parameter: value})
    assert caught.value.param == parameter
    assert caught.value.type == "invalid_request_error"


def test_of_a_parameter_with_several_types_the_one_that_was_sent_is_complained_of(client):
    with pytest.raises(openai.BadRequestError, match="at most 4 items"):
        client.chat.completions.create(model="tertulia", messages=ASKED, stop=["a", "b", "c", "d", "e"])


def test_fields_that_nobody_knows_are_accepted(client):
    extra = {"chat_id": "1", "options": {"a": 1}, "top_p": 1, "frequency_penalty": 0}
    assert client.chat.completions.create(model="tertulia-direct", messages=ASKED, extra_body=extra).choices


def test_tools_that_nobody_uses_are_told_to_be_ignored(client):
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    completion = client.chat.completions.create(model="tertulia-direct", messages=ASKED, tools=[tool])
    assert completion.usage.tertulia["ignored"] == ["tools"]


def test_an_unknown_model_is_not_found_and_the_message_lists_the_known(client):
    with pytest.raises(openai.NotFoundError, match="tertulia-direct") as caught:
        client.chat.completions.create(model="gpt-9", messages=ASKED)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b'{"model": "tertulia"}', "messages"),
        (b'{"model": "tertulia", "messages": []}', "messages"),
        (b'{"model": "tertulia", "messages": [{"role": "wizard", "content": "x"}]}', "messages[0].role"),
        (b'{"model": "tertulia", "messages": [{"role": "user", "content": ""}]}', "messages"),
        (b'{"model": 5, "messages": [{"role": "user", "content": "x"}]}', "model"),
        (b'{"a":' * 10_000, None),
    ],
)
def test_a_body_that_is_not_usable_is_refused_with_its_reason(server, body, param):
    status, error = post(server, body)
    assert status == 400
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param


def test_a_body_that_is_too_large_is_refused():
    with serving(body_bytes=2000) as server:
        status, error = post(server, b'{"x": "' + b"x" * 5000)
    assert status == 413
    assert error["code"] == "request_too_large"


def test_an_answer_can_be_made_to_follow_a_schema(ask_of):
    class City(pydantic.BaseModel):
        name: str
        people: int

    replies = iter(['Here: ```json\n{"name": "Lyon", "people": "many"}\n```', '{"name": "Lyon", "people": 520774}'])
    house = House({"default": Scripted(lambda system, text: next(replies))}, Direct())
    with (
        serving(house) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        completion = client.chat.completions.parse(model="tertulia", messages=ASKED, response_format=City)
    assert completion.choices[0].message.parsed == City(name="Lyon", people=520774)
    assert "mend" in completion.choices[0].message.model_extra["reasoning_content"]
    assert completion.usage.tertulia["calls"] == 2


def test_an_answer_that_never_follows_its_schema_is_an_error_with_its_cost(ask_of):
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "integer"}}}
    with pytest.raises(openai.InternalServerError) as caught:
        ask_of(scripted_house(strategy=Direct()), response_format=schema)
    assert caught.value.code == "unusable_reply"
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["usage"]["tertulia"]["calls"] == 2
    assert caught.value.response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("schema", [{"type": "wrong"}, {"$ref": "http://127.0.0.1:1/x"}])
def test_a_schema_that_is_none_is_refused(client, schema):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model="tertulia",
            messages=ASKED,
            response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
        )
    assert caught.value.code == "invalid_json_schema"


def test_a_structured_answer_is_streamed_only_when_it_is_valid(ask_of):
    replies = iter(["nonsense", '{"a": 1}'])
    house = House({"default": Scripted(lambda system, text: next(replies))}, Direct())
    with (
        serving(house) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        stream = client.chat.completions.create(
            model="tertulia", messages=ASKED, stream=True, response_format={"type": "json_object"}
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert json.loads(text) == {"a": 1}


@pytest.mark.parametrize("where", ["metadata", "header"])
def test_a_request_can_set_a_budget_of_its_own(client, where):
    given = (
        {"metadata": {"tertulia_budget_tokens": "300"}}
        if where == "metadata"
        else {"extra_headers": {"x-tertulia-budget-tokens": "300"}}
    )
    usage = client.chat.completions.create(model="tertulia", messages=ASKED, **given).usage
    assert usage.total_tokens <= 300


def test_the_budget_of_the_house_holds_whatever_the_request_says(ask_of):
    house = scripted_house(budget=Budget(tokens=5))
    with pytest.raises(openai.BadRequestError) as caught:
        ask_of(house, metadata={"tertulia_budget_tokens": "100000"})
    assert caught.value.code == "budget_exceeded"


def test_effort_is_the_most_that_is_planned(ask_of):
    heard = []
    ask_of(House({"default": listening(heard)}, scripted_house().strategy), reasoning_effort="low")
    assert "at most 2" in heard[0].messages[0].text


def test_a_model_that_fails_gives_an_error_that_clients_do_not_repeat(ask_of):
    def fails(system, text):
        raise ModelError("the wire was cut")

    with pytest.raises(openai.InternalServerError) as caught:
        ask_of(scripted_house(fails, strategy=Direct()))
    assert caught.value.status_code == 502
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert "wire" in str(caught.value)


def test_a_stream_that_fails_ends_with_an_error_event(ask_of):
    def fails(system, text):
        raise ModelUnreachable("nobody answers")

    with (
        serving(scripted_house(fails, strategy=Direct())) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        pytest.raises(openai.APIError, match="nobody answers"),
    ):
        for _ in client.chat.completions.create(model="tertulia", messages=ASKED, stream=True):
            pass


def test_tool_results_of_the_client_are_read_as_part_of_the_conversation(ask_of):
    heard = []
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Lyon"}'}}
    messages = [
        {"role": "user", "content": "How is the weather in Lyon?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "18 degrees"},
    ]
    ask_of(House({"default": listening(heard)}, Direct()), messages)
    assert "18 degrees" in heard[0].messages[-1].text
    assert any("How is the weather in Lyon?" in message.text for message in heard[0].messages)


def test_an_answer_whose_call_was_cut_and_made_again_is_streamed_once(ask_of):
    class Cut(Scripted):
        tries = 0

        async def stream(self, request):
            Cut.tries += 1
            async for chunk in Scripted.stream(self, request):
                if Cut.tries == 1 and chunk.finish:
                    return
                yield chunk

    house = replace(scripted_house(strategy=Direct()), models={"default": Cut(lambda system, text: "one two three")})
    with (
        serving(house) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        stream = client.chat.completions.create(model="tertulia", messages=ASKED, stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert Cut.tries == 2
    assert text == "one two three"


def post(server, body, path="/v1/chat/completions", **headers):
    """Status and error object of a request that is not sent by any SDK."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("POST", path, body, {"content-type": "application/json", **headers})
        response = connection.getresponse()
        return response.status, json.loads(response.read())["error"]
    finally:
        connection.close()
