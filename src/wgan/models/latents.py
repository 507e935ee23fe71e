"""Latents: the noise of a generator, shrunk (truncation) or interpolated on grids and loops.

The noise z of every generator is standard normal. If samples are a continuous function of it,
points between two latents give samples between two samples.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from wgan.base.errors import WganError
from wgan.base.seeding import latents
from wgan.models.model import BLOCK, Model
from wgan.networks.pairs import find_pair

CORNERS = 4
LEAST_SINE = 1e-6
"""Sine of the angle below which interpolation is linear. The arc is then a straight line to ten
digits, or, between opposite latents, no plane is determined.
"""


def check_continuous(model: Model, what: str) -> None:
    """Refuse a model whose samples are not a continuous function of its noise.

    Args:
        model: the model.
        what: the request, at the beginning of the message.

    Raises:
        WganError: such a model.
    """
    if not find_pair(model.codec).continuous(model.codec):
        raise WganError(
            f"{what}: the noise of these {model.codec.kind} decides levels, gaps or lengths one by"
            " one, so that latents cannot be shrunk, interpolated or searched: leave it out"
        )


def truncated(model: Model, psi: float) -> Model:
    """Return the model with its latents shrunk: it draws G(psi z), z ~ N(0, I).

    Samples come nearer to the mean latent's: fewer odd ones, and less variety. It is the truncation
    of Karras et al. (2019), section B, in the space of the noise.

    Args:
        model: the model.
        psi: factor from 0 (all samples are G(0)) to 1 (as it was learned).

    Raises:
        WganError: another factor, or samples that are not a continuous function of their noise.

    References:
        Karras, Laine and Aila (2019), appendix B; Brock, Donahue and Simonyan (2019), section 3.1,
        cut off the tails of z instead.
    """
    if not 0 <= psi <= 1:
        raise WganError(f"--truncation {psi:g}: give a number from 0 to 1")
    check_continuous(model, f"--truncation {psi:g}")
    return replace(model, truncation=psi)


def prior_latents(model: Model, n: int, seed: int) -> Float[np.ndarray, "n noise"]:
    """Return the noise of the first `n` samples that `Model.sample` draws, shrunk as it does.

    Args:
        model: the model.
        n: number of latents.
        seed: random seed; the same seed gives the same latents.
    """
    blocks = list(latents(seed, n, model.noise, model.device, BLOCK))
    z = np.concatenate([each.cpu().numpy() for each in blocks])[:n].astype(np.float64)
    return model.truncation * z


def slerp(
    a: Float[np.ndarray, "*#n d"],
    b: Float[np.ndarray, "*#n d"],
    t: float | NDArray[np.float64],
) -> Float[np.ndarray, "... d"]:
    """Return points on arcs: sin((1-t) w) / sin w a + sin(t w) / sin w b, cos w = <a, b> / |a| |b|.

    Between vectors of one length it is the great arc, at constant speed. Independent latents of d
    numbers are nearly orthogonal, with a length near sqrt(d). Points on the straight line between
    them are shorter by up to a factor of sqrt(1/2), and there the generator has seen hardly any
    noise.

    Args:
        a: points at t = 0.
        b: points at t = 1.
        t: in [0, 1], one number or one a point.

    References:
        Shoemake (1985), "Animating rotation with quaternion curves", section 3.3; White (2016),
        "Sampling generative networks", section 2, for latents.

    >>> slerp(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.5).round(3).tolist()
    [0.707, 0.707]
    """
    t = np.asarray(t, dtype=np.float64)[..., None]
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    cosine = (a * b).sum(axis=-1) / np.where(lengths > 0, lengths, 1.0)
    w = np.arccos(cosine.clip(-1, 1))[..., None]
    sine = np.sin(w)
    is_arc = (sine > LEAST_SINE) & (lengths > 0)[..., None]
    sine = np.where(is_arc, sine, 1.0)
    arc = np.sin((1 - t) * w) / sine * a + np.sin(t * w) / sine * b
    return np.where(is_arc, arc, (1 - t) * a + t * b)


def grid(model: Model, side: int, seed: int = 0, label: int | None = None) -> np.ndarray:
    """Return `side` x `side` raw samples, row by row, between four samples in the corners.

    The corners are the first four samples of the seed. Along the upper and the lower edge, and then
    from one to the other, latents follow arcs; shares of classes are linear.

    Args:
        model: the model.
        side: samples in a row and in a column.
        seed: random seed; the same seed gives the same corners.
        label: the class number of all; None: the corners have classes of their own, as frequent as
            among the training samples, which are blended between.

    Raises:
        WganError: fewer than 2 in a row, as `check_continuous`, or a generator that blends no
            classes.

    See also:
        loop: samples along a closed loop of latents.
    """
    if side < 2:
        raise WganError(f"--interpolate {side}: give 2 or more samples in a row")
    check_continuous(model, f"--interpolate {side}")
    right, down = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    z, labels = between_corners(model, right.ravel(), down.ravel(), seed, label)
    return model.draw(len(z), seed, labels, z, rules=False).raw


def between_corners(
    model: Model,
    u: Float[np.ndarray, " n"],
    v: Float[np.ndarray, " n"],
    seed: int = 0,
    label: int | None = None,
) -> tuple[Float[np.ndarray, "n noise"], np.ndarray | None]:
    """Return latents between those of four samples, and their classes or shares of classes.

    Args:
        model: the model.
        u: how far to the right, in [0, 1].
        v: how far down, in [0, 1].
        seed: random seed; its first four samples are the corners.
        label: as for `grid`.
    """
    corners = prior_latents(model, CORNERS, seed)
    z = slerp(slerp(corners[[0]], corners[[1]], u), slerp(corners[[2]], corners[[3]], u), v)
    if label is not None or not model.classes:
        return z, _class_of(label, len(z))
    weights = np.stack([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v], axis=1)
    return z, weights @ np.eye(len(model.classes))[model.draw_labels(CORNERS, seed)]


def loop(model: Model, keys: int, n: int, seed: int = 0, label: int | None = None) -> np.ndarray:
    """Return `n` raw samples along a closed loop through `keys` latents, evenly spaced.

    The latents are the first of the seed, joined by arcs; the last leads back to the first. Each
    leg has n / keys samples, and the loop has no end to jump from.

    Args:
        model: the model.
        keys: latents that the loop passes through.
        n: number of samples, at least one a leg.
        seed: random seed; the same seed gives the same loop.
        label: the class number of all; None: latents take the classes in order, round again, which
            are blended between.

    Raises:
        WganError: fewer than 2 latents, fewer samples than latents, as `check_continuous`, or a
            generator that blends no classes.

    See also:
        grid: samples between four samples.
    """
    if keys < 2:
        raise WganError(f"--walk {keys}: give 2 or more latents to pass through")
    if n < keys:
        raise WganError(f"--walk {keys}, -n {n}: give at least one sample for each latent")
    check_continuous(model, f"--walk {keys}")
    z_keys = prior_latents(model, keys, seed)
    place = np.arange(n) * keys / n
    start = place.astype(np.int64)
    end = (start + 1) % keys
    t = place - start
    labels = _class_of(label, n)
    if label is None and model.classes:
        classes = np.eye(len(model.classes))[np.arange(keys) % len(model.classes)]
        labels = (1 - t)[:, None] * classes[start] + t[:, None] * classes[end]
    return model.draw(n, seed, labels, slerp(z_keys[start], z_keys[end], t), rules=False).raw


def _class_of(label: int | None, n: int) -> np.ndarray | None:
    return None if label is None else np.full(n, label)
