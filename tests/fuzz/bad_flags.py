"""Bad flags of every command, and bad arguments beside them."""

from collections.abc import Iterator
from pathlib import Path

from campaign import Case
from material import copied, material

NO_INTEGER = ("", "x", "2.6", "nan", "inf", "-1", "1e400", "9" * 30, "true", "[1]", "1,5")
NO_NUMBER = ("", "x", "nan", "-1", "[1]", "1,5", "1e400", "--", "\x1b[31m5")
NO_CHOICE = ("", "X", "wgan-pg", "\u202e", "\x1b[31mred", "a" * 5000, "../x")
NO_PATH = ("", "nothing/there", "a\0b", "x" * 300, "/dev/null", "\ud800", "\n")
COMMANDS: dict[str, dict[str, tuple[str, ...]]] = {
    "train {m}/good.npy --out run --quiet": {
        "--steps": (*NO_INTEGER, "0"),
        "--seed": NO_INTEGER,
        "--variant": NO_CHOICE,
        "--preset": NO_CHOICE,
        "--device": NO_CHOICE,
        "--precision": NO_CHOICE,
        "--labels": NO_PATH,
        "--schema": NO_PATH,
        "--config": NO_PATH,
        "--set": (
            "",
            "x",
            "x=1",
            "=",
            ".=",
            "a.b=1",
            "optimizer.lr",
            "optimizer=1",
            "\n=\n",
            "é.é=é",
        ),
        "--out": ("a\0b", "x" * 300, "/dev/null", "{m}/good.npy", "{m}", "/proc/x", "\ud800/\0"),
    },
    "sample {m}/runs/points -o s.npy": {
        "-n": (*NO_INTEGER, "0"),
        "--seed": NO_INTEGER,
        "--label": ("", "x", "0"),
        "--where": ("", "x", "x=1", "a>b>c", "=", ">="),
        "--balance": ("", "x"),
    },
    "sample {m}/runs/table -o s.csv -n 5": {
        "--where": ("", "x", "x=1", "city=Atlantis", "age>=old", "=", ">=3", "age>=200", "id=3"),
        "--balance": ("", "x", "age", "income", "id", "joined"),
        "--label": ("x", ""),
    },
    "export {m}/runs/points": {
        "-o": ("", "x", "a\0b", "x" * 300, "x.pt", "{m}", "{m}/good.npy", "/dev/null/x.pt2"),
    },
    "evaluate {m}/runs/points --quiet": {
        "-n": (*NO_INTEGER, "0", "1000000"),
        "--seed": NO_INTEGER,
        "--features": NO_PATH,
        "--target": ("", "x", "0"),
        "--test": NO_PATH,
    },
    "evaluate {m}/runs/table --quiet": {
        "--target": ("", "x", "id", "\x1b[31mred"),
        "--test": (*NO_PATH, "{m}/good.npy", "{m}/pictures", "{m}/runs/points"),
        "-n": ("0", "-1", "x"),
    },
    "compare {m}/good.npy --steps 1 --out c --quiet": {
        "--seeds": (*NO_INTEGER, "0"),
        "--jobs": (*NO_INTEGER, "0"),
        "--variants": NO_CHOICE,
        "--features": NO_PATH,
        "--set": ("", "x", "training.seed=3", "optimizer.lr=-1", "data.source=x"),
    },
    "report {m}/runs/points": {
        "--format": NO_CHOICE,
        "-o": ("a\0b", "x" * 300, "/dev/null/x", "{m}/good.npy", "{m}/runs/points/config.toml"),
    },
    "features train {m}/pictures --out f --quiet": {
        "--epochs": (*NO_INTEGER, "0"),
        "--seed": NO_INTEGER,
        "--labels": ("", "x", "{m}/good.npy", "{m}/nothing"),
    },
    "distance {m}/good.npy {m}/good.npy --quiet": {
        "--metric": NO_CHOICE,
        "-p": ("x",),
        "--p": (*NO_NUMBER, "0", "0.5", "3"),
        "--space": (*NO_CHOICE, "pca-0", "pca-9", "pca-x", "pca--1", "pca-2.5"),
        "-n": (*NO_INTEGER, "0"),
        "--seed": NO_INTEGER,
        "--bracket": NO_CHOICE,
        "--confidence": (*NO_NUMBER, "0.9"),
        "--diameter": (*NO_NUMBER, "3"),
        "--variant": NO_CHOICE,
        "--steps": (*NO_INTEGER, "5"),
    },
    "distance {m}/good.npy {m}/good.npy --quiet --bracket population --steps 5": {
        "--confidence": (*NO_NUMBER, "0", "1", "1.5"),
        "--diameter": (*NO_NUMBER, "0", "0.01", "inf"),
        "--steps": (*NO_INTEGER, "0"),
    },
    "data {m}/good.csv": {
        "--schema": NO_PATH,
        "-o": ("a\0b", "x" * 300, "/dev/null/x", "{m}/good.csv"),
    },
    "demo": {"": ("", "x", "vanishing", "\x1b[31m", "-1"), "--seed": NO_INTEGER},
    "push {m}/runs/points jo/model --license mit --dry-run -o card --quiet": {
        "--license": ("", "X", "MIT License", "\u202e", "\x1b[31mred", "a" * 5000, "../x"),
        "-o": ("a\0b", "x" * 300, "/dev/null", "{m}/good.npy", "{m}", "\ud800/\0"),
        "": ("x", "--x", "--json x", "--private x", "--critic=2"),
    },
    "push {m}/runs/points --license mit --dry-run -o card --quiet": {
        "": (
            "",
            "x",
            "x/",
            "/x",
            "x/y/z",
            "x/..",
            "x/y@main",
            "x/y.git",
            "x/\x1b[31m",
            "x/é",
            "\n/\n",
        ),
    },
    "push {m}/runs/points jo/model --license mit -o card": {"": ("",)},
    "push {m}/runs/points jo/model": {"": ("--dry-run", "--private")},
    "variants": {"": ("x", "--x", "1", "--json x", "--json=2")},
    "doctor": {"": ("x", "--x", "-1", "--json x")},
    "cache": {"": ("x", "--x", "clear x", "clear --x", "clera", "\x1b[31m", "--json x")},
    "completion": {"": ("x", "tcsh", "bash zsh", "bash --json", "\x1b[31m", "-1", "")},
    "": {"": ("x", "trian", "--x", "-1", "\x1b[31m", "\ud800", "é", "sample", "evaluate")},
}
ADDRESSES = (
    "",
    "x",
    "x/",
    "x/y/z",
    "x/..",
    "x/y@",
    "x/y@../z",
    "x/\x1b[31m",
    "é/é",
    "x/y z",
    "x/-",
)
HUB = {
    "sample": ("-o", "s.csv"),
    "export": ("-o", "s.onnx"),
    "distance": ("1,2",),
    "evaluate": ("--quiet",),
    "report": (),
}
"""Commands that take the address of a model of the Hub, or refuse it, and their further words."""
HISTOGRAMS = (
    "1,2 1,x",
    "1,2 1,-2",
    "1,2 nan,1",
    "1,2 inf,1",
    "1,2 1,2,3",
    "0,0 0,0",
    "1, 1,",
    ", ,",
)
HISTOGRAMS += (
    "1,2 4,5",
    "1e308,1e308 1e308,1e308",
    "1 2",
    "1,2 ",
    "1,2 {m}/good.npy",
    "1,,2 1,2,3",
)


def all_cases() -> Iterator[Case]:
    """Yield each command with each bad value of each of its flags."""
    for command, options in COMMANDS.items():
        for flag, bad in options.items():
            for value in bad:
                yield _flagged(command, flag, value)
            if flag:
                yield _flagged(command, flag, None)
                yield _flagged(command, flag + "s-x", "1")
    for command, more in HUB.items():
        for name in ADDRESSES:
            words = [command, f"hf://{name}", *more]
            yield Case("flags", f"{command} hf://{name!r}", lambda f, w=words: w)
    for histograms in HISTOGRAMS:
        same = histograms == "1e308,1e308 1e308,1e308"
        yield Case(
            "flags",
            f"distance {histograms}",
            lambda f, h=histograms: ["distance", *_filled(h).split(" ")],
            "either" if same else "refused",
        )


def _filled(text: str) -> str:
    return text.replace("{m}", str(material()))


def _flagged(command: str, flag: str, value: str | None) -> Case:
    more = [flag] if flag else []
    more += [] if value is None else _filled(value).split(" ") if not flag else [_filled(value)]

    def prepare(folder: Path) -> list[str]:
        words = []
        for word in command.split():
            if word.startswith("{m}/runs/"):
                word = str(copied(word.removeprefix("{m}/"), folder))
            words.append(_filled(word))
        return [*words, *more]

    return Case("flags", f"{command.split(' ')[0]} {flag}={value!r:.40} {command}", prepare)
