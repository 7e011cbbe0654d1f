"""Puts the tables of bench/results into the docs that name them.

python -m bench.paste docs/ledger.md …
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

MARK = re.compile(r"(<!-- (bench/results/\S+) -->\n)(.*?)(?=<!-- end -->)", re.S)


def main() -> None:
    for name in sys.argv[1:]:
        page = Path(name)
        page.write_text(MARK.sub(lambda m: f"{m[1]}\n{Path(m[2]).read_text().strip()}\n\n", page.read_text()))


if __name__ == "__main__":
    main()
