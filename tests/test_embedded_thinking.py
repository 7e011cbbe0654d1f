"""A GGUF file whose chat template thinks, in a real llama.cpp: thought on, off and bounded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tertulia.abilities import Thinking
from tertulia.errors import ThoughtTooLong
from tertulia.model import Draft, Message, Request
from tertulia.providers.embedded import Embedded

from .tiny_gguf import ANSWER, TEMPLATE, THOUGHTS, write

pytest.importorskip("xllamacpp")

QUESTION = Request((Message("user", "What is 2 + 3?"),), max_tokens=20)
CLOSED = 2
"""Tokens of the tags around a thought."""
PLAIN = TEMPLATE.split("{%- if enable_thinking")[0] + "{%- endif %}"
"""The same template without its switch, and then without any thought."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "thinks.gguf"
    write(path)
    return path


@pytest.fixture
async def model(file: Path, tmp_path: Path) -> AsyncIterator[Embedded]:
    model = Embedded(file, slots=1, context=1024, threads=1, folder=tmp_path)
    yield model
    await model.close()


async def ask(model: Embedded, request: Request) -> Draft:
    draft = Draft()
    await draft.read(model.stream(request))
    return draft


async def test_its_template_says_that_it_can_think_and_does_so_by_itself(model: Embedded) -> None:
    known = await model.abilities()
    assert (known.thinks, known.by_default, known.context) == ("can", True, 1024)
    assert known.sources["thinks"].startswith("the server at http://127.0.0.1")


async def test_it_thinks_when_told_to_and_beside_the_cap_of_its_reply(model: Embedded) -> None:
    draft = await ask(model, replace(QUESTION, thinking=Thinking("high", 200)))
    assert draft.text == "".join(ANSWER)
    assert draft.thought.split() == [thought.strip() for thought in THOUGHTS]
    assert draft.usage is not None
    assert draft.usage.written == len(THOUGHTS) + CLOSED + len(ANSWER) + 1


async def test_it_does_not_think_when_told_not_to(model: Embedded) -> None:
    draft = await ask(model, replace(QUESTION, thinking=Thinking("none")))
    assert (draft.text, draft.thought) == ("".join(ANSWER), "")
    assert draft.usage is not None
    assert (draft.usage.written, draft.usage.hidden) == (len(ANSWER) + 1, 0)


async def test_its_thought_ends_where_its_allowance_does(model: Embedded) -> None:
    draft = await ask(model, replace(QUESTION, thinking=Thinking("low", 7)))
    assert draft.text == "".join(ANSWER)
    assert draft.thought.split() == [thought.strip() for thought in THOUGHTS[:7]]


async def test_a_reply_that_its_thoughts_have_eaten_says_so(model: Embedded) -> None:
    with pytest.raises(ThoughtTooLong, match="thought for 20 tokens and wrote no answer"):
        await ask(model, QUESTION)


async def test_a_file_whose_template_does_not_think_never_does(tmp_path: Path) -> None:
    path = tmp_path / "plain.gguf"
    write(path, PLAIN.replace("reasoning_content", "nothing").replace("think", "t"))
    model = Embedded(path, slots=1, context=512, threads=1, folder=tmp_path)
    assert (await model.abilities()).thinks == "never"
    await model.close()
