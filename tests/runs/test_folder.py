"""Folders of runs: shared with nobody, read whole, older files too."""

import json

import numpy as np
import pytest
from short_runs import run_to_end, settled

from wgan.base.errors import WganError
from wgan.runs import RunFolder, as_begun, begin_run, default_folder

SMALL = ["network.width=4", "network.latent=8", "optimizer.batch=8", "optimizer.critic_steps=2"]
OFTEN = ["training.log_every=1", "training.snapshot_every=5", "training.checkpoint_every=3"]


def setup(*settings):
    return settled("data.source=digits", "training.steps=12", *SMALL, *OFTEN, *settings)


def test_a_folder_is_not_shared_with_other_settings_data_or_processes(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data, stop_at=4)
    before = {p: p.read_bytes() for p in (tmp_path / "r").rglob("*") if p.is_file()}
    other, _ = setup("optimizer.lr=3e-4")
    words = r"another configuration \(optimizer\.lr: 0\.001 -> 0\.0003\)"
    with pytest.raises(WganError, match=words):
        begin_run(tmp_path / "r", other, data)
    _, gaussians = settled("data.source=25-gaussians")
    with pytest.raises(WganError, match="begun on other data"):
        begin_run(tmp_path / "r", config, gaussians)
    assert {p: p.read_bytes() for p in before} == before
    held = begin_run(tmp_path / "r", config, data)
    with pytest.raises(WganError, match="another process trains here"):
        begin_run(tmp_path / "r", config, data)
    held.lock.close()
    (tmp_path / "r/run.json").write_text("{}")
    with pytest.raises(WganError, match=r"run\.json: damaged"):
        begin_run(tmp_path / "r", config, data)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    with pytest.raises(WganError, match="holds files that are not a run's"):
        begin_run(tmp_path / "mine", config, data)


def test_before_the_first_checkpoint_other_settings_may_take_the_folder(tmp_path):
    config, data = setup()
    begin_run(tmp_path / "r", config, data).lock.close()
    other, _ = setup("optimizer.lr=3e-4")
    run_to_end(tmp_path / "r", other, data)
    assert "lr = 0.0003" in (tmp_path / "r/config.toml").read_text()


def test_a_folder_is_read_in_types(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data)
    folder = RunFolder(tmp_path / "r")
    assert folder.exists()
    assert folder.config() == config
    assert folder.settings()["optimizer"]["batch"] == 8
    assert folder.about().data.fingerprint == data.fingerprint
    assert [line["step"] for line in folder.metrics()] == list(range(1, 13))
    assert folder.step() == 12
    assert [step for step, _ in folder.snapshots()] == [0, 5, 10, 12]
    assert all(path.stat().st_size for _, path in folder.snapshots())
    assert folder.model().sample(3).shape == (3, 8, 8)
    assert folder.finish() is None
    assert folder.evaluation() is None
    assert folder.schema() is None
    read, again = folder.load()
    assert (read, again.fingerprint) == (config, data.fingerprint)


def test_a_folder_without_a_run_or_a_checkpoint_is_refused(tmp_path):
    folder = RunFolder(tmp_path)
    assert not folder.exists()
    for read in (folder.config, folder.settings, folder.about, folder.step, folder.load):
        with pytest.raises(WganError, match="holds no run"):
            read()
    begin_run(tmp_path / "r", *setup()).lock.close()
    with pytest.raises(WganError, match="holds no checkpoint"):
        RunFolder(tmp_path / "r").step()


def test_data_that_changed_are_refused(tmp_path):
    np.save("x.npy", np.arange(60.0).reshape(30, 2))
    begin_run(tmp_path / "r", *settled("data.source=x.npy")).lock.close()
    assert len(RunFolder(tmp_path / "r").load()[1]) == 30
    np.save("x.npy", np.arange(60.0).reshape(30, 2) + 1)
    with pytest.raises(WganError, match="begun on other data"):
        RunFolder(tmp_path / "r").load()


def test_a_damaged_line_of_metrics_is_named(tmp_path):
    folder = begin_run(tmp_path / "r", *setup())
    folder.append_metrics({"step": 1, "estimate": 0.5})
    folder.append_metrics({"step": 4, "estimate": 0.5})
    assert folder.metrics() == [{"step": 1, "estimate": 0.5}, {"step": 4, "estimate": 0.5}]
    folder.forget_metrics_after(3)
    assert folder.metrics() == [{"step": 1, "estimate": 0.5}]
    (tmp_path / "r/metrics.jsonl").write_text('{"step": 1')
    with pytest.raises(WganError, match=r"metrics\.jsonl: damaged"):
        folder.metrics()
    folder.lock.close()


def test_a_folder_is_named_after_data_variant_and_seed():
    config, _ = setup("training.seed=3", "objective.variant=gan")
    assert str(default_folder(config)) == "runs/digits-gan-3"


@pytest.mark.parametrize("begun", ["float32", "bfloat16"])
def test_settings_take_the_precision_that_the_run_began_in(tmp_path, begun):
    config, data = setup(f"training.precision={begun}")
    begin_run(tmp_path / "r", config, data).lock.close()
    other, _ = setup(f"training.precision={'float32' if begun == 'bfloat16' else 'bfloat16'}")
    assert as_begun(other, tmp_path / "r") == other  # nothing was done in it
    run_to_end(tmp_path / "r", config, data, stop_at=3)
    assert as_begun(other, tmp_path / "r") == config
    assert as_begun(other, tmp_path / "none") == other


def test_a_run_that_another_version_coded_otherwise_is_not_gone_on_with(tmp_path, mixed):
    mixed(100).to_csv("t.csv", index=False)
    config, data = settled("data.source=t.csv", "training.steps=2", "network.width=4")
    run_to_end(tmp_path / "r", config, data)
    about = tmp_path / "r/run.json"
    values = json.loads(about.read_text())
    assert values["data"].pop("coding") == 3
    del values["digest"]  # as in files of older versions
    about.write_text(json.dumps(values))
    folder = RunFolder(tmp_path / "r")
    for read in (lambda: begin_run(tmp_path / "r", config, data), folder.load):
        with pytest.raises(WganError, match="coded tables differently, so it can be"):
            read()
