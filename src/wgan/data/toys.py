"""Which distributions do we know in full? Toys with known modes, or a partner at a known
Wasserstein distance.

`25-gaussians`, `8-gaussians` and `swiss-roll` follow section 4.1 of Gulrajani et al. (2017);
`parallel-lines` is Example 1 of Arjovsky, Chintala and Bottou (2017).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.datasets import make_swiss_roll

Draw = Callable[[int, np.random.Generator], np.ndarray]
SAMPLES = 100_000
GRID = np.array([(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)], dtype=np.float64)
ANGLES = np.arange(8) * np.pi / 4
CIRCLE = 2.0 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
SHIFT = 1.0


@dataclass(frozen=True)
class Partner:
    """A second distribution at an exactly known distance W1 from the toy."""

    draw: Draw
    w1: float
    formula: str


@dataclass(frozen=True)
class Toy:
    """A distribution that can be sampled without end; `modes` `[k, d]` have standard deviation
    `mode_sd` each.
    """

    name: str
    summary: str
    draw: Draw
    modes: Float[np.ndarray, "k d"] | None = None
    mode_sd: float = 0.0
    partner: Partner | None = None


def _mixture(modes: np.ndarray, sd: float) -> Draw:
    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return modes[rng.integers(len(modes), size=n)] + sd * rng.standard_normal(
            (n, modes.shape[1])
        )

    return draw


def _swiss_roll(n: int, rng: np.random.Generator) -> np.ndarray:
    points, _ = make_swiss_roll(n, noise=0.25, random_state=int(rng.integers(2**31)))
    return points[:, [0, 2]] / 7.5


def _line_at(x: float) -> Draw:
    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return np.stack([np.full(n, x), rng.random(n)], axis=1)

    return draw


def _gaussian_at(x: float) -> Draw:
    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((n, 2)) + np.array([x, 0.0])

    return draw


def _moved(draw: Draw, by: float) -> Partner:
    """A translation by v has W1 = |v|: the plan x -> x + v costs |v| and the 1-Lipschitz <., v/|v|>
    reaches it.
    """
    return Partner(
        lambda n, rng: draw(n, rng) + np.array([by, 0.0]),
        abs(by),
        f"a shift by v has W1 = |v| = {abs(by):g}",
    )


def _row(
    name: str, summary: str, draw: Draw, modes: np.ndarray | None = None, sd: float = 0.0
) -> Toy:
    return Toy(name, summary, draw, modes, sd, _moved(draw, SHIFT))


TOYS = {
    toy.name: toy
    for toy in (
        _row(
            "25-gaussians",
            "5 x 5 grid, spacing 2, standard deviation 0.05",
            _mixture(GRID, 0.05),
            GRID,
            0.05,
        ),
        _row(
            "8-gaussians",
            "circle of radius 2, standard deviation 0.02",
            _mixture(CIRCLE, 0.02),
            CIRCLE,
            0.02,
        ),
        _row("swiss-roll", "a spiral in the plane, noise 0.25 before division by 7.5", _swiss_roll),
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
