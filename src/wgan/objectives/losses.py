"""Loss modules of critic and generator, one value a sample, with the penalty's gradient inside.

Because the penalty is part of `forward` and there is one backward pass a step, the modules may be
compiled, or wrapped for data-parallel training, as they are. Where the critic is a chain of links
and nothing compiles it, a penalised loss is computed by a `Sweep`, unless `swept` is false: the
same terms and gradient in fewer passes.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.objectives.blocks import Chain, layers_of
from wgan.objectives.chains import chain_of, has_backward_hooks, is_chained
from wgan.objectives.checker import check_critic
from wgan.objectives.penalties import full_precision, one_a_sample
from wgan.objectives.sweep import Sweep
from wgan.objectives.variants import Variant


class CriticTerms(NamedTuple):
    """Per-sample terms of the critic's step, float32 or better, `[n]`.

    `loss` is the score's loss plus the weighted penalty and consistency term. `penalty` and
    `gradient_norm` are none where the variant has no penalty, or it was not taken at this update.
    """

    loss: Tensor
    estimate: Tensor
    penalty: Tensor | None
    gradient_norm: Tensor | None


class CriticLoss(nn.Module):
    """The critic's loss on a batch.

    A lazy penalty (Karras et al. 2020, section 3.1) is taken at one update in `every`, with `every`
    times its weight: give coefficients `u` at that one, and none at the others.

    With labels `y`, real and fake sample i are both of class y_i, and so is the point between them:
    the estimate is then the mean over classes of the distances within each.

    A critic of packs, with an attribute `pack` above 1, scores so many samples at once. The terms
    then have one value a pack: the point lies between a real and a fake pack, at one coefficient,
    and the norm is that of the gradient to the whole pack. y has a label or row for each sample.

    Args:
        critic: the network to be trained.
        variant: what it is trained for.
        bfloat16: run the network in bfloat16; scores and norms are float32.
        every: the penalty is taken at one update in so many.

    Raises:
        WganError: a critic that the variant would train wrongly, see `check_critic`; in `forward`,
            backward hooks on the critic's modules under a penalty.
    """

    def __init__(
        self, critic: nn.Module, variant: Variant, bfloat16: bool = False, every: int = 1
    ) -> None:
        super().__init__()
        check_critic(critic, variant)
        self.critic = critic
        self.variant = variant
        self.low_precision = bfloat16
        self.every = every
        self.swept = True

    def forward(
        self,
        x_real: Float[Tensor, "n *shape"],
        x_fake: Float[Tensor, "n *shape"],
        u: Float[Tensor, " n"] | None,
        y: Shaped[Tensor, "rows *columns"] | None = None,
    ) -> CriticTerms:
        x_real, x_fake, u = packed(self.critic, x_real, x_fake, u)
        variant = self.variant
        penalty = variant.penalty if u is not None else None
        taken: tuple[Tensor, Tensor] | None = None
        consistency: Tensor | None = None
        if penalty is not None and u is not None and (chain := self._chain(x_real, x_fake)):
            sweep = Sweep(chain, self.low_precision)
            points = penalty.points(x_real, x_fake, u)
            f_real, f_fake, norms = self._swept(sweep, x_real, x_fake, points, y)
            taken = penalty.of_norms(norms)
        else:
            critic = self.critic if y is None else lambda x: self.critic(x, y)
            labels = () if y is None else (torch.cat([y, y]),)
            with _autocast(x_real, self.low_precision):
                x = torch.cat([x_real, x_fake])
                f_real, f_fake = one_a_sample(self.critic(x, *labels), len(x)).chunk(2)
                if variant.consistency is not None:
                    consistency = variant.consistency(self.critic, x_real, y)
                if penalty is not None and u is not None:
                    self._refuse_backward_hooks()
                    taken = penalty(critic, x_real, x_fake, u)
        loss = variant.score.critic(f_real, f_fake)
        estimate = variant.score.estimate(f_real, f_fake)
        if variant.consistency is not None and consistency is not None:
            loss = loss + variant.consistency.weight * consistency
        if penalty is None or taken is None:
            return CriticTerms(loss, estimate, None, None)
        value, norm = taken
        return CriticTerms(loss + self.every * penalty.weight * value, estimate, value, norm)

    def _refuse_backward_hooks(self) -> None:
        """Refuse what `torch.func.grad` would fail on with words about its own inner workings."""
        if not torch.compiler.is_compiling() and has_backward_hooks(self.critic):
            raise WganError(
                "the critic's modules have backward hooks, which the gradient inside a penalty"
                " cannot pass: remove them, or register hooks on its parameters"
            )

    def _chain(self, x_real: Tensor, x_fake: Tensor) -> Chain | None:
        """Return the critic's chain where a sweep may replace differentiating twice.

        It may not beside a consistency term, in a compiler, nor where samples need a gradient.
        """
        if not self.swept or self.variant.consistency or torch.compiler.is_compiling():
            return None
        if x_real.requires_grad or x_fake.requires_grad:
            return None
        chain = chain_of(self.critic)
        if chain and not is_chained(self.critic):
            assert isinstance(self.critic, nn.Sequential)
            if isinstance(self.critic[0], nn.Flatten):
                return chain
            # A linear layer takes samples of any number of axes, along their last one.
            axes = 4 if isinstance(next(layers_of(chain)), nn.Conv2d) else 2
            return chain if x_real.ndim == axes else None
        return chain

    def _swept(
        self,
        sweep: Sweep,
        x_real: Tensor,
        x_fake: Tensor,
        points: Sequence[Tensor],
        y: Tensor | None,
    ) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
        """Return the scores of real and fake samples, and the norms at each kind of points."""
        critic = self.critic
        batches = [x_real, x_fake, *points]
        with torch.autocast(x_real.device.type, enabled=False):
            if is_chained(critic):
                # Conditions are the inputs that do not change with x; no norm counts them.
                first_y = None if y is None else y[: len(y) // len(x_real)]
                ones = critic.inputs(torch.ones_like(x_real[:1]), first_y)
                own = ones - critic.inputs(torch.zeros_like(x_real[:1]), first_y)
                w, b = critic.direction(None if y is None else torch.cat([y] * len(batches)))
                batches = [critic.inputs(x, y) for x in batches]
                f, norms = sweep(batches[:2], batches[2:], w, own)
            else:
                assert isinstance(critic, nn.Sequential)
                last = critic[-2]
                assert isinstance(last, nn.Linear)
                f, norms = sweep(batches[:2], batches[2:], last.weight)
                b = last.bias
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


@runtime_checkable
class HasLikelihood(Protocol):
    """A generator that knows the probability of a sample."""

    def negative_log_likelihood(
        self, x: Tensor, y: Tensor | None = None, dropout: Tensor | None = None
    ) -> Tensor:
        """Return -log p(x | y) in nats, one value a sample.

        Args:
            x: samples `[n, *shape]`.
            y: their conditions; none: there is no condition.
            dropout: share of the hidden units that are dropped; none: they all stay.
        """


class GeneratorLoss(nn.Module):
    """The generator's loss on a batch of noise.

    With a likelihood weight l, the loss is that of the score plus l times the negative
    log-likelihood of real samples, a mean that is added to each value. There may be more of these
    than of z, with labels `y_real`.

    The critic is kept out of the sub-modules: its weights are not trained here.

    Args:
        generator: the network to be trained.
        critic: what scores its samples.
        variant: what it is trained for.
        bfloat16: run both networks in bfloat16; scores are float32.
        likelihood_weight: weight of the negative log-likelihood.
        augment: (samples, changes) -> changed samples, which the critic scores where changes are
            given; it is differentiable in the samples.

    Raises:
        WganError: a weight, and a generator without likelihood.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        variant: Variant,
        bfloat16: bool = False,
        likelihood_weight: float = 0.0,
        augment: Callable[[Tensor, Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        if likelihood_weight and not isinstance(generator, HasLikelihood):
            raise WganError(
                f"objective.likelihood_weight = {likelihood_weight:g}: this generator knows no"
                " likelihood, those of tables do: set it to 0"
            )
        self.likelihood_weight = likelihood_weight
        self.augment = augment
        self.generator = generator
        self.variant = variant
        self.low_precision = bfloat16
        self._critic = (critic,)  # in a tuple, where torch does not look for sub-modules

    def forward(
        self,
        z: Float[Tensor, "n latent"],
        x_real: Float[Tensor, "real *shape"] | None,
        y: Shaped[Tensor, "n *columns"] | None = None,
        y_real: Shaped[Tensor, "real *columns"] | None = None,
        dropout: Float[Tensor, ""] | None = None,
        changes: Float[Tensor, "n k"] | None = None,
    ) -> Float[Tensor, " samples"]:
        (critic,) = self._critic
        n = len(z)
        labels = () if y is None else (y,)
        with _autocast(z, self.low_precision):
            x_fake = self.generator(z, *labels)
            if self.augment is not None and changes is not None:
                x_fake = self.augment(full_precision(x_fake), changes)
            scores = n // getattr(critic, "pack", 1)
            f_fake = one_a_sample(critic(x_fake, *labels), scores)
            f_real = None
            if self.variant.score.generator_needs_real and x_real is not None:
                f_real = one_a_sample(critic(x_real[:n], *labels), scores)
            loss = self.variant.score.generator(f_fake, f_real)
            if not self.likelihood_weight or x_real is None:
                return loss
            assert isinstance(self.generator, HasLikelihood)
            unlikely = full_precision(
                self.generator.negative_log_likelihood(x_real, y_real, dropout)
            )
        return loss + self.likelihood_weight * unlikely.mean()


def _autocast(x: Tensor, enabled: bool) -> torch.autocast:
    """Return a context in which networks run in bfloat16 on the device of x."""
    # Without a cache, no cast of a weight made inside the penalty's gradient is reused outside it.
    return torch.autocast(x.device.type, torch.bfloat16, enabled=enabled, cache_enabled=False)
