"""The librarian's tools: documents that are read, searched and quoted."""

from __future__ import annotations

from .adding import Added, Progress
from .embedding import E5, Embedder, Served, Usem3
from .fence import fence
from .formats import FORMATS, Limits
from .quotes import Quote, best_sentences, check
from .reading import Refused
from .search import Library, Shown, default_folder, is_postgres
from .store import Document, Located, Stats

__all__ = [
    "E5",
    "FORMATS",
    "Added",
    "Document",
    "Embedder",
    "Library",
    "Limits",
    "Located",
    "Progress",
    "Quote",
    "Refused",
    "Served",
    "Shown",
    "Stats",
    "Usem3",
    "best_sentences",
    "check",
    "default_folder",
    "fence",
    "is_postgres",
]
