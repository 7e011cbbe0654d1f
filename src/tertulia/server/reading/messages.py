"""From the messages of a chat, or the items of a response, to a question with its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...types import LONGEST_QUESTION, Form, Image, Question, Turn
from ..problems import Problem, refused
from .images import MOST_IMAGES, Fetched, read_image
from .shapes import Item, Message, Part

TEXTS = ("text", "input_text", "output_text", "summary_text", "refusal")
IMAGES = ("image_url", "input_image")


@dataclass(frozen=True)
class Spoken:
    """One message, in either protocol."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()
    is_result: bool = False
    """Whether it is what a tool of the client returned."""


def tool_result(text: str) -> Spoken:
    """What a tool of the client returned, as the person says it."""
    return Spoken("user", f"(the tool returned: {text})", is_result=True)


def content(parts: str | Sequence[Part] | None, param: str, fetched: Fetched) -> tuple[str, tuple[Image, ...]]:
    """The text of a message, and its images."""
    if parts is None or isinstance(parts, str):
        return parts or "", ()
    texts, images = list[str](), list[Image]()
    for number, part in enumerate(parts):
        place = f"{param}[{number}]"
        if part.type in TEXTS:
            texts.append(part.text or str((part.model_extra or {}).get("refusal") or ""))
        elif part.type in IMAGES:
            images.append(read_image(_url(part), f"{place}.image_url", fetched))
        else:
            raise refused(f"{place}.type", f"content of type {part.type!r} is not supported here; use text or images")
    return "\n".join(texts), tuple(images)


def addresses(messages: Iterable[Message | Item], name: str) -> dict[str, str]:
    """Where each image that is named by its address stands in the messages called `name`, by that address."""
    found = dict[str, str]()
    for number, message in enumerate(messages):
        for place, part in enumerate(message.content if isinstance(message.content, list) else ()):
            url = _url(part) if isinstance(part, Part) and part.type in IMAGES else None
            if isinstance(url, str) and url.lower().startswith(("http://", "https://")):
                found.setdefault(url, f"{name}[{number}].content[{place}].image_url")
    return found


def _url(part: Part) -> object:
    """The address of an image: chat completions put it in an object, responses do not."""
    return part.image_url.get("url") if isinstance(part.image_url, dict) else part.image_url


def call_in_words(function: Mapping[str, object]) -> str:
    """A tool call of an earlier answer, as the conversation has it."""
    return f"(called {function.get('name')} with {function.get('arguments') or function.get('input') or '{}'})"


def question(spoken: Iterable[Spoken], form: Form, before: Sequence[Turn] = (), param: str = "messages") -> Question:
    """The last thing the person said, after all that came before it.

    Args:
        before: The conversation before these messages.
        param: What to blame if nothing is asked.

    Raises:
        Problem: if the person did not have the last word, or said nothing, or too much.
    """
    spoken = list(spoken)
    instructions = [form.instructions, *(one.text for one in spoken if one.role == "system")]
    said = [one for one in spoken if one.role != "system"]
    images = tuple(image for one in said for image in one.images)
    turns = merged([*before, *(Turn(one.role, one.text) for one in said if one.role != "system")])
    whole = "\n\n".join(part for part in instructions if part.strip())
    _check(turns, images, len(whole), param)
    *history, last = turns
    return Question(
        _asked(said, last) or "What is in the image?",
        images=images,
        history=tuple(turn for turn in history if turn.text.strip()),
        form=replace(form, instructions=whole),
    )


def _check(turns: Sequence[Turn], images: Sequence[Image], instructions: int, param: str) -> None:
    """Raise `Problem` unless the user has the last word, and says something, and not too much."""
    if not turns or turns[-1].role != "user" or not (turns[-1].text.strip() or images):
        raise refused(param, f"the last of {param} must be from the user and say something", "invalid_question")
    if len(images) > MOST_IMAGES:
        raise refused(param, f"{len(images)} images are too many; the most is {MOST_IMAGES}", "too_many_images")
    if sum(len(turn.text) for turn in turns) + instructions > LONGEST_QUESTION:
        long = f"the conversation has more than {LONGEST_QUESTION:,} characters"
        raise Problem(400, long, code="context_length_exceeded", param=param)


def _asked(said: Sequence[Spoken], last: Turn) -> str:
    """The question in the last turn; where that holds what a tool returned, the question it was called for as well."""
    if not said or not said[-1].is_result:
        return last.text.strip()
    asked = next((one.text for one in reversed(said) if one.role == "user" and not one.is_result), "")
    return f"{asked}\n\n{last.text}".strip()


def merged(turns: Iterable[Turn]) -> list[Turn]:
    """Turns of the same speaker in a row as one: many chat templates want speakers to alternate."""
    whole: list[Turn] = []
    for turn in turns:
        if whole and whole[-1].role == turn.role:
            whole[-1] = Turn(turn.role, f"{whole[-1].text}\n\n{turn.text}")
        else:
            whole.append(turn)
    return whole
