"""What a dry run says of judges, held to what the run then asks them."""

import json
import runpy
from pathlib import Path

import pytest
import yaml

from harness.__main__ import command
from harness.dry_run import dry_run
from harness.engine.base import Stopped
from harness.evaluate import Progress, run_task
from harness.resources import shipped

pytest.importorskip("openai")
pytestmark = pytest.mark.core
HERE = Path(__file__).resolve().parent
MADE = runpy.run_path(str(HERE / "made_judged.py"))
TEXTS, ready, run = (MADE[name] for name in ("TEXTS", "ready", "run"))
SERVER = runpy.run_path(str(HERE / "made_endpoint.py"))
serve, reply, completion = (SERVER[name] for name in ("serve", "reply", "completion"))
SHIPPED = yaml.safe_load((shipped("conf") / "metric" / "llm_judge.yaml").read_text(encoding="utf-8"))
CRITERIA = SHIPPED["llm_judge"]["criteria"]
# Of each summary: criteria, orders, repeats.
EACH = 4 * 2 * 2


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    MADE["make_corpus"](tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def endpoint():
    broken = set()

    def rule(body, number):
        if any(word in body["messages"][1]["content"] for word in broken):
            return reply({"error": "no"}, status=400)
        return reply(completion('{"score": 4}'))

    with serve(rule) as endpoint:
        endpoint.broken = broken
        yield endpoint


@pytest.fixture
def server(endpoint):
    endpoint.broken.clear()
    endpoint.requests.clear()
    return endpoint


def judged(server, *more):
    keys = {"base_url": server.url, "served_model": "m", "concurrency": 1, "retries": 0}
    return [*(f"metric.llm_judge.judge.model.{key}={value}" for key, value in keys.items()), *more]


def rows(*more, metric="llm_judge"):
    """The rows below the model's own, one for each judge."""
    model, *judges = dry_run(ready(*more, metric=metric))
    assert (model["task"], model["model"], model["examples"]) == ("summarization", "lead", 3)
    return judges


def numbers(row):
    return row["examples"], row["stored"]


def test_a_run_without_judges_has_no_row_for_them():
    assert rows(metric="rouge") == []
    assert not Path("results").exists()


def test_before_there_are_summaries_it_is_at_most_so_many(server):
    (row,) = rows(*judged(server))
    assert numbers(row) == (3 * EACH, 0)
    assert row["model"] == f"judge of llm_judge: openai_compatible m at {server.url}, at most"
    assert (row["task"], row["resumes"], row["cost"]) == ("summarization", False, 0.0)
    assert server.requests == []
    assert not Path("results").exists()
    # And that many it is at most: two summaries are the same.
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    assert len(server.asked) == 2 * EACH


def test_of_summaries_that_are_there_it_is_exact(server):
    assert run(metric="rouge").exit_code == 0
    (row,) = rows(*judged(server))
    assert row["model"] == f"judge of llm_judge: openai_compatible m at {server.url}"
    assert numbers(row) == (2 * EACH, 0)
    # Each of the two texts is its own summary; beside both stand criterion, definition and order.
    told = sum(2 + len(definition.split()) for definition in CRITERIA.values())
    two = [text for name, text in TEXTS.items() if name != "d2"]
    assert row["words"] == sum(4 * (len(CRITERIA) * 2 * len(text.split()) + told) for text in two)
    assert server.requests == []
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    assert len(server.asked) == 2 * EACH


def test_what_is_stored_is_not_asked_again(server):
    found = ready(*judged(server), metric="llm_judge")
    with pytest.raises(Stopped):
        run_task(found.tasks[0], found.config, found.engine, progress=Progress(),
                 stop=lambda: 15 if len(server.asked) >= 5 else None)  # fmt: skip
    (row,) = rows(*judged(server))
    assert (*numbers(row), row["resumes"]) == (2 * EACH, 5, True)
    assert rows(*judged(server, "fresh=true"))[0]["stored"] == 0
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    assert len(server.asked) == 2 * EACH
    (row,) = rows(*judged(server))
    assert (*numbers(row), row["words"], row["resumes"]) == (2 * EACH, 2 * EACH, 0, False)


def test_what_failed_is_asked_again(server):
    server.broken.add("Anna")
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    (row,) = rows(*judged(server))
    assert numbers(row) == (2 * EACH, EACH)
    server.requests.clear()
    server.broken.clear()
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    assert len(server.asked) == EACH


def test_the_price_is_at_most_what_the_run_costs(server):
    assert run(metric="rouge").exit_code == 0
    priced = judged(server, *(f"metric.llm_judge.judge.model.{one}_price=1000" for one in ("input", "output")))
    (row,) = rows(*priced)
    assert run(*priced, metric="llm_judge").exit_code == 0
    # Four characters a token, and 64 tokens for each answer.
    characters = sum(len(message["content"]) for body in server.asked for message in body["messages"])
    assert row["cost"] == pytest.approx((characters / 4 + 64 * len(server.asked)) * 1000 / 1e6)


def test_a_metric_that_asks_about_each_sentence_says_so():
    (row,) = rows(metric="stance_preservation")
    assert row["model"] == "judge of stance_preservation: lexicon, with one sentence a summary"
    # One sentence of each of three summaries, and the two of each reference, of which two are the same text; what the
    # gold judges is a sentence of the reference.
    assert numbers(row) == (3 + 2 * 2, 0)
    assert run(metric="rouge").exit_code == 0
    (row,) = rows(metric="stance_preservation")
    # Summary and reference are the same text.
    assert row["model"] == "judge of stance_preservation: lexicon"
    assert numbers(row) == (2 * 2, 0)
    assert run(metric="stance_preservation").exit_code == 0
    assert numbers(rows(metric="stance_preservation")[0]) == (2 * 2, 2 * 2)


def test_some_answered_and_some_not(server, place):
    assert run(metric="rouge").exit_code == 0
    with open("docs/documents.jsonl", "a", encoding="utf-8") as stream:
        stream.write(json.dumps({"id": "d3", "text": "Carla came. She left."}) + "\n")
    with open("gold/summaries.jsonl", "a", encoding="utf-8") as stream:
        stream.write(json.dumps({"doc": "d3", "style": "default", "text": "Carla left."}) + "\n")
    model, row = dry_run(ready(*judged(server), metric="llm_judge"))
    assert numbers(model) == (4, 3)
    assert numbers(row) == (3 * EACH, 0)
    assert row["model"].endswith(", at most")


def test_the_command_shows_a_line_for_each_judge(server, capsys):
    MADE["plan"]._corpora.clear()
    assert command(MADE["arguments"](*judged(server), "dry_run=true", metric="llm_judge")) == 0
    shown = capsys.readouterr().out.splitlines()
    (line,) = [line for line in shown if "judge of llm_judge" in line]
    assert line.split("at most")[1].split()[:3] == ["48", "0", "48"]
    assert not Path("results").exists()
