"""`python -m tools.readme`: makes the tables in README.md and docs/ again; a test fails when they are stale."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from harness.comparison.compare import make_tables
from harness.comparison.stored import read_runs
from harness.config import kind_class
from harness.records import TASKS
from harness.report.layout import render
from harness.run_folder import find_runs

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
# As wide as GitHub shows a code block without scrolling.
WIDTH = 108


def results() -> str:
    """What `make run` prints, without times, which differ from run to run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "harness", "-m", "model=baseline,tiny", f"results={folder}"]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
        runs, _ = read_runs(find_runs(Path(folder)))
        tables = make_tables(runs)
        lines = [str(line).rstrip() for table in tables for line in [*render(table, WIDTH, timed=False), ""]]
    return "```text\n" + "\n".join(lines).rstrip() + "\n```"


def models() -> str:
    """One row per file of conf/model."""
    rows = ["| `model=` | answers | what it is |", "| --- | --- | --- |"]
    for path in sorted((ROOT / "conf" / "model").glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        answers = ", ".join(task for task in TASKS if task in content)
        rows.append(f"| `{path.stem}` | {answers} | {content['about']} |")
    return "\n".join(rows)


def _metric_files() -> dict[str, list[tuple[str, str, bool]]]:
    """By task: each file of conf/metric, what it measures, and whether it is scored unless told otherwise."""
    defaults = yaml.safe_load((ROOT / "conf" / "evaluate.yaml").read_text(encoding="utf-8"))["defaults"]
    usual = next(entry["metric"] for entry in defaults if isinstance(entry, dict) and "metric" in entry)
    found: dict[str, list[tuple[str, str, bool]]] = {task: [] for task in TASKS}
    for path in sorted((ROOT / "conf" / "metric").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        about = re.sub(r"^conf/metric/\w+\.yaml:\s*", "", text.splitlines()[0].removeprefix("#").strip())
        (values,) = yaml.safe_load(text).values()
        found[kind_class("metric", values["kind"]).task].append((path.stem, about, path.stem in usual))
    return found


def metrics() -> str:
    """One row per task: the names of its metrics."""
    rows = ["| task | scored by default | with `metric=[...]` |", "| --- | --- | --- |"]
    for task, files in _metric_files().items():
        usual = ", ".join(f"`{name}`" for name, _, default in files if default)
        rows.append(f"| {task} | {usual} | {', '.join(f'`{name}`' for name, _, default in files if not default)} |")
    return "\n".join(rows)


def metric_catalogue() -> str:
    """One table per task, one row per file of conf/metric; then what the docstrings say of agreement with people."""
    parts = []
    measured = []
    for task, files in _metric_files().items():
        rows = [f"| `{name}`{' (default)' if default else ''} | {about} |" for name, about, default in files]
        parts.append("\n".join([f"### {task}", "", "| `metric=` | what it measures |", "| --- | --- |", *rows]))
        measured += [f"- `{name}`: {found}" for name, _, _ in files if (found := _agreement(name))]
    return "\n\n".join([*parts, "\n".join(["### Measured agreement with people", "", *measured])])


def _agreement(name: str) -> str | None:
    """The paragraph `Agreement with people` of the kind of this name, where it was measured; None for variants."""
    path = ROOT / "harness" / "metric" / f"{name}.py"
    if not path.is_file():
        return None
    found = re.search(r"\n    Agreement with people: (.*?)\n\n", path.read_text(encoding="utf-8"), re.DOTALL)
    said = " ".join(found[1].split()) if found else ""
    return said if re.search("correlation|Pearson|AUC", said) else None


def conformance() -> str:
    """What `python -m harness conformance --format md` prints."""
    from harness.conformance import run_traps, table

    return table(run_traps()).rstrip()


DOCS = ROOT / "docs"
# Where each part stands, and what makes it.
PARTS: dict[str, tuple[Path, Callable[[], str]]] = {
    "results": (README, results),
    "models": (README, models),
    "metrics": (README, metrics),
    "metric_catalogue": (DOCS / "metrics.md", metric_catalogue),
    "conformance": (DOCS / "conformance.md", conformance),
}


def block(text: str, name: str) -> str:
    """What stands in a file between the marks of a part."""
    found = re.search(rf"<!-- made by tools/readme.py: {name} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    if found is None:
        raise ValueError(f"there are no marks for {name!r}")
    return found.group(1)


def main() -> None:
    """Puts every part in its place."""
    for name, (path, make) in PARTS.items():
        text = path.read_text(encoding="utf-8")
        mark = f"<!-- made by tools/readme.py: {name} -->\n"
        path.write_text(text.replace(mark + block(text, name), mark + make() + "\n"), encoding="utf-8")


if __name__ == "__main__":
    main()
