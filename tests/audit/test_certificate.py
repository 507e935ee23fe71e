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
from wgan.networks.lipschitz import MeanOfPaths, UnitMean
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
@pytest.mark.parametrize("kind", ["conv", "residual", "bottleneck"])
def test_a_constrained_picture_critic_is_certified_near_one_and_ascent_finds_nothing_above(
    kind, layers, shape
):
    critic = critic_for(NetworkConfig(kind, width=8, depth=1), shape, 0, layers)
    for _ in range(30):
        critic(torch.randn(2, *shape))  # the spectral norm settles
    net = frozen(critic)
    bound = certify(net, shape).lipschitz
    assert 1 - 1e-6 < bound < 1.02
    flat = nn.Sequential(nn.Unflatten(1, shape), net)
    steps, least = (100, 0.01) if kind == "conv" else (20, 1e-4)
    assert least < steepest(flat, int(np.prod(shape)), 16, steps) <= bound * (1 + 1e-9)


def two_paths(first, second):
    """The mean of two linear maps of pictures of one pixel."""
    layers = [nn.Conv2d(*weight.shape[::-1], 1, bias=False).double() for weight in (first, second)]
    with torch.no_grad():
        for layer, weight in zip(layers, (first, second), strict=True):
            layer.weight.copy_(torch.from_numpy(weight)[:, :, None, None])
    return MeanOfPaths(*map(nn.Sequential, layers))


def test_a_mean_of_paths_has_the_mean_of_their_constants_and_reaches_it_where_they_agree():
    first, second = np.random.default_rng(0).normal(size=(2, 4, 3))
    net = nn.Sequential(two_paths(first, second))
    basis = torch.eye(3, dtype=torch.float64).reshape(3, 3, 1, 1)
    assert np.allclose(net(basis).detach().flatten(1).numpy().T, (first + second) / 2)
    bound = certify(net, (3, 1, 1)).lipschitz
    norms = [np.linalg.norm(each, 2) for each in (first, second)]
    assert bound == pytest.approx(sum(norms) / 2, rel=1e-12)
    assert np.linalg.norm((first + second) / 2, 2) < bound
    same = certify(nn.Sequential(two_paths(first, first)), (3, 1, 1)).lipschitz
    assert same == pytest.approx(norms[0], rel=1e-12)
    assert same >= norms[0]
    identity = MeanOfPaths(nn.Sequential(), nn.Sequential())
    assert certify(nn.Sequential(identity), (3, 2, 2)).lipschitz == pytest.approx(1)


def test_paths_to_two_shapes_are_not_certified():
    """One would be repeated along an axis: here over four pixels, which doubles its norm."""
    net = nn.Sequential(MeanOfPaths(nn.Sequential(), nn.Sequential(UnitMean((2, 2), (1, 1)))))
    assert net(torch.ones(1, 1, 2, 2)).shape == (1, 1, 2, 2)
    with pytest.raises(WganError, match=r"layer 0 has paths to shapes \(1, 2, 2\) and \(1, 1, 1\)"):
        certify(net, (1, 2, 2))


@pytest.mark.parametrize(
    ("before", "after"), [((8, 6), (4, 3)), ((7, 7), (3, 3)), ((9, 4), (4, 4)), ((5, 3), (1, 1))]
)
def test_a_unit_mean_has_norm_one_and_another_size_its_own(before, after):
    mean = UnitMean(before, after)
    basis = torch.eye(before[0] * before[1], dtype=torch.float64).reshape(-1, 1, *before)
    norm = np.linalg.norm(mean(basis).flatten(1).numpy(), 2)
    assert norm == pytest.approx(1, abs=1e-12)
    assert norm <= certify(nn.Sequential(mean), (2, *before)).lipschitz < 1 + 1e-10
    with torch.no_grad():
        larger = torch.eye(4 * before[0] * before[1], dtype=torch.float64)
        larger = larger.reshape(-1, 1, 2 * before[0], 2 * before[1])
        norm = np.linalg.norm(mean(larger).flatten(1).numpy(), 2)
    found = certify(nn.Sequential(mean), (1, 2 * before[0], 2 * before[1])).lipschitz
    assert norm <= found < norm * (1 + 1e-10)


def test_an_odd_width_is_refused_where_units_are_sorted_in_pairs():
    for kind, shape in (("mlp", (2,)), ("residual", (1, 8, 8)), ("bottleneck", (1, 8, 8))):
        with pytest.raises(WganError, match=r"even network\.width"):
            critic_for(NetworkConfig(kind, width=5), shape, 0, "orthonormal")


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
