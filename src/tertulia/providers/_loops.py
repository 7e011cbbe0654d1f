"""Thoughts that go round in circles."""

from __future__ import annotations

import math

SHORTEST, TIMES = 200, 4
"""So many characters, so often in a row, are no thought any more."""
WINDOW = 8000
"""Characters that are looked at: circles of a quarter of them are found."""


class Circle:
    """Whether a text has begun to repeat itself without end."""

    def __init__(self) -> None:
        self._tail = ""
        self._news: list[str] = []
        self._size = 0

    def closes(self, piece: str) -> bool:
        """Whether, with a further piece, the same words stand there four times in a row."""
        self._news.append(piece)
        self._size += len(piece)
        if self._size < SHORTEST:
            return False
        self._tail = (self._tail + "".join(self._news))[-WINDOW:]
        self._news, self._size = [], 0
        return repeats(self._tail)


def repeats(text: str) -> bool:
    """Whether a text ends in the same 200 characters or more, four times in a row."""
    before = text.rfind(text[-SHORTEST:], 0, len(text) - 1)
    if before < 0:
        return False
    period = len(text) - SHORTEST - before
    block = period * math.ceil(SHORTEST / period)
    if block * TIMES > len(text):
        return False
    return text[-block * TIMES :] == text[-block:] * TIMES
