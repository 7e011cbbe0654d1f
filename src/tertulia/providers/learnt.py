"""What a server taught about its models by refusing or replying, until it is worth trying again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..abilities import Abilities

DAY = 24 * 3600.0
MOST_VALUES = 1000
"""Refused values that are remembered at once."""


@dataclass(frozen=True)
class Lesson:
    """One thing that was learnt of one model."""

    address: str
    model: str
    ability: str
    """The field of `Abilities` that it is about."""
    value: Any
    reason: str
    """What the server said or did."""
    until: float
    """When it is forgotten, in seconds since 1970."""


class Learnt:
    """What was learnt of all models that a house asks."""

    def __init__(self, clock: Callable[[], float] = time.time):
        self._clock = clock
        self._lessons: dict[tuple[str, str, str, str], Lesson] = {}
        self._values: dict[str, float] = {}

    def keep(self, address: str, model: str, ability: str, value: Any, reason: str, seconds: float = DAY) -> None:
        """Remember that `model` has this ability, in place of what was known of it."""
        which = str(value) if ability == "without" else ""
        lesson = Lesson(address, model, ability, value, reason, self._clock() + seconds)
        self._lessons[address, model, ability, which] = lesson

    def __iter__(self) -> Iterator[Lesson]:
        """All that holds still, in the order in which it was learnt."""
        now = self._clock()
        self._lessons = {key: lesson for key, lesson in self._lessons.items() if lesson.until > now}
        return iter(tuple(self._lessons.values()))

    def of(self, address: str, model: str) -> tuple[Lesson, ...]:
        """What holds of one model."""
        return tuple(each for each in self if (each.address, each.model) == (address, model))

    def abilities(self, address: str, model: str) -> Abilities:
        """The same as abilities."""
        known = Abilities()
        for each in self.of(address, model):
            value = (*known.without, each.value) if each.ability == "without" else each.value
            known = known.informed(each.reason, **{each.ability: value})
        return known

    def refuse(self, address: str, model: str, name: str, value: Any, seconds: float = DAY) -> None:
        """Remember that a parameter of a request was refused with this value, which says nothing of other values."""
        self._values[_digest(address, model, name, value)] = self._clock() + seconds
        while len(self._values) > MOST_VALUES:
            del self._values[next(iter(self._values))]

    def refused(self, address: str, model: str, name: str, value: Any) -> bool:
        """Whether a parameter was refused with this very value."""
        return bool(self._values) and self._values.get(_digest(address, model, name, value), 0) > self._clock()


def _digest(*parts: Any) -> str:
    return hashlib.blake2b(json.dumps(parts, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()
