"""`python -m tools.readme`: makes the tables in README.md again; a test fails when they are stale."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from harness.compare import make_tables, read_runs
from harness.records import TASKS
from harness.report.terminal import render
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


def metrics() -> str:
    """One row per file of conf/metric; those that are scored unless told otherwise are marked."""
    defaults = yaml.safe_load((ROOT / "conf" / "evaluate.yaml").read_text(encoding="utf-8"))["defaults"]
    usual = next(entry["metric"] for entry in defaults if isinstance(entry, dict) and "metric" in entry)
    rows = ["| `metric=` | scored by default | what it is |", "| --- | --- | --- |"]
    for path in sorted((ROOT / "conf" / "metric").glob("*.yaml")):
        comment = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("#").strip()
        about = re.sub(r"^conf/metric/\w+\.yaml:\s*", "", comment)
        rows.append(f"| `{path.stem}` | {'yes' if path.stem in usual else ''} | {about} |")
    return "\n".join(rows)


PARTS = {"results": results, "models": models, "metrics": metrics}


def block(text: str, name: str) -> str:
    """What stands in the README between the marks of a part."""
    found = re.search(rf"<!-- made by tools/readme.py: {name} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    if found is None:
        raise ValueError(f"README.md has no marks for {name!r}")
    return found.group(1)


def main() -> None:
    """Puts every part in its place."""
    text = README.read_text(encoding="utf-8")
    for name, make in PARTS.items():
        mark = f"<!-- made by tools/readme.py: {name} -->\n"
        text = text.replace(mark + block(text, name), mark + make() + "\n")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
