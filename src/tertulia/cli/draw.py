"""Draws from the command line: one picture, a row of them, or the artist's own training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import __version__
from ..drawing.artist import Artist, Picture, Wish, artist, own_folder
from ..drawing.recipe import pixels_of, png, row, strip
from ..errors import SettingsError

DRAWN, NOT_DRAWN = 0, 1


@dataclass(frozen=True)
class Drawing:
    """What to draw, and where to."""

    wish: Wish
    out: Path
    size: int = 256
    vary: Path | None = None
    between: str = ""
    """A second prompt, to which the pictures lead from the first."""
    change: Path | None = None
    before: str = ""
    after: str = ""
    dims: str = ""
    image: Path | None = None
    """The picture whose embedding `dims` reduces."""
    film: bool = False
    count: int = 7
    anyway: bool = False
    quiet: bool = False
    weights: Path | None = None
    """Folder of the weights; None for a person's own."""

    def run(self) -> int:
        """Draw, write the file, say how well it went; gives the exit code."""
        maker = artist(self.weights or own_folder())
        screen = Console(stderr=True, highlight=False, quiet=self.quiet)
        pictures, what = self.pictures(maker)
        best = pictures[0]
        pixels = strip(best.film) if self.film else row(pictures) if what != "draw" else best.pixels
        recipe: dict[str, Any] = {"made by": f"tertulia {__version__}", "what": what, **asdict(self.wish)}
        recipe |= {"score": round(best.score, 3), "between": self.between, "from": self.before, "to": self.after}
        if what == "draw" and best.score < maker.threshold and not self.anyway:
            screen.print(
                f"I could not draw that: the best of {self.wish.n} fits the words {best.score:.2f}, "
                f"and {maker.threshold:.2f} is needed; --anyway writes it all the same",
                markup=False,
            )
            return NOT_DRAWN
        self.out.write_bytes(png(pixels, {key: value for key, value in recipe.items() if value != ""}, self.size))
        told = f"the best of {self.wish.n}, fits {best.score:.2f}" if what == "draw" else f"{len(pictures)} pictures"
        screen.print(f"{self.out}: {told}", markup=False)
        return DRAWN

    def pictures(self, maker: Artist) -> tuple[list[Picture], str]:
        """What was asked for, and by which of the ways."""
        if self.vary:
            return maker.vary(pixels_of(self.vary), self.wish), "vary"
        if self.change:
            if not (self.before and self.after):
                raise SettingsError('--change needs --from and --to, as in --from "red apple" --to "green apple"')
            return maker.change(pixels_of(self.change), self.before, self.after, self.count, self.wish), "change"
        if self.dims:
            if not self.image:
                raise SettingsError("--dims needs --image FILE, the picture to build again from fewer dimensions")
            return maker.reduce(pixels_of(self.image), numbers_in(self.dims), self.wish), "dims"
        if self.between:
            ends = [maker.imagine(prompt, self.wish) for prompt in (self.wish.prompt, self.between)]
            return maker.blend(ends[0], ends[1], self.count, self.wish), "between"
        return maker.draw(self.wish, film=self.film), "draw"


def numbers_in(text: str) -> list[int]:
    """The numbers of a list with commas.

    Raises:
        SettingsError: if it is none.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise SettingsError(f"{text!r} is no list of numbers, as in 2,8,32,256")
    return [int(part) for part in parts]


def train(data: Path | None, minutes: float, seed: int, device: str, registry: str, say: Callable[[str], None]) -> int:
    """Learn the four networks anew, and say where they are."""
    from ..drawing.corpus import build
    from ..drawing.training import train as learn

    if minutes <= 0:
        raise SettingsError(f"minutes must be more than 0, not {minutes:g}")
    folder = data or own_folder()
    written = learn(build(folder, registry, say), folder, minutes, seed, device, say)
    say(f"{written}: the weights; card.json and curves.json are beside them")
    return DRAWN
