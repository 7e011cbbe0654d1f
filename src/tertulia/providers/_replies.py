"""What came of a reply: whether it can be used, and what it shows of the model that wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ModelBusy, ThoughtTooLong, UnusableReply
from ..usage import Usage, estimate
from ._body import Asking
from ._heard import Heard
from .reading import clean


def lessons(asking: Asking, heard: Heard, usage: Usage | None) -> Iterator[tuple[str, Any, str]]:
    """Abilities that were not known before, each with its value and the reason."""
    known = asking.abilities
    if heard.moved and not known.opened:
        yield "opened", True, "its thought ended with a tag that nothing had opened"
    counted = usage.hidden if usage and usage.exact else 0
    shown = bool("".join(heard.thought).strip())  # an empty one is how some models do not think
    if not (shown or counted):
        return
    if counted and not shown and known.hidden is None:
        yield "hidden", True, "it counted tokens of thought that it did not show"
    if asking.level == "none":
        yield "thinks", "always", "it thought though it was told not to"
    elif known.thinks in ("unknown", "never"):
        yield "thinks", "can", "it thought"
    if known.by_default is None and asking.level is None:
        yield "by_default", True, "it thought though nothing was said of it"


def judge(heard: Heard, name: str, cap: int, usage: Usage | None = None) -> None:
    """Raise if the reply of the model called `name` is not whole, or there is nothing in it.

    Raises:
        ModelBusy: if it was cut.
        ThoughtTooLong: if it thought for all of its `cap` tokens.
        UnusableReply: if it is a refusal, was filtered, or has no text.
    """
    if heard.finish is None:
        raise ModelBusy(f"the reply of {name} was cut: the stream ended without a finish reason")
    if heard.finish == "content_filter":
        raise UnusableReply(f"{name} stopped: its content filter was met; ask in other words")
    if heard.said.strip() or heard.calls:
        return
    if heard.refusal:
        raise UnusableReply(f"{name} refused: {clean(heard.refusal)[:200]}")
    hidden = usage.hidden if usage else estimate("".join(heard.thought)) if any(heard.thought) else 0
    thought = bool(hidden or any(heard.thought))
    if heard.circles and thought:
        said = f"{name} thought the same over and over and was stopped; let it think less, or ask it another way"
        raise ThoughtTooLong(said, hidden)
    if heard.circles:
        raise UnusableReply(f"{name} wrote nothing but blanks and was stopped; ask it another way")
    if thought and (heard.finish == "length" or (usage and usage.written >= cap)):
        much = f"for {hidden:,} tokens " if hidden else ""
        raise ThoughtTooLong(f"{name} thought {much}and wrote no answer; let it think less, or allow it more", hidden)
    if heard.finish == "length":
        raise UnusableReply(f"{name} wrote no text within {cap} tokens; allow it more")
    raise UnusableReply(f"{name} wrote no text (finish reason {heard.finish!r}); ask in other words")
