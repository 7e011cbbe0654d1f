"""The eyes: what stands in images and documents, and where."""

from __future__ import annotations

from .eyes import Eyes
from .limits import Limits
from .paper import Box, Cell, Page, Paper, Row, Shape, Word, around

__all__ = ["Box", "Cell", "Eyes", "Limits", "Page", "Paper", "Row", "Shape", "Word", "around"]
