"""What servers count, in the many ways in which they do, as `Usage`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..usage import Usage, estimate
from .reading import mapping

ABSURD = 100_000_000
"""Tokens that no single call has."""


@dataclass(frozen=True)
class Counted:
    """What a server sent of its counts, and what it said and thought, which must agree."""

    counts: Any
    timings: Any
    text: str
    """What was said, calls of tools included."""
    thought: str
    finish: str | None = None

    def usage(self, read: int) -> Usage | None:
        """Tokens as the server counted them; None if it sent no count.

        A count that cannot be trusted is kept raw, and estimates stand in its place: `read` and what was heard.
        """
        counts = self.counts if isinstance(self.counts, dict) else self._of_timings()
        if counts is None:
            return None
        try:
            return self._split(self._whole(counts))
        except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError):
            hidden = estimate(self.thought) if self.thought else 0
            return Usage(read, estimate(self.text) + hidden, hidden, exact=False, raw=_raw(counts))

    def _whole(self, counts: Mapping[str, Any]) -> Usage:
        """The usage in the server's counts.

        Raises:
            ValueError: if a count is impossible, or they do not add up.
        """
        timings = mapping(self.timings)
        details = counts.get("completion_tokens_details") or {}
        hidden = _count(details.get("reasoning_tokens") or counts.get("reasoning_tokens") or 0)
        cached = (counts.get("prompt_tokens_details") or {}).get("cached_tokens")
        cached = _count(cached or counts.get("prompt_cache_hit_tokens") or timings.get("cache_n") or 0)
        read, total = _count(counts["prompt_tokens"]), counts.get("total_tokens")
        if "completion_tokens" not in counts and not self.text:  # Gemini, when its thoughts have eaten the reply
            written = _count(total) - read
            return Usage(read, written, written, cached)
        written = _count(counts["completion_tokens"])
        more = _count(total or read + written) - read - written
        if read == 0 or cached > read or (written == 0 and (self.text or self.thought)):
            raise ValueError("the counts do not add up")
        if more == 0 and hidden <= written:
            return Usage(read, written, hidden, cached)
        if more == hidden:  # xAI counts thoughts beside the completion, not in it
            return Usage(read, written + hidden, hidden, cached)
        if more > 0 and not hidden:  # Gemini counts thoughts in the total only
            return Usage(read, written + more, more, cached, exact=False, raw=_raw(counts))
        if more == 0 and total:  # the sum is right, and the part of it that was thought is not
            return Usage(read, written, 0, cached, exact=False, raw=_raw(counts))
        raise ValueError("the counts do not add up")

    def _split(self, counted: Usage) -> Usage:
        """Where thoughts were seen and not counted, their part of the count is taken from the lengths of the texts."""
        thought, text = len(self.thought), len(self.text)
        if not self.thought.strip() or counted.hidden:
            return counted
        return replace(counted, hidden=round(counted.written * thought / (thought + text)), exact=False)

    def _of_timings(self) -> dict[str, Any] | None:
        """llama.cpp's own count, which it sends even when it was not asked for usage."""
        timings = self.timings
        if not isinstance(timings, dict) or "prompt_n" not in timings or "predicted_n" not in timings:
            return None
        try:
            read = timings["prompt_n"] + timings.get("cache_n", 0)
        except TypeError:
            return None
        return {"prompt_tokens": read, "completion_tokens": timings["predicted_n"]}


def _raw(counts: Mapping[str, Any]) -> str:
    return json.dumps(counts)[:2000]


def _count(count: Any) -> int:
    if isinstance(count, bool) or count != int(count) or not 0 <= count <= ABSURD:
        raise ValueError("not a count of tokens")
    return int(count)
