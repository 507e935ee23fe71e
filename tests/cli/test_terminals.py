"""Terminals and pipes: where colours and progress bars are drawn, and where nothing is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from short_runs import flags

pty = pytest.importorskip("pty")
SMALL = flags(["network.width=8", "optimizer.batch=16", "training.steps=20"])
TRAIN = ["train", "x.npy", "--out", "r", *SMALL]
COLOUR = re.compile(r"\x1b\[[\d;]*\b(3[0-7]|38|9[0-7])\b[\d;]*m")
"""A sequence that sets the colour of letters."""
BAR = "━"


def environment(**given):
    """Return an environment of a plain colour terminal, with more."""
    plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "CI")}
    wide = {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", "PYTHONIOENCODING": "utf-8"}
    return plain | wide | {"OMP_NUM_THREADS": "1"} | given


def in_terminal(*arguments, piped=False, **given):
    """Return what a terminal is sent while a command runs in it, and what a file gets in the place
    of standard output.
    """
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "wgan", *arguments]
    with open("piped", "wb") as file:
        out = file if piped else slave
        process = subprocess.Popen(
            command, stdin=slave, stdout=out, stderr=slave, env=environment(**given)
        )
    os.close(slave)
    sent = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # Linux says so where the other end is closed
            break
        if not piece:
            break
        sent += piece
    os.close(master)
    assert process.wait(120) == 0
    return sent.decode(), Path("piped").read_text(encoding="utf-8")


def in_pipes(*arguments, **given):
    """Return standard output and standard error of a command, both pipes."""
    command = [sys.executable, "-m", "wgan", *arguments]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", env=environment(**given), timeout=120
    )
    assert done.returncode == 0
    return done.stdout, done.stderr


@pytest.fixture(autouse=True)
def few_points():
    """Data of a training that takes no longer than its imports."""
    np.save("x.npy", np.random.default_rng(0).normal(size=(60, 2)))


def test_a_terminal_gets_colours_and_a_bar():
    sent, _ = in_terminal(*TRAIN)
    assert COLOUR.search(sent)
    assert BAR in sent
    assert "W1(generated, held-out)" in sent


def test_no_color_keeps_the_bar_and_drops_the_colours():
    sent, _ = in_terminal(*TRAIN, NO_COLOR="1")
    assert not COLOUR.search(sent)
    assert BAR in sent


def test_a_dumb_terminal_gets_plain_lines():
    sent, _ = in_terminal(*TRAIN, TERM="dumb")
    assert "\x1b" not in sent
    assert BAR not in sent
    assert "W1(generated, held-out)" in sent


def test_results_in_a_pipe_leave_the_bar_on_the_terminal():
    """`wgan train ... | tee log` shows a bar, and the log has none."""
    sent, piped = in_terminal(*TRAIN, piped=True)
    assert BAR in sent
    assert "W1(generated, held-out)" not in sent
    assert "W1(generated, held-out)" in piped
    assert "\x1b" not in piped
    assert BAR not in piped


def test_quiet_draws_no_bar_on_a_terminal():
    sent, _ = in_terminal(*TRAIN, "--quiet")
    assert BAR not in sent


def test_pipes_get_lines_alone():
    """Also where the environment forces colours: a bar would fill a log."""
    out, err = in_pipes(*TRAIN, FORCE_COLOR="1")
    assert "\x1b" not in out + err
    assert BAR not in out + err
    assert err == ""


@pytest.mark.parametrize("arguments", [["--help"], ["variants"], ["variants", "--json"]])
def test_help_and_lists_are_plain_in_a_pipe_and_without_colours(arguments):
    out, err = in_pipes(*arguments)
    assert "\x1b" not in out + err
    assert not COLOUR.search(in_terminal(*arguments, NO_COLOR="1")[0])
