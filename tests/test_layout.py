"""The house rules: imports go one way, kinds are in every table, files and lines are short, public
names are documented as they are, and the map is true.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from numpydoc_form import sections

import wgan
from wgan.audit.coordinates import COORDINATES
from wgan.data.formats import FORMATS
from wgan.data.kinds import KINDS
from wgan.evaluation.kinds import PROTOCOLS
from wgan.models.graphs.kinds import GRAPHS
from wgan.models.pictures import PICTURES
from wgan.networks.pairs import PAIRS

SOURCE = Path(wgan.__file__).parent
ROOT = SOURCE.parents[1]
FILES = sorted(SOURCE.rglob("*.py"))
WRITTEN = [*FILES, *sorted((ROOT / "tests").rglob("*.py")), *sorted(ROOT.glob("benchmarks/*.py"))]
STAGES = [
    "base",
    "exported",
    "distances",
    "objectives",
    "data",
    "networks",
    "evaluation",
    "config",
    "models",
    "runs",
    "tracking",
    "training",
    "sharing",
    "audit",
    "experiments",
    "report",
    "estimator",
    "web",
    "studio",
    "serving",
    "cli",
]
ALONE = {"exported": {"base"}, "distances": {"base"}, "objectives": {"base"}}
"""Stages that import nothing but these."""
OWN_FILES = {
    "data/__init__.py",
    "data/vectors.py",
    "data/images.py",
    "data/series/",
    "data/tables/",
    "data/kinds.py",
    "data/formats.py",
    "data/built_in.py",
    "data/stacked.py",
    "data/folders.py",
    "networks/vectors.py",
    "networks/images.py",
    "networks/series.py",
    "networks/series_planes.py",
    "networks/irregular.py",
    "networks/tables.py",
    "evaluation/images.py",
    "evaluation/vectors.py",
    "evaluation/series.py",
    "evaluation/tables.py",
    "evaluation/kinds.py",
    "models/completed.py",
    "models/conditioned.py",
    "models/conditions.py",
    "models/continued.py",
    "models/drawn_gaps.py",
    "models/given_twins.py",
    "models/graphs/",
    "models/pictures.py",
    "audit/coordinates.py",
    "runs/older.py",
}
"""Files of one kind of data, and the tables of kinds: these alone may name a codec's class."""
LOOP = "Run.records"
"""The one function that may be longer than 60 lines: it is read from top to bottom."""


def relative(path):
    return str(path.relative_to(SOURCE))


def imported_stages(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("wgan."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.ImportFrom) and node.module == "wgan":
            yield from (alias.name for alias in node.names if alias.name in STAGES)
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            yield from (parts[1] for parts in names if parts[0] == "wgan" and len(parts) > 1)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_stage_imports_only_stages_before_it(path):
    stage = path.relative_to(SOURCE).with_suffix("").parts[0]
    if stage in ("__init__", "__main__"):
        return
    for other in imported_stages(path):
        assert STAGES.index(other) <= STAGES.index(stage), f"{path} imports {other}"
        if stage in ALONE and other != stage:
            assert other in ALONE[stage], f"{path} imports {other}"


def test_no_stage_hands_on_names_of_a_later_one():
    """An import by a string is an import."""
    for path in FILES:
        stage = path.relative_to(SOURCE).with_suffix("").parts[0]
        for other in re.findall(r"""["']wgan\.(\w+)[.:\w]*["']""", path.read_text()):
            if stage in STAGES and other in STAGES:
                assert STAGES.index(other) <= STAGES.index(stage), f"{path} names {other}"


def test_importing_the_package_imports_no_stage():
    program = "import sys, wgan; print([m for m in sys.modules if m.startswith('wgan.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert eval(done.stdout) == ["wgan.base", "wgan.base.version"]


@pytest.mark.parametrize(
    "table",
    [PAIRS, PROTOCOLS, PICTURES, FORMATS, COORDINATES, GRAPHS],
    ids=lambda table: str(type(table)),
)
def test_every_kind_is_in_every_table(table):
    assert list(table) == list(KINDS)


def test_kinds_are_named_by_their_codecs():
    assert all(kind.codec.kind == name for name, kind in KINDS.items())


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_file_but_a_kinds_own_asks_which_kind_it_is(path):
    name = relative(path)
    if any(name == own or (own.endswith("/") and name.startswith(own)) for own in OWN_FILES):
        return
    text = path.read_text()
    classes = "|".join(kind.codec.__name__ for kind in KINDS.values())
    names = "|".join(KINDS)
    assert not re.search(rf"\b({classes})\b", text), "names a codec's class"
    assert not re.search(rf"kind\s*[!=]=\s*[\"']({names})[\"']", text), "compares a kind's name"
    assert not re.search(r"len\([\w.]*shape\)\s*[!=<>]=?\s*\d", text), "tells kinds by their axes"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_files_begin_with_a_noun_and_public_names_are_documented(path):
    tree = ast.parse(path.read_text())
    docstring = ast.get_docstring(tree)
    assert docstring
    assert "?" not in docstring.split(".")[0], "the first sentence is a question"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}: {node.name}"


def functions(path):
    """Yield every function with its qualified name."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
                yield owner + child.name, child


def section(docstring, title):
    """Return the names in a section of a docstring in Google's style; None without the section."""
    found = re.search(rf"^{title}:\n((?:    .*\n?|\n)+)", docstring, re.M)
    return re.findall(r"^    (\*{0,2}\w+):", found.group(1), re.M) if found else None


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_args_and_raises_of_docstrings_agree_with_the_signature(path):
    for name, node in functions(path):
        docstring = ast.get_docstring(node) or ""
        arguments = node.args
        variadic = [arguments.vararg.arg] if arguments.vararg else []
        parameters = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        parameters += [*variadic, *(a.arg for a in arguments.kwonlyargs)]
        parameters = [p for p in parameters if p not in ("self", "cls")]
        documented = section(docstring, "Args")
        if documented is not None:
            assert documented == parameters, f"{name}: Args"
        for error in section(docstring, "Raises") or []:
            assert error.endswith("Error"), f"{name}: Raises {error}"
        numpy_style = re.search(r"^Parameters\n-+\n(.*)", docstring, re.S | re.M)
        if numpy_style:
            listed = re.findall(r"^(\w+)$", numpy_style.group(1), re.M)
            assert listed == parameters, f"{name}: Parameters"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_parameters_of_classes_in_scikit_learns_form_agree_with_their_init(path):
    for node in ast.parse(path.read_text()).body:
        docstring = ast.get_docstring(node) if isinstance(node, ast.ClassDef) else None
        parameters = sections(docstring or "").get("Parameters")
        if parameters is None:
            continue
        init = next(f for f in node.body if getattr(f, "name", "") == "__init__").args
        names = [each.arg for each in (*init.args[1:], *init.kwonlyargs)]
        values = [ast.unparse(each) for each in (*init.defaults, *init.kw_defaults)]
        listed = re.findall(r"^(\w+) : .+, default=(\S+)$", parameters, re.M)
        assert [name for name, _ in listed] == names
        assert [value.replace('"', "'") for _, value in listed] == values


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: str(p.relative_to(ROOT)))
def test_lines_are_at_most_100_columns(path):
    long = [i for i, line in enumerate(path.read_text().splitlines(), 1) if len(line) > 100]
    assert not long


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_files_are_at_most_350_lines_and_functions_60(path):
    assert len(path.read_text().splitlines()) <= 350
    for name, node in functions(path):
        body = node.body[1:] if ast.get_docstring(node) else node.body
        length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
        assert length <= 60 or name == LOOP, f"{name}: {length} lines"


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="installed without its checkout")
def test_the_map_names_every_file_and_no_other():
    page = (ROOT / "docs" / "map.md").read_text()
    block = re.search(r"```text map\n(.*?)```", page, re.S).group(1)
    mapped, folders = set(), []
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        folders = [*folders[:depth], name]
        if not name.endswith("/"):
            mapped.add("".join(folders))
    assert mapped == {str(p.relative_to(ROOT)) for p in FILES}


@pytest.mark.parametrize(
    "module", ["wgan.distances", "wgan.cli", "wgan.objectives.variants", "wgan.exported"]
)
def test_what_needs_no_torch_imports_none(module):
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
