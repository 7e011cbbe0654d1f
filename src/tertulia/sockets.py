"""Where servers listen, and how that is written as an address."""

from __future__ import annotations

import socket

LOCAL = ("127.0.0.1", "localhost", "::1")
"""How this machine is called by itself."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that is bound and does not listen yet; port 0 takes a free one.

    Raises:
        OSError: if the address is taken, or is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # the protocol is named, or asyncio leaves small writes waiting for each other, 40 ms each
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def address(bound: socket.socket) -> str:
    """Its URL, as in `http://127.0.0.1:8642`."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
