"""Embeddings of a server, and what is said when it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from tertulia.errors import ModelBusy, ModelError, ModelUnreachable, NotSupported
from tertulia.tools.documents import Served
from tertulia.tools.documents.extras import need

np = pytest.importorskip("numpy")
Handler = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/embeddings", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/v1"
    finally:
        await runner.cleanup()


def rows(body: Any) -> dict[str, Any]:
    data = [{"index": i, "embedding": [float(len(text)), 1.0]} for i, text in enumerate(body["input"])]
    return {"data": data[::-1]}


async def test_each_text_gets_its_own_vector_of_length_one() -> None:
    sizes: list[int] = []

    async def handler(request: web.Request) -> web.Response:
        body = await request.json()
        assert request.headers["Authorization"] == "Bearer key"
        assert body["model"] == "m"
        sizes.append(len(body["input"]))
        return web.json_response(rows(body))

    async with server(handler) as url:
        embedder = Served(url, "m", "key", batch=2, query_prefix="query: ")
        vectors = await embedder.passages(["a", "bb", "ccc"])
        query = await embedder.query("x")
    assert sizes == [2, 1, 1]
    assert np.allclose(vectors[:, 0] / vectors[:, 1], [1, 2, 3])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.isclose(query[0] / query[1], 8)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, {}, ModelBusy),
        (503, {}, ModelBusy),
        (401, {}, ModelUnreachable),
        (302, {}, ModelError),
        (200, {"data": []}, ModelError),
        (200, {"data": [{"index": 0, "embedding": ["x"]}]}, ModelError),
        (200, {"oops": 1}, ModelError),
        (200, [], ModelError),
    ],
)
async def test_a_server_that_fails_says_so_in_our_words(status: int, body: Any, error: type[Exception]) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    async with server(handler) as url:
        with pytest.raises(error):
            await Served(url, "m").query("x")


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(ModelUnreachable):
        await Served("http://127.0.0.1:9/v1", "m", seconds=2).query("x")


def test_a_key_is_never_shown() -> None:
    assert "secret" not in repr(Served("http://x/v1", "m", "secret"))


def test_a_missing_extra_says_how_to_install_it() -> None:
    with pytest.raises(NotSupported, match=r"install it with: .*docs"):
        need("surely_not_installed")
