"""Text of office documents that nobody would see: taken out before they are read."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ....errors import ToolError

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
SLIDE = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
WORD_PARTS = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")
SLIDE_PARTS = re.compile(r"ppt/slides/[^/]+\.xml")
FILLS = frozenset(f"{DRAWING}{name}" for name in ("solidFill", "gradFill", "blipFill", "pattFill"))
COLOURED = frozenset({*FILLS, f"{SLIDE}pic", f"{SLIDE}bg", f"{SLIDE}blipFill"})
WIDTH, HEIGHT = 12_192_000, 6_858_000
TINY_IN_WORD = 4
"""Half points."""
TINY = 200
"""Hundredths of a point; smaller letters are a line."""


@dataclass(frozen=True)
class Stripped:
    """A document without what nobody would see."""

    data: bytes
    hidden: int = 0
    """Characters that were taken out."""
    white: int = 0
    """Characters that are white where only a style or a theme could colour what is behind them; left in."""


def without_hidden(data: bytes, format: str) -> Stripped:
    """The document as its reader would see it.

    Raises:
        ToolError: if its XML is damaged.
    """
    if format == "docx":
        return _rewritten(data, WORD_PARTS, _seen_of_word, _perhaps_white_in_word)
    if format == "pptx":
        size = _slide_size(data)
        return _rewritten(data, SLIDE_PARTS, lambda root: _seen_of_slide(root, size), _white)
    return Stripped(data)


def _rewritten(
    data: bytes, names: re.Pattern[str], strip: Callable[[Element], int], doubt: Callable[[Element], int]
) -> Stripped:
    """The document with each part stripped of what `strip` takes out and counts; the same bytes if that is nothing."""
    source = zipfile.ZipFile(io.BytesIO(data))
    parts = {entry.filename: source.read(entry) for entry in source.infolist()}
    hidden = white = 0
    for name in filter(names.fullmatch, list(parts)):
        root = _parsed(parts[name])
        count = strip(root)
        white += doubt(root)
        if count:
            hidden += count
            parts[name] = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    if not hidden:
        return Stripped(data, white=white)
    rewritten = io.BytesIO()
    with zipfile.ZipFile(rewritten, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return Stripped(rewritten.getvalue(), hidden, white)


def _parsed(part: bytes) -> Element:
    try:
        for _, (prefix, address) in ElementTree.iterparse(io.BytesIO(part), ["start-ns"]):
            ElementTree.register_namespace(prefix, address)  # or the parts would lose the prefixes that readers expect
        return ElementTree.fromstring(part)
    except (ElementTree.ParseError, ValueError) as error:
        raise ToolError(f"it is damaged: {error}") from error


def _take_out(root: Element, tag: str, unseen: Callable[[Element], bool], text: str) -> int:
    """Take out the elements that are not seen; how many characters of text they had."""
    hidden = 0
    for parent in reversed(list(root.iter())):  # the innermost first, so that nothing is counted twice
        for child in [child for child in parent if child.tag == tag and unseen(child)]:
            hidden += _length(child, text)
            parent.remove(child)
    return hidden


def _length(element: Element, text: str) -> int:
    return sum(len(each.text or "") for each in element.iter(text))


# --- Word -----------------------------------------------------------------------------------------------------------


def _seen_of_word(root: Element) -> int:
    seen = {*_shaded(root), *_styled(root)}
    return _take_out(root, WORD + "r", lambda run: _is_hidden(run, run in seen), WORD + "t")


def _shaded(root: Element) -> Iterator[Element]:
    """Runs of paragraphs and cells of a table that have a colour of their own."""
    for area, look in (("p", "pPr"), ("tc", "tcPr")):
        for each in root.iter(WORD + area):
            if each.find(f"{WORD}{look}/{WORD}shd") is not None:
                yield from each.iter(WORD + "r")


def _styled(root: Element) -> Iterator[Element]:
    """Runs of tables and boxes, which a style or a fill may colour."""
    for area in ("tbl", "txbxContent"):
        for each in root.iter(WORD + area):
            yield from each.iter(WORD + "r")


def _is_hidden(run: Element, coloured: bool) -> bool:
    look = run.find(WORD + "rPr")
    if look is None:
        return False
    value = WORD + "val"
    vanish, size = look.find(WORD + "vanish"), look.find(WORD + "sz")
    if vanish is not None and vanish.get(value) not in ("0", "false", "off"):
        return True
    if _is_white_in_word(look) and not coloured:
        return True
    return size is not None and _number(size, value, TINY_IN_WORD + 1) <= TINY_IN_WORD


def _is_white_in_word(look: Element) -> bool:
    color = look.find(WORD + "color")
    shaded = any(look.find(WORD + name) is not None for name in ("shd", "highlight"))
    return color is not None and (color.get(WORD + "val") or "").upper() == "FFFFFF" and not shaded


def _perhaps_white_in_word(root: Element) -> int:
    """Characters in white letters where only a style could colour what is behind them."""
    runs = set(_styled(root)) - set(_shaded(root))
    looks = ((run, run.find(WORD + "rPr")) for run in runs)
    return sum(_length(run, WORD + "t") for run, look in looks if look is not None and _is_white_in_word(look))


# --- slides ---------------------------------------------------------------------------------------------------------


def _slide_size(data: bytes) -> tuple[int, int]:
    """Width and height in units of 1/914,400 inch; those of an ordinary slide if the file does not say."""
    try:
        root = _parsed(zipfile.ZipFile(io.BytesIO(data)).read("ppt/presentation.xml"))
    except KeyError as error:
        raise ToolError("it is damaged: it has no presentation") from error
    size = root.find(SLIDE + "sldSz")
    return (WIDTH, HEIGHT) if size is None else (_number(size, "cx", WIDTH), _number(size, "cy", HEIGHT))


def _seen_of_slide(root: Element, size: tuple[int, int]) -> int:
    text = DRAWING + "t"
    if root.get("show") in ("0", "false"):
        hidden = _length(root, text)
        for shapes in root.iter(SLIDE + "spTree"):
            shapes.clear()
        return hidden
    hidden = 0
    for tag in ("sp", "grpSp", "graphicFrame", "cxnSp"):
        hidden += _take_out(root, SLIDE + tag, _is_hidden_shape, text)
    for shapes in root.iter(SLIDE + "spTree"):
        for shape in [shape for shape in shapes if _is_outside(shape, size)]:
            hidden += _length(shape, text)
            shapes.remove(shape)
    return hidden + _take_out(root, DRAWING + "r", _is_clear, text)


def _is_hidden_shape(shape: Element) -> bool:
    return any(name.get("hidden") in ("1", "true") for name in shape.findall(f"*/{SLIDE}cNvPr"))


def _is_outside(shape: Element, size: tuple[int, int]) -> bool:
    """Whether a shape that says where it is lies wholly beside the slide."""
    place = next((each for tag in (DRAWING, SLIDE) for each in _children(shape, f"{tag}xfrm")), None)
    if place is None:
        return False
    at, extent = place.find(DRAWING + "off"), place.find(DRAWING + "ext")
    if at is None or extent is None:
        return False
    left, top = _number(at, "x", 0), _number(at, "y", 0)
    right, bottom = left + _number(extent, "cx", 0), top + _number(extent, "cy", 0)
    return right <= 0 or bottom <= 0 or left >= size[0] or top >= size[1]


def _children(shape: Element, tag: str) -> Iterator[Element]:
    """The elements of that name in the shape itself or in its properties, not in shapes inside it."""
    yield from shape.findall(tag)
    for properties in ("spPr", "grpSpPr"):
        yield from shape.findall(f"{SLIDE}{properties}/{tag}")


def _is_clear(run: Element) -> bool:
    """Whether letters are transparent or tiny."""
    look = run.find(DRAWING + "rPr")
    if look is None:
        return False
    if look.find(DRAWING + "noFill") is not None and look.find(DRAWING + "ln") is None:
        return True
    fill = look.find(DRAWING + "solidFill")
    if fill is not None and any(_number(alpha, "val", 100_000) <= 5_000 for alpha in fill.iter(DRAWING + "alpha")):
        return True
    return _number(look, "sz", TINY + 1) <= TINY


def _white(root: Element) -> int:
    """Characters in white letters, if nothing coloured is on the slide that could be behind them."""
    shapes = [shape for shape in root.iter(SLIDE + "spPr") if any(child.tag in FILLS for child in shape)]
    if shapes or any(element.tag in COLOURED - FILLS for element in root.iter()):
        return 0
    return sum(_length(run, DRAWING + "t") for run in root.iter(DRAWING + "r") if _is_white(run))


def _is_white(run: Element) -> bool:
    fill = run.find(f"{DRAWING}rPr/{DRAWING}solidFill")
    if fill is None or run.find(f"{DRAWING}rPr/{DRAWING}highlight") is not None:
        return False
    colours = [(colour.get("val") or "").upper() for colour in fill]
    return any(colour in ("FFFFFF", "BG1", "WHITE") for colour in colours)


def _number(element: Element, name: str, otherwise: int) -> int:
    try:
        return int(element.get(name, otherwise))
    except ValueError:
        return otherwise
