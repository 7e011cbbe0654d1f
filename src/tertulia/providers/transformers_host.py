"""A model of transformers that reads images and text, in a process of its own.

Nothing is downloaded, and no code that comes with a model is run.

The first line of its input is JSON with the settings, each further one a call, or `{"stop": true}` to end the call in
hand. It writes a line of JSON for each piece of a reply, and one that says what was read and written when it is whole.
"""

from __future__ import annotations

import base64
import io
import json
import math
import os
import queue
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

from ..errors import ModelError

DECODED_PIXELS = 25_000_000
"""Images of more are refused, before a pixel is decoded."""
MOST_PIXELS = 1_000_000
"""Larger images are scaled down, so that none has more tokens than are set aside for it."""

JSON = dict[str, Any]


def main() -> None:
    """Serve calls until nobody asks any more."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no reply

    def say(said: JSON) -> None:
        replies.write(json.dumps(said) + "\n")
        replies.flush()

    settings = json.loads(sys.stdin.buffer.readline())
    try:
        sight = load(settings["path"], settings["threads"])
    except Exception as error:  # whatever a library says of files that are not as it wants them
        say({"error": line(error)})
        return
    say({"context": sight.context})
    hear(sight)
    while (job := sight.jobs.get()) is not None:
        sight.stopped.clear()
        try:
            say(sight.reply(job, say))
        except ModelError as error:
            say({"error": str(error)})
        except Exception as error:
            say({"error": f"{type(error).__name__}: {line(error)}"})
    os._exit(0)


@dataclass
class Sight:
    """A model that was loaded, and the calls that wait for it."""

    model: Any
    processor: Any
    context: int
    jobs: queue.Queue[JSON | None] = field(default_factory=lambda: queue.Queue(64))
    stopped: threading.Event = field(default_factory=threading.Event)

    def reply(self, job: JSON, say: Any) -> JSON:
        """The end of a reply whose pieces were said."""
        import torch

        given = self.processor.apply_chat_template(
            [{"role": one["role"], "content": [part(each) for each in one["parts"]]} for one in job["messages"]],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(self.model.device, dtype=self.model.dtype)
        read = int(given["input_ids"].shape[1])
        if read + job["max_tokens"] > self.context:
            return {"long": read, "context": self.context}
        sampling = (
            {"do_sample": True, "temperature": job["temperature"]} if job["temperature"] else {"do_sample": False}
        )
        if job["seed"] is not None:
            torch.manual_seed(job["seed"])
        with torch.inference_mode():
            written = self.model.generate(
                **given,
                **sampling,
                max_new_tokens=job["max_tokens"],
                streamer=streamer(self.processor.tokenizer, say),
                stopping_criteria=[lambda ids, scores, **_: torch.full((ids.shape[0],), self.stopped.is_set())],
            )[0][read:]
        ends = self.model.generation_config.eos_token_id
        ended = bool(len(written)) and int(written[-1]) in (ends if isinstance(ends, list) else [ends])
        return {"read": read, "written": len(written), "finish": "stop" if ended else "length"}


def load(path: str, threads: int | None) -> Sight:
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    if threads:
        torch.set_num_threads(threads)
    leave_out_videos()
    safe: JSON = {"local_files_only": True, "trust_remote_code": False}
    processor = AutoProcessor.from_pretrained(path, **safe)
    model = AutoModelForImageTextToText.from_pretrained(path, **safe, use_safetensors=True, dtype="auto")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and model.dtype == torch.float16:
        model = model.to(torch.bfloat16)  # few processors compute in the other
    text = model.config.get_text_config()
    context = getattr(text, "max_position_embeddings", None) or 4096
    return Sight(model.to(device).eval(), processor, context)


def leave_out_videos() -> None:
    """Load processors without their part for videos, which needs torchvision; images do not."""
    from transformers import ProcessorMixin

    parts_of = ProcessorMixin.get_attributes.__func__
    ProcessorMixin.get_attributes = classmethod(
        lambda processor: [name for name in parts_of(processor) if name != "video_processor"]
    )


def hear(sight: Sight) -> None:
    """Put calls into the queue, and stop the one in hand, from a thread, until nobody asks any more."""

    def listen() -> None:
        for said in sys.stdin.buffer:
            job = json.loads(said)
            if job.get("stop"):
                sight.stopped.set()
            else:
                sight.jobs.put(job)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()


def part(said: JSON) -> JSON:
    """A part of a message as the processor takes it."""
    if "text" in said:
        return {"type": "text", "text": said["text"]}
    image = decoded(base64.b64decode(said["image"]))
    shrunk = math.sqrt(MOST_PIXELS / (image.width * image.height))
    if shrunk < 1:
        image = image.resize((max(1, int(image.width * shrunk)), max(1, int(image.height * shrunk))))
    return {"type": "image", "image": image}


def decoded(data: bytes) -> Any:
    """The picture, upright.

    Raises:
        ModelError: if it is no image, damaged, or of too many pixels.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # looked at below, for all formats alike
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF"))
        if image.width * image.height > DECODED_PIXELS:
            raise ModelError(f"the image has {image.width:,} x {image.height:,} pixels; scale it down")
        return ImageOps.exif_transpose(image).convert("RGB")
    except ModelError:
        raise
    except Exception as error:  # a library that reads hostile bytes may fail in any way
        raise ModelError(f"it is no image that can be read ({line(error)}); PNG, JPEG, WebP and GIF can") from error


def streamer(tokenizer: Any, say: Any) -> Any:
    """Says text as soon as its words are whole."""
    from transformers import TextStreamer

    class Pieces(TextStreamer):  # type: ignore[misc]
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            if text:
                say({"text": text})

    return Pieces(tokenizer, skip_prompt=True, skip_special_tokens=True)


def line(error: object) -> str:
    return " ".join(str(error).split())[:300]


if __name__ == "__main__":
    main()
