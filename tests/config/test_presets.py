"""Presets: chosen by the data, between the variant's settings and the user's."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.config import PRESETS, configure, from_settings, presets
from wgan.config.layers import from_mapping
from wgan.data import load

DIGITS = from_settings(["data.source=digits"])


def test_variant_preset_and_user_in_rising_order():
    config, _ = configure([from_settings(["data.source=25-gaussians", "objective.variant=wgan"])])
    assert (config.optimizer.name, config.optimizer.lr) == ("rmsprop", 5e-5)
    assert config.optimizer.batch == 256
    assert config.objective.penalty_weight is None
    config, _ = configure([from_settings(["data.source=25-gaussians", "optimizer.batch=8"])])
    assert (config.objective.penalty_weight, config.optimizer.batch) == (0.1, 8)


def test_an_unknown_preset_is_answered_with_the_nearest():
    with pytest.raises(WganError, match="Did you mean 'images'"):
        configure([DIGITS], "image")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("25-gaussians", "toy"),
        ("vectors", "vectors"),
        ("digits", "small-images"),
        ("pictures", "images"),
        ("table", "tables"),
    ],
)
def test_auto_chooses_by_the_data(source, name, mixed):
    arrays = {
        "vectors": np.random.default_rng(0).normal(size=(40, 3)),
        "pictures": np.zeros((20, 32, 32, 3), dtype=np.uint8),
        "table": mixed(60),
    }
    data = load(arrays.get(source, source))
    assert configure([], data=data)[0] == configure([], name, data)[0]
    chosen = configure([], data=data)[0]
    assert all(
        chosen.training.steps != configure([], other, data)[0].training.steps
        or chosen.network != configure([], other, data)[0].network
        for other in PRESETS
        if other != name
    )


def test_tables_take_a_one_sided_penalty_unless_another_variant_is_asked_for(mixed):
    data = load(mixed(100))
    assert configure([], data=data)[0].objective.variant == "wgan-lp"
    assert configure([], "vectors", data)[0].objective.variant == "wgan-gp"
    assert (
        configure([("flags", {"objective": {"variant": "wgan-gp"}})], data=data)[
            0
        ].objective.variant
        == "wgan-gp"
    )


def test_tables_take_a_likelihood_beside_the_critic_and_no_other_kind_does(mixed):
    config, _ = configure([], data=load(mixed(100)))
    assert config.objective.likelihood_weight == 1
    assert config.objective.likelihood_dropout == 0.5
    for name in PRESETS.keys() - {"tables"}:
        other = configure([DIGITS], name)[0]
        objective = other.objective
        assert objective.likelihood_weight == objective.likelihood_dropout == 0, name


def test_a_table_of_few_rows_is_passed_so_often_and_no_more(mixed):
    steps = {n: configure([], data=load(mixed(n)))[0].training.steps for n in (100, 2000, 40_000)}
    # 80 passes over four fifths of the rows in batches of 500.
    assert steps == {100: 100, 2000: 256, 40_000: 4000}
    longer = from_mapping({"training.steps": 900, "optimizer.batch": 100})
    assert configure([longer], data=load(mixed(100)))[0].training.steps == 900


def test_passes_are_those_of_a_likelihood(mixed):
    alone = from_mapping({"objective.likelihood_weight": 0})
    assert configure([alone], data=load(mixed(100)))[0].training.steps == 4000


def test_few_series_are_passed_less_often_but_not_in_too_few_steps():
    def steps(n):
        return configure(
            [], data=load(np.random.default_rng(0).normal(size=(n, 4, 1)), kind="series")
        )[0].training.steps

    # 48 passes over four fifths of the series in batches of 128.
    assert {n: steps(n) for n in (100, 4000, 20_000)} == {100: 600, 4000: 1200, 20_000: 2000}


@pytest.mark.parametrize("variant", ["wgan", "gan", "wgan-gp", "wgan-sn", "gan-minimax"])
def test_the_likelihood_has_its_own_rate_under_any_variant(mixed, variant):
    named = from_mapping({"objective.variant": variant})
    optimizer = configure([named], data=load(mixed(100)))[0].optimizer
    assert (optimizer.generator_lr, optimizer.decay) == (2e-3, "linear")


def test_dropout_of_a_run_that_may_stop_is_constant_and_small(mixed):
    stop = from_mapping({"training.stop_when_converged": True})
    objective = configure([stop], data=load(mixed(100)))[0].objective
    assert objective.likelihood_dropout == 0.2
    assert configure([DIGITS, stop])[0].objective.likelihood_dropout == 0


def test_a_run_that_may_stop_keeps_its_learning_rate():
    stop = from_mapping({"training.stop_when_converged": True})
    assert configure([DIGITS])[0].optimizer.decay == "linear"
    assert configure([DIGITS, stop])[0].optimizer.decay == "none"
    asked = from_mapping({"optimizer.decay": "linear"})
    assert configure([DIGITS, stop, asked])[0].optimizer.decay == "linear"


@pytest.mark.parametrize("key", ["optimizer.batch", "optimizer.generator_batch"])
def test_batches_that_packs_do_not_divide_are_refused(key, mixed):
    settings = {"network.pack": 3, "optimizer.batch": 6, key: 20}
    with pytest.raises(WganError, match=rf"{key} = 20 cannot be divided into packs of 3"):
        configure([from_mapping(settings)], data=load(mixed(60)))


@pytest.mark.parametrize(
    ("architectures", "name"),
    [
        (("mlp",), "vectors"),
        (("conv", "bottleneck"), "images"),
        (("own",), "vectors"),
    ],
)
def test_a_kind_without_a_preset_takes_one_whose_networks_it_has(architectures, name, monkeypatch):
    pair = SimpleNamespace(architectures=architectures)
    monkeypatch.setattr(presets, "find_pair", lambda codec: pair)
    of_no_kind = {name: replace(preset, kind=None) for name, preset in PRESETS.items()}
    monkeypatch.setattr(presets, "PRESETS", of_no_kind)
    assert presets._suiting(load("digits")) == name
