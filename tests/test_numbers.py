"""Numbers are read as people write them in English and Spanish, exactly, and given back as they were written."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia.excerpts import LOOKED_AT
from tertulia.numbers import apart, certain, figures, is_finite, mentioned, missing, read, unmark, write

UNHURRIED = settings(deadline=None)  # on a busy machine anything may take long
LANGUAGES = ("en", "es")
EXACT = st.one_of(
    st.integers(-(10**30), 10**30),
    st.decimals(-(10**12), 10**12, places=3),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
)


def values(text, language="en"):
    return [number.value for number in read(text, language)]


@UNHURRIED
@given(EXACT, st.sampled_from(LANGUAGES), st.booleans(), st.sampled_from(["", "%"]))
def test_what_is_written_is_read_back(value, language, grouped, unit):
    (number,) = read(write(value, language, grouped=grouped, unit=unit), language)
    assert (number.value, number.unit) == (value, unit)


@UNHURRIED
@given(st.lists(EXACT, min_size=1, max_size=5), st.sampled_from(LANGUAGES), st.booleans())
def test_numbers_within_a_sentence_are_read_back_in_their_order(several, language, grouped):
    text = " y luego ".join(write(value, language, grouped=grouped) for value in several)
    assert values(f"Son {text}.", language) == several


@UNHURRIED
@given(st.fractions(max_denominator=10**6))
def test_a_fraction_is_written_exactly_or_with_twelve_digits(value):
    (number,) = read(write(value))
    off = abs(Fraction(number.value) - value)
    assert off == 0 if is_finite(value) else off <= abs(value) / 10**11


@UNHURRIED
@given(st.text())
def test_any_text_can_be_read(text):
    for number in figures(text):
        assert text[number.start : number.end] == number.written
        assert len(number.values) in (1, 2)


@pytest.mark.parametrize(
    ("text", "language", "readings"),
    [
        ("1.234", "en", (Decimal("1.234"), 1234)),
        ("1.234", "es", (1234, Decimal("1.234"))),
        ("1,234", "en", (1234, Decimal("1.234"))),
        ("1,234", "es", (Decimal("1.234"), 1234)),
        ("1.234,50", "en", (Decimal("1234.5"),)),
        ("1,234.50", "es", (Decimal("1234.5"),)),
        ("1.234.567", "en", (1234567,)),
        ("1,234,567.8", "es", (Decimal("1234567.8"),)),
        ("12,50", "en", (Decimal("12.5"),)),
        ("0,125", "en", (Decimal("0.125"),)),
        ("1'234", "en", (1234,)),
        ("1’234,5", "es", (Decimal("1234.5"),)),
        ("1\u202f234", "es", (1234,)),
        ("1\u00a0234\u00a0567,8", "es", (Decimal("1234567.8"),)),
        ("12 500", "es", (12500,)),
        ("−3", "en", (-3,)),
        ("-.5", "en", (Decimal("-0.5"),)),
        ("1.5e6", "en", (1_500_000,)),
        ("2E-3", "en", (Decimal("0.002"),)),
        ("3/4", "en", (Fraction(3, 4),)),
        ("1 1/2", "en", (Fraction(3, 2),)),
        ("-1 1/2", "es", (Fraction(-3, 2),)),
        ("½", "es", (Fraction(1, 2),)),
        ("1½", "en", (Fraction(3, 2),)),
        ("9" * 5000, "en", (Decimal("9" * 5000),)),
    ],
)
def test_a_number_has_all_readings_that_its_marks_leave_open(text, language, readings):
    (number,) = read(text, language)
    assert number.values == readings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the 1st, 2nd, 3rd and 14th", []),
        ("el 1.º, la 2ª, el 3er y el 4to", []),
        ("20 ºC or 20ºC", [20, 20]),
        ("CO2, A4, x2.5 and t1", []),
        ("5km, 3D and 12h", [5, 3, 12]),
        ("3/4/2026", [3, 4, 2026]),
        ("version 1.2.3 at 192.168.1.10", [1, 2, 3, 192, 168, 1, 10]),
        ("3,4,5", [3, 4, 5]),
        ("10-12", [10, 12]),
        ("2026-03-14", [2026, 3, 14]),
        ("wait...5", [5]),
        ("1/0", [1, 0]),
    ],
)
def test_what_is_no_number_or_several_is_not_read_as_one(text, found):
    assert values(text) == found


def test_a_percentage_says_so():
    assert [(number.value, number.unit) for number in read("21 % IVA, 5% or 3 euros")] == [(21, "%"), (5, "%"), (3, "")]


def test_what_may_be_several_numbers_knows_them():
    assert [part.value for part in apart(read("3/4 of 12 500, or 1 1/2"))] == [3, 4, 12, 500, 1, 1, 2]


def test_ordinals_and_digits_of_names_are_figures_of_their_own_kind():
    assert [(number.value, number.kind) for number in figures("the 3rd of 5 in A4")] == [
        (3, "ordinal"), (5, "number"), (4, "name"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("1.500", "es", 1500),
        ("1.500", "en", None),
        ("1.500", "", None),
        ("3.125", "en", Decimal("3.125")),
        ("3.125", "", None),
        ("1,500", "en", 1500),
        ("1,500", "es", None),
        ("12,50", "en", Decimal("12.5")),
        ("12.50", "es", Decimal("12.5")),
        ("1.234.567", "", 1234567),
        ("42", "", 42),
    ],
)
def test_a_number_is_certain_only_where_its_language_leaves_no_doubt(text, language, value):
    (number,) = read(text, language)
    assert certain(number, language) == value


def test_what_is_missing_is_so_in_every_reading():
    there = mentioned("It costs 1.500 or 14,50 euros, 12 500 in all, for three people on the 7th, with CO2 at 3/4.")
    assert missing(read("1500, 1.5, 14,5, -14.50, 12500, 12, 500, 3, 7, 2, 0,75 and 4"), there) == []
    assert missing(read("1.501, 13, 3/8 and 13"), there) == ["1.501", "13", "8"]


@UNHURRIED
@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_of_a_long_text_the_numbers_at_both_ends_are_read_where_they_stand(first, last):
    text = f"{first} {'lorem 7 ipsum ' * LOOKED_AT} {last}"
    found = read(text)
    assert (found[0].value, found[-1].value) == (first, last)
    assert all(text[number.start : number.end] == number.written for number in found)
    assert len(found) < LOOKED_AT


@pytest.mark.parametrize(
    ("text", "language", "plain"),
    [
        ("ship 1,340 boxes at 2.50, and 3,456.75 more", "en", "ship 1340 boxes at 2.50, and 3456.75 more"),
        ("cuesta 1.234,50 euros, con un 2,5 % y 3.500 kg", "es", "cuesta 1234.50 euros, con un 2.5 % y 3500 kg"),
        ("the pairs (1,2) and 1,5", "en", "the pairs (1,2) and 1,5"),
        ("el 3.12.2024 a las 8:30, versión v1.234", "es", "el 3.12.2024 a las 8:30, versión v1.234"),
        ("unos 1,200 pesos", "es", "unos 1,200 pesos"),
        ("", "en", ""),
    ],
)
def test_numbers_are_written_as_programs_write_them_where_there_is_no_doubt(text, language, plain):
    assert unmark(text, language) == plain


@given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from(["en", "es"]))
def test_a_number_without_its_marks_has_the_same_value(value, language):
    said = f"Son {write(value, language, grouped=True)} euros."
    [number] = read(unmark(said, language), "en")
    [before] = read(said, language)
    assert number.value in before.values
