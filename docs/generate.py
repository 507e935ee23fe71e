"""Pages of the reference that follow from the code: commands, settings and public functions.

`conf.py` calls `write_reference` before each build; the pages are not kept in the repository.
"""

import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args, get_origin
from unittest.mock import patch

from wgan import cli
from wgan.config import PRESETS, Config
from wgan.config.layers import SECTIONS

MODULES = {
    "wgan": "The estimator",
    "wgan.training": "Runs and the training loop",
    "wgan.distances": "Distances between samples or histograms",
    "wgan.audit": "Readings of critics, and certified brackets",
    "wgan.objectives": "Variants, losses and checks of a critic",
    "wgan.networks": "Networks",
    "wgan.data": "Datasets, kinds of data and batches",
    "wgan.evaluation": "Evaluation on held-out samples",
    "wgan.models": "Trained generators",
    "wgan.config": "Configuration of a run",
    "wgan.runs": "Run folders and what they hold",
    "wgan.report": "Reports",
    "wgan.tracking": "Tracking services",
    "wgan.exported": "Exported generators, without torch",
}
"""Public modules in the order of the reference, each with its title."""
HEADINGS = ("Args", "Returns", "Yields", "Raises", "Attributes", "See also", "References")


def write_reference(folder: Path) -> None:
    """Write the generated pages below `folder`, where they differ from what is there."""
    pages = {"command-line.md": commands(), "config.md": settings(), "api/index.md": contents()}
    for module in MODULES:
        pages[f"api/{module}.md"] = api(module)
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def commands() -> str:
    """The page of commands, as the parser knows them."""
    with patch.object(sys, "argv", ["wgan"]):  # usage lines begin with the program's name
        page = cli.app.generate_docs(output_format="markdown", recursive=True)
    page = re.sub(r"## Table of Contents\n.*?(?=\*\*Commands)", "", page, count=1, flags=re.S)
    about = "Every command with its arguments and flags, generated from the parser."
    return page.replace("# wgan\n", f"# Commands\n\n{about}\n", 1).replace("```console", "```text")


def settings() -> str:
    """The page of settings: sections, fields, defaults and meanings; then the presets."""
    lines = [
        "# Settings",
        "",
        "Every setting of a run's configuration, generated from the code. In a TOML file each",
        "section is a table. On the command line, `--set section.field=value` sets one.",
    ]
    for name, section in SECTIONS.items():
        lines += ["", f"## `{name}`", "", first_lines(section), ""]
        lines += ["| field | type | default | meaning |", "|---|---|---|---|"]
        for field, (annotation, meaning) in documented_fields(section).items():
            default = getattr(getattr(Config(), name), field)
            cells = (f"`{field}`", f"`{choices(section, annotation)}`", f"`{default!r}`", meaning)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += ["", "## Presets", "", "| preset | what it suits |", "|---|---|"]
    lines += [f"| `{name}` | {preset.summary} |" for name, preset in PRESETS.items()]
    return "\n".join([*lines, ""])


def documented_fields(section: type) -> dict[str, tuple[str, str]]:
    """Annotation and docstring of each field of a dataclass, read from its source."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(section))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for node, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(after, ast.Expr):
            text = ast.literal_eval(after.value)
            meaning = " ".join(text.split())
            found[ast.unparse(node.target)] = (ast.unparse(node.annotation), meaning)
    return {f.name: found[f.name] for f in fields(section)}


def choices(section: type, annotation: str) -> str:
    """An annotation in which names of choices stand for what may be chosen."""
    names = vars(sys.modules[section.__module__])
    for name in re.findall(r"[A-Z]\w+", annotation):
        if get_origin(names.get(name)) is Literal:
            annotation = annotation.replace(name, " | ".join(map(repr, get_args(names[name]))))
    return annotation


def contents() -> str:
    """The page that lists the public modules."""
    lines = ["# Python", "", "Public functions and classes, generated from their docstrings.", ""]
    lines += ["```{toctree}", ":maxdepth: 1", "", *MODULES, "```", ""]
    return "\n".join(lines)


def api(module: str) -> str:
    """The page of one public module: its docstring and the names of its `__all__`."""
    imported = importlib.import_module(module)
    lines = [f"# `{module}`", *markdown(imported.__doc__ or f"{MODULES[module]}.")]
    for name in public_names(imported):
        value = getattr(imported, name)
        if inspect.isclass(value):
            lines += described("py:class", f"{module}.{name}", value)
        elif get_origin(value) is not None:  # an alias of types
            meant = str(value).replace("typing.", "")
            lines += ["", f"````{{py:type}} {module}.{name}", f":canonical: {meant}", "````", ""]
        elif callable(value):
            lines += described("py:function", f"{module}.{name}", value)
    return "\n".join([*lines, ""])


def public_names(module: object) -> list[str]:
    """Names of a module's `__all__`, or else the public ones that it defines itself."""
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    return list(getattr(module, "__all__", own))


def described(directive: str, name: str, value: object, fence: str = "````") -> list[str]:
    """A name as a directive of Sphinx, with its signature, its docstring and its members."""
    wide = fence + "`" if directive == "py:class" else fence
    called = "" if directive == "py:property" else signature(value)
    lines = ["", f"{wide}{{{directive}}} {name}{called}", ""]
    lines += markdown(inspect.getdoc(value) or "") if has_own_doc(value) else []
    if inspect.isclass(value):
        for kind, member, function in members(value):
            lines += described(kind, member, function)
    return [*lines, wide, ""]


def has_own_doc(value: object) -> bool:
    """Whether a docstring was written for this name, not made by `dataclass` or inherited."""
    doc = getattr(value, "__doc__", None)
    return bool(doc) and not (inspect.isclass(value) and doc.startswith(f"{value.__name__}("))


def members(cls: type) -> Iterator[tuple[str, str, object]]:
    """Public methods and properties of a class that wgan documents: directive, name, function."""
    seen = set(getattr(cls, "__dataclass_fields__", ()))
    for base in cls.__mro__:
        for name, member in vars(base).items() if base.__module__.startswith("wgan") else ():
            function, kind = member, "py:method"
            if isinstance(member, property | cached_property):
                function = member.fget if isinstance(member, property) else member.func
                kind = "py:property"
            elif isinstance(member, classmethod | staticmethod):
                function = member.__func__
                kind = "py:classmethod" if isinstance(member, classmethod) else "py:staticmethod"
            new = not name.startswith("_") and name not in seen
            if new and inspect.isfunction(function) and function.__doc__:
                yield kind, name, function
            seen.add(name)


def signature(value: object) -> str:
    """A signature without annotations, which the docstring's arguments give in words.

    A protocol has none, since nobody calls it.
    """
    if getattr(value, "_is_protocol", False):
        return ""
    try:
        found = inspect.signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    bare = [
        p.replace(annotation=p.empty, default=shown(p.default))
        for p in found.parameters.values()
        if p.name not in ("self", "cls")
    ]
    return str(found.replace(parameters=bare, return_annotation=found.empty))


class Shown:
    """A default that is printed as short text: long values and addresses say nothing."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def shown(default: object) -> object:
    """The default of a parameter as the signature shows it."""
    if default is inspect.Parameter.empty:
        return default
    text = getattr(default, "__name__", None) or repr(default)
    return Shown(text if len(text) < 40 and " at 0x" not in text else "...")


def markdown(docstring: str) -> list[str]:
    """Lines of Markdown for a docstring: its sections become lists, its examples code."""
    lines: list[str] = []
    section = None
    for paragraph in re.split(r"\n\s*\n", docstring.strip()):
        rows = paragraph.splitlines()
        heading = rows[0].rstrip(":")
        if len(rows) > 1 and re.fullmatch("-{3,}", rows[1].strip()):
            lines += ["", f"**{heading}**", "", *named_entries(rows[2:])]
            continue
        if rows[0].endswith(":") and heading in HEADINGS:
            section = heading
            lines += ["", f"**{heading}**", ""]
            lines += entries(textwrap.dedent("\n".join(rows[1:])))
        elif rows[0].lstrip().startswith(">>>"):
            lines += ["", "```python", *textwrap.dedent(paragraph).splitlines(), "```"]
        elif section and rows[0].startswith("    "):
            lines += entries(textwrap.dedent(paragraph))
        else:
            section = None
            lines += ["", *rows]
    return lines


def entries(text: str) -> list[str]:
    """The entries `name: meaning` of a section as a list; a line without a name goes on."""
    lines: list[str] = []
    for line in text.splitlines():
        entry = re.match(r"([*\w, ]+?): (.*)", line)
        if entry and not line.startswith(" "):
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        else:
            lines.append(f"  {line.strip()}" if lines else line.strip())
    return lines


def named_entries(rows: list[str]) -> list[str]:
    """The lines of a section in scikit-learn's form: `name : type` entries, examples or text."""
    if rows[0].startswith(">>>"):
        return ["```python", *rows, "```"]
    lines = []
    for row in rows:
        entry = re.match(r"(\w[\w.]*) : (.*)", row)
        lines.append(
            f"- `{entry[1]}`: {entry[2].rstrip('.')}." if entry else row.replace("    ", "  ")
        )
    return lines


def first_lines(value: type) -> str:
    """The first paragraph of a docstring on one line."""
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())


if __name__ == "__main__":
    write_reference(Path(__file__).parent / "reference")
