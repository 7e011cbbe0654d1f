"""HTML as the text a visitor would see, without any library."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from ....errors import LimitReached

UNSEEN = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "select", "nav"})
_BLOCKS = (
    "address article aside blockquote body dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr html li main ol p pre section table tbody tfoot thead title tr ul"
)
BLOCKS = frozenset(_BLOCKS.split())
CLOSES_ITSELF = frozenset({"p", "li", "dt", "dd", "td", "th", "tr", "option"})
_VOID = "area base br col embed hr img input link meta param source track wbr"
VOID = frozenset(_VOID.split())
KEPT = "\x01"
"""Stands for a space of preformatted text while others are folded."""
HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|opacity\s*:\s*0*\.?0*\s*(;|$|!)"
    r"|font-size\s*:\s*0*(\.\d+|[01])?\s*(px|pt|em|rem|%)?\s*(;|$|!)"
    r"|(?<!-)color\s*:\s*(transparent|white|#fff\b|#ffffff|rgba?\(\s*255\s*,\s*255\s*,\s*255)"
    r"|(left|top|text-indent)\s*:\s*-\d{3,}|clip\s*:\s*rect\(\s*0|max-height\s*:\s*0|(?<!-)(width|height)\s*:\s*0*[01]px",
    re.IGNORECASE,
)
"""Inline styles that keep text from being seen; style sheets are not followed."""
DEEPEST = 2000
"""Elements inside each other."""


class Page(HTMLParser):
    """Collects what is seen of a page, headings and lists marked as in Markdown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.title = ""
        self.hidden = 0
        """Characters left out because they would not be seen."""
        self._open: list[tuple[str, bool]] = []

    @property
    def text(self) -> str:
        lines = re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", "".join(self.pieces)))
        return lines.replace(KEPT, " ")

    @property
    def _unseen(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._write("\n")
        if tag in VOID:
            return
        if tag in CLOSES_ITSELF and self._open and self._open[-1][0] == tag:
            self._open.pop()
        if len(self._open) >= DEEPEST:
            raise LimitReached(f"its elements are nested more than {DEEPEST:,} deep")
        hidden = _hides(dict(attrs))
        self._open.append((tag, self._unseen or hidden or tag in UNSEEN))
        if not self._unseen:
            self._begin(tag)

    def handle_endtag(self, tag: str) -> None:
        depth = next((i for i in range(len(self._open) - 1, -1, -1) if self._open[i][0] == tag), None)
        if depth is None:
            return
        seen = not self._unseen
        del self._open[depth:]
        if seen and tag == "pre":
            self._write("\n```")
        if seen and tag in BLOCKS and tag not in ("li", "dt", "dd", "tr", "html", "body"):
            self._write("\n\n")

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open[-1:]]
        if self._unseen:
            if not any(tag in UNSEEN for tag, _ in self._open):
                self.hidden += len(data.strip())
        elif "title" in tags:
            self.title += data
        else:
            keep = any(tag == "pre" for tag, _ in self._open)
            self._write(data.replace(" ", KEPT) if keep else re.sub(r"\s+", " ", data))

    def _begin(self, tag: str) -> None:
        if len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            self._write("\n\n" + "#" * int(tag[1]) + " ")
        elif tag in ("li", "dt", "dd", "tr"):
            self._write("\n- " if tag == "li" else "\n")
        elif tag in ("td", "th"):
            self._write(" | " if self.pieces and not self.pieces[-1].endswith("\n") else "")
        elif tag == "pre":
            self._write("\n\n```\n")
        elif tag in BLOCKS and not self._in_new_item():
            self._write("\n\n")

    def _in_new_item(self) -> bool:
        """Whether nothing was written since an item of a list began: its paragraph goes on the same line."""
        written = next((piece for piece in reversed(self.pieces) if piece.strip(" ")), "")
        return written == "\n- "

    def _write(self, text: str) -> None:
        if not self._unseen and not (self._open and self._open[-1][0] == "title"):
            self.pieces.append(text)


def _hides(attributes: dict[str, str | None]) -> bool:
    style = attributes.get("style") or ""
    if "background" in style:  # white on a colour of its own is seen
        style = re.sub(r"(?<!-)color\s*:[^;]*", "", style)
    return "hidden" in attributes or attributes.get("aria-hidden") == "true" or HIDING.search(style) is not None


def page_of(markup: str) -> Page:
    """The page, read to its end; broken markup is read as far as it goes.

    Raises:
        LimitReached: if its elements are nested too deep.
    """
    page = Page()
    page.feed(markup)
    page.close()
    return page
