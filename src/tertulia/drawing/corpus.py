"""The pictures that are learnt from: open emoji sets out of npm packages, with names in English and Spanish.

OpenMoji (share-alike) and the sets of Apple and Facebook (proprietary) are left out on purpose.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from ..errors import ToolError
from .needs import need

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REGISTRY = "https://registry.npmjs.org"
SIDE = 32
"""Width and height of a picture, in pixels."""
MOST_BYTES = 64 * 1024 * 1024
"""Bytes of a package above which it is not read."""


@dataclass(frozen=True)
class Package:
    """A version of an npm package, and the digest that its file must have."""

    name: str
    version: str
    sha512: str
    """In base64, as registries give it."""
    style: str = ""
    """Name of the style of its pictures; empty if it holds none."""
    licence: str = ""


PACKAGES = (
    Package(
        "@iconify-json/noto",
        "1.2.9",
        "DQiuXENbun41ch+XPSV55H9FaWKpHTyz46YIKtSaKYD4fIDDzL1tR6H4np/T38jfrTAeI3rcKF0mqHYeZVAuaw==",
        "noto",
        "Apache-2.0",
    ),
    Package(
        "@iconify-json/noto-v1",
        "1.2.5",
        "/DsVMius69Q0fRS53z7QK1TROSuar606jiIx+laXtdsYGMXpf6LtHBx6CGfoo3UHHb/XpBsw+1L1x3eyPqMuVA==",
        "blob",
        "Apache-2.0",
    ),
    Package(
        "@iconify-json/fxemoji",
        "1.2.2",
        "UAasRaxzFUKfIGSmLwnoarsssA4LX0VLLuEmplIqM6ZNQqIQRtav8tZ4H1neTlBreXuMQyAifr5jP4kn78DpiQ==",
        "fxemoji",
        "Apache-2.0",
    ),
    Package(
        "@iconify-json/fluent-emoji-flat",
        "1.2.6",
        "RY47RgPb47fYUiyrA64sIOL0+UU02s29sXpNBbIQRBUlPlfNFTKUmZDERGuxDs/7yNGWqQYvuaSYM1M4fRXlUw==",
        "fluent",
        "MIT",
    ),
    Package(
        "@iconify-json/twemoji",
        "1.2.5",
        "uKpuIEV0v6K5BW3Mjdyl+XKFVAbbcPxAgifKvEMtZoUZB5+YiY5zaMm2uNNCxyXzAWU9yNLlj41WU6/mvgALsw==",
        "twemoji",
        "CC-BY-4.0",
    ),
    Package(
        "@iconify-json/emojione",
        "1.2.3",
        "T9+T3HIbJNLKKsmxYKlaYhvnHYkz/HNYTV7SHCXVZPfeUi4FqskY70YeN8yYAZT8cCv7w5vJxS4Q1m8zb9CMMg==",
        "emojione",
        "CC-BY-4.0",
    ),
    Package(
        "unicode-emoji-json",
        "0.9.0",
        "HdrQW/7SdbXUsTd8uTATv7LvQJkCSgbAgRCDCtOhQ6xn3EAx+xZHQtRniOXWJK3ywIqPegkNhP4U4EbuFsiQng==",
        licence="MIT",
    ),
    Package(
        "emojilib",
        "4.0.3",
        "KbWiYre9aRSaPbHrHZIz9zmoM+21LAsK1VFJtnTh1VCtWE/rNMDviGhQTmselFl95dhqtGlY22iH0leG5BuW0g==",
        licence="MIT",
    ),
    Package(
        "cldr-annotations-full",
        "48.2.0",
        "DV7A+rEcgUSNTRsVGNGqBZRmAkGfwhGHO5Q1dRwzBoBnVrHWp804JP7/QJdEc66iHmx3+zLWVIMCFLm0lW7PUQ==",
        licence="Unicode-3.0",
    ),
)
STYLES = tuple(package.style for package in PACKAGES if package.style)
GROUPS_LEFT_OUT = ("Flags", "Symbols")
"""Groups whose pictures are text or cloth, which is not drawn at this size."""


@dataclass(frozen=True)
class Concept:
    """What a picture shows, by its names."""

    name: str
    """In English, as Unicode has it."""
    spanish: str
    """Empty if there is none."""
    keywords: tuple[str, ...]
    """In both languages."""

    @property
    def phrases(self) -> tuple[str, ...]:
        """All that it is called, the names first."""
        return tuple(dict.fromkeys(phrase for phrase in (self.name, self.spanish, *self.keywords) if phrase))


@dataclass(frozen=True)
class Corpus:
    """Pictures with what they show and their style."""

    concepts: tuple[Concept, ...]
    pixels: NDArray[np.uint8]
    """Shape (pictures, SIDE, SIDE, 3), on white."""
    concept: NDArray[np.int32]
    """Of each picture, by its place in `concepts`."""
    style: NDArray[np.int32]
    """Of each picture, by its place in `STYLES`."""


def build(folder: Path, registry: str = REGISTRY, say: Callable[[str], None] = print) -> Corpus:
    """The corpus, kept in a folder; what is not there yet is downloaded and checked, and every picture rendered once.

    Raises:
        ToolError: if a package cannot be had, or is not what it should be.
        SettingsError: if the extra `train` is missing.
    """
    np = need("numpy", "train")
    kept = folder / f"corpus-{SIDE}.npz"
    if kept.exists():
        with np.load(kept, allow_pickle=False) as held:
            concepts = tuple(Concept(one[0], one[1], tuple(one[2])) for one in json.loads(str(held["concepts"])))
            return Corpus(concepts, held["pixels"], held["concept"], held["style"])
    folder.mkdir(parents=True, exist_ok=True)
    archives = {}
    for package in PACKAGES:
        say(f"reading {package.name} {package.version} ({package.licence})")
        archives[package.name] = archive(package, folder, registry)
    concepts = tuple(concepts_of(archives))
    pixels, concept, style = [], [], []
    for number, package in enumerate(one for one in PACKAGES if one.style):
        icons = json.loads(member(archives[package.name], "package/icons.json"))
        drawn = 0
        for place, one in enumerate(concepts):
            if svg := svg_of(icons, one.name):
                pixels.append(rendered(svg))
                concept.append(place)
                style.append(number)
                drawn += 1
        say(f"{package.style}: {drawn} pictures")
    corpus = Corpus(concepts, np.stack(pixels), np.array(concept, np.int32), np.array(style, np.int32))
    told = json.dumps([[one.name, one.spanish, list(one.keywords)] for one in concepts])
    np.savez_compressed(kept, pixels=corpus.pixels, concept=corpus.concept, style=corpus.style, concepts=told)
    return corpus


def archive(package: Package, folder: Path, registry: str) -> bytes:
    """The file of a package, from the folder or the registry.

    Raises:
        ToolError: if it cannot be had, or has another digest.
    """
    base = package.name.rpartition("/")[2]
    file = folder / f"{package.name.replace('/', '+')}-{package.version}.tgz"
    if not file.exists():
        address = f"{registry}/{package.name}/-/{base}-{package.version}.tgz"
        try:
            reply = httpx2.get(address, timeout=120, follow_redirects=True)
            reply.raise_for_status()
        except httpx2.HTTPError as error:
            raise ToolError(f"{address} cannot be had: {error}") from None
        file.write_bytes(reply.content)
    data = file.read_bytes()
    if base64.b64encode(hashlib.sha512(data).digest()).decode() != package.sha512 or len(data) > MOST_BYTES:
        file.unlink()
        raise ToolError(f"{package.name} {package.version} is not the file it should be; it was removed, try again")
    return data


def member(data: bytes, name: str) -> bytes:
    """One file of a package."""
    with tarfile.open(fileobj=io.BytesIO(data)) as packed:
        found = packed.extractfile(name)
        if found is None:
            raise ToolError(f"the package holds no {name}")
        return found.read()


def concepts_of(archives: Mapping[str, bytes]) -> Iterator[Concept]:
    """What there are pictures of, without flags and signs."""
    known = json.loads(member(archives["unicode-emoji-json"], "package/data-by-emoji.json"))
    keywords = json.loads(member(archives["emojilib"], "package/dist/emoji-en-US.json"))
    spanish = words_for(archives["cldr-annotations-full"], "es")
    english = words_for(archives["cldr-annotations-full"], "en")
    for emoji, about in known.items():
        if about["group"] in GROUPS_LEFT_OUT or "keycap" in about["name"]:
            continue
        bare = emoji.replace("\ufe0f", "")
        told_es, told_en = spanish.get(bare, {}), english.get(bare, {})
        words = [*told_en.get("default", []), *(word.replace("_", " ") for word in keywords.get(emoji, [])[:6])]
        words += told_es.get("default", [])
        yield Concept(about["name"], (told_es.get("tts") or [""])[0], tuple(dict.fromkeys(words)))


def words_for(data: bytes, language: str) -> Any:
    return json.loads(member(data, f"package/annotations/{language}/annotations.json"))["annotations"]["annotations"]


def svg_of(icons: Mapping[str, Any], name: str) -> str:
    """The picture of a concept; empty if the set has none."""
    slug = "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
    icon = icons["icons"].get(slug) or icons["icons"].get(slug.replace("-", ""))
    if not icon:
        return ""
    width, height = icon.get("width", icons.get("width", 16)), icon.get("height", icons.get("height", 16))
    left, top = icon.get("left", 0), icon.get("top", 0)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{left} {top}'
    return f'{head} {width} {height}" width="{SIDE}" height="{SIDE}">{icon["body"]}</svg>'


def rendered(svg: str) -> NDArray[np.uint8]:
    """A picture in pixels, on white."""
    resvg, image = need("resvg_py", "train"), need("PIL.Image", "train")
    png = bytes(resvg.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE))
    with image.open(io.BytesIO(png)) as opened:
        shown = opened.convert("RGBA").resize((SIDE, SIDE))
        paper = image.new("RGBA", shown.size, "white")
        pixels: NDArray[np.uint8] = need("numpy").asarray(image.alpha_composite(paper, shown).convert("RGB"))
        return pixels
