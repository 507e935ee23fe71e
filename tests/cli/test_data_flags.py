"""Flags that say how data are read: each is a setting of `data` in every command that has them."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from short_runs import wgan

from wgan.cli.commands import app
from wgan.cli.data_flags import AS_THEY_ARE, DataFlags
from wgan.config import resolve
from wgan.config.sections import DataConfig

COMMANDS = ["train", "data", "compare"]
ALL = {
    "kind": "series",
    "key": "x",
    "labels": "own",
    "schema": "s.toml",
    "encoding": "latin-1",
    "series": "house",
    "time": "when",
    "window": 24,
    "stride": 6,
    "context": 8,
    "static": ["city", "size, m2"],
}


@pytest.fixture
def houses():
    """A file of twelve houses with 40 hours of two channels each."""
    when = pd.date_range("2020-01-01", periods=40, freq="h")
    random = np.random.default_rng(0)
    parts = [
        pd.DataFrame({"house": f"h{i}", "when": when, "a": random.normal(size=40), "b": 1.0 * i})
        for i in range(12)
    ]
    pd.concat(parts).to_csv("houses.csv", index=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_flags_are_settings_of_data_by_their_names(command):
    words = [command, "hours.csv"]
    for name, value in ALL.items():
        words += [f"--{name}", *([str(value)] if name != "static" else value)]
    _, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    assert bound.kwargs["how"].given() == ALL
    assert {field.name for field in fields(DataFlags)} == set(ALL)
    config = resolve([("flags", {"data": ALL})]).data
    assert config == DataConfig(**ALL | {"static": ("city", "size, m2")})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_has_a_line_of_help(command, capsys):
    assert wgan(f"{command} --help") == 0
    out = capsys.readouterr().out
    for name in ALL:
        assert f"--{name} " in out
    assert "Steps from the start of one window" in " ".join(out.replace("│", " ").split())


def test_without_a_name_static_says_that_there_are_none():
    _, bound, _ = app.parse_args(["train", "x.csv", "--static"], print_error=False)
    assert bound.kwargs["how"].given() == {"static": []}
    _, bound, _ = app.parse_args(["train", "x.csv"], print_error=False)
    assert bound.kwargs.get("how", AS_THEY_ARE).given() == {}


def test_what_was_read_is_described(houses, capsys):
    assert wgan("data houses.csv --series house --time when") == 0
    assert "houses.csv: 12 series of 40 steps of " in capsys.readouterr().out
    assert wgan("data houses.csv --series house --time when --window 12 --stride 4") == 0
    out = capsys.readouterr().out
    # Blocks have 48 steps or more: each house is one, and has (40 - 12) / 4 + 1 windows.
    assert "houses.csv: 96 series of 12 steps of " in out
    assert "distances in standard deviations of the channels" in out


def test_a_flag_is_the_setting_of_its_name(houses, capsys):
    flags = "--kind series --series house --time when --window 12 --stride 4"
    words = flags.replace("--", "--set data.").replace("kind ", "kind=").replace("house", "'house'")
    for name in ("series", "time", "window", "stride"):
        words = words.replace(f"data.{name} ", f"data.{name}=")
    said = []
    for each in (flags, words):
        assert wgan(f"train houses.csv {each} --dry-run") == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert "# data: series of 12 steps of " in said[0]


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("data --window 3", "flags say how SOURCE is read: give SOURCE too"),
        ("data digits --window 1", "command line: data.window = 1: give 2 or more"),
        ("data digits --kind serie", "Did you mean 'series'?"),
        ("data digits --kind series --stride 2", "data.stride says how windows are cut"),
        ("data digits --window 4 --kind images", "data.window: for data.kind = 'series' alone"),
        ("data digits --context 4", "data.context: for data.kind = 'series' alone: set that"),
        ("data digits --kind series --context 8", "data.context = 8: series have 8 steps"),
        ("data digits --time when", "data.time: for columns of a table, and an array has none"),
        ("data digits --window 4", "data.window cuts one series [T] or [T, channels]"),
        ("train 8-gaussians --window 4", "holds vectors, and data.kind = 'series'"),
    ],
)
def test_flags_that_cannot_be_followed_are_refused(command, fault, capsys):
    assert wgan(command) == 2
    assert fault in " ".join(capsys.readouterr().err.split())


def test_an_array_of_series_keeps_its_first_steps_for_a_beginning(capsys):
    np.save("x.npy", np.random.default_rng(0).normal(size=(30, 8, 2)))
    assert wgan("data x.npy --kind series --context 3") == 0
    assert "x.npy: 30 series of 8 steps of 2 channels (series)" in capsys.readouterr().out
    config = resolve([("flags", {"data": {"source": "x.npy", "kind": "series", "context": 3}})])
    assert config.data.load().codec.context == 3
