"""Who may ask: whoever holds a key or, where none is configured, whoever sits at this machine."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from ..errors import SettingsError
from ..settings import Key, Serving
from ..sockets import LOCAL
from .problems import Problem

PREFIX = "tertulia-"


def new_key() -> tuple[str, str]:
    """A key of 256 random bits, and its hash for the settings."""
    key = PREFIX + secrets.token_urlsafe(32)
    return key, digest_of(key)


def digest_of(key: str) -> str:
    """SHA-256 in hexadecimal; no slow hash is needed, since nobody guesses 256 random bits."""
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(frozen=True)
class Door:
    """Lets in who may ask."""

    keys: Mapping[str, Key]
    origins: tuple[str, ...] = ()
    """Web pages that may call."""

    @property
    def is_local(self) -> bool:
        """Whether there are no keys, so that only this machine is served."""
        return not self.keys

    def holder(self, headers: Headers) -> str:
        """Name of who asks; empty for whoever sits at this machine.

        Raises:
            Problem: if they may not.
        """
        if self.is_local:
            self._check_local(headers)
            return ""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise _unknown("You did not send a key: send it as the header `Authorization: Bearer KEY`.")
        given, holder = digest_of(key.strip()), None
        for name, known in self.keys.items():  # all of them, so that time does not tell which one is near
            if hmac.compare_digest(known.sha256, given):
                holder = name
        if holder is None:
            raise _unknown("Incorrect API key provided.")
        return holder

    def _check_local(self, headers: Headers) -> None:
        """A web page elsewhere can make a browser call this machine, also under a name that it rebinds."""
        host = headers.get("host", "")
        if _name(f"//{host}") not in LOCAL:
            message = f"The host {host[:100]!r} is not this machine; configure keys to serve others."
            raise Problem(403, message, "permission_error", "host_not_allowed")
        origin = headers.get("origin")
        if origin is not None and origin not in self.origins and origin != f"http://{host}":
            message = f"Web pages of {origin[:100]!r} may not call this server; add them to server.origins."
            raise Problem(403, message, "permission_error", "origin_not_allowed")


def door(settings: Serving, host: str) -> Door:
    """The door of a server that listens at `host`.

    Raises:
        SettingsError: if it would serve anybody who reaches it.
    """
    if not settings.keys and host not in LOCAL:
        raise SettingsError(
            f"listening at {host} lets others in: make a key with `tertulia key new`, or listen at 127.0.0.1"
        )
    return Door(settings.keys, tuple(settings.origins))


def _unknown(message: str) -> Problem:
    return Problem(401, message, "authentication_error", "invalid_api_key")


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
