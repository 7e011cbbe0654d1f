"""What is known of a model: from packages, servers, refusals, replies and settings, each over the one before."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.counting_server import Answer, CountingServer
from bench.zoo import Zoo
from tertulia.abilities import LEVELS, NAMES, Abilities, Level, Thinking, abilities_of
from tertulia.cli.models import ABOUT
from tertulia.errors import SettingsError
from tertulia.model import Message, Request
from tertulia.opening import make_model, wishes_of
from tertulia.providers import _packages, catalog
from tertulia.providers._body import Asking
from tertulia.providers._refusals import Refusal
from tertulia.providers.catalog import Wishes
from tertulia.providers.connections import Connections
from tertulia.providers.dialects import COMPATIBLE, DIALECTS, EMBEDDED, OPENAI, Dialect, at
from tertulia.providers.openai import OpenAI
from tertulia.providers.scripted import Scripted
from tertulia.settings import load, silence
from tertulia.told import Told
from tertulia.types import Tool

QUESTION = Request((Message("system", "Be short."), Message("user", "What is 2 + 3?")))
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
TOOL = Tool("count")


@pytest.fixture
async def zoo() -> AsyncIterator[Zoo]:
    async with Zoo() as zoo:
        yield zoo


# -- the value


@pytest.mark.parametrize(
    ("has", "wanted", "given"),
    [
        ((), "medium", "medium"),
        (("none", "low", "high"), "medium", "low"),
        (("none", "low", "high"), "minimal", "low"),
        (("none", "high"), "low", "high"),
        (("none", "high"), "none", "none"),
        (("low", "high"), "none", "low"),
        (("none",), "high", None),
        (("high", "none", "low"), "max", "high"),
    ],
)
def test_the_nearest_level_is_the_next_lower_and_never_none_by_accident(
    has: tuple[Level, ...], wanted: Level, given: Level | None
) -> None:
    assert Abilities(levels=has).level(wanted) == given


def test_who_must_think_is_asked_for_the_least_and_who_never_thinks_for_nothing() -> None:
    assert Abilities("always").level("none") == "minimal"
    assert Abilities("always", levels=("none", "low")).level("none") == "low"
    assert all(Abilities("never").level(level) is None for level in LEVELS)
    assert [Abilities(thinks).stops for thinks in ("always", "can", "unknown")] == [False, True, True]
    assert not Abilities("can", levels=("low", "high")).stops


@pytest.mark.parametrize(
    ("known", "thinking", "thinks"),
    [
        (Abilities("never"), Thinking("high"), False),
        (Abilities("always"), Thinking("none"), True),
        (Abilities("can", by_default=True), None, True),
        (Abilities("can", by_default=False), Thinking(), False),
        (Abilities("can"), None, None),
        (Abilities("can"), Thinking("none"), False),
        (Abilities("can", levels=("low",)), Thinking("none"), True),
        (Abilities(), None, None),
        (Abilities(), Thinking("none"), False),
        (Abilities(), Thinking("low"), None),
    ],
)
def test_whether_a_model_will_think_is_known_or_not(
    known: Abilities, thinking: Thinking | None, thinks: bool | None
) -> None:
    assert known.at_work(thinking) is thinks


def test_each_ability_says_where_it_comes_from_and_later_sources_win() -> None:
    first = Abilities().informed("a package", thinks="can", context=8000, images=None)
    second = Abilities().informed("the settings", thinks="never")
    both = second.over(first)
    assert (both.thinks, both.context, both.images) == ("never", 8000, None)
    assert both.sources == {"thinks": "the settings", "context": "a package"}


def test_every_ability_can_be_told_and_is_told_in_words() -> None:
    assert set(NAMES) == set(ABOUT) == set(Told.__annotations__)


# -- packages


def test_packages_know_contexts_prices_and_switches() -> None:
    assert _packages.prices("openai", "gpt-5.2")["context"] == 400_000
    assert _packages.prices("openai", "nobody-knows-it") == {}
    pytest.importorskip("pydantic_ai")
    assert _packages.profile("deepseek", "deepseek-flash").items() >= {"thinks": "can", "by_default": True}.items()
    assert _packages.profile("openai", "o3")["thinks"] == "always"
    assert "none" not in _packages.profile("openai", "o3")["levels"]
    assert _packages.profile("xai", "grok-4.5")["levels"] == ("low", "medium", "high")
    assert _packages.profile("google", "gemini-2.5-flash")["by_default"] is True


def test_what_a_package_does_not_know_is_unknown() -> None:
    assert "thinks" not in _packages.profile("openai", "gpt-unheard-of")
    assert _packages.profile("openrouter", "without-a-maker") == {}
    assert _packages.profile("", "any") == {}


def test_favourites_are_sold_still() -> None:
    from genai_prices import Usage, calc_price

    makers = [maker for maker in vars(catalog).values() if getattr(maker, "favourite", "")]
    for maker in makers:
        if vendor := getattr(maker, "vendor", None) or {"anthropic": "anthropic", "google": "google"}.get(maker.name):
            priced = calc_price(Usage(input_tokens=1), maker.favourite, provider_id=vendor)
            assert not priced.model.deprecated, maker.favourite


# -- servers


async def test_a_server_that_is_not_named_is_recognized_by_what_it_says(zoo: Zoo) -> None:
    for name, dialect in (("ollama", "ollama"), ("llamacpp", "llamacpp"), ("vllm", "vllm"), ("sglang", "sglang")):
        model = OpenAI(name, zoo.at(name))
        await model.abilities()
        found = model.connections.heard(model.url, name)
        assert found is not None
        assert found[0].name == dialect
        await model.close()


@pytest.mark.parametrize(
    ("provider", "name", "known"),
    [
        ("ollama", "ollama", {"thinks": "can", "by_default": True, "context": 40_960, "tools": "always"}),
        ("ollama", "ollama-plain", {"thinks": "never"}),
        ("llamacpp", "llamacpp", {"thinks": "can", "by_default": True, "context": 32_768, "images": False}),
        ("vllm", "vllm", {"context": 32_768}),
        ("vllm", "noparser", {"context": 32_768, "opened": True, "by_default": True}),
        ("sglang", "sglang", {"context": 16_384}),
        ("lmstudio", "lmstudio", {"context": 8192, "images": True}),
        ("openrouter", "router", {"thinks": "always", "context": 200_000, "most_out": 64_000, "images": True}),
    ],
)
async def test_servers_are_asked_about_themselves(zoo: Zoo, provider: str, name: str, known: dict[str, Any]) -> None:
    model = make_model(f"{provider}:{name}", Wishes(url=zoo.at(name), key="k"))
    found = await abilities_of(model)
    await model.close()  # type: ignore[attr-defined]
    assert {ability: getattr(found, ability) for ability in known} == known
    assert all(found.sources[ability] == f"the server at {zoo.at(name)}" for ability in known)


async def test_a_server_is_asked_once_however_many_calls_begin_together(zoo: Zoo) -> None:
    model = make_model("ollama:ollama", Wishes(url=zoo.at("ollama")))
    assert isinstance(model, OpenAI)
    before = zoo.connections
    await model.abilities()
    await model.abilities()
    await model.close()
    assert zoo.connections == before + 1


@pytest.mark.parametrize("words", ["ollama", "llamacpp", "vllm", "models", "lmstudio", "openrouter", "guess"])
@pytest.mark.parametrize("says", ["404", "nothing", "a list", "deep", "numbers"])
async def test_whatever_a_server_says_of_itself_does_no_harm(words: Any, says: str) -> None:
    async with Liar(says) as server:
        model = OpenAI("m", server.url, dialect=replace(COMPATIBLE, words=words))
        known = await model.abilities()
        await model.close()
    assert (known.thinks, known.context) == ("unknown", None)


class Liar(CountingServer):
    """Answers every question about itself with the same odd thing."""

    def __init__(self, says: str):
        super().__init__()
        self.says = says

    def _other(self, method: str, path: str, body: dict[str, Any]) -> Any:
        match self.says:
            case "404":
                return super()._other(method, "/nowhere", body)
            case "nothing":
                return None
            case "a list":
                return [1, [2]]
            case "deep":
                return json.loads('{"data":' + "[" * 150 + "]" * 150 + "}")
        keys = ("data", "models", "capabilities", "model_info", "prompt", "token_strs", "default_generation_settings")
        return dict.fromkeys(keys, 7)


async def test_nobody_there_is_no_reason_to_fail_and_is_asked_again_later() -> None:
    model = OpenAI("m", "http://127.0.0.1:9/v1")
    assert (await model.abilities()).sources == {}
    await model.close()
    assert model.connections.heard(model.url, "m") is not None
    assert model.connections._said[model.url, "m"].until != float("inf")


async def test_a_model_that_says_nothing_of_itself_is_unknown() -> None:
    assert await abilities_of(Scripted()) == Abilities()


async def test_the_models_in_the_box_never_think() -> None:
    known = await abilities_of(make_model("embedded:small", Wishes(say=silence)))
    assert (known.thinks, known.context, known.tools, known.price) == ("never", 4096, "never", (0.0, 0.0))


def test_hosts_have_their_dialects() -> None:
    assert at("api.openai.com") is OPENAI
    assert at("my.openai.azure.com") is OPENAI
    assert at("127.0.0.1") is COMPATIBLE
    assert at("notapi.openai.com.example.org") is COMPATIBLE
    assert len({end for dialect in DIALECTS.values() for end in dialect.hosts}) >= 14


# -- settings


async def test_the_settings_have_the_last_word(zoo: Zoo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[abilities."ollama:ollama"]\nthinks = "never"\ncontext = 2048\nlevels = ["low"]\n')
    monkeypatch.setenv("TERTULIA_CONFIG", str(file))
    model = make_model("ollama:ollama", wishes_of(load(base_url=zoo.at("ollama")), silence))
    known = await abilities_of(model)
    await model.close()  # type: ignore[attr-defined]
    assert (known.thinks, known.context, known.levels) == ("never", 2048, ("low",))
    assert known.sources["thinks"] == "the settings"
    assert known.sources["images"] == f"the server at {zoo.at('ollama')}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('thinks = "sometimes"', "'abilities.openai:gpt.thinks' cannot be 'sometimes': Input should be 'never', 'can'"),
        ('levels = ["lots"]', "cannot be 'lots': Input should be 'none', 'minimal', 'low'"),
        ("thinking = true", "'abilities.openai:gpt.thinking' cannot be True: Extra inputs are not permitted"),
        ("context = 0", "cannot be 0"),
    ],
)
def test_a_setting_with_a_typo_says_what_would_work(
    line: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[abilities."openai:gpt"]\n{line}\n')
    monkeypatch.setenv("TERTULIA_CONFIG", str(file))
    with pytest.raises(SettingsError) as caught:
        load()
    assert said in str(caught.value)


# -- what is sent


def body(request: Request, dialect: Dialect = COMPATIBLE, **known: Any) -> dict[str, Any]:
    return Asking("m", request, dialect, dialect.abilities.informed("the test", **known)).body()


def test_the_model_in_the_box_is_asked_as_it_always_was_to_the_byte() -> None:
    request = replace(QUESTION, max_tokens=320, schema={"type": "object"}, stop=("END",), seed=7, tools=(TOOL,))
    for thinking in (None, Thinking("none", 0), Thinking("high", 12_000)):
        asked = json.dumps(body(replace(request, thinking=thinking), EMBEDDED))
        assert asked == (
            '{"model": "m", "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": '
            '"What is 2 + 3?"}], "max_tokens": 320, "temperature": 0.0, "stream": true, '
            '"stream_options": {"include_usage": true}, "response_format": {"type": "json_schema", "json_schema": '
            '{"name": "reply", "schema": {"type": "object"}, "strict": true}}, "stop": ["END"], "seed": 7, '
            '"tools": [{"type": "function", "function": {"name": "count", '
            '"description": "", "parameters": {"type": "object", "properties": {}}}}]}'
        )


def test_the_allowance_is_added_to_the_cap_and_cut_to_the_longest_reply() -> None:
    request = replace(QUESTION, max_tokens=320, thinking=Thinking("low", 1500))
    assert body(request)["max_tokens"] == 1820
    assert body(request, thinks="never")["max_tokens"] == 320
    assert body(request, most_out=1000)["max_tokens"] == 1000
    assert body(replace(request, thinking=None))["max_tokens"] == 320


@pytest.mark.parametrize(
    ("known", "thinking", "sent"),
    [
        ({}, None, True),
        ({"thinks": "always"}, None, False),
        ({"thinks": "can", "by_default": True}, None, False),
        ({"thinks": "can", "by_default": True}, Thinking("none"), True),
        ({"thinks": "always", "temperature": "always"}, None, True),
        ({"temperature": "never"}, None, False),
    ],
)
def test_a_temperature_is_left_out_where_the_model_thinks(
    known: dict[str, Any], thinking: Thinking | None, sent: bool
) -> None:
    assert ("temperature" in body(replace(QUESTION, thinking=thinking), **known)) is sent


def test_any_json_is_asked_for_as_such_and_a_schema_as_strictly_as_it_can_be_held() -> None:
    assert body(replace(QUESTION, schema={"type": "object"}))["response_format"] == {"type": "json_object"}
    for schema, dialect, strict in (
        (SCHEMA, OPENAI, True),
        ({**SCHEMA, "required": []}, OPENAI, False),
        ({**SCHEMA, "required": []}, COMPATIBLE, True),
    ):
        asked = body(replace(QUESTION, schema=schema), dialect)
        assert asked["response_format"]["json_schema"]["strict"] is strict
    asked = body(replace(QUESTION, schema=SCHEMA, strict=False))
    assert asked["response_format"]["json_schema"]["strict"] is False


def test_a_schema_is_told_in_words_where_nothing_enforces_it() -> None:
    request = replace(QUESTION, schema=SCHEMA)
    words = body(request, schema="words")
    assert "response_format" not in words
    assert words["messages"][0]["content"].endswith(json.dumps(SCHEMA))
    assert body(request, schema="object")["response_format"] == {"type": "json_object"}
    told = replace(request, messages=(Message("user", "Answer in JSON."),))
    assert body(told, schema="object")["messages"][0]["content"] == "Answer in JSON."


def test_where_a_schema_stops_the_thought_that_was_asked_for_it_is_told_in_words() -> None:
    known: dict[str, Any] = {"thinks": "can", "schema_with_thought": False}
    request = replace(QUESTION, schema=SCHEMA, thinking=Thinking("high", 1000))
    assert "response_format" not in body(request, **known)
    assert "response_format" in body(replace(request, thinking=Thinking("none")), **known)


def test_tools_that_go_with_no_thought_stop_it() -> None:
    request = replace(QUESTION, tools=(TOOL,), thinking=Thinking("high", 1000))
    assert body(request, tools="while not thinking")["reasoning_effort"] == "none"
    assert "tools" not in body(request, tools="never")


# -- refusals


def refused(message: str, param: str | None = None, thinks: bool | None = None, **asked: Any) -> tuple[Any, ...] | None:
    """What is learnt, or which value is given up, after a refusal."""
    refusal = Refusal({"max_tokens": 1820, **asked}, {"message": message, "param": param}, Abilities(), thinks)
    if (remedy := refusal.remedy()) is None:
        return None
    if remedy.quiet:
        return ("without thought",)
    return ("value", remedy.parameter) if remedy.parameter else (remedy.ability, remedy.value)


HOT: dict[str, Any] = {"temperature": 0.0}
EFFORT = {"reasoning_effort": "minimal"}
FORMAT = {"response_format": {"type": "json_schema"}}


@pytest.mark.parametrize(
    ("message", "asked", "lesson"),
    [
        ("Unsupported value: 'temperature' does not support 0 with this model.", HOT, ("temperature", "never")),
        ("temperature: Extra inputs are not permitted", HOT, ("temperature", "never")),
        ("invalid temperature: only 1 is allowed for this model", HOT, ("temperature", "never")),
        ("`temperature` may only be set to 1 when thinking is enabled", HOT, ("temperature", "never")),
        ("`temperature` is deprecated for this model", HOT, ("temperature", "never")),
        ("This response_format type is unavailable now", FORMAT, ("schema", "object")),
        ("Argument not supported on this model: stop", {"stop": ["END"]}, ("without", "stop")),
        (
            "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
            {},
            ("cap", "max_completion_tokens"),
        ),
        (
            "Function tools with reasoning_effort are not supported for gpt-5.6 in /v1/chat/completions. "
            "Please use /v1/responses or set reasoning_effort to 'none'.",
            {"tools": [{}]},
            ("tools", "while not thinking"),
        ),
        (
            "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. "
            "Supported values are: 'none', 'low', 'medium', 'high', and 'xhigh'.",
            EFFORT,
            ("levels", ("none", "low", "medium", "high", "xhigh")),
        ),
        ("Reasoning is mandatory for this endpoint and cannot be disabled", EFFORT, ("thinks", "always")),
        ("Budget 0 is invalid. This model only works in thinking mode.", EFFORT, ("thinks", "always")),
        (
            "thinking cannot be disabled, please use low, high, or max",
            {"thinking": {"type": "disabled"}},
            ("levels", ("low", "high", "max")),
        ),
        ('"llama3" does not support thinking', EFFORT, ("thinks", "never")),
        (
            "thinking_token_budget is set but reasoning_config is not configured",
            {"thinking_token_budget": 100},
            ("without", "thinking_token_budget"),
        ),
        ("Thinking mode does not support this tool_choice", {"tool_choice": "required"}, ("forced_tools", "never")),
        ("`max_tokens` must be greater than `thinking.budget_tokens`", {}, ("without thought",)),
        ("max_tokens is out of range [1,1024]", {}, ("most_out", 1024)),
    ],
)
def test_each_refusal_of_the_providers_is_understood(
    message: str, asked: dict[str, Any], lesson: tuple[Any, ...]
) -> None:
    assert refused(message, **asked) == lesson


@pytest.mark.parametrize(
    ("message", "asked", "lesson"),
    [
        ("max_tokens: 1820 > 1000, which is the maximum allowed number of output tokens", {}, ("most_out", 1000)),
        (
            "'max_tokens' is too large: 1820. This model's maximum context length is 2048 tokens and your request has "
            "512 input tokens (1820 > 2048 - 512).",
            {},
            ("most_out", 1536),
        ),
        ("reasoning_effort must be one of `none` or `default`", {"reasoning_effort": "low"}, ("levels", ("none",))),
        ("reasoning_format `raw` is not supported with JSON mode or tools", {}, ("thinks", "can")),
        ("reasoning_content is missing in assistant tool call message at index 2", {}, ("without thought",)),
        (
            "chat_template_kwargs: Extra inputs are not permitted",
            {"chat_template_kwargs": {}},
            ("without", "chat_template_kwargs"),
        ),
        ("temperature must be between 0 and 2", {"temperature": 3.0}, ("value", "temperature")),
        (
            "Invalid schema for response_format 'reply': In context=(), 'oneOf' is not permitted.",
            FORMAT,
            ("value", "response_format"),
        ),
        ("Invalid schema for function 'f': missing properties", {"tools": [{}]}, None),
        ("max_tokens is out of range [1,131072]", {}, None),
        ("the prompt is not supported", HOT, None),
    ],
)
def test_a_value_that_is_refused_is_not_held_against_the_model(
    message: str, asked: dict[str, Any], lesson: tuple[Any, ...] | None
) -> None:
    assert refused(message, **asked) == lesson


def test_a_temperature_refused_by_one_who_thinks_is_kept_for_when_it_does_not() -> None:
    message = "`temperature` may only be set to 1 when thinking is enabled"
    assert refused(message, thinks=True, **HOT) == ("temperature", "while not thinking")


async def test_one_schema_that_is_refused_costs_nobody_else_theirs() -> None:
    async with Strict() as server:
        model = OpenAI("counting", server.url, connections=Connections())
        loose = {**SCHEMA, "properties": {"a": {"oneOf": [{"type": "integer"}]}}}
        for schema, posts in ((loose, 2), (loose, 1), (SCHEMA, 1)):
            before = len(server.calls)
            async for _ in model.stream(replace(QUESTION, schema=schema)):
                pass
            assert len(server.calls) - before == posts
        await model.close()
    formats = [call.parameters["response_format"]["json_schema"]["strict"] for call in server.calls]
    assert formats == [True, False, False, True]
    assert list(model.connections.learnt) == []


class Strict(CountingServer):
    """Refuses strict schemas that hold `oneOf`, as OpenAI does."""

    def _check(self, body: dict[str, Any], headers: Any, read: int) -> None:
        super()._check(body, headers, read)
        schema = body["response_format"]["json_schema"]
        if schema["strict"] and "oneOf" in json.dumps(schema):
            said = "In context=('properties', 'a'), 'oneOf' is not permitted."
            raise Answer(400, f"Invalid schema for response_format 'reply': {said}", {"param": "response_format"})
