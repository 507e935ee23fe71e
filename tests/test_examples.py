"""The files of `examples/`: programs run as they stand, and what manifests name is there."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import wgan
from wgan.cli import app

yaml = pytest.importorskip("yaml")

ROOT = Path(wgan.__file__).parents[2]
EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))
SLOW = ("compare_variants",)
"""Programs of a minute or more: four runs are trained and evaluated."""
SCRIPTS = sorted(EXAMPLES.glob("slurm/*.sh"))
MANIFESTS = sorted(EXAMPLES.glob("kubernetes/*.yaml"))
pytestmark = pytest.mark.skipif(not EXAMPLES.exists(), reason="installed without its checkout")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in SLOW else [])
        for path in PROGRAMS
    ],
)
def test_programs_run_as_they_stand(path, tmp_path):
    if path.stem == "export":
        pytest.importorskip("onnxruntime")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "WGAN_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", path],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()
    assert ast.get_docstring(ast.parse(path.read_text()))


def objects(path):
    return list(yaml.safe_load_all(path.read_text()))


def containers(path):
    """Yield the containers of a manifest, with the specification of their pods."""
    for each in objects(path):
        pod = each.get("spec", {}).get("template", {}).get("spec")
        if pod:
            yield from ((container, pod) for container in pod["containers"])


def words(container):
    return [*container["command"], *container.get("args", [])]


def test_there_is_one_of_each():
    assert [path.stem for path in SCRIPTS] == ["compare", "sample", "train"]
    assert len(PROGRAMS) == 8
    assert [path.stem for path in MANIFESTS] == ["compare", "install", "sample", "train"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_of_slurm_are_of_bash(path):
    assert path.read_text().startswith("#!/bin/bash\n")
    assert "set -euo pipefail" in path.read_text()
    subprocess.run(["bash", "-n", path], check=True)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_of_kubernetes_are_whole(path):
    claims = {each["metadata"]["name"] for each in objects(EXAMPLES / "kubernetes/install.yaml")}
    for each in objects(path):
        assert {"apiVersion", "kind", "metadata", "spec"} <= set(each)
    for container, pod in containers(path):
        assert all(isinstance(word, str) for word in words(container))
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
        for volume in volumes.values():
            assert volume.get("persistentVolumeClaim", {}).get("claimName", "shared") in claims
        if container["command"][0] == "sh":
            subprocess.run(["sh", "-n"], input=container["args"][0], text=True, check=True)


def test_pods_and_services_fit_together():
    """Numbers and names that stand twice in a manifest."""
    (job,) = (each for each in objects(EXAMPLES / "kubernetes/sample.yaml"))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (size,) = (each["value"] for each in container["env"] if each["name"] == "WORLD_SIZE")
    assert int(size) == job["spec"]["completions"] == job["spec"]["parallelism"]
    service, job = objects(EXAMPLES / "kubernetes/train.yaml")
    name = service["metadata"]["name"]
    assert name == job["spec"]["template"]["spec"]["subdomain"] == job["metadata"]["name"]
    script = job["spec"]["template"]["spec"]["containers"][0]["args"][0]
    assert f"--nnodes {job['spec']['completions']} " in script
    assert f"{name}-0.{name}:" in script


def test_the_comparison_is_a_command_that_is_understood():
    found = [words(container) for container, _ in containers(EXAMPLES / "kubernetes/compare.yaml")]
    (command,) = (each for each in found if each[0].endswith("/wgan"))
    parsed, bound, _ = app.parse_args(command[1:], exit_on_error=False, print_error=False)
    assert parsed.__name__ == "compare_command"
    assert bound.arguments["cluster"] == "tcp://wgan-scheduler:8786"
    assert any("tcp://wgan-scheduler:8786" in each for each in found[:-1])
