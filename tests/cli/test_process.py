"""The process: interrupts at any import, output of any encoding, and errors nobody expected."""

import os
import subprocess
import sys

import pytest

INTERRUPT = """
import importlib.abc, os, signal, sys

class Interrupting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == MODULE and not self.done:
            self.done = True
            os.kill(os.getpid(), signal.SIGINT)
            if WRAPPED:
                raise ImportError("an interrupt that an extension made an ImportError of")
    done = False

sys.meta_path.insert(0, Interrupting())
from wgan.__main__ import run
run()
"""


def python(program, *arguments, **environment):
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | environment, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("wgan.cli.process", ["variants"]),
        ("cyclopts", ["train"]),
        ("wgan.cli.train", ["train"]),
        ("torch", ["sample", "r"]),
        ("wgan.cli.evaluate", ["evaluate", "r"]),
        ("wgan.cli.compare", ["compare"]),
        ("wgan.cli.report", ["report", "r"]),
        ("wgan.cli.demo", ["demo"]),
        ("wgan.cli.data", ["data"]),
        ("wgan.cli.features", ["features", "train", "digits"]),
        ("wgan.audit.sources", ["distance", "digits", "digits"]),
    ],
)
def test_an_interrupt_at_an_import_ends_without_a_word(module, arguments):
    program = f"MODULE, WRAPPED = {module!r}, False\n{INTERRUPT}"
    assert python(program, *arguments) == (130, "", "")


def test_an_interrupt_that_an_import_inside_a_command_turns_into_another_error():
    program = f"MODULE, WRAPPED = 'wgan.audit.sources', True\n{INTERRUPT}"
    assert python(program, "distance", "digits", "digits") == (130, "", "")


BROKEN = """
import wgan.cli.variants
def fail():
    raise KeyError("a \\x1b[2J\\nsurprise")
wgan.cli.variants.variants_command = fail
from wgan.__main__ import run
run()
"""


def test_an_unexpected_error_is_one_line_and_has_its_own_exit_code():
    code, out, said = python(BROKEN, "variants", WGAN_TRACEBACK="")
    assert code == 70
    assert out == ""
    assert said.count("\n") == 1
    assert "wgan: error: KeyError: 'a \\x1b[2J\\nsurprise': this is a fault of wgan" in said
    assert "WGAN_TRACEBACK=1" in said


def test_its_traceback_is_shown_on_request():
    code, _, said = python(BROKEN, "variants", WGAN_TRACEBACK="1")
    assert code == 1
    assert "Traceback" in said
    assert "surprise" in said


def test_the_command_line_called_from_python_hides_no_error():
    """So that tests see faults."""
    called = BROKEN.replace("wgan.__main__ import run\nrun()", "wgan.cli import main\nmain()")
    code, _, said = python(called, "variants", WGAN_TRACEBACK="")
    assert code == 1
    assert "Traceback" in said


WGAN = "from wgan.__main__ import run; run()"
ASCII = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}


def test_names_that_the_terminal_cannot_show_are_printed_as_escapes(tmp_path):
    (tmp_path / "ä.csv").write_text("größe,b\n" + "1,2\n3,5\n" * 10, encoding="utf-8")
    code, out, said = python(WGAN, "data", "ä.csv", **ASCII)
    assert (code, said) == (0, "")
    assert out.startswith(r"\xe4.csv: 20 rows of 2 columns")
    assert r"gr\xf6\xdfe: numeric" in out


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf8_is_refused_in_one_line():
    program = "import os, sys; sys.argv[1:] = ['data', os.fsdecode(b'caf\\xe9.csv')]; " + WGAN
    code, out, said = python(program)
    assert (code, out) == (2, "")
    assert (
        "wgan: error: the argument 'caf\\udce9.csv' is not text in utf-8: rename the file" in said
    )
    assert said.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_classes_whose_folders_are_not_utf8_are_shown_as_escapes(tmp_path):
    from PIL import Image

    for name in (b"kl\xe9", b"b"):
        folder = os.path.join(os.fsencode(tmp_path), b"photos", name)
        os.makedirs(folder)
        for i in range(6):
            Image.new("L", (4, 4), 40 * i).save(os.fsdecode(folder) + f"/{i}.png")
    code, out, said = python(WGAN, "data", "photos")
    assert (code, said) == (0, "")
    assert r"2 classes: b, kl\udce9" in out


def test_control_characters_in_data_are_not_printed_raw(tmp_path):
    rows = "1,x\n2,\x1b]0;pwn\x07\n" * 10
    (tmp_path / "c.csv").write_text(f"a\x1b[31m,b\u202e\n{rows}", encoding="utf-8")
    code, out, said = python(WGAN, "data", "c.csv", PYTHONIOENCODING="utf-8")
    assert (code, said) == (0, "")
    assert r"a\x1b[31m: numeric" in out
    assert r"b\u202e: category" in out
    assert r"\x1b]0;pwn\x07" in out
    assert all(character == "\n" or character.isprintable() for character in out)


@pytest.mark.parametrize("name", ["no\x1b[2Jfile.npy", "no\x9b2Jfile.npy"])
def test_control_characters_in_errors_are_not_printed_raw(name):
    code, _, said = python(WGAN, "data", name, PYTHONIOENCODING="utf-8")
    assert code == 2
    assert said.rstrip("\n").isprintable()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux alone has a full device")
@pytest.mark.parametrize("arguments", [["variants"], ["distance", "--json"], ["--help"]])
def test_output_that_finds_no_room_is_one_line(arguments):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", WGAN, *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "standard output: No space left on device" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes are those of POSIX")
def test_a_reader_that_leaves_early_is_no_error():
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-c", WGAN, "variants"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=120)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
