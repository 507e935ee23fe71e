"""Runs with labels: trained, resumed, refused with others, sampled by class."""

import json

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.config import configure, from_settings
from wgan.data import Batches, load
from wgan.models import load_model
from wgan.objectives import VARIANTS
from wgan.runs import open_run
from wgan.training import model_of, prepare, resume, train, variant_of
from wgan.training.compiled import build_losses
from wgan.training.draws import Draws
from wgan.training.step import critic_update, generator_update

SMALL = [
    "network.width=8",
    "network.latent=4",
    "optimizer.batch=12",
    "optimizer.critic_steps=1",
    "training.steps=6",
    "training.log_every=1",
    "training.checkpoint_every=2",
]


def setup(*settings, data=None):
    return configure(
        [from_settings(["data.source=digits", "data.labels=own", *SMALL, *settings])], data=data
    )


def run_to_end(folder, config, data, stop_at=None):
    run, state = open_run(folder, config, data), prepare(config, data)
    resume(state, run)
    for _ in train(
        state, config, data, run, stop=lambda: stop_at is not None and state.step >= stop_at
    ):
        pass
    run.lock.close()
    return state


@pytest.mark.parametrize("condition", ["projection", "concatenation"])
@pytest.mark.parametrize("name", VARIANTS)
def test_every_row_trains_with_labels_and_resumes_to_the_bit(name, condition, tmp_path):
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
        open_run(tmp_path / "r", config, data.with_labels(np.roll(data.labels, 1)))


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
    state = prepare(config, data)
    for _ in train(state, config, data):
        pass
    model = model_of(state, config, data)
    for name, centre in {"left": [-3, 0], "right": [3, 0], "up": [0, 3]}.items():
        made = model.sample(200, labels=np.full(200, model.label(name)))
        nearest = np.linalg.norm(
            made[:, None] - np.array([[-3, 0], [3, 0], [0, 3]]), axis=2
        ).argmin(1)
        assert (nearest == [[-3, 0], [3, 0], [0, 3]].index(centre)).mean() > 0.95


@pytest.mark.parametrize("rank", [0, 1])
def test_labels_of_every_draw_are_those_of_its_samples(rank):
    values = np.repeat(np.arange(3.0), 20)[:, None] * [1.0, -1.0]
    config, data = setup(data=load(values).with_labels(np.repeat([0, 1, 2], 20)))
    draws = Draws(Batches(data.split(), 0, rank=rank, world_size=2), config, torch.device("cpu"))
    for k in range(6):
        critic, generator = draws.critic(k), draws.generator(k, with_real=True)
        for batch in (critic, generator):
            assert np.allclose(data.decode(batch.x_real)[:, 0], batch.y.numpy(), atol=1e-5)
        assert torch.equal(draws.generator(k, with_real=False).y, generator.y)


def test_the_critic_and_the_generator_are_shown_fakes_of_the_classes_asked_for():
    config, data = setup()
    state, row = prepare(config, data), variant_of(config)
    draws = Draws(Batches(data.split(), 0), config, torch.device("cpu"))
    asked = []
    state.generator.register_forward_pre_hook(lambda module, arguments: asked.append(arguments[1]))
    losses = build_losses(state, row, config)
    critic, generator = draws.critic(0), draws.generator(0, with_real=False)
    critic_update(state, losses, row, critic, config)
    generator_update(state, losses, generator)
    assert torch.equal(asked[0], critic.y)
    assert torch.equal(asked[1], generator.y)


def test_labels_are_drawn_as_often_as_in_training_and_the_first_do_not_depend_on_n():
    rng = np.random.default_rng(0)
    labels = (rng.random(600) < 0.051).astype(int)
    config, data = setup(data=load(rng.normal(size=(600, 2))).with_labels(labels))
    model = model_of(prepare(config, data), config, data)
    assert model.shares == pytest.approx(np.bincount(data.split().train_labels()) / 480)
    drawn = model.draw_labels(50_000, seed=1)
    assert drawn.mean() == pytest.approx(model.shares[1], abs=0.004)
    assert np.array_equal(drawn[:300], model.draw_labels(300, seed=1))
    assert np.allclose(model.sample(300, 1)[:7], model.sample(7, 1), atol=1e-6)
    assert np.allclose(model.sample(300, 1), model.sample(300, 1, drawn[:300]))


@pytest.mark.parametrize("labels", [np.zeros(3, int), np.full(5, 10), np.full(5, -1), np.zeros(5)])
def test_class_numbers_that_do_not_fit_are_refused(labels):
    config, data = setup()
    model = model_of(prepare(config, data), config, data)
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
    settings = [part for setting in SMALL for part in ("--set", setting)]
    assert main(["train", "t.csv", "--labels", "kind", "--quiet", "--out", "r", *settings]) == 0
    capsys.readouterr()
    assert main(["distance", "t.csv", "r", "--quiet"]) == 0
    assert "12 rows held out of the run" in capsys.readouterr().out


def test_labels_asked_for_but_not_there_are_an_error():
    with pytest.raises(WganError, match="came without labels"):
        prepare(
            setup(data=load(np.zeros((20, 2)) + np.arange(20)[:, None]))[0], load(np.zeros((20, 2)))
        )


def test_the_command_line_trains_with_labels_and_samples_a_class(tmp_path, capsys):
    settings = [part for setting in SMALL for part in ("--set", setting)]
    assert main(["train", "digits", "--labels", "own", "--quiet", "--out", "r", *settings]) == 0
    assert (
        "of generated samples lie nearest to a training sample of the class asked for"
        in capsys.readouterr().out
    )
    with open("r/verdict.json") as file:
        agreement = json.load(file)["labels"]
    assert 0 <= agreement["generated"] <= 1
    assert 0.95 < agreement["real"] <= 1
    assert main(["sample", "r", "--label", "3", "-n", "5", "-o", "threes.npz"]) == 0
    with np.load("threes.npz") as file:
        assert file["x"].shape == (5, 8, 8)
        assert file["y"].tolist() == ["3"] * 5
    assert main(["sample", "r", "-n", "40", "-o", "folder"]) == 0
    again = load("folder", labels="own")
    assert len(again) == 40
    assert set(again.classes) <= set("0123456789")
    assert main(["sample", "r", "--label", "ten", "-o", "no.png"]) == 2
    assert "no class is called 'ten'" in capsys.readouterr().err
    assert main(["train", "25-gaussians", "--labels", "own", "--out", "no"]) == 2
    assert main(["train", "digits", "--quiet", "--out", "plain", *settings]) == 0
    assert main(["sample", "plain", "--label", "3", "-o", "no.png"]) == 2
    assert "trained without labels" in capsys.readouterr().err
