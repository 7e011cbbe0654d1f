"""How further providers and servers behave, as each documents itself late in 2026."""

from __future__ import annotations

from .asked import NO_CAP, Asked, Said, call_of_first_tool, refuse


def mistral(asked: Asked) -> Said:
    """Knows two levels, and does not think by default."""
    if asked.effort not in (None, "none", "high"):
        raise refuse("reasoning_effort must be one of: 'none', 'high'", "reasoning_effort")
    return Said(800 if asked.effort == "high" else 0, asked.reply, drawer="thinking", cap=asked.cap)


def xai(asked: Asked) -> Said:
    """Cannot stop thinking, hides its thoughts, counts them beside the completion, and takes no `stop`."""
    levels = {"low": 300, "medium": 900, "high": 2000}
    if asked.effort not in (None, *levels):
        raise refuse(f"Invalid reasoning_effort '{asked.effort}': please use low, medium, or high")
    if "stop" in asked.body:
        raise refuse("Argument not supported on this model: stop")
    return Said(levels[asked.effort or "high"], asked.reply, drawer="", cap=asked.cap, usage="aside")


def groq_oss(asked: Asked) -> Said:
    """Cannot stop thinking."""
    levels = {"low": 100, "medium": 400, "high": 1500}
    if asked.effort not in (None, *levels):
        raise refuse("reasoning_effort must be one of `low`, `medium`, or `high`", "reasoning_effort")
    return Said(levels[asked.effort or "medium"], asked.reply, "reasoning", cap=asked.cap)


def groq_qwen(asked: Asked) -> Said:
    """Can only be told to think or not."""
    if asked.effort not in (None, "none", "default"):
        raise refuse("reasoning_effort must be one of `none` or `default`", "reasoning_effort")
    raw = asked.body.get("reasoning_format", "raw") == "raw"
    if raw and (asked.format or asked.body.get("tools")):
        raise refuse("reasoning_format `raw` is not supported with JSON mode or tools; use parsed or hidden")
    thought = 0 if asked.effort == "none" else 500
    if raw and thought:
        return Said(thought, asked.reply, "content", "<think>\n", "\n</think>\n\n", cap=asked.cap)
    return Said(thought, asked.reply, "reasoning", cap=asked.cap)


def together(asked: Asked) -> Said:
    """A hybrid: on unless `reasoning` says otherwise."""
    off = (asked.body.get("reasoning") or {}).get("enabled") is False
    return Said(0 if off else 900, asked.reply, "reasoning", cap=asked.cap)


def fireworks(asked: Asked) -> Said:
    """Has labels of its own for how much it thinks."""
    levels = {"none": 0, "high": 700, "max": 2500}
    if asked.effort not in (None, *levels):
        raise refuse(f"Invalid reasoning effort: {asked.effort}. Supported values are: none, high, max")
    return Said(levels[asked.effort or "high"], asked.reply, cap=asked.cap)


def qwen(asked: Asked) -> Said:
    """Switched by `enable_thinking`, bounded by `thinking_budget`."""
    thought = min(2000, int(asked.body.get("thinking_budget") or 2000))
    return Said(0 if asked.body.get("enable_thinking") is False else thought, asked.reply, cap=asked.cap)


def zai(asked: Asked) -> Said:
    """Cannot stop thinking, thinks as much as it can by default, and knows a longest reply."""
    levels = {"low": 300, "high": 1000, "max": 2500}
    if asked.switch == "disabled" or asked.effort not in (None, *levels):
        raise refuse("thinking cannot be disabled for this model, please use low, high, or max")
    if asked.cap != NO_CAP and asked.cap > 131_072:
        raise refuse("max_tokens is out of range [1,131072]")
    return Said(levels[asked.effort or "max"], asked.reply, cap=asked.cap)


def minimax(asked: Asked) -> Said:
    """Thinks in its text unless it is told to keep the two apart."""
    thought = 0 if asked.switch == "disabled" else 600
    if asked.body.get("reasoning_split"):
        return Said(thought, asked.reply, "reasoning_content", cap=asked.cap)
    return Said(thought, asked.reply, "content", "<think>\n", "\n</think>\n", cap=asked.cap)


def vllm(asked: Asked) -> Said:
    """A hybrid behind a parser, whose budget is not configured."""
    if "thinking_token_budget" in asked.body:
        raise refuse("thinking_token_budget is set but reasoning_config is not configured.")
    off = asked.effort == "none" or asked.template is False
    return Said(0 if off else 900, asked.reply, "reasoning", cap=asked.cap, usage="plain")


def sglang(asked: Asked) -> Said:
    """The same, with its thoughts counted in a field of its own."""
    off = asked.effort == "none" or asked.template is False
    return Said(0 if off else 900, asked.reply, cap=asked.cap, usage="top")


def lmstudio(asked: Asked) -> Said:
    """Thinks unless told not to; a schema stops it from thinking."""
    off = asked.effort == "none" or asked.format == "json_schema"
    return Said(0 if off else 700, asked.reply, "reasoning", cap=asked.cap, usage="plain")


def plain(asked: Asked) -> Said:
    """Does not think, and refuses what it does not know."""
    for name in ("reasoning_effort", "reasoning", "thinking", "chat_template_kwargs", "enable_thinking"):
        if name in asked.body:
            raise refuse(f"{name}: Extra inputs are not permitted", name)
    return Said(0, asked.reply, cap=asked.cap, calls=call_of_first_tool(asked))
