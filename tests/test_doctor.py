"""What is installed and what runs, told without changing or downloading anything."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

import harness.doctor as doctor_module
from harness.__main__ import command
from harness.doctor import doctor
from harness.resources import PACKAGE, shipped

pytestmark = pytest.mark.core


def lines_of(text, section):
    block = text.split(f"\n{section}\n")[1].split("\n\n")[0]
    return {line.split()[0]: line for line in block.splitlines()}


def test_a_whole_installation(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command(["doctor"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("harness 0.")
    assert re.search(r"^  numpy +ok +\d", text, re.MULTILINE)
    assert text.endswith("every part that a run needs is there\n")
    assert list(tmp_path.iterdir()) == []


def test_every_dependency_of_pyproject_is_looked_at(tmp_path):
    import tomllib

    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text, _ = doctor(tmp_path)
    for requirement in project["dependencies"]:
        name = re.match(r"[\w.-]+", requirement)[0]
        assert re.search(rf"^  {name} +(ok|BROKEN)", text, re.MULTILINE)
    extras = lines_of(text, "extras")
    assert set(extras) == set(project["optional-dependencies"])
    for name, line in extras.items():
        assert re.match(rf"\s*{name} +(ok|-) +\w|\s*{name} +(ok|-) +`", line), line


def test_models_without_weights_run_and_others_say_what_is_lacking(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    models = lines_of(doctor(tmp_path)[0], "models")
    assert set(models) == {path.stem for path in (shipped("conf") / "model").glob("*.yaml")}
    assert re.search(r"lead +ok +summarization$", models["lead"])
    assert "set model.path=..." in models["predictions"]
    assert re.search(r"bert_conll +- +ner: .*dslim/bert-base-NER", models["bert_conll"])


def test_a_package_that_is_gone_is_broken_and_named(tmp_path, monkeypatch):
    real = doctor_module.version

    def version(name):
        if name == "pyarrow":
            raise PackageNotFoundError(name)
        return "1.0" if name == "numpy" else real(name)

    monkeypatch.setattr(doctor_module, "version", version)
    text, code = doctor(tmp_path)
    assert code == 1
    assert re.search(r"^  pyarrow +BROKEN +not installed; pip install 'pyarrow>=19'$", text, re.MULTILINE)
    assert re.search(r"^  numpy +BROKEN +1\.0 is installed, >=1\.26 is needed", text, re.MULTILINE)
    assert text.endswith("broken: pyarrow, numpy\n")


def test_a_package_that_cannot_be_imported_is_broken(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    text, code = doctor(tmp_path)
    assert code == 1
    assert "import scipy" in text


def test_an_extra_that_is_not_installed_names_its_pip_command(tmp_path, monkeypatch):
    real = doctor_module.version

    def version(name):
        if name in ("torch", "spacy", "gliner2", "codecarbon"):
            raise PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(doctor_module, "version", version)
    extras = lines_of(doctor(tmp_path)[0], "extras")
    assert "pip install torch" in extras["hf"]
    assert re.search(r"spacy +- +data\.format=spacy, model=spacy; pip install spacy", extras["spacy"])
    assert extras["gliner2"].endswith("model=gliner2; pip install 'gliner2[local]'")
    assert extras["energy"].endswith("energy=true; pip install codecarbon")
    assert doctor(tmp_path)[1] == 0


def test_without_torch_nothing_asks_for_it(tmp_path):
    """In a process where torch cannot be found, the rest is still told."""
    code = (
        "import importlib.util, sys\n"
        "real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'torch' else real(name, *a)\n"
        "from harness.__main__ import command\n"
        "code = command(['doctor'])\n"
        "assert 'torch' not in sys.modules\n"
        "sys.exit(code)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False,
        env={"PYTHONPATH": str(PACKAGE.parent), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert (found.returncode, found.stderr) == (0, "")
    assert re.search(r"^  torch +- +not installed", found.stdout, re.MULTILINE)
    assert re.search(r"^  bert_conll +- +ner: needs torch", found.stdout, re.MULTILINE)


def test_results_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    text, code = doctor(tmp_path / "file" / "results")
    assert "cannot be written" in lines_of(text, "folders")["results"]
    assert code == 0
    good, _ = doctor(tmp_path / "new" / "results")
    assert "can be written" in lines_of(good, "folders")["results"]
    assert not (tmp_path / "new").exists()
    assert Path(tmp_path / "file").read_text(encoding="utf-8") == ""
