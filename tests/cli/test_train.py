"""The command line as users meet it: what it writes, what it prints, and one clear line for each
kind of bad input.
"""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from short_runs import flags, wgan

from wgan.cli import main
from wgan.cli.train import train_command
from wgan.runs import RunFolder

SMALL = ["network.width=4", "network.latent=4", "optimizer.batch=8", "optimizer.critic_steps=1"]
TINY = flags(SMALL)
QUICK = ["--steps", "4", "--quiet", *TINY]


def pictures(folder, n=12, size=(6, 9)):
    folder.mkdir(parents=True)
    for i in range(n):
        pixels = np.random.default_rng(i).integers(0, 256, size=(*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")


def test_train_then_sample_in_every_form(capsys):
    assert main(["train", *QUICK]) == 0
    run = Path("runs/digits-wgan-gp-0")
    out = capsys.readouterr().out
    assert "4 steps in" in out
    assert "W1(generated, held-out)" in out
    assert "pixels in [0,1])" in out
    finish = json.loads((run / "finish.json").read_text())
    assert finish["metric"] == "w1-exact-held-out"
    assert finish["n"] == 359
    for name in ("a.png", "b.npy", "c"):
        assert main(["sample", str(run), "-n", "10", "--seed", "3", "-o", name]) == 0
    assert np.load("b.npy").shape == (10, 8, 8)
    assert len(list(Path("c").iterdir())) == 10
    assert np.array_equal(np.asarray(Image.open("c/0007.png")), np.load("b.npy")[7])
    assert main(["sample", str(run), "-n", "4", "--seed", "3", "-o", "d.npy"]) == 0
    assert np.array_equal(np.load("d.npy"), np.load("b.npy")[:4])


def test_training_twice_changes_nothing(capsys):
    main(["train", *QUICK])
    before = Path("runs/digits-wgan-gp-0/generator.safetensors").read_bytes()
    first = capsys.readouterr().out.splitlines()[-1]
    assert main(["train", *QUICK]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == first
    assert Path("runs/digits-wgan-gp-0/generator.safetensors").read_bytes() == before


def test_a_folder_of_colour_pictures_that_are_not_square(tmp_path):
    pictures(tmp_path / "photos")
    assert main(["train", str(tmp_path / "photos"), *QUICK]) == 0
    assert main(["sample", "runs/photos-wgan-gp-0", "-n", "3", "-o", "x.npy"]) == 0
    assert np.load("x.npy").shape == (3, 6, 9, 3)


def test_brackets_in_names_are_only_characters(tmp_path, capsys):
    pictures(tmp_path / "[dog]" / "a")
    pictures(tmp_path / "[dog]" / "[b]")
    assert main(["train", str(tmp_path / "[dog]"), *QUICK, "--out", "r[/b]x"]) == 0
    assert main(["data", str(tmp_path / "[dog]")]) == 0
    out = capsys.readouterr().out
    assert "r[/b]x" in out
    assert "[b], a" in out


def test_the_same_data_by_another_path_are_the_same_run(tmp_path):
    pictures(tmp_path / "photos")
    assert main(["train", "photos", *QUICK, "--out", "r"]) == 0
    assert main(["train", str(tmp_path / "photos"), *QUICK, "--out", "r"]) == 0


def test_gaussians_report_their_modes(capsys):
    assert main(["train", "25-gaussians", *QUICK]) == 0
    assert "of 25, " in capsys.readouterr().out


def test_dry_run_prints_the_plan_and_writes_nothing(capsys):
    assert main(["train", "digits", "--variant", "wgan", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert 'name = "rmsprop"' in out
    assert "critic" in out
    assert "runs/digits-wgan-0" in out
    assert not Path("runs").exists()


def test_a_dry_run_tells_what_it_would_begin_with_and_needs_no_room(capsys):
    assert wgan("train digits --labels own --dry-run --out there") == 0
    out = capsys.readouterr().out
    assert "# data: samples of shape 1 x 8 x 8, 1438 to train on, 359 held out, 10 classes" in out
    assert "the run goes to there" in out
    assert not Path("there").exists()


def test_a_config_file_that_dry_run_printed_gives_the_same_plan(capsys):
    main(["train", "8-gaussians", "--variant", "gan", "--seed", "5", "--dry-run"])
    plan = capsys.readouterr().out
    Path("c.toml").write_text(plan)
    assert main(["train", "--config", "c.toml", "--dry-run"]) == 0
    assert capsys.readouterr().out == plan


def bad_png(folder):
    pictures(folder)
    (folder / "5.png").write_bytes((folder / "5.png").read_bytes()[:50])


def other_run(folder):
    main(["train", *QUICK, "--out", str(folder)])


@pytest.mark.parametrize(
    ("prepare", "arguments", "message"),
    [
        (None, ["train", "nowhere.npy"], "nowhere.npy: no such file or folder"),
        (lambda p: p.write_text("hello"), ["train", "{p}"], "not a kind of file that can be read"),
        (lambda p: p.mkdir(), ["train", "{p}"], "no pictures found"),
        (bad_png, ["train", "{p}"], "5.png: cannot be decoded"),
        (
            lambda p: np.save(f"{p}.npy", np.full((20, 2), np.nan)),
            ["train", "{p}.npy"],
            "row 0 holds NaN",
        ),
        (lambda p: np.save(f"{p}.npy", np.zeros((1, 2))), ["train", "{p}.npy"], "1 sample"),
        (None, ["train", "--variant", "wgan-pg"], "Did you mean 'wgan-gp'?"),
        (None, ["train", "--preset", "imagse"], "Did you mean 'images'?"),
        (None, ["train", "--steps", "-3"], "training.steps = -3"),
        (None, ["train", "--steps", "many"], "many"),
        (None, ["train", "--device", "cuda:99"], "device"),
        pytest.param(
            None,
            ["train", "--device", "cuda"],
            "finds no such device",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here"),
        ),
        (None, ["train", "--set", "network.kind=mlp"], "choose conv, residual or bottleneck"),
        (None, ["train", "--set", "network.width=10000000000"], "give 16384 or less"),
        (None, ["train", "--seed", "9" * 400], "--seed"),
        (None, ["train", "digits", "--set", "data.resize=[16,16]"], "apply to folders and zips"),
        (None, ["train", "digits", "--set", "data.key=foo"], "data.key applies to .npz"),
        (None, ["train", "--config", "."], "Is a directory"),
        (None, ["train", "--precision", "float8"], "precision"),
        (None, ["train", "--set", "optimizer.lr"], "write section.field=value"),
        (
            None,
            ["train", "--set", "optimizer.lrr=1"],
            "unknown key optimizer.lrr. Did you mean 'lr'?",
        ),
        (None, ["train", "--config", "nowhere.toml"], "nowhere.toml: no such configuration file"),
        (
            lambda p: p.write_text("[optimizer]\nlr = 'x'"),
            ["train", "--config", "{p}"],
            "optimizer.lr",
        ),
        (
            other_run,
            ["train", *QUICK, "--set", "optimizer.lr=5e-4", "--out", "{p}"],
            "another configuration",
        ),
        (lambda p: p.write_text("mine"), ["train", *QUICK, "--out", "{p}"], "is a file"),
        (None, ["train", "--no-such-option"], "--no-such-option"),
        (None, ["tran"], "train"),
        (None, ["sample", "nowhere"], "holds no generator"),
        (other_run, ["sample", "{p}", "-n", "0"], "give 1 or more"),
        (other_run, ["sample", "{p}", "-o", "x.jpg"], "are written as"),
        (None, ["data", "nowhere"], "no such file or folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two_and_harms_nothing(
    prepare, arguments, message, tmp_path, capsys
):
    place = tmp_path / "place"
    if prepare:
        prepare(place)
    capsys.readouterr()
    before = {
        p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and "cache" not in p.parts
    }
    assert main([a.replace("{p}", str(place)) for a in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("wgan: error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert {
        p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and "cache" not in p.parts
    } == before


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from wgan.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_disk_without_room_is_one_line_and_what_was_written_stays_whole(tmp_path):
    """Room is taken away by a limit on the size of files; the run goes on when there is room
    again.
    """
    arguments = ["train", *QUICK, "--out", str(tmp_path / "r"), "--set", "network.width=16"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *arguments], capture_output=True, text=True
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("wgan: error: ")
    assert done.stderr.count("\n") == 1
    assert not [
        p for p in (tmp_path / "r").iterdir() if p.name.startswith(".") or "checkpoint" in p.name
    ]
    assert main(arguments) == 0


def test_the_options_of_train_are_these_and_no_more():
    # `how` stands for the flags of wgan.cli.data_flags, which its own tests list.
    options = " ".join(inspect.signature(train_command).parameters)
    assert options == (
        "data how variant preset steps minutes out seed device precision compile config"
        " set_ stop_when_converged augment epsilon delta dry_run json_ quiet"
    )


def test_the_progress_bar_tells_rate_estimate_and_time_left():
    ours, theirs = os.openpty()
    arguments = [sys.executable, "-m", "wgan", "train", "--steps", "400", *TINY]
    environment = os.environ | {"COLUMNS": "120", "TERM": "xterm"}
    process = subprocess.Popen(arguments, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    while piece := _read(ours):
        shown += piece
    assert process.wait() == 0, shown
    text = shown.decode()
    assert "estimate" in text
    assert "steps/s" in text
    assert "/400" in text
    assert "W1(generated, held-out)" in text


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side is closed
        return b""


STANDING = ["training.measure_every=1", "optimizer.lr=1e-12", "network.width=8"]
TO_STAND = "train digits --stop-when-converged --steps 64 --quiet --out r"


def test_a_run_may_end_where_it_has_converged_and_says_so(capsys):
    assert wgan(TO_STAND, *flags(STANDING)) == 0
    out = capsys.readouterr().out
    assert "32 steps of at most 64" in out
    assert "converged within 5%: held-out W1" in out
    assert 'decay = "none"' in Path("r/config.toml").read_text()
    lines = [json.loads(line) for line in Path("r/metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "held_out_w1" in line] == list(range(1, 33))
    assert lines[0]["watched"] == 179, "half of the held-out digits"
    assert "n=180" in out, "the other half is what is measured at the end"
    config, data = RunFolder(Path("r")).load()
    assert config.split(data).n_held_out == 180, "and by everything that measures the run later"
    assert RunFolder(Path("r")).about().data.held_out == 180
    diagnosis = json.loads(Path("r/finish.json").read_text())["diagnosis"]
    assert any("converged within 5%" in sentence for sentence in diagnosis)
    before = Path("r/critic.safetensors").read_bytes()
    assert wgan(TO_STAND, *flags(STANDING)) == 0, "the same command again"
    assert "32 steps of at most 64" in capsys.readouterr().out
    assert Path("r/critic.safetensors").read_bytes() == before


def test_decay_that_is_asked_for_stays_where_a_run_may_stop(capsys):
    assert wgan(f"{TO_STAND} --dry-run", *flags([*STANDING, "optimizer.decay=linear"])) == 0
    assert 'decay = "linear"' in capsys.readouterr().out


def test_what_is_measured_leaves_no_trace_in_the_weights():
    small = flags(["network.width=4", "optimizer.batch=8"])
    for out, steps in (("often", 1), ("never", 100)):
        measured = flags([f"training.measure_every={steps}"])
        assert wgan(f"train digits --steps 6 --quiet --out {out}", *small, *measured) == 0
    for name in ("critic.safetensors", "generator.safetensors"):
        often, never = (load_file(Path(out, name)) for out in ("often", "never"))
        assert often.keys() == never.keys()
        assert all(torch.equal(often[key], never[key]) for key in often)


def test_a_kind_of_data_may_be_named(capsys):
    np.save("x.npy", np.random.default_rng(0).integers(0, 256, (30, 6, 6), dtype=np.uint8))
    named = "train x.npy --steps 1 --quiet --out r --set"
    assert wgan(named, "data.kind=image", *TINY) == 2
    assert "Did you mean 'images'" in capsys.readouterr().err
    assert wgan(named, "data.kind=images", *TINY) == 0
    assert 'kind = "images"' in Path("r/config.toml").read_text()


def test_a_file_of_an_older_version_is_read_with_a_note(capsys):
    Path("c.toml").write_text("[optimiser]\nlr = 0.25\n")
    assert wgan("train --config c.toml --dry-run") == 0
    captured = capsys.readouterr()
    assert "lr = 0.25" in captured.out
    assert "note: c.toml: the section optimiser is now called optimizer" in captured.err


def test_what_is_doubtful_about_the_settings_is_said(capsys):
    np.save("far.npy", 1e3 * np.random.default_rng(0).normal(size=(60, 2)))
    heavy = flags(["objective.penalty_weight=1e6"])
    assert wgan("train far.npy --steps 1 --quiet --out r", *TINY, *heavy) == 0
    assert capsys.readouterr().out.startswith("note: ")
