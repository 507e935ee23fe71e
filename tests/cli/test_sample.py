"""`wgan sample` of tables: conditions and completed rows, and what they say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from random_tables import few_rows, random_model
from short_runs import wgan

from wgan.models import save_model


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(random_model(few_rows()), tmp_path / "r")


def test_conditions_are_met_and_the_acceptance_is_said(run, capsys):
    where = ["--where", "k in a, c", "--where", "x!=12", "--where", "b=True"]
    assert wgan("sample r -n 30 -o w.csv", *where) == 0
    assert "30 samples with k in a, c and x!=12 and b=True in w.csv (acceptance " in (
        capsys.readouterr().out
    )
    rows = pd.read_csv("w.csv")
    assert len(rows) == 30
    assert (rows["k"].isin(["a", "c"]) & (rows["x"] != 12) & rows["b"]).all()
    assert wgan("sample r -n 30 -o v.csv", "--where", "x=30", "--where", "k=a") == 0
    assert "acceptance" not in capsys.readouterr().out, "rare, so the columns are given"


def test_a_file_is_completed(run, capsys):
    Path("gaps.csv").write_text("x,who,k\n010,Ann,a\n,Bob,\n1e1,Eve,c\n")
    assert wgan("sample r --complete gaps.csv --seed 3") == 0
    said = capsys.readouterr()
    assert "3 rows, 2 cells drawn, in completed.csv" in said.out
    assert "gaps.csv: columns that are not there are drawn too: 'b'" in said.err
    assert "are kept as they are: 'who'" in said.err
    lines = [line.split(",") for line in Path("completed.csv").read_text().splitlines()]
    assert lines[0] == ["x", "who", "k", "b"]
    assert [line[:3] for line in (lines[1], lines[3])] == [["010", "Ann", "a"], ["1e1", "Eve", "c"]]
    assert lines[2][1] == "Bob"
    assert lines[2][2] in ("a", "b", "c")
    assert 10 <= int(lines[2][0]) <= 34
    assert {line[3] for line in lines[1:]} <= {"True", "False"}
    assert wgan("sample r --complete gaps.csv --seed 3 -o again.csv") == 0
    assert Path("again.csv").read_text() == Path("completed.csv").read_text()
    assert wgan("sample r --complete gaps.csv -n 4 -o four.csv") == 0
    assert "12 rows, 4 completions of each, 8 cells drawn" in capsys.readouterr().out
    assert pd.read_csv("four.csv")["who"].tolist() == ["Ann"] * 4 + ["Bob"] * 4 + ["Eve"] * 4


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--where", "k=a"], "leave out --label, --where and --balance"),
        (["--balance", "k"], "leave out --label, --where and --balance"),
        (["-n", "0"], "give 1 or more"),
        (["-o", "x.png"], "tables alone are completed: give .csv"),
        (["-o", "gaps.csv"], "choose another name"),
    ],
)
def test_what_does_not_go_with_completion_is_one_clear_error(run, capsys, more, words):
    Path("gaps.csv").write_text("x,k\n12,\n")
    assert wgan("sample r --complete gaps.csv", *more) == 2
    assert words in capsys.readouterr().err


def test_a_level_that_was_never_learned_is_named_with_file_and_row(run, capsys):
    Path("gaps.csv").write_text("x,k\n12,a\n,aa\n")
    assert wgan("sample r --complete gaps.csv") == 2
    assert "gaps.csv: row 2, column 'k' has no level 'aa'. Did you mean 'a'?" in (
        capsys.readouterr().err
    )


def test_a_file_of_another_encoding_is_completed(run, capsys):
    Path("gaps.csv").write_bytes("x,who,k\n10,Zoë,a\n,Ann,b\n".encode("utf-16"))
    assert wgan("sample r --complete gaps.csv --encoding utf-16") == 0
    lines = Path("completed.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith("10,Zoë,a")
    assert wgan("sample r --encoding utf-16") == 2
    assert "give both" in capsys.readouterr().err


@pytest.fixture
def series_run(tmp_path, monkeypatch):
    """A run of two steps on series of 8 steps of 2 channels, of which 3 steps may be given."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).normal(size=(60, 8, 2)).cumsum(axis=1))
    small = ["--quiet", "--set", "network.width=8", "--set", "optimizer.batch=8"]
    assert wgan("train x.npy --kind series --context 3 --steps 2 --out s", *small) == 0


@pytest.mark.parametrize(("copies", "steps"), [(1, 3), (4, 3), (2, 5)])
def test_beginnings_are_written_with_the_steps_that_follow(copies, steps, series_run, capsys):
    given = np.load("x.npy")[:6, :steps]
    np.save("given.npy", given)
    assert wgan(f"sample s --given given.npy -n {copies} -o new.npy --seed 1") == 0
    each = f", {copies} continuations of each" if copies > 1 else ""
    assert f"6 beginnings{each}, 5 new steps, in new.npy" in capsys.readouterr().out
    new = np.load("new.npy")
    assert new.shape == (6 * copies, steps + 5, 2)
    assert np.allclose(new[:, :steps], np.repeat(given, copies, axis=0), atol=1e-12)
    assert len(np.unique(new[:, steps:], axis=0)) == 6 * copies, "no two go on alike"
    assert wgan(f"sample s --given given.npy -n {copies} -o again.npy --seed 1") == 0
    assert np.array_equal(np.load("again.npy"), new)
    assert wgan(f"sample s --given given.npy -n {copies} -o new.png") == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("--label 1", "leave out --label, --where and --balance"),
        ("--where a=1", "leave out --label, --where and --balance"),
        ("--complete t.csv", "--complete is for tables, and --given for series: leave one out"),
        ("-o x.jpg", "samples of this kind are written as"),
        ("--encoding latin-1", "--encoding says how the text of --complete is encoded"),
    ],
)
def test_what_has_no_part_in_continuing_is_refused(more, words, series_run, capsys):
    np.save("given.npy", np.load("x.npy")[0, :3])
    assert wgan(f"sample s --given given.npy {more}") == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert wgan("sample s --given given.npy -o one.npy") == 0
    assert "1 beginning, 5 new steps, in one.npy" in capsys.readouterr().out


def test_continued_series_of_a_table_are_written_as_one_whatever_their_length(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(30, 8)).cumsum(axis=1)
    frame = pd.DataFrame({"id": np.arange(30).repeat(8), "a": x.ravel(), "b": -x.ravel()})
    frame.to_csv("x.csv", index=False)
    small = ["--quiet", "--set", "network.width=8", "--set", "optimizer.batch=8"]
    assert wgan("train x.csv --series id --context 3 --steps 2 --out s", *small) == 0
    given = np.stack([x, -x], axis=2)[:4, :6]
    np.save("given.npy", given)
    assert wgan("sample s --given given.npy -o new.csv") == 0
    assert "4 beginnings, 5 new steps, in new.csv" in capsys.readouterr().out
    new = pd.read_csv("new.csv")
    assert new.groupby("id").size().tolist() == [11] * 4, "longer than series of the data, of 8"
    begun = new.groupby("id").head(6)[["a", "b"]].to_numpy().reshape(4, 6, 2)
    assert np.allclose(begun, given, atol=1e-6)


def test_a_table_continues_no_beginning(run, capsys):
    np.save("given.npy", np.zeros((2, 3, 1)))
    assert wgan("sample r --given given.npy") == 2
    assert "series alone are continued" in capsys.readouterr().err
