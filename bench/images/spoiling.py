"""What happens to paper before it is a picture: turned, pressed into JPEG, faded, shadowed, photographed."""

from __future__ import annotations

import io
import math
import random
from typing import Any

import cv2
import numpy as np
from PIL import Image

from .drawing import Box

CONDITIONS = ("clean", "rotated", "jpeg", "faint", "shadow", "monitor")


def spoil(image: Any, boxes: dict[str, Box], condition: str, random: random.Random) -> tuple[Any, dict[str, Box]]:
    """The picture in that condition, with where each value stands in it."""
    if condition == "rotated":
        return _turned(image, boxes, random.choice([-1, 1]) * random.uniform(1.0, 5.0))
    if condition == "jpeg":
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=random.randint(12, 25))
        return Image.open(stream).convert("RGB"), boxes
    if condition == "faint":
        pixels = np.asarray(image).astype("float32")
        return Image.fromarray((165 + (pixels - 128) * random.uniform(0.18, 0.3)).clip(0, 255).astype("uint8")), boxes
    if condition == "shadow":
        return _photographed(image, boxes, random, shadow=True)
    if condition == "monitor":
        return _photographed(_grid(image), boxes, random, shadow=False)
    return image, boxes


def _turned(image: Any, boxes: dict[str, Box], degrees: float) -> tuple[Any, dict[str, Box]]:
    turned = image.rotate(
        degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=image.getpixel((1, image.height - 2))
    )
    angle = -math.radians(degrees)
    matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    old, new = np.array(image.size) / 2, np.array(turned.size) / 2
    return turned, {key: _bounds((_corners(box) - old) @ matrix.T + new) for key, box in boxes.items()}


def _photographed(image: Any, boxes: dict[str, Box], random: random.Random, shadow: bool) -> tuple[Any, dict[str, Box]]:
    """From a little aside, with noise and, if wanted, half in shadow."""
    width, height = image.size
    pixels = np.asarray(image).astype("float32")
    if shadow:
        x = np.linspace(0, 1, width)[None, :, None] * math.cos(0.5) + np.linspace(0, 1, height)[
            :, None, None
        ] * math.sin(0.5)
        pixels = pixels * (1 - random.uniform(0.35, 0.55) / (1 + np.exp(-(x - random.uniform(0.4, 0.8)) * 14)))
    edge = 0.035
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], "float32")
    moved = corners + np.array(
        [[random.uniform(0, edge) * width * (1 if x == 0 else -1), random.uniform(0, edge) * height * (1 if y == 0 else -1)]
         for x, y in corners], "float32")  # fmt: skip
    matrix = cv2.getPerspectiveTransform(corners, moved.astype("float32"))
    warped = cv2.warpPerspective(pixels, matrix, (width, height), borderValue=(90, 80, 70), flags=cv2.INTER_CUBIC)
    noise = np.random.default_rng(random.randrange(1 << 30)).normal(0, 6, warped.shape)
    spoilt = cv2.GaussianBlur(warped + noise, (0, 0), 0.6).clip(0, 255).astype("uint8")
    places = {
        key: _bounds(cv2.perspectiveTransform(_corners(box)[None].astype("float32"), matrix)[0])
        for key, box in boxes.items()
    }
    return Image.fromarray(spoilt), places


def _grid(image: Any) -> Any:
    """The lines between the dots of a screen."""
    pixels = np.asarray(image).astype("float32")
    rows = 1 - 0.14 * (np.arange(pixels.shape[0]) % 3 == 0)[:, None, None]
    wave = 1 + 0.05 * np.sin(np.arange(pixels.shape[1]) / 7.3)[None, :, None]
    tint = np.array([0.95, 1.0, 1.06])
    return Image.fromarray((pixels * rows * wave * tint).clip(0, 255).astype("uint8"))


def _corners(box: Box) -> Any:
    left, top, right, bottom = box
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype="float64")


def _bounds(points: Any) -> Box:
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)
