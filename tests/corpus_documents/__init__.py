"""Small documents of every format, made on the fly."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
TYPE = "application/vnd.openxmlformats-officedocument."


def zipped(parts: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return target.getvalue()


def package(parts: dict[str, str], main: str, types: dict[str, str]) -> bytes:
    """An Office Open XML file: its parts, the type of each, and which one is the document."""
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{TYPE}{kind}+xml"/>' for name, kind in types.items()
    )
    return zipped(
        {
            "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>',
            "_rels/.rels": relations({"rId1": ("officeDocument", main)}),
            **parts,
        }
    )


def relations(targets: dict[str, tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="{id}" Type="{OFFICE}/{kind}" Target="{target}"/>' for id, (kind, target) in targets.items()
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def paragraph(text: str, style: str = "", look: str = "") -> str:
    before = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{before}<w:r>{f'<w:rPr>{look}</w:rPr>' if look else ''}<w:t>{text}</w:t></w:r></w:p>"


def docx(*paragraphs: str, prologue: str = "") -> bytes:
    body = "".join(paragraphs)
    document = f'<?xml version="1.0"?>{prologue}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    return package(
        {"word/document.xml": document}, "word/document.xml", {"word/document.xml": "wordprocessingml.document.main"}
    )


def xlsx(rows: list[list[str]]) -> bytes:
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>" for row in rows
    )
    parts = {
        "xl/workbook.xml": f'<?xml version="1.0"?><workbook xmlns="{SHEET}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="Ríos" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations({"rId1": ("worksheet", "worksheets/sheet1.xml")}),
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?><worksheet xmlns="{SHEET}">'
        f"<sheetData>{cells}</sheetData></worksheet>",
    }
    types = {"xl/workbook.xml": "spreadsheetml.sheet.main", "xl/worksheets/sheet1.xml": "spreadsheetml.worksheet"}
    return package(parts, "xl/workbook.xml", types)


def shape(text: str, look: str = "", names: str = "", place: str = "", fill: str = "") -> str:
    """A box with text on a slide; `place` is the position of its upper left corner."""
    where = f'<a:xfrm><a:off {place}/><a:ext cx="900" cy="900"/></a:xfrm>' if place else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="x" {names}/><p:cNvSpPr/><p:nvPr/></p:nvSpPr>'
        f"<p:spPr>{where}{fill}</p:spPr><p:txBody><a:p><a:r>{look}<a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


def pptx(*slides: str, unseen: tuple[int, ...] = ()) -> bytes:
    """One text, or the shapes of it, a slide; the slides of the numbers in `unseen` are not shown."""
    names = [f"slides/slide{i}.xml" for i in range(1, len(slides) + 1)]
    ids = "".join(f'<p:sldId id="{255 + i}" r:id="rId{i}"/>' for i in range(1, len(slides) + 1))
    parts = {
        "ppt/presentation.xml": f'<?xml version="1.0"?><p:presentation xmlns:p="{SLIDE}" xmlns:r="{OFFICE}">'
        f"<p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations({f"rId{i}": ("slide", name) for i, name in enumerate(names, 1)}),
    }
    for number, (name, text) in enumerate(zip(names, slides, strict=True), 1):
        shapes = text if text.startswith("<") else shape(text)
        show = ' show="0"' if number in unseen else ""
        parts[f"ppt/{name}"] = (
            f'<?xml version="1.0"?><p:sld xmlns:p="{SLIDE}" xmlns:a="{DRAWING}"{show}><p:cSld><p:spTree>'
            f"{shapes}</p:spTree></p:cSld></p:sld>"
        )
    types = {"ppt/presentation.xml": "presentationml.presentation.main"}
    types |= {f"ppt/{name}": "presentationml.slide" for name in names}
    return package(parts, "ppt/presentation.xml", types)


def epub(title: str, *chapters: str) -> bytes:
    items = "".join(
        f'<item id="c{i}" href="c{i}.xhtml" media-type="application/xhtml+xml"/>' for i in range(1, len(chapters) + 1)
    )
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(1, len(chapters) + 1))
    parts: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<?xml version="1.0"?><container version="1.0" '
        'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "book.opf": '<?xml version="1.0"?><package version="3.0" xmlns="http://www.idpf.org/2007/opf" '
        'unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">x</dc:identifier><dc:title>{title}</dc:title><dc:language>es</dc:language></metadata>'
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>",
    }
    for i, chapter in enumerate(chapters, 1):
        parts[f"c{i}.xhtml"] = (
            '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>'
            f"<body><p>{chapter}</p></body></html>"
        )
    return zipped(parts)


def pdf(*pages: str) -> bytes:
    """One line of text a page."""
    return drawn_pdf(*(f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET" for text in pages))


def drawn_pdf(*pages: str) -> bytes:
    """Pages by the operators that draw them; `F1` is a font, `I1` a grey image, `G0` makes things transparent."""
    kids = " ".join(f"{3 + 2 * i} 0 R" for i in range(len(pages)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode()]
    image = 3 + 2 * len(pages)
    for i, operators in enumerate(pages):
        drawn = operators.encode("cp1252")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {4 + 2 * i} 0 R /Resources << "
            f"/Font << /F1 {font} >> /XObject << /I1 {image} 0 R >> /ExtGState << /G0 << /ca 0 >> >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawn), drawn))
    objects.append(
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>"
        b"\nstream\n\x80\nendstream"
    )
    return pdf_of(objects)


def pdf_bomb(megabytes: int) -> bytes:
    """A page whose drawing is compressed a thousand times."""
    drawn = zlib.compress(b"BT /F1 12 Tf 72 700 Td (bomb) Tj ET\n" + b" " * (megabytes << 20), 9)
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << >> >>",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(drawn), drawn),
        ]
    )


def pdf_of(objects: list[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(out)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)


def png(width: int, height: int) -> bytes:
    """A header that claims this size, over almost no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )
