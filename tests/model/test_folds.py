"""Learning from other folds: nothing answers an example that it or its document taught."""

import hashlib
import random
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.model.folds import answer_from, assign_folds, fit_text_classifier
from harness.model.majority import Majority
from harness.model.target_only import TargetOnly
from harness.model.tfidf import Tfidf
from harness.records import Answer, Example, NerInput, Stance, StanceInput, Target

pytestmark = pytest.mark.core

KINDS = [Majority, TargetOnly, Tfidf]
LABELS = ("favor", "against", "none")


@dataclass
class Scheme:
    stance_labels: tuple = LABELS


def example(number, label, text=None, target="t", doc=None, unit=None):
    doc = doc or f"d{number}"
    given = StanceInput(f"e{number:03d}", doc, text or f"words number{number}", "", Target(target, f"the {target}"))
    gold = None if label is None else Stance(target, label)
    return Example(given.id, doc, doc if unit is None else unit, given, gold)


def corpus_of(size=24, rng_seed=3):
    """Texts whose words tell their label, over two targets."""
    dice = random.Random(rng_seed)
    cues = {"favor": "good fine", "against": "bad awful", "none": "report number"}
    labels = [LABELS[i % 3] for i in range(size)]
    return [
        example(i, label, f"{cues[label]} {dice.choice('uvwxyz')}{i}", dice.choice(["tax", "war"]))
        for i, label in enumerate(labels)
    ]


def answers(model, examples, asked=None, scheme=LABELS):
    model.prepare(examples, Scheme(scheme))
    asked = examples if asked is None else asked
    given = model.answer([one.input for one in asked])
    return {one.id: answer for one, answer in zip(asked, given, strict=True)}


@given(st.dictionaries(st.text(max_size=5), st.integers(1, 9), max_size=30), st.integers(2, 8), st.integers(0, 5))
def test_folds_are_balanced_and_deterministic(sizes, folds, rng_seed):
    fold_of = assign_folds(sizes, folds, rng_seed) if sizes else {}
    assert set(fold_of) == set(sizes)
    assert len(set(fold_of.values())) == min(folds, len(sizes))
    if sizes:
        filled = Counter()
        for group, fold in fold_of.items():
            filled[fold] += sizes[group]
        # Filling the emptiest first never leaves two folds further apart than the largest group.
        assert max(filled.values()) - min(filled.values()) <= max(sizes.values())
        assert assign_folds(dict(reversed(list(sizes.items()))), folds, rng_seed) == fold_of


def test_another_seed_deals_otherwise():
    sizes = {str(i): 1 for i in range(40)}
    assert assign_folds(sizes, 5, 0) != assign_folds(sizes, 5, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(0, 24, 5))
def test_an_example_s_own_label_does_not_move_its_answer(kind, number):
    examples = corpus_of()
    before = answers(kind(folds=4), examples)[f"e{number:03d}"]
    for label in LABELS:
        old = examples[number]
        flipped = [*examples]
        flipped[number] = Example(old.id, old.doc, old.unit, old.input, Stance(old.gold.target, label))
        assert answers(kind(folds=4), flipped)[old.id] == before


@pytest.mark.parametrize("kind", KINDS)
def test_other_examples_of_its_group_do_not_move_its_answer(kind):
    examples = [example(i, LABELS[i % 2], doc=f"d{i // 3}") for i in range(24)]
    before = answers(kind(folds=4), examples)["e000"]
    moved = [one if one.doc != "d0" else example(int(one.id[1:]), "none", doc="d0") for one in examples]
    assert moved != examples
    assert answers(kind(folds=4), moved)["e000"] == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_that_only_one_group_has_is_never_its_answer(kind):
    """Its text is unlike any other; a model that had seen it would know."""
    examples = [example(i, LABELS[i % 2], f"plain words {i}") for i in range(20)]
    examples += [example(90 + i, "none", "zebra quagga okapi", "zoo", doc="rare") for i in range(4)]
    given = answers(kind(folds=5), examples)
    for one in examples[20:]:
        assert given[one.id].label != "none"
        assert given[one.id].scores["none"] == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_sentences_where_the_unit_is(kind):
    """One document: the sentence is the group, and leave-one-out where there are fewer of them than folds."""
    examples = [example(i, LABELS[i % 2], doc="d", unit=f"s{i // 2}") for i in range(6)]
    given = answers(kind(folds=5), examples)
    assert {answer.bin for answer in given.values()} == {"scored"}


@pytest.mark.parametrize("kind", KINDS)
def test_one_group_or_gold_in_one_group_is_an_error(kind):
    with pytest.raises(ConfigError, match="at least two"):
        answers(kind(), [example(i, LABELS[i], doc="d") for i in range(3)])
    with pytest.raises(ConfigError, match="at least two"):
        answers(kind(), [example(0, "favor"), *(example(i, None) for i in range(1, 9))])
    with pytest.raises(ConfigError, match="at least two"):
        answers(kind(), [])


@pytest.mark.parametrize("kind", KINDS)
def test_one_label_in_training_is_the_answer_with_certainty(kind):
    given = answers(kind(folds=2), [example(i, "against", f"text {i}") for i in range(6)])
    assert all(
        answer == Answer(label="against", scores={"favor": 0, "against": 1, "none": 0}) for answer in given.values()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_probabilities_of_the_scheme_and_the_label_is_the_likeliest(kind):
    for answer in answers(kind(), corpus_of()).values():
        assert list(answer.scores) == list(LABELS)
        assert sum(answer.scores.values()) == pytest.approx(1)
        assert answer.scores[answer.label] == max(answer.scores.values())


@pytest.mark.parametrize("kind", KINDS)
def test_order_and_batches_change_nothing(kind):
    examples = corpus_of()
    expected = answers(kind(), examples)
    shuffled = random.Random(0).sample(examples, len(examples))
    assert answers(kind(), shuffled) == expected
    model = kind()
    model.prepare(shuffled, Scheme())
    for one in examples:
        assert model.answer([one.input]) == [expected[one.id]]


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_that_was_not_prepared_is_failed(kind):
    examples = corpus_of(6)
    stranger = example(500, "favor")
    assert [answer.bin for answer in kind().answer([stranger.input])] == ["failed"]
    given = answers(kind(), examples, [examples[0], stranger])
    assert given[examples[0].id].bin == "scored"
    assert given[stranger.id].bin == "failed"
    assert stranger.id in given[stranger.id].reason


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["", " ", "!!!", "\0", "\u200b", "😀" * 50, "a" * 20_000, "x " * 5_000])
def test_hostile_texts_are_answered(kind, text):
    examples = [example(i, LABELS[i % 3]) for i in range(9)]
    odd = StanceInput("e100", "odd", text, "", Target("t", text))
    examples.append(Example("e100", "odd", "odd", odd, Stance("t", "favor")))
    assert answers(kind(), examples)["e100"].label in LABELS


@pytest.mark.parametrize("kind", KINDS)
def test_texts_without_a_feature_fall_back_to_the_shares(kind):
    examples = []
    for i in range(8):
        given = StanceInput(f"e{i}", f"d{i}", " ", "", Target("t", " "))
        examples.append(Example(given.id, given.doc, given.doc, given, Stance("t", "none" if i else "favor")))
    assert {answer.label for answer in answers(kind(), examples).values()} == {"none"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_signature_says_what_was_learnt_from(kind):
    def learned_from(examples, scheme=LABELS):
        model = kind()
        assert "learned_from" not in model.signature()
        model.prepare(examples, Scheme(scheme))
        assert model.signature()["kind"] in {"majority", "target_only", "tfidf"}
        return model.signature()["learned_from"]

    examples = corpus_of(9)
    first = learned_from(examples)
    assert len(bytes.fromhex(first)) == hashlib.sha256().digest_size
    assert learned_from(examples[::-1]) == first
    relabelled = [example(0, "against", examples[0].input.text, "tax"), *examples[1:]]
    assert learned_from(relabelled) != first
    # Another text of another example changes what is learnt, so it must not serve old answers either.
    retold = [*examples[:-1], example(8, "none", "other words", examples[8].input.target.id)]
    assert learned_from(retold) != first
    assert learned_from(examples, ("none", "against", "favor")) != first


@pytest.mark.parametrize("kind", KINDS)
def test_bad_parameters_are_refused(kind):
    with pytest.raises(ValueError, match="folds"):
        kind(folds=1)


@pytest.mark.parametrize("kind", [TargetOnly, Tfidf])
@pytest.mark.parametrize("c", [0.0, -1.0, 1e9, float("nan"), float("inf")])
def test_a_bad_penalty_is_refused(kind, c):
    with pytest.raises(ValueError, match="c must be"):
        kind(c=c)


@pytest.mark.parametrize("kind", KINDS)
def test_other_tasks_inputs_are_refused(kind):
    examples = corpus_of(6)
    model = kind()
    model.prepare(examples, Scheme())
    with pytest.raises(TypeError, match="NerInput"):
        model.answer([NerInput(examples[0].id, "d", "x")])


def test_of_equal_shares_the_first_of_the_scheme():
    assert answer_from({"none": 0.5, "against": 0.5}, LABELS).label == "against"
    assert answer_from({"none": 0.5, "against": 0.5}, LABELS[::-1]).label == "none"


@pytest.mark.parametrize("c", [0.001, 1.0, 1000.0])
@pytest.mark.parametrize("balanced", [True, False])
def test_the_classifier_is_logistic_regression_at_its_minimum(c, balanced):
    """At the minimum of the stated loss its gradient is 0; a warning that the fit stopped before it is an error."""
    texts = ["good good tax", "bad war", "good war", "bad tax tax", "so so", "good bad", "bad bad", "so war"]
    labels = ["favor", "against", "favor", "against", "none", "favor", "against", "none"]
    fitted = fit_text_classifier(texts, labels, c=c, balanced=balanced, words=(1, 2), chars=None)
    vectors = fitted.pipeline[0].transform(texts).toarray()
    found = np.array([[row[label] for label in fitted.classes] for row in fitted.probabilities(texts)])
    wanted = np.array([[float(label == name) for name in fitted.classes] for label in labels])
    weight = np.array([8 / (3 * labels.count(label)) if balanced else 1.0 for label in labels])
    gradient = c * ((found - wanted) * weight[:, None]).T @ vectors + fitted.pipeline[-1].coef_
    assert np.abs(gradient).max() < 1e-3 * max(c, 1)
