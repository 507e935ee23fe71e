"""Tables in shards of Parquet files."""

import numpy as np
import pandas as pd
import pytest
from shard_server import ShardServer

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.data import Batches, conditions_of, load
from wgan.data.tables.witnesses import witnesses
from wgan.training import Run

pa = pytest.importorskip("pyarrow")


def make(n: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount": random.normal(100, 30, n).round(2),
            "count": random.integers(0, 50, n),
            "city": random.choice(["Ulm", "Bonn", "Kiel"], n, p=[0.6, 0.3, 0.1]),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 300, n), "D"),
            "score": np.where(random.random(n) < 0.1, np.nan, random.normal(size=n)),
        }
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("wgan.data.tables.sharded.LOOKED_BYTES", 10**6)
    monkeypatch.setattr("wgan.data.shards.source.SAMPLE_BYTES", 10**6)
    monkeypatch.setattr("wgan.data.shards.rows.BLOCK_BYTES", 2000)
    place = tmp_path / "data"
    place.mkdir()
    for i, n in enumerate((300, 120, 500)):
        make(n, i).to_parquet(place / f"t-{i}.parquet", index=False)
    return place


def test_shards_are_coded_as_one_table(folder):
    """Where all rows are at hand, codec and rows are those of the folder read as one."""
    whole, shards = load(str(folder)), load(f"{folder}/*.parquet")
    assert shards.codec.reading == whole.codec.reading
    assert np.array_equal(shards.rows[:], np.asarray(whole.rows[:]), equal_nan=True)
    split = shards.split()
    train = split.train_rows(np.arange(split.n_train))
    fitted = whole.codec.fitted(whole.rows[:], split.is_train())
    assert split.dataset.codec == fitted
    assert Batches(split, 0)(0, 64).shape == (64, *shards.split().dataset.shape)
    assert len(train) == split.is_train().sum()


def test_few_rows_at_hand_give_the_same_columns(folder, monkeypatch):
    """Levels, missing values, types and steps are those of all rows, by witnesses."""
    rare = make(40, 9)
    rare.loc[3, "city"] = "Trier"
    rare.loc[5, "amount"] = 7.125
    rare.loc[6, "count"] = 4000
    rare.to_parquet(folder / "t-9.parquet", index=False)
    whole = load(str(folder))
    monkeypatch.setattr("wgan.data.tables.sharded.LOOKED_BYTES", 1000)
    monkeypatch.setattr("wgan.data.shards.source.SAMPLE_BYTES", 10_000)
    shards = load(f"{folder}/*.parquet")
    assert 0 < len(shards.rows.kept) < len(shards) / 2
    for own, other in zip(shards.codec.columns, whole.codec.columns, strict=True):
        assert (own.name, own.kind, own.step, own.missing) == (
            *(other.name, other.kind, other.step, other.missing),
        )
        assert set(own.levels) == set(other.levels)
    again = shards.codec.frame(shards.rows[:])
    assert again.equals(whole.codec.frame(np.asarray(whole.rows[:])))
    split = shards.split()
    sampler = conditions_of(split.dataset.codec).sampler(split)
    rows, y = sampler.draw(np.random.default_rng(0), Batches(split, 0).rows(0, 64))
    assert y.shape == (64, 5)
    assert split.is_train()[rows].all()


def test_witnesses_are_rows_that_decide_how_a_column_is_written():
    table = pa.table(
        {
            "text": ["a", "a", "b", None, "a", "a"],
            "number": [1.0, 2.0, 2.0, 9.0, 1.25, 1.5],
            "whole": [5, 5, 5, 5, 5, -2],
        }
    )
    # a (0), b (2), missing (3); least (0), largest (3), 2 decimals (4); largest (0), least (5).
    assert np.flatnonzero(witnesses(table)).tolist() == [0, 2, 3, 4, 5]
    kept = table.filter(pa.array(witnesses(table)))
    assert witnesses(kept).all()


def test_shards_over_http(folder):
    local = load(f"{folder}/*.parquet")
    with ShardServer(folder) as server:
        remote = load(server.url + "/t-{0..2}.parquet")
        assert remote.fingerprint == local.fingerprint
        assert np.array_equal(remote.rows[:], local.rows[:], equal_nan=True)


def spoil(folder):
    bad = folder / "t-1.parquet"
    other = make(50).rename(columns={"city": "town"})
    yield lambda: other.to_parquet(bad), "column 'city' is missing, and in t-0.parquet it is of typ"
    whole = make(50).astype({"count": float})
    yield lambda: whole.to_parquet(bad), "column 'count' is of type double, and in t-0.parquet"
    yield lambda: make(50)[:0].to_parquet(bad), "holds no rows"
    yield lambda: bad.write_bytes(b"PAR1 no more"), "not a readable Parquet file"
    data = bad.read_bytes()
    yield lambda: bad.write_bytes(data[:200] + bytes(200) + data[400:]), "not a readable Parquet"
    yield lambda: bad.write_bytes(b""), "not a readable Parquet file"


@pytest.mark.parametrize("case", range(6))
@pytest.mark.parametrize("remote", [False, True])
def test_faults_name_the_shard(folder, case, remote):
    fault, words = list(spoil(folder))[case]
    fault()
    with ShardServer(folder) as server:
        source = server.url + "/t-{0..2}.parquet" if remote else f"{folder}/*.parquet"
        with pytest.raises(WganError) as caught:
            load(source)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{server.url if remote else folder}/t-1.parquet")
    assert "\n" not in str(caught.value)


def test_what_wgan_data_says_of_shards(folder, capsys):
    assert main(["data", f"{folder}/*.parquet", "--out", str(folder / "schema.toml")]) == 0
    said = capsys.readouterr().out
    size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
    assert f"{folder}/*.parquet: 920 rows of 5 columns (tables)" in said
    assert f"3 shards of {size:,} bytes, t-0.parquet to t-2.parquet" in said
    split = load(f"{folder}/*.parquet").split()
    assert f"{split.n_train} for training and {split.n_held_out} held out" in said
    text = (folder / "schema.toml").read_text()
    (folder / "schema.toml").write_text(text.replace("step = 0.01", "step = 0.005"))
    again = load(f"{folder}/*.parquet", schema=str(folder / "schema.toml"))
    assert again.codec.columns[0].step == 0.005


def test_private_runs_take_no_shards(folder):
    with pytest.raises(WganError, match=r"privacy\.epsilon is not for shards"):
        Run.open(f"{folder}/*.parquet", settings={"privacy.epsilon": 1.0})


@pytest.mark.parametrize("labels", ["own", "labels.txt"])
def test_tables_take_no_labels(folder, labels):
    (folder.parent / "labels.txt").write_text("\n".join(str(i % 2) for i in range(920)))
    with pytest.raises(WganError, match=r"data\.labels: each column of a table can be asked for"):
        load(f"{folder}/*.parquet", labels=labels)
