"""Every file of `conf/`: it composes, its kinds build, and each parameter is spelled out."""

import dataclasses
from pathlib import Path

import pytest
import yaml

from harness.compose import compose_jobs, parse_arguments
from harness.config import build, kind_class, kinds
from harness.records import TASKS
from harness.resources import shipped

pytestmark = pytest.mark.core

CONF = shipped("conf")
# Values that a user must give, to compose the files that ask for them.
JUDGES = ["metric.similarity.judge.path=x", "metric.faithfulness.judge.path=x"]
JUDGES += ["metric.llm_judge_local.judge.model.path=x"]
JUDGES += ["metric.llm_judge.judge.model.base_url=http://127.0.0.1:9/v1", "metric.llm_judge.judge.model.served_model=x"]
GIVEN = {
    "predictions": ["model.path=x"],
    "hf_tagger": ["model.ner.path=x"],
    "hf_pair": ["model.stance.path=x"],
    "hf_seq2seq": ["model.summarization.path=x"],
    "hf_causal": ["model.path=x"],
    "command": ["model.command=[x]"],
    "spacy": ["model.path=x"],
    "gliner2": ["model.path=x"],
    "openai_compatible": ["model.base_url=http://127.0.0.1:9/v1", "model.served_model=x"],
    "vllm": ["model.served_model=x"],
}


def names(group):
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def spelled_out(cls, parameters):
    """The fields of a kind that its file does not name, and the keys that are no field."""
    fields = {entry.name for entry in dataclasses.fields(cls) if entry.init}
    return fields - parameters.keys(), parameters.keys() - fields - {"kind"}


@pytest.mark.parametrize("path", sorted(CONF.rglob("*.yaml")), ids=lambda path: str(path.relative_to(CONF)))
def test_each_file_says_what_it_is_and_names_no_callable(path: Path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert text.endswith("\n")
    assert "_target_" not in text
    assert isinstance(yaml.safe_load(text), dict)


@pytest.mark.parametrize("name", names("model"))
def test_each_model_builds_with_every_parameter_spelled_out(name):
    (job,) = compose_jobs(parse_arguments([f"model={name}", *GIVEN.get(name, [])]))
    assert job.config.model["name"] == name
    assert job.config.model["about"]
    answered = [task for task in TASKS if job.config.answers(task)]
    assert answered
    for task in answered:
        parameters = dict(job.config.model[task])
        cls = kind_class("model", parameters["kind"])
        missing, foreign = spelled_out(cls, parameters)
        assert not missing, f"conf/model/{name}.yaml leaves out {sorted(missing)} of {task}"
        # A label map stands in the model's file whatever its kind; the plan takes it.
        assert foreign <= {"label_map"}
        for key in foreign:
            parameters.pop(key)
        model = build("model", parameters, f"model.{task}")
        assert task in model.tasks
        assert model.gold in ("none", "folds", "oracle")


@pytest.mark.parametrize("group", ["metric", "task", "engine"])
def test_each_other_kind_builds_with_every_parameter_spelled_out(group):
    overrides = [] if group == "engine" else [f"{group}=[{','.join(names(group))}]"]
    overrides += JUDGES if group == "metric" else []
    for engine in names("engine") if group == "engine" else ["local"]:
        (job,) = compose_jobs(parse_arguments(["model=lead", f"engine={engine}", *overrides]))
        chosen = {"engine": job.config.engine} if group == "engine" else getattr(job.config, group)
        if group != "engine":
            assert sorted(chosen) == names(group)
        for name, parameters in chosen.items():
            missing, foreign = spelled_out(kind_class(group, parameters["kind"]), parameters)
            assert (missing, foreign) == (set(), set()), f"{group} {name}"
            build(group, parameters, name)


def test_every_shipped_kind_has_a_file():
    for group in ("metric", "task", "engine"):
        assert set(kinds(group)) <= set(names(group))


def test_every_other_metric_file_is_a_preset_of_a_kind():
    """Such as `rouge155`: the kind `rouge` with other parameters, under a name of its own."""
    for name in set(names("metric")) - set(kinds("metric")):
        content = yaml.safe_load((CONF / f"metric/{name}.yaml").read_text(encoding="utf-8"))
        assert list(content) == [name]
        assert content[name]["kind"] in kinds("metric")


@pytest.mark.parametrize("name", names("data"))
def test_each_data_file_composes(name):
    more = ["data.gold=x"] if name != "seed" else []
    (job,) = compose_jobs(parse_arguments(["model=lead", f"data={name}", *more]))
    raw = yaml.safe_load((CONF / f"data/{name}.yaml").read_text(encoding="utf-8"))
    assert set(raw) == {entry.name for entry in dataclasses.fields(job.config.data)}


@pytest.mark.parametrize("name", names("experiment"))
def test_each_recipe_composes_and_says_how_it_is_run(name):
    text = (CONF / f"experiment/{name}.yaml").read_text(encoding="utf-8")
    assert f"# python -m harness +experiment={name}" in text
    jobs = compose_jobs(parse_arguments([f"+experiment={name}"]))
    assert jobs
    for job in jobs:
        for task in TASKS:
            if job.config.answers(task):
                kind_class("model", job.config.model[task]["kind"])


def test_the_default_run_spells_out_its_settings():
    from harness.config import FailOnError, IntervalConfig, RunConfig

    raw = yaml.safe_load((CONF / "evaluate.yaml").read_text(encoding="utf-8"))
    groups = {"data", "task", "model", "metric", "engine"}
    assert set(raw) - {"defaults", "hydra"} == {entry.name for entry in dataclasses.fields(RunConfig)} - groups
    # The file and the code say the same.
    assert IntervalConfig(**raw["interval"]) == IntervalConfig()
    assert FailOnError(**raw["fail_on_error"]) == FailOnError()


@pytest.mark.parametrize("name", names("label_map"))
def test_each_label_map_loads(name):
    from harness.label_map import load_label_map

    assert load_label_map([name]).mapping
