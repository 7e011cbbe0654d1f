"""Checkers: whether an answer is right, by what stands in it.

Every checker gives two verdicts. `correct` reads the answer by the rule of `reading`; `strict` takes the answer as a
whole, so that it fails where the form is wrong or anything else stands beside the value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictBool

from ..errors import SettingsError, UnusableReply
from ..numbers import Number as Written
from ..numbers import Value, approximate
from ..run import Run
from ..tools import sandbox
from ..tools.conclusions import MARK, clean, conclusion, folded
from ..tools.structured import as_json, schema_of
from ..tools.units import unit
from .gymnasium import Config, like, score
from .reading import choice, dates, in_order, last_number, lettered, mentions, named_options, numbers, region, times

Expected = str | float | tuple[str | float, ...]
"""What is right: a text or number, or the parts of an answer. In a text, `|` stands between what are equally right, and
` > ` between names that must come in this order."""

ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
CLOCK_TIME = re.compile(r"\d{2}:\d{2}")


@dataclass(frozen=True)
class Mark:
    """What a checker says of an answer."""

    correct: bool
    strict: bool
    read: str
    """What was read as the answer; answers that read the same vote together."""
    score: float | None = None
    """0 to 1, of checkers that give part of a point; None of others."""
    parts: tuple[bool, ...] = ()
    """Which parts of the answer are right, in their order; empty if the checker knows no parts."""
    judged: bool = False
    """True if a model gave the mark, so that it is an opinion."""
    judging: int = 0
    """Tokens that this took; no part of what the strategy spent."""


@dataclass(frozen=True)
class Exact:
    """The conclusion is the text, without regard to case, accents and marks."""

    kind: Literal["exact"] = field(default="exact", kw_only=True)

    async def mark(self, answer: str, expected: Expected, language: str, judge: Run | None) -> Mark:
        right = {folded(one) for one in str(expected).split("|")}
        strict = answer.strip() in str(expected).split("|")
        return Mark(folded(conclusion(answer)) in right, strict, folded(conclusion(answer)))


@dataclass(frozen=True)
class Numeric:
    """The last number is the value."""

    kind: Literal["number"] = field(default="number", kw_only=True)
    tolerance: float = 1e-6
    """How far off it may be, in its own unit."""
    unit: str = ""
    """An answer in another unit of the same kind is converted (mm cm m km, mg g kg t, s min h, ml cl l); one in a unit
    of another kind is wrong; one without any is taken to be in this."""

    async def mark(self, answer: str, expected: Expected, language: str, judge: Run | None) -> Mark:
        value = float(expected)  # type: ignore[arg-type]
        found = last_number(answer, language)
        if found is None:
            return Mark(False, False, "")
        text = next(place for place in (conclusion(answer), region(answer)) if numbers(place, language))
        scale = self._scale(text[found.end :])
        values = [approximate(one) for one in found.values]
        correct = scale is not None and any(near(one * scale, value, self.tolerance) for one in values)
        alone = [approximate(one.value) for one in numbers(clean(answer), language)]
        strict = correct and len(alone) == 1 and near(alone[0] * (scale or 1), value, self.tolerance)
        return Mark(correct, strict, f"{approximate(found.value) * (scale or 1):g}")

    def _scale(self, after: str) -> float | None:
        """What to multiply by, given what follows the number; None if it is a unit of another kind."""
        match = re.match(r"\s*([^\W\d_]+)", after)
        said, wanted = unit(match[1]) if match else None, unit(self.unit)
        if said is None or wanted is None:
            return 1.0
        return said.size / wanted.size if said.kind == wanted.kind else None


@dataclass(frozen=True)
class Parts:
    """Every part is there: numbers within the tolerance, dates and times in any form, names as words.

    A name that is one of some options is read as `Option` reads it, under the letter of its part if the answer has
    letters: whoever names them all has chosen the last.

    Strict checking wants the numbers of the answer to be those of the parts, in their order, and no others.
    """

    kind: Literal["parts"] = field(default="parts", kw_only=True)
    tolerance: float = 0.005
    options: Annotated[tuple[tuple[str, ...], ...], Field(exclude_if=lambda options: not options)] = ()
    """Groups of names, as in `["North", "South"]`, of which a part is one."""

    async def mark(self, answer: str, expected: Expected, language: str, judge: Run | None) -> Mark:
        parts = expected if isinstance(expected, tuple) else (expected,)
        text = region(answer)
        found = numbers(text, language)
        places = lettered(answer, len(parts)) or [text] * len(parts)
        there = [
            self.chosen(parts, number, places) if self.group(part) else self.has(part, text, found)
            for number, part in enumerate(parts)
        ]
        read = " ".join(f"{approximate(one.value):g}" for one in numbers(last_paragraph(answer), language))
        wanted = [part for part in parts if not isinstance(part, str)]
        said = [one.value for one in numbers(clean(answer), language)]
        strict = (
            all(there)
            and len(wanted) == len(parts) == len(said)
            and all(near(one, float(part), self.tolerance) for one, part in zip(said, wanted, strict=True))
        )
        read = read or folded(conclusion(answer))
        return Mark(all(there), strict, read, sum(there) / len(there), tuple(there))

    def group(self, part: str | float) -> tuple[str, ...]:
        """The options of which a part is one; empty if it is none."""
        return next((group for group in self.options if any(part == name.split("|")[0] for name in group)), ())

    def chosen(self, parts: Sequence[str | float], number: int, places: Sequence[str]) -> bool:
        """Whether the option named last under the letter of a part is right.

        Without letters the parts of one group are the options named last, in their order.
        """
        part, group = parts[number], self.group(parts[number])
        alike = [other for other, one in enumerate(parts) if self.group(one) == group]
        if len(alike) == 1 or places[0] != places[-1]:
            return choice(places[number], group) == part
        named = named_options(places[number], group)[-len(alike) :]
        return len(named) == len(alike) and named[alike.index(number)] == part

    def has(self, part: str | float, text: str, found: list[Written]) -> bool:
        """Whether the part is in the text."""
        if not isinstance(part, str):
            return any(near(value, part, self.tolerance) for number in found for value in number.values)
        if ISO_DATE.fullmatch(part):
            return date.fromisoformat(part) in dates(text)
        if CLOCK_TIME.fullmatch(part):
            return (int(part[:2]), int(part[3:])) in times(text)
        if " > " in part:
            return in_order(text, part.split(" > "))
        return any(mentions(text, one) for one in part.split("|"))


@dataclass(frozen=True)
class Option:
    """The option that is named last is the right one."""

    kind: Literal["choice"] = field(default="choice", kw_only=True)
    options: tuple[str, ...] = ("A", "B", "C", "D")

    async def mark(self, answer: str, expected: Expected, language: str, judge: Run | None) -> Mark:
        chosen = choice(answer, self.options)
        strict = folded(answer) == folded(str(expected))
        return Mark(chosen == expected, strict, chosen or "")


@dataclass(frozen=True)
class Regex:
    """The pattern is found in the conclusion; strictly, it is the whole answer. Case is of no matter."""

    kind: Literal["regex"] = field(default="regex", kw_only=True)

    async def mark(self, answer: str, expected: Expected, language: str, judge: Run | None) -> Mark:
        pattern = re.compile(str(expected), re.IGNORECASE)
        found = pattern.search(conclusion(answer))
        return Mark(bool(found), bool(pattern.fullmatch(answer.strip())), folded(conclusion(answer)))


@dataclass(frozen=True)
class Program:
    """A program says `True`; in the sandbox it finds the answer as `answer`, and its last line as `conclusion`."""

    program: str
    kind: Literal["program"] = field(default="program", kw_only=True)

    async def mark(self, answer: str, expected: Expected, language: str, judge: Run | None) -> Mark:
        read = conclusion(answer)
        correct = await self._says(answer, read)
        return Mark(correct, correct and await self._says(answer, answer.strip()), folded(read))

    async def _says(self, answer: str, read: str) -> bool:
        known = f"answer = {answer!r}\nconclusion = {read!r}\n"
        return (await sandbox.execute(known + self.program)).output.strip() == "True"


@dataclass(frozen=True)
class Gym:
    """The scorer of reasoning-gym's own family gives a whole point."""

    family: str
    seed: int
    index: int
    config: Config = ()
    kind: Literal["gym"] = field(default="gym", kw_only=True)

    async def mark(self, answer: str, expected: Expected, language: str, judge: Run | None) -> Mark:
        read = like(str(expected), answer)
        points, whole = [
            await score(self.family, self.seed, self.config, self.index, one) for one in (read, answer.strip())
        ]
        return Mark(points >= 1, whole >= 1, read, points)


JUDGE = """You grade an answer against a reference. It is correct only if it states the same result; wording does not
matter. Reply with JSON: {"correct": true} or {"correct": false}."""


class Judged(BaseModel):
    correct: StrictBool


@dataclass(frozen=True)
class Judge:
    """A model says whether the answer agrees with the reference: an opinion, marked as such in every table."""

    kind: Literal["judge"] = field(default="judge", kw_only=True)
    criteria: str = ""
    """What else the answer must fulfil."""

    async def mark(self, answer: str, expected: Expected, language: str, judge: Run | None) -> Mark:
        if judge is None:
            raise SettingsError("these cases need a judge; name its model, as in --judge openai:gpt-5.2")
        asked = f"Reference: {expected}\n{self.criteria}\nAnswer:\n<answer>\n{answer}\n</answer>"
        reply = await judge.by("judge").ask(JUDGE, asked, schema=schema_of(Judged), max_tokens=40)
        correct = says_true(reply.text)
        return Mark(correct, correct, folded(conclusion(answer)), judged=True, judging=reply.usage.total)


def says_true(text: str) -> bool:
    """Whether a judge's reply is a plain yes."""
    try:
        return as_json(text, Judged).correct
    except UnusableReply:
        return False


Checker = Annotated[
    Exact | Numeric | Parts | Option | Regex | Program | Gym | Judge,
    Field(discriminator="kind"),
]


def near(value: Value | float, expected: float, tolerance: float) -> bool:
    """Whether two numbers are the same but for the tolerance and the noise of floats."""
    return abs(approximate(value) - expected) <= tolerance + 1e-9 * max(1.0, abs(expected))


def last_paragraph(answer: str) -> str:
    """What follows the first `Answer:`, else the last paragraph: where samples with several parts are compared."""
    text = region(answer)
    if MARK.search(clean(answer)):
        return text
    paragraphs = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    return paragraphs[-1] if paragraphs else ""
