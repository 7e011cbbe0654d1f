"""What every page has in common: its head, its navigation and its foot."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..narration.catalogue import Phrase
from . import graph, words
from .html import Html, el
from .visiting import SAFE, TOKEN, Visitor

CONFIG = '{"morphIgnore":["data-htmx-powered","open"],"includeIndicatorCSS":false}'
"""What was opened by the reader stays open when its element is drawn anew."""
NAVIGATION: tuple[tuple[str, Phrase], ...] = (("/", words.ASK), ("/runs", words.RUNS))


def page(
    who: Visitor, title: str, *content: object, wide: bool = False, status: int = 200, reload: bool = False
) -> Response:
    """A whole page.

    Args:
        reload: Whether it is to load itself again where there is no JavaScript, since more will be there soon.
    """
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="htmx-config", content=CONFIG),
        el("title", f"{title[:80]} · {who.say(words.TITLE)}"),
        el("link", rel="icon", href=url("icon.svg")),
        el("link", rel="stylesheet", href=url("style.css")),
        el("noscript", Html('<meta http-equiv="refresh" content="3">')) if reload else None,
        *(el("script", src=url(name), defer=True) for name in ("htmx.min.js", "hx-sse.min.js", "page.js")),
    )
    body = el(
        "body",
        el("a", who.say(words.SKIP), class_="skip", href="#content"),
        _header(who),
        el("main", *content, id="content", class_="wide" if wide else None, tabindex="-1"),
        more={"hx-history": "false"},
    )
    html = el("html", head, body, lang=who.language, data_theme=who.theme or None)
    return HTMLResponse("<!doctype html>" + html, status, headers=SAFE)


def _header(who: Visitor) -> Html:
    path = who.path.partition("?")[0]
    links = [
        el("a", who.say(name), href=where, aria_current="page" if where == path else None) for where, name in NAVIGATION
    ]
    other = "en" if who.language == "es" else "es"
    return el(
        "header",
        el("a", el("span", "◍", class_="mark", aria_hidden="true"), who.say(words.TITLE), href="/", class_="brand"),
        el("nav", links, aria_label=who.say(words.NAVIGATION)),
        el(
            "div",
            button(who, "/page/look", who.say(words.SWITCH), lang=other, name="language", value=other, back=who.path),
            _themes(who),
            None if who.is_local or not who.holder else button(who, "/logout", who.say(words.LEAVE)),
            class_="look",
        ),
    )


def _themes(who: Visitor) -> list[Html]:
    """Both lights where the system's own is taken, so that either can be had; else the other one."""
    wanted = [("dark", words.DARK), ("light", words.LIGHT)]
    return [
        button(who, "/page/look", who.say(phrase), name="theme", value=theme, back=who.path, class_=f"to-{theme}")
        for theme, phrase in wanted
        if theme != who.theme
    ]


def button(
    who: Visitor,
    action: str,
    said: str,
    *,
    name: str = "",
    value: str = "",
    back: str = "",
    class_: str = "",
    lang: str = "",
) -> Html:
    """A form of one button, which works without JavaScript."""
    return el(
        "form",
        token(who),
        el("input", type="hidden", name="back", value=back) if back else None,
        el("button", said, type="submit", name=name or None, value=value or None, lang=lang or None),
        method="post",
        action=action,
        class_=class_ or None,
    )


def token(who: Visitor) -> Html:
    return el("input", type="hidden", name=TOKEN, value=who.token)


def sorry(who: Visitor, status: int, said: str) -> Response:
    """A page that says what would work."""
    return page(
        who,
        who.say(words.SORRY),
        el(
            "div",
            el("h1", who.say(words.SORRY)),
            el("p", said, role="alert"),
            el("p", el("a", who.say(words.BACK), href="/"), " · ", el("a", who.say(words.RUNS), href="/runs")),
            class_="narrow",
        ),
        status=status,
    )


async def static(request: Request) -> Response:
    """A file of the page: its style, its scripts, its icon."""
    name = request.path_params["name"]
    if name not in FILES:
        return Response(status_code=404)
    headers = SAFE | {"cache-control": "max-age=31536000, immutable"}
    return Response(_file(name), media_type=FILES[name], headers=headers)


def url(name: str) -> str:
    """Address of a file of the page; another one when the file changes, so that browsers may keep it."""
    return f"/page/{name}?v={blake2b(_file(name), digest_size=6).hexdigest()}"


@cache
def _file(name: str) -> bytes:
    data = (files(__package__) / "static" / name).read_bytes()
    return data + graph.STYLE.encode() if name == "style.css" else data


FILES = {
    "style.css": "text/css",
    "htmx.min.js": "text/javascript",
    "hx-sse.min.js": "text/javascript",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "htmx.LICENSE.txt": "text/plain",
}


def style() -> str:
    """What pages are drawn with, for those that stand alone."""
    return _file("style.css").decode()
