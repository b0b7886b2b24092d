"""What the tests of audits share."""

import json

import pytest

from harness.config import DataConfig
from harness.gold_tools.audit.report import audit


@pytest.fixture
def findings(tmp_path):
    """Writes a gold and gives what was found of some kinds, as (place, document, offsets, text, remark)."""

    def found(*kinds, **files):
        files.setdefault("entities", [{"doc": document["id"]} for document in files["documents"]])
        for name, records in files.items():
            lines = "".join(json.dumps(record) + "\n" for record in records)
            (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        return [one for one in audit(DataConfig(name="x", gold=str(tmp_path))) if not kinds or one.kind in kinds]

    return found
