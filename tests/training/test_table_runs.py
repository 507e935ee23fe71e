"""Runs on tables, from a file to rows: resumed to the bit, true frequencies, packs."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from short_runs import flags, run_to_end, settled, trained, wgan
from torch import nn

from wgan.base.errors import WganError
from wgan.data import load
from wgan.models import load_model
from wgan.networks import Pair
from wgan.training import Run

SMALL = ["network.width=16", "optimizer.batch=20"]
SMALL += ["training.steps=6", "training.log_every=1", "training.checkpoint_every=2"]
PACKS = ["network.pack=1", "network.pack=5"]
CONSTRAINED = [f"objective.variant=wgan-{name}" for name in ("ct", "ortho", "sn")]


def setup(frame, *settings):
    return settled(*SMALL, *settings, data=load(frame))


def model_for(frame, *settings):
    return trained(*setup(frame, *settings)).model


@pytest.mark.parametrize("setting", [*PACKS, *CONSTRAINED])
def test_a_run_resumes_to_the_bit(tmp_path, mixed, setting):
    """Though units drop."""
    config, data = setup(mixed(200), setting)
    assert config.objective.likelihood_dropout > 0
    assert config.objective.likelihood_weight > 0
    run_to_end(tmp_path / "whole", config, data)
    run_to_end(tmp_path / "parts", config, data, stop_at=3)
    run_to_end(tmp_path / "parts", config, data)
    for name in ("generator.safetensors", "critic.safetensors", "generator.json"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def dropping(share, seed):
    return f"objective.likelihood_dropout={share}", f"training.seed={seed}"


def test_dropout_changes_a_run_and_its_seed_is_that_of_the_run(mixed):
    frame = mixed(200)
    weights = [
        model_for(frame, *dropping(share, seed)).generator.first_bias
        for share, seed in ((0.5, 0), (0.5, 0), (0.0, 0), (0.5, 1))
    ]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert not torch.equal(weights[0], weights[3])


@pytest.mark.parametrize("depth", [0, 1, 9])
def test_a_model_is_loaded_as_it_was_saved(tmp_path, depth):
    """Of one column too, whose generator has fewer tensors than layers."""
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=200)})
    config, data = setup(frame, f"network.depth={depth}", "training.steps=2")
    run_to_end(tmp_path / "r", config, data)
    loaded = load_model(tmp_path / "r")
    assert torch.equal(loaded.generator.owner, torch.zeros(len(loaded.generator.owner)))
    mine = trained(config, data).model
    assert np.array_equal(loaded.sample(50), mine.sample(50))


def test_a_likelihood_that_no_generator_has_is_refused():
    config, data = settled("data.source=25-gaussians", "objective.likelihood_weight=1")
    with pytest.raises(WganError, match=r"objective\.likelihood_weight = 1: this generator"):
        next(Run.start(config, data).records())


def test_the_command_line_goes_from_a_file_to_a_file(tmp_path, mixed, capsys):
    frame = mixed(300)
    frame.to_csv("customers.csv", index=False)
    assert wgan("data customers.csv -o schema.toml") == 0
    said = capsys.readouterr().out
    assert "customer_id: identifier, made anew, as C-00301" in said
    assert "size: category, 3 levels: small, medium, large" in said
    train = "train customers.csv --schema schema.toml --out r --quiet"
    assert wgan(train, *flags(SMALL)) == 0
    assert (tmp_path / "r" / "samples" / "step-0000006.png").exists()
    assert (tmp_path / "r" / "schema.toml").read_text() == (tmp_path / "schema.toml").read_text()
    assert wgan("sample r -n 300 -o new.csv") == 0
    new = pd.read_csv("new.csv", dtype={"code": "str"})
    assert list(new.columns) == list(frame.columns)
    assert len(new) == 300
    for name in ("size", "city", "code", "note"):
        assert set(new[name].dropna()) <= set(frame[name].dropna()), "no new categories"
    for name in ("age", "price", "gain"):
        assert new[name].between(frame[name].min(), frame[name].max()).all(), "bounds"
    assert np.array_equal(new["price"], new["price"].round(2))
    assert not set(new["customer_id"]) & set(frame["customer_id"])
    assert wgan("sample r -n 5 -o new.csv") == 2
    assert "already exists" in capsys.readouterr().err


def test_the_command_line_evaluates_a_table(tmp_path, mixed, capsys):
    mixed(300).to_csv("customers.csv", index=False)
    assert wgan("train customers.csv --out r --quiet", *flags(SMALL)) == 0
    capsys.readouterr()
    assert wgan("evaluate r --quiet --target size") == 0
    assert "shape error, %" in capsys.readouterr().out
    assert wgan("evaluate r --quiet --json --seed 1") == 0
    text = (tmp_path / "r" / "results.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    whole = json.loads((tmp_path / "r" / "evaluation.json").read_text())
    del whole["id"], whole["digest"]  # of the file alone
    target = whole["evaluation"]["details"]["target"]
    assert target == "visits", "the last number, or category of few levels"
    printed = json.loads(capsys.readouterr().out)
    assert printed["command"] == "evaluate"
    lines_printed = printed.pop("evaluation")["lines"]
    lines_kept = whole["evaluation"]["lines"]
    for shown, kept in zip(lines_printed, lines_kept, strict=True):  # the file does without words
        assert {"title", "unit", "read"} <= set(shown)
        assert shown.items() >= kept.items()
    assert printed.items() >= {k: v for k, v in whole.items() if k != "evaluation"}.items()
    names = [line["name"] for line in whole["evaluation"]["lines"]]
    assert [line["metric"] for line in lines if line["seed"] == 1] == names
    first = [line for line in lines if line["seed"] == 0]
    metrics = {line["metric"].split("-n")[0] for line in first}
    assert metrics >= {
        "shape-error",
        "trend-error",
        "tstr-auc-size",
        "c2st-auc",
        "dcr-share",
        "conditional-shape",
    }
    figures = {"value", "half_width", "floor", "ceiling", "n", "sets", "held_out", "seconds"}
    origin = {"seed", "step", "run", "commit", "packages", "machine"}
    assert all(figures | origin <= set(line) for line in first)
    assert (tmp_path / "r" / "evaluation.png").stat().st_size > 0


def test_a_trained_generator_samples_at_true_frequencies():
    """Trained with balanced conditions, in which a third of the rows that ask for the column ask
    for the rare state: not lost, and not that share.
    """
    frame = pd.DataFrame(
        {"k": np.repeat(["a", "b"], [949, 51]), "x": np.random.default_rng(0).normal(size=1000)}
    )
    settings = ["optimizer.batch=250", "training.steps=400"]
    settings += ["training.ema=0.99", "network.width=64"]
    assert 0.01 < np.mean(model_for(frame, *settings).sample(20_000)[:, 0] == 1) < 0.12


def test_batches_of_any_size_sample_alike(mixed):
    model = model_for(mixed(200))
    assert [len(model.sample(n)) for n in (1, 255, 257)] == [1, 255, 257]
    modules = [module for net in (model.generator, model.critic) for module in net.modules()]
    assert not any(
        isinstance(module, torch.nn.modules.batchnorm._NormBase | torch.nn.Dropout)
        for module in modules
    )


def test_packs_must_divide_the_batch_and_score_no_single_rows(mixed):
    with pytest.raises(WganError, match="cannot be divided into packs of 3"):
        model_for(mixed(200), "network.pack=3")
    model = model_for(mixed(200), "network.pack=5")
    with pytest.raises(WganError, match="scores 5 samples together"):
        model.scores(load(mixed(200)).rows[:10])


class Ignoring(nn.Module):
    """A linear layer, whatever the conditions."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)

    def forward(self, x, y=None):
        out = self.layer(x)
        return out if out.shape[1] > 1 else out[:, 0]


def own_pair():
    return Pair(
        ("own",),
        lambda config, codec, classes: Ignoring(3, codec.shape[0]),
        lambda config, codec, layers, classes: Ignoring(codec.shape[0], 1),
        lambda config, codec: 3,
    )


def test_a_pair_of_ones_own_trains_a_table_without_the_presets_likelihood(mixed):
    run = Run.open(mixed(100), pair=own_pair(), steps=2)
    assert run.config.objective.likelihood_weight == 0
    assert [record.step for record in run.records()] == [0, 1, 2]
    with pytest.raises(WganError, match="this generator knows no likelihood"):
        Run.open(mixed(100), pair=own_pair(), settings={"objective.likelihood_weight": 1})
