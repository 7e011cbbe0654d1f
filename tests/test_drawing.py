"""Drawing: samplers that arrive, networks that agree, files that say how they were made, wishes that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tertulia.cli import app
from tertulia.drawing.artist import Artist, Wish, artist, load
from tertulia.drawing.corpus import STYLES, Concept, Corpus, svg_of
from tertulia.drawing.measuring import threshold
from tertulia.drawing.network import TIMES, Numpy, denoiser, tower
from tertulia.drawing.recipe import pixels_of, png, recipe_of
from tertulia.drawing.sampling import SAMPLERS, steps_of
from tertulia.drawing.split import split
from tertulia.errors import SettingsError

EMBEDDING, COMPONENTS, WORDS = 256, 24, 512


def layers(random, **sizes: tuple[int, int]):
    """Random weights by name."""
    made = {}
    for name, (inputs, outputs) in sizes.items():
        name = name.replace("_", ".")
        made[f"{name}.w"] = (random.standard_normal((inputs, outputs)) * inputs**-0.5).astype("float32")
        made[f"{name}.b"] = np.zeros(outputs, "float32")
    return made


def block(width: int, told: int) -> dict[str, tuple[int, int]]:
    return {"0_film": (told, 2 * width), "0_up": (width, width), "0_down": (width, width)}


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A folder with weights that know nothing, in the shapes of real ones."""
    from safetensors.numpy import save_file

    random = np.random.default_rng(0)
    words = WORDS + len(STYLES)
    one_tower = {"0_up": (32, 32), "0_down": (32, 32), "out": (32, EMBEDDING)}
    prior = {"condition": (2 * TIMES + words + EMBEDDING, 16), "in": (EMBEDDING, 32), **block(32, 16)}
    decoder = {"condition": (4 * TIMES + EMBEDDING, 16), "in": (COMPONENTS, 32), **block(32, 16)}
    directions, _ = np.linalg.qr(random.standard_normal((3072, COMPONENTS)))
    rotation, _ = np.linalg.qr(random.standard_normal((EMBEDDING, EMBEDDING)))
    networks = {
        "image": layers(random, **{"in": (COMPONENTS, 32), **one_tower}),
        "text": layers(random, **{"in": (words, 32), **one_tower}),
        "prior": layers(random, **prior, out=(32, EMBEDDING)),
        "decoder": layers(random, **decoder, out=(32, COMPONENTS)),
        "basis": {"mean": np.zeros(3072), "directions": directions, "deviations": np.linspace(3, 1, COMPONENTS)},
        "latents": {"mean": np.zeros(EMBEDDING), "directions": rotation},
    }
    folder = tmp_path_factory.mktemp("weights")
    flat = {
        f"{network}/{name}": one.astype("float16") for network, some in networks.items() for name, one in some.items()
    }
    save_file(flat, folder / "emoji.safetensors")
    (folder / "card.json").write_text(json.dumps({"styles": list(STYLES), "threshold": 2.0}))
    return folder


@pytest.fixture(scope="module")
def maker(weights: Path) -> Artist:
    return artist(weights)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_arrives_at_the_data_that_the_network_knows(sampler):
    """For normal data the best network is known in closed form; the samples must have its mean and deviation."""
    mean, deviation = 3.0, 0.5

    def clean_at(noisy, time):
        kept, noise = np.cos(np.pi * time / 2), np.sin(np.pi * time / 2)
        share = kept * deviation**2 / (kept**2 * deviation**2 + noise**2)
        return (mean + share * (noisy - kept * mean)).astype("float32")

    random = np.random.default_rng(1)
    start = random.standard_normal((4000, 2)).astype("float32")
    stages = list(steps_of(sampler, start, clean_at, 60, random))
    assert len(stages) == 61
    assert stages[-1].mean() == pytest.approx(mean, abs=0.05)
    assert stages[-1].std() == pytest.approx(deviation, rel=0.1)
    assert stages[0].std() < stages[-1].std()  # at first nothing but the mean is known


def test_samplers_without_fresh_noise_follow_the_same_path_with_few_steps_and_many():
    def clean_at(noisy, time):
        return np.tanh(noisy)

    start = np.random.default_rng(2).standard_normal((64, 4)).astype("float32")
    ends = {
        (sampler, steps): list(steps_of(sampler, start, clean_at, steps, None))[-1]
        for sampler in SAMPLERS[1:]
        for steps in (20, 400)
    }
    exact = ends["ddim", 400]
    assert np.abs(ends["dpm", 400] - exact).max() < 0.02
    assert np.abs(ends["dpm", 20] - exact).mean() <= np.abs(ends["ddim", 20] - exact).mean()


def test_networks_keep_their_shapes_and_towers_give_embeddings_of_length_one():
    ops, random = Numpy(), np.random.default_rng(3)
    image = layers(random, **{"in": (8, 16), "0_up": (16, 16), "0_down": (16, 16), "out": (16, 4)})
    embedded = tower(image, random.standard_normal((5, 8)).astype("float32"), ops)
    assert embedded.shape == (5, 4)
    assert np.linalg.norm(embedded, axis=1) == pytest.approx(np.ones(5), abs=1e-4)
    some = layers(random, **{"condition": (6, 4), "in": (8, 16), **block(16, 4), "out": (16, 8)})
    noisy, told = random.standard_normal((3, 8)), random.standard_normal((3, 6))
    assert denoiser(some, noisy, told, ops).shape == (3, 8)
    assert not np.allclose(denoiser(some, noisy, told, ops), denoiser(some, noisy, -told, ops))


def test_the_same_seed_draws_the_same_pictures_and_the_best_comes_first(maker):
    wish = Wish("a red apple", seed=7, steps=4)
    first, again = maker.draw(wish), maker.draw(wish)
    assert [np.array_equal(one.pixels, other.pixels) for one, other in zip(first, again, strict=True)] == [True] * 4
    assert [one.score for one in first] == sorted((one.score for one in first), reverse=True)
    other = maker.draw(Wish("a red apple", seed=8, steps=4))
    assert not np.array_equal(first[0].pixels, other[0].pixels)


def test_a_film_has_a_picture_for_every_step(maker):
    (best, *_) = maker.draw(Wish("una casa", steps=5), film=True)
    assert len(best.film) == 6
    assert np.array_equal(best.film[-1], best.pixels)


def test_variations_blends_changes_and_reductions_are_pictures(maker):
    wish, start = Wish("-", steps=3), maker.draw(Wish("a house", steps=3))[0].pixels
    assert len(maker.vary(start, wish)) == 4
    assert len(maker.change(start, "a house", "a castle", 5, wish)) == 5
    assert len(maker.reduce(start, [2, 8, 256], wish)) == 3
    ends = maker.imagine("sun", wish), maker.imagine("moon", wish)
    row = maker.blend(*ends, 6, wish)
    assert np.allclose(row[0].embedding, ends[0], atol=1e-3)
    assert np.allclose(row[-1].embedding, ends[1], atol=1e-3)
    assert [round(float(np.linalg.norm(one.embedding)), 3) for one in row] == [1.0] * 6


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"prompt": "  "}, "say what to draw"),
        ({"prompt": "x" * 10_000}, "at most 500 characters, not 10,000"),
        ({"prompt": "x", "steps": 0}, "from 1 to 1000 steps can be taken, not 0"),
        ({"prompt": "x", "n": 0}, "from 1 to 64 pictures"),
        ({"prompt": "x", "guidance": -1}, "guidance is from 0 to 20, not -1"),
    ],
)
def test_a_wish_that_cannot_be_says_what_could(wish, says):
    with pytest.raises(SettingsError, match=says):
        Wish(**wish)


def test_an_unknown_style_a_sampler_or_dimensions_list_what_there_is(maker):
    with pytest.raises(SettingsError, match="no style 'cubist'; there are: noto, blob"):
        maker.draw(Wish("x", style="cubist"))
    with pytest.raises(SettingsError, match="no sampler 'euler'; there are: ddpm, ddim, dpm"):
        maker.draw(Wish("x", sampler="euler"))  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="from 1 to 256"):
        maker.reduce(np.zeros((32, 32, 3), np.uint8), [0], Wish("-"))


def test_a_file_says_how_it_was_made_and_is_seen_as_the_network_sees(tmp_path):
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, :16] = (250, 10, 10)
    file = tmp_path / "a.png"
    file.write_bytes(png(pixels, {"prompt": "manzana roja", "seed": 7}, 320))
    with Image.open(file) as opened:
        assert opened.size == (320, 320)
    assert recipe_of(file) == {"prompt": "manzana roja", "seed": 7}
    assert np.abs(pixels_of(file).astype(int) - pixels).mean() < 12
    with pytest.raises(SettingsError, match="from 32 to 1024 pixels wide, not 4000"):
        png(pixels, {}, 4000)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"0" * 40])
def test_a_file_that_is_no_picture_is_refused_in_one_line(tmp_path, content):
    file = tmp_path / "x.png"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"cannot be read as a picture \(PNG, JPEG, WebP, GIF or BMP\)"):
        pixels_of(file)


def test_the_command_line_draws_or_says_that_it_could_not(weights, tmp_path):
    ask, out = CliRunner(), tmp_path / "a.png"
    common = ["--weights", str(weights), "--steps", "3", "-o", str(out)]
    refused = ask.invoke(app, ["draw", "a red apple", *common])
    assert refused.exit_code == 1
    assert "I could not draw that: the best of 4 fits the words" in refused.stderr
    assert not out.exists()
    drawn = ask.invoke(app, ["draw", "a red apple", "--anyway", *common])
    assert drawn.exit_code == 0, drawn.output
    assert recipe_of(out)["prompt"] == "a red apple"
    for more in (["--between", "a green apple"], ["--show-steps", "--anyway"]):
        assert ask.invoke(app, ["draw", "a red apple", *more, *common]).exit_code == 0
        with Image.open(out) as row:
            assert row.width > row.height
    changed = ["--change", str(out), "--from", "red apple", "--to", "green apple"]
    assert ask.invoke(app, ["draw", *changed, *common]).exit_code == 0
    assert ask.invoke(app, ["draw", "--dims", "2,8", "--image", str(out), *common]).exit_code == 0


def test_without_weights_the_command_that_makes_them_is_named(tmp_path):
    with pytest.raises(SettingsError, match="tertulia draw train --minutes 60"):
        app(["draw", "a red apple", "--weights", str(tmp_path)], standalone_mode=False)
    (tmp_path / "emoji.safetensors").write_bytes(b"nothing")
    with pytest.raises(SettingsError, match="holds no weights to draw with"):
        load(tmp_path / "emoji.safetensors", {})


def test_a_set_gives_the_picture_of_a_concept_by_its_name():
    icons = {"width": 36, "height": 36, "icons": {"red-apple": {"body": "<g/>"}, "greenapple": {"body": "<i/>"}}}
    assert 'viewBox="0 0 36 36"' in svg_of(icons, "red apple")
    assert "<i/>" in svg_of(icons, "green apple")
    assert svg_of(icons, "pear") == ""


def test_the_split_is_always_the_same_and_no_picture_is_in_two_parts():
    concepts = tuple(Concept(f"thing {number}", "", ()) for number in range(300))
    concept = np.repeat(np.arange(300), len(STYLES)).astype(np.int32)
    style = np.tile(np.arange(len(STYLES)), 300).astype(np.int32)
    corpus = Corpus(concepts, np.zeros((len(concept), 1, 1, 3), np.uint8), concept, style)
    parts = split(corpus)
    assert parts == split(corpus)
    assert sorted([*parts.learnt, *parts.pairs, *parts.concepts]) == list(range(len(concept)))
    held = {int(concept[one]) for one in parts.concepts}
    assert held.isdisjoint({int(concept[one]) for one in (*parts.learnt, *parts.pairs)})
    assert 0.02 < len(held) / 300 < 0.12
    assert {int(concept[one]) for one in parts.pairs} <= {int(concept[one]) for one in parts.learnt}


def test_the_threshold_lets_nine_of_ten_pictures_pass_that_show_what_was_asked_for():
    scored = [(number / 100, number % 3 > 0) for number in range(100)]
    right = [score for score, is_right in scored if is_right]
    assert sum(score >= threshold(scored) for score in right) / len(right) == pytest.approx(0.9, abs=0.02)
    assert threshold([(0.5, False)]) == 0.0
