"""Libraries of the extra `vision`, imported when they are needed."""

from __future__ import annotations

from typing import Any

from ...extras import require


def need(module: str) -> Any:
    """The module.

    Raises:
        NotSupported: if the extra that brings it is not installed.
    """
    return require(module, "vision", "reading images needs")
