"""Held-out distance: the stated protocol by hand, collapse, shifts, labels, and its JSON."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from wgan.data import load
from wgan.data.toys import TOYS
from wgan.distances import wasserstein
from wgan.evaluation import HeldOutDistance, held_out_distance
from wgan.evaluation.held_out import REPEATS

TOY = TOYS["25-gaussians"]


def fresh(n, seed):
    return TOY.draw(n, np.random.default_rng(seed)).astype(np.float32)


def test_a_perfect_generator_reads_the_floor():
    found = held_out_distance(fresh, load("25-gaussians").split())
    assert found.ratio == pytest.approx(1, abs=0.15)
    assert (found.n, found.repeats, found.floor_repeats) == (1000, 5, 5)
    assert found.coverage.covered == 25
    assert found.coverage.share == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert found.real_coverage.share == pytest.approx(1 - np.exp(-4.5), abs=0.01)


def test_a_shifted_generator_reads_about_the_shift():
    found = held_out_distance(
        lambda n, draw: fresh(n, draw) + np.float32(5), load("25-gaussians").split()
    )
    assert found.w1 == pytest.approx(5 * 2**0.5, rel=0.03)
    assert found.units == "data coordinates"


def test_a_collapsed_generator_is_seen_in_its_modes():
    found = held_out_distance(
        lambda n, draw: (
            np.float32(0.05)
            * np.random.default_rng(draw).standard_normal((n, 2)).astype(np.float32)
        ),
        load("25-gaussians").split(),
    )
    assert found.coverage.covered == 1
    assert found.ratio > 5


def test_mean_interval_and_floor_follow_the_stated_protocol():
    """Written out by hand for the digits, whose held-out part is smaller than 1000."""
    data = load("digits")
    split = data.split()
    n = split.n_held_out
    raw = data.rows[np.random.default_rng(0).integers(0, 1797, size=n * REPEATS)]
    found = held_out_distance(lambda count, draw: raw[draw * count : (draw + 1) * count], split)
    held_out = split.held_out_sample(0, n).reshape(n, 64) / 255
    w = [wasserstein(part.reshape(n, 64) / 255, held_out) for part in np.split(raw, REPEATS)]
    floor = [
        wasserstein(split.train_sample(i * n, (i + 1) * n).reshape(n, 64) / 255, held_out)
        for i in range(4)
    ]
    assert found.n == n == 359
    assert found.w1 == pytest.approx(np.mean(w))
    assert found.half_width == pytest.approx(2.776445 * np.std(w, ddof=1) / 5**0.5, rel=1e-6)
    assert found.floor_repeats == 4
    assert found.floor == pytest.approx(np.mean(floor))
    assert (
        str(found).splitlines()[0]
        == f"W1(generated, held-out) {np.mean(w):.3f} +- {found.half_width:.3f} (floor"
        f" {np.mean(floor):.3f}, ratio {np.mean(w) / np.mean(floor):.2f}; exact, n=359, pixels"
        " in [0,1])"
    )
    assert 0.01 <= found.half_width < 0.0995


@pytest.mark.parametrize("name", ["w1", "floor", "half_width"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", -1.0])
def test_a_distance_that_is_none_is_not_read(name, value):
    values = asdict(HeldOutDistance(1.5, 0.1, 1.4, 359, 5, 4, "pixels"))
    assert HeldOutDistance.from_json(values).w1 == 1.5
    with pytest.raises(ValueError, match="out of range"):
        HeldOutDistance.from_json(values | {name: value})


@pytest.mark.parametrize(
    ("half_width", "text"),
    [
        (0.0146, "1.574 +- 0.015 (floor 1.435,"),
        (0.3, "1.57 +- 0.30 (floor 1.43,"),
        (14.0, "2 +- 14 (floor 1,"),
    ],
)
def test_numbers_show_what_the_interval_allows(half_width, text):
    assert text in str(HeldOutDistance(1.5736, half_width, 1.4348, 359, 5, 4, "pixels"))


def test_damage_to_real_pictures_is_ranked():
    """Noise an eye hardly sees, then a shift by one pixel, stand above the floor in that order."""
    data = load("digits")
    split = data.split()
    clean = split.train_sample(0, 718)
    noise = np.random.default_rng(0).normal(0, 0.1 * 255, size=(718 * 3, 8, 8))
    tiled = np.concatenate([clean] * 3)
    ratios = [
        held_out_distance(lambda n, draw, x=x: x[draw * n % 718 :][:n], split).ratio
        for x in (tiled, (tiled + noise).clip(0, 255).astype(np.uint8), np.roll(tiled, 1, axis=2))
    ]
    assert ratios[0] == pytest.approx(1, abs=0.03)
    assert ratios[0] < ratios[1] < ratios[2]


def test_a_floor_of_zero_is_still_json():
    data = load(np.zeros((50, 4, 4), np.uint8))
    found = held_out_distance(lambda n, draw: np.zeros((n, 4, 4), np.uint8), data.split())
    assert found.to_json()["ratio"] is None
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("source", ["25-gaussians", "digits"])
def test_json_comes_back_as_it_was(source):
    data = load(source, labels="own" if source == "digits" else None)
    split = data.split()
    of_classes = (lambda y: data.rows[: len(y)]) if data.labels is not None else None
    found = held_out_distance(lambda n, draw: split.train_sample(0, n), split, of_classes)
    values = json.loads(json.dumps(found.to_json()))
    assert values["metric"] == "w1-exact-held-out"
    assert HeldOutDistance.from_json(values | {"step": 3}) == found
    with pytest.raises(KeyError):
        HeldOutDistance.from_json({"w1": 1.0})


def test_labels_are_judged_by_the_nearest_training_sample():
    data = load("digits", labels="own")
    split, pool = data.split(), np.arange(len(data))

    def of_classes(y, wrong=0):
        return data.rows[
            np.array([pool[data.labels == (k + wrong) % 10][i % 100] for i, k in enumerate(y)])
        ]

    def real(n, draw):
        return data.rows[draw * n : (draw + 1) * n]

    assert held_out_distance(real, split).labels is None
    right, wrong = (
        held_out_distance(real, split, lambda y, w=w: of_classes(y, w)).labels for w in (0, 1)
    )
    assert right.generated > 0.97
    assert wrong.generated < 0.05
    assert right.real == wrong.real
    held_out, n = split.held_out_rows(np.arange(split.n_held_out)), split.n_held_out
    train = np.setdiff1d(pool, held_out)
    x = data.codec.measure(data.rows)
    nearest = [train[np.linalg.norm(x[train] - x[i], axis=1).argmin()] for i in held_out]
    assert right.real == pytest.approx((data.labels[nearest] == data.labels[held_out]).mean())
    assert f"(held-out ones: {right.real:.1%}; n={n})" in str(
        held_out_distance(real, split, of_classes)
    )


def test_pictures_have_figures_on_learned_features_that_see_blur(tmp_path, monkeypatch):
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path))
    split = load("digits").split()
    pool = split.train_sample(0, split.n_train)

    def real(n, draw):
        return np.random.default_rng(draw).permutation(pool)[:n]

    def smooth(n, draw):
        return np.rint(gaussian_filter(real(n, draw).astype(float), (0, 0.5, 0.5))).astype(np.uint8)

    good, blurred = held_out_distance(real, split), held_out_distance(smooth, split)
    (line,) = good.figures
    assert line.name.startswith("kernel-learned-patches-64@8x8-")
    assert "not told from real samples at this n" in str(good)
    assert "as far as real samples of which" in str(blurred)
    (other,) = blurred.figures
    assert (other.real, other.broken) == (line.real, line.broken)
    assert line.real < other.generated.low < other.broken
    # On pixels, blur lies nearer than real pictures do to each other.
    assert blurred.w1 < good.w1 + good.half_width
    values = json.loads(json.dumps(blurred.to_json()))
    assert HeldOutDistance.from_json(values) == blurred
    values["figures"][0]["generated"]["half_width"] = -1
    with pytest.raises(ValueError, match="half_width below 0"):
        HeldOutDistance.from_json(values)


def test_few_pictures_and_other_kinds_have_no_further_figures():
    few = load(np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)).split()
    for split in (few, load("25-gaussians").split()):
        found = held_out_distance(lambda n, draw, s=split: s.train_sample(0, n), split)
        assert found.figures == ()
        assert HeldOutDistance.from_json(found.to_json()) == found
