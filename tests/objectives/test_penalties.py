"""Tests of penalties and of the consistency term against their formulas in NumPy.

Faults that a gradient penalty has had elsewhere are in test_penalty_museum.py.
"""

import numpy as np
import pytest
import torch
from nets import critic_for

from wgan.networks import NetworkConfig
from wgan.networks.packed import PackedCritic
from wgan.objectives import VARIANTS
from wgan.objectives.penalties import full_precision

PENALISED = [name for name, variant in VARIANTS.items() if variant.penalty]

# The penalty's formula of each variant, in NumPy, of the norms between, at real and at fake samples
PENALTIES = {
    "wgan-gp": lambda b, r, f: (b - 1) ** 2,
    "wgan-ct": lambda b, r, f: (b - 1) ** 2,
    "wgan-lp": lambda b, r, f: np.maximum(0, b - 1) ** 2,
    "wgan-div": lambda b, r, f: b**6,
    "gan-r1": lambda b, r, f: r**2,
    "wgan-r1": lambda b, r, f: r**2,
    "r3gan": lambda b, r, f: r**2 + f**2,
}


@pytest.mark.parametrize("name", PENALISED)
def test_a_penalty_equals_its_formula_in_numpy(name):
    """Critic x'Ax / 2 with symmetric A, whose gradient is Ax."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(6, 6))
    a = a + a.T
    real, fake, u = rng.normal(size=(32, 6)) / 6, rng.normal(size=(32, 6)) / 6, rng.random(32)
    between = fake + u[:, None] * (real - fake)
    expected = PENALTIES[name](*(np.linalg.norm(x @ a, axis=1) for x in (between, real, fake)))
    matrix = torch.from_numpy(a)
    value, _ = VARIANTS[name].penalty(
        lambda x: ((x @ matrix) * x).sum(1) / 2, *(torch.from_numpy(t) for t in (real, fake, u))
    )
    assert np.allclose(value.numpy(), expected)


@pytest.mark.parametrize("name", PENALISED)
def test_a_penalty_of_given_norms_is_the_penalty(name):
    """What a sweep hands over: norms at each kind of points, whose mean is reported."""
    penalty = VARIANTS[name].penalty
    g = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 8, 3, generator=g, dtype=torch.float64)
    u = torch.rand(8, generator=g, dtype=torch.float64)
    value, norm = penalty(lambda x: x.square().sum(1) / 2, real, fake, u)
    norms = [x.norm(dim=1) for x in penalty.points(real, fake, u)]
    assert torch.allclose(value, penalty.of_norms(norms)[0])
    assert torch.allclose(norm, torch.stack(norms).mean(0))
    assert torch.allclose(value, sum(penalty.shape(n) for n in norms))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
    ids=str,
)
def test_numbers_of_half_precision_become_float32_and_others_stay(dtype, expected):
    x = torch.tensor([0.5, -2.0], dtype=dtype)
    assert full_precision(x).dtype == expected
    assert torch.equal(full_precision(x).to(dtype), x)
    assert (full_precision(x) is x) == (dtype == expected)


def test_consistency_is_its_formula_over_two_passes_with_dropout():
    """Wei et al. (2018), equation 4, written out; without dropout nothing is left of it."""
    variant = VARIANTS["wgan-ct"]
    critic = critic_for(NetworkConfig(width=16, depth=2), (2,), 0, "dropout").eval()
    x = torch.randn(16, 2, generator=torch.Generator().manual_seed(0))
    assert [m.p for m in critic if isinstance(m, torch.nn.Dropout)] == [0.5, 0.5]
    assert float(variant.consistency(critic, x).detach().abs().max()) == 0
    critic.train()
    torch.manual_seed(0)
    ours = variant.consistency(critic, x).detach().double().numpy()
    torch.manual_seed(0)
    h = [critic[:-2](x) for _ in range(2)]
    f = [critic[-2:](part).detach().double().numpy() for part in h]
    h = [part.detach().double().numpy() for part in h]
    assert np.allclose(
        ours, np.maximum(0, (f[0] - f[1]) ** 2 + 0.1 * ((h[0] - h[1]) ** 2).mean(1)), rtol=1e-5
    )
    assert ours.max() > 0


def test_consistency_with_labels_compares_the_critics_own_hidden_layer():
    variant = VARIANTS["wgan-ct"]
    torch.manual_seed(0)
    critic = critic_for(
        NetworkConfig(width=16, depth=2, condition="concatenation"), (2,), 0, "dropout", classes=3
    )
    assert isinstance(critic, PackedCritic)
    x, y = torch.randn(12, 2), torch.arange(12) % 3
    torch.manual_seed(1)
    ours = variant.consistency(critic, x, y)
    torch.manual_seed(1)
    h = [critic.hidden(x, y) for _ in range(2)]
    apart = (critic.score(h[0], y) - critic.score(h[1], y)) ** 2
    expected = (apart + 0.1 * ((h[0] - h[1]) ** 2).mean(1)).clamp_min(0)
    assert torch.allclose(ours, expected)
    assert float(ours.detach().max()) > 0
