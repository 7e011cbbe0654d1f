"""Peers are counted by a witness, not by what they report."""

import asyncio
import os
from pathlib import Path

import aiohttp
import pytest

from bench.counting_proxy import CountingProxy
from bench.counting_server import CountingServer
from bench.peers import Endpoint, Peer, run
from tertulia import House, Question
from tertulia.lab.cases import Case
from tertulia.lab.checkers import Numeric
from tertulia.lab.measure import Contestant, Results, load, setup
from tertulia.lab.report import findings
from tertulia.providers.openai import OpenAI
from tertulia.strategies.vote import Vote

CASES = tuple(Case(f"sum-{n}", f"How much is {n} + 1?", n + 1.0, Numeric(), "sums") for n in range(3))
OPTILLM = os.environ.get("OPTILLM_PYTHON", "")


async def post(url, key, **body):
    body = {"model": "counting", "messages": [{"role": "user", "content": "How much is 2 + 2?"}], **body}
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{url}/chat/completions", json=body, headers=headers) as reply,
    ):
        return reply.status, await reply.text()


@pytest.mark.parametrize("stream", [False, True])
async def test_the_proxy_counts_what_the_server_counts(stream):
    async with CountingServer(key="real") as server, CountingProxy(server.url, "real") as proxy:
        replies = await asyncio.gather(*(post(proxy.url, f"sk-{n % 2}", stream=stream) for n in range(6)))
        assert {status for status, _ in replies} == {200}
        one, other = await proxy.settled("sk-0"), await proxy.settled("sk-1")
        assert one.total + other.total == server.stats()["total_tokens"]
        assert one.total == other.total
        assert one.exact
        assert all("The answer is 4." in text for call in one.calls for text in call.texts)


async def test_a_refused_call_costs_nothing_and_one_without_usage_is_marked():
    async with CountingServer() as server, CountingProxy(server.url) as proxy:
        server.fault(status=500)
        assert (await post(proxy.url, "sk-refused"))[0] == 500
        server.fault(no_usage=True)
        await post(proxy.url, "sk-uncounted")
        refused, uncounted = await proxy.settled("sk-refused"), await proxy.settled("sk-uncounted")
        assert (refused.total, refused.exact) == (0, True)
        assert uncounted.total >= server.stats()["total_tokens"]
        assert not uncounted.exact


async def test_tertulias_own_ledger_agrees_with_the_proxy():
    async with CountingServer() as server, CountingProxy(server.url) as proxy:
        async with House({"default": OpenAI("counting", proxy.url, key="sk-own")}, Vote()) as house:
            answered = await house.ask(Question("How much is 20 + 3?"))
        assert answered.report.total == (await proxy.settled("sk-own")).total == server.stats()["total_tokens"]


async def test_plain_self_consistency_joins_the_table(tmp_path):
    async with CountingServer() as server:
        endpoint = Endpoint(server.url, "counting", "counting")
        trials = await run(CASES, [Peer("sample:3")], endpoint, tmp_path, None, parallel=2)
        assert await run(CASES, [Peer("sample:3")], endpoint, tmp_path, None) == []
        assert sum(trial.report.total for trial in trials) == server.stats()["total_tokens"]
    (row,) = findings(load(tmp_path / "results.jsonl")[1]).rows
    assert (row.strategy, row.correct, row.cases, row.calls) == ("sample:3", 3, 3, 3.0)
    assert row.tokens == pytest.approx(row.input + row.output + row.reasoning)
    assert all(len(trial.samples) == 3 for trial in trials)
    own = Contestant("vote", "counting", House({"default": OpenAI("counting", "http://localhost:1")}, Vote()))
    with Results(tmp_path, setup(CASES, [own], 0), resume=True) as results:
        assert len(results.done) == 3


@pytest.mark.skipif(not OPTILLM, reason="OPTILLM_PYTHON names no Python that has optillm")
async def test_optillm_is_counted_whatever_it_reports(tmp_path):
    async with CountingServer() as server:
        endpoint = Endpoint(server.url, "counting", "counting")
        peers = [Peer("re2"), Peer("moa"), Peer("none")]
        trials = await run(CASES, peers, endpoint, tmp_path, Path(OPTILLM), parallel=3)
        assert sum(trial.report.total for trial in trials) == server.stats()["total_tokens"]
    assert not [trial.error for trial in trials if trial.error]
    assert all(trial.reported is not None and trial.reported <= trial.report.total for trial in trials)
    calls = {trial.strategy: trial.report.calls for trial in trials}
    assert calls["optillm none"] == 1 < calls["optillm moa"]
