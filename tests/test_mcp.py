"""The house offers its tools to any MCP client, and its agents use those of others, as data and within limits."""

import asyncio
import json
import re
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import mcp
import pytest

from bench.counting_server import CLIENT_LEFT, CountingServer
from tertulia import House, Question
from tertulia.agents.caller import NO_TOOL, NOT_GIVEN, Call, Caller, closed, parse, schema
from tertulia.agents.critic import Critic
from tertulia.cli.ask import INTERRUPTED
from tertulia.cli.mcp import listen
from tertulia.errors import SettingsError, TertuliaError, ToolError, UnknownName
from tertulia.events import Decided, Found, Judged, Used
from tertulia.mcp.server import MOST_MESSAGES, HouseTools, build
from tertulia.opening import open_house
from tertulia.providers.scripted import Scripted
from tertulia.settings import load
from tertulia.stores.memory import Memory
from tertulia.strategies.auto import Auto
from tertulia.strategies.tertulia import Tertulia
from tertulia.strategies.tools import Tools
from tertulia.tools.documents import Library
from tertulia.tools.toolbox import McpServer, Toolbox, with_own_names
from tertulia.types import Task

from . import conftest

SMALL = str(Path(__file__).parent / "mcp_tools.py")
WEEK = "Are there more minutes in a day than hours in a week?"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """No settings and no documents but those of the test."""
    monkeypatch.setenv("TERTULIA_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("TERTULIA_DATA", str(tmp_path / "data"))
    return tmp_path


def command(*options):
    """`tertulia mcp` as a client starts it."""
    import os

    env = {name: os.environ[name] for name in ("TERTULIA_CONFIG", "TERTULIA_DATA")}
    return mcp.StdioServerParameters(command=sys.executable, args=["-m", "tertulia", "mcp", *options], env=env)


@asynccontextmanager
async def in_process(house, folder, **kwargs):
    """A client of the server over a house, without a process between them."""
    async with house, Library(folder) as library, mcp.Client(build(HouseTools(house, library)), **kwargs) as client:
        yield client


# -- the house as a server


async def test_a_client_over_standard_output_gets_the_answer_and_the_three_numbers():
    progress = []

    async def heard(count, total, message):
        progress.append((count, message))

    async with mcp.Client(command("--model", "scripted")) as client:
        offered = {tool.name: tool for tool in (await client.list_tools()).tools}
        told = await client.call_tool("ask", {"question": "How are you?"}, progress_callback=heard)
    assert sorted(offered) == ["ask", "search_documents"]
    assert offered["ask"].input_schema["required"] == ["question"]
    assert "tokens" in offered["ask"].output_schema["properties"]
    assert told.content[0].text == told.structured_content["answer"]
    tokens = told.structured_content["tokens"]
    assert tokens["input"] + tokens["output"] + tokens["reasoning"] == tokens["total"] > 0
    assert progress[0] == (1, "direct: one part, 3 words, nothing to compute")


HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
ASKED: list[dict[str, Any]] = [
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": "Who?"}}},
]


async def raw(*options):
    """`tertulia mcp` as a process with pipes."""
    started, pipe = command(*options), asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        started.command, *started.args, env=started.env, stdin=pipe, stdout=pipe, stderr=pipe
    )


async def test_standard_output_holds_the_protocol_and_nothing_else():
    process = await raw("--model", "scripted")
    lines = []
    for message in ASKED:
        process.stdin.write(json.dumps(message).encode() + b"\n")
        if "id" in message:
            lines.append(json.loads(await process.stdout.readline()))
    process.stdin.close()
    rest, _ = await process.communicate()
    assert [line["id"] for line in lines] == [1, 2]
    assert rest == b""
    assert process.returncode == 0


async def test_a_signal_ends_the_server_and_settles_its_runs_though_the_client_stays():
    async with CountingServer(latency=30) as upstream:
        process = await raw("--base-url", upstream.url, "--model", "openai:slow", "--strategy", "direct")
        for message in ASKED:
            process.stdin.write(json.dumps(message).encode() + b"\n")
        while not upstream.live:
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == INTERRUPTED
        process.stdin.close()
        await process.communicate()
        while upstream.live:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def over_http(*options):
    """`tertulia mcp --http` in a process; gives it and its address."""
    started = command("--http", "127.0.0.1:0", *options)
    process = await asyncio.create_subprocess_exec(
        started.command, *started.args, env=started.env, stderr=asyncio.subprocess.PIPE
    )
    try:
        while not (address := re.search(rb"http://\S+/mcp", line := await process.stderr.readline())):
            assert line, "it ended"
        yield process, address[0].decode()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def test_a_client_over_http_gets_the_same_and_the_server_stops_when_told():
    async with over_http("--model", "scripted", "--strategy", "direct") as (process, url):
        async with mcp.Client(url) as client:
            told = await client.call_tool("ask", {"question": "How are you?", "effort": "low"})
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert told.structured_content["strategy"] == "direct"
    assert told.structured_content["tokens"]["total"] > 0


async def test_web_pages_elsewhere_cannot_reach_the_server_over_http():
    async with over_http("--model", "scripted") as (_, url), aiohttp.ClientSession() as session:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        accepts = {"accept": "application/json, text/event-stream"}
        for headers in ({"host": "evil.example:80"}, {"origin": "https://evil.example"}):
            async with session.post(url, json=body, headers={**accepts, **headers}) as response:
                assert response.status in (403, 421)


@pytest.mark.parametrize("wire", ["standard output", "http"])
async def test_a_cancelled_request_cancels_the_run_and_its_calls(wire):
    async with CountingServer(latency=30) as upstream:
        options = ("--base-url", upstream.url, "--model", "openai:slow", "--strategy", "direct")

        async def leave(client):
            asking = asyncio.create_task(client.call_tool("ask", {"question": WEEK}))
            while not upstream.live:
                await asyncio.sleep(0.02)
            asking.cancel()
            while upstream.live:
                await asyncio.sleep(0.02)
            await client.list_tools()  # others go on

        async with asyncio.timeout(25):
            if wire == "http":
                async with over_http(*options) as (_, url), mcp.Client(url) as client:
                    await leave(client)
            else:
                async with mcp.Client(command(*options)) as client:
                    await leave(client)
        assert [call.status for call in upstream.calls] == [CLIENT_LEFT]


async def test_what_cannot_be_asked_is_an_error_that_says_what_can(house, tmp_path):
    async with in_process(house(), tmp_path) as client:
        wrong = await client.call_tool("ask", {"question": WEEK, "strategy": "votte"})
        empty = await client.call_tool("ask", {"question": " "})
        poor = await client.call_tool("ask", {"question": WEEK, "budget_tokens": 3})
    assert [told.is_error for told in (wrong, empty, poor)] == [True] * 3
    assert "there are: auto, compute" in wrong.content[0].text
    assert "the question is empty" in empty.content[0].text
    assert "the budget allows 3 tokens" in poor.content[0].text


async def test_strategy_effort_and_budget_of_a_request_are_kept(house, tmp_path):
    async with in_process(house(strategy=Auto()), tmp_path) as client:
        told = await client.call_tool("ask", {"question": WEEK, "strategy": "tertulia", "budget_tokens": 100_000})
        small = await client.call_tool("ask", {"question": WEEK + " Why? How?", "effort": "minimal"})
    assert told.structured_content["strategy"] == "tertulia"
    assert told.structured_content["answer"] == conftest.ANSWER
    assert small.structured_content["calls"] == 1


async def test_more_questions_than_allowed_are_refused_at_once(house, tmp_path):
    slow = house(seconds=0.3)
    async with slow, Library(tmp_path) as library, mcp.Client(build(HouseTools(slow, library, most=1))) as client:
        asked = [client.call_tool("ask", {"question": WEEK, "strategy": "direct"}) for _ in range(2)]
        told = await asyncio.gather(*asked)
    assert sorted(one.is_error for one in told) == [False, True]


async def test_progress_for_a_client_that_does_not_read_is_bounded(house, tmp_path):
    messages = []

    async def heard(count, total, message):
        await asyncio.sleep(0.01)
        messages.append(message)

    async with in_process(house(), tmp_path) as client:
        await client.call_tool("ask", {"question": WEEK, "strategy": "tertulia"}, progress_callback=heard)
    assert 0 < len(messages) <= MOST_MESSAGES
    assert any(message.startswith("plan: t1 calculator") for message in messages)


async def test_documents_are_found_with_their_exact_place(house, tmp_path):
    text = "# Bakery\n\nThe bakery opens at half past four in the morning.\n"
    (tmp_path / "bakery.md").write_text(text)
    async with Library(tmp_path / "library") as library:
        await library.add([tmp_path / "bakery.md"])
    async with in_process(house(), tmp_path / "library") as client:
        told = await client.call_tool("search_documents", {"query": "When does the bakery open?", "limit": 1})
        nothing = await client.call_tool("search_documents", {"query": "bakery", "collection": "none"})
    (found,) = told.structured_content["passages"]
    assert "half past four" in found["text"]
    assert text[found["start"] : found["end"]] == found["text"]
    assert told.content[0].text.startswith("[1] bakery.md, Bakery")
    assert nothing.structured_content == {"passages": []}


@pytest.mark.parametrize("address", ["0.0.0.0:80", "example.org:1", "127.0.0.1", "127.0.0.1:x", ":99999"])
def test_only_addresses_of_this_machine_can_be_listened_at(address):
    with pytest.raises(SettingsError):
        listen(address)


# -- tools of other servers


def small(*tools, name="small", **kwargs):
    kwargs.setdefault("args", (SMALL,))
    return McpServer(name, sys.executable, allowed=tools, **kwargs)


@asynccontextmanager
async def opened(*servers, say=lambda _: None):
    toolbox = Toolbox(servers)
    try:
        yield toolbox, await toolbox.open(say)
    finally:
        await toolbox.close()


async def test_only_allowed_tools_can_be_used():
    async with opened(small("stock")) as (toolbox, tools):
        assert [tool.name for tool in tools] == ["stock"]
        assert (await toolbox.call("stock", {"item": "nails"})).text == "the main shop has 417 pieces of nails"
        with pytest.raises(ToolError, match="there are: stock"):
            await toolbox.call("variables", {})


async def test_a_tool_that_no_server_offers_cannot_be_allowed():
    with pytest.raises(UnknownName, match="there are: die, evil"):
        async with opened(small("stok")):
            pass


async def test_a_server_with_no_tool_allowed_says_which_there_are():
    said = []
    async with opened(small(), say=said.append) as (_, tools):
        assert tools == ()
    assert "offers stock, variables" in said[0]


async def test_no_variable_passes_to_a_server_but_those_that_are_named(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    async with opened(small("variables", env={"WANTED": "1"})) as (toolbox, _):
        names = (await toolbox.call("variables", {})).text.split()
    assert "WANTED" in names
    assert "OPENAI_API_KEY" not in names
    assert not any(name.startswith("TERTULIA") for name in names)


async def test_a_failed_and_a_long_result_are_told_and_bounded():
    async with opened(small("refuse", "long")) as (toolbox, _):
        refused = await toolbox.call("refuse", {})
        assert not refused.ok
        assert len((await toolbox.call("long", {})).text) < 101_000


async def test_a_use_that_takes_longer_than_a_start_may_is_given_up():
    async with opened(small("slow", seconds=0.2)) as (toolbox, _):
        with pytest.raises(ToolError, match="timed out"):
            await toolbox.call("slow", {})


async def test_a_server_that_dies_is_started_again_for_the_next_use():
    async with opened(small("die", "stock")) as (toolbox, _):
        with pytest.raises(ToolError, match="losed"):
            await toolbox.call("die", {})
        assert (await toolbox.call("stock", {"item": "nails"})).ok


async def test_a_server_that_cannot_be_reached_is_told_of_and_left_out():
    said = []
    broken = small("*", name="broken", args=(SMALL, "--broken"))
    absent = McpServer("absent", url="http://127.0.0.1:9/mcp", allowed=("*",))
    async with opened(broken, absent, small("stock"), say=said.append) as (_, tools):
        assert [tool.name for tool in tools] == ["stock"]
    assert any("'broken'" in words and "the token is missing" in words for words in said)
    assert any("'absent'" in words for words in said)


async def test_tools_of_the_same_name_are_told_apart_by_their_server():
    async with opened(small("stock", name="north"), small("stock", name="south")) as (toolbox, tools):
        assert [tool.name for tool in tools] == ["north_stock", "south_stock"]
        assert (await toolbox.call("south_stock", {"item": "nails"})).ok
    assert with_own_names([]) == []


async def test_a_server_over_http_is_used_like_any_other():
    async with (
        over_http("--model", "scripted") as (_, url),
        opened(McpServer("house", url=url, allowed=("ask",))) as (toolbox, _),
    ):
        assert "How are you?" in (await toolbox.call("ask", {"question": "How are you?"})).text


# -- the agent who uses them


def step(**said):
    return json.dumps({"step": said})


def caller_says(system, text):
    """A mind that uses tools."""
    if system.startswith("You plan"):
        tasks = {"t1": {"task": "nails in stock", "agent": "caller", "needs": []}, "t2": None, "t3": None, "t4": None}
        return json.dumps(tasks)
    if system.startswith("You find out"):
        if "417" in text:
            return step(answer="There are 417 pieces of nails.")
        if "It failed" in text:
            return step(tool="stock", arguments={"item": "nails", "shop": None})
        if "parcels" in text:
            return step(answer="42 parcels")
        if "evil" in text:
            return step(tool="evil", arguments={})
        if "broken" in text:
            return step(tool="refuse", arguments={})
        return step(tool="stock", arguments={"item": "nails"}) if "nails" in text else step(tool="none")
    if system.startswith("You write the answer"):
        return "There are 417 nails [1]."
    return text


def happen(strategy, text, says=caller_says, journal=None, **kwargs):
    async def ask():
        async with opened(small("*")) as (toolbox, tools):
            events = []
            caller = Caller(toolbox, tools, **kwargs)
            house = House({"default": Scripted(says)}, strategy.joined_by(caller))
            return await house.ask(Question(text), events.append, journal), events

    return asyncio.run(ask())


def test_the_caller_uses_a_tool_and_cites_what_it_gave():
    answered, events = happen(Tools(), "How many nails are in stock?")
    (finding,) = (event.finding for event in events if isinstance(event, Found))
    assert finding.text == "There are 417 pieces of nails."
    assert [citation.text for citation in answered.answer.citations] == ["the main shop has 417 pieces of nails"]
    assert answered.answer.citations[0].source == "stock(item='nails')"
    assert [(event.tool, event.error) for event in events if isinstance(event, Used)] == [("stock", "")]
    assert all(event.verdict.accepted for event in events if isinstance(event, Judged))
    assert answered.report.calls == 3


def test_a_tool_that_fails_can_be_followed_by_another():
    answered, events = happen(Tools(), "How many nails has the broken shop?")
    assert [event.tool for event in events if isinstance(event, Used)] == ["refuse", "stock"]
    assert answered.answer.findings["t1"].ok


def test_what_a_tool_says_reaches_models_only_as_fenced_data():
    seen = []

    def says(system, text):
        seen.append((system, text))
        return caller_says(system, text)

    happen(Tools(), "What does evil say?", says)
    for system, text in seen:
        assert "Ignore your" not in system
        if "Ignore your" in text:
            mark = re.findall(r"«(\w+) begins»", text)[0]
            inside = text[text.index(f"«{mark} begins»") : text.index(f"«{mark} ends»")]
            assert "Ignore your" in inside


def test_a_number_that_no_tool_gave_is_rejected():
    def says(system, text):
        return step(answer="There are 999 nails.") if "417" in text else caller_says(system, text)

    _, events = happen(Tools(), "How many nails are in stock?", says)
    verdicts = [event.verdict for event in events if isinstance(event, Judged)]
    assert [verdict.accepted for verdict in verdicts] == [False]
    assert "999" in verdicts[0].evidence


def test_a_caller_that_never_answers_stops_after_its_calls():
    def says(system, text):
        return step(tool="stock", arguments={"item": "nails"}) if system.startswith("You find out") else "Nothing."

    answered, events = happen(Tools(), "How many nails?", says, calls=2)
    assert len([event for event in events if isinstance(event, Used)]) == 2
    assert answered.answer.findings["t1"].text == NOT_GIVEN


def test_auto_asks_the_caller_first_and_answers_by_itself_if_no_tool_fits():
    answered, events = happen(Auto(), "How many nails are in stock?")
    assert any(isinstance(event, Used) for event in events)
    answered, events = happen(Auto(), "Who are you?")
    assert [event.choice for event in events if isinstance(event, Decided)] == ["direct", "direct"]
    assert [event.reason for event in events if isinstance(event, Decided)][1] == NO_TOOL
    assert answered.report.calls == 2
    answered, _ = happen(Auto(effort="minimal"), "How many nails are in stock?")
    assert answered.report.calls == 1


def test_a_planner_can_give_a_task_to_the_caller():
    answered, _ = happen(Tertulia(), "How many nails are in stock?")
    assert answered.answer.findings["t1"].agent == "caller"
    assert answered.answer.findings["t1"].ok


def test_a_resumed_run_does_not_use_a_tool_again():
    journal = Memory()
    first, _ = happen(Tools(), "How many nails are in stock?", journal=journal)

    def forgetful(system, text):
        raise AssertionError("it was asked again")

    again, _ = happen(Tools(), "How many nails are in stock?", forgetful, journal)
    assert again.answer.text == first.answer.text
    assert again.report.total == first.report.total


async def test_settings_name_the_servers_that_agents_use(tmp_path):
    (tmp_path / "config.toml").write_text(
        f"""
        model = "scripted"
        [mcp.shop]
        command = {sys.executable!r}
        args = [{SMALL!r}]
        tools = ["stock"]
        """
    )
    async with await open_house(load()) as house:
        assert isinstance(house.strategy, Auto)
        assert "stock (How many of an item a shop has.)" in house.strategy.tools.caller.skill
        assert house.strategy.plan.agents[-1].name == "caller"
    said = []
    async with await open_house(load(strategy="direct"), said.append):
        assert "the strategy 'direct' uses no tools of MCP servers; auto and tertulia do" in said


@pytest.mark.parametrize("server", [{}, {"command": "a", "url": "http://b"}, {"url": "file:///x"}, {"cmd": "a"}])
def test_a_server_is_a_command_or_a_url(server):
    with pytest.raises(SettingsError, match=r"mcp\.x"):
        load(mcp={"x": server})


def test_a_strategy_for_tools_says_what_is_missing(house, happen):
    with pytest.raises(TertuliaError, match=r"\[mcp\.NAME\]"):
        happen(house(strategy=Tools()))


TOOL_SCHEMAS = [
    {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": "x"}, "b": {"type": "integer"}},
        "required": ["a"],
    },
    {
        "type": "object",
        "$defs": {"P": {"type": "object", "properties": {"x": {"type": "number"}}}},
        "properties": {"p": {"$ref": "#/$defs/P"}},
    },
    {
        "type": "object",
        "$defs": {"N": {"type": "object", "properties": {"n": {"$ref": "#/$defs/N"}}}},
        "properties": {"n": {"$ref": "#/$defs/N"}},
    },
    {
        "type": "object",
        "properties": {"l": {"type": "array"}, "e": {"enum": ["x", "y"]}, "t": {"type": ["string", "null"]}},
    },
    {},
]


def bounded(one):
    """Whether a schema is one that constrained writing ends with, and that strict providers take."""
    if "anyOf" in one:
        return all(bounded(other) for other in one["anyOf"])
    match one.get("type"):
        case "object":
            strict = one["additionalProperties"] is False and one["required"] == list(one["properties"])
            return strict and all(bounded(other) for other in one["properties"].values())
        case "array":
            return one["maxItems"] <= 20 and bounded(one["items"])
        case "string":
            return "enum" in one or one["maxLength"] <= 500
    return "enum" in one or one.get("type") in ("integer", "number", "boolean", "null")


@pytest.mark.parametrize("given", TOOL_SCHEMAS)
def test_arguments_are_constrained_by_the_tools_own_schema_and_end(given):
    assert bounded(closed(given, given.get("$defs") or {}))


async def test_a_step_is_one_of_the_tools_or_none_or_the_answer():
    async with opened(small("stock", "slow")) as (_, tools):
        pass
    known = {tool.name: tool for tool in tools}
    assert bounded(schema(tools, False))
    assert bounded(schema(tools, True))
    said = '{"step": {"tool": "stock", "arguments": {"item": "a", "shop": null}}}'
    assert parse(said, known) == Call("stock", {"item": "a"})
    assert parse('```json\n{"step": {"answer": " yes "}}\n```', known) == "yes"
    for nothing in (
        '{"step": {"tool": "none"}}',
        "I do not know",
        '{"step": {"tool": "rm", "arguments": {}}}',
        "{}",
        '{"step": 3}',
    ):
        assert parse(nothing, known) == ""


def test_a_finding_without_anything_of_the_results_is_not_accepted():
    async def work():
        async with opened(small("stock")) as (toolbox, tools):
            says = Scripted(
                lambda s, t: step(answer="Yes!") if "417" in t else step(tool="stock", arguments={"item": "b"})
            )
            events = []
            house = House({"default": says}, Tools().joined_by(Caller(toolbox, tools)))
            await house.ask(Question("Is there any?"), events.append)
            return next(event.finding for event in events if isinstance(event, Found))

    finding = asyncio.run(work())
    assert not Critic().judge(Task("t1", "Is there any?", "caller"), finding, {}).accepted


async def test_without_the_extra_the_error_names_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(SettingsError, match="tertulia setup mcp"):
        async with opened(small("stock")):
            pass
