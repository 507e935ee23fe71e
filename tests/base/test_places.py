"""Places: nothing is replaced that wgan did not write, and no device, pipe or link."""

import io
import os
import socket

import pytest
from PIL import Image

from wgan.base.errors import WganError
from wgan.base.files import replaced, write_sealed, write_text
from wgan.base.places import check_new, check_replaceable, is_sealed, sealed


def png():
    buffer = io.BytesIO()
    Image.new("L", (3, 2), 7).save(buffer, "png")
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"# Report\n", b"<svg></svg>", b"", png()])
def test_a_sealed_file_is_replaced_until_it_is_edited(content, tmp_path):
    path = tmp_path / "report"
    for _ in range(2):
        write_sealed(path, content)
        assert is_sealed(path)
    first = path.read_bytes()
    for edited in (first + b"\n", b"x" + first, first.replace(b"sealed", b"SEALED"), content, b""):
        path.write_bytes(edited)
        with pytest.raises(WganError, match="is not a report of wgan, or was edited"):
            write_sealed(path, content)
        assert path.read_bytes() == edited


def test_a_text_that_quotes_a_seal_is_not_sealed(tmp_path):
    path = tmp_path / "quote.md"
    path.write_bytes(b"As it says:\n" + sealed(b"# Report\n"))
    assert not is_sealed(path)


def test_a_sealed_picture_is_the_same_picture():
    picture = Image.open(io.BytesIO(sealed(png())))
    picture.load()
    assert picture.size == (3, 2)
    assert picture.getpixel((0, 0)) == 7
    assert picture.text["Comment"].startswith("sealed by wgan")


def special(path, kind):
    """Make what is no file at a path; return what keeps it there."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        return server
    elif kind == "device":
        try:
            os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("only root makes devices")
    return None


@pytest.mark.skipif(os.name != "posix", reason="kinds of files are those of POSIX")
@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_file_is_never_replaced(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = special(tmp_path / "it", kind)
    before = os.lstat("it")
    for write in (write_text, lambda path, text: write_sealed(path, text.encode())):
        with pytest.raises(WganError, match=f"it: is a {kind}"):
            write(tmp_path / "it", "text")
    for check in (check_new, check_replaceable):
        with pytest.raises(WganError, match=f"it: is a {kind}"):
            check(tmp_path / "it")
    assert os.lstat("it") == before
    if kept:
        kept.close()


@pytest.mark.parametrize("target", ["mine", "nowhere"])
def test_links_are_refused_even_those_that_lead_nowhere(target, tmp_path):
    (tmp_path / "mine").write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / target)
    for check in (check_new, check_replaceable):
        with pytest.raises(WganError, match="link"):
            check(link)
    assert (tmp_path / "mine").read_text() == "mine"
    assert link.is_symlink()


def test_new_places_are_free_and_empty_folders_where_a_folder_is_wanted(tmp_path):
    check_new(tmp_path / "a")
    (tmp_path / "a").mkdir()
    check_new(tmp_path / "a", folder=True)
    with pytest.raises(WganError, match="nothing is overwritten: choose another name"):
        check_new(tmp_path / "a", "choose another name")
    (tmp_path / "a" / "file").write_text("")
    with pytest.raises(WganError, match="nothing is overwritten"):
        check_new(tmp_path / "a", folder=True)
    with pytest.raises(WganError, match="as a folder"):
        check_replaceable(tmp_path / "a")
    with pytest.raises(WganError, match="a file is in the place of its folder"):
        check_new(tmp_path / "a" / "file" / "b")


def test_standard_output_is_no_place(tmp_path):
    from pathlib import Path

    with pytest.raises(WganError, match="not standard output"), replaced(Path("-")):
        pass
