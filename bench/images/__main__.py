"""Writes the images and their keys into a folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from . import samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--half", choices=["train", "test"])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for sample in samples(given.seed):
        if given.half in (None, sample.half):
            sample.image.save(given.folder / f"{sample.name}.png")
            key = {"schema": sample.schema, "data": sample.data, "boxes": sample.boxes}
            (given.folder / f"{sample.name}.json").write_text(json.dumps(key, default=float, ensure_ascii=False))


if __name__ == "__main__":
    main()
