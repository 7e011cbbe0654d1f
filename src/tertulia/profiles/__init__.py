"""Saved configurations of a house, by name or file: those in the box, and a person's own."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from ..errors import SettingsError, UnknownName

ABOUT, ESTIMATE = "about", "estimate"
"""The lines of a profile that say what it is for, and what a question takes with it."""
SECRET = ("api_key",)
"""What never stands in a profile, since profiles are handed on."""


@dataclass(frozen=True)
class Profile:
    """Settings that are saved under a name."""

    name: str
    about: str
    """What it is for, and what to expect of it, in one line."""
    estimate: str = ""
    """What a question takes with it, as it was measured; empty if it was not."""
    settings: Mapping[str, Any] = field(default_factory=dict)


def own_folder() -> Path:
    """Where a person's own profiles are: `profiles` beside the settings file."""
    config = os.environ.get("TERTULIA_CONFIG")
    return (Path(config).parent if config else user_config_path("tertulia")) / "profiles"


def profiles() -> dict[str, Profile]:
    """Every profile by name; a person's own take the place of those in the box.

    Raises:
        SettingsError: if one cannot be read.
    """
    inside = [path for path in files(__package__).iterdir() if path.name.endswith(".toml")]
    own = sorted(own_folder().glob("*.toml")) if own_folder().is_dir() else []
    found = [(path.name.removesuffix(".toml"), path) for path in [*sorted(inside, key=lambda path: path.name), *own]]
    return {name: parse(name, path.read_bytes()) for name, path in found}


def find_profile(name: str) -> Profile:
    """The profile of that name, or in the file that the name is the path of.

    Raises:
        UnknownName: if there is none.
        SettingsError: if it cannot be read.
    """
    if name.endswith(".toml"):
        try:
            return parse(Path(name).stem, Path(name).expanduser().read_bytes())
        except OSError as error:
            raise SettingsError(f"the profile {name!r} cannot be read: {error.strerror or error}") from None
    known = profiles()
    if name not in known:
        raise UnknownName("profile", name, known)
    return known[name]


def parse(name: str, data: bytes) -> Profile:
    """The profile that a file holds.

    Raises:
        SettingsError: if it is not TOML, or holds a key.
    """
    try:
        settings = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the profile {name!r} is not TOML: {error}") from None
    if secret := [key for key in SECRET if key in settings]:
        raise SettingsError(f"the profile {name!r} holds {secret[0]!r}; keys belong in the environment")
    return Profile(name, str(settings.pop(ABOUT, "")), str(settings.pop(ESTIMATE, "")), settings)
