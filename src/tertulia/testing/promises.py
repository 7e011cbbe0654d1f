"""What the contracts of all kinds of parts have in common."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, is_dataclass, replace

from ..errors import ModelError
from ..model import Chunk, Model, Request
from ..providers.scripted import Scripted
from ..usage import Usage

NAME = re.compile(r"[a-z][a-z0-9_-]*")


def promise(is_kept: bool, words: str) -> None:
    """Raise AssertionError with these words unless the promise is kept."""
    if not is_kept:
        raise AssertionError(words)


def check_value(part: object, name: str) -> None:
    """A part is a frozen dataclass with a name and a docstring: it can be printed, compared and changed in a copy."""
    kind = type(part)
    promise(bool(NAME.fullmatch(name)), f"a name has small letters, digits, _ and -, and {name!r} has not")
    promise(bool(kind.__doc__), f"{kind.__name__} has a docstring that says what it does")
    frozen = is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    promise(frozen, f"{kind.__name__} is a frozen dataclass")
    promise(replace(part) == part, f"a copy of {name} is equal to it")  # type: ignore[type-var]


@dataclass(frozen=True)
class Watched:
    """A model that notes what it is asked."""

    model: Model
    asked: list[Request] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.model.name

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        self.asked.append(request)
        async for chunk in self.model.stream(request):
            yield chunk

    def cost(self, usage: Usage) -> float:
        return 0.0


def broken(system: str, text: str) -> str:
    """What a model says whose wire was cut."""
    raise ModelError("the wire was cut")


ECHO, BROKEN = Scripted(), Scripted(broken)
