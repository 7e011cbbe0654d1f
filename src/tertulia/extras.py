"""Libraries that come with an extra, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import NotSupported


def require(module: str, extra: str, whatever: str) -> Any:
    """The module.

    Args:
        whatever: What needs it, with its verb, as in `documents need`.

    Raises:
        NotSupported: if the extra that brings it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        missing = error.name or module
        raise NotSupported(f"{whatever} {missing!r}; install it with: tertulia setup {extra}") from error
