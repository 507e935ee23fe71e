"""What does a finished generator need to be used? Its weights, how they are laid out, and how to
decode: two small files.

`generator.safetensors` holds numbers and `generator.json` names the layout from a fixed list, so
loading runs no code.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from wgan.base.errors import WganError, did_you_mean
from wgan.base.files import write_text
from wgan.base.seeding import derive, latents, numpy_generator
from wgan.base.tensors import read_tensors, write_tensors
from wgan.data import Codec, TableCodec, codec_from_json, codec_to_json
from wgan.networks import NetworkConfig, build_critic, build_generator, noise_numbers
from wgan.objectives import find_variant

FORMAT = "wgan-model-1"
BATCH = 256


@dataclass(frozen=True)
class Model:
    """A generator (and its critic, where it was kept) together with the codec of its data.

    One that was trained with labels also has the `classes` and their `shares` among the training
    samples. One of tables can be asked for states of columns: a label is then a row of states, -1
    where a column is free.
    """

    generator: nn.Module
    critic: nn.Module | None
    codec: Codec
    network: NetworkConfig
    variant: str
    classes: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device

    def sample(self, n: int, seed: int = 0, labels: np.ndarray | None = None) -> np.ndarray:
        """Return `n` samples of the kind the data was; the first rows do not depend on `n`.

        Args:
            n: how many.
            seed: names the noise.
            labels: a class number for each; none: `draw_labels(n, seed)`, where the model has
                classes. Of tables: the states asked for, `[n, columns]`; none: nothing is asked
                for, so that frequencies are those that were learned.
        """
        labels = (
            self.draw_labels(n, seed)
            if labels is None and self.classes
            else self._checked(labels, n)
        )
        blocks = []
        for i, z in enumerate(
            latents(seed, n, noise_numbers(self.network, self.codec.heads), self.device)
        ):
            y = None
            if labels is not None:
                part = labels[i * len(z) : (i + 1) * len(z)]
                rest = [(0, len(z) - len(part)), *[(0, 0)] * (part.ndim - 1)]
                y = torch.from_numpy(np.pad(part, rest, mode="edge")).to(self.device)
            blocks.append(self.codec.decode(generate(self.generator, z, y)))
        return np.concatenate(blocks)[:n]

    def draw_labels(self, n: int, seed: int = 0) -> Int64[np.ndarray, " n"]:
        """Return `n` class numbers, as frequent as among the training samples; the first do not
        depend on `n`.
        """
        draws = numpy_generator(seed, "labels").random(n)
        return np.searchsorted(np.cumsum(self.shares)[:-1], draws, side="right").astype(np.int64)

    def label(self, name: str) -> int:
        """Return the number of the class of that name.

        Raises:
            WganError: no classes, or none of that name.
        """
        if self.codec.kind == TableCodec.kind:
            raise WganError(
                "this model is of a table: ask for values of columns with --where, or where="
            )
        if not self.classes:
            raise WganError(
                "this model was trained without labels, so a class cannot be asked for: train with"
                " --labels"
            )
        if name not in self.classes:
            raise WganError(f"no class is called '{name}'. {did_you_mean(name, self.classes)}")
        return self.classes.index(name)

    def _checked(self, labels: np.ndarray | None, n: int) -> np.ndarray | None:
        if labels is None:
            return None
        if isinstance(self.codec, TableCodec):
            most = np.array([column.states for column in self.codec.learned])
            if (
                labels.shape != (n, len(most))
                or labels.dtype.kind not in "iu"
                or not ((labels >= -1) & (labels < most)).all()
            ):
                raise WganError(
                    f"states: give {n} rows of {len(most)} numbers of states, or -1 where a column"
                    " is free"
                )
            return labels.astype(np.int64)
        if not self.classes:
            raise WganError("this model was trained without labels, so it knows no classes")
        if (
            labels.shape != (n,)
            or labels.dtype.kind not in "iu"
            or not ((labels >= 0) & (labels < len(self.classes))).all()
        ):
            raise WganError(f"labels: give {n} class numbers, 0 to {len(self.classes) - 1}")
        return labels.astype(np.int64)

    @torch.no_grad()
    def scores(self, raw: np.ndarray, labels: np.ndarray | None = None) -> Float[np.ndarray, " n"]:
        """Return the critic's score of each raw sample, of the class that `labels` gives it: high
        is real.

        Raises:
            WganError: the critic was not kept, samples of another shape or kind of numbers than the
                data, or labels where the model has none, or none where it has.
        """
        if self.critic is None:
            raise WganError("this model was saved without its critic: there are no scores")
        if raw.shape[1:] != self.codec.raw_shape:
            raise WganError(
                f"samples of shape {raw.shape[1:]}, the data had {self.codec.raw_shape}: give the"
                " same"
            )
        if self.codec.kind == "images" and raw.dtype.kind != np.dtype(self.codec.dtype).kind:
            raise WganError(
                f"pictures of type {raw.dtype}, the data had {np.dtype(self.codec.dtype)}: give the"
                " same range of values"
            )
        if self.network.pack > 1:
            raise WganError(
                f"this critic scores {self.network.pack} rows together, not one: train with"
                " network.pack = 1 for scores"
            )
        if labels is None and self.classes:
            raise WganError("this critic scores a sample as one of a class: give its label")
        labels = self._checked(labels, len(raw))
        packed, y = (
            self.codec.pack(raw).to(self.device),
            [] if labels is None else [torch.from_numpy(labels).to(self.device)],
        )
        parts = zip(packed.split(BATCH), *(each.split(BATCH) for each in y), strict=True)
        return (
            torch.cat([self.critic(self.codec.unpack(x).float(), *label) for x, *label in parts])
            .cpu()
            .numpy()
        )


def sampler(
    model: Model, seed: int, purpose: str = "verdict"
) -> Callable[[int, int], np.ndarray]:
    """Return a function (n, draw) to `n` fresh samples, from the stream that `purpose` names.

    The first samples of a draw do not depend on `n`.
    """
    return lambda n, draw: model.sample(n, derive(seed, purpose, draw))


def sampler_of_classes(model: Model, seed: int) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return a function of class numbers to one fresh sample each; none, where the model has no
    classes.
    """
    return (
        (lambda labels: model.sample(len(labels), derive(seed, "verdict", "classes"), labels))
        if model.classes
        else None
    )


@torch.no_grad()
def generate(
    generator: nn.Module, z: Float[Tensor, "n latent"], y: Int64[Tensor, "n *columns"] | None = None
) -> Float[Tensor, "n *shape"]:
    """Return the generator's samples of latents (and labels), in evaluation mode: with running
    statistics, never the batch's.
    """
    was_training = generator.training
    x: Tensor = generator.eval()(z) if y is None else generator.eval()(z, y)
    generator.train(was_training)
    return x


def save_model(model: Model, folder: Path) -> None:
    """Write the model's files into a folder, each atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / "generator.safetensors", model.generator.state_dict())
    if model.critic is not None:
        write_tensors(folder / "critic.safetensors", model.critic.state_dict())
    about = {
        "format": FORMAT,
        "shape": list(model.codec.shape),
        "variant": model.variant,
        "network": asdict(model.network),
        "codec": codec_to_json(model.codec),
        "classes": dict(zip(model.classes, model.shares, strict=True)),
    }
    write_text(folder / "generator.json", json.dumps(about, indent=2) + "\n")


def load_model(folder: Path, device: torch.device | None = None) -> Model:
    """Return the model that a run or `save_model` left in a folder.

    Raises:
        WganError: no model there, or damaged files.
    """
    path = folder / "generator.json"
    if not path.exists():
        raise WganError(
            f"{folder}: holds no generator (no generator.json): give a run's folder, such as"
            " runs/digits-wgan-gp-0"
        )
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise WganError(f"{path}: format {about['format']!r}, this version reads {FORMAT!r}")
        network, codec, row = (
            NetworkConfig(**about["network"]),
            codec_from_json(about["codec"]),
            find_variant(about["variant"]),
        )
        shares = {str(name): float(share) for name, share in about.get("classes", {}).items()}
        generator = build_generator(network, codec.shape, classes=len(shares), heads=codec.heads)
        critic = build_critic(
            network, codec.shape, layers=row.layers, classes=len(shares), heads=codec.heads
        )
    except WganError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise WganError(f"{path}: damaged ({error}): copy the folder again") from None
    generator, kept = _filled(generator, folder / "generator.safetensors"), None
    if (folder / "critic.safetensors").exists():
        kept = _filled(critic, folder / "critic.safetensors")
    device = device or torch.device("cpu")
    return Model(
        generator.to(device),
        kept.to(device) if kept else None,
        codec,
        network,
        row.name,
        tuple(shares),
        tuple(shares.values()),
    )


def _filled(net: nn.Module, path: Path) -> nn.Module:
    tensors, _ = read_tensors(path)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise WganError(
            f"{path}: does not fit generator.json beside it ({str(error).splitlines()[-1].strip()})"
        ) from None
    return net.eval().requires_grad_(False)
