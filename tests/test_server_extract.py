"""A schema is filled from a file over HTTP, with evidence, and what cannot be read is refused in one line."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from .serving import serving

pytest.importorskip("rapidfuzz")
pytest.importorskip("pypdfium2")


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


def post(server: Any, **body: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/extract", json=body, timeout=60)


def file(text: str) -> dict[str, str]:
    return {"file": base64.b64encode(text.encode()).decode(), "filename": "receipt.txt"}


def test_a_schema_is_filled_with_where_each_value_is_printed(server: Any) -> None:
    reply = post(
        server, **file("Date: 13/03/2024\nTotal: 14.18"), fields="date: date, total: number, phone", ask_model=False
    )
    assert reply.status_code == 200
    read = reply.json()
    assert read["data"] == {"date": "2024-03-13", "total": 14.18, "phone": None}
    assert [one["text"] for one in read["evidence"]] == ["13/03/2024", "14.18"]
    assert read["missing"] == ["/phone"]
    assert read["usage"]["total_tokens"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({**file("Total: 5"), "fields": ""}, "missing_schema"),
        ({**file("Total: 5"), "fields": "a: colour"}, "unusable_schema"),
        ({"file": "%%%", "fields": "a"}, "invalid_base64"),
        ({"file": base64.b64encode(b"not an image").decode(), "fields": "a"}, "unreadable_file"),
    ],
)
def test_what_cannot_be_read_is_refused(server: Any, body: dict[str, Any], code: str) -> None:
    reply = post(server, **body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, code)
