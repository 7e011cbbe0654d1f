"""The librarian's tools: documents that are read, searched and quoted.

`library` is the way in. What it adds goes through `adding`: files are read (`reading/`), cut into passages
(`splitting`), embedded (`embedding`) and put into a store (`store` says what one must do; `sqlite_vec` and `pgvector`
are two). What it is asked is compared by `words` and by meaning. `quotes` finds in the text what is said to stand
there, `clean` takes out what no reader would see, and `fence` marks passages in a prompt as data.
"""

from __future__ import annotations

from .adding import Added, AddingProgress
from .embedding import E5, Embedder, Served, Usem3
from .fence import fence
from .library import DocumentText, Library, default_folder, is_postgres, library_at
from .quotes import Quote, best_sentences, check
from .reading.files import Refused
from .reading.formats import FORMATS, ReadingLimits
from .store import Document, Located, Stats

__all__ = [
    "E5",
    "FORMATS",
    "Added",
    "AddingProgress",
    "Document",
    "DocumentText",
    "Embedder",
    "Library",
    "Located",
    "Quote",
    "ReadingLimits",
    "Refused",
    "Served",
    "Stats",
    "Usem3",
    "best_sentences",
    "check",
    "default_folder",
    "fence",
    "is_postgres",
    "library_at",
]
