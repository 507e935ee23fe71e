"""Exit codes: each one as it comes about, and as help and documentation list it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from json_documents import PAGE, strictly
from short_runs import flags

from wgan.cli import main
from wgan.cli.exit_codes import EXIT_CODES

WGAN = [sys.executable, "-m", "wgan"]
SMALL = flags(["network.width=8", "optimizer.batch=16", "training.steps=100000"])
BROKEN = """
import sys
import wgan.cli.variants

def fail():
    raise KeyError

wgan.cli.variants.variants_command = fail
sys.argv[1:] = ["variants"]
from wgan.__main__ import run
run()
"""
SECONDS = 120
"""No wait takes longer, also on a machine at work."""


def code_of(*arguments, **environment):
    done = subprocess.run(
        [*WGAN, *arguments], capture_output=True, env=os.environ | environment, timeout=SECONDS
    )
    return done.returncode


def test_help_and_documentation_list_the_same_codes(capsys):
    section = PAGE.read_text().split("## Exit codes")[1].split("\n## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", section, re.M)] == sorted(EXIT_CODES)
    assert main(["--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for code, words in EXIT_CODES.items():
        assert f"{code}: {words}".replace("`", "") in said


def test_done_and_refused():
    assert code_of("variants") == 0
    assert code_of("variants", "--nonsense") == 2
    assert code_of("data", "nowhere.npy") == 2


def test_a_fault_of_ours():
    for traceback, code in (("", 70), ("1", 1)):
        environment = os.environ | {"WGAN_TRACEBACK": traceback}
        done = subprocess.run(
            [sys.executable, "-c", BROKEN], capture_output=True, env=environment, timeout=SECONDS
        )
        assert done.returncode == code


@pytest.mark.skipif(os.name != "posix", reason="pipes are those of POSIX")
def test_a_reader_that_has_gone():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*WGAN, "variants", "--json"], stdout=write, timeout=SECONDS)
    os.close(write)
    assert done.returncode == 141


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_a_training_and_prints_how_far_it_came(number, code):
    command = [*WGAN, "train", "8-gaussians", "--out", "r", "--quiet", "--json", *SMALL]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    metrics = Path("r/metrics.jsonl")
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and not (metrics.exists() and metrics.stat().st_size):
        time.sleep(0.1)
    process.send_signal(number)
    out, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == code
    found = strictly(out)
    assert (found["status"], found["folder"]) == ("stopped", "r")
    assert 0 < found["step"] < 100_000
    assert Path("r/checkpoint.safetensors").exists()
