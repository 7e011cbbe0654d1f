"""Runs that earlier versions wrote: opened, told again, and ended with a provider that is dead."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tertulia import House
from tertulia.durable.life import resume
from tertulia.durable.liveness import Heartbeat
from tertulia.errors import ModelUnreachable
from tertulia.events import Answered
from tertulia.providers.scripted import Scripted
from tertulia.stores.database import migrations
from tertulia.stores.places import runs_at

from .conftest import ANSWER

FILES = sorted((Path(__file__).parent / "fixtures" / "runs").glob("schema*.sql"))


def dead(system, text):
    raise ModelUnreachable("the provider is dead")


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def recorded(request, tmp_path):
    file = tmp_path / "runs.db"
    connection = sqlite3.connect(file)
    connection.executescript(request.param.read_text())
    connection.close()
    return str(file)


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
            House({"default": Scripted(dead)}) as house,
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
