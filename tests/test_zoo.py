"""Models as those of today behave, and what is sent to each: replies, refusals, thoughts and books."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from bench.zoo import BEHAVIOURS, Zoo
from bench.zoo.__main__ import serve
from bench.zoo.animals import QUOTE
from tertulia.abilities import Level, Thinking
from tertulia.errors import ModelBusy, ModelError, ThoughtTooLong, UnusableReply
from tertulia.model import Draft, Message, Request
from tertulia.providers.catalog import Wishes
from tertulia.providers.connections import Connections
from tertulia.providers.dialects import COMPATIBLE, OPENAI, VLLM
from tertulia.providers.learnt import Learnt
from tertulia.providers.openai import OpenAI
from tertulia.registry import find
from tertulia.types import Call, Tool

QUESTION = Request((Message("system", "Be short."), Message("user", "What is 2 + 3?")), max_tokens=320)
ANSWER = "The answer is 5."
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}
TOOL = Tool("count", "Counts.", {"type": "object", "properties": {"n": {"type": "integer"}}})
ROOM = 10_000
LEVELS: tuple[Level | None, ...] = (None, "none", "low", "medium")
TEMPLATE = ("enable_thinking", "thinking")
SPEECHLESS = {"moody-thought", "moody-end"}
UNCOUNTED = {"moody-zero", "moody-none"}


@pytest.fixture
async def zoo() -> AsyncIterator[Zoo]:
    async with Zoo() as zoo:
        yield zoo


def made(zoo: Zoo, name: str, **changes: Any) -> OpenAI:
    """The model of a behaviour, as its provider makes it."""
    model: OpenAI = find("provider", BEHAVIOURS[name].provider)(name, Wishes(url=zoo.at(name), key="a-key-of-mine"))
    return replace(model, **changes)


@asynccontextmanager
async def met(name: str, **changes: Any) -> AsyncIterator[tuple[Zoo, OpenAI]]:
    async with Zoo() as zoo:
        model = made(zoo, name, **changes)
        yield zoo, model
        await model.connections.close()


async def ask(model: Any, request: Request = QUESTION) -> Draft:
    draft = Draft()
    await draft.read(model.stream(request))
    return draft


async def fail(model: Any, request: Request = QUESTION) -> tuple[ModelError, Draft]:
    draft = Draft()
    with pytest.raises(ModelError) as caught:
        await draft.read(model.stream(request))
    return caught.value, draft


def asked(level: Level | None, allowance: int = ROOM, **changes: Any) -> Request:
    return replace(QUESTION, thinking=Thinking(level, allowance), **changes)


def billed(zoo: Zoo, since: int = 0) -> int:
    return sum(call.prompt_tokens + call.completion_tokens for call in zoo.calls[since:])


def statuses(zoo: Zoo) -> list[int]:
    return [call.status for call in zoo.calls]


# -- all of them


@pytest.mark.parametrize("name", sorted(BEHAVIOURS.keys() - SPEECHLESS - {"looper"}))
async def test_each_answers_at_any_level_and_is_booked_to_the_token(name: str) -> None:
    async with met(name) as (zoo, model):
        for level in LEVELS:
            for schema in (None, SCHEMA):
                before = len(zoo.calls)
                draft = await ask(model, asked(level, schema=schema))
                assert draft.text.endswith(ANSWER) or json.loads(draft.text) == {"answer": 1}
                assert draft.text.startswith(QUOTE) or "think" not in draft.text
                if name not in UNCOUNTED:
                    assert draft.usage is not None
                    assert draft.usage.total == billed(zoo, before)
                    reasoning = sum(call.reasoning_tokens for call in zoo.calls[before:])
                    assert abs(draft.usage.hidden - reasoning) <= 5  # where it was split by length


@pytest.mark.parametrize("name", sorted(BEHAVIOURS.keys() - SPEECHLESS - {"looper"}))
async def test_no_request_is_sent_twice_unchanged_and_no_refusal_met_twice(name: str) -> None:
    async with met(name) as (zoo, model):
        for level in (*LEVELS, *LEVELS):
            await ask(model, asked(level))
        refused = [body for body, call in zip(zoo.bodies, zoo.calls, strict=True) if call.status == 400]
        assert max(Counter(json.dumps(body, sort_keys=True) for body in refused).values(), default=1) == 1
        assert len(refused) == len({lesson.reason for lesson in model.connections.learnt if "it said" in lesson.reason})
        assert len(refused) <= 2


async def test_a_zoo_run_by_hand_says_how_each_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    serving = asyncio.create_task(serve(0, None))
    async with asyncio.timeout(20):
        while "claude" not in (said := capsys.readouterr().out):
            await asyncio.sleep(0.01)
    serving.cancel()
    assert "--model deepseek:deepseek --base-url http://127.0.0.1:" in said


async def test_at_the_common_address_the_name_of_the_model_picks_the_behaviour(zoo: Zoo) -> None:
    model = OpenAI("tag-thought", zoo.url)
    draft = await ask(model)
    await model.close()
    assert draft.text.endswith(ANSWER)
    assert draft.thought


# -- each by itself


async def test_one_who_thinks_whatever_it_is_told_is_found_out() -> None:
    async with met("eater") as (zoo, model):
        error, draft = await fail(model, asked("none", 0))
        assert isinstance(error, ThoughtTooLong)
        assert error.tokens == 320
        assert "thought for 320 tokens and wrote no answer" in str(error)
        assert (draft.finish, draft.text) == ("length", "")
        assert draft.usage is not None
        assert draft.usage.total == billed(zoo)
        known = await model.abilities()
        assert (known.thinks, known.sources["thinks"]) == ("always", "it thought though it was told not to")
        assert (await ask(model, asked("none", 1500))).text.endswith(ANSWER)


async def test_gpt_is_asked_in_its_own_words_from_the_first_call() -> None:
    async with met("gpt", dialect=OPENAI) as (zoo, model):
        await ask(model, asked("none"))
        await ask(model, asked("low"))
        await ask(model, asked("minimal", tools=(TOOL,)))
        none, low, *others = zoo.bodies
        assert (none["reasoning_effort"], none["temperature"]) == ("none", 0.0)
        assert low["reasoning_effort"] == "low"
        assert "temperature" not in low
        assert low["max_completion_tokens"] == 320 + ROOM
        assert [body["reasoning_effort"] for body in others] == ["minimal", "low", "none"]  # two refusals, once each
        assert statuses(zoo) == [200, 200, 400, 400, 200]
        await ask(model, asked("minimal", tools=(TOOL,)))
        assert zoo.bodies[-1]["reasoning_effort"] == "none"
        assert statuses(zoo)[5:] == [200]


async def test_a_router_that_must_think_is_asked_for_the_least_without_a_refusal() -> None:
    async with met("router") as (zoo, model):
        draft = await ask(model, asked("none"))
        assert statuses(zoo) == [200]
        assert zoo.bodies[0]["reasoning"] == {"enabled": True, "effort": "minimal"}
        assert draft.usage is not None
        assert draft.usage.hidden == 150
        known = await model.abilities()
        assert (known.thinks, known.context, known.most_out, known.images) == ("always", 200_000, 64_000, True)
        assert known.sources["thinks"] == f"the server at {zoo.at('router')}"


async def test_kimi_gets_no_temperature_and_no_forced_tool() -> None:
    async with met("kimi") as (zoo, model):
        request = asked(None, tools=(TOOL,), must_call="*")
        draft = await ask(model, replace(request, temperature=0.7))
        assert statuses(zoo) == [200]
        assert not {"temperature", "tool_choice"} & zoo.bodies[0].keys()
        assert draft.ignored == ("temperature", "tool_choice")
        await ask(model, asked("none"))
        assert zoo.bodies[1]["thinking"] == {"type": "disabled"}


async def test_an_unknown_server_that_behaves_like_kimi_teaches_the_same_at_one_call_each() -> None:
    async with met("kimi", dialect=COMPATIBLE) as (zoo, model):
        await ask(model, asked(None, tools=(TOOL,), must_call="*"))
        await ask(model, asked(None, tools=(TOOL,), must_call="*"))
        assert statuses(zoo) == [400, 400, 200, 200]
        assert {lesson.ability for lesson in model.connections.learnt} >= {"temperature", "forced_tools"}


async def test_deepseek_gets_json_in_words_and_its_own_cap() -> None:
    async with met("deepseek") as (zoo, model):
        draft = await ask(model, asked("minimal", schema=SCHEMA))
        assert json.loads(draft.text) == {"answer": 1}
        (body,) = zoo.bodies
        assert body["response_format"] == {"type": "json_object"}
        assert "JSON that follows this schema" in body["messages"][0]["content"]
        assert body["max_tokens"] == 320 + ROOM
        assert (body["thinking"], body["reasoning_effort"]) == ({"type": "enabled"}, "low")


async def test_ollama_says_itself_who_thinks() -> None:
    async with met("ollama") as (zoo, model):
        await ask(model, asked("xhigh"))
        assert zoo.bodies[0]["reasoning_effort"] == "high"
        assert (await model.abilities()).context == 40_960
    async with met("ollama-plain") as (zoo, model):
        await ask(model, asked("high"))
        assert statuses(zoo) == [200]
        assert "reasoning_effort" not in zoo.bodies[0]
        assert zoo.bodies[0]["max_tokens"] == 320
        assert (await model.abilities()).thinks == "never"


@pytest.mark.parametrize("name", ["llamacpp", "llamacpp-tree"])
async def test_llama_cpp_is_given_the_allowance_as_a_wall(name: str) -> None:
    async with met(name) as (zoo, model):
        draft = await ask(model, asked("low", 256))
        assert zoo.calls[0].reasoning_tokens == 256
        assert zoo.bodies[0]["max_tokens"] == 320 + 256
        assert draft.text.endswith(ANSWER)


async def test_a_thought_without_an_opening_tag_is_no_answer_from_the_first_reply_on() -> None:
    async with met("noparser") as (_, model):
        draft = await ask(model, asked(None))
        assert "think" not in "".join(draft.texts)
        assert (await model.abilities()).opened
        error, draft = await fail(model, asked(None, 100))
        assert isinstance(error, ThoughtTooLong)
        assert draft.text == ""


async def test_a_server_that_does_not_tell_is_seen_through_after_one_reply() -> None:
    async with met("noparser", dialect=replace(VLLM, words="")) as (_, model):
        assert not (await model.abilities()).opened
        first = await ask(model, asked(None))
        assert first.text.endswith(ANSWER)
        assert "aab aac" not in first.text
        assert (await model.abilities()).sources["opened"].startswith("its thought ended with a tag")
        assert "aab aac" not in "".join((await ask(model, asked(None))).texts)


async def test_json_in_the_wrong_drawer_is_taken_out_of_it() -> None:
    async with met("drawer") as (_, model):
        draft = await ask(model, asked("none", schema=SCHEMA))
        assert (draft.text, draft.thought) == ('{"answer": 1}', "")
        assert draft.usage is not None
        assert draft.usage.hidden == 0


async def test_one_who_thinks_in_silence_is_waited_for() -> None:
    async with met("gemini", idle=0.2) as (_, model):
        assert (await ask(model, asked(None))).text.endswith(ANSWER)
    async with met("gemini", idle=0.2, dialect=COMPATIBLE) as (_, model):
        error, _ = await fail(model, asked(None))
        assert isinstance(error, ModelBusy)
        assert "over 0.2 s in silence" in str(error)


@pytest.mark.parametrize("name", ["gemini", "gemini-choiceless"])
async def test_a_thought_that_is_only_in_the_total_is_billed_in_full(name: str) -> None:
    async with met(name) as (zoo, model):
        error, draft = await fail(model, asked(None, 500))
        assert isinstance(error, ThoughtTooLong)
        assert error.tokens == 820
        assert draft.usage is not None
        assert draft.usage.total == billed(zoo)


async def test_one_who_goes_round_in_circles_is_stopped_and_asked_otherwise() -> None:
    async with met("looper") as (zoo, model):
        error, draft = await fail(model, asked(None))
        assert isinstance(error, ThoughtTooLong)
        assert "over and over" in str(error)
        assert draft.finish == "length"
        assert billed(zoo) < 2000
        assert (await ask(model, asked(None))).text.endswith(ANSWER)
        assert "temperature" not in zoo.bodies[1]


async def test_what_changes_its_mind_is_believed_until_the_day_is_over() -> None:
    now = [0.0]
    async with met("moody", connections=Connections(Learnt(lambda: now[0]))) as (zoo, model):
        for _ in range(6):
            await ask(model)
        assert statuses(zoo) == [200] * 3 + [400] + [200] * 3
        assert ["temperature" in body for body in zoo.bodies] == [True] * 4 + [False] * 3
        now[0] = 25 * 3600
        await ask(model)
        assert "temperature" in zoo.bodies[-1]
        assert statuses(zoo)[-1] == 200


async def test_a_reply_of_thought_alone_and_one_without_an_end_are_no_replies() -> None:
    async with met("moody-thought") as (_, model):
        error, _ = await fail(model)
        assert type(error) is UnusableReply
        assert "wrote no text (finish reason 'stop')" in str(error)
    async with met("moody-end") as (_, model):
        error, _ = await fail(model)
        assert type(error) is ModelBusy
        assert "without a finish reason" in str(error)


@pytest.mark.parametrize(
    ("name", "level", "sent"),
    [
        ("mistral", "high", {"reasoning_effort": "high"}),
        ("mistral", "low", {"reasoning_effort": "high"}),
        ("groq-oss", "low", {"reasoning_effort": "low", "reasoning_format": "parsed"}),
        ("groq-qwen", "none", {"reasoning_effort": "none", "reasoning_format": "parsed"}),
        ("together", "none", {"reasoning": {"enabled": False}}),
        ("together", "low", {"reasoning_effort": "low"}),
        ("fireworks", "none", {"reasoning_effort": "none"}),
        ("qwen", "none", {"enable_thinking": False}),
        ("qwen", "low", {"enable_thinking": True, "thinking_budget": ROOM}),
        ("zai", "low", {"thinking": {"type": "enabled"}, "reasoning_effort": "low"}),
        ("minimax", "none", {"thinking": {"type": "disabled"}, "reasoning_split": True}),
        ("minimax", "high", {"thinking": {"type": "adaptive"}, "reasoning_split": True}),
        ("xai", "high", {"reasoning_effort": "high"}),
        ("vllm", "none", {"reasoning_effort": "none", "chat_template_kwargs": dict.fromkeys(TEMPLATE, False)}),
        ("sglang", "high", {"reasoning_effort": "high", "chat_template_kwargs": dict.fromkeys(TEMPLATE, True)}),
        ("lmstudio", "none", {"reasoning_effort": "none"}),
        ("gemini", "low", {"reasoning_effort": "low"}),
    ],
)
async def test_each_provider_is_told_to_think_in_its_own_words(name: str, level: Level, sent: dict[str, Any]) -> None:
    async with met(name) as (zoo, model):
        draft = await ask(model, asked(level))
        assert statuses(zoo) == [200]
        assert {field: zoo.bodies[0].get(field) for field in sent} == sent
        assert bool(zoo.calls[0].reasoning_tokens) == (level != "none")
        assert draft.text.endswith(ANSWER)


# -- rounds of tools


@pytest.mark.parametrize("name", ["deepseek", "kimi", "router", "gpt"])
async def test_thoughts_go_back_with_their_calls_to_whoever_thought_them(name: str) -> None:
    async with met(name, **({"dialect": OPENAI} if name == "gpt" else {})) as (zoo, model):
        first = await ask(model, asked("low", tools=(TOOL,)))
        assert first.calls[0].name == "count"
        turn = (Message("assistant", "", calls=first.calls), Message("tool", "7", answers=first.calls[0].id))
        request = asked("low", tools=(TOOL,), messages=(*QUESTION.messages, *turn))
        before = len(zoo.calls)
        second = await ask(model, request)  # by the memory of the house
        assert second.text.endswith(ANSWER)
        kept = replace(turn[0], kept=first.kept)
        elsewhere = replace(model, connections=Connections())  # by what came with the calls
        await ask(elsewhere, replace(request, messages=(*QUESTION.messages, kept, turn[1])))
        await elsewhere.close()
        assert [call.status for call in zoo.calls[before:]].count(200) == 2
        if name != "gpt":
            assert all(call.status == 200 for call in zoo.calls[before:])


async def test_thoughts_go_to_nobody_else() -> None:
    async with met("deepseek") as (zoo, model):
        first = await ask(model, asked("low", tools=(TOOL,)))
        said = Message("assistant", "", calls=first.calls, kept=first.kept)
        turn = (said, Message("tool", "7", answers=first.calls[0].id))
        request = replace(QUESTION, messages=(*QUESTION.messages, *turn))
        other = replace(made(zoo, "plain"), connections=model.connections)
        await ask(other, request)
        assert first.thought[:7] == "aaa aab"
        assert "aaa aab" not in json.dumps(zoo.bodies[-1])
        assert zoo.bodies[-1]["messages"][2]["tool_calls"][0]["id"] == first.calls[0].id


async def test_a_lost_thought_is_done_without() -> None:
    async with met("deepseek") as (zoo, model):
        calls = (Call("c1", "count", "{}"),)
        turn = (Message("assistant", "", calls=calls), Message("tool", "7", answers="c1"))
        draft = await ask(model, asked("low", tools=(TOOL,), messages=(*QUESTION.messages, *turn)))
        assert statuses(zoo) == [400, 200]
        assert zoo.bodies[1]["thinking"] == {"type": "disabled"}
        assert draft.text.endswith(ANSWER)


# -- Claude, through pydantic-ai


@asynccontextmanager
async def claude(name: str = "claude-opus-5-5") -> AsyncIterator[tuple[Zoo, Any]]:
    pytest.importorskip("anthropic")
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    from tertulia.providers.direct import Direct

    async with Zoo() as zoo:
        provider = AnthropicProvider(api_key="sk", base_url=zoo.at("claude"))
        async with AnthropicModel(name, provider=provider) as model:
            yield zoo, Direct(model)


async def test_claude_is_asked_for_the_least_and_gets_no_temperature() -> None:
    async with claude() as (zoo, model):
        draft = await ask(model, asked("none"))
        assert draft.text.endswith(ANSWER)
        assert draft.usage is not None
        assert (draft.usage.total, draft.usage.hidden) == (billed(zoo), 200)
        assert statuses(zoo) == [200]
        assert "temperature" not in zoo.bodies[0]
        assert zoo.bodies[0]["output_config"] == {"effort": "low"}
        known = await model.abilities()
        assert (known.thinks, known.most_out, known.forced_tools) == ("always", 128_000, "never")


async def test_a_claude_that_nobody_knows_teaches_what_it_does_not_take() -> None:
    async with claude("claude-unheard-of") as (zoo, model):
        await ask(model, asked(None))
        await ask(model, asked(None))
        assert statuses(zoo) == [400, 200, 200]
        assert (await model.abilities()).temperature == "never"


async def test_claude_gets_its_signatures_back() -> None:
    async with claude() as (zoo, model):
        first = await ask(model, asked("low", tools=(TOOL,)))
        turn = (Message("assistant", "", calls=first.calls), Message("tool", "7", answers=first.calls[0].id))
        second = await ask(model, asked("low", tools=(TOOL,), messages=(*QUESTION.messages, *turn)))
        assert second.text.endswith(ANSWER)
        assert statuses(zoo) == [200, 200]
        assert zoo.bodies[1]["messages"][1]["content"][0]["signature"] == "sealed"


async def test_a_claude_cut_in_its_thoughts_says_so() -> None:
    async with claude() as (zoo, model):
        error, draft = await fail(model, asked("low", 0, max_tokens=100))
        assert isinstance(error, ThoughtTooLong)
        assert draft.usage is not None
        assert (error.tokens, draft.usage.total) == (100, billed(zoo))
