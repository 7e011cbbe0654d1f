"""Recomputes what is right in every hand-written case, and checks that the checkers can tell it from what is wrong.

    python -m bench.cases.verify

Each solution works from the numbers of its question alone. For each case it must come to the same as the file; the
right answer, written out, must be marked right, and one with a changed part wrong. No part of an answer may stand in
its own question, so that repeating the question is never right.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count, permutations, product
from math import ceil
from pathlib import Path

from tertulia.lab.cases import Case, read
from tertulia.lab.checkers import Choice, Number, Parts, Regex, near
from tertulia.lab.reading import numbers

HERE = Path(__file__).parent
FILES = ("train/complex", "trivial", "proportion")
Solution = Callable[[], object]
SOLUTIONS: dict[str, Solution] = {}


def solves(name: str) -> Callable[[Solution], Solution]:
    def keep(solution: Solution) -> Solution:
        assert name not in SOLUTIONS, name
        SOLUTIONS[name] = solution
        return solution

    return keep


def clock(start: str, minutes: float) -> str:
    return (datetime.fromisoformat(f"2026-01-01T{start}") + timedelta(minutes=minutes)).strftime("%H:%M")


def weekday(day: date) -> str:
    english = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    spanish = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
    return f"{english[day.weekday()]}|{spanish[day.weekday()]}"


def days(first: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in count())


# -- logistics


@solves("logistics-01")
def _():
    rest = 1340 - 6 * 160
    return rest, ceil(rest / 45)


@solves("logistics-02")
def _():
    drives = [14, 22, 9, 31, 18]
    return clock("08:35", sum(drives) + 6 * len(drives)), sum(drives)


@solves("logistics-03")
def _():
    cartons = 8 * 12
    return cartons * 24, cartons * (24 * 330 + 450) / 1000


@solves("logistics-04")
def _():
    each = [54 * 5, 42 * 4, 36 * 2.5]
    return *each, sum(each)


@solves("logistics-05")
def _():
    litres = 1176 * 28 / 100
    total = litres * 1.55 + 96.40
    return litres, round(total, 2), round(total / 1176, 2)


@solves("logistics-06")
def _():
    need, stock = (120, 200, 150), (240, 310)
    best = min(
        (4 * a + 6 * b + 5 * c + 5 * (need[0] - a) + 3 * (need[1] - b) + 7 * (need[2] - c), need[0] - a)
        for a in range(0, need[0] + 1, 5)
        for b in range(0, need[1] + 1, 5)
        for c in range(0, need[2] + 1, 5)
        if a + b + c <= stock[0] and sum(need) - a - b - c <= stock[1]
    )
    return best


@solves("logistics-07")
def _():
    total = 3 * 18 * 40
    return total, total * 0.025, total * 0.975


@solves("logistics-08")
def _():
    return 210 * (2 + 20 / 60) + 180 * 1.25, clock("09:48", 140 + 12 + 75)


@solves("logistics-09")
def _():
    along, wide, high = 1200 // 40, 240 // 40, 250 // 40
    boxes = along * wide * high
    return along, boxes, round(12 * 2.4 * 2.5 - boxes * 0.4**3, 6)


@solves("logistics-10")
def _():
    litres = 132 * 0.35
    return ceil(132 / 8), round(litres, 6), ceil(litres / 0.75)


@solves("logistics-11")
def _():
    made, left = 0, None
    for number, day in enumerate(days(date(2026, 1, 5))):  # a Monday
        if number == 5 * 7:
            left = 40_000 - made
        made += 1250 if day.weekday() < 5 else 700 if day.weekday() == 5 else 0
        if made >= 40_000:
            return 5 * 1250 + 700, left, weekday(day)
    raise AssertionError


# -- finance


@solves("finance-01")
def _():
    before = 8000 * 1.035**4
    return round(before, 2), round((before - 2000) * 1.035, 2)


@solves("finance-02")
def _():
    net = 1180 * 0.85
    return net, round(net * 0.21, 2), round(net * 1.21, 2)


@solves("finance-03")
def _():
    rate = 0.06 / 12
    payment = 12_000 * rate / (1 - (1 + rate) ** -24)
    return round(payment, 2), round(payment * 24 - 12_000, 2)


@solves("finance-04")
def _():
    total = 247.50 * 1.12
    return round(total, 2), round(total / 5, 2), round(2 * total / 5, 2)


@solves("finance-05")
def _():
    margin = 32 - 13.50
    return ceil(18_400 / margin), 1500 * margin - 18_400


@solves("finance-06")
def _():
    dollars = 1500 * 1.08
    return round(dollars, 2), round(dollars - 935, 2), round((dollars - 935) / 1.12, 2)


@solves("finance-07")
def _():
    first, second = 2350 * 0.0635, 2350 * 0.14
    return round(first, 2), round(second, 2), round(2350 - first - second, 2)


@solves("finance-08")
def _():
    base = (12 * 48.90 + 3 * 215) * 0.9
    return round(base, 2), round(base * 0.21, 2), round(base * 1.21, 2)


@solves("finance-09")
def _():
    saved = [150 + 20 * month for month in range(12)]
    return saved[-1], sum(saved)


@solves("finance-10")
def _():
    one, other = 36 * 310, 1500 + 24 * 395
    return one, other, abs(one - other)


@solves("finance-11")
def _():
    paid, got = 80 * 24.50 + 9.95, 80 * 29.10 - 9.95 + 80 * 0.60
    return round(got - paid, 2), round(100 * (got - paid) / paid, 2)


# -- dates


@solves("dates-01")
def _():
    last = date(2026, 3, 9) + timedelta(days=44)
    return last.isoformat(), weekday(last)


@solves("dates-02")
def _():
    all_days = [date(2025, 12, 15) + timedelta(days=n) for n in range(90)]
    return all_days[-1].isoformat(), sum(day.year == 2026 for day in all_days)


@solves("dates-03")
def _():
    arrival = clock("18:40", 7 * 60 + 25 + 6 * 60)
    wait = datetime.fromisoformat("2026-01-01T11:10") - datetime.fromisoformat(f"2026-01-01T{arrival}")
    return arrival, wait.seconds / 60


@solves("dates-04")
def _():
    between = (date(2024, 7, 1) - date(2024, 2, 10)).days
    return between, between // 7


@solves("dates-05")
def _():
    day, birthday = date(2027, 2, 3), date(2027, 5, 14)
    return day.year - 1988 - (day < birthday), (birthday - day).days


@solves("dates-06")
def _():
    day = date(2026, 1, 5) + timedelta(days=4 * 18)
    return day.isoformat(), weekday(day)


@solves("dates-07")
def _():
    classes = [day for day, _ in zip(days(date(2026, 9, 7)), range(120), strict=False) if day.weekday() in (0, 3)]
    return classes[14].isoformat(), sum(day.month == 10 for day in classes)


@solves("dates-08")
def _():
    working = [day for n in range(1, 32) if (day := date(2026, 5, n)).weekday() < 5 and n != 1]
    return len(working), len(working) * 7.5


@solves("dates-09")
def _():
    sixth = datetime(2026, 6, 3, 6, 15) + 5 * timedelta(hours=8, minutes=30)
    return sixth.strftime("%H:%M"), sixth.date().isoformat()


@solves("dates-10")
def _():
    due = date(2026, 2, 17) + timedelta(days=21)
    late = (date(2026, 3, 19) - due).days
    return due.isoformat(), late, round(late * 0.35, 2)


@solves("dates-11")
def _():
    number = date(2028, 10, 15).timetuple().tm_yday
    return number, date(2028, 12, 31).timetuple().tm_yday - number


# -- units


@solves("units-01")
def _():
    return 4 * 2.5 * 240 / 1000, 4 * 3 * 28.35, 4 * 350 / 1000


@solves("units-02")
def _():
    speed = 75 / 1.25
    return speed, speed * 1.609, round(speed * 1.609 / 3.6, 2)


@solves("units-03")
def _():
    litres = 180 * 75 * 60 / 1000
    return litres, litres / 9


@solves("units-04")
def _():
    first = (68 - 32) / 1.8
    return round(first, 6), round((first + 17) * 1.8 + 32, 6)


@solves("units-05")
def _():
    power = 1.8 * 2.5 * 30
    return power, power * 0.24


@solves("units-06")
def _():
    seconds = 3.6 * 8000 / 45
    return seconds, round(seconds / 60, 2)


@solves("units-07")
def _():
    area = 120 * 85
    return area, area / 10_000, area * 2.40


@solves("units-08")
def _():
    hourly = 5 / 3 * 3600 / 20
    return round(hourly, 6), round(hourly * 24 / 1000, 6)


@solves("units-09")
def _():
    seconds = 52 * 60 + 30
    return seconds / 10, round(10 / (seconds / 3600), 2), seconds / 10 * 21 / 60


@solves("units-10")
def _():
    volume = 200 * 3 * 3
    return volume, round(volume * 7.87 / 1000, 3)


@solves("units-11")
def _():
    kilometres = 18.4 * 25_000 / 100_000
    return round(kilometres, 6), round(kilometres / 4 * 60, 6)


# -- logic


def only(found: Iterator[object]) -> object:
    """The one solution of a puzzle."""
    (one,) = {*found}
    return one


@solves("logic-01")
def _():
    return only(
        "ABC"[("Ana", "Ben", "Carla").index(dog)]
        for ana, ben, carla in permutations(("cat", "dog", "parrot"))
        if ana not in ("cat", "dog") and ben != "dog"
        for dog, pet in (("Ana", ana), ("Ben", ben), ("Carla", carla))
        if pet == "dog"
    )


@solves("logic-02")
def _():
    order = only(
        row
        for row in permutations(("Dana", "Eli", "Fay", "Gus", "Hana"))
        if row.index("Dana") < row.index("Eli") == row.index("Fay") - 1 and row[0] == "Gus" and row[-1] == "Hana"
    )
    return in_order(order)


@solves("logic-03")
def _():
    labels = (lambda box: box == "B", lambda box: box != "B", lambda box: box != "A")
    return only(box for box in "ABC" if sum(label(box) for label in labels) == 1)


@solves("logic-04")
def _():
    one = only(n for n in range(10, 100) if n // 10 + n % 10 == 12 and n - int(str(n)[::-1]) == 36)
    return one, int(str(one)[::-1])


@solves("logic-05")
def _():
    together = sum(abs(row.index("K") - row.index("L")) == 1 for row in permutations("KLMNO"))
    return sum(1 for _ in permutations("KLMNO")) - together, together


@solves("logic-06")
def _():
    french, german, both = 34, 27, 11
    return french + german - both, 60 - (french + german - both), french - both


@solves("logic-07")
def _():
    return only(
        "ABC"[row.index("té")]
        for row in permutations(("té", "café", "zumo"))
        if row[1] != "café" and row[0] not in ("café", "té")
    )


@solves("logic-08")
def _():
    order = only(
        row
        for row in permutations(("Inés", "Hugo", "Lola", "Raúl", "Tomás"))
        if row.index("Inés") < row.index("Hugo") < row.index("Lola") < row.index("Raúl")
        and row.index("Tomás") < row.index("Inés")
    )
    return in_order(order)


@solves("logic-09")
def _():
    digits = [(n, *map(int, str(n))) for n in range(100, 1000)]
    one = only(n for n, a, b, c in digits if a == 2 * c and b == 4 and a + b + c == 13)
    return one, 2 * one


@solves("logic-10")
def _():
    return only(
        "ABC"[truths.index(True)]
        for truths in product((True, False), repeat=3)
        for nora, oscar, paula in [truths]
        if nora == (not oscar) and oscar == (not nora and not paula) and paula == (not nora)
    )


@solves("logic-11")
def _():
    codes = [n for n in range(1000, 10_000) if len(set(str(n))) == 4]
    return len(codes), sum(n % 2 == 0 for n in codes)


# -- reading


@solves("reading-01")
def _():
    doubled = 2 * 214
    return doubled, doubled - 37 + 12 * len(range(1978, 1991)), 1977 - 1931


@solves("reading-02")
def _():
    south = 12_400 * 1.25
    return south, south - 3300, 12_400 * 0.92 + south + south - 3300


@solves("reading-03")
def _():
    minute = next(minute for minute in count(6 * 60 + 10, 25) if minute >= 7 * 60 + 32)
    return clock("00:00", minute), clock("00:00", minute + 35)


@solves("reading-04")
def _():
    ivo = only(age for age in range(100) if age + 14 + 5 == 2 * (age + 5))
    return ivo + 14, ivo, 5 * ivo


@solves("reading-05")
def _():
    return round(780 * 1.04, 2), round(780 * 1.04 * 1.025, 2), 2 * 780 - 310


@solves("reading-06")
def _():
    answered = 640 * 5 / 8
    return answered, answered * 0.7, answered * 0.7 * 0.85


@solves("reading-07")
def _():
    total = 340 + 90 + 2 * 90
    return total, total * 2 / 5, total * 3 / 5


@solves("reading-08")
def _():
    return 1894 + 7, 1894 + 7 + 38, 1986 - 1894 - 7


@solves("reading-09")
def _():
    due, paid = 24 * 65, (24 - 4 - 2) * 65 + 2 * 65 / 2
    return paid, paid - 1180, due - paid


@solves("reading-10")
def _():
    walked = 4.5 + 6.2 + 3.8
    return walked, clock("07:20", walked / 5 * 60 + 2 * 25)


@solves("reading-11")
def _():
    votes = 5200 * 0.65
    valid = votes - 120
    first = valid * 0.45
    return votes, valid, first, first * 2 / 3, valid - first - first * 2 / 3


# -- proportion


@solves("proportion-independent")
def _():
    return 3 * 24 * 60, 2350 * 0.17, (date(2026, 5, 31) - date(2026, 3, 1)).days + 1


@solves("proportion-sequential")
def _():
    held = (48 * 3 - 26) / 2
    return round(2 * held * 1.15, 2)


TRIVIAL = {
    "trivial-01": "Paris", "trivial-02": 7 + 5, "trivial-03": 7, "trivial-04": "Monday", "trivial-05": "blue",
    "trivial-06": 10 * 10, "trivial-07": 60, "trivial-08": "Madrid", "trivial-09": "cold", "trivial-10": 12,
    "trivial-11": 9 - 4, "trivial-12": "Lisboa|Lisbon", "trivial-13": "miércoles", "trivial-14": 24,
    "trivial-15": 8 * 2, "trivial-16": "blanco|blanca", "trivial-17": 3, "trivial-18": "Roma|Rome",
    "trivial-19": "noche", "trivial-20": 50 / 2,
}  # fmt: skip
"""What everybody knows needs no program; sums are left to Python."""
SOLUTIONS.update({name: lambda value=value: value for name, value in TRIVIAL.items()})


def in_order(names: object) -> str:
    """A pattern that finds names in their order."""
    plain = {"á": "[aá]", "é": "[eé]", "ú": "[uú]"}
    patterns = ["".join(plain.get(letter, letter) for letter in name) for name in names]  # type: ignore[attr-defined]
    return r"\W+".join(patterns[:-1]) + rf"\W+(?:and\W+|y\W+)?{patterns[-1]}"


# -- the checks


def same(stated: object, computed: object) -> bool:
    if isinstance(stated, tuple) and isinstance(computed, tuple):
        return len(stated) == len(computed) and all(map(same, stated, computed))
    if isinstance(stated, str) or isinstance(computed, str):
        return stated == computed
    return near(float(computed), float(stated), 1e-6)  # type: ignore[arg-type]


def repeated(case: Case) -> list[object]:
    """Numbers of the answer that stand in the question."""
    expected = case.expected if isinstance(case.expected, tuple) else (case.expected,)
    asked = [value for number in numbers(case.question, case.language) for value in number.values]
    return [part for part in expected if not isinstance(part, str) and any(near(one, part, 1e-6) for one in asked)]


def spoken(case: Case) -> str:
    """The right answer, as a person would write it."""
    expected = case.expected if isinstance(case.expected, tuple) else (case.expected,)
    texts = [str(part).split("|")[0] if isinstance(part, str) else f"{part:,.10g}" for part in expected]
    if isinstance(case.checker, Regex):
        texts = [", ".join(word for word in names_of(case))]
    if case.language == "es":
        texts = [text if isinstance(part, str) else swapped(text) for text, part in zip(texts, expected, strict=True)]
    return ("Respuesta: " if case.language == "es" else "Answer: ") + "; ".join(texts)


def names_of(case: Case) -> list[str]:
    import re

    accented = str(case.expected)
    for pattern in ("[aá]", "[eé]", "[uú]"):
        accented = accented.replace(pattern, pattern[2])
    return re.findall(r"[A-ZÁÉÍÓÚ][a-záéíóú]+", accented.replace(r"\W", " "))


def swapped(text: str) -> str:
    return text.translate(str.maketrans(",.", ".,"))


def wrong(case: Case) -> Case:
    """The same case with another thing being right, so that the right answer is wrong."""
    match case.checker, case.expected:
        case (Parts(), tuple() as parts):
            changed = tuple("2031-01-31" if isinstance(part, str) else part + 1.37 for part in parts[-1:])
            return replace(case, expected=(*parts[:-1], *changed))
        case (Number(), float() | int() as value):
            return replace(case, expected=value + 1)
        case (Choice(), _):
            return replace(
                case,
                expected=next(o.split("|")[0] for o in case.checker.options if not o.startswith(str(case.expected))),
            )
    return replace(case, expected="Zanzibar")


async def faults(case: Case) -> list[str]:
    """What is wrong with a case; nothing if it is sound."""
    if case.id not in SOLUTIONS:
        return ["has no solution"]
    found = []
    if not same(case.expected, computed := SOLUTIONS[case.id]()):
        found.append(f"states {case.expected!r}, computed {computed!r}")
    if repeats := repeated(case):
        found.append(f"the question says {repeats} already")
    for other, right in ((case, True), (wrong(case), False)):
        mark = await case.checker.mark(spoken(case), other.expected, case.language, None)
        if mark.correct is not right:
            found.append(f"{spoken(case)!r} is marked {mark.correct} against {other.expected!r}")
    return found


def cases() -> list[Case]:
    return [case for name in FILES for case in read(HERE / f"{name}.jsonl")]


async def verify() -> list[str]:
    every = cases()
    unused = set(SOLUTIONS) - {case.id for case in every}
    return [f"{case.id}: {fault}" for case in every for fault in await faults(case)] + sorted(
        f"{name}: solves no case" for name in unused
    )


if __name__ == "__main__":
    found = asyncio.run(verify())
    print("\n".join(found) or f"{len(cases())} cases are sound")
    sys.exit(bool(found))
