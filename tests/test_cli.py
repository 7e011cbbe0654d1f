"""The command line, as a person or a script meets it: exit codes, what is printed where, and errors in one line."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from importlib.metadata import metadata

import pytest
from packaging.requirements import Requirement

from bench.counting_server import CountingServer
from bench.zoo import Zoo
from tertulia.cli.setup import is_met, lacking
from tertulia.usage import Ledger

from .conftest import ANSWER
from .mind import RULES

QUESTION = "How many minutes has a day? How many hours has a week? Which is larger, and why?"


@contextmanager
def running(server):
    """A counting server in a thread of its own."""
    ready, done, found = threading.Event(), None, {}

    async def serve():
        nonlocal done
        done = asyncio.Event()
        async with server:
            found.update(loop=asyncio.get_running_loop())
            ready.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait(10)
    try:
        yield server
    finally:
        found["loop"].call_soon_threadsafe(done.set)
        thread.join(10)


@pytest.fixture
def server():
    """A counting server with the mind of a planned run."""
    with running(CountingServer(latency=0)) as server:
        server.script(*RULES)
        yield server


@pytest.fixture
def cli(tmp_path):
    """Run `tertulia` with nothing of this machine's in its environment."""

    def run(*arguments, text="", **environment):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "tertulia", *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            env={**kept, "TERTULIA_CONFIG": str(tmp_path / "config.toml"), "PYTHONUTF8": "1", **environment},
        )

    return run


def test_the_answer_is_on_stdout_and_the_report_on_stderr(cli, server):
    done = cli("ask", QUESTION, "--base-url", server.url, "--model", "mock")
    assert done.returncode == 0
    assert done.stdout.strip() == ANSWER
    for word in ("plan of 3", "t1 accepted", "input", "output", "reasoning", "total", "synthesizer"):
        assert word in done.stderr


def test_the_question_can_come_through_a_pipe(cli, server):
    done = cli("ask", "-", "--quiet", "--base-url", server.url, "--model", "mock", text=QUESTION)
    assert done.returncode == 0
    assert done.stdout.strip() == ANSWER
    assert done.stderr == ""


def test_json_holds_the_whole_run_and_adds_up(cli, server):
    done = cli("ask", QUESTION, "--json", "--base-url", server.url, "--model", "mock")
    run = json.loads(done.stdout)
    assert run["answer"] == ANSWER
    assert (run["strategy"], run["effort"], run["stopped"]) == ("auto", "auto", None)
    assert [task["id"] for task in run["plan"]] == ["t1", "t2", "t3"]
    assert {finding["task"]: finding["text"] for finding in run["findings"]}["t1"] == "1440"
    tokens = run["tokens"]
    assert tokens["input"] + tokens["output"] + tokens["reasoning"] == tokens["total"]
    assert tokens["total"] == sum(line["read"] + line["written"] for line in run["ledger"])
    assert tokens["total"] == server.stats()["total_tokens"]
    assert run["cost_usd"] is None  # nobody knows what a server of one's own costs
    assert {"key", "agent", "model", "status", "read", "written", "hidden", "cached", "exact", "seconds"} <= set(
        run["ledger"][0]
    )


def test_events_are_lines_of_json(cli, server):
    done = cli("ask", QUESTION, "--events", "--base-url", server.url, "--model", "mock")
    names = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert names[0] == "Asked"
    assert names[-1] == "Answered"
    assert {"Planned", "TaskStarted", "Called", "Text", "Replied", "Executed", "Found", "Judged"} <= set(names)


def test_agents_can_be_given_models_of_their_own(cli, server):
    done = cli("ask", QUESTION, "--json", "--model", "scripted", "--agent-model", "planner=scripted:strong")
    assert done.returncode == 0
    done = cli("ask", QUESTION, "--model", "scripted", "--agent-model", "wizard=scripted")
    assert done.returncode == 2
    assert "there is no agent named 'wizard'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["ask", "   "], 2, "the question is empty"),
        (["ask", "hi", "--model", "nosuch:x"], 2, "there is no provider named 'nosuch'; there are: anthropic"),
        (
            ["ask", "hi", "--model", "scripted", "--strategy", "votte"],
            2,
            "there is no strategy named 'votte'; there are: auto, compute",
        ),
        (["ask", "hi", "--model", "scripted", "--effort", "huge"], 2, "'effort' cannot be 'huge'"),
        (["ask", "hi", "--model", "openai:gpt-5.2"], 2, "set OPENAI_API_KEY"),
        (["ask", "hi", "--model", "m", "--base-url", "http://127.0.0.1:9/v1"], 4, "is the server running there"),
        (["ask", "hi", "--model", "m", "--base-url", "nonsense"], 2, "is not an address"),
        (
            ["ask", "hi", "--model", "embedded:nosuch"],
            2,
            "there is no embedded model 'nosuch'; there are: large, small",
        ),
        (["ask", "hi", "--model", "scripted", "--budget-tokens", "5"], 3, "the budget allows 5 tokens"),
        (["ask", "hi", "--model", "scripted", "--budget-tokens", "0"], 2, "'budget.tokens' cannot be 0"),
        (["ask", "hi", "--agent-model", "planner"], 2, "should look like planner=openai:gpt-5.2"),
        (["setup", "nosuch"], 2, "there is no extra named 'nosuch'; there are: "),
    ],
)
def test_bad_input_is_told_in_one_line_that_says_what_would_work(cli, arguments, code, says):
    done = cli(*arguments)
    assert done.returncode == code
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("tertulia: "))
    assert says in line
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_question_of_ten_megabytes_is_refused(cli):
    done = cli("ask", "--model", "scripted", text="word " * 2_000_000)
    assert done.returncode == 2
    assert "put long material in a document" in done.stderr


def test_a_wrong_key_is_told(cli, server):
    server.configure(key="right")
    done = cli("ask", "hi", "--model", "mock", "--base-url", server.url, TERTULIA_API_KEY="wrong")
    assert done.returncode == 4
    assert "TERTULIA_API_KEY" in done.stderr
    assert "wrong" not in done.stderr.replace("is wrong", "")


def test_settings_come_from_the_file_and_the_environment_goes_before_it(cli, tmp_path):
    (tmp_path / "config.toml").write_text('model = "scripted"\nstrategy = "direct"\n[budget]\ntokens = 5000\n')
    assert json.loads(cli("ask", "hi", "--json").stdout)["strategy"] == "direct"
    run = json.loads(cli("ask", "hi", "--json", TERTULIA_STRATEGY="tertulia").stdout)
    assert run["strategy"] == "tertulia"


def test_a_settings_file_that_is_not_toml_is_told(cli, tmp_path):
    (tmp_path / "config.toml").write_text("model = scripted")
    done = cli("ask", "hi")
    assert done.returncode == 2
    assert "config.toml cannot be read" in done.stderr


def test_an_unwritable_cache_folder_is_told(cli, tmp_path):
    (tmp_path / "file").write_text("")
    done = cli("ask", "hi", "--model", "embedded:small", TERTULIA_CACHE=str(tmp_path / "file" / "cache"))
    assert done.returncode == 2
    assert "TERTULIA_CACHE" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_run_says_what_it_had_spent(server, tmp_path):
    server.configure(per_token=0.1)
    child = subprocess.Popen(
        [sys.executable, "-m", "tertulia", "ask", QUESTION, "--base-url", server.url, "--model", "mock", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TERTULIA_CONFIG": str(tmp_path / "none.toml")},
    )
    while not server.calls:
        time.sleep(0.05)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    run = json.loads(out)
    assert child.returncode == 130
    assert run["stopped"] == "interrupted"
    assert run["answer"] is None
    assert [line["status"] for line in run["ledger"]] == ["cancelled"]
    assert run["tokens"]["total"] >= server.stats()["total_tokens"]
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["agents", "models", "doctor", "version"])
def test_commands_that_tell_what_there_is(cli, command):
    done = cli(command)
    assert done.returncode == 0
    assert done.stdout.strip()


def test_the_doctor_looks_at_every_extra_there_is(cli):
    looked_at = re.findall(r"extra (\S+)", cli("doctor").stdout)
    assert sorted(looked_at) == sorted(metadata("tertulia").get_all("Provides-Extra") or [])


def test_an_extra_lacks_what_is_not_installed_at_a_version_that_it_wants():
    assert lacking("serve") == []
    assert not is_met(Requirement("starlette<1"))
    assert not is_met(Requirement("no-package-of-that-name"))


def test_an_empty_ledger_reports_nothing_spent():
    report = Ledger().report(None)
    assert (report.input, report.output, report.reasoning, report.cost) == (0, 0, 0, 0.0)


@pytest.mark.parametrize(
    ("program", "code", "out", "err"),
    [
        ("print(6 * 7)", 0, "42\n", ""),
        ("6 * 7", 0, "42\n", ""),
        ("print(1 / 0)", 1, "", "ZeroDivisionError"),
        ("while True: pass", 5, "", "limit reached"),
        ("import os\nprint(os.environ)", 0, "", ""),
    ],
)
def test_a_program_can_be_run_in_the_sandbox(cli, program, code, out, err):
    done = cli("sandbox", "run", "-", "--seconds", "1", text=program, SECRET="hidden")
    assert "hidden" not in done.stdout
    if out or err:
        assert done.returncode == code
        assert done.stdout == out
        assert err in done.stderr


@pytest.mark.slow
def test_documents_can_be_added_listed_searched_and_removed(cli, tmp_path):
    (tmp_path / "bread.md").write_text("# Bread\n\nA baguette costs 1.10 euros.\n")
    (tmp_path / "broken.pdf").write_bytes(b"no pdf at all")
    data = {"TERTULIA_DATA": str(tmp_path / "data")}
    done = cli("docs", "add", str(tmp_path / "bread.md"), str(tmp_path / "broken.pdf"), **data)
    assert done.returncode == 0, done.stderr
    assert "added 1 to default" in done.stdout
    assert "refused" in done.stdout
    assert "unchanged 1" in cli("docs", "add", str(tmp_path / "bread.md"), **data).stdout
    assert "Bread" in cli("docs", "list", **data).stdout
    assert "1.10 euros" in cli("docs", "search", "¿Cuánto cuesta una baguette?", **data).stdout
    assert "1 documents, 1 passages" in cli("docs", "stats", **data).stdout
    assert "1.10 euros" in cli("docs", "show", "1", **data).stdout
    assert "removed Bread" in cli("docs", "remove", "1", **data).stdout
    assert cli("docs", "remove", "1", **data).returncode == 2


def test_a_question_about_documents_names_them(cli, tmp_path):
    done = cli("ask", "hi", "--model", "scripted", "--docs", "nowhere", TERTULIA_DATA=str(tmp_path))
    assert done.returncode == 2
    assert "no collection, file or folder named 'nowhere'" in done.stderr


def test_models_show_tells_each_ability_and_its_source(cli):
    done = cli("models", "show", "deepseek:deepseek-flash")
    assert done.returncode == 0
    assert "schemas" in done.stdout
    assert "how DeepSeek works" in done.stdout
    known = json.loads(cli("models", "show", "deepseek:deepseek-flash", "--json").stdout)
    assert known["model"] == "deepseek:deepseek-flash"
    assert known["abilities"]["forced_tools"]["value"] == "while not thinking"
    assert known["abilities"]["opened"] == {"value": None, "source": None}
    assert "there is no provider named 'nobody'" in cli("models", "show", "nobody:x").stderr


def test_models_show_takes_what_the_settings_say(cli, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[abilities."ollama:mine"]\nthinks = "always"\n')
    known = json.loads(cli("models", "show", "ollama:mine", "--base-url", "http://127.0.0.1:9/v1", "--json").stdout)
    assert known["abilities"]["thinks"] == {"value": "always", "source": "the settings"}
    config.write_text('[abilities."ollama:mine"]\nthink = "always"\n')
    done = cli("models", "show", "ollama:mine")
    assert done.returncode == 2
    assert "'abilities.ollama:mine.think' cannot be 'always'" in done.stderr


def test_doctor_ask_tries_a_model_and_tells_what_that_cost(cli):
    with running(Zoo()) as zoo:
        done = cli("doctor", "moonshot:kimi", "--ask", "--base-url", zoo.at("kimi"))
        assert done.returncode == 0
        for line in ("✓ plain", "✓ schema", "✓ tool", "✓ thinking off did not think", "✗ image"):
            assert line in " ".join(done.stdout.split())
        stats = zoo.stats()
        written = f"{stats['prompt_tokens']:,} read, {stats['completion_tokens']:,} written"
        assert written in done.stdout
        done = cli("doctor", "eater", "--ask", "--base-url", zoo.at("eater"))
        assert "✗ thinking off thought for 1,500 tokens" in " ".join(done.stdout.split())
        assert "learnt thinks: always (it thought though it was told not to)" in " ".join(done.stdout.split())
        assert cli("doctor", "moody-thought", "--ask", "--base-url", zoo.at("moody-thought")).returncode == 1
