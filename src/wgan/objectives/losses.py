"""What does one backward pass see? Two modules that map batches to per-sample losses; a penalty's
inner gradient is inside.

Because the penalty is part of `forward` and there is one backward a step, the modules may be
compiled, or wrapped for data-parallel training, as they are. Where the critic is a chain of (leaky)
ReLU layers, and nothing compiles it, a penalised loss goes by a `Sweep`, unless `swept` is false:
the same terms and gradient in fewer passes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from wgan.objectives.checker import check_critic
from wgan.objectives.penalties import full_precision
from wgan.objectives.sweep import Block, Sweep, blocks_of, is_chained
from wgan.objectives.variants import Variant


class CriticTerms(NamedTuple):
    """Per-sample terms of the critic's step, float32 or better, `[n]`; `loss` is score plus
    weighted penalty.

    `penalty` and `gradient_norm` are none where the variant has no penalty, or it was not taken at this
    update.
    """

    loss: Tensor
    estimate: Tensor
    penalty: Tensor | None
    gradient_norm: Tensor | None


class CriticLoss(nn.Module):
    """The critic's loss on a batch. Networks run in bfloat16 where `bfloat16`; scores and norms are
    float32.

    A lazy penalty (Karras et al. 2020, section 3.1) is taken at one update in `every`, with `every`
    times its weight: give coefficients `u` at that one, and none at the others.

    With labels `y`, real and fake sample i are both of class y_i, and so is the point between them:
    the estimate is then the mean over classes of the distances within each. Of tables sample i may
    be a pack of rows, and y has a variant for each of them.

    Raises:
        WganError: a critic that the variant would train wrongly, see `check_critic`.
    """

    def __init__(
        self, critic: nn.Module, variant: Variant, bfloat16: bool = False, every: int = 1
    ) -> None:
        super().__init__()
        check_critic(critic, variant)
        self.critic, self.variant, self.low_precision, self.every = critic, variant, bfloat16, every
        self.swept = True

    def forward(
        self,
        x_real: Float[Tensor, "n *shape"],
        x_fake: Float[Tensor, "n *shape"],
        u: Float[Tensor, " n"] | None,
        y: Int64[Tensor, "rows *columns"] | None = None,
    ) -> CriticTerms:
        x_real, x_fake, u = packed(self.critic, x_real, x_fake, u)
        score, penalty = self.variant.score, self.variant.penalty
        taken: tuple[Tensor, Tensor] | None
        if penalty is not None and u is not None and (blocks := self._blocks(x_real, x_fake)):
            f_real, f_fake, at_points = self._swept(
                Sweep(blocks, self.low_precision),
                x_real,
                x_fake,
                penalty.where(x_real, x_fake, u),
                y,
            )
            taken, consistency = penalty.of(at_points), None
        else:
            critic = self.critic if y is None else lambda x: self.critic(x, y)
            labels = () if y is None else (torch.cat([y, y]),)
            with torch.autocast(
                x_real.device.type, torch.bfloat16, enabled=self.low_precision, cache_enabled=False
            ):
                f_real, f_fake = full_precision(
                    self.critic(torch.cat([x_real, x_fake]), *labels)
                ).chunk(2)
                consistency = (
                    self.variant.consistency(self.critic, x_real, y)
                    if self.variant.consistency
                    else None
                )
                taken = (
                    penalty(critic, x_real, x_fake, u)
                    if penalty is not None and u is not None
                    else None
                )
        loss, estimate = score.critic(f_real, f_fake), score.estimate(f_real, f_fake)
        if self.variant.consistency and consistency is not None:
            loss = loss + self.variant.consistency.weight * consistency
        if penalty is None or taken is None:
            return CriticTerms(loss, estimate, None, None)
        value, norms = taken
        return CriticTerms(loss + self.every * penalty.weight * value, estimate, value, norms)

    def _blocks(self, x_real: Tensor, x_fake: Tensor) -> tuple[Block, ...] | None:
        """Return the critic's blocks where a sweep may stand for differentiating twice.

        Not beside a consistency term, in a compiler, nor where samples want a gradient.
        """
        if (
            not self.swept
            or self.variant.consistency
            or torch.compiler.is_compiling()
            or x_real.requires_grad
            or x_fake.requires_grad
        ):
            return None
        blocks = blocks_of(self.critic)
        if (
            blocks
            and not is_chained(self.critic)
            and x_real.ndim != (4 if isinstance(blocks[0].layer, nn.Conv2d) else 2)
        ):
            return None  # a linear layer takes other shapes too, along their last axis
        return blocks

    def _swept(
        self,
        sweep: Sweep,
        x_real: Tensor,
        x_fake: Tensor,
        points: Sequence[Tensor],
        y: Tensor | None,
    ) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
        """Return the scores of real and fake samples, and the gradient norms at each kind of
        points.
        """
        with torch.autocast(x_real.device.type, enabled=False):
            if is_chained(self.critic):
                batches = [x_real, x_fake, *points]
                rows = None if y is None else y[: len(y) // len(x_real)]
                own = self.critic.inputs(torch.ones_like(x_real[:1]), rows) - self.critic.inputs(
                    torch.zeros_like(x_real[:1]), rows
                )
                w, b = self.critic.direction(None if y is None else torch.cat([y] * len(batches)))
                batches = [self.critic.inputs(x, y) for x in batches]
                f, norms = sweep(batches[:2], batches[2:], w, own)
            else:
                assert isinstance(self.critic, nn.Sequential)
                last = self.critic[-2]
                assert isinstance(last, nn.Linear)
                b = last.bias
                f, norms = sweep([x_real, x_fake], points, last.weight)
            f_real, f_fake = (f + b).chunk(2)
        return f_real, f_fake, norms.chunk(len(points))


def packed(
    critic: nn.Module,
    x_real: Float[Tensor, "n *shape"],
    x_fake: Float[Tensor, "n *shape"],
    u: Float[Tensor, " n"] | None,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return samples `[n / pack, pack, *shape]` and one coefficient a pack, for a critic with an
    attribute `pack` above 1; otherwise all as they are.
    """
    pack = getattr(critic, "pack", 1)
    if pack == 1:
        return x_real, x_fake, u
    x_real, x_fake = (x.unflatten(0, (-1, pack)) for x in (x_real, x_fake))
    return x_real, x_fake, None if u is None else u[::pack]


class GeneratorLoss(nn.Module):
    """The generator's loss on a batch of noise. The critic is kept out of the sub-modules: its
    weights are not trained here.
    """

    def __init__(
        self, generator: nn.Module, critic: nn.Module, variant: Variant, bfloat16: bool = False
    ) -> None:
        super().__init__()
        self.generator, self.variant, self.low_precision = generator, variant, bfloat16
        self._critic = (critic,)

    def forward(
        self,
        z: Float[Tensor, "n latent"],
        x_real: Float[Tensor, "samples *shape"] | None,
        y: Int64[Tensor, "n *columns"] | None = None,
    ) -> Float[Tensor, " samples"]:
        (critic,) = self._critic
        labels = () if y is None else (y,)
        with torch.autocast(
            z.device.type, torch.bfloat16, enabled=self.low_precision, cache_enabled=False
        ):
            f_fake = full_precision(critic(self.generator(z, *labels), *labels))
            f_real = None if x_real is None else full_precision(critic(x_real, *labels))
        return self.variant.score.generator(f_fake, f_real)
