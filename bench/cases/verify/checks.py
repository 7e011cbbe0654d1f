"""The checks of hand-written cases: is what they call right right, and can the checkers tell it from what is wrong?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tertulia.lab.cases import Case
from tertulia.lab.checkers import Mark, Numeric, Option, Parts, Regex, near
from tertulia.lab.reading import dates, numbers, times

from .tools import SOLUTIONS


async def faults(case: Case) -> list[str]:
    """What is wrong with a case; nothing if it is sound."""
    if case.id not in SOLUTIONS:
        return ["has no solution"]
    found = []
    if not same(case.expected, computed := SOLUTIONS[case.id]()):
        found.append(f"states {case.expected!r}, computed {computed!r}")
    if repeats := repeated(case):
        found.append(f"the question says {repeats} already")
    if isinstance(case.checker, Parts) and (await marked(case, case.question)).correct:
        found.append("is right if the question is repeated")
    for answer in (spoken(case), spoken(case, lettered=True)):
        if not (await marked(case, answer)).correct:
            found.append(f"{answer!r} is marked wrong")
    for one in wrong(case):
        if (await marked(one, spoken(case))).correct:
            found.append(f"{spoken(case)!r} is marked right against {one.expected!r}")
    return found


async def marked(case: Case, answer: str) -> Mark:
    return await case.checker.mark(answer, case.expected, case.language, None)


def same(stated: object, computed: object) -> bool:
    if isinstance(stated, tuple) and isinstance(computed, tuple):
        return len(stated) == len(computed) and all(map(same, stated, computed))
    if isinstance(stated, str) or isinstance(computed, str):
        return stated == computed
    return near(float(computed), float(stated), 1e-6)  # type: ignore[arg-type]


def parts_of(case: Case) -> Sequence[str | float]:
    return case.expected if isinstance(case.expected, tuple) else (case.expected,)


def repeated(case: Case) -> list[object]:
    """Numbers, dates and times of the answer that stand in the question."""
    asked = [value for number in numbers(case.question, case.language) for value in number.values]
    said = {day.isoformat() for day in dates(case.question)}
    said |= {f"{hour:02d}:{minute:02d}" for hour, minute in times(case.question)}
    return [
        part
        for part in parts_of(case)
        if (part in said if isinstance(part, str) else any(near(one, part, 1e-6) for one in asked))
    ]


def spoken(case: Case, lettered: bool = False) -> str:
    """The right answer, as a person would write it; with the letters of its parts or without."""
    texts = [said(part, case.language) for part in parts_of(case)]
    if lettered and len(texts) > 1:
        texts = [f"({letter}) {text}" for letter, text in zip("abcdefgh", texts, strict=False)]
    if isinstance(case.checker, Regex):
        texts = [", ".join(names_of(case))]
    return ("Respuesta: " if case.language == "es" else "Answer: ") + "; ".join(texts)


def said(part: str | float, language: str) -> str:
    if isinstance(part, str):
        return part.split("|")[0].replace(" > ", ", ")
    text = f"{part:,.10g}"
    return text.translate(str.maketrans(",.", ".,")) if language == "es" else text


def names_of(case: Case) -> list[str]:
    accented = str(case.expected)
    for pattern in ("[aá]", "[eé]", "[uú]"):
        accented = accented.replace(pattern, pattern[2])
    return re.findall(r"[A-ZÁÉÍÓÚ][a-záéíóú]+", accented.replace(r"\W", " "))


def wrong(case: Case) -> list[Case]:
    """The same case with one other thing being right, so that the right answer is wrong: each part in turn."""
    match case.checker, case.expected:
        case (Parts(), tuple() as parts):
            return [
                replace(case, expected=(*parts[:place], another(case.checker, part), *parts[place + 1 :]))
                for place, part in enumerate(parts)
            ]
        case (Numeric(), float() | int() as value):
            return [replace(case, expected=value + 1)]
        case (Option(options=options), _):
            other = next(one.split("|")[0] for one in options if not one.startswith(str(case.expected)))
            return [replace(case, expected=other)]
    return [replace(case, expected="Zanzibar")]


def another(checker: Parts, part: str | float) -> str | float:
    """Something else of the same kind."""
    if not isinstance(part, str):
        return part + 1.37 + 10 * checker.tolerance
    if group := checker.group(part):
        return next(name.split("|")[0] for name in group if name.split("|")[0] != part)
    if " > " in part:
        first, second, *rest = part.split(" > ")
        return " > ".join([second, first, *rest])
    return "2031-01-31"
