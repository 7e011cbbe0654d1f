"""Text without what its reader would not see, and what in it addresses a model."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from .words import fold

HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u0084\u0086-\u009f"  # controls
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # soft hyphens and fillers
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, bidirectional controls
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"  # tags, spare variation selectors
    "|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]+"  # a second variation selector selects nothing
    # Joiners are letters' own in these scripts and build emoji; anywhere else they only hide.
    "|(?<![\u0600-\u06ff\u0900-\u0dff\u1000-\u109f\ufe0f\u2600-\u27bf\U0001f000-\U0001faff])[\u200c\u200d]"
)
"""Characters that a reader does not see and a model does."""

ORDERS = re.compile(
    r"(ignore|disregard|forget|override)\W+(\w+\W+){0,3}?(previous|prior|above|earlier|system)\b.{0,30}"
    r"(instruction|prompt|message|rule)"
    r"|(ignor[ae]\w*|olvid[ae]\w*|descart[ae]\w*|omit[ae]\w*)\W+(\w+\W+){0,3}?(instruccion|orden|regla|indicacion)\w*"
    r"|(system prompt|prompt del sistema|you are now (a|an|the) |ahora eres (un|una|el|la) )"
    r"|<\|im_(start|end)\|>|\[/?inst\]|<<sys>>",
    re.IGNORECASE,
)
"""Phrases that address a model, in English and Spanish: a hint for the person, not a defence."""


@dataclass(frozen=True)
class Cleaned:
    """Text without what cannot be seen."""

    text: str
    hidden: int
    """Characters taken out because nobody would see them."""


def clean(text: str) -> Cleaned:
    """Text as a person would see it: composed (NFC), plain line ends, at most one blank line in a row."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    visible, hidden = HIDDEN.subn("", text.removeprefix("\ufeff"))
    visible = unicodedata.normalize("NFC", visible)
    visible = re.sub("\r\n?|[\x0c\x85\u2028\u2029]", "\n", visible)
    visible = "\n".join(line.rstrip() for line in visible.split("\n"))
    return Cleaned(re.sub(r"\n{3,}", "\n\n", visible).strip(), hidden)


def gives_orders(text: str) -> bool:
    """Whether the text seems to address a model; it may be innocent, and what is not found may be guilty."""
    return ORDERS.search(fold(text)) is not None
