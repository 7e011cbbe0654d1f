"""What is said to be known for certain is true, in the marks of the question's language; of anything else, nothing."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia.agents.triage import Triage
from tertulia.numbers import write
from tertulia.tools.plain_sums import LONGEST_QUESTION, plain_sum
from tertulia.types import Question

UNHURRIED = settings(deadline=None)  # on a busy machine anything may take long


def known(text):
    """What is known for certain of a question that comes in without more."""
    choice = Triage().by_features(Question(text))
    return choice.known if choice else ""


@pytest.mark.parametrize(
    ("asked", "result"),
    [
        # exact to the last digit
        ("What is 123456788 * 987654322?", "123456788 * 987654322 = 121932630248437736"),
        ("What is 88888888888888888888 * 11111111111111111111?", "= 987654320987654320967901234567901234568"),
        ("What is 98765432109876543210 + 2?", "= 98765432109876543212"),
        ("¿Cuánto es 111111111 * 111111111?", "= 12345678987654321"),
        ("How much is 0.1 + 0.2?", "0.1 + 0.2 = 0.3"),
        ("Calculate 1e20 + 1", "= 100000000000000000001"),
        ("What is 1 / 1024?", "= 0.0009765625"),
        ("What is 2 / 3?", "2 / 3 ≈ 0.666666666667"),
        ("What is 10 - 3 * 4 / 2?", "= 4"),
        ("What is -3 + 5?", "-3 + 5 = 2"),
        ("What is 7 * -6?", "7 * -6 = -42"),
        ("What is 9 − 4?", "9 − 4 = 5"),
        ("What's 6 × 7?", "6 × 7 = 42"),
        ("What is 84 ÷ 4?", "84 ÷ 4 = 21"),
        ("2+2", "2+2 = 4"),
        ("12 * 12 =", "12 * 12 = 144"),
        ("144/12 = ?", "144/12 = 12"),
        ("Please calculate 144/12.", "144/12 = 12"),
        ("What is the result of 17-5?", "17-5 = 12"),
        ("What is $3 + 4$?", "3 + 4 = 7"),
        ("What is 1 1/2 + 2?", "1 1/2 + 2 = 3.5"),
        ("Hi! Could you please tell me how much is 15 * 3? Thanks", "15 * 3 = 45"),
        ("State the final answer to the following arithmetic problem: 50 - 20 - 5 =", "50 - 20 - 5 = 25"),
        ("What is 8 divided by 5?", "8 / 5 = 1.6"),
        # percentages, as people mean them
        ("How much is 40 + 21 % VAT?", "40 + 21 % VAT = 48.4"),
        ("How much is 40 + 10 % de IVA?", "= 44"),
        ("¿Cuánto es 40 + 21 % IVA?", "= 48,4"),
        ("¿Cuánto es 90 - 20 % de descuento?", "= 72"),
        ("What is 60 - 15%?", "60 - 15% = 51"),
        ("What is 300 + 5%?", "300 + 5% = 315"),
        ("What is 3 * 20 + 10 %?", "= 66"),
        ("What is 80 * 15 %?", "= 12"),
        ("What is 12.5 % of 80?", "= 10"),
        ("12,5 % de 80", "12,5 % de 80 = 10"),
        ("¿Cuánto es el 21 % de 1.500?", "21 % de 1.500 = 315"),
        ("How much is 15% of 1,200?", "15% of 1,200 = 180"),
        # marks of the question's language
        ("¿Cuánto es 2.500 + 700?", "2.500 + 700 = 3200"),
        ("¿Cuánto es 3.000 * 4?", "3.000 * 4 = 12000"),
        ("Calcula 1.250 - 0,5", "= 1249,5"),
        ("¿Cuánto es 14,50 * 3?", "14,50 * 3 = 43,5"),
        ("14,50 * 2", "14,50 * 2 = 29"),
        ("¿Cuánto es 1.234,5 + 0,5?", "= 1235"),
        ("¿Cuánto es 2.5 + 2.5?", "= 5"),
        ("¿Cuánto es 9 / 8?", "9 / 8 = 1,125"),
        ("¿Cuánto son 9 más 4 menos 2?", "9 + 4 - 2 = 11"),
        ("¿Cuánto es 20 entre 8?", "20 / 8 = 2,5"),
        ("¿Cuánto es 12 500 + 500?", "12 500 + 500 = 13000"),
        ("¡Calcula 3 + 4!", "3 + 4 = 7"),
        ("Por favor, ¿puedes calcular 18 * 4?", "18 * 4 = 72"),
        ("¿Cuál es el resultado de 30/4?", "30/4 = 7,5"),
        ("Resuelve: 12 * 5", "12 * 5 = 60"),
        ("How much is 1,250 + 250?", "1,250 + 250 = 1500"),
        ("What is 3.125 * 8?", "3.125 * 8 = 25"),
    ],
)
def test_what_is_known_for_certain_is_true(asked, result):
    assert known(asked).endswith(result)


@pytest.mark.parametrize(
    "asked",
    [
        # marks that leave it open
        "1.500 * 2",
        "1,500 + 300",
        "What is 2.500 + 300?",
        "¿Cuánto es 1,250 * 2?",
        "¿Cuánto es 1.250 + 2.5?",
        "How much is 1,250 + 2,5?",
        # a unit or a word follows
        "What is 5 + 3 euros?",
        "How much is 3 * 4 apples?",
        "¿Cuánto es 5 + 3 km?",
        "¿Cuánto son 20 - 5 minutos?",
        "How much is 12 / 4 each?",
        "What is 20 + 30 °C?",
        "How much is 5 + 3 €?",
        "How much is $5 + 3?",
        # dates, times, years
        "When was 12/10/1492?",
        "What is 2024-03-01?",
        "Calculate 12/05/2024",
        "¿Cuánto es 01/02/2025?",
        "What day is 3/4?",
        "What is 1936-1939?",
        "What is 1914 - 1918?",
        "¿Qué es 1936-1939?",
        "What is 2023-24?",
        "¿Cuánto es 2023/24?",
        "Season 2025/26",
        # scores, ranges, ratios
        "Real Madrid 3 - 2 Barcelona",
        "3 - 2",
        "Final score: 3 - 2",
        "Read pages 10 - 12",
        "10-12",
        "What is a 50-50?",
        "What is 16/9?",
        # laws, codes, names, versions, addresses, telephones
        "¿Qué dice la Ley 39/2015?",
        "¿Qué es 39/2015?",
        "What is 9/11?",
        "What is 9 / 11?",
        "What does 24/7 mean?",
        "What is 24 / 7?",
        "¿Qué es 24/7?",
        "What is 10-4?",
        "What is 4x4?",
        "What is 1920×1080?",
        "What is F-16 + 2?",
        "Problem 3 - 2",
        "What is problem 3 - 2?",
        "Python 3.11 - 3.14",
        "Call 555-1234",
        "555 - 1234",
        "Calculate 007 - 5",
        "¿Dónde está la calle Mayor 3/5?",
        "+34 600 123 456",
        "What is 7-11?",
        "What blood pressure is 120/80?",
        "What is 120 / 80?",
        "Apollo 11 + 12",
        # more than a sum, or not sure to be one
        "A table is 3 por 4. ¿Cuánto es?",
        "I have 3 + 4 apples. How many is that?",
        "What is 10 / 4 plus 3?",
        "What is (3 + 4) * 2?",
        "What is 2 ** 3 + 1?",
        "What is 2^3 + 1?",
        "What is 3 + 4!",
        "What is 1 + 2 + 3 + ...?",
        "What is 1 + 2 + 3...?",
        "Is 3 + 4 = 8?",
        "What is 3 / 0?",
        "What is 3 + x?",
        "Why is 2 + 2 funny?",
        # percentages of what is open
        "What is 100 + 50 + 10 %?",
        "What is 100 - 10 % - 10 %?",
        "What is 10 % + 5 %?",
        "What is 50 % + 10?",
        "What is 15 % of 80 + 3?",
        "What is 100 - 21 % VAT?",
        "How much is 50 / 10 %?",
        "How much is 60 + 21 % more?",
        "What is 15 % of 80 euros?",
    ],
)
def test_where_it_is_not_certain_nothing_is_known(asked):
    assert known(asked) == ""


@UNHURRIED
@given(
    st.lists(st.decimals(0, 10**9, places=2).filter(lambda value: value % 1), min_size=2, max_size=6),
    st.data(),
    st.sampled_from([("en", "What is {}?"), ("es", "¿Cuánto es {}?")]),
)
def test_whatever_is_added_and_multiplied_is_right_in_both_languages(values, data, asking):
    language, question = asking
    signs = [data.draw(st.sampled_from("+-*")) for _ in values[1:]]
    text = between(signs, [write(value, language) for value in values])
    right = eval(between(signs, [f"Fraction('{value}')" for value in values]), {"Fraction": Fraction})
    assert plain_sum(question.format(text), language) == f"{text} = {write(right, language)}"


def between(signs, written):
    return written[0] + "".join(f" {sign} {one}" for sign, one in zip(signs, written[1:], strict=True))


@UNHURRIED
@given(st.text(st.sampled_from("0123456789+-*/×÷−.,%=()?! \u202fdeofWhatisCuánto¿")))
def test_no_text_is_too_odd_for_a_sum(text):
    for language in ("en", "es", ""):
        plain_sum(text, language)


def test_a_long_question_is_about_more_than_a_sum():
    assert plain_sum(f"What is 3 + 4?{' ' * LONGEST_QUESTION}") == ""


def test_a_result_that_nobody_would_read_is_not_said():
    assert plain_sum("What is " + " * ".join(["9" * 60] * 5) + "?") == ""
