"""Reads what is wanted out of files from the command line: one as a record, many as a line of JSON each."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..codec import tokens
from ..errors import SettingsError, TertuliaError, ToolError
from ..extracting import Desk, Extracted, open_desk
from ..settings import Settings
from ..tools.documents.reading.formats import SUFFIXES
from ..tools.extraction import Wanted
from ..tools.vision import Eyes, Limits
from .ask import ANSWERED, FAILED, exit_code

READ = frozenset([*SUFFIXES, ".tif", ".tiff", ".bmp", ".heic", ".heif"])
"""Suffixes of the files that are taken from a folder."""


def wanted_from(schema: Path | None, fields: str) -> Wanted:
    """What is wanted, from a file or a line.

    Raises:
        SettingsError: if neither or both are given, or it cannot be understood.
    """
    if bool(schema) == bool(fields):
        raise SettingsError('say what is wanted: --schema FILE, or --fields "vendor, date: date, total: number"')
    if fields or schema is None:
        return Wanted.of_line(fields)
    try:
        return Wanted.of_schema(json.loads(schema.read_text()))
    except (OSError, ValueError, AttributeError) as error:
        raise SettingsError(f"{schema} is no JSON schema: {error}") from None


@dataclass
class Extracting:
    """Files on their way through the command line."""

    paths: Sequence[str]
    wanted: Wanted
    settings: Settings
    out: Path | None = None
    as_csv: bool = False
    boxes: Path | None = None
    parallel: int = 2
    pages: int = 20
    asks: bool = True
    shows: bool = False
    quiet: bool = False
    failed: int = 0
    table: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> int:
        """Read all, and print or write what was found; gives the exit code: 1 if any file could not be read."""
        if self.as_csv and self.out and self.out.exists():
            raise SettingsError(f"{self.out} is there already; --csv writes a file anew, so remove it or name another")
        return asyncio.run(self._run())

    async def _run(self) -> int:
        files = found(self.paths)
        is_one = [str(path) for path in files] == list(self.paths)
        if self.boxes and not is_one:
            raise SettingsError("--boxes draws the evidence of one file; name one")
        eyes = Eyes(Limits(pages=self.pages), most=self.parallel)
        async with await open_desk(
            self.settings, self.wanted, self._say, asks=self.asks, shows=self.shows, eyes=eyes
        ) as desk:
            return await (self._one(desk, files[0]) if is_one else self._many(desk, files))

    def _say(self, words: str) -> None:
        if not self.quiet:
            print(words, file=sys.stderr, flush=True)

    async def _one(self, desk: Desk, path: Path) -> int:
        try:
            read = await desk.read(path)
        except ToolError as error:
            print(f"tertulia: {path}: {error}", file=sys.stderr)
            return FAILED
        if self.boxes:
            await draw(self.boxes, path, read, desk.eyes)
        self._put(record(str(path), read), indent=2)
        self._end()
        return ANSWERED

    async def _many(self, desk: Desk, files: Sequence[Path]) -> int:
        done = self._done()
        left = [path for path in files if str(path) not in done]
        if done:
            self._say(f"{len(files) - len(left)} of {len(files)} files are in {self.out} already")
        slots, code = asyncio.Semaphore(self.parallel), ANSWERED
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=self.quiet or not console.is_terminal) as progress:
            bar = progress.add_task("reading", total=len(left))

            async def one(path: Path) -> int:
                async with slots:
                    said = await self._read(desk, path)
                progress.advance(bar)
                return said

            for said in await asyncio.gather(*(one(path) for path in left)):
                code = said or code
        self._end()
        self._say(
            f"read {len(left) - self.failed} of {len(left)} files" + f", {self.failed} failed" * bool(self.failed)
        )
        return code

    async def _read(self, desk: Desk, path: Path) -> int:
        try:
            self._put(record(str(path), await desk.read(path)))
            return ANSWERED
        except ToolError as error:
            self.failed += 1
            print(f"tertulia: {path}: {error}", file=sys.stderr)
            return FAILED
        except TertuliaError as error:
            self.failed += 1
            print(f"tertulia: {path}: {error}", file=sys.stderr)
            return exit_code(error)

    def _done(self) -> set[str]:
        """Files that an earlier run has written already; a last line that was cut is taken away."""
        if self.out is None or self.as_csv or not self.out.exists():
            return set()
        whole = [line for line in self.out.read_text().splitlines(keepends=True) if is_record(line)]
        self.out.write_text("".join(whole))
        return {str(json.loads(line)["source"]) for line in whole}

    def _put(self, entry: dict[str, Any], indent: int | None = None) -> None:
        if self.as_csv:
            self.table.append(entry)
            return
        line = json.dumps(entry, ensure_ascii=False, indent=None if self.out else indent)
        if self.out:
            with self.out.open("a") as file:
                file.write(line + "\n")
        else:
            print(line, flush=True)

    def _end(self) -> None:
        if self.as_csv:
            if self.out:
                with self.out.open("w", newline="") as file:
                    write_csv(self.table, self.wanted, file)
            else:
                write_csv(self.table, self.wanted, sys.stdout)


def is_record(line: str) -> bool:
    try:
        return line.endswith("\n") and "source" in json.loads(line)
    except ValueError:
        return False


def found(paths: Iterable[str]) -> list[Path]:
    """The files, and those of the folders that have a format that is read.

    Raises:
        SettingsError: if one is not there, or there is none at all.
    """
    files: list[Path] = []
    for given in map(Path, paths):
        if given.is_dir():
            files += sorted(
                path
                for path in given.rglob("*")
                if path.suffix.lower() in READ and path.is_file() and not path.is_symlink() and path.name[0] != "."
            )
        elif given.exists():
            files.append(given)
        else:
            raise SettingsError(f"there is no file or folder {str(given)!r}")
    if not files:
        raise SettingsError(
            f"there is no file to read in {', '.join(paths)}; what is read is {', '.join(sorted(READ))}"
        )
    return list(dict.fromkeys(files))


def record(source: str, read: Extracted) -> dict[str, Any]:
    """What is printed of a file."""
    return {**asdict(read.extraction), "source": source, "tokens": tokens(read.report)}


def write_csv(entries: Sequence[Mapping[str, Any]], wanted: Wanted, file: IO[str]) -> None:
    """A row for each entry of the first list, or for each file if there is no list."""
    listed = next((one for one in wanted.fields if one.kind == "list"), None)
    inner = [one.name or listed.name for one in listed.fields] if listed else []
    single = [one.name for one in wanted.fields if one.kind != "list"]
    heads = ["source", *single, *(f"{listed.name}.{name}" for name in inner)] if listed else ["source", *single]
    writer = csv.writer(file)
    writer.writerow(heads)
    for entry in entries:
        data = entry["data"]
        first = [entry["source"], *(plain(data[name]) for name in single)]
        for row in (data[listed.name] or [{}]) if listed else [{}]:
            cells = [row.get(name) for name in inner] if isinstance(row, Mapping) else [row]
            writer.writerow([*first, *map(plain, cells)] if listed else first)


def plain(value: Any) -> Any:
    """A cell; one that a spreadsheet would take for a formula is quoted."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


async def draw(out: Path, path: Path, read: Extracted, eyes: Eyes) -> None:
    """Draw the evidence of the first page over it, as PNG, SVG or HTML.

    Raises:
        SettingsError: if the name asks for something else, or the file has no places.
    """
    from ..tools.extraction.drawing import KINDS, drawn

    kind = out.suffix.lower().lstrip(".")
    if kind not in KINDS:
        raise SettingsError(f"--boxes writes {', '.join(KINDS)}, and {out.name!r} is none of them")
    data = await asyncio.to_thread(path.read_bytes)
    page = next((one.page for one in read.extraction.evidence if one.box), 0)
    if not page:
        raise SettingsError(f"{path.name} has no places to draw: only images and PDF have")
    boxes = tuple(one.box for one in read.extraction.evidence if one.page == page and one.box) if kind == "png" else ()
    picture = await eyes.draw(data, path.name, page, boxes)
    await asyncio.to_thread(out.write_bytes, drawn(kind, picture, read.extraction, page))
