"""Places of shards: what is read as shards, and how they are named."""

import json

import numpy as np
import pytest
from shard_sets import png

from wgan.base.errors import WganError
from wgan.data import load, short_name
from wgan.data.naming import found_in
from wgan.data.shards.places import base_of, expanded, is_sharded, listed, scheme_of
from wgan.data.shards.stores import find_shards


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "data"
    place.mkdir()
    for i in (9, 10, 11):
        np.save(place / f"part-{i:02d}.npy", np.full((20, 2), float(i)))
    return place


def test_ranges_in_braces_keep_their_zeros():
    assert expanded("a-{008..011}-{0..1}.npy")[:3] == ["a-008-0.npy", "a-008-1.npy", "a-009-0.npy"]
    assert len(expanded("a-{008..011}-{0..1}.npy")) == 8
    with pytest.raises(WganError, match="counts down"):
        expanded("a-{3..1}.npy")
    with pytest.raises(WganError, match="more than 10,000,000 names"):
        expanded("a-{0..9999}-{0..9999}.npy")


def test_lists_are_text_or_json():
    assert listed("a.npy\n# no shard\n\nb-{1..2}.npy\n", "l.txt") == ["a.npy", "b-1.npy", "b-2.npy"]
    assert listed('["a.npy"]', "l.json") == ["a.npy"]
    assert listed('{"shards": [{"name": "a.npy", "rows": 3}]}', "l.json") == ["a.npy"]
    for broken in ("{", "3", '{"shards": 3}', "[1]"):
        with pytest.raises(WganError, match=r"l\.json"):
            listed(broken, "l.json")


def test_what_is_read_as_shards(folder):
    (folder / "list.json").write_text(json.dumps(["part-09.npy"]))
    for source in (folder, folder / "*.npy", folder / "part-{09..11}.npy", folder / "list.json"):
        assert is_sharded(source), source
    assert is_sharded("https://host/a.npy")
    for source in ("digits", folder / "part-09.npy", folder / "none.npy", folder.parent):
        assert not is_sharded(source), source


def test_a_folder_of_pictures_stays_one_though_an_array_lies_beside(folder):
    (folder / "a.png").write_bytes(png(np.zeros((8, 8), np.uint8)))
    assert not is_sharded(folder)
    (folder / "a.png").unlink()
    (folder / "class").mkdir()
    assert not is_sharded(folder)


def test_what_is_passed_over_is_counted(folder):
    (folder / "README.md").write_text("about")
    with pytest.warns(UserWarning, match=r"3 shards read, 1 file passed over \(such as README.md"):
        assert len(load(str(folder))) == 60


def test_the_same_shards_have_the_same_names_however_they_are_given(folder):
    (folder / "list.txt").write_text("part-{09..11}.npy\n")
    names = ["part-09.npy", "part-10.npy", "part-11.npy"]
    for source in ("/*.npy", "/part-{09..11}.npy", "/list.txt"):
        _, places, form = find_shards(f"{folder}{source}")
        assert ([place.name for place in places], form) == (names, "npy")
    (folder / "list.txt").unlink()
    assert [p.name for p in find_shards(str(folder))[1]] == names
    assert [p.name for p in find_shards(f"{folder}/")[1]] == names


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(folder):
    """The names of its shards, and so their split, do not depend on its own."""
    names = [place.name for place in find_shards(str(folder))[1]]
    for odd in ("a[1]", "a{0..3}", "a*"):
        moved = folder.rename(folder.with_name(odd))
        (moved / "list.txt").write_text("part-{09..11}.npy\n")
        assert [place.name for place in find_shards(f"{moved}/list.txt")[1]] == names
        (moved / "list.txt").unlink()
        assert [place.name for place in find_shards(str(moved))[1]] == names
        folder = moved


def test_shards_of_the_working_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for source in ("*.npy", "part-{09..11}.npy", "."):
        assert find_shards(source)[1][0].name == "part-09.npy"
    assert len(load("*.npy")) == 60


def test_a_list_may_hold_addresses():
    assert base_of("https://host/a/list.txt") == "https://host/a"
    assert scheme_of("S3://b/c") == "s3"
    with pytest.raises(WganError, match="ftp:// are not read"):
        is_sharded("ftp://host/a.npy")


def test_runs_on_shards_have_short_names_and_find_their_data_again(folder):
    assert short_name(f"{folder}/*.npy") == "data"
    (folder / "a[1].csv").write_text("1,2")
    assert short_name(f"{folder}/a[1].csv") == "a[1]"
    assert short_name("https://host/b/c/list.txt") == "list"
    assert found_in("/elsewhere", "s3://b/c", must_exist=True) == "s3://b/c"
    moved = found_in(str(folder.parent), "data/part-*.npy", must_exist=True)
    assert len(load(moved)) == 60
    with pytest.raises(FileNotFoundError):
        found_in(str(folder), "nowhere/part-*.npy", must_exist=True)


def test_sources_without_usable_shards_are_refused_in_one_line(folder):
    faults = {
        f"{folder}/none-*.npy": "no shards found",
        f"{folder}/part-{{09..12}}.npy": "part-12.npy: no such shard",
        str(folder / "twice.txt"): "lists part-09.npy more than once",
        str(folder / "detour.txt"): "lists part-09.npy more than once",
        str(folder / "linked.txt"): "lists part-09.npy more than once",
        str(folder / "other.txt"): "a.csv: no shard that is read",
        str(folder / "hub.txt"): "hf:// is not read as shards: give hf://datasets/USER/NAME itself",
        str(folder / "beside.json"): "hf:// is not read as shards",
        str(folder / "notes.txt"): "not a kind of file that can be read",
    }
    (folder / "twice.txt").write_text("part-09.npy\npart-09.npy\n")
    (folder / "detour.txt").write_text("part-09.npy\nx/../part-09.npy\n")
    (folder / "linked.txt").write_text("part-09.npy\npart-99.npy\n")
    (folder / "part-99.npy").symlink_to(folder / "part-09.npy")
    (folder / "other.txt").write_text("part-09.npy\na.csv\n")
    (folder / "hub.txt").write_text("hf://datasets/user/name/data/train-0.parquet\n")
    (folder / "beside.json").write_text('["part-09.npy", "HF://datasets/user/name/a.npy"]')
    (folder / "notes.txt").write_text("hello\n")
    for source, words in faults.items():
        with pytest.raises(WganError) as caught:
            load(source)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
    (folder / "part-99.npy").unlink()
    (folder / "part.tar").write_bytes(b"")
    with pytest.raises(WganError, match=r"holds part.tar beside part-09.npy"):
        load(str(folder))
