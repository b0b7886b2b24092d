"""A wheel works outside the repository: configuration, seed text, gold and weights are inside it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.core
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder into which a freshly built wheel was unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed, cwd, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", "from harness.__main__ import main; main()", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def test_the_main_job_runs_from_an_empty_folder(installed, tmp_path):
    done = run(installed, tmp_path, "model=lead")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "seed" / "summarization" / "lead" / "scores.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results"]


def test_its_results_are_those_of_a_checkout(installed, tmp_path):
    assert run(installed, tmp_path, "model=majority", "results=wheel").returncode == 0
    checkout = [sys.executable, "-m", "harness", "model=majority", f"results={tmp_path / 'checkout'}"]
    subprocess.run(checkout, cwd=ROOT, check=True, capture_output=True)
    for name in ("scores.json", "config.yaml", "scores.csv", "predictions.parquet", "counts.parquet"):
        place = Path("seed") / "stance" / "majority" / name
        assert (tmp_path / "wheel" / place).read_bytes() == (tmp_path / "checkout" / place).read_bytes(), name


def test_it_holds_what_it_needs_and_no_published_data(installed):
    files = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    for needed in (
        "harness/_data/conf/evaluate.yaml",
        "harness/_data/seeds/000_65dd1ba08ac326c9.txt",
        "harness/_data/gold/seed/entities.jsonl",
        "harness/_data/gold/seed/GUIDELINES.md",
        "harness/weights/tiny_ner/model.safetensors",
        "harness/weights/tiny_stance/model.safetensors",
        "harness/weights/tiny_summarization/model.safetensors",
        "harness/model/data/names.txt",
        "harness/report/html/templates/report.html.j2",
        "harness/report/html/templates/documents.html.j2",
        "harness/report/html/static/report.css",
        "harness/report/html/static/documents.js",
    ):
        assert needed in files, needed
    assert not [name for name in files if name.endswith(".pth") or name.startswith(("tests/", "training/", "tools/"))]
