"""Served questions are stored runs: seen, taken over when their server dies, and answered by workers."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import openai
import pytest
from typer.testing import CliRunner

from tertulia.cli import app
from tertulia.ids import run_of
from tertulia.server.keys import digest_of
from tertulia.stores.places import runs_at
from tertulia.stores.records import Wanted

from .witness import ANSWER, CALLS, QUESTION, kill, tertulia, witness

pytest_plugins = ("tests.postgres",)
pytestmark = pytest.mark.slow
ASKED = {"model": "tertulia-tertulia", "input": QUESTION}
CLIENTS = []
CHAT = {"model": "tertulia-tertulia", "messages": [{"role": "user", "content": QUESTION}]}


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with witness(tmp_path_factory.mktemp("witness")) as server:
        yield server


class Town:
    """Servers and workers over one database and one witness, each in a process of its own."""

    def __init__(self, provider, folder, place):
        self.provider, self.folder, self.place = provider, folder, place
        self.config = folder / "config.toml"
        self.environment = {"TERTULIA_CONFIG": str(self.config), "TERTULIA_DATA": str(folder / "data")}
        self.started = []
        self.settings("")

    def settings(self, more):
        lines = f'model = "openai:counting"\nbase_url = "{self.provider.url}"\ndatabase = "{self.place}"\n{more}'
        self.config.write_text(lines)

    def begin(self, *arguments):
        process = tertulia(*arguments, **self.environment)
        self.started.append(process)
        return process

    def serve(self, *arguments):
        process = self.begin("serve", "--port", "0", *arguments)
        line = next(line for line in process.stderr if "/v1" in line)
        process.url = line[: line.index("/v1")]
        return process

    def worker(self):
        process = self.begin("worker")
        next(line for line in process.stderr if "waits for questions" in line)
        return process

    def command(self, *arguments):
        done = CliRunner(env=self.environment).invoke(app, list(arguments))
        assert done.exit_code == 0, done.output
        return done.stdout

    async def runs(self, **wanted):
        async with runs_at(self.place) as store:
            return [await store.get(run.id) for run in await store.recent(Wanted(**wanted))]

    def ids(self, **wanted):
        return {run.id for run in asyncio.run(self.runs(**wanted))}

    def all_are(self, state):
        """Whether all runs are in that state."""

        async def so():
            return {run.state for run in await self.runs()} == {state}

        return so

    async def paid_once(self, ids):
        """No call that ended was made again, and the ledgers hold what the witness counted."""
        async with runs_at(self.place) as store:
            entries = [entry for id in ids for entry in await store.ledger(id)]
        calls = self.provider.calls()
        whole = [call["prompt"] for call in calls if call["status"] == 200]
        assert len(whole) == len(set(whole)) == CALLS * len(ids)
        bill = {True: 0, False: 0}
        for call in calls:
            bill[call["status"] == 200] += call["prompt_tokens"] + call["completion_tokens"]
        assert sum(entry.usage.total for entry in entries if entry.status == "ok") == bill[True]
        assert sum(entry.usage.total for entry in entries if entry.status == "unknown") >= bill[False]
        assert len(entries) == len(calls)


def client(server, key="none", timeout=60):
    """OpenAI's own SDK; closed with the test."""
    opened = openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0, timeout=timeout)
    CLIENTS.append(opened)
    return opened


@pytest.fixture
def village(provider, tmp_path):
    yield from _town(provider, tmp_path, str(tmp_path / "runs.db"))


@pytest.fixture
def city(provider, tmp_path, postgres):
    yield from _town(provider, tmp_path, postgres)


def _town(provider, folder, place):
    provider.begin(latency=0.0)
    town = Town(provider, folder, place)
    yield town
    while CLIENTS:
        CLIENTS.pop().close()
    for process in town.started:
        if process.poll() is None:
            print(kill(process))


@contextmanager
def stopped_within(town, call, server):
    """Kill a server while the witness answers its call of that number, once those before it are stored."""
    town.provider.tell("/__fault", {"skip": call - 1, "hang": True})
    yield
    town.provider.wait_for(call, at_rest=1, by=server)
    time.sleep(0.4)
    kill(server)


def numbers(events):
    return [event.sequence_number for event in events]


def seen_of(server, id, least):
    """Events of a background response that are there, and at least so many."""
    events = []
    with client(server).responses.retrieve(id, stream=True) as stream:
        for event in stream:
            events.append(event)
            if len(events) >= least:
                return events
    raise AssertionError("it ended")


async def until(so):
    """Wait until something is so."""
    async with asyncio.timeout(30):
        while not await so():
            await asyncio.sleep(0.05)


async def test_a_background_response_whose_server_died_is_finished_by_the_next(village):
    town, server = village, village.serve()
    with stopped_within(town, 3, server):
        made = client(server).responses.create(**ASKED, background=True)
        seen = seen_of(server, made.id, 6)
    server = town.serve()
    rest = list(client(server).responses.retrieve(made.id, stream=True, starting_after=seen[-1].sequence_number))
    told = list(client(server).responses.retrieve(made.id, stream=True))
    assert numbers(told) == list(range(len(told)))
    assert [*seen, *rest] == told
    assert told[-1].type == "response.completed"
    response = client(server).responses.retrieve(made.id)
    assert (response.status, response.output_text) == ("completed", ANSWER)
    assert response == told[-1].response
    assert response.usage.tertulia["runs"] == [run_of(made.id)]
    [run] = await town.runs()
    assert (run.id, run.life, run.served, run.state) == (run_of(made.id), 2, made.id, "answered")
    await town.paid_once([run.id])


async def test_a_stream_at_another_server_goes_on_over_the_death_of_the_one_that_works(village):
    town, server, other = village, village.serve(), village.serve()
    town.provider.tell("/__config", {"latency": 0.3})
    made = client(server).responses.create(**ASKED, background=True)
    town.provider.wait_for(CALLS)
    town.provider.tell("/__config", {"latency": 0.0, "per_token": 0.3})
    told = []
    for event in client(other).responses.retrieve(made.id, stream=True):
        if event.type == "response.output_text.delta" and server.poll() is None:
            kill(server)
            town.provider.tell("/__config", {"per_token": 0.0})
        told.append(event)
    assert numbers(told) == list(range(len(told)))
    texts = [event.delta for event in told if event.type == "response.output_text.delta"]
    assert ("".join(texts), len(texts) > 1) == (ANSWER, True)
    assert told[-1].response.output_text == ANSWER
    assert told[-1].response.usage.tertulia["calls"] == CALLS + 1
    assert told == list(client(other).responses.retrieve(made.id, stream=True))


async def test_a_worker_finishes_what_a_server_began(city):
    town, server = city, city.serve()
    town.worker()
    with stopped_within(town, 3, server):
        made = client(server).responses.create(**ASKED, background=True)
        seen = seen_of(server, made.id, 6)
    await until(town.all_are("answered"))
    [run] = await town.runs()
    await town.paid_once([run.id])
    server = town.serve()
    told = list(client(server).responses.retrieve(made.id, stream=True))
    rest = list(client(server).responses.retrieve(made.id, stream=True, starting_after=seen[-1].sequence_number))
    assert [*seen, *rest] == told
    assert numbers(told) == list(range(len(told)))
    assert told[-1].response.output_text == ANSWER
    assert run.worker not in ("", None)


@pytest.mark.parametrize("path", ["stream", "responses"])
async def test_a_request_with_a_key_is_answered_though_its_server_died(village, path):
    town, server = village, village.serve()

    def ask(server):
        headers = {"Idempotency-Key": "k1"}
        if path == "responses":
            return client(server).responses.create(**ASKED, extra_headers=headers).output_text
        answered = client(server).chat.completions.create(**CHAT, stream=True, extra_headers=headers)
        return "".join(chunk.choices[0].delta.content or "" for chunk in answered)

    with ThreadPoolExecutor(1) as threads, stopped_within(town, 3, server):
        left = threads.submit(ask, server)
    assert left.exception() is not None
    server = town.serve()
    assert ask(server) == ANSWER
    assert ask(server) == ANSWER
    [run] = await town.runs()
    await town.paid_once([run.id])


async def test_a_server_that_is_told_to_stop_leaves_its_background_responses_to_the_next(village):
    town = village
    town.settings("[server]\ngrace_seconds = 0\n")
    server = town.serve()
    town.provider.tell("/__fault", {"skip": 2, "hang": True})
    made = client(server).responses.create(**ASKED, background=True)
    town.provider.wait_for(3, at_rest=1)
    server.terminate()
    server.communicate(timeout=20)
    assert [run.state for run in await town.runs()] == ["queued"]
    server = town.serve()
    told = list(client(server).responses.retrieve(made.id, stream=True))
    assert told[-1].response.output_text == ANSWER


def test_each_served_question_is_a_run_of_whoever_asked(village):
    town = village
    town.settings(f'[server.keys.ann]\nsha256 = "{digest_of("sk-ann")}"\n')
    server = town.serve()
    with client(server, key="sk-ann") as ann:
        chat = ann.chat.completions.create(**CHAT, n=2)
        response = ann.responses.create(**ASKED, instructions="Think of the zebra.")
        ann.chat.completions.create(**CHAT, store=False)
        ann.responses.create(**ASKED, store=False)
        found = town.ids(owner="ann", state="answered")
        assert {run["id"] for run in json.loads(town.command("runs", "list", "--owner", "ann", "--json"))} == found
        assert found == {run_of(chat.id, 0), run_of(chat.id, 1), run_of(response.id)}
        assert chat.usage.tertulia["runs"] == [run_of(chat.id, 0), run_of(chat.id, 1)]
        assert ANSWER in town.command("runs", "show", response.id)
        assert ANSWER in town.command("runs", "replay", response.id, "-q")
        assert "t3" in town.command("runs", "export", response.id)
        ann.responses.delete(response.id)
        assert town.ids() == found - {run_of(response.id)}
        assert not any(b"zebra" in file.read_bytes() for file in town.folder.glob("runs.db*"))
        second = ann.responses.create(**ASKED)
        town.command("runs", "delete", second.id)
        with pytest.raises(openai.NotFoundError):
            ann.responses.retrieve(second.id)


async def test_a_client_that_leaves_cancels_its_run(village):
    town, server = village, village.serve()
    town.provider.tell("/__fault", {"skip": 2, "hang": True})
    with pytest.raises(openai.APITimeoutError):
        client(server, timeout=1.5).chat.completions.create(**CHAT)
    await until(town.all_are("cancelled"))


def test_a_plain_request_whose_server_died_is_left_for_whoever_resumes_it(village):
    town, server = village, village.serve()
    with ThreadPoolExecutor(1) as threads, stopped_within(town, 3, server):
        left = threads.submit(client(server).chat.completions.create, **CHAT)
    assert left.exception() is not None
    town.serve()
    asyncio.run(until(town.all_are("interrupted")))
    [run] = town.ids()
    assert town.command("runs", "resume", run, "-q").strip() == ANSWER
    asyncio.run(town.paid_once([run]))


async def test_workers_answer_what_a_server_only_puts_in_the_queue(city):
    town = city
    schema = {"type": "object", "properties": {"larger": {"type": "string", "maxLength": 20}}, "required": ["larger"]}
    form = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
    town.settings(f'[houses.small]\nmodel = "openai:other"\nbase_url = "{town.provider.url}"\nstrategy = "direct"\n')
    server = town.serve("--enqueue")
    workers = [town.worker(), town.worker()]
    with client(server) as asking:
        chat = asking.chat.completions.create(**CHAT, service_tier="priority")
        assert chat.choices[0].message.content == ANSWER
        assert chat.service_tier == "priority"
        chunks = list(asking.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True}))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == ANSWER
        assert chunks[-1].usage.tertulia["calls"] == CALLS
        small = asking.chat.completions.create(**CHAT | {"model": "small"}, reasoning_effort="low", max_tokens=7)
        assert (small.usage.completion_tokens, small.usage.tertulia["strategy"]) == (7, "direct")
        fitted = asking.chat.completions.create(
            model="small", messages=[{"role": "user", "content": "Which is larger?"}], response_format=form, tools=tools
        )
        assert json.loads(fitted.choices[0].message.content)["larger"]
        last = town.provider.calls()[-1]
        assert (last["model"], [tool["function"]["name"] for tool in last["parameters"]["tools"]]) == (
            "other",
            ["look"],
        )
        with pytest.raises(openai.BadRequestError, match="budget"):
            asking.chat.completions.create(**CHAT, metadata={"tertulia_budget_tokens": "20"})
        asking.chat.completions.create(**CHAT, store=False)
        assert len(await town.runs()) == 5
        assert {run.priority for run in await town.runs()} == {0, -100}

        town.provider.begin(latency=0.0)
        town.provider.tell("/__fault", {"skip": 3, "hang": True})
        made = asking.responses.create(**ASKED, background=True)
        town.provider.wait_for(4, at_rest=1)
        await asyncio.sleep(0.4)
        run = next(run for run in await town.runs() if run.id == run_of(made.id))
        kill(next(worker for worker in workers if f"-{worker.pid}-" in run.worker))
        told = list(asking.responses.retrieve(made.id, stream=True))
        assert numbers(told) == list(range(len(told)))
        assert told[-1].response.output_text == ANSWER
        await town.paid_once([run.id])


async def test_a_response_is_cancelled_wherever_it_is_at_work(village):
    town = village
    server, worker = town.serve("--enqueue"), town.worker()
    assert worker.poll() is None
    town.provider.tell("/__fault", {"skip": 2, "hang": True})
    with client(server) as asking:
        made = asking.responses.create(**ASKED, background=True)
        town.provider.wait_for(3, at_rest=1)
        assert asking.responses.cancel(made.id).status == "cancelled"
        assert [run.state for run in await town.runs()] == ["cancelled"]
        asking.responses.delete(made.id)
        assert await town.runs() == []
