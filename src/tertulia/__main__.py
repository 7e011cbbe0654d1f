"""Lets `python -m tertulia` do what `tertulia` does."""

from __future__ import annotations

from .cli import main

main()
