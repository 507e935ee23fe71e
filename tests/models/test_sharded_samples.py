"""Shards: what they hold, that no byte depends on who writes, and what is refused."""

import json
import os
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from described_series import SMALL, described
from random_tables import few_rows, random_model

from wgan.base.errors import WganError
from wgan.base.seeding import derive
from wgan.data import load
from wgan.data.piecewise import array_writer
from wgan.data.series.windows import Reading
from wgan.models import Model, sample_where, save_model
from wgan.models.requested import Request
from wgan.models.sharded import (
    drawing,
    finish_shards,
    make_plan,
    write_all,
    write_shard,
    write_shards,
)
from wgan.networks import NetworkConfig, build_generator

OUT = Path("out")
MODEL = Path("model")


def saved(model):
    save_model(model, MODEL)
    return model


def pictures():
    """A model of small pictures in two classes, untrained."""
    x = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1)).astype(np.uint8)
    codec = load(x, kind="images").codec
    config = NetworkConfig(kind="conv", width=8, latent=4, depth=1)
    torch.manual_seed(0)
    generator = build_generator(config, codec, classes=2).eval().requires_grad_(False)
    return Model(generator, None, codec, config, "wgan-gp", ("cat", "dog"), (0.75, 0.25))


def series_table():
    """A model of series of a table, of 2 to 5 steps, with a static column and their number."""
    random = np.random.default_rng(0)
    of = np.repeat(np.arange(60), random.integers(2, 6, 60))
    frame = pd.DataFrame(
        {
            "house": of.astype("int8"),
            "power": random.normal(size=len(of)),
            "place": np.array(["north", "south"])[of % 2],
        }
    )
    codec = load(frame, kind="series", reading=Reading(series="house")).split().dataset.codec
    torch.manual_seed(1)
    generator = build_generator(SMALL, codec).eval().requires_grad_(False)
    return Model(generator, None, codec, SMALL, "wgan-gp")


def hashes(folder=OUT):
    """The SHA-256 of each file below a folder, by its name."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in files}


def written(model, n, shards, out=OUT, **request):
    """Write all shards in this process; return the manifest."""
    plan = make_plan(MODEL, model, n, shards, request=Request(**request))
    write_all(MODEL, out, plan, range(shards))
    return finish_shards(MODEL, out, plan)


def tables(out=OUT):
    return [pd.read_parquet(path) for path in sorted(out.glob("*.parquet"))]


@pytest.mark.parametrize(("n", "shards"), [(10, 3), (7, 7), (12, 4), (10**9 + 1, 1000)])
def test_sizes_and_names_follow_from_the_numbers(n, shards):
    plan = make_plan(MODEL, saved(random_model(few_rows(50))), n, shards)
    sizes = [plan.samples(i) for i in range(shards)]
    assert sum(sizes) == n
    assert max(sizes) - min(sizes) <= 1
    assert [plan.first(i) for i in range(shards)] == np.cumsum([0, *sizes[:-1]]).tolist()
    assert plan.name(0) == f"part-00000-of-{shards:05d}.parquet"
    names = [plan.name(i) for i in range(shards)]
    assert names == sorted(set(names))
    assert all(map(plan.is_name, names))
    assert not plan.is_name(f"part-{shards:05d}-of-{shards:05d}.parquet")
    assert not plan.is_name("part-0-of-3.parquet")


def test_a_shard_holds_what_the_model_draws_from_its_own_stream(monkeypatch):
    model = saved(random_model(few_rows().assign(id=np.arange(1000) + 1)))
    monkeypatch.setattr(drawing, "MOST_ROWS", 256)
    manifest = written(model, 1401, 2)
    first, second = tables()
    # 701 and 700 samples in pieces of at most 256.
    pieces = [
        [model.sample(size, derive(0, "shard", i, j)) for j, size in enumerate(sizes)]
        for i, sizes in enumerate([(234, 234, 233), (234, 233, 233)])
    ]
    whole = model.codec.frame(np.concatenate([piece for of_one in pieces for piece in of_one]))
    pd.testing.assert_frame_equal(pd.concat([first, second], ignore_index=True), whole)
    file = pq.ParquetFile(OUT / "part-00000-of-00002.parquet")
    assert [file.metadata.row_group(i).num_rows for i in range(3)] == [234, 234, 233]
    assert [part.samples for part in manifest.parts] == [701, 700]
    assert manifest.samples == manifest.rows == manifest.tried == 1401
    assert not np.array_equal(pieces[0][0], pieces[1][0]), "no two shards are of one stream"


def test_identifiers_are_unique_over_all_shards_and_of_one_type():
    frame = few_rows(120).assign(
        number=np.arange(1, 121, dtype="int8"),
        name=[f"C-{i:02d}" for i in range(1, 121)],
        float=np.arange(1, 121, dtype="float32"),
    )
    manifest = written(saved(random_model(frame)), 300, 4)
    whole = pd.concat(tables(), ignore_index=True)
    assert whole["number"].tolist() == list(range(121, 421))
    assert whole["name"].tolist() == [f"C-{i}" for i in range(121, 421)]
    schemas = [pq.read_schema(path) for path in OUT.glob("*.parquet")]
    assert all(schema.equals(schemas[0], check_metadata=True) for schema in schemas)
    assert manifest.layout["columns"]["number"] == "int64", "int8 holds the first shard alone"
    assert manifest.layout["columns"]["float"] == "float"
    pd.testing.assert_frame_equal(pd.read_parquet(OUT), whole)


def test_a_column_of_objects_has_one_type_also_where_all_of_a_shard_is_missing():
    random = np.random.default_rng(0)
    flag = random.choice(np.array([True, False, None], dtype=object), 300)
    frame = pd.DataFrame({"flag": pd.Series(flag, dtype=object), "x": np.arange(300) % 7})
    written(saved(random_model(frame)), 40, 40)
    read = tables()
    assert any(each["flag"].isna().all() for each in read)
    assert {str(pq.read_schema(p).field("flag").type) for p in OUT.glob("*.parquet")} == {"bool"}


def test_series_are_whole_and_their_numbers_go_on(monkeypatch):
    model = saved(series_table())
    manifest = written(model, 260, 3)
    read = tables()
    assert [sorted(set(each["house"])) for each in read] == [
        list(range(1, 88)),
        list(range(88, 175)),
        list(range(175, 261)),
    ]
    whole = pd.concat(read, ignore_index=True)
    raw = np.concatenate(
        [model.sample(size, derive(0, "shard", i, 0)) for i, size in enumerate((87, 87, 86))]
    )
    pd.testing.assert_frame_equal(
        whole, model.codec.frame(raw).astype({"house": "int64"}), check_dtype=False
    )
    assert whole["house"].dtype == "int64", "int8 does not hold 260"
    assert manifest.rows == len(whole) > manifest.samples == 260


def test_arrays_are_as_numpy_saves_them_with_their_classes_beside(monkeypatch):
    monkeypatch.setattr(drawing, "PIECE_BYTES", 1)  # so pieces are of 256, a block
    model = saved(pictures())
    manifest = written(model, 600, 2)
    for i, name in enumerate(["part-00000-of-00002.npy", "part-00001-of-00002.npy"]):
        array, labels = np.load(OUT / name), np.load(OUT / "labels" / name)
        np.save("again.npy", array)
        assert Path("again.npy").read_bytes() == (OUT / name).read_bytes()
        seeds = [derive(0, "shard", i, j) for j in range(2)]
        assert np.array_equal(array, np.concatenate([model.sample(150, seed) for seed in seeds]))
        drawn = np.concatenate([model.draw_labels(150, seed) for seed in seeds])
        assert np.array_equal(labels, drawn)
        assert labels.dtype == np.uint8
    assert manifest.layout == {"shape": [8, 8, 1], "dtype": "|u1", "classes": ["cat", "dog"]}
    dogs = written(model, 10, 2, Path("dogs"), label="dog")
    assert np.load("dogs/labels/part-00001-of-00002.npy").tolist() == [1] * 5
    assert dogs.plan.request.label == "dog"
    with pytest.raises(WganError, match="no class is called 'cow'"):
        written(model, 10, 2, Path("cows"), label="cow")
    assert not Path("cows").exists()


def test_series_of_arrays_are_arrays():
    codec = described(statics=False).codec
    generator = build_generator(SMALL, codec).eval().requires_grad_(False)
    model = saved(Model(generator, None, codec, SMALL, "wgan-gp"))
    written(model, 11, 2)
    first = np.load(OUT / "part-00000-of-00002.npy")
    np.testing.assert_array_equal(first, model.sample(6, derive(0, "shard", 0, 0)))


def test_conditions_hold_in_each_shard_with_its_exact_number_of_rows():
    model = saved(random_model(few_rows()))
    where = ("k in a, c", "x>=20")
    manifest = written(model, 100, 3, where=where, balance="b")
    read = tables()
    assert [len(each) for each in read] == [34, 33, 33]
    whole = pd.concat(read)
    assert (whole["k"].isin(["a", "c"]) & (whole["x"] >= 20)).all()
    assert whole["b"].sum() in (49, 50, 51), "17 of 34; 16 or 17 of 33"
    again = [
        sample_where(model, n, derive(0, "shard", i, 0), where, "b")
        for i, n in enumerate((34, 33, 33))
    ]
    assert manifest.tried == sum(each.tried for each in again)
    assert manifest.satisfied == sum(each.satisfied for each in again)
    assert manifest.tried > manifest.satisfied >= 100


@pytest.mark.parametrize("make", [lambda: random_model(few_rows()), series_table, pictures])
def test_bytes_do_not_depend_on_who_writes_what(make):
    model = saved(make())
    plan = make_plan(MODEL, model, 50, 5, seed=3)
    write_all(MODEL, OUT, plan, range(5))
    assert finish_shards(MODEL, OUT, plan).samples == 50
    other = Path("other")
    assert write_shards(MODEL, other, plan, [4, 1]).drawn == 20
    assert finish_shards(MODEL, other, plan) is None, "three are still to come"
    # As a queue of jobs calls it, elsewhere: with plain values.
    values = json.loads(json.dumps(plan.to_json()))
    for i in (3, 0, 2, 1):
        part = write_shard(str(MODEL), str(other), values, i)
        assert json.loads(json.dumps(part))["samples"] == 10
    assert finish_shards(MODEL, other, plan).plan == plan
    assert hashes(other) == hashes()
    assert not list(other.rglob(".*")), "nothing is left of the work"
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    write_all(MODEL, Path("threads"), plan, range(5))
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    finish_shards(MODEL, Path("threads"), plan)
    assert hashes(Path("threads")) == hashes()
    shards = [name for name in hashes() if name.startswith("part-")]
    assert len({hashes()[name] for name in shards}) == 5, "and all differ"


def test_what_is_there_is_checked_and_what_is_missing_is_written(monkeypatch):
    model = saved(random_model(few_rows()))
    plan = make_plan(MODEL, model, 40, 4)
    write_shards(MODEL, OUT, plan, [0, 1])
    begun = hashes()
    # Killed after a shard was in its place and before its record was; killed while it wrote.
    (OUT / f".progress-{plan.digest[:16]}" / "part-00001-of-00004.json").unlink()
    (OUT / ".part-00002-of-00004.parquet.abc.partial").write_bytes(b"PAR1")
    (OUT / "._manifest.json.abc.partial").write_text("{")
    done = write_shards(MODEL, OUT, plan, range(4))
    assert (done.kept, done.drawn) == (10, 30)
    assert finish_shards(MODEL, OUT, plan) is not None
    assert not list(OUT.glob(".*"))
    whole = hashes()
    assert begun["part-00001-of-00004.parquet"] == whole["part-00001-of-00004.parquet"]
    with monkeypatch.context() as changed:
        changed.setattr("wgan.models.sharded.writing.load_planned", None)  # none is needed now
        assert write_shards(MODEL, OUT, plan, range(4)).kept == 40
    os.unlink(OUT / "part-00003-of-00004.parquet")
    assert finish_shards(MODEL, OUT, plan) is None
    assert write_shards(MODEL, OUT, plan, range(4)).drawn == 10
    assert hashes() == whole
    (OUT / "part-00002-of-00004.parquet").write_bytes(b"PAR1")
    with pytest.raises(WganError, match=r"part-00002-of-00004.parquet: was changed after"):
        write_shards(MODEL, OUT, plan, range(4))
    assert (OUT / "part-00002-of-00004.parquet").read_bytes() == b"PAR1", "nothing is replaced"


def test_a_shard_without_a_record_must_hold_the_bytes_that_are_drawn():
    model = saved(random_model(few_rows()))
    plan = make_plan(MODEL, model, 40, 4)
    write_shards(MODEL, OUT, plan, [0])
    (OUT / "part-00001-of-00004.parquet").write_bytes(b"mine")
    with pytest.raises(WganError, match="holds other bytes than this command writes"):
        write_shards(MODEL, OUT, plan, [1])
    assert (OUT / "part-00001-of-00004.parquet").read_bytes() == b"mine"


def test_a_shard_drawn_again_must_have_the_bytes_of_the_manifest():
    model = saved(random_model(few_rows()))
    plan = make_plan(MODEL, model, 40, 4)
    write_shards(MODEL, OUT, plan, range(4))
    manifest = finish_shards(MODEL, OUT, plan)
    path = OUT / "part-00001-of-00004.parquet"
    path.unlink()
    drawing_as_before = drawing.STREAM
    try:
        drawing.STREAM = "another processor"
        with pytest.raises(WganError, match="drawn again it has other bytes"):
            write_shards(MODEL, OUT, plan, [1])
    finally:
        drawing.STREAM = drawing_as_before
    assert not path.exists()
    write_shards(MODEL, OUT, plan, [1])
    assert finish_shards(MODEL, OUT, plan) == manifest


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": 41}, "n = 40, and this command has 41"),
        ({"shards": 5}, "shards = 4, and this command has 5"),
        ({"seed": 1}, "seed = 0, and this command has 1"),
        ({"request": Request(where=("k=a",))}, "where = none, and this command has k=a"),
    ],
)
def test_samples_of_another_command_stay_as_they_are(change, words, complete):
    model = saved(random_model(few_rows()))
    plan = make_plan(MODEL, model, 40, 4)
    write_shards(MODEL, OUT, plan, range(4 if complete else 2))
    finish_shards(MODEL, OUT, plan)
    before = hashes()
    other = make_plan(MODEL, model, **({"n": 40, "shards": 4} | change))
    with pytest.raises(WganError, match=f"out: holds samples with {words}: choose another --out"):
        write_shards(MODEL, OUT, other, [0])
    assert hashes() == before
    assert write_shards(MODEL, OUT, plan, range(4)).kept == (40 if complete else 20)


def test_a_generator_that_was_trained_further_is_another():
    plan = make_plan(MODEL, saved(random_model(few_rows())), 40, 4)
    write_shards(MODEL, OUT, plan, [0])
    model = saved(random_model(few_rows(), seed=1))
    with pytest.raises(WganError, match="another generator than when its samples were begun"):
        write_shards(MODEL, OUT, plan, [1])
    with pytest.raises(WganError, match="holds samples with generator = "):
        write_shards(MODEL, OUT, make_plan(MODEL, model, 40, 4), [1])


def test_a_process_of_other_versions_than_the_plans_writes_nothing():
    plan = make_plan(MODEL, saved(random_model(few_rows())), 40, 4)
    other = plan.to_json() | {"versions": plan.versions | {"pyarrow": "1.0"}}
    with pytest.raises(WganError, match=r"^pyarrow is .* here, and 1.0 where the samples were"):
        write_shard(str(MODEL), str(OUT), other, 0)
    assert not list(OUT.glob("part-*"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("notes.txt", "holds notes.txt, which is not a shard"),
        ("part-00000-of-00004.parquet", "nothing says of which command"),
        ("part-00000-of-00009.parquet", "which is not a shard"),
    ],
)
def test_a_folder_of_other_things_is_refused_and_stays_as_it_is(name, words):
    plan = make_plan(MODEL, saved(random_model(few_rows())), 40, 4)
    OUT.mkdir()
    (OUT / name).write_text("mine")
    with pytest.raises(WganError, match=words):
        write_shards(MODEL, OUT, plan, [0])
    assert {path.name: path.read_text() for path in OUT.iterdir()} == {name: "mine"}


@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (lambda: random_model(few_rows()), "labels/mine.npy", "out: holds labels, which is not"),
        (pictures, "labels/mine.npy", "out/labels: holds mine.npy, which is not a shard"),
        (pictures, "labels/part-00000-of-00004.npy", "nothing says of which command"),
        (pictures, "labels", "out: holds labels, which is not a shard"),
    ],
)
def test_labels_of_somebody_else_are_refused(make, name, words):
    plan = make_plan(MODEL, saved(make()), 40, 4)
    (OUT / name).parent.mkdir(parents=True)
    (OUT / name).write_text("mine")
    with pytest.raises(WganError, match=words):
        write_shards(MODEL, OUT, plan, [0])
    assert list(hashes()) == [name]


def test_a_file_in_the_place_of_the_folder_and_a_damaged_manifest_are_refused():
    plan = make_plan(MODEL, saved(random_model(few_rows())), 40, 4)
    OUT.write_text("mine")
    with pytest.raises(WganError, match="out: is a file, and shards are written into a folder"):
        write_shards(MODEL, OUT, plan, [0])
    OUT.unlink()
    write_shards(MODEL, OUT, plan, range(4))
    finish_shards(MODEL, OUT, plan)
    manifest = OUT / "_manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 0', '"seed": 1'))
    with pytest.raises(WganError, match=r"_manifest.json: was changed after it was written"):
        write_shards(MODEL, OUT, plan, [0])


def test_two_commands_that_finish_at_once_do_no_harm(monkeypatch):
    model = saved(random_model(few_rows()))
    plan = make_plan(MODEL, model, 40, 2)
    write_shards(MODEL, OUT, plan, [0])
    write = drawing.write_part

    def late(*arguments):
        """Another process of the same command writes all and finishes while this one draws."""
        monkeypatch.setattr("wgan.models.sharded.writing.write_part", write)
        write_shards(MODEL, OUT, plan, [1])
        finish_shards(MODEL, OUT, plan)
        return write(*arguments)

    monkeypatch.setattr("wgan.models.sharded.writing.write_part", late)
    assert write_shards(MODEL, OUT, plan, [1]).drawn == 20
    assert finish_shards(MODEL, OUT, plan) is not None
    assert sorted(hashes()) == [
        "_manifest.json",
        "part-00000-of-00002.parquet",
        "part-00001-of-00002.parquet",
    ]


def test_rows_that_do_not_fit_an_array_are_refused():
    for rows in (np.zeros((2, 3)), np.zeros((2, 2), dtype="float32"), np.zeros((1, 2))):
        with (
            pytest.raises(WganError, match="an array of shape"),
            array_writer(Path("x.npy"), (2, 2), np.dtype("float64")) as add,
        ):
            add(rows)
