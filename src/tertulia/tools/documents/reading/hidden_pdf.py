"""Text of PDF that nobody would see: taken out of the pages before they are read.

PDFium says of each piece of text how it is drawn: with which colour, size and mode, and where. Invisible letters over
an image are what OCR lays over a scan, so those are kept; white ones are kept where anything coloured lies under them.
"""

from __future__ import annotations

import ctypes
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..extras import need
from .hidden_office import Stripped

WHITE = 250
"""Of 255: a colour whose parts are all this or more cannot be told from paper."""
FAINT = 16
"""Of 255: opacity below which letters are not seen."""
TINY = 1.0
"""Points; smaller letters are a line."""
NESTED = 8
"""How deep forms within forms are looked into."""
Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in points."""


@dataclass(frozen=True)
class Drawn:
    """Something coloured on the page, under what is drawn after it."""

    box: Box
    is_image: bool

    def holds(self, x: float, y: float) -> bool:
        left, bottom, right, top = self.box
        return left <= x <= right and bottom <= y <= top


def without_hidden(data: bytes, pages: int | None = None) -> Stripped:
    """The document as its reader would see it; the same bytes if nothing is hidden, or if PDFium cannot open it.

    Args:
        pages: how many are looked at, from the first; None for all.
    """
    pdfium = need("pypdfium2")
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError:  # whoever reads it next says what is wrong
        return Stripped(data)
    try:
        count = len(document) if pages is None else min(pages, len(document))
        hidden = sum(_strip(pdfium.raw, document[number]) for number in range(count))
        if not hidden:
            return Stripped(data)
        rewritten = io.BytesIO()
        document.save(rewritten)
        return Stripped(rewritten.getvalue(), hidden)
    except pdfium.PdfiumError:
        return Stripped(data)
    finally:
        document.close()


def _strip(raw: Any, page: Any) -> int:
    """Take what is not seen out of a page; how many characters that was."""
    seen_through = page.get_textpage()
    unseen = list(_unseen(raw, page, seen_through))
    hidden = sum(len(text) for _, text in unseen)
    seen_through.close()
    for piece, _ in unseen:
        page.remove_obj(piece)
    if unseen:
        page.gen_content()
    page.close()
    return hidden


def _unseen(raw: Any, page: Any, letters: Any) -> Iterator[tuple[Any, str]]:
    """Pieces of text that nobody would see, with what they say."""
    paper, under = page.get_bbox(), list[Drawn]()
    for piece in page.get_objects(max_depth=NESTED, textpage=letters):
        if piece.type == raw.FPDF_PAGEOBJ_TEXT:
            text = piece.extract()
            # within a form, places and sizes are the form's own: there only colour and mode can be judged
            if text.strip() and _is_unseen(raw, piece, under, paper if piece.level == 0 else None):
                yield piece, text
        elif piece.type == raw.FPDF_PAGEOBJ_IMAGE or _is_coloured(raw, piece):
            under.append(Drawn(_everywhere(piece), piece.type == raw.FPDF_PAGEOBJ_IMAGE))


def _is_unseen(raw: Any, piece: Any, under: list[Drawn], paper: Box | None) -> bool:
    left, bottom, right, top = piece.get_bounds()
    x, y = (left + right) / 2, (bottom + top) / 2
    below = [one for one in under if paper is None or one.holds(x, y)]
    mode = raw.FPDFTextObj_GetTextRenderMode(piece)
    if mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
        return not any(one.is_image for one in below)
    if paper and (_is_outside((left, bottom, right, top), paper) or _size(piece) < TINY):
        return True
    if mode != raw.FPDF_TEXTRENDERMODE_FILL:
        return False
    colour = _colour(raw, piece)
    if colour is None:
        return False
    return colour[3] < FAINT or (min(colour[:3]) >= WHITE and not below)


def _is_outside(box: Box, paper: Box) -> bool:
    return box[2] <= paper[0] or box[0] >= paper[2] or box[3] <= paper[1] or box[1] >= paper[3]


def _size(piece: Any) -> float:
    """Height of the letters on paper, in points."""
    matrix = piece.get_matrix()
    return float(piece.get_font_size() * math.hypot(matrix.c, matrix.d))


def _is_coloured(raw: Any, piece: Any) -> bool:
    """Whether a shape covers what is under it with something other than white."""
    if piece.type == raw.FPDF_PAGEOBJ_SHADING:
        return True
    if piece.type != raw.FPDF_PAGEOBJ_PATH:
        return False
    filled, stroked = ctypes.c_int(), ctypes.c_int()
    if not raw.FPDFPath_GetDrawMode(piece, filled, stroked) or not filled.value:
        return False
    colour = _colour(raw, piece)
    return colour is None or (colour[3] >= FAINT and min(colour[:3]) < WHITE)


def _colour(raw: Any, piece: Any) -> tuple[int, int, int, int] | None:
    """Red, green, blue and opacity, 0 to 255 each; None if it is filled with a pattern."""
    parts = [ctypes.c_uint() for _ in range(4)]
    if not raw.FPDFPageObj_GetFillColor(piece, *parts):
        return None
    red, green, blue, opacity = (part.value for part in parts)
    return red, green, blue, opacity


def _everywhere(piece: Any) -> Box:
    """Where a shape lies; anywhere, if it is in a form, whose places are its own."""
    if piece.level:
        return -math.inf, -math.inf, math.inf, math.inf
    left, bottom, right, top = piece.get_bounds()
    return left, bottom, right, top
