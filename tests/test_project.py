"""The project keeps its own promises: what the README prints, what installs, what imports what."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.config import kinds
from harness.records import TASKS
from tools import readme

pytestmark = pytest.mark.core
ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", readme.PARTS)
def test_the_readme_is_not_stale(name):
    path, make = readme.PARTS[name]
    assert readme.block(path.read_text(encoding="utf-8"), name).strip() == make().strip(), (
        "run `python -m tools.readme`"
    )


def test_the_readme_names_no_file_that_is_not_there():
    for target in re.findall(r"\]\(([\w./-]+)\)", TEXT):
        assert (ROOT / target).exists(), target


def test_the_locks_install_what_the_project_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = (ROOT / "requirements" / "base.in").read_text(encoding="utf-8").splitlines()
    assert [line for line in listed if not line.startswith("#")] == project["dependencies"]
    locked = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["hf"]]:
        name = re.match(r"[\w-]+", requirement).group(0)
        assert name == "torch" or re.search(rf"^{name}==\S+ .*\\$", locked, re.MULTILINE), requirement
    assert (ROOT / "requirements" / "torch.txt").read_text(encoding="utf-8").split() == ["torch==2.13.0"]


def pins_of(lock):
    """What a lock file installs: package -> versions, several where they differ between Pythons."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==(\S+)[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(found) == len(re.findall(r"^\S", text, re.MULTILINE)), f"{lock}.txt: a line is no pin with hashes"
    pins = {}
    for name, version in found:
        pins.setdefault(canonicalize_name(name), set()).add(version)
    return pins


def test_every_extra_is_locked_so_that_its_tests_run():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locks = [pins_of(lock) for lock in ("run", "dev", "trackers")]
    for extra, requirements in project["optional-dependencies"].items():
        for requirement in map(Requirement, requirements):
            versions = {version for pins in locks for version in pins.get(canonicalize_name(requirement.name), ())}
            assert requirement.name == "torch" or versions, f"{extra}: {requirement.name} is in no lock"
            assert all(version in requirement.specifier for version in versions), f"{extra}: {requirement}"


def test_locks_agree_and_leave_torch_to_its_own():
    """A pin of torch, or of what its builds for GPUs bring, would replace the build that a machine has."""
    locks = [pins_of(lock) for lock in ("run", "dev", "trackers")]
    versions = {}
    for pins in locks:
        assert {"torch", "triton", "nvidia-cublas"} & set(pins) == set()
        for name, found in pins.items():
            assert versions.setdefault(name, found) == found, name


# Each layer may import those after it, never one before; siblings only as STYLE allows.
LAYERS = (
    {"__main__", "application", "cli", "command", "predict_only", "api"},
    {
        "evaluate",
        "rescore",
        "report",
        "show",
        "doctor",
        "catalogue",
        "schema",
        "gold_tools",
        "comparison",
        "gate",
        "conformance",
        "traps",
        "meta_evaluation",
        "system_scores",
        "annotators",
        "headroom",
        "query",
        "export",
        "importing",
        "gold_agreement",
    },
    {
        "plan",
        "predict",
        "run_folder",
        "prediction_file",
        "scoring",
        "statistics",
        "judging",
        "findings",
        "dry_run",
        "counts",
        "measurement",
    },
    {"engine", "task"},
    {"gold", "journal", "stance_columns"},
    {"compose", "checking", "files", "config", "label_map", "prompt_files", "sentences"}
    | {"model", "metric", "format", "foreign", "judge", "source"},
    {"records", "errors", "required", "resources", "usage", "tables", "tags", "coded", "energy", "said"},
)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("harness."):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("harness."))


def layer(module):
    name = module.split(".")[1]
    return next(number for number, names in enumerate(LAYERS) if name in names)


# A model may be told about the corpus (`prepare`), for its type or to look records up.
ALLOWED = {("harness.model", "harness.gold")}


def test_imports_point_one_way():
    wrong = []
    for path in sorted((ROOT / "harness").rglob("*.py")):
        if path.name == "__init__.py":
            continue
        module = ".".join(("harness", *path.relative_to(ROOT / "harness").with_suffix("").parts))
        for other in imported(path):
            upwards = layer(other) < layer(module)
            excused = any(module.startswith(a) and other.startswith(b) for a, b in ALLOWED)
            if upwards and not excused:
                wrong.append(f"{module} imports {other}")
    assert not wrong


def test_metrics_see_records_and_nothing_else():
    for path in sorted((ROOT / "harness" / "metric").glob("*.py")):
        for other in imported(path):
            known = ("metric", "records", "sentences", "tags", "errors")
            if path.stem == "entity_slices":
                known += ("files", "resources")  # the names that training data has come from a file of the user's
            assert other.split(".")[1] in known, f"{path.name} imports {other}"


def test_what_is_offered_as_a_kind_is_one():
    for group in ("model", "metric", "task", "engine"):
        used = set()
        for path in (ROOT / "conf" / group).glob("*.yaml"):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            parts = [content, *(part for part in content.values() if isinstance(part, dict))]
            used |= {part["kind"] for part in parts if "kind" in part}
        assert set(kinds(group)) == used, group


def test_every_kind_has_a_configuration_and_a_test():
    for group in ("metric", "task", "engine"):
        for path in sorted((ROOT / "conf" / group).glob("*.yaml")):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            kind = content["kind"] if group == "engine" else next(iter(content.values()))["kind"]
            assert (ROOT / "harness" / group / f"{kind}.py").exists()
            assert (ROOT / "tests" / group / f"test_{kind}.py").exists(), f"{group} {kind} has no test"
    for path in sorted((ROOT / "conf" / "model").glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for task in TASKS:
            if task in content:
                kind = content[task]["kind"]
                assert (ROOT / "harness" / "model" / f"{kind}.py").exists()
                assert (ROOT / "tests" / "model" / f"test_{kind}.py").exists(), f"model {kind} has no test"
    for path in sorted((ROOT / "harness" / "format").glob("[a-z]*.py")):
        if "\ndef read(" in path.read_text(encoding="utf-8") and path.stem not in ("base", "limits"):
            assert (ROOT / "tests" / "format" / f"test_{path.stem}.py").exists(), f"format {path.stem} has no test"
