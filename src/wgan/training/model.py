"""What does a finished generator need to be used? Its weights, how they are laid out, and how to decode: two small files.

`generator.safetensors` holds numbers and `generator.json` names the layout from a fixed list, so loading runs no code.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.data import Codec, codec_from_json, codec_to_json
from wgan.errors import WganError
from wgan.files import write_text
from wgan.networks import NetworkConfig, build_critic, build_generator
from wgan.objectives import variant
from wgan.seeding import latents
from wgan.training.state import read_tensors, write_tensors

FORMAT = "wgan-model-1"
BATCH = 256


@dataclass(frozen=True)
class Model:
    """A generator (and its critic, where it was kept) together with the codec of its data."""

    generator: nn.Module
    critic: nn.Module | None
    codec: Codec
    network: NetworkConfig
    variant: str

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """Return `n` samples of the kind the data was; the first rows do not depend on `n`."""
        return self.codec.decode(generate(self.generator, latents(seed, n, self.network.latent, self.device)))

    @torch.no_grad()
    def scores(self, raw: np.ndarray) -> Float[np.ndarray, " n"]:
        """Return the critic's score of each raw sample: high is real.

        Raises:
            WganError: the critic was not kept.
        """
        if self.critic is None:
            raise WganError("this model was saved without its critic: there are no scores")
        packed = self.codec.pack(raw).to(self.device)
        return torch.cat([self.critic(self.codec.unpack(part)) for part in packed.split(BATCH)]).cpu().numpy()


@torch.no_grad()
def generate(generator: nn.Module, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n *shape"]:
    """Return the generator's samples of latents, in evaluation mode.

    The last batch is filled up with zeros and cut, so that a sample does not depend on how many are drawn with it.
    """
    was_training = generator.training
    generator.eval()
    filled = torch.cat([z, z.new_zeros(-len(z) % BATCH, z.shape[1])]) if len(z) else z.new_zeros(BATCH, z.shape[1])
    x = torch.cat([generator(block) for block in filled.split(BATCH)])[: len(z)]
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
    }
    write_text(folder / "generator.json", json.dumps(about, indent=2) + "\n")


def load_model(folder: Path, device: torch.device | None = None) -> Model:
    """Return the model that a run or `save_model` left in a folder.

    Raises:
        WganError: no model there, or damaged files.
    """
    path = folder / "generator.json"
    if not path.exists():
        raise WganError(f"{folder}: holds no generator (no generator.json): give a run's folder, such as runs/digits-wgan-gp-0")
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise WganError(f"{path}: format {about['format']!r}, this version reads {FORMAT!r}")
        network, codec, row = NetworkConfig(**about["network"]), codec_from_json(about["codec"]), variant(about["variant"])
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise WganError(f"{path}: damaged ({error})") from None
    generator = _filled(build_generator(network, codec.shape), folder / "generator.safetensors")
    critic = None
    if (folder / "critic.safetensors").exists():
        critic = build_critic(network, codec.shape)
        critic = row.constraint.prepare(critic) if row.constraint else critic
        critic = _filled(critic, folder / "critic.safetensors")
    device = device or torch.device("cpu")
    return Model(generator.to(device), critic.to(device) if critic else None, codec, network, row.name)


def _filled(net: nn.Module, path: Path) -> nn.Module:
    tensors, _ = read_tensors(path)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise WganError(f"{path}: does not fit generator.json beside it ({str(error).splitlines()[-1].strip()})") from None
    return net.eval().requires_grad_(False)
