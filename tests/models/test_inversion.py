"""Inversion: the nearest sample by a closed form, what it is compared with, and what is refused."""

import numpy as np
import pytest
from linear_models import CODEC, DATA, WIDTH, latents_of, linear

from wgan.base.errors import WganError
from wgan.data import load
from wgan.models import Model, compare, invert, truncated
from wgan.models.inversion import plausible_lengths
from wgan.networks import NetworkConfig, build_generator


def test_with_a_linear_generator_the_nearest_latent_of_plausible_length_is_found():
    """G(z) = z: z = r x / |x|, r the length of x or the nearest plausible one."""
    given = (DATA[:5] - 3) * np.array([0.05, 0.5, 1, 2, 5], np.float32)[:, None] + 3
    found = invert(linear(), given, steps=600)
    x = latents_of(given)
    length = np.linalg.norm(x, axis=1)
    low, high = plausible_lengths(WIDTH)
    assert length.min() < low < high < length.max()
    r = length.clip(low, high)
    assert np.allclose(found.latents, x * (r / length)[:, None], atol=2e-3)
    measured = CODEC.measure(given) - CODEC.measure(found.raw)
    assert np.allclose(found.distance, np.sqrt((measured**2).mean(axis=1)))


def test_lengths_are_those_of_drawn_latents():
    lengths = np.linalg.norm(np.random.default_rng(0).normal(size=(20_000, 12)), axis=1)
    low, high = plausible_lengths(12)
    assert (lengths < low).mean() == pytest.approx(0.025, abs=0.005)
    assert (lengths > high).mean() == pytest.approx(0.025, abs=0.005)


def test_the_class_is_found_or_given():
    model = linear(classes=3)
    given = model.sample(6, seed=9, labels=np.array([0, 1, 2, 0, 1, 2]))
    found = invert(model, given, steps=100)
    assert found.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert found.distance.max() < 0.3
    other = invert(model, given[:1], label=1, steps=100)
    assert other.labels.tolist() == [1]
    assert other.distance[0] > 3 * found.distance[0]


def test_it_is_a_function_of_the_seed_and_not_of_truncation():
    model = linear()
    a, b, c = (invert(m, DATA[:2], 5, steps=20) for m in (model, model, truncated(model, 0.2)))
    assert np.array_equal(a.latents, b.latents)
    assert np.array_equal(a.latents, c.latents)
    assert not np.array_equal(a.latents, invert(model, DATA[:2], 6, steps=20).latents)


def test_a_pictures_own_latent_is_approached():
    network = NetworkConfig(kind="residual", width=4, latent=6)
    codec = load("digits").codec
    model = Model(build_generator(network, codec).eval(), None, codec, network, "wgan-gp")
    given = model.sample(3, seed=1)
    drawn = codec.measure(model.sample(1024, seed=2))
    nearest = [np.sqrt(((drawn - x) ** 2).mean(axis=1)).min() for x in codec.measure(given)]
    assert (invert(model, given, steps=100).distance < 0.5 * np.array(nearest)).all()


def test_training_samples_are_their_own_nearest_ones():
    split = load(DATA).split()
    given = split.train_sample(0, 3)
    beside = compare(linear(), given, split)
    assert np.array_equal(beside.train, given)
    assert beside.train_distance.max() == 0
    assert beside.n_held_out == 16
    real, train = split.held_out_sample(0, 16), split.train_sample(0, split.n_train)
    a, b = CODEC.measure(real), CODEC.measure(train)
    nearest = np.sqrt(((a[:, None] - b[None]) ** 2).mean(axis=2)).min(axis=1)
    assert beside.held_out_train.value == pytest.approx(nearest.mean())
    assert beside.held_out.value == pytest.approx(invert(linear(), real).distance.mean())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"starts": 0}, "starts = 0"),
        ({"starts": 2000}, "give 1 to 1024"),
        ({"steps": 0}, "steps = 0"),
    ],
)
def test_searches_out_of_range_are_refused(more, words):
    with pytest.raises(WganError, match=words):
        invert(linear(), DATA[:1], **more)


def test_samples_of_another_shape_are_refused():
    with pytest.raises(WganError, match="give the same"):
        invert(linear(), DATA[:1, :2])
