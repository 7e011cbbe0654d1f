"""A worked example of the question's kind is found by meaning, and each one proves itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tertulia import House, Question
from tertulia.agents.calculator import WHOLE, Calculator
from tertulia.cli import app
from tertulia.errors import SettingsError, UnknownName
from tertulia.providers.scripted import Scripted
from tertulia.strategies.compute import Compute
from tertulia.tools.sandbox import execute
from tertulia.tools.skills.cards import Card, card, cards, choose, parse
from tertulia.tools.tiers.monty import Monty

OWN = """
kind = "ages of trees by their rings"
likes = ["A tree has 57 rings; how old is it?"]
question = "A tree has 12 rings and grows one a year. How old is it?"
program = "print(12, 'years')"
prints = "12 years"
source = "a teacher"
"""


@pytest.mark.parametrize("worked", [one for one in cards() if one.program], ids=lambda one: one.name)
async def test_the_program_of_a_card_prints_what_it_says(worked: Card) -> None:
    execution = await execute(worked.program, tiers=[Monty()])
    assert execution.error == ""
    assert execution.output.strip() == worked.prints


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How many Fridays are there between 4 August 2023 and 1 November 2023, both included?", "weekdays"),
        ("¿Qué día de la semana fue el 12 de octubre de 1992?", "weekdays"),
        ("Elves always tell the truth and goblins always lie. Kim says Lee is a goblin; Lee says Kim is one.", "liars"),
        ("Rosa está casada con Blas. Su hija Pilar tiene un hijo, Teo. ¿Qué es Blas de Teo?", "families"),
        ("What comes next: 7, 14, 28, 56?", "sequences"),
        ("Find x if 12x + 9 = 57.", "equations"),
        ("A mortgage of 120,000 at 4 % a year is repaid in 180 equal payments. What is each?", "loans"),
        ("From 23:15:20 to 04:02:09, how long is that?", "spans"),
        ("How many litres fit in a tank of 2 m by 80 cm by 50 cm?", "units"),
        ("What is the capital of Peru?", ""),
        ("¿Por qué vuelan los aviones?", ""),
        ("Sort these words: kiwi, apple, plum.", ""),
    ],
)
async def test_a_card_is_found_by_what_is_asked(question: str, name: str) -> None:
    assert await choose(question) == name


async def test_a_card_of_ones_own_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_DATA", str(tmp_path))
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "trees.toml").write_text(OWN)
    assert await choose("The trunk shows 80 rings: what is the age of the tree?") == "trees"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind = ", "the card 'mine' is not TOML"),
        ("kind = 'x'", r"the card 'mine': likes: Field required; a card has kind, likes, question"),
        (OWN + "\nfoo = 1", "the card 'mine': foo: Extra inputs are not permitted"),
    ],
)
def test_a_card_that_lacks_something_says_what(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        parse("mine", text)


async def seen(question: str, calculator: Calculator) -> list[str]:
    """Questions of the examples that a model is shown."""
    shown: list[str] = []

    def says(system: str, text: str) -> str:
        return "```python\nprint(6 * 7)\n```"

    class Watching(Scripted):
        async def stream(self, request):
            shown.extend(message.text for message in request.messages if message.role == "user")
            async for chunk in Scripted.stream(self, request):
                yield chunk

    await House({"default": Watching(says)}, Compute(calculator=calculator)).ask(Question(question))
    return shown[:-1]


async def test_a_model_is_shown_the_card_of_the_kind_in_place_of_other_examples() -> None:
    with_cards = Calculator(examples=WHOLE, has_cards=True)
    question = "Wizards always tell the truth and witches always lie. Ada says that Bo is a witch. Who is what?"
    shown = await seen(question, with_cards)
    assert len(shown) == 2
    assert "Heroes say only what is true" in shown[1]
    assert len(await seen("What is the capital of Norway?", with_cards)) == len(WHOLE)
    assert len(await seen(question, replace(with_cards, has_cards=False))) == len(WHOLE)


def test_a_card_that_is_not_there_lists_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"no card named 'magic'; there are: choices, clock"):
        card("magic")


def test_a_card_is_kept_if_it_proves_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_DATA", str(tmp_path / "data"))
    good, bad = tmp_path / "trees.toml", tmp_path / "lies.toml"
    good.write_text(OWN)
    bad.write_text(OWN.replace("print(12,", "print(13,"))
    ask = CliRunner()
    assert "trees is kept in" in ask.invoke(app, ["skills", "add", str(good)]).output
    with pytest.raises(SettingsError, match="prints '13 years', and it says '12 years'"):
        app(["skills", "add", str(bad)], standalone_mode=False)
    assert "ages of trees" in ask.invoke(app, ["skills", "list"]).output
    assert "✓ trees" in ask.invoke(app, ["skills", "test", "trees"]).output
