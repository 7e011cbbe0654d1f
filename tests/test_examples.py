"""Each example runs, and shows what its header says that one learns."""

import runpy
from datetime import date
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOWN = {
    "ask": ("leap year", "input + ", "reasoning = "),
    "budget": ("4 calls: ", "it stopped early: the budget allows 2 calls", "nothing: the budget allows 20 tokens"),
    "own_agent": (f"calendar: Today is {date.today():%A}", "Write the answer in English."),
    "own_strategy": ("Critic: ", "3 calls"),
    "watch": ("plan     t1 for the reasoner", "finding  t1", "call     synthesizer", "answer   "),
}


def test_every_example_is_tried():
    assert {file.stem for file in EXAMPLES.glob("*.py")} == set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_an_example_shows_what_one_learns(name, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TERTULIA_MODEL", "scripted")
    monkeypatch.setenv("TERTULIA_CONFIG", str(tmp_path / "none.toml"))
    ran = runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert "You learn: " in ran["__doc__"]
    printed = capsys.readouterr().out
    assert [words for words in SHOWN[name] if words not in printed] == []
