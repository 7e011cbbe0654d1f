"""The networks, forward only. One text serves numpy, which draws, and torch, which learns: both are given as `ops`.

Every network is a mapping of names to arrays. Shapes are (inputs, outputs); all arithmetic is float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

Array = Any
"""An array of numpy, or a tensor of torch."""
Weights = Mapping[str, Array]
TIMES = 32
"""Frequencies by which a time is told to a network."""


class Ops(Protocol):
    """What the networks need besides arithmetic."""

    def silu(self, x: Array) -> Array: ...

    def norm(self, x: Array) -> Array:
        """Of mean 0 and variance 1 in the last dimension."""
        ...

    def unit(self, x: Array) -> Array:
        """Of length 1 in the last dimension."""
        ...

    def join(self, *parts: Array) -> Array:
        """Side by side in the last dimension."""
        ...

    def waves(self, t: Array) -> Array:
        """Shape (n, 2 * TIMES): sines and cosines of times, shape (n,), from 0 to 1."""
        ...


def tower(weights: Weights, x: Array, ops: Ops) -> Array:
    """Embeddings of length 1, shape (n, 256), of pictures or of texts."""
    hidden = ops.silu(linear(weights, "in", x))
    number = 0
    while f"{number}.up.w" in weights:
        hidden = hidden + linear(weights, f"{number}.down", ops.silu(linear(weights, f"{number}.up", ops.norm(hidden))))
        number += 1
    return ops.unit(linear(weights, "out", ops.norm(hidden)))


def denoiser(weights: Weights, noisy: Array, condition: Array, ops: Ops) -> Array:
    """What is without noise, as far as the network can tell; shape of `noisy`, (n, dimensions).

    Args:
        condition: Shape (n, c): the time in waves, and what the sample is to be like.
    """
    told = ops.silu(linear(weights, "condition", condition))
    hidden = linear(weights, "in", noisy)
    number = 0
    while f"{number}.up.w" in weights:
        change = linear(weights, f"{number}.film", told)
        half = change.shape[-1] // 2
        seen = ops.norm(hidden) * (1 + change[:, :half]) + change[:, half:]
        hidden = hidden + linear(weights, f"{number}.down", ops.silu(linear(weights, f"{number}.up", seen)))
        number += 1
    return linear(weights, "out", ops.norm(hidden))


def linear(weights: Weights, name: str, x: Array) -> Array:
    return x @ weights[f"{name}.w"] + weights[f"{name}.b"]


class Numpy:
    """The operations in numpy."""

    def __init__(self) -> None:
        import numpy

        self.np = numpy

    def silu(self, x: Array) -> Array:
        return x / (1 + self.np.exp(-self.np.clip(x, -60, 60)))

    def norm(self, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        return centred / self.np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)

    def unit(self, x: Array) -> Array:
        return x / (self.np.linalg.norm(x, axis=-1, keepdims=True) + 1e-8)

    def join(self, *parts: Array) -> Array:
        return self.np.concatenate(parts, axis=-1)

    def waves(self, t: Array) -> Array:
        angles = t[:, None] * self.np.geomspace(1, 300, TIMES, dtype=self.np.float32)
        return self.np.concatenate([self.np.sin(angles), self.np.cos(angles)], axis=-1).astype(self.np.float32)
