"""What the tests of audits share."""

import runpy
from pathlib import Path

import pytest

from harness.config import DataConfig
from harness.gold_tools.audit.report import audit

write = runpy.run_path(str(Path(__file__).parents[1] / "made_gold.py"))["write"]


@pytest.fixture
def findings(tmp_path):
    """Writes a gold and gives what was found of some kinds, as (place, document, offsets, text, remark)."""

    def found(*kinds, **files):
        files.setdefault("entities", [{"doc": document["id"]} for document in files["documents"]])
        write(tmp_path, **files)
        return [one for one in audit(DataConfig(name="x", gold=str(tmp_path))) if not kinds or one.kind in kinds]

    return found
