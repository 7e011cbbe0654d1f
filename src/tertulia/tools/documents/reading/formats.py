"""The formats that can be read, and the checks a file must pass before any parser sees it."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from ....errors import LimitReached, NotSupported, ToolError

OFFICE = "application/vnd.openxmlformats-officedocument."
FORMATS = {
    "pdf": "application/pdf",
    "docx": OFFICE + "wordprocessingml.document",
    "pptx": OFFICE + "presentationml.presentation",
    "xlsx": OFFICE + "spreadsheetml.sheet",
    "epub": "application/epub+zip",
    "html": "text/html",
    "markdown": "text/markdown",
    "text": "text/plain",
    "csv": "text/csv",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
"""Media type of each format."""
SUFFIXES = {
    **{f".{name}": name for name in FORMATS},
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".txt": "text",
    ".rst": "text",
    ".log": "text",
    ".tsv": "csv",
    ".jpg": "jpeg",
}
IMAGES = frozenset({"png", "jpeg", "gif", "webp"})
ZIPPED = frozenset({"docx", "pptx", "xlsx", "epub"})
MAGIC = {
    "pdf": (b"%PDF-",),
    "docx": (b"PK\x03\x04",),
    "pptx": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "epub": (b"PK\x03\x04",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "webp": (b"RIFF",),
}
"""What a file of the format begins with, within its first kilobyte."""


@dataclass(frozen=True)
class ReadingLimits:
    """The most that reading one document may take."""

    seconds: float = 60.0
    """Wall clock; the processor time allowed is the same."""
    memory: int = 2 << 30
    """Bytes of address space of the process that reads; not enforced on Windows and macOS."""
    size: int = 100 << 20
    """Bytes of the file."""
    characters: int = 20_000_000
    """Characters of its text."""
    entries: int = 10_000
    """Files inside a zipped format."""
    expanded: int = 500 << 20
    """Bytes of all files inside a zipped format, unpacked."""
    ratio: int = 200
    """How many times larger than packed a file inside may be, from a megabyte on."""
    pixels: int = 25_000_000
    """Pixels of an image."""


def format_of(name: str) -> str | None:
    """Format that a file of this name should have; None if it is not one that is read."""
    return SUFFIXES.get(PurePosixPath(name.replace("\\", "/")).suffix.lower())


def check_bytes(data: bytes, format: str, limits: ReadingLimits) -> None:
    """Refuse what no parser should see.

    Raises:
        ToolError: if the file is not what its name says, or hides something that no honest file has.
        LimitReached: if it would unfold into more than `limits` allow.
    """
    if len(data) > limits.size:
        raise LimitReached(f"it has {len(data):,} bytes and the most is {limits.size:,}")
    if format in MAGIC and not any(magic in data[:1024] for magic in MAGIC[format]):
        raise ToolError(f"its name says {format} but its content is something else")
    if format in ZIPPED:
        check_zip(data, limits)
    if format in IMAGES:
        width, height = image_size(data, format)
        if width * height > limits.pixels:
            raise LimitReached(f"it is an image of {width} x {height} pixels and the most is {limits.pixels:,}")


def check_zip(data: bytes, limits: ReadingLimits) -> None:
    """Refuse zip bombs, names that climb out of the archive, links, encryption and XML that defines entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_declared(entries, limits)
            _check_unpacked(archive, entries, limits)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, struct.error, ValueError) as error:
        raise ToolError(f"it is damaged: {error}") from error
    except RuntimeError as error:  # what zipfile raises for a missing password
        raise NotSupported("it is encrypted; save it without a password") from error


def _check_declared(entries: list[zipfile.ZipInfo], limits: ReadingLimits) -> None:
    if len(entries) > limits.entries:
        raise LimitReached(f"it holds {len(entries):,} files and the most is {limits.entries:,}")
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise ToolError(f"it holds a file with a path that leads out of it: {entry.filename[:80]!r}")
        if (entry.external_attr >> 28) == 0xA:
            raise ToolError(f"it holds a link: {entry.filename[:80]!r}")
        if entry.filename.lower().endswith((".zip", ".docx", ".xlsx", ".pptx", ".jar", ".gz", ".7z", ".rar")):
            continue  # packed inside packed is never unpacked, so it cannot unfold
        _check_growth(entry, entry.file_size, limits)
    _check_total(sum(entry.file_size for entry in entries), limits)


def _check_unpacked(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], limits: ReadingLimits) -> None:
    """Count while reading, because a header may lie about the size."""
    total = 0
    for entry in entries:
        size, head = 0, b""
        with archive.open(entry) as file:
            while piece := file.read(1 << 16):
                size += len(piece)
                total += len(piece)
                head = head if len(head) >= 4096 else head + piece
                _check_growth(entry, size, limits)
                _check_total(total, limits)
        _check_xml(entry.filename, head)


def _check_growth(entry: zipfile.ZipInfo, size: int, limits: ReadingLimits) -> None:
    if size > 1 << 20 and size > limits.ratio * max(1, entry.compress_size):
        raise LimitReached(f"it is a zip bomb: {entry.filename[:80]!r} unfolds more than {limits.ratio} times")


def _check_total(size: int, limits: ReadingLimits) -> None:
    if size > limits.expanded:
        raise LimitReached(f"it unfolds into more than {limits.expanded:,} bytes")


def _check_xml(name: str, head: bytes) -> None:
    """A document type that declares entities can unfold without end or read other files; office formats need none."""
    plain = head.replace(b"\x00", b"")  # so that UTF-16 hides nothing
    if re.search(rb"<!ENTITY|<!DOCTYPE[^>]*\[", plain, re.IGNORECASE):
        raise ToolError(f"its XML defines entities, as an XML bomb does: {name[:80]!r}")


def image_size(data: bytes, format: str) -> tuple[int, int]:
    """Width and height in pixels, from the header alone.

    Raises:
        ToolError: if the header cannot be read.
    """
    try:
        if format == "png":
            return struct.unpack(">II", data[16:24])
        if format == "gif":
            return struct.unpack("<HH", data[6:10])
        return _jpeg_size(data) if format == "jpeg" else _webp_size(data)
    except (struct.error, IndexError) as error:
        raise ToolError("its header is damaged") from error


def _jpeg_size(data: bytes) -> tuple[int, int]:
    position = 2
    while position < len(data):
        marker, length = data[position + 1], struct.unpack(">H", data[position + 2 : position + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + length
    raise ToolError("its header is damaged")


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF
