"""Series with ends, missing values and static columns: draws, their laws and gradients."""

import numpy as np
import pytest
import torch
from described_series import SMALL, T, described
from short_runs import settled, trained
from torch import nn

from wgan.audit.certificate import certify, frozen
from wgan.base.seeding import derive
from wgan.data import load
from wgan.data.series.windows import Reading
from wgan.models import load_model, save_model
from wgan.networks import build_critic, build_generator, noise_numbers
from wgan.networks.series import series_generator
from wgan.networks.series_planes import SeriesGenerator
from wgan.objectives import VARIANTS


class Constant(nn.Module):
    """A chain that gives the same planes for each sample."""

    def __init__(self, planes):
        super().__init__()
        self.planes = nn.Parameter(planes)

    def forward(self, z):
        return self.planes.expand(len(z), -1, -1).unsqueeze(2)


def of_constant(codec, planes):
    generator = build_generator(SMALL, codec)
    generator.chain = Constant(torch.as_tensor(planes, dtype=torch.float32))
    return generator


def test_whole_series_have_the_network_that_they_had():
    codec = load(np.random.default_rng(0).normal(size=(20, 12, 3)), kind="series").codec
    found = build_generator(SMALL, codec, seed=3)
    assert type(found) is nn.Sequential
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(3, "generator"))
        wanted = series_generator(codec.shape, 5, 8)
    pairs = zip(found.state_dict().values(), wanted.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert noise_numbers(SMALL, codec) == 5


def test_what_is_drawn_is_exact_and_values_are_zero_where_there_are_none():
    codec = described().codec
    generator = build_generator(SMALL, codec)
    assert isinstance(generator, SeriesGenerator)
    x = generator(torch.randn(500, noise_numbers(SMALL, codec)))
    assert x.shape == (500, *codec.shape)
    values, presence, alive, statics = x[:, :, 0].split([2, 1, 1, codec.static_width], dim=1)
    for drawn in (presence, alive):
        assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert (alive[..., 0] == 1).all()
    assert (alive.diff(dim=2) <= 0).all(), "a series ends once"
    assert (values[:, :1][presence == 0] == 0).all()
    assert (values[:, 1:][alive == 0] == 0).all()
    assert (presence <= alive).all()
    assert (statics == statics[..., :1]).all()
    assert (statics[:, :2].sum(dim=1) == 1).all(), "one place a series"
    lengths = codec.lengths(codec.decode(x))
    np.testing.assert_array_equal(lengths, alive.sum(dim=(1, 2)).detach().numpy())


def test_lengths_and_missing_values_have_the_probabilities_of_their_logits():
    codec = described(statics=False).codec
    p = np.array([0.3, 0.05, 0.2, 0.25, 0.1, 0.1])
    planes = np.zeros((4, T))
    planes[2] = np.log(0.9 / 0.1)
    planes[3] = np.log(p) + 7
    n = 20_000
    generator = of_constant(codec, planes)
    with torch.no_grad():
        x = generator(torch.randn(n, noise_numbers(SMALL, codec)))[:, :, 0].numpy()
    lengths = x[:, 3].sum(axis=1).astype(int)
    # Four standard deviations of a share among n.
    np.testing.assert_allclose(np.bincount(lengths, minlength=T + 1)[1:] / n, p, atol=0.0131)
    inside = x[:, 3] == 1
    assert x[:, 2][inside].mean() == pytest.approx(0.9, abs=4 * 0.3 / np.sqrt(inside.sum()))
    # Steps are drawn each by itself.
    first, second = x[inside[:, 1]][:, 2, :2].T
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(inside[:, 1].sum())


def test_the_last_step_of_a_series_has_a_value():
    codec = described(statics=False, all_masked=True).codec
    assert len(codec.masked) == 2
    planes = np.zeros((5, T))
    planes[2:4] = -1.0
    planes[3] = -0.5  # likelier to be there than the first channel
    x = of_constant(codec, planes)(torch.randn(4000, noise_numbers(SMALL, codec)))[:, :, 0]
    presence, alive = x[:, 2:4], x[:, 4]
    last = alive.sum(dim=1).long() - 1
    at_last = presence[torch.arange(len(x)), :, last]
    assert (at_last.sum(dim=1) >= 1).all()
    p, q = torch.sigmoid(torch.tensor([-1.0, -0.5])).tolist()
    assert at_last[:, 0].mean().item() == pytest.approx(p, abs=0.03)
    assert at_last[:, 1].mean().item() == pytest.approx(q + (1 - q) * (1 - p), abs=0.03)
    raw = codec.decode(x.unsqueeze(2))
    assert codec.lengths(raw).tolist() == (last + 1).tolist()


def windows(share):
    """Return windows of a long series of one channel, of which this share is missing."""
    random = np.random.default_rng(0)
    x = random.normal(size=4000)
    x[random.random(4000) < share] = np.nan
    return load(x, kind="series", reading=Reading(window=T))


def test_the_last_step_of_a_window_may_be_without_a_value():
    data = windows(0.3)
    codec = data.codec
    assert np.isnan(data.rows[:][:, -1]).mean() == pytest.approx(0.3, abs=0.03)
    planes = np.stack([np.zeros(T), np.full(T, np.log(0.7 / 0.3))])
    raw = codec.decode(of_constant(codec, planes)(torch.randn(8000, noise_numbers(SMALL, codec))))
    # Four standard deviations of a share of 0.3 among 8,000.
    np.testing.assert_allclose(np.isnan(raw).mean(axis=(0, 2)), np.full(T, 0.3), atol=0.021)


def test_a_window_has_a_value_somewhere():
    codec = windows(0.3).codec
    planes = np.zeros((2, T))
    planes[1] = -3.0
    planes[1, 2] = -2.5  # the likeliest
    x = of_constant(codec, planes)(torch.randn(500, noise_numbers(SMALL, codec)))[:, 1, 0]
    assert (x.sum(dim=1) >= 1).all()
    assert set(x.unique().tolist()) == {0.0, 1.0}
    assert x.mean(dim=0).argmax() == 2


def test_the_gradient_is_that_of_the_probabilities():
    codec = described(statics=False).codec
    planes = torch.zeros(4, T)
    planes[2] = torch.linspace(-1, 1, T)
    planes[3] = torch.linspace(0.5, -0.5, T)
    generator = of_constant(codec, planes)
    n = 8
    generator(torch.randn(n, noise_numbers(SMALL, codec)))[:, 3].sum().div(n).backward()
    # d E(length) / d logit_k = p_k (k - E(length)), with k = 1 .. T.
    p = torch.softmax(planes[3], dim=0)
    k = torch.arange(1, T + 1)
    wanted = p * (k - (p * k).sum())
    torch.testing.assert_close(generator.chain.planes.grad[3], wanted)

    codec = described(statics=False, ends=False).codec
    generator = of_constant(codec, planes[:3])
    generator(torch.randn(n, noise_numbers(SMALL, codec)))[:, 2].sum().div(n).backward()
    q = torch.sigmoid(planes[2])
    torch.testing.assert_close(generator.chain.planes.grad[2], q * (1 - q))


def test_static_columns_begin_at_the_frequencies_of_the_data_and_are_seen_by_the_chain():
    data = described(n=400)
    codec = data.split().dataset.codec
    generator = build_generator(SMALL, codec)
    z = torch.randn(4000, noise_numbers(SMALL, codec))
    place = generator(z)[:, 4, 0, 0].mean().item()
    assert place == pytest.approx(codec.statics.codes[0].frequencies[0], abs=0.05)
    # The same latent, and another place: other values.
    z[1:] = z[:1]
    z[:, -noise_numbers(SMALL, codec) + 5 + T + 1 :] = torch.randn(4000, 3)
    x = generator(z)
    there = x[:, 1, 0, 0]
    assert (there[x[:, 4, 0, 0] == 1].mean() - there[x[:, 4, 0, 0] == 0].mean()).abs() > 1e-3


def test_a_class_stands_before_the_static_columns():
    codec = described().codec
    generator = build_generator(SMALL, codec, classes=3)
    with torch.no_grad():
        generator.described.heads[1].head.weight.mul_(100)
    z = torch.randn(2000, noise_numbers(SMALL, codec))
    shares = [
        generator(z, torch.full((2000,), label))[:, 4, 0, 0].mean().item() for label in range(3)
    ]
    assert max(shares) - min(shares) > 0.1


@pytest.mark.parametrize(
    ("name", "labelled"),
    [*((name, False) for name in VARIANTS), ("wgan-gp", True), ("wgan-ortho", True)],
)
def test_every_variant_trains_on_all_planes(name, labelled):
    data = described()
    settings = [f"objective.variant={name}", "training.steps=2", "optimizer.batch=12"]
    settings += ["training.warmup_critic_steps=0", "network.depth=1"]
    settings += ["optimizer.critic_steps=1", "network.width=8", "network.latent=4"]
    if labelled:
        data = data.with_labels(np.arange(len(data)) % 2)
        settings.append("data.labels=own")
    model = trained(*settled(*settings, data=data)).model
    raw = model.sample(30)
    model.codec.check(raw)
    assert ((model.codec.lengths(raw) >= 1) & (model.codec.lengths(raw) <= T)).all()


def test_a_critic_of_orthonormal_layers_is_certified_on_all_planes():
    codec = described().codec
    critic = build_critic(SMALL, codec, layers="orthonormal")
    assert 0.99 < certify(frozen(critic), codec.shape).lipschitz < 1.0001


def test_a_model_is_read_back(tmp_path):
    config, data = settled("training.steps=1", "network.width=8", data=described())
    model = trained(config, data).model
    save_model(model, tmp_path / "m")
    np.testing.assert_array_equal(load_model(tmp_path / "m").sample(20), model.sample(20))
