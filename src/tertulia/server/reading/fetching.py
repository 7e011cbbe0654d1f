"""Fetches the images that requests name by their address, from the public internet and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING

from ...errors import SettingsError
from ...schedule import gather
from ...settings import Serving
from ...types import Image
from ..problems import Problem, refused
from .images import MOST_BYTES, MOST_IMAGES, Fetched, media_type

if TYPE_CHECKING:
    import drawbridge

SECONDS = 10.0
"""Most time an image may take, redirects included."""
AT_ONCE = 16
"""Images fetched at once, whoever asked for them."""
REDIRECTS = 3
LONGEST_URL = 2048
HEADERS = {"accept": "image/*", "accept-encoding": "identity"}
FORBIDDEN = (
    "::/96",  # IPv4 inside IPv6, in the old way
    "192.88.99.0/24",  # relays into IPv6
    "168.63.129.16/32",  # what machines in Azure ask about themselves
    "fec0::/10",  # private, in the old way
)
"""Networks that are not public, beside those that drawbridge knows."""
NOT_FETCHED = "the address of the image is not one that may be fetched, or does not exist"


@dataclass
class Fetcher:
    """A client that resolves a name once, refuses it unless all its addresses are public, and connects to just those.

    So it is with each redirect. It does not use proxies of the environment, which could reach what it must not.
    """

    client: drawbridge.Client
    most_bytes: int
    """Bytes that the images of one request may have together."""
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def fetch(self, places: Mapping[str, str]) -> Fetched:
        """The images at some addresses; `places` are those with where in the request they stand.

        Raises:
            Problem: naming the place, if one cannot be had.
        """
        if len(places) > MOST_IMAGES:
            param = next(iter(places.values()))
            raise refused(param, f"{len(places)} images are too many; the most is {MOST_IMAGES}", "too_many_images")
        left = [self.most_bytes]
        images = await gather(self._image(url, param, left) for url, param in places.items())
        return dict(zip(places, images, strict=True))

    async def _image(self, url: str, param: str, left: list[int]) -> Image:
        import drawbridge
        import httpx

        if len(url) > LONGEST_URL:
            raise refused(param, f"an address may have {LONGEST_URL} characters", "invalid_image_url")
        try:
            async with asyncio.timeout(SECONDS), self._turns:
                data = await self._data(url, param, left)
        except (drawbridge.DrawbridgeError, httpx.InvalidURL, ValueError):
            raise refused(param, NOT_FETCHED, "invalid_image_url") from None
        except TimeoutError:
            raise refused(param, f"the image did not come within {SECONDS:g} seconds", "invalid_image_url") from None
        except (httpx.HTTPError, OSError):
            raise refused(param, "the image could not be fetched", "invalid_image_url") from None
        if (kind := media_type(data)) is None:
            raise refused(
                param, "the file at that address is not a PNG, JPEG, GIF or WebP image", "invalid_image_format"
            )
        return Image(data, kind)

    async def _data(self, url: str, param: str, left: list[int]) -> bytes:
        """The bytes at an address, as they are sent: nothing is unpacked, which could be of any size."""
        pieces, size = list[bytes](), 0
        async with self.client.stream("GET", url, headers=HEADERS) as reply:
            if reply.status_code != 200:
                raise refused(param, f"the server of the image answered {reply.status_code}", "invalid_image_url")
            async for piece in reply.aiter_raw():
                size, left[0] = size + len(piece), left[0] - len(piece)
                if size > MOST_BYTES or left[0] < 0:
                    most = f"an image may have {MOST_BYTES >> 20} MiB, and those of a request {self.most_bytes:,} bytes"
                    raise Problem(400, most, code="image_too_large", param=param)
                pieces.append(piece)
        return b"".join(pieces)


@asynccontextmanager
async def open_fetcher(serving: Serving) -> AsyncIterator[Fetcher | None]:
    """The fetcher that the settings allow; None if they allow none.

    Raises:
        SettingsError: if what it needs is not installed, or a network is not one.
    """
    if not serving.fetch_urls:
        yield None
        return
    try:
        import drawbridge
    except ImportError:
        raise SettingsError("fetching images needs an extra: run `tertulia setup serve`") from None
    try:
        allowed = frozenset(map(ip_network, serving.fetch_networks))
    except ValueError as error:
        raise SettingsError(f"fetch_networks should hold networks such as 10.1.0.0/16: {error}") from None
    policy = drawbridge.Policy(
        ip_allowlist=allowed,
        ip_blocklist=frozenset(map(ip_network, FORBIDDEN)),
        allow_ports=frozenset(serving.fetch_ports),
        timeout=SECONDS,
        max_redirects=REDIRECTS,
        user_agent="tertulia",
    )
    async with AsyncExitStack() as stack:
        yield Fetcher(await stack.enter_async_context(drawbridge.Client(policy)), serving.body_bytes)
