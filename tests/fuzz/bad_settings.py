"""Bad settings: fields of the configuration, in a file and in Python, and files that are none."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from campaign import Case
from material import material, points

from wgan import WGAN
from wgan.config import Config


def bad_values(hint: Any) -> list[Any]:
    """Return values that a field of a type cannot have."""
    if get_origin(hint) is UnionType:
        return bad_values(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return ["nothing", "", 3, True, [], {}]
    if get_origin(hint) is tuple:
        return [3, "x", [], [1], [1, 2, 3], ["a", "b"], {}, [-1, -1], [[1], [2]]]
    if hint is bool:
        return ["yes", 2, -1, "", [], {}]
    if hint is int:
        return ["x", "", 2.6, -1, -(2**40), 2**63, 2**70, True, [], {}, float("inf"), float("nan")]
    if hint is float:
        return ["x", "", -1.0, -1e300, 10**400, True, [], {}, float("inf"), float("nan")]
    return [3, 2.5, True, [], {}]


def all_cases() -> Iterator[Case]:
    """Yield each field of the configuration with each bad value, in a file and in Python."""
    for section in fields(Config):
        kind = type(getattr(Config(), section.name))
        for name, hint in get_type_hints(kind).items():
            if name.isupper() or name.startswith("_"):
                continue
            for value in bad_values(hint):
                key = f"{section.name}.{name}"
                yield Case("settings: file", f"{key} = {value!r:.60}", _in_file(key, value))
                if key in ARGUMENTS:
                    continue
                yield Case("settings: Python", f"{key} = {value!r:.60}", _in_python(key, value))
    for name, text in FILES.items():
        yield Case("settings: file", name, _file(text))
    for setting in HUGE:
        yield Case(
            "settings: size",
            setting,
            lambda f, s=setting: ["train", f"{material()}/good.npy", "--out", "run", "--set", s],
        )


ARGUMENTS = ("training.steps", "training.seed")
"""Settings that are arguments of the estimator too, which go over them."""
HUGE = (
    "network.depth=10000000",
    "network.width=10000000",
    "network.width=1000000000000",
    "network.noise=1000000000000",
    "network.depth=9000000000000000000",
    "optimizer.batch=1000000000000",
    "optimizer.critic_steps=9000000000000000000000",
    "data.resize=[100000000,100000000]",
)
"""Settings that ask for more than any machine has; none may be begun."""
FILES = {
    "no TOML": b"this is not TOML",
    "not UTF-8": b"[training]\nsteps = 1 # \xff",
    "a null byte": b"[training]\nsteps = 1\0",
    "a mark and UTF-16": "[training]\nsteps = 1\n".encode("utf-16"),
    "a section twice": b"[training]\nsteps=1\n[training]\nseed=1\n",
    "a key twice": b"[training]\nsteps=1\nsteps=2\n",
    "deep brackets": b"x = " + b"[" * 100000,
    "deep tables": b"[" + b".".join([b"a"] * 5000) + b"]\nx=1\n",
    "an unknown section": b"[trainings]\nsteps=1\n",
    "an unknown key": b"[training]\nstep=1\n",
    "a key without section": b"steps=1\n",
    "a section as a value": b"training=1\n",
    "tables in an array": b"[[training]]\nsteps=1\n",
    "a date": b"[training]\nsteps=2020-01-01\n",
    "a long name": b"[training]\n" + b"a" * 100000 + b"=1\n",
    "control characters": b'[training]\n"\\u001b[31mred"=1\n',
    "JSON": b'{"training": {"steps": 1}}',
}


def _in_file(key: str, value: Any) -> Callable[[Path], list[str]]:
    section, _, name = key.partition(".")
    return _file(f"[{section}]\n{name} = {_toml(value)}\n".encode())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return "{}" if value == {} else str(value)


def _file(text: bytes) -> Callable[[Path], list[str]]:
    def prepare(folder: Path) -> list[str]:
        (folder / "config.toml").write_bytes(text)
        return ["train", f"{material()}/good.npy", "--dry-run", "--config", "config.toml"]

    return prepare


def _in_python(key: str, value: Any) -> Callable[[Path], Callable[[], object]]:
    def fit() -> object:
        return WGAN(steps=1, settings=quick | {key: value}).fit(points())

    quick = {"network.width": 8, "optimizer.batch": 8}
    return lambda folder: fit
