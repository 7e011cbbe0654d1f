"""What a client sends of a conversation is what a provider gets of it: who said what, in what order, and about what."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tertulia import House
from tertulia.abilities import Abilities
from tertulia.conversation import in_words, shortened, turn
from tertulia.errors import PromptTooLong
from tertulia.providers._body import Asking
from tertulia.providers._direct_asked import conversation as as_pydantic_ai
from tertulia.providers.dialects import DIRECT, EMBEDDED, OPENAI
from tertulia.providers.scripted import Scripted
from tertulia.server.reading.chat_request import ChatRequest, from_chat
from tertulia.server.reading.response_request import ResponsesRequest, from_responses
from tertulia.strategies.direct import SYSTEM, Direct
from tertulia.strategies.search import Search
from tertulia.types import Call, Image, Turn

from .serving import serving

PIXELS = [
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    ),
    base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
]
IMAGES = st.sampled_from([Image(PIXELS[0]), Image(PIXELS[1], "image/gif")])
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(str.strip)
NAMES = st.sampled_from(["", "", "Ana", "Bob"])


@st.composite
def conversations(draw, named=True):
    """Turns as protocols allow them: rules, people, assistants who call tools, and results in any order."""
    turns = [Turn("system", text) for text in draw(st.lists(TEXTS, max_size=2))]
    ids = 0
    for kind in ["user", *draw(st.lists(st.sampled_from(["user", "assistant", "calls", "system"]), max_size=7))]:
        if kind == "user":
            said = draw(st.lists(st.one_of(TEXTS, IMAGES), min_size=1, max_size=3))
            turns.append(turn("user", said, name=draw(NAMES) if named else ""))
        elif kind == "calls":
            count = draw(st.integers(1, 3))
            arguments = [json.dumps({"city": draw(TEXTS)}) for _ in range(count)]
            calls = tuple(Call(f"call_{ids + at}", "weather", one) for at, one in enumerate(arguments))
            ids += count
            turns.append(Turn("assistant", "", calls=calls))
            for call in draw(st.permutations(calls)):
                turns.append(turn("tool", draw(st.lists(TEXTS, min_size=1, max_size=1)), answers=call.id))
                if draw(st.booleans()):
                    turns[-1] = replace(turns[-1], images=(draw(IMAGES),))
        else:
            turns.append(Turn(kind, draw(TEXTS)))
    return turns


def data_url(image):
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"


def in_order(one):
    return one.contents or (*((one.text,) if one.text else ()), *one.images)


def as_chat(one):
    """A turn as a message of a chat."""
    parts = [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": data_url(part)}}
        for part in in_order(one)
    ]
    message = {"role": one.role, "content": parts if one.images or one.contents else one.text or None}
    if one.name:
        message["name"] = one.name
    if one.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in one.calls
        ]
    if one.role == "tool":
        message["tool_call_id"] = one.answers
    return message


def as_items(one):
    """A turn as items of a response's input."""
    parts = [
        {"type": "output_text" if one.role == "assistant" else "input_text", "text": part}
        if isinstance(part, str)
        else {"type": "input_image", "image_url": data_url(part)}
        for part in in_order(one)
    ]
    if one.role == "tool":
        return [{"type": "function_call_output", "call_id": one.answers, "output": parts if one.images else one.text}]
    calls = [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        for call in one.calls
    ]
    return ([{"role": one.role, "content": parts}] if parts else []) + calls


class Listening(Scripted):
    """Remembers what it is asked, and takes what it is sent."""

    takes_tools = True
    heard: list[Any]
    longest: int

    def __init__(self, longest=10**9):
        super().__init__(lambda system, text: "Aye.")
        object.__setattr__(self, "heard", [])
        object.__setattr__(self, "longest", longest)

    async def stream(self, request):
        if len(request.messages) > self.longest:
            raise PromptTooLong("it is too long")
        self.heard.append(request)
        async for chunk in Scripted.stream(self, request):
            yield chunk


def asked_of_the_model(question, strategy=None):
    model = Listening()
    asyncio.run(House({"default": model}, strategy or Direct()).ask(question))
    return model.heard[-1]


def part_of(given):
    if given["type"] == "text":
        return given["text"]
    head, _, data = given["image_url"]["url"].partition(";base64,")
    return Image(base64.b64decode(data), head.removeprefix("data:"))


def read_back(messages):
    """The conversation that a provider's request tells; what the strategy says of its own is left out."""
    first, *rest = messages
    rules = first["content"].removeprefix(SYSTEM).removeprefix("\n\n")
    turns = [Turn("system", rules)] if rules else []
    for message in rest:
        content = message["content"]
        parts = [content] if isinstance(content, str) else [part_of(part) for part in content or ()]
        if isinstance(parts[0] if parts else None, str) and parts[0].startswith("(images that the call "):
            id = parts[0].split()[4]
            for said in parts:
                if isinstance(said, str):
                    id = said.split()[4]
                    continue
                at = next(number for number, one in enumerate(turns) if one.answers == id)
                turns[at] = replace(turns[at], images=(*turns[at].images, said))
            continue
        calls = tuple(
            Call(call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in message.get("tool_calls", ())
        )
        answers, name = message.get("tool_call_id", ""), message.get("name", "")
        turns.append(turn(message["role"], parts, calls=calls, answers=answers, name=name))
    return turns


def with_rules_in_one(turns):
    """Rules at the beginning are one system message."""
    start = next(number for number, one in enumerate(turns) if one.role != "system")
    rules = "\n\n".join(one.text for one in turns[:start])
    return [*([Turn("system", rules)] if rules else []), *turns[start:]]


def without_our_words(turns):
    """The question without how the strategy wants it answered."""
    at = max(number for number, one in enumerate(turns) if one.role == "user")
    parts = list(in_order(turns[at]))
    last = max(number for number, part in enumerate(parts) if isinstance(part, str))
    parts[last] = parts[last].rpartition("Answer")[0].removesuffix("\n\n")
    parts = [part for part in parts if part not in ("", "What is in the image?")]
    return [*turns[:at], turn("user", parts, name=turns[at].name), *turns[at + 1 :]]


def passed_on(asking, dialect=OPENAI, abilities=None):
    request = asked_of_the_model(asking.question)
    return Asking("m", request, dialect, abilities or Abilities()).body()["messages"]


MANY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(conversations())
def test_any_chat_reaches_the_provider_as_it_is(turns):
    asking = from_chat(ChatRequest.model_validate({"model": "m", "messages": [as_chat(one) for one in turns]}), {})
    assert without_our_words(read_back(passed_on(asking))) == with_rules_in_one(turns)


def joined(turns):
    """Items do not say where one message of an assistant ends: calls belong to what it said before them."""
    whole = []
    for one in turns:
        if whole and one.calls and whole[-1].role == "assistant":
            whole[-1] = replace(whole[-1], calls=(*whole[-1].calls, *one.calls))
        else:
            whole.append(one)
    return whole


@MANY
@given(conversations(named=False))
def test_any_input_of_a_response_reaches_the_provider_as_it_is(turns):
    items = [item for one in turns for item in as_items(one)]
    asking = from_responses(ResponsesRequest.model_validate({"model": "m", "input": items}), {})
    assert without_our_words(read_back(passed_on(asking))) == with_rules_in_one(joined(turns))


@MANY
@given(conversations(), st.randoms())
def test_in_words_another_owner_of_a_result_is_another_conversation(turns, chance: random.Random):
    results = [number for number, one in enumerate(turns) if one.role == "tool"]
    owners = [turns[number].answers for number in results]
    chance.shuffle(owners)
    swapped = list(turns)
    for number, owner in zip(results, owners, strict=True):
        swapped[number] = replace(turns[number], answers=owner)
    made = {call.id: call.arguments for one in turns for call in one.calls}
    same = [(made[one.answers], one.text, one.images) for one in swapped if one.role == "tool"] == [
        (made[one.answers], one.text, one.images) for one in turns if one.role == "tool"
    ]
    assert same or in_words(turns) != in_words(swapped)


@MANY
@given(conversations())
def test_in_words_nothing_is_lost_and_speakers_alternate(turns):
    told = in_words(turns)
    whole = "\n".join(one.text for one in told)
    for one in turns:
        assert one.text in whole
        assert one.name in whole
        assert all(call.arguments in whole for call in one.calls)
    assert [image for one in told for image in one.images] == [image for one in turns for image in one.images]
    assert all(one.role != other.role or one.role == "system" for one, other in pairwise(told))
    assert {one.role for one in told} <= {"system", "user", "assistant"}


@MANY
@given(conversations())
def test_a_model_without_tools_is_told_in_words(turns):
    asking = from_chat(ChatRequest.model_validate({"model": "m", "messages": [as_chat(one) for one in turns]}), {})
    messages = passed_on(asking, EMBEDDED, Abilities(tools="never"))
    assert all(set(message) == {"role", "content"} for message in messages)
    told = "".join(m["content"] if isinstance(m["content"], str) else json.dumps(m["content"]) for m in messages)
    assert all(call.name in told for one in turns for call in one.calls)


@MANY
@given(conversations())
def test_pydantic_ai_gets_calls_and_results_as_such(turns):
    asking = from_chat(ChatRequest.model_validate({"model": "m", "messages": [as_chat(one) for one in turns]}), {})
    told = as_pydantic_ai(Asking("m", asked_of_the_model(asking.question), DIRECT, Abilities()))
    parts = [part for message in told for part in message.parts]
    calls = [(part.tool_call_id, part.args) for part in parts if part.part_kind == "tool-call"]
    results = [part.tool_call_id for part in parts if part.part_kind == "tool-return"]
    assert calls == [(call.id, call.arguments) for one in turns for call in one.calls]
    assert results == [one.answers for one in turns if one.role == "tool"]


@MANY
@given(conversations())
def test_a_strategy_that_reads_only_the_question_reads_what_was_said_since(turns):
    last = max(number for number, one in enumerate(turns) if one.role == "user")
    request = {"model": "m", "messages": [as_chat(one) for one in turns[last:]]}
    asking = from_chat(ChatRequest.model_validate(request), {})
    text = asked_of_the_model(asking.question, Search()).text
    for one in turns[last:]:
        assert one.text in text


@MANY
@given(conversations())
def test_what_is_left_of_a_shortened_conversation_begins_with_no_orphan(turns):
    asking = from_chat(ChatRequest.model_validate({"model": "m", "messages": [as_chat(one) for one in turns]}), {})
    shorter = shortened(asking.question)
    while shorter is not None:
        made = {call.id for one in (*shorter.history, *shorter.since) for call in one.calls}
        assert all(one.answers in made for one in (*shorter.history, *shorter.since) if one.role == "tool")
        assert shorter.text == asking.question.text
        shorter = shortened(shorter)


# -- over the wire


@pytest.fixture
def heard():
    """A server over a model that remembers, and the client of it."""
    model = Listening()
    with (
        serving(House({"default": model}, Direct())) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client, model.heard


RESULT = [
    {"role": "user", "content": "How warm is it?"},
    {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c1", "output": "18"},
]


def test_a_result_whose_call_nobody_made_is_told_in_words(heard):
    client, asked = heard
    client.responses.create(model="tertulia", input=[RESULT[0], RESULT[2]])
    body = Asking("m", asked[-1], OPENAI, Abilities()).body()
    assert body["messages"][-1] == {"role": "user", "content": "(the tool returned: 18)"}


def test_a_conversation_may_end_with_the_assistant(heard):
    client, asked = heard
    messages = [{"role": "user", "content": "Count."}, {"role": "assistant", "content": "One, two,"}]
    client.chat.completions.create(model="tertulia", messages=messages)
    assert [(one.role, one.text) for one in asked[-1].messages[2:]] == [("assistant", "One, two,")]


def test_a_conversation_may_hold_nothing_but_a_system_message(heard):
    client, asked = heard
    client.chat.completions.create(model="tertulia", messages=[{"role": "system", "content": "Say hello."}])
    assert "Say hello." in asked[-1].messages[-1].text


def test_a_long_conversation_is_taken_whole(heard):
    client, asked = heard
    items = [{"role": role, "content": "x"} for _ in range(2500) for role in ("user", "assistant")]
    client.responses.create(model="tertulia", input=[*items, {"role": "user", "content": "And now?"}])
    assert len(asked[-1].messages) == 5002


def test_the_oldest_turns_are_left_out_only_where_that_is_wanted():
    model = Listening(longest=10)
    items: list[Any] = [{"role": role, "content": f"{n}"} for n in range(20) for role in ("user", "assistant")]
    asked = [*items, {"role": "user", "content": "And now?"}]
    with (
        serving(House({"default": model}, Direct())) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        client.responses.create(model="tertulia", input=asked, truncation="auto")
        said = [one.text for one in model.heard[-1].messages[1:]]
        assert said[-2] == "19"
        assert "And now?" in said[-1]
        with pytest.raises(openai.BadRequestError) as caught:
            client.responses.create(model="tertulia", input=asked, truncation="disabled")
        assert caught.value.code == "context_length_exceeded"


def test_an_item_is_found_by_its_reference(heard):
    client, asked = heard
    first = client.responses.create(model="tertulia", input="Hello")
    again = [{"type": "item_reference", "id": item.id} for item in first.output]
    client.responses.create(
        model="tertulia", input=[{"role": "user", "content": "Hello"}, *again, {"role": "user", "content": "And you?"}]
    )
    assert [(one.role, one.text) for one in asked[-1].messages[1:3]] == [("user", "Hello"), ("assistant", "Aye.")]
    items = client.responses.input_items.list(first.id).data
    client.responses.create(model="tertulia", input=[{"type": "item_reference", "id": items[0].id}])
    assert "Hello" in asked[-1].messages[-1].text


def test_a_reference_to_nothing_is_named(heard):
    client, _ = heard
    for id in ("msg_0", "msg_00000000000000000000000000000000_1", "", "x" * 500):
        with pytest.raises(openai.NotFoundError) as caught:
            client.responses.create(model="tertulia", input=[{"type": "item_reference", "id": id}])
        assert caught.value.param == "input[0]"


def test_what_follows_a_response_knows_all_that_was_said_before_it(heard):
    client, asked = heard
    image = {"type": "input_image", "image_url": data_url(Image(PIXELS[0])), "detail": "auto"}
    first = client.responses.create(
        model="tertulia",
        instructions="Only now.",
        input=[
            {"role": "developer", "content": "Rhyme."},
            {"role": "user", "content": [{"type": "input_text", "text": "What is it?"}, image]},
            *RESULT[1:],
        ],
    )
    client.responses.create(model="tertulia", input="And now?", previous_response_id=first.id)
    system, shown, called, returned, answered, _ = asked[-1].messages
    assert "Rhyme." in system.text
    assert "Only now." not in system.text
    assert shown.images == (Image(PIXELS[0]),)
    assert called.calls == (Call("c1", "weather", "{}"),)
    assert (returned.role, returned.answers, answered.text) == ("tool", "c1", "Aye.")


def test_input_items_are_listed_page_by_page(heard):
    client, _ = heard
    made = client.responses.create(model="tertulia", input=[{"role": "user", "content": f"{n}"} for n in range(25)])
    page = client.responses.input_items.list(made.id, limit=10, order="asc")
    assert (len(page.data), page.has_more) == (10, True)
    assert [item.content[0].text for item in page] == [f"{n}" for n in range(25)]
    assert len(client.responses.input_items.list(made.id).data) == 20


def test_calls_in_the_way_of_old_belong_to_their_results(heard):
    client, asked = heard
    messages = [
        {"role": "user", "content": "How warm?"},
        {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}},
        {"role": "function", "name": "weather", "content": "18"},
    ]
    client.chat.completions.create(model="tertulia", messages=messages)
    called, returned = asked[-1].messages[-2:]
    assert returned.answers == called.calls[0].id
