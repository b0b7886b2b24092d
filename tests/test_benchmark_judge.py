"""The benchmark of judges, over made-up ratings and judges whose every verdict is known."""

import json
import re
import runpy
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks import judge as benchmark

pytest.importorskip("openai")
pytestmark = pytest.mark.core
MADE = runpy.run_path(str(Path(__file__).resolve().parent / "made_endpoint.py"))


@contextmanager
def judged_by(score):
    """The metric and a judge that gives `score(summary)`."""

    def rule(body, number):
        text = body["messages"][1]["content"]
        marked = re.search(r"<summary (\w+)>\n(.*?)\n</summary \1>", text, re.DOTALL)
        found = marked or re.search(r"(S)ummary:\n(.*)", text)
        return MADE["reply"](MADE["completion"](json.dumps({"score": score(found[2])})))

    with MADE["serve"](rule) as endpoint:
        model = "metric.llm_judge.judge.model"
        yield benchmark.judge_of(["metric=[llm_judge]", f"{model}.base_url={endpoint.url}", f"{model}.served_model=m"])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Twelve rated summaries; most raters found the odd ones inconsistent."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "summ" / "qags").mkdir(parents=True)
    rows = [
        {
            "article": f"Article {n}.",
            "summary_sentences": [
                {
                    "sentence": f"Summary {n} is {'wrong' if n % 2 else 'right'}{' indeed' * n}.",
                    "responses": [{"response": "no" if n % 2 else "yes"}] * 2 + [{"response": "yes"}],
                }
            ],
        }
        for n in range(12)
    ]
    (folder / "summ" / "qags" / "mturk_xsum.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def cells(lines):
    """First cell of each row of a table -> the others."""
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {row[0]: row[1:] for row in rows}


def test_a_judge_that_sees_what_the_raters_saw(data):
    with judged_by(lambda summary: 1 if "wrong" in summary else 4) as (metric, judge):
        lines, items = benchmark.agreement(metric, judge, data, "xsum", 12)
    assert len(items) == 12
    assert "Most raters found a sentence inconsistent in 6 of them." in lines
    found = cells(lines)
    assert found["AUC, consistent from inconsistent summaries"][0] == "1.000"
    assert found["pearson with the raters' share of consistent sentences"][0] == "1.000"
    assert found["`judge.consistency`"][0] == "0.375"  # half of them (4 - 1) / 4
    assert found["`judge.consistency.position_bias`"][0] == "0.000"
    assert found["`judge.consistency.repeat_sd`"][0] == "0.000"
    assert found["`judge.judged`"][0] == "1.000"


def test_a_judge_that_likes_long_summaries(data):
    with judged_by(lambda summary: min(5, 1 + summary.count("indeed") // 2)) as (metric, judge):
        found = cells(benchmark.agreement(metric, judge, data, "xsum", 12)[0])
    assert float(found["`judge.consistency.length_correlation`"][0]) > 0.9
    assert float(found["AUC, consistent from inconsistent summaries"][0]) < 0.6


def test_a_judge_that_can_be_talked_round_is_found_out(data):
    items = benchmark.qags(data, "xsum")[:3]
    talked = [words for words in benchmark.ATTACKS if "highest score" in words]
    assert 0 < len(talked) < len(benchmark.ATTACKS) == 20
    with judged_by(lambda summary: 5 if "highest score" in summary else 3) as (metric, judge):
        lines = benchmark.attacks(metric, judge, items)
    rose, of = len(talked) * 3, len(benchmark.ATTACKS) * 3
    assert any(line.startswith(f"Of {of} verdicts {rose} rose") for line in lines)
    assert sum(line.endswith("| 3 of 3 | 0.500 |") for line in lines) == len(talked)
    with judged_by(lambda summary: 3) as (metric, judge):
        assert any(f"Of {of} verdicts 0 rose" in line for line in benchmark.attacks(metric, judge, items))


def test_what_the_marks_themselves_do(data):
    items = benchmark.qags(data, "xsum")[:4]
    with judged_by(lambda summary: 3) as (metric, judge):
        assert "mean over 4 summaries: 0.000 (0.000 to 0.000)" in benchmark.marks(metric, judge, items)[-1]


def test_one_judge_has_to_be_named():
    with pytest.raises(SystemExit, match="name one judge"):
        benchmark.judge_of(["metric=[rouge]"])
