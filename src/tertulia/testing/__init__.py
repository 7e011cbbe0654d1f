"""Contracts of the parts that others may write: a check, called in a test of your own, says which promise is broken.

Each check is an ordinary function that makes an event loop of its own, asks no network, and raises AssertionError.
"""

from __future__ import annotations

from .agent import check_agent
from .provider import check_provider
from .store import check_journal, check_store
from .strategy import check_strategy

__all__ = ["check_agent", "check_journal", "check_provider", "check_store", "check_strategy"]
