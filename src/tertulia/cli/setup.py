"""Installs extras into the Python that runs Tertulia, at the versions it was tested with."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement

from ..errors import SettingsError, UnknownName

SIZES = {
    "vision": "about 400 MB on disk, 280 MB of it besides the extra docs; a minute on a fast line",
    "vision-torch": "about 1.2 GB on disk for a torch without CUDA, 5 GB and more with it; minutes on a fast line",
}
"""What is brought, by extra, where that is much and nothing else says so."""


def extras() -> list[str]:
    """Names of all extras."""
    return sorted(metadata("tertulia").get_all("Provides-Extra") or [])


def lacking(extra: str) -> list[str]:
    """Packages of an extra that are not here, or not at a version that is wanted."""
    return [one.name for one in requirements(extra) if not is_met(one)]


def is_met(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


def requirements(extra: str) -> list[Requirement]:
    """What an extra requires here.

    Raises:
        UnknownName: if there is no such extra.
    """
    if extra not in extras():
        raise UnknownName("extra", extra, extras())
    found = (Requirement(text) for text in requires("tertulia") or [])
    return [
        requirement
        for requirement in found
        if requirement.marker and not requirement.marker.evaluate({"extra": ""})
        if requirement.marker.evaluate({"extra": extra})
    ]


def for_pip(requirement: Requirement) -> str:
    """A requirement as pip writes it, without its marker."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def install(names: list[str], again: bool = False) -> None:
    """Install extras with uv if it is here, else with pip; `again` brings anew what is installed already.

    Raises:
        SettingsError: if that fails.
    """
    packages = [for_pip(requirement) for name in names for requirement in requirements(name)]
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
