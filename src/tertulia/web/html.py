"""Elements of HTML and SVG: whatever is not made here is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

from ..printable import printable

EMPTY = {"br", "circle", "hr", "input", "line", "link", "meta", "path", "rect"}
"""Elements that hold nothing."""
Value = str | int | float | bool | None


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def safe(text: object) -> Html:
    """The text as it may stand in HTML; characters that command terminals or turn the writing around are left out."""
    return text if isinstance(text, Html) else Html(html.escape(printable(str(text))))


def join(*parts: object, between: str = "") -> Html:
    """Texts, elements and lists of those as one; None is left out."""
    return Html(between.join(_flat(parts)))


def _flat(parts: Iterable[object]) -> Iterable[str]:
    for part in parts:
        if isinstance(part, str):
            yield safe(part)
        elif isinstance(part, Iterable):
            yield from _flat(part)
        elif part is not None:
            yield safe(part)


def el(name: str, /, *content: object, more: Mapping[str, Value] | None = None, **attributes: Value) -> Html:
    """An element.

    Args:
        more: Attributes whose names Python cannot say, such as `hx-sse:connect`.
        attributes: `class_` is `class`, and `aria_label` is `aria-label`; None and False leave one out, and True has
            no value.
    """
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()} | dict(more or {})
    head = "".join(_attribute(key, value) for key, value in named.items() if value is not None and value is not False)
    return Html(f"<{name}{head}/>" if name in EMPTY and not content else f"<{name}{head}>{join(*content)}</{name}>")


def _attribute(name: str, value: Value) -> str:
    return f" {name}" if value is True else f' {name}="{safe(value)}"'
