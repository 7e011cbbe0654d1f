"""The real model in the box answers planned questions end to end."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tertulia import Question
from tertulia.lab.suites import within
from tertulia.opening import open_house
from tertulia.settings import Settings

BENCH = Path(__file__).parent.parent / "bench"

QUESTION = (
    "A bakery bakes 120 baguettes at 1.10 euros and 80 loaves at 2.40, and sells 85 % of each. How much money does it "
    "take in a day? A baker works from 4:30 to 11:45 every day: how many hours does she work in 5 days? And why does "
    "dough rise?"
)
PREGUNTA = (
    "Un grupo de 23 estudiantes va a Toledo. El tren cuesta 14.50 euros por persona con un 20 % de descuento y el "
    "museo 6 euros por persona. ¿Cuánto cuesta el viaje en total? ¿Por qué llevan los trenes frenos de emergencia?"
)


def ask(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tertulia", "ask", *arguments, "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "TERTULIA_CONFIG": os.devnull},
        timeout=540,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.model
def test_the_model_in_the_box_plans_solves_and_answers_and_the_books_close():
    run = ask(QUESTION, "--model", "embedded")
    assert len(run["plan"]) >= 2
    assert {finding["agent"] for finding in run["findings"]} >= {"calculator"}
    assert any(execution["output"].strip() for finding in run["findings"] for execution in finding["executions"])
    assert len(run["answer"]) > 40
    tokens = run["tokens"]
    assert tokens["exact"]
    assert tokens["input"] + tokens["output"] + tokens["reasoning"] == tokens["total"]
    assert tokens["total"] == sum(line["read"] + line["written"] for line in run["ledger"])
    assert {line["status"] for line in run["ledger"]} == {"ok"}
    assert {line["model"] for line in run["ledger"]} == {"embedded"}
    assert run["cost_usd"] == 0


@pytest.mark.model
def test_the_small_model_answers_in_spanish_within_its_budget():
    run = ask(PREGUNTA, "--model", "embedded:small", "--budget-tokens", "6000")
    assert run["tokens"]["total"] <= 6000
    assert any(word in run["answer"].casefold() for word in (" el ", " los ", " es ", " de ", "euros"))


@pytest.mark.model
@pytest.mark.parametrize(
    ("model", "kept", "cases"),
    [
        ("embedded", "box", ["logic-02", "logic-03", "finance-03", "units-01"]),
        ("embedded:small", "small", ["logic-01", "logic-02", "logic-03", "reading-01"]),
    ],
)
def test_the_models_in_the_box_say_what_they_said_before_they_could_be_told_to_think(model, kept, cases):
    """To the token: the answers of the measurement in docs/lab.md, which is older than efforts and allowances."""
    before = {
        trial["case"]: trial
        for line in (BENCH / "results" / "lab" / kept / "results.jsonl").read_text().splitlines()
        if (trial := json.loads(line).get("trial")) and trial["strategy"] == "direct"
    }
    questions = {case.id: case.question for case in within(BENCH / "cases" / "train")}

    async def ask_all():
        async with await open_house(Settings(model=model, strategy="direct")) as house:
            return [await house.ask(Question(questions[case])) for case in cases]

    for case, answered in zip(cases, asyncio.run(ask_all()), strict=True):
        told, report = before[case]["report"], answered.report
        assert answered.answer.text == before[case]["answer"]
        assert (report.input, report.output) == (told["input"], told["output"])
