"""How each kind of server is told to think, how much, and what else it wants otherwise than OpenAI's protocol has it.

A table of servers, not of models: what a model can do is asked, read in a package, or learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..abilities import Abilities, Level

JSON = dict[str, Any]
Words = Literal["", "ollama", "llamacpp", "models", "vllm", "lmstudio", "openrouter", "guess"]
"""How a server is asked about itself; empty if it says nothing, `guess` if it has to be found out who it is."""


@dataclass(frozen=True)
class Dialect:
    """What is peculiar to one kind of server."""

    name: str
    switch: Callable[[Level, int | None], JSON]
    """Fields of a request that ask for so much thought, of at most so many tokens; None for no bound."""
    about: str
    """The switch in words, for people."""
    abilities: Abilities = Abilities()
    """What holds for its models unless better is known."""
    words: Words = ""
    fields: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Further fields of a request that asks for thought."""
    returns: bool = True
    """Whether thoughts are sent back with the calls that came with them."""
    names: bool = True
    """Whether speakers' names are sent as such."""
    strict: bool = False
    """Whether schemas must follow OpenAI's rules to be enforced to the letter."""
    profiles: str = ""
    """Which of pydantic-ai's providers knows its models; empty if none does."""
    hosts: tuple[str, ...] = ()
    """Ends of the host names at which it is found."""


def known(name: str, **facts: Any) -> Abilities:
    return Abilities().informed(f"how {name} works", **facts)


# -- switches


def effort(level: Level, budget: int | None) -> JSON:
    return {"reasoning_effort": level}


def reasoning(level: Level, budget: int | None) -> JSON:
    if level == "none":
        return {"reasoning": {"effort": "none"}}
    bound = {"effort": level} if budget is None else {"max_tokens": budget}
    return {"reasoning": {"enabled": True, **bound}}


def thinking(level: Level, budget: int | None) -> JSON:
    return {"thinking": {"type": "disabled" if level == "none" else "enabled"}}


def thinking_adaptive(level: Level, budget: int | None) -> JSON:
    return {"thinking": {"type": "disabled" if level == "none" else "adaptive"}}


def thinking_with_effort(level: Level, budget: int | None) -> JSON:
    return thinking(level, budget) if level == "none" else {**thinking(level, budget), "reasoning_effort": level}


def effort_or_switch(level: Level, budget: int | None) -> JSON:
    return {"reasoning": {"enabled": False}} if level == "none" else {"reasoning_effort": level}


def enable_thinking(level: Level, budget: int | None) -> JSON:
    bound = {} if budget is None or level == "none" else {"thinking_budget": budget}
    return {"enable_thinking": level != "none", **bound}


def template(level: Level, budget: int | None) -> JSON:
    """Templates read either word: Qwen's, GLM's and SmolLM's the first, DeepSeek's, Kimi's and Granite's the other."""
    on = level != "none"
    return {"reasoning_effort": level, "chat_template_kwargs": {"enable_thinking": on, "thinking": on}}


def template_in_vllm(level: Level, budget: int | None) -> JSON:
    bound = {} if budget is None or level == "none" else {"thinking_token_budget": budget}
    return template(level, budget) | bound


def template_in_llamacpp(level: Level, budget: int | None) -> JSON:
    """Some builds read the one name of the bound, some the other, and all ignore what they do not know."""
    bound = {} if budget is None else dict.fromkeys(("thinking_budget_tokens", "reasoning_budget_tokens"), budget)
    return template(level, budget) | ({} if level == "none" else bound)


def nothing(level: Level, budget: int | None) -> JSON:
    return {}


# -- servers

OPENAI = Dialect(
    "openai",
    effort,
    "`reasoning_effort`",
    known("OpenAI", cap="max_completion_tokens", hidden=True, temperature="while not thinking", schema="enforced"),
    returns=False,
    strict=True,
    profiles="openai",
    hosts=("api.openai.com", ".openai.azure.com"),
)
OPENROUTER = Dialect(
    "openrouter",
    reasoning,
    "`reasoning: {effort}`, or `{max_tokens}` where the model takes it",
    words="openrouter",
    profiles="openrouter",
    hosts=("openrouter.ai",),
)
DEEPSEEK = Dialect(
    "deepseek",
    thinking_with_effort,
    "`thinking: {type}` and `reasoning_effort`",
    known(
        "DeepSeek",
        levels=("none", "low", "high", "max"),
        temperature="while not thinking",
        schema="object",
        forced_tools="while not thinking",
    ),
    profiles="deepseek",
    hosts=("api.deepseek.com",),
)
GROQ = Dialect(
    "groq",
    effort,
    "`reasoning_effort`, and `reasoning_format: parsed`",
    fields={"reasoning_format": "parsed"},
    returns=False,
    profiles="groq",
    hosts=("api.groq.com",),
)
MISTRAL = Dialect(
    "mistral",
    effort,
    "`reasoning_effort`",
    known("Mistral", levels=("none", "high")),
    profiles="mistral",
    hosts=("api.mistral.ai",),
    names=False,
)
XAI = Dialect(
    "xai",
    effort,
    "`reasoning_effort`",
    known("xAI", hidden=True, levels=("none", "low", "medium", "high")),
    returns=False,
    profiles="xai",
    hosts=("api.x.ai",),
)
GEMINI = Dialect(
    "gemini",
    effort,
    "`reasoning_effort`",
    known("Gemini", hidden=True, temperature="while not thinking", levels=("none", "low", "medium", "high")),
    profiles="google",
    hosts=("generativelanguage.googleapis.com",),
    names=False,
)
MOONSHOT = Dialect(
    "moonshot",
    thinking,
    "`thinking: {type}`",
    known("Moonshot", levels=("none", "high"), temperature="never", forced_tools="never"),
    profiles="moonshotai",
    hosts=("api.moonshot.ai", "api.moonshot.cn"),
)
ZAI = Dialect(
    "zai",
    thinking_with_effort,
    "`thinking: {type}` and `reasoning_effort`",
    known("Z.AI", levels=("none", "low", "high", "max"), schema="object"),
    profiles="zai",
    hosts=("api.z.ai", "open.bigmodel.cn"),
)
DASHSCOPE = Dialect(
    "dashscope",
    enable_thinking,
    "`enable_thinking` and `thinking_budget`",
    known("DashScope", levels=("none", "high"), budget="thinking_budget"),
    profiles="alibaba",
    hosts=("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com"),
)
MINIMAX = Dialect(
    "minimax",
    thinking_adaptive,
    "`thinking: {type}`, and `reasoning_split`",
    known("MiniMax", levels=("none", "high"), cap="max_completion_tokens"),
    fields={"reasoning_split": True},
    hosts=("api.minimax.io", "api.minimaxi.com"),
)
TOGETHER = Dialect(
    "together",
    effort_or_switch,
    "`reasoning: {enabled: false}`, or `reasoning_effort`",
    profiles="together",
    hosts=("api.together.xyz", "api.together.ai"),
)
FIREWORKS = Dialect("fireworks", effort, "`reasoning_effort`", profiles="fireworks", hosts=("api.fireworks.ai",))
OLLAMA = Dialect(
    "ollama",
    effort,
    "`reasoning_effort`",
    known("Ollama", levels=("none", "low", "medium", "high", "max")),
    words="ollama",
    names=False,
)
LLAMACPP = Dialect(
    "llamacpp",
    template_in_llamacpp,
    "`reasoning_effort`, `chat_template_kwargs` and `thinking_budget_tokens`",
    known("llama.cpp", budget="thinking_budget_tokens", schema="enforced", schema_with_thought=True),
    words="llamacpp",
    names=False,
)
VLLM = Dialect(
    "vllm",
    template_in_vllm,
    "`reasoning_effort` and `chat_template_kwargs`; `thinking_token_budget` where the settings name it",
    known("vLLM", schema="enforced"),
    words="vllm",
    names=False,
)
SGLANG = Dialect(
    "sglang",
    template,
    "`reasoning_effort` and `chat_template_kwargs`",
    known("SGLang", schema="enforced"),
    words="models",
    names=False,
)
LMSTUDIO = Dialect(
    "lmstudio",
    effort,
    "`reasoning_effort`",
    known("LM Studio", schema="enforced", schema_with_thought=False),
    words="lmstudio",
    returns=False,
    names=False,
)
COMPATIBLE = Dialect("compatible", effort, "`reasoning_effort`", words="guess")
"""A server of which nothing is known but that it speaks OpenAI's protocol."""
DIRECT = Dialect("direct", effort, "as pydantic-ai does it", returns=False, names=False)
"""A model that pydantic-ai speaks to."""
EMBEDDED = Dialect(
    "embedded",
    nothing,
    "not at all",
    known("the model in the box", thinks="never", by_default=False),
    names=False,
)

DIALECTS: Mapping[str, Dialect] = {
    each.name: each
    for each in (
        OPENAI, OPENROUTER, DEEPSEEK, GROQ, MISTRAL, XAI, GEMINI, MOONSHOT, ZAI, DASHSCOPE, MINIMAX,
        TOGETHER, FIREWORKS, OLLAMA, LLAMACPP, VLLM, SGLANG, LMSTUDIO, COMPATIBLE, EMBEDDED,
    )
}  # fmt: skip


def at(host: str) -> Dialect:
    """The dialect spoken at a host, as far as its name tells."""
    found = (each for each in DIALECTS.values() for end in each.hosts if host == end.lstrip(".") or host.endswith(end))
    return next(found, COMPATIBLE)
