"""Text in the Markdown and YAML of a card: shown as it is, and obeyed by neither."""

import json
import re
from collections.abc import Sequence

from wgan.base.printing import markdown, on_one_line

LINKED = re.compile(r"(?=://)|(?<=@)|(?<=www)(?=\.)", re.IGNORECASE)
"""Places in text which Markdown makes a link of without any mark: an address, a name after @."""
APART = "<!-- -->"
"""What keeps such text apart. Entities do not: some readers look for links after these."""


def shown(text: object) -> str:
    r"""Return text of which Markdown shows each character, without marks and without links.

    Args:
        text: a name or sentence that a page shows on one line.

    >>> shown("*a* of https://e.org")
    '\\*a\\* of https<!-- -->://e.org'
    """
    return LINKED.sub(APART, markdown(text))


def quoted(text: str) -> str:
    """Return text as a scalar of YAML: a string of JSON is one, once it has no control characters.

    Text beyond the printable characters of YAML is left out with a question mark.

    Args:
        text: the text.
    """
    plain = re.sub("[\ufffe\uffff\ufeff]", "?", on_one_line(text))
    return json.dumps(plain, ensure_ascii=False)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table of Markdown, with every cell as `shown`.

    Args:
        head: the titles of the columns.
        rows: the rows.
    """
    body = [f"| {' | '.join(map(shown, row))} |" for row in (head, *rows)]
    return [body[0], f"|{'---|' * len(head)}", *body[1:]]
