"""Models of transformers with random weights, one of each architecture that reads images and text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tertulia.providers.transformers_host import leave_out_videos

SIDE, PATCH = 28, 14
PATCHES = (SIDE // PATCH) ** 2
WORDS = (
    "a red square is on the white paper . what this image shows : user assistant system answer in one short sentence"
)
SPECIAL = {
    "llava": ["<image>"],
    "smolvlm": ["<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"],
    "qwen": ["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"],
    "janus": ["<image_placeholder>", "<begin_of_image>", "<end_of_image>"],
}
MARKS = {
    "llava": "<image>",
    "smolvlm": "<image>",
    "qwen": "<|vision_start|><|image_pad|><|vision_end|>",
    "janus": "<image_placeholder>",
}
"""What stands for an image in a prompt."""
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
VISION = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def write(kind: str, folder: Path) -> None:
    """Write the model of a kind, and its processor, as they would be published."""
    import torch

    torch.manual_seed(0)
    leave_out_videos()
    tokenizer = _tokenizer(kind)
    model, processor = MAKERS[kind](tokenizer, {**TEXT, "vocab_size": len(tokenizer)})
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def _tokenizer(kind: str) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = [chr(code) for code in range(33, 127)]
    names = ["<pad>", "<s>", "</s>", "<unk>", *SPECIAL[kind], *dict.fromkeys([*WORDS.split(), *letters])]
    tokenizer = Tokenizer(models.WordLevel({name: at for at, name in enumerate(names)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    template = (
        "{% for message in messages %}{{ message['role'] }} : {% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}" + MARKS[kind] + "{% else %}{{ part['text'] }}{% endif %} {% endfor %}"
        "{% endfor %}{% if add_generation_prompt %}assistant :{% endif %}"
    )
    named = dict(zip(("image_token", "boi_token", "eoi_token"), SPECIAL[kind], strict=True)) if kind == "janus" else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        extra_special_tokens=named or SPECIAL[kind], chat_template=template,
    )  # fmt: skip


def _llava(tokenizer: Any, text: dict[str, Any]) -> tuple[Any, Any]:
    import transformers as t

    vision = t.CLIPVisionConfig(**VISION, image_size=SIDE, patch_size=PATCH, projection_dim=32)
    image = tokenizer.convert_tokens_to_ids("<image>")
    config = t.LlavaConfig(
        vision_config=vision, text_config=t.LlamaConfig(**text), image_token_index=image, image_seq_length=PATCHES
    )
    pictures = t.CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    processor = t.LlavaProcessor(
        pictures, tokenizer, patch_size=PATCH, vision_feature_select_strategy="default",
        chat_template=tokenizer.chat_template, num_additional_image_tokens=1,
    )  # fmt: skip
    return t.LlavaForConditionalGeneration(config), processor


def _smolvlm(tokenizer: Any, text: dict[str, Any]) -> tuple[Any, Any]:
    import transformers as t

    config = t.Idefics3Config(
        vision_config={**VISION, "image_size": 56, "patch_size": PATCH},
        text_config=t.LlamaConfig(**text),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=0,
    )
    pictures = t.Idefics3ImageProcessor(
        size={"longest_edge": 112}, max_image_size={"longest_edge": 56}, do_image_splitting=False
    )
    processor = t.Idefics3Processor(pictures, tokenizer, image_seq_len=4, chat_template=tokenizer.chat_template)
    return t.Idefics3ForConditionalGeneration(config), processor


def _qwen(tokenizer: Any, text: dict[str, Any]) -> tuple[Any, Any]:
    import transformers as t

    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIAL["qwen"]}
    config = t.Qwen2_5_VLConfig(
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 32,
            "patch_size": PATCH, "spatial_merge_size": 2, "window_size": 56, "fullatt_block_indexes": [1],
        },
        text_config={**text, "rope_parameters": rope},
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )  # fmt: skip
    pictures = t.Qwen2VLImageProcessor(patch_size=PATCH, merge_size=2, min_pixels=56 * 56, max_pixels=112 * 112)
    processor = t.Qwen2_5_VLProcessor(pictures, tokenizer, None, chat_template=tokenizer.chat_template)
    return t.Qwen2_5_VLForConditionalGeneration(config), processor


def _janus(tokenizer: Any, text: dict[str, Any]) -> tuple[Any, Any]:
    import transformers as t

    config = t.JanusConfig(
        text_config=t.LlamaConfig(**text),
        vision_config={
            **VISION, "image_size": SIDE, "patch_size": PATCH, "projection_dim": 32, "mlp_ratio": 2.0, "depth": 2,
            "num_image_tokens": PATCHES,
        },
        vq_config={
            "embed_dim": 8, "num_embeddings": 16, "base_channels": 32, "channel_multiplier": [1, 1],
            "num_res_blocks": 1, "latent_channels": 32, "projection_dim": 32, "image_token_embed_dim": 32,
            "num_patches": 2,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<image_placeholder>"),
    )  # fmt: skip
    pictures = t.JanusImageProcessor(size={"height": SIDE, "width": SIDE}, min_size=PATCH)
    processor = t.JanusProcessor(pictures, tokenizer, chat_template=tokenizer.chat_template, num_image_tokens=PATCHES)
    return t.JanusForConditionalGeneration(config), processor


MAKERS: dict[str, Callable[[Any, dict[str, Any]], tuple[Any, Any]]] = {
    "llava": _llava,
    "smolvlm": _smolvlm,
    "qwen": _qwen,
    "janus": _janus,
}
