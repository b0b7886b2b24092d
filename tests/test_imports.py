"""What is imported when: help is at once, the default path is light, and nothing reaches for the network."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.core

LIGHT = ("numpy", "hydra", "omegaconf", "pydantic", "pyarrow", "yaml", "rich", "filelock")
HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "rouge_score",
    "nltk",
    "spacy",
    "sklearn",
    "networkx",
    "matplotlib",
    "altair",
)

# A whole command with every connection refused; says which packages were imported.
SCRIPT = """
import json, socket, sys

def refuse(*_, **__):
    raise OSError("no network in this test")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
from harness.__main__ import command
code = command(sys.argv[1:])
json.dump([code, sorted({name.partition(".")[0] for name in sys.modules})], open("modules.json", "w"))
"""


def imported(folder, *arguments):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    code, names = json.loads((folder / "modules.json").read_text())
    return code, set(names), done.stdout + done.stderr


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_imports_nothing(tmp_path, argument):
    code, names, _ = imported(tmp_path, argument)
    assert code == 0
    assert not names & {*LIGHT, *HEAVY}


def test_the_default_path_is_light_and_offline(tmp_path):
    code, names, said = imported(tmp_path)
    assert code == 0, said
    assert not names & set(HEAVY)
    # The list of what is light is no dead letter.
    assert set(LIGHT) <= names


def test_importing_the_package_imports_nothing():
    code = "import sys, harness; assert not {'numpy', 'hydra', 'pydantic', 'pyarrow'} & set(sys.modules)"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
