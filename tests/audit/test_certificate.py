"""Tests of certified Lipschitz bounds, and of what is refused a certificate."""

import numpy as np
import pytest
import torch
from nets import critic_for
from torch import nn
from torch.nn.modules import module as torch_modules

from wgan.audit import certificate
from wgan.audit.certificate import certify, conv_norm, frozen, spectral_norm
from wgan.base.errors import WganError
from wgan.networks import NetworkConfig
from wgan.networks.layers import MaxMin, OneScore
from wgan.networks.vectors import mlp


def network(seed=0, width=16):
    torch.manual_seed(seed)
    return frozen(nn.Sequential(*mlp(5, 1, width, 2), OneScore()))


def steepest(net, d, starts=64, steps=200):
    """The largest gradient norm that ascent over inputs finds: a lower bound on the Lipschitz
    constant.
    """
    x = torch.randn(starts, d, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.1)
    best = 0.0
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
        norms = gradient.norm(dim=1)
        best = max(best, float(norms.detach().max()))
        optimizer.zero_grad()
        (-norms.sum() + 0 * x.sum()).backward()
        optimizer.step()
    return best


def test_a_linear_network_has_its_largest_singular_value_rounded_up():
    weight = np.random.default_rng(0).normal(size=(7, 4))
    exact = np.linalg.svd(weight)[1][0]
    assert exact < spectral_norm(weight) < exact * (1 + 1e-12)
    net = nn.Sequential(nn.Linear(4, 7)).double()
    with torch.no_grad():
        net[0].weight.copy_(torch.from_numpy(weight))
    assert certify(net, (4,)).lipschitz == pytest.approx(exact, rel=1e-12)
    assert certify(net, (4,)).layers == (("0", spectral_norm(weight)),)


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_the_product_of_layers_and_ascent_finds_nothing_above_it(seed):
    net = network(seed)
    product = np.prod(
        [np.linalg.norm(layer.weight.numpy(), 2) for layer in net if isinstance(layer, nn.Linear)]
    )
    bound = certify(net, (5,)).lipschitz
    assert bound == pytest.approx(product, rel=1e-10)
    assert steepest(net, 5) <= bound


def test_an_orthonormal_critic_is_one_lipschitz_and_uses_it():
    torch.manual_seed(0)
    net = frozen(critic_for(NetworkConfig("mlp", 16, 2), (5,), layers="orthonormal"))
    bound = certify(net, (5,)).lipschitz
    assert abs(bound - 1) < 1e-5
    assert 0.5 < steepest(net, 5) <= bound


def test_weights_changed_after_training_are_caught():
    torch.manual_seed(0)
    net = frozen(critic_for(NetworkConfig("mlp", 16, 2), (5,), layers="orthonormal"))
    with torch.no_grad():
        net[2].weight.mul_(1.5)
    certificate = certify(net, (5,))
    assert certificate.lipschitz == pytest.approx(1.5, rel=1e-5)
    assert dict(certificate.layers)["2"] == pytest.approx(1.5, rel=1e-5)


def test_a_steep_activation_counts():
    assert certify(nn.Sequential(nn.LeakyReLU(3.0)), (4,)).lipschitz == pytest.approx(3)
    assert certify(
        nn.Sequential(nn.LeakyReLU(0.2), nn.ReLU(), nn.Tanh(), MaxMin(), nn.Flatten()), (4,)
    ).lipschitz == pytest.approx(1)


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def hooked():
    net = nn.Sequential(nn.Linear(2, 2))
    net[0].register_forward_hook(lambda module, inputs, output: 2 * output)
    return net


def replaced():
    net = nn.Sequential(nn.ReLU(), nn.Linear(2, 2))
    net[0].forward = lambda x: 100 * x
    return net


def infinite():
    net = nn.Sequential(nn.Linear(2, 2))
    net[0].weight.data[0, 0] = float("inf")
    return net


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "layer 1 is a BatchNorm1d"),
        (lambda: nn.Sequential(nn.Conv1d(1, 1, 1)), "layer 0 is a Conv1d"),
        (lambda: nn.Sequential(nn.Sequential(Doubled(2, 2))), "layer 0.0 is a Doubled"),
        (
            lambda: critic_for(NetworkConfig("mlp", 4, 1), (2,), layers="orthonormal"),
            "layer 0 is a ParametrizedLinear",
        ),
        (lambda: nn.LSTM(2, 2), "the network.*LSTM"),
        (hooked, "layer 0 has a forward hook"),
        (replaced, "layer 0 has a forward hook or a replaced method"),
        (infinite, "layer 0 holds NaN or infinite"),
    ],
)
def test_what_is_not_known_is_not_certified(net, message):
    with pytest.raises(WganError, match=message):
        certify(net(), (2,))


CONVOLUTIONS = [
    (nn.Conv2d(2, 3, 3, padding=1), (2, 6, 5)),
    (nn.Conv2d(3, 4, 4, stride=2, padding=1), (3, 8, 6)),
    (nn.Conv2d(3, 4, (4, 3), stride=(2, 1), padding=1), (3, 9, 4)),
    (nn.Conv2d(1, 2, 5, stride=3, padding=0), (1, 11, 14)),
    (nn.Conv2d(2, 2, 1), (2, 4, 4)),
    (nn.Conv2d(2, 3, (4, 3), padding="same"), (2, 7, 5)),
    (nn.Conv2d(2, 3, (2, 5), padding="same"), (2, 6, 6)),
    (nn.Conv2d(2, 3, 3, stride=2, padding="valid"), (2, 8, 7)),
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(("layer", "shape"), CONVOLUTIONS, ids=lambda value: str(value)[:60])
def test_a_convolutions_bound_is_its_matrixs_norm_and_on_large_pictures_just_above(
    layer, shape, monkeypatch
):
    x = torch.eye(int(np.prod(shape)), dtype=torch.float64).reshape(-1, *shape)
    layer = layer.double()
    with torch.no_grad():
        matrix = (
            nn.functional.conv2d(x, layer.weight, None, layer.stride, layer.padding)
            .flatten(1)
            .numpy()
        )
    exact = np.linalg.svd(matrix, compute_uv=False)[0]
    assert conv_norm(layer, shape) == pytest.approx(exact, rel=1e-10)
    assert conv_norm(layer, shape) >= exact
    assert certify(nn.Sequential(layer), shape).lipschitz >= exact
    monkeypatch.setattr(certificate, "DENSE", 0)
    circular = conv_norm(layer, shape)
    assert exact <= circular <= 1.3 * exact


def test_the_reshaped_kernels_norm_is_no_bound():
    """What many libraries divide by: a kernel of ones has reshaped norm 3 and operator norm
    near 9.
    """
    layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    reshaped = np.linalg.norm(layer.weight.detach().numpy().reshape(1, -1), 2)
    assert reshaped == pytest.approx(3)
    assert conv_norm(layer, (1, 16, 16)) > 8.5


PICTURES = [(1, 8, 8), (3, 12, 7)]


@pytest.mark.parametrize("shape", PICTURES, ids=str)
@pytest.mark.parametrize("layers", ["spectral", "spectral-sorting", "orthonormal"])
def test_a_constrained_picture_critic_is_certified_near_one_and_ascent_finds_nothing_above(
    layers, shape
):
    critic = critic_for(NetworkConfig("conv", width=8), shape, 0, layers)
    for _ in range(30):
        critic(torch.randn(2, *shape))  # the spectral norm settles
    net = frozen(critic)
    bound = certify(net, shape).lipschitz
    assert 1 - 1e-6 < bound < 1.02
    flat = nn.Sequential(nn.Unflatten(1, shape), net)
    assert 0.01 < steepest(flat, int(np.prod(shape)), starts=16, steps=100) <= bound * (1 + 1e-9)


def test_a_residual_critic_is_refused_a_constraint_in_words():
    with pytest.raises(WganError, match=r"ResidualBlock.*use network.kind mlp or conv"):
        critic_for(NetworkConfig("residual", width=4), (1, 8, 8), 0, "orthonormal")
    with pytest.raises(WganError, match=r"even network\.width"):
        critic_for(NetworkConfig("mlp", width=5), (2,), 0, "orthonormal")


def test_a_layer_used_twice_counts_twice_and_a_replaced_forward_is_refused():
    layer = nn.Linear(3, 3).double()
    twice = certify(nn.Sequential(layer, layer), (3,)).lipschitz
    assert twice == pytest.approx(np.linalg.norm(layer.weight.detach().numpy(), 2) ** 2)
    layer.forward = lambda x: 100 * x
    with pytest.raises(WganError, match="layer 0 has a forward hook"):
        certify(nn.Sequential(layer), (3,))


@pytest.mark.parametrize(
    "register",
    [
        torch_modules.register_module_forward_hook,
        torch_modules.register_module_forward_pre_hook,
        torch_modules.register_module_full_backward_hook,
        torch_modules.register_module_full_backward_pre_hook,
    ],
    ids=lambda register: register.__name__,
)
def test_global_hooks_are_refused(register):
    net = network()
    handle = register(lambda *_: None)
    try:
        with pytest.raises(WganError, match=r"global module hooks.*remove them"):
            certify(net, (5,))
    finally:
        handle.remove()
    assert certify(net, (5,)).lipschitz > 0


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 2, 3, padding="same", padding_mode="circular"),
        nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(2, 2, 3, dilation=2),
        nn.Conv2d(2, 2, 3, groups=2),
    ],
    ids=["same and circular", "reflect", "dilation", "groups"],
)
@pytest.mark.parametrize("dense", [0, 1024])
def test_convolutions_whose_norm_is_not_known_are_refused(layer, dense, monkeypatch):
    monkeypatch.setattr(certificate, "DENSE", dense)
    with pytest.raises(WganError, match=r"groups, dilation or a padding other than zeros"):
        conv_norm(layer, (2, 8, 8))
    with pytest.raises(WganError, match=r"layer 0 .*nothing is certified"):
        certify(nn.Sequential(layer), (2, 8, 8))


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (nn.Sequential(nn.Linear(4, 2)), (3,)),
        (nn.Sequential(nn.Conv2d(2, 2, 3)), (8,)),
        (nn.Sequential(nn.Conv2d(2, 2, 3)), (1, 8, 8)),
        (nn.Sequential(nn.Conv2d(2, 2, 3, padding="valid")), (2, 2, 8)),
        (nn.Sequential(MaxMin()), (3,)),
    ],
    ids=["width", "axes", "channels", "too small", "odd units"],
)
def test_a_shape_that_the_network_does_not_take_is_named(net, shape):
    with pytest.raises(WganError, match=r"layer 0 \(\w+\) does not take samples of shape"):
        certify(net, shape)
