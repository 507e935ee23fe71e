"""Runs as users have them: written, stopped, killed, resumed, and equal to the bit."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from short_runs import flags, run_to_end, settled, trained

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.data import load
from wgan.evaluation import Watch
from wgan.objectives import VARIANTS, Variant
from wgan.objectives.penalties import Penalty, at_real, one_sided
from wgan.objectives.scores import HINGE
from wgan.runs import RunFolder, begin_run
from wgan.training import Run
from wgan.training import steps as steps_module
from wgan.training.step import train_step

SMALL = ["network.width=4", "network.latent=8", "optimizer.batch=8", "optimizer.critic_steps=2"]
SMALL += ["training.precision=float32"]
OFTEN = ["training.log_every=1", "training.snapshot_every=5", "training.checkpoint_every=3"]
MODEL = ("generator.safetensors", "critic.safetensors")


def setup(*settings):
    return settled("data.source=digits", "training.steps=12", *SMALL, *OFTEN, *settings)


def same_model(a, b):
    """Tell whether two folders hold the same weights, to the bit."""
    return all((a / name).read_bytes() == (b / name).read_bytes() for name in MODEL)


def test_the_loop_yields_one_record_a_step_and_writes_the_run(tmp_path):
    config, data = setup()
    records = run_to_end(tmp_path / "r", config, data)
    assert [r.step for r in records] == list(range(13))
    lines = [json.loads(line) for line in (tmp_path / "r/metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 13))
    assert lines[-1]["samples"] == 12 * 2 * 8
    norms = {"gradient_norm", "gradient_norm_5", "gradient_norm_95", "generator_gradient_norm"}
    others = {"step", "seconds", "samples", "estimate", "critic_loss", "penalty"}
    assert lines[-1].keys() == norms | others
    assert all(
        0 <= line["gradient_norm_5"] <= line["gradient_norm"] <= line["gradient_norm_95"]
        for line in lines
    )
    assert lines[-1]["critic_loss"] == pytest.approx(
        -lines[-1]["estimate"] + 10 * lines[-1]["penalty"], rel=1e-4
    )
    assert sorted(p.name for p in (tmp_path / "r/samples").iterdir()) == [
        f"step-{n:07d}.png" for n in (0, 5, 10, 12)
    ]
    state = ["checkpoint.safetensors", "generator.json", *MODEL]
    files = ["config.toml", "run.json", "run.lock", "metrics.jsonl", "samples", *state]
    assert {p.name for p in (tmp_path / "r").iterdir()} == set(files)
    about = json.loads((tmp_path / "r/run.json").read_text())
    assert about["data"]["fingerprint"] == data.fingerprint
    assert about["periods"][0]["packages"]["torch"] == torch.__version__


RUNS = [
    ["training.log_every=3"],
    *([f"objective.variant={name}"] for name in VARIANTS),
    ["objective.variant=r3gan", "objective.penalty_every=3"],
    ["network.kind=residual", "optimizer.decay=linear"],
    ["training.precision=bfloat16"],
    ["training.precision=bfloat16", "network.kind=residual"],
]


@pytest.mark.parametrize("settings", RUNS)
def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path, settings):
    config, data = setup(*settings)
    run_to_end(tmp_path / "whole", config, data)
    assert run_to_end(tmp_path / "parts", config, data, stop_at=4)[-1].stopped
    assert run_to_end(tmp_path / "parts", config, data, stop_at=8)[-1].stopped
    assert not run_to_end(tmp_path / "parts", config, data)[-1].stopped
    assert same_model(tmp_path / "parts", tmp_path / "whole")
    without_clock = [
        [
            {k: v for k, v in json.loads(line).items() if k != "seconds"}
            for line in (tmp_path / part / "metrics.jsonl").read_text().splitlines()
        ]
        for part in ("parts", "whole")
    ]
    assert without_clock[0] == without_clock[1]


@pytest.mark.parametrize("begun", ["float32", "bfloat16"])
def test_a_run_goes_on_in_the_precision_that_it_began_in(tmp_path, begun, capsys):
    """Whatever `auto` would choose on this machine."""
    steady = flags([*SMALL[:-1], "optimizer.decay=none"])
    arguments = ["train", "digits", "--quiet", "--out", str(tmp_path / "r"), *steady]
    assert main([*arguments, "--steps", "2", "--precision", begun]) == 0
    assert main([*arguments, "--steps", "4"]) == 0
    assert f'precision = "{begun}"' in (tmp_path / "r/config.toml").read_text()
    other = {"float32": "bfloat16", "bfloat16": "float32"}[begun]
    assert main([*arguments, "--steps", "6", "--precision", other]) == 2
    assert f"training.precision: {begun} -> {other}" in capsys.readouterr().err


def test_another_seed_gives_other_weights(tmp_path):
    for seed in (0, 1):
        config, data = setup(f"training.seed={seed}")
        run_to_end(tmp_path / str(seed), config, data)
    assert (tmp_path / "0/generator.safetensors").read_bytes() != (
        tmp_path / "1/generator.safetensors"
    ).read_bytes()


def command(folder, steps=150):
    wgan = [sys.executable, "-m", "wgan", "train", "digits", "--quiet"]
    return [*wgan, "--steps", str(steps), "--out", str(folder), *flags([*SMALL, *OFTEN])]


def test_kill_at_random_moments_then_the_same_command_gives_the_same_bits(tmp_path):
    """Five kills: two at any moment of starting up, three at any moment of training."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(command(tmp_path / "whole"), check=True, env=environment, capture_output=True)
    rng = random.Random(0)
    for kill in range(5):
        process = subprocess.Popen(
            command(tmp_path / "killed"),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        before = progress(tmp_path / "killed")
        if kill < 2:
            while not (tmp_path / "killed").exists():
                time.sleep(0.001)
            time.sleep(rng.random() / 20)
        target = before + rng.randint(5, 20)  # beyond a checkpoint, so that the period counts
        while kill >= 2 and progress(tmp_path / "killed") < target:
            time.sleep(rng.random() / 50)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    subprocess.run(command(tmp_path / "killed"), check=True, env=environment, capture_output=True)
    assert same_model(tmp_path / "killed", tmp_path / "whole")
    steps = [
        json.loads(line)["step"]
        for line in (tmp_path / "killed/metrics.jsonl").read_text().splitlines()
    ]
    assert steps == list(range(1, 151))
    assert len(json.loads((tmp_path / "killed/run.json").read_text())["periods"]) >= 3


def progress(folder):
    path = folder / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_run_killed_while_it_began_can_begin_again(tmp_path):
    config, data = setup()
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "run.lock").touch()
    (folder / ".run.json.abc.partial").write_text("{")
    begin_run(folder, config, data).lock.close()
    (folder / "config.toml").unlink()
    (folder / ".config.toml.abc.partial").write_text("[da")
    run_to_end(folder, config, data, stop_at=4)
    (folder / ".checkpoint.safetensors.abc.partial").write_bytes(b"half")
    (folder / "metrics.jsonl").open("ab").write(b'{"step": 5, "sec')
    run_to_end(folder, config, data)
    assert not list(folder.rglob("*.partial"))
    assert [
        json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()
    ] == list(range(1, 13))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_leaves(tmp_path, number):
    process = subprocess.Popen(
        command(tmp_path / "r", steps=100_000),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while progress(tmp_path / "r") < 5:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "the same command continues from there" in out
    assert (tmp_path / "r/checkpoint.safetensors").exists()


def test_nan_stops_the_run_with_step_and_seed_and_keeps_the_checkpoint(tmp_path, monkeypatch):
    config, data = setup()

    def poisoned(state, *arguments):
        if state.step == 7:
            next(state.critic.parameters()).data.fill_(float("nan"))
        return train_step(state, *arguments)

    monkeypatch.setattr(steps_module, "train_step", poisoned)
    with pytest.raises(WganError, match=r"estimate, critic_loss.*not finite at step 8, seed 0"):
        run_to_end(tmp_path / "r", config, data)
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    run_to_end(tmp_path / "r", config, data)
    run_to_end(tmp_path / "whole", config, data)
    assert (tmp_path / "r/generator.safetensors").read_bytes() == (
        tmp_path / "whole/generator.safetensors"
    ).read_bytes()


def test_warm_up_can_be_stopped_and_then_gives_the_same_bits(tmp_path):
    config, data = setup("training.warmup_critic_steps=6")
    run_to_end(tmp_path / "whole", config, data)
    run = Run.start(config, data, tmp_path / "parts", watch=None)
    answers = iter([False, False, True])
    assert [r.stopped for r in run.records(lambda: next(answers))] == [True]
    run.close()
    run_to_end(tmp_path / "parts", config, data)
    assert (tmp_path / "parts/generator.safetensors").read_bytes() == (
        tmp_path / "whole/generator.safetensors"
    ).read_bytes()


def test_more_steps_may_be_asked_for_where_the_rate_does_not_depend_on_them(tmp_path):
    steady = ["optimizer.decay=none", "training.ema=0.9"]
    whole = setup(*steady, "training.steps=18")
    run_to_end(tmp_path / "whole", *whole)
    run_to_end(tmp_path / "parts", *setup(*steady))
    run_to_end(tmp_path / "parts", *whole)
    assert same_model(tmp_path / "parts", tmp_path / "whole")
    for fewer in (
        setup(*steady),
        setup("optimizer.decay=linear", "training.steps=20"),
        setup(*steady, "training.stop_when_converged=true"),
    ):
        with pytest.raises(WganError, match="another configuration"):
            begin_run(tmp_path / "parts", *fewer)
    run_to_end(tmp_path / "falling", *setup("optimizer.decay=linear"))
    with pytest.raises(WganError, match="another configuration"):
        begin_run(tmp_path / "falling", *setup("optimizer.decay=linear", "training.steps=18"))


def test_a_run_that_diverges_says_so_before_it_is_measured(tmp_path):
    config, data = setup("optimizer.lr=1e18", "optimizer.decay=none", "training.measure_every=1")
    with pytest.raises(WganError, match=r"not finite at step \d+, seed 0: lower optimizer.lr"):
        trained(config, data, Watch(data.split()))


def test_a_kill_between_the_last_checkpoint_and_the_model_is_mended(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data)
    model = tmp_path / "r/generator.safetensors"
    before = model.read_bytes()
    model.unlink()
    run_to_end(tmp_path / "r", config, data)
    assert model.read_bytes() == before


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains_points_and_pictures_without_a_nan(name, tmp_path):
    for source in ("25-gaussians", "digits"):
        config, data = setup(f"data.source={source}", f"objective.variant={name}")
        run_to_end(tmp_path / source, config, data)
        lines = [
            json.loads(line)
            for line in (tmp_path / source / "metrics.jsonl").read_text().splitlines()
        ]
        assert len(lines) == 12


def test_a_made_up_variant_trains_and_is_listed_from_its_row_alone(monkeypatch, tmp_path, capsys):
    variant = Variant(
        "made-up",
        HINGE,
        Penalty(at_real, one_sided, 3.0, "E max(0, |grad f(x)| - 1)^2, x real"),
        paper="none",
        when="never",
    )
    monkeypatch.setitem(VARIANTS, "made-up", variant)
    config, data = setup("objective.variant=made-up", "objective.penalty_weight=2")
    assert not run_to_end(tmp_path / "r", config, data)[-1].stopped
    assert main(["variants"]) == 0
    assert "3 E max(0, |grad f(x)| - 1)^2, x real" in capsys.readouterr().out


def test_a_run_that_is_to_stop_needs_somebody_who_measures():
    run = Run.start(*setup("training.stop_when_converged=true"), watch=None)
    with pytest.raises(WganError, match="nothing measures the run"):
        next(run.records())


def test_a_run_of_an_older_version_that_may_stop_goes_on_with_samples_of_its_own(tmp_path):
    """Older versions measured on samples that are held out: those measurements do not count."""
    folder = tmp_path / "r"
    ours = setup("training.stop_when_converged=true", "training.measure_every=1")
    run_to_end(folder, *ours, stop_at=2, watch="held-out")
    path = folder / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    old = [{k: v for k, v in line.items() if k != "watched"} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in old))
    run = Run.start(*ours, folder)
    assert run.watch.measured == []
    for _ in run.records():
        pass
    assert next(step for step, _ in run.watch.measured) == 3
    assert run.finish().held_out.n == 180
    run.close()


def test_a_run_is_resolved_from_whatever_data_are(tmp_path):
    """A name, a path, an array, a tensor or a data set; later layers go over earlier ones."""
    points = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    np.save(tmp_path / "x.npy", points)
    small = {"network.width": 8, "optimizer.batch": 8}
    for data in (tmp_path / "x.npy", str(tmp_path / "x.npy"), points, torch.from_numpy(points)):
        run = Run.open(data, steps=2, seed=3, settings=small, watch=None)
        assert (run.config.training.steps, run.config.training.seed) == (2, 3)
        assert run.config.optimizer.batch == 8
        assert run.dataset.fingerprint == load(points).fingerprint
        assert [record.step for record in run.records()] == [0, 1, 2]
    layers = [("mine", {"training": {"steps": 7}, "optimizer": {"batch": 4}})]
    run = Run.open(load(points), variant="gan", settings=small, layers=layers)
    assert (run.config.training.steps, run.config.optimizer.batch) == (7, 8)
    assert run.variant.name == "gan"
    assert Run.open(layers=layers).dataset.name == "digits"


def test_a_run_ends_with_its_held_out_distance_and_a_diagnosis(tmp_path):
    settings = {"network.width": 8, "optimizer.batch": 8, "training.log_every": 1}
    run = Run.open("25-gaussians", steps=40, settings=settings, out=tmp_path / "r")
    assert len([r for r in run.records() if r.metrics and "held_out_w1" in r.metrics]) == 40
    told = []
    finish = run.finish(lambda what, done, total: told.append((done, total)))
    assert finish.step == 40
    assert finish.held_out.n == 1000
    assert finish.watched.n == 500
    assert finish.watched.floor > 0
    assert finish.diagnosis
    assert told[-1] == (2, 2)
    assert RunFolder(tmp_path / "r").finish() == finish
    run.close()


def test_a_run_may_be_watched_by_a_measure_of_ones_own(tmp_path):
    class Spread:
        converged = False

        def __call__(self, sample, step):
            self.converged = step >= 8
            return {"spread": float(sample(50, step).std())}

    settings = {"training.measure_every": 2, "training.stop_when_converged": True}
    small = {"network.width": 8, "optimizer.batch": 8, "training.log_every": 3}
    run = Run.open("8-gaussians", steps=20, settings=settings | small, watch=Spread())
    assert [r.step for r in run.records()][-1] == 8
    assert [line["step"] for line in run.history if "spread" in line] == [2, 4, 6, 8]
    assert [line["step"] for line in run.history] == [2, 3, 4, 6, 8]
    assert run.finish().watched is None


def test_a_closed_run_gives_its_folder_free_and_can_still_be_sampled(tmp_path):
    run = Run.start(*setup(), tmp_path / "r", watch=None)
    with pytest.raises(WganError, match="another process trains here"):
        Run.start(*setup(), tmp_path / "r", watch=None)
    run.close()
    Run.start(*setup(), tmp_path / "r", watch=None).close()
    assert run.model.sample(3).shape == (3, 8, 8)


def test_a_run_goes_to_the_folder_of_its_name(tmp_path):
    run = Run.open("digits", steps=1, seed=4, out="auto", settings={"network.width": 4})
    assert run.folder.path == Path("runs/digits-wgan-gp-4")
    assert (tmp_path / "runs/digits-wgan-gp-4/config.toml").exists()
    run.close()


def test_a_frame_takes_the_schema_of_the_settings_and_going_on_its_rules(tmp_path):
    """A run whose schema file has other rules than it began with is not gone on with."""
    random = np.random.default_rng(0)
    start = random.integers(0, 50, 120)
    frame = pd.DataFrame({"start": start, "end": start + random.integers(0, 9, 120)})
    schema = tmp_path / "schema.toml"
    small = {"network.width": 4, "optimizer.batch": 8, "data.schema": str(schema)}

    def begin(columns, steps):
        names = ", ".join(f'"{name}"' for name in columns)
        schema.write_text(f"[[rules]]\norder = [{names}]\n" if columns else "")
        run = Run.open(frame, steps=steps, settings=small, watch=None, out=tmp_path / "run")
        for _ in run.records():
            pass
        run.close()
        return run

    assert begin(["start", "end"], 2).dataset.codec.rules[0].names == ("start", "end")
    for columns, words in (
        ([], r"rules have changed: order = \['start', 'end'\] is gone"),
        (["end", "start"], "break it"),
    ):
        with pytest.raises(WganError, match=words):
            begin(columns, 2)
    begin(["start", "end"], 2)
    layers = [("mine", {"data": {"schema": str(schema)}})]
    assert Run.open(frame, layers=layers, steps=2).dataset.codec.rules
    with pytest.raises(WganError, match=r"data\.schema applies to tables"):
        Run.open(np.zeros((9, 2)), settings=small)
