"""Thoughts that a model writes into its text, told apart from what it says, wherever the pieces of a stream end."""

from __future__ import annotations

_STARTS = ("", "<|start|>assistant")
PAIRS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<|channel>thought": "<channel|>",
    **{f"{start}<|channel|>{name}<|message|>": "<|end|>" for start in _STARTS for name in ("analysis", "commentary")},
}
"""What opens a thought, and what closes it: Qwen and DeepSeek, prompts, Seed, Mistral, Kimi, Gemma, gpt-oss."""
FINALS = tuple(f"{start}<|channel|>final<|message|>" for start in _STARTS)
"""What opens the reply itself, in gpt-oss's way."""
CLOSES = tuple(dict.fromkeys(close for close in PAIRS.values() if close != "<|end|>"))
_ENDS = ("<|return|>", "<|end|>", "<|call|>")
_LONGEST = max(map(len, (*PAIRS, *CLOSES)))
_QUOTES = "`'\"´“‘«"


class Tags:
    """Moves what stands between tags at the beginning of a reply to the thoughts; tags further on are text."""

    def __init__(self, opened: bool = False, lone: bool = True):
        """
        Args:
            opened: The reply begins inside a thought, since the tag that opens it stands in the prompt. Nothing is
                told until the tag that closes it, or the end: without one, all of it was the reply.
            lone: Whether a tag that closes a thought which none has opened makes all before it a thought.
        """
        self.moved = False
        """Whether what was given out as text has turned out to be thought; whoever reads this sets it back."""
        self._state = self._opened if opened else self._before
        self._lone = lone
        self._close = ""
        self._held = ""
        self._kept: list[str] = []
        self._harmony = False
        self._last = ""
        """The last letter that was given out as text."""

    @property
    def moves(self) -> bool:
        """Whether a tag further on may still turn text into thought."""
        return self._lone

    def elsewhere(self) -> None:
        """The thought came in a field of its own, so what comes here is the reply."""
        if self._state in (self._before, self._opened):
            self._lone, self._state = False, self._between
            self._held, self._kept = "".join(self._kept) + self._held, []

    def split(self, text: str) -> tuple[str, str]:
        """Thought and text that a further piece brings; what may be half a tag is held back."""
        thought: list[str] = []
        said: list[str] = []
        text, self._held = self._held + text, ""
        while text:
            text = self._state(text, thought, said)
        out = "".join(said)
        self._last = out[-1:] or self._last
        return "".join(thought), out

    def rest(self, cut: bool = False) -> tuple[str, str]:
        """What was held back, now that nothing follows; `cut` if the reply was stopped at its most tokens."""
        held, self._held = "".join(self._kept) + self._held, ""
        self._kept = []
        if self._state == self._inside or (self._state == self._opened and cut):
            return held, ""
        return "", "" if self._harmony and held in _ENDS else held

    # -- states: each takes what it can of a text, and gives back what the next has to read

    def _before(self, text: str, thought: list[str], said: list[str]) -> str:
        """Nothing has been said yet but blanks."""
        start = text.lstrip()
        if (rest := self._begin(start)) is not None:
            return rest
        if not start or _half(start, (*PAIRS, *FINALS)):
            self._held = text
            return ""
        self._state = self._after
        return text

    def _between(self, text: str, thought: list[str], said: list[str]) -> str:
        """A thought has just ended: another may follow, or tags that close nothing."""
        start = text.lstrip()
        if (rest := self._begin(start)) is not None:
            return rest
        if (stray := next((tag for tag in CLOSES if start.startswith(tag)), None)) is not None:
            return start[len(stray) :]
        if start and _half(start, (*PAIRS, *FINALS, *CLOSES)):
            self._held = start
            return ""
        if start:
            self._state, self._lone = self._after, False
        return start

    def _begin(self, start: str) -> str | None:
        """What follows the tag at the start of a text; None if there is none."""
        for final in FINALS:
            if start.startswith(final):
                self._state, self._lone, self._harmony = self._after, False, True
                return start[len(final) :]
        for opening, close in PAIRS.items():
            if start.startswith(opening):
                self._state, self._close, self._lone = self._inside, close, False
                return start[len(opening) :]
        return None

    def _inside(self, text: str, thought: list[str], said: list[str]) -> str:
        head, found, rest = text.partition(self._close)
        if found:
            self._state = self._between
            thought.append(head)
            return rest
        keep = _half_end(text, (self._close,))
        self._held = text[len(text) - keep :]
        thought.append(text[: len(text) - keep])
        return ""

    def _opened(self, text: str, thought: list[str], said: list[str]) -> str:
        if self._begin(text.lstrip()) is not None:  # the tag came after all
            self._state = self._before
            return text
        at, tag = _first(text, CLOSES)
        if tag:
            thought.append("".join(self._kept) + text[:at])
            self._kept, self._lone, self._state = [], False, self._between
            return text[at + len(tag) :]
        keep = min(len(text), _LONGEST) if self._kept else len(text)  # a tag may be cut, and one may open it all
        if len(text) > _LONGEST:
            keep = _LONGEST
        self._kept.append(text[: len(text) - keep])
        self._held = text[len(text) - keep :]
        return ""

    def _after(self, text: str, thought: list[str], said: list[str]) -> str:
        if self._harmony:
            return self._without_end(text, said)
        if not self._lone:
            said.append(text)
            return ""
        at, tag = _first(text, (*CLOSES, *PAIRS))
        if not tag:
            keep = _half_end(text, (*CLOSES, *PAIRS))
            self._held = text[len(text) - keep :]
            said.append(text[: len(text) - keep])
            return ""
        self._lone = False
        if tag in PAIRS or (text[:at] or self._last)[-1:] in tuple(_QUOTES):
            return text  # whoever quotes one tag quotes the other
        self.moved, self._state = True, self._between
        thought.append("".join(said) + text[:at])
        said.clear()
        return text[at + len(tag) :]

    def _without_end(self, text: str, said: list[str]) -> str:
        """Hold back the mark that ends a reply of gpt-oss."""
        whole = next((len(mark) for mark in _ENDS if text.endswith(mark)), 0)
        at = len(text) - (whole or _half_end(text, _ENDS))
        said.append(text[:at])
        self._held = text[at:]
        return ""


def _first(text: str, tags: tuple[str, ...]) -> tuple[int, str]:
    """Where the first of some tags stands, and which it is; an empty one if there is none."""
    if "<" not in text and "[" not in text and "◁" not in text:
        return -1, ""
    places = [(at, tag) for tag in tags if (at := text.find(tag)) >= 0]
    return min(places, default=(-1, ""))


def _half(start: str, tags: tuple[str, ...]) -> bool:
    """Whether a text may be the first half of a tag."""
    return any(len(start) < len(tag) and tag.startswith(start) for tag in tags)


def _half_end(text: str, tags: tuple[str, ...]) -> int:
    """How many letters at the end of a text may be the first half of a tag."""
    tail = text[-_LONGEST:]
    starts = (number for number in range(1, len(tail) + 1) if tail[-number] in "<[◁")
    return max((number for number in starts if _half(tail[-number:], tags)), default=0)
