"""Worked examples, a file each, and the one whose kind of question is nearest to a question."""

from __future__ import annotations

import asyncio
import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ValidationError

from ...errors import SettingsError, UnknownName
from ..documents.embedding import Embedder, Usem3

NEAR = 0.35
"""Least similarity, 0 to 1, at which a card is of the same kind as a question; chosen on the train set."""
LONGEST_LOOK = 600
"""Characters of a question that are compared, from its beginning."""


class Written(BaseModel, extra="forbid"):
    """What a card's file says."""

    kind: str
    likes: list[str]
    question: str
    program: str
    prints: str
    source: str


@dataclass(frozen=True)
class Card:
    """A question of some kind, with a program that answers it."""

    name: str
    """Of its file, without the suffix."""
    kind: str
    """What questions of its kind ask, in a few words."""
    likes: tuple[str, ...]
    """Questions of its kind, in any language, by which it is found."""
    question: str
    program: str
    """Empty if questions of this kind need no example."""
    prints: str
    """What the program prints: the proof that it is right."""
    source: str
    """Who wrote it, or where it comes from."""

    @property
    def example(self) -> tuple[str, str]:
        """Question and program, as a model is shown them."""
        return self.question, self.program


def own_folder() -> Path:
    """Where a person's own cards are: `skills` in `TERTULIA_DATA`, or in the platform's data folder."""
    root = os.environ.get("TERTULIA_DATA") or platformdirs.user_data_dir("tertulia", appauthor=False)
    return Path(root).expanduser() / "skills"


def parse(name: str, text: str) -> Card:
    """The card that a file's text describes.

    Raises:
        SettingsError: if it is not TOML, or lacks something; the message names it.
    """
    try:
        written = Written.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the card {name!r} is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        fields = ", ".join(Written.model_fields)
        raise SettingsError(f"the card {name!r}: {where}: {first['msg']}; a card has {fields}") from None
    question, program, prints = written.question.strip(), written.program.strip(), written.prints.strip()
    likes = tuple(like for like in (question, *written.likes) if like)
    return Card(name, written.kind, likes, question, program, prints, written.source)


def cards() -> tuple[Card, ...]:
    """The cards in the box, and a person's own, which take the place of ours of the same name.

    Raises:
        SettingsError: if one of a person's own cannot be read.
    """
    own = {card.name: card for card in _own()}
    return (*(card for card in _packaged() if card.name not in own), *own.values())


def _own() -> list[Card]:
    folder = own_folder()
    found = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    try:
        return [parse(path.stem, path.read_text(encoding="utf-8")) for path in found]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"a card in {str(folder)!r} cannot be read: {error}") from None


@cache
def _packaged() -> tuple[Card, ...]:
    folder = files(__package__) / "cards"
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name)
    return tuple(parse(path.name.removesuffix(".toml"), path.read_text(encoding="utf-8")) for path in paths)


@dataclass(frozen=True)
class Near:
    """The card that is nearest to a question, and how near."""

    card: Card
    similarity: float
    """Cosine of the two meanings, at most 1."""


@dataclass(frozen=True)
class Shelf:
    """Finds cards by meaning; the vectors of the cards are computed once, when first needed."""

    cards: tuple[Card, ...]
    embedder: Embedder = field(default_factory=Usem3)
    near: float = NEAR
    _vectors: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False, compare=False)

    async def find(self, question: str) -> Near | None:
        """The nearest card, if it is near enough; None for a question of no kind that needs an example.

        Raises:
            SettingsError: if the encoder is not installed.
        """
        nearest = await self.nearest(question)
        return nearest if nearest and nearest.card.program and nearest.similarity >= self.near else None

    async def nearest(self, question: str) -> Near | None:
        """The nearest card, however far; None if there are no cards."""
        if not self.cards:
            return None
        async with self._lock:
            if not self._vectors:
                self._vectors["cards"] = await self.embedder.passages([like for _, like in self._likes()])
        vector = await self.embedder.query(question[:LONGEST_LOOK])
        scores: Sequence[float] = (self._vectors["cards"] @ vector).tolist()
        best = max(range(len(scores)), key=scores.__getitem__)
        return Near(self._likes()[best][0], scores[best])

    def _likes(self) -> list[tuple[Card, str]]:
        return [(card, like) for card in self.cards for like in card.likes]


async def choose(question: str) -> str:
    """Name of the card of the question's kind; empty if there is none.

    Raises:
        SettingsError: if the encoder is not installed, or a card of one's own cannot be read.
    """
    known = await asyncio.to_thread(cards)
    near = await _shelf(known).find(question)
    return near.card.name if near else ""


@lru_cache(4)
def _shelf(known: tuple[Card, ...]) -> Shelf:
    return Shelf(known)


def card(name: str) -> Card:
    """The card of that name.

    Raises:
        UnknownName: if there is none.
    """
    found = {one.name: one for one in cards()}
    if name not in found:
        raise UnknownName("card", name, found)
    return found[name]
