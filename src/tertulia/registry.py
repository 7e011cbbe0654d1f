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
        SettingsError: if it is there but cannot be loaded.
    """
    if name not in parts(kind):
        raise UnknownName(kind, name, parts(kind))
    try:
        return parts(kind)[name].load()
    except Exception as error:  # other people's code may fail in any way
        raise unusable(kind, name, error) from error


def package_of(kind: Kind, name: str) -> str:
    """The package that registered a part, as in `tertulia 0.1.0`; empty if that is not known."""
    dist = parts(kind)[name].dist
    return f"{dist.name} {dist.version}" if dist else ""


def unusable(kind: Kind, name: str, error: Exception) -> SettingsError:
    """What to say, in one line, of a part that is registered and fails before it can be used."""
    if isinstance(error, SettingsError):
        return error
    why = " ".join(f"{type(error).__name__}: {error}".split())
    return SettingsError(f"the {kind} {name!r} of {package_of(kind, name)} cannot be used: {why}")
