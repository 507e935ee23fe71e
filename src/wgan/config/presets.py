"""Which settings suit which data? A preset is a layer of configuration over the variant's own
optimizer settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from wgan.base.errors import WganError, did_you_mean
from wgan.config.device import choose_precision
from wgan.config.layers import Layer, resolve
from wgan.config.sections import Config
from wgan.data import Dataset
from wgan.objectives import Variant, find_variant

Nested = dict[str, dict[str, Any]]
SMALL_SIDE = 16


@dataclass(frozen=True)
class Preset:
    """What suits one kind of data: settings for any variant, more where the critic's slope is held,
    the weight of a Wasserstein variant's penalty.

    `variant` is taken where none is asked for.
    """

    summary: str
    any_variant: Nested
    held: Nested
    penalty_weight: float | None = None
    variant: str | None = None


PRESETS = {
    "toy": Preset(
        "points in a plane: weight, batch and latent of Gulrajani et al. (2017), section 4.1;"
        " narrower, faster, with decay",
        {
            "network": {"kind": "mlp", "width": 256, "depth": 3, "latent": 2},
            "optimizer": {"batch": 256},
            "training": {"steps": 8_000},
        },
        {"optimizer": {"lr": 1e-3, "critic_steps": 1, "decay": "linear"}},
        penalty_weight=0.1,
    ),
    "vectors": Preset(
        "rows of numbers, standardised: a lighter penalty than pictures want, since distances are"
        " smaller",
        {
            "network": {"kind": "mlp", "width": 256, "depth": 3, "latent": 64},
            "optimizer": {"batch": 256},
            "training": {"steps": 5_000},
        },
        {"optimizer": {"lr": 5e-4, "critic_steps": 1, "decay": "linear"}},
        penalty_weight=1.0,
    ),
    "tables": Preset(
        "tables of mixed columns: large batches, one critic step, a one-sided penalty, under which"
        " rare states last",
        {
            "network": {"kind": "mlp", "width": 256, "depth": 3, "latent": 64},
            "optimizer": {"batch": 500},
            "training": {"steps": 10_000},
        },
        {"optimizer": {"lr": 5e-4, "critic_steps": 1, "decay": "linear"}},
        variant="wgan-lp",
    ),
    "small-images": Preset(
        "pictures of at most 16 x 16 pixels: narrow networks, one critic step, a high learning"
        " rate",
        {"network": {"kind": "conv", "width": 64, "latent": 64}, "training": {"steps": 8_000}},
        {"optimizer": {"lr": 1e-3, "critic_steps": 1, "decay": "linear"}},
    ),
    "images": Preset(
        "pictures: convolutional pair, one critic step, linear decay",
        {"network": {"kind": "conv", "width": 64, "latent": 128}, "training": {"steps": 20_000}},
        {"optimizer": {"lr": 2e-4, "critic_steps": 1, "decay": "linear"}},
    ),
    "residual": Preset(
        "pictures: residual pair of Gulrajani et al. (2017), appendix F, for CIFAR-10",
        {
            "network": {"kind": "residual", "width": 128, "latent": 128},
            "optimizer": {"generator_batch": 128},
            "training": {"steps": 100_000},
        },
        {"optimizer": {"lr": 2e-4, "decay": "linear"}},
    ),
}


def configure(
    user: Sequence[Layer], name: str = "auto", data: Dataset | None = None, progress: bool = False
) -> tuple[Config, Dataset]:
    """Load the data and resolve the configuration: defaults, the variant's settings, the preset, then
    the user's layers.

    Args:
        user: layers in rising order, e.g. a file, `--set`, flags.
        name: the preset; `auto` chooses by the data.
        data: the data set, where it is at hand; otherwise `data.source` is loaded.
        progress: show a bar for what takes long.

    Raises:
        WganError: no such preset, the message names the nearest; settings or data that cannot be
            used.
    """
    draft = resolve(user)
    if data is None:
        data = draft.data.load(progress=progress)
    if name == "auto":
        name = _suiting(data)
    if name not in PRESETS:
        raise WganError(f"no preset is called '{name}'. {did_you_mean(name, ['auto', *PRESETS])}")
    asked = any("variant" in nested.get("objective", {}) for _, nested in user)
    variant = find_variant(
        draft.objective.variant if asked else PRESETS[name].variant or draft.objective.variant
    )
    steady: list[Layer] = (
        [("--stop-when-converged", {"optimizer": {"decay": "none"}})]
        if draft.training.stop_when_converged
        else []
    )
    config = resolve(
        [(f"variant {variant.name}", variant.settings()), *_layers(name, variant), *steady, *user]
    )
    precision = choose_precision(config.training, data.shape)
    return replace(config, training=replace(config.training, precision=precision)), data


def _layers(name: str, variant: Variant) -> list[Layer]:
    """Return what a preset sets for a variant."""
    chosen = PRESETS[name]
    held = chosen.held if variant.penalty or variant.layers != "plain" else {}
    weighed = chosen.penalty_weight and variant.penalty and variant.score.is_w1
    weight = {"objective": {"penalty_weight": chosen.penalty_weight}} if weighed else {}
    return [(f"preset {name}", layer) for layer in (chosen.any_variant, held, weight)]


def _suiting(data: Dataset) -> str:
    """Return the name of the preset that suits the data: toy, vectors, tables, small-images (sides
    up to 16) or images.
    """
    if len(data.shape) == 1:
        return "toy" if data.toy else data.codec.kind
    return "small-images" if max(data.shape[1:]) <= SMALL_SIDE else "images"
