"""How answers are read: the same number however it is written, and nothing that is not there."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia.lab.reading import choice, dates, last_number, numbers, times
from tertulia.numbers import approximate
from tertulia.tools.conclusions import conclusion, folded

UNHURRIED = settings(deadline=None)  # on a busy machine anything may take long


def values(text, language="en"):
    return [approximate(number.value) for number in numbers(text, language)]


def spanish(text):
    return text.translate(str.maketrans(",.", ".,"))


@UNHURRIED
@given(st.decimals(-10_000_000, 10_000_000, places=2))
def test_a_number_reads_the_same_in_english_and_spanish(number):
    written = f"{number:,.2f}"
    assert values(f"It is {written} euros.") == [pytest.approx(float(number))]
    assert values(f"Son {spanish(written)} euros.", "es") == [pytest.approx(float(number))]


@UNHURRIED
@given(st.integers(-(10**12), 10**12))
def test_a_whole_number_reads_the_same_with_and_without_groups(number):
    for written in (f"{number}", f"{number:,}", f"{number:,}".replace(",", "\u202f"), f"{number:,}".replace(",", "'")):
        assert values(written) == [number], written
    assert values(spanish(f"{number:,}"), "es") == [number]


@UNHURRIED
@given(st.integers(1, 999), st.integers(0, 999))
def test_a_number_with_two_readings_has_both_and_that_of_the_language_first(whole, part):
    written = f"{whole}.{part:03}"
    (english,), (spanish,) = numbers(written, "en"), numbers(written, "es")
    assert set(english.values) == set(spanish.values) == {Decimal(written), whole * 1000 + part}
    assert (english.value, spanish.value) == (Decimal(written), whole * 1000 + part)


@UNHURRIED
@given(st.text())
def test_any_text_can_be_read(text):
    for language in ("en", "es"):
        numbers(text, language), last_number(text, language)
    conclusion(text), folded(text), dates(text), times(text), choice(text, ("A", "B|Ben"))


@UNHURRIED
@given(st.lists(st.integers(0, 10**9), max_size=6))
def test_all_numbers_are_found_in_their_order(several):
    assert values(" and then ".join(map(str, several))) == several


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from 10-12 to −3", [10, 12, -3]),
        ("2026-03-14", [2026, 3, 14]),
        ("x = -5, y=-.5", [-5, -0.5]),
        ("1.5e6 or 2E-3", [1_500_000, 0.002]),
        ("**1,340** boxes at $1{,}234.50$", [1340, 1234.5]),
        ("t1, CO2 and A4", []),
        ("1 234 567,8 con espacios duros".replace(" ", "\u00a0", 2), [1_234_567.8]),
        ("0.125 and 0,125", [0.125, 0.125]),
    ],
)
def test_numbers_are_read_as_people_write_them(text, found):
    from tertulia.tools.conclusions import clean

    assert values(clean(text)) == found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("First 3, then 4.\nAnswer: 7", 7),
        ("Answer: 7\nI checked it 2 times.", 7),
        ("So we get \\boxed{1{,}024} after 10 steps", 1024),
        ("The sum of 3 and 4 is 7.", 7),
        ("It is 12.\nThat is all.", 12),
        ("Respuesta final: **3,5** km", 3.5),
        ("Answer:\n42", 42),
        ("no number at all", None),
        ("", None),
    ],
)
def test_the_last_number_of_the_conclusion_is_the_answer(text, value):
    found = last_number(text)
    assert (found and found.value) == value


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("Answer: B", "B"),
        ("The answer is (C).", "C"),
        ("A is wrong, B is wrong.\nSo it is **C**", "C"),
        ("Carla owns the dog.", "C"),
        ("Ana has the parrot, so Carla has the dog", "C"),
        ("Respuesta: c", None),
        ("nobody knows", None),
        ("It can't be", None),
    ],
)
def test_the_option_named_last_is_the_choice(text, chosen):
    assert choice(text, ("A|Ana", "B|Ben", "C|Carla")) == chosen


@UNHURRIED
@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_a_date_is_found_however_it_is_written(day):
    months = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()  # noqa: SIM905
    for written in (
        day.isoformat(),
        f"{day:%B} {day.day}, {day.year}",
        f"{day.day} {day:%B} {day.year}",
        f"{day.day} de {months[day.month - 1]} de {day.year}",
        f"{day.day}/{day.month}/{day.year}",
    ):
        assert day in dates(f"on {written}."), written


@UNHURRIED
@given(st.times())
def test_a_time_of_day_is_found_in_24_and_in_12_hours(time):
    for written in (f"{time:%H:%M}", f"{time:%I:%M %p}", f"{time:%H:%M}:00"):
        assert (time.hour, time.minute) in times(f"at {written} sharp"), written
