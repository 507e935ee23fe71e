"""Spoilt run folders and models: edited JSON and TOML, mixed and damaged files."""

import copy
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from campaign import Case
from material import SMALL, copied, material, npy, points
from safetensors import safe_open
from safetensors.numpy import save_file

Edit = Callable[[Path], None]
VALUES: tuple[Any, ...] = (None, "", "x", -1, 1e308, float("nan"), [], {}, True, 2.5, 2**70, [[[]]])
"""Values that a field of a JSON file is replaced with, where they differ in kind."""
MOST_LEAVES = 30
"""Fields of a file that are edited, spread over all of them."""


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in nested lists and dicts, containers included."""
    if path:
        yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from leaves(inner, (*path, key))


def edited(name: str, path: tuple[Any, ...], value: Any, remove: bool = False) -> Edit:
    """Return what replaces or removes one field of a JSON file."""

    def edit(run: Path) -> None:
        content = json.loads((run / name).read_text())
        inner = content
        for key in path[:-1]:
            inner = inner[key]
        if remove:
            del inner[path[-1]]
        else:
            inner[path[-1]] = copy.deepcopy(value)
        (run / name).write_text(json.dumps(content))

    return edit


def json_edits(run: str, name: str) -> Iterator[tuple[str, Edit]]:
    """Yield edits of a JSON file: each field takes some of the values, or is removed."""
    content = json.loads((material() / "runs" / run / name).read_text())
    places = list(leaves(content))
    step = max(1, len(places) // MOST_LEAVES)
    for i, path in enumerate(places[::step]):
        words = ".".join(map(str, path))
        yield f"{name}: {words} removed", edited(name, path, None, remove=True)
        for value in (VALUES[i % len(VALUES)], VALUES[(5 * i + 3) % len(VALUES)]):
            yield f"{name}: {words} = {value!r}", edited(name, path, value)


def spoilt_files(name: str) -> Iterator[tuple[str, Edit]]:
    """Yield damages of a whole file."""

    def put(content: bytes) -> Edit:
        return lambda run: (run / name).write_bytes(content) and None

    def cut(share: float) -> Edit:
        def edit(run: Path) -> None:
            whole = (run / name).read_bytes()
            (run / name).write_bytes(whole[: int(len(whole) * share)])

        return edit

    def replaced_by(make: Callable[[Path], None]) -> Edit:
        def edit(run: Path) -> None:
            (run / name).unlink()
            make(run / name)

        return edit

    yield f"{name}: empty", put(b"")
    yield f"{name}: half", cut(0.5)
    yield f"{name}: a byte short", cut(0.9999)
    for word, content in (
        ("null", b"null"),
        ("a list", b"[]"),
        ("a number", b"3"),
        ("an empty dict", b"{}"),
        ("text", b"hello"),
        ("bytes", bytes(range(256))),
        ("deep", b"[" * 100_000),
        ("deep dicts", b'{"a":' * 100_000),
        ("not UTF-8", b'{"a": "\xff"}'),
        ("nulls", b"\0" * 4096),
    ):
        yield f"{name}: {word}", put(content)
    yield f"{name}: a folder", replaced_by(lambda path: path.mkdir())
    yield f"{name}: a link to itself", replaced_by(lambda path: path.symlink_to(path.name))
    yield f"{name}: a pipe", replaced_by(lambda path: os.mkfifo(path))
    yield f"{name}: a device", replaced_by(lambda path: path.symlink_to("/dev/zero"))


def tensor_edits(name: str) -> Iterator[tuple[str, Edit]]:
    """Yield edits of a safetensors file that keep it readable."""

    def change(alter: Callable[[dict[str, np.ndarray], dict[str, str]], None]) -> Edit:
        def edit(run: Path) -> None:
            with safe_open(run / name, framework="np") as file:
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
                header = dict(file.metadata() or {})
            alter(tensors, header)
            save_file(tensors, run / name, header or None)

        return edit

    def set_all(value: float) -> Callable[[dict[str, np.ndarray], dict[str, str]], None]:
        def alter(tensors: dict[str, np.ndarray], header: dict[str, str]) -> None:
            for key, tensor in tensors.items():
                tensors[key] = np.full_like(tensor, value)

        return alter

    for value in (np.nan, np.inf):
        yield f"{name}: weights {value}", change(set_all(value))
    yield f"{name}: no weights", change(lambda tensors, header: tensors.clear())
    yield (
        f"{name}: a weight more",
        change(lambda tensors, header: tensors.update(more=np.zeros(3, dtype=np.float32))),
    )
    yield f"{name}: a weight less", change(lambda tensors, header: tensors.popitem() and None)
    yield (
        f"{name}: other shapes",
        change(lambda tensors, header: tensors.update({k: v.ravel() for k, v in tensors.items()})),
    )
    yield (
        f"{name}: other types",
        change(
            lambda tensors, header: tensors.update(
                {k: v.astype(np.int8) for k, v in tensors.items()}
            )
        ),
    )
    if name.startswith("checkpoint"):
        for key, value in HEADERS:
            for digest in (True, False):
                words = f"{name}: {key} = {value[:20]}, {'with' if digest else 'without'} digest"
                yield words, change(entry(key, value, digest))
        yield f"{name}: no header", change(lambda tensors, header: header.clear())
        yield (
            f"{name}: a deep header",
            change(lambda tensors, header: header.update(wgan="[" * 50_000)),
        )


HEADERS = (
    ("step", "-5"),
    ("step", "x"),
    ("step", "1e3"),
    ("step", "2.5"),
    ("step", "9" * 30),
    ("step", ""),
    ("seconds", "nan"),
    ("seconds", "inf"),
    ("seconds", "-1"),
    ("seconds", "x"),
    ("id", "0123456789abcdef"),
)
"""Entries of a checkpoint's header that none may have."""


def entry(
    key: str, value: str, digest: bool
) -> Callable[[dict[str, np.ndarray], dict[str, str]], None]:
    """Return what sets one entry of a header of ours, with the digest that it had or without."""

    def alter(tensors: dict[str, np.ndarray], header: dict[str, str]) -> None:
        entries = json.loads(header["wgan"]) | {key: value}
        if not digest:
            del entries["digest"]
        header["wgan"] = json.dumps(entries)

    return alter


def swapped(name: str, other: str) -> Edit:
    """Return what puts the file of another run into a run."""

    def edit(run: Path) -> None:
        (run / name).write_bytes((material() / "runs" / other / name).read_bytes())

    return edit


def of_another_seed(name: str) -> Edit:
    """Return what puts the file of a run of another seed, else alike, into a run of points."""

    def edit(run: Path) -> None:
        from wgan.cli import main

        other = run.parent / "other"
        data = str(material() / "good.npy")
        if main(["train", data, "--out", str(other), *SMALL, "--seed", "1"]) != 0:
            raise RuntimeError("the other run failed")
        (run / name).write_bytes((other / name).read_bytes())

    return edit


def reads(run: str) -> Iterator[tuple[str, Callable[[Path, Path], list[str]]]]:
    """Yield each command that reads a run, given a case's folder and the run's."""
    out = "s.csv" if run == "table" else "s.npy"
    data = {"table": "good.csv", "points": "good.npy", "images": "pictures.npy"}[run]
    yield "sample", lambda f, r: ["sample", str(r), "-n", "4", "-o", str(f / out)]
    yield "evaluate", lambda f, r: ["evaluate", str(r), "--quiet"]
    yield "report", lambda f, r: ["report", str(r), "-o", str(f / "r.html")]
    yield "resume", lambda f, r: ["train", str(material() / data), "--out", str(r), *SMALL]


def same_samples(run: str, tolerance: float = 0.0) -> Callable[[Path], str]:
    """Return a check that samples written are those of the run that was not spoilt."""

    def check(folder: Path) -> str:
        from wgan.models import load_model

        model = load_model(material() / "runs" / run)
        if run == "table":
            expected = model.codec.wrap(model.sample(4, 0))
            text = expected.to_csv(index=False)
            return "" if (folder / "s.csv").read_text() == text else "other samples"
        same = np.array_equal(np.load(folder / "s.npy"), model.sample(4, 0))
        return "" if same else "other samples"

    return check


OF_MODEL = ("generator.json", "generator.safetensors")
WRITTEN = {
    "evaluate": ("run/evaluation", "run/results", "run/finish"),
    "report": (),
    "resume": ("run/",),
    "sample": (),
}
"""Files of a run that a command may write."""


def all_cases() -> Iterator[Case]:
    """Yield a case for each spoilt run and command that reads the spoilt file."""
    files = ("run.json", "finish.json", "evaluation.json", "generator.json")
    for run, names in (("points", files), ("table", files), ("images", files[1:3])):
        for name in names:
            for words, edit in json_edits(run, name):
                yield from _of_edit("run: edited JSON", f"{run}: {words}", run, name, edit)
    names = (*files, "config.toml", "metrics.jsonl", "checkpoint.safetensors", "schema.toml")
    for name in (*names, "generator.safetensors", "critic.safetensors", "results.jsonl"):
        run = "table" if name == "schema.toml" else "points"
        for words, edit in spoilt_files(name):
            yield from _of_edit("run: damaged file", words, run, name, edit)
    for name in ("checkpoint.safetensors", "generator.safetensors", "critic.safetensors"):
        for words, edit in tensor_edits(name):
            yield from _of_edit("run: edited weights", words, "points", name, edit)
    for name in ("checkpoint.safetensors", "generator.safetensors", "generator.json"):
        for words, edit in (
            (f"{name} of a table", swapped(name, "table")),
            (f"{name} of another seed", of_another_seed(name)),
        ):
            yield from _of_edit("run: mixed files", words, "points", name, edit)
    yield from _foreign()


def _of_edit(group: str, words: str, run: str, name: str, edit: Edit) -> Iterator[Case]:
    for command, arguments in reads(run):
        if not _is_read(name, command):
            continue

        def prepare(
            folder: Path, arguments: Callable[[Path, Path], list[str]] = arguments
        ) -> list[str]:
            place = copied(f"runs/{run}", folder, "run")
            edit(place)
            return arguments(folder, place)

        check = same_samples(run) if command == "sample" else None
        lost = name == "checkpoint.safetensors" and command == "resume"
        expected = "refused" if lost else "either"
        yield Case(group, words, prepare, expected, check, WRITTEN[command])


def _is_read(name: str, command: str) -> bool:
    """Tell whether a command reads a file of a run."""
    if command == "sample":
        return name in OF_MODEL
    if command == "evaluate":
        return name in ("config.toml", "run.json", "checkpoint.safetensors", *OF_MODEL)
    if command == "report":
        return name not in ("critic.safetensors", *OF_MODEL)
    return name not in ("evaluation.json", *OF_MODEL)


def _foreign() -> Iterator[Case]:
    """Yield folders that are no runs of ours, and that no command may change."""
    files = {
        "a file of settings": {"config.toml": b"[training]\nsteps = 3\n"},
        "foreign metrics": {"config.toml": b"[tool]\n", "metrics.jsonl": b'{"step": 1}\n'},
        "a foreign lock": {"run.lock": b"mine", "other": b"mine"},
        "foreign partial files": {"config.toml": b"", ".a.partial": b"mine", "b/.c.partial": b"x"},
        "a foreign run.json": {"config.toml": b"[a]\n", "run.json": b'{"name": "npm run"}'},
        "a foreign checkpoint": {"checkpoint.safetensors": b"mine"},
        "foreign samples": {"samples/step-1.png": b"mine"},
        "a note": {"note.txt": b"mine"},
    }
    for words, held in files.items():

        def prepare(folder: Path, held: dict[str, bytes] = held) -> Path:
            place = folder / "run"
            for name, content in held.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(content)
            return place

        def train(folder: Path, prepare: Callable[[Path], Path] = prepare) -> list[str]:
            data = str(npy(points(), folder / "x.npy"))
            return ["train", data, "--out", str(prepare(folder)), *SMALL]

        yield Case("run: foreign folder", f"train, {words}", train)
        for command in ("sample", "evaluate", "report"):
            yield Case(
                "run: foreign folder",
                f"{command}, {words}",
                lambda f, c=command, p=prepare: [c, str(p(f))],
            )
        yield Case(
            "run: foreign folder",
            f"compare, {words}",
            lambda f, p=prepare: [
                *("compare", str(material() / "good.npy"), "--steps", "1", "--seeds", "1"),
                *("--variants", "gan", "--out", str(p(f)), "--jobs", "1", "--quiet"),
            ],
        )
