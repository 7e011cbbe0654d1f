"""A model that cannot see answers from what code can tell of an image, and says what cannot be told."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from tertulia import Answered, House, Question
from tertulia.events import Event, Failed, Found
from tertulia.providers.scripted import Scripted
from tertulia.strategies.direct import Direct
from tertulia.tools.vision import Page, Shape, Word
from tertulia.tools.vision.charts import points_of
from tertulia.tools.vision.facts import told
from tertulia.tools.vision.rows import rows_of
from tertulia.types import Form, Image

pytest.importorskip("rapidocr")
PIL = pytest.importorskip("PIL.Image")
ImageDraw = pytest.importorskip("PIL.ImageDraw")
ImageFont = pytest.importorskip("PIL.ImageFont")


class Blind(Scripted):
    """A model that cannot see."""

    sees = False


def png(*lines: str) -> Image:
    picture = PIL.new("RGB", (420, 60 + 50 * len(lines)), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(picture).text((30, 30 + 50 * number), line, font=ImageFont.load_default(24), fill="black")
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return Image(stream.getvalue())


def ask(question: Question, says: Any, **models: Any) -> tuple[Answered, list[Event]]:
    events: list[Event] = []

    async def run() -> Answered:
        async with House({"default": Blind(says), **models}, Direct()) as house:
            return await house.ask(question, events.append)

    return asyncio.run(run()), events


def test_what_is_printed_answers_a_question_about_an_image() -> None:
    prompts: list[str] = []

    def says(system: str, text: str) -> str:
        prompts.append(text)
        return "The total is 14.18."

    answered, events = ask(Question("What is the total?", (png("Coffee 3.60", "Total 14.18"),)), says)
    assert answered.answer.text == "The total is 14.18."
    assert "Total 14.18" in prompts[0]
    assert prompts[0].index("begins»") < prompts[0].index("Total 14.18") < prompts[0].index("ends»")
    assert any(isinstance(event, Found) and event.finding.agent == "viewer" for event in events)


def test_an_answer_with_numbers_that_the_image_does_not_hold_is_not_taken() -> None:
    def says(system: str, text: str) -> str:
        return "It is 99.50." if system.startswith("You answer a question about images") else "That cannot be seen."

    answered, events = ask(Question("What is the total?", (png("Total 14.18"),)), says)
    assert answered.answer.text == "That cannot be seen."
    assert any(isinstance(event, Failed) and "99.50" in event.error for event in events)


def test_of_a_picture_without_text_it_is_said_that_nothing_can_be_recognised() -> None:
    picture = PIL.effect_noise((300, 200), 40).convert("RGB")
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    answered, _ = ask(Question("Which animal is this?", (Image(stream.getvalue()),)), lambda system, text: "A cat.")
    assert answered.answer.text.startswith("There is no text to read in the image")
    assert answered.report.calls == 0


def test_a_schema_with_an_image_is_filled_from_what_is_printed() -> None:
    schema = {
        "type": "object",
        "properties": {"total": {"type": "number"}, "date": {"type": "string", "format": "date"}},
    }
    question = Question("Read it", (png("Date: 13/03/2024", "Total: 14.18"),), form=Form(schema=schema))
    answered, _ = ask(question, lambda system, text: "never asked")
    assert json.loads(answered.answer.text) == {"total": 14.18, "date": "2024-03-13"}
    assert answered.report.calls == 0


def test_a_model_that_sees_for_the_viewer_is_checked_against_what_code_read() -> None:
    prompts: list[str] = []

    def says(system: str, text: str) -> str:
        prompts.append(text)
        return "A receipt."

    seeing = Scripted(lambda system, text: "A receipt over 14.18 for 3 people.")
    ask(Question("What is this?", (png("Total 14.18"),)), says, viewer=seeing)
    assert "A model that looked at the image says: A receipt over 14.18 for 3 people." in prompts[0]
    assert "(Not found in the image by code: 3.)" in prompts[0]


def test_a_model_that_may_see_is_shown_the_image_itself() -> None:
    async def run() -> Answered:
        async with House({"default": Scripted(lambda system, text: "A receipt.")}, Direct()) as house:
            return await house.ask(Question("What is this?", (png("Total 14.18"),)))

    assert asyncio.run(run()).answer.text == "A receipt."


def word(text: str, left: float, top: float) -> Word:
    right = left + 10 * len(text)
    return Word(text, left, right, top + 8, 16, (left, top, right, top + 16))


def chart(printed: bool) -> Page:
    """Bars of 40 and 75 on a scale of 0 to 100, which is 200 pixels high."""
    words = [word("0", 20, 242), word("50", 10, 142), word("100", 0, 42), word("Jan", 85, 262), word("Feb", 185, 262)]
    words += [word("40", 90, 150), word("75", 190, 80)] if printed else []
    bars = (Shape("blue", (80, 170, 120, 250)), Shape("red", (180, 100, 220, 250)))
    return Page(1, 300, 300, tuple(words), rows_of(words), bars, ("white", "blue"))


def test_bars_are_read_by_what_is_printed_at_them_or_off_the_scale() -> None:
    assert [(point.label, point.value, point.printed) for point in points_of(chart(printed=True))] == [
        ("Jan", 40, "40"),
        ("Feb", 75, "75"),
    ]
    measured = points_of(chart(printed=False))
    assert [round(point.value) for point in measured] == [40, 75]
    assert [point.printed for point in measured] == ["", ""]


def test_sums_of_a_chart_are_computed_and_what_was_measured_is_called_about() -> None:
    page = chart(printed=True)
    assert "sum 115; average 57.5; highest Feb (75); lowest Jan (40)" in told(page, points_of(page))
    page = chart(printed=False)
    assert "Jan: about 40 (blue)" in told(page, points_of(page))
