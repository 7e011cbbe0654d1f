"""What went wrong at a provider, said in Tertulia's errors."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import ModelBusy, ModelError, ModelUnreachable, PromptTooLong
from .reading import Unreadable, clean, parse

PASSING = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
"""HTTP statuses after which asking again may work."""
_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|(maximum|available) context|context (length|window|size)"
    r"|(prompt|input) is too long",
    re.IGNORECASE,
)
_STATUS_OF = {
    "rate_limit": 429,
    "insufficient_quota": 429,
    "overloaded": 529,
    "invalid_request": 400,
    "authentication": 401,
    "permission": 403,
    "not_found": 404,
}


def details(body: bytes | str) -> Mapping[str, Any]:
    """The error object in the body of an answer; only its `message` if the body is not JSON."""
    data = body.encode(errors="replace") if isinstance(body, str) else body
    try:
        value = parse(data)
    except Unreadable:
        return {"message": re.sub(r"<[^>]*>|\s+", " ", data.decode(errors="replace")).strip()}
    return of(value) or {"message": json.dumps(value, ensure_ascii=False)}


def of(data: Any) -> Mapping[str, Any] | None:
    """The error object in a JSON value; None if it holds none."""
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return None
    error = data.get("error")
    if isinstance(error, dict):
        return error
    if error:
        return {**data, "message": str(data.get("message") or error)}
    if "detail" in data and "choices" not in data:
        return _of_detail(data["detail"])
    return data if data.get("object") == "error" or ("message" in data and "choices" not in data) else None


def _of_detail(detail: Any) -> Mapping[str, Any]:
    """The error in a server's list of what is wrong with a request, each with its place in it."""
    first = detail[0] if isinstance(detail, list) and detail else detail
    if not isinstance(first, dict) or not isinstance(place := first.get("loc"), list):
        return {"message": detail if isinstance(detail, str) else json.dumps(detail, ensure_ascii=False)}
    where = ".".join(str(part) for part in place if part != "body")
    return {"message": f"{where}: {first.get('msg')}", "param": where, "type": first.get("type")}


def status_of(error: Mapping[str, Any]) -> int:
    """The HTTP status that an error sent inside a stream stands for; 500 if it does not say."""
    code = error.get("code")
    if isinstance(code, int) and 400 <= code < 600:
        return code
    kind = f"{code} {error.get('type')}"
    return next((status for word, status in _STATUS_OF.items() if word in kind), 500)


def wait(headers: Mapping[str, str]) -> float | None:
    """Seconds the answer asks us to wait, 0 or more; None if it does not say."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return _seconds(float(milliseconds) / 1000)
        if text := headers.get("retry-after"):
            return _seconds(float(text))
    except ValueError:
        pass
    try:
        return _seconds(parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _seconds(value: float) -> float | None:
    return max(0.0, value) if math.isfinite(value) else None


def classify(
    status: int,
    error: Mapping[str, Any],
    headers: Mapping[str, str],
    where: str,
    *,
    model: str = "",
    key_from: str = "",
) -> ModelError:
    """The error for an answer with HTTP `status`.

    `headers` has lower-case names (or ignores case); `where` is the address or the provider, for the message;
    `key_from` is the environment variable that holds the key.
    """
    said = clean(str(error.get("message") or ""))[:200]
    text = f"{where} answered {status}" + (f": {said}" if said else " and did not say why")
    kind = f"{error.get('code')} {error.get('type')}"
    if _TOO_LONG.search(kind) or (status in (400, 413) and _TOO_LONG.search(said)):
        return PromptTooLong(f"{text}; shorten the question or its documents, or use a model that reads more")
    if status == 401:
        return ModelUnreachable(f"{text}; check the key in {key_from or 'the settings'}")
    if 300 <= status < 400:
        return ModelError(f"{where} redirects ({status}), which is not followed; set the address it moved to")
    if "insufficient_quota" in kind:
        return ModelError(f"{text}; the account has no credit left")
    if status in PASSING and headers.get("x-should-retry", "").lower() != "false":
        pause = wait(headers)
        text += f"; it asks to wait {pause:,.0f} s" if pause else ""
        return ModelBusy(text, retry_after=pause, overloaded=status == 429)
    if status == 404 and model:
        text += f"; is there a model named {model!r}, and does the address end as in /v1?"
    return ModelError(text)
