"""Tests of the loss modules: a formula by hand, finite differences, every mode of running them."""

import subprocess
import sys
from itertools import product

import numpy as np
import pytest
import torch
from nets import critic_for, generator_for
from torch import nn

from wgan import WganError
from wgan.networks import NetworkConfig
from wgan.objectives import VARIANTS, CriticLoss, GeneratorLoss

SHAPES = {"vectors": (2,), "pictures": (3, 8, 12)}
TOLERANCE_BFLOAT16 = 0.05
TOLERANCE_COMPILED = 1e-4


PENALISED = [name for name, variant in VARIANTS.items() if variant.penalty]
COMPILED_NAMES = [name for name, variant in VARIANTS.items() if not variant.consistency]


def critic_and_batch(kind, seed=0, n=16, layers="plain"):
    """A critic in evaluation mode: a spectral norm follows its layer in training mode, so no two
    calls would be alike.
    """
    shape = SHAPES[kind]
    critic = critic_for(NetworkConfig(width=16, depth=2), shape, seed, layers).eval()
    g = torch.Generator().manual_seed(seed)
    return critic, (
        torch.randn(n, *shape, generator=g),
        torch.randn(n, *shape, generator=g) + 0.5,
        torch.rand(n, generator=g),
    )


def gradient(loss, critic, batch):
    critic.zero_grad(set_to_none=True)
    loss(*batch).loss.mean().backward()
    return torch.cat([p.grad.flatten() for p in critic.parameters() if p.grad is not None])


def relative(a, b):
    return float((a - b).norm() / b.norm())


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", VARIANTS)
def test_loss_is_score_plus_weighted_penalty_and_the_estimate_leaves_it_out(name, kind):
    critic, batch = critic_and_batch(kind, layers=VARIANTS[name].layers)
    terms = CriticLoss(critic, VARIANTS[name])(*batch)
    f_real, f_fake = critic(batch[0]), critic(batch[1])
    score, penalty = VARIANTS[name].score, VARIANTS[name].penalty
    weight = penalty.weight if penalty else 0.0
    assert torch.allclose(terms.estimate, score.estimate(f_real, f_fake), atol=1e-5)
    penalty_part = weight * terms.penalty if penalty else 0.0
    assert torch.allclose(terms.loss, score.critic(f_real, f_fake) + penalty_part, atol=1e-4)
    assert all(t.shape == (16,) and t.dtype == torch.float32 for t in terms if t is not None)
    assert (terms.penalty is None) == (penalty is None) == (terms.gradient_norm is None)


def textbook_penalty(critic, x_real, x_fake, u):
    """The penalty by `autograd.grad`, as the paper's readers write it."""
    u = u.view(-1, *[1] * (x_real.ndim - 1))
    x = (u * x_real + (1 - u) * x_fake).requires_grad_(True)
    (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (g.flatten(1).norm(dim=1) - 1) ** 2


@pytest.mark.parametrize("kind", SHAPES)
def test_gradient_equals_the_textbooks(kind):
    critic, batch = critic_and_batch(kind)
    ours = gradient(CriticLoss(critic, VARIANTS["wgan-gp"]), critic, batch)
    critic.zero_grad(set_to_none=True)
    (critic(batch[1]) - critic(batch[0]) + 10 * textbook_penalty(critic, *batch)).mean().backward()
    theirs = torch.cat(
        [(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in critic.parameters()]
    )
    assert len(ours) == len(theirs)
    assert relative(ours, theirs) < 1e-5


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", VARIANTS)
def test_gradient_equals_finite_differences_in_float64(name, kind):
    critic, batch = critic_and_batch(kind, n=4, layers=VARIANTS[name].layers)
    loss = CriticLoss(critic.double(), VARIANTS[name])
    batch = tuple(t.double() for t in batch)

    def value():
        return loss(*batch).loss.mean()

    value().backward()
    rng = np.random.default_rng(0)
    for p in critic.parameters():
        direction = torch.from_numpy(rng.normal(size=tuple(p.shape)))
        slope = float((direction * (torch.zeros_like(p) if p.grad is None else p.grad)).sum())
        with torch.no_grad():
            h = 1e-6
            p.add_(h * direction)
            above = float(value())
            p.sub_(2 * h * direction)
            below = float(value())
            p.add_(h * direction)
        assert (above - below) / (2 * h) == pytest.approx(slope, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", PENALISED)
def test_the_penalty_moves_the_critics_weights(name, kind):
    critic, batch = critic_and_batch(kind)
    variant = VARIANTS[name]
    with_penalty = gradient(CriticLoss(critic, variant), critic, batch)
    without = gradient(CriticLoss(critic, variant.adjusted(penalty_weight=0.0)), critic, batch)
    assert relative(without, with_penalty) > 0.05


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", PENALISED)
def test_bfloat16_gives_the_penaltys_gradient_within_tolerance(name, kind):
    critic, batch = critic_and_batch(
        kind, n=512
    )  # many samples: at a kink of ReLU one sample's gradient jumps
    variant = VARIANTS[name]
    plain = gradient(CriticLoss(critic, variant), critic, batch)
    low = CriticLoss(critic, variant, bfloat16=True)
    assert relative(gradient(low, critic, batch), plain) < TOLERANCE_BFLOAT16
    assert low(*batch).gradient_norm.dtype == torch.float32
    assert all(p.grad.dtype == torch.float32 for p in critic.parameters() if p.grad is not None)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", VARIANTS)
def test_batches_may_be_split(name, kind):
    """Halves give the mean of their gradients: nothing in a loss looks across samples."""
    critic, batch = critic_and_batch(kind, layers=VARIANTS[name].layers)
    loss = CriticLoss(critic, VARIANTS[name])
    whole = gradient(loss, critic, batch)
    halves = [
        gradient(loss, critic, tuple(t[part] for t in batch))
        for part in (slice(0, 8), slice(8, 16))
    ]
    assert relative((halves[0] + halves[1]) / 2, whole) < 1e-5


@pytest.mark.parametrize("name", PENALISED)
def test_a_lazy_penalty_has_the_gradient_of_the_plain_one_on_average(name):
    """One update with three times the weight and two without add up to three with it."""
    critic, (x_real, x_fake, u) = critic_and_batch("vectors")
    plain = gradient(CriticLoss(critic, VARIANTS[name]), critic, (x_real, x_fake, u))
    lazy = CriticLoss(critic, VARIANTS[name], every=3)
    taken, rested = (gradient(lazy, critic, (x_real, x_fake, c)) for c in (u, None))
    rested = torch.nn.functional.pad(rested, (0, len(plain) - len(rested)))
    assert relative((taken + 2 * rested) / 3, plain) < 1e-5
    assert lazy(x_real, x_fake, None).penalty is None


@pytest.mark.parametrize("name", [name for name in VARIANTS if not VARIANTS[name].consistency])
def test_a_critic_that_ends_in_a_linear_layer_gives_one_score_a_sample(name):
    """Scores `[n, 1]` beside norms `[n]` would be added in all n x n pairs."""
    variant = VARIANTS[name]
    critic, (x_real, x_fake, u) = critic_and_batch("vectors", layers=variant.layers)
    column = nn.Sequential(critic, nn.Unflatten(0, (-1, 1)))
    terms, others = (CriticLoss(f, variant)(x_real, x_fake, u) for f in (critic, column))
    for term, other in zip(terms, others, strict=True):
        assert (term is None) == (other is None)
        assert term is None or torch.allclose(term, other, rtol=1e-4, atol=1e-6)
    generator = generator_for(NetworkConfig(latent=4), (2,))
    z = torch.randn(16, 4)
    losses = [GeneratorLoss(generator, f, variant)(z, x_real) for f in (critic, column)]
    assert losses[1].shape == (16,)
    assert torch.allclose(*losses)


def test_a_critic_without_one_score_a_sample_is_refused():
    critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    with pytest.raises(WganError, match=r"scores of shape \(32, 3\) for 32 samples"):
        CriticLoss(critic, VARIANTS["wgan-gp"])(
            torch.ones(16, 2), torch.ones(16, 2), torch.ones(16)
        )


def test_the_generators_loss_does_not_own_the_critic():
    config = NetworkConfig(width=8, latent=4)
    generator, critic = generator_for(config, (2,)), critic_for(config, (2,))
    loss = GeneratorLoss(generator, critic, VARIANTS["wgan-gp"])
    assert {id(p) for p in loss.parameters()} == {id(p) for p in generator.parameters()}


COMPILED = """
import sys; sys.path[:0] = {folders}
import torch; torch.set_num_threads(1)
from test_losses import *
for name, kind, low in {cases}:
    torch._dynamo.reset()
    critic, batch = critic_and_batch(kind, layers=VARIANTS[name].layers)
    loss = CriticLoss(critic, VARIANTS[name], bfloat16=low)
    plain = gradient(loss, critic, batch)
    fast = gradient(torch.compile(loss, fullgraph=True, dynamic=False), critic, batch)
    error = relative(fast, plain)
    print(name, kind, low, error)
    assert error < (TOLERANCE_BFLOAT16 if low else TOLERANCE_COMPILED), error
"""


COMPILED_CASES = {
    "every variant on vectors": [(name, "vectors", False) for name in COMPILED_NAMES],
    "pictures": [("wgan-gp", "pictures", False), ("r3gan", "pictures", True)],
}
ALL_CASES = list(product(COMPILED_NAMES, SHAPES, (False, True)))


@pytest.mark.parametrize(
    "cases",
    [*COMPILED_CASES.values(), pytest.param(ALL_CASES, marks=pytest.mark.slow)],
    ids=[*COMPILED_CASES, "all"],
)
def test_compiling_keeps_the_gradient(cases):
    """In a process of its own: shape checks on annotations do not go with compiling."""
    from pathlib import Path

    here = Path(__file__).parent
    folders = [str(here), str(here.parent / "helpers")]
    program = COMPILED.format(folders=folders, cases=cases)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == len(cases)
