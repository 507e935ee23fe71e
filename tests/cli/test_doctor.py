"""`wgan doctor`: what is there is said, what cannot be told too, and what is broken ends with 1."""

import re
import subprocess
import sys

import pytest
from json_documents import ALWAYS, listed, strictly
from short_runs import wgan

from wgan.experiments import doctor, installed


@pytest.fixture
def quick(monkeypatch):
    """Take fewer steps."""
    monkeypatch.setattr(doctor, "TIMED_SECONDS", 0.1)


def test_every_check_says_something(quick, capsys):
    assert wgan("doctor") == 0
    out, err = capsys.readouterr()
    assert err == ""
    for name in doctor.CHECKS:
        assert f"\n{name} " in f"\n{out}"
    assert "unknown (" not in out
    assert "steps/s (quartiles " in out
    assert "cpu: torch finds neither CUDA nor Apple's MPS" in out


def test_the_document_has_the_same_checks(quick, capsys):
    assert wgan("doctor --json") == 0
    found = strictly(capsys.readouterr().out)
    assert found.keys() - ALWAYS == listed("doctor")
    assert found["faults"] == []
    low, high = found["speed"]["quartiles"]
    assert 0 < low <= found["speed"]["steps_per_second"] <= high
    assert found["packages"]["torch"]["version"]
    assert found["device"]["chosen"] == "cpu"
    assert found["extras"]["studio"]["install"] == "pip install 'wgan[studio]'"


def test_a_missing_extra_is_no_fault_and_has_its_line(quick, monkeypatch, capsys):
    version = installed._version
    monkeypatch.setattr(installed, "_version", lambda name: None if name == "av" else version(name))
    assert wgan("doctor") == 0
    assert re.search(r"video +missing av: pip install 'wgan\[video\]'\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        (None, "numpy is missing: pip install 'numpy>=2.0'"),
        ("1.26.4", "numpy 1.26.4 is older than 2.0: pip install 'numpy>=2.0'"),
    ],
)
def test_a_required_package_that_is_missing_or_old_ends_with_1(
    version, fault, quick, monkeypatch, capsys
):
    real = installed._version
    monkeypatch.setattr(
        installed, "_version", lambda name: version if name == "numpy" else real(name)
    )
    assert wgan("doctor --json") == 1
    out, err = capsys.readouterr()
    assert strictly(out)["faults"] == [fault]
    assert err == f"wgan: error: {fault}\n"


BROKEN = """
import sys

class Broken:
    def find_spec(self, name, path, target=None):
        if name == "torch":
            raise OSError("libtorch_cpu.so: cannot open shared object file\\nand more")

sys.meta_path.insert(0, Broken())
sys.argv[1:] = ["doctor"]
from wgan.__main__ import run
run()
"""


def test_a_broken_torch_is_said_without_a_traceback():
    done = subprocess.run(
        [sys.executable, "-c", BROKEN], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.startswith("wgan: error: ")
    assert re.search(r"torch \S+ cannot be imported \(OSError: libtorch_cpu.so: ", done.stderr)
    assert done.stderr.count("\n") == 1
    assert "speed         unknown (OSError: libtorch_cpu.so" in done.stdout
    assert "disk " in done.stdout


def test_what_cannot_be_read_is_said(quick, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CPUINFO", tmp_path / "cpuinfo")
    assert wgan("doctor") == 0
    assert "matrix units  unknown (FileNotFoundError: " in capsys.readouterr().out


def test_matrix_units_are_read_from_flags(tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text("model name\t: X\nflags\t\t: fpu avx2 amx_bf16 amx_tile\n")
    monkeypatch.setattr(doctor, "CPUINFO", tmp_path / "cpuinfo")
    found = doctor._matrix_units()
    assert found.values == {"amx": True, "flags": ["amx_tile", "amx_bf16", "avx2"]}


def test_a_cache_that_cannot_be_written_to_is_a_fault(quick, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("a file")
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path / "file" / "below"))
    assert wgan("doctor") == 1
    assert "name another in WGAN_CACHE" in capsys.readouterr().err
