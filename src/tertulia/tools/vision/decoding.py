"""Turning the bytes of an image into upright pixels; runs only in the child process."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

from ...errors import LimitReached, ToolError
from .extras import need
from .limits import Limits

KINDS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
READABLE = "PNG, JPEG, WebP, TIFF, GIF, BMP or, with the package pillow-heif, HEIC"
LONGEST = 65_535
"""Pixels of a side."""


def frames(data: bytes, limits: Limits) -> tuple[list[Any], list[str]]:
    """The pictures of a file as arrays of shape (height, width, 3), red first, and what a person should know of them.

    A file has several if its pages are scans (TIFF); of a moving picture only the first is taken.

    Raises:
        ToolError: if it is no image, or damaged.
        LimitReached: if it has more pixels than allowed.
    """
    if not data:
        raise ToolError("the file is empty: it has zero bytes")
    image = _opened(data)
    count = getattr(image, "n_frames", 1)
    if count > 1 and image.format != "TIFF":
        return [_upright(image, limits)], [f"it moves: only the first of its {count} pictures was read"]
    taken, notes = min(count, limits.pages), []
    if taken < count:
        notes.append(f"only the first {taken} of its {count:,} pages were read")
    pictures = []
    for number in range(taken):
        image.seek(number)
        pictures.append(_upright(image, limits))
    return pictures, notes


def _opened(data: bytes) -> Any:
    pillow, errors = need("PIL.Image"), need("PIL")
    pillow.init()
    pillow.MAX_IMAGE_PIXELS = None  # what is too large is refused below, before a pixel is decoded
    kinds: tuple[str, ...] = KINDS
    with contextlib.suppress(ImportError):
        import pillow_heif  # type: ignore[import-not-found]

        pillow_heif.register_heif_opener()
        kinds = (*KINDS, "HEIF")
    warnings.simplefilter("ignore")
    try:
        return pillow.open(io.BytesIO(data), formats=kinds)
    except errors.UnidentifiedImageError:
        raise ToolError(f"it is no image that can be read; what can is {READABLE}") from None
    except Exception as error:  # a library that reads hostile bytes may fail in any way
        raise ToolError(f"its header is damaged: {_line(error)}") from error


def _upright(image: Any, limits: Limits) -> Any:
    """One picture in 8 bits of red, green and blue on white, turned as its camera says."""
    numpy, ops = need("numpy"), need("PIL.ImageOps")
    width, height = image.size
    if max(width, height) <= LONGEST and image.format == "JPEG" and width * height > limits.pixels:
        image.draft("RGB", (width // 2, height // 2))  # decodes at half the size or less
    if image.size[0] * image.size[1] > limits.pixels:
        raise LimitReached(
            f"it has {width:,} x {height:,} pixels and the most is {limits.pixels:,}; scale it down or cut it"
        )
    try:
        image.load()
        return numpy.asarray(_coloured(ops.exif_transpose(image), numpy))
    except MemoryError:
        raise
    except Exception as error:
        raise ToolError(f"it is damaged or cut off ({_line(error)}); save or send it again") from error


def _coloured(image: Any, numpy: Any) -> Any:
    pillow = need("PIL.Image")
    if image.mode.startswith(("I", "F")):
        values = numpy.asarray(image).astype("float32")
        deep = 65_535 if image.mode.startswith("I;16") or values.max(initial=0) > 255 else 255
        image = pillow.fromarray((values.clip(0, deep) * (255 / deep)).astype("uint8"))
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        paper = pillow.new("RGBA", clear.size, "white")
        return pillow.alpha_composite(paper, clear).convert("RGB")
    return image.convert("RGB")


def _line(error: object) -> str:
    return " ".join(str(error).split())[:120]
