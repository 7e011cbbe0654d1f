"""Runs that earlier versions wrote: opened, told again, and ended with a provider that is dead."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tertulia import House
from tertulia.durable.life import resume
from tertulia.durable.liveness import Heartbeat
from tertulia.errors import ModelUnreachable
from tertulia.events import Answered, Decided
from tertulia.providers.scripted import Scripted
from tertulia.stores.migrating import migrations
from tertulia.stores.places import runs_at
from tertulia.strategies.search import Search
from tertulia.strategies.tertulia import Tertulia

from .conftest import ANSWER
from .fixtures.runs.record_decisions import FULL

DECISIONS = Path(__file__).parent / "fixtures" / "runs" / "decisions.sql"
FILES = sorted((Path(__file__).parent / "fixtures" / "runs").glob("schema*.sql"))


def dead(system, text):
    raise ModelUnreachable("the provider is dead")


def restored(recording, folder):
    """The database that a recording was made of."""
    file = folder / "runs.db"
    connection = sqlite3.connect(file)
    connection.executescript(recording.read_text())
    connection.close()
    return str(file)


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def recorded(request, tmp_path):
    return restored(request.param, tmp_path)


@pytest.fixture
def decided(tmp_path):
    """Runs of strategies that decided in prose, before decisions were a closed set of words."""
    return restored(DECISIONS, tmp_path)


def test_there_is_a_recording_of_every_schema():
    assert [int(file.stem.removeprefix("schema")) for file in FILES] == [number for number, _ in migrations()]


def test_a_recorded_run_can_be_told_again(recorded):
    async def told():
        async with runs_at(recorded) as runs:
            [run] = [run for run in await runs.recent() if run.state == "answered"]
            stored = await runs.get(run.id)
            return stored, [numbered.event for numbered in await runs.events(run.id)], await runs.ledger(run.id)

    stored, events, ledger = asyncio.run(told())
    assert events[-1] == stored.answered
    assert stored.answered.answer.text == ANSWER
    assert ledger.total == stored.tokens == stored.answered.report.total


def test_a_recorded_run_ends_without_a_single_call(recorded):
    async def ended():
        async with (
            runs_at(recorded) as runs,
            Heartbeat(runs) as heartbeat,
            House({"default": Scripted(dead)}, Tertulia()) as house,
        ):
            whole, cut = sorted(await runs.recent(), key=lambda run: run.state)
            before = list(await runs.ledger(cut.id))
            answered = await resume(cut.id, house, heartbeat, over="dead")
            assert list(await runs.ledger(cut.id)) == before
            events = [numbered.event for numbered in await runs.events(cut.id)]
            assert sum(isinstance(event, Answered) for event in events) == 1
            return answered, (await runs.get(whole.id)).answered

    answered, other = asyncio.run(ended())
    assert answered.answer.text == other.answer.text
    for task, finding in answered.answer.findings.items():
        assert finding.text == other.answer.findings[task].text
    assert answered.report.total == other.report.total


def test_decisions_recorded_in_prose_are_read_in_todays_words(decided):
    async def read():
        async with runs_at(decided) as runs:
            return {
                run.strategy: [one.event for one in await runs.events(run.id) if isinstance(one.event, Decided)]
                for run in await runs.recent()
            }

    assert asyncio.run(read()) == {
        "search": [Decided("restate", FULL), Decided("level", "4 of 4 branches end in 'larger'", 1)],
        "debate": [Decided("round", "'larger' 3", 1)],
        "vote": [Decided("majority", "certainty 0.94; votes: 'larger' 3")],
    }


def test_a_run_that_decided_in_prose_is_told_the_same_when_it_is_resumed(decided):
    """What an earlier life told is known again, so that no decision stands twice in the run."""

    async def resumed():
        async with (
            runs_at(decided) as runs,
            Heartbeat(runs) as heartbeat,
            House({"default": Scripted(dead)}, Search()) as house,
        ):
            [run] = [run for run in await runs.recent() if run.strategy == "search"]
            before = [numbered.event for numbered in await runs.events(run.id)]
            await cut(runs, run.id)
            await resume(run.id, house, heartbeat, over="dead")
            after = [numbered.event for numbered in await runs.events(run.id)]
            return [[event for event in events if isinstance(event, Decided)] for events in (before, after)]

    before, after = asyncio.run(resumed())
    assert before == after != []


async def cut(runs, id):
    """Have a run stand as if whoever worked on it had died before its end."""
    [last] = (await runs.events(id))[-1:]
    await runs.database.transact(
        lambda connection: [
            connection.execute(
                "UPDATE runs SET status = 'running', worker = 'dead', ended = NULL, tokens = NULL WHERE id = ?", (id,)
            ),
            connection.execute("UPDATE bodies SET answered = NULL WHERE run = ?", (id,)),
            connection.execute("DELETE FROM events WHERE run = ? AND number = ?", (id, last.number)),
        ]
    )
