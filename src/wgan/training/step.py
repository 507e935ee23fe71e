"""What happens in one step? Algorithm 1 of Gulrajani et al. (2017): several critic updates, then one of the generator.

Losses come one value a sample; this file alone reduces them, by the mean.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.data import Batches
from wgan.objectives import CriticTerms, Variant
from wgan.seeding import derive, torch_generator
from wgan.training.config import Config
from wgan.training.losses import Losses
from wgan.training.state import State


@dataclass(frozen=True)
class Draws:
    """Everything random in a run, as a function of (seed, step): real batches, latents z and coefficients u."""

    batches: Batches
    config: Config
    device: torch.device

    def critic(self, draw: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return (x_real, z, u) for the critic's update number `draw`; each is fresh. No u: the penalty rests at this update."""
        batch = self.config.optimiser.batch
        z, u = self._noise("critic", draw, batch)
        return self.batches(draw, batch), z, u if draw % self.config.objective.penalty_every == 0 else None

    def generator(self, step: int, with_real: bool) -> tuple[Tensor, Tensor | None]:
        """Return (z, x_real if asked for) for generator step `step`."""
        batch = self.config.optimiser.generator_batch or self.config.optimiser.batch
        z, _ = self._noise("generator", step, batch)
        real = self.batches(-1 - step, batch) if with_real else None  # negative draws are never the critic's
        return z, real

    def _noise(self, stream: str, draw: int, batch: int) -> tuple[Float[Tensor, "n latent"], Float[Tensor, " n"]]:
        """All ranks draw the whole batch and keep their own part, so that together they see what one process would."""
        generator = torch_generator(self.device, self.config.training.seed, stream, draw)
        z = torch.randn(batch, self.config.network.latent, generator=generator, device=self.device)
        u = torch.rand(batch, generator=generator, device=self.device)
        part, rank = batch // self.batches.world_size, self.batches.rank
        return z[rank * part : (rank + 1) * part], u[rank * part : (rank + 1) * part]

    def dropout(self, stream: str, draw: int, row: Variant) -> AbstractContextManager[None]:
        """Within, units drop by (seed, stream, draw), where the row's critic drops any."""
        return _seeded(self.device, derive(self.config.training.seed, "dropout", stream, draw)) if row.layers == "dropout" else nullcontext()


@contextmanager
def _seeded(device: torch.device, seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def warm_up(state: State, losses: Losses, row: Variant, draws: Draws, config: Config) -> Iterator[CriticTerms]:
    """Move the critic alone, before the first step, yielding its terms after each update."""
    for draw in range(config.training.warmup_critic_steps):
        with draws.dropout("critic", draw, row):
            terms = critic_update(state, losses, row, *draws.critic(draw), config)
        yield terms


def train_step(state: State, losses: Losses, row: Variant, draws: Draws, config: Config) -> tuple[CriticTerms, Tensor]:
    """Move critic and generator once, as algorithm 1 says; return the last critic batch's terms and |grad| of the generator."""
    _set_learning_rate(state, config)
    first = config.training.warmup_critic_steps + state.step * config.optimiser.critic_steps
    for draw in range(first, first + config.optimiser.critic_steps):
        with draws.dropout("critic", draw, row):
            terms = critic_update(state, losses, row, *draws.critic(draw), config)
    with draws.dropout("generator", state.step, row):
        norm = generator_update(state, losses, *draws.generator(state.step, row.score.generator_needs_real))
    update_average(state.average, state.generator, config.training.ema, state.step)
    state.step += 1
    return terms, norm


def critic_update(state: State, losses: Losses, row: Variant, x_real: Tensor, z: Tensor, u: Tensor | None, config: Config) -> CriticTerms:
    """Lines 4 to 9: sample, score, penalise, move the critic; then project its weights where the row asks for it."""
    bfloat16 = config.training.precision == "bfloat16"
    with torch.no_grad(), torch.autocast(z.device.type, torch.bfloat16, enabled=bfloat16):
        x_fake = state.generator(z).float()
    state.critic_optimiser.zero_grad(set_to_none=True)
    terms = CriticTerms(*losses.critic(x_real, x_fake, u))
    terms.loss.mean().backward()
    state.critic_optimiser.step()
    if row.constraint:
        row.constraint.project(state.critic, row.constraint.bound)
    return CriticTerms(terms.loss.detach(), terms.estimate.detach(), *(None if t is None else t.detach() for t in terms[2:]))


def generator_update(state: State, losses: Losses, z: Tensor, x_real: Tensor | None = None) -> Tensor:
    """Lines 10 to 12: move the generator against the critic as it stands; return the norm of its gradient."""
    state.critic.requires_grad_(False)
    state.generator_optimiser.zero_grad(set_to_none=True)
    losses.generator(z, x_real).mean().backward()
    state.generator_optimiser.step()
    state.critic.requires_grad_(True)
    return nn.utils.get_total_norm([p.grad for p in state.generator.parameters() if p.grad is not None])


@torch.no_grad()
def update_average(average: nn.Module, net: nn.Module, decay: float, step: int) -> None:
    """average <- d average + (1 - d) net with d = min(decay, (1 + step) / (10 + step)), which forgets the first weights soon."""
    d = min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(net.parameters()), 1 - d)
    for mine, theirs in zip(average.buffers(), net.buffers(), strict=True):
        mine.copy_(theirs)


def _set_learning_rate(state: State, config: Config) -> None:
    left = 1 - state.step / config.training.steps if config.optimiser.decay == "linear" else 1.0
    for optimiser in (state.critic_optimiser, state.generator_optimiser):
        for group in optimiser.param_groups:
            group["lr"] = config.optimiser.lr * left
