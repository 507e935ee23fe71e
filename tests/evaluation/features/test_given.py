"""Weights from files of others: what is read, and that no code in a file is run."""

import os
import pickle
import zipfile
from collections import OrderedDict

import pytest
import torch
from safetensors.torch import save_file

from wgan.base.errors import WganError
from wgan.evaluation.features.given import read_weights
from wgan.evaluation.features.maps import load_map

STATE = {"a": torch.arange(6.0).reshape(2, 3), "b.c": torch.ones(4, dtype=torch.float16)}


class Hostile:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def repacked(path, content, extra=()):
    """Write an archive like that of `torch.save` with another pickle, and members beside."""
    torch.save(STATE, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, old in members.items():
            archive.writestr(name, content if name.endswith("data.pkl") else old)
        for name in extra:
            archive.writestr(name, content)


@pytest.mark.parametrize("form", ["plain", "ordered", "parameters", "safetensors"])
def test_state_dicts_are_read(tmp_path, form):
    path = tmp_path / ("w.safetensors" if form == "safetensors" else "w.pth")
    if form == "safetensors":
        save_file(STATE, path)
    elif form == "parameters":
        torch.save({name: torch.nn.Parameter(each) for name, each in STATE.items()}, path)
    else:
        torch.save(OrderedDict(STATE) if form == "ordered" else STATE, path)
    found = read_weights(path)
    assert list(found) == list(STATE)
    assert all(torch.equal(found[name], each) for name, each in STATE.items())


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_in_a_file_is_not_run(tmp_path, protocol):
    owned = tmp_path / "owned"
    content = pickle.dumps({"a": Hostile(f"touch {owned}")}, protocol=protocol)
    path = tmp_path / "w.pth"
    repacked(path, content)
    with pytest.raises(WganError, match=r"which no state dict needs: give its state dict as"):
        read_weights(path)
    path.write_bytes(content)
    with pytest.raises(WganError, match="older versions wrote a bare pickle"):
        read_weights(path)
    assert not owned.exists()
    pickle.loads(content)
    assert owned.exists(), "the file was hostile indeed"


def test_a_second_list_of_tensors_is_refused(tmp_path):
    path = tmp_path / "w.pth"
    torch.save(STATE, path)
    with zipfile.ZipFile(path) as archive:
        content = next(archive.read(n) for n in archive.namelist() if n.endswith("data.pkl"))
    repacked(path, content, extra=["other/data.pkl"])
    with pytest.raises(WganError, match="an archive with 2 lists of tensors"):
        read_weights(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "w.pth"
    with pytest.raises(WganError, match=r"w\.pth"):
        read_weights(path)
    torch.save({"epoch": 3, "model": STATE}, path)
    with pytest.raises(WganError, match="holds more than a state dict"):
        read_weights(path)
    torch.save(torch.nn.Linear(2, 2), path)
    with pytest.raises(WganError, match=r"its pickle names torch\.nn\.modules\.linear Linear"):
        read_weights(path)
    torch.save(STATE, path, _use_new_zipfile_serialization=False)
    with pytest.raises(WganError, match=r"no zip archive of torch\.save"):
        read_weights(path)
    repacked(path, b"\x80\x02}q\x00(X")
    with pytest.raises(WganError, match="damaged"):
        read_weights(path)
    torch.save({"a": torch.tensor([0.0, float("nan")])}, path)
    with pytest.raises(WganError, match="a holds NaN or infinity"):
        read_weights(path)
    torch.save(STATE, path)
    with pytest.raises(WganError, match="holds weights of neither InceptionV3"):
        load_map(path, (1, 4, 4))
