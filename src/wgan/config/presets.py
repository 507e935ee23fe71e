"""Presets: settings that suit a kind of data, a layer over the variant's own optimizer settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wgan.base.errors import SettingError, WganError, did_you_mean
from wgan.base.progress import Progress, silent
from wgan.config.device import choose_precision
from wgan.config.layers import Layer, resolve
from wgan.config.sections import Config
from wgan.data import Dataset
from wgan.networks.pairs import find_pair
from wgan.objectives import Variant, find_variant

Nested = dict[str, dict[str, Any]]
LEAST_STEPS = 100
"""Steps of a run that passes over few samples: Adam needs about as many to find its pace."""
LEAST_OF_SERIES = 600
"""Fewest steps for series, whose critic alone teaches the generator. On 512 spoken vowels of 7 to
29 steps 300 were too few (detection AUC 0.85). 600 met the law of an autoregression.
"""
CONSTANT_DROPOUT = 0.2
"""Dropout of a run that may end at any step, and so never falls to zero. More would leave a larger
bias, less would let rows be learned by heart (LOG.md).
"""
OWN_PAIR: Layer = ("a pair of your own", {"objective": {"likelihood_weight": 0.0}})
"""Settings of a pair of the user's own, unless set otherwise: a preset's likelihood is that of the
package's generators.
"""
GOES_ON: Layer = ("a run to which steps may be added", {})
"""The layer of such a run: presets then keep what would fall to zero at its last step."""
PRIVATE: Layer = (
    "private runs",
    {
        "network": {"width": 64, "depth": 1},
        "objective": {"likelihood_dropout": 0.0},
        "optimizer": {"batch": 1_000, "generator_lr": 5e-3, "betas": [0.9, 0.99]},
        "training": {"steps": 2_000},
    },
)
"""Settings of private runs: more rows and fewer weights than in others, since noise is added to the
gradient of each weight, and none is learned by heart.
"""
SMALL_SIDE = 16
"""Pictures up to this side have three levels, and train well with narrow, fast networks."""


@dataclass(frozen=True)
class Preset:
    """Settings that suit some data.

    `kind` is the kind of data that `auto` chooses the preset for, where `suits` says so; None:
    never. `lipschitz` holds more settings, for variants that hold the critic's slope. The first
    variant to try is `variant`; None: the default. `penalty_weight` is that of Wasserstein scores.
    `passes` over the training samples end the run before its steps do, where these are few, and no
    sooner than after `least_steps`.
    """

    summary: str
    any_variant: Nested
    lipschitz: Nested
    kind: str | None = None
    suits: Callable[[Dataset], bool] = lambda data: True
    penalty_weight: float | None = None
    variant: str | None = None
    passes: int | None = None
    least_steps: int = LEAST_STEPS


PRESETS = {
    "toy": Preset(
        "points in a plane: weight, batch and latent of Gulrajani et al. (2017), section 4.1;"
        " narrower, deeper, faster, with decay",
        {
            "network": {"kind": "mlp", "width": 256, "depth": 4, "latent": 2},
            "optimizer": {"batch": 256},
            "training": {"steps": 8_000},
        },
        {"optimizer": {"lr": 3e-3, "critic_steps": 1, "decay": "linear"}},
        penalty_weight=0.1,
        kind="vectors",
        suits=lambda data: data.toy is not None,
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
        kind="vectors",
    ),
    "tables": Preset(
        "tables of mixed columns: a likelihood beside the critic, large batches, one critic step, a"
        " one-sided penalty",
        {
            "network": {"kind": "mlp", "width": 192, "depth": 2},
            "objective": {"likelihood_weight": 1.0, "likelihood_dropout": 0.5},
            "optimizer": {"batch": 500, "generator_lr": 2e-3, "decay": "linear"},
            "training": {"steps": 4_000},
        },
        {"optimizer": {"lr": 2e-3, "critic_steps": 1}},
        variant="wgan-lp",
        passes=80,
        kind="tables",
    ),
    "small-images": Preset(
        "pictures of at most 16 x 16 pixels: narrow networks, one critic step, a high learning"
        " rate",
        {"network": {"kind": "conv", "width": 64, "latent": 64}, "training": {"steps": 8_000}},
        {"optimizer": {"lr": 1e-3, "critic_steps": 1, "decay": "linear"}},
        kind="images",
        suits=lambda data: max(data.shape[1:]) <= SMALL_SIDE,
    ),
    "images": Preset(
        "pictures: narrow networks, one critic step, a high learning rate with linear decay",
        {
            # The depth is that of other pairs, which are chosen by `network.kind`.
            "network": {"kind": "conv", "width": 32, "depth": 1, "latent": 128},
            "training": {"steps": 20_000},
        },
        {"optimizer": {"lr": 2e-3, "critic_steps": 1, "decay": "linear"}},
        kind="images",
    ),
    "series": Preset(
        "series: convolutions along time, five critic steps (with one, the generator of an"
        " autoregression lost its variance), linear decay, at most 48 passes over the data",
        {
            "network": {"kind": "conv", "width": 48, "latent": 64},
            "optimizer": {"batch": 128},
            "training": {"steps": 2_000},
        },
        {"optimizer": {"lr": 5e-4, "critic_steps": 5, "decay": "linear"}},
        kind="series",
        passes=48,
        least_steps=LEAST_OF_SERIES,
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
    user: Sequence[Layer],
    name: str = "auto",
    data: Dataset | None = None,
    progress: Progress = silent,
) -> tuple[Config, Dataset]:
    """Load the data and resolve the configuration.

    Its layers are the defaults, the variant, the preset, then the user's.

    Args:
        user: layers in rising order, e.g. a file, `--set`, flags.
        name: the preset; `auto` chooses by the data.
        data: the data set, where it is at hand; otherwise `data.source` is loaded.
        progress: listener to what takes long.

    Raises:
        WganError: no such preset, the message names the nearest; settings or data that cannot be
            used.
    """
    draft = resolve(user)
    if data is None:
        data = draft.data.load(progress=progress)
    if name == "auto":
        name = _suiting(data)
    if name not in tuple(PRESETS):  # a list as name cannot be looked up in a dict
        nearest = did_you_mean(str(name), ["auto", *PRESETS])
        raise WganError(f"no preset is called '{name}'. {nearest}")
    chosen = draft.objective.variant
    if not any("variant" in nested.get("objective", {}) for _, nested in user):
        chosen = PRESETS[name].variant or chosen
    variant = find_variant(chosen)
    layers: list[Layer] = [(f"variant {variant.name}", variant.settings())]
    layers += _layers(name, variant)
    if draft.private:
        layers.append(PRIVATE)
    if few := _fewer_steps(name, resolve([*layers, *user]), data):
        layers.append((f"preset {name}", {"training": {"steps": few}}))
    if draft.training.stop_when_converged:
        layers.append(("--stop-when-converged", _without_end(name)))
    elif GOES_ON in user:
        layers.append((GOES_ON[0], _without_end(name)))
    config = resolve([*layers, *user])
    _check_packs(config)
    precision = choose_precision(config.training, data.codec)
    return replace(config, training=replace(config.training, precision=precision)), data


def _layers(name: str, variant: Variant) -> list[Layer]:
    """Return the settings of a preset for a variant."""
    chosen = PRESETS[name]
    layers = [chosen.any_variant]
    if variant.penalty or variant.layers != "plain":
        layers.append(chosen.lipschitz)
    if chosen.penalty_weight and variant.penalty and variant.score.is_w1:
        layers.append({"objective": {"penalty_weight": chosen.penalty_weight}})
    return [(f"preset {name}", layer) for layer in layers]


def _without_end(name: str) -> Nested:
    """Return settings of a run that may end at any step: values that would fall to zero stay."""
    constant: Nested = {"optimizer": {"decay": "none"}}
    if "likelihood_dropout" in PRESETS[name].any_variant.get("objective", {}):
        constant["objective"] = {"likelihood_dropout": CONSTANT_DROPOUT}
    return constant


def _fewer_steps(name: str, config: Config, data: Dataset) -> int | None:
    """Return the steps of a preset's passes over the training samples, where its own are more.

    The steps of a preset with a likelihood are chosen for it. Without a likelihood, nothing is
    learned by heart.
    """
    preset = PRESETS[name]
    has_likelihood = "likelihood_weight" in preset.any_variant.get("objective", {})
    if preset.passes is None or (has_likelihood and not config.objective.likelihood_weight):
        return None
    samples = len(data) * (1 - config.data.held_out)
    steps = max(preset.least_steps, round(preset.passes * samples / config.optimizer.batch))
    return steps if steps < config.training.steps else None


def _suiting(data: Dataset) -> str:
    """Return the name of the first preset that suits the data.

    A kind without a preset takes the first of vectors or images whose networks it has.
    """
    own = (
        name
        for name, preset in PRESETS.items()
        if preset.kind == data.codec.kind and preset.suits(data)
    )
    architectures = find_pair(data.codec).architectures
    served = (
        name
        for name in ("vectors", "images")
        if PRESETS[name].any_variant["network"]["kind"] in architectures
    )
    return next(own, None) or next(served, "vectors")


def _check_packs(config: Config) -> None:
    """Refuse batches that packs do not divide."""
    pack = config.network.pack
    for name in ("batch", "generator_batch"):
        size = getattr(config.optimizer, name)
        if size is not None and size % pack:
            raise SettingError(
                f"optimizer.{name}",
                f"= {size} cannot be divided into packs of {pack}: choose a multiple",
            )
