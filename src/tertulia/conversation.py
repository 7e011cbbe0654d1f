"""Conversations: the question in one, what may be left out of it, and how it is told to those who take only words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from .types import Call, Form, Image, Question, Turn

T = TypeVar("T", bound=Turn)
UNFORMED = Form()
LOOK = "What is in the image?"
"""What is asked by whoever only shows an image."""
GO_ON = "Go on."
"""What is asked where no person has said anything."""


def turn(
    role: str,
    contents: Sequence[str | Image],
    *,
    calls: tuple[Call, ...] = (),
    answers: str = "",
    name: str = "",
) -> Turn:
    """A turn of texts and images in this order.

    Raises:
        ValueError: if nobody has that role.
    """
    if role not in ("system", "user", "assistant", "tool"):
        raise ValueError(f"nobody has the role {role!r}")
    texts = [content for content in contents if isinstance(content, str)]
    images = tuple(content for content in contents if isinstance(content, Image))
    text = "\n".join(texts)
    plain = [*([text] if text else []), *images] == list(contents)
    return Turn(role, text, images, calls, answers, name, () if plain else tuple(contents))  # type: ignore[arg-type]


def asked_in(turns: Iterable[Turn], form: Form = UNFORMED) -> Question:
    """What is asked in a conversation: the last thing that a person says.

    System turns at the beginning are instructions. Where there is nothing else, the last of them is the question.

    Raises:
        InvalidQuestion: if nothing is said.
    """
    said = [one for one in turns if one.text.strip() or one.images or one.calls or one.role == "tool"]
    start = next((number for number, one in enumerate(said) if one.role != "system"), max(0, len(said) - 1))
    rules, said = said[:start], said[start:]
    place = next((number for number in reversed(range(len(said))) if said[number].role == "user"), None)
    if place is None and said and said[0].role == "system":
        place = 0
    whole = "\n\n".join(part for part in (form.instructions, *(one.text for one in rules)) if part.strip())
    asked = Turn("user", GO_ON if said else "") if place is None else said[place]
    return Question(
        asked.text if asked.text.strip() or not asked.images else LOOK,
        images=asked.images,
        history=tuple(said[: place or 0]),
        form=replace(form, instructions=whole),
        since=tuple(said if place is None else said[place + 1 :]),
        name=asked.name,
        contents=asked.contents,
    )


def asked_turn(question: Question, text: str) -> Turn:
    """The question as its turn, with `text` in its place; that may say more before and after it."""
    before, found, after = text.partition(question.text)
    contents: tuple[str | Image, ...] = ()
    if question.contents and found:
        around = [before.rstrip()], question.contents, [after.lstrip()]
        contents = tuple(content for part in around for content in part if content != "")
    return Turn("user", text, question.images, name=question.name, contents=contents)


def pictures(question: Question) -> tuple[Image, ...]:
    """All images of the conversation, the oldest first."""
    shown = (*question.history, asked_turn(question, question.text), *question.since)
    return tuple(image for one in shown for image in one.images)


def without_images(question: Question) -> Question:
    """The conversation for those who cannot see."""
    history, since = (tuple(map(_unseen, turns)) for turns in (question.history, question.since))
    return replace(question, images=(), contents=(), history=history, since=since)


def _unseen(turn: Turn) -> Turn:
    return replace(turn, images=(), contents=()) if turn.images else turn


def shortened(question: Question) -> Question | None:
    """The conversation without the older half of what came before the question; None if nothing came before it."""
    if not question.history:
        return None
    left = question.history[(len(question.history) + 1) // 2 :]
    start = next((number for number, one in enumerate(left) if one.role != "tool"), len(left))
    return replace(question, history=left[start:])


def in_one(question: Question) -> Question:
    """The question for those who read nothing else: what was said since in words, and rules that came late at the top.

    What the person said before is a part of it, unless an assistant has replied.
    """
    rules = [question.form.instructions, *(one.text for one in question.history if one.role == "system")]
    history = tuple(one for one in question.history if one.role != "system")
    turns = [asked_turn(question, question.text), *question.since]
    if all(one.role == "user" for one in history):
        history, turns = (), [*history, *turns]
    told = in_words(turns)
    return replace(
        question,
        text="\n\n".join(one.text for one in told if one.text),
        images=tuple(image for one in told for image in one.images),
        contents=(),
        name="",
        history=history,
        since=(),
        form=replace(question.form, instructions="\n\n".join(part for part in rules if part.strip())),
    )


# -- in words


def in_words(turns: Sequence[T]) -> list[T]:
    """The conversation for those who take neither tools nor names, and want speakers to alternate."""
    return merged(with_names(_without_tools(turns, whole=False)))


def with_results_placed(turns: Sequence[T]) -> list[T]:
    """The conversation with results whose call is not in it told in words: nobody takes them as such."""
    return _without_tools(turns, whole=True)


def with_names(turns: Iterable[T]) -> list[T]:
    """The conversation with speakers' names in what they say."""
    return [_named(one) if one.name else one for one in turns]


def _named(turn: T) -> T:
    contents = tuple(turn.contents and (f"{turn.name}:", *turn.contents))
    return replace(turn, text=f"{turn.name}: {turn.text}", contents=contents, name="")


def merged(turns: Iterable[T]) -> list[T]:
    """Turns of the same speaker in a row as one: many chat templates want speakers to alternate."""
    whole: list[T] = []
    for turn in turns:
        last = whole[-1] if whole else None
        joins = turn.role in ("user", "assistant") and not turn.calls
        if last and joins and last.role == turn.role and last.name == turn.name and not last.calls:
            text = "\n\n".join(part for part in (last.text, turn.text) if part)
            contents: tuple[str | Image, ...] = ()
            if last.images or turn.contents:
                contents = (*_contents(last), *_contents(turn))
            whole[-1] = replace(last, text=text, images=(*last.images, *turn.images), contents=contents)
        else:
            whole.append(turn)
    return whole


def _contents(turn: Turn) -> tuple[str | Image, ...]:
    return turn.contents or (*((turn.text,) if turn.text else ()), *turn.images)


def call_in_words(call: Call) -> str:
    return f"(called {call.name} with {call.arguments or '{}'})"


def result_in_words(call: Call | None, text: str) -> str:
    what = f"{call.name} with {call.arguments or '{}'}" if call else "the tool"
    return f"({what} returned: {text})"


def _without_tools(turns: Sequence[T], *, whole: bool) -> list[T]:
    """The turns with calls and results in words; if `whole`, only results of calls that nobody made."""
    made: dict[str, Call] = {}
    told = []
    for one in turns:
        made |= {call.id: call for call in one.calls}
        if one.role == "tool" and not (whole and one.answers in made):
            said = result_in_words(made.get(one.answers), one.text)
            told.append(replace(one, role="user", text=said, contents=(), answers=""))
        elif one.calls and not whole:
            text = "\n".join(part for part in (one.text, *map(call_in_words, one.calls)) if part)
            told.append(replace(one, text=text, calls=()))
        else:
            told.append(one)
    return told
