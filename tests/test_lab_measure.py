"""Measuring: every case once, nothing lost when it stops, and a report that can be computed anew."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from bench.counting_server import CountingServer
from bench.zoo import Zoo
from bench.zoo.table import RULES
from tertulia import Budget, House
from tertulia.cli import app
from tertulia.cli.evaluate import strategy, write_report
from tertulia.errors import ModelError, SettingsError, UnknownName
from tertulia.lab.cases import Case, dumped
from tertulia.lab.checkers import Judge, Numeric
from tertulia.lab.measure import Contestant, Results, load, measure, setup
from tertulia.lab.report import as_markdown, findings
from tertulia.providers.openai import OpenAI
from tertulia.providers.scripted import Scripted
from tertulia.settings import Settings
from tertulia.strategies.direct import Direct
from tertulia.strategies.vote import Vote

CASES = tuple(
    Case(f"sum-{n}", f"How much is {n} + 1?", n + 1.0, Numeric(), "sums", "en" if n % 2 else "es") for n in range(8)
)


def adds(system, text):
    """Adds one, except that it cannot count beyond five."""
    number = int(text.split(" + ")[0].rpartition(" ")[2])
    return f"Answer: {number + 1 if number < 5 else 99}"


def contestant(strategy=Direct(), says=adds, name=None, **house):  # noqa: B008
    return Contestant(name or strategy.name, "scripted", House({"default": Scripted(says)}, strategy, **house))


def measured(folder, contestants, cases=CASES, resume=False, **more):
    async def run():
        with Results(folder, setup(cases, contestants, seed=3), resume) as results:
            await measure(cases, contestants, results, **more)

    asyncio.run(run())
    return load(folder / "results.jsonl")[1]


def test_every_case_is_answered_once_by_every_strategy(tmp_path):
    trials = measured(tmp_path, [contestant(), contestant(Vote())], parallel=3)
    assert sorted(trial.key for trial in trials) == sorted(
        (case.id, name, "scripted") for case in CASES for name in ("direct", "vote")
    )
    assert sum(trial.mark.correct for trial in trials if trial.strategy == "direct") == 5


def test_a_line_holds_the_whole_ledger_and_the_decisions(tmp_path):
    (trial,) = measured(tmp_path, [contestant(Vote())], CASES[:1])
    assert sum(entry.usage.total for entry in trial.ledger) == trial.report.total
    assert len(trial.ledger) == trial.report.calls == len(trial.samples) == 3
    assert [one.choice for one in trial.decisions] == ["majority"]
    assert all(sample.correct and sample.read == "1" for sample in trial.samples)


def test_the_setup_says_all_that_the_results_depend_on(tmp_path):
    measured(tmp_path, [contestant()])
    ((made,), _) = load(tmp_path / "results.jsonl")
    assert made.seed == 3
    assert set(made.cases) == {case.id for case in CASES}
    assert made.strategies["direct, scripted"] == repr(Direct())
    assert {"python", "tertulia", "scipy"} <= set(made.versions)


def test_a_stopped_measurement_goes_on_where_it_was(tmp_path):
    file, asked = tmp_path / "results.jsonl", []

    def stops(system, text):
        asked.append(text)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return adds(system, text)

    with pytest.raises(KeyboardInterrupt):
        measured(tmp_path, [contestant(says=stops)])
    with file.open("a") as out:
        out.write('{"trial": {"case": "half a li')
    assert len(load(file)[1]) == 3
    trials = measured(tmp_path, [contestant(says=stops)], resume=True)
    assert [trial.case for trial in trials] == [case.id for case in CASES]
    assert len(asked) == 9
    assert all(json.loads(line) for line in file.read_text().splitlines())


def test_results_are_not_overwritten_or_mixed_with_those_of_other_cases_or_prompts(tmp_path):
    measured(tmp_path, [contestant()], CASES[:2])
    with pytest.raises(SettingsError, match="--resume"):
        measured(tmp_path, [contestant()], CASES[:2])
    with pytest.raises(SettingsError, match=r"other cases \(sum-0\)"):
        measured(tmp_path, [contestant()], (replace(CASES[0], expected=5.0),), resume=True)
    with pytest.raises(SettingsError, match="other strategies"):
        measured(tmp_path, [contestant(Direct(max_tokens=5))], CASES[:2], resume=True)
    with pytest.raises(SettingsError, match="other settings"):
        measured(tmp_path, [contestant(budget=Budget(calls=3))], CASES[:2], resume=True)
    assert len(measured(tmp_path, [contestant(), contestant(Vote())], CASES, resume=True)) == 16


def test_cases_for_a_judge_are_refused_before_anything_is_spent(tmp_path):
    with pytest.raises(SettingsError, match="--judge"):
        measured(tmp_path, [contestant()], (CASES[0], replace(CASES[1], checker=Judge())))
    assert load(tmp_path / "results.jsonl")[1] == []


def test_the_reasons_of_choices_in_cases_about_proportion_are_told(tmp_path):
    trials = measured(tmp_path, [contestant(Vote())], (replace(CASES[0], family="proportion"),))
    told = as_markdown(findings(trials), [], trials)
    assert "- sum-0, vote, scripted: **majority**, certainty 0.94" in told


def test_a_file_that_is_not_of_results_is_refused(tmp_path):
    (tmp_path / "results.jsonl").write_text("{}\n")
    with pytest.raises(SettingsError, match=r"results.jsonl:1 is not a line"):
        load(tmp_path / "results.jsonl")


def test_a_run_that_fails_is_a_wrong_answer_with_its_bill(tmp_path):
    def fails(system, text):
        raise ModelError("out of order")

    trials = measured(tmp_path, [contestant(says=fails), contestant(name="works")], CASES[:2])
    assert [trial.error for trial in trials if trial.strategy == "direct"] == ["ModelError: out of order"] * 2
    (failed, _) = findings(trials).rows
    assert (failed.correct, failed.failed) == (0, 2)
    assert all(trial.ledger for trial in trials)


def test_the_table_adds_up(tmp_path):
    trials = measured(
        tmp_path, [contestant(), contestant(Vote()), contestant(Vote(wave=9, most=9, enough=2), name="vote:9")]
    )
    found = findings(trials)
    for row in found.rows:
        assert row.tokens == pytest.approx(row.input + row.output + row.reasoning)
        assert row.tokens_per_correct == pytest.approx(row.tokens * row.cases / row.correct)
        assert row.interval.low <= row.accuracy <= row.interval.high
    assert {row.strategy: row.median_calls for row in found.rows} == {"direct": 1, "vote": 3, "vote:9": 9}
    assert {(pair.strategy, pair.baseline) for pair in found.pairs} >= {
        ("vote", "direct"),
        ("vote", "vote of 3, equal tokens"),
    }
    equal = next(pair for pair in found.pairs if pair.baseline == "vote of 3, equal tokens")
    assert equal.baseline_tokens == pytest.approx(equal.tokens)
    assert found.families == {"sums": {"direct, scripted": "5/8", "vote, scripted": "5/8", "vote:9, scripted": "5/8"}}


def test_auto_is_compared_with_the_best_of_the_others(tmp_path):
    def weak(system, text):
        return "Answer: 1"

    names = {"direct": weak, "compute": adds, "refine": weak, "auto": adds}
    trials = measured(tmp_path, [contestant(says=says, name=name) for name, says in names.items()])
    against = [pair.baseline for pair in findings(trials).pairs if pair.strategy == "auto"]
    assert against == ["direct", "compute"]


def test_the_report_is_written_as_markdown_json_and_pictures(tmp_path):
    measured(tmp_path, [contestant(), contestant(Vote())])
    files, text = write_report(tmp_path)
    assert all(file.stat().st_size > 100 for file in files)
    assert {file.suffix for file in files} == {".md", ".json", ".png", ".svg"}
    assert "cannot be told apart with 8 cases" in text
    assert "| scripted | direct | 5/8 | 62.5% |" in text
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["rows"][0]["accuracy"] == 0.625
    assert data["setups"][0]["seed"] == 3


def test_plots_leave_matplotlib_as_it_was(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    measured(tmp_path, [contestant()])
    write_report(tmp_path)
    assert dict(matplotlib.rcParams) == before


async def test_what_is_measured_is_what_the_provider_counted(tmp_path):
    async with CountingServer() as server:
        house = House({"default": OpenAI("counting", server.url, key="k")}, Vote())
        async with house:
            contestants = [
                Contestant("vote", "counting", house),
                Contestant("direct", "counting", replace(house, strategy=Direct())),
            ]
            with Results(tmp_path, setup(CASES, contestants, 0)) as results:
                await measure(CASES, contestants, results, parallel=4)
        assert sum(trial.report.total for trial in results.trials) == server.stats()["total_tokens"]
        assert all(trial.mark.correct for trial in results.trials)


def test_names_of_strategies_may_carry_a_size_or_an_effort():
    fixed = strategy("vote:9", Settings())
    assert isinstance(fixed, Vote)
    assert (fixed.wave, fixed.most) == (9, 9)
    assert strategy("vote@low", Settings()) == Vote().scaled("low")
    for wrong in ("direct:3", "vote:x", "vote:0", "vote@huge"):
        with pytest.raises(SettingsError):
            strategy(wrong, Settings())
    with pytest.raises(UnknownName):
        strategy("guess", Settings())


def test_the_command_measures_reports_and_resumes(tmp_path):
    cases = tmp_path / "cases.jsonl"
    lines = [{"id": f"c{n}", "question": f"Say {n}{n}", "expected": n * 11, "checker": "number"} for n in (1, 2, 3)]
    cases.write_text("\n".join(map(json.dumps, lines)))
    arguments = ["eval", str(cases), "--models", "scripted", "--strategies", "direct", "--out", str(tmp_path / "out")]
    first = CliRunner().invoke(app, [*arguments, "--limit", "2"])
    assert first.exit_code == 0, first.output
    assert "| scripted | direct | 2/2 | 100.0% |" in first.output
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, SettingsError)
    assert "| scripted | direct | 3/3 | 100.0% |" in CliRunner().invoke(app, [*arguments, "--resume"]).output


@pytest.mark.slow
async def test_an_interrupted_command_keeps_what_is_done(tmp_path):
    cases, out = tmp_path / "cases.jsonl", tmp_path / "out"
    cases.write_text("\n".join(json.dumps(dumped(case)) for case in CASES))
    async with CountingServer(latency=0.3) as server:
        arguments = ["eval", str(cases), "--models", "openai:counting", "--base-url", server.url, "--out", str(out)]
        command = [sys.executable, "-m", "tertulia", *arguments, "--strategies", "direct"]
        child = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        while child.returncode is None and len(load(out / "results.jsonl")[1]) < 2:
            await asyncio.sleep(0.05)
        child.send_signal(signal.SIGINT)
        _, said = await child.communicate()
        assert (child.returncode, "--resume" in said.decode()) == (130, True), said
        kept = load(out / "results.jsonl")[1]
        assert 2 <= len(kept) < len(CASES)
        child = await asyncio.create_subprocess_exec(*command, "--resume", stdout=PIPE, stderr=PIPE)
        await child.communicate()
    done = load(out / "results.jsonl")[1]
    assert done[: len(kept)] == kept
    assert [trial.case for trial in done] == [case.id for case in CASES]


def named(name, words, right=8):
    """One call that takes so many words, and gets the first sums right."""

    def says(system, text):
        number = int(text.split(" + ")[0].rpartition(" ")[2])
        return "so " * words + f"Answer: {number + 1 if number < right else 99}"

    return contestant(Direct(), says, name)


def test_a_strategy_is_compared_with_the_most_thought_that_takes_no_more_tokens(tmp_path):
    ones = [named("think@low", 10, 4), named("think@medium", 40, 6), named("think@high", 400), named("auto", 100, 7)]
    trials = measured(tmp_path, [*ones, named("cheap", 0, 3)])
    told = {pair.strategy: pair for pair in findings(trials).pairs if pair.baseline.endswith(", equal tokens")}
    assert told["auto"].baseline == "think@medium, equal tokens"
    assert (told["auto"].comparison.wins, told["auto"].comparison.losses, told["auto"].note) == (1, 0, "")
    assert told["cheap"].baseline == "think@low, equal tokens"
    assert told["cheap"].note == "even the least thought takes more"
    assert set(told) == {"auto", "cheap"}
    assert "think@medium, equal tokens" in as_markdown(findings(trials), [], trials)


def test_the_effort_in_the_name_of_a_strategy_reaches_the_model(tmp_path):
    """The same model thinks less or more: `think` at three efforts, beside a plan and what `auto` makes of it."""
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join(json.dumps(dumped(case)) for case in CASES[:2]))
    names = "think@medium,think@high,think@xhigh,auto,tertulia"

    async def run():
        async with Zoo() as zoo:
            zoo.script(*RULES, (".", "Answer: 1"))
            done = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tertulia", "eval", str(cases), "--strategies", names),
                *("--models", "openai:gpt", "--base-url", zoo.at("gpt"), "--out", str(tmp_path / "out")),
                env={**os.environ, "OPENAI_API_KEY": "mine"},
                stdout=PIPE,
                stderr=PIPE,
            )
            _, err = await done.communicate()
            assert done.returncode == 0, err.decode()
            return zoo.stats()["total_tokens"], [body.get("reasoning_effort") for body in zoo.bodies]

    billed, efforts = asyncio.run(run())
    _, trials = load(tmp_path / "out" / "results.jsonl")
    spent = {name: [trial.report.total for trial in trials if trial.strategy == name] for name in names.split(",")}
    assert max(spent["think@medium"]) < min(spent["think@high"])
    assert max(spent["think@high"]) < min(spent["think@xhigh"])
    assert sum(sum(some) for some in spent.values()) == billed
    assert {"medium", "high", "xhigh"} <= set(efforts)
    found = {(pair.strategy, pair.baseline) for pair in findings(trials).pairs}
    assert {one for one, baseline in found if baseline.startswith("think@")} == {"auto", "tertulia"}
