"""Libraries of the extras `draw` and `train`, imported when they are needed."""

from __future__ import annotations

from typing import Any

from ..extras import require


def need(module: str, extra: str = "draw") -> Any:
    """The module.

    Raises:
        NotSupported: if the extra that brings it is not installed.
    """
    return require(module, extra, "drawing needs" if extra == "draw" else "learning to draw needs")
