"""`python -m tools.baseline`: makes results/baseline/, which the project's own gate compares with; prints what moved.

The runs are those of conf/experiment/regression.yaml. A run whose answers, scores and configuration are as before keeps
its files, byte for byte, so that a commit shows what moved and nothing else. Of each run the files that `check` reads
are kept, and in `run.json` nothing of the machine or of time.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness.files import file_sha256, write_json
from harness.gate.answers import changes
from harness.gate.runs import scores_of
from harness.run_folder import StoredRun, find_runs, read_run

ROOT = Path(__file__).resolve().parent.parent
BASELINE = ROOT / "results" / "baseline"
FILES = ("config.yaml", "predictions.parquet", "counts.parquet", "scores.json")
_MOST_LINES = 10


def update(results: Path, baseline: Path) -> list[str]:
    """Puts the runs of a folder in the place of the baseline's; returns what moved, a line each.

    Args:
        results: Folder of complete runs.
        baseline: Folder of the baseline, which may not exist yet.
    """
    new = {folder.relative_to(results): folder for folder in find_runs(results)}
    old = {folder.relative_to(baseline): folder for folder in find_runs(baseline)} if baseline.exists() else {}
    lines = []
    for place in sorted({*new, *old}):
        if place not in new:
            shutil.rmtree(old[place])
            lines.append(f"{place}: gone")
            continue
        told = _moved(read_run(new[place]), read_run(old[place])) if place in old else ["new"]
        if told:
            _keep(new[place], baseline / place)
            lines += [f"{place}: {line}" for line in told]
    return lines


def _moved(new: StoredRun, old: StoredRun) -> list[str]:
    found = changes(new.folder, old.folder)
    lines = []
    if found.changed:
        lines.append(f"{len(found.changed)} of {found.examples} answers changed")
        lines += [f"  {line}" for line in found.changed[:_MOST_LINES]]
        more = len(found.changed) - _MOST_LINES
        lines += [f"  and {more} more"] if more > 0 else []
    if new.config != old.config:
        lines.append("its configuration changed")
    if new.scores != old.scores:
        before, after = _values(old), _values(new)
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                lines.append(f"{name}: {_shown(before.get(name))} -> {_shown(after.get(name))}")
        signatures = scores_of(new) != scores_of(old)
        lines.append("its scores changed" + (" and their signatures" if signatures else ""))
    return lines


def _values(run: StoredRun) -> dict[str, Any]:
    rows = run.scores["scores"]
    return {f"{row['metric']}/{row['average']}": row["value"] for row in rows if row["slice"] == "all"}


def _shown(value: Any) -> str:
    return "-" if value is None else f"{value:.4f}"


def _keep(run: Path, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for file in place.iterdir():
        file.unlink()
    for name in FILES:
        shutil.copyfile(run / name, place / name)
    content = json.loads((run / "run.json").read_text(encoding="utf-8"))
    hashes = {name: file_sha256(place / name) for name in FILES}
    write_json(place / "run.json", {"status": "complete", "versions": content["versions"], "files": hashes})


def main() -> None:
    """Runs the experiment and updates the baseline."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "harness", "+experiment=regression", f"results={folder}"]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(f"the runs failed ({done.returncode}); results/baseline is as it was")
        lines = update(Path(folder), BASELINE)
    print("\n".join(lines) if lines else "nothing moved")


if __name__ == "__main__":
    main()
