"""Pages of a PDF: the words of its own text, or a picture of a page that has none; runs only in the child process."""

from __future__ import annotations

import io
from collections.abc import Iterator
from statistics import median
from typing import Any

from ...errors import LimitReached, NotSupported, ToolError
from ..documents.reading import hidden_pdf
from .extras import need
from .limits import Limits
from .paper import Word

SCALE = 2.0
"""Pixels to a point: 144 dots per inch, at which small print is still legible."""
FEW = 12
"""Letters of text below which a page with a picture is taken for a scan."""
APART = 0.25
"""Space between two letters that parts words, in heights of a letter."""


class Pages:
    """The pages of one PDF.

    Raises:
        ToolError: if it cannot be opened.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        pdfium = need("pypdfium2")
        self.limits, shown = limits, hidden_pdf.without_hidden(data, limits.pages)
        try:
            self.document = pdfium.PdfDocument(io.BytesIO(shown.data))
            self.count = len(self.document)
        except pdfium.PdfiumError as error:
            if "assword" in str(error):
                raise NotSupported("it is encrypted; save it without a password") from error
            raise ToolError(f"it is no PDF that can be opened: {error}") from error
        self.taken = min(self.count, limits.pages)
        self.notes = [f"{shown.hidden:,} hidden characters were taken out"] if shown.hidden else []
        if self.taken < self.count:
            self.notes.append(f"only the first {self.taken} of its {self.count:,} pages were read")

    def size(self, number: int) -> tuple[int, int]:
        width, height = self.document.get_page_size(number)
        return round(width * SCALE), round(height * SCALE)

    def words(self, number: int) -> list[Word]:
        """The words of the page's own text; none if it is a scan."""
        page, pdfium = self.document[number], need("pypdfium2")
        letters = page.get_textpage()
        try:
            if letters.count_chars() < FEW and any(page.get_objects([pdfium.raw.FPDF_PAGEOBJ_IMAGE])):
                return []
            return [_word(word) for word in _words(letters, page.get_height())]
        finally:
            letters.close()
            page.close()

    def picture(self, number: int) -> Any:
        """The page as pixels, of shape (height, width, 3), red first."""
        width, height = self.size(number)
        if width * height > self.limits.pixels:
            raise LimitReached(
                f"page {number + 1} is {width:,} x {height:,} pixels and the most is {self.limits.pixels:,}"
            )
        page = self.document[number]
        try:
            return need("numpy").asarray(page.render(scale=SCALE).to_pil().convert("RGB"))
        finally:
            page.close()


Glyph = tuple[str, float, float, float, float]
"""A letter with left, top, right and bottom, in points from the top."""


def _words(letters: Any, page_height: float) -> Iterator[list[Glyph]]:
    word: list[Glyph] = []
    for index, text in enumerate(letters.get_text_range()):
        if index >= letters.count_chars():
            break
        if text.isspace() or text in "\ufffe\u00ad":
            glyph = None
        else:
            left, bottom, right, top = letters.get_charbox(index, loose=False)
            glyph = (text, left, page_height - top, right, page_height - bottom)
        if word and (glyph is None or _is_apart(word[-1], glyph, word)):
            yield word
            word = []
        if glyph is not None:
            word.append(glyph)
    if word:
        yield word


def _is_apart(before: Glyph, glyph: Glyph, word: list[Glyph]) -> bool:
    height = max(bottom - top for _, _, top, _, bottom in word)
    below = (glyph[2] + glyph[4]) / 2 - (before[2] + before[4]) / 2
    return abs(below) > height or glyph[1] - before[3] > max(2.0, height * (1 + APART)) or glyph[1] < before[1] - height


def _word(word: list[Glyph]) -> Word:
    left, right = word[0][1] * SCALE, max(glyph[3] for glyph in word) * SCALE
    top, bottom = min(glyph[2] for glyph in word) * SCALE, max(glyph[4] for glyph in word) * SCALE
    tall = max(bottom - top, 1.0)
    middle = median((glyph[2] + glyph[4]) / 2 * SCALE for glyph in word)
    text = "".join(glyph[0] for glyph in word)
    return Word(text, left, right, middle, max(tall, 6.0), (left, top, max(right, left + 1), top + tall))
