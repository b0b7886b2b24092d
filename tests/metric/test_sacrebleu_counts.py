"""BLEU, chrF and TER from summed counts equal sacrebleu's corpus scores on the same texts."""

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metric.base import Key
from harness.metric.bleu import Bleu
from harness.metric.chrf import Chrf
from harness.metric.ter import Ter
from harness.records import References, Summary

pytestmark = pytest.mark.core

# Ours beside sacrebleu's own with the same parameters.
PAIRS = [
    (Bleu(), sacrebleu.BLEU()),
    (Bleu(lowercase=True, tokenize="intl"), sacrebleu.BLEU(lowercase=True, tokenize="intl")),
    (Bleu(tokenize="char", max_ngram_order=2), sacrebleu.BLEU(tokenize="char", max_ngram_order=2)),
    (Bleu(tokenize="zh"), sacrebleu.BLEU(tokenize="zh")),
    (Bleu(smooth_method="floor"), sacrebleu.BLEU(smooth_method="floor")),
    (
        Bleu(smooth_method="floor", smooth_value=0.0, effective_order=True),
        sacrebleu.BLEU(smooth_method="floor", smooth_value=0.0, effective_order=True),
    ),
    (Bleu(smooth_method="add-k"), sacrebleu.BLEU(smooth_method="add-k")),
    (
        Bleu(smooth_method="add-k", smooth_value=0.5, tokenize="none"),
        sacrebleu.BLEU(smooth_method="add-k", smooth_value=0.5, tokenize="none"),
    ),
    (Bleu(smooth_method="none"), sacrebleu.BLEU(smooth_method="none")),
    (Bleu(effective_order=True), sacrebleu.BLEU(effective_order=True)),
    (Chrf(), sacrebleu.CHRF(word_order=2)),
    (Chrf(word_order=0), sacrebleu.CHRF()),
    (
        Chrf(char_order=2, word_order=1, beta=3, lowercase=True, whitespace=True),
        sacrebleu.CHRF(char_order=2, word_order=1, beta=3, lowercase=True, whitespace=True),
    ),
    (Ter(), sacrebleu.TER()),
    (
        Ter(normalized=True, no_punct=True, asian_support=True, case_sensitive=True),
        sacrebleu.TER(normalized=True, no_punct=True, asian_support=True, case_sensitive=True),
    ),
]
WORDS = ["The", "cat", "sat", "on", "the", "mat.", "dog,", "北京", "Müller", "'s", "\n", "-", "&amp;", "U.S."]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
# Each example: a summary, and one to three references.
CORPORA = st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=3)), min_size=1, max_size=4)


def counted(metric, corpus):
    return [metric.count(References("default", texts=tuple(texts)), Summary(summary)) for summary, texts in corpus]


def summed(all_counts):
    sums = {}
    for counts in all_counts:
        for name, value in counts.items():
            sums[name] = sums.get(name, 0.0) + value
    return sums


def score(metric, sums):
    return next(iter(metric.compute(sums).values()))


def official(scorer, corpus):
    # One list per reference; None where an example has fewer.
    most = max(len(texts) for _, texts in corpus)
    references = [[texts[n] if n < len(texts) else None for _, texts in corpus] for n in range(most)]
    return scorer.corpus_score([summary for summary, _ in corpus], references).score / 100


@pytest.mark.parametrize(("metric", "scorer"), PAIRS, ids=lambda value: type(value).__name__)
@settings(max_examples=40, deadline=None)
@given(corpus=CORPORA)
def test_equals_sacrebleu_on_any_corpus(metric, scorer, corpus):
    found = score(metric, summed(counted(metric, corpus)))
    if not any(text.strip() for summary, texts in corpus for text in (summary, *texts)):
        assert np.isnan(found)
    else:
        assert found == pytest.approx(official(scorer, corpus), abs=1e-9)


NEWS = [
    ("The mayor resigned on Monday.", ["The mayor has resigned.", "On Monday, the mayor resigned."]),
    ("A crowd came to the town hall", ["Hundreds came to the town hall on Monday."]),
    ("", ["He was ill."]),
    ("He had been ill for a long time.", ["He was ill for a long time.", "", "The mayor had been ill."]),
    ("nothing right here", [""]),
]


@pytest.mark.parametrize(("metric", "scorer"), PAIRS, ids=lambda value: type(value).__name__)
def test_resampled_sums_equal_sacrebleu_on_the_resampled_texts(metric, scorer):
    all_counts = counted(metric, NEWS)
    names = sorted({name for counts in all_counts for name in counts})
    table = np.array([[counts.get(name, 0.0) for name in names] for counts in all_counts])
    drawn = np.random.default_rng(3).integers(0, len(NEWS), size=(60, len(NEWS)))
    sums = table[drawn].sum(axis=1)
    found = score(metric, {name: sums[:, place] for place, name in enumerate(names)})
    expected = [official(scorer, [NEWS[place] for place in draw]) for draw in drawn]
    np.testing.assert_allclose(found, expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("metric", [Bleu(), Chrf(), Ter()], ids=lambda metric: type(metric).__name__)
def test_what_takes_no_part(metric):
    given_text = Summary("a text")
    assert metric.count(References("extract", texts=("a text",)), given_text) == {}
    assert metric.count(References("default"), given_text) == {}
    assert metric.count(References("default", texts=("", " \n")), Summary("\t")) == {}
    assert metric.count(References("default", texts=("",)), None) == {}


@pytest.mark.parametrize(
    ("metric", "empty_summary", "empty_reference"),
    [(Bleu(), 0.0, 0.0), (Chrf(), 0.0, 0.0), (Ter(), 1.0, 1.0)],
    ids=["bleu", "chrf", "ter"],
)
def test_one_side_empty(metric, empty_summary, empty_reference):
    reference = References("default", texts=("three words here",))
    assert score(metric, metric.count(reference, Summary(""))) == empty_summary
    assert metric.count(reference, None) == metric.count(reference, Summary(""))
    assert (
        score(metric, metric.count(References("default", texts=("",)), Summary("three words here"))) == empty_reference
    )


@pytest.mark.parametrize("metric", [Bleu(), Chrf(), Ter()], ids=lambda metric: type(metric).__name__)
def test_a_missing_answer_makes_a_corpus_worse(metric):
    gold = References("default", texts=("The mayor has resigned today.",))
    good = metric.count(gold, Summary("The mayor has resigned."))
    change = score(metric, summed([good, metric.count(gold, None)])) - score(metric, good)
    assert change > 0 if isinstance(metric, Ter) else change < 0


@pytest.mark.parametrize("metric", [Bleu(), Chrf(), Ter()], ids=lambda metric: type(metric).__name__)
def test_documents_add_up_their_styles_and_count_once_as_support(metric):
    examples = counted(metric, NEWS)
    # Document 1 has two styles, document 2 three, document 3 none that takes part.
    names = set(examples[0])
    grouped = [examples[:2], examples[2:], [{}]]
    table = {name: np.array([sum(c.get(name, 0.0) for c in group) for group in grouped]) for name in names}
    sums = {name: values.sum() for name, values in metric.per_document(table).items()}
    assert score(metric, sums) == score(metric, summed(examples))
    key = next(iter(metric.compute(sums)))
    assert metric.support(key, sums) == 2
    assert metric.per_document({}) == {}


@pytest.mark.parametrize(
    ("metric", "row", "own"),
    [
        (Bleu(), "bleu", "nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp|version:"),
        (Bleu(smooth_method="floor"), "bleu", "nrefs:var|case:mixed|eff:no|tok:13a|smooth:floor[0.10]|version:"),
        (Chrf(), "chrf++", "nrefs:var|case:mixed|eff:yes|nc:6|nw:2|space:no|version:"),
        (Ter(), "ter", "nrefs:var|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:"),
    ],
)
def test_signature_is_that_of_sacrebleu(metric, row, own):
    key = Key(row, "corpus")
    assert key in metric.compute({})
    signature = metric.signature(key)
    assert signature.startswith(f"{row}|{own}{sacrebleu.__version__}|refs:")
    # Counting, and with how many references, does not change it.
    metric.count(References("default", texts=("a", "b")), Summary("a"))
    assert metric.signature(key) == signature
    scorer = {"bleu": sacrebleu.BLEU, "chrf++": sacrebleu.CHRF, "ter": sacrebleu.TER}[row]
    theirs = scorer(
        **({"word_order": 2} if row == "chrf++" else {}),
        **({"smooth_method": metric.smooth_method} if row == "bleu" else {}),
    )
    theirs.corpus_score(["a", "b"], [["a", "b"], ["a", None]])
    assert f"|{theirs.get_signature()}|" in signature
