"""Responses that survive the server, and requests that are answered once."""

import json
import os
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from tertulia.server.keys import digest_of
from tertulia.stores.places import runs_at
from tertulia.stores.served import Documents

from .serving import serving
from .witness import ANSWER, CALLS, QUESTION, kill, tertulia, witness

pytest_plugins = ("tests.postgres",)
pytestmark = pytest.mark.slow
ASKED = {"model": "tertulia", "input": QUESTION}
CHAT = {"model": "tertulia", "messages": [{"role": "user", "content": QUESTION}]}
KEY = "Idempotency-Key"
ANN, BEN = "sk-ann", "sk-ben"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with witness(tmp_path_factory.mktemp("witness")) as server:
        yield server


class Running:
    """A server in a process of its own."""

    def __init__(self, process, url):
        self.process, self.url = process, url

    def call(self, path, body=None, method=None, key="", **headers):
        """Status, headers and body of what it says."""
        data = None if body is None else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers |= {"authorization": f"Bearer {key}"} if key else {}
        request = urllib.request.Request(f"{self.url}/v1/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.headers, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    def get(self, path, body=None, **kwargs):
        status, _, text = self.call(path, body, **kwargs)
        assert status == 200, text
        return json.loads(text)

    def wait_for(self, id, events):
        """Until a background response has so many events stored."""
        request = urllib.request.Request(f"{self.url}/v1/responses/{id}?stream=true")
        with urllib.request.urlopen(request, timeout=30) as stream:
            seen = [line for line in (stream.readline() for _ in range(3 * events)) if line.startswith(b"data: ")]
        return [json.loads(line[6:]) for line in seen]

    def events(self, id, after=-1):
        _, _, text = self.call(f"responses/{id}?stream=true&starting_after={after}")
        return events_of(text)


def events_of(text):
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


@pytest.fixture
def start(provider, tmp_path):
    """Starts servers over the witness; they share what `place` or the data folder holds."""
    started = []
    config = tmp_path / "config.toml"

    def begin(place="", settings="", **witnessed):
        provider.begin(**{"latency": 0.0} | witnessed)
        config.write_text(f'model = "openai:counting"\nbase_url = "{provider.url}"\nstrategy = "tertulia"\n{settings}')
        arguments = ["--database", place] if place else []
        environment = {"TERTULIA_CONFIG": str(config), "TERTULIA_DATA": str(tmp_path / "data")}
        process = tertulia("serve", "--port", "0", *arguments, **environment)
        started.append(process)
        line = next(line for line in process.stderr if "/v1" in line)
        return Running(process, line[: line.index("/v1")])

    yield begin
    for process in started:
        kill(process)


def test_a_response_survives_the_server_and_can_be_answered_to_and_deleted(start, place):
    server = start(place)
    made = server.get("responses", ASKED)
    _, _, streamed = server.call("responses", ASKED | {"stream": True})
    kill(server.process)

    server = start(place)
    assert server.get(f"responses/{made['id']}") == made
    whole = events_of(streamed)[-1]["response"]
    assert server.get(f"responses/{whole['id']}") == whole
    after = server.get("responses", ASKED | {"previous_response_id": made["id"]})
    assert after["previous_response_id"] == made["id"]
    assert server.get(f"responses/{made['id']}", method="DELETE")["deleted"]
    kill(server.process)
    assert start(place).call(f"responses/{made['id']}")[0] == 404


def test_a_background_response_is_streamed_again_after_a_restart(start):
    server = start()
    made = server.get("responses", ASKED | {"background": True})
    told = server.events(made["id"])
    kill(server.process)

    server = start()
    assert told[-1]["type"] == "response.completed"
    assert server.events(made["id"]) == told
    assert server.events(made["id"], after=4) == told[5:]
    assert server.get(f"responses/{made['id']}/cancel", {})["status"] == "completed"


def test_another_server_follows_a_response_and_can_cancel_it(start, place):
    first, second = start(place, latency=0.3), start(place, latency=0.3)
    made = first.get("responses", ASKED | {"background": True})
    assert second.get(f"responses/{made['id']}")["status"] in ("queued", "in_progress")
    assert second.events(made["id"])[-1]["type"] == "response.completed"
    other = first.get("responses", ASKED | {"background": True})
    assert second.get(f"responses/{other['id']}/cancel", {})["status"] == "cancelled"
    assert second.get(f"responses/{other['id']}", method="DELETE")["deleted"]
    assert first.call(f"responses/{other['id']}")[0] == 404


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "body"), [("chat/completions", CHAT), ("responses", ASKED)])
def test_the_same_key_and_body_give_the_stored_result_without_a_call(start, provider, path, body, stream):
    server = start()
    body = body | {"stream": stream}
    first = server.call(path, body, Idempotency_Key="k1")
    assert first[0] == 200
    assert ANSWER.split()[-1] in first[2]
    again = server.call(path, dict(reversed(body.items())), Idempotency_Key="k1")
    assert (again[2], again[1]["content-type"]) == (first[2], first[1]["content-type"])
    assert again[1]["idempotent-replayed"] == "true"
    assert len(provider.calls()) == CALLS
    kill(server.process)
    assert start().call(path, body, Idempotency_Key="k1")[2] == first[2]
    assert provider.calls() == []


def test_a_key_with_another_body_is_refused_by_name(start):
    server = start()
    server.get("chat/completions", CHAT, Idempotency_Key="k1")
    status, _, text = server.call("chat/completions", CHAT | {"seed": 1}, Idempotency_Key="k1")
    assert status == 422
    assert KEY in json.loads(text)["error"]["message"]
    assert json.loads(text)["error"]["param"] == KEY
    assert server.call("responses", ASKED, Idempotency_Key="k1")[0] == 422


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_that_is_still_answered_is_joined_also_at_another_server(start, provider, place, stream):
    servers = [start(place, latency=0.3), start(place, latency=0.3)]
    body = CHAT | {"stream": stream}
    with ThreadPoolExecutor(4) as threads:
        told = list(
            threads.map(lambda i: servers[i % 2].call("chat/completions", body, Idempotency_Key="k1"), range(4))
        )
    assert {status for status, _, _ in told} == {200}
    assert len({text for _, _, text in told}) == 1
    assert len(provider.calls()) == CALLS


def test_a_request_with_a_key_goes_on_without_its_client(start, provider):
    server = start(latency=0.3)
    data, headers = json.dumps(CHAT).encode(), {KEY: "k1"}
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/v1/chat/completions", data, headers), timeout=0.2)
    assert server.get("chat/completions", CHAT, Idempotency_Key="k1")["choices"][0]["message"]["content"] == ANSWER
    assert len(provider.calls()) == CALLS


def test_a_failure_does_not_use_up_its_key(start, provider):
    server = start()
    provider.tell("/__fault", {"status": 400, "count": 100})
    assert server.call("chat/completions", CHAT, Idempotency_Key="k1")[0] >= 400
    provider.begin(latency=0.0)
    assert server.get("chat/completions", CHAT, Idempotency_Key="k1")["choices"]


def test_two_owners_do_not_see_each_other(start, provider):
    keys = f'[server.keys.ann]\nsha256 = "{digest_of(ANN)}"\n[server.keys.ben]\nsha256 = "{digest_of(BEN)}"\n'
    server = start(settings=keys)
    made = server.get("responses", ASKED, key=ANN, Idempotency_Key="k1")
    kill(server.process)
    server = start(settings=keys)
    assert server.call(f"responses/{made['id']}", key=BEN)[0] == 404
    assert server.call(f"responses/{made['id']}", key=BEN, method="DELETE")[0] == 404
    assert server.call("responses", ASKED | {"previous_response_id": made["id"]}, key=BEN)[0] == 400
    assert server.get("responses", ASKED, key=BEN, Idempotency_Key="k1")["id"] != made["id"]
    assert server.get(f"responses/{made['id']}", key=ANN) == made


async def test_deleting_a_response_deletes_what_its_key_kept(start, tmp_path):
    server = start(str(tmp_path / "runs.db"))
    made = server.get("responses", ASKED, Idempotency_Key="k1")
    async with runs_at(str(tmp_path / "runs.db")) as runs:

        def count(connection):
            return connection.execute("SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM claims)")

        assert await runs.database.read(count) == [(3,)]
        assert server.get(f"responses/{made['id']}", method="DELETE")["deleted"]
        assert await runs.database.read(count) == [(0,)]
        assert await Documents(runs.database).load("", made["id"]) is None


def test_without_a_store_keys_hold_as_long_as_the_server():
    with serving() as served:
        server = Running(None, served.url)
        first = server.call("chat/completions", CHAT, Idempotency_Key="k1")
        assert server.call("chat/completions", CHAT, Idempotency_Key="k1")[2] == first[2]
        assert server.call("chat/completions", CHAT | {"seed": 1}, Idempotency_Key="k1")[0] == 422


def test_a_server_may_keep_nothing_on_disk(provider, tmp_path):
    provider.begin(latency=0.0)
    environment = {"TERTULIA_DATA": str(tmp_path / "data"), "TERTULIA_CONFIG": os.devnull}
    process = tertulia(
        "serve", "--port", "0", "--no-store", "--model", "openai:counting", "--base-url", provider.url, **environment
    )
    line = next(line for line in process.stderr if "/v1" in line)
    server = Running(process, line[: line.index("/v1")])
    made = server.get("responses", ASKED)
    assert server.get(f"responses/{made['id']}") == made
    kill(process)
    assert not (tmp_path / "data" / "runs.db").exists()
