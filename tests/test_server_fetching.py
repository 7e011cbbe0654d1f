"""Images that a request names by their address: fetched where that is allowed, and from nowhere that is private."""

from __future__ import annotations

import base64
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import openai
import pytest

from tertulia import House
from tertulia.server.reading import fetching
from tertulia.server.reading.images import MOST_BYTES
from tertulia.strategies.direct import Direct

from .serving import serving
from .test_server_chat import PIXEL, listening

pytest.importorskip("drawbridge")  # here: openai cannot close a stream while httpx is half imported
PNG = base64.b64decode(PIXEL)
FORBIDDEN = (
    "http://127.0.0.1/a.png",
    "http://127.1/a.png",
    "http://2130706433/a.png",
    "http://0x7f000001/a.png",
    "http://0177.0.0.1/a.png",
    "http://0.0.0.0/a.png",
    "http://localhost/a.png",
    "http://10.0.0.1/a.png",
    "http://172.16.3.4/a.png",
    "http://192.168.1.1/a.png",
    "http://100.64.0.1/a.png",
    "http://169.254.169.254/latest/meta-data/",
    "http://168.63.129.16/metadata",
    "http://[::1]/a.png",
    "http://[::]/a.png",
    "http://[::ffff:127.0.0.1]/a.png",
    "http://[::ffff:a9fe:a9fe]/latest",
    "http://[::127.0.0.1]/a.png",
    "http://[64:ff9b::7f00:1]/a.png",
    "http://[2002:7f00:1::]/a.png",
    "http://[fd00:ec2::254]/latest",
    "http://[fe80::1]/a.png",
    "http://[fec0::1]/a.png",
    "http://[ff02::1]/a.png",
    "http://224.0.0.1/a.png",
    "http://255.255.255.255/a.png",
    "http://user:secret@127.0.0.1/a.png",
    "http://8.8.8.8:22/a.png",
    "http://no.such.name.invalid/a.png",
    "http:///a.png",
    "http://[::1/a.png",
    "https://",
)
"""Loopback, private, link-local, metadata, multicast and other addresses that no image of the internet has."""


class Patient(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Who asks may leave."""


@pytest.fixture(scope="module")
def pages():
    """A web server with images and with traps, on 127.0.0.1; what it was asked for stands in `asked`."""

    asked = []

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.close_connection = True
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/to/"))
                self.end_headers()
                return
            more = {"/large": MOST_BYTES, "/kib": 1024}.get(self.path.partition("?")[0], 0)
            body = b"<html>" if self.path == "/page" else PNG + bytes(more)
            self.send_response(404 if self.path == "/gone" else 200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.path == "/slow":
                time.sleep(2)
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = Patient(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", port=server.server_port, asked=asked)
    server.shutdown()
    server.server_close()


@contextmanager
def asking(**settings):
    """A client of a server that may fetch, and what its model heard."""
    heard = []
    with (
        serving(House({"default": listening(heard)}, Direct()), fetch_urls=True, **settings) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client, heard


@pytest.fixture(scope="module")
def open_to(pages):
    """A server that may fetch from 127.0.0.1, and from no other private address."""
    with asking(fetch_networks=["127.0.0.1/32"], fetch_ports=[80, pages.port], body_bytes=12 << 20) as both:
        yield both


@pytest.fixture(scope="module")
def closed():
    with asking() as both:
        yield both


def message(url):
    image = {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}]


def refusal(client, url):
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="tertulia", messages=message(url))
    return refused.value


def test_an_image_is_fetched_and_shown_to_the_model(open_to, pages):
    client, heard = open_to
    client.chat.completions.create(model="tertulia", messages=message(f"{pages.url}/a.png"))
    (image,) = heard[-1].messages[-1].images
    assert (image.data, image.media_type) == (PNG, "image/png")


def test_responses_fetch_as_well(open_to, pages):
    client, heard = open_to
    image = {"type": "input_image", "image_url": f"{pages.url}/to/{pages.url}/b.png"}
    said = [{"role": "user", "content": [{"type": "input_text", "text": "What is it?"}, image]}]
    client.responses.create(model="tertulia", input=said)
    assert heard[-1].messages[-1].images[0].data == PNG


@pytest.mark.parametrize("url", FORBIDDEN)
def test_what_is_not_public_is_refused(closed, url):
    client, heard = closed
    error = refusal(client, url)
    assert error.param == "messages[0].content[1].image_url"
    assert error.code == "invalid_image_url"
    assert fetching.NOT_FETCHED in str(error)
    assert "secret" not in str(error)
    assert not heard


@pytest.mark.parametrize("name", ["inside.example.org", "rebinding.example.org"])
def test_a_name_that_leads_inside_is_refused(closed, name, monkeypatch):
    import socket

    resolve = socket.getaddrinfo
    inside = {"inside.example.org": ["127.0.0.1"], "rebinding.example.org": ["93.184.216.34", "10.0.0.1"]}

    def resolved(host, port, *more):
        addresses = inside.get(host)
        if addresses is None:
            return resolve(host, port, *more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    assert refusal(closed[0], f"http://{name}/a.png").code == "invalid_image_url"


@pytest.mark.parametrize(
    "inside",
    ["http://169.254.169.254/latest", "http://[::1]/", "http://127.0.0.2/", "http://localhost:22/", "file:///etc"],
)
def test_a_redirect_to_where_nobody_may_go_is_not_followed(open_to, pages, inside):
    assert refusal(open_to[0], f"{pages.url}/to/{inside}").code == "invalid_image_url"


def test_redirects_end(open_to, pages):
    loop = f"{pages.url}/to/" * (fetching.REDIRECTS + 1)
    refusal(open_to[0], f"{loop}{pages.url}/never")
    assert "/never" not in pages.asked


def test_bytes_decide_what_an_image_is(open_to, pages):
    assert refusal(open_to[0], f"{pages.url}/page").code == "invalid_image_format"


def test_an_image_that_is_too_large_or_missing_is_refused(open_to, pages):
    assert refusal(open_to[0], f"{pages.url}/large").code == "image_too_large"
    assert "404" in str(refusal(open_to[0], f"{pages.url}/gone"))


def test_all_images_of_a_request_together_are_no_larger_than_a_request(pages):
    with asking(fetch_networks=["127.0.0.1/32"], fetch_ports=[pages.port], body_bytes=4 << 10) as (client, _):
        many = message(f"{pages.url}/kib")
        many[0]["content"] += [message(f"{pages.url}/kib?{n}")[0]["content"][1] for n in range(4)]
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(model="tertulia", messages=many)
    assert refused.value.code == "image_too_large"


def test_an_image_that_does_not_come_is_not_waited_for(open_to, pages, monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS", 0.3)
    assert "seconds" in str(refusal(open_to[0], f"{pages.url}/slow"))


def test_nothing_is_fetched_unless_the_settings_say_so(pages):
    with (
        serving() as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        assert "data URLs only" in str(refusal(client, f"{pages.url}/unasked.png"))
    assert "/unasked.png" not in pages.asked
