"""Libraries of the extras for documents, imported when they are needed."""

from __future__ import annotations

from typing import Any

from ...extras import require


def need(module: str, extra: str = "docs") -> Any:
    """The module.

    Raises:
        NotSupported: if the extra that brings it is not installed.
    """
    return require(module, extra, "documents need")
