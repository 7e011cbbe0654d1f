"""Asks one question from the command line, shows the run, prints the answer and the report."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from ..codec import as_dict
from ..errors import (
    BudgetExceeded,
    InvalidQuestion,
    ModelUnreachable,
    SettingsError,
    TertuliaError,
    ToolError,
    UnknownName,
)
from ..events import Event, Text, Waiting
from ..exports.record import record
from ..narration import Narrator, catalogue
from ..opening import open_house
from ..printable import shortened
from ..progress import Progress
from ..settings import Settings
from ..tools.documents.reading.files import load
from ..tools.documents.reading.formats import ReadingLimits
from ..types import Citation, Image, Question
from .display import Display, Lively, Plain, Silent, summary

MEDIA = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
ANSWERED, FAILED, USAGE, STOPPED, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 4, 130


@dataclass
class AskCommand:
    """One question on its way through the command line."""

    question: Question
    settings: Settings
    as_json: bool = False
    as_events: bool = False
    quiet: bool = False
    plain: bool = False
    progress: Progress = field(default_factory=Progress)
    began: float = field(default_factory=time.monotonic)
    restarted: bool = False

    def run(self) -> int:
        """Ask, and print what is asked for; gives the exit code."""
        self.errors = Console(stderr=True, highlight=False, no_color=True if self.plain else None)
        self.narrator = Narrator(None if self.settings.language == "auto" else self.settings.language)
        self.display = self._display()
        code, stopped = ANSWERED, None
        try:
            asyncio.run(self._ask())
        except (KeyboardInterrupt, asyncio.CancelledError):
            code, stopped = INTERRUPTED, "interrupted"
        except TertuliaError as error:
            code, stopped = exit_code(error), str(error)
        finally:
            self.display.close()
        self._finish(stopped)
        return code

    async def _ask(self) -> None:
        loop, me = asyncio.get_running_loop(), asyncio.current_task()
        assert me is not None
        with suppress(NotImplementedError):  # Windows has no such handler
            loop.add_signal_handler(signal.SIGTERM, me.cancel)
        async with await open_house(self.settings, self.display.say) as house:
            await house.ask(self.question, self._happened)

    def _happened(self, event: Event) -> None:
        self.progress.see(event)
        self.display.see(event, self.progress)
        if self.as_events:
            self._print_event(event)
        elif not self.as_json and isinstance(event, Text) and event.final:
            print("\n\n" * self.restarted + event.text, end="", flush=True)
            self.restarted = False
        elif isinstance(event, Waiting) and self.progress.answering:
            self.restarted = True  # the answer was cut and is written again

    def _print_event(self, event: Event) -> None:
        at = round(time.monotonic() - self.began, 3)
        print(json.dumps({"at": at, **as_dict(event)}, ensure_ascii=False), flush=True)

    def _finish(self, stopped: str | None) -> None:
        report, answer = self.progress.report_so_far(time.monotonic() - self.began), self.progress.answer
        if self.as_json:
            self._print_record(stopped)
        elif not self.as_events and answer:
            print("" if self.progress.answering else answer.text, flush=True)
            _print_citations(answer.citations)
        if stopped:
            print(f"tertulia: {stopped}", file=sys.stderr)  # in one line, however long
        elif answer and answer.stopped and not self.quiet:
            print(catalogue.INCOMPLETE.say(self.narrator.language or "en", why=answer.stopped), file=sys.stderr)
        if not self.quiet and len(self.progress.ledger):  # whoever wants JSON is quiet, too
            self.errors.print(summary(self.progress, report, self.narrator.language or "en"))

    def _print_record(self, stopped: str | None) -> None:
        seconds = time.monotonic() - self.began
        print(json.dumps(record(self.progress, self.settings.effort, seconds, stopped), ensure_ascii=False, indent=2))

    def _display(self) -> Display:
        if self.quiet:
            return Silent()
        lively = self.errors.is_terminal and not self.plain
        return Lively(self.errors, self.narrator) if lively else Plain(sys.stderr, self.narrator)


def _print_citations(citations: Sequence[Citation]) -> None:
    for number, citation in enumerate(citations, start=1):
        print(f"[{number}] {place(citation)}: “{shortened(citation.text, 300)}”", flush=True)


def place(citation: Citation) -> str:
    """Where a citation is from: document, page, section."""
    parts = [Path(citation.source).name]
    parts += [f"page {citation.page}"] if citation.page else []
    parts += [citation.section] if citation.section else []
    return ", ".join(parts)


def image_at(path: Path) -> Image:
    """The image in a file.

    Raises:
        SettingsError: if it cannot be opened.
    """
    try:
        return Image(load(path, ReadingLimits()), MEDIA.get(path.suffix.lower(), "image/png"))
    except ToolError as error:
        raise SettingsError(f"the image {str(path)!r}: {error}") from None


def exit_code(error: TertuliaError) -> int:
    """What the shell gets: 3 the budget stopped it, 4 the model is not reachable, 2 wrong use, 1 other."""
    if isinstance(error, BudgetExceeded):
        return STOPPED
    if isinstance(error, ModelUnreachable):
        return UNREACHABLE
    return USAGE if isinstance(error, InvalidQuestion | SettingsError | UnknownName) else FAILED
