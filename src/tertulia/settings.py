"""What can be set, in a TOML file, in the environment or on the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from platformdirs import user_config_path
from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from .errors import SettingsError, UnknownName
from .profiles import Profile, find_profile
from .told import Told
from .types import Effort

EFFORTS: tuple[str, ...] = get_args(Effort)


def silence(words: str) -> None:
    """Says nothing."""


def config_file() -> Path:
    """Where the settings file is looked for: `TERTULIA_CONFIG`, or `config.toml` in the platform's config folder."""
    return Path(os.environ.get("TERTULIA_CONFIG") or user_config_path("tertulia") / "config.toml")


class Embedding(BaseModel, extra="forbid"):
    """Settings of the embedded model."""

    threads: int | None = Field(default=None, ge=1)
    slots: int | None = Field(default=None, ge=1, le=32)
    context: int | None = Field(default=None, ge=512)


class Limits(BaseModel, extra="forbid"):
    """Limits of every run; None means no limit."""

    tokens: int | None = Field(default=None, ge=1)
    usd: float | None = Field(default=None, gt=0)
    seconds: float | None = Field(default=None, gt=0)
    calls: int | None = Field(default=None, ge=1)


class Key(BaseModel, extra="forbid"):
    """A key that `tertulia serve` accepts, and what whoever holds it may spend; None means no limit."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """Of the key, in hexadecimal; `tertulia key new` prints both."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_day: int | None = Field(default=None, ge=1)
    usd_per_day: float | None = Field(default=None, gt=0)
    runs: int | None = Field(default=None, ge=1)
    """Runs at the same time."""


class Serving(BaseModel, extra="forbid"):
    """Settings of `tertulia serve`."""

    keys: dict[str, Key] = {}
    """Keys by the name of who holds them; without any, only this machine is served."""
    origins: list[str] = []
    """Web pages that may call it, as in `https://chat.example.org`; none by default."""
    runs: int = Field(default=64, ge=1)
    """Runs at the same time."""
    queue: int = Field(default=64, ge=0)
    """Requests that may wait for their turn; more are refused at once."""
    wait_seconds: float = Field(default=30.0, ge=0)
    """Most time a request waits for its turn."""
    grace_seconds: float = Field(default=30.0, ge=0)
    """Time that runs get to end when the server is told to stop."""
    body_bytes: int = Field(default=20 << 20, ge=1 << 10)
    """Most bytes of a request, images included."""
    fetch_urls: bool = False
    """Whether images may be named by their address (http or https), which the server then fetches."""
    fetch_networks: list[str] = []
    """Private networks that images may be fetched from all the same, as in `10.1.0.0/16`; none by default."""
    fetch_ports: list[int] = [80, 443]
    """Ports that images may be fetched from."""
    store: bool = True
    """Whether responses are stored in the database; else the latest are kept in memory until the server stops."""
    enqueue: bool = False
    """Whether questions are only put in the queue, for `tertulia worker` processes to answer."""
    stored: int = Field(default=1000, ge=0)
    """Responses of a key that are kept in memory if they are not stored."""


class Dwelling(BaseModel, extra="forbid"):
    """A further house that the server offers; what is None is as in the settings outside it."""

    model: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    agent_models: dict[str, str] | None = None
    strategy: str | None = None
    effort: Effort | None = None
    budget: Limits | None = None


class Telemetry(BaseModel, extra="forbid"):
    """Where runs are traced to."""

    endpoint: str = Field(default="", pattern="^(https?://.+)?$")
    """Address of an OpenTelemetry collector that takes OTLP over HTTP; empty for what `OTEL_*` variables say."""
    content: bool = False
    """Whether questions, answers and programs are sent, too."""


class ToolServer(BaseModel, extra="forbid"):
    """An MCP server whose tools agents may use: a command to start, or a URL."""

    command: str = ""
    args: list[str] = []
    env: dict[str, SecretStr] = {}
    """Variables that the command gets."""
    env_from: list[str] = []
    """Names of our own variables that it gets, too; no others pass, but for those such as PATH that programs need."""
    url: str = Field(default="", pattern="^(https?://.+)?$")
    headers: dict[str, SecretStr] = {}
    tools: list[str] = []
    """Tools that agents may use; `*` stands for all."""
    seconds: float = Field(default=30.0, gt=0, le=600)
    """Most time that one use may take."""

    @model_validator(mode="after")
    def _one_way(self) -> ToolServer:
        if bool(self.command) == bool(self.url):
            raise ValueError("give either the command that starts the server, or its url")
        return self


class Settings(BaseSettings):
    """All that can be set, in order of precedence: arguments, `TERTULIA_*` variables, the settings file."""

    model_config = SettingsConfigDict(env_prefix="TERTULIA_", env_nested_delimiter="__", extra="ignore")

    profile: str = ""
    """Name or file of saved settings, which stand above those of the settings file; empty for none."""
    model: str = "auto"
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    agent_models: dict[str, str] = {}
    """Model by agent, for those that use another than `model`."""
    agent_efforts: dict[str, Effort] = {}
    """How much the models of some agents are asked to think, whatever the effort of the run."""
    strategy: str = "auto"
    abilities: dict[str, Told] = {}
    """What models can do, by their names, over all that is known of them."""
    agents: dict[str, dict[str, Any]] = {}
    """Fields of agents that are not as they are by themselves, as in `[agents.reasoner] max_tokens = 500`."""
    documents: list[str] = []
    """Collections, files and folders that the librarian reads."""
    effort: Effort = "auto"
    language: Literal["auto", "en", "es"] = "auto"
    """In which runs are told on the terminal; `auto` is Spanish for questions in Spanish, and English for others."""
    budget: Limits = Limits()
    embedded: Embedding = Embedding()
    durable: bool = False
    """Whether every question's run is stored, so that it can be resumed."""
    database: str = ""
    """Where runs are stored: `postgres://…`, or the path of a file; empty for `runs.db` in the data folder.

    The index of documents is there, too, if it is Postgres.
    """
    keep_days: float | None = Field(default=None, ge=0)
    """Age in days at which ended runs are deleted; None keeps them."""
    houses: dict[str, Dwelling] = {}
    """Further houses by the name under which the server offers them."""
    server: Serving = Serving()
    telemetry: Telemetry = Telemetry()
    mcp: dict[str, ToolServer] = {}
    """MCP servers by name, whose tools agents use."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())


def settings_of(name: str, settings: Settings) -> Settings:
    """The settings of one of the further houses."""
    own = settings.houses[name]
    changes = {field: getattr(own, field) for field in type(own).model_fields if getattr(own, field) is not None}
    if own.base_url is not None and own.api_key is None:
        changes["api_key"] = SecretStr("")  # a key goes to no address but the one it was given for
    return settings.model_copy(update=changes)


def within(profile: Profile, given: Mapping[str, Any]) -> Settings:
    """The settings with those of a profile between the environment and the settings file.

    Raises:
        UnknownName: if the profile sets what cannot be set.
    """
    if unknown := sorted(set(profile.settings) - set(Settings.model_fields)):
        raise UnknownName(f"setting for the profile {profile.name!r} to set", unknown[0], Settings.model_fields)

    class Profiled(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource, **named: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            first, second, *others = super().settings_customise_sources(settings_cls, *sources, **named)
            return first, second, InitSettingsSource(settings_cls, dict(profile.settings)), *others

    return Profiled(**given)


def load(**given: Any) -> Settings:
    """The settings, with `given` ones above all others; a given None counts as not given.

    Raises:
        SettingsError: if one is not usable; the message names it.
    """
    unknown = sorted(set(given) - set(Settings.model_fields))
    if unknown:
        raise UnknownName("setting", unknown[0], Settings.model_fields)
    said = {name: value for name, value in given.items() if value is not None}
    try:
        settings = Settings(**said)
        return within(find_profile(settings.profile), said) if settings.profile else settings
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"the setting {where!r} cannot be {first['input']!r}: {first['msg']}") from None
    except ValueError as error:  # the file is not TOML
        raise SettingsError(f"{config_file()} cannot be read: {error}") from None
