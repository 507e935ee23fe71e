"""Tests that a critic which may be another function than its layers say is differentiated twice.

Each compares the loss's gradient with that of the penalty as `torch.autograd.grad` gives it.
"""

from functools import partial

import pytest
import torch
from nets import critic_for
from torch import nn
from torch.nn.modules import module as torch_modules
from torch.nn.utils import prune

from wgan.base.errors import WganError
from wgan.networks import NetworkConfig
from wgan.networks.layers import OneScore
from wgan.networks.packed import PackedCritic
from wgan.objectives import VARIANTS, CriticLoss
from wgan.objectives.chains import chain_of

Y = torch.tensor([0, 1, 1, 0, 1, 0])


def batch_of(shape, n=6, seed=0):
    g = torch.Generator().manual_seed(seed)
    real, fake = (torch.randn(n, *shape, generator=g, dtype=torch.float64) for _ in range(2))
    return real, fake + 0.5, torch.rand(n, generator=g, dtype=torch.float64)


def gradient_of(critic, loss):
    parameters = [p for p in critic.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(loss.mean(), parameters, allow_unused=True)
    zeros = (torch.zeros_like(p) for p in parameters)
    return [z if g is None else g for g, z in zip(gradients, zeros, strict=True)]


def assert_gradient_is_autograds(critic, shape=(2,), y=None):
    """Compare with algorithm 1 of Gulrajani et al. (2017), as `torch.autograd.grad` computes it."""
    critic = critic.double().eval()
    x_real, x_fake, u = batch_of(shape)
    labels = () if y is None else (y,)
    ours = gradient_of(critic, CriticLoss(critic, VARIANTS["wgan-gp"])(x_real, x_fake, u, y).loss)
    points = x_fake + u.view(-1, *[1] * len(shape)) * (x_real - x_fake)
    points.requires_grad_()
    (g,) = torch.autograd.grad(critic(points, *labels).sum(), points, create_graph=True)
    penalty = 10 * (g.flatten(1).norm(dim=1) - 1) ** 2
    theirs = gradient_of(critic, critic(x_fake, *labels) - critic(x_real, *labels) + penalty)
    assert max(float(g.norm()) for g in theirs) > 1e-3
    for mine, other in zip(ours, theirs, strict=True):
        assert float((mine - other).norm()) <= 1e-9 * max(1.0, float(other.norm()))


def chain(*more, width=4, head=None):
    last = nn.Flatten(0) if head is None else head
    return nn.Sequential(nn.Linear(2, width), *more, nn.ReLU(), nn.Linear(width, 1), last)


def changed(how):
    critic = chain()
    how(critic)
    return critic


def reparametrised(how):
    return changed(lambda critic: how(critic[0]))


def hook(critic):
    critic[0].register_forward_hook(lambda module, inputs, output: 2 * output)


def replace_forward(critic):
    plain = critic[0].forward
    critic[0].forward = lambda x: 2 * plain(x) - 1


def replace_whole_forward(critic):
    plain = critic.forward
    critic.forward = lambda x: plain(x) + x.square().sum(1)


class Doubled(nn.Sequential):
    def forward(self, x):
        return 2 * super().forward(x)


class Squashed(nn.Flatten):
    def forward(self, x):
        return 3 * torch.tanh(super().forward(x))


class SquashedScore(OneScore):
    def forward(self, x):
        return 3 * torch.tanh(super().forward(x))


class Shifted(PackedCritic):
    def forward(self, x, y=None):
        return super().forward(x, y) + x.square().sum(1)


class Halved(nn.Linear):
    def forward(self, x):
        return super().forward(x) / 2


OTHERS = {
    "a bounded head": lambda: nn.Sequential(
        nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1), nn.Hardtanh(-10, 10), nn.Flatten(0)
    ),
    "another activation": lambda: nn.Sequential(
        nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0)
    ),
    "an activation that falls": lambda: nn.Sequential(
        nn.Linear(2, 4), nn.LeakyReLU(-0.2), nn.Linear(4, 1), nn.Flatten(0)
    ),
    "no bias in the head": lambda: nn.Sequential(
        nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1, bias=False), nn.Flatten(0)
    ),
    "an axis folded": lambda: nn.Sequential(
        nn.Linear(2, 4), nn.ReLU(), nn.Flatten(0, 0), nn.Linear(4, 1), nn.Flatten(0)
    ),
    "no hidden layer": lambda: nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)),
    "a head derived from Flatten": lambda: chain(head=Squashed(0)),
    "a head derived from ours": lambda: chain(head=SquashedScore()),
    "a hook": lambda: changed(hook),
    "a layer's forward replaced": lambda: changed(replace_forward),
    "the critic's forward replaced": lambda: changed(replace_whole_forward),
    "spectral norm of old": lambda: reparametrised(nn.utils.spectral_norm),
    "weight norm": lambda: reparametrised(nn.utils.parametrizations.weight_norm),
    "pruning": lambda: reparametrised(lambda layer: prune.l1_unstructured(layer, "weight", 2)),
    "a class of its own": lambda: Doubled(*chain()),
    **{
        layers: partial(critic_for, NetworkConfig(width=4), (2,), layers=layers)
        for layers in ("dropout", "orthonormal")
    },
}


@pytest.mark.filterwarnings("ignore:.*weight_norm|.*spectral_norm|.*drops out")
@pytest.mark.parametrize("kind", OTHERS)
def test_critics_of_another_kind_are_differentiated_twice(kind):
    torch.manual_seed(0)
    critic = OTHERS[kind]()
    assert chain_of(critic) is None
    assert_gradient_is_autograds(critic)


def double_linear_outputs(module, inputs, output):
    return 2 * output - 1 if isinstance(module, nn.Linear) else None


def shift_linear_inputs(module, inputs):
    return (2 * inputs[0],) if isinstance(module, nn.Linear) else None


@pytest.mark.parametrize(
    ("register", "hook"),
    [
        (torch_modules.register_module_forward_hook, double_linear_outputs),
        (torch_modules.register_module_forward_pre_hook, shift_linear_inputs),
    ],
    ids=["forward", "before forward"],
)
def test_under_global_forward_hooks_a_critic_is_differentiated_twice(register, hook):
    torch.manual_seed(0)
    critic = chain()
    assert chain_of(critic)
    handle = register(hook)
    try:
        assert chain_of(critic) is None
        assert_gradient_is_autograds(critic)
    finally:
        handle.remove()
    assert chain_of(critic)


BACKWARD_HOOKS = {
    "on a layer": lambda critic: critic[0].register_full_backward_hook(lambda *_: None),
    "before a layer": lambda critic: critic[0].register_full_backward_pre_hook(lambda *_: None),
    "on all": lambda critic: torch_modules.register_module_full_backward_hook(lambda *_: None),
    "before all": lambda _: torch_modules.register_module_full_backward_pre_hook(lambda *_: None),
}


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
@pytest.mark.parametrize("kind", BACKWARD_HOOKS)
def test_backward_hooks_under_a_penalty_are_refused_in_words(kind):
    critic = chain().double()
    loss = CriticLoss(critic, VARIANTS["wgan-gp"])
    x_real, x_fake, u = batch_of((2,))
    handle = BACKWARD_HOOKS[kind](critic)
    try:
        with pytest.raises(WganError, match=r"backward hooks.*remove them"):
            loss(x_real, x_fake, u)
        loss(x_real, x_fake, None).loss.mean().backward()
    finally:
        handle.remove()
    loss(x_real, x_fake, u)


@pytest.mark.parametrize("head", [nn.Flatten(0), OneScore()], ids=["Flatten", "OneScore"])
def test_a_plain_head_is_swept(head):
    torch.manual_seed(0)
    critic = chain(head=head)
    assert chain_of(critic)
    assert_gradient_is_autograds(critic)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 1, 3), (1, 2, 3)])
def test_a_chain_that_begins_by_flattening_is_swept(shape):
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1), nn.Flatten(0))
    assert chain_of(critic)
    assert_gradient_is_autograds(critic, shape)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 4, 3, padding=1, padding_mode="circular"),
        nn.Conv2d(2, 4, 3, dilation=2),
        nn.Conv2d(2, 4, 3, padding="same"),
        nn.Conv2d(2, 4, 3, padding="valid"),
    ],
    ids=["circular", "dilation", "same", "valid"],
)
def test_convolutions_of_another_kind_are_differentiated_twice(layer):
    side = layer(torch.zeros(1, 2, 6, 6)).shape[-1]
    critic = nn.Sequential(layer, nn.ReLU(), nn.Flatten(), nn.Linear(4 * side**2, 1), nn.Flatten(0))
    assert chain_of(critic) is None
    assert_gradient_is_autograds(critic, (2, 6, 6))


class Adding(nn.Module):
    """x + two layers: a sum of paths, as it says."""

    adds_paths = True

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x):
        return self.first(x) + self.second(x)

    def paths(self):
        return self.first, self.second


class AddingMore(Adding):
    """Derived from a sum of paths, and another function."""

    def forward(self, x):
        return 2 * super().forward(x)


def residual_chain(kind=Adding):
    torch.manual_seed(0)
    branch = nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU(0.2), nn.Linear(4, 4, bias=False))
    return chain(kind(nn.Sequential(), branch), nn.Linear(4, 4, bias=False), nn.ReLU(), nn.ReLU())


def grouped():
    torch.manual_seed(0)
    layers = [nn.Conv2d(2, 4, 3, groups=2), nn.ReLU(), nn.Conv2d(4, 4, 4, groups=4, bias=False)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4, 1), nn.Flatten(0))


SWEPT = {
    "an activation first": (lambda: nn.Sequential(nn.ReLU(), *chain()), (2,)),
    "an activation twice": (lambda: chain(nn.ReLU()), (2,)),
    "no bias": (
        lambda: nn.Sequential(
            nn.Linear(2, 4, bias=False), nn.ReLU(), nn.Linear(4, 1), nn.Flatten(0)
        ),
        (2,),
    ),
    "nested": (lambda: nn.Sequential(nn.Sequential(*chain()[:2]), *chain()[2:]), (2,)),
    "a sum of paths": (residual_chain, (2,)),
    "groups": (grouped, (2, 6, 6)),
    **{
        f"{kind}, {'x'.join(map(str, shape))}": (
            partial(critic_for, NetworkConfig(kind=kind, width=4, depth=2), shape),
            shape,
        )
        for kind in ("residual", "bottleneck")
        for shape in ((3, 8, 8), (1, 7, 9), (2, 20, 12))
    },
}


@pytest.mark.parametrize("kind", SWEPT)
def test_chains_of_every_kind_of_link_are_swept(kind):
    build, shape = SWEPT[kind]
    torch.manual_seed(0)
    critic = build()
    if "bottleneck" in kind:  # whose branches begin at zero
        torch.manual_seed(1)
        for p in critic.parameters():
            nn.init.normal_(p, std=0.3)
    assert chain_of(critic)
    assert_gradient_is_autograds(critic, shape)


def test_what_is_derived_from_a_sum_of_paths_is_not_taken_for_it():
    critic = residual_chain(AddingMore)
    assert chain_of(critic) is None
    assert_gradient_is_autograds(critic)


@pytest.mark.parametrize("hidden", ["a path", "a block"])
def test_a_sum_of_paths_that_was_changed_is_differentiated_twice(hidden):
    critic = residual_chain()
    if hidden == "a path":
        critic[1].second[0].register_forward_hook(lambda module, inputs, output: 2 * output)
    else:
        critic[1].register_forward_hook(lambda module, inputs, output: 2 * output)
    assert chain_of(critic) is None
    assert_gradient_is_autograds(critic)


def labelled(condition="concatenation"):
    torch.manual_seed(0)
    return critic_for(NetworkConfig(width=4, condition=condition), (2,), classes=2)


def test_what_is_derived_from_a_critic_with_labels_is_not_taken_for_it():
    critic = labelled()
    assert chain_of(critic)
    critic.__class__ = Shifted
    assert chain_of(critic) is None
    assert_gradient_is_autograds(critic, y=Y)


def derive_features(critic):
    critic.features = Doubled(*critic.features)


def derive_last_layer(critic):
    last = critic.head[0]
    critic.head[0] = Halved(last.in_features, 1)


def derive_head(critic):
    critic.head[1] = Squashed(0)


def replace_inputs(critic):
    plain = critic.inputs
    critic.inputs = lambda x, y: plain(x, y) * 2


def replace_hidden(critic):
    plain = critic.hidden
    critic.hidden = lambda x, y: plain(x, y) * 2


@pytest.mark.parametrize(
    "change", [derive_features, derive_last_layer, derive_head, replace_inputs, replace_hidden]
)
def test_a_critic_with_labels_that_was_changed_is_differentiated_twice(change):
    critic = labelled()
    change(critic)
    assert chain_of(critic) is None
    assert_gradient_is_autograds(critic, y=Y)


@pytest.mark.parametrize("condition", ["concatenation", "projection"])
def test_a_critic_with_labels_is_swept(condition):
    critic = labelled(condition)
    if condition == "projection":
        nn.init.normal_(critic.by_class.weight)
    assert chain_of(critic)
    assert_gradient_is_autograds(critic, y=Y)
