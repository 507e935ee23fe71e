"""Configuration layers: defaults, the variant's settings, the preset, the file, `--set`, flags."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from wgan.base.errors import WganError, did_you_mean
from wgan.config.sections import Config

Layer = tuple[str, Mapping[str, Any]]
MAX_INTEGER = 2**63
SECTIONS: dict[str, type] = {f.name: type(getattr(Config(), f.name)) for f in fields(Config)}


def resolve(layers: Iterable[Layer]) -> Config:
    """Build a configuration from named layers of nested values, the later over the earlier.

    Raises:
        WganError: an unknown key or a value of the wrong kind or range, naming the layer and the
            key.
    """
    values: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    origin: dict[str, str] = {}
    for layer, nested in layers:
        for section, entries in nested.items():
            hints = _section_hints(layer, section, entries)
            for entry, value in entries.items():
                if entry not in hints:
                    raise WganError(
                        f"{layer}: unknown key {section}.{entry}. {did_you_mean(entry, hints)}"
                    )
                try:
                    values[section][entry] = _coerced(value, hints[entry])
                except TypeError as error:
                    raise WganError(f"{layer}: {section}.{entry} = {value!r}: {error}") from None
                origin[f"{section}.{entry}"] = layer
    try:
        return Config(**{name: section(**values[name]) for name, section in SECTIONS.items()})
    except WganError as error:
        key = str(error).split(" ", 1)[0]
        raise WganError(f"{origin[key]}: {error}" if key in origin else str(error)) from None


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


def _coerced(value: Any, hint: Any) -> Any:
    """Return a TOML value as the kind that a field asks for; a TypeError says what was expected."""
    options = get_args(hint)
    if get_origin(hint) is UnionType:
        return None if value is None else _coerced(value, options[0])
    if get_origin(hint) is Literal:
        if value not in options:
            raise TypeError(f"choose one of {', '.join(options)}")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple) or len(value) != len(options):
            raise TypeError(f"give {len(options)} values in brackets")
        return tuple(_coerced(v, o) for v, o in zip(value, options, strict=True))
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int and number and abs(value) < MAX_INTEGER and value == int(value):
        return int(value)
    if hint is float and number and abs(value) < MAX_INTEGER:
        return float(value)
    if hint in (bool, str) and isinstance(value, hint):
        return value
    raise TypeError(
        "expected "
        + {int: "a whole number below 2^63", float: "a number", bool: "true or false", str: "text"}[
            hint
        ]
    )


def from_file(path: Path) -> Layer:
    """Read a TOML file as a layer."""
    try:
        return str(path), tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WganError(f"{path}: no such configuration file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WganError(f"{path}: not valid TOML: {error}") from None


def from_settings(settings: Iterable[str]) -> Layer:
    """Read `section.field=value` strings as a layer; values are TOML, and bare words are
    strings.
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
        except tomllib.TOMLDecodeError:
            value = text.strip()
        layer.setdefault(section, {})[entry] = value
    return "--set", layer
