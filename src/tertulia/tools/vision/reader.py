"""Turning the bytes of one file into words in their places; runs only in the child process."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from ...errors import ToolError
from ..documents.reading import formats, parsers
from .decoding import frames
from .extras import need
from .layer import Pages
from .limits import Limits
from .ocr import words_of
from .paper import Box, Page, Paper, Word
from .rows import rows_of
from .shapes import colours_of, shapes_of

STEP, LINE = 10.0, 20.0
"""Width and height that a letter of plain text is taken to have, in pixels."""


def read(data: bytes, name: str, limits: Limits, threads: int) -> Paper:
    """What stands on the pages.

    Raises:
        ToolError: if it cannot be read.
        LimitReached: if it has more pixels or text than allowed.
    """
    format = formats.format_of(name)
    if data.startswith(b"%PDF-") or format == "pdf":
        formats.check_bytes(data, "pdf", limits)
        return _pdf(data, name, limits, threads)
    if format is None or format in formats.IMAGES:
        pictures, notes = frames(data, limits)
        pages = [_seen(picture, number, threads) for number, picture in enumerate(pictures, 1)]
        return Paper(name, tuple(pages), tuple(notes))
    formats.check_bytes(data, format, limits)
    reading = parsers.parse(data, format, name, limits)
    return Paper(name, tuple(_written(reading)), reading.warnings)


def _pdf(data: bytes, name: str, limits: Limits, threads: int) -> Paper:
    document = Pages(data, limits)
    pages = []
    for number in range(document.taken):
        words = document.words(number) or words_of(document.picture(number), threads)
        pages.append(Page(number + 1, *document.size(number), tuple(words), rows_of(words)))
    return Paper(name, tuple(pages), tuple(document.notes))


def drawn(data: bytes, name: str, limits: Limits, number: int, boxes: Sequence[Box]) -> bytes:
    """A page as PNG, with boxes drawn on it.

    Raises:
        ToolError: if it cannot be read, or has no such page.
    """
    if data.startswith(b"%PDF-"):
        document = Pages(data, limits)
        pictures = [document.picture(number - 1)] if 0 < number <= document.taken else []
    else:
        pictures = frames(data, limits)[0][number - 1 : number]
    if not pictures:
        raise ToolError(f"it has no page {number} that was read")
    image = need("PIL.Image").fromarray(pictures[0])
    canvas = need("PIL.ImageDraw").Draw(image)
    for left, top, right, bottom in boxes:
        canvas.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=(26, 111, 212), width=3)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _seen(picture: Any, number: int, threads: int) -> Page:
    height, width = picture.shape[:2]
    words = words_of(picture, threads)
    shapes = tuple(shapes_of(picture, words))
    return Page(number, width, height, tuple(words), rows_of(words), shapes, colours_of(picture))


def _written(reading: parsers.Reading) -> Iterator[Page]:
    """Pages of a format that has no places: rows and cells stand where they would in a typewriter's copy."""
    borders = [*(reading.pages or (0,)), len(reading.text)]
    for number, (start, end) in enumerate(pairwise(borders), 1):
        words = tuple(_typed(reading.text[start:end]))
        yield Page(number, 0, 0, words, rows_of(words))


def _typed(text: str) -> Iterator[Word]:
    for row, line in enumerate(text.splitlines()):
        column = 0.0
        for cell in line.replace("\t", "|").strip("| ").split("|"):
            for piece in cell.strip("#*_ ").split("  "):
                for part in piece.split():
                    yield Word(part, column * STEP, (column + len(part)) * STEP, row * LINE, STEP)
                    column += len(part) + 0.5
                column += 4
