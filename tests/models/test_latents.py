"""Latents: shrunk, on arcs, on grids and along loops. Most generators here are linear, so that
samples tell their latents.
"""

import numpy as np
import pytest
from kinds_of_data import example
from linear_models import WIDTH, latents_of, linear

from wgan.base.errors import WganError
from wgan.data import load
from wgan.models import Model, grid, loop, save_model, slerp, truncated
from wgan.models.latents import prior_latents
from wgan.networks import NetworkConfig, build_generator


@pytest.fixture(scope="module")
def pictures():
    network = NetworkConfig(kind="residual", width=4, latent=6)
    codec = load("digits").codec
    generator = build_generator(network, codec, classes=3).eval()
    return Model(generator, None, codec, network, "wgan-gp", ("a", "b", "c"), (0.2, 0.3, 0.5))


def test_an_arc_has_its_ends_one_length_and_constant_speed():
    a, b = np.random.default_rng(0).normal(size=(2, 9))
    a, b = 3 * a / np.linalg.norm(a), 3 * b / np.linalg.norm(b)
    points = slerp(a[None], b[None], np.linspace(0, 1, 7))
    assert np.allclose(points[[0, -1]], [a, b])
    assert np.allclose(np.linalg.norm(points, axis=1), 3)
    angles = np.arccos((points[1:] * points[:-1]).sum(axis=1) / 9)
    assert np.allclose(angles, np.arccos(a @ b / 9) / 6)


def test_an_arc_between_vectors_of_other_lengths_is_by_the_angle_between_them():
    """cos w = 1/2: at t = 1/2 both weights are sin(w / 2) / sin w = 1 / sqrt(3)."""
    a, b = np.array([2.0, 0.0]), 6 * np.array([0.5, np.sqrt(3) / 2])
    assert np.allclose(slerp(a, b, 0.5), (a + b) / np.sqrt(3))


@pytest.mark.parametrize("b", [[2.0, 4.0], [-1.0, -2.0], [0.0, 0.0]])
def test_where_no_arc_is_determined_it_is_a_line(b):
    a, b = np.array([1.0, 2.0]), np.array(b)
    assert np.allclose(slerp(a, b, 0.25), 0.75 * a + 0.25 * b)


def test_points_on_arcs_between_latents_are_as_long_as_latents():
    """On the straight line they are shorter by sqrt(1/2)."""
    a, b = np.random.default_rng(0).normal(size=(2, 500, 128))
    assert np.linalg.norm(slerp(a, b, 0.5), axis=1).mean() == pytest.approx(128**0.5, rel=0.02)
    assert np.linalg.norm((a + b) / 2, axis=1).mean() == pytest.approx(64**0.5, rel=0.02)


def test_truncation_multiplies_the_latents_that_are_drawn():
    model = linear()
    z = latents_of(model.sample(300, seed=4))
    assert np.allclose(z, prior_latents(model, 300, 4), atol=1e-5)
    shrunk = truncated(model, 0.3)
    assert np.allclose(latents_of(shrunk.sample(300, seed=4)), 0.3 * z, atol=1e-5)
    assert np.array_equal(truncated(model, 1.0).sample(9), model.sample(9))
    assert np.ptp(truncated(model, 0.0).sample(9), axis=0).max() == 0
    other = latents_of(shrunk.sampler(0, "x")(50, 0))
    assert np.allclose(other, 0.3 * latents_of(model.sampler(0, "x")(50, 0)), atol=1e-5)


def test_a_grid_lies_between_the_first_four_samples():
    model = linear()
    z = latents_of(grid(model, 5, seed=2)).reshape(5, 5, WIDTH)
    a, b, c, d = latents_of(model.sample(4, seed=2))
    assert np.allclose([z[0, 0], z[0, 4], z[4, 0], z[4, 4]], [a, b, c, d], atol=1e-5)
    upper, lower = slerp(a, b, 0.25), slerp(c, d, 0.25)
    assert np.allclose(z[0, 1], upper, atol=1e-5)
    assert np.allclose(z[3, 1], slerp(upper, lower, 0.75), atol=1e-5)
    half = latents_of(grid(truncated(model, 0.5), 5, seed=2)).reshape(5, 5, WIDTH)
    assert np.allclose(half[3, 1], z[3, 1] / 2, atol=1e-5)


def test_a_loop_passes_through_the_first_samples_and_closes():
    model = linear()
    z = latents_of(loop(model, 3, 12, seed=2))
    keys = latents_of(model.sample(3, seed=2))
    assert np.allclose(z[::4], keys, atol=1e-5)
    assert np.allclose(z[11], slerp(keys[2], keys[0], 0.75), atol=1e-5)
    uneven = latents_of(loop(model, 3, 10, seed=2))
    assert np.allclose(uneven[4], slerp(keys[1], keys[2], 0.2), atol=1e-5)
    assert np.array_equal(loop(model, 3, 12, seed=2), loop(model, 3, 12, seed=2))


def test_a_loop_walks_through_classes_and_a_label_keeps_one():
    model = linear(classes=3)
    z = latents_of(loop(model, 4, 8, seed=1))
    keys = prior_latents(model, 4, 1)
    shares = np.zeros((8, WIDTH))
    shares[:, :3] = np.array(
        [[2, 0, 0], [1, 1, 0], [0, 2, 0], [0, 1, 1], [0, 0, 2], [1, 0, 1], [2, 0, 0], [2, 0, 0]]
    )
    assert np.allclose(z - 5 * shares, loop_latents(keys, 8), atol=1e-5)
    z = latents_of(loop(model, 4, 8, seed=1, label=1))
    assert np.allclose(z - 10 * np.eye(WIDTH)[1], loop_latents(keys, 8), atol=1e-5)


def loop_latents(keys, n):
    """Two samples a leg."""
    after = np.roll(keys, -1, axis=0)
    return np.stack([keys, slerp(keys, after, np.full(len(keys), 0.5))], axis=1).reshape(n, -1)


def test_a_grid_blends_the_classes_of_its_corners():
    model = linear(classes=3)
    labels = model.draw_labels(4, 5)
    z = latents_of(grid(model, 3, seed=5))
    centre = np.eye(WIDTH)[labels].mean(axis=0)
    a, b, c, d = prior_latents(model, 4, 5)
    middle = slerp(slerp(a, b, 0.5), slerp(c, d, 0.5), 0.5)
    assert np.allclose(z[4] - 10 * centre, middle, atol=1e-5)
    z = latents_of(grid(model, 3, seed=5, label=2))
    assert np.allclose(z[4] - 10 * np.eye(WIDTH)[2], middle, atol=1e-5)


def test_a_conditional_generator_of_the_package_blends_classes(pictures):
    """At the latents a loop makes what a sample of that class is."""
    raw = loop(pictures, 3, 6, seed=1)
    assert np.array_equal(raw[::2], pictures.sample(3, 1, labels=np.arange(3)))
    whole = np.eye(3)[[0, 1, 2]]
    assert np.array_equal(
        pictures.sample(3, 1, labels=whole), pictures.sample(3, 1, labels=np.arange(3))
    )


@pytest.mark.parametrize(
    "shares",
    [
        np.full((2, 3), 0.5),
        np.array([[2.0, -1.0, 0.0]] * 2),
        np.full((2, 3), np.nan),
        np.full((2, 2), 0.5),
        np.eye(3, dtype=np.int64)[:2],
    ],
)
def test_shares_of_classes_are_checked(pictures, shares):
    with pytest.raises(WganError, match="shares of 3 classes for 2 samples"):
        pictures.sample(2, labels=shares)


def test_a_generator_that_blends_no_classes_says_so():
    model = linear(classes=2)
    model.generator.blends = False
    with pytest.raises(WganError, match="blends none: give a label"):
        loop(model, 2, 4)
    assert loop(model, 2, 4, label=0).shape == (4, WIDTH)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: truncated(m, 1.5), "--truncation 1.5: give a number from 0 to 1"),
        (lambda m: truncated(m, -0.1), "from 0 to 1"),
        (lambda m: truncated(m, float("nan")), "from 0 to 1"),
        (lambda m: grid(m, 1), "--interpolate 1: give 2 or more"),
        (lambda m: loop(m, 1, 9), "--walk 1: give 2 or more"),
        (lambda m: loop(m, 5, 4), "--walk 5, -n 4: give at least one"),
    ],
)
def test_numbers_out_of_range_are_refused(call, words):
    with pytest.raises(WganError, match=words):
        call(linear())


def test_a_truncated_model_is_not_saved_as_another(tmp_path):
    with pytest.raises(WganError, match="a truncated model is not saved"):
        save_model(truncated(linear(), 0.5), tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("kind", ["tables", "gaps"])
def test_kinds_whose_noise_decides_levels_are_refused(kind, mixed):
    if kind == "tables":
        codec = example("tables", mixed(200)).codec
    else:
        x = np.random.default_rng(0).normal(size=(60, 8, 2)).cumsum(axis=1)
        x[::3, 2, 0] = np.nan
        codec = load(x, kind="series").codec
    network = NetworkConfig(width=4, latent=4)
    model = Model(build_generator(network, codec).eval(), None, codec, network, "wgan-gp")
    for call in (
        lambda: truncated(model, 0.5),
        lambda: grid(model, 3),
        lambda: loop(model, 3, 6),
    ):
        with pytest.raises(WganError, match="decides levels, gaps or lengths one by one"):
            call()


def test_whole_series_are_interpolated(mixed):
    codec = example("series", None).codec
    network = NetworkConfig(width=4, latent=4)
    model = Model(build_generator(network, codec).eval(), None, codec, network, "wgan-gp")
    assert np.array_equal(loop(model, 2, 4, seed=3)[::2], model.sample(2, seed=3))
