"""Structured text of paper: what a schema asks for, each value with where it is printed."""

from __future__ import annotations

from .found import Check, Evidence, Extraction
from .gathering import Gathering, by_rules
from .wanted import Field, Wanted

__all__ = ["Check", "Evidence", "Extraction", "Field", "Gathering", "Wanted", "by_rules"]
