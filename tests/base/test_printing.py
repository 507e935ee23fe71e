"""Printing: no name acts as a command of a terminal or as a mark of Markdown."""

import pytest

from wgan.base.printing import markdown, on_one_line, visible


@pytest.mark.parametrize("code", [*range(32), 127, 0x9B, 0x202E, 0x2066, 0x2028, 0xDCE9])
def test_control_characters_become_escapes(code):
    kept = code in (9, 10)
    assert (visible(f"a{chr(code)}b") == f"a{chr(code)}b") == kept
    assert on_one_line(f"a{chr(code)}b").isprintable()


def test_other_text_stays():
    text = "Äpfel, 価格, €, 😀, e\u0301"
    assert visible(text) == on_one_line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("[click](http://x)", r"\[click\](http://x)"),
        ("a | b", r"a \| b"),
        ("`code` *x* _y_ ~~z~~", r"\`code\` \*x\* \_y\_ \~\~z\~\~"),
        ("# title", r"\# title"),
        ("- item", r"\- item"),
        ("-0.5 is a number", "-0.5 is a number"),
        ("$x$ and \\", r"\$x\$ and \\"),
        ("two\nlines", r"two\\nlines"),
        ("a &amp; b", "a &amp;amp; b"),
    ],
)
def test_marks_of_markdown_are_shown_as_they_are(text, shown):
    assert markdown(text) == shown
