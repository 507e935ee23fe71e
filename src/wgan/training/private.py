"""One private step: DP-SGD of Abadi et al. (2016) on the likelihood, with Adam's moments.

1. Each training row is in the batch with probability q, by itself (a Poisson sample).
2. The gradient of each row's negative log-likelihood is clipped to the norm C.
3. Normal noise of standard deviation s C is added to their sum, which is divided by q n.

All randomness of a step is the operating system's, see `wgan.base.secret`: the guarantee does not
hold against anyone who knows it. No critic is trained: its score of the same rows would cost a
budget of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from wgan.base import secret
from wgan.base.errors import WganError
from wgan.config import Config
from wgan.data import Batches, Split, conditions_of
from wgan.objectives.losses import HasLikelihood
from wgan.runs.private import noise_of
from wgan.training.draws import likelihood_dropout, seeded
from wgan.training.loop import Metrics, all_finite
from wgan.training.state import State, generator_rate
from wgan.training.step import set_learning_rate, update_average

CHUNK = 512
"""Rows whose gradients are taken at once: a larger chunk is hardly faster, and takes more memory.
"""
ROOM = 1e-4
"""Share of C that is kept free for rounding: norms in single precision are exact to a millionth."""
LINEAR = (F.linear, torch.baddbmm, F.embedding)
"""The functions in which networks of the package use their weights."""


@dataclass
class PrivateSteps:
    """The steps of a run with differential privacy.

    Args:
        state: of the run; its critic rests.
        split: the data as a private run takes them.
        config: of the run.

    Raises:
        WganError: a generator without likelihood.
    """

    state: State
    split: Split
    config: Config
    normals: Callable[[int], Float[np.ndarray, " n"]] = field(default=secret.normals, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.state.generator, HasLikelihood):
            raise WganError(
                "privacy.epsilon: this generator knows no likelihood, those of tables do: leave"
                " privacy.epsilon out"
            )
        self.device = next(self.state.generator.parameters()).device
        self.batches = Batches(self.split, self.config.training.seed, self.device)
        self.noise = noise_of(self.config, self.split.n_train)

    def warm_up(self) -> Iterator[None]:
        """Yield nothing: there is no critic to be trained before."""
        return iter(())

    def step(self) -> Callable[[], Metrics]:
        """Move the generator once; return a function that gives the metrics of the step."""
        state, config = self.state, self.config
        left = 1 - state.step / config.training.steps if config.optimizer.decay == "linear" else 1.0
        set_learning_rate(generator_rate(config.optimizer) * left, state.generator_optimizer)
        rows = self._sampled()
        total = self._clipped_sum(rows)
        expected = self.noise.rate * self.split.n_train
        deviation = self.noise.gradients * config.privacy.clip
        for p, gradient in zip(self._parameters, total, strict=True):
            drawn = torch.from_numpy(self.normals(p.numel())).to(p).reshape(p.shape)
            p.grad = (gradient + deviation * drawn) / expected
        state.generator_optimizer.step()
        update_average(state.average, state.generator, config.training.ema, state.step)
        state.step += 1
        return self._metrics

    @cached_property
    def _parameters(self) -> list[nn.Parameter]:
        return list(self.state.generator.parameters())

    def _sampled(self) -> np.ndarray:
        """Return the row numbers of a Poisson sample of the training rows."""
        chosen = np.flatnonzero(secret.uniforms(self.split.n_train) < self.noise.rate)
        return self.split.train_rows(chosen)

    def _clipped_sum(self, rows: np.ndarray) -> list[Tensor]:
        """Return the sum of the rows' clipped gradients, by parameter."""
        dropout = likelihood_dropout(self.config, self.state.step, self.device)
        total = [torch.zeros_like(p) for p in self._parameters]
        # What is dropped and what is given is drawn for each row by itself, whatever the others.
        with seeded(self.device, secret.seed()):
            for start in range(0, len(rows), CHUNK):
                part = rows[start : start + CHUNK]
                x = self.batches.samples(part)
                y = self._conditions(part)
                clip = self.config.privacy.clip
                gradients = clipped_sum(self.state.generator, x, y, dropout, clip)
                torch._foreach_add_(total, gradients)
        return total

    def _conditions(self, rows: np.ndarray) -> Tensor | None:
        conditions = conditions_of(self.split.dataset.codec)
        if conditions is None:
            return None
        raw = self.split.dataset.rows[rows]
        y = conditions.of_rows(np.random.default_rng(secret.seed()), raw)
        return torch.from_numpy(y).to(self.device)

    def _metrics(self) -> Metrics:
        """Return metrics of the last step, which follow from the noisy gradients alone.

        Any other, such as the likelihood, would cost a privacy budget.
        """
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        metrics: Metrics = {
            "step": self.state.step,
            "seconds": round(self.state.seconds, 3),
            "epsilon": self.noise.spent(self.state.step),
            "generator_gradient_norm": float(nn.utils.get_total_norm(gradients)),
        }
        return all_finite(metrics, self.config)


def clipped_sum(
    generator: nn.Module, x: Tensor, y: Tensor | None, dropout: Tensor | None, clip: float
) -> list[Tensor]:
    """Return sum_i g_i min(1, C / |g_i|) of gradients g_i of rows' negative log-likelihoods.

    It is the gradient of the likelihoods, weighted by min(1, C / |g_i|), and so takes two passes
    back and no gradient of single rows.

    Args:
        generator: a network of linear layers and embeddings.
        x: rows.
        y: their conditions; None: none.
        dropout: share of hidden units that are dropped; None: none.
        clip: the norm C.

    Raises:
        WganError: as `gradient_norms`.
    """
    parameters = list(generator.parameters())
    assert isinstance(generator, HasLikelihood)
    with Tape() as tape:
        unlikely = generator.negative_log_likelihood(x, y, dropout)
    norms = gradient_norms(unlikely, tape, parameters)
    weights = (clip * (1 - ROOM) / norms.clamp_min(1e-30)).clamp_max(1.0)
    weighted = (weights.detach() * unlikely).sum()
    return list(torch.autograd.grad(weighted, parameters, materialize_grads=True))


class Tape(TorchFunctionMode):
    """Context that records the calls of linear layers and embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, tuple[Any, ...], Tensor]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func in LINEAR:
            self.calls.append((func, args, out))
        return out


def gradient_norms(
    losses: Float[Tensor, " n"], tape: Tape, parameters: Sequence[Tensor]
) -> Float[Tensor, " n"]:
    """Return the norm of each row's gradient in all parameters.

    Let a_i be row i's input of a linear layer, and d_i the gradient in its output. The gradient in
    weight and bias is the outer product of (a_i, 1) and d_i. Its norm is the product of both norms
    (Goodfellow 2015).

    Args:
        losses: a loss a row, which depends on no other row.
        tape: the calls in which they were computed.
        parameters: of the network.

    Raises:
        WganError: parameters that were used elsewhere, or more than once.
    """
    outs = torch.autograd.grad(losses.sum(), [out for *_, out in tape.calls], retain_graph=True)
    squares = torch.zeros_like(losses.detach())
    counted = 0
    for (func, args, _), d in zip(tape.calls, outs, strict=True):
        if func is F.embedding:
            _, weight, *_ = args
            inputs = torch.ones_like(losses.detach())
            counted += weight.numel()
        else:
            # linear(a, weight, bias) and baddbmm(bias, a, weight), one matrix a column.
            a, weight, bias = (args[1], args[2], args[0]) if func is torch.baddbmm else args
            inputs = a.detach().square().sum(-1) + 1
            counted += weight.numel() + bias.numel()
        square = inputs * d.square().sum(-1)
        squares = squares + (square.sum(0) if square.ndim == 2 else square)
    if counted != sum(p.numel() for p in parameters):
        raise WganError(
            "privacy.epsilon: this generator uses weights outside linear layers and embeddings, or"
            " twice: the gradients of rows would not be clipped to the norm"
        )
    return squares.sqrt()
