"""The library of documents from the command line: add, list, search, show, remove, stats."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from ..errors import ToolError
from ..settings import load
from ..tools.documents import Added, AddingProgress, Library, library_at

documents = typer.Typer(help="The documents that the librarian reads.", no_args_is_help=True)
Result = TypeVar("Result")
Collection = Annotated[str | None, typer.Option(help="Only this collection.")]
Which = Annotated[str, typer.Argument(help="Id or path.")]
Place = Annotated[str | None, typer.Option("--database", help="Where the index is: postgres://…; else a local file.")]


def with_library(place: str | None, work: Callable[[Library], Coroutine[Any, Any, Result]]) -> Result:
    async def working() -> Result:
        async with Library(database=place) if place else library_at(load().database) as library:
            return await work(library)

    return asyncio.run(working())


@documents.command()
def add(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    collection: Annotated[str, typer.Option(help="Where to put them.")] = "default",
    database: Place = None,
) -> None:
    """Add files, and all files of folders; what is there already and has not changed is left alone."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def on_progress(at: AddingProgress) -> None:
            bar.update(task, description=at.path.name, completed=at.done, total=at.total)

        added = with_library(database, lambda library: library.add(paths, collection, on_progress))
    report(added, collection)


def report(added: Added, collection: str) -> None:
    """Print what was added and what was not.

    Raises:
        ToolError: if all files were refused.
    """
    print(f"added {len(added.added)} to {collection} ({added.passages} passages), unchanged {len(added.unchanged)}")
    for note in (*added.refused, *added.warnings):
        print(f"{'refused' if note in added.refused else 'note'}: {note.path}: {note.why}")
    if added.refused and not (added.added or added.unchanged):
        raise ToolError("nothing was added; the reasons are above")


@documents.command("list")
def list_(collection: Collection = None, database: Place = None) -> None:
    """List the documents."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("id", "collection", "title", "language", "pages", "passages", "path"):
        table.add_column(column)
    for one in with_library(database, lambda library: library.documents(collection)):
        pages = str(one.pages or "")
        table.add_row(str(one.id), one.collection, one.title, one.language, pages, str(one.passages), one.path)
    Console().print(table)


@documents.command()
def search(
    query: str,
    collection: Collection = None,
    limit: Annotated[int, typer.Option(help="Most passages to show, 1 to 100.", min=1, max=100)] = 5,
    database: Place = None,
) -> None:
    """Show the passages that fit a query best."""
    for number, one in enumerate(
        with_library(database, lambda library: library.search(query, collection, limit)), start=1
    ):
        page = f", page {one.page}" if one.page else ""
        section = f", {one.section}" if one.section else ""
        print(f"[{number}] {Path(one.source).name}{page}{section}\n{one.text}\n")


@documents.command()
def show(document: Which, database: Place = None) -> None:
    """Print the text of a document, as the librarian reads it."""
    print(with_library(database, lambda library: library.show(document)).text)


@documents.command()
def remove(document: Which, database: Place = None) -> None:
    """Forget a document; the file itself is left alone."""
    removed = with_library(database, lambda library: library.remove(document))
    print(f"removed {removed.title} ({removed.path})")


@documents.command()
def stats(database: Place = None) -> None:
    """Say how much the library holds."""
    found = with_library(database, lambda library: library.stats())
    print(
        f"{found.documents} documents, {found.passages} passages, {found.bytes / 1e6:.1f} MB, vectors {found.embedder}"
    )
    for name, count in found.collections.items():
        print(f"  {name}: {count}")
