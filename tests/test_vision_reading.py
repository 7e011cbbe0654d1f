"""Images and pages are read in a child process; what is damaged or hostile gets one line that says what would work."""

from __future__ import annotations

import asyncio
import io
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tertulia.errors import LimitReached, ToolError
from tertulia.tools.vision import Eyes, Limits, Paper, Word
from tertulia.tools.vision.ocr import Bend
from tertulia.tools.vision.rows import rows_of

from .corpus_documents import docx, paragraph, pdf

pytest.importorskip("rapidocr")
pytest.importorskip("onnxruntime")
Image = pytest.importorskip("PIL.Image")
ImageDraw = pytest.importorskip("PIL.ImageDraw")
ImageFont = pytest.importorskip("PIL.ImageFont")

LINES = ("CAFE CENTRAL", "Date: 13/03/2024", "Coffee        3.60", "Total        14.18")


@pytest.fixture
async def eyes() -> AsyncIterator[Eyes]:
    async with Eyes(Limits(seconds=60), most=1) as eyes:
        yield eyes


def picture(mode: str = "RGB", lines: tuple[str, ...] = LINES) -> Any:
    image = Image.new("RGB", (420, 60 + 50 * len(lines)), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((30, 30 + 50 * number), line, font=ImageFont.load_default(24), fill="black")
    return image.convert(mode)


def encoded(image: Any, format: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def sixteen_bits() -> bytes:
    import numpy

    grey = numpy.asarray(picture("L")).astype("uint16") * 257
    return encoded(Image.fromarray(grey))


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees
    return encoded(picture().rotate(90, expand=True), "JPEG", quality=95, exif=exif)


def moving() -> bytes:
    return encoded(picture(), "GIF", save_all=True, append_images=[picture(lines=("OTHER",) * 4)])


def header_of(width: int, height: int) -> bytes:
    """A PNG that says it is that large, and has the pixels of a smaller one."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = encoded(picture())
    return data[:8] + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


READ = {
    "a.png": encoded(picture()),
    "a.jpg": encoded(picture(), "JPEG"),
    "a.webp": encoded(picture(), "WEBP"),
    "a.bmp": encoded(picture(), "BMP"),
    "grey.tiff": encoded(picture("L"), "TIFF"),
    "cmyk.jpg": encoded(picture("CMYK"), "JPEG"),
    "cmyk.tiff": encoded(picture("CMYK"), "TIFF"),
    "palette.gif": encoded(picture("P"), "GIF"),
    "sixteen.png": sixteen_bits(),
    "turned.jpg": turned(),
    "moving.gif": moving(),
    "wrong-name.txt.png": encoded(picture(), "JPEG"),
}


async def test_every_kind_of_image_is_read_with_its_words_in_their_places(eyes: Eyes) -> None:
    for name, data in READ.items():
        page = (await eyes.read(data, name)).pages[0]
        assert [cell.text for cell in page.rows[-1].cells] == ["Total", "14.18"], name
        box = page.rows[-1].words[-1].box
        assert box is not None
        assert box[1] < 194 < box[3], name


async def test_of_a_moving_picture_the_first_is_read_and_that_is_said(eyes: Eyes) -> None:
    paper = await eyes.read(moving(), "moving.gif")
    assert paper.notes == ("it moves: only the first of its 2 pictures was read",)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "zero bytes"),
        (b"MZ\x90\x00 not an image at all", "no image that can be read; what can is PNG, JPEG"),
        (encoded(picture())[:900], "damaged or cut off"),
        (encoded(picture(), "JPEG")[:2000], "damaged or cut off"),
    ],
    ids=["empty", "other", "cut png", "cut jpeg"],
)
async def test_what_is_no_whole_image_is_refused_in_one_line(eyes: Eyes, data: bytes, why: str) -> None:
    with pytest.raises(ToolError, match=why) as refused:
        await eyes.read(data, "a.png")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("width", "height"), [(40_000, 40_000), (200_000, 200), (6_000, 6_000)])
async def test_an_image_of_too_many_pixels_is_refused_by_its_header(eyes: Eyes, width: int, height: int) -> None:
    with pytest.raises(LimitReached, match="the most is 25,000,000; scale it down"):
        await eyes.read(header_of(width, height), "bomb.png")


async def test_a_photograph_of_more_pixels_is_read_at_half_its_size(eyes: Eyes) -> None:
    large = picture().resize((420 * 16, 260 * 16))
    page = (await eyes.read(encoded(large, "JPEG", quality=60), "photo.jpg")).pages[0]
    assert (page.width, page.height) == (420 * 8, 260 * 8)
    assert "14.18" in page.text


async def test_reading_that_takes_too_long_is_stopped_and_the_next_file_is_read() -> None:
    async with Eyes(Limits(seconds=0.01), most=1) as eyes:
        with pytest.raises(LimitReached, match=r"more than 0\.01 seconds"):
            await eyes.read(READ["a.png"], "a.png")
        eyes.limits = Limits(seconds=60)
        assert "14.18" in (await eyes.read(READ["a.png"], "a.png")).text


async def test_a_process_loads_the_models_once(eyes: Eyes) -> None:
    await eyes.read(READ["a.png"], "a.png")
    [first] = eyes._idle
    await eyes.read(READ["a.jpg"], "a.jpg")
    assert [(child.process.pid, child.read) for child in eyes._idle] == [(first.process.pid, 2)]


async def test_the_text_of_a_pdf_is_taken_from_the_file_with_its_places(eyes: Eyes) -> None:
    paper = await eyes.read(pdf("Invoice", "Total 14.18"), "a.pdf")
    word = next(word for page in paper.pages for word in page.words if word.text == "14.18")
    assert word.confidence == 1
    assert word.box is not None


async def test_a_pdf_without_text_is_rendered_and_recognised(eyes: Eyes) -> None:
    paper = await eyes.read(encoded(picture(), "PDF"), "scan.pdf")
    assert "14.18" in paper.text


async def test_of_a_pdf_with_two_thousand_pages_the_first_are_read_and_that_is_said(eyes: Eyes) -> None:
    pypdfium2 = pytest.importorskip("pypdfium2")
    document, stream = pypdfium2.PdfDocument(pdf("Invoice", "Total 14.18")), io.BytesIO()
    for _ in range(1999):
        document.new_page(200, 200)
    document.save(stream)
    eyes.limits = Limits(seconds=60, pages=1)
    paper = await eyes.read(stream.getvalue(), "long.pdf")
    assert len(paper.pages) == 1
    assert "only the first 1 of its" in paper.notes[0]


@pytest.mark.parametrize(("name", "text"), [("Minduka_Present_Blue_Pack.png", ""), ("grace_hopper.jpg", "HOPPER")])
async def test_a_pattern_that_looks_like_letters_is_no_text(eyes: Eyes, name: str, text: str) -> None:
    cbook = pytest.importorskip("matplotlib.cbook")
    found = (await eyes.look(Path(str(cbook.get_sample_data(name, asfileobj=False))))).text
    assert text in found
    assert bool(text) == bool(found)


async def test_heic_is_read_where_its_library_is(eyes: Eyes) -> None:
    heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    heif.from_pillow(picture()).save(stream, format="HEIF")
    assert "14.18" in (await eyes.read(stream.getvalue(), "photo.heic")).text


async def test_other_documents_are_read_by_the_librarians_readers_into_rows_without_places(eyes: Eyes) -> None:
    paper = await eyes.read(docx(paragraph("Total: 14.18")), "a.docx")
    assert paper.text == "Total: 14.18"
    assert paper.pages[0].words[0].box is None


async def test_files_are_read_at_the_same_time_by_as_many_processes_as_allowed(tmp_path: Path) -> None:
    async with Eyes(Limits(seconds=60), most=2) as eyes:
        papers: list[Paper] = await asyncio.gather(*(eyes.read(READ["a.png"], f"{n}.png") for n in range(4)))
        assert len(eyes._idle) == 2
    assert all("14.18" in paper.text for paper in papers)


def word(text: str, left: float, middle: float, width: float = 50) -> Word:
    return Word(text, left, left + width, middle, 20)


def test_words_at_one_height_are_a_row_and_wide_space_parts_its_cells() -> None:
    rows = rows_of([word("3.60", 300, 102), word("Coffee", 10, 100), word("black", 66, 101), word("Total", 10, 140)])
    assert [[cell.text for cell in row.cells] for row in rows] == [["Coffee black", "3.60"], ["Total"]]


def test_lines_that_fall_to_the_right_are_put_straight() -> None:
    boxes = [[(0, y), (200, y + 10), (200, y + 30), (0, y + 20)] for y in range(0, 400, 50)]
    bend = Bend.of([[tuple(map(float, corner)) for corner in box] for box in boxes])
    left, right = bend.straight(10, 100), bend.straight(210, 110)
    assert left[1] == pytest.approx(right[1], abs=0.5)
