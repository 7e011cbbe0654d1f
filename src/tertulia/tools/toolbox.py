"""Tools of MCP servers: who may be asked, for what, and how much of the reply is taken."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..children import LastWords
from ..errors import SettingsError, ToolError, UnknownName

if TYPE_CHECKING:
    from mcp import Client

MOST_TOOLS = 200
"""Tools of one server that are looked at."""
LONGEST_DESCRIPTION = 200
LONGEST_RESULT = 100_000
"""Characters of a result that are kept."""
CONNECT_SECONDS = 15.0
"""Most time that a server may take to start and to say what it offers."""
SECONDS_TO_SPEAK = 0.5
"""Most time to wait for the last words of a server that failed."""


@dataclass(frozen=True)
class McpServer:
    """How an MCP server is reached, by command or by URL, and what of it agents may use."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables of the command's process, beside the few such as PATH that every program needs; no others pass."""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    allowed: tuple[str, ...] = ()
    """Tools that agents may use; `*` stands for all."""
    seconds: float = 30.0
    """Most time that one use may take; starting, and saying what there is, may take `CONNECT_SECONDS`."""


@dataclass(frozen=True)
class McpTool:
    """Something that a server can do."""

    name: str
    """How agents call it: letters, digits, `_` and `-`, unlike that of any other tool."""
    description: str
    schema: Mapping[str, Any]
    """JSON schema of its arguments, an object."""
    server: str = ""
    own_name: str = ""
    """What its server calls it."""


@dataclass(frozen=True)
class Result:
    """What a use of a tool gave."""

    text: str
    ok: bool = True
    """False if the tool says that it failed: then `text` says why."""


class Toolbox:
    """The tools of several servers, each connected to when first needed; close it in the end."""

    def __init__(self, servers: Sequence[McpServer]) -> None:
        self._connections = {server.name: McpConnection(server) for server in servers}
        self._tools: dict[str, McpTool] = {}

    async def open(self, say: Callable[[str], None] = lambda _: None) -> tuple[McpTool, ...]:
        """The tools that agents may use; a server that cannot be reached is reported and skipped.

        Raises:
            UnknownName: if a tool is allowed that its server does not offer.
            SettingsError: if the extra is not installed.
        """
        try:
            import mcp  # noqa: F401
        except ImportError:
            raise SettingsError("tools of MCP servers need an extra: run `tertulia setup mcp`") from None
        offers = await asyncio.gather(
            *(connection.tools() for connection in self._connections.values()), return_exceptions=True
        )
        found: list[McpTool] = []
        for connection, offer in zip(self._connections.values(), offers, strict=True):
            if isinstance(offer, ToolError):
                say(f"going on without the MCP server {connection.server.name!r}: {offer}")
            elif isinstance(offer, BaseException):
                raise offer
            else:
                found += allowed_tools(connection.server, offer, say)
        self._tools = {tool.name: tool for tool in with_own_names(found)}
        return tuple(self._tools.values())

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Result:
        """Use a tool, by the name that `open` gave it.

        Raises:
            ToolError: if its server cannot be reached, or takes too long.
        """
        if tool not in self._tools:
            raise ToolError(f"there is no tool {tool!r}; there are: {', '.join(self._tools)}")
        known = self._tools[tool]
        return await self._connections[known.server].call(known.own_name, arguments)

    async def close(self) -> None:
        await asyncio.gather(*(connection.close() for connection in self._connections.values()))


class McpConnection:
    """A server, spoken to from a task of its own, since the SDK wants to end where it began."""

    def __init__(self, server: McpServer) -> None:
        self.server = server
        self._client: asyncio.Future[Client] | None = None
        self._task: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    async def tools(self) -> list[McpTool]:
        """What the server offers.

        Raises:
            ToolError: if it cannot be reached.
        """
        async with self._converse(CONNECT_SECONDS) as client:
            found: list[McpTool] = []
            cursor = None
            while len(found) < MOST_TOOLS:
                page = await client.list_tools(cursor=cursor)
                found += [self._tool(one) for one in page.tools]
                cursor = page.next_cursor
                if cursor is None or not page.tools:
                    break
            return found[:MOST_TOOLS]

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Result:
        """What the tool gives.

        Raises:
            ToolError: if the server cannot be reached, or takes too long.
        """
        async with self._converse(self.server.seconds) as client:
            given = await client.call_tool(tool, dict(arguments), read_timeout_seconds=self.server.seconds)
        return Result(text_of(given.content, given.structured_content), not given.is_error)

    async def close(self) -> None:
        self._over.set()
        if self._task:
            await asyncio.gather(self._task, return_exceptions=True)

    @asynccontextmanager
    async def _converse(self, seconds: float) -> AsyncIterator[Client]:
        """A client that is connected; whatever goes wrong with it is a `ToolError`, and ends the connection."""
        from mcp import MCPError
        from mcp_types import CONNECTION_CLOSED

        try:
            client = await self._connect()
            async with asyncio.timeout(seconds + 1):
                yield client
        except ToolError:
            raise
        except TimeoutError:
            raise ToolError(f"{self.server.name} took longer than {seconds:g} s") from None
        except MCPError as error:
            if error.code == CONNECTION_CLOSED:  # the next use makes another
                await self._drop()
            raise ToolError(f"{self.server.name} says: {str(error)[:300]}") from None
        except (OSError, RuntimeError, ValueError) as error:
            await self._drop()
            raise ToolError(f"{self.server.name} broke: {type(error).__name__} {str(error)[:300]}") from None

    async def _connect(self) -> Client:
        if self._client is None or (self._task and self._task.done()):
            self._client = asyncio.get_running_loop().create_future()
            self._over = asyncio.Event()
            self._task = asyncio.create_task(self._live(self._client, self._over))
        waiting = self._client
        done, _ = await asyncio.wait([waiting], timeout=CONNECT_SECONDS)
        if not done:
            await self._drop()
            raise ToolError(f"{self.server.name} did not answer within {CONNECT_SECONDS:g} s")
        return waiting.result()

    async def _drop(self) -> None:
        """End the connection, so that the next use makes another."""
        task, self._client, self._task = self._task, None, None
        if task:
            task.cancel()
            await asyncio.wait([task])

    async def _live(self, ready: asyncio.Future[Client], over: asyncio.Event) -> None:
        """Connect, and keep the connection until it is over."""
        from mcp import Client

        words = LastWords()
        try:
            async with (
                _transport(self.server, words) as transport,
                Client(transport, read_timeout_seconds=CONNECT_SECONDS) as client,
            ):
                ready.set_result(client)
                await over.wait()
        except Exception as error:  # of whatever kind: the SDK, the process and the network are all at the other end
            await asyncio.to_thread(words.wait, SECONDS_TO_SPEAK)
            said = f" ({words.line[:300]})" if words.line else ""
            give_up(ready, f"it cannot be reached: {reason(error)}{said}")
        finally:
            words.file.close()
            give_up(ready, "it was left before it was reached")

    def _tool(self, offered: Any) -> McpTool:
        name = str(offered.name)
        return McpTool(
            re.sub(r"[^\w-]", "_", name, flags=re.ASCII)[:60],
            " ".join(str(offered.description or offered.title or "").split())[:LONGEST_DESCRIPTION],
            dict(offered.input_schema),
            self.server.name,
            name,
        )


@asynccontextmanager
async def _transport(server: McpServer, words: LastWords) -> AsyncIterator[Any]:
    """What a client speaks through: a process that it starts, or an HTTP client."""
    if server.command:
        from mcp import StdioServerParameters, stdio_client

        started = StdioServerParameters(command=server.command, args=list(server.args), env=dict(server.env))
        yield stdio_client(started, errlog=words.file)
        return
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    timeout = httpx2.Timeout(CONNECT_SECONDS, read=max(CONNECT_SECONDS, server.seconds))
    async with httpx2.AsyncClient(headers=dict(server.headers), timeout=timeout) as http:
        yield streamable_http_client(server.url, http_client=http)


def allowed_tools(server: McpServer, offered: Sequence[McpTool], say: Callable[[str], None]) -> list[McpTool]:
    """The tools of a server that agents may use.

    Raises:
        UnknownName: if the server does not offer one of them.
    """
    names = [tool.own_name for tool in offered]
    if not server.allowed:
        say(f"the MCP server {server.name!r} offers {', '.join(names)}: name those that agents may use in `tools`")
    if "*" in server.allowed:
        return list(offered)
    for name in server.allowed:
        if name not in names:
            raise UnknownName(f"tool of the MCP server {server.name!r}", name, names)
    return [tool for tool in offered if tool.own_name in server.allowed]


def with_own_names(tools: Sequence[McpTool]) -> list[McpTool]:
    """The tools, with the name of its server before each name that several have."""
    times = Counter(tool.name for tool in tools)
    return [
        replace(tool, name=re.sub(r"[^\w-]", "_", f"{tool.server}_{tool.name}")) if times[tool.name] > 1 else tool
        for tool in tools
    ]


def text_of(content: Sequence[Any], structured: object = None) -> str:
    """A result in words; what is no text is named."""
    parts: list[str] = []
    for block in content:
        text = getattr(block, "text", None) or getattr(getattr(block, "resource", None), "text", None)
        parts.append(str(text) if text is not None else f"[{block.type}, left out]")
    if not parts and structured is not None:
        parts.append(json.dumps(structured, ensure_ascii=False))
    whole = "\n".join(parts).strip()
    if len(whole) > LONGEST_RESULT:
        return f"{whole[:LONGEST_RESULT]}\n[{len(whole) - LONGEST_RESULT:,} characters more were left out]"
    return whole or "(it gave nothing)"


def give_up(ready: asyncio.Future[Client], why: str) -> None:
    """Tell whoever waits for a connection that there will be none."""
    if not ready.done():
        ready.set_exception(ToolError(why))
        ready.exception()  # there may be nobody left who waits


def reason(error: BaseException) -> str:
    """What went wrong, of the first of several failures."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__} {str(error)[:200]}".strip()
