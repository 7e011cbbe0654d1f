"""Runs as they are stored: found again, told once, taken by one, deleted for good."""

import asyncio
import sqlite3
import time
from functools import partial

import pytest
import pytest_asyncio

from tertulia import Budget, Finding, House, Image, Question, Usage
from tertulia.durable.life import resume
from tertulia.durable.liveness import Heartbeat, Watch, this_process
from tertulia.errors import BudgetExceeded, KeyReused, RunCancelled, RunTaken, StoreError, UnknownName
from tertulia.events import Answered, Asked, Found, Planned, Replied, Text, Waiting
from tertulia.journal import Heard
from tertulia.model import Reply
from tertulia.providers.scripted import Scripted
from tertulia.stores.adding import NewRun
from tertulia.stores.deleting import delete_run, prune_runs
from tertulia.stores.journal import RunJournal
from tertulia.stores.places import runs_at
from tertulia.stores.records import Ending, Idempotency, Wanted
from tertulia.stores.spending import Spending, Spent
from tertulia.types import Execution
from tertulia.usage import Entry

from .conftest import ANSWER, says

pytest_plugins = ("tests.postgres",)

QUESTION = Question("Are there more minutes in a day than hours in a week? ¿Sí?")


@pytest_asyncio.fixture
async def runs(place):
    async with runs_at(place) as runs:
        yield runs


def heard(key="t1/reasoner:ask#1", text="yes", status="ok"):
    usage = Usage(10, 2)
    return Heard(Reply(text, usage), Entry(key, 1, "reasoner", "scripted", usage, status))


async def answer(runs, house, **kwargs):
    summary, _ = await runs.add(NewRun(QUESTION, {}))
    async with Heartbeat(runs) as heartbeat:
        return summary.id, await resume(summary.id, house, heartbeat, **kwargs)


async def test_a_run_is_found_with_all_that_it_was(runs, house):
    id, answered = await answer(runs, house())
    stored = await runs.find(id[:12])
    assert stored.state == "answered"
    assert stored.question == QUESTION
    assert stored.answered == answered
    assert stored.tokens == answered.report.total == (await runs.ledger(id)).total
    events = [numbered.event for numbered in await runs.events(id)]
    assert isinstance(events[0], Asked)
    assert events[-1] == answered
    assert [numbered.number for numbered in await runs.events(id)] == list(range(1, len(events) + 1))


async def test_text_is_stored_in_pieces_larger_than_tokens(runs, house):
    id, _ = await answer(runs, house())
    texts = [numbered.event for numbered in await runs.events(id) if isinstance(numbered.event, Text)]
    assert "".join(text.text for text in texts) == ANSWER
    assert len(texts) <= 2


async def test_a_finished_step_is_never_taken_again(runs):
    summary, _ = await runs.add(NewRun(QUESTION, {}))

    async def never():
        raise AssertionError("taken again")

    async def step():
        return heard()

    async def execute():
        return Execution("print(1)", "1\n")

    journal = await RunJournal(runs, summary.id, await runs.lives.take(summary.id, "one")).open()
    assert await journal.once("a", Heard, step) == heard()
    assert (await journal.once("b", Execution, execute)).output == "1\n"
    await journal.finish("interrupted")
    again = await RunJournal(runs, summary.id, await runs.lives.take(summary.id, "two")).open()
    assert await again.once("a", Heard, never) == heard()
    assert await again.once("b", Execution, never) == Execution("print(1)", "1\n")
    assert list(await again.entries()) == [heard().entry]


async def test_a_reply_and_what_it_cost_are_stored_together(runs):
    summary, _ = await runs.add(NewRun(QUESTION, {}))
    journal = await RunJournal(runs, summary.id, await runs.lives.take(summary.id, "one")).open()
    await journal.write(heard(status="open").entry)

    async def step():
        return heard()

    asking = asyncio.create_task(journal.once("a", Heard, step))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await journal.finish("interrupted")
    again = await RunJournal(runs, summary.id, 1).open()
    assert [entry.status for entry in await runs.ledger(summary.id)] == ["ok"]
    assert again._steps


async def test_a_call_that_nobody_heard_to_its_end_is_of_unknown_cost(runs):
    summary, _ = await runs.add(NewRun(QUESTION, {}))
    journal = await RunJournal(runs, summary.id, await runs.lives.take(summary.id, "one")).open()
    await journal.write(heard(status="open").entry)
    await runs.lives.take(summary.id, "two", over="one")
    [entry] = await runs.ledger(summary.id)
    assert entry.status == "unknown"
    assert entry.usage == Usage(10, 2)
    told, waiting = [numbered.event for numbered in await runs.events(summary.id)]
    assert isinstance(told, Replied)
    assert told.entry == entry
    assert isinstance(waiting, Waiting)


async def test_who_lost_a_run_begins_no_call_but_keeps_what_it_heard(runs):
    summary, _ = await runs.add(NewRun(QUESTION, {}))
    slow = await RunJournal(runs, summary.id, await runs.lives.take(summary.id, "slow")).open()
    slow.work = asyncio.create_task(asyncio.sleep(60))
    await slow.write(heard(status="open").entry)
    await runs.lives.take(summary.id, "quick", over="slow")

    async def step():
        return heard()

    await slow.once("t1/reasoner:ask#1", Heard, step)
    with pytest.raises(RunTaken, match="taken over"):
        await slow.write(heard("t2/reasoner:ask#1", status="open").entry)
    assert slow.work.cancelling()
    assert [entry.status for entry in await runs.ledger(summary.id)] == ["ok"]


async def test_a_run_is_taken_by_one(runs):
    summary, _ = await runs.add(NewRun(QUESTION, {}))
    taken = await asyncio.gather(*(runs.lives.take(summary.id, f"w{i}") for i in range(8)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in taken) == ["RunTaken"] * 7 + ["int"]


async def test_a_resumed_run_tells_nothing_twice(runs, house):
    summary, _ = await runs.add(NewRun(QUESTION, {}))
    async with Heartbeat(runs) as heartbeat:
        stopping = []

        def stop(event):
            if isinstance(event, Replied) and event.entry.agent == "reasoner":
                stopping.append(1)
                heartbeat.stops[summary.id]()

        with pytest.raises(asyncio.CancelledError):
            await resume(summary.id, house(), heartbeat, stop)
        assert (await runs.get(summary.id)).state == "interrupted"
        await resume(summary.id, house(), heartbeat)
    events = [numbered.event for numbered in await runs.events(summary.id)]
    for kind in (Asked, Planned, Answered):
        assert sum(isinstance(event, kind) for event in events) == 1
    assert (await runs.get(summary.id)).life == 2


async def test_a_resumed_run_makes_no_finished_call_again(runs, house):
    asked = []

    def counting(system, text):
        asked.append((system[:20], text))
        return says(system, text)

    summary, _ = await runs.add(NewRun(QUESTION, {}))
    async with Heartbeat(runs) as heartbeat:

        def stop(event):
            if isinstance(event, Replied) and event.entry.agent == "reasoner" and len(asked) == 4:
                heartbeat.stops[summary.id]()

        with pytest.raises(asyncio.CancelledError):
            await resume(summary.id, house(counting), heartbeat, stop)
        answered = await resume(summary.id, house(counting), heartbeat)
    assert answered.answer.text == ANSWER
    assert len(asked) == len(set(asked)) == answered.report.calls


async def test_a_cancelled_run_stops_in_another_process_and_its_cost_is_known(runs, house):
    summary, _ = await runs.add(NewRun(QUESTION, {}))
    async with Heartbeat(runs, seconds=0.02) as heartbeat:
        carrying = asyncio.create_task(resume(summary.id, house(seconds=30), heartbeat))
        while not await runs.ledger(summary.id):
            await asyncio.sleep(0.01)
        assert await runs.lives.cancel(summary.id) == "cancelling"
        with pytest.raises(RunCancelled):
            await carrying
    assert (await runs.get(summary.id)).state == "cancelled"
    assert {entry.status for entry in await runs.ledger(summary.id)} == {"cancelled"}


async def test_the_same_request_gives_the_same_run(runs):
    first, new = await runs.add(NewRun(QUESTION, {}, owner="ana", idempotency=Idempotency("k", "body")))
    again, newer = await runs.add(NewRun(QUESTION, {}, owner="ana", idempotency=Idempotency("k", "body")))
    others, newest = await runs.add(NewRun(QUESTION, {}, owner="ben", idempotency=Idempotency("k", "body")))
    assert (new, newer, newest) == (True, False, True)
    assert again.id == first.id != others.id
    with pytest.raises(KeyReused, match="use a new key"):
        await runs.add(NewRun(QUESTION, {}, owner="ana", idempotency=Idempotency("k", "another body")))


async def test_the_same_request_at_the_same_time_gives_one_run(runs):
    added = await asyncio.gather(
        *(runs.add(NewRun(QUESTION, {}, owner="ana", idempotency=Idempotency("k", "body"))) for _ in range(8))
    )
    assert len({run.id for run, _ in added}) == 1
    assert sum(new for _, new in added) == 1
    assert len(await runs.recent()) == 1


async def test_nobody_sees_the_runs_of_another(runs):
    run, _ = await runs.add(NewRun(QUESTION, {}, owner="ana"))
    assert (await runs.get(run.id, "ana")).id == run.id
    for ask in (runs.get, runs.lives.cancel, partial(delete_run, runs)):
        with pytest.raises(UnknownName):
            await ask(run.id, "ben")
    assert await runs.recent(Wanted("ben")) == []


async def test_runs_are_listed_by_what_is_wanted(runs, house):
    await runs.add(NewRun(Question("Wie viel ist 100 % von 7_0?"), {}, owner="ana"))
    await answer(runs, house())
    assert [run.state for run in await runs.recent()] == ["answered", "queued"]
    assert [run.state for run in await runs.recent(Wanted(state="queued"))] == ["queued"]
    assert [run.owner for run in await runs.recent(Wanted(text="100 % VON 7_0"))] == ["ana"]
    assert [run.state for run in await runs.recent(Wanted(text="1440 minutes, more"))] == ["answered"]
    assert await runs.recent(Wanted(text="1%7")) == []
    assert await runs.recent(Wanted(since=time.time() + 60)) == []


async def test_a_follower_goes_on_where_it_stopped(runs, house):
    summary, _ = await runs.add(NewRun(QUESTION, {}))

    async def follow(after):
        return [numbered async for numbered in runs.follow(summary.id, after)]

    following = asyncio.create_task(follow(0))
    async with Heartbeat(runs) as heartbeat:
        await resume(summary.id, house(), heartbeat)
    seen = await following
    assert isinstance(seen[-1].event, Answered)
    assert await follow(3) == seen[3:]


async def test_a_fork_pays_only_for_what_it_does_again(runs, house):
    asked = []

    def counting(system, text):
        asked.append(text)
        return says(system, text)

    id, answered = await answer(runs, house(counting))
    whole = len(asked)
    asked.clear()
    fork = await runs.fork(id, "t3", {"model": "another"})
    async with Heartbeat(runs) as heartbeat:
        again = await resume(fork.id, house(counting), heartbeat)
    assert again.answer.text == answered.answer.text
    assert len(asked) == 2 < whole  # the task and the answer
    assert again.report.total == sum(e.usage.total for e in await runs.ledger(fork.id)) < answered.report.total
    stored = await runs.get(fork.id)
    assert (stored.forked, stored.configuration) == (id, {"model": "another"})
    with pytest.raises(UnknownName, match="t1, t2, t3"):
        await runs.fork(id, "t9", {})


async def test_what_any_text_holds_can_be_stored(runs, house):
    strange = "nul \0, half \udc80, ¿ñ?, 🦜, \u2028"
    run, _ = await runs.add(NewRun(Question(strange), {}))
    assert (await runs.get(run.id)).question.text == strange.replace("\udc80", "?")


async def test_pictures_can_be_stored(runs):
    picture = Image(b"\x89PNG\xff\x00")
    run, _ = await runs.add(NewRun(Question("What is this?", images=(picture,)), {}))
    assert (await runs.get(run.id)).question.images == (picture,)
    journal = await RunJournal(runs, run.id, await runs.lives.take(run.id, "one")).open()
    journal.see(Found(Finding("t1", "painter", "a cat", images=(picture,))))
    await journal.finish("interrupted")
    [numbered] = await runs.events(run.id)
    assert numbered.event.finding.images == (picture,)


async def test_old_runs_are_deleted_and_running_ones_are_not(runs, house):
    await answer(runs, house())
    running, _ = await runs.add(NewRun(QUESTION, {}))
    await runs.lives.take(running.id, "one")
    assert await prune_runs(runs.database, days=1) == 0
    assert await prune_runs(runs.database, days=0) == 1
    assert [run.id for run in await runs.recent()] == [running.id]
    with pytest.raises(StoreError, match="cancel"):
        await delete_run(runs, running.id)


async def test_deleting_leaves_nothing_in_the_files(tmp_path, house):
    secret = "Xylophonist Quetzalcoatl"
    async with runs_at(str(tmp_path / "runs.db")) as runs:
        run, _ = await runs.add(NewRun(Question(f"Who is {secret}?"), {}))
        async with Heartbeat(runs) as heartbeat:
            await resume(run.id, House({"default": Scripted()}), heartbeat)
        await runs.add(NewRun(Question("another"), {}))
        await delete_run(runs, run.id)
        found = [file.name for file in tmp_path.iterdir() if secret.encode() in file.read_bytes()]
        assert found == []
        assert len(await runs.recent()) == 1


async def test_a_store_of_a_newer_version_is_refused(tmp_path):
    file = tmp_path / "runs.db"
    async with runs_at(str(file)):
        pass
    connection = sqlite3.connect(file)
    connection.execute("INSERT INTO schema_version VALUES (99)")
    connection.commit()
    connection.close()
    runs = runs_at(str(file))
    with pytest.raises(StoreError, match="newer Tertulia"):
        await runs.open()
    await runs.close()


async def test_an_unusable_place_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("not a database, but more than a few bytes long" * 9)
    runs = runs_at(str(tmp_path / "file"))
    with pytest.raises(StoreError, match="cannot be read"):
        await runs.open()
    await runs.close()


def test_the_dead_are_those_who_do_not_move_while_we_look():
    watch, one = Watch(patience=10), this_process()
    assert watch.dead([one], 0) == []
    assert watch.dead([one], 4) == []
    assert watch.dead([one], 8) == []
    assert watch.dead([one], 12) == [one.id]


def test_nobody_is_dead_because_we_could_not_look():
    watch, one = Watch(patience=10), this_process()
    watch.dead([one], 0)
    assert watch.dead([one], 60) == []
    assert watch.dead([one], 64) == []
    assert watch.dead([one], 68) == []
    assert watch.dead([one], 72) == [one.id]


@pytest.mark.parametrize("dies", [False, True])
async def test_a_resumed_run_has_the_seconds_that_its_earlier_lives_left(runs, house, dies):
    summary, _ = await runs.add(NewRun(QUESTION, {}))

    def begin_earlier(connection):
        connection.execute("UPDATE runs SET taken = taken - 100 WHERE id = ?", (summary.id,))

    async with Heartbeat(runs) as heartbeat:
        worker = this_process()
        await runs.lives.beat(worker)
        life = await runs.lives.take(summary.id, worker.id)
        await runs.database.transact(begin_earlier)
        if dies:
            await runs.lives.requeue(worker.id)
        else:
            await runs.lives.finish(summary.id, life, Ending("interrupted"))
        assert (await runs.get(summary.id)).seconds == pytest.approx(100, abs=5)
        with pytest.raises(BudgetExceeded, match="seconds"):
            await resume(summary.id, house(budget=Budget(seconds=60)), heartbeat)
        answered = await resume(summary.id, house(budget=Budget(seconds=160)), heartbeat)
    assert answered.report.seconds > 100


async def test_what_an_owner_spent_today_is_counted_once_and_outlives_the_runs(runs, house):
    spending = Spending(runs.database)
    summary, _ = await runs.add(NewRun(QUESTION, {}, owner="ann"))
    async with Heartbeat(runs) as heartbeat:

        def stop(event):
            if isinstance(event, Replied):
                heartbeat.stops[summary.id]()

        with pytest.raises(asyncio.CancelledError):
            await resume(summary.id, house(), heartbeat, stop)
        [some] = await spending.today()
        assert 0 < some.tokens == (await runs.ledger(summary.id)).total
        answered = await resume(summary.id, house(), heartbeat)
    await delete_run(runs, summary.id)
    await spending.add("ann", 5, 0.5)
    assert await spending.today() == [Spent("ann", answered.report.total + 5, 0.5)]


async def test_a_dead_servers_runs_go_on_only_if_somebody_will_ask_for_them(runs):
    server = this_process("server")
    await runs.lives.beat(server)
    waits, plain = [
        (await runs.add(NewRun(QUESTION, {}, served=served, outlives=outlives, worker=server.id, begun=True)))[0]
        for served, outlives in (("resp_1", True), ("chatcmpl-1", False))
    ]
    queued, _ = await runs.add(NewRun(QUESTION, {}, served="resp_2", worker=server.id))
    assert await runs.lives.waiting() == await runs.lives.orphans() == []  # it may still begin that itself
    await runs.lives.requeue(server.id)
    assert [(await runs.get(run.id)).state for run in (waits, plain)] == ["queued", "interrupted"]
    assert (
        {run.id for run in await runs.lives.orphans()}
        == {run.id for run in await runs.lives.waiting()}
        == {waits.id, queued.id}
    )
