"""What of a long text is looked at, so that no question, however long, stops whoever waits beside it."""

from __future__ import annotations

LOOKED_AT = 10_000
"""Characters of a text that are looked at: all, or the beginning and the end of a longer one, half of this each."""


def pieces(text: str, most: int = LOOKED_AT) -> list[tuple[int, str]]:
    """The text, or the beginning and the end of a long one, each with where it begins; words at the cuts stay whole."""
    if len(text) <= most:
        return [(0, text)]
    half = most // 2
    head, tail = text[:half], text[-half:]
    head = head[: max(head.rfind(" "), head.rfind("\n")) + 1] or head
    cut = min((place for place in (tail.find(" "), tail.find("\n")) if place >= 0), default=0)
    return [(0, head), (len(text) - half + cut, tail[cut:])]


def excerpt(text: str, most: int = LOOKED_AT) -> str:
    """The text, or the beginning and the end of a long one, one below the other."""
    return text if len(text) <= most else "\n".join(piece for _, piece in pieces(text, most))
