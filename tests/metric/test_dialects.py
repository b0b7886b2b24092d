"""Each dialect against the tool whose number it equals, or against that tool's rules written down a second time."""

import dataclasses
import warnings
from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator
from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support
from seqeval.metrics.v1 import precision_recall_fscore_support as strict_precision_recall_fscore_support
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, Entities
from sklearn.metrics import precision_recall_fscore_support as token_scores

from harness.config import DataConfig
from harness.gold import load_corpus
from harness.label_map import NO_MAP
from harness.metric.base import Key
from harness.metric.dialect_notes import differences
from harness.metric.dialect_readings import conlleval, seqeval_default, strict_iob2, strict_iobes
from harness.metric.dialects import Dialects
from harness.metric.entity_f1 import EntityF1
from harness.model.predictions import Predictions
from harness.records import Answer, Context, Document, Entity, Example, NerInput, TaggedSentence
from harness.scoring import context_of, read_answers
from harness.tags import TagSpan, find_scheme, spans_of, tags_of
from harness.task.ner import Ner

pytestmark = pytest.mark.core
FIELDS = ("precision", "recall", "f1")


def case(gold, predicted, scheme=None, words=None):
    """Sentences of tags as an example of one document, with the entities that a CoNLL file's reader would hand on."""
    words = words or [[f"w{n}" for n in range(len(sentence))] for sentence in gold]
    tagged, entities, answers, position = [], [], [], 0
    for number, (sentence, wanted) in enumerate(zip(words, gold, strict=True)):
        tokens, begin = [], position
        for word in sentence:
            tokens.append((position, position + len(word)))
            position += len(word) + 1
        tagged.append(TaggedSentence(begin, position - 1, tuple(tokens), tuple(wanted)))
        for side, tags in ((entities, wanted), (answers, predicted[number] if predicted else ())):
            side += [Entity(tokens[s.start][0], tokens[s.end - 1][1], s.label) for s in spans_of(tags)]
    text = "\n".join(" ".join(sentence) for sentence in words)
    answer = Answer(entities=tuple(answers), tags=tuple(tag for tags in predicted for tag in tags))
    document = Document("d", text, {"tag_scheme": scheme or find_scheme(gold)})
    context = Context(Example("d", "d", "d", NerInput("d", "d", text)), answer, document, tagged=tuple(tagged))
    return tuple(entities), tuple(answers), context


def counts_of(gold, predicted, **more):
    return Dialects().count(*case(gold, predicted, **more))


def score(counts):
    found = Dialects().compute(counts)
    return {
        name: tuple(float(found[Key(f"dialect.{name}.{field}", "micro")]) for field in FIELDS)
        for name in {key.metric.split(".")[1] for key in found if key.average == "micro"}
    }


def scores(gold, predicted, **more):
    return score(counts_of(gold, predicted, **more))


def f1(gold, predicted, **more):
    return {name: values[2] for name, values in scores(gold, predicted, **more).items()}


def invalid(counts):
    found = Dialects().compute(counts)
    return tuple(
        float(found[Key("dialect.invalid_transitions", "count", f"side={side}")]) for side in ("gold", "predicted")
    )


# ---- seqeval --------------------------------------------------------------------------------------------------------


def sentences(tags):
    """Pairs of tag sequences of equal length."""
    one = st.lists(st.tuples(st.sampled_from(tags), st.sampled_from(tags)), min_size=1, max_size=8)
    return st.lists(one, min_size=1, max_size=4).map(
        lambda found: tuple([[pair[side] for pair in sentence] for sentence in found] for side in (0, 1))
    )


def tag_set(prefixes):
    return ["O", *(f"{prefix}-{label}" for prefix in prefixes for label in ("A", "B"))]


def seqeval(gold, predicted, **mode):
    with warnings.catch_warnings():
        # It warns of every prefix that it does not know, and of every division by zero.
        warnings.simplefilter("ignore")
        found = precision_recall_fscore_support(gold, predicted, average="micro", zero_division=0, **mode)
    return tuple(float(value) for value in found[:3])


def seqeval_strict(gold, predicted, scheme):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = strict_precision_recall_fscore_support(gold, predicted, average="micro", scheme=scheme, zero_division=0)
    return tuple(float(value) for value in found[:3])


@settings(max_examples=60, deadline=None)
@given(sentences(tag_set("BI")))
def test_iob_equals_seqeval_default_and_strict_and_conlleval(pair):
    gold, predicted = pair
    found = scores(gold, predicted)
    assert found["seqeval"] == pytest.approx(seqeval(gold, predicted), abs=1e-12)
    assert found["seqeval_strict_iob2"] == pytest.approx(seqeval_strict(gold, predicted, IOB2), abs=1e-12)
    assert found["seqeval_strict_iobes"] == pytest.approx(seqeval_strict(gold, predicted, IOBES), abs=1e-12)
    # On IOB tags the lenient scorers agree, and so does our strict one, whose spans were read from the tags.
    assert found["conlleval"] == found["wnut_entity"] == found["seqeval"]
    assert found["conlleval"] == pytest.approx(perl_scores(gold, predicted), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(sentences(tag_set("BIES")))
def test_iobes_equals_seqeval_default_and_strict_and_the_rules_of_conlleval(pair):
    gold, predicted = pair
    found = scores(gold, predicted, scheme="iobes")
    assert found["seqeval"] == pytest.approx(seqeval(gold, predicted), abs=1e-12)
    assert found["seqeval_strict_iobes"] == pytest.approx(seqeval_strict(gold, predicted, IOBES), abs=1e-12)
    assert found["conlleval"] == pytest.approx(perl_scores(gold, predicted), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(sentences(tag_set("BILU")))
def test_bilou_is_read_as_iobes(pair):
    gold, predicted = pair
    found = scores(gold, predicted, scheme="bilou")
    assert found["seqeval_strict_iobes"] == pytest.approx(seqeval_strict(gold, predicted, BILOU), abs=1e-12)
    assert found["seqeval"] == pytest.approx(seqeval(gold, predicted), abs=1e-12)
    assert found["conlleval"] == pytest.approx(perl_scores(gold, predicted), abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*tag_set("BIESLU"), "X", "B", ".", ".-A"]), max_size=9))
def test_seqeval_default_reads_any_tag_as_it_does(tags):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # seqeval warns of tags that it does not know and reads them all the same; its ends are inclusive.
        expected = {TagSpan(start, end + 1, label) for label, start, end in get_entities(tags)}
    assert seqeval_default(tags) == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(tag_set("BIES")), max_size=9))
def test_strict_readings_are_those_of_seqevals_automata(tags):
    def entities(scheme, of):
        return {TagSpan(one.start, one.end, one.tag) for one in Entities([of], scheme).entities[0]}

    assert strict_iobes(tags) == entities(IOBES, tags)
    iob = [tag.replace("S-", "B-").replace("E-", "I-") for tag in tags]
    assert strict_iob2(iob) == entities(IOB2, iob)


def test_trap_5_an_inside_tag_that_begins_an_entity():
    """gold B-PER I-PER, predicted I-PER I-PER: right for who reads leniently, nothing for who reads strictly."""
    gold, predicted = [["B-PER", "I-PER"]], [["I-PER", "I-PER"]]
    found = f1(gold, predicted)
    assert (found["seqeval"], found["conlleval"], found["wnut_entity"], found["harness"]) == (1, 1, 1, 1)
    assert found["seqeval_strict_iob2"] == seqeval_strict(gold, predicted, IOB2)[2] == 0
    assert invalid(counts_of(gold, predicted)) == (0, 0)  # one sentence: read as IOB1, which it is
    # Among tags that are IOB2 it is a slip, and is counted.
    more = [["B-PER", "I-PER"], ["B-LOC"], ["B-LOC"]]
    assert invalid(counts_of(more, [["I-PER", "I-PER"], ["B-LOC"], ["B-LOC"]])) == (0, 1)


def test_iob1_gold_under_strict_iob2_is_nothing():
    gold = [["I-PER", "I-PER", "O", "I-LOC"]]
    found = scores(gold, gold, scheme="iob1")
    assert found["seqeval_strict_iob2"] == seqeval_strict(gold, gold, IOB2) == (0, 0, 0)
    assert found["seqeval"] == found["harness"] == (1, 1, 1)
    # Only what begins with B-, the second of two that touch, is an entity there; seqeval's own IOB1 reads all four.
    touching = [["I-PER", "B-PER", "O", "I-LOC", "I-LOC"]]
    assert strict_iob2(touching[0]) == {TagSpan(1, 2, "PER")}
    assert len(Entities(touching, IOB1).entities[0]) == 3
    assert scores(touching, touching, scheme="iob1")["seqeval_strict_iob2"] == (1, 1, 1)


def test_prefixes_that_a_tool_refuses_give_no_score():
    gold, predicted = [["B-A", "E-A", "S-B"]], [["B-A", "E-A", "O"]]
    found = f1(gold, predicted, scheme="iobes")
    for name in ("seqeval_strict_iob2", "wnut_entity", "wnut_surface"):
        assert np.isnan(found[name]), name
    with pytest.raises(ValueError, match="Invalid token"):
        seqeval_strict(gold, predicted, IOB2)
    assert found["seqeval"] == found["seqeval_strict_iobes"] == found["harness"] == pytest.approx(2 / 3)


# ---- conlleval ------------------------------------------------------------------------------------------------------


def perl_chunks(tags):
    """Where chunks begin and where they have ended, from the script's documented tables; both before a token."""
    begins, ends = set(), set()
    before = ("O", "")
    for position, tag in enumerate([*tags, "O"]):
        prefix, _, label = tag.partition("-")
        here = (prefix, label)
        if prefix == "B" and before[0] in ("B", "I", "O"):
            begins.add(position)
        if prefix == "I" and before[0] in ("O", "E"):
            begins.add(position)
        if prefix == "E" and before[0] in ("O", "E"):
            begins.add(position)
        if prefix != "O" and label != before[1]:
            begins.add(position)
        if before[0] in ("B", "I") and prefix in ("B", "O"):
            ends.add(position)
        if before[0] == "E" and prefix in ("E", "I", "O"):
            ends.add(position)
        if before[0] != "O" and label != before[1]:
            ends.add(position)
        before = here
    return begins, ends


def perl_scores(gold, predicted):
    """The script's totals, found by walking along each gold chunk rather than in one pass."""
    correct = found = wanted = 0
    for tags, answer in zip(gold, predicted, strict=True):
        (begins, ends), (starts, stops) = perl_chunks(tags), perl_chunks(answer)
        labels = [[tag.partition("-")[2] for tag in (*side, "O")] for side in (tags, answer)]
        wanted, found = wanted + len(begins), found + len(starts)
        for begin in sorted(begins & starts):
            if labels[0][begin] != labels[1][begin]:
                continue
            for position in range(begin + 1, len(tags) + 1):
                if position in ends and position in stops:
                    # Labels may not have drifted apart on the way; the script looks at the last token's.
                    correct += labels[0][position - 1] == labels[1][position - 1]
                    break
                if (position in ends) != (position in stops) or labels[0][position] != labels[1][position]:
                    break
                # A chunk that begins anew on both sides is that chunk from here on, and is counted once.
                if position in begins and position in starts:
                    break
    precision = correct / found if found else 0.0
    recall = correct / wanted if wanted else 0.0
    return precision, recall, 2 * correct / (found + wanted) if found + wanted else 0.0


def test_the_known_flaw_of_conlleval_is_kept():
    """E- before B- of one label is no break: perfect at half of the tokens (spyysalo/conlleval.py issue 1)."""
    gold, predicted = [["B-X", "E-X", "B-X", "E-X"]], [["B-X", "I-X", "I-X", "E-X"]]
    assert conlleval(gold[0], predicted[0]) == (1, 1, 1)
    found = f1(gold, predicted, scheme="iobes")
    assert (found["conlleval"], found["seqeval_strict_iobes"], found["harness"]) == (1, 0, 0)


def test_a_tag_without_label_is_a_chunk_of_its_own_to_conlleval_and_none_to_seqeval():
    gold, predicted = ["B-PER", "O"], ["B-PER", "X"]
    assert conlleval(gold, predicted) == (1, 1, 2)  # F1 .667
    assert seqeval_default(predicted) == seqeval_default(gold) == {TagSpan(0, 1, "PER")}


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("B-A I-A O", "B-A I-A O", (1, 1, 1)),
        ("I-A I-A O", "B-A I-A O", (1, 1, 1)),  # either prefix begins a chunk
        ("B-A I-B O", "B-A B-B O", (2, 2, 2)),  # another label, another chunk
        ("B-A I-A I-A", "B-A I-A O", (0, 1, 1)),  # ends earlier
        ("B-A I-A O", "O I-A O", (0, 1, 1)),  # begins later
        ("B-A B-A", "B-A I-A", (0, 2, 1)),
        ("S-A S-A", "S-A S-A", (1, 1, 1)),  # S- is unknown to the script: no break
        ("U-A O U-A", "U-A O U-A", (2, 2, 2)),
        ("[-A ]-A", "[-A ]-A", (2, 2, 2)),  # brackets are chunks of one token
        (".-A .-B", "O O", (0, 0, 0)),  # a full stop is outside, as O is
        ("", "", (0, 0, 0)),
    ],
)
def test_conlleval_by_hand(gold, predicted, expected):
    assert conlleval(gold.split(), predicted.split()) == expected


# ---- the others -----------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(sentences(tag_set("BI")))
def test_tokens_equal_scikit_learn(pair):
    gold, predicted = pair
    labels = [[tag[2:] or "O" for sentence in side for tag in sentence] for side in (gold, predicted)]
    expected = token_scores(*labels, labels=["A", "B"], average="micro", zero_division=0)[:3]
    assert scores(gold, predicted)["token"] == pytest.approx(expected, abs=1e-12)


def apart(gold, predicted):
    """Whether no span overlaps two of the other side, where nervaluate's result does not hang on its order."""
    for one, other in ((gold, predicted), (predicted, gold)):
        for tags, answer in zip(one, other, strict=True):
            for span in spans_of(tags):
                if sum(span.start < o.end and o.start < span.end for o in spans_of(answer)) > 1:
                    return False
    return True


@settings(max_examples=60, deadline=None)
@given(sentences(tag_set("BI")))
def test_semeval_2013_equals_nervaluate(pair):
    gold, predicted = pair
    assume(apart(gold, predicted))
    assume(any(tag != "O" for side in pair for sentence in side for tag in sentence))
    overall = Evaluator(gold, predicted, tags=["A", "B"], loader="list").evaluate()["overall"]
    found = scores(gold, predicted)
    for mode, theirs in (("strict", "strict"), ("exact", "exact"), ("partial", "partial"), ("type", "ent_type")):
        one = overall[theirs]
        assert found[f"semeval2013_{mode}"] == pytest.approx((one.precision, one.recall, one.f1), abs=1e-12)


def test_a_surface_is_right_once_if_it_is_right_anywhere():
    words = [["Rome"], ["Rome"], ["Paris"], ["rome"], ["New", "York"]]
    gold = [["B-loc"], ["B-loc"], ["B-loc"], ["B-loc"], ["B-loc", "I-loc"]]
    predicted = [["B-loc"], ["O"], ["B-per"], ["B-loc"], ["O", "B-loc"]]
    found = scores(gold, predicted, words=words)
    # By place: 2 of 5 found, 2 of 4 right. As a set: {Rome, Paris, rome, New York} and {Rome, Paris/per, rome, York}.
    assert found["wnut_entity"] == pytest.approx((2 / 4, 2 / 5, 4 / 9))
    assert found["wnut_surface"] == pytest.approx((2 / 4, 2 / 4, 2 / 4))


def wnut_script(gold, predicted):
    """Entities and their surfaces as sets, from lists of (word, tag) sentences."""

    def entities(side):
        found = set()
        for number, sentence in enumerate(side):
            start, label = None, None
            for place, (_, tag) in enumerate([*sentence, ("", "O")]):
                if start is not None and not (tag.startswith("I-") and tag[2:] == label):
                    words = tuple(word for word, _ in sentence[start:place])
                    found.add((number, start, place, label, words))
                    start = None
                if tag != "O" and start is None:
                    start, label = place, tag[2:]
        return found

    ours, theirs = entities(gold), entities(predicted)
    right = ours & theirs
    surfaces = [{one[3:] for one in side} for side in (right, theirs, ours)]
    return tuple(2 * len(r) / (len(p) + len(g)) for r, p, g in ((right, theirs, ours), surfaces))


def columns(path):
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        [tuple(line[:2]) for line in group] for blank, group in groupby(lines, key=lambda line: not line) if not blank
    ]


@pytest.fixture(scope="module")
def wnut17(data):
    gold = data / "ner" / "wnut17" / "emerging.test.annotated"
    return load_corpus(DataConfig(name="w", format="conll", gold=str(gold)))


@pytest.mark.parametrize(
    ("system", "entity", "surface"),
    [("arcada", 39.98, 37.77), ("drexel_cci", 26.30, 25.26), ("flytxt", 38.35, 36.31)],
)
def test_published_wnut_2017_scores(data, wnut17, system, entity, surface):
    """The official scorer's numbers, from the submissions as they were handed in."""
    folder, corpus = data / "ner" / "wnut17", wnut17
    model = Predictions(path=str(folder / "submissions" / system), task="ner", format="conll")
    examples = Ner().examples(corpus, gold=True, selects=False, label_map=NO_MAP)
    model.prepare(examples, corpus)
    answers = model.answer([example.input for example in examples])
    assert all(answer.bin == "scored" and answer.tags for answer in answers)
    found = dict(zip((example.id for example in examples), answers, strict=True))
    sums = Counter()
    for one in read_answers(examples, found, corpus, Ner(), NO_MAP).cases:
        sums.update(Dialects().count(one.example.gold, one.predicted, context_of(one, corpus, NO_MAP)))
    values = score(sums)
    assert [round(100 * values[f"wnut_{name}"][2], 2) for name in ("entity", "surface")] == [entity, surface]
    gold, predicted = columns(folder / "emerging.test.annotated"), columns(folder / "submissions" / system)
    script = wnut_script(gold, predicted)
    assert (values["wnut_entity"][2], values["wnut_surface"][2]) == pytest.approx(script, abs=1e-12)
    tags = [[[tag for _, tag in sentence] for sentence in side] for side in (gold, predicted)]
    assert values["seqeval"] == pytest.approx(seqeval(*tags), abs=1e-12)
    assert values["seqeval_strict_iob2"] == pytest.approx(seqeval_strict(*tags, IOB2), abs=1e-12)
    assert invalid(sums) == (0, 0)


# ---- tags that were not given ---------------------------------------------------------------------------------------

TEXT = "The New York Times of Ann Lee-Brown wrote."


def span(text, label, start=0):
    begin = TEXT.index(text, start)
    return Entity(begin, begin + len(text), label)


def spans_only(gold, predicted, **metadata):
    context = Context(Example("d", "d", "d", NerInput("d", "d", TEXT)), Answer(), Document("d", TEXT, metadata))
    return Dialects().count(gold, predicted, context)


def test_without_tags_they_are_made_in_each_readers_own_scheme():
    gold = (span("New York", "LOC"), span("Ann Lee-Brown", "PER"))
    counts = spans_only(gold, gold)
    assert {name: values for name, values in score(counts).items() if values != (1, 1, 1)} == {}
    assert invalid(counts) == (0, 0)
    remark = Dialects().note(Key("dialect.invalid_transitions", "count", "side=gold"), counts)
    assert remark == "given as spans, not as tags: tags made of spans are never invalid"


@pytest.mark.parametrize(
    ("gold", "predicted", "strict", "without", "begin"),
    [
        ([("The New York Times", "ORG")], [("New York Times", "ORG")], 0, 1, (1, 0)),
        ([("New York Times", "ORG")], [("The New York Times", "ORG")], 0, 1, (0, 1)),
        # Other labels stay other labels; what is no article stays.
        ([("The New York Times", "ORG")], [("New York Times", "LOC")], 0, 0, (1, 0)),
        ([("New York", "LOC")], [("York", "LOC")], 0, 0, (0, 0)),
        ([("The New York Times", "ORG"), ("Ann", "PER")], [("The New York Times", "ORG")], 2 / 3, 2 / 3, (1, 1)),
        # With and without it is one entity, once.
        ([("The New York Times", "ORG"), ("New York Times", "ORG")], [("New York Times", "ORG")], 2 / 3, 1, (1, 0)),
    ],
)
def test_a_leading_article_does_not_count_in_one_dialect(gold, predicted, strict, without, begin):
    sides = [tuple(span(*one) for one in side) for side in (gold, predicted)]
    counts = spans_only(*sides)
    assert [score(counts)[name][2] for name in ("harness", "no_article")] == pytest.approx([strict, without])
    note = Dialects().note(Key("dialect.no_article.f1", "micro"), counts)
    assert f": {begin[0]} gold and {begin[1]} predicted entities begin with an article" in note
    metric = EntityF1(article="ignore")
    said = [[dataclasses.replace(one, text=TEXT[one.start : one.end]) for one in side] for side in sides]
    assert float(metric.compute(metric.count(*said))[Key("entity.f1", "micro")]) == pytest.approx(without)


def test_the_longest_of_overlapping_spans_has_the_tags():
    gold = (span("New York Times", "ORG"), span("New York", "LOC"))
    counts = spans_only(gold, (span("New York", "LOC"),))
    assert (counts["conlleval|gold"], counts["harness|gold"], counts["flattened|gold"]) == (1, 2, 1)
    assert (counts["conlleval|correct"], counts["harness|correct"]) == (0, 1)
    remark = Dialects().note(Key("dialect.conlleval.f1", "micro"), counts)
    assert remark.startswith("66.67 points below strict: ")
    assert "1 spans inside or across a longer one have no tags" in remark


def test_spans_inside_tokens_are_widened_and_said_so():
    gold, predicted = (span("Ann Lee-Brown", "PER"),), (span("nn Lee-Brow", "PER"),)
    counts = spans_only(gold, predicted)
    assert (counts["widened|gold"], counts["widened|predicted"]) == (0, 1)
    assert (counts["conlleval|correct"], counts["harness|correct"]) == (1, 0)
    assert "1 spans were widened to whole tokens" in Dialects().note(Key("dialect.seqeval.f1", "micro"), counts)


def test_spans_without_a_word_and_discontinuous_ones():
    parts = Entity(4, 35, "PER", parts=((4, 7), (22, 25)))
    counts = spans_only((parts,), (Entity(3, 4, "PER"),))
    assert (counts["conlleval|gold"], counts["widened|gold"]) == (1, 1)
    assert (counts["conlleval|predicted"], counts["flattened|predicted"]) == (0, 1)


def test_predicted_spans_meet_tagged_gold_in_its_own_scheme():
    gold, _, context = case([["I-PER", "I-PER", "B-PER", "O"]], [["O"] * 4], scheme="iob1")
    context = Context(context.example, Answer(entities=gold), context.document, tagged=context.tagged)
    found = score(Dialects().count(gold, gold, context))
    assert found["seqeval"] == found["conlleval"] == (1, 1, 1)
    assert found["seqeval_strict_iob2"] == (1, 1, 1)  # of the one entity that begins with B-
    counts = Dialects().count(gold, gold, context)
    assert (counts["seqeval_strict_iob2|gold"], counts["seqeval|gold"]) == (1, 2)


def test_what_the_ledger_took_away_is_outside_and_what_the_map_renamed_has_its_new_label():
    gold, predicted, context = case([["B-city", "I-city", "O", "B-era"]], [["B-city", "I-city", "B-x", "B-era"]])
    renamed = tuple(Entity(one.start, one.end, "LOC") for one in gold if one.label == "city")
    answered = tuple(Entity(one.start, one.end, "LOC") for one in predicted if one.label == "city")
    counts = Dialects().count(renamed, answered, context)
    assert {counts[f"{name}|{side}"] for name in ("conlleval", "wnut_entity") for side in ("gold", "predicted")} == {1}
    assert score(counts)["token"] == (1, 1, 1)
    assert counts["surface=LOC\tw0 w1|correct"] == 1
    # Two labels that the map made one: the tags cannot say that these are two, so they are made anew.
    gold, predicted, context = case([["B-a", "I-b"]], [["B-a", "I-b"]])
    merged = tuple(Entity(one.start, one.end, "LOC") for one in gold)
    assert Dialects().count(merged, merged, context)["conlleval|correct"] == 2


def test_a_missing_answer_is_an_empty_one():
    gold, _, context = case([["B-A", "O"]], [["B-A", "O"]])
    missing = Context(context.example, Answer(bin="missing"), context.document, tagged=context.tagged)
    found = score(Dialects().count(gold, None, missing))
    assert set(found.values()) == {(0, 0, 0)}


def test_nothing_to_find_and_nothing_found_is_0_in_the_tools_and_undefined_here():
    found = scores([["O", "O"]], [["O", "O"]])
    assert np.isnan([found.pop("harness"), found.pop("no_article")]).all()
    assert set(found.values()) == {(0, 0, 0)}
    assert seqeval([["O", "O"]], [["O", "O"]]) == (0, 0, 0)


def test_surfaces_can_be_left_out():
    metric = Dialects(surfaces=False)
    counts = metric.count(*case([["B-A"]], [["B-A"]]))
    assert not any(name.startswith("surface=") for name in counts)
    assert not any("wnut_surface" in key.metric for key in metric.compute(counts))


# ---- invalid transitions, notes, signatures -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "stated", "expected"),
    [
        ([["B-A", "I-A"], ["O", "I-A"], ["B-A"]], None, 1),  # IOB2 with one slip
        ([["I-A", "I-A"], ["O", "I-A"], ["I-A", "B-A"]], None, 0),  # IOB1
        ([["I-A", "I-A"], ["O", "I-A"], ["I-A", "B-A"]], "iob2", 3),  # the same under a stated scheme
        ([["B-A", "E-A", "S-A"], ["B-A", "O"]], None, 1),  # an entity that is not ended
        ([["U-A"], ["I-A", "L-A"]], None, 1),
    ],
)
def test_invalid_transitions_of_the_gold(tags, stated, expected):
    counts = counts_of(tags, tags, scheme=stated)
    assert invalid(counts)[0] == expected
    if stated is None:
        assert invalid(counts)[1] == expected
        said = Dialects().note(Key("dialect.invalid_transitions", "count", "side=predicted"), counts)
        assert said == f"tags are {find_scheme(tags)}"


def test_every_dialect_says_what_it_differs_by_and_why():
    gold = [["B-A", "I-A", "O", "B-B"], ["B-A", "B-B"], ["B-A"]]
    predicted = [["I-A", "I-A", "O", "B-A"], ["B-A", "I-A"], ["B-A"]]
    counts = counts_of(gold, predicted)
    notes = {name: Dialects().note(Key(f"dialect.{name}.f1", "micro"), counts) for name in sorted(score(counts))}
    assert notes == {
        "conlleval": (
            "as strict: 0 gold and 1 predicted invalid transitions begin an entity, which strict seqeval drops"
        ),
        "harness": "the strict score that the others are compared with: span and label, spans as given",
        "no_article": "as strict: 0 gold and 0 predicted entities begin with an article, which does not count here",
        # Strict: 2 of 5 and 4. Exact: the wrong label on the right span counts too.
        "semeval2013_exact": "22.22 points above strict: 1 right span with a wrong label counts",
        "semeval2013_partial": (
            "33.33 points above strict: 1 right span with a wrong label counts, "
            "and 1 span that only overlaps counts half"
        ),
        "semeval2013_strict": "as strict: the same rule",
        "semeval2013_type": "22.22 points above strict: 1 overlapping span with the right label counts",
        "seqeval": (
            "as strict: 0 gold and 1 predicted invalid transitions begin an entity, which strict seqeval drops"
        ),
        "seqeval_strict_iob2": (
            "19.44 points below strict: 0 of 5 gold and 1 of 4 predicted entities are dropped, which do not begin with "
            "B- (gold tags are iob2 and predicted tags are iob2)"
        ),
        "seqeval_strict_iobes": (
            "44.44 points below strict: 5 of 5 gold and 4 of 4 predicted entities are dropped, which are neither "
            "S- nor B- to E- (gold tags are iob2 and predicted tags are iob2)"
        ),
        "token": "22.22 points above strict: counts 6 gold tokens, not 5 entities: long entities weigh more",
        "wnut_entity": (
            "as strict: 0 gold and 1 predicted invalid transitions begin an entity, which strict seqeval drops"
        ),
        "wnut_surface": (
            "12.70 points above strict: 4 distinct gold and 3 distinct predicted strings with a label; "
            "one that is right in one place is right"
        ),
    }
    assert Dialects().note(Key("dialect.conlleval.recall", "micro"), counts) is None


def test_a_refusal_is_the_reason_of_an_undefined_score():
    lines = differences(
        {"foreign|gold": 3}, {"harness": 0.5, "wnut_entity": None}, {"gold": "iobes", "predicted": "iobes"}
    )
    assert lines["wnut_entity"] == "no score: the WNUT script refuses 3 tags that begin with E-, S-, L- or U-"


def test_signatures_name_the_tool():
    metric = Dialects()
    counts = counts_of([["B-A"]], [["B-A"]])
    signed = {key: metric.signature(key) for key in metric.compute(counts)}
    assert len(set(signed.values())) == len(signed) - 1  # the two sides' transitions are counted by one rule
    tools = {key.metric.split(".")[1]: text.split("|")[2] for key, text in signed.items() if key.average == "micro"}
    assert tools["conlleval"] == "tool:conlleval-2004"
    assert tools["seqeval_strict_iob2"] == tools["seqeval"] == "tool:seqeval-1.2.2"
    assert tools["wnut_surface"] == "tool:wnuteval-2017"
    assert metric.support(Key("dialect.invalid_transitions", "count", "side=gold"), counts) == 1


# ---- laws -----------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(sentences(tag_set("BI")), st.randoms(use_true_random=False))
def test_order_of_sentences_and_cutting_into_documents_change_nothing(pair, random):
    gold, predicted = pair
    words = [[f"w{number % 2}" for number in range(len(sentence))] for sentence in gold]
    whole = counts_of(gold, predicted, words=words, scheme="iob2")
    places = list(range(len(gold)))
    random.shuffle(places)
    parts = Counter()
    for place in places:
        parts.update(counts_of([gold[place]], [predicted[place]], words=[words[place]], scheme="iob2"))
    assert {name: count for name, count in whole.items() if count} == {
        name: count for name, count in parts.items() if count
    }


@settings(max_examples=60, deadline=None)
@given(sentences(tag_set("BI")))
def test_tags_against_themselves_are_perfect_or_empty(pair):
    found = scores(pair[0], pair[0])
    strict = seqeval_strict(pair[0], pair[0], IOB2)[2]
    for name, values in found.items():
        if any(tag != "O" for sentence in pair[0] for tag in sentence):
            alone = {"seqeval_strict_iob2": strict, "seqeval_strict_iobes": 0.0}.get(name, 1.0)
            assert values == (alone,) * 3, name


@settings(max_examples=40, deadline=None)
@given(sentences(tag_set("BI")))
def test_valid_iob2_written_as_iobes_scores_the_same_where_the_scheme_is_read(pair):
    whole = [[tags_of(spans_of(tags), len(tags), "iobes") for tags in side] for side in pair]
    plain = [[tags_of(spans_of(tags), len(tags), "iob2") for tags in side] for side in pair]
    one, other = scores(*plain, scheme="iob2"), scores(*whole, scheme="iobes")
    assert one["seqeval_strict_iob2"] == other["seqeval_strict_iobes"]
    assert one["seqeval"] == other["seqeval"]
    assert one["token"] == other["token"]
