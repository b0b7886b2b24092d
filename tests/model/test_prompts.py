"""Prompts: what is rendered, which examples are shown, and that none of them is evaluated."""

import dataclasses

import pytest

from harness.config import build_dataclass
from harness.errors import ConfigError
from harness.model.prompted import PromptModel
from harness.model.prompts import Prompt, Shot, as_text
from harness.records import Entity, Example, NerInput, References, Stance, StanceInput, SummaryInput, Target

pytestmark = pytest.mark.core

LABELS = ("favor", "against", "none")


def stance_example(number, label="favor", doc=None):
    doc = doc or f"d{number}"
    one = StanceInput(f"{doc}/s{number}/t", doc, f"Sentence {number}.", "", Target("t", "Coal"))
    return Example(one.id, doc, doc, one, Stance("t", label))


def question(**given):
    return StanceInput("e", "d", **{"text": "Stop it.", "context": "", "target": Target("t", "Coal"), **given})


def test_a_chat_has_the_system_the_examples_and_the_question():
    prompt = Prompt(
        task="stance",
        system="One of {{ labels | join(', ') }}.",
        template="{% if context %}{{ context }} {% endif %}{{ text }} On {{ target }}:\n",
        words={"favor": "pro"},
    )
    shot = Shot(stance_example(1).input, prompt.answer_to(stance_example(1)))
    chat = prompt.render(question(context="Before."), LABELS, [shot])
    assert chat == [
        {"role": "system", "content": "One of pro, against, none."},
        {"role": "user", "content": "Sentence 1. On Coal:"},
        {"role": "assistant", "content": "pro"},
        {"role": "user", "content": "Before. Stop it. On Coal:"},
    ]
    assert as_text(chat).endswith("Sentence 1. On Coal: pro\n\nBefore. Stop it. On Coal:")


def test_what_stands_in_a_document_is_no_template():
    prompt = Prompt(task="stance", template="{{ text }}<b>")
    (message,) = prompt.render(question(text="{{ 7 * 7 }} {% for %} <i>&"), LABELS)
    assert message["content"] == "{{ 7 * 7 }} {% for %} <i>&<b>"


@pytest.mark.parametrize(
    "template",
    [
        "{{ text.__class__ }}",
        "{{ text.__class__.__mro__ }}{{ text }}",
        "{{ text }}{{ labels.append('x') }}",
        "{{ text }}{% for i in range(10000000) %}x{% endfor %}",
        "{{ text }}{{ 1 / 0 }}",
        "{{ text }}{{ labels.nothing }}",
    ],
)
def test_templates_cannot_reach_out_nor_run_on(template):
    with pytest.raises(ConfigError, match="cannot be rendered"):
        Prompt(task="stance", name="x", template=template).render(question(), LABELS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"template": ""}, "must not be empty"),
        ({"template": "{{ text"}, "line 1"),
        ({"template": "{{ txt }}"}, "'txt' is not among.*did you mean 'text'"),
        ({"template": "{{ target }}"}, "does not say {{ text }}"),
        ({"system": "{{ text }}"}, "system: 'text' is not among"),
        ({"answer": "offsets"}, "'offsets' are for ner"),
        ({"task": "ner"}, "ner needs json"),
        ({"shots": -1}, "shots must be"),
        ({"words": {"favor": "yes", "against": "Yes"}}, "words must be different"),
    ],
)
def test_prompts_that_cannot_be_meant(given, message):
    with pytest.raises(ValueError, match=message):
        Prompt(**{"task": "stance", "template": "{{ text }}", **given})


def test_answers_as_the_prompt_wants_them():
    example = Example(
        "e", "d", "d", NerInput("e", "d", "Ann met Bo."), (Entity(18, 20, "PER"), Entity(10, 13, "PER")), 10
    )
    strings = Prompt(task="ner", template="{{ text }}", answer="json", words={"PER": "person"})
    assert strings.answer_to(example) == (
        '{"entities": [{"text": "Ann", "label": "person"}, {"text": "Bo", "label": "person"}]}'
    )
    offsets = dataclasses.replace(strings, answer="offsets", words={})
    assert offsets.answer_to(example) == (
        '{"entities": [{"start": 0, "end": 3, "text": "Ann", "label": "PER"}, '
        '{"start": 8, "end": 10, "text": "Bo", "label": "PER"}]}'
    )


def test_schemas_name_the_scheme():
    strings = Prompt(task="ner", template="{{ text }}", answer="json", words={"PER": "person"})
    entity = strings.schema(["PER", "ORG"])["properties"]["entities"]["items"]
    assert entity["properties"]["label"]["enum"] == ["person", "ORG"]
    assert entity["required"] == ["text", "label"]
    stance = Prompt(task="stance", template="{{ text }}", answer="json")
    assert stance.schema(LABELS)["properties"] == {"stance": {"type": "string", "enum": list(LABELS)}}
    assert Prompt(task="stance", template="{{ text }}").schema(LABELS) is None


def test_examples_are_varied_and_the_same_in_any_order():
    examples = [stance_example(i, "none") for i in range(20)] + [
        stance_example(20, "favor"),
        stance_example(21, "against"),
    ]
    prompt = Prompt(task="stance", template="{{ text }}")
    chosen = prompt.choose(examples, 3)
    assert sorted(shot.answer for shot in chosen) == ["against", "favor", "none"]
    assert prompt.choose(examples[::-1], 3) == chosen
    assert prompt.choose(examples, 5)[:3] == chosen
    with pytest.raises(ConfigError, match=r"wants 30 worked examples.*found 22"):
        prompt.choose(examples, 30)


def test_of_each_style_as_many():
    def example(doc, style):
        one = SummaryInput(f"{doc}/{style}", doc, f"Text of {doc}.", style, ())
        return Example(one.id, doc, doc, one, References(style, (f"{style} of {doc}",)))

    examples = [example(doc, style) for doc in ("a", "b", "c") for style in ("headline", "highlights")]
    prompt = Prompt(task="summarization", template="{{ text }} {{ style }}")
    chosen = prompt.choose(examples, 2)
    assert [shot.input.style for shot in chosen] == ["headline"] * 2 + ["highlights"] * 2
    assert all(shot.answer.startswith(shot.input.style) for shot in chosen)


class Corpus:
    stance_labels = LABELS
    entity_labels = ()

    def __init__(self, examples):
        self.documents = {example.doc: example.input for example in examples}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asking(PromptModel):
    """The least model with a prompt."""


def test_own_examples_from_the_prompt_and_from_a_file(tmp_path):
    file = tmp_path / "more.jsonl"
    file.write_text('{"text": "C.", "target": "Coal", "label": "against", "context": "Before."}\n', encoding="utf-8")
    prompt = Prompt(
        task="stance",
        template="{{ context }}{{ text }}",
        examples=({"text": "A.", "target": "Coal", "label": "favor"},),
        examples_file=str(file),
    )
    model, examples = Asking(prompt=prompt), [stance_example(1)]
    model.prepare(examples, Corpus(examples))
    assert [message["content"] for message in model.messages(examples[0].input)] == [
        "A.", "favor", "Before.C.", "against", "Sentence 1."
    ]  # fmt: skip
    assert model.examples_from is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"text": "A."}, "needs 'target'; needs 'label'"),
        ({"text": "A.", "target": "C", "label": "favor", "contxt": ""}, "unknown key 'contxt'; did you mean 'context'"),
        ({"text": 1, "target": "C", "label": "favor"}, "'text' must be a text"),
    ],
)
def test_own_examples_that_are_none(given, message):
    with pytest.raises(ConfigError, match=message):
        Prompt(task="stance", template="{{ text }}", examples=(given,)).own_shots()


def test_own_entities_are_looked_up_in_their_text():
    given = {"text": "Bo and Bo.", "entities": [{"text": "Bo", "label": "PER"}, {"text": "Bo", "label": "PER"}]}
    (shot,) = Prompt(task="ner", template="{{ text }}", answer="offsets", examples=(given,)).own_shots()
    assert '"start": 0, "end": 2' in shot.answer
    assert '"start": 7, "end": 9' in shot.answer
    given = {"text": "Bo", "entities": [{"text": "Ann", "label": "PER"}]}
    with pytest.raises(ConfigError, match="does not stand in its text"):
        Prompt(task="ner", template="{{ text }}", answer="json", examples=(given,)).own_shots()


def test_an_example_that_is_evaluated_is_refused():
    own = {"text": "sentence  1.", "target": "Coal", "label": "favor"}
    model = Asking(prompt=Prompt(task="stance", name="mine", template="{{ text }}", examples=(own,)))
    with pytest.raises(ConfigError, match="among what is evaluated"):
        model.prepare([stance_example(1)], Corpus([stance_example(1)]))


def test_the_fingerprint_moves_with_all_that_is_asked_and_with_nothing_else():
    prompt = Prompt(task="stance", template="{{ text }}", name="a")
    shots = prompt.choose([stance_example(1)], 1)
    plain = prompt.fingerprint(LABELS, [])
    same = [
        dataclasses.replace(prompt, name="b", about="other").fingerprint(LABELS, []),
        Prompt(task="stance", template="{{ text }}", shots=3).fingerprint(LABELS, []),
    ]
    other = [
        prompt.fingerprint(LABELS, shots),
        prompt.fingerprint(LABELS[::-1], []),
        dataclasses.replace(prompt, template="{{ text }}.").fingerprint(LABELS, []),
        dataclasses.replace(prompt, system="Be brief.").fingerprint(LABELS, []),
        dataclasses.replace(prompt, answer="json").fingerprint(LABELS, []),
        dataclasses.replace(prompt, words={"favor": "pro"}).fingerprint(LABELS, []),
    ]
    assert same == [plain] * len(same)
    assert len({plain, *other}) == len(other) + 1


def test_a_configuration_makes_a_prompt():
    prompt = build_dataclass(Prompt, {"task": "stance", "template": "{{ text }}", "examples": [{"text": "A"}]}, "x")
    assert prompt.examples == ({"text": "A"},)
    with pytest.raises(ConfigError, match=r"x\.templat: unknown key"):
        build_dataclass(Prompt, {"task": "stance", "templat": "{{ text }}"}, "x")


def test_a_prompt_of_another_task_and_labels_that_are_not_there():
    examples = [stance_example(1)]
    with pytest.raises(ConfigError, match="is for task 'summarization'"):
        Asking(prompt=Prompt(task="summarization", template="{{ text }}")).prepare(examples, Corpus(examples))
    words = Prompt(task="stance", template="{{ text }}", words={"favour": "pro"})
    with pytest.raises(ConfigError, match="words for favour"):
        Asking(prompt=words).prepare(examples, Corpus(examples))
    ner = Prompt(task="ner", template="{{ text }}", answer="json")
    with pytest.raises(ConfigError, match=r"data\.labels\.entities"):
        Asking(prompt=ner).prepare([], Corpus([]))
