"""Lengths of sentences in the README and the documentation, and lines that are too long.

A sentence ends at a full stop, a question or exclamation mark before a capital, or at the end of
its paragraph, list item or table. Code blocks, tables, headings and front matter are left out. A
piece of inline code, a formula or a number is one word.

    python benchmarks/prose.py              # README.md and docs/, a line a page
    python benchmarks/prose.py FILE...      # these pages alone; of Python files, the docstrings
    python benchmarks/prose.py --long 30    # the sentences of more than 30 words too
"""

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = 100
ABBREVIATIONS = ("e.g.", "i.e.", "et al.", "vs.", "Fig.", "eq.", "No.", "p.", "s.d.", "cf.", "etc.")
BEGINNING = re.compile(r"^\s*(?:[-*+]|\d+\.)\s+|^\s*>\s?")
"""What begins a list item or a quotation; an item is a paragraph of its own."""


def pages() -> list[Path]:
    """The README and every page of the documentation that is not generated."""
    docs = ROOT / "docs"
    written = set(docs.rglob("*.md")) - set(docs.glob("reference/co*.md"))
    return [ROOT / "README.md", *sorted(page for page in written if page.parent.name != "api")]


def without_code(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside fenced code, comments and front matter, with their numbers from 1."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*(`{3,}|~{3,}|:{3,}|\$\$)", line)
        if mark and fence is None:
            one_line = mark[1] == "$$" and line.strip().endswith("$$") and len(line.strip()) > 2
            fence = None if one_line or mark[1][0] == ":" else mark[1]
            yield number, ""
        elif fence is not None:
            fence = None if mark and mark[1].startswith(fence) else fence
            yield number, ""
        else:
            yield number, "" if line.startswith(("    ", "<!--", "---")) else line


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs and list items of a page in Markdown, each on one line."""
    gathered: list[str] = []
    for _, line in [*without_code(text), (0, "")]:
        ends = not line.strip() or re.match(r"#|\||!\[|\([\w-]+\)=", line)
        begins = BEGINNING.match(line)
        if (ends or begins) and gathered:
            yield " ".join(gathered)
            gathered = []
        if not ends:
            gathered.append(BEGINNING.sub("", line).strip())


def sentences(paragraph: str) -> Iterator[str]:
    """The sentences of a paragraph, their inline code, formulas and addresses as one word each."""
    plain = re.sub(r"\]\([^)]*\)", "]", paragraph)
    plain = re.sub(r"``.+?``|`[^`]+`|\$[^$]+\$", "X", plain)
    plain = re.sub(r"[*_\[\]]", "", plain)
    for abbreviation in ABBREVIATIONS:
        plain = re.sub(rf"(?<!\w){re.escape(abbreviation)}", abbreviation.replace(".", ""), plain)
    for sentence in re.split(r"(?<=[.!?])[\"')]?\s+(?=[\"'(]?[A-Z0-9])", plain):
        if re.search(r"\w", sentence):
            yield sentence.strip()


def words(sentence: str) -> int:
    """How many words a sentence has: what spaces separate and holds a letter or a digit."""
    return sum(bool(re.search(r"\w", word)) for word in sentence.split())


def text_of(page: Path) -> str:
    """The text of a page in Markdown, or the docstrings of a Python file, without examples."""
    if page.suffix != ".py":
        return page.read_text()
    found = []
    for node in ast.walk(ast.parse(page.read_text())):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found.append(inspect.cleandoc(value.value))
    text = re.sub(r"^ *>>> .*\n(?:(?!\s*$).*\n)*", "", "\n\n".join(found), flags=re.M)
    return re.sub(r"^ {4}([*\w, ]+: )", r"- \1", text, flags=re.M)


def lengths(page: Path) -> list[tuple[int, str]]:
    """Number of words of each sentence of a page, with the sentence."""
    found = (s for paragraph in paragraphs(text_of(page)) for s in sentences(paragraph))
    return [(words(sentence), sentence) for sentence in found]


def long_lines(page: Path) -> list[int]:
    """Numbers of the lines of more than 100 columns that belong to no table."""
    lines = page.read_text().splitlines()
    return [
        i for i, line in enumerate(lines, 1) if len(line) > COLUMNS and not line.startswith("|")
    ]


def spread(counts: list[int]) -> tuple[float, float]:
    """Median and 90 % quantile of sentence lengths, in words."""
    return median(counts), quantiles(counts, n=10)[-1] if len(counts) > 1 else counts[0]


def main(arguments: Iterable[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--long", type=int, help="print sentences of more words than this")
    options = parser.parse_args(list(arguments))
    everything: list[int] = []
    for page in options.files or pages():
        found = lengths(page)
        counts = [n for n, _ in found]
        everything += counts
        if counts:
            middle, high = spread(counts)
            print(
                f"{page}: {len(counts)} sentences, median {middle:g}, "
                f"90 % {high:.0f}, longest {max(counts)}; {len(long_lines(page))} long lines"
            )
        for n, sentence in found:
            if options.long and n > options.long:
                print(f"  {n}: {sentence}")
    if not everything:
        parser.error("these pages have no sentence")
    middle, high = spread(everything)
    print(f"all: {len(everything)} sentences, median {middle:g} words, 90 % {high:.0f}")


if __name__ == "__main__":
    main(sys.argv[1:])
