import json

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core

GOLD = "Ann\tB-PER\nLee\tI-PER\nleft\tO\nRome\tB-LOC\n\nBo\tB-PER\nran\tO\n"
# Ann Lee is right, but begins with I-; Rome has the wrong label; Bo is right.
ANSWERS = "Ann\tI-PER\nLee\tI-PER\nleft\tO\nRome\tB-ORG\n\nBo\tB-PER\nran\tO\n"


@pytest.fixture
def run(tmp_path, capsys):
    for name, text in (("gold", GOLD), ("answers", ANSWERS)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.conll").write_text(text, encoding="utf-8")
    code = command(
        [
            *("data=local", "data.name=made", "data.format=conll", f"data.gold={tmp_path / 'gold' / 'a.conll'}"),
            *("model=predictions", "model.name=odd", "model.format=conll"),
            *(f"model.path={tmp_path / 'answers' / 'a.conll'}", "data.labels.entities=[PER,LOC,ORG]"),
            *("task=ner", "metric=[entity_f1,dialects]", f"results={tmp_path / 'results'}", "interval.resamples=100"),
        ]
    )
    assert code == 0
    return tmp_path / "results", capsys.readouterr()


def test_every_dialect_has_its_row_and_its_reason(run, capsys):
    results, said = run
    lines = said.out.splitlines()
    found = {line.split()[0]: line.split() for line in lines if line.split()[:1]}
    # Two of three right, of three given; strict IOB2 drops the entity that begins with I-: one of three, of two.
    assert found["conlleval"][2:5] == ["66.67", "66.67", "66.67"]
    assert found["seqeval_strict_iob2"][2:5] == ["50.00", "33.33", "40.00"]
    assert any(line.startswith("seqeval_strict_iob2: 26.67 points below strict: ") for line in lines)
    assert "1 invalid transition" in said.err
    assert command(["compare", str(results), "--format", "md"]) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| seqeval_strict_iob2")]
    assert [cell.strip() for cell in table[0].split("|")[3:6]] == ["50.00", "33.33", "40.00"]


def test_a_run_without_dialects_has_no_such_table(tmp_path, capsys):
    code = command(["model=lead", "task=summarization", "metric=[length]", f"results={tmp_path}"])
    assert code == 0
    assert "dialects:" not in capsys.readouterr().out
    assert command(["compare", str(tmp_path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["tables"]
