"""Logging in and out, and how the page looks."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ...narration import LANGUAGES
from ...server.problems import Problem
from ...server.service import Service
from .. import words
from ..address import Address, go
from ..html import el
from ..layout import page, token
from ..visiting import LANGUAGE, SESSION, THEME, THEMES, Visitor, log_in, sent, set_cookie, text

YEAR = 365 * 86_400


async def form(request: Request, service: Service, who: Visitor) -> Response:
    """Where a key is given."""
    if service.door.is_local:
        return go("/")
    said = who.say(words.EXPIRED) if "expired" in request.query_params else ""
    return _form(who, said)


def _form(who: Visitor, said: str, status: int = 200) -> Response:
    return page(
        who,
        who.say(words.LOG_IN),
        el(
            "form",
            el("h1", who.say(words.LOG_IN)),
            el("p", who.say(words.LOG_IN_IS), class_="soft"),
            el("p", said, role="alert", class_="bad") if said else None,
            token(who),
            el("label", who.say(words.KEY), for_="key"),
            el("input", type="password", name="key", id="key", autocomplete="current-password", required=True),
            el("button", who.say(words.LOG_IN), type="submit", class_="main"),
            method="post",
            action="/login",
            class_="narrow card",
        ),
        status=status,
    )


async def enter(request: Request, service: Service, who: Visitor) -> Response:
    """Take a key, and give a cookie for it."""
    if service.door.is_local:
        return go("/")
    fields, response = await sent(request, who, service), go("/")
    try:
        log_in(request, service, text(fields, "key"), response)
    except Problem as problem:
        if problem.status != 401:
            raise
        return _form(who, who.say(words.WRONG_KEY), 401)
    return response


async def leave(request: Request, service: Service, who: Visitor) -> Response:
    await sent(request, who, service)
    response = go("/login")
    response.delete_cookie(SESSION, httponly=True, samesite="strict")
    return response


async def look(request: Request, service: Service, who: Visitor) -> Response:
    """Keep a language or a light for a year, and lead back."""
    fields = await sent(request, who, service)
    response = go(text(fields, "back"))
    for cookie, name, known in ((LANGUAGE, "language", LANGUAGES), (THEME, "theme", THEMES)):
        value = text(fields, name)
        if value in known:
            set_cookie(response, request, cookie, value, YEAR)
    return response


ADDRESSES = (
    Address("/login", form, is_open=True),
    Address("/login", enter, "POST", is_open=True),
    Address("/logout", leave, "POST"),
    Address("/page/look", look, "POST"),
)
