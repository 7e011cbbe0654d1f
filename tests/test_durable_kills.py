"""A run is killed at each of its model calls, and resumed: the counting server tells what was paid for."""

import asyncio
import time

import pytest

from tertulia.durable.configuration import settings_of
from tertulia.durable.life import resume
from tertulia.durable.liveness import Heartbeat, dead_holder
from tertulia.opening import open_house
from tertulia.stores.places import runs_at

from .witness import ANSWER, CALLS, QUESTION, kill, tertulia, witness

pytest_plugins = ("tests.postgres",)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with witness(tmp_path_factory.mktemp("witness")) as server:
        yield server


def begin(server, place):
    return tertulia(
        "ask", QUESTION, "--durable", "--plain", "--database", place, "--model", "openai:counting", "--base-url",
        server.url,
    )  # fmt: skip


async def resumed(place):
    """What the run of a dead process comes to, and its ledger."""
    async with runs_at(place) as runs, Heartbeat(runs) as heartbeat:
        run = await runs.find("last")
        dead = await dead_holder(runs, run.worker)
        assert dead == run.worker
        async with await open_house(settings_of(run.configuration)) as house:
            answered = await resume(run.id, house, heartbeat, over=dead)
        return answered, list(await runs.ledger(run.id)), await runs.get(run.id)


def assert_paid_once(server, answered, ledger):
    """No finished call was made again, and the books hold all that the server counted."""
    calls = server.calls()
    whole = [(call["prompt"], call["prompt_tokens"]) for call in calls if call["status"] == 200]
    assert len(whole) == len(set(whole)) == CALLS
    bill = {True: 0, False: 0}
    for call in calls:
        bill[call["status"] == 200] += call["prompt_tokens"] + call["completion_tokens"]
    known = sum(entry.usage.total for entry in ledger if entry.status == "ok")
    unknown = sum(entry.usage.total for entry in ledger if entry.status == "unknown")
    assert len(ledger) == len(calls)
    assert known == bill[True]
    assert unknown >= bill[False]
    assert answered.report.total == known + unknown
    assert answered.answer.text == ANSWER


@pytest.mark.parametrize("k", range(1, CALLS + 1))
def test_a_run_that_is_killed_at_any_call_is_finished_and_paid_once(server, place, k):
    server.begin()
    server.tell("/__fault", {"skip": k - 1, "hang": True})
    victim = begin(server, place)
    server.wait_for(k, at_rest=1, by=victim)
    time.sleep(0.3)  # for the calls beside it to be stored; those that are not are of unknown cost
    kill(victim)
    answered, ledger, stored = asyncio.run(resumed(place))
    assert_paid_once(server, answered, ledger)
    assert [entry.status for entry in ledger].count("unknown") == 1
    assert (stored.state, stored.life) == ("answered", 2)


def test_a_run_that_is_killed_again_and_again_is_finished_all_the_same(server, tmp_path):
    place = str(tmp_path / "runs.db")
    server.begin()
    for life in range(1, 4):
        server.tell("/__fault", {"skip": 1 if life > 1 else 2, "hang": True})
        victim = begin(server, place) if life == 1 else tertulia("runs", "resume", "last", "--database", place)
        server.wait_for(len(server.calls()) + 2, at_rest=1, by=victim)
        time.sleep(0.3)
        kill(victim)
    done = tertulia("runs", "resume", "last", "--database", place, "--plain")
    answer, told = done.communicate(timeout=60)
    assert done.returncode == 0, told
    assert answer.strip() == ANSWER


def test_a_killed_run_whose_replies_were_not_stored_still_keeps_the_books(server, tmp_path):
    server.begin(latency=0.05)
    victim = begin(server, str(tmp_path / "runs.db"))
    server.wait_for(3, by=victim)
    kill(victim)  # whatever was in flight, or heard and not yet stored
    server.tell("/__config", {"latency": 0.0})
    answered, ledger, _ = asyncio.run(resumed(str(tmp_path / "runs.db")))
    calls = server.calls()
    bill = sum(call["prompt_tokens"] + call["completion_tokens"] for call in calls)
    assert answered.answer.text == ANSWER
    assert len(calls) - 1 <= len(ledger) <= len(calls) + 1
    assert sum(entry.usage.total for entry in ledger) >= bill
