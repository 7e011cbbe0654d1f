"""Weights are joined once from their parts, and only their checksum is trusted."""

import hashlib
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from filelock import FileLock

from tertulia.errors import SettingsError
from tertulia.providers.weights import LARGE, SMALL, Weights, cache_folder, path

PARTS = (b"GGUF" + b"a" * 5000, b"b" * 7000, b"c" * 11)
WHOLE = b"".join(PARTS)
_numbers = count()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Weights]:
    """Puts parts on the path as packages whose code must never run."""

    def install(*parts: bytes) -> Weights:
        prefix, site = f"fake_weights_{next(_numbers)}_part", tmp_path / "site"
        for number, part in enumerate(parts, 1):
            data = site / f"{prefix}{number}" / "data"
            data.mkdir(parents=True)
            (data.parent / "__init__.py").write_text("raise RuntimeError('imported')")
            (data / f"part{number:02}.bin").write_bytes(part)
        monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
        digest = hashlib.sha256(WHOLE).hexdigest()
        return Weights("fake", "Fake", "MIT", prefix, len(PARTS), len(WHOLE), digest, "local-fake")

    return install


def files(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_the_parts_are_joined_in_order_and_nothing_is_left_over(install, tmp_path):
    words: list[str] = []
    file = path(install(*PARTS), tmp_path / "models", words.append)
    assert file.read_bytes() == WHOLE
    assert files(file.parent) == {"fake.gguf", "fake.json", "fake.lock"}
    assert words[-1] == "joining the weights… 100 %"


def test_a_second_start_neither_joins_nor_checks(install, tmp_path):
    weights = install(*PARTS)
    file = path(weights, tmp_path)
    before, words = file.stat(), []
    assert path(weights, tmp_path, pytest.fail) == file
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert words == []


def test_weights_that_were_joined_are_used_without_their_parts(install, tmp_path):
    weights = install(*PARTS)
    file = path(weights, tmp_path)
    assert path(replace(weights, prefix="not_installed_part"), tmp_path) == file


def test_a_touched_file_is_checked_again_and_kept(install, tmp_path):
    weights = install(*PARTS)
    file = path(weights, tmp_path)
    os.utime(file, (1, 1))
    words: list[str] = []
    path(weights, tmp_path, words.append)
    assert words[-1] == "checking the weights… 100 %"
    assert path(weights, tmp_path, pytest.fail) == file


def test_a_damaged_file_is_joined_anew(install, tmp_path):
    weights = install(*PARTS)
    file = path(weights, tmp_path)
    file.write_bytes(WHOLE[:-1] + b"!")
    assert path(weights, tmp_path).read_bytes() == WHOLE


def test_a_stamp_of_other_weights_is_not_believed(install, tmp_path):
    weights = install(*PARTS)
    path(weights, tmp_path)
    with pytest.raises(SettingsError, match="damaged"):
        path(replace(weights, sha256="0" * 64), tmp_path)


def test_a_damaged_part_is_refused_with_both_checksums_and_the_repair(install, tmp_path):
    weights = install(PARTS[0], b"evil", PARTS[2])
    with pytest.raises(SettingsError) as caught:
        path(weights, tmp_path)
    said = str(caught.value)
    found = hashlib.sha256(PARTS[0] + b"evil" + PARTS[2]).hexdigest()
    assert weights.sha256 in said
    assert found in said
    assert "tertulia setup local-fake --again" in said
    assert "\n" not in said
    assert files(tmp_path) == {"site", "fake.lock"}


def test_a_missing_part_is_named_with_the_command_that_brings_it(install, tmp_path):
    with pytest.raises(SettingsError, match=r"1 \(first: number 3\) are missing.*tertulia setup local-fake"):
        path(install(*PARTS[:2]), tmp_path)


def test_a_folder_that_cannot_be_written_names_the_variable_that_moves_it(install, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="TERTULIA_CACHE"):
        path(install(*PARTS), tmp_path / "file" / "models")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_names_the_variable_that_moves_the_folder(install, tmp_path):
    (tmp_path / "fake.joining").symlink_to("/dev/full")
    with pytest.raises(SettingsError, match="TERTULIA_CACHE"):
        path(install(*PARTS), tmp_path)


def test_two_who_join_at_once_get_the_same_whole_file(install, tmp_path):
    weights, found, words = install(*PARTS), [], []
    threads = [
        threading.Thread(target=lambda: found.append(path(weights, tmp_path, words.append).read_bytes()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [WHOLE] * 4
    assert words.count("joining the weights… 100 %") == 1


def test_the_cache_folder_follows_its_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("TERTULIA_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "models"


def test_a_file_of_ones_own_is_used_and_said_to_be_unchecked(tmp_path):
    file = tmp_path / "mine.gguf"
    file.write_bytes(WHOLE)
    words: list[str] = []
    assert path(file, progress=words.append) == file
    assert words == ["no checksum is known for mine.gguf: it is used as it is"]


def test_a_file_that_is_not_gguf_is_refused(tmp_path):
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"<html>")
    with pytest.raises(SettingsError, match="not a GGUF file"):
        path(file)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.gguf"):
        path(tmp_path / "none.gguf")


@pytest.mark.parametrize("weights", [LARGE, SMALL])
def test_the_known_weights_say_how_to_install_them(weights):
    assert weights.install in ("tertulia setup local", "tertulia setup local-small")
    assert len(weights.sha256) == 64


def test_whoever_comes_while_another_joins_the_weights_waits_and_is_told(install, tmp_path):
    weights, words = install(*PARTS), []
    waits = threading.Thread(target=path, args=(weights, tmp_path, words.append))
    with FileLock(tmp_path / "fake.lock"):
        waits.start()
        waits.join(1.2)
        assert waits.is_alive()
        assert words
        assert set(words) == {"waiting for another process that is joining the weights…"}
    waits.join(10)
    assert words[-1] == "joining the weights… 100 %"
    assert files(tmp_path) >= {"fake.gguf", "fake.json", "fake.lock"}
