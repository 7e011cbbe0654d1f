"""Saved settings: found by name, between the environment and the settings file, and told about."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tertulia.cli import app
from tertulia.errors import SettingsError, UnknownName
from tertulia.opening import open_house
from tertulia.profiles import profiles
from tertulia.settings import load


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config.toml"
    monkeypatch.setenv("TERTULIA_CONFIG", str(file))
    return file


@pytest.mark.parametrize("name", ["balanced", "best", "cheap", "local", "mixed"])
async def test_each_profile_in_the_box_opens_a_house(name: str) -> None:
    settings = load(profile=name)
    async with await open_house(settings.model_copy(update={"model": "scripted"})) as house:
        assert house.efforts.run == settings.effort
    assert profiles()[name].about
    assert "tokens" in profiles()[name].estimate


def test_a_profile_stands_between_the_environment_and_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text('effort = "none"\nstrategy = "direct"\n[budget]\ntokens = 900\n')
    assert load(profile="best").effort == "high"
    assert (load(profile="best").strategy, load(profile="best").budget.tokens) == ("direct", 900)
    monkeypatch.setenv("TERTULIA_EFFORT", "xhigh")
    assert load(profile="best").effort == "xhigh"
    assert load(profile="best", effort="low").effort == "low"


def test_the_settings_file_may_name_a_profile(config: Path) -> None:
    config.write_text('profile = "cheap"\n')
    assert load().agent_efforts["reasoner"] == "minimal"


def test_a_profile_of_ones_own_is_found_by_name_and_by_path(config: Path) -> None:
    own = config.parent / "profiles" / "mine.toml"
    own.parent.mkdir()
    own.write_text('about = "for my students"\neffort = "medium"\n')
    assert load(profile="mine").effort == load(profile=str(own)).effort == "medium"
    listed = CliRunner().invoke(app, ["profiles"]).output
    assert all(name in listed for name in ("mine", "for my students", "cheap", "local"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("efforts = 'low'", "no setting for the profile 'bad' to set named 'efforts'; there are: .*effort"),
        ("effort = 'huge'", "the setting 'effort' cannot be 'huge'"),
        ("api_key = 'secret'", "holds 'api_key'; keys belong in the environment"),
        ("effort = ", "the profile 'bad' is not TOML"),
    ],
)
def test_a_profile_with_a_typo_says_what_would_work(tmp_path: Path, text: str, says: str) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(text)
    with pytest.raises((SettingsError, UnknownName), match=says):
        load(profile=str(bad))


def test_an_unknown_profile_lists_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"no profile named 'chip'; there are: balanced, best, cheap, local, mixed"):
        load(profile="chip")
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load(profile="nowhere.toml")


async def test_an_effort_goes_to_an_agent_that_is_there() -> None:
    settings = load(model="scripted", agent_efforts={"reasoner": "high"})
    async with await open_house(settings) as house:
        assert house.efforts.level("reasoner") == "high"
    with pytest.raises(UnknownName, match="no agent named 'thinker'"):
        await open_house(load(model="scripted", agent_efforts={"thinker": "high"}))
    with pytest.raises(SettingsError, match="cannot be 'lots'"):
        load(agent_efforts={"reasoner": "lots"})
