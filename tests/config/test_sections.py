"""Sections: what a setting may be, what it is written as, how two configurations differ."""

import pytest

from wgan.base.errors import SettingError
from wgan.config import Config, from_file, from_settings, resolve
from wgan.config.sections import (
    DataConfig,
    Difference,
    ObjectiveConfig,
    OptimizerConfig,
    TrainingConfig,
)


def test_toml_round_trip(tmp_path):
    config = resolve([from_settings(["data.resize=[8, 8]", "objective.penalty_weight=3"])])
    (tmp_path / "c.toml").write_text(config.to_toml())
    again = resolve([from_file(tmp_path / "c.toml")])
    assert again == config
    differences = again.differences(Config())
    assert differences == [
        Difference("data.resize", (8, 8), None),
        Difference("objective.penalty_weight", 3.0, None),
    ]
    assert list(map(str, differences)) == [
        "data.resize: (8, 8) -> None",
        "objective.penalty_weight: 3.0 -> None",
    ]
    assert again.differences(config) == []


@pytest.mark.parametrize(
    ("section", "field", "value", "words"),
    [
        (DataConfig, "held_out", 0.0, "data.held_out = 0.0: give a share between 0 and 1"),
        (DataConfig, "resize", (0, 8), r"data.resize = [0, 8]: give [height, width] in pixels"),
        (ObjectiveConfig, "penalty_weight", -1.0, "objective.penalty_weight = -1.0: give 0 or"),
        (ObjectiveConfig, "likelihood_weight", -1.0, "objective.likelihood_weight = -1.0: give 0"),
        (ObjectiveConfig, "likelihood_dropout", 1.0, "objective.likelihood_dropout = 1.0: give a"),
        (ObjectiveConfig, "likelihood_dropout", -0.1, "objective.likelihood_dropout = -0.1: give"),
        (ObjectiveConfig, "clip", 0.0, "objective.clip = 0.0: give a positive bound"),
        (OptimizerConfig, "lr", 0.0, "optimizer.lr = 0.0: give a positive number"),
        (OptimizerConfig, "betas", (0.5, 1.0), "optimizer.betas = [0.5, 1.0]: give two numbers"),
        (OptimizerConfig, "batch", 0, "optimizer.batch = 0: give 1 or more"),
        (TrainingConfig, "seed", -1, "training.seed = -1: give 0 or more"),
        (TrainingConfig, "measure_every", 0, "training.measure_every = 0: give 1 or more"),
        (TrainingConfig, "ema", 1.0, "training.ema = 1.0: give a decay from 0 up to"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_its_key(section, field, value, words):
    with pytest.raises(SettingError) as caught:
        section(**{field: value})
    assert str(caught.value).startswith(words)
    assert caught.value.key == words.split(" ")[0]


def test_a_lazy_penalty_needs_a_penalty():
    with pytest.raises(SettingError) as caught:
        ObjectiveConfig(variant="gan", penalty_every=2)
    assert caught.value.key == "objective.penalty_every"


def test_the_settings_of_the_data_load_them():
    assert DataConfig("digits").load().name == "digits"
    assert DataConfig("digits").load("swiss-roll").name == "swiss-roll"
    assert DataConfig("digits", labels="own").load().classes == tuple("0123456789")
