"""Picture files: PNG that says how it was made, and reading pictures that others made."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from .artist import LARGEST, Picture
from .corpus import SIDE
from .needs import need

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

KEY = "tertulia"
"""Name of the text in a PNG that holds its recipe, as JSON."""
LARGEST_FILE = 50 * 1024 * 1024
MOST_PIXELS = 50_000_000


def png(pixels: Pixels, recipe: Mapping[str, Any], size: int = 256) -> bytes:
    """A picture as a PNG, enlarged to so many pixels a side, with its recipe.

    Raises:
        SettingsError: if the size is not from 32 to 1024.
    """
    if not SIDE <= size <= LARGEST:
        raise SettingsError(f"a picture is from {SIDE} to {LARGEST} pixels wide, not {size}")
    image, info = need("PIL.Image"), need("PIL.PngImagePlugin").PngInfo()
    info.add_itxt(KEY, json.dumps(recipe, ensure_ascii=False))
    scale = size / SIDE
    height, width = round(pixels.shape[0] * scale), round(pixels.shape[1] * scale)
    shown = image.fromarray(pixels).resize((width, height), image.Resampling.BICUBIC)
    file = io.BytesIO()
    shown.save(file, "PNG", pnginfo=info)
    return file.getvalue()


def recipe_of(file: Path) -> dict[str, Any]:
    """How a PNG was made; empty if it does not say.

    Raises:
        SettingsError: if it is no picture.
    """
    with opened(file) as picture:
        told = picture.info.get(KEY, "")
    return dict(json.loads(told)) if told else {}


def pixels_of(file: Path) -> Pixels:
    """A picture of any size as the network sees it, on white, shape (32, 32, 3).

    Raises:
        SettingsError: if it is no picture, or too large.
    """
    np, image, ops = need("numpy"), need("PIL.Image"), need("PIL.ImageOps")
    with opened(file) as picture:
        shown = ops.exif_transpose(picture).convert("RGBA")
        shown = ops.pad(shown, (SIDE, SIDE), color=(255, 255, 255, 0))
        paper = image.new("RGBA", shown.size, "white")
        pixels: Pixels = np.asarray(image.alpha_composite(paper, shown).convert("RGB"))
    return pixels


def opened(file: Path) -> Any:
    """A picture file, opened and found to be one.

    Raises:
        SettingsError: if it cannot be read, is no picture, or too large.
    """
    image = need("PIL.Image")
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise SettingsError(f"{file} is larger than {LARGEST_FILE // 2**20} MB")
        picture = image.open(file, formats=("PNG", "JPEG", "WEBP", "GIF", "BMP"))
        if picture.width * picture.height > MOST_PIXELS:
            raise SettingsError(f"{file} has more than {MOST_PIXELS:,} pixels")
        picture.load()
    except (OSError, SyntaxError, ValueError, image.DecompressionBombError) as error:
        raise SettingsError(f"{file} cannot be read as a picture (PNG, JPEG, WebP, GIF or BMP): {error}") from None
    return picture


def row(pictures: Sequence[Picture]) -> Pixels:
    """Pictures side by side."""
    beside: Pixels = need("numpy").concatenate([picture.pixels for picture in pictures], axis=1)
    return beside


def strip(film: Sequence[Pixels]) -> Pixels:
    """The stages of a picture side by side."""
    beside: Pixels = need("numpy").concatenate(list(film), axis=1)
    return beside
