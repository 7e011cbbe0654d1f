"""The commands for stored runs."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from tertulia import House, Question
from tertulia.cli import app
from tertulia.durable.life import resume
from tertulia.durable.liveness import Heartbeat
from tertulia.errors import SettingsError, UnknownName
from tertulia.providers.scripted import Scripted
from tertulia.stores.adding import NewRun
from tertulia.stores.places import runs_at
from tertulia.strategies.tertulia import Tertulia

from .conftest import ANSWER, says

QUESTION = "Are there more minutes in a day than hours in a week? How many are they? Which is larger?"
EVIL = "<script>alert(1)</script> ![x](http://evil.example/p.png)"


@pytest.fixture
def tell(tmp_path, monkeypatch):
    """Run a command on the store of this test; gives what it printed."""
    monkeypatch.setenv("TERTULIA_DATA", str(tmp_path))
    monkeypatch.setenv("TERTULIA_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("COLUMNS", "140")

    def command(*arguments, code=0):
        done = CliRunner().invoke(app, list(arguments))
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.stdout

    return command


@pytest.fixture
def stored(tell):
    """The id of a run in the store of this test."""

    async def ask(text, model):
        async with runs_at() as runs, Heartbeat(runs) as heartbeat, House({"default": model}, Tertulia()) as house:
            run, _ = await runs.add(
                NewRun(Question(text), {"model": "scripted"}, strategy="tertulia", models="scripted")
            )
            await resume(run.id, house, heartbeat)
            return run.id

    return lambda text=QUESTION, says=says: asyncio.run(ask(text, Scripted(says)))


def test_a_durable_question_is_stored_and_can_be_seen(tell):
    answer = tell("ask", "Say this.", "--durable", "--model", "scripted", "--strategy", "direct", "-q")
    assert "Say this." in answer
    [run] = json.loads(tell("runs", "list", "--json"))
    assert (run["state"], run["models"], run["life"]) == ("answered", "scripted", 1)
    shown = tell("runs", "show", "last")
    assert "Say this." in shown
    assert run["id"] in shown


def test_show_draws_the_plan_with_what_each_agent_spent(tell, stored):
    shown = tell("runs", "show", stored()[:10])
    for words in ("✓ t1", "✓ t3", "(needs t1, t2)", "calculator", "planner", "synthesizer", "tokens", ANSWER):
        assert words in shown


def test_a_run_is_told_again_without_a_model(tell, stored, monkeypatch):
    id = stored()
    monkeypatch.setenv("TERTULIA_MODEL", "nobody:has-this")
    again = json.loads(tell("runs", "replay", id, "--json"))
    assert again["answer"] == ANSWER
    assert again["tokens"]["total"] == sum(entry["read"] + entry["written"] for entry in again["ledger"])
    assert tell("runs", "replay", id, "-q").strip() == ANSWER


def test_resuming_an_answered_run_tells_its_answer(tell, stored):
    assert tell("runs", "resume", stored(), "-q").strip() == ANSWER


def test_a_fork_uses_the_steps_that_do_not_depend_on_the_task(tell, stored):
    id = stored()
    forked = json.loads(tell("runs", "fork", id, "--from", "t3", "--json"))
    agents = {entry["agent"] for entry in forked["ledger"]}
    assert "synthesizer" in agents
    assert "planner" not in agents
    assert json.loads(tell("runs", "list", "--json"))[0]["forked"] == id


def test_what_models_write_is_escaped_in_documents(tell, stored):
    id = stored(f"Who wrote {EVIL}?", lambda system, text: EVIL)
    page = tell("runs", "export", id, "--format", "html")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    markdown = tell("runs", "export", id, "--format", "markdown")
    assert "<script>" not in markdown
    assert "![" not in markdown
    whole = json.loads(tell("runs", "export", id, "--format", "json"))
    assert EVIL in whole["run"]["answer"]
    assert whole["events"][0]["event"] == "Asked"


def test_a_document_tells_the_steps_in_the_language_of_the_question(tell, stored):
    markdown = tell("runs", "export", stored("¿Hay más minutos en un día que horas en una semana? ¿Y cuántos son?"))
    assert "## Pasos" in markdown
    assert "- t1 calculator encontró: 1440" in markdown
    assert "| entrada | salida | razonamiento | total |" in markdown


def test_a_document_commands_no_terminal(tell, stored):
    id = stored("Who wrote this?", lambda system, text: "\x1b]0;a title\x07\x1b[31mred\u202e")
    assert "\nred\n" in tell("runs", "export", id)
    assert not {"\x1b", "\u202e"} & set(tell("runs", "export", id, "--format", "html"))


def test_runs_are_found_by_state_age_and_text(tell, stored):
    stored()
    assert len(json.loads(tell("runs", "list", "--json", "--status", "answered", "--since", "1h"))) == 1
    assert json.loads(tell("runs", "list", "--json", "--text", "no such words")) == []
    with pytest.raises(SettingsError, match="queued"):
        tell("runs", "list", "--status", "lost")
    with pytest.raises(SettingsError, match="12h"):
        tell("runs", "list", "--since", "yesterday")


def test_a_deleted_run_is_gone(tell, stored):
    id = stored()
    stored()
    assert tell("runs", "delete", id).strip() == "1 deleted"
    with pytest.raises(UnknownName):
        tell("runs", "show", id)
    assert tell("runs", "delete", "--older-than", "0s").strip() == "1 deleted"
    assert json.loads(tell("runs", "list", "--json")) == []


def test_old_runs_are_deleted_as_the_settings_say(tell, stored, monkeypatch):
    stored()
    monkeypatch.setenv("TERTULIA_KEEP_DAYS", "0")
    tell("ask", "Say this.", "--durable", "--model", "scripted", "--strategy", "direct", "-q")
    assert len(json.loads(tell("runs", "list", "--json"))) == 1


def test_an_answered_run_stays_answered_when_it_is_cancelled(tell, stored):
    assert tell("runs", "cancel", stored()).strip() == "answered"


def test_no_key_is_stored(tell, tmp_path, monkeypatch):
    monkeypatch.setenv("TERTULIA_API_KEY", "sk-secret-of-mine")
    tell("ask", "Say this.", "--durable", "--model", "scripted", "--strategy", "direct", "-q")
    assert all(b"sk-secret" not in file.read_bytes() for file in tmp_path.iterdir())
