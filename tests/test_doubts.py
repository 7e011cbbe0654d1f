"""What speaks against a program's answer, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.tools.doubts import Computed, doubts
from tertulia.tools.skills.cards import Card, cards
from tertulia.types import Question


def said_of(asked: str, program: str, printed: str, language: str = "en") -> list[str]:
    return doubts(Computed(asked, program, printed, language, Question(asked).parts))


@pytest.mark.parametrize(
    ("asked", "program", "printed", "doubt"),
    [
        ("12 boxes hold 30 eggs each and 5 eggs break. How many are whole?", "print(12 * 30)", "360", "5 is not used"),
        ("How many of 40 pupils are 15 %?", "print(40 / 15)", "2.67", ""),
        ("A tank of 200 litres loses 3 a day. When is it empty?", "print(200 - 203)", "-3", "3 is not used"),
        ("A shop has 20 pens and sells 25. How many does it have?", "print(20 - 25)", "-5", "-5 is less than nothing"),
        ("How many trips take 90 people in 40 seats?", "print(90 // 40 - 2)", "0", "a result is nothing"),
        (
            "(a) What do 3 pens at 2 euros cost? (b) And 4?",
            "print(3 * 2)  # 4",
            "6",
            "2 answers are wanted and 1 printed",
        ),
        (
            "(a) What do 3 pens cost at 2 euros? (b) What do 4 cost?",
            "print(3 * 2)\nprint(3 * 2)\n4",
            "(a) 6\n(b) 6",
            "two answers are the same: 6",
        ),
        ("Which x satisfies 924 - 4368*x = -226212?", "print((924 - 226212) / 4368)", "-51.6", "the equation does not"),
        ("What is the mean of 5 and 7 grams?", "print((5 + 7) * float('nan'))", "nan", "it printed nan"),
    ],
)
def test_what_can_hardly_be_right_is_told_with_its_evidence(asked: str, program: str, printed: str, doubt: str) -> None:
    found = said_of(asked, program, printed)
    assert (doubt in "; ".join(found)) if doubt else found == []


@pytest.mark.parametrize(
    ("asked", "program", "printed"),
    [
        ("What does a coat of 80 euros cost after 15 % off?", "print(80 * 0.85)", "68.0"),
        ("What does a coat of 80 euros cost with 21 % of tax?", "print(80 * 1.21)", "96.8"),
        ("How many metres are 3.5 km?", "print(3500)", "3500"),
        ("How many minutes are 2.5 hours?", "print(150)", "150"),
        ("It leaves at 8:35 and takes 70 minutes. When does it arrive, as 24-hour HH:MM?", "print(515 + 70)", "9:45"),
        ("How much is a third of 1,340, with 2 decimals?", "print(f'{1340 / 3:.2f}')", "446.67"),
        ("It was 4 degrees and got 9 degrees colder. How warm is it?", "print(4 - 9)", "-5"),
        ("How many are left of 8 if 8 are sold?", "print(8 - 8)", "0"),
        ("Which x satisfies 17 - 3*x = -40?", "print((17 + 40) // 3)", "19"),
        ("A course of 45 days starts on 12 March 2024. When does it end?", "date(2024, 3, 12) + 45 - 1", "2024-04-25"),
        ("| Shop | Sales |\n|---|---|\n| A | 320 |\n| B | 450 |\n\nWhat does B sell?", "print(450)", "450"),
    ],
)
def test_nothing_is_said_against_what_is_right(asked: str, program: str, printed: str) -> None:
    assert said_of(asked, program, printed) == []


@pytest.mark.parametrize("worked", [one for one in cards() if one.program], ids=lambda one: one.name)
def test_nothing_is_said_against_a_card(worked: Card) -> None:
    assert said_of(worked.question, worked.program, worked.prints) == []


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300), st.integers(0, 9))
def test_no_text_whatever_makes_a_rule_fail(asked: str, program: str, printed: str, parts: int) -> None:
    for doubt in doubts(Computed(asked, program, printed, "es", parts, asked)):
        assert doubt


@given(
    st.text(alphabet="0123456789xX+-*/^=().eE ", max_size=80),
    st.text(alphabet="0123456789.,-+eE%:/ \n", max_size=60),
)
def test_no_equation_whatever_makes_a_rule_fail(asked: str, printed: str) -> None:
    doubts(Computed(asked, asked, printed))
