"""Any server that speaks the OpenAI chat protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import aiohttp
from yarl import URL

from ..errors import ModelBusy, ModelError, ModelUnreachable, SettingsError
from ..model import Chunk, Request, count
from ..usage import NOTHING, Usage
from . import _chat, _errors
from ._prices import price
from .connections import Connections

SECONDS_TO_CONNECT = 20.0


@dataclass(frozen=True)
class OpenAI:
    """A model behind a server that speaks the OpenAI chat protocol: a provider, Ollama, vLLM, llama.cpp."""

    model: str
    """What the server calls it."""
    url: str = "https://api.openai.com/v1"
    key: str = field(default="", repr=False)
    label: str = ""
    """Name to show in the ledger; empty for `openai:` and the model."""
    seconds: float = 600.0
    """Most time a call may take."""
    idle: float = 120.0
    """Most seconds between two pieces of a reply."""
    vendor: str | None = None
    """Who sets the price, as genai-prices calls them (`openai`, `groq`); None if the price is unknown."""
    free: bool = False
    """True if its tokens cost nothing, as on one's own machine."""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Further fields of the body, as in `{"cache_prompt": True}`."""
    most_bytes: int = 32 << 20
    """Most bytes of a reply; a longer one is cut."""
    key_from: str = "OPENAI_API_KEY"
    """The environment variable that holds the key, for the message when it is refused."""
    connections: Connections = field(default_factory=Connections, compare=False, repr=False)
    """Where its connections and what is learnt of it are kept; those of its house, or of its own."""

    def __post_init__(self) -> None:
        try:
            usable = URL(self.url).scheme in ("http", "https") and bool(URL(self.url).host)
        except ValueError:
            usable = False
        if not usable:
            raise SettingsError(f"{self.url!r} is not an address; it should look like http://127.0.0.1:8080/v1")

    @property
    def name(self) -> str:
        return self.label or f"openai:{self.model}"

    @property
    def takes_tools(self) -> bool:
        return True

    @property
    def dropped(self) -> Mapping[str, str | None]:
        """Parameters that the server refused for this model, with what is sent in their place; None for nothing."""
        known = self.connections.learnt.abilities(self.url, self.model)
        renamed = {_chat.RENAMED[known.cap]: known.cap} if known.cap else {}
        return {**dict.fromkeys(known.without), **renamed}

    def cost(self, usage: Usage) -> float | None:
        """US dollars; None if the price is unknown."""
        if self.free:
            return 0.0
        return None if self.vendor is None else price(self.vendor, self.model, usage)

    async def close(self) -> None:
        """Close the connections opened in this event loop; a later call opens new ones."""
        await self.connections.leave(self)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Yield the reply; closing the generator early closes the connection, so that the server stops too.

        The last chunk has the usage, also when an error follows it: `NOTHING` if the server refused the call,
        None if what was spent is not known.

        Raises:
            ModelBusy: the failure is passing, as when the reply was cut; asking again may work.
            ModelUnreachable: nobody answers there, or the key is refused.
            PromptTooLong: the prompt is longer than the model reads.
            UnusableReply: it refused, or wrote nothing.
            ModelError: any other failure.
        """
        heard, lines = _chat.Heard(), _chat.Lines(self.most_bytes)
        try:
            async with await self._open(request) as response, self.connections.reading(self, response):
                _expect_completion(response, self._where)
                if response.content_type == "application/json":
                    for chunk in heard.take(await _whole(response, self.most_bytes)):
                        yield chunk
                else:
                    async for data in response.content.iter_any():
                        for chunk in heard.lines(lines.feed(data)):
                            yield chunk
                        if heard.done:
                            await _finish(response)
                            break
        except _Refused as refused:
            yield Chunk(usage=NOTHING)
            raise refused.error from None
        except _chat.Sent as sent:
            raise self._classify(_errors.status_of(sent.error), sent.error, {}) from None
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            if isinstance(error, aiohttp.ClientConnectorError):
                yield Chunk(usage=NOTHING)
            if heard.finish is None:
                raise self._broken(error) from error
        yield Chunk(usage=_chat.usage(heard, await count(self, request)), finish=heard.finish, calls=heard.calls)
        if not heard.choices:
            raise ModelBusy(f"{self._where} answered without a completion; does the address end as in /v1?")
        _chat.judge(heard, self.name, request.max_tokens)

    # -- one call

    async def _open(self, request: Request) -> aiohttp.ClientResponse:
        """An answer with status 200; a parameter that the server does not know is left out, once.

        Raises:
            _Refused: if the server answers that it will not.
        """
        while True:
            asked = self._body(request)
            headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
            if self.key:
                headers["Authorization"] = f"Bearer {self._sendable_key}"
            data = json.dumps(asked).encode()
            response = await self.connections.session(self).post(
                self._address, data=data, headers=headers, allow_redirects=False, timeout=self._timeout
            )
            if response.status == 200:
                return response
            async with response:
                error = _errors.details(await _whole(response, 1 << 16))
            name = _chat.unsupported(asked, error) if response.status == 400 else None
            if name is None or not self._drop(name, str(error.get("message"))):
                raise _Refused(self._classify(response.status, error, response.headers))

    def _body(self, request: Request) -> dict[str, Any]:
        cap = "max_completion_tokens" if self._address.host == "api.openai.com" else "max_tokens"
        asked = _chat.body(self.model, request, cap=cap) | dict(self.extra)
        for name, instead in self.dropped.items():
            value = asked.pop(name, None)
            if instead is not None and value is not None:
                asked[instead] = value
        return asked

    def _drop(self, name: str, reason: str) -> bool:
        """Remember that `name` is not for this model; False if what would be sent in its place was refused before."""
        dropped, instead = self.dropped, _chat.RENAMED.get(name)
        if instead in dropped:
            return False
        ability, value = ("cap", instead) if instead else ("without", name)
        self.connections.learnt.keep(self.url, self.model, ability, value, reason)
        return True

    @property
    def _timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self.seconds, sock_connect=SECONDS_TO_CONNECT, sock_read=self.idle)

    @cached_property
    def _address(self) -> URL:
        base = URL(self.url)
        return (base / "chat" / "completions").with_query(base.query)

    @cached_property
    def _where(self) -> str:
        """The address without what may be secret in it."""
        return str(URL(self.url).with_user(None).with_query(None))

    @property
    def _sendable_key(self) -> str:
        key = self.key.strip()
        if not (key.isascii() and key.isprintable()):
            said = f"the key for {self._where} has characters that no key has; check {self.key_from}"
            raise _Refused(ModelUnreachable(said))
        return key

    def _classify(self, status: int, error: Mapping[str, Any], headers: Mapping[str, str]) -> ModelError:
        key, message = self.key.strip(), str(error.get("message") or "")
        safe = {**error, "message": message.replace(key, "…") if key else message}  # some servers repeat the key
        return _errors.classify(status, safe, headers, self._where, model=self.model, key_from=self.key_from)

    def _broken(self, error: Exception) -> ModelError:
        """The error for a connection that failed."""
        if isinstance(error, aiohttp.ClientConnectorError):
            return ModelUnreachable(
                f"nobody answers at {self._where} ({error.strerror or error}); is the server running there?"
            )
        if isinstance(error, TimeoutError):
            return ModelBusy(
                f"{self._where} took too long (over {self.idle:g} s in silence or {self.seconds:g} s in all)"
            )
        return ModelBusy(f"the connection to {self._where} broke: {type(error).__name__} {str(error)[:200]}".strip())


class _Refused(Exception):
    """The server answered with a status that is not 200, and so bills nothing."""

    def __init__(self, error: ModelError):
        self.error = error


def _expect_completion(response: aiohttp.ClientResponse, where: str) -> None:
    if response.content_type in ("text/html", "application/xhtml+xml"):
        raise ModelBusy(f"{where} answered a web page in the place of a completion; does the address end as in /v1?")


async def _whole(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body of an answer, cut at `most` bytes."""
    pieces, size = [], 0
    with suppress(aiohttp.ClientPayloadError):
        async for piece in response.content.iter_any():
            pieces.append(piece)
            size += len(piece)
            if size > most:
                break
    return b"".join(pieces)[:most]


async def _finish(response: aiohttp.ClientResponse) -> None:
    """Read what is left after the end mark, which is nothing, so that the connection can serve again."""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(1):
            async for _ in response.content.iter_any():
                pass
