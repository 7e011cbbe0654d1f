"""Parts by name: strategies, agents, providers and stores, found through entry points."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from .errors import SettingsError, UnknownName

Kind = Literal["strategy", "agent", "provider", "store"]


@cache
def parts(kind: Kind) -> Mapping[str, EntryPoint]:
    """Entry points of one kind by name; built-in parts are listed the same way as anybody's."""
    return {point.name: point for point in entry_points(group=f"tertulia.{kind}")}


def find(kind: Kind, name: str) -> Any:
    """The part of that name: a class or a function that makes it.

    Raises:
        UnknownName: if there is none; the message lists those there are.
        SettingsError: if it is there but cannot be imported.
    """
    try:
        point = parts(kind)[name]
    except KeyError:
        raise UnknownName(kind, name, parts(kind)) from None
    try:
        return point.load()
    except ImportError as error:
        raise SettingsError(f"the {kind} {name!r} cannot be loaded: {error}") from None
