"""Which scores may decide a gate: never a language model's verdicts alone."""

import runpy
import shutil
from pathlib import Path

import pytest

from harness.__main__ import command
from harness.errors import ConfigError
from harness.gate.check import check
from harness.gate.gates import Gate, GatedScore

pytest.importorskip("openai")
pytestmark = pytest.mark.core
TESTS = Path(__file__).resolve().parents[1]
endpoint = runpy.run_path(str(TESTS / "made_endpoint.py"))
made = runpy.run_path(str(TESTS / "made_gate.py"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Five summaries scored by word overlap and by a judge that likes them all; twice the same."""
    folder = tmp_path_factory.mktemp("judged")
    names = [f"d{n}" for n in range(5)]
    made["write_lines"](folder / "documents.jsonl", [{"id": name, "text": f"The horse {name} ran."} for name in names])
    made["write_lines"](folder / "summaries.jsonl", [{"doc": name, "text": f"{name} ran."} for name in names])
    rule = lambda body, number: endpoint["reply"](endpoint["completion"]('{"score": 5}'))  # noqa: E731
    with endpoint["serve"](rule) as server:
        judge = "metric.llm_judge.judge.model"
        arguments = [
            "data=local", "data.name=made", f"data.documents={folder / 'documents.jsonl'}", f"data.gold={folder}",
            "model=lead", "task=summarization", f"results={folder / 'results'}", "interval.resamples=100",
            "metric=[rouge,llm_judge]", f"{judge}.base_url={server.url}", f"{judge}.served_model=m",
            "metric.llm_judge.repeats=1", "metric.llm_judge.orders=document_first",
        ]  # fmt: skip
        assert command(arguments) == 0
    (baseline,) = shutil.copytree(folder / "results", folder / "baseline").glob("made/summarization/lead")
    return {"run": folder / "results" / baseline.relative_to(folder / "baseline"), "baseline": baseline}


def gate(*scores):
    return Gate(name="mine", scores=tuple(GatedScore(metric=name) for name in scores))


@pytest.mark.parametrize("scores", [["judge.overall"], ["judge.overall", "judge.fluency"]])
def test_a_judge_alone_decides_no_gate(runs, scores):
    with pytest.raises(ConfigError, match=r"gate mine: of summarization it looks at judge\.overall.* opinions"):
        check([runs["run"]], baseline=runs["baseline"], gate=gate(*scores))


@pytest.mark.parametrize("scores", [["rouge1.f1"], ["judge.overall", "rouge1.f1"]])
def test_beside_another_score_it_may(runs, scores):
    verdict = check([runs["run"]], baseline=runs["baseline"], gate=gate(*scores))
    assert verdict.exit_code == 0
    assert {finding.check for finding in verdict.findings} == set(scores)
