"""Beginning in a folder: no file of others is replaced, and files of other runs are told."""

import os
import shutil

import numpy as np
import pytest
from short_runs import run_to_end, settled

from wgan.base.errors import WganError
from wgan.base.records import read_json, write_json
from wgan.runs import RunFolder, begin_run
from wgan.runs.evaluating import evaluate_run
from wgan.training import Run

SMALL = ["network.width=4", "network.latent=2", "optimizer.batch=4", "optimizer.critic_steps=1"]
OFTEN = ["training.log_every=1", "training.snapshot_every=2", "training.checkpoint_every=2"]


def setup(*settings):
    return settled("data.source=8-gaussians", "training.steps=4", *SMALL, *OFTEN, *settings)


def contents(folder):
    """Return everything below a folder, with links as links."""
    return {
        path: os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("about", [None, "{}", '{"data": {}}', "no JSON"])
def test_a_folder_with_a_configuration_of_somebody_else_is_left_as_it_is(tmp_path, about):
    """A page generator has a config.toml too."""
    folder = tmp_path / "site"
    (folder / "content").mkdir(parents=True)
    (folder / "config.toml").write_text("title = 'My site'\n")
    (folder / "metrics.jsonl").write_text('{"visits": 3}\n')
    (folder / ".config.toml.abc.partial").write_text("half")
    (folder / "content/.thesis.txt.x.partial").write_text("years")
    if about is not None:
        (folder / "run.json").write_text(about)
    before = contents(folder)
    words = r"files that are not a run's \(config.toml" if about is None else r"run\.json: damaged"
    with pytest.raises(WganError, match=words):
        begin_run(folder, *setup())
    after = contents(folder)
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) <= {folder / "run.lock"}


def test_only_partial_files_of_its_own_are_removed_from_a_run(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data, stop_at=2)
    stays = [".thesis.txt.abc.partial", "samples/.cat.png.abc.partial", "notes/.run.json.a.partial"]
    gone = [".run.json.abc.partial", "samples/.step-0000002.png.abc.partial"]
    (tmp_path / "r/notes").mkdir()
    for name in stays + gone:
        (tmp_path / "r" / name).write_text("")
    run_to_end(tmp_path / "r", config, data)
    assert all((tmp_path / "r" / name).exists() for name in stays)
    assert not any((tmp_path / "r" / name).exists() for name in gone)


@pytest.mark.parametrize("settings", [[], ["optimizer.lr=3e-4"]], ids=["same", "other"])
def test_results_without_their_checkpoint_are_not_written_over(tmp_path, settings):
    config, data = setup()
    run = Run.start(config, data, tmp_path / "r")
    list(run.records())
    run.finish()
    run.close()
    (tmp_path / "r/checkpoint.safetensors").unlink()
    before = contents(tmp_path / "r")
    with pytest.raises(WganError, match=r"holds generator\.json of a run without its checkpoint"):
        begin_run(tmp_path / "r", *setup(*settings))
    assert contents(tmp_path / "r") == before


def test_pictures_of_another_beginning_are_not_shown(tmp_path):
    config, data = setup()
    begin_run(tmp_path / "r", config, data).lock.close()
    (tmp_path / "r/samples").mkdir()
    (tmp_path / "r/samples/step-0000009.png").write_bytes(b"old")
    run_to_end(tmp_path / "r", *setup("optimizer.lr=3e-4"))
    assert [step for step, _ in RunFolder(tmp_path / "r").snapshots()] == [0, 2, 4]


@pytest.mark.parametrize(
    "name", ["metrics.jsonl", "samples", "run.lock", "checkpoint.safetensors", "results.jsonl"]
)
def test_links_out_of_a_run_are_not_followed(tmp_path, name):
    config, data = setup()
    folder = tmp_path / "r"
    run_to_end(folder, config, data, stop_at=2)
    outside = tmp_path / "outside"
    if (folder / name).exists():
        (folder / name).rename(outside)
    else:
        outside.write_text("mine")
    (folder / name).symlink_to(outside)
    before = contents(tmp_path)
    words = f"{name}: is (a link out of the run's folder|not a regular file)"
    with pytest.raises(WganError, match=words):
        run_to_end(folder, config, data)
    with pytest.raises(WganError, match=f"{name}: is a link out of the run's folder"):
        evaluate_run(folder)
    assert contents(tmp_path) == before


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data, stop_at=2)
    (tmp_path / "r/metrics.jsonl").unlink()
    os.mkfifo(tmp_path / "r/metrics.jsonl")
    with pytest.raises(WganError, match=r"metrics\.jsonl: is not the file"):
        run_to_end(tmp_path / "r", config, data)


def test_a_run_whose_folder_is_a_link_goes_on(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "r").symlink_to(tmp_path / "disk")
    config, data = setup()
    run_to_end(tmp_path / "r", config, data, stop_at=2)
    assert run_to_end(tmp_path / "r", config, data)[-1].step == 4


OTHERS = {
    "checkpoint.safetensors": r"checkpoint\.safetensors: does not fit this run \(it is of another",
    "generator.safetensors": r"generator\.safetensors: is not of the model that generator\.json",
    "critic.safetensors": r"critic\.safetensors: is not of the model that generator\.json",
    "generator.json": r"generator\.json: is of another run than run\.json",
    "finish.json": r"finish\.json: is of another run than run\.json",
    "run.json": r"seed = 0, but the run was begun with 1",
}


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """A folder of two finished runs that differ in their seed alone."""
    folder = tmp_path_factory.mktemp("two")
    for seed in (0, 1):
        run = Run.start(*setup(f"training.seed={seed}"), folder / str(seed))
        list(run.records())
        run.finish()
        run.close()
    return folder


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_run_is_refused(two_runs, tmp_path, name):
    shutil.copytree(two_runs, tmp_path, dirs_exist_ok=True)
    shutil.copy(tmp_path / "1" / name, tmp_path / "0" / name)
    folder = RunFolder(tmp_path / "0")
    reads = {
        "checkpoint.safetensors": lambda: Run.start(*setup(), folder.path),
        "finish.json": folder.finish,
        "run.json": folder.config,
    }
    read = reads.get(name, folder.model)
    with pytest.raises(WganError, match=OTHERS[name]):
        read()


def test_the_same_run_has_the_same_id_and_another_has_not(two_runs, tmp_path):
    """Whatever it is called, and however often it writes; its length counts where the learning rate
    falls towards its end.
    """
    steady = "optimizer.decay=none"
    for name, settings in {
        "same": ["training.log_every=2"],
        "longer": ["training.steps=9"],
        "steady": [steady],
        "steady and longer": [steady, "training.steps=9"],
        "rate": ["optimizer.lr=3e-4"],
        "share": ["data.held_out=0.3"],
    }.items():
        begin_run(tmp_path / name, *setup(*settings)).lock.close()
    first, second, same, rate, share = (
        RunFolder(path).about().id
        for path in (
            two_runs / "0",
            two_runs / "1",
            *map(tmp_path.joinpath, ("same", "rate")),
            tmp_path / "share",
        )
    )
    assert same == first
    longer, short, long = (
        RunFolder(tmp_path / name).about().id for name in ("longer", "steady", "steady and longer")
    )
    assert longer != first
    assert short == long != first
    assert len({first, second, rate, share}) == 4


def test_a_run_that_an_older_version_began_goes_on_and_gets_an_id(tmp_path):
    config, data = setup()
    whole = tmp_path / "whole"
    run_to_end(whole, config, data)
    run_to_end(tmp_path / "r", config, data, stop_at=2)
    about = read_json(tmp_path / "r/run.json")
    for name in ("id", "folder", "settings"):
        del about[name]
    write_json(tmp_path / "r/run.json", about)
    assert RunFolder(tmp_path / "r").about().id is None
    run_to_end(tmp_path / "r", config, data)
    assert RunFolder(tmp_path / "r").about().id == RunFolder(whole).about().id
    assert np.array_equal(*(RunFolder(f).model().sample(5) for f in (whole, tmp_path / "r")))


def test_data_are_found_from_another_folder_or_it_is_said_where_they_were(tmp_path, monkeypatch):
    x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    np.save("x.npy", x)
    config, data = settled("data.source=x.npy", "training.steps=2", *SMALL)
    run_to_end(tmp_path / "r", config, data)
    right = evaluate_run(tmp_path / "r").evaluation
    monkeypatch.chdir(tmp_path)
    assert evaluate_run(tmp_path / "r").evaluation == right
    (tmp_path / "there/x.npy").rename(tmp_path / "moved.npy")
    words = r"its data, x\.npy, are not here, nor at .*/there/x\.npy: say where .* with --data"
    with pytest.raises(WganError, match=words):
        evaluate_run(tmp_path / "r")
    assert evaluate_run(tmp_path / "r", data="moved.npy").evaluation == right
    np.save("moved.npy", x + 1)
    with pytest.raises(WganError, match=r"begun on other data: give those at moved\.npy as they"):
        evaluate_run(tmp_path / "r", data="moved.npy")


def test_a_run_whose_checkpoint_is_refused_stays_as_it_was(tmp_path):
    """Not even the time of the attempt is added to run.json."""
    folder = tmp_path / "r"
    config, data = setup()
    run_to_end(folder, config, data)
    whole = (folder / "checkpoint.safetensors").read_bytes()
    (folder / "checkpoint.safetensors").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    before = contents(folder)
    with pytest.raises(WganError, match="was changed after it was written"):
        Run.start(config, data, folder)
    assert contents(folder) == before


def test_a_run_that_goes_further_has_no_finish_until_it_ends_again(tmp_path):
    folder = tmp_path / "r"
    run_to_end(folder, *setup("optimizer.decay=none"))
    run = Run.start(*setup("optimizer.decay=none"), folder)
    run.finish()
    run.close()
    assert RunFolder(folder).finish().step == 4
    run_to_end(folder, *setup("optimizer.decay=none", "training.steps=9"), stop_at=6)
    assert RunFolder(folder).finish() is None


def test_a_damaged_line_of_metrics_is_refused_and_one_cut_short_is_dropped(tmp_path):
    folder = tmp_path / "r"
    run_to_end(folder, *setup())
    path = folder / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines) + lines[-1][:9])
    run_to_end(folder, *setup())
    assert path.read_text() == "".join(lines)
    path.write_text("".join([lines[0], lines[1][:9] + "\n", *lines[2:]]))
    with pytest.raises(WganError, match=r"metrics\.jsonl: damaged"):
        run_to_end(folder, *setup())
