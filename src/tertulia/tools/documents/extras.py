"""Libraries that only come with an extra, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import NotSupported


def need(module: str, extra: str = "docs") -> Any:
    """The module.

    Raises:
        NotSupported: if the extra that brings it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise NotSupported(f"documents need {module!r}; install it with: tertulia setup {extra}") from error
