"""Models that were brought to this machine: which are worth having, which are here, and which is the best of them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from ..errors import SettingsError, UnknownName
from .hub import Remote
from .weights import cache_folder

Thinks = Literal["no", "can", "always"]
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Offer:
    """A model that suits machines of some size."""

    name: str
    """What comes after `embedded:`."""
    repository: str
    file: str
    gigabytes: float
    """Size of the file, about; the hub says it exactly."""
    memory: int
    """GB of memory that a machine should have for it: 4, 8, 16 or 32."""
    licence: str
    thinks: Thinks
    """Whether it thinks before it answers: never, if it is told to, or always."""
    good_at: str


OFFERS = (
    Offer("qwen3-0.6b", "Qwen/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q8_0.gguf", 0.6, 4, "apache-2.0", "can", "short tasks"),
    Offer(
        "qwen3-1.7b", "Qwen/Qwen3-1.7B-GGUF", "Qwen3-1.7B-Q8_0.gguf", 1.8, 4, "apache-2.0", "can",
        "arithmetic in words, English and Spanish",
    ),
    Offer(
        "smollm3-3b", "ggml-org/SmolLM3-3B-GGUF", "SmolLM3-Q4_K_M.gguf", 1.9, 8, "apache-2.0", "can",
        "six European languages, open data",
    ),
    Offer(
        "qwen3-4b", "Qwen/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf", 2.5, 8, "apache-2.0", "can",
        "plans and programs; the best for 8 GB",
    ),
    Offer(
        "qwen2.5-coder-7b", "Qwen/Qwen2.5-Coder-7B-Instruct-GGUF", "qwen2.5-coder-7b-instruct-q4_k_m.gguf", 4.7, 16,
        "apache-2.0", "no", "programs, without thinking first",
    ),
    Offer(
        "qwen3-8b", "Qwen/Qwen3-8B-GGUF", "Qwen3-8B-Q4_K_M.gguf", 5.0, 16, "apache-2.0", "can",
        "reasoning and programs; the best for 16 GB",
    ),
    Offer(
        "qwen3-14b", "Qwen/Qwen3-14B-GGUF", "Qwen3-14B-Q4_K_M.gguf", 9.0, 32, "apache-2.0", "can",
        "reasoning, slowly without a GPU",
    ),
    Offer(
        "gpt-oss-20b", "ggml-org/gpt-oss-20b-GGUF", "gpt-oss-20b-mxfp4.gguf", 12.1, 32, "apache-2.0", "always",
        "reasoning; a mixture of experts, so quick for its size",
    ),
    Offer(
        "qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B-GGUF", "Qwen3-30B-A3B-Q4_K_M.gguf", 18.6, 32, "apache-2.0", "can",
        "the strongest here; a mixture of experts, so quick for its size",
    ),
)  # fmt: skip
"""From small to large, so that a later one is the better one. Written down from the models' own pages."""


@dataclass(frozen=True)
class Shelved:
    """A model that is on this machine."""

    name: str
    file: Path
    remote: Remote
    """Where it came from."""


def folder() -> Path:
    """Where models that were pulled are kept."""
    return cache_folder() / "pulled"


def offered(name: str) -> Offer:
    """The offer of that name.

    Raises:
        UnknownName: if there is none.
    """
    for offer in OFFERS:
        if offer.name == name:
            return offer
    raise UnknownName("model to pull", name, [offer.name for offer in OFFERS])


def shelved() -> list[Shelved]:
    """The models that are here and whole, by name."""
    found = []
    for record in sorted(folder().glob("*.json")) if folder().is_dir() else []:
        try:
            remote = Remote(**json.loads(record.read_text(encoding="utf-8")))
            file = record.with_suffix(".gguf")
            if file.stat().st_size == remote.size:
                found.append(Shelved(record.stem, file, remote))
        except (OSError, ValueError, TypeError):  # a record that nobody can read is as none
            continue
    return found


def put(name: str, remote: Remote) -> Shelved:
    """Remember a file that was brought to `place(name)`."""
    record = place(name).with_suffix(".json")
    written = record.with_suffix(".json.new")
    written.write_text(json.dumps(asdict(remote)), encoding="utf-8")
    os.replace(written, record)
    return Shelved(name, place(name), remote)


def place(name: str) -> Path:
    """Where the file of a model belongs.

    Raises:
        SettingsError: if the name is not usable.
    """
    if not NAME.fullmatch(name):
        raise SettingsError(f"a model cannot be called {name!r}: use small letters, digits, dots and dashes")
    return folder() / f"{name}.gguf"


def remove(name: str) -> int:
    """Delete a model and what unfinished tries left of it; gives the bytes that were freed."""
    files = [place(name), place(name).with_suffix(".json"), *folder().glob(f"{name}.gguf.*.part")]
    there = [file for file in files if file.exists()]
    if not there:
        raise UnknownName("model here", name, [one.name for one in shelved()])
    freed = sum(file.stat().st_size for file in there)
    for file in there:
        file.unlink()
    return freed


def best() -> Shelved | None:
    """The best model that is here and that this machine has the memory for; None if there is none.

    Later offers are better than earlier ones, and models that nobody offers come last.
    """
    here = {one.name: one for one in shelved()}
    for offer in reversed(OFFERS):
        if offer.name in here and offer.memory <= memory() * 1.1:  # machines sold as 16 GB show a little less
            return here[offer.name]
    return None


def memory() -> float:
    """GB of memory that this machine has; infinite where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return float("inf")
