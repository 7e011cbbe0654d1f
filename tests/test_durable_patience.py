"""A stored run waits for a provider that is down, and only for that."""

import asyncio

import pytest

from bench.counting_server import CountingServer
from tertulia import House, Message, Request
from tertulia.durable.patient import Patient, patient
from tertulia.errors import ModelBusy, ModelUnreachable
from tertulia.model import Draft
from tertulia.providers.openai import OpenAI
from tertulia.providers.scripted import Scripted
from tertulia.usage import NOTHING

REQUEST = Request((Message("user", "How much is 3*4?"),))


async def heard(model):
    draft = Draft()
    try:
        await draft.read(model.stream(REQUEST))
    finally:
        await model.close()
    return draft


async def test_a_call_that_is_not_taken_is_made_again_and_costs_nothing():
    async with CountingServer() as server:
        server.fault(count=6, status=503, retry_after=0.01)
        draft = await heard(Patient(OpenAI("counting", server.url)))
        assert "12" in draft.text
        assert draft.usage.total == server.stats()["total_tokens"]


async def test_a_server_that_is_not_there_yet_is_waited_for():
    async with CountingServer() as server:
        port = server.port
    asking = asyncio.create_task(heard(Patient(OpenAI("counting", f"http://127.0.0.1:{port}/v1"))))
    await asyncio.sleep(0.2)
    async with CountingServer(port=port):
        assert "12" in (await asking).text


async def test_what_may_have_been_billed_is_left_to_the_run():
    async with CountingServer() as server:
        server.fault(cut_stream=True)
        with pytest.raises(ModelBusy):
            await heard(Patient(OpenAI("counting", server.url)))
        assert server.stats()["calls"] == 1


async def test_refusals_that_waiting_does_not_mend_are_passed_on():
    async with CountingServer(key="right") as server:
        with pytest.raises(ModelUnreachable, match="key"):
            await heard(Patient(OpenAI("counting", server.url, key="wrong")))
        server.fault(status=429)
        draft, model = Draft(), Patient(OpenAI("counting", server.url, key="right"))
        with pytest.raises(ModelBusy):
            await draft.read(model.stream(REQUEST))
        await model.close()
        assert draft.usage == NOTHING


async def test_patience_ends():
    async with CountingServer() as server:
        server.fault(count=99, status=503)
        with pytest.raises(ModelBusy):
            await heard(Patient(OpenAI("counting", server.url), seconds=0.0))


async def test_agents_that_share_a_model_share_it_still():
    model = Scripted()
    house = patient(House({"default": model, "planner": model}))
    assert house.models["default"] is house.models["planner"]
