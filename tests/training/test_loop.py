"""Runs as users have them: written, stopped, killed, resumed, and equal to the bit."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.config import configure, from_settings
from wgan.evaluation import Watch
from wgan.objectives import VARIANTS, CriticLoss, Variant
from wgan.objectives.penalties import Penalty, at_real, one_sided
from wgan.objectives.scores import HINGE
from wgan.runs import open_run
from wgan.training import loop, prepare, resume, train
from wgan.training.step import train_step

SMALL = [
    "network.width=4",
    "network.latent=8",
    "optimizer.batch=8",
    "optimizer.critic_steps=2",
    "training.precision=float32",
]
OFTEN = ["training.log_every=1", "training.snapshot_every=5", "training.checkpoint_every=3"]


def setup(*settings):
    return configure(
        [from_settings(["data.source=digits", "training.steps=12", *SMALL, *OFTEN, *settings])]
    )


def run_to_end(folder, config, data, stop_at=None):
    run, state = open_run(folder, config, data), prepare(config, data)
    resume(state, run)
    seen = []
    records = train(
        state, config, data, run, stop=lambda: stop_at is not None and state.step >= stop_at
    )
    for record in records:
        seen.append(record)
    run.lock.close()
    return seen


def test_the_loop_yields_one_record_a_step_and_writes_the_run(tmp_path):
    config, data = setup()
    records = run_to_end(tmp_path / "r", config, data)
    assert [r.step for r in records] == list(range(13))
    lines = [json.loads(line) for line in (tmp_path / "r/metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 13))
    assert lines[-1]["samples"] == 12 * 2 * 8
    assert lines[-1].keys() == {
        "step",
        "seconds",
        "samples",
        "estimate",
        "critic_loss",
        "penalty",
        "gradient_norm",
        "gradient_norm_5",
        "gradient_norm_95",
        "generator_gradient_norm",
    }
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
    assert {p.name for p in (tmp_path / "r").iterdir()} == {
        "config.toml",
        "run.json",
        "run.lock",
        "metrics.jsonl",
        "samples",
        "checkpoint.safetensors",
        "generator.safetensors",
        "generator.json",
        "critic.safetensors",
    }
    about = json.loads((tmp_path / "r/run.json").read_text())
    assert about["data"]["fingerprint"] == data.fingerprint
    assert about["sittings"][0]["packages"]["torch"] == torch.__version__


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
    for name in ("generator.safetensors", "critic.safetensors"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
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
    arguments = [
        "train",
        "digits",
        "--quiet",
        "--out",
        str(tmp_path / "r"),
        *(part for s in SMALL[:-1] for part in ("--set", s)),
    ]
    steady = ["--set", "optimizer.decay=none"]
    assert main([*arguments, *steady, "--steps", "2", "--precision", begun]) == 0
    assert main([*arguments, *steady, "--steps", "4"]) == 0
    assert f'precision = "{begun}"' in (tmp_path / "r/config.toml").read_text()
    other = {"float32": "bfloat16", "bfloat16": "float32"}[begun]
    assert main([*arguments, *steady, "--steps", "6", "--precision", other]) == 2
    assert f"training.precision: {begun} -> {other}" in capsys.readouterr().err


def test_another_seed_gives_other_weights(tmp_path):
    for seed in (0, 1):
        config, data = setup(f"training.seed={seed}")
        run_to_end(tmp_path / str(seed), config, data)
    assert (tmp_path / "0/generator.safetensors").read_bytes() != (
        tmp_path / "1/generator.safetensors"
    ).read_bytes()


def command(folder, steps=150):
    settings = [part for s in [*SMALL, *OFTEN] for part in ("--set", s)]
    return [
        sys.executable,
        "-m",
        "wgan",
        "train",
        "digits",
        "--steps",
        str(steps),
        "--quiet",
        "--out",
        str(folder),
        *settings,
    ]


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
        target = before + rng.randint(5, 20)  # beyond a checkpoint, so that the sitting counts
        while kill >= 2 and progress(tmp_path / "killed") < target:
            time.sleep(rng.random() / 50)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    subprocess.run(command(tmp_path / "killed"), check=True, env=environment, capture_output=True)
    for name in ("generator.safetensors", "critic.safetensors"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    steps = [
        json.loads(line)["step"]
        for line in (tmp_path / "killed/metrics.jsonl").read_text().splitlines()
    ]
    assert steps == list(range(1, 151))
    assert len(json.loads((tmp_path / "killed/run.json").read_text())["sittings"]) >= 3


def progress(folder):
    path = folder / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_run_killed_while_it_began_can_begin_again(tmp_path):
    config, data = setup()
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "run.lock").touch()
    (folder / ".config.toml.abc.partial").write_text("[da")
    open_run(folder, config, data).lock.close()
    (folder / "run.json").unlink()
    (folder / ".run.json.abc.partial").write_text("{")
    run_to_end(folder, config, data, stop_at=4)
    (folder / ".checkpoint.safetensors.abc.partial").write_bytes(b"half")
    (folder / "metrics.jsonl").open("ab").write(b'5\n\xff\n{"step": 5, "sec')
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
    assert "the same command goes on from there" in out
    assert (tmp_path / "r/checkpoint.safetensors").exists()


def test_nan_stops_the_run_with_step_and_seed_and_keeps_the_checkpoint(tmp_path, monkeypatch):
    config, data = setup()

    def poisoned(state, *arguments):
        if state.step == 7:
            next(state.critic.parameters()).data.fill_(float("nan"))
        return train_step(state, *arguments)

    monkeypatch.setattr(loop, "train_step", poisoned)
    with pytest.raises(WganError, match=r"estimate, critic_loss.*not finite at step 8, seed 0"):
        run_to_end(tmp_path / "r", config, data)
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    run_to_end(tmp_path / "r", config, data)
    run_to_end(tmp_path / "whole", config, data)
    assert (tmp_path / "r/generator.safetensors").read_bytes() == (
        tmp_path / "whole/generator.safetensors"
    ).read_bytes()


def test_a_folder_is_not_shared_with_other_settings_data_or_processes(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data, stop_at=4)
    before = {p: p.read_bytes() for p in (tmp_path / "r").rglob("*") if p.is_file()}
    other, _ = setup("optimizer.lr=3e-4")
    with pytest.raises(
        WganError, match=r"another configuration \(optimizer\.lr: 0\.001 -> 0\.0003\)"
    ):
        open_run(tmp_path / "r", other, data)
    _, gaussians = configure([from_settings(["data.source=25-gaussians"])])
    with pytest.raises(WganError, match="begun on other data"):
        open_run(tmp_path / "r", config, gaussians)
    assert {p: p.read_bytes() for p in before} == before
    held = open_run(tmp_path / "r", config, data)
    with pytest.raises(WganError, match="another process trains here"):
        open_run(tmp_path / "r", config, data)
    held.lock.close()
    (tmp_path / "r/run.json").write_text("{}")
    with pytest.raises(WganError, match=r"run\.json: damaged"):
        open_run(tmp_path / "r", config, data)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    with pytest.raises(WganError, match="holds files that are not a run's"):
        open_run(tmp_path / "mine", config, data)


def test_a_damaged_checkpoint_is_named(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data, stop_at=4)
    checkpoint = tmp_path / "r/checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    with pytest.raises(WganError, match=r"checkpoint\.safetensors: a damaged"):
        run_to_end(tmp_path / "r", config, data)


def test_before_the_first_checkpoint_other_settings_may_take_the_folder(tmp_path):
    config, data = setup()
    open_run(tmp_path / "r", config, data).lock.close()
    other, _ = setup("optimizer.lr=3e-4")
    run_to_end(tmp_path / "r", other, data)
    assert "lr = 0.0003" in (tmp_path / "r/config.toml").read_text()


def test_warm_up_can_be_stopped_and_then_gives_the_same_bits(tmp_path):
    config, data = setup("training.warmup_critic_steps=6")
    run_to_end(tmp_path / "whole", config, data)
    run = open_run(tmp_path / "parts", config, data)
    state, asked = prepare(config, data), iter([False, False, True])
    assert [r.stopped for r in train(state, config, data, run, stop=lambda: next(asked))] == [True]
    run.lock.close()
    run_to_end(tmp_path / "parts", config, data)
    assert (tmp_path / "parts/generator.safetensors").read_bytes() == (
        tmp_path / "whole/generator.safetensors"
    ).read_bytes()


COMPILED = """
import sys
from wgan.data import load
from wgan.config import configure, from_settings
from wgan.training import prepare, train
settings = ["data.source=digits", "training.steps=6", "training.log_every=1", "network.width=4", "optimizer.batch=8",
            "training.precision=float32"]
estimates = []
for more in (["training.compile=false"], ["training.compile=true"]):
    config, data = configure([from_settings([*settings, *more])])
    estimates.append([r.metrics["critic_loss"] for r in train(prepare(config, data), config, data) if r.metrics])
print(estimates)
assert len(estimates[0]) == 6
assert all(abs(a - b) < 1e-3 * (1 + abs(a)) for a, b in zip(*estimates, strict=True))
"""


def test_a_compiled_run_follows_the_plain_one():
    """In a process of its own: shape checks on annotations do not go with compiling."""
    done = subprocess.run(
        [sys.executable, "-c", COMPILED],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_compiler_that_loses_the_penaltys_gradient_is_refused(precision, monkeypatch):
    def losing(module, **options):
        if not isinstance(module, CriticLoss):
            return module
        return CriticLoss(
            module.critic, module.variant.adjusted(penalty_weight=0.0), module.low_precision
        )

    monkeypatch.setattr(torch, "compile", losing)
    config, data = setup("training.compile=true", f"training.precision={precision}")
    with pytest.raises(WganError, match="a compiled gradient differs from float32's by"):
        list(train(prepare(config, data), config, data))


def test_more_steps_may_be_asked_for_where_the_rate_does_not_depend_on_them(tmp_path):
    steady = ["optimizer.decay=none", "training.ema=0.9"]
    whole = setup(*steady, "training.steps=18")
    run_to_end(tmp_path / "whole", *whole)
    run_to_end(tmp_path / "parts", *setup(*steady))
    run_to_end(tmp_path / "parts", *whole)
    for name in ("generator", "critic"):
        assert (tmp_path / f"parts/{name}.safetensors").read_bytes() == (
            tmp_path / f"whole/{name}.safetensors"
        ).read_bytes()
    for fewer in (
        setup(*steady),
        setup("optimizer.decay=linear", "training.steps=20"),
        setup(*steady, "training.stop_when_converged=true"),
    ):
        with pytest.raises(WganError, match="another configuration"):
            open_run(tmp_path / "parts", *fewer)
    run_to_end(tmp_path / "falling", *setup("optimizer.decay=linear"))
    with pytest.raises(WganError, match="another configuration"):
        open_run(tmp_path / "falling", *setup("optimizer.decay=linear", "training.steps=18"))


def test_a_run_that_diverges_says_so_before_it_is_measured(tmp_path):
    config, data = setup("optimizer.lr=1e18", "optimizer.decay=none", "training.measure_every=1")
    with pytest.raises(WganError, match=r"not finite at step \d+, seed 0: lower optimizer.lr"):
        for _ in train(prepare(config, data), config, data, watch=Watch(data.split())):
            pass


def test_a_kill_between_the_last_checkpoint_and_the_model_is_mended(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data)
    model = tmp_path / "r/generator.safetensors"
    before = model.read_bytes()
    model.unlink()
    run_to_end(tmp_path / "r", config, data)
    assert model.read_bytes() == before


@pytest.mark.parametrize("name", VARIANTS)
def test_every_row_trains_points_and_pictures_without_a_nan(name, tmp_path):
    for source in ("25-gaussians", "digits"):
        config, data = setup(f"data.source={source}", f"objective.variant={name}")
        run_to_end(tmp_path / source, config, data)
        lines = [
            json.loads(line)
            for line in (tmp_path / source / "metrics.jsonl").read_text().splitlines()
        ]
        assert len(lines) == 12


def test_a_made_up_row_trains_and_is_listed_from_its_row_alone(monkeypatch, tmp_path, capsys):
    from wgan.cli import main

    row = Variant(
        "made-up",
        HINGE,
        Penalty(at_real, one_sided, 3.0, "E max(0, |grad f(x)| - 1)^2, x real"),
        paper="none",
        when="never",
    )
    monkeypatch.setitem(VARIANTS, "made-up", row)
    config, data = setup("objective.variant=made-up", "objective.penalty_weight=2")
    assert not run_to_end(tmp_path / "r", config, data)[-1].stopped
    assert main(["variants"]) == 0
    assert "3 E max(0, |grad f(x)| - 1)^2, x real" in capsys.readouterr().out


def test_a_lazy_penalty_is_logged_where_it_was_taken(tmp_path):
    config, data = setup("objective.penalty_every=3")
    run_to_end(tmp_path / "r", config, data)
    lines = [json.loads(line) for line in (tmp_path / "r/metrics.jsonl").read_text().splitlines()]
    last_draws = [2 * step - 1 for step in range(1, 13)]
    assert ["penalty" in line for line in lines] == [draw % 3 == 0 for draw in last_draws]
    with pytest.raises(WganError, match=r"penalty_every is set, but gan has no penalty"):
        setup("objective.variant=gan", "objective.penalty_every=2")
