"""Installs extras into the Python that runs Tertulia, at the versions it was tested with."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from importlib.metadata import metadata, requires

from packaging.requirements import Requirement

from ..errors import SettingsError, UnknownName

SIZES = {"vision": "about 400 MB on disk, 280 MB of it besides the extra docs; a minute on a fast line"}
"""What is brought, by extra, where that is much and nothing else says so."""


def extras() -> list[str]:
    """Names of all extras."""
    return sorted(metadata("tertulia").get_all("Provides-Extra") or [])


def requirements(extra: str) -> list[str]:
    """What an extra requires here, as pip writes it.

    Raises:
        UnknownName: if there is no such extra.
    """
    if extra not in extras():
        raise UnknownName("extra", extra, extras())
    found = (Requirement(text) for text in requires("tertulia") or [])
    return [
        f"{requirement.name}{extras_of(requirement)}{requirement.specifier}"
        for requirement in found
        if requirement.marker and not requirement.marker.evaluate({"extra": ""})
        if requirement.marker.evaluate({"extra": extra})
    ]


def extras_of(requirement: Requirement) -> str:
    return f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""


def install(names: list[str], again: bool = False) -> None:
    """Install extras with uv if it is here, else with pip; `again` brings anew what is installed already.

    Raises:
        SettingsError: if that fails.
    """
    packages = [package for name in names for package in requirements(name)]
    uv = shutil.which("uv")
    if uv:
        tool = [uv, "pip", "install", "--python", sys.executable] + ["--reinstall", "--no-cache"] * again
    else:
        tool = [sys.executable, "-m", "pip", "install"] + ["--force-reinstall", "--no-cache-dir"] * again
    for name in names:
        if name in SIZES:
            print(f"{name}: {SIZES[name]}", flush=True)
    print(f"installing {len(packages)} packages for {', '.join(names)}", flush=True)
    if subprocess.run([*tool, "--quiet", *packages]).returncode:
        raise SettingsError(f"{' '.join(tool[:3])} could not install them; its message is above")
    if "compute" in names:
        prepare()
    print("done")


def prepare() -> None:
    """Compile the Python of the WASI sandbox, once; it takes minutes."""
    from ..tools.tiers.wasi import Wasi  # not at the top: what it needs may have come only now

    print("compiling the Python of the WASI sandbox (a minute or two)", flush=True)
    asyncio.run(Wasi().prepare())
