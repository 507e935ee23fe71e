"""Runs with labels: trained, resumed, refused with others, sampled by class."""

import json

import numpy as np
import pytest
import torch
from short_runs import flags, run_to_end, settled, trained, wgan

from wgan.base.errors import WganError
from wgan.data import Batches, load
from wgan.models import load_model
from wgan.objectives import VARIANTS
from wgan.runs import begin_run
from wgan.training import Run
from wgan.training.compiled import build_losses
from wgan.training.draws import Draws
from wgan.training.step import critic_update, generator_update

SMALL = ["network.width=8", "network.latent=4", "optimizer.batch=12", "optimizer.critic_steps=1"]
SMALL += ["training.steps=6", "training.log_every=1", "training.checkpoint_every=2"]


def setup(*settings, data=None):
    return settled("data.source=digits", "data.labels=own", *SMALL, *settings, data=data)


def begun(*settings, data=None):
    return Run.start(*setup(*settings, data=data), watch=None)


@pytest.mark.parametrize("condition", ["projection", "concatenation"])
@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains_with_labels_and_resumes_to_the_bit(name, condition, tmp_path):
    config, data = setup(f"objective.variant={name}", f"network.condition={condition}")
    run_to_end(tmp_path / "whole", config, data)
    run_to_end(tmp_path / "parts", config, data, stop_at=3)
    run_to_end(tmp_path / "parts", config, data)
    for file in ("generator", "critic"):
        assert (tmp_path / f"parts/{file}.safetensors").read_bytes() == (
            tmp_path / f"whole/{file}.safetensors"
        ).read_bytes()
    again, raw = load_model(tmp_path / "parts"), data.rows[:4]
    assert again.classes == tuple("0123456789")
    assert again.scores(raw, np.arange(4)).shape == (4,)
    with pytest.raises(WganError, match="give its label"):
        again.scores(raw)


def test_a_run_is_not_gone_on_with_under_other_labels(tmp_path):
    config, data = setup(data=load("digits"))
    run_to_end(tmp_path / "r", config, data, stop_at=2)
    with pytest.raises(WganError, match="was begun on other data"):
        begin_run(tmp_path / "r", config, data.with_labels(np.roll(data.labels, 1)))


def test_a_generator_learns_which_class_is_which():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=1200)
    x = rng.normal(scale=0.3, size=(1200, 2)) + np.array([[-3, 0], [3, 0], [0, 3]])[y]
    settings = [
        "training.steps=300",
        "network.width=32",
        "optimizer.batch=64",
        "optimizer.lr=2e-3",
        "training.ema=0.9",
    ]
    config, data = setup(*settings, data=load(x).with_labels(np.array(["left", "right", "up"])[y]))
    model = trained(config, data).model
    for name, centre in {"left": [-3, 0], "right": [3, 0], "up": [0, 3]}.items():
        made = model.sample(200, labels=np.full(200, model.label(name)))
        nearest = np.linalg.norm(
            made[:, None] - np.array([[-3, 0], [3, 0], [0, 3]]), axis=2
        ).argmin(1)
        assert (nearest == [[-3, 0], [3, 0], [0, 3]].index(centre)).mean() > 0.95


def test_the_critic_and_the_generator_are_shown_fakes_of_the_classes_asked_for():
    run = begun()
    draws = Draws(Batches(run.split, 0), run.config, torch.device("cpu"))
    labels = []
    run.state.generator.register_forward_pre_hook(lambda net, inputs: labels.append(inputs[1]))
    losses = build_losses(run.state, run.variant, run.config)
    critic, generator = draws.critic(0), draws.generator(0, with_real=False)
    critic_update(run.state, losses, run.variant, draws, 0, run.config)
    generator_update(run.state, losses, run.variant, draws)
    assert torch.equal(labels[0], critic.y)
    assert torch.equal(labels[1], generator.y)


def test_labels_are_drawn_as_often_as_in_training_and_the_first_do_not_depend_on_n():
    rng = np.random.default_rng(0)
    labels = (rng.random(600) < 0.051).astype(int)
    run = begun(data=load(rng.normal(size=(600, 2))).with_labels(labels))
    model = run.model
    assert model.shares == pytest.approx(np.bincount(run.split.train_labels()) / 480)
    drawn = model.draw_labels(50_000, seed=1)
    assert drawn.mean() == pytest.approx(model.shares[1], abs=0.004)
    assert np.array_equal(drawn[:300], model.draw_labels(300, seed=1))
    assert np.allclose(model.sample(300, 1)[:7], model.sample(7, 1), atol=1e-6)
    assert np.allclose(model.sample(300, 1), model.sample(300, 1, drawn[:300]))


@pytest.mark.parametrize("labels", [np.zeros(3, int), np.full(5, 10), np.full(5, -1), np.zeros(5)])
def test_class_numbers_that_do_not_fit_are_refused(labels):
    model = begun().model
    with pytest.raises(WganError, match="give 5 class numbers, 0 to 9"):
        model.sample(5, labels=labels)
    assert model.sample(5, labels=np.zeros(5, np.int32)).shape == (5, 8, 8)


def test_a_labels_file_may_be_spelt_in_another_way(tmp_path):
    np.save(tmp_path / "y.npy", load("digits").labels)
    for spelling in (tmp_path / "y.npy", tmp_path / "." / "sub" / ".." / "y.npy"):
        (tmp_path / "sub").mkdir(exist_ok=True)
        run_to_end(tmp_path / "r", *setup(f"data.labels={spelling}"))


def test_a_run_by_class_is_measured_against_its_table(tmp_path, capsys):
    rng = np.random.default_rng(0)
    lines = [f"{a:.3f},{'xy'[int(a > 0)]},{b:.3f}" for a, b in rng.normal(size=(60, 2))]
    (tmp_path / "t.csv").write_text("\n".join(["a,kind,b", *lines]))
    assert wgan("train t.csv --labels kind --quiet --out r", *flags(SMALL)) == 0
    capsys.readouterr()
    assert wgan("distance t.csv r --quiet") == 0
    assert "12 rows held out of the run" in capsys.readouterr().out


def test_labels_asked_for_but_not_there_are_an_error():
    with pytest.raises(WganError, match="came without labels"):
        begun(data=load(np.zeros((20, 2)) + np.arange(20)[:, None]))


def test_the_command_line_trains_with_labels_and_samples_a_class(tmp_path, capsys):
    assert wgan("train digits --labels own --quiet --out r", *flags(SMALL)) == 0
    nearest = "of generated samples lie nearest to a training sample of the class asked for"
    assert nearest in capsys.readouterr().out
    agreement = json.loads((tmp_path / "r/finish.json").read_text())["labels"]
    assert 0 <= agreement["generated"] <= 1
    assert 0.95 < agreement["real"] <= 1
    assert wgan("sample r --label 3 -n 5 -o threes.npz") == 0
    with np.load("threes.npz") as file:
        assert file["x"].shape == (5, 8, 8)
        assert file["y"].tolist() == ["3"] * 5
    assert wgan("sample r -n 40 -o folder") == 0
    again = load("folder", labels="own")
    assert len(again) == 40
    assert set(again.classes) <= set("0123456789")
    assert wgan("sample r --label ten -o no.png") == 2
    assert "no class is called 'ten'" in capsys.readouterr().err
    assert wgan("train 25-gaussians --labels own --out no") == 2
    assert wgan("train digits --quiet --out plain", *flags(SMALL)) == 0
    assert wgan("sample plain --label 3 -o no.png") == 2
    assert "trained without labels" in capsys.readouterr().err
