"""`wgan sample` of tables: conditions and completed rows, and what they say."""

from pathlib import Path

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
