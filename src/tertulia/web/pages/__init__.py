"""The pages: one file each, which lists its addresses here."""

from __future__ import annotations

from ..address import Address
from . import acting, ask, compare, entering, export, history, replay, watch

ADDRESSES: tuple[Address, ...] = (
    *ask.ADDRESSES,
    *watch.ADDRESSES,
    *acting.ADDRESSES,
    *replay.ADDRESSES,
    *compare.ADDRESSES,
    *export.ADDRESSES,
    *history.ADDRESSES,
    *entering.ADDRESSES,
)
