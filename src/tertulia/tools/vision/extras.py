"""Libraries that come with the extra `vision`, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import NotSupported


def need(module: str) -> Any:
    """The module.

    Raises:
        NotSupported: if the extra that brings it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise NotSupported(
            f"reading images needs {error.name or module!r}; install it with: tertulia setup vision"
        ) from error
