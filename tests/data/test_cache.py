"""The cache: made once, checked whenever it is read, and made again where it is damaged."""

import warnings

import pytest

from wgan.base.errors import WganError
from wgan.data.cache import cache_folder, cached

CONTENT = bytes(range(256)) * 20


def make(target):
    target.write_bytes(CONTENT)


def never(target):
    raise AssertionError("it already exists")


def test_a_file_is_made_once():
    path = cached("a" * 64, make, ".npy")
    assert path.read_bytes() == CONTENT
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cached("a" * 64, never, ".npy") == path


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(CONTENT[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(CONTENT[:99] + b"?" + CONTENT[100:]),
        lambda path: path.with_name(path.name + ".sha256").write_bytes(b"?"),
    ],
)
def test_a_damaged_file_is_made_again_and_said(damage):
    path = cached("b" * 64, make)
    damage(path)
    with pytest.warns(UserWarning, match="was damaged in the cache, and is made again"):
        cached("b" * 64, make)
    assert path.read_bytes() == CONTENT
    assert cached("b" * 64, never) == path


@pytest.mark.parametrize("lost", ["", ".sha256"])
def test_a_file_whose_half_is_lost_is_made_again(lost):
    path = cached("c" * 64, make)
    path.with_name(path.name + lost).unlink()
    assert cached("c" * 64, make).read_bytes() == CONTENT
    assert cached("c" * 64, never) == path


def test_nothing_is_left_where_making_fails():
    def fail(target):
        target.write_bytes(CONTENT)
        raise WganError("damaged")

    with pytest.raises(WganError, match="damaged"):
        cached("d" * 64, fail)
    assert not list(cache_folder().iterdir())


def test_a_cache_that_cannot_be_written_names_its_variable(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a file")
    for place in ("file", "file/below"):
        monkeypatch.setenv("WGAN_CACHE", str(tmp_path / place))
        with pytest.raises(WganError, match=r"file.*: name another in WGAN_CACHE"):
            cached("e" * 64, make)
