"""Contents of the cache: what is ours, by kind, and what is cleared away while others use it."""

import os
import subprocess
import sys
import time
from hashlib import sha256

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.cache import cache_folder, cached, scratch_folder
from wgan.data.cache_contents import JUST_USED, KINDS, QUIET, cache_contents, clear_cache, total
from wgan.data.shards.records import Head, record_in_cache, record_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="locks are those of POSIX")
A, B = "a" * 64, "b" * 64


def make(target):
    target.write_bytes(b"0123456789")


def age(seconds=JUST_USED + 1):
    """Make everything in the cache older."""
    for path in [cache_folder(), *cache_folder().rglob("*")]:
        when = path.lstat().st_mtime - seconds
        os.utime(path, (when, when), follow_symlinks=False)


def names(entries):
    return {each.path.name for each in entries}


def test_an_absent_cache_holds_nothing():
    assert cache_contents().entries == ()
    assert clear_cache().gone == ()


def test_contents_are_listed_by_kind_and_cleared():
    for name, suffix in ((A, ""), (A, ".npy"), (A, ".parquet"), (A, ".safetensors")):
        cached(name, make, suffix)
    cached(f"unpacked-{B}", make, ".npy")
    rows = np.arange(6.0).reshape(3, 2)
    head = Head(3, (2,), rows.dtype, 0)
    record_in_cache("key", 2**64, lambda: record_of(rows, head, "s", "s", 2**64), wait=True)
    contents = cache_contents()
    kinds = [each.kind for each in contents.entries]
    assert sorted(kinds) == sorted(set(KINDS) - {"working-folders", "unfinished"})
    assert contents.others == 0
    sealed = [each for each in contents.entries if each.kind != "shard-records"]
    assert total(sealed) == 5 * (10 + 64)
    age()
    cleared = clear_cache()
    assert total(cleared.gone) == total(contents.entries)
    assert cleared.used == ()
    assert [path.name for path in cache_folder().iterdir()] == ["shards"]
    assert not list((cache_folder() / "shards").iterdir())


def test_what_was_just_asked_for_is_left():
    cached(A, make)
    age()
    cached(A, make)
    assert names(clear_cache().used) == {A}
    age()
    assert names(clear_cache().gone) == {A}


def strangers(folder, tmp_path):
    """Put into the cache what wgan did not write there; return the paths."""
    mine = tmp_path / "mine.npy"
    mine.write_bytes(b"mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / f"{A}.safetensors").write_bytes(b"mine")
    (folder / "notes.txt").write_text("mine")
    (folder / f"{A}.npy").write_bytes(b"without a seal")
    (folder / B).symlink_to(mine)
    (folder / f"{B}.sha256").write_text(sha256(b"mine").hexdigest())
    (folder / "shards").symlink_to(elsewhere)
    (folder / ".scratch-abcdefgh").symlink_to(elsewhere)
    (folder / "e.tar").write_bytes(b"mine")
    (folder / "e.tar.sha256").write_text(sha256(b"mine").hexdigest())
    (folder / "c").mkdir()
    (folder / "c" / A).write_bytes(b"mine")
    os.mkfifo(folder / ("d" * 64))
    (folder / f"{'d' * 64}.sha256").write_text("0" * 64)
    return [*folder.rglob("*"), mine, *elsewhere.iterdir()]


def test_what_wgan_did_not_write_is_counted_and_left(tmp_path):
    cached("f" * 64, make)
    paths = strangers(cache_folder(), tmp_path)
    age(QUIET + 1)
    contents = cache_contents()
    assert names(contents.entries) == {"f" * 64}
    assert contents.others >= 8
    assert names(clear_cache().gone) == {"f" * 64}
    gone = {path for path in paths if not os.path.lexists(path)}
    assert {path.name for path in gone} == {"f" * 64, "f" * 64 + ".sha256"}


def test_records_are_told_by_their_header():
    folder = cache_folder() / "shards"
    folder.mkdir(parents=True)
    (folder / f"{A}.safetensors").write_bytes(b"damaged, or of somebody else")
    (folder / f"{B}.lock").write_text("not empty")
    age(QUIET + 1)
    assert clear_cache().gone == ()
    assert cache_contents().others == 2


def test_unfinished_files_are_left_for_an_hour():
    cached(A, make)
    partial = cache_folder() / f".{B}.npy.abcd_123.partial"
    foreign = cache_folder() / ".notes.txt.abcd_123.partial"
    for path in (partial, foreign):
        path.write_bytes(b"half")
    age(QUIET - 60)
    assert names(clear_cache().used) == {partial.name}
    age(120)
    assert names(clear_cache().gone) == {partial.name}
    assert foreign.exists()


def test_a_working_folder_is_left_while_somebody_works_in_it():
    with scratch_folder() as folder:
        (folder / "big").write_bytes(b"0" * 1000)
        age()
        assert total(clear_cache().used) == 1000
        assert (folder / "big").exists()
    killed = cache_folder() / ".scratch-abcdefgh"
    killed.mkdir()
    (killed / "big").write_bytes(b"0" * 1000)
    age()
    assert total(clear_cache().gone) == 1000
    assert not killed.exists()


def pictures(folder):
    from PIL import Image

    folder.mkdir()
    for i in range(12):
        Image.fromarray(np.full((4, 4), 20 * i, np.uint8)).save(folder / f"{i}.png")


def test_a_data_set_that_is_read_keeps_its_file(tmp_path):
    pictures(tmp_path / "photos")
    dataset = load("photos")
    age()
    assert len(clear_cache().used) == 1
    assert dataset.rows[np.arange(3)].shape == (3, 4, 4, 1)
    del dataset
    assert len(clear_cache().gone) == 1


READER = """
import numpy as np, sys, time
from wgan.data import load
dataset = load("photos")
print("loaded", flush=True)
sys.stdin.readline()
print(int(dataset.rows[np.arange(12)].sum()), flush=True)
"""


def test_another_process_keeps_what_it_reads(tmp_path):
    pictures(tmp_path / "photos")
    process = subprocess.Popen(
        [sys.executable, "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "loaded\n"
    age()
    assert len(clear_cache().used) == 1
    out, _ = process.communicate("go\n", timeout=60)
    assert int(out) == 16 * 20 * sum(range(12))
    assert len(clear_cache().gone) == 1


CLEARER = """
import os
from wgan.data import cache_contents as c
c.JUST_USED = 0
for _ in range(100):
    c.clear_cache()
"""


def test_files_that_are_asked_for_while_others_clear_are_whole(tmp_path):
    """Without the grace of five seconds a file may be gone once it is returned, but never half."""
    process = subprocess.Popen([sys.executable, "-c", CLEARER])
    seen = 0
    while process.poll() is None:
        try:
            assert cached(A, make).read_bytes() == b"0123456789"
            seen += 1
        except FileNotFoundError:
            time.sleep(0)
    assert process.returncode == 0
    assert seen


def test_a_user_without_a_home_reads_data_and_is_told_of_the_variable(tmp_path, monkeypatch):
    """Containers run as users that have no name."""

    def fail():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("WGAN_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", fail)
    np.save("x.npy", np.zeros((20, 2)))
    assert len(load("x.npy")) == 20
    with pytest.raises(WganError, match="name one for the cache in WGAN_CACHE"):
        cache_contents()


def test_a_cache_that_is_no_folder_names_its_variable(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a file")
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path / "file"))
    with pytest.raises(WganError, match="name another in WGAN_CACHE"):
        cache_contents()
