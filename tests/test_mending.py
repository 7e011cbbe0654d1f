"""What small models write instead of a program still gives a computed answer."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.calculator import EXAMPLES, FENCED
from tertulia.tools.mending import mended, only_states
from tertulia.tools.sandbox import execute, program


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("60 + 93 - 16 + 19 = 152", "156"),
        ("hours = 3 * 24 = 70 hours\nhours * 60 = 4200 minutes", "4320"),
        ("a = 7\nb = 6\nproduct = a * b", "42"),
        ("total = 1\nfor n in range(4):\n    total += n\ntotal += 10", "17"),
        ("3 * 4 = 13\n5 * 6 = 31", "12\n30"),
        ("minutes = 7.0 * 65\nprint(f'{minutes // 60:02d}:{minutes % 60:02d}')", "07:35"),
    ],
)
async def test_a_sum_is_computed_whatever_it_states_and_a_result_is_printed(written: str, printed: str) -> None:
    assert (await execute(mended(written))).output.strip() == printed


@pytest.mark.parametrize(
    "written",
    [
        "print(6 * 7)",
        "x = 5\nprint(f'{x} = 5')",
        "6 * 7",
        "It is 42.",
        "",
        "(a) 3 days * 24 hours/day = 72 hours",
        "if total = 5:\n    print(1)",
        "print('a' * 3) = 5",
    ],
)
def test_what_is_a_program_or_cannot_be_one_stays_as_it_was(written: str) -> None:
    assert mended(written) == written


@pytest.mark.parametrize(
    "program", ["1900", "print(-862)", "x = 5\nprint(f'{x} = 5')", "print('Yes')", "print([3, 4])"]
)
def test_a_program_that_prints_what_was_known_before_it_ran_computes_nothing(program: str) -> None:
    assert only_states(program)


@pytest.mark.parametrize(
    "program",
    ["print(6 * 7)", "print(len('pear'))", "for n in range(3):\n    print(n)", "print('a' < 'b')", "no program"],
)
def test_a_program_that_works_something_out_does_not_only_state_it(program: str) -> None:
    assert not only_states(program)


@given(st.text("ab12 +*=().\n-%€:print", max_size=60))
def test_nothing_that_is_written_makes_mending_fail_or_spoils_a_program(written: str) -> None:
    after = mended(written)
    try:
        ast.parse(written)
    except (SyntaxError, ValueError):
        return
    assert after.startswith(written)


@pytest.mark.parametrize("shown", [code for _, code in EXAMPLES])
async def test_what_the_calculator_is_shown_are_programs_that_compute_and_print(shown: str) -> None:
    assert program(FENCED.format(shown)) == shown
    assert mended(shown) == shown
    assert not only_states(shown)
    assert (await execute(shown)).output.strip()
