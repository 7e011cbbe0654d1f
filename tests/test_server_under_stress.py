"""What the server does when clients leave, crowd in, read slowly, or when it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from io import BytesIO

import aiohttp
import psutil
import pytest

from bench.counting_server import CLIENT_LEFT, CountingServer
from tertulia import House
from tertulia.providers.openai import OpenAI
from tertulia.providers.scripted import Scripted
from tertulia.server import sse
from tertulia.sockets import bind
from tertulia.strategies.direct import Direct
from tertulia.strategies.tertulia import Tertulia

from .serving import scripted_house, serving

ASKED = {"model": "tertulia", "messages": [{"role": "user", "content": "What is 6 times 7?"}]}


def metrics(server):
    """The server's metrics, by name with labels."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def open_request(server, body, path="/v1/chat/completions"):
    """A socket over which a request was sent."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: {len(data)}\r\n\r\n"
    opened = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    opened.sendall(head.encode() + data)
    return opened


def abort(opened):
    """Leave as a client does that is killed."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    opened.close()


def until(happens, seconds=10.0):
    """Wait for something; its value once it is true."""
    end = time.monotonic() + seconds
    while not (value := happens()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return value


@pytest.mark.parametrize("stream", [True, False])
async def test_when_the_client_leaves_the_calls_stop_within_a_second_and_are_in_the_books(stream):
    async with CountingServer(latency=20) as counting:
        house = House({"default": OpenAI("counting", counting.url, label="counting", free=True)}, Direct())
        with serving(house) as server:
            opened = await asyncio.to_thread(open_request, server, ASKED | {"stream": stream})
            while not counting.live:
                await asyncio.sleep(0.02)
            left = time.monotonic()
            opened.close()
            while counting.live:
                await asyncio.sleep(0.02)
                assert time.monotonic() - left < 5  # of the twenty that the call would take
            assert counting.calls[0].status == CLIENT_LEFT
            books = await asyncio.to_thread(until, lambda: metrics(server))
            assert books['tertulia_model_calls_total{agent="direct",status="cancelled"}'] == 1
            assert books['tertulia_tokens_total{model="tertulia",kind="reasoning"}'] > 0
            assert books['tertulia_requests_total{model="tertulia",status="gone"}'] == 1
            assert books["tertulia_runs"] == 0


async def test_the_usage_is_what_the_provider_counted():
    async with CountingServer() as counting:
        house = House({"default": OpenAI("counting", counting.url, label="counting", free=True)}, Tertulia())
        with serving(house) as server:
            async with aiohttp.ClientSession() as session:
                answers = [
                    await (await session.post(f"{server.url}/v1/chat/completions", json=ASKED)).json() for _ in range(3)
                ]
            counted = counting.stats()["total_tokens"]
            assert sum(answer["usage"]["total_tokens"] for answer in answers) == counted
            spent = await asyncio.to_thread(metrics, server)
            assert sum(value for name, value in spent.items() if name.startswith("tertulia_tokens")) == counted


@pytest.mark.slow
async def test_when_there_is_too_much_to_do_requests_are_refused_at_once():
    with serving(scripted_house(seconds=1.0, strategy=Direct()), runs=2, queue=3) as server:
        async with aiohttp.ClientSession() as session:
            answers = []

            async def ask():
                async with session.post(f"{server.url}/v1/chat/completions", json=ASKED) as response:
                    await response.read()
                    answers.append((response.status, response.headers.get("retry-after")))

            await asyncio.gather(*(ask() for _ in range(12)))
    assert answers == [(429, "1")] * 7 + [(200, None)] * 5


async def test_one_who_leaves_the_queue_makes_room_for_the_next():
    with serving(scripted_house(seconds=0.5, strategy=Direct()), runs=1, queue=1) as server:
        first = open_request(server, ASKED)
        await asyncio.to_thread(until, lambda: metrics(server)["tertulia_runs"] == 1)
        second = open_request(server, ASKED)
        await asyncio.to_thread(until, lambda: metrics(server)["tertulia_runs_waiting"] == 1)
        second.close()
        await asyncio.to_thread(until, lambda: metrics(server)["tertulia_runs_waiting"] == 0)
        first.close()


async def test_a_wait_that_is_too_long_is_refused():
    with serving(scripted_house(seconds=5, strategy=Direct()), runs=1, queue=1, wait_seconds=0.1) as server:
        first = open_request(server, ASKED)
        await asyncio.to_thread(until, lambda: metrics(server)["tertulia_runs"] == 1)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{server.url}/v1/chat/completions", json=ASKED) as response,
        ):
            assert response.status == 429
        first.close()


def test_silence_is_broken_by_comments(monkeypatch):
    monkeypatch.setattr(sse, "SILENCE", 0.1)
    with serving(scripted_house(seconds=0.6, strategy=Direct())) as server:
        opened = open_request(server, ASKED | {"stream": True})
        heard = b""
        while b"[DONE]" not in heard:
            heard += opened.recv(4096)
        opened.close()
    assert 2 <= heard.count(b": keep-alive\n\n") <= 6


class Torrent(Scripted):
    """Says more than a slow reader takes."""

    async def stream(self, request):
        async for chunk in Scripted.stream(self, request):
            yield chunk
            await asyncio.sleep(0)


@pytest.mark.slow
def test_fifty_slow_readers_cost_little_memory_and_hold_nobody_up():
    text = "word " * 40_000
    house = House({"default": Torrent(lambda system, asked: text)}, Direct(max_tokens=100_000))
    with serving(house, runs=64) as server:
        until(lambda: metrics(server))
        before = psutil.Process().memory_info().rss
        slow = []
        for _ in range(50):
            opened = open_request(server, ASKED | {"stream": True})
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.append(opened)
        until(lambda: metrics(server)["tertulia_runs"] >= 50)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/v1/models")
        assert connection.getresponse().status == 200
        connection.close()
        time.sleep(2)
        assert psutil.Process().memory_info().rss - before < 200 << 20
        for opened in slow:
            abort(opened)
        until(lambda: metrics(server)["tertulia_runs"] == 0)


def test_a_thousand_abrupt_departures_leave_nothing_behind():
    with serving(scripted_house(seconds=5), runs=200, queue=200) as server:
        quiet = until(lambda: metrics(server)) and server.tasks()
        files = psutil.Process().num_fds()
        for number in range(1000):
            opened = open_request(server, ASKED | {"stream": bool(number % 2)})
            if number % 3 == 0:
                time.sleep(0.002)
            abort(opened)
        until(lambda: metrics(server)["tertulia_runs"] + metrics(server)["tertulia_runs_waiting"] == 0, 30)
        gc.collect()
        until(lambda: server.tasks() <= quiet + 2)
        until(lambda: psutil.Process().num_fds() <= files + 2)
        assert server.service.accounts[""].runs == 0


def test_without_a_store_a_background_stream_says_that_the_server_stops():
    asked = {"model": "tertulia", "input": "What is 6 times 7?", "background": True, "stream": True}
    heard = b""
    with serving(scripted_house(seconds=30), grace_seconds=0) as server:
        opened = open_request(server, asked, "/v1/responses")
        while b"response.in_progress" not in heard:
            heard += opened.recv(4096)
    with opened:
        while piece := opened.recv(4096):
            heard += piece
    assert b'"code":"stopping"' in heard
    assert b"event: response.failed" in heard


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_that_nobody_stores_touches_no_table(stream):
    tables = ("runs", "bodies", "events", "steps", "ledger", "documents", "claims", "spending")
    count = " UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in tables)
    with serving() as server, open_request(server, ASKED | {"stream": stream}):
        until(lambda: metrics(server).get('tertulia_requests_total{model="tertulia",status="ok"}'))
        counted = server.run(server.service.documents.database.read(lambda connection: connection.execute(count)))
    assert counted == [(0,)] * len(tables)


@pytest.fixture
def process(tmp_path):
    """A server in a process of its own, over a counting server that answers after a second."""
    config = tmp_path / "config.toml"
    started = []

    def start(url, settings=""):
        config.write_text(f'model = "openai:counting"\nbase_url = "{url}"\nstrategy = "direct"\n{settings}')
        command = [sys.executable, "-m", "tertulia", "serve", "--port", "0"]
        environment = os.environ | {"TERTULIA_CONFIG": str(config), "TERTULIA_DATA": str(tmp_path)}
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        started.append(process)
        line = next(line for line in process.stderr if "/v1" in line)
        return process, int(line.split("/v1")[0].rsplit(":", 1)[1])

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.slow
@pytest.mark.parametrize(("grace", "ends"), [(10, b"[DONE]"), (0, b'"code":"stopping"')])
async def test_sigterm_lets_runs_end_within_the_grace_time_and_then_tells_them(process, grace, ends):
    async with CountingServer(latency=1.5 if grace else 30) as counting:
        started, port = await asyncio.to_thread(process, counting.url, f"[server]\ngrace_seconds = {grace}\n")
        async with aiohttp.ClientSession() as session:
            response = await session.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=ASKED | {"stream": True})
            while not counting.live:
                await asyncio.sleep(0.02)
            started.send_signal(signal.SIGTERM)
            assert ends in await response.read()
        await asyncio.to_thread(started.wait, 10)
        async with asyncio.timeout(5):
            while counting.live:  # it takes a moment to notice that its client is gone
                await asyncio.sleep(0.02)


LONGEST = "The train from Córdoba costs 14.50, and 3 of its cars are full. " * 15_300 + "How many are full?"


@pytest.mark.parametrize("model", ["tertulia", "tertulia-tertulia", "tertulia-vote"])
async def test_the_longest_question_does_not_hold_up_who_asks_how_the_server_is(process, model):
    async with CountingServer(latency=1) as counting:
        _, port = await asyncio.to_thread(process, counting.url)
        url, waits = f"http://127.0.0.1:{port}", []
        asked = {"model": model, "messages": [{"role": "user", "content": LONGEST}], "stream": True}
        body = json.dumps(asked).encode()
        async with aiohttp.ClientSession() as session:

            async def ask():
                async with session.post(f"{url}/v1/chat/completions", data=BytesIO(body)) as response:
                    return await response.read()

            answering = asyncio.create_task(ask())
            while not answering.done():
                began = time.monotonic()
                async with session.get(f"{url}/healthz") as response:
                    assert response.status == 200
                waits.append(time.monotonic() - began)
                await asyncio.sleep(0.01)
            assert b"[DONE]" in await answering
    assert 970_000 < len(LONGEST) < 1_000_000
    assert len(waits) > 5
    assert max(waits) < 1  # on an idle machine it is a tenth of that


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_the_server_may_hold_as_many_sockets_as_the_system_lets_it():
    code = (
        "from resource import RLIMIT_NOFILE as files, getrlimit, setrlimit\n"
        "from tertulia.server.process import allow_sockets\n"
        "setrlimit(files, (256, getrlimit(files)[1]))\n"
        "allow_sockets()\n"
        "print(getrlimit(files)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 256


def test_connections_do_not_wait_to_send_small_pieces():
    listening = bind("127.0.0.1", 0)
    assert listening.proto == socket.IPPROTO_TCP  # what asyncio goes by
    listening.close()
