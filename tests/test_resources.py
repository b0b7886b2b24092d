"""Where shipped files lie."""

from pathlib import Path

import pytest

from harness import resources
from harness.resources import resolve, shipped

pytestmark = pytest.mark.core


def test_what_ships_is_there():
    for name in ("conf/evaluate.yaml", "seeds", "gold/seed/entities.jsonl"):
        assert shipped(name).exists(), name
    assert resolve("package:seeds") == shipped("seeds")
    assert shipped("weights/tiny_ner").parent.parent == resources.PACKAGE


def test_other_paths_are_the_user_s(monkeypatch, tmp_path):
    assert resolve("a/b") == Path("a/b")
    assert resolve("/a/package:b") == Path("/a/package:b")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve("~/x") == tmp_path / "x"


def test_an_installed_package_holds_its_own_data(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "PACKAGE", tmp_path / "harness")
    assert shipped("conf") == tmp_path / "conf"
    (tmp_path / "harness/_data").mkdir(parents=True)
    assert shipped("conf") == tmp_path / "harness/_data/conf"
    assert shipped("weights/tiny_ner") == tmp_path / "harness/weights/tiny_ner"
