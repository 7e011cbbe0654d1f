"""Models come from the hub whole, verified and never without being asked."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tertulia import opening
from tertulia.errors import SettingsError, UnknownName
from tertulia.providers import hub as hubs
from tertulia.providers import shelf
from tertulia.providers.catalog import KEYED, Wishes, embedded, ollama
from tertulia.providers.hub import Hub, Remote
from tertulia.settings import Settings

from .model_hub import REVISION, HubStandIn, serving

WEIGHTS = b"GGUF" + random.Random(7).randbytes(300_000)
TINY = "someone/Tiny-GGUF"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TERTULIA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def hub() -> Iterator[HubStandIn]:
    with serving(HubStandIn({f"{TINY}/tiny-Q4_K_M.gguf": WEIGHTS, f"{TINY}/tiny-Q8_0.gguf": WEIGHTS + b"8"})) as one:
        yield one


async def find(hub: HubStandIn, wanted: str = "Q4_K_M", repository: str = TINY) -> Remote:
    async with Hub(hub.url) as client:
        return await client.find(repository, wanted)


async def bring(hub: HubStandIn, target: Path, token: str = "") -> list[int]:
    """What it told of its progress."""
    told: list[int] = []
    async with Hub(hub.url, token) as client:
        await client.bring(await client.find(TINY), target, lambda here, size: told.append(here))
    return told


def left(folder: Path) -> list[str]:
    """Files of the folder that hold anything."""
    return [file.name for file in folder.iterdir() if file.is_file()]


async def test_the_hub_says_what_a_file_is(hub: HubStandIn) -> None:
    remote = await find(hub)
    assert (remote.file, remote.size, remote.licence) == ("tiny-Q4_K_M.gguf", len(WEIGHTS), "apache-2.0")
    assert remote.revision == REVISION


async def test_a_file_comes_whole(hub: HubStandIn, tmp_path: Path) -> None:
    told = await bring(hub, tmp_path / "one.gguf")
    assert (tmp_path / "one.gguf").read_bytes() == WEIGHTS
    assert told == sorted(told)
    assert told[-1] == len(WEIGHTS)
    assert left(tmp_path) == ["one.gguf"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 200_000), max_size=4))
async def test_a_download_goes_on_where_it_broke(hub: HubStandIn, tmp_path: Path, cuts: list[int]) -> None:
    hub.cuts, hub.ranges = list(cuts), []
    await bring(hub, tmp_path / "one.gguf")
    assert (tmp_path / "one.gguf").read_bytes() == WEIGHTS
    begun = [int(asked[6:-1]) for asked in hub.ranges[1:]]
    assert begun == sorted(begun)
    assert not begun or begun[0] > 0


async def test_a_hub_that_ignores_ranges_is_read_from_the_beginning(hub: HubStandIn, tmp_path: Path) -> None:
    hub.cuts, hub.ignores_ranges = [1000], True
    await bring(hub, tmp_path / "one.gguf")
    assert (tmp_path / "one.gguf").read_bytes() == WEIGHTS


async def test_what_came_stays_for_the_next_try(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "TRIES", 1)
    hub.cuts = [5000, 0]
    with pytest.raises(SettingsError, match=r"5,000 of 300,004 bytes are here: the same command goes on"):
        await bring(hub, tmp_path / "one.gguf")
    hub.cuts = []
    await bring(hub, tmp_path / "one.gguf")
    assert hub.ranges[-1] == "bytes=5000-"
    assert (tmp_path / "one.gguf").read_bytes() == WEIGHTS


async def test_a_damaged_file_is_never_kept(hub: HubStandIn, tmp_path: Path) -> None:
    hub.lies = {f"{TINY}/tiny-Q4_K_M.gguf": WEIGHTS[:-1] + b"\0"}
    with pytest.raises(SettingsError, match="came damaged: SHA-256"):
        await bring(hub, tmp_path / "one.gguf")
    assert left(tmp_path) == []


async def test_more_than_was_promised_is_refused(hub: HubStandIn, tmp_path: Path) -> None:
    hub.lies = {f"{TINY}/tiny-Q4_K_M.gguf": WEIGHTS * 2}
    with pytest.raises(SettingsError, match="sent more than the 300,004 bytes"):
        await bring(hub, tmp_path / "one.gguf")
    assert not (tmp_path / "one.gguf").exists()


async def test_what_is_no_gguf_is_refused(hub: HubStandIn, tmp_path: Path) -> None:
    hub.files[f"{TINY}/tiny-Q4_K_M.gguf"] = b"<html>"
    with pytest.raises(SettingsError, match="it begins with b'<htm'"):
        await bring(hub, tmp_path / "one.gguf")


async def test_the_token_goes_to_the_hub_and_not_beyond(hub: HubStandIn, tmp_path: Path) -> None:
    with serving(HubStandIn(dict(hub.files))) as store:
        hub.elsewhere, hub.gated = store.url, True
        await bring(hub, tmp_path / "one.gguf", token="secret")
        assert (tmp_path / "one.gguf").read_bytes() == WEIGHTS
        assert (hub.tokens, store.tokens) == (["Bearer secret"], [""])


async def test_a_gated_model_says_what_would_work(hub: HubStandIn) -> None:
    hub.gated = True
    with pytest.raises(SettingsError, match=r"accept its licence at http://.*/someone/Tiny-GGUF, and set HF_TOKEN"):
        await find(hub)


@pytest.mark.parametrize(
    ("repository", "wanted", "says"),
    [
        ("nobody/nothing", "Q4_K_M", "the model hub has no 'nobody/nothing'"),
        (TINY, "Q2_K", "has no GGUF file like 'Q2_K'; it has: tiny-Q4_K_M.gguf, tiny-Q8_0.gguf"),
        (TINY, "tiny", "has more than one GGUF file like 'tiny'"),
    ],
)
async def test_what_is_not_there_is_told(hub: HubStandIn, repository: str, wanted: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        await find(hub, wanted, repository)


async def test_a_model_in_pieces_is_refused(hub: HubStandIn) -> None:
    hub.files = {f"{TINY}/big-Q4_K_M-0000{n}-of-00002.gguf": b"GGUF" for n in (1, 2)}
    with pytest.raises(SettingsError, match="split into several files"):
        await find(hub)


async def test_a_hub_that_nobody_reaches_is_told() -> None:
    async with Hub("http://127.0.0.1:9") as client:
        with pytest.raises(SettingsError, match=r"cannot be reached .*embedded:FILE\.gguf"):
            await client.find(TINY)


def pulling(hub: HubStandIn, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own without a terminal."""
    command = [sys.executable, "-m", "tertulia", "pull", *arguments]
    environment = os.environ | {"HF_ENDPOINT": hub.url}
    return subprocess.run(command, input=answer, capture_output=True, text=True, env=environment, timeout=60)


def test_a_pulled_model_is_one_of_ours(hub: HubStandIn) -> None:
    asked = pulling(hub, TINY)
    assert asked.returncode == 2
    assert "say --yes" in asked.stderr
    assert shelf.shelved() == []

    pulled = pulling(hub, TINY, "--yes")
    assert pulled.returncode == 0, pulled.stderr
    assert "licence: apache-2.0" in pulled.stdout
    assert "embedded:tiny" in pulled.stdout
    [one] = shelf.shelved()
    assert (one.name, one.file.read_bytes()) == ("tiny", WEIGHTS)
    assert embedded("tiny", Wishes()).name == "embedded:tiny"
    assert "is here already" in pulling(hub, TINY, "--yes").stdout

    assert pulling(hub, "tiny", "--remove").returncode == 0
    assert list(shelf.folder().glob("*.gguf*")) == []


def test_the_list_says_what_each_model_takes(hub: HubStandIn) -> None:
    listed = pulling(hub).stdout
    assert all(offer.name in listed for offer in shelf.OFFERS)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"no model to pull named 'qwen9'; there are: .*qwen3-4b"):
        shelf.offered("qwen9")
    with pytest.raises(SettingsError, match="cannot be called"):
        shelf.place("../evil")
    with pytest.raises(
        SettingsError, match=r"no embedded model 'qwen3-4b'; there are: large, small, or .*tertulia pull"
    ):
        embedded("qwen3-4b", Wishes())


def test_the_best_model_that_fits_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shelf.best() is None
    for name in ("qwen3-0.6b", "qwen3-8b", "qwen3-30b-a3b"):
        shelf.place(name).parent.mkdir(parents=True, exist_ok=True)
        shelf.place(name).write_bytes(WEIGHTS)
        shelf.put(name, Remote("a/b", "c.gguf", REVISION, len(WEIGHTS), "0" * 64, "mit"))
    monkeypatch.setattr(shelf, "memory", lambda: 16.2)
    assert [shelf.best()] == [one for one in shelf.shelved() if one.name == "qwen3-8b"]


async def test_the_best_model_that_was_pulled_is_taken_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in KEYED:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(opening, "ollama", replace(ollama, url="http://127.0.0.1:9/v1"))
    assert (await opening.choose(Settings()))[0] == "embedded"
    shelf.place("qwen3-0.6b").parent.mkdir(parents=True)
    shelf.place("qwen3-0.6b").write_bytes(WEIGHTS)
    shelf.put("qwen3-0.6b", Remote("a/b", "c.gguf", REVISION, len(WEIGHTS), "0" * 64, "mit"))
    assert (await opening.choose(Settings()))[0] == "embedded:qwen3-0.6b"


def test_offers_stand_from_small_to_large() -> None:
    sizes = [offer.gigabytes for offer in shelf.OFFERS]
    assert sizes == sorted(sizes)
    assert {offer.memory for offer in shelf.OFFERS} == {4, 8, 16, 32}
