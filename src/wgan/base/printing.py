"""Text of files and data that is safe to show: on a terminal, and in Markdown."""

import re

UNPRINTABLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, without tab and line feed
    "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"  # direction of writing: may reorder a line
    "\u2028\u2029"  # line ends that are none in files
    "\ud800-\udfff"  # bytes of file names that are not UTF-8
    "]"
)
MARKS = re.compile(r"[\\`*_\[\]|#~$]")
"""Marks of Markdown anywhere in a line; the dollar is one of formulas."""
FIRST_MARK = re.compile(r"^[-+](?=\s)")
"""Marks of a list at the start of a line."""


def visible(text: str) -> str:
    r"""Return text with control characters as escapes, so that a terminal obeys none of them.

    Args:
        text: what is to be printed; tabs and line feeds stay.

    >>> visible("\x1b[2J and \u202e and caf\udce9")
    '\\x1b[2J and \\u202e and caf\\udce9'
    """
    return UNPRINTABLE.sub(lambda match: _escape(match[0]), text)


def on_one_line(text: str) -> str:
    r"""Return text as `visible` does, with line feeds and tabs as escapes too.

    Args:
        text: a name that is printed inside a line of ours.

    >>> on_one_line("a\nb")
    'a\\nb'
    """
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def counted(number: int, noun: str) -> str:
    """Return a number of things, such as `1 channel`.

    Args:
        number: how many.
        noun: what one is called.

    >>> counted(1, "channel"), counted(3, "channel")
    ('1 channel', '3 channels')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def markdown(text: object) -> str:
    r"""Return text of which Markdown shows each character, and takes none for a mark.

    Args:
        text: a name or sentence that a page shows on one line.

    >>> markdown("<b>a|b</b> *c*")
    '&lt;b&gt;a\\|b&lt;/b&gt; \\*c\\*'
    """
    one_line = on_one_line(str(text))
    entities = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = MARKS.sub(r"\\\g<0>", entities)
    return FIRST_MARK.sub(r"\\\g<0>", escaped)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
