"""A projector beside a GGUF file, in a real llama.cpp: the model is shown images, and what they cost is counted."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tertulia.errors import ModelError, SettingsError
from tertulia.house import House
from tertulia.model import IMAGE_TOKENS, Draft, Message, Request
from tertulia.opening import make_model
from tertulia.providers.catalog import Wishes
from tertulia.providers.embedded import Embedded
from tertulia.strategies.direct import Direct
from tertulia.types import Image, Question

from .tiny_gguf import ANSWER, PATCHES, PICTURE, TEMPLATE, write, write_projector

pytest.importorskip("xllamacpp")
pillow = pytest.importorskip("PIL.Image")

PLAIN = TEMPLATE.replace("enable_thinking is defined and enable_thinking is false", "true")
"""A template that never thinks."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gguf")
    write(folder / "tiny.gguf", PLAIN)
    write_projector(folder / "mmproj.gguf")
    return folder


@pytest.fixture
async def model(folder: Path, tmp_path: Path) -> AsyncIterator[Embedded]:
    model = Embedded(
        folder / "tiny.gguf",
        slots=1,
        context=1024,
        threads=1,
        projector=folder / "mmproj.gguf",
        folder=tmp_path,
    )
    yield model
    await model.close()


def picture(colour: str = "red") -> Image:
    stream = io.BytesIO()
    pillow.new("RGB", (PICTURE, PICTURE), colour).save(stream, "PNG")
    return Image(stream.getvalue())


def asked(*images: Image) -> Request:
    return Request((Message("user", "What is this?", images),), max_tokens=20)


async def heard(model: Embedded, request: Request) -> Draft:
    draft = Draft()
    await draft.read(model.stream(request))
    return draft


async def test_it_is_shown_images_and_their_tokens_are_counted_as_they_were_read(model: Embedded) -> None:
    without, one, two = [await heard(model, asked(*[picture()] * number)) for number in (0, 1, 2)]
    assert one.text == "".join(ANSWER)
    assert one.usage.exact
    marks = one.usage.read - without.usage.read - PATCHES
    """Tokens of the template around an image."""
    assert 0 <= marks <= 4
    assert two.usage.read - without.usage.read == 2 * (PATCHES + marks)


async def test_what_a_run_read_of_an_image_is_in_its_ledger(model: Embedded) -> None:
    async def input_of(*images: Image) -> int:
        return (await House({"default": model}, Direct()).ask(Question("What is this?", images))).report.input

    assert await input_of(picture()) >= await input_of() + PATCHES


async def test_no_more_is_read_than_was_set_aside(model: Embedded) -> None:
    request = asked(picture(), picture("blue"))
    draft = await heard(model, request)
    assert draft.usage.read <= await model.count(request)
    assert await model.count(request) >= 2 * IMAGE_TOKENS


async def test_it_says_that_it_sees_and_a_file_without_a_projector_that_it_does_not(model: Embedded) -> None:
    assert model.sees
    assert (await model.abilities()).images
    blind = replace(model, projector=None)
    assert not blind.sees
    with pytest.raises(ModelError, match="cannot see images"):
        await heard(blind, asked(picture()))


def test_its_name_tells_weights_and_projector(folder: Path) -> None:
    made = make_model(f"embedded:{folder}/tiny.gguf,mmproj={folder}/mmproj.gguf", Wishes())
    assert isinstance(made, Embedded)
    assert (made.weights, made.projector) == (folder / "tiny.gguf", folder / "mmproj.gguf")
    assert made.name == "embedded:tiny"


async def test_what_is_no_projector_or_not_this_models_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("a projector")
    write_projector(tmp_path / "narrow.gguf", width=64)
    for file, words in (
        ("none", "cannot be read"),
        ("text", "not a GGUF file"),
        ("narrow", "is narrow.gguf the projector of tiny.gguf"),
    ):
        projector = tmp_path / f"{file}.gguf"
        model = Embedded(folder / "tiny.gguf", 1, context=512, threads=1, projector=projector, folder=tmp_path)
        with pytest.raises((SettingsError, ModelError), match=words):
            await heard(model, asked(picture()))
        await model.close()
