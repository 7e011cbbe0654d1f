"""The ledger against the bill of a real server that fails in every way, and what is asked again after which failure."""

import asyncio

import pytest

from bench.counting_server import CountingServer
from tertulia import Budget, House, Question
from tertulia.errors import ModelError, ModelUnreachable, TertuliaError
from tertulia.events import Replied, Waiting
from tertulia.gate import Gate
from tertulia.providers.openai import OpenAI
from tertulia.stores.memory import Memory
from tertulia.strategies.direct import Direct
from tertulia.strategies.tertulia import Tertulia

from .conftest import ANSWER
from .mind import RULES


class Asked:
    """A house at a counting server, asked one question."""

    def __init__(self, **more):
        self.more, self.journal, self.events = more, Memory(), []

    async def __call__(self, server, seconds=600.0, idle=120.0):
        model = OpenAI("mock", server.url, free=True, seconds=seconds, idle=idle)
        gates = {model.name: Gate(model.name, chance=lambda: 0.0)}
        server.script(*RULES)
        async with House({"default": model}, gates=gates, **{"strategy": Tertulia(), **self.more}) as house:
            return await house.ask(Question("Are there more minutes in a day?"), self.events.append, self.journal)

    @property
    def entries(self):
        return list(self.journal.ledger.values())

    @property
    def total(self):
        return sum(entry.usage.total for entry in self.entries)

    @property
    def statuses(self):
        return [entry.status for entry in self.entries]


async def test_a_run_without_faults_is_booked_to_the_token():
    asked = Asked()
    async with CountingServer(latency=0) as server:
        answered = await asked(server)
        assert answered.answer.text == ANSWER
        assert answered.report.exact
        assert answered.report.total == asked.total == server.stats()["total_tokens"]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
async def test_what_passes_is_asked_again_and_both_attempts_are_in_the_ledger(status):
    asked = Asked(strategy=Direct())
    async with CountingServer(latency=0) as server:
        server.fault(status=status)
        answered = await asked(server)
        assert asked.statuses == ["retried", "ok"]
        assert answered.report.exact
        assert asked.total == server.stats()["total_tokens"]


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422])
async def test_what_does_not_pass_is_not_asked_again(status):
    asked = Asked(strategy=Direct())
    async with CountingServer(latency=0) as server:
        server.fault(status=status, count=9)
        with pytest.raises(ModelError):
            await asked(server)
        assert len(server.calls) == 1
        assert asked.statuses == ["failed"]
        assert asked.total == 0


async def test_a_wrong_key_is_told_as_such_and_not_tried_again():
    asked = Asked(strategy=Direct())
    async with CountingServer(latency=0, key="right") as server:
        with pytest.raises(ModelUnreachable, match="OPENAI_API_KEY"):
            await asked(server)
        assert len(server.calls) <= 1


async def test_a_provider_is_asked_four_times_at_most():
    asked = Asked(strategy=Direct())
    async with CountingServer(latency=0) as server:
        server.fault(status=500, count=99)
        with pytest.raises(ModelError):
            await asked(server)
        assert len(server.calls) == 4
        assert asked.statuses == ["retried"] * 3 + ["failed"]


async def test_a_wait_that_the_provider_asks_for_is_kept():
    asked = Asked(strategy=Direct())
    async with CountingServer(latency=0) as server:
        server.fault(status=429, retry_after=0.2)
        await asked(server)
        (pause,) = (event.seconds for event in asked.events if isinstance(event, Waiting))
        assert pause >= 0.2
        assert server.calls[1].began - server.calls[0].ended >= 0.19


async def test_a_wait_longer_than_a_minute_is_not_waited_for():
    asked = Asked(strategy=Direct())
    async with CountingServer(latency=0) as server:
        server.fault(status=429, retry_after=3600)
        with pytest.raises(ModelError):
            await asked(server)
        assert len(server.calls) == 1


@pytest.mark.parametrize(
    "fault", [{"cut_stream": True}, {"no_finish": True}, {"no_usage": True}, {"usage": {"prompt_tokens": -5}}]
)
async def test_what_the_provider_does_not_count_is_estimated_upwards_and_marked(fault):
    asked = Asked()
    async with CountingServer(latency=0) as server:
        server.fault(skip=1, **fault)
        answered = await asked(server)
        billed = server.stats()["total_tokens"]
        assert not answered.report.exact
        assert asked.total >= billed
        exact = sum(entry.usage.total for entry in asked.entries if entry.usage.exact)
        assert exact < billed


async def test_a_run_that_is_cancelled_settles_what_its_calls_cost():
    asked = Asked()
    async with CountingServer(latency=0, per_token=0.05) as server:
        asking = asyncio.create_task(asked(server))
        while not server.calls:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        for _ in range(100):
            if server.stats()["in_flight"] == 0 if "in_flight" in server.stats() else server.calls[-1].ended:
                break
            await asyncio.sleep(0.01)
        assert asked.statuses == ["cancelled"]
        assert asked.total >= server.stats()["total_tokens"] > 0


async def test_time_that_runs_out_stops_the_call_and_is_booked_as_abandoned():
    asked = Asked(budget=Budget(seconds=0.6), strategy=Direct())
    async with CountingServer(latency=0, per_token=0.05) as server:
        answered = await asked(server)
        assert asked.statuses == ["abandoned"]
        assert 0 < len(answered.answer.text) < len(ANSWER) * 10
        assert "time" in answered.answer.stopped
        assert answered.report.total == asked.total


async def test_a_reply_that_never_begins_is_given_up_and_asked_for_again():
    asked = Asked(strategy=Direct())
    async with CountingServer(latency=0) as server:
        server.fault(hang=True)
        await asked(server, idle=0.3)
        assert asked.statuses == ["retried", "ok"]


async def test_thoughts_that_the_model_does_not_show_are_reasoning():
    asked = Asked(strategy=Direct())
    async with CountingServer(latency=0) as server:
        server.script(*RULES)
        model = OpenAI("mock-reason", server.url, free=True)
        async with House({"default": model}, strategy=Direct()) as house:
            answered = await house.ask(Question("What is 6 * 7?"))
        (call,) = server.calls
        assert answered.report.reasoning == call.reasoning_tokens > 0
        assert answered.report.output == call.completion_tokens - call.reasoning_tokens
        assert answered.report.input == call.prompt_tokens
    assert asked.entries == []


async def test_a_hundred_questions_at_once_are_each_booked_to_the_token():
    async with CountingServer(latency=0.05) as server:
        server.script(*RULES)
        model = OpenAI("mock", server.url, free=True)
        async with House({"default": model}, Tertulia()) as house:
            answers = await asyncio.gather(*(house.ask(Question(f"Question {number}?")) for number in range(100)))
        assert sum(answered.report.total for answered in answers) == server.stats()["total_tokens"]
        assert len(server.calls) == sum(answered.report.calls for answered in answers) == 500


async def test_each_attempt_is_told_before_it_is_made_and_after_it_ended():
    asked = Asked()
    async with CountingServer(latency=0) as server:
        server.fault(status=500)
        await asked(server)
    replied = [event.entry for event in asked.events if isinstance(event, Replied)]
    assert sorted((e.key, e.attempt) for e in replied) == sorted((e.key, e.attempt) for e in asked.entries)


async def test_nobody_at_the_address_is_told_in_one_line():
    model = OpenAI("mock", "http://127.0.0.1:9/v1")
    async with House({"default": model}, strategy=Direct()) as house:
        with pytest.raises(TertuliaError, match="is the server running there") as told:
            await house.ask(Question("Hello?"))
    assert "\n" not in str(told.value)
