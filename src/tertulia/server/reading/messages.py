"""From the messages of a chat, or the items of a response, to a conversation and its question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...conversation import asked_in, pictures, shortened
from ...errors import InvalidQuestion
from ...types import LONGEST_QUESTION, Form, Image, Question, Turn
from ..problems import Problem, refused
from .images import MOST_IMAGES, Fetched, read_image
from .shapes import Item, Message, Part

TEXTS = ("text", "input_text", "output_text", "summary_text", "refusal")
IMAGES = ("image_url", "input_image")
SEEING = ("user", "tool")
"""Whose images are shown."""

Contents = list[str | Image]


def contents(parts: str | Sequence[Part] | None, role: str, param: str, fetched: Fetched) -> Contents:
    """The texts and images of what somebody in this role says, in their order.

    Raises:
        Problem: naming the part that cannot be read, or that this role cannot say.
    """
    if parts is None or isinstance(parts, str):
        return [parts] if parts else []
    return [_content(part, role, f"{param}[{number}]", fetched) for number, part in enumerate(parts)]


def _content(part: Part, role: str, place: str, fetched: Fetched) -> str | Image:
    if part.type in TEXTS:
        return part.text or str((part.model_extra or {}).get("refusal") or "")
    if part.type not in IMAGES:
        raise refused(f"{place}.type", f"content of type {part.type!r} is not supported here; use text or images")
    if role not in SEEING:
        raise refused(f"{place}.type", f"images come from the user or a tool, not from {role!r}")
    return read_image(_url(part), f"{place}.image_url", fetched)


def addresses(messages: Iterable[Message | Item], name: str) -> dict[str, str]:
    """Where each image that is named by its address stands in the messages called `name`, by that address."""
    found = dict[str, str]()
    for number, message in enumerate(messages):
        output = (message.model_extra or {}).get("output")
        for field, parts in (("content", message.content), ("output", output)):
            for place, part in enumerate(parts if isinstance(parts, list) else ()):
                url = _url(part)
                if isinstance(url, str) and url.lower().startswith(("http://", "https://")):
                    found.setdefault(url, f"{name}[{number}].{field}[{place}].image_url")
    return found


def _url(part: object) -> object:
    """The address of an image: chat completions put it in an object, responses do not. None if it is no image."""
    kind: object
    if isinstance(part, Part):
        kind, given = part.type, part.image_url
    else:
        kind, given = (part.get("type"), part.get("image_url")) if isinstance(part, dict) else ("", None)
    return (given.get("url") if isinstance(given, dict) else given) if kind in IMAGES else None


def question(conversation: Sequence[Turn], form: Form, truncates: bool = False, param: str = "messages") -> Question:
    """The last thing the person said, with all that was said around it.

    Args:
        truncates: Whether the oldest turns may be left out if it is too long.
        param: What to blame if nothing is asked.

    Raises:
        Problem: if nobody said anything, the person has the last word and says nothing, or it is too much.
    """
    silent = refused(param, f"the last of {param} should say something", "invalid_question")
    last = conversation[-1] if conversation else Turn("user", "")
    if last.role == "user" and not (last.text.strip() or last.images):
        raise silent
    try:
        asked = asked_in(conversation, form)
    except InvalidQuestion:  # or the question alone is too long, which is said below
        if len(last.text) <= LONGEST_QUESTION:
            raise silent from None
        raise _too_long(param) from None
    return _bounded(replace(asked, truncates=truncates), param)


def _bounded(asked: Question, param: str) -> Question:
    """The question within the limits: without its oldest turns if those may be left out."""
    while True:
        characters, shown = _characters(asked), len(pictures(asked))
        if characters <= LONGEST_QUESTION and shown <= MOST_IMAGES:
            return asked
        shorter = shortened(asked) if asked.truncates else None
        if shorter is None and shown > MOST_IMAGES:
            raise refused(param, f"{shown} images are too many; the most is {MOST_IMAGES}", "too_many_images")
        if shorter is None:
            raise _too_long(param)
        asked = shorter


def _too_long(param: str) -> Problem:
    message = f"the conversation has more than {LONGEST_QUESTION:,} characters"
    return Problem(400, message, code="context_length_exceeded", param=param)


def _characters(asked: Question) -> int:
    turns = (*asked.history, *asked.since)
    said = sum(len(one.text) + sum(len(call.arguments) for call in one.calls) for one in turns)
    return said + len(asked.text) + len(asked.form.instructions)
