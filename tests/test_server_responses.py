"""What clients of the Responses API see, through OpenAI's own SDK."""

from __future__ import annotations

import threading
import time

import openai
import pydantic
import pytest
from openai.types.responses import Response, ResponseStreamEvent

from tertulia import House
from tertulia.errors import ModelError
from tertulia.providers.scripted import Scripted
from tertulia.strategies.direct import Direct

from .conftest import ANSWER, says
from .serving import scripted_house, serving

ASKED = "Are there more minutes in a day than hours in a week?"
EVENT = pydantic.TypeAdapter(ResponseStreamEvent)


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def client_of():
    """A client of a server over a house of one's own."""
    opened = []

    def make(house, **settings):
        context = serving(house, **settings)
        server = context.__enter__()
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
        opened.append((context, client))
        return client

    yield make
    for context, client in opened:
        client.close()
        context.__exit__(None, None, None)


def valid(response):
    return Response.model_validate_json(response.model_dump_json(warnings=False))


def wait_for(client, id, statuses=("completed", "failed", "cancelled")):
    for _ in range(200):
        response = client.responses.retrieve(id)
        if response.status in statuses:
            return response
        time.sleep(0.02)
    raise AssertionError(f"still {response.status}")


def test_a_response_has_the_shape_of_the_sdk(client):
    response = valid(client.responses.create(model="tertulia", input=ASKED, metadata={"topic": "time"}))
    assert response.status == "completed"
    assert response.output_text == ANSWER
    assert response.metadata == {"topic": "time"}
    reasoning, message = response.output
    assert reasoning.type == "reasoning"
    assert any(part.text.startswith("[t1 calculator] found: 1440") for part in reasoning.summary)
    assert message.status == "completed"


def test_usage_holds_the_three_numbers(client):
    usage = client.responses.create(model="tertulia", input=ASKED).usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens == usage.tertulia["total"]
    assert usage.output_tokens - usage.output_tokens_details.reasoning_tokens == len(ANSWER.split())


def test_every_event_is_of_the_sdk_and_numbered_in_order(client):
    events = list(client.responses.create(model="tertulia", input=ASKED, stream=True))
    for event in events:
        EVENT.validate_json(event.model_dump_json(warnings=False))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    types = [event.type for event in events]
    assert types[:2] == ["response.created", "response.in_progress"]
    assert types[-1] == "response.completed"
    assert types.count("response.output_item.added") == types.count("response.output_item.done") == 2
    parts = types.count("response.reasoning_summary_part.added")
    assert parts == types.count("response.reasoning_summary_part.done") > 4


def test_the_helper_of_the_sdk_builds_the_same_response_from_the_events(client):
    with client.responses.stream(model="tertulia", input=ASKED) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    plain = client.responses.create(model="tertulia", input=ASKED)
    assert "".join(deltas) == final.output_text == plain.output_text
    assert len(final.output[0].summary) == len(plain.output[0].summary)
    assert sorted(part.text for part in final.output[0].summary) == sorted(
        part.text for part in plain.output[0].summary
    )


def test_a_conversation_goes_on_from_the_previous_response(client_of):
    heard = []

    class Listening(Scripted):
        async def stream(self, request):
            heard.append([message.text for message in request.messages])
            async for chunk in Scripted.stream(self, request):
                yield chunk

    client = client_of(House({"default": Listening(lambda system, text: "Aye.")}, Direct()))
    first = client.responses.create(model="tertulia", input="I have 3 cats.", instructions="Be a pirate.")
    client.responses.create(model="tertulia", input="How many?", previous_response_id=first.id)
    assert "Be a pirate." in heard[0][0]
    assert heard[1][1:3] == ["I have 3 cats.", "Aye."]
    assert "pirate" not in heard[1][0]


def test_input_may_be_items_with_images_and_the_reasoning_of_before(client):
    pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    items = [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]},
        {"role": "user", "content": [{"type": "input_image", "image_url": pixel, "detail": "auto"}]},
    ]
    response = client.responses.create(model="tertulia-direct", input=items)
    assert response.output_text
    listed = list(client.responses.input_items.list(response.id, order="asc"))
    assert len(listed) == len(items)


def test_a_stored_response_can_be_retrieved_and_deleted(client):
    made = client.responses.create(model="tertulia-direct", input=ASKED)
    assert client.responses.retrieve(made.id) == made
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_a_response_that_nobody_wants_stored_is_not(client):
    made = client.responses.create(model="tertulia-direct", input=ASKED, store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="tertulia-direct", input="And?", previous_response_id=made.id)
    assert caught.value.code == "previous_response_not_found"


def test_the_oldest_responses_are_forgotten_first(client_of):
    client = client_of(scripted_house(strategy=Direct()), stored=2)
    ids = [client.responses.create(model="tertulia", input=ASKED).id for _ in range(3)]
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(ids[0])
    assert client.responses.retrieve(ids[2]).id == ids[2]


def test_a_response_is_made_in_the_background(client):
    made = client.responses.create(model="tertulia", input=ASKED, background=True)
    assert made.status == "queued"
    assert made.background
    done = valid(wait_for(client, made.id))
    assert done.status == "completed"
    assert done.output_text == ANSWER
    assert done.usage.tertulia["runs"] == []  # where `tertulia runs` finds none


def test_a_background_stream_can_be_taken_up_again_after_any_event(client):
    events = list(client.responses.create(model="tertulia", input=ASKED, background=True, stream=True))
    id = events[0].response.id
    again = list(client.responses.retrieve(id, stream=True, starting_after=events[4].sequence_number))
    assert [event.to_dict() for event in again] == [event.to_dict() for event in events[5:]]


def test_a_background_response_can_be_followed_by_many_while_it_is_made(client_of):
    client = client_of(scripted_house(seconds=0.05))
    made = client.responses.create(model="tertulia", input=ASKED, background=True)
    texts = []

    def follow():
        events = client.responses.retrieve(made.id, stream=True)
        texts.append("".join(event.delta for event in events if event.type == "response.output_text.delta"))

    threads = [threading.Thread(target=follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert texts == [ANSWER] * 3


def test_a_background_response_can_be_cancelled_and_its_calls_stop(client_of):
    client = client_of(scripted_house(seconds=30))
    made = client.responses.create(model="tertulia", input=ASKED, background=True)
    wait_for(client, made.id, ("in_progress",))
    cancelled = valid(client.responses.cancel(made.id))
    assert cancelled.status == "cancelled"
    assert cancelled.usage.tertulia["exact"] is False
    assert client.responses.cancel(made.id).status == "cancelled"


def test_only_background_responses_can_be_cancelled(client):
    made = client.responses.create(model="tertulia-direct", input=ASKED)
    with pytest.raises(openai.BadRequestError):
        client.responses.cancel(made.id)


def test_a_response_that_is_cut_is_incomplete(client_of):
    client = client_of(scripted_house(strategy=Direct()))
    response = valid(client.responses.create(model="tertulia", input=ASKED, max_output_tokens=3))
    assert response.status == "incomplete"
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.usage.output_tokens <= 3


def test_a_failure_is_told_in_the_stream_with_what_it_cost(client_of):
    def fails(system, text):
        if system.startswith("You plan"):
            return says(system, text)
        raise ModelError("the wire was cut")

    client = client_of(scripted_house(fails))
    events = list(client.responses.create(model="tertulia", input=ASKED, stream=True))
    for event in events:
        EVENT.validate_json(event.model_dump_json(warnings=False))
    assert [event.type for event in events[-2:]] == ["error", "response.failed"]
    assert events[-1].response.usage.tertulia["calls"] > 1
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_a_structured_answer_is_parsed_by_the_sdk(client_of):
    class Sum(pydantic.BaseModel):
        value: int

    client = client_of(House({"default": Scripted(lambda system, text: '{"value": 42}')}, Direct()))
    response = client.responses.parse(model="tertulia", input=ASKED, text_format=Sum)
    assert response.output_parsed == Sum(value=42)
    assert response.text.format.name == "Sum"


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"conversation": "conv_1"}, "conversation"),
        ({"top_p": 0.3}, "top_p"),
        ({"include": ["message.output_text.logprobs"]}, "include"),
        ({"reasoning": {"effort": "enormous"}}, "reasoning.effort"),
        ({"tool_choice": {"type": "function", "name": "x"}}, "tool_choice"),
        ({"max_output_tokens": -1}, "max_output_tokens"),
        ({"metadata": {"tertulia_budget_seconds": "soon"}}, "metadata.tertulia_budget_seconds"),
        ({"input": [{"type": "computer_call_output", "output": {}}]}, "input[0].type"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
    ],
)
def test_a_parameter_that_cannot_be_honoured_is_named(client, parameters, param):
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**({"model": "tertulia", "input": ASKED} | parameters))
    assert caught.value.param == param
