import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wgan.base.files import PARTIAL, append_line, inside, remove_partial, replaced, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("old")
    with replaced(path) as target:
        target.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["note.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_an_error_while_writing_leaves_the_old_file_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "note.txt"
    path.write_text("old")

    def write():
        with replaced(path) as target:
            target.write_text("half of the n")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["note.txt"]


def test_the_error_of_a_full_disk_names_the_file(tmp_path):
    path = tmp_path / "note.txt"
    with pytest.raises(OSError, match=r"note\.txt") as caught, replaced(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(path)
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_file_has_the_mode_that_the_users_umask_gives(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "note.txt", "text")
        assert os.umask(umask) == umask  # reading it has not changed it
    finally:
        os.umask(before)
    assert (tmp_path / "note.txt").stat().st_mode & 0o777 == mode


def test_the_bytes_are_synced_before_the_rename(tmp_path, monkeypatch):
    order = []
    sync, rename = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda file: (order.append("sync"), sync(file)))
    monkeypatch.setattr(
        Path, "replace", lambda self, target: (order.append("rename"), rename(self, target))
    )
    write_text(tmp_path / "note.txt", "text")
    assert order == ["sync", "rename"]


def test_lines_are_added_to_what_is_there(tmp_path):
    path = tmp_path / "lines.txt"
    for line in ("one", "zwei Äpfel", "three"):
        append_line(path, line)
    assert path.read_bytes() == "one\nzwei Äpfel\nthree\n".encode()


ADD = """
import sys
from pathlib import Path
from wgan.base.files import append_line
for i in range(100):
    append_line(Path(sys.argv[1]), f"{sys.argv[2]} {i} " + "x" * 20_000)
"""


def test_lines_that_processes_add_at_once_all_arrive_whole(tmp_path):
    """Each line is longer than a buffer, so that a write in parts would be seen."""
    path = tmp_path / "lines.txt"
    processes = [subprocess.Popen([sys.executable, "-c", ADD, path, name]) for name in "abc"]
    assert [process.wait() for process in processes] == [0, 0, 0]
    found = path.read_text().splitlines()
    assert sorted(found) == sorted(f"{n} {i} " + "x" * 20_000 for n in "abc" for i in range(100))


def test_a_line_without_an_end_is_ended_first(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text('{"half": ')
    append_line(path, "whole")
    append_line(path, "and more")
    assert path.read_text() == '{"half": \nwhole\nand more\n'


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "lines.txt"
    append_line(path, "one")
    write, left = os.write, [4]

    def full(handle, data):
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data[: left.pop()])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match=r"lines\.txt"):
        append_line(path, "two is too long")
    assert path.read_text() == "one\n"


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed there")
def test_a_line_is_not_added_through_a_link(tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("mine\n")
    (tmp_path / "lines.txt").symlink_to(own)
    with pytest.raises(OSError, match=r"lines\.txt"):
        append_line(tmp_path / "lines.txt", "other")
    assert own.read_text() == "mine\n"


def test_what_a_killed_process_left_of_given_files_is_removed_and_nothing_else(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "target").write_text("mine")
    (tmp_path / f".note.txt.link{PARTIAL}").symlink_to(tmp_path / "target")
    stays = [
        tmp_path / "note.txt",
        tmp_path / f"note{PARTIAL}",
        tmp_path / f".note{PARTIAL}",
        tmp_path / f".thesis.txt.abc{PARTIAL}",
        inner / f".note.txt.abc{PARTIAL}",
    ]
    left = [tmp_path / f".note.txt.abc{PARTIAL}", tmp_path / f".step-001.png.x1{PARTIAL}"]
    for path in stays + left:
        path.write_text("")
    remove_partial(tmp_path, ["note.txt", "step-*.png"])
    assert all(path.exists() for path in stays)
    assert not any(path.exists() for path in left)
    assert (tmp_path / "target").read_text() == "mine"


def test_a_link_out_of_a_folder_is_not_inside(tmp_path):
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    (folder / "in").symlink_to(folder / "a")
    assert inside(folder, folder / "a/b")
    (folder / "loop").symlink_to("loop")
    (tmp_path / "alias").symlink_to(folder)
    assert inside(folder, folder / "in")
    assert inside(folder, folder / "loop")
    assert inside(tmp_path / "alias", tmp_path / "alias" / "a")
    assert not inside(folder, folder / "out")
    assert not inside(folder, folder / "../b")
