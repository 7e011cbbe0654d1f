"""What an earlier version's servers kept for their clients: told again, answered to and gone on with by this one."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tertulia.cli import app
from tertulia.durable.liveness import machine
from tertulia.ids import run_of
from tertulia.stores.migrating import migrations
from tertulia.stores.places import runs_at

from .fixtures.runs.record_served import ASKED, CHAT, MACHINE, PROVIDER
from .test_server_stored import Running, events_of
from .witness import ANSWER, CALLS, kill, tertulia, witness

FILES = sorted((Path(__file__).parent / "fixtures" / "runs").glob("served*.sql"))


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with witness(tmp_path_factory.mktemp("witness")) as server:
        yield server


class Town:
    """The database of earlier servers, on the machine that they ran on."""

    def __init__(self, provider, folder, recording):
        self.provider, self.place = provider, str(folder / "runs.db")
        self.told = json.loads(recording.with_suffix(".json").read_text())
        self.started = []
        text = recording.read_text().replace(MACHINE, machine()).replace(PROVIDER, provider.url)
        connection = sqlite3.connect(self.place)
        connection.executescript(text)
        connection.close()
        config = folder / "config.toml"
        config.write_text(f'model = "openai:counting"\nbase_url = "{provider.url}"\nstrategy = "tertulia"\n')
        self.environment = {"TERTULIA_CONFIG": str(config), "TERTULIA_DATA": str(folder / "data")}

    def serve(self):
        process = tertulia("serve", "--port", "0", "--database", self.place, **self.environment)
        self.started.append(process)
        line = next(line for line in process.stderr if "/v1" in line)
        return Running(process, line[: line.index("/v1")])

    def run_of(self, state):
        async def ids():
            async with runs_at(self.place) as runs:
                return [run.id for run in await runs.recent() if run.state == state]

        [id] = asyncio.run(ids())
        return id

    def paid_once(self, id):
        """Whether the ledger of a run has each call once, but for the one that its server's death cut off."""

        async def entries():
            async with runs_at(self.place) as runs:
                return [(entry.status, entry.key) for entry in await runs.ledger(id)]

        statuses = [status for status, _ in asyncio.run(entries())]
        return statuses.count("ok") == CALLS and statuses.count("unknown") == 1 and len(statuses) == CALLS + 1


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def town(request, provider, tmp_path):
    provider.begin(latency=0.0)
    town = Town(provider, tmp_path, request.param)
    yield town
    for process in town.started:
        kill(process)


def test_a_recording_is_of_the_newest_schema():
    assert f"served{migrations()[-1][0]}" in [file.stem for file in FILES]


def test_recorded_responses_and_replies_are_what_their_clients_were_told(town):
    server, told = town.serve(), town.told
    for name in ("response", "after", "background"):
        assert server.get(f"responses/{told[name]['id']}") == told[name]
    assert server.events(told["background"]["id"]) == events_of(told["background_streamed"])
    assert server.get("chat/completions", CHAT, Idempotency_Key="k1") == told["chat"]
    assert server.call("chat/completions", CHAT | {"stream": True}, Idempotency_Key="k2")[2] == told["chat_streamed"]
    server.events(told["cut"]["id"])
    assert len(town.provider.calls()) == CALLS - 2, "calls for what was answered already"


def test_a_recorded_response_can_be_answered_to_and_deleted(town):
    server, made = town.serve(), town.told["response"]["id"]
    assert server.get("responses", ASKED | {"previous_response_id": made})["previous_response_id"] == made
    assert server.get(f"responses/{made}", method="DELETE")["deleted"]
    assert server.call(f"responses/{made}")[0] == 404
    chat = town.told["chat"]["id"]
    assert CliRunner(env=town.environment).invoke(app, ["runs", "show", chat, "--database", town.place]).exit_code == 0


def test_a_recorded_background_response_is_finished_where_its_server_died(town):
    server, id = town.serve(), town.told["cut"]["id"]
    events = server.events(id)
    assert events[: len(town.told["cut_seen"])] == town.told["cut_seen"]
    assert events[-1]["type"] == "response.completed"
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert server.get(f"responses/{id}")["output"][-1]["content"][0]["text"] == ANSWER
    assert len(town.provider.calls()) == CALLS - 2
    assert town.paid_once(run_of(id))


def test_a_recorded_run_that_was_interrupted_is_resumed_and_told_again(town):
    id = town.run_of("interrupted")
    for command in ("resume", "replay"):
        done = CliRunner(env=town.environment).invoke(app, ["runs", command, id, "-q", "--database", town.place])
        assert (done.exit_code, done.stdout.strip()) == (0, ANSWER), done.output
    assert len(town.provider.calls()) == CALLS - 2
    assert town.paid_once(id)
