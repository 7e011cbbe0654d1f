"""What each strategy does of its own; what all of them must do is in tests/test_contracts.py."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia import House, Question
from tertulia.errors import ModelError
from tertulia.events import Decided, Event, Judged, Replied
from tertulia.model import Reply
from tertulia.providers.scripted import Scripted
from tertulia.strategies.agreement import canonical, conclusion_in, conclusion_of
from tertulia.strategies.answers import readable, says_all
from tertulia.strategies.compute import Compute
from tertulia.strategies.debate import Debate
from tertulia.strategies.refine import Refine
from tertulia.strategies.search import Search
from tertulia.strategies.synthesize import Synthesize
from tertulia.strategies.vote import Vote, certainty
from tertulia.usage import Usage

from . import conftest

QUESTION = "A day has 24 hours of 60 minutes. How many minutes is that, and how many hours has a week of 7 days?"


def says(system, text):
    """A mind that every strategy can work with."""
    known = conftest.says(system, text)
    return known if "Conclusion: " not in known else "Both are known.\nConclusion: 1440 is larger\nAnswer: 1440"


def ask(strategy, says=says, question=QUESTION, **more):
    events: list[Event] = []
    house = House({"default": Scripted(says)}, strategy, **more)
    return asyncio.run(house.ask(Question(question), events.append)), events


def counted(strategy, says, question=QUESTION):
    answered, events = ask(strategy, says, question)
    return answered, sum(isinstance(event, Replied) for event in events)


def test_a_vote_stops_when_the_first_wave_agrees():
    answered, calls = counted(Vote(), lambda system, text: "so it is\nAnswer: 7")
    assert calls == 3
    assert answered.answer.text.endswith("Answer: 7")


def test_a_vote_goes_on_while_it_is_not_certain():
    said = iter(["Answer: 7", "Answer: 8", "Answer: 7", "Answer: 7", "Answer: 7", "Answer: 7", "Answer: 7"])
    answered, calls = counted(Vote(), lambda system, text: next(said))
    assert 3 < calls <= 7
    assert answered.answer.text == "Answer: 7"


def test_the_samples_of_a_vote_are_reasoning_except_the_chosen_one():
    answered, calls = counted(Vote(), lambda system, text: "Answer: 7")
    assert answered.report.output == 2
    assert answered.report.reasoning == (calls - 1) * (answered.report.input + 2)


@given(st.lists(st.integers(0, 30), max_size=5))
def test_certainty_is_a_probability_that_grows_with_the_lead(votes):
    leader = max(votes, default=0)
    assert 0.5 <= certainty(votes) <= 1
    assert certainty([leader + 1, *votes]) >= certainty([leader, *votes]) - 1e-12


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("So.\nAnswer: 1,234.50 euros.", "1234.5"),
        ("Por tanto.\nRespuesta: 1.234,50 €", "1234.5"),
        ("**Answer:** Madrid.", "madrid"),
        ("The answer is: Córdoba", "cordoba"),
        ("It is 42", "42"),
        ("Answer: 3,5", "3.5"),
        ("So it is \\(\\boxed{131}\\).\nI hope this helps!", "131"),
        ("The GCD of 803 and 587 is 131.", "131"),
        ("Therefore, the day of the week 66 days ago was \\boxed{\\text{Friday}}.", "friday"),
        ("The day of the week 66 days ago was Friday.", "friday"),
        ("Answer: x = 4", "4"),
        ("The answer is C) Carla.", "c"),
        ("Answer: C", "c"),
        ("Ava is a sage, and Luke is a fool.", "ava is a sage and luke is a fool"),
        ("Answer: A dog", "a dog"),
        ("Answer: 3/4", "0.75"),
        ("Answer: 0.125", "0.125"),
        ("It is 1234567890123", "1234567890123"),
        ("It is 0.66666667", "0.666667"),
        ("Son 12 500 euros", "12500"),
        ("It is the 14th", "14"),
        ("", ""),
    ],
)
def test_equal_conclusions_compare_equal(text, same):
    assert canonical(conclusion_in(text)) == same


def test_a_conclusion_is_read_in_the_marks_of_its_question():
    spanish, english = Question("¿Cuánto cuesta el hotel?"), Question("How much is the hotel?")
    said = Reply("Respuesta: 1.234 euros", Usage(1, 1))
    assert (conclusion_of(said, spanish), conclusion_of(said, english)) == ("1234", "1.234")


def test_a_draft_is_revised_only_on_evidence():
    _, calls = counted(Refine(), lambda system, text: "12 * 12 = 144")
    assert calls == 1
    answered, events = ask(Refine(), lambda system, text: "12 * 12 = 144" if "checked" in text else "12 * 12 = 154")
    assert answered.answer.text == "12 * 12 = 144"
    assert next(event.verdict.evidence for event in events if isinstance(event, Judged)) == "12 * 12 = 144, not 154"


def test_a_debate_ends_when_all_agree():
    assert counted(Debate(), lambda system, text: "Answer: 7")[1] == 3
    said = iter(range(100))
    assert counted(Debate(), lambda system, text: f"Answer: {next(said)}")[1] == 6


def test_drafts_that_fail_do_not_take_the_others_with_them():
    drafts = iter([1, 2, 3])

    def says(system, text):
        if "in at most a hundred and fifty words" in system and next(drafts) == 2:
            raise ModelError("the wire was cut")
        return "blue"

    answered, _ = ask(Synthesize(), says)
    assert set(answered.answer.findings) == {"d1", "d3"}


def test_a_search_ends_when_all_branches_end_alike():
    _, events = ask(Search(), lambda system, text: "Answer: 7")
    assert [event.reason for event in events if isinstance(event, Decided)] == ["4 of 4 branches end in '7'"]


@pytest.mark.parametrize(
    ("printed", "parts", "shown"),
    [
        ("54.0 euros", 1, True),
        ("(a) 380 boxes (b) 9 trips", 2, True),
        ("380\n9", 2, True),
        ("380 9", 2, False),
        ("(a) 380", 2, False),
        ("['pear', 'plum']", 1, False),
        ("{'a': 1}", 1, False),
        ("True", 1, False),
        ("2024-04-16 martes", 1, True),
        ("", 1, False),
    ],
)
def test_what_a_program_printed_is_shown_as_it_is_if_it_says_all(printed, parts, shown):
    assert says_all(printed, parts) is shown


@pytest.mark.parametrize(
    ("printed", "question", "shown"),
    [
        ("54.0", "Solve 1914*d - 83 = 103273", "54"),
        ("x = -52.0 and y = 3.0.", "Solve for x and y", "x = -52 and y = 3."),
        ("0.30000000000000004", "How much is 0.1 + 0.2?", "0.3"),
        ("12.0", "How much is it, with one decimal?", "12.0"),
        ("12.0", "¿Cuánto es, con un decimal?", "12.0"),
        ("12.05, 12.00 and 1.0.2", "Which versions?", "12.05, 12.00 and 1.0.2"),
        ("10.0%", "What share?", "10%"),
    ],
)
def test_a_number_is_shown_without_the_digits_that_only_floating_point_put_there(printed, question, shown):
    assert readable(printed, question) == shown


def test_what_a_program_printed_is_put_into_words_if_it_does_not_say_all():
    answered, calls = counted(
        Compute(),
        lambda system, text: "print(sorted([4, 3]))" if "Python" in system else "3 and 4",
        "Which come first, 4 or 3?",
    )
    assert (answered.answer.text, calls) == ("3 and 4", 2)
    answered, calls = counted(
        Compute(),
        lambda system, text: "print(0.1 + 0.2, 'kg')" if "Python" in system else "?",
        "What do bags of 0.1 kg and 0.2 kg weigh?",
    )
    assert (answered.answer.text, calls) == ("0.3 kg", 1)


def test_a_program_that_states_a_number_is_asked_for_again_with_the_reason():
    def states_first(system, text):
        return "print(614 + 624 + 762)" if "computes none" in text else "1900"

    answered, calls = counted(Compute(), states_first, "What are 614, 624 and 762 seats together?")
    assert (answered.answer.text, calls) == ("2000", 2)


def test_a_program_that_failed_is_never_shown_again():
    """Small models give back word for word what they are shown."""
    seen = []

    def fails(system, text):
        seen.append(text)
        return "print(24 * 60 + unheard_of)" if len(seen) == 1 else "print(24 * 60, 24 * 7)"

    answered, calls = counted(Compute(), fails)
    assert (answered.answer.text, calls) == ("1440 168", 2)
    assert "name 'unheard_of' is not defined" in seen[1]
    assert "24 * 60 + unheard_of" not in seen[1]


def test_a_result_that_can_hardly_be_right_is_worked_out_anew_from_the_evidence():
    said = iter(["print(24 * 60)\nprint(24 * 6)", "print(24 * 60)\nprint(24 * 7)"])
    answered, events = ask(Compute(), lambda system, text: next(said))
    assert answered.answer.text == "1440\n168"
    assert [event.verdict.accepted for event in events if isinstance(event, Judged)] == [False, True]
    assert next(event.verdict.evidence for event in events if isinstance(event, Judged)) == "7 is not used"


def test_if_two_programs_are_doubted_the_first_stands():
    said = iter(["print(24 * 60)", "print(24 + 60)"])
    answered, calls = counted(Compute(), lambda system, text: next(said))
    assert (answered.answer.text, calls) == ("1440", 2)


def test_where_no_program_runs_compute_asks_directly_and_says_why():
    answered, events = ask(Compute(), lambda system, text: "no program" if "Python" in system else "about 1440")
    assert answered.answer.text == "about 1440"
    assert next(event.choice for event in events if isinstance(event, Decided)) == "direct"
