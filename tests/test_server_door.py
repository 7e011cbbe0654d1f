"""Who may ask the server, how much, and what they learn of each other."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
from dataclasses import replace

import openai
import pytest
from starlette.datastructures import Headers

import tertulia.cli.serve as cli
from tertulia import House, Question
from tertulia.durable.configuration import Overrides, configuration, with_overrides
from tertulia.durable.configuration import settings_of as settings_again
from tertulia.errors import ModelUnreachable, SettingsError
from tertulia.providers.scripted import Scripted
from tertulia.server.keys import PREFIX, Door, digest_of, door, new_key
from tertulia.server.limits import Account
from tertulia.server.problems import Problem
from tertulia.server.reading.asking import Asking
from tertulia.server.startup import open_service
from tertulia.server.visit import Visit
from tertulia.settings import Key, Serving, load, settings_of
from tertulia.strategies.direct import Direct
from tertulia.usage import Entry, Ledger, Usage

from .serving import scripted_house, serving

ASKED = {"model": "tertulia-direct", "messages": [{"role": "user", "content": "Hello?"}]}
ANN, BEN = PREFIX + "a" * 43, PREFIX + "b" * 43
KEYS = {"ann": Key(sha256=digest_of(ANN)), "ben": Key(sha256=digest_of(BEN))}


def call(server, method, path, body=None, **headers):
    """Status, headers and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read().decode()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def local():
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def keyed():
    with serving(keys=KEYS) as server:
        yield server


def client(server, key):
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8642", "169.254.169.254", "", "127.0.0.1.evil.example", "["]
)
def test_without_keys_other_names_of_this_machine_are_refused(local, host):
    status, _, body = call(local, "POST", "/v1/chat/completions", ASKED, host=host)
    assert status in (400, 403)
    assert "content" not in body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:99", "[::1]:8642"])
def test_without_keys_this_machine_is_served(local, host):
    assert call(local, "POST", "/v1/chat/completions", ASKED, host=host)[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_web_pages_may_not_call_and_get_no_permission_to_read(local, origin):
    status, headers, _ = call(local, "POST", "/v1/chat/completions", ASKED, origin=origin)
    assert status == 403
    assert not any(name.lower().startswith("access-control") for name in headers)


def test_web_pages_that_the_settings_name_may_call():
    page = "https://chat.example.org"
    with serving(origins=[page]) as server:
        status, headers, _ = call(server, "POST", "/v1/chat/completions", ASKED, origin=page)
        assert status == 200
        assert headers["access-control-allow-origin"] == page
        assert call(server, "POST", "/v1/chat/completions", ASKED, origin="https://evil.example")[0] == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_a_server_without_keys_does_not_listen_to_others(host):
    with pytest.raises(SettingsError, match="tertulia key new"):
        door(Serving(), host)
    assert door(Serving(keys=KEYS), host).keys == KEYS


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer ", "Bearer wrong", f"Basic {ANN}", f"Bearer {ANN}x", f"Bearer {digest_of(ANN)}", "Bearer ünï"],
)
def test_with_keys_nobody_asks_without_one(keyed, authorization):
    headers = {} if authorization is None else {"authorization": authorization.encode("latin-1")}
    for path in ("/v1/models", "/metrics", "/v1/responses/resp_1"):
        status, _, body = call(keyed, "GET", path, **headers)
        assert status == 401
        assert json.loads(body)["error"]["code"] == "invalid_api_key"
        assert "wrong" not in body


def test_a_key_opens_whatever_the_host_is_called(keyed):
    status, _, _ = call(keyed, "GET", "/v1/models", authorization=f"Bearer {ANN}", host="tertulia.example.org")
    assert status == 200


def test_keys_are_long_different_and_kept_as_hashes_only():
    key, digest = new_key()
    other, _ = new_key()
    assert key != other
    assert len(key) >= 43 + len(PREFIX)
    assert Door({"x": Key(sha256=digest)}).holder(Headers({"authorization": f"bearer {key}"})) == "x"


def test_what_one_stores_does_not_exist_for_another(keyed):
    with client(keyed, ANN) as ann, client(keyed, BEN) as ben:
        made = ann.responses.create(model="tertulia-direct", input="Hello?", background=True)
        for attempt in (
            ben.responses.retrieve,
            ben.responses.cancel,
            ben.responses.delete,
            ben.responses.input_items.list,
        ):
            with pytest.raises(openai.NotFoundError):
                attempt(made.id)
        with pytest.raises(openai.BadRequestError, match="not found"):
            ben.responses.create(model="tertulia-direct", input="And?", previous_response_id=made.id)
        assert ann.responses.retrieve(made.id).id == made.id


def test_a_key_has_a_rate():
    limited = {"ann": Key(sha256=digest_of(ANN), requests_per_minute=2), "ben": KEYS["ben"]}
    with serving(keys=limited) as server, client(server, ANN) as ann, client(server, BEN) as ben:
        for _ in range(2):
            ann.chat.completions.create(**ASKED)
        with pytest.raises(openai.RateLimitError) as caught:
            ann.chat.completions.create(**ASKED)
        assert caught.value.code == "rate_limit_exceeded"
        assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60
        ben.chat.completions.create(**ASKED)


def test_a_key_has_a_budget_a_day_and_asking_again_does_not_help():
    limited = {"ann": Key(sha256=digest_of(ANN), tokens_per_day=1000)}
    with serving(keys=limited) as server, client(server, ANN) as ann:
        ann.chat.completions.create(**ASKED)
        assert 0 < server.service.accounts["ann"].tokens < 1000
        server.service.accounts["ann"].tokens = 1000
        with pytest.raises(openai.RateLimitError) as caught:
            ann.chat.completions.create(**ASKED)
    assert caught.value.code == "insufficient_quota"
    assert caught.value.response.headers["x-should-retry"] == "false"


def test_a_run_may_spend_what_is_left_of_the_day_and_no_more():
    limited = {"ann": Key(sha256=digest_of(ANN), tokens_per_day=300)}
    with serving(keys=limited) as server, client(server, ANN) as ann:
        ann.chat.completions.create(**(ASKED | {"model": "tertulia"}))
        assert server.service.accounts["ann"].tokens <= 300


def test_a_budget_a_day_starts_anew_the_next_day():
    now = [1e9]
    account = Account(Key(sha256=digest_of(ANN), tokens_per_day=5), clock=lambda: now[0])
    account.enter()
    account.spend(Ledger([Entry("k", 1, "a", "m", Usage(5, 5), "ok")]))
    with pytest.raises(Problem, match="midnight"):
        account.enter()
    now[0] += 86_400
    account.enter()


def test_a_key_runs_only_so_many_at_once():
    account = Account(Key(sha256=digest_of(ANN), runs=1))
    account.enter()
    with pytest.raises(Problem, match="at once"):
        account.enter()
    account.leave()
    account.enter()


def test_those_who_are_not_at_this_machine_do_not_learn_the_addresses_of_its_models():
    def fails(system, text):
        raise ModelUnreachable("nobody answers at http://10.0.0.7:8080/v1")

    with serving(scripted_house(fails, strategy=Direct()), keys=KEYS) as server, client(server, ANN) as ann:
        with pytest.raises(openai.InternalServerError) as caught:
            ann.chat.completions.create(**ASKED)
        stream = ann.chat.completions.create(**ASKED, stream=True)
        with pytest.raises(openai.APIError) as streamed:
            list(stream)
    assert "10.0.0.7" not in str(caught.value)
    assert "10.0.0.7" not in str(streamed.value)


def test_no_log_holds_a_key_or_what_was_said(caplog):
    caplog.set_level(logging.DEBUG, "tertulia.server")

    def breaks(system, text):
        raise RuntimeError("a bug")

    house = House({"default": Scripted(breaks)}, Direct())
    secret = {"model": "tertulia", "messages": [{"role": "user", "content": "my secret is swordfish"}]}
    with serving(house, keys=KEYS) as server:
        status, headers, body = call(server, "POST", "/v1/chat/completions", secret, authorization=f"Bearer {ANN}")
    assert status == 500
    assert headers["x-request-id"] in caplog.text
    assert "a bug" not in body
    for hidden in (ANN, digest_of(ANN), "swordfish"):
        assert hidden not in caplog.text


def test_health_docs_and_metrics(local):
    assert call(local, "GET", "/healthz")[0] == 200
    assert call(local, "GET", "/readyz")[0] == 200
    status, headers, body = call(local, "GET", "/docs")
    assert status == 200
    assert "script" not in body
    assert headers["content-security-policy"].startswith("default-src 'none'")
    call(local, "POST", "/v1/chat/completions", ASKED)
    status, headers, body = call(local, "GET", "/metrics")
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'tertulia_requests_total{model="tertulia-direct",status="ok"}' in body
    local.service.drain()
    assert call(local, "GET", "/readyz")[0] == 503
    status, headers, _ = call(local, "POST", "/v1/chat/completions", ASKED)
    assert (status, headers["retry-after"]) == (503, "5")
    local.service.drained_at = None


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v2", 404), ("PUT", "/v1/models", 405), ("GET", "/v1/models/x", 404)]
)
def test_what_is_not_there_is_an_error_object(local, method, path, status):
    got, _, body = call(local, method, path)
    assert got == status
    assert json.loads(body)["error"]["message"]


async def test_the_settings_offer_further_houses(tmp_path, monkeypatch):
    config = tmp_path / "config.toml"
    config.write_text('model = "scripted"\n[budget]\ntokens = 900\n[houses.brief]\nstrategy = "direct"\n')
    monkeypatch.setenv("TERTULIA_CONFIG", str(config))
    monkeypatch.setenv("TERTULIA_DATA", str(tmp_path))
    async with open_service(load(), "127.0.0.1", lambda words: None) as service:
        brief, default = service.houses.find("brief"), service.houses.find("tertulia")
    assert "brief" in service.houses.ids
    assert brief.strategy.name == "direct" != default.strategy.name
    assert brief.budget == default.budget


async def test_a_house_may_not_take_the_name_of_another_model(tmp_path, monkeypatch):
    config = tmp_path / "config.toml"
    config.write_text('model = "scripted"\n[houses.tertulia-direct]\nstrategy = "direct"\n')
    monkeypatch.setenv("TERTULIA_CONFIG", str(config))
    monkeypatch.setenv("TERTULIA_DATA", str(tmp_path))
    with pytest.raises(SettingsError, match="tertulia-direct"):
        async with open_service(load(), "127.0.0.1", lambda words: None):
            pass


def test_the_command_prints_a_key_and_the_hash_that_lets_it_in(capsys):
    cli.new_key("ann")
    key, settings = capsys.readouterr()
    assert f'[server.keys.ann]\nsha256 = "{digest_of(key.strip())}"' in settings
    assert key.strip() not in settings


def test_the_command_does_not_serve_others_without_keys():
    with pytest.raises(SettingsError, match="tertulia key new"):
        cli.serve(load(model="scripted"), "0.0.0.0", 0)


async def test_what_a_key_spent_today_is_known_after_a_restart_and_at_every_server(tmp_path, monkeypatch):
    monkeypatch.setenv("TERTULIA_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setattr("tertulia.server.limits.LOOK_SECONDS", 0.05)
    keys = {"ann": {"sha256": digest_of(ANN), "tokens_per_day": 100}}
    settings = load(model="scripted", database=str(tmp_path / "runs.db"), server={"keys": keys})
    asking = Asking("tertulia-direct", Question("How much is that?"))
    async with open_service(settings, "127.0.0.1", print) as other:
        async with open_service(settings, "127.0.0.1", print) as service:
            for store in (True, False):
                async with Visit(service, "ann", replace(asking, store=store)) as visit:
                    visit.served = f"chatcmpl-{store}"
                    async for _ in visit.pieces():
                        pass
            spent = sum(run.ledger.total for run in visit.runs) * 2
            async with asyncio.timeout(10):
                while service.accounts["ann"].tokens != spent > 0:
                    await asyncio.sleep(0.02)
        async with open_service(settings, "127.0.0.1", print) as service:
            assert service.accounts["ann"].tokens == spent
        async with asyncio.timeout(10):
            while other.accounts["ann"].tokens != spent:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize(("address", "key"), [("http://one/v1", "sk-small"), ("http://other/v1", "")])
def test_a_worker_sends_the_key_of_a_house_only_where_its_own_settings_have_it(tmp_path, monkeypatch, address, key):
    config = tmp_path / "config.toml"
    config.write_text(
        'api_key = "sk-mine"\n[houses.small]\nmodel = "openai:m"\nbase_url = "http://one/v1"\napi_key = "sk-small"\n'
    )
    monkeypatch.setenv("TERTULIA_CONFIG", str(config))
    stored = with_overrides(configuration(settings_of("small", load())), Overrides(house="small")) | {
        "base_url": address
    }
    assert settings_again(stored).api_key.get_secret_value() == key
    assert "sk-" not in json.dumps(stored)
