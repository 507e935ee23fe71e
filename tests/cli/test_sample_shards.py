"""`wgan sample --shards`: what it says, several processes, kills between, and what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from random_tables import few_rows, random_model
from short_runs import wgan

from wgan.base.errors import WganError
from wgan.models import load_model, save_model
from wgan.models.sharded import make_plan, workers, write_all


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(random_model(few_rows().assign(id=np.arange(1000) + 1)), tmp_path / "r")


def hashes(folder):
    """The SHA-256 of each file below a folder, by its name."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in files}


def said(capsys):
    return " ".join(capsys.readouterr().out.split())


def test_one_command_writes_all_and_again_finds_all(run, capsys):
    assert wgan("sample r -n 1e3 --shards 3 -o out/") == 0
    words = said(capsys)
    size = sum(path.stat().st_size for path in Path("out").glob("part-*"))
    assert words.startswith(f"1000 samples in 3 shards, {size / 1e6:.1f} MB, in out (1000 drawn in")
    assert words.endswith("a second)")
    frame = pd.read_parquet("out")
    assert frame["id"].tolist() == list(range(1001, 2001))
    manifest = json.loads(Path("out/_manifest.json").read_text())
    assert manifest["format"] == "wgan-shards-1"
    assert [part["rows"] for part in manifest["parts"]] == [334, 333, 333]
    assert manifest["bytes"] == size
    for part in manifest["parts"]:
        (file,) = part["files"]
        assert hashes("out")[file["name"]] == file["sha256"]
    before = hashes("out")
    assert wgan("sample r -n 1_000 --shards 3 -o out") == 0
    assert "(1000 were there already, unchanged)" in said(capsys)
    Path("out/part-00001-of-00003.parquet").unlink()
    assert wgan("sample r -n 1000.0 --shards 3 -o out") == 0
    assert "(333 drawn in" in (words := said(capsys))
    assert "; 667 were there already, unchanged)" in words
    assert hashes("out") == before
    assert wgan("sample r -n 20 --shards 2") == 0, "by itself into the folder samples"
    assert sorted(hashes("samples"))[1:] == [
        "part-00000-of-00002.parquet",
        "part-00001-of-00002.parquet",
    ]


def test_conditions_and_rules_are_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rules = [{"order": ["x", "y"]}]
    frame = few_rows().assign(y=lambda f: f["x"] + np.arange(1000) % 9)
    save_model(random_model(frame, rules=rules), tmp_path / "r")
    where = ["--where", "k=a", "--where", "x!=12", "--balance", "b"]
    assert wgan("sample r -n 60 --shards 2 -o out", *where) == 0
    words = said(capsys)
    assert "60 samples with k=a and x!=12 and with b balanced in 2 shards" in words
    manifest = json.loads(Path("out/_manifest.json").read_text())
    share = 100 * manifest["satisfied"] / manifest["tried"]
    assert f"acceptance {share:.3g} % of {manifest['tried']} drawn" in words
    redrawn = manifest["redrawn"] / manifest["tried"]
    assert redrawn > 0
    assert f"{redrawn:.1%} of the rows broke a rule and were drawn again" in words
    frame = pd.read_parquet("out")
    assert (frame["x"] <= frame["y"]).all()


def test_ranks_of_torchrun_share_the_shards(run, capsys, monkeypatch):
    assert wgan("sample r -n 100 --shards 5 -o whole --seed 4") == 0
    capsys.readouterr()
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert wgan("sample r -n 100 --shards 5 -o out --seed 4") == 0
    words = said(capsys)
    assert words.startswith("rank 1 of 2: 2 of 5 shards are in out (40 drawn in")
    assert words.endswith("others are still to come")
    assert {name[:10] for name in hashes("out") if "part" in name[:4]} == {
        "part-00001",
        "part-00003",
    }
    monkeypatch.setenv("RANK", "0")
    assert wgan("sample r -n 100 --shards 5 -o out --seed 4") == 0
    assert said(capsys).startswith("100 samples in 5 shards")
    assert hashes("out") == hashes("whole")
    monkeypatch.setenv("RANK", "7")
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert wgan("sample r -n 100 --shards 5 -o more --seed 4") == 0
    assert said(capsys).startswith("rank 7 of 8: 0 of 5 shards"), "there is none for it"


@pytest.mark.parametrize(
    ("rank", "world_size"), [("0", None), (None, "2"), ("2", "2"), ("-1", "2"), ("a", "2")]
)
def test_an_environment_that_torchrun_does_not_make_is_refused(
    rank, world_size, run, monkeypatch, capsys
):
    for name, value in (("RANK", rank), ("WORLD_SIZE", world_size)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert wgan("sample r -n 10 --shards 2") == 2
    assert f"RANK={rank} and WORLD_SIZE={world_size} in the environment" in capsys.readouterr().err


def test_a_cluster_has_workers_of_its_own_and_no_ranks(run, monkeypatch, capsys):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert wgan("sample r -n 10 --shards 2 --cluster tcp://h:1") == 2
    assert "run the command without torchrun" in capsys.readouterr().err
    assert not Path("samples").exists()


def test_workers_that_are_killed_leave_what_the_same_command_goes_on_with(run, monkeypatch):
    """Two processes write side by side, until kill -9; one process writes what they left."""
    command = "sample r -n 1.6e3 --shards 16"
    assert wgan(f"{command} -o whole") == 0
    plan = make_plan(Path("r"), load_model(Path("r")), 1_600, 16)
    listen = workers._listen
    processes = []

    def killing(started, advance):
        while sum(1 for _ in Path("out").glob("part-*")) < 3:
            time.sleep(0.001)
        for process, _ in started:
            os.kill(process.pid, signal.SIGKILL)
            processes.append(process)
        return listen(started, advance)

    monkeypatch.setattr(workers, "_listen", killing)
    with pytest.raises(WganError, match="code -9: the same command continues"):
        write_all(Path("r"), Path("out"), plan, range(16), 2)
    assert len(processes) == 2
    assert not any(process.is_alive() for process in processes)
    found = [name for name in hashes("out") if name.startswith("part-")]
    assert 3 <= len(found) < 16
    assert wgan(f"{command} -o out") == 0
    assert hashes("out") == hashes("whole")


@pytest.mark.slow
def test_processes_and_a_parent_that_is_killed_give_the_same_bytes(run):
    command = [sys.executable, "-m", "wgan", "sample", "r", "-n", "60000", "--shards", "60"]
    assert wgan("sample r -n 60000 --shards 60 -o whole") == 0
    for count in ("2", "3"):
        subprocess.run([*command, "-o", f"w{count}", "--workers", count], check=True)
        assert hashes(f"w{count}") == hashes("whole")
    parent = subprocess.Popen([*command, "-o", "out", "--workers", "2"])
    while sum(1 for _ in Path("out").glob("part-*")) < 3:
        time.sleep(0.001)
    parent.kill()
    assert parent.wait() == -signal.SIGKILL
    # Workers end with the parent: soon no file comes any more.
    deadline = time.monotonic() + 60
    while (before := hashes("out")) != (time.sleep(1), hashes("out"))[1]:
        assert time.monotonic() < deadline
    assert sum(name.startswith("part-") for name in before) < 60
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    subprocess.run(
        [*torchrun, "--nproc-per-node", "2", "-m", *command[2:], "-o", "out"], check=True
    )
    assert hashes("out") == hashes("whole")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("-n 10 --shards 11", "--shards 11: more than the 10 samples asked for with -n"),
        ("--shards 65", "--shards 65: more than the 64 samples asked for"),
        ("-n 10 --shards 0", "--shards 0: give 1 or more"),
        ("-n 10 --shards 2.5", "2.5: give a whole number"),
        ("-n 1.5 --shards 1", "1.5: give a whole number"),
        ("-n 10 --shards 2 --workers 0", "--workers 0: give 1 or more"),
        ("-n 10 --workers 2", "--workers is for --shards: give both"),
        ("-n 10 --cluster tcp://h:1", "--cluster is for --shards: give both"),
        ("--shards 2 --workers 2 --cluster tcp://h:1", "leave one out"),
        ("--shards 2 -o x.csv", "x.csv: names a file, and --shards writes a folder"),
        ("--shards 2 -o x.png", "x.png: names a file"),
        ("--shards 2 -o taken", "taken: is a file, and shards are written into a folder"),
        ("--shards 2 -o full", "full: holds notes, which is not a shard: choose another --out"),
        ("--shards 2 --complete gaps.csv", "--complete writes one file: leave out --shards"),
        ("--shards 2 --given gaps.csv", "--given writes one file: leave out --shards"),
        ("--shards 2 --label a", "ask for values of columns with --where"),
        ("--shards 2 --where k=z", "has no level 'z'"),
        ("--shards 2 --where k=a --label a", "give one or the other"),
        ("--shards 2 --balance id", "holds identifiers"),
    ],
)
def test_what_cannot_be_done_is_one_clear_error_and_leaves_nothing(more, words, run, capsys):
    Path("taken").write_text("mine")
    Path("full").mkdir()
    Path("full/notes").write_text("mine")
    before = hashes(".")
    assert wgan(f"sample r {more}") == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert hashes(".") == before
    assert not Path("samples").exists()


def test_tables_without_pyarrow_are_refused(run, monkeypatch, capsys):
    monkeypatch.setattr("wgan.data.piecewise.find_spec", lambda name: None)
    assert wgan("sample r -n 10 --shards 2") == 2
    assert "pip install 'wgan[parquet]'" in capsys.readouterr().err
    assert not Path("samples").exists()
