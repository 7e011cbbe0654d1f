"""Foreign text as every screen can show it.

Models, documents, names of files and errors of servers are written by strangers; what they wrote goes through here on
its way to a screen.
"""

from __future__ import annotations

import re

SEQUENCES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, moves, erasures
    "|(?:\x1b[\\]P_^X]|[\x90\x98\x9d-\x9f])"  # titles, links, the clipboard,
    "[^\n\x07\x1b\x9c]{0,1000}(?:\x07|\x1b\\\\|\x9c)"  # up to their end
    "|\x1b[ -/]*[0-~]?"
)
"""What terminals take for orders (ECMA-48): control sequences, control strings and escape sequences."""
LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f]")
"""Control characters other than tab and line feed, and those that change the direction of what follows."""
HALVES = re.compile("[\ud800-\udfff]")
"""Halves of a character, which no stream can write."""


def printable(text: str) -> str:
    """The text without what commands a terminal or changes how it is read; tabs and line feeds are left."""
    text = SEQUENCES.sub("", LINE_ENDS.sub("\n", text))
    return HALVES.sub("�", UNSEEN.sub("", text))


def shortened(text: str, most: int = 200) -> str:
    """The text in one line of at most so many characters."""
    line = " ".join(printable(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
