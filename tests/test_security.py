"""What the package's own code never does; test_config, test_compose and test_main say what configurations cannot."""

import ast
from pathlib import Path

import pytest

import harness

pytestmark = pytest.mark.core

SOURCES = sorted(Path(harness.__file__).parent.rglob("*.py"))
FORBIDDEN_NAMES = {"instantiate", "get_class", "get_method", "get_object", "eval", "exec", "compile_command", "mktemp"}
FORBIDDEN_MODULES = {"pickle", "dill", "joblib", "shelve", "marshal", "sqlitedict", "diskcache", "cloudpickle"}


def faults(tree):
    """What a module does that none may: import a pickle, call what runs text, load YAML that builds objects."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            yield from (name for name in names if name.partition(".")[0] in FORBIDDEN_MODULES)
            yield from (name for name in names if name.rpartition(".")[2] in FORBIDDEN_NAMES)
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = getattr(node.func.value, "id", "") if isinstance(node.func, ast.Attribute) else ""
        if called in FORBIDDEN_NAMES and owner not in ("re", "model", "self"):
            yield called
        keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if owner == "yaml" and called in ("load", "load_all") and "BaseLoader" not in keywords.get("Loader", ""):
            yield f"yaml.{called}"
        if owner == "yaml" and called.startswith(("unsafe_", "full_")):
            yield f"yaml.{called}"
        if keywords.get("shell") == "True" or keywords.get("trust_remote_code") == "True":
            yield "shell" if "shell" in keywords else "trust_remote_code"
        if keywords.get("weights_only") == "False":
            yield "weights_only"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(SOURCES[0].parent)))
def test_no_module_runs_what_data_says(path):
    assert list(faults(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from hydra.utils import instantiate",
        "import hydra\nhydra.utils.instantiate(x)",
        "eval(x)",
        "import yaml\nyaml.load(x, Loader=yaml.Loader)",
        "import yaml\nyaml.unsafe_load(x)",
        "subprocess.run(x, shell=True)",
        "AutoModel.from_pretrained(x, trust_remote_code=True)",
        "torch.load(x, weights_only=False)",
    ],
)
def test_the_check_itself_finds_them(code):
    assert list(faults(ast.parse(code)))
