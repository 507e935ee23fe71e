"""Which settings suit which data? A preset is a layer of configuration over the variant's own optimiser settings."""

from collections.abc import Callable
from typing import Any

from wgan.data import Dataset, load
from wgan.errors import WganError, did_you_mean
from wgan.objectives import Variant, variant
from wgan.training.config import Config, Layer, resolve

Nested = dict[str, dict[str, Any]]


def _toy(row: Variant) -> Nested:
    """Points in a plane: Gulrajani et al. (2017), section 4.1 and their published script (weight 0.1, batch 256, 512 x 3)."""
    nested: Nested = {
        "network": {"kind": "mlp", "width": 512, "depth": 3, "latent": 2},
        "optimiser": {"batch": 256},
        "training": {"steps": 10_000},
    }
    return nested | _if_penalised(row, weight=0.1, betas=(0.5, 0.9))


def _if_penalised(row: Variant, weight: float, betas: tuple[float, float]) -> Nested:
    return {"objective": {"penalty_weight": weight}} if row.penalty else {}


def _vectors(row: Variant) -> Nested:
    """Rows of numbers of any width."""
    return {"network": {"kind": "mlp", "width": 512, "depth": 3, "latent": 128}, "optimiser": {"batch": 256}, "training": {"steps": 10_000}}


def _images(row: Variant) -> Nested:
    """Pictures, convolutional pair."""
    return {"network": {"kind": "conv", "width": 64, "latent": 128}, "training": {"steps": 20_000}}


def _residual(row: Variant) -> Nested:
    """Pictures, residual pair: Gulrajani et al. (2017), appendix F (CIFAR-10)."""
    return {
        "network": {"kind": "residual", "width": 128, "latent": 128},
        "optimiser": {"lr": 2e-4, "batch": 64, "generator_batch": 128, "decay": "linear"},
        "training": {"steps": 100_000},
    }


PRESETS: dict[str, Callable[[Variant], Nested]] = {"toy": _toy, "vectors": _vectors, "images": _images, "residual": _residual}


def configure(user: list[Layer], name: str = "auto", data: Dataset | None = None, progress: bool = False) -> tuple[Config, Dataset]:
    """Load the data and resolve the configuration: defaults, the variant's row, the preset, then the user's layers.

    Args:
        user: layers in rising order, e.g. a file, `--set`, flags.
        name: the preset.
        data: the data set, where it is at hand; otherwise `data.source` is loaded.
        progress: show a bar for what takes long.
    """
    draft = resolve(user)
    if data is None:
        d = draft.data
        data = load(d.source, key=d.key, resize=d.resize, mode=d.mode, progress=progress)
    row = variant(draft.objective.variant)
    return resolve([(f"variant {row.name}", {"optimiser": row.optimiser}), preset(name, row, data), *user]), data


def preset(name: str, row: Variant, dataset: Dataset) -> Layer:
    """Return the layer of a preset; `auto` chooses by the data: toy, vectors or images.

    Raises:
        WganError: no such preset; the message names the nearest.
    """
    if name == "auto":
        name = "toy" if dataset.toy else "vectors" if len(dataset.shape) == 1 else "images"
    if name not in PRESETS:
        raise WganError(f"no preset is called '{name}'. {did_you_mean(name, ['auto', *PRESETS])}")
    return f"preset {name}", PRESETS[name](row)
