"""`wgan cache`: where the cache of decoded files is, what it holds, and how it is cleared."""

from collections.abc import Sequence
from typing import Any

from cyclopts import App

from wgan.base.printing import counted
from wgan.cli.json_output import Json, print_json
from wgan.cli.output import screen
from wgan.data.cache_contents import KINDS, Entry, cache_contents, clear_cache, total

cache = App(
    name="cache",
    help="Print where the cache of decoded files is and what it holds, or clear it.",
    help_epilogue="",
)


@cache.default
def cache_command(*, json_: Json = False) -> int:
    """Print where the cache of decoded files is, and what it holds.

    The cache is the folder named by the variable WGAN_CACHE, or wgan in the user's cache folder.

    Parameters
    ----------
    json_
        Print one JSON document instead of text.
    """
    contents = cache_contents()
    if json_:
        about = {"folder": contents.folder, "others": contents.others}
        print_json("cache", about | _values(contents.entries))
        return 0
    screen.print(f"{contents.folder}: {_in_words(contents.entries)}")
    for kind, words in KINDS.items():
        of_kind = tuple(each for each in contents.entries if each.kind == kind)
        if of_kind:
            screen.print(f"  {in_units(total(of_kind)):>9}  {len(of_kind):5}  {words}")
    if contents.others:
        screen.print(f"and {counted(contents.others, 'thing')} that wgan did not write")
    return 0


@cache.command(name="clear")
def clear_command(*, json_: Json = False) -> int:
    """Remove files of the cache that no process uses; they are made again on demand.

    Links, and files that wgan did not write, are left alone.

    Parameters
    ----------
    json_
        Print one JSON document instead of text.
    """
    folder = cache_contents().folder
    cleared = clear_cache()
    others = cache_contents().others
    if json_:
        parts = {"freed": _values(cleared.gone), "used": _values(cleared.used)}
        print_json("cache clear", {"folder": folder, "others": others, **parts})
        return 0
    screen.print(f"freed {_in_words(cleared.gone)} of {folder}")
    if cleared.used:
        screen.print(f"left {_in_words(cleared.used)} that processes use, or used a moment ago")
    if others:
        screen.print(f"left {counted(others, 'thing')} that wgan did not write")
    return 0


def in_units(size: int) -> str:
    """Return a size in the unit that suits it.

    Args:
        size: in bytes.

    >>> in_units(512), in_units(1_500_000), in_units(20 * 10**9)
    ('512 B', '1.5 MB', '20 GB')
    """
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"


def _in_words(entries: Sequence[Entry]) -> str:
    return f"{in_units(total(entries))} in {counted(len(entries), 'file')}"


def _values(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return number and bytes of entries, in all and by kind."""
    kinds = {}
    for kind in KINDS:
        of_kind = [each for each in entries if each.kind == kind]
        kinds[kind] = {"files": len(of_kind), "bytes": total(of_kind)}
    return {"files": len(entries), "bytes": total(entries), "kinds": kinds}
