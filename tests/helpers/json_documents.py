"""Documents of `--json`: read strictly, and held to the page that lists their keys."""

import json
import re
from pathlib import Path
from typing import Any

import wgan

PAGE = Path(wgan.__file__).parents[2] / "docs" / "how-to" / "script.md"
ALWAYS = {"command", "wgan"}


def strictly(text: str) -> dict[str, Any]:
    """Return the one document that a text holds, and refuse what strict JSON does not have."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), "a key stands twice"
        return dict(pairs)

    assert text.startswith("{\n")
    assert text.endswith("}\n")
    document = json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    assert document.keys() >= ALWAYS
    return document


def documented(*headings: str) -> set[str]:
    """Return the keys in the first cells of the tables below the headings that hold these words."""
    keys = set()
    for section in re.split(r"^##+ ", PAGE.read_text(), flags=re.M):
        if any(heading in section.splitlines()[0] for heading in headings):
            for line in re.findall(r"^\| (`.*?) \|", section, re.M):
                keys |= set(re.findall(r"`(\w+)`", line))
    return keys


def listed(command: str) -> set[str]:
    """Return the keys of a command in the table of the commands that have a line each."""
    (line,) = re.findall(rf"^\| `wgan {command}` \| (.*) \|$", PAGE.read_text(), re.M)
    return set(re.findall(r"`(\w+)`", re.sub(r":.*", "", line)))
