"""Runs on shards: they stop and go on, and refuse data that changed."""

import numpy as np
import pytest
from shard_sets import write_arrays, write_pictures

from wgan.base.errors import WganError
from wgan.data import load
from wgan.training import Run

SETTINGS = {"network.width": 8, "optimizer.batch": 16, "training.log_every": 2}


def weights(run):
    return {name: each.clone() for name, each in run.state.generator.state_dict().items()}


def test_a_run_that_stopped_goes_on_to_the_same_weights(tmp_path):
    write_arrays(tmp_path / "data")
    source = str(tmp_path / "data")
    settings = {**SETTINGS, "training.checkpoint_every": 3}
    whole = Run.open(source, steps=7, settings=settings, out=tmp_path / "whole")
    for _ in whole.records():
        pass
    parted = Run.open(source, steps=7, settings=settings, out=tmp_path / "parted")
    for record in parted.records(lambda: parted.state.step >= 4):
        assert record.step <= 5
    parted.close()
    again = Run.open(source, steps=7, settings=settings, out=tmp_path / "parted")
    for _ in again.records():
        pass
    assert again.state.step == 7
    for name, each in weights(whole).items():
        assert (each == weights(again)[name]).all(), name
    again.close()
    np.save(tmp_path / "data" / "t.npy", np.zeros((20, 2), np.float32))
    with pytest.raises(WganError, match="other data"):
        Run.open(source, steps=7, settings=settings, out=tmp_path / "parted")


def test_pictures_with_labels_are_trained_on(tmp_path):
    write_pictures(tmp_path / "data", side=8)
    run = Run.open(str(tmp_path / "data"), steps=2, settings={**SETTINGS, "data.labels": "own"})
    assert run.classes == ("0", "1", "2")
    assert [record.step for record in run.records()][-1] == 2


def test_settings_of_other_forms_are_refused(tmp_path):
    write_arrays(tmp_path / "data")
    (tmp_path / "s.toml").write_text("")
    for given, words in (
        ({"resize": (8, 8)}, "apply to shards of pictures"),
        ({"schema": str(tmp_path / "s.toml")}, "applies to shards of tables"),
        ({"key": "x"}, r"applies to .npz and .xlsx"),
        ({"labels": "own"}, "has no classes"),
    ):
        with pytest.raises(WganError, match=words):
            load(str(tmp_path / "data"), **given)
