"""Requests over HTTP to one server, and its failures in Tertulia's errors."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import aiohttp
from yarl import URL

from ..errors import ModelBusy, ModelError, ModelUnreachable
from . import _errors
from .connections import Connections
from .reading import Unreadable

SECONDS_TO_CONNECT = 20.0
SHORTEST_KEY = 8
"""Letters of a key that is looked for everywhere in a message; a shorter one, such as `none`, stands in many words."""


class Refused(Exception):
    """The server did not take the call, and so bills nothing."""

    def __init__(self, error: ModelError):
        self.error = error


@dataclass(frozen=True)
class Wire:
    """Where a model is asked, with which key, and how patiently."""

    user: Hashable
    """Whose connections are used."""
    connections: Connections
    url: URL
    model: str
    key: str
    key_from: str
    seconds: float
    """Most time a call may take."""

    @cached_property
    def where(self) -> str:
        """The address without what may be secret in it."""
        return str(self.url.with_user(None).with_query(None))

    @cached_property
    def address(self) -> URL:
        return (self.url / "chat" / "completions").with_query(self.url.query)

    async def post(self, asked: Mapping[str, Any], patience: float) -> aiohttp.ClientResponse:
        """The answer to a request, whatever its status; `patience` is the most seconds of silence.

        Raises:
            Refused: if the key cannot be sent.
        """
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"} | self.authorization()
        timeout = aiohttp.ClientTimeout(total=self.seconds, sock_connect=SECONDS_TO_CONNECT, sock_read=patience)
        session, data = self.connections.session(self.user), json.dumps(asked).encode()
        return await session.post(self.address, data=data, headers=headers, allow_redirects=False, timeout=timeout)

    def authorization(self) -> dict[str, str]:
        """The header that holds the key.

        Raises:
            Refused: if the key cannot be sent.
        """
        key = self.key.strip()
        if not (key.isascii() and key.isprintable()):
            said = f"the key for {self.where} has characters that no key has; check {self.key_from}"
            raise Refused(ModelUnreachable(said))
        return {"Authorization": f"Bearer {key}"} if key else {}

    # -- failures

    def classify(self, status: int, error: Mapping[str, Any], headers: Mapping[str, str]) -> ModelError:
        """The error for an answer with this status."""
        safe = {**error, "message": self.safe(str(error.get("message") or ""))}
        return _errors.classify(status, safe, headers, self.where, model=self.model, key_from=self.key_from)

    def safe(self, message: str) -> str:
        """A message without the key, which some servers repeat."""
        key = self.key.strip()
        if len(key) >= SHORTEST_KEY:
            return message.replace(key, "…")
        return message.replace(f"Bearer {key}", "Bearer …") if key else message

    def broken(self, error: Exception, patience: float) -> ModelError:
        """The error for a connection that failed."""
        if isinstance(error, aiohttp.ClientConnectorError):
            return ModelUnreachable(
                f"nobody answers at {self.where} ({error.strerror or error}); is the server running there?"
            )
        if isinstance(error, TimeoutError):
            long = f"over {patience:g} s in silence or {self.seconds:g} s in all"
            return ModelBusy(f"{self.where} took too long ({long}); is it loading the model, or overloaded?")
        return ModelBusy(f"the connection to {self.where} broke: {type(error).__name__} {str(error)[:200]}".strip())

    def unreadable(self, error: Unreadable) -> ModelBusy:
        """The error for something that is no completion."""
        what = self.safe(str(error))
        return ModelBusy(f"the reply of {self.where} is not readable: {what}; is that the address of a model server?")
