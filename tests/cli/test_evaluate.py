"""`wgan evaluate` and `wgan sample` on runs with a fault: one line that says what to do next."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from short_runs import flags, wgan

from wgan.base.tensors import read_tensors, write_tensors

SMALL = flags(["network.width=4", "network.latent=2", "optimizer.batch=8", "training.steps=2"])


def fault(capsys, command):
    """Return the line that a command ends with."""
    capsys.readouterr()
    assert wgan(command) == 2
    said = capsys.readouterr().err
    assert said.startswith("wgan: error: ")
    assert said.count("\n") == 1
    return said


def test_data_that_moved_are_asked_for_and_can_be_given(tmp_path, monkeypatch, capsys):
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    np.save("x.npy", np.random.default_rng(0).normal(size=(200, 2)))
    assert wgan("train x.npy --quiet --out r", *SMALL) == 0
    (tmp_path / "there/x.npy").rename(tmp_path / "y.npy")
    monkeypatch.chdir(tmp_path)
    said = fault(capsys, "evaluate there/r --quiet")
    assert f"x.npy, are not here, nor at {tmp_path}/there/x.npy: say where they are" in said
    assert wgan("evaluate there/r --quiet --data y.npy") == 0


def test_too_few_held_out_rows_name_the_setting_and_the_option(capsys):
    frame = pd.DataFrame({"a": np.arange(100) % 7, "b": np.random.default_rng(0).normal(size=100)})
    frame.to_csv("t.csv", index=False)
    assert wgan("train t.csv --quiet --out r", *SMALL) == 0
    said = fault(capsys, "evaluate r --quiet")
    assert "80 training rows and 20 to compare with" in said
    assert "with --test, or train on more rows or with a larger data.held_out" in said


@pytest.mark.parametrize("command", ["sample r -n 2 -o s.npy", "evaluate r --quiet"])
def test_weights_that_are_not_finite_name_the_learning_rate(capsys, command):
    assert wgan("train 8-gaussians --quiet --out r", *SMALL) == 0
    path = Path("r/generator.safetensors")
    tensors, header = read_tensors(path)
    next(iter(tensors.values())).fill_(float("nan"))
    write_tensors(path, tensors, header)
    said = fault(capsys, command)
    assert "generator.safetensors: holds weights that are not finite" in said
    assert "lower optimizer.lr" in said


@pytest.mark.parametrize("variant", ["wgan", "gan", "wgan-gp"])
@pytest.mark.parametrize("lr", ["100", "1e18"])
def test_a_run_that_diverged_is_told_the_learning_rate(capsys, variant, lr):
    rate = flags([f"optimizer.lr={lr}", "training.steps=20"])
    code = wgan(f"train 8-gaussians --variant {variant} --quiet --out r", *SMALL, *rate)
    out, err = capsys.readouterr()
    assert code in (0, 2)
    assert "lower optimizer.lr" in out + err


def test_a_run_of_which_the_generator_is_of_another_is_not_sampled(capsys):
    for seed in (0, 1):
        assert wgan(f"train 8-gaussians --quiet --seed {seed} --out r{seed}", *SMALL) == 0
    for name in ("generator.json", "generator.safetensors", "critic.safetensors"):
        with open(f"r1/{name}", "rb") as other, open(f"r0/{name}", "wb") as mine:
            mine.write(other.read())
    for command in ("sample r0 -o s.npy", "evaluate r0 --quiet", "distance r0 8-gaussians"):
        assert "is of another run than run.json beside it" in fault(capsys, command)
