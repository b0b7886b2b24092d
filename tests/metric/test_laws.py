"""Laws that every metric obeys, over every file of conf/metric; none is left out."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml
from omegaconf import OmegaConf

from harness.config import build as build_kind
from harness.records import Entity, Fact, References, Sentence, Stance, StanceGold, Summary, Target
from harness.sentences import sentence_spans
from tests.made_context import context_of

pytestmark = pytest.mark.core

CONF = Path(__file__).parents[2] / "conf" / "metric"
# A gold answer that is given back scores 1 on rows that end so.
PERFECT = (".precision", ".recall", ".f1", ".accuracy", ".favg", ".macro_f1", ".mcc")
FRACTIONS = PERFECT[:-1]


def build(file):
    """The metrics that a configuration file sets up, in the data's default scheme."""
    data = {"data": {"labels": {"stance": ["favor", "against", "none"]}}}
    config = OmegaConf.to_container(OmegaConf.merge(data, OmegaConf.load(file)), resolve=True)
    for name, parameters in config.items():
        if name != "data":
            yield build_kind("metric", parameters, name)


METRICS = [pytest.param(metric, id=file.stem) for file in sorted(CONF.glob("*.yaml")) for metric in build(file)]


@dataclasses.dataclass(frozen=True)
class Case:
    gold: object
    predicted: object
    text: str = ""
    start: int = 0


def entity(text, start, end, label):
    return Entity(start, end, label, text=text[start:end])


TEXT = "The Hague 🇳🇱 sent Ms. O'Neil's team to Acme-Bank.\n北京 and Acme said no, no."
SPLIT = TEXT.index("\n") + 1


def ner_case(gold, predicted, start, end):
    def spans(marks):
        return tuple(entity(TEXT, *mark) for mark in marks if start <= mark[0] < end)

    return Case(spans(gold), None if predicted is None else spans(predicted), TEXT[start:end], start)


HAGUE, ONEIL = (0, 9, "GPE"), (TEXT.index("Ms."), TEXT.index("'s team"), "PER")
BANK = (TEXT.index("Acme-"), TEXT.index("Acme-") + 9, "ORG")
BEIJING, ACME = (TEXT.index("北"), TEXT.index("北") + 2, "GPE"), (TEXT.rindex("Acme"), TEXT.rindex("Acme") + 4, "ORG")
NER_GOLD = (HAGUE, (4, 9, "LOC"), ONEIL, BANK, BEIJING, ACME)
NER_PREDICTED = (
    HAGUE,
    (ONEIL[0] + 4, ONEIL[1], "PER"),
    (BANK[0], BANK[0] + 4, "LOC"),
    BANK,
    (BEIJING[0], ACME[1], "ORG"),
)


def references(style, text, **more):
    return References(style, texts=(text,), source="Long ago the old king of the hill sold his horse. " * 4, **more)


DOCUMENTS = {
    "ner": {
        "a": [ner_case(NER_GOLD, NER_PREDICTED, 0, SPLIT), ner_case(NER_GOLD, NER_PREDICTED, SPLIT, len(TEXT))],
        "b": [ner_case(NER_GOLD, None, 0, len(TEXT))],
        "c": [ner_case((), (), 0, SPLIT)],
        "d": [ner_case((), NER_PREDICTED, 0, SPLIT), ner_case(NER_GOLD, (), SPLIT, len(TEXT))],
    },
    "stance": {
        "a": [
            Case(
                Stance("nato", "favor"),
                Stance("nato", "favor", {"favor": 0.7, "against": 0.2, "none": 0.1}),
            ),
            Case(
                Stance("eu|x", "against"),
                Stance("eu|x", "none", {"favor": 0.1, "against": 0.3, "none": 0.6}),
            ),
        ],
        "b": [Case(Stance("nato", "none"), None), Case(Stance("nato", "none"), Stance("nato", "unknown"))],
        "c": [
            Case(
                Stance("eu|x", "against"),
                Stance("eu|x", "favor", {"favor": 0.5, "against": 0.4, "none": 0.1}),
            )
        ],
        # Both targets have both sides in gold; without that no answer can reach a favg of 1 per target.
        "d": [Case(Stance("nato", "against"), Stance("nato", "against")), Case(Stance("eu|x", "favor"), None)],
    },
    "summarization": {
        "a": [
            Case(
                references("default", "The old king sold his horse.\nIt was long ago."), Summary("A king sold a horse.")
            ),
            Case(
                References("extract", extracts=(("s1", "s3"),), source="Long ago."),
                Summary("Long ago.", sentences=("s1", "s2")),
            ),
        ],
        "b": [
            Case(references("headline", "King sells horse", max_words=4), Summary("The king of the hill has sold it"))
        ],
        "c": [Case(references("default", "A horse was sold."), None)],
    },
}


def perfect(case, task):
    """The case with its gold as the answer."""
    if task != "summarization":
        return dataclasses.replace(case, predicted=case.gold)
    if case.gold.style == "extract":
        return dataclasses.replace(case, predicted=Summary("Long ago.", sentences=case.gold.extracts[0]))
    return dataclasses.replace(case, predicted=Summary(case.gold.texts[0]))


def page(gold):
    """The document's sentences, the first of which is a caption, its references and the rest of its gold."""
    spans = sentence_spans(gold.source)
    zones = ["caption", *["body"] * len(spans)]
    return {
        "sentences": tuple(Sentence(f"s{n + 1}", *spans[n], zones[n]) for n in range(len(spans))),
        "references": gold.texts,
        "entities": tuple(entity(gold.source, *mark) for mark in ((9, 20, "PERSON"), (28, 32, "LOC"))),
        "facts": (Fact("The old king sold his horse.", 2.0), Fact("It was long ago.", 1.0)),
        "stance": (StanceGold("nato", "favor", "s2", details={"holder": "the old king"}),),
        "targets": {"nato": Target("nato", "NATO")},
    }


def finding(question):
    """What a judge finds, by the kind of question; texts that are equal are as alike as can be."""
    if "criterion" in question:
        return {"score": 1 + len(question["summary"]) % 5, "value": len(question["summary"]) % 5 / 4}
    if "reference" in question:
        return dict.fromkeys(("precision", "recall", "f1"), 1.0 if question["text"] == question["reference"] else 0.5)
    if "hypothesis" in question:
        share = len(set(question["premise"].split()) & set(question["hypothesis"].split())) / 100
        return {"entailment": share, "neutral": 0.9 - share, "contradiction": 0.1}
    return "favor" if "king" in question["text"] else "against"


def count(metric, case):
    if getattr(metric, "needs_context", False):
        more = page(case.gold) if isinstance(case.gold, References) else {}
        context = context_of(case.gold, case.text, case.start, **more)
        if hasattr(metric, "judge"):
            asked = metric.questions(case.gold, case.predicted, context)
            assert all(set(question) == set(metric.asks) for question in asked)
            context = dataclasses.replace(context, measured=tuple(map(finding, asked)))
        return metric.count(case.gold, case.predicted, context)
    return metric.count(case.gold, case.predicted)


def add(all_counts):
    sums = {}
    for counts in all_counts:
        for name, value in counts.items():
            sums[name] = sums.get(name, 0.0) + value
    return sums


def count_document(metric, cases):
    if metric.level == "document":
        gold = tuple(entity for case in cases for entity in case.gold)
        predicted = tuple(entity for case in cases for entity in case.predicted or ())
        return metric.count(gold, predicted)
    return add(count(metric, case) for case in cases)


def table(metric, documents):
    """Names to arrays with one element per document, as the score stage holds them."""
    counted = [count_document(metric, cases) for cases in documents]
    names = sorted({name for counts in counted for name in counts})
    return metric.per_document({name: np.array([counts.get(name, 0.0) for counts in counted]) for name in names})


def total(metric, documents):
    return {name: float(values.sum()) for name, values in table(metric, documents).items()}


def documents_of(metric):
    return list(DOCUMENTS[metric.task].values())


def same(left, right):
    return left.keys() == right.keys() and all(
        np.allclose(left[key], right[key], rtol=1e-12, atol=1e-12, equal_nan=True) for key in left
    )


@pytest.mark.parametrize("metric", METRICS)
def test_gold_against_itself_is_perfect(metric):
    documents = [[perfect(case, metric.task) for case in cases] for cases in documents_of(metric)]
    scores = metric.compute(total(metric, documents))
    assert scores
    for key, value in scores.items():
        if key.metric.endswith(PERFECT):
            assert value == pytest.approx(1.0, abs=1e-12), key
        if key.average == "count" and key.slice.startswith("gold="):
            gold, predicted = (side.partition("=")[2] for side in key.slice.split(","))
            assert gold == predicted


@pytest.mark.parametrize("metric", METRICS)
def test_no_example_is_undefined_never_zero(metric):
    assert all(np.isnan(value) for value in metric.compute({}).values())


@pytest.mark.parametrize("metric", METRICS)
def test_an_array_of_sums_scores_like_each_sum(metric):
    values = table(metric, documents_of(metric))
    draws = np.random.default_rng(7).multinomial(
        len(documents_of(metric)), [1 / len(documents_of(metric))] * len(documents_of(metric)), size=(4, 10)
    )
    draws[0, 0] = 0
    sums = {name: draws @ column for name, column in values.items()}
    scores = metric.compute(sums)
    assert all(value.shape == (4, 10) for value in scores.values())
    for place in np.ndindex(4, 10):
        alone = metric.compute({name: column[place] for name, column in sums.items()})
        assert same({key: value[place] for key, value in scores.items()}, alone)


@pytest.mark.parametrize("metric", METRICS)
def test_names_with_zero_counts_add_no_defined_score_but_a_zero_count(metric):
    """A resample without some label has its names at 0; a run without it has no such names."""
    some, all_of_it = documents_of(metric)[:1], documents_of(metric)
    sums = total(metric, some)
    padded = dict.fromkeys(total(metric, all_of_it), 0.0) | sums
    scores, wide = metric.compute(sums), metric.compute(padded)
    assert same(scores, {key: wide[key] for key in scores})
    for key in wide.keys() - scores.keys():
        assert wide[key] == 0 if key.average == "count" else np.isnan(wide[key])


@pytest.mark.parametrize("metric", METRICS)
def test_order_of_documents_examples_and_spans_changes_nothing(metric):
    def turned(case):
        if metric.task != "ner":
            return case
        predicted = None if case.predicted is None else case.predicted[::-1]
        return dataclasses.replace(case, gold=case.gold[::-1], predicted=predicted)

    documents = documents_of(metric)
    backwards = [[turned(case) for case in cases[::-1]] for cases in documents[::-1]]
    assert same(metric.compute(total(metric, documents)), metric.compute(total(metric, backwards)))


@pytest.mark.parametrize("metric", METRICS)
def test_counting_leaves_no_trace(metric):
    """Counted twice, each time from scratch, and out of fresh dictionaries."""
    case = documents_of(metric)[0][0]
    first, second = count(metric, case), count(metric, case)
    assert first == second
    first["planted"] = 1.0
    assert "planted" not in count(metric, case)
    assert all(isinstance(value, float) for value in second.values())


@pytest.mark.parametrize("metric", METRICS)
def test_rows_are_named_signed_and_supported(metric):
    sums = total(metric, documents_of(metric))
    for key, value in metric.compute(sums).items():
        assert key.metric
        assert key.average
        assert key.slice
        assert metric.signature(key).startswith(f"{key.metric}|")
        assert metric.signature(key).rpartition("|")[2].startswith("v:")
        assert metric.support(key, sums) >= 0
        if key.metric.endswith(FRACTIONS) and not np.isnan(value):
            assert 0 <= value <= 1


@pytest.mark.parametrize("metric", METRICS)
def test_the_docstring_says_what_a_reader_must_know(metric):
    parts = [line.strip() for line in type(metric).__doc__.splitlines()]
    for part in ("Range:", "Bad input:", "Source:", "Checked against:"):
        assert any(line.startswith(part) for line in parts), part
    # The rules for what never reaches a metric.
    assert "`harness.metric.base`" in " ".join(parts)


@pytest.mark.parametrize("metric", METRICS)
def test_parameters_are_spelled_out_and_frozen(metric, request):
    stem = request.node.callspec.id
    configs = yaml.safe_load((CONF / f"{stem}.yaml").read_text(encoding="utf-8"))
    kinds = {config["kind"]: config for config in configs.values()}
    kind = type(metric).__module__.rpartition(".")[2]
    names = {field.name for field in dataclasses.fields(metric)}
    assert kinds[kind].keys() == names | {"kind"}
    assert dataclasses.replace(metric) == metric
    assert hash(dataclasses.replace(metric)) == hash(metric)


NER_METRICS = [parameter for parameter in METRICS if parameter.values[0].task == "ner"]


@pytest.mark.parametrize("metric", [parameter for parameter in NER_METRICS if parameter.values[0].level == "example"])
def test_a_text_cut_between_spans_scores_like_the_whole(metric):
    # No prediction reaches over the cut.
    parts = [ner_case(NER_GOLD, NER_PREDICTED, 0, SPLIT), ner_case(NER_GOLD, NER_PREDICTED, SPLIT, len(TEXT))]
    whole = ner_case(NER_GOLD, NER_PREDICTED, 0, len(TEXT))
    assert add(count(metric, part) for part in parts) == count(metric, whole)


@pytest.mark.parametrize("metric", NER_METRICS)
def test_shifting_text_and_spans_changes_nothing(metric):
    def moved(entities):
        return tuple(dataclasses.replace(one, start=one.start + 1000, end=one.end + 1000) for one in entities)

    case = ner_case(NER_GOLD, NER_PREDICTED, 0, len(TEXT))
    shifted = Case(moved(case.gold), moved(case.predicted), case.text, 1000)
    assert count(metric, case) == count(metric, shifted)


@pytest.mark.parametrize("metric", NER_METRICS)
def test_no_answer_counts_as_an_empty_one_and_duplicates_once(metric):
    case = ner_case(NER_GOLD, NER_PREDICTED, 0, len(TEXT))
    assert count(metric, dataclasses.replace(case, predicted=None)) == count(
        metric, dataclasses.replace(case, predicted=())
    )
    twice = dataclasses.replace(case, gold=case.gold * 2, predicted=case.predicted * 2)
    assert count(metric, twice) == count(metric, case)
