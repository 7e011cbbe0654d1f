"""What a server says of itself and of its models, where it can be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from ..abilities import LEVELS
from ..errors import ModelError
from . import reading
from .dialects import COMPATIBLE, LLAMACPP, LMSTUDIO, OLLAMA, OPENROUTER, SGLANG, VLLM, Dialect

SECONDS = 3.0
"""Most time that all questions to one server may take."""
MOST_BYTES = 16 << 20
OPENINGS = ("<think>", "[THINK]", "<thinking>", "<thought>")
"""Tags at the end of a prompt that begin the reply inside a thought."""
OWNERS = {"library": OLLAMA, "llamacpp": LLAMACPP, "vllm": VLLM, "sglang": SGLANG, "organization_owner": LMSTUDIO}
"""Servers by what they say owns their models."""

Facts = dict[str, Any]


@dataclass(frozen=True)
class Asker:
    """Asks one server about one of its models; whatever fails is as if it had said nothing."""

    session: aiohttp.ClientSession
    url: URL
    model: str
    headers: Mapping[str, str]

    async def facts(self, dialect: Dialect) -> tuple[Dialect, Facts | None]:
        """What the server is, and what it says of the model; None if it did not answer."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._facts(dialect)
        except (TimeoutError, aiohttp.ClientError, OSError, ModelError):
            return dialect, None

    async def _facts(self, dialect: Dialect) -> tuple[Dialect, Facts]:
        match dialect.words:
            case "guess":
                return await self._guess()
            case "ollama":
                return dialect, await self._ollama()
            case "llamacpp":
                return dialect, await self._llamacpp()
            case "vllm":
                return dialect, await self._vllm(await self._listed())
            case "models":
                return dialect, _of_models(await self._listed())
            case "lmstudio":
                return dialect, await self._lmstudio()
            case "openrouter":
                return dialect, _of_openrouter(await self._listed())
        return dialect, {}

    async def _guess(self) -> tuple[Dialect, Facts]:
        """Who the server is, by what it says owns its models."""
        listed = await self._listed()
        dialect = OWNERS.get(str(listed.get("owned_by")), COMPATIBLE)
        if isinstance(listed.get("reasoning"), dict) and "supported_parameters" in listed:
            dialect = OPENROUTER
        if dialect is COMPATIBLE:
            return dialect, _of_models(listed)
        return dialect, (await self._facts(dialect))[1]

    async def _ollama(self) -> Facts:
        said = await self._ask("api/show", {"model": self.model}, root=True)
        can, about = _list(said.get("capabilities")), _object(said.get("model_info"))
        if not can:
            return {}
        context = next((size for name, size in about.items() if name.endswith(".context_length")), None)
        thinks = "thinking" in can
        return {
            "thinks": "can" if thinks else "never",
            "by_default": thinks,
            "tools": "always" if "tools" in can else "never",
            "images": "vision" in can,
            "context": _count(context),
        }

    async def _llamacpp(self) -> Facts:
        said = await self._ask("props", root=True)
        caps = _object(said.get("chat_template_caps"))
        facts: Facts = {
            "context": _count(_object(said.get("default_generation_settings")).get("n_ctx")),
            "images": _object(said.get("modalities")).get("vision"),
        }
        if isinstance(thinks := caps.get("supports_thinking"), bool):
            return facts | {"thinks": "can" if thinks else "never", "by_default": thinks}
        return facts | await self._template(str(said.get("chat_template") or ""))

    async def _template(self, template: str) -> Facts:
        """What the chat template makes of being told to think, and not to."""
        by_itself, on, off = [await self._prompt(told) for told in (None, True, False)]
        if not (by_itself and on and off):
            return {}
        if on != off:
            return {"thinks": "can", "by_default": by_itself != off}
        if by_itself.rstrip().endswith(OPENINGS):
            return {"thinks": "always", "by_default": True}
        return {} if "think" in template or "reasoning" in template else {"thinks": "never"}

    async def _prompt(self, thinks: bool | None) -> str:
        asked: Facts = {"messages": [{"role": "user", "content": "?"}]}
        if thinks is not None:
            asked["chat_template_kwargs"] = {"enable_thinking": thinks, "thinking": thinks}
        return reading.text((await self._ask("apply-template", asked, root=True)).get("prompt"))

    async def _vllm(self, listed: Facts) -> Facts:
        """The size of its context, and whether the tag that opens a thought stands in the prompt."""
        asked = {
            "model": self.model,
            "messages": [{"role": "user", "content": "?"}],
            "add_generation_prompt": True,
            "return_token_strs": True,
        }
        tokens = _list((await self._ask("tokenize", asked, root=True)).get("token_strs"))
        last = "".join(str(token) for token in tokens[-6:])
        opened = last.rstrip().endswith(OPENINGS)
        thinks = {"opened": True, "thinks": "can", "by_default": True} if opened else {}
        return _of_models(listed) | thinks

    async def _lmstudio(self) -> Facts:
        models = _list((await self._ask("api/v1/models", root=True)).get("models"))
        said = next((each for each in map(_object, models) if self.model in (each.get("key"), each.get("id"))), {})
        loaded = _object(next(iter(_list(said.get("loaded_instances"))), {}))
        context = _object(loaded.get("config")).get("context_length") or said.get("max_context_length")
        vision = _object(said.get("capabilities")).get("vision")
        return {"context": _count(context), "images": vision if isinstance(vision, bool) else None}

    async def _listed(self) -> Facts:
        """What the list of models says of this one; of the only one, if there is one alone."""
        models = [_object(each) for each in _list((await self._ask("models")).get("data"))]
        named = next((each for each in models if each.get("id") == self.model), None)
        return named or (models[0] if len(models) == 1 else {})

    async def _ask(self, place: str, body: Facts | None = None, root: bool = False) -> Facts:
        """The object at a place of the server, its root being what stands before `/v1`."""
        base = self.url.parent if root and self.url.name == "v1" else self.url
        method = "GET" if body is None else "POST"
        address = base.joinpath(*place.split("/")).with_query(self.url.query)
        async with self.session.request(
            method, address, json=body, headers=self.headers, allow_redirects=False
        ) as response:
            if response.status != 200:
                return {}
            return _object(reading.parse(await reading.whole(response, MOST_BYTES)))


def _of_models(listed: Facts) -> Facts:
    return {"context": _count(listed.get("max_model_len"))}


def _of_openrouter(listed: Facts) -> Facts:
    about, takes = listed.get("reasoning"), _list(listed.get("supported_parameters"))
    if not listed:
        return {}
    facts: Facts = {
        "context": _count(listed.get("context_length")),
        "most_out": _count(_object(listed.get("top_provider")).get("max_completion_tokens")),
        "images": "image" in _list(_object(listed.get("architecture")).get("input_modalities")),
    }
    if takes:
        facts["tools"] = "always" if "tools" in takes else "never"
        facts["schema"] = "enforced" if "structured_outputs" in takes else None
        facts["thinks"] = None if "reasoning" in takes else "never"
    if isinstance(about, dict):
        levels = tuple(level for level in LEVELS if level in _list(about.get("supported_efforts")))
        facts |= {
            "thinks": "always" if about.get("mandatory") else "can",
            "by_default": bool(about.get("default_enabled") or about.get("mandatory")),
            "levels": levels or None,
            "budget": "reasoning.max_tokens" if about.get("supports_max_tokens") else None,
        }
    return facts


def _object(value: Any) -> Facts:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
