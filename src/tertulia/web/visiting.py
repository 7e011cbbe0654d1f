"""Who looks at the page, in which language and light: the door of the API, and a cookie in the place of its header."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import FormData, Headers
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response

from ..narration import LANGUAGES, Language
from ..narration.catalogue import Phrase
from ..server.problems import Problem
from ..server.reading.body import whole_body
from ..server.service import Service
from ..stores.places import data_folder
from . import words

SESSION, THEME, LANGUAGE = "tertulia_session", "tertulia_theme", "tertulia_language"
SESSION_SECONDS = 7 * 86_400
"""For how long a log-in holds."""
THEMES = ("light", "dark")
TOKEN = "token"
"""Field of every form that changes something."""
SECRET = "page.secret"
"""File in the data folder that log-ins are signed with, so that they outlive the server."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SAFE = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
"""Headers of every page."""


class Sorry(Exception):
    """Something that cannot be done, as the person is told; `words` say what would work."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status, self.said = status, said


class LoggedOut(Exception):
    """Nobody is logged in."""

    def __init__(self, expired: bool) -> None:
        super().__init__("log in first")
        self.expired = expired


@dataclass(frozen=True)
class Visitor:
    """Whoever looks."""

    holder: str
    """Name of the key; empty for whoever sits at this machine."""
    language: Language
    theme: str
    """`light`, `dark`, or empty for what the system has."""
    token: str
    """What forms carry, so that no other site can send them."""
    path: str
    is_local: bool

    @property
    def owner(self) -> str | None:
        """Whose runs are shown; None for all, where there are no keys."""
        return None if self.is_local else self.holder

    def say(self, phrase: Phrase, **values: object) -> str:
        return phrase.say(self.language, **values)


def visitor(request: Request, service: Service) -> Visitor:
    """Who looks.

    Raises:
        LoggedOut: if a key is needed and nobody is logged in.
        Problem: if the request comes through another site or name.
    """
    door = service.door
    if door.is_local:
        holder = door.holder(request.headers)
    else:
        _check_origin(request.headers)
        holder = _logged_in(request, service)
    return _visitor(request, holder, door.is_local)


def stranger(request: Request, service: Service) -> Visitor:
    """Someone who is not let in, or not yet."""
    return _visitor(request, "", service.door.is_local)


def _visitor(request: Request, holder: str, is_local: bool) -> Visitor:
    theme = request.cookies.get(THEME, "")
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Visitor(holder, spoken(request), theme if theme in THEMES else "", _signed("form", holder), path, is_local)


def spoken(request: Request) -> Language:
    """The language that was chosen, or the first that the browser asks for and that there is, or English."""
    chosen = request.cookies.get(LANGUAGE, "")
    wanted = [chosen] if chosen else request.headers.get("accept-language", "").split(",")
    for one in wanted:
        name = one.split(";")[0].strip().lower().partition("-")[0]
        for language in LANGUAGES:
            if name == language:
                return language
    return "en"


async def sent(request: Request, who: Visitor, service: Service) -> FormData:
    """The fields of a form that was sent from a page of ours.

    Raises:
        Sorry: if it was not, is too old, or too large.
        Problem: if its body is.
    """
    limit = service.serving.body_bytes
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > limit:
            raise Sorry(413, who.say(words.TOO_LARGE, limit=limit >> 20))
        try:
            form = await request.form(max_files=20, max_fields=40, max_part_size=2 << 20)
        except MultiPartException as error:
            raise Sorry(400, str(error)) from None
    else:
        body = await whole_body(request, limit)
        form = FormData(dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=100)))
    if not hmac.compare_digest(text(form, TOKEN).encode(), who.token.encode()):
        raise Sorry(403, who.say(words.STALE))
    return form


def text(form: FormData, name: str) -> str:
    """A field as text; empty if it is missing or a file."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def log_in(request: Request, service: Service, key: str, response: Response) -> None:
    """Have the browser keep a log-in that only it can send, and no script can read.

    Raises:
        Problem: if the key is not known.
    """
    _check_origin(request.headers)
    holder = service.door.holder(Headers({"authorization": f"Bearer {key.strip()}"}))
    until = int(time.time()) + SESSION_SECONDS
    cookie = f"{until}.{holder.encode().hex()}.{_signed('session', holder, until, service.door.keys[holder].sha256)}"
    set_cookie(response, request, SESSION, cookie, SESSION_SECONDS, hidden=True)


def set_cookie(response: Response, request: Request, name: str, value: str, seconds: int, hidden: bool = False) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=seconds, httponly=hidden, samesite="strict", secure=secure)


def _logged_in(request: Request, service: Service) -> str:
    cookie = request.cookies.get(SESSION, "")
    if not cookie:
        raise LoggedOut(expired=False)
    until, _, rest = cookie.partition(".")
    name, _, signature = rest.partition(".")
    try:
        holder = bytes.fromhex(name).decode()
        key = service.door.keys[holder]
        expected = _signed("session", holder, int(until), key.sha256)
    except (ValueError, KeyError):
        raise LoggedOut(expired=True) from None
    if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")) or int(until) < time.time():
        raise LoggedOut(expired=True)
    return holder


def _check_origin(headers: Headers) -> None:
    """A form of another site says so itself: in `Origin`, or in `Sec-Fetch-Site`."""
    origin = headers.get("origin")
    same = origin is None or urlsplit(origin).netloc == headers.get("host")
    if not same or (headers.get("sec-fetch-site") == "cross-site" and origin is not None):
        raise Problem(403, "Other sites may not use this page.", "permission_error", "origin_not_allowed")


def _signed(*parts: object) -> str:
    return hmac.new(_secret(), "\n".join(map(str, parts)).encode(), hashlib.sha256).hexdigest()


def _secret() -> bytes:
    """What this machine signs with; made when it is first needed, and held in memory where nothing can be written."""
    return _read_or_make(str(data_folder() / SECRET))


@cache
def _read_or_make(path: str) -> bytes:
    made = secrets.token_bytes(32)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(made)
            return made
        except FileExistsError:
            with open(path, "rb") as file:
                found = file.read()
            return found if len(found) == len(made) else made
    except OSError:
        return made
