"""Reusing replies: requests that are alike are made once, and the books of every run are as if they were not."""

import asyncio

import pytest

from bench.counting_server import CountingServer
from tertulia import House
from tertulia.errors import SettingsError
from tertulia.lab.cases import Case
from tertulia.lab.checkers import Numeric
from tertulia.lab.measure import Contestant, Results, load, measure, setup
from tertulia.lab.report import as_markdown, findings
from tertulia.lab.reuse import ReplyFile, reusing
from tertulia.providers.openai import OpenAI
from tertulia.strategies.debate import Debate
from tertulia.strategies.direct import Direct
from tertulia.strategies.vote import Vote

CASES = [Case(f"sum-{n}", f"How much is {n} + 1?", n + 1.0, Numeric()) for n in range(3)]


def measured(folder, strategies, reuse=True):
    """The trials, and how many calls the server counted."""

    async def run():
        async with CountingServer() as server:
            with ReplyFile(folder / "replies.jsonl") as replies:
                house = House({"default": OpenAI("counting", server.url)})
                asked = reusing(house, replies) if reuse else house
                contestants = [Contestant(s.name, "counting", House(asked.models, s)) for s in strategies]
                now = setup(CASES, contestants, 0, 4, reuse=reuse)
                with Results(folder, now) as results:
                    await measure(CASES, contestants, results, parallel=4)
                await house.close()
            return len(server.calls)

    calls = asyncio.run(run())
    return load(folder / "results.jsonl"), calls


def test_a_reply_serves_every_run_that_asks_for_it(tmp_path):
    (_, trials), calls = measured(tmp_path, [Vote(), Vote(name="again"), Direct()])
    assert sum(trial.report.calls for trial in trials) == 7 * len(CASES)
    assert calls == 4 * len(CASES)


def test_every_ledger_is_what_the_run_would_have_cost_alone(tmp_path):
    strategies = [Direct(), Debate(), Vote()]
    (_, alone), _ = measured(tmp_path / "alone", strategies, reuse=False)
    (_, reused), _ = measured(tmp_path / "reused", strategies)
    assert {t.key: t.report.total for t in reused} == {t.key: t.report.total for t in alone}


def test_replies_outlive_the_process(tmp_path):
    _, first = measured(tmp_path, [Direct()])
    (tmp_path / "results.jsonl").unlink()
    with (tmp_path / "replies.jsonl").open("a") as file:
        file.write('{"key": "half a li')
    (_, trials), second = measured(tmp_path, [Direct()])
    assert (first, second) == (len(CASES), 0)
    assert all(trial.answer for trial in trials)


def test_samples_with_other_seeds_are_other_requests(tmp_path):
    _, calls = measured(tmp_path, [Vote(wave=5, most=5)])
    assert calls == 5 * len(CASES)


def test_the_report_tells_no_seconds(tmp_path):
    (setups, trials), _ = measured(tmp_path, [Direct()])
    text = as_markdown(findings(trials), setups, trials)
    assert "made once" in text
    assert "| – | ? |" in text


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "replies.jsonl").write_text('{"some": "thing"}\n')
    with pytest.raises(SettingsError, match=r"replies\.jsonl:1"):
        ReplyFile(tmp_path / "replies.jsonl")
