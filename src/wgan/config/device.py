"""Device and precision of a run."""

import torch

from wgan.base.bfloat16 import computes_in_bfloat16
from wgan.base.errors import WganError
from wgan.config.sections import Precision, TrainingConfig
from wgan.data import Codec


def choose_device(name: str) -> torch.device:
    """Return the device of that name; `auto` takes CUDA, then Apple's, then the CPU.

    Raises:
        WganError: the device is not there.
    """
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        name = next(d for d in ("cuda", "mps", "cpu") if there[d])
    if not there.get(name, False):
        raise WganError(
            f"training.device = '{name}': torch finds no such device here; choose"
            f" {', '.join(d for d in there if there[d])}"
        )
    return torch.device(name)


def choose_precision(training: TrainingConfig, codec: Codec) -> Precision:
    """Return the precision that a run's settings name.

    `auto` takes bfloat16 where the device computes in it and the samples are coarse: a bfloat16 has
    8 bits of precision, as many as a pixel. Otherwise it takes float32.
    """
    if training.precision != "auto":
        return training.precision
    device = choose_device("auto") if training.device == "auto" else torch.device(training.device)
    return "bfloat16" if codec.coarse and computes_in_bfloat16(device) else "float32"
