"""Packs: what is sent of a folder, that it arrives whole, and that nothing leads out of it."""

from hashlib import sha256

import pytest

from wgan.base.errors import WganError
from wgan.experiments.packs import Pack, names_below, pack, unpack


@pytest.fixture
def folder(tmp_path):
    here = tmp_path / "here"
    (here / "samples").mkdir(parents=True)
    (here / "b").write_bytes(b"two")
    (here / "a").write_bytes(b"one")
    (here / "samples" / "s.png").write_bytes(b"\0\xff")
    (here / ".a.x1.partial").write_text("half")
    (tmp_path / "secret").write_text("of somebody")
    (here / "link").symlink_to(tmp_path / "secret")
    return here


def test_names_are_those_of_whole_files_and_links_are_left_out(folder, tmp_path):
    assert names_below(folder) == ["a", "b", "samples/s.png"]
    assert names_below(folder, first="b") == ["b", "a", "samples/s.png"]
    assert names_below(tmp_path / "nowhere") == []


def test_what_is_sent_arrives_and_what_is_known_is_not_sent_again(folder, tmp_path):
    packed = pack(folder, names_below(folder))
    assert packed.digests["a"] == sha256(b"one").hexdigest()
    there = tmp_path / "there"
    unpack(packed, there)
    assert pack(there, names_below(there)) == packed
    (folder / "a").write_bytes(b"changed")
    (folder / "b").unlink()
    more = pack(folder, ["a", "b", "samples/s.png"], packed.digests)
    assert more.files == {"a": b"changed"}
    assert set(more.digests) == {"a", "samples/s.png"}
    unpack(more, there)
    assert (there / "a").read_bytes() == b"changed"
    assert more.only("a".__eq__) == Pack({"a": more.digests["a"]}, {"a": b"changed"})


@pytest.mark.parametrize(
    ("digests", "files", "words"),
    [
        ({"a": "0" * 64}, {"a": b"one"}, "arrived damaged"),
        ({"a": sha256(b"one").hexdigest()}, {}, "arrived damaged"),
        ({"../a": sha256(b"one").hexdigest()}, {"../a": b"one"}, "leads out"),
        ({"/tmp/a": sha256(b"one").hexdigest()}, {"/tmp/a": b"one"}, "leads out"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path, digests, files, words):
    good = {"b": sha256(b"two").hexdigest()}
    with pytest.raises(WganError, match=words):
        unpack(Pack(good | digests, {"b": b"two"} | files), tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


def test_the_last_files_are_written_last_in_their_order(folder, tmp_path, monkeypatch):
    """A process that ends in between leaves what it had written."""
    packed = pack(folder, names_below(folder))
    there = tmp_path / "there"
    (there / "b").mkdir(parents=True)  # cannot be replaced by a file
    with pytest.raises(OSError, match="directory"):
        unpack(
            Pack({"a": packed.digests["a"], "b": packed.digests["b"]}, packed.files), there, "ba"
        )
    assert names_below(there) == ["samples/s.png"]
