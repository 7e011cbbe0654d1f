"""Parts of other packages, installed as their users do: the ten lines of the docs, one that is broken, and a store."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tertulia.agents import Voice
from tertulia.agents.reasoner import Reasoner
from tertulia.errors import SettingsError, UnknownName
from tertulia.members import everyone
from tertulia.opening import open_house
from tertulia.settings import load
from tertulia.strategies.auto import Auto

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).parent / "uv"
PAGE = (ROOT / "docs" / "extending.md").read_text()
PLUG_IN, *_ = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
PROJECT, *_ = re.findall(r"^```toml skip\n(.*?)^```", PAGE, re.M | re.S)
BROKEN = PROJECT.replace("poet", "broken").replace("Poet", "Broken")
ELSEWHERE = PROJECT.replace("poet", "elsewhere").replace("tertulia.agent", "tertulia.store").replace("Poet", "database")
STORE = """
from pathlib import Path
from tertulia.stores.sqlite import SQLite

def database(place):
    return SQLite(Path(place.partition("://")[2]))
"""
PLANNING = """
import asyncio, json
from tertulia import House, Question
from tertulia.events import Failed, Found, Planned
from tertulia.providers.scripted import Scripted
from tertulia.strategies.tertulia import Tertulia

def says(system, text):
    if system.startswith("You plan"):
        assert "poet: writes verse, and finds rhymes" in system
        return json.dumps({"t1": {"task": "a verse", "agent": "poet", "needs": []}, "t2": None, "t3": None, "t4": None})
    return "O moon" if system == "You write short poems." else "O moon, he said."

events = []
answered = asyncio.run(House({"default": Scripted(says)}, Tertulia()).ask(Question("Write a verse."), events.append))
print([task.agent for event in events if isinstance(event, Planned) for task in event.plan.tasks])
print([event.finding.text for event in events if isinstance(event, Found)], answered.answer.text)
print([event.error for event in events if isinstance(event, Failed)])
"""


def install(folder, name, project, code, into):
    """What a user's installer does, without a network."""
    package = folder / name / "src" / f"tertulia_{name}"
    package.mkdir(parents=True)
    (folder / name / "pyproject.toml").write_text(project)
    (package / "__init__.py").write_text(code)
    command = [UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--target", into, folder / name]
    subprocess.run(command, check=True, cwd=folder)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A place with three packages of others."""
    folder = tmp_path_factory.mktemp("others")
    into = folder / "installed"
    install(folder, "poet", PROJECT, PLUG_IN, into)
    install(folder, "broken", BROKEN, "import nothing_of_that_name\n", into)
    install(folder, "elsewhere", ELSEWHERE, STORE, into)
    return into


@pytest.fixture
def run(installed, tmp_path):
    """Run Python, or the command line, where they are installed."""
    own = {"PYTHONPATH": str(installed), "TERTULIA_CONFIG": str(tmp_path / "none.toml"), "TERTULIA_DATA": str(tmp_path)}

    def started(*command, python=""):
        program = ["-c", python] if python else ["-m", "tertulia", *command]
        environment = {**os.environ, **own, "COLUMNS": "200"}
        return subprocess.run([sys.executable, *program], capture_output=True, text=True, env=environment, timeout=60)

    return started


def test_an_agent_of_ten_lines_works_in_a_plan_and_one_that_is_broken_is_told_of(run):
    done = run(python=PLANNING)
    planned, found, failed = done.stdout.splitlines()
    assert planned == "['poet']"
    assert found == "['O moon'] O moon, he said."
    assert "the agent 'broken' of tertulia-broken 0.1 cannot be used: ModuleNotFoundError" in failed


def test_agents_of_other_packages_are_listed_with_what_they_do_and_their_model(run):
    done = run("agents", "--model", "scripted", "--agent-model", "poet=openai:gpt-5.2", "--json")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["poet"]["skill"] == "writes verse, and finds rhymes"
    assert rows["poet"]["model"] == "openai:gpt-5.2"
    assert rows["poet"]["package"] == "tertulia-poet 0.1"
    assert rows["poet"]["joins"] == "every plan"
    assert rows["librarian"]["joins"] == "where documents are named (--docs)"
    assert rows["planner"]["model"] == "scripted"
    assert rows["critic"]["model"] is None
    assert "nothing_of_that_name" in rows["broken"]["error"]
    table = run("agents", "--model", "scripted")
    assert "writes verse, and finds rhymes" in table.stdout
    assert table.stderr.count("\n") == 1


def test_an_agent_of_another_package_can_be_given_a_model_and_fields(run, tmp_path):
    question = "Why is the sky blue? And why is the sea green?"
    assert run("ask", question, "--model", "scripted", "--agent-model", "poet=scripted", "--quiet").returncode == 0
    refused = run("ask", question, "--model", "scripted", "--agent-model", "painter=scripted")
    assert refused.returncode == 2
    assert "there is no agent named 'painter'" in refused.stderr
    (tmp_path / "none.toml").write_text('[agents.poet]\nskill = "writes odes"\n')
    assert run("ask", question, "--model", "scripted", "--quiet").returncode == 0
    (tmp_path / "none.toml").write_text("[agents.poet]\nmetre = 5\n")
    assert "there is no field of the agent 'poet' named 'metre'" in run("ask", question, "--model", "scripted").stderr


def test_a_store_of_another_package_keeps_runs(run, tmp_path):
    place = f"elsewhere://{tmp_path / 'there.db'}"
    asked = run("ask", "Hello!", "--model", "scripted", "--database", place, "--quiet")
    assert asked.returncode == 0, asked.stderr
    assert (tmp_path / "there.db").exists()
    assert "Hello!" in run("runs", "list", "--database", place).stdout
    refused = run("ask", "Hello!", "--model", "scripted", "--database", "nowhere://x")
    assert "give a path, or one of elsewhere://…, postgres://…, postgresql://…, sqlite://…" in refused.stderr


def test_the_doctor_tells_of_parts_that_cannot_be_used(run):
    assert "nothing_of_that_name" in " ".join(run("doctor").stdout.split())


@pytest.mark.parametrize(
    "name", ["triage", "restater", "mender", "direct", "critic", "planner", "synthesizer", "sampler", "librarian"]
)
async def test_everyone_who_makes_calls_can_be_given_a_model(name):
    async with await open_house(load(model="scripted", agent_models={name: "scripted"})) as house:
        assert set(house.models) == {"default", name}


async def test_a_model_for_somebody_who_asks_none_is_told_of():
    said = []
    async with await open_house(load(model="scripted", agent_models={"critic": "scripted"}), said.append):
        assert "the critic asks no model, so scripted is not used" in said


async def test_fields_of_agents_come_from_the_settings():
    async with await open_house(load(model="scripted", agents={"reasoner": {"max_tokens": 50}})) as house:
        assert isinstance(house.strategy, Auto)
        assert Reasoner(max_tokens=50) in house.strategy.plan.agents
    with pytest.raises(SettingsError, match="'reasoner' cannot be"):
        await open_house(load(model="scripted", agents={"reasoner": {"max_tokens": "many"}}))
    with pytest.raises(UnknownName, match="no agent named 'painter'"):
        await open_house(load(model="scripted", agents={"painter": {}}))


def test_everyone_has_a_name_and_says_what_they_do():
    assert all(member.name == name and member.skill for name, member in everyone().items())
    assert not any(isinstance(member, Voice) and not member.asks for member in everyone().values())
