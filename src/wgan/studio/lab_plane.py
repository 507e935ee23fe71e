"""Trainings of the Lab in the plane: several variants side by side, a frame at a time.

A frame holds what a student looks at: generated points, the critic's values and slopes on a grid,
and the way along which the generator's loss moves each point. Networks see the points as they are,
so that a slope of 1, the critic's estimate and W1 are all in the unit of the plane.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.audit.certificate import certify, frozen
from wgan.base.errors import WganError, did_you_mean
from wgan.base.intervals import Mean, mean_of
from wgan.base.seeding import latents
from wgan.config.sections import DataConfig
from wgan.data import Dataset, load
from wgan.data.toys import TOYS
from wgan.distances import wasserstein
from wgan.networks import build_critic
from wgan.objectives import find_variant
from wgan.objectives.penalties import gradient_norms
from wgan.training import Run

CHOICES = {
    "gan-minimax": "minimax",
    "gan": "non-saturating",
    "wgan": "clipped",
    "wgan-gp": "penalty",
    "wgan-ortho": "certified",
}
"""Variants that the page offers, and what a student calls them."""
MOST_VARIANTS = len(CHOICES)
MOST_STEPS = 20_000
"""Most generator steps: a training shows what it has to show in a tenth of them."""
POINTS = 256
"""Generated and held-out points of a frame: enough to see 25 modes, and W1 takes some ms."""
ARROWS = 64
"""Generated points with an arrow: more arrows would cover each other."""
SIDE = 33
"""Points of the grid along each side: the picture is smoothed between them."""
MARGIN = 0.25
"""Share of the data's range that is shown on each side of it, where a generator may stray."""
STEEP = 1e-3
"""Excess of a slope over 1 that does not count as steeper: rounding leaves about 1e-6, and no eye
sees a thousandth.
"""
FLOOR_SETS = 5
"""Sets of training points for the floor, as for the held-out distance of a run."""
SETTINGS: dict[str, Any] = {
    "network.width": 64,
    "network.depth": 3,
    "optimizer.batch": 128,
    "optimizer.decay": "none",
    "training.device": "cpu",
    "training.steps": MOST_STEPS,
    "training.log_every": MOST_STEPS,
}
"""Small networks, of which a step takes 3 to 10 ms on one core, and a learning rate that stays,
since the training has no planned end.
"""
PENALTY_WEIGHT = 1.0
"""Weight of a Wasserstein penalty. On 8 Gaussians, 0.1 (the paper's value for toys) leaves slopes
of 2. With 10, W1 of the averaged generator is 0.66 after 1,000 steps, and with 1 it is 0.18.
"""


def as_it_is(name: str) -> Dataset:
    """Return a toy whose points networks see as they are: not centred, and not divided by a scale.

    Args:
        name: of the toy.

    """
    dataset = load(name)
    unscaled: Any = dataset.codec
    zeros = (0.0,) * unscaled.shape[0]
    return replace(dataset, codec=replace(unscaled, mean=zeros, scale=(1.0,) * len(zeros)))


def check_choice(data: str, names: Sequence[str]) -> None:
    """Refuse a toy or variants that there are not.

    Args:
        data: name of a toy.
        names: 1 to 5 different variants, as in the table of variants.

    Raises:
        WganError: no such toy or variant, too many of them, or one twice.
    """
    if data not in TOYS:
        raise WganError(f"data: no toy is called '{data}'. {did_you_mean(data, TOYS)}")
    if not 1 <= len(names) <= MOST_VARIANTS or len(set(names)) < len(names):
        raise WganError(f"variants: {len(names)} given: choose 1 to {MOST_VARIANTS} different ones")
    for name in names:
        find_variant(name)


@dataclass(frozen=True)
class Frame:
    """One variant at one step of its training.

    Attributes:
        step: generator steps done.
        generated: `[n, 2]` points, always from the same noise.
        values: `[side, side]` the critic on the grid, rows from the lowest y up.
        slopes: `[side, side]` norms of its gradient: its value per unit of the plane.
        arrows: `[k, 2]` minus the gradient of the generator's loss at the first k points.
        estimate: the critic's estimate over the points of the frame, with its 95 % interval over
            pairs of a real and a generated one.
        w1: exact W1 between the generated and the held-out points of the frame.
        lipschitz: what no slope exceeds anywhere, by the critic's weights; None: not known.
    """

    step: int
    generated: Float[np.ndarray, "n 2"]
    values: Float[np.ndarray, "side side"]
    slopes: Float[np.ndarray, "side side"]
    arrows: Float[np.ndarray, "k 2"]
    estimate: Mean
    w1: float
    lipschitz: float | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values in four significant digits, which a screen shows."""
        return {
            "step": self.step,
            "generated": _rounded(self.generated),
            "values": _rounded(self.values),
            "slopes": _rounded(self.slopes),
            "arrows": _rounded(self.arrows),
            "estimate": _significant(self.estimate.value),
            "estimate_text": str(self.estimate),
            "w1": _significant(self.w1),
            "lipschitz": None if self.lipschitz is None else float(f"{self.lipschitz:.7g}"),
            "steepest": _significant(float(self.slopes.max())),
            "steep_share": round(float((self.slopes > 1 + STEEP).mean()), 4),
            "pull": _significant(float(np.linalg.norm(self.arrows, axis=1).mean())),
        }


def _rounded(values: np.ndarray) -> Any:
    """Return nested lists of the numbers."""
    return [_rounded(each) for each in values] if values.ndim else _significant(float(values))


def _significant(value: float) -> float:
    return float(f"{value:.4g}")


class Scene:
    """State that all variants of a session share: the data, the shown points, and the grid.

    Args:
        data: name of a toy.
        seed: random seed.
    """

    def __init__(self, data: str, seed: int) -> None:
        self.data = data
        self.seed = seed
        self.dataset = as_it_is(data)
        self.split = DataConfig().split(self.dataset)  # that of every run with its defaults
        self.real = np.asarray(self.split.held_out_sample(0, POINTS), dtype=np.float64)
        train = np.asarray(self.split.train_sample(0, FLOOR_SETS * POINTS), dtype=np.float64)
        self.floor = mean_of([wasserstein(x, self.real) for x in np.split(train, FLOOR_SETS)])
        low, high = train.min(axis=0), train.max(axis=0)
        half = (0.5 + MARGIN) * float((high - low).max())
        middle = (low + high) / 2
        self.xs, self.ys = (np.linspace(c - half, c + half, SIDE) for c in middle.tolist())

    def to_json(self) -> dict[str, Any]:
        """Return the values that stay the same from frame to frame."""
        ends = [self.xs[0], self.xs[-1], self.ys[0], self.ys[-1]]
        return {
            "data": self.data,
            "seed": self.seed,
            "real": _rounded(self.real),
            "box": [_significant(float(end)) for end in ends],
            "side": SIDE,
            "floor": _significant(self.floor.value),
            "floor_text": str(self.floor),
            "n": POINTS,
        }

    def grid(self) -> Float[Tensor, "points 2"]:
        """Return the points of the grid, row by row from the lowest y."""
        y, x = np.meshgrid(self.ys, self.xs, indexing="ij")
        return torch.from_numpy(np.stack([x.ravel(), y.ravel()], axis=1)).float()


class Training:
    """One variant in training on a scene.

    Args:
        scene: the data.
        name: of the variant.
    """

    def __init__(self, scene: Scene, name: str) -> None:
        self.scene = scene
        self.name = name
        variant = find_variant(name)
        weight: dict[str, Any] = {}
        if variant.penalty is not None and variant.score.is_w1:
            weight["objective.penalty_weight"] = PENALTY_WEIGHT
        self.run = Run.open(
            scene.dataset, variant=name, seed=scene.seed, settings=SETTINGS | weight, watch=None
        )
        self._records = self.run.records()
        next(self._records)
        config = self.run.config.network
        (z,) = latents(scene.seed, POINTS, config.latent, torch.device("cpu"), POINTS)
        self._noise = z

    @property
    def step(self) -> int:
        """Generator steps done."""
        return self.run.state.step

    @property
    def done(self) -> bool:
        """Whether all steps are done."""
        return self.step >= MOST_STEPS

    def advance(self) -> None:
        """Train one generator step further, and the critic before it; nothing once all are done.

        Raises:
            WganError: a loss or gradient that is not finite.
        """
        try:
            next(self._records, None)
        except WganError as error:  # its words are for a run with a folder
            raise self._diverged() from error

    def _diverged(self) -> WganError:
        return WganError(f"{self.name}: diverged at step {self.step}: choose another seed")

    def to_json(self) -> dict[str, Any]:
        """Return the values that stay the same from frame to frame."""
        variant = self.run.variant
        return {
            "name": self.name,
            "word": CHOICES.get(self.name, self.name),
            "score": variant.score.name,
            "measures": variant.score.measures,
            "is_w1": variant.score.is_w1,
            "reads_w1": variant.reads_w1,
            "when": variant.when,
        }

    def frame(self) -> Frame:
        """Return the variant as it is now; networks stay as they are.

        Raises:
            WganError: numbers that are not finite.
        """
        state = self.run.state
        critic = state.critic
        was_training = critic.training
        critic.eval()
        try:
            with torch.no_grad():
                generated = state.generator(self._noise)
                values = critic(self.scene.grid())
            slopes = gradient_norms(critic, self.scene.grid()).detach()
            estimate, arrows = self._pulls(critic, generated)
        finally:
            critic.train(was_training)
        for numbers in (generated, values, slopes, arrows):
            if not numbers.isfinite().all():
                raise self._diverged()
        points = generated.double().numpy()
        return Frame(
            step=self.step,
            generated=points,
            values=values.view(SIDE, SIDE).numpy(),
            slopes=slopes.view(SIDE, SIDE).numpy(),
            arrows=arrows.numpy(),
            estimate=estimate,
            w1=wasserstein(points, self.scene.real),
            lipschitz=self._lipschitz(),
        )

    def _pulls(self, critic: nn.Module, generated: Tensor) -> tuple[Mean, Tensor]:
        """Return the estimate, and minus the gradient of the generator's loss at points."""
        score = self.run.variant.score
        x = generated.detach().requires_grad_(True)
        f_fake = critic(x)
        with torch.no_grad():
            f_real = critic(torch.from_numpy(self.scene.real).float())
        (gradient,) = torch.autograd.grad(score.generator(f_fake, f_real).sum(), x)
        estimate = score.estimate(f_real, f_fake.detach())
        return mean_of(estimate.double().numpy()), -gradient[:ARROWS]

    def _lipschitz(self) -> float | None:
        """Return a bound on the critic's slope everywhere, by its weights."""
        run = self.run
        critic = build_critic(run.config.network, run.dataset.codec, 0, run.variant.layers)
        critic.load_state_dict(run.state.critic.state_dict())
        try:
            return certify(frozen(critic), run.dataset.codec.shape).lipschitz
        except WganError:  # layers whose constant is not known
            return None


class Group:
    """Variants in training side by side, in step; one that diverges ends, and the others go on.

    Args:
        scene: the data.
        names: of the variants.
    """

    def __init__(self, scene: Scene, names: Sequence[str]) -> None:
        self.trainings = [Training(scene, name) for name in names]
        self.failures: dict[str, str] = {}

    @property
    def done(self) -> bool:
        """Whether nothing is left to train."""
        return all(each.done or each.name in self.failures for each in self.trainings)

    def advance(self) -> None:
        """Train each variant one step further."""
        for each in self.trainings:
            if each.name not in self.failures:
                try:
                    each.advance()
                except WganError as error:
                    self.failures[each.name] = str(error)

    def frames(self) -> list[dict[str, Any]]:
        """Return a frame of each variant as plain values, or why there is none any more."""
        frames = []
        for each in self.trainings:
            if each.name not in self.failures:
                try:
                    frames.append({"name": each.name, **each.frame().to_json()})
                except WganError as error:
                    self.failures[each.name] = str(error)
            if each.name in self.failures:
                frames.append({"name": each.name, "error": self.failures[each.name]})
        return frames
