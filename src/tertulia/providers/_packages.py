"""What installed packages know of models: prices and contexts (genai-prices), switches of thought (pydantic-ai)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ..abilities import LEVELS, Level
from ..usage import Usage

MILLION = 1_000_000
FAMILIES = {
    "openai": "openai:openai_model_profile",
    "deepseek": "deepseek:deepseek_model_profile",
    "groq": "groq:groq_model_profile",
    "mistral": "mistral:mistral_model_profile",
    "xai": "grok:grok_model_profile",
    "moonshotai": "moonshotai:moonshotai_model_profile",
    "zai": "zai:zai_model_profile",
    "google": "google:google_model_profile",
    "anthropic": "anthropic:anthropic_model_profile",
}
"""Where a provider's models are described for those who have not its own library."""


def price(vendor: str, model: str, usage: Usage) -> float | None:
    """US dollars that `usage` costs; None if the price of the model is not known."""
    found = _priced(vendor, model, usage)
    return None if found is None else float(found.total_price)


def prices(vendor: str, model: str) -> dict[str, Any]:
    """What genai-prices knows: the context, and the price of a million tokens."""
    found = _priced(vendor, model, Usage(MILLION, MILLION))
    if found is None:
        return {}
    known: dict[str, Any] = {"context": found.model.context_window}
    if found.input_price or found.output_price:
        known["price"] = (float(found.input_price), float(found.output_price))
    return known


def _priced(vendor: str, model: str, usage: Usage) -> Any:
    import genai_prices  # takes half a second

    tokens = genai_prices.Usage(
        input_tokens=usage.read, output_tokens=usage.written, cache_read_tokens=min(usage.cached, usage.read)
    )
    try:
        return genai_prices.calc_price(tokens, model, provider_id=vendor)
    except LookupError:
        return None


def profile(provider: str, model: str) -> dict[str, Any]:
    """What pydantic-ai knows of a model of this provider; nothing if it is not installed."""
    if not provider or find_spec("pydantic_ai") is None:
        return {}
    try:
        return of_profile(_profile(provider, model))
    except Exception:  # some of its providers have views on names, and say so in errors of their own
        return {}


def _profile(provider: str, model: str) -> Mapping[str, Any]:
    from pydantic_ai.providers import infer_provider_class

    try:
        return infer_provider_class(provider).model_profile(model) or {}
    except ImportError:  # the provider's own library is not there
        module, _, function = FAMILIES.get(provider, "").partition(":")
        if not module:
            return {}
        return getattr(import_module(f"pydantic_ai.profiles.{module}"), function)(model) or {}


def of_profile(known: Mapping[str, Any]) -> dict[str, Any]:
    """The facts in a profile of pydantic-ai; what it does not say is left out.

    That a model thinks is believed; that it does not is what it says of any name that it has not heard.
    """
    facts: dict[str, Any] = {}
    if known.get("supports_thinking"):
        facts["thinks"] = "always" if known.get("thinking_always_enabled") else "can"
        facts["by_default"] = _by_default(known)
        facts["levels"] = levels(known) or None
    if known.get("anthropic_disallows_sampling_settings"):
        facts["temperature"] = "never"
    if known.get("supports_json_schema_output"):
        facts["schema"] = "enforced"
    elif known.get("supports_json_object_output"):
        facts["schema"] = "object"
    if known.get("supports_forced_tool_choice") is False:
        facts["forced_tools"] = "never"
    elif known.get("supports_forced_tool_choice_with_thinking") is False:
        facts["forced_tools"] = "while not thinking"
    if known.get("supports_image_input") is False:
        facts["images"] = False
    facts["context"] = known.get("context_window")
    facts["most_out"] = known.get("anthropic_max_output_tokens")
    return facts


def _by_default(known: Mapping[str, Any]) -> bool | None:
    if known.get("thinking_always_enabled") or any(name.startswith("google_") for name in known):
        return True
    default: bool | None = known.get("thinking_enabled_by_default")
    return default


def levels(known: Mapping[str, Any]) -> tuple[Level, ...]:
    """The levels that a profile names; none if it names none."""
    off: set[str] = set() if known.get("thinking_always_enabled") else {"none"}
    named: set[str] = set()
    for key in ("openai_reasoning_efforts", "grok_reasoning_efforts"):
        named |= set(known.get(key) or ())
    if not named and known.get("openai_supports_reasoning"):
        named = {"low", "medium", "high"}
        named |= {"minimal"} if known.get("openai_supports_minimal_reasoning_effort") else set()
        named |= {"none"} if known.get("openai_supports_reasoning_effort_none") else set()
    elif known.get("groq_supports_graded_reasoning_effort"):
        named = {"low", "medium", "high"}
    elif known.get("groq_supports_reasoning_disable"):
        named = {"none"}
    elif known.get("zai_supports_reasoning_effort"):
        named = {*off, "low", "high", "max"}
    elif "anthropic_supports_adaptive_thinking" in known:
        named = {*off, "low", "medium", "high"} | ({"max"} if known.get("anthropic_supports_max_effort") else set())
    elif "google_supports_thinking_level" in known:
        named = {*off, "low", "medium", "high"}
        named |= {"minimal"} if known.get("google_supports_minimal_thinking_level") else set()
    return tuple(level for level in LEVELS if level in named)
