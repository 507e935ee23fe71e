"""Following of runs: which are found, and what is new of their metrics."""

import os

import pytest
from fake_runs import fake_run

from wgan.base.errors import WganError
from wgan.runs.beginning import claim
from wgan.runs.following import MetricsTail, find_runs, is_training, settings_file, stamp_of


def test_runs_are_found_at_any_depth_without_links_or_hidden_folders(tmp_path):
    root = tmp_path / "root"
    inside = [fake_run(root / "a"), fake_run(root / "deep/er/b")]
    fake_run(root / ".hidden/c")
    fake_run(root / "1/2/3/4/too-deep")
    fake_run(tmp_path / "outside")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "no-run").mkdir()
    assert find_runs(root) == inside
    assert find_runs(tmp_path / "nowhere") == []
    assert settings_file(inside[0]).is_file()


def test_a_name_that_is_no_text_is_passed_by(tmp_path):
    """It could be in no address and no JSON, and would take the others with it."""
    run = fake_run(tmp_path / "a")
    os.rename(fake_run(tmp_path / "b"), os.fsencode(tmp_path) + b"/\xff")
    assert find_runs(tmp_path) == [run]


def test_a_run_that_is_begun_again_has_no_lines_of_the_one_before(tmp_path):
    place = tmp_path / "metrics.jsonl"
    place.write_text('{"step": 1}\n{"step": 2}\n')
    tail = MetricsTail(tmp_path)
    tail.read()
    place.unlink()
    assert tail.read()
    assert tail.lines == []
    assert tail.readings == 2
    assert not tail.read()
    place.write_text('{"step": 1}\n')
    assert tail.read()
    assert tail.lines == [{"step": 1}]


def test_whole_lines_are_read_as_they_come(tmp_path):
    place = tmp_path / "metrics.jsonl"
    tail = MetricsTail(tmp_path)
    assert not tail.read(), "no file yet"
    place.write_text('{"step": 1}\n{"step": 2')
    assert tail.read()
    assert tail.lines == [{"step": 1}]
    assert not tail.read(), "half a line is none"
    with place.open("a") as file:
        file.write("0}\n")
    assert tail.read()
    assert [line["step"] for line in tail.lines] == [1, 20]
    assert tail.readings == 1


def test_a_run_that_goes_on_from_an_earlier_step_is_read_again(tmp_path):
    place = tmp_path / "metrics.jsonl"
    place.write_text('{"step": 1}\n{"step": 2}\n')
    tail = MetricsTail(tmp_path)
    tail.read()
    other = tmp_path / "other"
    other.write_text('{"step": 1}\n{"step": 3}\n{"step": 4}\n')
    os.replace(other, place)
    assert tail.read()
    assert [line["step"] for line in tail.lines] == [1, 3, 4]
    assert tail.readings == 2


@pytest.mark.parametrize("line", [b"{", b'{"step": "1"}', b"[]", b'{"loss": 1}', b"\xff", b"null"])
def test_a_damaged_line_is_named(tmp_path, line):
    (tmp_path / "metrics.jsonl").write_bytes(line + b"\n")
    with pytest.raises(WganError, match=r"metrics\.jsonl"):
        MetricsTail(tmp_path).read()


def test_who_trains_holds_the_lock(tmp_path):
    folder = fake_run(tmp_path / "r")
    assert not is_training(folder)
    lock = claim(folder)
    assert is_training(folder)
    lock.close()
    assert not is_training(folder)
    claim(folder).close()  # looking left nothing behind


def test_a_stamp_changes_with_any_file_but_the_metrics(tmp_path):
    folder = fake_run(tmp_path / "r")
    before = stamp_of(folder)
    (folder / "metrics.jsonl").write_text('{"step": 1}\n')
    assert stamp_of(folder) == before
    (folder / "finish.json").unlink()
    assert stamp_of(folder) != before
