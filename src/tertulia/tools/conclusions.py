"""Where a reply says what it comes to, in English and Spanish."""

from __future__ import annotations

import re
import unicodedata

from ..excerpts import LOOKED_AT

MARK = re.compile(
    r"(?:\b(?:(?:final )?answers?|respuestas?(?: finale?s?)?|resultados?|soluci[oó]n(?:es)?|solutions?|conclusi[oó]n)"
    r"(?:\s*(?:is|are|es|son))?\s*[:=]|####|^[#* ]*(?:final answer|respuesta final|resultado final)[* ]*$)\s*",
    re.IGNORECASE | re.MULTILINE,
)
BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}")


def clean(text: str) -> str:
    """The text without the marks of LaTeX and Markdown that stand between or around its words."""
    for mark, plain in (("{,}", ","), ("\\,", "\u2009"), ("\\%", "%"), ("\\$", "$"), ("**", ""), ("__", ""), ("`", "")):
        text = text.replace(mark, plain)
    return re.sub(r"\\(?:text|mathrm|mathbf)\{([^{}]*)\}", r"\1", text)


def marked(text: str) -> str | None:
    """What follows the last `Answer:` or stands in the last box, to the end of the text; None if there is neither.

    Of a long text, the last `LOOKED_AT` characters are looked at.
    """
    text = clean(text[-LOOKED_AT:])
    if boxes := BOXED.findall(text):
        return str(boxes[-1]).strip()
    tail = MARK.split(text)[-1].strip() if MARK.search(text) else ""
    return tail or None


def conclusion(text: str) -> str:
    """The line in which the answer is read, near the end of a long text; empty only if there is no text."""
    tail = marked(text)
    lines = [line.strip() for line in (tail or clean(text.rstrip()[-LOOKED_AT:])).splitlines() if line.strip()]
    if not lines:
        return ""
    return (lines[0] if tail else lines[-1]).strip(" *_#$")


def folded(text: str) -> str:
    """The words of a text without case, accents and marks."""
    plain = unicodedata.normalize("NFKD", clean(text).casefold())
    return " ".join(re.findall(r"[^\W_]+", "".join(c for c in plain if not unicodedata.combining(c))))
