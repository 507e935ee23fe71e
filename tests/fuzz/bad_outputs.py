"""Places that nothing may be written to, for every command that writes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from campaign import Case
from material import SMALL, copied, material

Place = Callable[[Path], Path]


def foreign(name: str, content: bytes = b"mine") -> Place:
    """Return what writes a file of somebody else's."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def linked(name: str, target: str) -> Place:
    """Return what writes a link, and a file of somebody else's that it may lead to."""

    def make(folder: Path) -> Path:
        (folder / "foreign").write_bytes(b"mine")
        (folder / name).symlink_to(target)
        return folder / name

    return make


def full(name: str) -> Place:
    """Return what makes a folder that holds a file of somebody else's."""

    def make(folder: Path) -> Path:
        (folder / name).mkdir()
        (folder / name / "note").write_bytes(b"mine")
        return folder / name

    return make


def pipe(name: str) -> Place:
    """Return what makes a named pipe."""

    def make(folder: Path) -> Path:
        os.mkfifo(folder / name)
        return folder / name

    return make


def places(ending: str) -> Iterator[tuple[str, Place]]:
    """Yield places that are taken, special or impossible, of an ending that a command writes."""
    name = "out" + ending
    yield "a text file", foreign(name)
    yield "an empty file", foreign(name, b"")
    yield "a link to a file", linked(name, "foreign")
    yield "a link to a device", linked(name, "/dev/full")
    yield "a link to itself", linked(name, name)
    yield "a full folder", full(name)
    yield "a pipe", pipe(name)
    yield "a device", lambda f: Path("/dev/full")
    yield "below a file", lambda f: foreign("file")(f) / name
    yield "below a device", lambda f: Path("/dev/null") / name
    yield "a name too long", lambda f: f / ("x" * 300 + ending)
    yield "a path too long", lambda f: f / "/".join(["x" * 100] * 50) / name
    yield "a null", lambda f: Path("a\0b" + ending)
    yield "the root", lambda f: Path("/")
    yield "a file of /proc", lambda f: Path("/proc/self") / name
    yield "another format", foreign(f"photo{ending or '.txt'}", b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    yield "a hidden file", foreign("." + name)


def writers() -> Iterator[tuple[str, str, Callable[[Path, Path], list[str]]]]:
    """Yield each command that writes: its words, the ending, and its arguments for a place."""
    for ending in (".npy", ".npz", ".png"):
        yield (
            f"sample {ending}",
            ending,
            lambda f, p: ["sample", str(material() / "runs/points"), "-n", "4", "-o", str(p)],
        )
    for ending in (".csv", ".parquet", ".tsv.gz"):
        yield (
            f"sample {ending}",
            ending,
            lambda f, p: ["sample", str(material() / "runs/table"), "-n", "4", "-o", str(p)],
        )
    yield (
        "sample a folder",
        "",
        lambda f, p: ["sample", str(material() / "runs/images"), "-n", "4", "-o", str(p)],
    )
    for ending in (".onnx", ".pt2"):
        yield (
            f"export {ending}",
            ending,
            lambda f, p: ["export", str(material() / "runs/points"), "-o", str(p)],
        )
    for form, ending in (("html", ".html"), ("md", ".md"), ("svg", ""), ("png", "")):
        yield (
            f"report {form}",
            ending,
            lambda f, p, form=form: [
                *("report", str(copied("runs/points", f, "run")), "--format", form, "-o", str(p))
            ],
        )
    yield (
        "data -o",
        ".toml",
        lambda f, p: ["data", str(material() / "good.csv"), "-o", str(p)],
    )
    yield (
        "train --out",
        "",
        lambda f, p: ["train", str(material() / "good.npy"), "--out", str(p), *SMALL],
    )
    yield (
        "compare --out",
        "",
        lambda f, p: [
            *("compare", str(material() / "good.npy"), "--steps", "1", "--seeds", "1", "--quiet"),
            *("--variants", "gan", "--jobs", "1", "--out", str(p)),
        ],
    )
    yield (
        "features --out",
        "",
        lambda f, p: [
            *("features", "train", str(material() / "pictures"), "--epochs", "1", "--quiet"),
            *("--out", str(p)),
        ],
    )


def all_cases() -> Iterator[Case]:
    """Yield a case for each place and command that writes."""
    for words, ending, arguments in writers():
        for name, place in places(ending):
            yield Case(
                f"place: {words.split(' ')[0]}",
                f"{words}, {name}",
                lambda f, a=arguments, p=place: a(f, p(f)),
            )
