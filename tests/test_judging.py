"""Findings of judges: asked once, kept with the run, used again, and never asked for when a run is scored again."""

import gc
import hashlib
import json
import runpy
import weakref
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness import judging
from harness import plan as plan_module
from harness.__main__ import command
from harness.compose import compose_jobs, parse_arguments
from harness.config import build
from harness.engine.base import Stopped
from harness.errors import ConfigError, ResourceError, RunError, RunFailedError
from harness.evaluate import Progress, run_plan, run_task
from harness.findings import JOURNAL, NAME, Asked, read_judged, write_judged
from harness.judge.stance_model import StanceModel
from harness.judging import inquire, judge_cases, judged_before, judges_of
from harness.plan import plan
from harness.records import Answer, Example, References, Summary, SummaryInput
from harness.rescore import reopen, rescore
from harness.scoring import Case

pytestmark = pytest.mark.core
MADE = runpy.run_path(str(Path(__file__).resolve().parent / "made_judged.py"))

FILES = ("config.yaml", "predictions.parquet", NAME, "counts.parquet", "scores.csv", "scores.json")
METRIC = "stance_preservation"


def lines(path, records):
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records)


def forget():
    """A process reads a corpus once."""
    plan_module._corpora.clear()


@pytest.fixture
def asked(monkeypatch):
    """Every question that the stance model is asked, in order."""
    found = []
    judge = StanceModel.judge

    def listening(self, questions):
        found.extend(questions)
        return judge(self, questions)

    monkeypatch.setattr(StanceModel, "judge", listening)
    return found


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Three documents with references and stance; two of them have the same text."""
    monkeypatch.chdir(tmp_path)
    texts = {"d0": "Anna supports the ban. It rained.", "d1": "Bob opposes the ban. It rained.",
             "d2": "Bob opposes the ban. It rained."}  # fmt: skip
    for name in ("docs", "gold"):
        (tmp_path / name).mkdir()
    lines("docs/documents.jsonl", [{"id": name, "text": text} for name, text in texts.items()])
    lines("gold/sentences.jsonl", [{"doc": d, "id": f"s{n}", "start": a, "end": b, "zone": "body"}
                                   for d, text in texts.items()
                                   for n, (a, b) in enumerate([(0, text.index(".") + 1),
                                                               (text.index(".") + 2, len(text))])])  # fmt: skip
    stance("favor")
    lines("gold/summaries.jsonl", [{"doc": d, "style": "default", "text": texts[d]} for d in texts])
    forget()
    return tmp_path


def stance(of_anna):
    lines("gold/stance.jsonl", [
        {"doc": "d0", "sentence": "s0", "target": "the ban", "label": of_anna, "holder": "Anna"},
        *({"doc": d, "sentence": "s0", "target": "the ban", "label": "against", "holder": "Bob"} for d in ("d1", "d2")),
    ])  # fmt: skip


def arguments(*more, metric=METRIC):
    return ["model=lead", "data=local", "data.name=own", "task=summarization", "data.documents=docs",
            "data.gold=gold", "interval.resamples=100", f"metric=[{metric}]", *more]  # fmt: skip


def run(*more, metric=METRIC):
    forget()
    return command(arguments(*more, metric=metric))


FOLDER = "results/own/summarization/lead"


@pytest.fixture
def folder(place, asked):
    assert run() == 0
    return place / FOLDER


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def test_equal_questions_are_asked_once(folder, asked):
    assert len(asked) == len({json.dumps(one, sort_keys=True) for one in asked})
    # Summary and reference are each document's first sentences, which its own judgement is about too; d1 and d2 are
    # the same: three different sentences in all, one target.
    assert sorted(one["text"] for one in asked) == ["Anna supports the ban.", "Bob opposes the ban.", "It rained."]
    rows = pq.read_table(folder / NAME).to_pylist()
    assert len(rows) > len(asked)
    assert {row["metric"] for row in rows} == {METRIC}
    findings = {row["key"]: json.loads(row["finding"]) for row in rows}
    assert sorted(findings.values()) == ["against", "favor", "none"]


def test_findings_are_among_the_hashed_files(folder):
    files = json.loads((folder / "run.json").read_text())["files"]
    assert files[NAME] == hashlib.sha256((folder / NAME).read_bytes()).hexdigest()
    (folder / NAME).write_bytes((folder / NAME).read_bytes() + b" ")
    with pytest.raises(RunError, match=r"judged\.parquet: was altered"):
        reopen(folder)


def test_the_scores_name_the_judge(folder):
    scores = json.loads((folder / "scores.json").read_text())
    signature = scores["judges"][METRIC]
    assert signature["kind"] == "stance_model"
    assert signature["model"]["kind"] == "lexicon"
    identity = pq.read_table(folder / NAME).to_pylist()[0]["judge"]
    rows = [row for row in scores["scores"] if row["metric"].startswith(METRIC)]
    assert rows
    assert all(row["signature"].endswith(f"|judge:stance_model:{identity[:8]}") for row in rows)


def test_the_same_command_asks_nothing_again(folder, asked):
    before = contents(folder)
    asked.clear()
    assert run() == 0
    assert asked == []
    assert contents(folder) == before


def test_fresh_asks_again(folder, asked):
    before, first = contents(folder), list(asked)
    asked.clear()
    assert run("fresh=true") == 0
    assert asked == first
    assert contents(folder) == before


def test_another_parameter_of_the_judge_asks_again(folder, asked):
    first = list(asked)
    asked.clear()
    before = pq.read_table(folder / NAME).to_pylist()
    # The answers to score are the same; only the judge is another.
    assert run(f"metric.{METRIC}.judge.model.window=1") == 0
    assert asked == first
    after = pq.read_table(folder / NAME).to_pylist()
    assert {row["judge"] for row in before}.isdisjoint({row["judge"] for row in after})


def test_another_code_of_the_judge_asks_again(folder, asked, monkeypatch):
    asked.clear()
    monkeypatch.setattr("harness.judging.code_sha256", lambda module: "changed")
    assert run() == 0
    assert len(asked) == 3


def test_only_what_is_new_is_asked(folder, asked, place):
    asked.clear()
    summaries = (place / "gold/summaries.jsonl").read_text()
    lines("gold/summaries.jsonl", [json.loads(line) for line in summaries.splitlines()]
          + [{"doc": "d0", "style": "default", "text": "Nobody cares."}])  # fmt: skip
    assert run() == 0
    assert [one["text"] for one in asked] == ["Nobody cares."]


def test_findings_that_cannot_be_read_are_asked_for_again(folder, asked):
    before = contents(folder)
    asked.clear()
    (folder / NAME).write_bytes(b"nothing of the kind")
    assert read_judged(folder) == []
    assert run() == 0
    assert len(asked) == 3
    assert contents(folder) == before


def test_scoring_again_builds_no_judge_and_gives_the_same_bytes(folder, monkeypatch):
    before = contents(folder)

    def refuse(*_):
        raise AssertionError("a judge was asked for")

    for name in ("judge", "signature", "load"):
        monkeypatch.setattr(StanceModel, name, refuse)
    monkeypatch.setattr("harness.judging.build", refuse)
    forget()
    assert rescore(folder).status == "complete"
    assert contents(folder) == before


def test_scoring_again_where_nothing_was_asked_gives_the_same_bytes(place, asked):
    # Nobody takes a side, so no question arises.
    lines("gold/stance.jsonl", [{"doc": d, "sentence": "s0", "target": "x", "label": "none"} for d in ("d0", "d1")])
    assert run() == 0
    assert asked == []
    before = contents(place / FOLDER)
    forget()
    assert rescore(place / FOLDER).status == "complete"
    assert contents(place / FOLDER) == before
    scores = json.loads(before["scores.json"])["scores"]
    kept = next(row for row in scores if row["metric"] == f"{METRIC}.kept")
    assert kept["value"] is None  # a row without a value, rather than no row


def test_changed_questions_are_refused_with_the_example(folder, place):
    before = contents(folder)
    lines("gold/summaries.jsonl", [{"doc": d, "style": "default", "text": "Other words."} for d in ("d0", "d1", "d2")])
    forget()
    with pytest.raises(RunError, match=rf"metric '{METRIC}' asks its judge about 3 examples .*'d0") as fault:
        rescore(folder)
    assert "give the run's command again" in str(fault.value)
    assert contents(folder) == before


def test_changed_gold_that_changes_no_question_is_scored(folder):
    before = contents(folder)
    stance("against")
    forget()
    rescore(folder)
    after = contents(folder)
    assert after["scores.json"] != before["scores.json"]
    assert after[NAME] == before[NAME]


@pytest.mark.parametrize(("damage", "said"), [("altered", "was altered"), ("gone", "is missing")])
def test_altered_findings_are_refused(folder, damage, said):
    if damage == "gone":
        (folder / NAME).unlink()
    else:
        rows = [
            {**row, "finding": row["finding"].replace("favor", "none")}
            for row in pq.read_table(folder / NAME).to_pylist()
        ]
        import pyarrow as pa

        pq.write_table(pa.Table.from_pylist(rows), folder / NAME)
    forget()
    with pytest.raises(RunError, match=rf"judged\.parquet: {said}"):
        rescore(folder)


def test_a_run_without_judges_has_no_such_file_and_removes_an_old_one(folder):
    assert (folder / NAME).exists()
    assert run(metric="length") == 0
    assert not (folder / NAME).exists()
    assert NAME not in json.loads((folder / "run.json").read_text())["files"]
    assert "judges" not in json.loads((folder / "scores.json").read_text())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((f"metric.{METRIC}.judge.model.kind=hf_pair", f"metric.{METRIC}.judge.model.path=/no/where"), "/no/where"),
        ((f"metric.{METRIC}.judge.model.kind=majority",), "cannot be asked"),
        ((f"metric.{METRIC}.judge.model.kind=lexikon",), "did you mean 'lexicon'"),
        ((f"metric.{METRIC}.judge.model.windoww=2",), "did you mean 'window'"),
        ((f"metric.{METRIC}.judge.kind=stance_modl",), "did you mean 'stance_model'"),
        ((f"metric.{METRIC}.judge.modell=x",), "modell: unknown key; did you mean 'model'"),
        (("metric.faithfulness.judge.path=/no/where",), "add it to metric="),
    ],
)
def test_what_cannot_be_asked_is_refused_with_nothing_written(place, asked, capsys, more, message):
    assert run(*more) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert asked == []
    assert not (place / "results").exists()


def test_a_judge_of_other_questions_is_refused():
    metric = build("metric", {"kind": "faithfulness", "judge": {"kind": "stance_model"}}, "m")
    with pytest.raises(ConfigError, match="answers questions of text, target; this metric asks premise, hypothesis"):
        judges_of({"faithfulness": metric})


def test_weights_that_cannot_be_used_are_refused_before_the_folder_is_there(place, monkeypatch, capsys):
    def refuse(self):
        raise ResourceError("model.stance.device: 'cuda:7' cannot be used here")

    monkeypatch.setattr(StanceModel, "load", refuse)
    assert run() == 2
    assert f"metric.{METRIC}.judge.model.device: 'cuda:7'" in capsys.readouterr().err
    assert not (place / FOLDER).exists()


def test_nothing_is_loaded_where_nothing_is_left_to_ask(folder, monkeypatch):
    def refuse(self):
        raise AssertionError("loaded")

    monkeypatch.setattr(StanceModel, "load", refuse)
    assert run() == 0


def ready(*more):
    forget()
    return plan(compose_jobs(parse_arguments(arguments(*more)))[0])


def test_a_signal_keeps_the_answers(place, asked, monkeypatch):
    found = ready()
    (task,) = found.tasks
    stopped = []
    monkeypatch.setattr(StanceModel, "judge", lambda self, questions: pytest.fail("asked after the signal"))
    # The answers are all there when the signal comes.
    monkeypatch.setattr("harness.evaluate.read_judged", lambda folder: stopped.append(15) or [])
    with pytest.raises(Stopped) as signal:
        run_task(task, found.config, found.engine, stop=lambda: stopped[0] if stopped else None, progress=Progress())
    assert signal.value.signal_number == 15
    assert (task.folder / "journal.sqlite").exists()
    monkeypatch.undo()
    monkeypatch.chdir(place)
    answers = []
    model = type(task.model)
    monkeypatch.setattr(model, "answer", lambda self, inputs: answers.append(inputs) or pytest.fail("asked again"))
    again = ready()
    (outcome,) = run_plan(again, stop=lambda: None, progress=Progress())
    assert (outcome.status, answers) == ("complete", [])
    assert (task.folder / NAME).exists()


def big_gold():
    """A reference of 700 sentences more: three batches of questions."""
    with open("gold/summaries.jsonl", "a", encoding="utf-8") as stream:
        text = "\n".join(f"Number {n} opposes the ban." for n in range(700))
        stream.write(json.dumps({"doc": "d0", "style": "default", "text": text}) + "\n")


def cut_off(asked, after, *more):
    """A run that gets a signal when so many questions have been asked."""
    found = ready(*more)
    with pytest.raises(Stopped):
        run_task(found.tasks[0], found.config, found.engine, progress=Progress(),
                 stop=lambda: 15 if len(asked) >= after else None)  # fmt: skip
    return found.tasks[0].folder


@pytest.mark.parametrize("damage", ["none", "cut line", "no line break", "garbage"])
def test_findings_before_a_signal_are_not_asked_for_again(place, asked, damage):
    big_gold()
    folder = cut_off(asked, 200)
    assert len(asked) == 256
    journal = folder / JOURNAL
    content = journal.read_bytes()
    # What began it, what the batch took, and the batch.
    assert content.count(b"\n") == 1 + 1 + 256
    lost = {"none": 0, "cut line": 1, "no line break": 1, "garbage": 0}[damage]
    if damage == "garbage":
        journal.write_bytes(content + b"\xff\x00{]\n")
    elif lost:
        journal.write_bytes(content[: -1 if damage == "no line break" else -9])
    cut_off(asked, 400)  # what is found after the damage can be read too
    assert run() == 0
    assert len(asked) == 703 + lost
    assert not journal.exists()
    first = contents(folder)
    assert run("fresh=true") == 0
    assert contents(folder) == first


def test_fresh_keeps_what_fresh_itself_has_found(place, asked):
    big_gold()
    cut_off(asked, 500)
    cut_off(asked, 500 + 512, "fresh=true")  # what was found before is thrown away
    assert len(asked) == 2 * 512
    assert run("fresh=true") == 0
    assert len(asked) == 512 + 703


def test_old_results_are_kept_until_the_new_are_complete(place, asked):
    assert run() == 0
    before = contents(place / FOLDER)
    big_gold()
    asked.clear()
    cut_off(asked, 256)
    assert contents(place / FOLDER) == before
    reopened = json.loads((place / FOLDER / "run.json").read_text())
    assert reopened["status"] == "complete"


# ---- findings without a run -----------------------------------------------------------------------------------------


class Judge:
    asks = ("text", "reference")

    def __init__(self, answer):
        self.answer, self.batches = answer, []

    def signature(self):
        return {"kind": "made"}

    def judge(self, questions):
        self.batches.append(len(questions))
        return self.answer(questions)


def cases(*ids):
    return [
        Case(Example(i, i, i, SummaryInput(i, i, "", "default", ()), References("default")), Answer(text=i), Summary(i))
        for i in ids
    ]


def questions_each(number):
    return lambda metric, case: [{"text": case.example.id, "reference": str(n)} for n in range(number)]


def test_the_signal_is_looked_for_between_batches():
    judge, looks = Judge(lambda questions: [None] * len(questions)), []

    def stop():
        looks.append(judge.batches[:])
        return 2 if len(looks) == 3 else None

    with pytest.raises(Stopped):
        judge_cases({"m": None}, {"m": judge}, cases("a", "b"), questions_each(500), stop=stop)
    assert judge.batches == [256, 256]


def test_findings_come_back_in_the_order_of_the_questions():
    judge = Judge(lambda questions: [f"{one['text']}{one['reference']}" for one in questions])
    found = judge_cases({"m": None}, {"m": judge}, cases("a", "b"), questions_each(300))["m"]
    assert found.findings["b"] == tuple(f"b{n}" for n in range(300))
    assert judge.batches == [256, 256, 88]


def test_too_few_findings_fail_the_run():
    judge = Judge(lambda questions: [1.0])
    with pytest.raises(RunFailedError, match="2 questions were asked, 1 answered"):
        judge_cases({"m": None}, {"m": judge}, cases("a"), questions_each(2))


def test_findings_are_as_they_will_be_read_back(tmp_path):
    judge = Judge(lambda questions: [{"b": (0.1 + 0.2,), "a": None}] * len(questions))
    found = judge_cases({"m": None}, {"m": judge}, cases("a"), questions_each(1))
    assert found["m"].findings["a"] == ({"a": None, "b": [0.1 + 0.2]},)
    write_judged(tmp_path, found)
    (stored,) = read_judged(tmp_path)
    assert stored.finding == found["m"].findings["a"][0]
    assert (stored.metric, stored.example, stored.key) == ("m", "a", found["m"].keys["a"][0])


def test_findings_of_another_judge_are_not_used():
    metric = type("Metric", (), {"judge": {"kind": "made"}})()
    judge = Judge(lambda questions: ["new"] * len(questions))
    found = judge_cases({"m": metric}, {"m": judge}, cases("a"), questions_each(1))
    one = found["m"]
    own = Asked("m", one.identity, "a", one.keys["a"][0], "old")
    other = Asked("m", "another", "a", one.keys["a"][0], "other")
    assert judge_cases({"m": metric}, {"m": judge}, cases("a"), questions_each(1), known=[own])["m"].findings == {
        "a": ("old",)
    }
    assert judge_cases({"m": metric}, {"m": judge}, cases("a"), questions_each(1), known=[other])["m"].findings == {
        "a": ("new",)
    }
    with pytest.raises(RunError, match="first 'b'"):
        judged_before({"m": metric}, cases("a", "b"), questions_each(1), [own], {}, "run")


def test_metrics_that_ask_one_judge_the_same_share_the_findings():
    judge = Judge(lambda questions: ["found"] * len(questions))
    found = judge_cases({"m": None, "n": None}, {"m": judge, "n": judge}, cases("a"), questions_each(3))
    assert judge.batches == [3]
    assert found["m"] == found["n"]


def test_a_path_means_itself_whatever_is_in_it(place, capsys):
    path = "/no/wh ere,(x)=[1]"
    assert run(f"metric.{METRIC}.judge.model.kind=hf_pair", f"metric.{METRIC}.judge.model.path={path}") == 2
    assert repr(path) in capsys.readouterr().err


class Streaming:
    """A judge that gives its findings one by one, in the order of its list of places."""

    asks = ("text", "reference")

    def __init__(self, *places, finding=lambda question: "found"):
        self.places, self.finding, self.given = places, finding, []

    def signature(self):
        return {"kind": "streaming"}

    def stream(self, questions):
        yield []
        for place in self.places:
            self.given.append(place)
            yield [(place, self.finding(questions[place]))]


def test_findings_that_come_in_any_order_are_kept_as_they_come():
    judge, kept = Streaming(2, 0, 1, finding=lambda question: question["reference"]), []
    found = judge_cases({"m": None}, {"m": judge}, cases("a"), questions_each(3), keep=kept.append)["m"]
    assert found.findings["a"] == ("0", "1", "2")
    assert [[one.finding for one in batch] for batch in kept] == [[], ["2"], ["0"], ["1"]]
    assert kept[1][0].key == found.keys["a"][2]


def test_a_signal_is_heard_between_findings_and_what_came_is_kept():
    judge, kept = Streaming(0, 1, 2), []
    with pytest.raises(Stopped):
        judge_cases({"m": None}, {"m": judge}, cases("a"), questions_each(3), keep=kept.extend,
                    stop=lambda: 15 if kept else None)  # fmt: skip
    assert (judge.given, len(kept)) == ([0], 1)


def test_a_question_without_a_finding_fails_the_run():
    with pytest.raises(RunFailedError, match="3 questions were asked, 2 answered"):
        judge_cases({"m": None}, {"m": Streaming(0, 1)}, cases("a"), questions_each(3))


def test_what_failed_is_asked_again_and_what_could_not_be_read_is_not():
    findings = [{"bin": "failed", "reason": "timeout"}, {"bin": "unparsed", "reason": "prose"}, {"value": 1.0}]
    first = Streaming(0, 1, 2, finding=lambda question: findings[int(question["reference"])])
    kept = []
    judge_cases({"m": None}, {"m": first}, cases("a"), questions_each(3), keep=kept.extend)
    again = Streaming(0, finding=lambda question: question["reference"])
    found = judge_cases({"m": None}, {"m": again}, cases("a"), questions_each(3), known=kept)["m"]
    assert found.findings["a"] == ("0", findings[1], findings[2])


def test_what_is_asked_is_measured_batch_by_batch():
    class Metered(Judge):
        """Counts a token for each question; of earlier ones it has counted some."""

        read = 1000

        def judge(self, questions):
            self.read += len(questions)
            return super().judge(questions)

        def spent(self):
            return {"usage": {"input_tokens": self.read}, "cost": self.read / 4, "answered_by": [{"model": "m"}]}

    def more(metric, case):
        return questions_each(300 if metric == "first" else 302)(metric, case)

    judge, took = Metered(lambda questions: ["found"] * len(questions)), []
    judge_cases({"m": "first", "n": "second"}, {"m": judge, "n": judge}, cases("a"), more, measure=took.append)
    # The second metric's first 300 questions are those of the first.
    assert [(one.metric, one.asked) for one in took] == [("m", 256), ("m", 44), ("n", 2)]
    assert [one.usage for one in took] == [{"input_tokens": n} for n in (256, 44, 2)]
    assert [one.cost for one in took] == [64, 11, 0.5]
    assert len({one.judge for one in took}) == 1


def test_a_judge_that_counts_nothing_has_no_tokens():
    took = []
    judge_cases({"m": None}, {"m": Streaming(1, 0)}, cases("a"), questions_each(2), measure=took.append)
    assert [(one.asked, one.usage, one.cost, one.answered_by) for one in took] == [(1, None, None, ())] * 2


def test_an_inquiry_knows_what_is_left():
    judge = Judge(lambda questions: pytest.fail("asked"))
    given = {"m": judge, "n": judge}
    first = inquire({"m": None}, {"m": judge}, cases("a", "b"), questions_each(2))["m"]
    assert list(first.waiting.values()) == [{"text": i, "reference": r} for i in "ab" for r in "01"]
    known = [Asked("gone", first.identity, "a", key, "found") for key in first.keys["a"]]
    found = inquire({"m": None, "n": None}, given, cases("a", "b"), questions_each(2), known)
    assert list(found["m"].waiting) == list(first.keys["b"])
    # The metric before it asks them.
    assert found["n"].waiting == {}
    assert found["n"].keys == found["m"].keys == first.keys


# ---- judges that several share --------------------------------------------------------------------------------------


def save_nli(folder, **more):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    made = runpy.run_path(str(Path(__file__).parent / "judge" / "test_hf_nli.py"))
    return made["save"](folder, ("entailment", "neutral", "contradiction"), positions=64, **more)


@pytest.fixture(scope="module")
def nli(tmp_path_factory):
    return save_nli(tmp_path_factory.mktemp("nli"))


def judge_with(path, kind="faithfulness", **more):
    metric = build("metric", {"kind": kind, "judge": {"kind": "hf_nli", "path": path, **more}}, "m")
    return judges_of({"m": metric})["m"]


@pytest.fixture
def loads(monkeypatch):
    """The Auto classes that weights were loaded by."""
    transformers = pytest.importorskip("transformers")
    judging._built.clear()
    judging._last.clear()
    found = []
    for auto in ("AutoModel", "AutoModelForSequenceClassification"):
        kind = getattr(transformers, auto)

        def counted(*given, real=kind.from_pretrained, auto=auto, **named):
            found.append(auto)
            return real(*given, **named)

        monkeypatch.setattr(kind, "from_pretrained", counted)
    return found


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    MADE["make_corpus"](tmp_path)
    return tmp_path


def test_equal_judges_are_one_whichever_way_they_are_spelled(nli):
    first = judge_with(nli)
    assert judge_with(nli) is first
    assert judge_with(nli, batch_size=16, dtype="float32", device="auto") is first
    assert judge_with(nli, kind="fact_recall") is first
    assert judge_with(nli, batch_size=8) is not first


def test_a_judge_whose_weights_changed_is_another(tmp_path):
    first = judge_with(save_nli(tmp_path))
    second = judge_with(save_nli(tmp_path, change=lambda model: model.classifier.bias.add_(1)))
    assert second is not first
    # What is on the disk now is read again: only what it was before tells them apart.
    assert second.signature() == first.signature()


def test_a_judge_is_let_go_when_nobody_wants_it(nli):
    held = weakref.ref(judge_with(nli, batch_size=2))
    gc.collect()
    assert held() is not None  # the last one is kept
    judge_with(nli, batch_size=3)
    gc.collect()
    assert held() is None


def test_two_metrics_load_one_judge_once_and_not_again(nli, corpus, loads):
    both = [f"metric.faithfulness.judge.path={nli}", f"metric.fact_recall.judge={{kind: hf_nli, path: {nli}}}"]
    assert MADE["run"](*both, metric="faithfulness,fact_recall").exit_code == 0
    assert loads == ["AutoModelForSequenceClassification"]
    first = MADE["run_json"]()["judging"]
    assert first["faithfulness"]["judge"] == first["fact_recall"]["judge"]
    # Whoever comes later finds all of it stored.
    loads.clear()
    judging._last.clear()
    assert MADE["run"](*both, metric="faithfulness,fact_recall").exit_code == 0
    assert MADE["run_json"]()["judging"] == first
    assert MADE["run"](both[0], metric="faithfulness").exit_code == 0
    assert loads == []
    found = MADE["run_json"]()["judging"]["faithfulness"]
    assert found["usage"]["input_tokens"] == sum(one["usage"]["input_tokens"] for one in first.values())


def test_the_jobs_of_a_sweep_load_their_judge_once(corpus, loads):
    similar = "metric.similarity.judge.path=package:weights/tiny_ner"
    forget()
    line = MADE["arguments"](similar, metric="similarity", model="lead,textrank,random_sentences")
    assert command(["-m", *line]) == 0
    assert loads == ["AutoModel"]
    assert len(list(corpus.rglob(NAME))) == 3


def test_a_judge_is_loaded_for_answers_that_are_all_there(corpus, loads):
    similar = "metric.similarity.judge.path=package:weights/tiny_ner"
    assert MADE["run"](metric="rouge").exit_code == 0
    assert MADE["run"](similar, metric="similarity").exit_code == 0
    assert loads == ["AutoModel"]


def test_a_judge_that_cannot_be_loaded_after_the_answers_is_named(folder, monkeypatch, capsys):
    def refuse(self):
        raise ResourceError("model.stance.device: 'cuda:7' cannot be used here")

    monkeypatch.setattr(StanceModel, "load", refuse)
    assert run(f"metric.{METRIC}.judge.model.window=1") == 2
    assert f"metric.{METRIC}.judge.model.device: 'cuda:7'" in capsys.readouterr().err


# ---- a language model as the judge ----------------------------------------------------------------------------------


def test_a_run_with_a_language_model_as_judge(place, capsys):
    pytest.importorskip("openai")
    made = runpy.run_path(str(Path(__file__).parent / "made_endpoint.py"))
    broken = [True]

    def rule(body, number):
        text = body["messages"][1]["content"]
        if "Anna" in text and "relevance" in text and broken[0]:
            return made["reply"](status=400, body={"error": "no"})
        return made["reply"](made["completion"]('{"score": 4}' if "Anna" in text else "a fine summary"))

    with made["serve"](rule) as endpoint:
        model = "metric.llm_judge.judge.model"
        judge = [f"{model}.base_url={endpoint.url}", f"{model}.served_model=m", f"{model}.retries=0"]
        assert run(*judge, metric="llm_judge") == 0
        # Of three documents two are the same: 4 criteria, 2 orders, 2 repeats of each of the others.
        assert len(endpoint.asked) == 2 * 16
        scores = json.loads((place / FOLDER / "scores.json").read_text())
        rows = {row["metric"]: row for row in scores["scores"] if row["slice"] == "all"}
        assert rows["judge.fluency"]["value"] == 0.75
        assert rows["judge.fluency"]["support"] == 1
        assert rows["judge.relevance"]["value"] is None
        assert rows["judge.overall"]["value"] is None
        assert rows["judge.judged"]["value"] == pytest.approx((12 / 16 + 0 + 0) / 3)
        assert "agreement with people: not measured" in rows["judge.fluency"]["note"]
        assert "of 48 questions to the judge 32 unparsed, 4 failed" in rows["judge.fluency"]["note"]
        assert rows["judge.fluency"]["signature"].partition("|judge:llm:")[2]
        assert scores["judges"]["llm_judge"]["model"]["served_model"] == "m"
        raw = [json.loads(row["finding"]).get("raw") for row in pq.read_table(place / FOLDER / NAME).to_pylist()]
        assert raw.count("a fine summary") == 32
        before = contents(place / FOLDER)
        forget()
        assert rescore(place / FOLDER).status == "complete"
        assert contents(place / FOLDER) == before
        # The same command asks again what failed, and nothing else.
        endpoint.requests.clear()
        broken[0] = False
        assert run(*judge, metric="llm_judge") == 0
        assert len(endpoint.asked) == 4
        scores = json.loads((place / FOLDER / "scores.json").read_text())
        rows = {row["metric"]: row for row in scores["scores"] if row["slice"] == "all"}
        assert rows["judge.relevance"]["value"] == rows["judge.overall"]["value"] == 0.75
        capsys.readouterr()
        assert command(["compare", str(place / FOLDER), "--metric", "judge.overall"]) == 0
        assert "agreement with people: not measured" in " ".join(capsys.readouterr().out.split())
