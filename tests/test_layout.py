"""The house rules: stages import only earlier ones, every file says its question, public names are
documented, the map is true.
"""

import ast
import re
from pathlib import Path

import pytest

import wgan

SOURCE = Path(wgan.__file__).parent
ROOT = SOURCE.parents[1]
FILES = sorted(SOURCE.rglob("*.py"))
STAGES = [
    "errors",
    "files",
    "seeding",
    "intervals",
    "provenance",
    "distances",
    "data",
    "networks",
    "objectives",
    "training",
    "audit",
    "evaluation",
    "report",
    "estimator",
    "demos",
    "sources",
    "jobs",
    "cli",
]
FREE = {
    "objectives": {"errors"},
    "distances": {"errors"},
    "evaluation": {"errors", "files", "seeding", "intervals", "distances", "data"},
    "audit": {"errors", "seeding", "distances", "networks", "objectives"},
}


def imported_stages(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("wgan."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.ImportFrom) and node.module == "wgan":
            yield from (alias.name for alias in node.names if alias.name in STAGES)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_stage_imports_only_stages_before_it(path):
    stage = path.relative_to(SOURCE).with_suffix("").parts[0]
    if stage in ("__init__", "__main__"):
        return
    for other in imported_stages(path):
        assert STAGES.index(other) <= STAGES.index(stage), f"{path} imports {other}"
        if stage in FREE and other != stage:
            assert other in FREE[stage], f"{path} imports {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_and_public_names_say_what_they_are(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}: {node.name}"


@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="installed without its checkout")
def test_the_readmes_map_names_every_file_and_no_other():
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"```text map\n(.*?)```", readme, re.S).group(1)
    mapped, folders = set(), []
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        folders = [*folders[:depth], name]
        if not name.endswith("/"):
            mapped.add("".join(folders))
    assert mapped == {str(p.relative_to(ROOT)) for p in FILES}


def test_distances_import_without_torch():
    import subprocess
    import sys

    program = "import sys, wgan.distances; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
