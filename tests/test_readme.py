"""The recipes of the README work as they are printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.core
ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENTITIES = (
    '{"doc": "d1", "start": 0, "end": 6, "label": "GPE", "text": "Russia"}\n'
    '{"doc": "d2", "start": 9, "end": 14, "label": "GPE", "text": "Paris"}\n'
)


def recipe(title):
    """The indented lines of a section, up to the next paragraph."""
    section = README.split(f"## {title}\n", 1)[1]
    return re.search(r"((?:    .*\n)+)", section).group(1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder in which the five lines were given, with the annotation that their comment asks for."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "articles").mkdir()
    (folder / "articles" / "d1.txt").write_text("Russia said no. It was May.", encoding="utf-8")
    (folder / "articles" / "d2.txt").write_text("He is in Paris.", encoding="utf-8")
    first, rest = recipe("Your own corpus, in five lines").split("    # write corpus/gold", 1)
    run(folder, first)
    (folder / "corpus/gold/entities.jsonl").write_text(ENTITIES, encoding="utf-8")
    said = run(folder, rest.split("\n", 1)[1])
    return folder, said


def run(folder, script):
    environment = {
        **os.environ,
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(["bash", "-ec", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_five_lines_evaluate_an_own_corpus(corpus):
    folder, said = corpus
    assert "every check passed" in said
    assert (folder / "results/mine/ner/tiny/scores.json").is_file()


def test_three_lines_score_own_predictions(corpus):
    folder, _ = corpus
    (folder / "mysystem.jsonl").write_text(ENTITIES, encoding="utf-8")
    said = run(folder, recipe("Your own predictions, in three"))
    assert re.search(r"^ mysystem +100\.0", said, re.MULTILINE)
    python = re.search(r"From Python:\n\n((?:    .*\n)+)", README).group(1)
    code = "\n".join(line[4:] for line in python.splitlines())
    assert run(folder, f"python - <<'END'\n{code}\nEND").startswith("1.0 ")
