"""Inversion: the generated sample nearest to a given one, found by a search over latents."""

from dataclasses import dataclass, replace
from math import cos, pi

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.base.intervals import Mean, mean_of
from wgan.base.progress import Progress, silent
from wgan.base.seeding import derive
from wgan.data import Split
from wgan.models.latents import check_continuous, prior_latents
from wgan.models.model import BLOCK, Model
from wgan.models.pictures import nearest_training

DRAWS = 1024
"""Samples of the prior among which starts are chosen: four blocks, drawn in a second."""
STARTS = 8
"""Starts of a search. On digits the best of 8 was 5 % nearer than that of 4, of 16 2 % more."""
STEPS = 300
"""Steps of Adam. On digits twice as many came 22 % nearer, by 0.004 of the range of pixels."""
LR = 0.1
"""The first step of Adam, in standard deviations of the prior; it falls to zero along a cosine."""
HELD_OUT = 16
"""Held-out samples that are searched for, for comparison: their mean is known to about a tenth."""
PLAUSIBLE = (0.025, 0.975)
"""Quantiles of the length of drawn latents, which hold 95 % of them."""


@dataclass(frozen=True)
class Inverted:
    """The generated samples nearest to given ones.

    Attributes:
        raw: the generated samples `[n, *raw_shape]`.
        latents: their noise `[n, noise]`.
        labels: their class numbers `[n]`; None: the model has no classes.
        distance: root mean square difference of coordinates, in the codec's units `[n]`.
    """

    raw: np.ndarray
    latents: Float[np.ndarray, "n noise"]
    labels: np.ndarray | None
    distance: Float[np.ndarray, " n"]

    @property
    def lengths(self) -> Float[np.ndarray, " n"]:
        """The length |z| of each latent."""
        return np.linalg.norm(self.latents, axis=1)


@dataclass(frozen=True)
class Comparison:
    """Distances with which those of an inversion are to be compared.

    Attributes:
        train: the training sample nearest to each given one `[n, *raw_shape]`.
        train_distance: how far it is, as `Inverted.distance` `[n]`.
        held_out: that distance for held-out samples and their nearest generated ones.
        held_out_train: that distance for held-out samples and their nearest training ones.
        n_held_out: the number of held-out samples.
    """

    train: np.ndarray
    train_distance: Float[np.ndarray, " n"]
    held_out: Mean
    held_out_train: Mean
    n_held_out: int


def plausible_lengths(noise: int) -> tuple[float, float]:
    """Return the interval that holds |z| of 95 % of drawn latents: quantiles of the chi law.

    Args:
        noise: numbers in a latent, the degrees of freedom.
    """
    from scipy.stats import chi  # takes a second to import

    low, high = chi.ppf(PLAUSIBLE, df=noise)
    return float(low), float(high)


def invert(
    model: Model,
    raw: np.ndarray,
    seed: int = 0,
    label: int | None = None,
    starts: int = STARTS,
    steps: int = STEPS,
    progress: Progress = silent,
) -> Inverted:
    """Return the generated samples nearest to given ones, among those of plausible latents.

    For each x it minimises |x - G(z)|^2 in network input, over all z of plausible length. These
    lengths lie between the 2.5 % and 97.5 % quantiles of the chi law, the law of |z| for normal z.
    All directions are equally likely. The density of z would draw it to 0, where no noise is drawn.
    Adam searches from several starts. These are the nearest among 1,024 samples, which come from
    all classes evenly.

    Args:
        model: the model; its truncation does not matter.
        raw: the given samples `[n, *raw_shape]`.
        seed: random seed; the same seed gives the same samples.
        label: the class number to search in; None: all classes.
        starts: starts of the search for each sample.
        steps: steps from each start.
        progress: listener to the samples that are done.

    Raises:
        WganError: samples that are not of this data's shape and type, samples that are not a
            continuous function of their noise, or starts and steps out of range.

    See also:
        compare: the distances with which these are to be compared.

    References:
        Creswell and Bharath (2018), "Inverting the generator of a generative adversarial network";
        Samuel et al. (2023), "Norm-guided latent space exploration", for the law of the length.

    >>> low, high = plausible_lengths(64)
    >>> f"{low:.1f} to {high:.1f}"
    '6.6 to 9.4'
    """
    check_continuous(model, "--invert")
    if not 1 <= starts <= DRAWS or steps < 1:
        raise WganError(f"starts = {starts}, steps = {steps}: give 1 to {DRAWS}, and 1 or more")
    model.codec.check(raw)
    model = replace(model, truncation=1.0)
    z0 = prior_latents(model, DRAWS, derive(seed, "inversion"))
    labels = None
    if model.classes:
        labels = np.arange(DRAWS) % len(model.classes) if label is None else np.full(DRAWS, label)
    drawn = model.draw(DRAWS, seed, labels, z0, rules=False, decode=_as_network_input).raw
    found = []
    each = max(1, BLOCK // starts)
    for start in range(0, len(raw), each):
        progress("nearest generated samples", start, len(raw))
        x = model.codec.unpack(model.codec.pack(raw[start : start + each]).to(model.device)).float()
        gaps = torch.cdist(x.flatten(1), torch.from_numpy(drawn).to(x).flatten(1))
        places = gaps.topk(starts, largest=False).indices
        found.append(_nearest(model, x, z0, labels, places.cpu().numpy(), steps))
    z, classes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    y = classes if model.classes else None
    nearest = model.draw(len(raw), seed, y, z, rules=False).raw
    return Inverted(nearest, z, y, _rms(model, raw, nearest))


def compare(
    model: Model, raw: np.ndarray, split: Split, seed: int = 0, progress: Progress = silent
) -> Comparison:
    """Return the distances with which those of an inversion are to be compared.

    They are the nearest training samples of the given ones, and the same two distances for held-out
    samples of any class.

    Args:
        model: the model.
        raw: the given samples.
        split: the data that the model was trained on.
        seed: random seed of the search.
        progress: listener to the samples that are done.

    Raises:
        WganError: as `invert`.
    """
    n = min(HELD_OUT, split.n_held_out)
    real = split.held_out_sample(0, n)
    train, _ = nearest_training(model.codec, raw, split)
    near_real, _ = nearest_training(model.codec, real, split)
    return Comparison(
        train,
        _rms(model, raw, train),
        mean_of(invert(model, real, seed, progress=progress).distance),
        mean_of(_rms(model, real, near_real)),
        n,
    )


def _as_network_input(x: Tensor, rows: np.ndarray) -> np.ndarray:
    return x.cpu().numpy()


def _nearest(
    model: Model,
    x: Float[Tensor, "n *shape"],
    z0: Float[np.ndarray, "draws noise"],
    labels: np.ndarray | None,
    places: np.ndarray,
    steps: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the latent and the class of the best search for each x.

    Args:
        model: the model.
        x: network input.
        z0: latents of the draws.
        labels: classes of the draws, where there are any.
        places: `[n, starts]` draws from which searches start.
        steps: steps of a search.
    """
    n, starts = places.shape
    rows = places.ravel()
    z = torch.from_numpy(z0[rows]).to(x).requires_grad_(True)
    y = [] if labels is None else [torch.from_numpy(labels[rows]).to(x.device)]
    targets = x.repeat_interleave(starts, dim=0)
    adam = torch.optim.Adam([z], lr=LR)
    with torch.enable_grad():
        for step in range(steps):
            for group in adam.param_groups:
                group["lr"] = LR * (1 + cos(pi * step / steps)) / 2
            gaps = _gaps(model.generator, bounded(z), y, targets)
            (z.grad,) = torch.autograd.grad(gaps.sum(), z)
            adam.step()
    with torch.no_grad():
        z = bounded(z)
        reached = _gaps(model.generator, z, y, targets).view(n, starts)
    if not reached.isfinite().any(dim=1).all():
        raise WganError("the search over latents met values that are not finite: train again")
    best = reached.nan_to_num(nan=torch.inf).argmin(dim=1).cpu().numpy() + np.arange(n) * starts
    chosen = np.zeros(n, dtype=np.int64) if labels is None else labels[rows[best]]
    return z.detach().cpu().numpy().astype(np.float64)[best], chosen


def bounded(w: Float[Tensor, "n noise"]) -> Float[Tensor, "n noise"]:
    """Return w with its length brought into the plausible interval.

    The search is over w. If the bound is active, only the direction of w has a gradient. Projecting
    z itself after each step of Adam would end elsewhere, since Adam scales each coordinate of the
    gradient that points out of the interval.

    Args:
        w: free numbers.
    """
    low, high = plausible_lengths(w.shape[1])
    length = w.norm(dim=1, keepdim=True)
    return w * (length.clamp(low, high) / length)


def _gaps(
    generator: nn.Module,
    z: Float[Tensor, "n noise"],
    y: list[Tensor],
    x: Float[Tensor, "n *shape"],
) -> Float[Tensor, " n"]:
    """Return |x - G(z, y)|^2 for each row.

    Args:
        generator: G, in evaluation mode.
        z: latents.
        y: their labels, in a list; an empty one where there are no classes.
        x: network input.
    """
    return (generator(z, *y).float() - x).flatten(1).square().sum(dim=1)


def _rms(model: Model, a: np.ndarray, b: np.ndarray) -> Float[np.ndarray, " n"]:
    """Return the root mean square difference of coordinates, for each pair of samples."""
    gap = model.codec.measure(a) - model.codec.measure(b)
    return np.sqrt((gap**2).mean(axis=1))
