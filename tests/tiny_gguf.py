"""A GGUF file that llama.cpp runs: a tiny model that thinks in a chain of words, as its chat template tells it to.

Its layers are empty, so that each token decides the next: what it says is known to the token.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

THOUGHTS = [f"t{number:02} " for number in range(60)]
ANSWER = ["The ", "answer ", "is ", "5", "."]
EMBEDDING, HEADS, HIDDEN = 512, 8, 32
PICTURE, PATCH, WIDE, LAYERS = 32, 8, 64, 2
"""Pixels of a side of what the projector sees, and of one of its patches; its width and layers."""
PATCHES = (PICTURE // PATCH) ** 2
"""Tokens that an image is read as."""
TEMPLATE = r"""
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\n' }}
    {%- if message.role == 'assistant' and message.reasoning_content %}
        {{- '<think>\n' + message.reasoning_content.strip('\n') + '\n</think>\n\n' }}
    {%- endif %}
    {{- message.content + '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}"""
"""As Qwen3's, without its tools."""
UNKNOWN, CONTROL, GIVEN, BYTE = 2, 3, 4, 6
"""Kinds of tokens: the third are always taken whole."""


def write(path: Path, template: str = TEMPLATE) -> None:
    """Write the model into a file."""
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    kinds = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256]
    words = ["<|im_start|>", "<|im_end|>", "<think>", "</think>", "</think>\n\n", "assistant\n", *THOUGHTS, *ANSWER]
    names += words
    kinds += [CONTROL, CONTROL, *[GIVEN] * (len(words) - 2)]
    fields: dict[str, object] = {
        "general.architecture": "llama",
        "general.name": "tiny",
        "llama.context_length": 2048,
        "llama.embedding_length": EMBEDDING,
        "llama.block_count": 1,
        "llama.feed_forward_length": HIDDEN,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": HEADS,
        "llama.rope.dimension_count": EMBEDDING // HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": names,
        "tokenizer.ggml.scores": [0.0] * len(names),
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": names.index("<|im_end|>"),
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": template,
    }
    path.write_bytes(_gguf(fields, _tensors(names)))


def write_projector(path: Path, width: int = EMBEDDING) -> None:
    """Write what lets the model see, as LLaVA 1.5 has it: a vision transformer of random weights and two layers."""
    chance = np.random.default_rng(0)

    def random(*shape: int) -> np.ndarray:
        return chance.normal(0, 0.02, shape).astype(np.float32)

    fields: dict[str, object] = {
        "general.architecture": "clip",
        "clip.has_vision_encoder": True,
        "clip.projector_type": "mlp",
        "clip.use_gelu": False,
        "clip.vision.image_size": PICTURE,
        "clip.vision.patch_size": PATCH,
        "clip.vision.embedding_length": WIDE,
        "clip.vision.feed_forward_length": 2 * WIDE,
        "clip.vision.projection_dim": width,
        "clip.vision.block_count": LAYERS,
        "clip.vision.attention.head_count": 2,
        "clip.vision.attention.layer_norm_epsilon": 1e-5,
        "clip.vision.image_mean": [0.5, 0.5, 0.5],
        "clip.vision.image_std": [0.5, 0.5, 0.5],
    }
    tensors = {
        "v.class_embd": random(WIDE),
        "v.patch_embd.weight": random(WIDE, 3, PATCH, PATCH),
        "v.position_embd.weight": random(PATCHES + 1, WIDE),
        **{f"v.pre_ln.{part}": random(WIDE) for part in ("weight", "bias")},
        "mm.0.weight": random(width, WIDE),
        "mm.0.bias": random(width),
        "mm.2.weight": random(width, width),
        "mm.2.bias": random(width),
    }
    for layer in range(LAYERS):
        at = f"v.blk.{layer}"
        tensors |= {f"{at}.{norm}.{part}": random(WIDE) for norm in ("ln1", "ln2") for part in ("weight", "bias")}
        for part in ("q", "k", "v", "out"):
            tensors |= {f"{at}.attn_{part}.weight": random(WIDE, WIDE), f"{at}.attn_{part}.bias": random(WIDE)}
        tensors |= {f"{at}.ffn_up.weight": random(2 * WIDE, WIDE), f"{at}.ffn_up.bias": random(2 * WIDE)}
        tensors |= {f"{at}.ffn_down.weight": random(WIDE, 2 * WIDE), f"{at}.ffn_down.bias": random(WIDE)}
    path.write_bytes(_gguf(fields, tensors))


def _tensors(names: list[str]) -> dict[str, np.ndarray]:
    """Weights in which the last token alone decides the next."""
    thinking = ["assistant\n", "<think>", *THOUGHTS, "</think>"]
    answering = [*ANSWER, "<|im_end|>"]
    steps = [*pairwise([*thinking, *answering]), ("</think>\n\n", ANSWER[0])]
    embedding = np.eye(len(names), EMBEDDING, dtype=np.float32)
    output = np.zeros((len(names), EMBEDDING), dtype=np.float32)
    for word, following in steps:
        output[names.index(following), names.index(word)] = 2.0
    square, up = np.zeros((EMBEDDING, EMBEDDING), np.float32), np.zeros((HIDDEN, EMBEDDING), np.float32)
    ones = np.ones(EMBEDDING, np.float32)
    return {
        "token_embd.weight": embedding,
        "output_norm.weight": ones,
        "output.weight": output,
        "blk.0.attn_norm.weight": ones,
        **{f"blk.0.attn_{part}.weight": square for part in ("q", "k", "v", "output")},
        "blk.0.ffn_norm.weight": ones,
        "blk.0.ffn_gate.weight": up,
        "blk.0.ffn_up.weight": up,
        "blk.0.ffn_down.weight": up.T.copy(),
    }


def _gguf(fields: Mapping[str, object], tensors: Mapping[str, np.ndarray]) -> bytes:
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(fields))
    head += b"".join(_text(name) + _value(value) for name, value in fields.items())
    data = b""
    for name, tensor in tensors.items():
        shape = tensor.shape[::-1]
        head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += _aligned(tensor.tobytes())
    return _aligned(head) + data


def _value(value: object) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + _text(value)
        case list():
            items = [_value(item) for item in value]
            kind = 5 if isinstance(value[0], int) else struct.unpack("<I", items[0][:4])[0]
            return struct.pack("<IIQ", 9, kind, len(items)) + b"".join(item[4:] for item in items)
    raise TypeError(type(value))


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _aligned(data: bytes) -> bytes:
    return data + bytes(-len(data) % 32)
