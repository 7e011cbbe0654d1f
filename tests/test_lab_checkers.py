"""What counts as right."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia import House
from tertulia.books import Books
from tertulia.errors import SettingsError
from tertulia.lab.cases import adapter
from tertulia.lab.checkers import Exact, Gym, Judge, Numeric, Option, Parts, Program, Regex
from tertulia.lab.suites import load
from tertulia.providers.scripted import Scripted
from tertulia.run import Run

UNHURRIED = settings(deadline=None)  # on a busy machine anything may take long


async def marks(checker, answer, expected, language="en", judge=None):
    mark = await checker.mark(answer, expected, language, judge)
    return mark.correct, mark.strict


@pytest.mark.parametrize(
    ("answer", "correct", "strict"),
    [
        ("1500", True, True),
        ("It is 1,500.", True, True),
        ("3 trips of 500 make 1,500", True, False),
        ("1500.4", True, True),
        ("1501", False, False),
        ("none", False, False),
    ],
)
async def test_a_number_is_right_within_its_tolerance(answer, correct, strict):
    assert await marks(Numeric(tolerance=0.5), answer, 1500) == (correct, strict)


@pytest.mark.parametrize(
    ("answer", "correct"),
    [("2.5 km", True), ("2,500 m", True), ("2500 metros", True), ("2.5 kg", False), ("2.5", True), ("2.5 miles", True)],
)
async def test_a_number_in_another_unit_is_converted_and_one_of_another_kind_is_wrong(answer, correct):
    assert (await marks(Numeric(unit="km"), answer, 2.5))[0] is correct


@UNHURRIED
@given(st.lists(st.integers(1000, 10**6), min_size=1, max_size=4, unique=True), st.randoms())
def test_parts_are_found_in_any_order_and_missed_if_one_is_missing(parts, random):
    import asyncio

    shuffled = random.sample(parts, len(parts))
    text = "Answer: " + ", ".join(f"{part:,}" for part in shuffled)
    checker, expected = Parts(), tuple(float(part) for part in parts)
    assert asyncio.run(marks(checker, text, expected)) == (True, shuffled == parts)
    fewer = "Answer: " + "; ".join(f"{part:,}" for part in parts[1:])
    assert asyncio.run(marks(checker, fewer, expected)) == (False, False)


async def test_the_number_of_a_line_in_a_list_is_no_part_of_the_answer():
    assert await marks(Parts(), "1. 380 boxes\n2. nine trips", (380, 2)) == (False, False)
    assert (await Parts().mark("1. 380 boxes\n2. nine trips", (380, 2), "en", None)).score == 0.5


@pytest.mark.parametrize(
    "answer",
    [
        "(a) Answer: 380\n(b) Answer: 2,106",
        "So it is \\boxed{380} boxes, and \\(\\boxed{2{,}106}\\) in all.",
        "With 1340 - 960 we have\n### Final Answer\nThe van takes **380**, and all are **2,106**.",
        "We get 380.\n\nThen 2106.",
    ],
)
async def test_each_part_may_have_an_answer_or_a_box_of_its_own(answer):
    assert (await marks(Parts(), answer, (380, 2106)))[0]


async def test_parts_that_stand_only_before_the_answer_are_not_answers():
    assert not (await marks(Parts(), "380 and then 2106?\nAnswer: 381 and 2106", (380, 2106)))[0]


async def test_parts_may_be_dates_times_and_names_in_either_language():
    expected = ("2026-04-22", "13:35", "Wednesday|miércoles")
    assert (await marks(Parts(), "El miércoles 22 de abril de 2026 a las 13:35", expected, "es"))[0]
    assert (await marks(Parts(), "Wednesday, April 22, 2026 at 1:35 pm", expected))[0]
    assert not (await marks(Parts(), "Wednesday, April 23, 2026 at 1:35 pm", expected))[0]


async def test_exact_texts_are_compared_without_case_accents_and_marks():
    assert await marks(Exact(), "**Córdoba**.", "cordoba") == (True, False)
    assert await marks(Exact(), "Lisbon", "Lisboa|Lisbon") == (True, True)
    assert await marks(Exact(), "Lisbon, I think", "Lisboa|Lisbon") == (False, False)


async def test_a_choice_is_strictly_the_letter_alone():
    assert await marks(Option(), "The answer is (B).", "B") == (True, False)
    assert await marks(Option(), "B", "B") == (True, True)
    assert await marks(Option(), "A", "B") == (False, False)


async def test_a_pattern_is_looked_for_in_the_conclusion():
    assert await marks(Regex(), "So:\nAna, Luis and Eva.", r"Ana\W+Luis\W+(?:and\W+)?Eva") == (True, False)
    assert await marks(Regex(), "Ana, Luis, Eva came.\nLuis won.", r"Ana\W+Luis\W+Eva") == (False, False)


async def test_a_program_that_says_true_makes_it_right():
    checker = Program(
        "numbers = [int(n) for n in conclusion.split('+')]\nprint(sum(numbers) == 10 and len(numbers) == 3)"
    )
    assert await marks(checker, "2+3+5", "") == (True, True)
    assert await marks(checker, "I choose:\n2+3+5", "") == (True, False)
    assert await marks(checker, "2+3+6", "") == (False, False)
    assert await marks(checker, "'''\nraise SystemExit", "") == (False, False)


@pytest.mark.parametrize("seed", [1, 2])
async def test_reasoning_gym_marks_its_own_answers_right_read_out_of_a_sentence(seed):
    for case in load(["gym:small:2"], seed):
        said = f"I thought about 12 things.\nAnswer: {case.expected}"
        mark = await case.checker.mark(said, case.expected, case.language, None)
        assert mark.correct, (case, mark)
        assert not (await case.checker.mark("I do not know", case.expected, case.language, None)).correct
        assert (await case.checker.mark(str(case.expected), case.expected, case.language, None)).strict


async def test_an_answer_that_a_scorer_cannot_read_has_no_points():
    (case,) = load(["gym:prime_factorization:1"])
    mark = await case.checker.mark("The answer is unknown", case.expected, "en", None)
    assert (mark.correct, mark.score) == (False, 0.0)


@pytest.mark.parametrize("family", ["countdown", "n_queens", "polynomial_multiplication"])
def test_families_whose_scorer_runs_the_answer_as_code_are_refused(family):
    with pytest.raises(SettingsError, match="runs the answer as code"):
        load([f"gym:{family}:1"])


async def test_a_model_that_judges_is_marked_as_such_and_pays_for_itself():
    agrees = House({"default": Scripted(lambda system, text: json.dumps({"correct": "Paris" in text}))})
    mark = await Judge().mark("The city of light", "Paris", "en", Run(Books(agrees.models)))
    assert mark.correct
    assert mark.judged
    assert mark.judging > 0
    vague = House({"default": Scripted(lambda system, text: "probably true")})
    assert not (await Judge().mark("x", "Paris", "en", Run(Books(vague.models)))).correct
    with pytest.raises(SettingsError, match="--judge"):
        await Judge().mark("x", "Paris", "en", None)


@pytest.mark.parametrize(
    "checker",
    [Exact(), Numeric(0.1, "kg"), Parts(), Option(("A", "B")), Regex(), Program("True"), Gym("gcd", 1, 2), Judge()],
)
def test_every_checker_survives_the_way_through_json(checker):
    from tertulia.lab.cases import Case, dumped

    case = Case("c", "Why?", (1.5, "x"), checker)
    assert adapter().validate_json(json.dumps(dumped(case))) == case
