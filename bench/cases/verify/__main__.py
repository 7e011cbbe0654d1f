"""Checks all hand-written and generated cases, and says how many are sound."""

import asyncio
import sys
from collections import Counter

from . import cases, mixed_generated, verify

found = [*asyncio.run(verify()), *mixed_generated()]
counted = Counter(case.set for case in cases())
print("\n".join(found) or ", ".join(f"{count} of {name}" for name, count in counted.items()) + ": all sound")
sys.exit(bool(found))
