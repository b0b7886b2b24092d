"""Plans: everything is checked before a model is asked, and run folders are made of identity."""

import json

import pytest

from harness import plan as module
from harness.compose import compose_jobs, parse_arguments
from harness.errors import ConfigError, RunError
from harness.plan import plan

pytestmark = pytest.mark.core


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(*arguments, **how):
    return plan(compose_jobs(parse_arguments([*arguments]))[0], **how)


def name(*arguments):
    (task,) = planned("model=lead", *arguments).tasks
    return task.folder.name


def test_folders_say_what_was_changed():
    assert name() == name("metric=[length]") == name("interval.resamples=100") == name("engine.batch_size=3") == "lead"
    assert name("task=summarization") == name("slices=[style]") == "lead"
    assert name("model.summarization.sentences=5") == "lead,sentences=5"
    assert name("model.summarization.sentences=3") == "lead"
    others = {name("data.limit=1"), name("data.coverage=all"), name("task.summarization.only=[headline]")}
    assert len(others) == 3
    assert all(other.startswith("lead-") for other in others)


def test_what_moves_speed_alone_has_a_folder_of_its_own_and_what_moves_nothing_has_none():
    """Or a sweep over batch sizes would be one run, with the speed of the first; `engine.batch_size` resumes."""
    names = [
        planned("model=tiny", "task=ner", f"model.ner.{knob}").tasks[0].folder.name
        for knob in ("download=true", "batch_size=3", "batch_tokens=99", "compile=true")
    ]
    assert names == ["tiny", "tiny,batch_size=3", "tiny,batch_tokens=99", "tiny,compile=true"]


def test_a_plan_writes_nothing(folder):
    planned("model=lead")
    assert list(folder.iterdir()) == []


def test_tasks_that_nobody_named_are_skipped_and_named_ones_are_an_order():
    ready = planned("model=lead")
    assert [task.task.name for task in ready.tasks] == ["summarization"]
    assert len(ready.skipped) == 2
    with pytest.raises(ConfigError, match=r"does not answer task 'ner' \(it answers summarization\)"):
        planned("model=lead", "task=[ner,summarization]")
    with pytest.raises(ConfigError, match=r"nothing to run.*no metric of task 'summarization'"):
        planned("model=lead", "metric=[entity_f1]")


def test_a_task_whose_record_file_holds_nothing_is_skipped_with_its_name(folder):
    gold = folder / "gold"
    gold.mkdir()
    (gold / "documents.jsonl").write_text('{"id": "d", "text": "It rained."}\n', encoding="utf-8")
    (gold / "summaries.jsonl").write_text('{"doc": "d", "text": "Rain."}\n', encoding="utf-8")
    where = ("data=local", "data.name=mine", f"data.documents={gold / 'documents.jsonl'}", f"data.gold={gold}")
    assert "data 'mine' has no gold for task 'ner'" in planned(*where).skipped
    (gold / "entities.jsonl").write_text("\n", encoding="utf-8")
    assert (
        "data 'mine' has no gold for task 'ner': entities.jsonl is there and has no record" in planned(*where).skipped
    )


def test_the_stored_configuration_concerns_its_task_alone():
    (task,) = planned("model=lead").tasks
    assert list(task.config["task"]) == ["summarization"]
    assert set(task.config["metric"]) == {"rouge", "length"}
    assert set(task.config["model"]) == {"name", "about", "summarization"}
    assert "results" not in task.config


def test_a_corpus_is_read_once(monkeypatch):
    read = []
    real = module.load_corpus
    monkeypatch.setattr(module, "_corpora", {})
    monkeypatch.setattr(module, "load_corpus", lambda *a, **k: read.append(1) or real(*a, **k))
    planned("model=lead")
    planned("model=random_sentences")
    assert len(read) == 1
    planned("model=lead", "data.limit=1")
    assert len(read) == 2


def test_another_corpus_of_the_same_name_is_refused(folder):
    from harness.__main__ import command

    for where, summary in (("a", "One."), ("moved", "One."), ("b", "Two.")):
        (folder / where).mkdir()
        (folder / where / "d.txt").write_text("One sentence. Two sentences.")
        (folder / where / "summaries.jsonl").write_text(f'{{"doc": "d", "text": "{summary}"}}\n')
    (folder / "annotator").mkdir()
    (folder / "annotator/summaries.jsonl").write_text('{"doc": "d", "text": "Two."}\n')
    own = ["model=lead", "data=local", "data.name=mine"]
    assert command([*own, "data.documents=a", "data.gold=a"]) == 0
    for other in (["data.documents=b", "data.gold=b"], ["data.documents=a", "data.gold=annotator"]):
        with pytest.raises(RunError, match="another corpus of the same name"):
            planned(*own, *other)
        planned(*own, *other, writes=False)
        planned(*own, *other, "fresh=true")
        planned(*own, *other, "data.name=other")
    # The same files elsewhere are the same corpus, and so are files that were mended where they lie.
    planned(*own, "data.documents=moved", "data.gold=moved")
    (folder / "a/summaries.jsonl").write_text('{"doc": "d", "text": "Two."}\n')
    planned(*own, "data.documents=a", "data.gold=a")


def test_another_model_of_the_same_name_is_refused(folder):
    from harness.__main__ import command

    (folder / "own/model").mkdir(parents=True)
    for file, sentences in (("one", 1), ("two", 2)):
        (folder / f"own/model/{file}.yaml").write_text(
            f"name: mine\nabout: x\nsummarization:\n  kind: lead\n  sentences: {sentences}\n"
        )
    assert command(["--config-dir", "own", "model=one"]) == 0
    planned("--config-dir", "own", "model=one")
    with pytest.raises(RunError, match=r"another model of the same name; these differ: sentences \(1 then, 2 now\)"):
        planned("--config-dir", "own", "model=two")
    planned("--config-dir", "own", "model=two", "fresh=true")


def test_label_maps_are_for_entities_alone():
    with pytest.raises(ConfigError, match="only NER labels are mapped"):
        planned("model=lead", "+model.summarization.label_map=[x]")


@pytest.fixture
def four_labels(folder):
    gold = folder / "gold"
    gold.mkdir()
    labels = ("agree", "disagree", "discuss", "unrelated")
    texts = [{"id": label, "text": f"Some say they {label}."} for label in labels]
    stances = [{"doc": label, "target": "it", "label": label} for label in labels]
    for file, records in (("documents", texts), ("stance", stances)):
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (gold / f"{file}.jsonl").write_text(lines, encoding="utf-8")
    scheme = f"data.labels.stance=[{','.join(labels)}]"
    return ["data=local", "data.name=own", f"data.gold={gold}", scheme, "model=majority", "task=stance"]


def test_default_metrics_without_their_labels_are_left_out_and_said(four_labels):
    (task,) = planned(*four_labels).tasks
    assert set(task.metrics) == set(task.config["metric"]) == {"stance_classification"}
    assert task.remarks == (
        "left out: metric stance_favg: 'favor', 'against' not in data.labels.stance (agree, disagree, discuss, "
        "unrelated); say which labels it means with metric.stance_favg.labels=...",
    )
    (task,) = planned(*four_labels, "metric.stance_favg.labels=[agree,disagree]").tasks
    assert set(task.metrics) == {"stance_classification", "stance_favg"}
    assert task.remarks == ()


@pytest.mark.parametrize(
    ("chosen", "missing"),
    [
        ("stance_favg", r"metric stance_favg: 'favor', 'against' not in .*stance_favg\.labels"),
        ("stance_majority", r"metric stance_majority: 'favor', 'against' not in .*stance_majority\.sides"),
        ("stance_selective", r"metric stance_selective: 'favor', 'against' not in .*stance_selective\.sides"),
        ("stance_sides", r"metric stance_sides: 'favor', 'against' not in .*stance_sides\.sides"),
    ],
)
def test_metrics_that_were_asked_for_are_refused_without_their_labels(four_labels, chosen, missing):
    with pytest.raises(ConfigError, match=missing):
        planned(*four_labels, f"metric=[stance_classification,{chosen}]")


def test_fnc_wants_the_labels_of_its_challenge(four_labels):
    (task,) = planned(*four_labels, "metric=[stance_fnc]").tasks
    assert set(task.metrics) == {"stance_fnc"}
    with pytest.raises(ConfigError, match=r"'agree', 'disagree', 'discuss' not in data\.labels\.stance \(favor"):
        planned("task=stance", "metric=[stance_fnc]")
    with pytest.raises(ConfigError, match=r"'no' not in data\.labels\.stance .*metric\.stance_sides\.neutral=\.\.\."):
        planned("task=stance", "metric=[stance_sides]", "metric.stance_sides.neutral='no'")
