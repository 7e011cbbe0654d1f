"""Workers that share a queue: they die, lose their database and their provider, and every question is answered."""

import asyncio
import signal
from contextlib import asynccontextmanager

import pytest

from bench.outages import Cut
from tertulia import Question
from tertulia.durable.queues import Lane
from tertulia.durable.worker import Worker
from tertulia.stores.adding import NewRun
from tertulia.stores.places import runs_at
from tertulia.stores.records import Wanted

from .witness import ANSWER, CALLS, QUESTION, kill, tertulia, witness

pytest_plugins = ("tests.postgres",)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with witness(tmp_path_factory.mktemp("witness")) as server:
        yield server


@asynccontextmanager
async def workers(place, number):
    """Processes that work, and are ended with the test."""
    started = [tertulia("worker", "--database", place, "--limit", "openai:per_worker=3") for _ in range(number)]
    try:
        yield started
    finally:
        for process in started:
            print(kill(process))  # shown by pytest if the test fails


@asynccontextmanager
async def desk(runs, place, **options):
    """A worker in this process."""
    serving = asyncio.create_task(Worker(runs, place, say=print, **options).serve())
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def ask(runs, server, number, **options):
    """Put questions in the queue, each with a text of its own."""
    configuration = {"model": "openai:counting", "base_url": server.url}
    added = [
        await runs.add(NewRun(Question(f"({i}) {QUESTION}"), configuration, models="openai:counting", **options))
        for i in range(number)
    ]
    return [run.id for run, _ in added]


async def until(so):
    """Wait until something is so."""
    async with asyncio.timeout(30):
        while not await so():
            await asyncio.sleep(0.05)


async def over(runs, ids):
    """The runs, once all are over."""

    async def all_over():
        return all([(await runs.get(id)).over for id in ids])

    await until(all_over)
    return [await runs.get(id) for id in ids]


def at_work(runs, number=1):
    """Whether so many workers have runs."""

    async def so():
        return len({run.worker for run in await runs.recent(Wanted(state="running"))}) >= number

    return so


async def assert_books(runs, server, ids):
    """Every question is answered, no finished call was made twice, and the ledgers hold the server's bill."""
    for run in [await runs.get(id) for id in ids]:
        assert (run.state, run.error) == ("answered", "")
        assert run.answered.answer.text == ANSWER
    entries = [(id, entry) for id in ids for entry in await runs.ledger(id)]
    assert len({(id, entry.key) for id, entry in entries if entry.status == "ok"}) == len(ids) * CALLS
    calls = server.calls()
    known = sum(entry.usage.total for _, entry in entries if entry.status == "ok")
    unheard = sum(entry.usage.total for _, entry in entries if entry.status not in ("ok", "retried", "failed"))
    bill = sum(call["prompt_tokens"] + call["completion_tokens"] for call in calls)
    assert known <= bill <= known + unheard
    twice = sum(call["status"] == 200 for call in calls) - len(ids) * CALLS
    assert twice <= sum(entry.attempt > 1 for _, entry in entries)  # only calls whose end nobody heard


async def test_two_workers_answer_all_though_one_is_killed(server, place):
    server.begin(latency=0.15)
    async with runs_at(place) as runs, workers(place, 2) as (one, _):
        ids = await ask(runs, server, 8)
        await until(at_work(runs, 2))
        mine = [run for run in await runs.recent(Wanted(state="running")) if f"-{one.pid}-" in run.worker]
        one.send_signal(signal.SIGKILL)
        one.wait()
        assert mine
        await over(runs, ids)
        await assert_books(runs, server, ids)
        assert max([(await runs.get(id)).life for id in ids]) == 2


async def test_a_worker_that_froze_loses_its_runs_and_begins_no_unbooked_call(server, postgres):
    place = postgres
    server.begin(latency=0.3)
    async with runs_at(place) as runs:
        async with workers(place, 1) as (frozen,):
            ids = await ask(runs, server, 2)
            await asyncio.to_thread(server.wait_for, 4, None, frozen)
            frozen.send_signal(signal.SIGSTOP)
            async with desk(runs, place, patience=3.0):
                await over(runs, ids)
                frozen.send_signal(signal.SIGCONT)
                await asyncio.sleep(1.0)
            assert len(server.calls()) <= sum([len(await runs.ledger(id)) for id in ids])
        await assert_books(runs, server, ids)


async def test_a_worker_that_is_stopped_puts_its_runs_back(server, tmp_path):
    place = str(tmp_path / "runs.db")
    server.begin(latency=0.3)
    async with runs_at(place) as runs:
        async with desk(runs, place):
            ids = await ask(runs, server, 2)
            await asyncio.to_thread(server.wait_for, 3)
        assert [(await runs.get(id)).state for id in ids] == ["queued", "queued"]
        server.tell("/__config", {"latency": 0.0})
        async with desk(runs, place):
            await over(runs, ids)
        await assert_books(runs, server, ids)


async def test_no_more_runs_are_at_work_than_a_lane_allows(server, place):
    server.begin(latency=0.1)
    seen = 0
    async with runs_at(place) as runs, desk(runs, place, lanes={"openai": Lane(runs=2, per_key=1)}):
        ids = await ask(runs, server, 3, owner="ana") + await ask(runs, server, 3, owner="ben")
        waiting = asyncio.create_task(over(runs, ids))
        while not waiting.done():
            busy = [run.owner for run in await runs.recent(Wanted(state="running"))]
            assert len(busy) == len(set(busy)) <= 2
            seen = max(seen, len(busy))
            await asyncio.sleep(0.02)
        await waiting
    assert seen == 2


async def test_a_key_begins_no_more_runs_in_a_minute_than_its_lane_allows(server, tmp_path):
    place = str(tmp_path / "runs.db")
    server.begin()
    async with runs_at(place) as runs, desk(runs, place, lanes={"openai": Lane(per_key_minute=1)}):
        ids = await ask(runs, server, 2, owner="ana") + await ask(runs, server, 1, owner="ben")

        async def two_are_over():
            return sum([(await runs.get(id)).over for id in ids]) == 2

        await until(two_are_over)
        await asyncio.sleep(0.5)
        assert [run.owner for run in await runs.recent(Wanted(state="queued"))] == ["ana"]


async def test_the_more_urgent_run_is_begun_first(server, tmp_path):
    place = str(tmp_path / "runs.db")
    server.begin()
    async with runs_at(place) as runs:
        later = await ask(runs, server, 3, priority=5)
        sooner = await ask(runs, server, 1, priority=-5)
        async with desk(runs, place, lanes={"openai": Lane(runs=1)}):
            await over(runs, later + sooner)
        began = sorted([await runs.get(id) for id in later + sooner], key=lambda run: run.began or 0)
        assert began[0].id == sooner[0]


async def test_a_queued_run_that_is_cancelled_is_never_begun(server, tmp_path):
    place = str(tmp_path / "runs.db")
    server.begin(latency=0.2)
    async with runs_at(place) as runs, desk(runs, place, lanes={"openai": Lane(runs=1)}):
        ids = await ask(runs, server, 3)
        await asyncio.to_thread(server.wait_for, 1)
        states = {id: await runs.lives.cancel(id) for id in ids if (await runs.get(id)).state == "queued"}
        assert set(states.values()) == {"cancelled"}
        ended = await over(runs, ids)
        assert sorted(run.state for run in ended) == ["answered", "cancelled", "cancelled"]
        assert len(server.calls()) == CALLS


async def test_a_run_whose_model_cannot_be_had_fails_and_says_why(tmp_path):
    place = str(tmp_path / "runs.db")
    async with runs_at(place) as runs, desk(runs, place):
        run, _ = await runs.add(NewRun(Question("anything?"), {"model": "nobody:has-this"}, models="nobody:has-this"))
        [ended] = await over(runs, [run.id])
    assert ended.state == "failed"
    assert "nobody" in ended.error


async def test_the_provider_may_be_down_for_a_while(server, place):
    server.begin()
    server.tell("/__fault", {"count": 24, "status": 503, "retry_after": 0.3})
    async with runs_at(place) as runs, desk(runs, place):
        ids = await ask(runs, server, 2)
        await over(runs, ids)
        await assert_books(runs, server, ids)


async def test_the_network_to_the_database_may_be_cut(server, postgres):
    direct = postgres
    database, folder = direct.split("/")[3].partition("?")[0], direct.partition("?host=")[2]
    server.begin(latency=0.2)
    async with Cut(socket=f"{folder}/.s.PGSQL.5432") as network:
        place = f"postgresql://postgres@127.0.0.1:{network.port}/{database}"
        async with runs_at(direct) as runs, workers(place, 2):
            ids = await ask(runs, server, 8)
            await until(at_work(runs, 2))
            await asyncio.sleep(0.3)
            network.cut()
            await asyncio.sleep(6)
            network.up = True
            await over(runs, ids)
            await assert_books(runs, server, ids)
            assert {(await runs.get(id)).life for id in ids} == {1}
