"""Each demonstration measures what it says, on closed forms where there are any; and writes what it
found.
"""

import csv
from math import log, sqrt

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torch import nn

from wgan.base.intervals import mean_of
from wgan.cli import main
from wgan.data.toys import TOYS
from wgan.experiments.demos import (
    DEMOS,
    clipping,
    estimate,
    mode_collapse,
    no_overlap,
    vanishing_gradient,
)
from wgan.experiments.demos.results import find, means
from wgan.objectives import find_variant


def silent(what, done, total):
    pass


def test_a_mean_has_students_interval():
    values = [1.0, 4.0, 2.0, 8.0]
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert mean_of(values).value == pytest.approx((low + high) / 2)
    assert mean_of(values).half_width == pytest.approx((high - low) / 2)
    assert np.isnan(mean_of([1.0]).half_width)


def test_means_are_over_seeds_within_each_group():
    rows = [
        {"kind": kind, "seed": seed, "x": 10 * kind + seed} for kind in (1, 2) for seed in range(3)
    ]
    table = means(rows, ("kind",), ("x",))
    assert [find(table, "x", kind=kind).value for kind in (1, 2)] == [11, 21]
    assert find(table, "x", kind=2) == mean_of([20, 21, 22])


@pytest.mark.parametrize("name", DEMOS)
def test_every_demo_runs_from_the_command_line_and_writes_all_it_measured(name, capsys):
    assert main(["demo", name, "--seeds", "1", "--effort", "0.01", "--out", "d", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.count("seen: ") >= 4
    assert "nan" not in out
    with open("d/numbers.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 8
    assert {row["seed"] for row in rows} == {"0"}
    figure = np.asarray(Image.open("d/figure.png"))
    assert figure.shape[1] > 1000
    assert len(np.unique(figure)) > 20
    with open("d/summary.md") as file:
        assert file.read().strip() in out
    assert main(["demo", name, "--out", "d"]) == 2
    assert "nothing is overwritten" in capsys.readouterr().err


def test_demos_are_listed_and_wrong_ones_refused(capsys):
    assert main(["demo"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in DEMOS)
    assert main(["demo", "no-overlab"]) == 2
    assert "Did you mean" in capsys.readouterr().err
    assert main(["demo", "estimate", "--seeds", "0"]) == 2
    assert main(["demo", "estimate", "--effort", "-1"]) == 2
    assert main(["demo", "estimate", "--effort", "inf"]) == 2


def test_two_lines_read_as_the_closed_forms_say():
    js = no_overlap.measure("gan-minimax", 0.5, seed=0, steps=300)
    assert js["estimate"] == pytest.approx(log(2), abs=1e-3)
    assert abs(js["gradient"]) < 1e-3
    for theta in (0.25, 1.0):
        w1 = no_overlap.measure("wgan-ortho", theta, seed=0, steps=300)
        assert w1["estimate"] == pytest.approx(theta, rel=0.03)
        assert w1["gradient"] == pytest.approx(1.0, abs=0.05)


def test_claims_about_lines_hold_only_of_figures_that_show_them(monkeypatch):
    def claims(estimate, gradient):
        def fake(name, theta, seed, steps):
            js = name == "gan-minimax"
            return {
                "critic": name,
                "theta": theta,
                "seed": seed,
                "estimate": estimate(js, theta),
                "gradient": gradient(js, seed),
            }

        monkeypatch.setattr(no_overlap, "measure", fake)
        return [claim.holds for claim in no_overlap.run(2, 1.0, silent).claims]

    assert claims(lambda js, t: log(2) if js else t, lambda js, seed: 0.0 if js else 1.0) == [
        True,
        True,
        True,
        False,
        True,
    ]
    assert claims(
        lambda js, t: log(2) if js else t + t * t / 20, lambda js, seed: 0.0 if js else 1.0
    ) == [True, True, False, True, True]
    assert claims(lambda js, t: 0.0, lambda js, seed: seed - 0.5) == [False] * 5


def test_coverage_claims_say_what_each_kind_is_said_to_do(monkeypatch):
    def claims(modes):
        def fake(source, name, seed, steps):
            of = int(source.split("-")[0])
            return [
                {
                    "data": source,
                    "variant": name,
                    "seed": seed,
                    "step": 9,
                    "modes": modes(name, of, seed),
                    "of": of,
                    "good share": 0.5,
                }
            ]

        monkeypatch.setattr(mode_collapse, "measure", fake)
        return [claim.holds for claim in mode_collapse.run(2, 1.0, silent).claims]

    assert claims(lambda name, of, seed: of) == [False, False, True, True, True]
    assert claims(lambda name, of, seed: of - seed) == [True, True, False, False, False]


def test_dropout_in_a_demo_depends_on_the_seed_alone():
    first, again = (
        estimate.measure("wgan-ct", find_variant("wgan-ct"), 2, seed=0, steps=5)["reads"]
        for _ in range(2)
    )
    assert first == again


def test_the_generators_gradient_vanishes_under_minimax_alone():
    digits = torch.rand(500, 64) * 2 - 1
    rows = [
        row
        for name in vanishing_gradient.LOSSES
        for row in vanishing_gradient.measure(name, digits, 0, (10, 150))
    ]
    norm = {(row["loss"], row["critic steps"]): row["gradient norm"] for row in rows}
    assert norm["gan-minimax", 150] < 0.05 * norm["gan-minimax", 10]
    for loss in ("gan", "wgan", "wgan-gp"):
        assert norm[loss, 150] > 0.5 * norm[loss, 10]


def test_gradients_by_depth_are_products_of_weights():
    """A chain of positive scalars: the derivative by layer l's output is the product of the later
    weights.
    """
    layers = [nn.Linear(1, 1, bias=False) for _ in range(4)]
    for layer, weight in zip(layers, (2.0, 3.0, 0.5, 4.0), strict=True):
        nn.init.constant_(layer.weight, weight)
    critic = nn.Sequential(
        layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2], nn.ReLU(), layers[3], nn.Flatten(0)
    )
    n = 8
    found = clipping.gradients_by_depth(critic, torch.ones(n, 1), 2 * torch.ones(n, 1))
    # each of the 2n entries is weight product / n
    assert found == pytest.approx([product * sqrt(2 * n) / n for product in (6.0, 2.0, 4.0)])


def test_coverage_is_measured_as_elsewhere():
    data = mode_collapse.load("8-gaussians")
    watch = mode_collapse.Coverage(data, {"seed": 0})
    found = watch(lambda n, draw: TOYS["8-gaussians"].draw(n, np.random.default_rng(0)), 5)
    assert found == {"modes_covered": 8, "good_share": pytest.approx(0.989, abs=0.01)}
    assert watch.rows[0]["of"] == 8


@pytest.mark.parametrize("d", [2, 8])
def test_a_certified_reading_is_below_w1_and_within_one_per_cent(d):
    row = estimate.measure("wgan-ortho", find_variant("wgan-ortho"), d, seed=0, steps=400)
    assert 0.99 <= row["certified"] <= 1


def test_a_penalised_reading_is_above_w1_by_its_slope_and_corrected_for_it():
    row = estimate.measure("wgan-gp", find_variant("wgan-gp").adjusted(10.0), 2, seed=0, steps=1500)
    assert row["reads"] == pytest.approx(1.05, abs=0.01)
    assert row["slope-corrected"] == pytest.approx(1.0, abs=0.01)
    assert np.isnan(row["certified"])
