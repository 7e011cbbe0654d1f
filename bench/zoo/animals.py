"""How models of today behave when they are asked: what they read, refuse, think, and where they write it.

Each behaviour is a function from what was asked to what is said, or the refusal that it raises. The wordings and
figures are those of the providers' documentation and of public reports, late in 2026.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..counting_server import count_prompt
from .asked import NO_CAP, Asked, Said, call_of_first_tool, refuse


def eater(asked: Asked) -> Said:
    """Thinks 1,500 tokens whatever it is told."""
    return Said(1500, asked.reply, cap=asked.cap)


GPT = {"none": 0, "low": 300, "medium": 1500, "high": 6000, "xhigh": 12000}


def gpt(asked: Asked) -> Said:
    """Hides its thoughts, knows no `minimal`, and takes tools and a temperature only while it does not think."""
    effort = asked.effort or "medium"
    if "max_tokens" in asked.body:
        said = "Unsupported parameter: 'max_tokens' is not supported with this model."
        raise refuse(f"{said} Use 'max_completion_tokens' instead.", "max_tokens", "unsupported_parameter")
    if effort not in GPT:
        said = f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model."
        known = " Supported values are: 'none', 'low', 'medium', 'high', and 'xhigh'."
        raise refuse(said + known, "reasoning_effort", "unsupported_value")
    if effort != "none" and "temperature" in asked.body:
        said = f"Unsupported value: 'temperature' does not support {asked.body['temperature']} with this model."
        raise refuse(f"{said} Only the default (1) value is supported.", "temperature", "unsupported_value")
    if effort != "none" and asked.body.get("tools"):
        said = "Function tools with reasoning_effort are not supported for gpt-5.6 in /v1/chat/completions."
        raise refuse(f"{said} Please use /v1/responses or set reasoning_effort to 'none'.", "reasoning_effort")
    return Said(GPT[effort], asked.reply, drawer="", cap=asked.cap, calls=call_of_first_tool(asked))


SHARES = {"xhigh": 0.95, "high": 0.8, "medium": 0.5, "low": 0.2}


def router(asked: Asked) -> Said:
    """Must think, a share of its most tokens, and gives its thoughts encrypted."""
    wanted = asked.body.get("reasoning") or {}
    effort = wanted.get("effort", "medium")
    if effort == "none" or wanted.get("enabled") is False:
        raise refuse("Reasoning is mandatory for this endpoint and cannot be disabled")
    cap = int(asked.body.get("max_tokens") or NO_CAP)
    thought = 150 if effort == "minimal" else max(1024, round(min(cap, 8000) * SHARES[effort]))
    if asked.calls_back and not all(message.get("reasoning_details") for message in asked.calls_back):
        raise refuse("reasoning_details of earlier tool calls must be passed back")
    details = [{"type": "reasoning.encrypted", "data": f"sealed-{asked.number}", "id": "rs_1", "index": 0}]
    last = {"reasoning_details": details}
    return Said(thought, asked.reply, drawer="", cap=cap, last=last, calls=call_of_first_tool(asked))


def kimi(asked: Asked) -> Said:
    """Takes one temperature while it thinks and another while it does not, and wants its thoughts back with calls."""
    thinks = asked.switch != "disabled"
    if asked.body.get("temperature", one := 1 if thinks else 0.6) != one:
        raise refuse(f"invalid temperature: only {one:g} is allowed for this model")
    if asked.forced:
        raise refuse("tool_choice 'required' is incompatible with thinking enabled")
    if thinks and not all(message.get("reasoning_content") for message in asked.calls_back):
        raise refuse("thinking is enabled but reasoning_content is missing in assistant tool call message at index 2")
    return Said(600 if thinks else 0, asked.reply, cap=asked.cap, calls=call_of_first_tool(asked))


DEEPSEEK = {"low": 300, "medium": 900, "high": 900, "xhigh": 900, "max": 3000}


def deepseek(asked: Asked) -> Said:
    """Thinks unless told not to, knows JSON without a schema, and does not know `max_completion_tokens`."""
    thinks = asked.switch != "disabled"
    if asked.format == "json_schema":
        raise refuse("This response_format type is unavailable now")
    if thinks and asked.forced:
        raise refuse("Thinking mode does not support this tool_choice")
    if thinks and not all(message.get("reasoning_content") for message in asked.calls_back):
        raise refuse("The `reasoning_content` in the thinking mode must be passed back to the API.")
    cap = int(asked.body.get("max_tokens") or NO_CAP)
    text = asked.reply
    if asked.format == "json_object" and "json" not in asked.prompt.lower():
        text = ". " * min(cap, 4096)
    thought = DEEPSEEK[asked.effort or "high"] if thinks else 0
    return Said(thought, text, cap=cap, calls=call_of_first_tool(asked))


OLLAMA = {"none": 0, "minimal": 200, "low": 200, "medium": 500, "high": 900, "xhigh": 1500, "max": 1500}
WINDOW = 4096


def ollama(asked: Asked) -> Said:
    """Reads `reasoning_effort` alone, and stops where prompt and reply fill its window."""
    if asked.effort is not None and asked.effort not in OLLAMA:
        raise refuse(f'invalid reasoning value: "{asked.effort}"')
    room = min(asked.cap, WINDOW - count_prompt(asked.messages))
    return Said(OLLAMA[asked.effort or "medium"], asked.reply, "reasoning", cap=room, usage="plain")


def ollama_plain(asked: Asked) -> Said:
    """A model that cannot think, on the same server."""
    if asked.effort not in (None, "none"):
        raise refuse(f'"{asked.body.get("model")}" does not support thinking')
    return Said(0, asked.reply, cap=asked.cap, usage="plain")


def _llamacpp(asked: Asked, field: str) -> Said:
    off = asked.effort == "none" or asked.template is False
    budget = asked.body.get(field)
    thought = 0 if off else min(3000, 3000 if budget is None else int(budget))
    return Said(thought, asked.reply, cap=asked.cap, usage="plain")


def llamacpp(asked: Asked) -> Said:
    """Thinks 3,000 tokens, or as many as its budget says."""
    return _llamacpp(asked, "thinking_budget_tokens")


def llamacpp_tree(asked: Asked) -> Said:
    """The same where the field has another name."""
    return _llamacpp(asked, "reasoning_budget_tokens")


def noparser(asked: Asked) -> Said:
    """A vLLM without a reasoning parser: the tag that opens the thought stands in the prompt, the rest in the text."""
    if "thinking_token_budget" in asked.body:
        raise refuse("thinking_token_budget is set but reasoning_config is not configured.")
    off = asked.template is False or asked.effort == "none"
    thought = 0 if off or asked.format == "json_schema" else 700
    return Said(thought, asked.reply, "content", closing="\n</think>\n\n", cap=asked.cap, usage="plain")


def drawer(asked: Asked) -> Said:
    """Puts JSON that follows a schema where its thoughts should be."""
    if asked.format.startswith("json"):
        return Said(0, asked.reply, cap=asked.cap, misplaced=True, usage="plain")
    return Said(200, asked.reply, cap=asked.cap)


SILENCE = 0.5
"""Seconds that it says nothing while it thinks; the real one is silent for minutes."""
GEMINI = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192, "high": 24576}


def gemini(asked: Asked) -> Said:
    """Is silent while it thinks, and counts its thoughts in the total alone."""
    thought = 1500 if asked.effort is None else GEMINI[asked.effort]
    silent = SILENCE if thought else 0.0
    return Said(thought, asked.reply, drawer="", cap=asked.cap, usage="beside", silent=silent)


def gemini_without_choices(asked: Asked) -> Said:
    """The same; it sends no choice at all when its thoughts have eaten the reply."""
    said = gemini(asked)
    return replace(said, choices=said.thought < said.cap, silent=0.0)


def looper(asked: Asked) -> Said:
    """Says the same for ever when it is asked at a low temperature."""
    if asked.body.get("temperature", 1) < 0.3:
        return Said(min(asked.cap, 20_000), "", phrase="Wait, let me check. ", cap=asked.cap, pace=0.0005)
    return Said(1200, asked.reply, cap=asked.cap)


def tags(opening: str, closing: str, thought: int = 40) -> Callable[[Asked], Said]:
    def behaviour(asked: Asked) -> Said:
        if asked.format.startswith("json"):
            return Said(0, asked.reply, cap=asked.cap, usage="plain")
        return Said(thought, asked.reply, "content", opening, closing, cap=asked.cap, usage="plain")

    behaviour.__doc__ = f"Thinks in its text, between {opening.strip()!r} and {closing.strip()!r}."
    return behaviour


QUOTE = "In the log stands <think>draft</think>, which is a tag that the program wrote. "


def quoting(asked: Asked) -> Said:
    """Quotes a tag of thought in the middle of what it says."""
    text = asked.reply if asked.format.startswith("json") else f"{QUOTE}{asked.reply}"
    return Said(0, text, cap=asked.cap)


def moody(asked: Asked) -> Said:
    """Refuses a temperature from the fourth call to the seventh."""
    if 4 <= asked.number <= 7 and "temperature" in asked.body:
        raise refuse("`temperature` is deprecated for this model")
    return Said(0, asked.reply, cap=asked.cap)


def odd(about: str, **fields: Any) -> Callable[[Asked], Said]:
    def behaviour(asked: Asked) -> Said:
        return replace(Said(20, asked.reply, cap=asked.cap), **fields)

    behaviour.__doc__ = about
    return behaviour
