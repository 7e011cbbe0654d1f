"""Parts by name: strategies, agents, providers and stores, found through entry points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from .errors import SettingsError, TertuliaError, UnknownName

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
    with blaming(kind, name):
        return parts(kind)[name].load()


def package_of(kind: Kind, name: str) -> str:
    """The package that registered a part, as in `tertulia 0.1.0`."""
    dist = parts(kind)[name].dist
    return f"{dist.name} {dist.version}" if dist else "an unknown package"


@contextmanager
def blaming(kind: Kind, name: str) -> Iterator[None]:
    """Tell in one line whose part it is that fails in what is done here.

    Raises:
        SettingsError: in the place of errors that are none of ours.
    """
    try:
        yield
    except TertuliaError:
        raise
    except Exception as error:  # other people's code may fail in any way
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise SettingsError(f"the {kind} {name!r} of {package_of(kind, name)} cannot be used: {why}") from error
