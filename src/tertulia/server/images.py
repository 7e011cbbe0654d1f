"""Images that come inside a request, as data URLs."""

from __future__ import annotations

import base64
import binascii
import re

from ..types import Image
from .problems import Problem, refused

MOST_IMAGES = 20
MOST_BYTES = 10 << 20
"""Of one image."""
SIGNATURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
DATA_URL = re.compile(r"data:(image/[a-z]+);base64,")


def read_image(url: object, param: str) -> Image:
    """The image of a data URL.

    Raises:
        Problem: if it is anything else; addresses are not fetched, since they could lead anywhere.
    """
    if not isinstance(url, str) or not (head := DATA_URL.match(url)):
        raise refused(param, "images are accepted as data URLs only: data:image/png;base64,…", "invalid_image_url")
    media_type = head[1]
    if media_type not in SIGNATURES:
        known = ", ".join(SIGNATURES)
        raise refused(param, f"{media_type} is not supported; use {known}", "unsupported_image_media_type")
    if (len(url) - head.end()) * 3 // 4 > MOST_BYTES:
        raise Problem(400, f"an image may have {MOST_BYTES >> 20} MiB", code="image_too_large", param=param)
    try:
        data = base64.b64decode(url[head.end() :], validate=True)
    except binascii.Error:
        raise refused(param, "the image is not valid base64", "invalid_base64_image") from None
    if not data.startswith(SIGNATURES[media_type]):
        raise refused(param, f"the image is not what its type says: {media_type}", "invalid_image_format")
    return Image(data, media_type)
