"""The behaviours by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import animals, hosts
from .asked import Asked, Said


@dataclass(frozen=True)
class Behaviour:
    """One animal of the zoo."""

    provider: str
    """What Tertulia calls those who behave so."""
    says: Callable[[Asked], Said]

    @property
    def about(self) -> str:
        return (self.says.__doc__ or "").split("\n")[0]


HARMONY = "<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"

BEHAVIOURS: Mapping[str, Behaviour] = {
    "plain": Behaviour("openai", hosts.plain),
    "eater": Behaviour("openai", animals.eater),
    "gpt": Behaviour("openai", animals.gpt),
    "router": Behaviour("openrouter", animals.router),
    "kimi": Behaviour("moonshot", animals.kimi),
    "deepseek": Behaviour("deepseek", animals.deepseek),
    "ollama": Behaviour("ollama", animals.ollama),
    "ollama-plain": Behaviour("ollama", animals.ollama_plain),
    "llamacpp": Behaviour("llamacpp", animals.llamacpp),
    "llamacpp-tree": Behaviour("llamacpp", animals.llamacpp_tree),
    "noparser": Behaviour("vllm", animals.noparser),
    "drawer": Behaviour("vllm", animals.drawer),
    "gemini": Behaviour("gemini", animals.gemini),
    "gemini-choiceless": Behaviour("gemini", animals.gemini_without_choices),
    "looper": Behaviour("openai", animals.looper),
    "tag-brackets": Behaviour("openai", animals.tags("[THINK]", "[/THINK]")),
    "tag-thinking": Behaviour("openai", animals.tags("<thinking>", "</thinking>")),
    "tag-thought": Behaviour("openai", animals.tags("<thought>", "</thought>")),
    "tag-channel": Behaviour("openai", animals.tags("<|channel>thought\n", "<channel|>")),
    "tag-harmony": Behaviour("openai", animals.tags(*HARMONY)),
    "tag-stray": Behaviour("openai", animals.tags("<think>", "</think>\n\n</think>\n\n")),
    "tag-quoted": Behaviour("openai", animals.quoting),
    "moody": Behaviour("openai", animals.moody),
    "moody-zero": Behaviour("openai", animals.odd("Counts nothing, and says so.", usage="zero")),
    "moody-lies": Behaviour("openai", animals.odd("Counts more thought than it wrote.", usage="lies")),
    "moody-none": Behaviour("openai", animals.odd("Does not count.", usage="none")),
    "moody-thought": Behaviour("openai", animals.odd("Thinks, and says nothing.", text="", finish="stop")),
    "moody-end": Behaviour("openai", animals.odd("Ends its stream without a reason.", ends=False)),
    "mistral": Behaviour("mistral", hosts.mistral),
    "xai": Behaviour("xai", hosts.xai),
    "groq-oss": Behaviour("groq", hosts.groq_oss),
    "groq-qwen": Behaviour("groq", hosts.groq_qwen),
    "together": Behaviour("together", hosts.together),
    "fireworks": Behaviour("fireworks", hosts.fireworks),
    "qwen": Behaviour("dashscope", hosts.qwen),
    "zai": Behaviour("zai", hosts.zai),
    "minimax": Behaviour("minimax", hosts.minimax),
    "vllm": Behaviour("vllm", hosts.vllm),
    "sglang": Behaviour("sglang", hosts.sglang),
    "lmstudio": Behaviour("lmstudio", hosts.lmstudio),
}
"""Behaviours by name, which is also what the model is called."""
