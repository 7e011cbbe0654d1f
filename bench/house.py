"""Draws the house: its parts on floors, each of which imports only from the floors below it.

    python -m bench.house [--out docs/house.svg]

A part is a file or a folder of `src/tertulia`. It stands on the floor above the highest part that it imports.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path

import tertulia

ROOT = Path(tertulia.__file__).parent
LEFT_OUT = {"__init__", "__main__"}
ROW, GAP, MARGIN, LETTER, LABEL = 46, 8, 14, 7.4, 60
COLOURS = ("#e8f1fa", "#eaf6ec", "#fdf3e1", "#f7e9f2", "#eeeafb", "#fbe9e7")


@dataclass(frozen=True)
class Part:
    """A file or folder of the package."""

    name: str
    files: int
    lines: int
    imports: frozenset[str]

    @property
    def label(self) -> str:
        return f"{self.name}/ ({self.files})" if self.files > 1 else self.name

    @property
    def width(self) -> float:
        return LETTER * len(self.label) + 2 * GAP


@cache
def parts() -> dict[str, Part]:
    """Parts by name."""
    files: dict[str, list[Path]] = {}
    for file in sorted(ROOT.rglob("*.py")):
        files.setdefault(file.relative_to(ROOT).with_suffix("").parts[0], []).append(file)
    names = set(files) - LEFT_OUT
    return {name: part(name, files[name], names) for name in sorted(names)}


def part(name: str, files: list[Path], names: set[str]) -> Part:
    targets = frozenset(target for file in files for target in imported(file) if target in names and target != name)
    return Part(name, len(files), sum(len(file.read_text().splitlines()) for file in files), targets)


def imported(file: Path) -> Iterator[str]:
    """Parts that a file imports."""
    here = file.relative_to(ROOT).parts
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == len(here):
            yield from [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]


def floors() -> list[list[Part]]:
    """Parts by floor, the lowest first."""
    graph = {name: one.imports for name, one in parts().items()}
    height: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        height[name] = 1 + max((height[other] for other in graph[name]), default=-1)
    return [
        [parts()[name] for name in sorted(height) if height[name] == number]
        for number in range(max(height.values()) + 1)
    ]


def as_text() -> str:
    """The floors in words, the highest first."""
    rows = [", ".join(one.label for one in floor) for floor in floors()]
    return "\n".join(f"{number:>2}  {row}" for number, row in reversed(list(enumerate(rows))))


def as_svg() -> str:
    """The floors as rows of boxes, the highest first."""
    rows = list(reversed(list(enumerate(floors()))))
    width = LABEL + 2 * MARGIN + max(sum(one.width + GAP for one in floor) for _, floor in rows)
    height = 2 * MARGIN + ROW * len(rows)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}"',
        ' font-family="sans-serif" font-size="13">',
        "<title>The house: each part imports only from the floors below it</title>",
        f'<rect width="{width:.0f}" height="{height}" fill="#ffffff"/>',
    ]
    for place, (number, floor) in enumerate(rows):
        lines += row(floor, number, MARGIN + place * ROW)
    return "\n".join([*lines, "</svg>"]) + "\n"


def row(floor: list[Part], number: int, top: int) -> Iterator[str]:
    """One floor, with its number before it."""
    yield f'<text x="{MARGIN}" y="{top + 22}" fill="#777777">floor {number}</text>'
    left: float = LABEL + MARGIN
    for one in floor:
        below = f"imports {', '.join(sorted(one.imports)) or 'nothing of the house'}"
        colour = COLOURS[number % len(COLOURS)]
        yield f"<g><title>{escape(one.name)}: {one.lines:,} lines; {escape(below)}</title>"
        box = f'x="{left:.1f}" y="{top}" width="{one.width:.1f}" height="34" rx="4"'
        yield f'<rect {box} fill="{colour}" stroke="#999999"/>'
        yield f'<text x="{left + GAP:.1f}" y="{top + 22}" fill="#222222">{escape(one.label)}</text></g>'
        left += one.width + GAP


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="where to write the picture; printed in words without it")
    out = parser.parse_args().out
    if out:
        out.write_text(as_svg())
    else:
        print(as_text())


if __name__ == "__main__":
    main()
