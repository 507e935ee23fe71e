"""Sections of a docstring in the form of NumPy and scikit-learn."""

import inspect
import re


def sections(docstring):
    """Return the text of each section by its title; what stands before the first is ''."""
    parts = re.split(r"^(\w[\w ]*)\n-+\n", inspect.cleandoc(docstring), flags=re.M)
    return {"": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))
