"""Prompts by name and by file: every shipped one builds, and what is typed wrongly is said."""

import pytest
import yaml

from harness.compose import compose_jobs, parse_arguments
from harness.config import build_dataclass
from harness.errors import ConfigError
from harness.model.prompts import Prompt
from harness.prompt_files import expanded
from harness.records import NerInput, StanceInput, SummaryInput, Target
from harness.resources import shipped

pytestmark = pytest.mark.core

# What judges are asked is another kind of prompt: tests/judge/test_llm.py.
FILES = sorted(path for path in (shipped("conf") / "prompt").glob("*.yaml") if path.stem != "judge")
MODEL = ["model=hf_causal", "model.path=x"]
INPUTS = {
    "ner": NerInput("e", "d", "Ann met Bo."),
    "stance": StanceInput("e", "d", "Stop it.", "Before.", Target("t", "Coal")),
    "summarization": SummaryInput("e", "d", "A text.", "headline", (), 30, None, 1),
}


def composed(*more):
    (job,) = compose_jobs(parse_arguments([*MODEL, *more]))
    return job


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_shipped_prompt_builds_and_is_spelled_out(path):
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content["name"] == path.stem
    prompt = build_dataclass(Prompt, content, "prompt")
    assert set(content) == set(Prompt.__dataclass_fields__)
    *_, question = prompt.render(INPUTS[prompt.task], ["a", "b"])
    assert INPUTS[prompt.task].text in question["content"]
    assert "{%" not in question["content"]


def test_limits_of_a_style_are_words_of_the_prompt():
    content = yaml.safe_load((shipped("conf") / "prompt/summarization.yaml").read_text(encoding="utf-8"))
    prompt = build_dataclass(Prompt, content, "prompt")
    ask = lambda **given: prompt.render(SummaryInput("e", "d", "A text.", **given))[-1]["content"]  # noqa: E731
    assert ask(style="headline", sentences=(), max_words=30).endswith("in one sentence, at most 30 words.")
    assert ask(style="x", sentences=(), max_words=80, min_words=55, max_sentences=4).endswith(
        "Summarize this article in at most 4 sentences, 55 to 80 words."
    )
    assert ask(style="x", sentences=()).endswith("Summarize this article.")


def test_a_prompt_by_name_is_what_its_file_says():
    raw = composed().raw["model"]["stance"]["prompt"]
    assert raw["name"] == "stance"
    assert "Sentence: {{ text }}" in raw["template"]
    assert composed("prompt=stance_json", "model.stance.decide=generate").raw["model"]["stance"]["prompt"]["name"] == (
        "stance_json"
    )
    assert composed("model.stance.prompt=stance_json").raw["model"]["stance"]["prompt"]["answer"] == "json"


def test_a_sweep_over_prompts():
    line = parse_arguments(["-m", *MODEL, "prompt=ner,ner_offsets"])
    names = [job.raw["model"]["ner"]["prompt"]["name"] for job in compose_jobs(line)]
    assert names == ["ner", "ner_offsets"]
    line = parse_arguments(["-m", *MODEL, "model.ner.prompt=ner,ner_offsets"])
    assert [job.raw["model"]["ner"]["prompt"]["name"] for job in compose_jobs(line)] == names


def test_a_file_of_ones_own(tmp_path):
    file = tmp_path / "my prompt, v2.yaml"
    file.write_text("task: stance\ntemplate: 'Text: {{ text }} ${x'\n", encoding="utf-8")
    raw = composed(f"model.stance.prompt={file}").raw["model"]["stance"]["prompt"]
    assert raw == {"task": "stance", "template": "Text: {{ text }} ${x", "name": "my prompt, v2"}


def test_a_folder_of_ones_own(tmp_path):
    (tmp_path / "prompt").mkdir()
    (tmp_path / "prompt/mine.yaml").write_text("task: stance\ntemplate: '{{ text }}'\n", encoding="utf-8")
    for more in (["prompt=mine"], ["model.stance.prompt=mine"]):
        raw = composed("--config-dir", str(tmp_path), *more).raw["model"]["stance"]["prompt"]
        assert raw == {"task": "stance", "template": "{{ text }}", "name": "mine"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("model.stance.prompt=stanse", "no prompt 'stanse'; did you mean 'stance'"),
        ("model.stance.prompt=nowhere/x.yaml", "no such file: nowhere/x.yaml"),
        ("prompt=stanse", "prompt=stanse: no such option; did you mean 'stance'"),
    ],
)
def test_prompts_that_are_not_there(given, message):
    with pytest.raises(ConfigError, match=message):
        composed(given)


def test_a_prompt_for_a_task_that_has_none():
    with pytest.raises(ConfigError, match="is for stance, which model 'lead' asks without a prompt; it has none"):
        compose_jobs(parse_arguments(["model=lead", "prompt=stance"]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a\n- b\n", "expected a prompt"),
        ("task: stance\ntemplat: x\n", "did you mean"),
        ("task: [\n", "expected YAML"),
        ("task: stance\ntemplate: x\n_target_: os.system\n", "cannot name a callable"),
        ("task: stance\ntemplate: 'x ${oc.env:HOME}'\n", "only references"),
    ],
)
def test_files_that_are_no_prompts(tmp_path, content, message):
    file = tmp_path / "x.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        composed(f"model.stance.prompt={file}")


def test_a_configuration_without_prompts_stays_as_it_is():
    raw = {"model": {"name": "lead", "summarization": {"kind": "lead"}}, "data": {}}
    assert expanded(raw, lambda where, name: {}) == raw
