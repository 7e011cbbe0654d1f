"""From noise to a sample: three ways to follow a network that tells what is without noise.

At time t, from 1 to 0, a sample is cos(πt/2) of what is clean and sin(πt/2) of noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..errors import SettingsError
from .needs import need

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

Sampler = Literal["ddpm", "ddim", "dpm"]
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
"""Denoising with fresh noise at each step (Ho et al., 2020), without (Song et al., 2021), and by a solver of second
order (DPM-Solver++ 2M, Lu et al., 2022)."""
FIRST, LAST = 0.995, 0.02
"""Times at which sampling begins and ends."""


def steps_of(
    sampler: Sampler, noise: Floats, clean_at: Callable[[Floats, float], Floats], steps: int, random: Any
) -> Iterator[Floats]:
    """What the network takes for clean, after each step; the last one is the sample.

    Args:
        noise: Shape (n, dimensions), of deviation 1.
        clean_at: The network: a sample and its time, to what is clean in it.
        steps: 1 or more.
        random: A generator of numpy; only `ddpm` draws from it.

    Raises:
        SettingsError: if there is no sampler of that name, or no step.
    """
    np = need("numpy")
    if sampler not in SAMPLERS:
        raise SettingsError(f"there is no sampler {sampler!r}; there are: {', '.join(SAMPLERS)}")
    if steps < 1:
        raise SettingsError(f"steps must be 1 or more, not {steps}")
    times = np.linspace(FIRST, LAST, steps + 1)
    sample, before, width = noise, None, 0.0
    for now, then in pairwise(times):
        clean = clean_at(sample, float(now))
        yield clean
        (kept, noisy), (kept_then, noisy_then) = parts(now), parts(then)
        if sampler == "dpm":
            gap = np.log(kept_then / noisy_then) - np.log(kept / noisy)
            aim = clean if before is None else clean + (gap / (2 * width)) * (clean - before)
            sample = (noisy_then / noisy) * sample - kept_then * np.expm1(-gap) * aim
            before, width = clean, gap
            continue
        guessed = (sample - kept * clean) / noisy
        fresh = noisy_then / noisy * np.sqrt(max(0.0, 1 - (kept / kept_then) ** 2)) if sampler == "ddpm" else 0.0
        sample = kept_then * clean + np.sqrt(max(0.0, noisy_then**2 - fresh**2)) * guessed
        if fresh:
            sample = sample + fresh * random.standard_normal(sample.shape)
        sample = sample.astype(np.float32)
    yield clean_at(sample.astype(np.float32), float(times[-1]))


def parts(time: float) -> tuple[float, float]:
    """How much of a sample is clean, and how much noise."""
    np = need("numpy")
    return float(np.cos(np.pi * time / 2)), float(np.sin(np.pi * time / 2))
