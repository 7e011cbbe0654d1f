"""How runs, responses, completions and replies are named: the only place that makes their ids, or reads them."""

from __future__ import annotations

import secrets
from hashlib import blake2b

RUN, RESPONSE, COMPLETION, REQUEST = "run_", "resp_", "chatcmpl-", "req_"
REPLY = "once_"
"""How ids begin of what a client is answered under an idempotency key: `once_HEX_MAKER`."""
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_run() -> str:
    """An id that nobody guesses: 100 bits of chance."""
    return RUN + "".join(secrets.choice(ALPHABET) for _ in range(20))


def run_of(served: str, number: int = 0) -> str:
    """The id of the run that gives a response its answer, or one of its answers: always the same one."""
    digest = int.from_bytes(blake2b(f"{served} {number}".encode(), digest_size=13).digest(), "big")
    return RUN + "".join(ALPHABET[(digest >> 5 * place) % 32] for place in range(20))


def new_id(prefix: str, reply: str = "") -> str:
    """An id for what is made now; what is made for a reply under a key has the same one whoever makes it."""
    return prefix + (_chance(reply) if reply else secrets.token_hex(16))


def new_reply(maker: str, dead: str = "") -> str:
    """An id for a reply that process `maker` makes; with `dead`, for the same reply in the place of a dead process."""
    return f"{REPLY}{_chance(dead) if dead else secrets.token_hex(16)}_{maker}"


def maker(reply: str) -> str:
    """The process that makes a reply."""
    return reply.split("_", 2)[2]


def kind(id: str) -> str:
    """How the id begins, and all others of its kind."""
    return id[: id.index("_") + 1]


def replies_of(served: str) -> str:
    """How the ids of all replies begin that became this response or completion."""
    return f"{REPLY}{served.rpartition('_')[2].rpartition('-')[2]}_"


def _chance(reply: str) -> str:
    return reply.split("_")[1]
