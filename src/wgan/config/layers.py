"""Layers of configuration, each over the one before.

They are the defaults, the variant, the preset, the file, `--set` and the flags.
"""

import tomllib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from wgan.base.errors import SettingError, WganError, did_you_mean
from wgan.base.files import read_toml
from wgan.config.sections import Config

Layer = tuple[str, Mapping[str, Any]]
"""The layer's name, for messages, and nested values `{section: {field: value}}`."""
MAX_INTEGER = 2**63
"""TOML and NumPy hold integers below this."""
SECTIONS: dict[str, type] = {f.name: type(getattr(Config(), f.name)) for f in fields(Config)}
RENAMED = {"optimiser": "optimizer"}
"""Sections that older versions called otherwise."""


def resolve(layers: Iterable[Layer]) -> Config:
    """Build a configuration from named layers of nested values, the later over the earlier.

    A section under a name of an older version is read, with a warning.

    Raises:
        WganError: an unknown key or a value of the wrong kind or range, naming the layer and the
            key.
    """
    values: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    origin: dict[str, str] = {}
    for layer, nested in layers:
        for section, entries in renamed(layer, nested).items():
            hints = _section_hints(layer, section, entries)
            for entry, value in entries.items():
                if entry not in hints:
                    nearest = did_you_mean(entry, hints)
                    raise WganError(f"{layer}: unknown key {section}.{entry}. {nearest}")
                try:
                    values[section][entry] = _coerced(value, hints[entry])
                except TypeError as error:
                    raise WganError(f"{layer}: {section}.{entry} = {value!r}: {error}") from None
                origin[f"{section}.{entry}"] = layer
    try:
        return Config(**{name: section(**values[name]) for name, section in SECTIONS.items()})
    except SettingError as error:
        if error.key in origin:
            raise WganError(f"{origin[error.key]}: {error}") from None
        raise


def renamed(layer: str, nested: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values with sections of older versions under their present names."""
    found: dict[str, Any] = {}
    for section, entries in nested.items():
        name = RENAMED.get(section, section)
        if name != section:
            warnings.warn(
                f"{layer}: the section {section} is now called {name}; it was read as that",
                stacklevel=2,
            )
        if name in found and isinstance(entries, Mapping) and isinstance(found[name], Mapping):
            entries = {**found[name], **entries}
        found[name] = entries
    return found


def _section_hints(layer: str, section: str, entries: Any) -> dict[str, Any]:
    if section not in SECTIONS:
        raise WganError(
            f"{layer}: unknown section or key {section}. {did_you_mean(section, SECTIONS)}"
        )
    if not isinstance(entries, Mapping):
        raise WganError(
            f"{layer}: {section} = {entries!r}, but {section} is a section: write [{section}] and"
            " its keys below"
        )
    return get_type_hints(SECTIONS[section])


EXPECTED = {
    int: "a whole number below 2^63",
    float: "a number",
    bool: "true or false",
    str: "text",
}


def _coerced(value: Any, hint: Any) -> Any:
    """Return a TOML value in the type that a field declares; a TypeError says what was expected."""
    options = get_args(hint)
    if get_origin(hint) in (UnionType, Union):
        return None if value is None else _coerced(value, options[0])
    if get_origin(hint) is Literal:
        if value not in options:
            raise TypeError(f"choose one of {', '.join(options)}")
        return value
    if get_origin(hint) is tuple and options[-1] is Ellipsis:
        if not isinstance(value, list | tuple):
            raise TypeError("give a list in brackets")
        return tuple(_coerced(v, options[0]) for v in value)
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple) or len(value) != len(options):
            raise TypeError(f"give {len(options)} values in brackets")
        return tuple(_coerced(v, o) for v, o in zip(value, options, strict=True))
    if isinstance(value, np.generic):
        value = value.item()  # a NumPy number or flag, as Python's own
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int and number and abs(value) < MAX_INTEGER and value == int(value):
        return int(value)
    if hint is float and number and abs(value) < MAX_INTEGER:
        return float(value)
    if hint in (bool, str) and isinstance(value, hint):
        return value
    raise TypeError(f"expected {EXPECTED[hint]}")


def from_file(path: Path) -> Layer:
    """Read a TOML file as a layer.

    Raises:
        WganError: no such file, or not TOML.
    """
    try:
        return str(path), read_toml(path)
    except FileNotFoundError:
        raise WganError(f"{path}: no such configuration file") from None


def from_settings(settings: Iterable[str]) -> Layer:
    """Read `section.field=value` strings as a layer; values are TOML, and bare words are text.

    Raises:
        WganError: a string of another form.
    """
    layer: dict[str, dict[str, Any]] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        section, dot, entry = key.strip().partition(".")
        if not equals or not dot:
            raise WganError(
                f"--set {setting}: write section.field=value, e.g. --set optimizer.lr=2e-4"
            )
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError):
            value = text.strip()
        layer.setdefault(section, {})[entry] = value
    return "--set", layer


def from_mapping(settings: Mapping[str, Any], name: str = "settings") -> Layer:
    """Read `{"section.field": value}` as a layer called `name`.

    Raises:
        WganError: a key without a section.
    """
    nested: dict[str, dict[str, Any]] = {}
    for key, value in settings.items():
        section, dot, entry = str(key).partition(".")
        if not dot:
            raise WganError(f"{name}: {key!r} names no section: write 'optimizer.lr', for example")
        nested.setdefault(section, {})[entry] = value
    return name, nested
