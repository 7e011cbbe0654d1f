"""What the viewer's code reads of real pictures that packages ship; none of them is kept here.

    python -m pip install --no-deps --target FOLDER scikit-image matplotlib sympy
    python -m bench.pictures FOLDER

Prints the facts of each picture; whether they are right is for a person to say (docs/images.md has the table).
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from tertulia.errors import ToolError
from tertulia.tools.extraction.facts import Facts
from tertulia.tools.vision import Eyes

PICTURES = (
    *(
        f"skimage/data/{name}"
        for name in (
            "text.png", "page.png", "color.png", "logo.png", "clock_motion.png", "coins.png", "astronaut.png",
            "coffee.png", "chelsea.png", "motorcycle_left.png", "rocket.jpg", "hubble_deep_field.jpg", "horse.png",
            "ihc.png", "retina.jpg", "multipage_rgb.tif",
        )
    ),
    *(
        f"matplotlib/mpl-data/sample_data/{name}"
        for name in ("logo2.png", "Minduka_Present_Blue_Pack.png", "grace_hopper.jpg")
    ),
    *(f"sympy/plotting/tests/test_region_{name}.png" for name in ("and", "not")),
)  # fmt: skip
"""Paths within a folder of installed packages."""


async def tell(folder: Path) -> None:
    """Print what is read of each picture."""
    async with Eyes(most=1) as eyes:
        for name in PICTURES:
            try:
                page = (await eyes.look(folder / name)).pages[0]
            except ToolError as error:
                print(f"{name}: {error}\n")
                continue
            print(f"{name}:\n{Facts(page).text}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="Where the packages are installed.")
    asyncio.run(tell(parser.parse_args().folder))


if __name__ == "__main__":
    main()
