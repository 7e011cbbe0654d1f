"""Cutting a document into the passages that are searched."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from .words import sentences

AIM = 700
"""Characters a passage should have: a sentence encoder blurs longer ones."""
LONGEST = 1000
"""Characters a passage may have, so that a paragraph of ordinary length stays whole."""
SHORTEST = 150
"""A section shorter than this goes with the next one of its page."""

HEADING = re.compile(r"^(#{1,6}) +(\S.*)$", re.MULTILINE)
SEPARATOR = " > "
CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
PARAGRAPH = re.compile(r"\n\n")
CUTS = (PARAGRAPH, re.compile(r"(?<=[.!?…])[\"'»”’)\]]*\s"), re.compile(r"\n"), re.compile(r"\s"))
"""Where to cut, best first."""


@dataclass(frozen=True)
class Piece:
    """A span of a document's text; pieces follow each other without gap or overlap."""

    start: int
    end: int
    page: int | None
    section: str


@dataclass(frozen=True)
class Marks:
    """Something that holds from a position of the text on, until the next position."""

    starts: tuple[int, ...]
    values: tuple[str, ...]

    def at(self, position: int) -> str:
        """The value there; empty before the first mark."""
        index = bisect_right(self.starts, position) - 1
        return self.values[index] if index >= 0 else ""

    def over(self, start: int, end: int) -> str:
        """The part of the path that holds for the whole span, or what holds at its start if there is none."""
        first = self.at(start)
        inside = self.values[bisect_right(self.starts, start) : bisect_left(self.starts, end)]
        paths = [path.split(SEPARATOR) for path in [first, *inside]]
        common = [names[0] for names in zip(*paths, strict=False) if len(set(names)) == 1]
        return SEPARATOR.join(common) or first


def sections(text: str) -> Marks:
    """Path of headings above each position, as in `Networking > Firewall`."""
    code = [border for match in CODE.finditer(text) for border in match.span()]
    path: list[tuple[int, str]] = []
    starts, values = [], []
    for heading in HEADING.finditer(text):
        if bisect_right(code, heading.start()) % 2:  # past a beginning and not yet past its end
            continue
        level, name = len(heading[1]), heading[2].strip("# *_")[:120]
        path = [(above, title) for above, title in path if above < level] + [(level, name)]
        starts.append(heading.start())
        values.append(SEPARATOR.join(title for _, title in path))
    return Marks(tuple(starts), tuple(values))


def split(text: str, pages: tuple[int, ...] = ()) -> list[Piece]:
    """The whole text in pieces, cut where pages and sections begin and at ends of paragraphs and sentences.

    Args:
        pages: where each page begins; empty if the format has none.
    """
    headings = sections(text)
    pieces = []
    for start, end in _segments(text, headings.starts, pages):
        for first, last in _cut(text, start, end):
            if text[first:last].strip():
                page = bisect_right(pages, first) if pages else None
                pieces.append(Piece(first, last, page, headings.over(first, last)))
    return pieces


def _segments(text: str, headings: tuple[int, ...], pages: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    hard = set(pages)
    start = 0
    for border in sorted({*headings, *pages, len(text)} - {0}):
        if border - start >= SHORTEST or border in hard or border == len(text):
            yield start, border
            start = border


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST:
        cut = _best_cut(text, start)
        yield start, cut
        start = cut
    if start < end:
        yield start, end


def _best_cut(text: str, start: int) -> int:
    earliest = start + AIM * 2 // 5
    whole = PARAGRAPH.search(text, start + AIM, start + LONGEST)
    for border in CUTS:
        last = None
        for match in border.finditer(text, earliest, start + AIM):
            last = match.end()
        if last is None and border is PARAGRAPH and whole:
            return whole.end()
        if last is not None:
            return last
    return start + AIM


def parts_of(passage: str, size: int) -> tuple[str, ...]:
    """Sentences of the passage, short ones together as far as `size` characters; empty if there would be but one."""
    if not size:
        return ()
    spans: list[tuple[int, int]] = []
    for start, end in sentences(passage):
        if spans and end - spans[-1][0] <= size:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(passage[start:end] for start, end in spans) if len(spans) > 1 else ()
