"""Sums that a text states are computed again, and only those that are surely sums."""

import pytest

from tertulia.agents.critic import Critic
from tertulia.excerpts import LOOKED_AT
from tertulia.tools.arithmetic import sums
from tertulia.types import Execution, Finding, Task


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("12 * 30 = 360", [True]),
        ("So 12 × 30 = 350 euros.", [False]),
        ("7 + 8 + 9 = 24, and 100 / 3 = 33.33", [True, True]),
        ("1,250 * 4 = 5,000", [True]),
        ("10 − 4 = 5", [False]),
        ("2/3 = 0.667", [True]),
        ("20 * 5 = $100", [True]),
        ("14,50 * 2 = 29", [True]),
        ("14,50 * 2 = 30", [False]),
        ("1.500 * 2 = 3.000", [True]),
        ("1.500 * 2 = 3", [True]),
        ("1.500 * 2 = 3.500", [False]),
        ("12 500 + 500 = 13 000", [True]),
        ("10 -4 = 6", [True]),
        ("123456789 * 987654321 = 121932631112635269", [True]),
    ],
)
def test_a_sum_is_computed_again(text, holds):
    assert [sum.holds for sum in sums(text)] == holds


@pytest.mark.parametrize(
    "text",
    [
        "x = 5",
        "15 % of 80 = 12",
        "on 2024-03-01 = a Friday",
        "3 * 4 = 12 * 1",
        "a * 30 = 20",
        "10 / 0 = 5",
        "the ratio 3:4 = 0.75",
        "2 ** 3 = 8",
        "3 + 4 = 7 %",
        "1/2/2024 = Monday",
        "10:45 + 30 = 11:15",
        "at 23:11 +1200 = 17 March",
        "08 + 4 = 11",
        "1  +  2  +  x = 3",
        f"{' * '.join(['9'] * 200)} = 1",
    ],
)
def test_what_is_not_surely_a_sum_is_not_judged(text):
    assert list(sums(text)) == []


def finding(text, **more):
    return Finding("t1", "someone", text, **more)


TASK = Task("t1", "How many?", "someone")


def test_a_critic_rejects_only_on_evidence():
    verdict = Critic().judge(TASK, finding("12 * 30 = 350"), {})
    assert not verdict.accepted
    assert verdict.evidence == "12 * 30 = 360, not 350"


def test_a_critic_without_evidence_accepts_and_says_so():
    verdict = Critic().judge(TASK, finding("It is blue."), {})
    assert verdict.accepted
    assert verdict.evidence == ""


def test_a_program_that_ran_is_evidence():
    verdict = Critic().judge(TASK, finding("42", executions=(Execution("print(42)", "42"),)), {})
    assert verdict.accepted
    assert "42" in verdict.evidence


def test_finding_nothing_is_rejected_with_the_reason():
    verdict = Critic().judge(TASK, finding("NameError: x", ok=False), {})
    assert not verdict.accepted
    assert verdict.evidence == "NameError: x"


def test_a_number_that_nothing_gives_is_asked_for_from_who_can_compute_it():
    verdict = Critic().judge(TASK, finding("She works 13 hours."), {})
    assert not verdict.accepted
    assert (verdict.evidence, verdict.better) == ("13", "calculator")


SHOP = Task("t1", "¿Cuánto cuesta?", "someone", question="El billete cuesta 14,50 euros y el hotel 1.500 euros.")


@pytest.mark.parametrize(
    "text", ["14,5 euros, y el hotel 1500 euros", "14.50 y 1 500", "1.500,00 y 14,50", "1,5 o 1.500"]
)
def test_a_number_is_given_however_it_is_written(text):
    assert Critic().judge(SHOP, finding(text), {}).accepted


@pytest.mark.parametrize(
    ("text", "strange"),
    [("1.501 euros", "1.501"), ("15 euros", "15"), ("1500 o -1.600", "1.600")],
)
def test_a_number_is_strange_that_is_so_in_every_reading(text, strange):
    verdict = Critic().judge(SHOP, finding(text), {})
    assert (verdict.accepted, verdict.evidence) == (False, strange)


def test_a_number_given_in_words_or_as_an_ordinal_is_given():
    task = Task("t1", "Which day?", "someone", question="In five years, on the 7th, for three days.")
    assert Critic().judge(task, finding("5 years, 7 March, 3 days"), {}).accepted
    assert not Critic().judge(task, finding("on the 8th"), {}).accepted


def test_where_what_is_given_is_too_long_to_be_read_no_number_is_strange():
    task = Task("t1", "How many?", "someone", question="lorem ipsum " * LOOKED_AT)
    assert Critic().judge(task, finding("13"), {}).accepted


def test_a_number_that_is_given_or_known_needs_no_ground():
    task = Task("t1", "Who is older?", "someone", question="Ana is 31.5 and Ben 1,200 weeks.")
    known = {"t0": finding("Ben is 23 years old")}
    assert Critic().judge(task, finding("Ana, at 31.5, is older than Ben, who is 23 or 1200 weeks."), known).accepted
