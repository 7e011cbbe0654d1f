"""The evidence drawn over the picture that it was read from."""

from __future__ import annotations

import base64
import html
import struct

from .found import Evidence, Extraction

KINDS = ("png", "svg", "html")
COLOURS = {"label": "#1a6fd4", "table": "#18864b", "place": "#b5540a", "choice": "#7a3fb0", "model": "#c2185b"}
"""Of each way in which a value was found."""
STYLE = """body{margin:0;font:15px system-ui,sans-serif;display:flex;flex-wrap:wrap;gap:1rem;background:#fff;color:#111}
figure{margin:0;flex:2 1 30rem}svg{width:100%;height:auto}
table{border-collapse:collapse;flex:1 1 20rem;align-self:start}
td,th{padding:.3rem .6rem;text-align:left;border-bottom:1px solid #ddd}rect{fill-opacity:.12}
svg:has(:target) rect:not(:target){opacity:.25}rect:target{fill-opacity:.45}"""


def drawn(kind: str, picture: bytes, extraction: Extraction, page: int) -> bytes:
    """The page with its evidence.

    Args:
        picture: The page as PNG; for the kind `png` with the boxes drawn already.
    """
    if kind == "png":
        return picture
    svg = _svg(picture, [one for one in extraction.evidence if one.page == page and one.box])
    return (svg if kind == "svg" else _html(svg, extraction)).encode()


def _svg(picture: bytes, evidence: list[Evidence]) -> str:
    width, height = struct.unpack(">II", picture[16:24])
    data = base64.b64encode(picture).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f'<image href="data:image/png;base64,{data}" width="{width}" height="{height}"/>'
        f"{''.join(map(_rect, evidence))}</svg>"
    )


def _rect(one: Evidence) -> str:
    assert one.box is not None
    left, top, right, bottom = one.box
    colour, title = COLOURS[one.by], html.escape(f"{one.pointer}: {one.text} ({one.confidence:.2f}, {one.by})")
    return (
        f'<rect id="{html.escape(one.pointer, quote=True)}" x="{left:g}" y="{top:g}" width="{right - left:g}" '
        f'height="{bottom - top:g}" fill="{colour}" stroke="{colour}" stroke-width="2"><title>{title}</title></rect>'
    )


def _html(svg: str, extraction: Extraction) -> str:
    """A page without scripts: a click on a value lights its box up."""
    rows = "".join(
        f'<tr><th scope="row"><a href="#{html.escape(one.pointer, quote=True)}">{html.escape(one.pointer)}</a></th>'
        f"<td>{html.escape(one.text)}</td><td>{one.confidence:.2f}</td></tr>"
        for one in extraction.evidence
    )
    missing = "".join(
        f"<tr><th scope='row'>{html.escape(one)}</th><td colspan=2>not found</td></tr>" for one in extraction.missing
    )
    checks = "".join(f"<li>{'✓' if one.holds else '✗'} {html.escape(one.says)}</li>" for one in extraction.checks)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(extraction.source)}</title>'
        f"<style>{STYLE}</style><figure>{svg}</figure><div><table>{rows}{missing}</table><ul>{checks}</ul></div></html>"
    )
