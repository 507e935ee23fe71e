"""Finished runs as a report reads them: whole, evaluated lately, of older versions too."""

import json

import pytest
from fake_runs import evaluation, fake_run

from wgan.base.errors import WganError
from wgan.runs import RunFolder, read_finished


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_finished_run_is_read_whole(tmp_path):
    run = read_finished(fake_run(tmp_path / "r", "gan", seed=3, evaluated=evaluation()))
    assert (run.variant, run.seed, run.path) == ("gan", 3, tmp_path / "r")
    assert run.finish.held_out.w1 == 1.5
    assert run.finish.watched.floor == 1.42
    assert run.finish.diagnosis == ("converged within <its> noise",)
    assert run.about.data.kind == "images"
    assert run.held_out == (0.2, 0, 60)
    assert len(run.metrics) == 30
    assert run.evaluation == evaluation()
    assert run.settings["optimizer"] == {"lr": 0.001}


def test_settings_but_the_seed_tell_runs_apart_and_files_count_by_content(tmp_path):
    one, seed, rate, labels, path, schema = (
        fake_run(tmp_path / name, **settings)
        for name, settings in {
            "one": {},
            "seed": {"seed": 1},
            "rate": {"lr": 1e-4},
            "labels": {"labels": "beef"},
            "path": {"name": "./digits"},
            "schema": {},
        }.items()
    )
    (schema / "schema.toml").write_text("[columns]")
    others = [read_finished(each).other_settings for each in (seed, path, rate, labels, schema)]
    mine = read_finished(one).other_settings
    assert [each == mine for each in others] == [True, True, False, False, False]


def test_an_evaluation_of_an_earlier_step_is_left_out(tmp_path):
    run = fake_run(tmp_path / "r", evaluated=evaluation())
    change(run / "evaluation.json", step=20)
    assert read_finished(run).evaluation is None
    assert RunFolder(run).evaluation().step == 20


def test_the_files_of_an_older_version_are_read(tmp_path):
    """Another name of the last file, of sections and keys; no kind of data."""
    run = fake_run(tmp_path / "r", evaluated=evaluation())
    now = read_finished(run)
    (run / "finish.json").rename(run / "verdict.json")
    config = run / "config.toml"
    config.write_text(config.read_text().replace("[optimizer]", "[optimiser]"))
    about = json.loads((run / "run.json").read_text())
    about["sittings"] = about.pop("periods")
    del about["data"]["kind"]
    (run / "run.json").write_text(json.dumps(about))
    evaluated = json.loads((run / "evaluation.json").read_text())
    evaluated["asked"] = evaluated.pop("requested")
    (run / "evaluation.json").write_text(json.dumps(evaluated))
    with pytest.warns(UserWarning, match="the section optimiser is now called optimizer"):
        old = read_finished(run)
    assert old == now
    assert old.other_settings == now.other_settings


OLD = {
    "config.toml": """
[data]
source = "25-gaussians"
held_out = 0.2
split_seed = 0
[objective]
variant = "wgan-gp"
[optimiser]
lr = 0.001
[training]
steps = 40
seed = 0
""",
    "run.json": """{"data": {"name": "25-gaussians", "shape": [2], "samples": 100000,
"train": 80000, "held_out": 20000, "fingerprint": "b3e6", "labels": null}, "seed": 0, "sittings":
[{"begun": "2026-06-01T22:44:45+00:00", "wgan": "0.1.0", "commit": null}]}""",
    "verdict.json": """{"metric": "w1-exact-held-out", "ratio": 20.8, "w1": 5.056,
"half_width": 0.071, "floor": 0.243, "n": 1000, "repeats": 5, "floor_repeats": 5,
"units": "data coordinates", "coverage":
{"covered": 1, "modes": 2, "share": 0.016, "n": 2500, "kl": 1.75, "shares": [1.0, 0.0]},
"real_coverage": null, "labels": null, "step": 40, "seed": 0, "seconds": 1.8,
"diagnosis": ["getting worse"], "measured": {"n": 500, "floor": 0.296}}""",
}
"""Text files as version 0.1.0 wrote them, shortened."""


@pytest.mark.filterwarnings("ignore:.*is now called optimizer")
def test_files_that_an_older_version_wrote_are_read(tmp_path):
    for name, text in OLD.items():
        (tmp_path / name).write_text(text)
    run = read_finished(tmp_path)
    assert run.about.data.kind == "vectors"
    assert run.about.periods[0]["wgan"] == "0.1.0"
    assert (run.finish.held_out.w1, run.finish.held_out.coverage.covered) == (5.056, 1)
    assert run.finish.watched.n == 500
    assert run.finish.headroom is None
    assert run.settings["optimizer"]["lr"] == 0.001


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("finish.json", None, "the run has not ended"),
        ("config.toml", None, "holds no run"),
        ("config.toml", "[objective]", "damaged"),
        ("run.json", "{", "damaged"),
        ("run.json", "{}", "damaged"),
        ("finish.json", "{}", "damaged"),
        ("finish.json", "[]", "damaged"),
        ("metrics.jsonl", '{"step": 1', "damaged"),
        ("evaluation.json", '{"step": 30}', "damaged"),
    ],
)
def test_half_written_and_damaged_files_are_named(tmp_path, name, text, words):
    run = fake_run(tmp_path / "r", evaluated=evaluation())
    (run / name).unlink()
    if text is not None:
        (run / name).write_text(text)
    with pytest.raises(WganError, match=words) as caught:
        read_finished(run)
    assert name in str(caught.value) or text is None
