"""The state of a run as a file: the same bits again, older names read, damage named."""

import json

import pytest
import torch
from short_runs import run_to_end, settled

from wgan.base.errors import WganError
from wgan.base.tensors import read_tensors, write_tensors
from wgan.training import Run
from wgan.training import state as states

CPU = torch.device("cpu")
SMALL = ["network.width=4", "network.latent=8", "optimizer.batch=8", "training.steps=6"]


def setup(*settings):
    return settled("data.source=digits", *SMALL, *settings)


def everything(state):
    """Return all numbers of a state by name."""
    nets = {name: getattr(state, name).state_dict() for name in states.PARTS}
    found = {f"{name}/{key}": v for name, values in nets.items() for key, v in values.items()}
    for name in states.OPTIMIZERS:
        for i, slots in getattr(state, name).state_dict()["state"].items():
            found |= {f"{name}/{i}/{slot}": v for slot, v in slots.items()}
    return found


def fresh(config, data):
    run = Run.start(config, data, watch=None)
    return states.create(config, run.variant, data.codec, CPU)


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("name", ["adam", "rmsprop"])
def test_what_is_saved_is_loaded_to_the_bit(tmp_path, name):
    config, data = setup(f"optimizer.name={name}")
    run = Run.start(config, data, watch=None)
    for _ in run.records():
        pass
    states.save(run.state, tmp_path / "c")
    again = fresh(config, data)
    assert not same(everything(again), everything(run.state))
    states.load(again, tmp_path / "c")
    assert same(everything(again), everything(run.state))
    assert (again.step, again.seconds) == (6, run.state.seconds)


def test_a_checkpoint_of_an_older_version_is_read(tmp_path):
    """Its optimizers were spelled otherwise, and it held their settings."""
    config, data = setup()
    run = Run.start(config, data, watch=None)
    for _ in run.records():
        pass
    states.save(run.state, tmp_path / "new")
    tensors, header = read_tensors(tmp_path / "new")
    old = {name.replace("_optimizer/", "_optimiser/"): values for name, values in tensors.items()}
    assert any(name.startswith("critic_optimiser/") for name in old)
    header["groups"] = json.dumps({"critic_optimiser": [{"lr": 1e-3, "params": [0, 1]}]})
    write_tensors(tmp_path / "old", old, header)
    again = fresh(config, data)
    states.load(again, tmp_path / "old")
    assert same(everything(again), everything(run.state))


def test_a_checkpoint_of_other_networks_is_refused(tmp_path):
    config, data = setup()
    states.save(fresh(config, data), tmp_path / "c")
    with pytest.raises(WganError, match="does not fit this run"):
        states.load(fresh(*setup("network.width=8")), tmp_path / "c")


def test_a_damaged_checkpoint_is_named(tmp_path):
    config, data = setup("training.steps=12", "training.checkpoint_every=3")
    run_to_end(tmp_path / "r", config, data, stop_at=4)
    checkpoint = tmp_path / "r/checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    with pytest.raises(WganError, match=r"checkpoint\.safetensors: a damaged"):
        run_to_end(tmp_path / "r", config, data)
