"""How well the networks do on what they learnt and on what was held back, and from which score on a picture counts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .artist import Artist, Wish
from .corpus import STYLES, Corpus
from .needs import need
from .split import Split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

NAMES = 120
"""Names of each kind that are drawn."""
PASSED = 0.1
"""Share of the pictures that show what was asked for which may be taken for failures."""


@dataclass(frozen=True)
class Drawn:
    """How pictures of some names came out, each the best of four."""

    names: int
    score: float
    """Mean cosine of pictures and words, by the towers that were learnt together with what draws."""
    recognised: float
    """Share of the pictures that the towers take for what was asked for, among all concepts, in five guesses."""
    nearest: float
    """Share whose nearest learnt picture, by pixels alone, shows what was asked for."""
    distance: float
    """Mean distance to that picture, root of the mean square of pixels from 0 to 1."""


def measure(artist: Artist, corpus: Corpus, split: Split) -> dict[str, Any]:
    """The figures of the model card; the artist's own threshold is not used."""
    np = need("numpy")
    texts = np.concatenate([artist.read(one.name)[None] for one in corpus.concepts])
    learnt = sorted({int(corpus.concept[one]) for one in split.learnt})
    held = sorted({int(corpus.concept[one]) for one in split.concepts})
    some, spread = learnt[:: max(1, len(learnt) // NAMES)], held[:: max(1, len(held) // NAMES)]
    spanish = [one for one in some if corpus.concepts[one].spanish]
    began = time.process_time()
    names, scored = drawn(artist, corpus, split, some, [corpus.concepts[one].name for one in some], texts)
    seconds = (time.process_time() - began) / len(some)
    words = [corpus.concepts[one].spanish for one in spanish]
    return {
        "retrieval": {
            "learnt": retrieval(artist, corpus, split.learnt[:: max(1, len(split.learnt) // 1000)], texts),
            "unseen pairs": retrieval(artist, corpus, split.pairs, texts),
            "unseen concepts": retrieval(artist, corpus, split.concepts, texts),
        },
        "drawn": {
            "names": vars(names),
            "names in Spanish": vars(drawn(artist, corpus, split, spanish, words, texts)[0]),
            "names, without the prior": vars(
                drawn(artist, corpus, split, some, [corpus.concepts[one].name for one in some], texts, prior=False)[0]
            ),
            "unseen concepts": vars(
                drawn(artist, corpus, split, spread, [corpus.concepts[one].name for one in spread], texts)[0]
            ),
        },
        "threshold": threshold(scored),
        "seconds": round(seconds, 2),
    }


def threshold(scored: Iterable[tuple[float, bool]]) -> float:
    """The score that nine of ten pictures reach which show what was asked for."""
    right = sorted(score for score, is_right in scored if is_right)
    return round(right[int(len(right) * PASSED)], 3) if right else 0.0


def retrieval(artist: Artist, corpus: Corpus, pictures: Sequence[int], texts: Floats) -> dict[str, float]:
    """Share of pictures whose own name is the nearest of all names, or among the nearest five."""
    np = need("numpy")
    ranks = np.argsort(-(artist.see(corpus.pixels[list(pictures)]) @ texts.T), axis=1)[:, :5]
    own = corpus.concept[list(pictures)][:, None]
    return {
        "pictures": len(pictures),
        "first": round(float((ranks[:, :1] == own).any(1).mean()), 3),
        "five": round(float((ranks == own).any(1).mean()), 3),
    }


def drawn(
    artist: Artist,
    corpus: Corpus,
    split: Split,
    concepts: Sequence[int],
    prompts: Sequence[str],
    texts: Floats,
    prior: bool = True,
) -> tuple[Drawn, list[tuple[float, bool]]]:
    """How the prompts come out, and the score of each with whether the towers recognise it."""
    np = need("numpy")
    learnt = corpus.pixels[split.learnt].reshape(len(split.learnt), -1).astype(np.float32) / 255
    square = (learnt**2).sum(1)
    scored, nearest, distances = list[tuple[float, bool]](), 0, []
    for number, (concept, prompt) in enumerate(zip(concepts, prompts, strict=True)):
        best = artist.draw(replace(Wish(prompt, seed=number), uses_prior=prior))[0]
        seen = artist.see(best.pixels[None])[0]
        guesses = np.argsort(-(texts @ seen))[:5]
        scored.append((best.score, bool((guesses == concept).any())))
        flat = best.pixels.reshape(-1).astype(np.float32) / 255
        far = square - 2 * learnt @ flat + (flat**2).sum()
        at = int(far.argmin())
        nearest += int(corpus.concept[split.learnt[at]] == concept)
        distances.append(float(np.sqrt(max(0.0, far[at]) / flat.size)))
    count = len(scored)
    told = Drawn(
        count,
        round(sum(score for score, _ in scored) / count, 3),
        round(sum(right for _, right in scored) / count, 3),
        round(nearest / count, 3),
        round(sum(distances) / count, 3),
    )
    return told, scored


def card(figures: dict[str, Any], minutes: float, seed: int, pictures: int, versions: dict[str, str]) -> dict[str, Any]:
    """What is told of the weights: data, licences, how they were made, what was measured, what they cannot do."""
    return {
        "styles": list(STYLES),
        "made": f"tertulia draw train --minutes {minutes:g} --seed {seed}",
        "pictures": pictures,
        "licences": {
            "noto, blob (Noto Emoji, Google)": "Apache-2.0",
            "fxemoji (Mozilla)": "Apache-2.0",
            "fluent (Fluent Emoji, Microsoft)": "MIT",
            "twemoji (Twitter and contributors)": "CC-BY-4.0",
            "emojione (EmojiOne 2, Ranks.com)": "CC-BY-4.0",
            "names: unicode-emoji-json, emojilib": "MIT",
            "names: Unicode CLDR": "Unicode-3.0",
        },
        "versions": versions,
        "limits": "Pictures of 32 by 32 pixels in the manner of emoji, of things that there are emoji of. What is not "
        "among them comes out as something like it, or as nothing.",
        **figures,
    }
