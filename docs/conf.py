"""Settings of the documentation site, built by `sphinx-build -W docs site`.

Pages are Markdown. Formulas become MathML, which browsers draw by themselves, so that a page loads
nothing from the network.
"""

import re
import sys
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

sys.path.insert(0, str(Path(__file__).parent))

from generate import write_reference

from wgan import __version__

project = "wgan"
author = "the authors of wgan"
release = __version__
extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
html_theme = "furo"
smartquotes = False  # flags are to be copied as they are
html_title = "wgan"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_math_renderer = "mathml"
python_maximum_signature_line_length = 88
pygments_style = "friendly"
suppress_warnings = ["misc.highlighting_failure"]
THIN_SPACE = '<mspace width="0.17em"/>'


def mathml(formula: str, display: str = "inline") -> str:
    """The MathML of a formula, with spaces around what the converter takes for a variable."""
    text = convert(formula, display=display).replace("<mi>&#x0007E;</mi>", "<mo>&#x0223C;</mo>")
    return re.sub(r"(<mi>(?:log|exp|sin|cos)</mi>)(?!<mo[^>]*>&#x00028;)", rf"\1{THIN_SPACE}", text)


def inline_formula(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a line of text as MathML."""
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def displayed_formula(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own as MathML."""
    writer.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the drawing of formulas, and write the generated pages."""
    app.add_html_math_renderer(
        "mathml", inline_renderers=(inline_formula, None), block_renderers=(displayed_formula, None)
    )
    write_reference(Path(__file__).parent / "reference")
