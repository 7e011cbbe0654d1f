"""Lists, shows, adds and proves skills: the library of the sandbox, and the worked examples of kinds of questions."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

from rich.table import Table

from ..errors import SettingsError, UnknownName
from ..tools.sandbox import close, execute
from ..tools.skills.cards import Card, cards, own_folder, parse
from ..tools.skills.inline import documentation, library
from .screen import console


def print_list() -> None:
    """Each function of the library with what it gives, and each card with the kind of its questions."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("skill", "gives", "from"):
        table.add_column(column)
    for skill in library().values():
        table.add_row(skill.call, skill.about, skill.file)
    for card in worked():
        table.add_row(card.name, f"a worked example: {card.kind}", card.source)
    console().print(table, markup=False)


def print_one(name: str) -> None:
    """All that is said of a function, or the question and program of a card.

    Raises:
        UnknownName: if there is neither of that name.
    """
    by_name = {card.name: card for card in worked()}
    if name in library():
        print(library()[name].call)
        print(inspect.cleandoc(documentation(name)))
    elif name in by_name:
        card = by_name[name]
        print(f"{card.kind}\n\n{card.question}\n\n{card.program}\n\nIt prints:\n{card.prints}")
    else:
        raise UnknownName("skill", name, [*library(), *by_name])


def add(file: Path) -> None:
    """Keep a card of one's own, once its program prints what it says.

    Raises:
        SettingsError: if the file cannot be read, is no card, or does not prove itself.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{str(file)!r} cannot be read: {error}") from None
    card = parse(file.stem, text)
    if failure := asyncio.run(_failures([card])).get(card.name):
        raise SettingsError(f"the card {card.name!r} is not kept: {failure}")
    own_folder().mkdir(parents=True, exist_ok=True)
    (own_folder() / f"{card.name}.toml").write_text(text, encoding="utf-8")
    print(f"{card.name} is kept in {own_folder()}")


def prove(names: list[str]) -> int:
    """Run the programs of cards, all if none is named; gives 1 if any does not print what it says, else 0.

    Raises:
        UnknownName: if a card has no such name.
    """
    by_name = {card.name: card for card in worked()}
    if unknown := [name for name in names if name not in by_name]:
        raise UnknownName("card", unknown[0], by_name)
    tried = [by_name[name] for name in names or by_name]
    failures = asyncio.run(_failures(tried))
    for card in tried:
        print(f"{'✗' if card.name in failures else '✓'} {card.name}: {failures.get(card.name, card.kind)}")
    return 1 if failures else 0


def worked() -> list[Card]:
    """Cards that have a program."""
    return [card for card in cards() if card.program]


async def _failures(tried: list[Card]) -> dict[str, str]:
    """Why cards do not prove themselves, by name; those that do are left out."""
    found = {}
    for card in tried:
        execution = await execute(card.program)
        printed = execution.output.strip()
        if execution.error or printed != card.prints:
            found[card.name] = execution.error or f"its program prints {printed!r}, and it says {card.prints!r}"
    await close()
    return found
