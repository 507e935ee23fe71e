"""Pairs of distributions whose W1 is known, to judge estimates: shifts, funnels, mixtures, atoms.

They exist in any dimension. Samples are normal, or uniform in a ball (for bounds that need a
bounded support), with unit variance on each axis. The idea of a pair built from a known optimal
critic is that of Korotin, Kolesov and Burnaev, "Kantorovich strikes back!" (2022), section 4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, lgamma, sqrt
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.distances.exact import wasserstein

Draw = Callable[[int, np.random.Generator], np.ndarray]
Base = Literal["normal", "ball"]

MONTE_CARLO = 200_000
"""Draws for the W1 of funnels, which has no closed form.

Measured standard error: 0.3 % of W1 in one dimension, 0.16 % in 2 and 0.01 % in 128.
"""

PIECE = 10_000
"""Draws at once, which bounds the memory in many dimensions."""


@dataclass(frozen=True)
class Pair:
    """Two distributions that can be sampled at will, at the known distance `w1`.

    `standard_error` is that of `w1`, 0 for a closed form. `diameter` is that of both supports
    together, infinite for normal samples.
    """

    name: str
    d: int
    draw_x: Draw
    draw_y: Draw
    w1: float
    standard_error: float
    diameter: float

    def sample(
        self, n: int, seed: int
    ) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d"]]:
        """Return `n` independent samples of each side; x and y are independent too.

        Args:
            n: samples a side.
            seed: random seed; the same seed gives the same samples.
        """
        x = self.draw_x(n, numpy_generator(seed, self.name, self.d, "x"))
        y = self.draw_y(n, numpy_generator(seed, self.name, self.d, "y"))
        return x, y


def shift(d: int, length: float = 2.0, base: Base = "normal") -> Pair:
    """Return X and X + v with |v| = length, so that W1 = |v|.

    The plan x -> x + v costs |v|, and the 1-Lipschitz critic <., v / |v|> reaches it.

    Args:
        d: dimensions.
        length: of the shift, along the first axis.
        base: distribution of X.

    >>> shift(3, 2.0).w1
    2.0
    """
    v = np.zeros(d)
    v[0] = length
    draw = _base(base, d)
    diameter = 2 * _radius(base, d) + abs(length)
    return Pair("shift", d, draw, lambda n, rng: draw(n, rng) + v, abs(length), 0.0, diameter)


def scale(d: int, factor: float = 0.5, base: Base = "normal") -> Pair:
    """Return X and s X, so that W1 = |1 - s| E|X|.

    |.| and -|.| are 1-Lipschitz, and x -> s x moves along their gradient.

    Args:
        d: dimensions.
        factor: s, 0 or more.
        base: distribution of X.

    Raises:
        WganError: a negative factor.

    >>> round(scale(1, 0.5).w1, 6)
    0.398942
    """
    if factor < 0:
        raise WganError(
            f"factor = {factor}: mirrored samples have another optimal plan; give 0 or more"
        )
    draw = _base(base, d)
    w1 = abs(1 - factor) * _mean_norm(base, d)
    diameter = 2 * _radius(base, d) * max(1.0, factor)
    return Pair("scale", d, draw, lambda n, rng: factor * draw(n, rng), w1, 0.0, diameter)


def funnels(
    d: int, count: int = 16, seed: int = 0, base: Base = "normal", share: float = 0.5
) -> Pair:
    """Return X and Y, X moved towards the centre of its funnel: W1 = share E|X - centre|.

    f(x) = min_k (|x - c_k| + b_k) is 1-Lipschitz. Moving x towards the centre of the cone that
    attains the minimum lowers f by the distance moved, as no other cone falls faster. So f proves
    the plan optimal. The mean displacement is taken over 200,000 draws.

    Args:
        d: dimensions.
        count: how many funnels.
        seed: random seed of the funnels; the same seed gives the same pair.
        base: distribution of X.
        share: of the way to the centre, in [0, 1]; with 1, a full move, Y consists of the centres.

    Raises:
        WganError: a share outside [0, 1].

    >>> round(funnels(2).w1, 2), round(funnels(2, share=1.0).w1, 2)
    (0.29, 0.57)
    """
    if not 0 <= share <= 1:
        raise WganError(f"share = {share}: no plan is known for it; give 0 to 1")
    rng = numpy_generator(seed, "funnels", d, count)
    centres = rng.standard_normal((count, d))
    offsets = 0.1 * rng.standard_normal(count)  # larger ones would hide funnels in others
    draw = _base(base, d)

    def moved(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        nearest = (cdist(x, centres) + offsets).argmin(axis=1)
        return (1 - share) * x + share * centres[nearest]

    pieces = (draw(PIECE, rng) for _ in range(MONTE_CARLO // PIECE))
    lengths = np.concatenate([np.linalg.norm(x - moved(x), axis=1) for x in pieces])
    w1 = float(lengths.mean())
    error = float(lengths.std() / sqrt(MONTE_CARLO))
    # Y lies between X and the centres, so all three lie in a ball of this radius.
    reach = max(_radius(base, d), float(np.linalg.norm(centres, axis=1).max()))
    return Pair("funnels", d, draw, lambda n, rng: moved(draw(n, rng)), w1, error, 2 * reach)


def rare_mode(
    d: int, far: float = 10.0, moved: float = 3.0, rare: float = 0.02, base: Base = "normal"
) -> Pair:
    """Return a mixture, and the same with its rare mode moved on: W1 = rare |moved|.

    X is the base, and with probability `rare` lies `far` along the first axis; there Y lies at
    far + moved. The plan that moves the rare mode along the first axis costs rare |moved|, and the
    coordinate along it is a 1-Lipschitz critic that reaches it.

    Args:
        d: dimensions.
        far: where the rare mode is.
        moved: how far it is moved.
        rare: its probability.
        base: distribution of a mode around its centre.

    >>> round(rare_mode(3).w1, 3)
    0.06
    """
    diameter = 2 * _radius(base, d) + max(abs(far), abs(far + moved))
    draws = [_mixture(d, [0.0, place], [1 - rare, rare], base) for place in (far, far + moved)]
    return Pair("rare mode", d, draws[0], draws[1], rare * abs(moved), 0.0, diameter)


def mixture(
    d: int, apart: float = 10.0, p: float = 0.3, q: float = 0.5, base: Base = "normal"
) -> Pair:
    """Return two mixtures of one pair of modes in different shares: W1 = |p - q| apart.

    The plan that moves the difference along the first axis from mode to mode costs that, and the
    coordinate along it is a 1-Lipschitz critic that reaches it.

    Args:
        d: dimensions.
        apart: distance of both modes.
        p: share of the second mode in X.
        q: its share in Y.
        base: distribution of a mode around its centre.

    >>> round(mixture(3).w1, 3)
    2.0
    """
    draws = [_mixture(d, [0.0, apart], [1 - share, share], base) for share in (p, q)]
    diameter = 2 * _radius(base, d) + abs(apart)
    return Pair("mixture", d, draws[0], draws[1], abs(p - q) * abs(apart), 0.0, diameter)


def heavy_tails(d: int, length: float = 2.0, freedom: float = 2.1) -> Pair:
    """Return independent Student's t on each axis, and the same shifted: W1 = |length|.

    Args:
        d: dimensions.
        length: of the shift, along the first axis.
        freedom: degrees of freedom, above 1, as W1 needs a mean; up to 2 there is no variance.

    >>> heavy_tails(4).w1
    2.0
    """
    v = np.zeros(d)
    v[0] = length

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_t(freedom, (n, d))

    infinite = float("inf")
    return Pair("heavy tails", d, draw, lambda n, rng: draw(n, rng) + v, abs(length), 0.0, infinite)


def clusters(d: int, count: int = 8, seed: int = 0) -> Pair:
    """Return far clusters, and the same, each moved by 1 along a direction of its own: W1 = 1.

    A cluster is a ball of radius r. Its critic is f(x) = <x - c_k, w_k> with the unit direction
    w_k. On all points that X and Y can take, |f| <= r + 1. Points of two clusters are 2 (r + 1)
    apart or more, since centres are 4 (r + 1) apart. So f is 1-Lipschitz there and extends to the
    whole space (McShane), and its reading is 1, the length of the moves.

    Args:
        d: dimensions.
        count: how many clusters, on a line.
        seed: random seed of the directions.

    >>> clusters(3).w1
    1.0
    """
    r = _radius("ball", d)
    apart = 4 * (r + 1)
    directions = numpy_generator(seed, "clusters", d, count).standard_normal((count, d))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    draw = _base("ball", d)

    def side(moves: float) -> Draw:
        def points(n: int, rng: np.random.Generator) -> np.ndarray:
            x = draw(n, rng)
            k = rng.integers(count, size=n)
            x[:, 0] += apart * k
            return x + moves * directions[k]

        return points

    diameter = 2 * r + apart * (count - 1) + 2
    return Pair("clusters", d, side(0.0), side(1.0), 1.0, 0.0, diameter)


def atoms(d: int, count: int = 30, seed: int = 0) -> Pair:
    """Return two distributions on finite sets of points, which overlap: W1 by a linear programme.

    Points are standard normal and weights uniform on the simplex. A third of the points belongs to
    both sides.

    Args:
        d: dimensions.
        count: points of a side.
        seed: random seed of points and weights; the same seed gives the same pair.

    >>> 0.5 < atoms(2).w1 < 2
    True
    """
    rng = numpy_generator(seed, "atoms", d, count)
    common = rng.standard_normal((count // 3, d))
    points = [
        np.concatenate([common, rng.standard_normal((count - len(common), d))]) for _ in range(2)
    ]
    weights = [rng.dirichlet(np.ones(count)) for _ in range(2)]
    w1 = wasserstein(points[0], points[1], x_weights=weights[0], y_weights=weights[1])
    everything = np.concatenate(points)
    diameter = float(cdist(everything, everything).max())

    def side(k: int) -> Draw:
        return lambda n, rng: points[k][rng.choice(count, n, p=weights[k])]

    return Pair("atoms", d, side(0), side(1), w1, 0.0, diameter)


def _mixture(d: int, places: list[float], shares: list[float], base: Base) -> Draw:
    """Return draws of modes that lie on the first axis."""
    draw = _base(base, d)

    def points(n: int, rng: np.random.Generator) -> np.ndarray:
        x = draw(n, rng)
        x[:, 0] += rng.choice(places, n, p=shares)
        return x

    return points


def _radius(base: Base, d: int) -> float:
    """Return the radius of the support; a uniform ball of radius sqrt(d + 2) has unit variance."""
    return float("inf") if base == "normal" else sqrt(d + 2)


def _mean_norm(base: Base, d: int) -> float:
    """Return E|X|: that of the chi distribution, or R d / (d + 1) in a ball of radius R."""
    if base == "normal":
        return sqrt(2) * exp(lgamma((d + 1) / 2) - lgamma(d / 2))
    return _radius(base, d) * d / (d + 1)


def _base(base: Base, d: int) -> Draw:
    def ball(n: int, rng: np.random.Generator) -> np.ndarray:
        x = rng.standard_normal((n, d))
        # The radius of a uniform point is R u^(1/d); its direction is that of a normal one.
        radii = _radius("ball", d) * rng.random(n) ** (1 / d)
        return x * (radii / np.linalg.norm(x, axis=1))[:, None]

    return ball if base == "ball" else lambda n, rng: rng.standard_normal((n, d))
