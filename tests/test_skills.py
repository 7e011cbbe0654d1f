"""Programs use the library of skills, and what they forgot to import, in every sandbox."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tertulia.cli import app
from tertulia.errors import UnknownName
from tertulia.tools.sandbox import execute
from tertulia.tools.skills.inline import completed, library
from tertulia.tools.tiers import Tier
from tertulia.tools.tiers.bubblewrap import Bubblewrap
from tertulia.tools.tiers.monty import Monty

PROGRAMS = {
    "between('23:50', '00:10')": "0:20:00",
    "hms(between('15:47:17.122', '19:19:25.346'), 3)": "03:32:08.224",
    "hms(between('Sat Apr 11 07:29:10 2026 +0000', 'Sat Apr 11 12:29:10 +0200 2026'))": "03:00:00",
    "between('March 5, 2024 11:30 pm', '6 de marzo de 2024 a las 1:15')": "1:45:00",
    "(when('31/12/2025') - when('1/1/2025')).days": "364",
    "when('12/31/2025').date()": "2025-12-31",
    "weekday('2024-02-29', 'es')": "jueves",
    "weekday('29 February 2024')": "Thursday",
    "is_leap(1900), is_leap(2000)": "(False, True)",
    "len(worlds('abc'))": "8",
    "truth_tellers(['A', 'B'], {'A': lambda w: not w['B'], 'B': lambda w: w['A'] and w['B']})": (
        "[{'A': True, 'B': False}]"
    ),
    "follows([('all', 'cats', 'animals'), ('no', 'animals', 'stones')], ('no', 'cats', 'stones'))": "True",
    "follows([('all', 'cats', 'animals'), ('some', 'animals', 'pets')], ('some', 'cats', 'pets'))": "False",
    "orders(['x', 'y', 'z'], lambda at: at['x'] > at['y'], lambda at: at['z'] == 1)": "[['z', 'y', 'x']]",
    "next_term([2, 5, 8, 11])": "14",
    "next_term([3, 6, 12, 24])": "48",
    "next_term([1, 1, 2, 3, 5, 8])": "13",
    "next_term([1, 3, 7, 15, 31])": "63",
    "next_term([1, 10, 2, 20, 3, 30])": "4",
    "next_term([1, 2, 4, 7, 11])": "16",
    "next_term([5, 9, 2])": "None",
    "solve('2x + 3y = 12', 'x - y = 1')": "{'x': 3, 'y': 2}",
    "solve('924 - 4368*d = -226212')": "{'d': 52}",
    "solve('0.5x = 3/4')": "{'x': 1.5}",
    "search(lambda x, y: x * y == 12 and x < y, x=range(9), y=range(9))": "[{'x': 2, 'y': 6}, {'x': 3, 'y': 4}]",
    "convert(3, 'km', 'm'), convert(2, 'hours', 'min'), convert(212, 'F', 'C')": "(3000, 120, 100.0)",
    "cents(2.675), cents(-0.005)": "(2.68, -0.01)",
    "round(compound(1000, 5, 2), 2)": "1102.5",
    "round(instalment(1200, 1, 12), 2)": "106.62",
    "round(loan(1200, 1, 12)[-1][4], 6)": "0.0",
    "finishes({'a': 3, 'b': 2, 'c': 1}, {'b': ['a'], 'c': ['a', 'b']})": "{'a': 3, 'b': 5, 'c': 6}",
    "free([(9, 10), (12, 13)], 8, 18)": "[(8, 9), (10, 12), (13, 18)]",
}
FAMILY = """
f = Family(men=["Juan", "Luis", "Pablo"], women=["Ana", "Eva"])
f.married("Juan", "Ana")
f.child("Luis", "Juan")
f.child("Eva", "Ana", "Juan")
f.child("Pablo", "Luis")
print(f.relation("Ana", "Pablo"), f.relation("Pablo", "Eva"), f.relation("Eva", "Pablo", "es"), f.parents("Luis"))
"""


async def printed(program: str, tier: Tier) -> str:
    execution = await execute(program, tiers=[tier])
    return execution.error or execution.output.strip()


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_program_uses_a_skill(program: str) -> None:
    assert await printed(f"print(({program}))", Monty()) == PROGRAMS[program]


async def test_a_family_is_told() -> None:
    assert await printed(FAMILY, Monty()) == "grandmother nephew tía ['Juan', 'Ana']"


async def test_every_tier_has_the_same_library() -> None:
    if (missing := await Bubblewrap().available()) is not None:
        pytest.skip(missing)
    for program in ("hms(between('8:05', '10:00'))", "solve('x + y = 3', 'x - y = 1')", "convert(1, 'mile', 'km')"):
        assert await printed(f"print({program})", Bubblewrap()) == await printed(f"print({program})", Monty())
    assert await printed(FAMILY, Bubblewrap()) == await printed(FAMILY, Monty())


@pytest.mark.parametrize(
    ("program", "prints"),
    [
        ("print(math.ceil(2.1))", "3"),
        ("print(ceil(2.1), date(2024, 1, 31) + timedelta(days=1))", "3 2024-02-01"),
        ("print(datetime(2024, 1, 1).year, datetime.strptime('2024-05-06', '%Y-%m-%d').year)", "2024 2024"),
        ("print(datetime.date(2024, 1, 1))", "2024-01-01"),
        ("print(Counter('aab')['a'], list(permutations('ab'))[0])", "2 ('a', 'b')"),
        ("from skills import between\nprint(between('1:00', '2:00'))", "1:00:00"),
    ],
)
async def test_what_everybody_would_import_is_imported(program: str, prints: str) -> None:
    assert await printed(program, Monty()) == prints


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("a = 1\nprint(math.ceil(a) / 0)", "line 2: print(math.ceil(a) / 0)\nZeroDivisionError: division by zero"),
        ("print(when('no date'))", "ValueError: no date or time in 'no date'"),
    ],
)
async def test_an_error_names_the_line_of_the_program_itself(program: str, says: str) -> None:
    for tier in (Monty(), Bubblewrap()):
        if await tier.available() is None:
            execution = await execute(program, tiers=[tier])
            assert execution.error == says
            assert execution.program == program


@pytest.mark.parametrize(
    "program",
    [
        "def solve(x):\n    return x\nprint(solve(2))",
        "convert = 3\nprint(convert)",
        "from math import gcd\nprint(gcd(4, 6))",
        "import math\nprint(math.pi)",
        "print(unknown)",
        "this is no program",
        "",
        "for date in range(3):\n    print(date)",
    ],
)
def test_what_a_program_defines_is_its_own(program: str) -> None:
    assert completed(program) == program


def test_a_person_can_read_what_there_is() -> None:
    listed = CliRunner().invoke(app, ["skills", "list"]).output
    assert all(skill.call in listed for skill in library().values())
    assert "next day" in CliRunner().invoke(app, ["skills", "show", "between"]).output
    with pytest.raises(UnknownName, match=r"no skill named 'juggle'; there are: .*between"):
        app(["skills", "show", "juggle"], standalone_mode=False)


def test_every_skill_says_what_it_gives() -> None:
    assert {"when", "Family", "solve", "convert", "truth_tellers"} <= set(library())
    assert [skill.name for skill in library().values() if not skill.about.endswith(".")] == []


@settings(max_examples=60, deadline=None)
@given(x=st.integers(-50, 50), y=st.integers(-50, 50), rows=st.lists(st.integers(-9, 9), min_size=4, max_size=4))
def test_equations_give_back_what_they_were_made_of(x: int, y: int, rows: list[int]) -> None:
    a, b, c, d = rows
    names: dict[str, object] = {}
    exec(completed("solve"), names)
    made = [f"{a}x + {b}y = {a * x + b * y}", f"{c} * x - {d}*y = {c * x - d * y}"]
    solve = names["solve"]
    assert callable(solve)
    if a * -d - b * c and "x" in made[0] + made[1]:
        assert solve(*(one.replace("+ -", "- ") for one in made)) == {"x": x, "y": y}


@settings(max_examples=60, deadline=None)
@given(first=st.integers(-99, 99), step=st.integers(-20, 20), length=st.integers(4, 8), times=st.integers(2, 5))
def test_sequences_go_on_by_their_rule(first: int, step: int, length: int, times: int) -> None:
    names: dict[str, object] = {}
    exec(completed("next_term"), names)
    next_term = names["next_term"]
    assert callable(next_term)
    line = [first + step * i for i in range(length + 1)]
    assert next_term(line[:-1]) == line[-1]
    grown = [first]
    for _ in range(length):
        grown.append(grown[-1] * times + step)
    assert next_term(grown[:-1]) == grown[-1]
