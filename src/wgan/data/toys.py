"""Toys: distributions in the plane with known modes, or with a partner at a known distance W1.

`25-gaussians`, `8-gaussians` and `swiss-roll` follow section 4.1 of Gulrajani et al. (2017);
`parallel-lines` is Example 1 of Arjovsky, Chintala and Bottou (2017).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.datasets import make_swiss_roll

Draw = Callable[[int, np.random.Generator], np.ndarray]
"""(n, generator of random numbers) -> `[n, 2]` samples."""
SAMPLES = 100_000
"""Points of a toy's data set: 4,000 for each of 25 modes, in 0.8 MB."""
GRID = np.array([(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)], dtype=np.float64)
ANGLES = np.arange(8) * np.pi / 4
CIRCLE = 2.0 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
SHIFT = 1.0
"""Distance of a partner: half the spacing of the grid, so that no mode lands on another."""
ROLL_NOISE = 0.25
ROLL_SCALE = 7.5
"""Noise of the Swiss roll before the division by its scale, as in the code of Gulrajani et al."""


@dataclass(frozen=True)
class Partner:
    """A second distribution at an exactly known distance W1 from the toy.

    Attributes:
        draw: draws its samples.
        w1: the distance.
        formula: where the distance comes from, in words.
    """

    draw: Draw
    w1: float
    formula: str


@dataclass(frozen=True)
class Toy:
    """A distribution that can be sampled without end.

    Attributes:
        name: the name that `load` takes.
        summary: what it is, in words.
        draw: draws its samples.
        modes: `[k, 2]` centres of its modes; None: it has no known modes.
        mode_sd: standard deviation of each mode.
        partner: a distribution at a known distance.
    """

    name: str
    summary: str
    draw: Draw
    modes: Float[np.ndarray, "k d"] | None = None
    mode_sd: float = 0.0
    partner: Partner | None = None


def _mixture(modes: np.ndarray, sd: float) -> Draw:
    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        centres = modes[rng.integers(len(modes), size=n)]
        return centres + sd * rng.standard_normal((n, modes.shape[1]))

    return draw


def _swiss_roll(n: int, rng: np.random.Generator) -> np.ndarray:
    points, _ = make_swiss_roll(n, noise=ROLL_NOISE, random_state=int(rng.integers(2**31)))
    return points[:, [0, 2]] / ROLL_SCALE


def _line_at(x: float) -> Draw:
    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return np.stack([np.full(n, x), rng.random(n)], axis=1)

    return draw


def _gaussian_at(x: float) -> Draw:
    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((n, 2)) + np.array([x, 0.0])

    return draw


def _moved(draw: Draw, by: float) -> Partner:
    """Return the toy moved by v, which lies W1 = |v| apart.

    The plan x -> x + v costs |v|, and the 1-Lipschitz function x -> <x, v / |v|> reaches it.
    """
    return Partner(
        lambda n, rng: draw(n, rng) + np.array([by, 0.0]),
        abs(by),
        f"a shift by v has W1 = |v| = {abs(by):g}",
    )


def _toy(
    name: str, summary: str, draw: Draw, modes: np.ndarray | None = None, sd: float = 0.0
) -> Toy:
    return Toy(name, summary, draw, modes, sd, _moved(draw, SHIFT))


TOYS = {
    toy.name: toy
    for toy in (
        _toy(
            "25-gaussians",
            "5 x 5 grid, spacing 2, standard deviation 0.05",
            _mixture(GRID, 0.05),
            GRID,
            0.05,
        ),
        _toy(
            "8-gaussians",
            "circle of radius 2, standard deviation 0.02",
            _mixture(CIRCLE, 0.02),
            CIRCLE,
            0.02,
        ),
        _toy("swiss-roll", "a spiral in the plane, noise 0.25 before division by 7.5", _swiss_roll),
        Toy(
            "shifted-gaussians",
            "standard normal in the plane, beside the same moved by 1",
            _gaussian_at(0.0),
            partner=Partner(_gaussian_at(SHIFT), SHIFT, "W1(N(0, I), N(v, I)) = |v| = 1"),
        ),
        Toy(
            "parallel-lines",
            "(0, U[0,1]), beside the line at distance theta = 1",
            _line_at(0.0),
            partner=Partner(
                _line_at(SHIFT),
                SHIFT,
                "W1 = |theta| = 1; JS = log 2 and KL = infinity for any theta != 0",
            ),
        ),
    )
}
