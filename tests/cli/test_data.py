"""`wgan data`: what is known by name, and what was inferred of a source."""

import numpy as np
from short_runs import wgan

from wgan.data import named_sources


def test_all_names_are_listed(capsys):
    assert wgan("data") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in named_sources())
    assert "stacked-mnist:FOLDER" in out


def test_a_source_is_described(capsys):
    assert wgan("data 25-gaussians") == 0
    out = capsys.readouterr().out
    assert "25-gaussians: 100000 samples of shape 2 (vectors)" in out
    assert "split into 80000 for training and 20000 held out; distances in data coordinates" in out
    assert "known exactly: " in out
    assert wgan("data digits") == 0
    out = capsys.readouterr().out
    assert "digits: 1797 samples of shape 1 x 8 x 8 (images)" in out
    assert "10 classes: 0, 1, 2" in out


def test_the_schema_of_a_table_is_written_and_read(tmp_path, mixed, capsys):
    mixed(100).to_csv("t.csv", index=False)
    assert wgan("data t.csv -o s.toml") == 0
    out = capsys.readouterr().out
    assert "size: category, 3 levels: small, medium, large" in out
    assert "schema in s.toml" in out
    text = (tmp_path / "s.toml").read_text()
    (tmp_path / "s.toml").write_text(text.replace('[columns.age]\nkind = "numeric"', ""))
    assert wgan("data t.csv -o s.toml") == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    (tmp_path / "mine.toml").write_text('[columns.age]\nkind = "category"\n')
    assert wgan("data t.csv --schema mine.toml") == 0
    assert "age: category, " in capsys.readouterr().out


def test_only_tables_have_a_schema(tmp_path, capsys):
    np.save("x.npy", np.zeros((20, 2)))
    assert wgan("data x.npy -o s.toml") == 2
    assert "--out writes the schema of a table, and x.npy holds vectors" in capsys.readouterr().err
    assert not (tmp_path / "s.toml").exists()
