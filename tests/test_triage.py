"""A question gets what it deserves: most cost one call, and what costs more says why."""

import asyncio
import json

import pytest

from tertulia import House, Question
from tertulia.agents.triage import Triage
from tertulia.events import Decided, Replied
from tertulia.providers.scripted import Scripted
from tertulia.strategies.auto import Auto
from tertulia.tools.plain_sums import plain_sum

from .conftest import says

TRIVIAL = [
    "Hello!",
    "What is the capital of France?",
    "¿Cuál es la capital de Perú?",
    "What is 2 + 2?",
    "¿Cuánto es 17 * 23?",
    "What is 15 % of 80?",
    "¿Cuánto es el 15 % de 80?",
    "Who wrote Don Quixote?",
    "Translate 'good morning' into Spanish.",
    "Write a haiku about rain.",
]
SHIRTS = "A shop sells 3 shirts at 20 euros. How much is that?"
SIEGE = "Consider the following account of a siege and what followed from it. " * 6


def features(text):
    return Triage().by_features(Question(text))


@pytest.mark.parametrize("text", TRIVIAL)
def test_a_trivial_question_is_answered_in_one_call_without_asking_how(text):
    assert features(text).route == "direct"


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("A shop sells 3 shirts at 20 euros with 10 % off. How much is that?", "compute"),
        ("Un tren sale a las 8:15 y llega a las 11:50. ¿Cuánto dura el viaje?", "compute"),
        ("How many days are there between 3 March and 17 May 2024?", "compute"),
        ("5 vans carry 12 boxes. How many boxes is that? And how many in 7 trips?", "compute"),
        ("5 vans carry 12 boxes. How many is that? And why are vans white?", "plan"),
        ("What does it cost? And how long does it take? And why?", "plan"),
        ("1. Name a fruit.\n2. Name a river.\n3. Add 3 and 4.", "plan"),
        ("The course lasts 45 days from 9 March 2026. (a) What is its last day? (b) Which weekday is it?", "compute"),
        ("Find the greatest common divisor of 84 and 126.", "compute"),
        ("¿Es 1930 un año bisiesto?", "compute"),
        ("How many times does the letter p stand in 'the telephone I was with Dr'?", "compute"),
        ("Ordena estas palabras: pera, manzana, uva", "compute"),
        ("Write a letter to the mayor about the noise in our street.", "direct"),
    ],
)
def test_what_can_be_seen_from_outside_decides(text, route):
    assert features(text).route == route


def test_a_question_that_does_not_show_what_it_needs_is_put_to_a_model():
    assert features(SIEGE) is None
    answered, events = ask(SIEGE, lambda system, _: '{"way": "direct"}' if "JSON" in system else "so it ended")
    assert decisions(events)[0] == ("direct", "the triage said so")
    assert answered.report.calls == 2


@pytest.mark.parametrize(
    ("text", "sum"),
    [
        ("What is 17 * 23?", "17 * 23 = 391"),
        ("15 % of 80", "15 % of 80 = 12"),
        ("¿Cuánto es 1,000 + 24?", "1,000 + 24 = 1024"),
        ("What is 10 times 10?", "10 * 10 = 100"),
        ("¿Cuánto es 9 menos 4 más 2?", "9 - 4 + 2 = 7"),
        ("A table is 3 por 4. ¿Cuánto es?", ""),
        ("What is 10 / 4 plus 3?", ""),
        ("What is 3 / 0?", ""),
        ("When was 2024-03-01?", ""),
        ("Is 7 prime?", ""),
    ],
)
def test_a_plain_sum_is_computed_by_code(text, sum):
    assert plain_sum(text) == sum


def ask(text, says, **more):
    events = []
    answered = asyncio.run(House({"default": Scripted(says)}, Auto(**more)).ask(Question(text), events.append))
    return answered, events


def decisions(events):
    return [(event.choice, event.reason) for event in events if isinstance(event, Decided)]


def asked(events):
    return [event.entry.agent for event in events if isinstance(event, Replied)]


def test_a_plain_sum_costs_one_call_which_is_told_the_result():
    heard = []

    def listens(system, text):
        heard.append(text)
        return "391"

    answered, events = ask("What is 17 * 23?", listens)
    assert answered.report.calls == 1
    assert answered.report.reasoning == 0
    assert "17 * 23 = 391" in heard[0]
    assert decisions(events)[0][0] == "direct"


def test_a_program_that_answers_costs_one_call_and_what_it_prints_is_the_answer():
    answered, events = ask(
        SHIRTS,
        lambda system, text: "print(3 * 20, 'euros')" if "Python" in system else "never asked",
    )
    assert answered.answer.text == "60 euros"
    assert answered.report.calls == 1
    assert answered.report.reasoning == 0
    assert [choice for choice, _ in decisions(events)] == ["compute"]


def test_where_no_program_runs_one_call_answers_and_the_reason_is_recorded():
    answered, events = ask(SHIRTS, lambda system, text: "this is no program" if "Python" in system else "Answer: 60")
    assert answered.answer.text == "Answer: 60"
    _, (choice, reason) = decisions(events)
    assert choice == "direct"
    assert "no program" in reason


def test_a_program_is_repaired_only_where_the_question_itself_shows_a_computation():
    def fails(system, text):
        return '{"way": "compute"}' if "JSON" in system else "no program" if "Python" in system else "it fell"

    _, shown = ask(SHIRTS, fails)
    _, guessed = ask(SIEGE, fails)
    assert asked(shown) == ["calculator", "calculator", "direct"]
    assert asked(guessed) == ["triage", "calculator", "direct"]


def test_where_no_program_runs_high_effort_asks_for_the_majority():
    answered, events = ask(
        SHIRTS, lambda system, text: "this is no program" if "Python" in system else "Answer: 60", effort="high"
    )
    assert answered.answer.text == "Answer: 60"
    assert [choice for choice, _ in decisions(events)] == ["compute", "vote", "majority"]


def test_statements_that_are_given_are_no_parts_of_the_question():
    text = "Consider:\n1. All students are dogs.\n2. No dogs are lions.\n\nDoes it follow that no student is a lion?"
    assert Question(text).parts == 1
    assert Question("Can you do this?\n1. Name a fruit.\n2. Name a river.").parts == 3


def test_where_no_program_runs_for_several_parts_high_effort_plans_them():
    answered, events = ask(
        "5 vans carry 12 boxes. How many boxes is that? And how many in 7 trips?",
        lambda system, text: "no program" if "Python" in system and "Your part" not in text else says(system, text),
        effort="high",
    )
    assert [choice for choice, _ in decisions(events)][:2] == ["compute", "plan"]
    assert answered.answer.findings["t1"]


def test_samples_that_disagree_over_one_part_earn_a_plan_only_with_more_effort():
    said = iter(range(1000))
    _, events = ask(SIEGE, lambda system, _: '{"way": "vote"}' if "JSON" in system else f"Answer: {next(said)}")
    assert [choice for choice, _ in decisions(events)] == ["vote", "majority"]


def test_samples_that_disagree_are_a_reason_to_plan():
    said = iter(range(1000))

    def disagrees(system, text):
        if "Python" in system and "Your part" not in text:
            return "this is no program"
        return f"Answer: {next(said)}" if "Answer: …" in system else says(system, text)

    answered, events = ask(SHIRTS, disagrees, effort="high")
    assert [choice for choice, _ in decisions(events)][:3] == ["compute", "vote", "plan"]
    assert "disagree" in decisions(events)[2][1]
    assert answered.answer.findings["t1"]


@pytest.mark.parametrize("effort", ["none", "minimal"])
def test_without_effort_everything_is_asked_once(effort):
    answered, _ = ask("What does it cost? And how long? And why?", lambda system, text: "who knows", effort=effort)
    assert answered.report.calls == 1


def test_three_independent_parts_are_planned_and_solved_at_once():
    plan = {f"t{i}": {"task": f"part {i}", "agent": "reasoner", "needs": []} for i in (1, 2, 3)} | {"t4": None}
    answered, events = ask(
        "Why is the sky blue? Why is grass green? Why is snow white?",
        lambda system, text: json.dumps(plan) if system.startswith("You plan") else "Conclusion: light",
    )
    assert decisions(events)[0] == ("plan", "it has 3 parts")
    assert set(answered.answer.findings) == {"t1", "t2", "t3"}
    assert sum(isinstance(event, Replied) for event in events) == 5
