"""Models of transformers that read images and text, loaded for real: one of each architecture, with random weights.

They need the extra `vision-torch`, which is never installed with the others: `.ci/torch` runs them.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tertulia.errors import ModelError, ModelUnreachable, PromptTooLong
from tertulia.house import House
from tertulia.model import Draft, Message, Request, closing
from tertulia.opening import make_model
from tertulia.providers.catalog import Wishes
from tertulia.providers.transformers import Held, Transformers
from tertulia.strategies.direct import Direct
from tertulia.testing import check_provider
from tertulia.types import Image, Question

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pillow = pytest.importorskip("PIL.Image")

from . import tiny_sights  # noqa: E402

pytestmark = pytest.mark.asyncio(loop_scope="module")  # a process takes seconds to load torch, so they are shared

KINDS = {"janus": 4, "llava": 4, "qwen": 4, "smolvlm": 4}
"""Tokens that a small image is read as, at the least, by architecture."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sights")
    for kind in KINDS:
        tiny_sights.write(kind, folder / kind)
    return folder


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def models(folders: Path) -> AsyncIterator[dict[str, Transformers]]:
    models = {kind: Transformers(str(folders / kind), threads=1) for kind in KINDS}
    yield models
    for model in models.values():
        await model.close()


@pytest.fixture
def llava(models: dict[str, Transformers]) -> Transformers:
    return models["llava"]


def picture(colour: str = "red", side: int = 56) -> Image:
    stream = io.BytesIO()
    pillow.new("RGB", (side, side), colour).save(stream, "PNG")
    return Image(stream.getvalue())


def asked(*images: Image, text: str = "what is this ?", most: int = 8) -> Request:
    return Request((Message("system", "answer in one short sentence"), Message("user", text, images)), most)


async def heard(model: Transformers, request: Request) -> Draft:
    draft = Draft()
    await draft.read(model.stream(request))
    return draft


@pytest.mark.parametrize("kind", KINDS)
async def test_each_architecture_is_loaded_shown_an_image_and_counted(
    models: dict[str, Transformers], kind: str
) -> None:
    without, one, two = [await heard(models[kind], asked(*[picture()] * number)) for number in (0, 1, 2)]
    assert one.text
    assert one.usage.exact
    tokens = one.usage.read - without.usage.read
    assert tokens >= KINDS[kind]
    assert two.usage.read - without.usage.read == 2 * tokens
    assert (one.usage.written, one.finish) == (8, "length")


async def test_what_is_on_the_image_changes_what_is_said(models: dict[str, Transformers]) -> None:
    colours = ("red", "white", "black", "blue")
    said = {(await heard(models["smolvlm"], asked(picture(colour)))).text for colour in colours}
    assert len(said) > 1


async def test_what_a_run_read_of_an_image_is_in_its_ledger(llava: Transformers) -> None:
    async def input_of(*images: Image) -> int:
        return (await House({"default": llava}, Direct()).ask(Question("what is this ?", images))).report.input

    assert await input_of(picture()) >= await input_of() + tiny_sights.PATCHES


async def test_it_keeps_the_contract_of_providers(folders: Path) -> None:
    await asyncio.to_thread(check_provider, lambda: make_model(f"transformers:{folders}/llava", Wishes(threads=1)))


async def test_a_call_that_is_left_stops_and_the_next_hears_its_own_reply(llava: Transformers) -> None:
    alone = await heard(llava, asked(text="red square", most=6))
    async with closing(llava.stream(asked(picture(), most=1900))) as stream:
        await anext(stream)
    assert (await heard(llava, asked(text="red square", most=6))).text == alone.text


async def test_large_images_are_scaled_down_and_read_as_no_more_than_was_set_aside(
    models: dict[str, Transformers],
) -> None:
    small, large = [await heard(models["qwen"], asked(picture(side=side))) for side in (56, 3000)]
    assert small.usage.read <= large.usage.read < 1600


async def test_a_prompt_beyond_the_context_is_refused_with_its_count(llava: Transformers) -> None:
    with pytest.raises(PromptTooLong, match=r"has 2,\d\d\d tokens and transformers:llava reads and writes 2,048"):
        await heard(llava, asked(text="red " * 2100))


async def test_an_image_that_is_damaged_is_told_and_the_next_is_read(llava: Transformers) -> None:
    with pytest.raises(ModelError, match="it is no image that can be read"):
        await heard(llava, asked(Image(b"not an image", "image/png")))
    assert (await heard(llava, asked(picture()))).text


async def test_what_is_no_such_model_says_what_would_do(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    for name in (str(tmp_path), "nobody/has-this-model"):
        model = Transformers(name, threads=1)
        with pytest.raises(ModelUnreachable, match="is no model here that reads images and text"):
            await heard(model, asked(picture()))


async def test_pickled_weights_and_code_of_a_model_are_never_loaded(tmp_path: Path, folders: Path) -> None:
    for file in (folders / "llava").iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelUnreachable, match="is no model here"):
        await heard(Transformers(str(tmp_path), threads=1), asked(picture()))


async def test_text_is_held_back_while_a_stop_may_begin_in_it() -> None:
    held = Held(("END",))
    assert [held.add(piece) for piece in ("one E", "N", "O two E", "ND three")] == ["one", " ", "ENO two", " "]
    assert (held.ended, held.rest) == (True, "")
