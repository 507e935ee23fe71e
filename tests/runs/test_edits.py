"""Edits of the files of a run: each is refused in one line, or changes nothing that comes out.

A run of vectors is trained once and every JSON value of its files is changed in turn, with the
files as they are written now (each has a digest) and as older versions wrote them (none has). The
older ones cannot tell every other value, so there only tracebacks are faults.
"""

import json
import shutil
import warnings
from copy import deepcopy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save
from short_runs import settled

from wgan.base.errors import WganError
from wgan.base.records import DIGEST
from wgan.base.tensors import read_tensors, write_tensors
from wgan.data import codec_from_json, codec_to_json, load
from wgan.data.kinds import try_codec
from wgan.report.comparison import grouped
from wgan.report.page import _rendered
from wgan.report.plots import plots_of
from wgan.runs import RunFolder, read_finished
from wgan.runs.evaluating import evaluate_run
from wgan.training import Run

SMALL = ["network.width=4", "network.latent=2", "optimizer.batch=4", "optimizer.critic_steps=1"]
OFTEN = ["training.log_every=1", "training.measure_every=1", "training.steps=4"]
OTHERS = [
    None,
    True,
    -5,
    10**400,
    0.5,
    1e300,
    "",
    "\x1b[31m{0.__class__}",
    [],
    [[[1]]],
    {},
    {"a": None},
    json.loads("[" * 40 + "]" * 40),
]
"""What is put in the place of a value: other types, and numbers that no run has."""
PER_PLACE = 2
"""Other values that are tried at each place, in turn, so that each is tried at many."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a short run of vectors with an evaluation."""
    folder = tmp_path_factory.mktemp("edits")
    x = np.random.default_rng(0).normal(size=(120, 2)).astype(np.float32)
    np.save(folder / "x.npy", x)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        config, data = settled("data.source=x.npy", *SMALL, *OFTEN)
        run = Run.start(config, data, folder / "r")
        for _ in run.records():
            pass
        run.finish()
        run.close()
        evaluate_run(folder / "r")
    return folder


def places(values, path=()):
    """Yield the path of every value below, and of every container; of a list of numbers or texts
    the first stands for the others.
    """
    items = list(values.items() if isinstance(values, dict) else enumerate(values))
    if isinstance(values, list) and not any(isinstance(value, dict | list) for value in values):
        items = items[:1]
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def edits(values):
    """Yield copies of values, each with one value removed or replaced by another."""
    for i, path in enumerate(places(values)):
        others = [OTHERS[(PER_PLACE * i + j) % len(OTHERS)] for j in range(PER_PLACE)]
        for other in ("removed", *others):
            changed = deepcopy(values)
            place = changed
            for key in path[:-1]:
                place = place[key]
            if other == "removed":
                del place[path[-1]]
            else:
                place[path[-1]] = other
            yield path, other, changed


def made_older(folder):
    """Write the files of a run as older versions did: without ids and digests."""
    for path in folder.glob("*.json"):
        values = json.loads(path.read_text())
        path.write_text(json.dumps({k: v for k, v in values.items() if k not in ("id", DIGEST)}))
    for path in folder.glob("*.safetensors"):
        tensors, header = read_tensors(path)
        header = {k: v for k, v in header.items() if k != "id"}
        path.write_bytes(save(load_file(path), metadata=header))
        assert tensors


def drawn(folder):
    """Return what comes out of the model."""
    return RunFolder(folder).model().sample(3, seed=1).tolist()


def told(folder):
    """Return what a report tells."""
    run = read_finished(folder)
    plots = [(plot.title, plot.alt, plot.table) for plot in plots_of(grouped([run]))]
    return repr((run.about, run.finish, run.evaluation, run.metrics, run.settings, plots))


def shown(folder):
    """Return the page of a report without the pictures of its plots."""
    told(folder)
    groups = grouped([read_finished(folder)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wgan.report.page.plots_of", lambda groups: [])
        return _rendered("page.html", groups, {})


def tried(read, folder):
    """Return what comes out, or the message of the error."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return read(folder), None
    except WganError as error:
        return None, str(error)


CASES = {
    "generator.json": drawn,
    "run.json": shown,
    "finish.json": shown,
    "evaluation.json": shown,
}


@pytest.mark.parametrize("older", [False, True], ids=["now", "older"])
@pytest.mark.parametrize("name", CASES)
def test_every_edit_is_refused_in_one_line_or_changes_nothing(trained, tmp_path, name, older):
    folder = tmp_path / "r"
    shutil.copytree(trained / "r", folder)
    if older:
        made_older(folder)
    read = CASES[name]
    right = read(folder)
    values = json.loads((folder / name).read_text())
    count = 0
    for path, other, changed in edits(values):
        if changed == values:
            continue
        count += 1
        (folder / name).write_text(json.dumps(changed))
        found, fault = tried(read, folder)
        if fault is not None:
            assert "\n" not in fault, (path, other)
            assert str(folder) in fault, (path, other, fault)
        elif not older and path != (DIGEST,):
            assert found == right, f"{path} = {other} is taken"
    assert count >= 60


@pytest.mark.parametrize("source", ["table", "digits", "8-gaussians"])
def test_every_edit_of_a_codec_is_refused_in_one_line_or_can_be_decoded(mixed, source):
    codec = load(mixed(80) if source == "table" else source).codec
    values = json.loads(json.dumps(codec_to_json(codec)))
    count = 0
    for path, other, changed in edits(values):
        count += 1
        try:
            with warnings.catch_warnings(action="ignore"):
                again = codec_from_json(changed)
                if np.prod(again.shape) < 10**6:  # others fit no network
                    try_codec(again)
        except WganError as error:
            fault = str(error)
        else:
            fault = ""
        assert "\n" not in fault, (path, other, fault)
    assert count >= 20


@pytest.mark.parametrize(
    "lines",
    [
        ["[]"],
        ["{"],
        ['"step"'],
        ['{"estimate": 1}'],
        ['{"step": 1, "estimate": "x"}'],
        ['{"step": 1, "estimate": true}'],
        ['{"step": 1, "estimate": null}'],
        ['{"step": 1.5}'],
        ['{"step": -1}'],
        ['{"step": true}'],
        ['{"step": 1, "estimate": ' + "9" * 400 + "}"],
        ['{"step": 2}', '{"step": 1}'],
        ['{"step": 1}', '{"step": 1}'],
        ["[" * 100_000],
        ['{"a":' * 50 + "1" + "}" * 50],
    ],
)
def test_every_edit_of_the_metrics_is_refused_in_one_line(trained, tmp_path, lines):
    shutil.copytree(trained / "r", tmp_path / "r")
    (tmp_path / "r/metrics.jsonl").write_text("\n".join(lines))
    with pytest.raises(WganError, match=r"metrics\.jsonl: damaged") as caught:
        told(tmp_path / "r")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("held_out = 0.2", "held_out = 0.1"),
        ("seed = 0", "seed = 1"),
        ("lr = ", "lr = 1"),
        ("[optimizer]", "[other]"),
        ("[data]", "data = 1\n[other]"),
        ("steps = 4", "steps = 'many'"),
        ("[data]", "x = " + "[" * 5000 + "]" * 5000 + "\n[data]"),
    ],
)
def test_every_edit_of_the_settings_is_refused_in_one_line(trained, tmp_path, old, new):
    shutil.copytree(trained / "r", tmp_path / "r")
    config = tmp_path / "r/config.toml"
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new, 1))
    for read in (evaluate_run, RunFolder(tmp_path / "r").config):
        with pytest.raises(WganError, match=r"config\.toml") as caught:
            read(tmp_path / "r") if read is evaluate_run else read()
        assert "\n" not in str(caught.value)


HEADERS = [
    {"step": "-5"},
    {"step": "4.0"},
    {"step": "999"},
    {"step": "9" * 400},
    {"step": "٤"},
    {"step": None},
    {"seconds": "nan"},
    {"seconds": "inf"},
    {"seconds": "-1"},
    {"seconds": "x"},
    {"seconds": None},
    {"id": "another"},
]


def resumed(folder):
    """Go on with the run in a folder; return its step."""
    config, data = settled(f"data.source={folder.parent / 'x.npy'}", *SMALL, *OFTEN)
    run = Run.start(config, data, folder)
    run.close()
    return run.state.step


@pytest.mark.parametrize("edit", HEADERS, ids=str)
def test_every_edit_of_the_checkpoints_header_is_refused_in_one_line(trained, tmp_path, edit):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "r/checkpoint.safetensors"
    assert resumed(tmp_path / "r") == 4
    tensors, header = read_tensors(path)
    write_tensors(path, tensors, {k: v for k, v in (header | edit).items() if v is not None})
    with pytest.raises(WganError, match=r"checkpoint\.safetensors: does not fit this run") as error:
        resumed(tmp_path / "r")
    assert "\n" not in str(error.value)


TENSORS = {
    "nan": lambda t: t.fill_(float("nan")),
    "shape": lambda t: t.reshape(-1)[:1].clone(),
    "type": lambda t: t.double(),
}


@pytest.mark.parametrize("how", TENSORS)
@pytest.mark.parametrize(
    "part", ["generator/", "critic/", "average/", "generator_optimizer/0/exp", "critic_optimizer/0"]
)
def test_every_edit_of_the_checkpoints_values_is_refused_in_one_line(trained, tmp_path, part, how):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "r/checkpoint.safetensors"
    tensors, header = read_tensors(path)
    name = next(name for name in tensors if name.startswith(part))
    tensors[name] = TENSORS[how](tensors[name])
    write_tensors(path, tensors, header)
    with pytest.raises(WganError, match=r"checkpoint\.safetensors: ") as error:
        resumed(tmp_path / "r")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["generator.safetensors", "critic.safetensors", "checkpoint"])
def test_one_changed_bit_is_noticed(trained, tmp_path, name):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "r" / (name if "." in name else f"{name}.safetensors")
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    with pytest.raises(WganError, match="was changed after it was written"):
        resumed(tmp_path / "r") if name == "checkpoint" else drawn(tmp_path / "r")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["generator.safetensors", "critic.safetensors"])
def test_weights_that_are_not_finite_are_an_error(trained, tmp_path, name, value):
    shutil.copytree(trained / "r", tmp_path / "r")
    path = tmp_path / "r" / name
    tensors, header = read_tensors(path)
    next(iter(tensors.values())).view(-1)[0] = value
    write_tensors(path, tensors, header)
    words = r"weights that are not finite.*lower optimizer\.lr"
    with pytest.raises(WganError, match=words):
        drawn(tmp_path / "r")
    assert torch.isfinite(next(iter(read_tensors(trained / "r" / name)[0].values()))).all()
