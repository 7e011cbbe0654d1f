"""What code can check of a finding is checked by code: conversions, the form that was asked for, stated tests."""

import asyncio

import pytest

from tertulia import House, Question
from tertulia.agents.critic import Critic
from tertulia.events import Decided, Executed, Judged, Replied
from tertulia.providers.scripted import Scripted
from tertulia.strategies.auto import Auto
from tertulia.tools.checks import asserts_in, broken_demands, wrong_conversions
from tertulia.types import Finding, Task

ADD = "Write a Python function add(a, b). It must pass:\nassert add(2, 3) == 5\nassert add(-1, 1) == 0"
WRONG = "```python\ndef add(a, b):\n    return a - b\n```"
RIGHT = "```python\ndef add(a, b):\n    return a + b\n```"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("3 km = 300 m", ["3 km = 3000 m, not 300"]),
        ("2 hours are 90 minutes", ["2 hours = 120 minutes, not 90"]),
        ("1.5 t equals 150 kg, and 2 l = 2000 ml", ["1.5 t = 1500 kg, not 150"]),
        ("2 horas son 120 minutos", []),
        ("3 km = 3.000 m", []),
        ("90 min = 1.5 h", []),
        ("100 m = 0.06 mi", []),
        ("5 m = 300 s", []),
        ("60 km/h = 17 m", []),
        ("the walk of 3 km is 40 min long", []),
        ("1 day = 24 h = 1440 min", []),
        ("2,5 h = 150 min", []),
        ("2,5 h = 130 min", ["2,5 h = 150 min, not 130"]),
        ("1.500 g = 1,5 kg", []),
        ("48 s + 7 days = 0 days", []),
        ("10-12 h = 720 min", []),
    ],
)
def test_a_conversion_is_made_again(text, wrong):
    assert list(wrong_conversions(text)) == wrong


@pytest.mark.parametrize(
    ("asked", "said", "broken"),
    [
        ("its weight in kg", "It weighs 2500 g.", "it is asked in kg and says 2500 g"),
        ("la distancia en km", "Son 1200 metros.", "it is asked in km and says 1200 metros"),
        ("its weight in kg", "It weighs 2.5 kg, or 2500 g.", ""),
        ("its weight in kg", "It weighs 2.5.", ""),
        ("its speed in km/h", "It goes 5 m in 2 s.", ""),
        ("the length in cm and in m", "It has 30 mm.", ""),
        ("when it ends, as HH:MM", "It ends at 10.65.", "it is asked as HH:MM and has no such time"),
        ("when it ends, as HH:MM", "It ends at 10:39.", ""),
        ("the date as YYYY-MM-DD", "3 March 2026", "it is asked as YYYY-MM-DD and has no such date"),
        ("pi with 2 decimals", "3.14159", "it is asked with 2 decimals and has one of 5"),
        ("pi con dos decimales", "3.14", ""),
        ("pi con dos decimales", "3,1416", "it is asked with 2 decimals and has one of 4"),
        ("pi con dos decimales", "1.500", ""),
        ("pi with two decimals", "3.141", "it is asked with 2 decimals and has one of 3"),
        ("with zero decimals", "3.5", "it is asked with 0 decimals and has one of 1"),
        ("the total, rounded to two decimal places", "12", ""),
        ("in at most 3 words", "one two three four", "it may have 3 words and has 4"),
        ("los datos en JSON", "ana: 3", "it is asked as JSON and cannot be read as such"),
        ("the data as JSON", '```json\n{"ana": 3}\n```', ""),
    ],
)
def test_the_form_that_is_asked_for_is_looked_at(asked, said, broken):
    assert "; ".join(broken_demands(asked, said, "en")) == broken


def test_tests_are_read_where_they_are_stated():
    assert asserts_in(ADD) == "assert add(2, 3) == 5\nassert add(-1, 1) == 0"
    assert asserts_in("It holds that `assert f(1) == 2`.") == "assert f(1) == 2"
    assert asserts_in("I assert that this is so, and assert it again (") == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("That is 3 km = 300 m.", "a conversion in it is wrong"),
        ("That is 3000 m.", "it has not the form that is asked for"),
        ("That is 3 km.", "nothing speaks against it"),
    ],
)
def test_a_critic_rejects_what_fails_a_check_and_shows_the_evidence(text, reason):
    task = Task("t1", "the length in km", "someone", question="It has 3000 m, or 3 times 1 km, or 300.")
    verdict = Critic().judge(task, Finding("t1", "someone", text), {})
    assert verdict.reason == reason
    assert verdict.accepted == (not verdict.evidence)


def ask(question, says):
    events = []
    answered = asyncio.run(House({"default": Scripted(says)}, Auto()).ask(Question(question), events.append))
    return answered.answer.text, events


def test_code_that_fails_the_stated_tests_is_written_again_with_what_failed():
    asked = []

    def says(system, text):
        asked.append(text)
        return WRONG if len(asked) == 1 else RIGHT

    answer, events = ask(ADD, says)
    assert "a + b" in answer
    assert "AssertionError" in asked[1]
    assert [event.verdict.accepted for event in events if isinstance(event, Judged)] == [False, True]
    assert next(event.choice for event in events if isinstance(event, Decided)) == "refine"


def test_code_that_passes_is_paid_for_once():
    answer, events = ask(ADD, lambda system, text: f"Here it is:\n{RIGHT}")
    assert "Here it is" in answer
    assert sum(isinstance(event, Replied) for event in events) == 1
    (run,) = [event for event in events if isinstance(event, Executed)]
    assert run.agent == "critic"


def test_an_answer_without_code_is_told_that_there_are_tests():
    asked = []

    def says(system, text):
        asked.append(text)
        return "Add the two." if len(asked) == 1 else RIGHT

    answer, _ = ask(ADD, says)
    assert "a + b" in answer
    assert "no code to run them on" in asked[1]
