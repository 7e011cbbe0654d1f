"""Tools of the client: passed to the call that writes the answer, and returned as calls."""

from __future__ import annotations

import json
from typing import Any

import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletion
from openai.types.responses import Response, ResponseStreamEvent

from tertulia import House
from tertulia.model import Chunk
from tertulia.providers._body import _function
from tertulia.providers.openai import OpenAI
from tertulia.providers.scripted import Scripted
from tertulia.strategies.direct import Direct
from tertulia.strategies.tertulia import Tertulia
from tertulia.types import Call
from tertulia.usage import Usage

from .conftest import says
from .serving import serving

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"name": "weather", "description": "How the weather is.", "parameters": PARAMETERS}
CHAT_TOOL = {"type": "function", "function": WEATHER}
RESPONSES_TOOL = {"type": "function", **WEATHER}
ASKED = "How is the weather in Lyon?"
ARGUMENTS = '{"city": "Lyon"}'
EVENT = pydantic.TypeAdapter(ResponseStreamEvent)


def has_result(request: Any) -> bool:
    """Whether a tool has just returned, as a message of its own or, in a plan, in words."""
    last = request.messages[-1]
    return last.role == "tool" or "returned" in last.text


class Handy(Scripted):
    """Calls the first tool it gets, unless it has what the tool returned; writes ten tokens to do so."""

    takes_tools = True

    async def stream(self, request):
        if request.tools and not has_result(request):
            call = Call("call_1", request.tools[0].name, ARGUMENTS)
            usage = Usage(await self.count(request), 10)
            yield Chunk(usage=usage, finish="stop", calls=(call,))
            return
        async for chunk in Scripted.stream(self, request):
            yield chunk


def handy(strategy):
    return House(
        {"default": Handy(lambda system, text: "18 degrees" if "18 degrees" in text else says(system, text))}, strategy
    )


@pytest.fixture(scope="module", params=["direct", "tertulia", "through the provider"])
def client(request):
    """A client of a server whose model calls tools: itself, or behind another server."""
    strategy = Tertulia() if request.param == "tertulia" else Direct()
    with serving(handy(strategy)) as server:
        if request.param != "through the provider":
            with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
                yield client
            return
        behind = OpenAI("tertulia", f"{server.url}/v1", label="behind", free=True)
        with (
            serving(House({"default": behind}, Direct())) as outer,
            openai.OpenAI(base_url=f"{outer.url}/v1", api_key="none", max_retries=0) as client,
        ):
            yield client


def ask(client, **parameters):
    given = {"model": "tertulia", "messages": [{"role": "user", "content": ASKED}], "tools": [CHAT_TOOL]}
    return client.chat.completions.create(**(given | parameters))


def test_a_tool_call_is_returned(client):
    completion = ChatCompletion.model_validate_json(ask(client).model_dump_json(warnings=False))
    (choice,) = completion.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    calls: Any = choice.message.tool_calls
    (call,) = calls
    assert (call.id, call.function.name, json.loads(call.function.arguments)) == ("call_1", "weather", {"city": "Lyon"})
    assert completion.usage.tertulia["ignored"] == []
    assert completion.usage.tertulia["output"] == 10


def test_a_tool_call_is_streamed(client):
    with client.chat.completions.stream(
        model="tertulia", messages=[{"role": "user", "content": ASKED}], tools=[CHAT_TOOL]
    ) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].finish_reason == "tool_calls"
    assert final.choices[0].message.tool_calls[0].function.arguments == ARGUMENTS


def test_the_answer_comes_when_the_tool_has_returned(client):
    first = ask(client).choices[0].message
    messages = [
        {"role": "user", "content": ASKED},
        first.model_dump(exclude_none=True, include={"role", "tool_calls"}),
        {"role": "tool", "tool_call_id": "call_1", "content": "18 degrees"},
    ]
    answer = ask(client, messages=messages).choices[0]
    assert answer.finish_reason == "stop"
    assert answer.message.content
    assert answer.message.tool_calls is None


def test_no_tool_is_called_where_none_is_wanted(client):
    assert ask(client, tool_choice="none").choices[0].finish_reason == "stop"


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "weather"}}])
def test_a_call_can_be_demanded(client, choice):
    assert ask(client, tool_choice=choice).choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("strict", [True, False, None])
def test_how_strict_a_function_is_reaches_the_model(strict):
    heard = []

    class Hearing(Handy):
        async def stream(self, request):
            heard.append(request)
            async for chunk in Handy.stream(self, request):
                yield chunk

    tool = {**WEATHER} if strict is None else {**WEATHER, "strict": strict}
    house = House({"default": Hearing(says)}, Direct())
    with (
        serving(house) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as asking,
    ):
        ask(asking, tools=[{"type": "function", "function": tool}])
    assert [tool.strict for tool in heard[0].tools] == [strict]
    assert _function(heard[0].tools[0]).get("strict") == strict


def test_that_only_one_tool_may_be_called_at_once_is_said_to_be_ignored(client):
    told: Any = ask(client, parallel_tool_calls=False).usage
    assert told.tertulia["ignored"] == ["parallel_tool_calls"]
    made = client.responses.create(model="tertulia", input=ASKED, tools=[RESPONSES_TOOL], parallel_tool_calls=False)
    assert made.usage.tertulia["ignored"] == ["parallel_tool_calls"]


def test_a_tool_that_is_not_there_cannot_be_demanded(client):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, tool_choice={"type": "function", "function": {"name": "teleport"}})
    assert caught.value.param == "tool_choice"


@pytest.mark.parametrize("function", [{}, {"name": 5}, "weather", {"name": "x", "parameters": []}])
def test_a_tool_that_is_none_is_refused(client, function):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, tools=[CHAT_TOOL, {"type": "function", "function": function}])
    assert caught.value.param.startswith("tools[1]")


def test_a_response_calls_a_tool_and_goes_on_with_what_it_returns(client):
    made = client.responses.create(model="tertulia", input=ASKED, tools=[RESPONSES_TOOL])
    made = Response.model_validate_json(made.model_dump_json(warnings=False))
    call: Any = made.output[-1]
    assert (call.type, call.call_id, call.name, json.loads(call.arguments)) == (
        "function_call",
        "call_1",
        "weather",
        {"city": "Lyon"},
    )
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees"}
    after = client.responses.create(
        model="tertulia", input=[result], previous_response_id=made.id, tools=[RESPONSES_TOOL]
    )
    assert after.output_text


def test_the_events_of_a_tool_call_are_of_the_sdk(client):
    with client.responses.stream(model="tertulia", input=ASKED, tools=[RESPONSES_TOOL]) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert final.output[-1].arguments == ARGUMENTS
    events = list(client.responses.create(model="tertulia", input=ASKED, tools=[RESPONSES_TOOL], stream=True))
    for event in events:
        EVENT.validate_json(event.model_dump_json(warnings=False))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "response.function_call_arguments.done" in [event.type for event in events]


def test_tools_of_other_types_are_left_out_and_said_to_be(client):
    completion = client.responses.create(
        model="tertulia", input=ASKED, tools=[{"type": "web_search"}, RESPONSES_TOOL], tool_choice="auto"
    )
    assert completion.usage.tertulia["ignored"] == ["tools"]


def test_where_the_model_cannot_call_tools_the_answer_is_written_without():
    with (
        serving(House({"default": Scripted(says)}, Direct())) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        assert ask(client).usage.tertulia["ignored"] == ["tools"]
        with pytest.raises(openai.BadRequestError, match="cannot call tools"):
            ask(client, tool_choice="required")
