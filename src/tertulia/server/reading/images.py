"""Images of a request: inside it as data URLs, or fetched from their addresses."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from ...types import Image
from ..problems import Problem, refused

MOST_IMAGES = 20
MOST_BYTES = 10 << 20
"""Of one image."""
SIGNATURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
Fetched = Mapping[str, Image]
"""Images by the address they were fetched from."""
DATA_URL = re.compile(r"data:(?P<kind>[\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]{0,100})*;base64,", re.I)
"""The head of a data URL; what it calls the image does not count, since clients err."""


def read_image(url: object, param: str, fetched: Fetched) -> Image:
    """The image of a data URL, or of an address that was fetched.

    Raises:
        Problem: if it is anything else; other addresses are not fetched, since they could lead anywhere.
    """
    if isinstance(url, str) and url in fetched:
        return fetched[url]
    if not isinstance(url, str) or not (head := DATA_URL.match(url)):
        raise refused(param, "images are accepted as data URLs only: data:image/png;base64,…", "invalid_image_url")
    if (len(url) - head.end()) * 3 // 4 > MOST_BYTES:
        raise Problem(400, f"an image may have {MOST_BYTES >> 20} MiB", code="image_too_large", param=param)
    try:
        data = base64.b64decode("".join(url[head.end() :].split()), validate=True)
    except (binascii.Error, ValueError):
        raise refused(param, "the image is not valid base64", "invalid_base64_image") from None
    kind = media_type(data)
    if kind is None:
        known, called = ", ".join(SIGNATURES), head["kind"] or "without a type"
        said = f"the image ({called}) is none of those supported, by its first bytes; use {known}"
        is_named = str(head["kind"]).lower() in (*SIGNATURES, "image/jpg")
        raise refused(param, said, "invalid_image_format" if is_named else "unsupported_image_media_type")
    return Image(data, kind)


def media_type(data: bytes) -> str | None:
    """What the first bytes of an image say that it is; None if it is none of those known here."""
    if data.startswith(b"RIFF") and data[8:12] != b"WEBP":
        return None
    return next((kind for kind, marks in SIGNATURES.items() if data.startswith(marks)), None)
