import numpy as np
import pytest
import torch
from torch import nn

from wgan.audit.certificate import certify, frozen, spectral_norm
from wgan.errors import WganError
from wgan.networks.layers import MaxMin, Score
from wgan.networks.vectors import mlp, orthonormal_critic


def network(seed=0, width=16):
    torch.manual_seed(seed)
    return frozen(nn.Sequential(*mlp(5, 1, width, 2), Score()))


def steepest(net, d, starts=64, steps=200):
    """The largest gradient norm that ascent over inputs finds: a lower bound on the Lipschitz constant."""
    x = torch.randn(starts, d, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([x], lr=0.1)
    best = 0.0
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
        norms = gradient.norm(dim=1)
        best = max(best, float(norms.detach().max()))
        optimiser.zero_grad()
        (-norms.sum() + 0 * x.sum()).backward()
        optimiser.step()
    return best


def test_a_linear_network_has_its_largest_singular_value_rounded_up():
    weight = np.random.default_rng(0).normal(size=(7, 4))
    exact = np.linalg.svd(weight)[1][0]
    assert exact < spectral_norm(weight) < exact * (1 + 1e-12)
    net = nn.Sequential(nn.Linear(4, 7)).double()
    with torch.no_grad():
        net[0].weight.copy_(torch.from_numpy(weight))
    assert certify(net).lipschitz == pytest.approx(exact, rel=1e-12)
    assert certify(net).layers == (("0", spectral_norm(weight)),)


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_the_product_of_layers_and_ascent_finds_nothing_above_it(seed):
    net = network(seed)
    product = np.prod([np.linalg.norm(layer.weight.numpy(), 2) for layer in net if isinstance(layer, nn.Linear)])
    bound = certify(net).lipschitz
    assert bound == pytest.approx(product, rel=1e-10)
    assert steepest(net, 5) <= bound


def test_an_orthonormal_critic_is_one_lipschitz_and_uses_it():
    torch.manual_seed(0)
    net = frozen(orthonormal_critic(5, 16, 2))
    bound = certify(net).lipschitz
    assert abs(bound - 1) < 1e-5
    assert 0.5 < steepest(net, 5) <= bound


def test_weights_changed_after_training_are_caught():
    torch.manual_seed(0)
    net = frozen(orthonormal_critic(5, 16, 2))
    with torch.no_grad():
        net[2].weight.mul_(1.5)
    certificate = certify(net)
    assert certificate.lipschitz == pytest.approx(1.5, rel=1e-5)
    assert dict(certificate.layers)["2"] == pytest.approx(1.5, rel=1e-5)


def test_a_steep_activation_counts():
    assert certify(nn.Sequential(nn.LeakyReLU(3.0))).lipschitz == pytest.approx(3)
    assert certify(nn.Sequential(nn.LeakyReLU(0.2), nn.ReLU(), nn.Tanh(), MaxMin(), nn.Flatten())).lipschitz == pytest.approx(1)


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def hooked():
    net = nn.Sequential(nn.Linear(2, 2))
    net[0].register_forward_hook(lambda module, inputs, output: 2 * output)
    return net


def infinite():
    net = nn.Sequential(nn.Linear(2, 2))
    net[0].weight.data[0, 0] = float("inf")
    return net


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "layer 1 is a BatchNorm1d"),
        (lambda: nn.Sequential(nn.Conv2d(1, 1, 3)), "layer 0 is a Conv2d"),
        (lambda: nn.Sequential(nn.Sequential(Doubled(2, 2))), "layer 0.0 is a Doubled"),
        (lambda: orthonormal_critic(2, 4, 1), "layer 0 is a ParametrizedLinear"),
        (lambda: nn.LSTM(2, 2), "the network.*LSTM"),
        (hooked, "layer 0 has a forward hook"),
        (infinite, "layer 0 holds NaN or infinite"),
    ],
)
def test_what_is_not_known_is_not_certified(net, message):
    with pytest.raises(WganError, match=message):
        certify(net())


def test_a_layer_used_twice_counts_twice_and_a_replaced_forward_is_refused():
    layer = nn.Linear(3, 3).double()
    twice = certify(nn.Sequential(layer, layer)).lipschitz
    assert twice == pytest.approx(np.linalg.norm(layer.weight.detach().numpy(), 2) ** 2)
    layer.forward = lambda x: 100 * x
    with pytest.raises(WganError, match="layer 0 has a forward hook"):
        certify(nn.Sequential(layer))
