"""What the settings may say that a model can do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from .abilities import Level

Count = Annotated[int, Field(ge=1)]
Sometimes = Literal["always", "while not thinking", "never"]


@with_config(ConfigDict(extra="forbid"))
class Told(TypedDict, total=False):
    """Abilities of one model, over all that is known of it; see `Abilities` for what each means."""

    thinks: Literal["never", "can", "always"]
    by_default: bool
    levels: tuple[Level, ...]
    budget: str
    hidden: bool
    opened: bool
    temperature: Sometimes
    schema: Literal["enforced", "object", "words"]
    schema_with_thought: bool
    tools: Sometimes
    forced_tools: Sometimes
    images: bool
    alternate: bool
    context: Count
    most_out: Count
    cap: Literal["max_tokens", "max_completion_tokens"]
    without: tuple[str, ...]
    price: tuple[float, float]
