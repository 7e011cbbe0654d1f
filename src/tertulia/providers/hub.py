"""Brings GGUF files from the Hugging Face hub: resumed after a stop, and trusted by the hub's own checksum alone."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from ..errors import SettingsError

ENDPOINT = "https://huggingface.co"
LONGEST_LISTING = 8 << 20
"""Bytes of what the hub says of a repository; more is refused."""
BLOCK = 1 << 20
TRIES = 5
"""Connections in a row that may break without bringing a byte."""
SILENCE_SECONDS = 60.0
"""How long the hub may send nothing."""
SPLIT = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.I)
"""The end of a file's name that holds only part of a model."""

Tell = Callable[[int, int], None]
"""Takes the bytes that are here, and those there are in all."""


@dataclass(frozen=True)
class Remote:
    """A file of a repository, as the hub describes it."""

    repository: str
    """`owner/name`."""
    file: str
    """Path within the repository."""
    revision: str
    """Commit of the repository, so that what is resumed later is the same file."""
    size: int
    """Bytes."""
    sha256: str
    licence: str
    """As the repository states it; `unknown` if it does not."""


class Hub:
    """One hub, reached over one session; use it with `async with`.

    The address is `HF_ENDPOINT`, or the public hub's; the token is `HF_TOKEN`, and goes to that address only.
    """

    def __init__(self, endpoint: str = "", token: str = "") -> None:
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or ENDPOINT).rstrip("/")
        self._token = token or os.environ.get("HF_TOKEN", "")

    async def __aenter__(self) -> Hub:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=15.0, sock_read=SILENCE_SECONDS)
        self._session = aiohttp.ClientSession(headers=headers, timeout=timeout, auto_decompress=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def find(self, repository: str, wanted: str = "Q4_K_M") -> Remote:
        """The GGUF file of a repository whose name is `wanted`, or holds it as in `Q4_K_M`.

        Raises:
            SettingsError: if the hub cannot be reached, or has no such repository or not exactly one such file.
        """
        about = await self._json(f"/api/models/{repository}", repository)
        revision, licence = str(about.get("sha") or "main"), _licence(about)
        tree = await self._json(f"/api/models/{repository}/tree/{revision}?recursive=true", repository)
        files = [one for one in map(_entry, tree if isinstance(tree, list) else []) if one]
        file, size, sha256 = _one(files, wanted, repository)
        return Remote(repository, file, revision, size, sha256, licence)

    async def bring(self, remote: Remote, target: Path, tell: Tell) -> None:
        """Have the file at `target`, whole and verified; an earlier try that was stopped is continued.

        Raises:
            SettingsError: if there is no room, the connection breaks for good, or the checksum is another.
        """
        part = target.with_name(f"{target.name}.{remote.sha256[:12]}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        _check_room(part, remote)
        failures = 0
        while (here := _size(part)) < remote.size:
            try:
                async with self._opened(remote, here) as response:
                    await _append(response, part, here, remote.size, tell)
            except (aiohttp.ClientError, TimeoutError) as error:
                failures = 1 if _size(part) > here else failures + 1
                if failures >= TRIES:
                    raise self._broken(remote, part, error) from None
                await asyncio.sleep(min(30.0, 2.0 ** (failures - 1) / 4))
        await asyncio.to_thread(_verify, part, remote)
        os.replace(part, target)

    @asynccontextmanager
    async def _opened(self, remote: Remote, here: int) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The rest of the file, from byte `here` on."""
        url = f"{self.endpoint}/{remote.repository}/resolve/{remote.revision}/{remote.file}"
        headers = {"Range": f"bytes={here}-"} if here else {}
        async with self._session.get(url, headers=headers) as response:
            if response.status in (401, 403, 404):
                raise self._refused(remote.repository, response.status)
            if response.status not in (200, 206):
                raise aiohttp.ClientError(f"it answered {response.status}")
            yield response

    async def _json(self, path: str, repository: str) -> Any:
        url = self.endpoint + path
        try:
            async with self._session.get(url) as response:
                if response.status in (401, 403, 404):
                    raise self._refused(repository, response.status)
                if response.status != 200:
                    raise SettingsError(f"the model hub at {self.endpoint} answered {response.status}; try again later")
                body = await response.content.read(LONGEST_LISTING)
                while len(body) < LONGEST_LISTING and (more := await response.content.read(LONGEST_LISTING)):
                    body += more
            return json.loads(body)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SettingsError(
                f"the model hub at {self.endpoint} cannot be reached ({error or 'no answer'}); "
                "without it, embedded:FILE.gguf takes a file that you have"
            ) from None
        except (ValueError, RecursionError):
            raise SettingsError(f"what answers at {self.endpoint} is not a model hub: it sent no JSON") from None

    def _refused(self, repository: str, status: int) -> SettingsError:
        if status == 404:
            return SettingsError(f"the model hub has no {repository!r}; `tertulia pull` lists models that are there")
        return SettingsError(
            f"the model hub does not give {repository!r} to everybody ({status}): accept its licence at "
            f"{self.endpoint}/{repository}, and set HF_TOKEN to a token of yours"
        )

    def _broken(self, remote: Remote, part: Path, error: Exception) -> SettingsError:
        return SettingsError(
            f"the connection to the model hub broke {TRIES} times ({error or 'it went silent'}); {_size(part):,} of "
            f"{remote.size:,} bytes are here: the same command goes on from there"
        )


def _licence(about: Mapping[str, Any]) -> str:
    card = about.get("cardData")
    return str(card.get("license") or "unknown") if isinstance(card, dict) else "unknown"


def _entry(entry: Any) -> tuple[str, int, str] | None:
    """Path, size and checksum of a GGUF file in a listing; None for anything else."""
    if not isinstance(entry, dict) or not isinstance(lfs := entry.get("lfs"), dict):
        return None
    path, size, oid = entry.get("path"), lfs.get("size"), lfs.get("oid")
    if not isinstance(path, str) or not isinstance(size, int) or not isinstance(oid, str):
        return None
    return (path, size, oid) if path.lower().endswith(".gguf") and re.fullmatch("[0-9a-f]{64}", oid) else None


def _one(files: list[tuple[str, int, str]], wanted: str, repository: str) -> tuple[str, int, str]:
    """The one file that is wanted.

    Raises:
        SettingsError: if there is none or more than one, or it is only part of a model.
    """
    exact = [one for one in files if one[0] == wanted or Path(one[0]).name == wanted]
    found = exact or [one for one in files if wanted.lower() in one[0].lower()]
    whole = [one for one in found if not SPLIT.search(one[0])]
    if len(whole) == 1:
        return whole[0]
    if found and not whole:
        raise SettingsError(f"{wanted!r} of {repository!r} is split into several files, which cannot be used here")
    listed = ", ".join(sorted(path for path, *_ in files if not SPLIT.search(path))) or "none"
    which = "has no GGUF file" if not whole else "has more than one GGUF file"
    raise SettingsError(f"{repository!r} {which} like {wanted!r}; it has: {listed}")


def _check_room(part: Path, remote: Remote) -> None:
    free, needed = shutil.disk_usage(part.parent).free, remote.size - _size(part)
    if needed > free:
        raise SettingsError(
            f"{remote.file} needs {needed / 1e9:.1f} GB more in {str(part.parent)!r}, where {free / 1e9:.1f} GB are "
            "free; set TERTULIA_CACHE to a folder with more room"
        )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


async def _append(response: aiohttp.ClientResponse, part: Path, here: int, size: int, tell: Tell) -> None:
    """Write what comes to the end of `part`, or from its beginning if the hub sends the whole file."""
    resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {here}-")
    here = here if resumed else 0
    with part.open("ab" if resumed else "wb") as opened:
        async for block in response.content.iter_chunked(BLOCK):
            here += len(block)
            if here > size:
                os.truncate(part, 0)
                raise SettingsError(f"the model hub sent more than the {size:,} bytes it had promised; nothing is kept")
            await asyncio.to_thread(opened.write, block)
            tell(here, size)


def _verify(part: Path, remote: Remote) -> None:
    """Compare the checksum; a file that is another is removed.

    Raises:
        SettingsError: if it is not what the hub had said.
    """
    with part.open("rb") as opened:
        magic = opened.read(4)
        opened.seek(0)
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found == remote.sha256 and magic == b"GGUF":
        return
    part.unlink()
    what = f"SHA-256 {found}, expected {remote.sha256}" if found != remote.sha256 else f"it begins with {magic!r}"
    raise SettingsError(f"{remote.file} came damaged: {what}; it was removed, so that the next try begins anew")
