"""Serves the zoo until it is stopped, and says how each behaviour is asked."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import suppress
from pathlib import Path

from . import BEHAVIOURS, Zoo


async def serve(port: int, ready: Path | None) -> None:
    async with Zoo(port=port) as zoo:
        for name, behaviour in BEHAVIOURS.items():
            print(f"{name:14} {behaviour.about}")
            print(f"{'':14} tertulia ask … --model {behaviour.provider}:{name} --base-url {zoo.at(name)}")
        print(f"{'claude':14} Anthropic's protocol at {zoo.at('claude')}/v1/messages", flush=True)
        if ready:
            await asyncio.to_thread(ready.write_text, zoo.url)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A server with models that behave as those of today do.")
    parser.add_argument("--port", type=int, default=9902, help="0 picks a free one")
    parser.add_argument("--ready", type=Path, help="write the address here once it listens")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
