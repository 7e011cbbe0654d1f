"""Every code block in the docs runs, in the order in which it stands; a block marked `skip` cannot run in a test."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "README.es.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.M | re.S)
OURS = {"ask": ["ask"], "run": []}
"""Commands of `./dev` that are tertulia's own; the others are what runs the tests."""


def blocks(language):
    for page in PAGES:
        for number, (kind, marks, text) in enumerate(BLOCK.findall(page.read_text())):
            if kind == language and "skip" not in marks:
                yield pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")


@pytest.fixture
def environment(tmp_path):
    return {
        **os.environ,
        "TERTULIA_MODEL": "scripted",
        "TERTULIA_CONFIG": str(tmp_path / "config.toml"),
        "TERTULIA_DATA": str(tmp_path / "data"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.mark.parametrize("text", list(blocks("python")))
def test_python_in_the_docs_runs(text, environment):
    done = subprocess.run([sys.executable, "-W", "error", "-c", text], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("text", list(blocks("sh")))
def test_commands_in_the_docs_run(text, environment):
    for line in text.splitlines():
        if line.startswith("./dev"):
            command = shlex.split(line)
            if command[1] not in OURS:
                continue
            line = shlex.join(["tertulia", *OURS[command[1]], *command[2:]])
        done = subprocess.run(line, shell=True, capture_output=True, text=True, env=environment, timeout=300)
        assert done.returncode == 0, f"{line}\n{done.stderr}"


async def test_cards_in_the_docs_prove_themselves():
    from tertulia.tools.sandbox import execute
    from tertulia.tools.skills.cards import parse

    found = [block for page in PAGES for block in BLOCK.findall(page.read_text())]
    cards = [parse("docs", text) for kind, marks, text in found if kind == "toml" and "card" in marks]
    assert cards
    for card in cards:
        assert (await execute(card.program)).output.strip() == card.prints


@pytest.mark.parametrize("text", list(blocks("toml")))
def test_settings_in_the_docs_are_settings(text, monkeypatch, tmp_path):
    from tertulia.settings import load

    (tmp_path / "config.toml").write_text(text)
    monkeypatch.setenv("TERTULIA_CONFIG", str(tmp_path / "config.toml"))
    settings = load()
    assert settings.model != "auto"
    assert settings.budget.tokens


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_in_the_docs_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_of_results_in_the_docs_are_those_that_were_measured(page):
    for results in re.findall(r"<!-- (bench/results/\S+) -->", page.read_text()):
        assert (ROOT / results).read_text().strip() in page.read_text(), f"run: python -m bench.paste {page.name}"


def test_the_two_readmes_have_the_same_parts():
    english, spanish = ((ROOT / name).read_text() for name in ("README.md", "README.es.md"))
    shape = [re.findall(r"^(#+|```\w*|\|---|!\[)", text, re.M) for text in (english, spanish)]
    assert shape[0] == shape[1]
    assert [len(re.findall(r"^\|", text, re.M)) for text in (english, spanish)] == [
        len(re.findall(r"^\|", english, re.M))
    ] * 2


def test_every_strategy_is_in_the_docs():
    from tertulia.registry import parts

    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "strategies.md").read_text(), re.M)
    assert set(listed) - {"low", "high", "xhigh"} == set(parts("strategy"))


def test_every_option_of_ask_is_in_the_docs():
    import typer

    from tertulia.cli import app

    command: Any = typer.main.get_command(app)
    options = command.commands["ask"].params
    page = (ROOT / "docs" / "cli.md").read_text()
    missing = [option.opts[0] for option in options if option.opts[0] not in page]
    assert [name for name in missing if name.startswith("--")] == []
