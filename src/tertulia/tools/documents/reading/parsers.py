"""Turning the bytes of one document into text; runs only in the child process."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....errors import LimitReached, NotSupported, ToolError
from ..clean import Cleaned, clean, gives_orders
from ..extras import need
from . import hidden_pdf, html
from .formats import FORMATS, IMAGES, ReadingLimits
from .hidden_office import Stripped, without_hidden

TESSDATA = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
    "C:/Program Files/Tesseract-OCR/tessdata",
)
"""Where systems keep the data that recognises letters in images."""
NO_OCR = "text in images needs Tesseract's data; on Debian: apt install tesseract-ocr-eng tesseract-ocr-spa"


@dataclass(frozen=True)
class Reading:
    """What was read of a document."""

    text: str
    title: str = ""
    pages: tuple[int, ...] = ()
    """Where each page, slide or sheet begins in `text`; empty if the format has none."""
    warnings: tuple[str, ...] = ()
    """What a person should know: hidden text taken out, phrases that address a model."""


@dataclass(frozen=True)
class Raw:
    """What a parser found, before cleaning."""

    pages: list[str] = field(default_factory=list)
    title: str = ""
    hidden: int = 0
    white: int = 0
    """Characters that are white on what may be white."""
    paged: bool = False


def parse(data: bytes, format: str, name: str, limits: ReadingLimits) -> Reading:
    """The text of a document, without what nobody would see.

    Raises:
        ToolError: if it cannot be read.
        LimitReached: if it has more text than allowed.
    """
    if format == "html":
        return assemble(_html(data), limits)
    if format == "csv":
        return assemble(Raw([_csv(decode(data))]), limits)
    if format in ("markdown", "text"):
        return assemble(Raw([decode(data)]), limits)
    shown = hidden_pdf.without_hidden(data) if format == "pdf" else without_hidden(data, format)
    return assemble(_xberg(shown, format, name), limits)


def assemble(raw: Raw, limits: ReadingLimits) -> Reading:
    """Clean each page, and join them."""
    length = sum(map(len, raw.pages))
    if length > limits.characters:
        raise LimitReached(f"it has {length:,} characters of text and the most is {limits.characters:,}")
    cleaned = [clean(page) for page in raw.pages]
    starts, position = [], 0
    for page in cleaned:
        starts.append(position)
        position += len(page.text) + 2
    text = "\n\n".join(page.text for page in cleaned)
    if not text.strip():
        raise ToolError("it holds no text that can be read; if it is scanned, run it through OCR first")
    title = clean(raw.title).text or _first_heading(text)
    return Reading(
        text, " ".join(title.split())[:200], tuple(starts) if raw.paged else (), _warnings(raw, cleaned, text)
    )


def _first_heading(text: str) -> str:
    heading = re.search(r"^#{1,6} +(\S.*)$", text[:5000], re.MULTILINE)
    return heading[1].strip("# *_") if heading else ""


def _warnings(raw: Raw, cleaned: list[Cleaned], text: str) -> tuple[str, ...]:
    hidden = raw.hidden + sum(page.hidden for page in cleaned)
    warnings = []
    if hidden:
        warnings.append(f"{hidden:,} hidden characters were taken out")
    if raw.white:
        warnings.append(f"{raw.white:,} characters are white, and may not be seen; they were left in")
    if gives_orders(text):
        warnings.append("it holds phrases that give orders to a model; they are treated as text")
    return tuple(warnings)


def decode(data: bytes) -> str:
    """Text in UTF-8, UTF-16 with its mark, or what Windows writes.

    Raises:
        ToolError: if it is binary.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\x00" in data[:8192]:
        raise ToolError("its name says text but its content is binary")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _html(data: bytes) -> Raw:
    declared = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", data[:2048], re.IGNORECASE)
    try:
        markup = data.decode(declared[1].decode()) if declared and declared[1].lower() != b"utf-8" else decode(data)
    except (LookupError, UnicodeDecodeError):
        markup = decode(data)
    page = html.page_of(markup)
    return Raw([page.text], page.title, page.hidden)


def _csv(text: str) -> str:
    """Each row with the names of its columns, so that a row found alone can be understood."""
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        rows = [row for row in csv.reader(io.StringIO(text), dialect) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ToolError(f"it is not a table: {error}") from error
    if not rows:
        return ""
    names = [name.strip() for name in rows[0]]
    return "\n".join(" | ".join(_cells(names, row)) for row in rows[1:]) or " | ".join(names)


def _cells(names: list[str], row: list[str]) -> list[str]:
    padded = names + [""] * (len(row) - len(names))
    return [f"{name}: {cell.strip()}" if name else cell.strip() for name, cell in zip(padded, row, strict=False)]


def tessdata() -> Path | None:
    """Folder of the data that OCR needs; None if the system has none."""
    return next((Path(folder) for folder in TESSDATA if any(Path(folder).glob("*.traineddata"))), None)


def _xberg(shown: Stripped, format: str, name: str) -> Raw:
    xberg = need("xberg")
    folder = tessdata()
    if format in IMAGES and folder is None:
        raise NotSupported(NO_OCR)
    found = asyncio.run(_extract(xberg, shown.data, format, name, folder))
    title = str(found.metadata.title or "")
    pages = {"pdf": _pages, "pptx": _slides}.get(format, lambda _: [])(found)
    return Raw(pages or [found.content], title, shown.hidden, shown.white, paged=bool(pages))


async def _extract(xberg: Any, data: bytes, format: str, name: str, folder: Path | None) -> Any:
    config = xberg.ExtractionConfig(
        use_cache=False,
        disable_ocr=folder is None,
        ocr=_ocr(xberg, folder) if folder else None,
        output_format="markdown",
        escape_markdown=False,
        pages=xberg.PageConfig(extract_pages=True),
    )
    try:
        result = await xberg.extract(
            xberg.ExtractInput(kind="bytes", bytes=data, mime_type=FORMATS[format], filename=name), config
        )
    except xberg.XbergError as error:
        raise ToolError(f"it could not be read: {_one_line(error)}") from error
    if not result.results:
        why = _one_line(result.errors[0].message) if result.errors else "nothing was found in it"
        raise ToolError(f"it could not be read: {why}")
    return result.results[0]


def _ocr(xberg: Any, folder: Path) -> Any:
    """English and Spanish, as far as the system has them."""
    languages = [name for name in ("eng", "spa") if (folder / f"{name}.traineddata").exists()]
    return xberg.OcrConfig(backend="tesseract", language=languages or ["eng"], tessdata_path=str(folder))


def _pages(found: Any) -> list[str]:
    """The text of each page; the library counts bytes, and so do we until here."""
    borders = (found.metadata.pages and found.metadata.pages.boundaries) or []
    content = found.content.encode()
    pages = [""] * max((page.page_number for page in borders), default=0)
    ends = [page.byte_start for page in borders[1:]] + [len(content)]
    for page, end in zip(borders, ends, strict=True):
        pages[page.page_number - 1] += content[page.byte_start : end].decode(errors="replace")
    return pages


def _slides(found: Any) -> list[str]:
    """The text of each slide; of slides, unlike pages, xberg 1.3 counts the places wrong."""
    return [slide.content for slide in sorted(found.pages or [], key=lambda slide: slide.page_number)]


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]
