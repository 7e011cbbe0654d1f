"""Markdown of models as HTML: without raw HTML, without pictures, and without anything from another host."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ..printable import printable
from .html import Html, el, safe

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

LONGEST = 400_000
"""Characters that are rendered; what is longer is shown as it is."""
LONGEST_FORMULA, LONGEST_CODE = 2_000, 50_000
MATHS = {
    *("math", "semantics", "mrow", "mi", "mo", "mn", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub"),
    *("msup", "msubsup", "munder", "mover", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom"),
}
TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "span", "div"),
    *("em", "strong", "s", "a", "table", "thead", "tbody", "tr", "th", "td", "sup"),
}
ATTRIBUTES = {
    "a": {"href", "class"},
    "span": {"class"},
    "div": {"class"},
    "code": {"class"},
    "pre": {"tabindex"},
    "ol": {"start"},
    "th": {"class"},
    "td": {"class"},
    "math": {"display"},
    "mo": {"stretchy", "fence"},
    "mi": {"mathvariant"},
}
CITED = re.compile(r"\[(\d{1,3})\](?![(:\[])")


def rendered(text: str, citations: int = 0) -> Html:
    """The text as HTML; `[1]` to `[citations]` lead to the sources."""
    if len(text) > LONGEST:
        return el("pre", text, class_="whole")
    import nh3

    html = _parser().render(printable(text))
    clean = nh3.clean(
        html,
        tags=TAGS | MATHS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    return Html(_cited(clean, citations))


def _cited(html: str, citations: int) -> str:
    """Marks of citations as links, outside of tags and code."""

    def link(found: re.Match[str]) -> str:
        number = int(found[1])
        if not 1 <= number <= citations:
            return found[0]
        return f'<a class="cite" href="#source-{number}" id="cite-{number}-{found.start()}">[{number}]</a>'

    pieces = re.split(r"(<pre[\s\S]*?</pre>|<code[\s\S]*?</code>|<a [\s\S]*?</a>|<[^>]*>)", html)
    return "".join(piece if odd % 2 else CITED.sub(link, piece) for odd, piece in enumerate(pieces))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 30})
    parser.enable(["table", "strikethrough"]).disable("image")
    dollarmath_plugin(
        parser, allow_labels=False, double_inline=True, allow_space=False, allow_digits=False, renderer=_formula
    )
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    return parser


def _heading(renderer: Any, tokens: Sequence[Any], index: int, options: Any, env: Any) -> str:
    """Headings of an answer stand below those of the page."""
    token = tokens[index]
    level = min(int(token.tag[1:]) + 2, 6)
    return f"<{'' if token.nesting == 1 else '/'}h{level}>"


def _fence(renderer: Any, tokens: Sequence[Any], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    return f'<pre tabindex="0"><code>{coloured(token.content, token.info.split(" ")[0])}</code></pre>'


def coloured(code: str, language: str = "python") -> Html:
    """A program with its words marked by their kind."""
    if not language or len(code) > LONGEST_CODE:
        return safe(code)
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language[:40])
    except ClassNotFound:
        return safe(code)
    return Html(highlight(printable(code), lexer, HtmlFormatter(nowrap=True)))


def _formula(content: str, options: dict[str, Any]) -> str:
    """A formula as MathML; as it was written if it cannot be read."""
    if len(content) > LONGEST_FORMULA or content.count("{") > 100:
        return f"<code>{safe(content)}</code>"
    from latex2mathml.converter import convert

    try:
        return str(convert(content, display="block" if options.get("display_mode") else "inline"))
    except Exception:  # whatever its reader stumbles over: a model wrote it
        return f"<code>{safe(content)}</code>"
