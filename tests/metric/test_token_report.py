import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from harness.metric.base import Key
from harness.metric.token_report import TokenReport
from harness.records import Entity
from tests.made_context import ner_context

pytestmark = pytest.mark.core
NAN = float("nan")
FIELDS = ("precision", "recall", "f1")
#       0123456789012345678901234567
TEXT = "Mr. Ng met the Bank of Wales"


def scores(gold, predicted, text=TEXT, start=0):
    metric = TokenReport()
    counts = metric.count(gold, predicted, ner_context(text, start))
    return {key: float(value) for key, value in metric.compute(counts).items()}


@pytest.mark.parametrize(
    ("gold", "predicted", "micro", "accuracy"),
    [
        # tokens: Mr . Ng met the Bank of Wales
        ([(4, 6, "PER")], [(4, 6, "PER")], (1, 1, 1), 1),
        ([(4, 6, "PER")], [(0, 6, "PER")], (1 / 3, 1, 0.5), 6 / 8),
        ([(15, 28, "ORG")], [(15, 28, "ORG"), (23, 28, "GPE")], (1, 1, 1), 1),  # the longer span has the token
        ([(15, 28, "ORG"), (15, 28, "GPE")], [(15, 28, "GPE")], (1, 1, 1), 1),  # of equal ones the first label has it
        ([(23, 26, "GPE")], [], (0, 0, 0), 7 / 8),  # a span inside a token is not lost
        ([(4, 6, "PER")], [(4, 6, "ORG")], (0, 0, 0), 7 / 8),
        ([], [], (NAN, NAN, NAN), 1),
    ],
)
def test_by_hand(gold, predicted, micro, accuracy):
    found = scores([Entity(*mark) for mark in gold], [Entity(*mark) for mark in predicted])
    assert [found[Key(f"token.{name}", "micro")] for name in FIELDS] == pytest.approx(micro, nan_ok=True)
    assert found[Key("token.accuracy", "micro")] == pytest.approx(accuracy)


def test_a_discontinuous_span_covers_its_parts_alone():
    # Mr. ... Ng ... of Wales: "." and "met the Bank" lie between its parts.
    apart = Entity(0, 28, "PER", parts=((0, 2), (4, 6), (20, 28)))
    found = scores([apart], [Entity(0, 28, "PER")])
    # Tokens: Mr, Ng, of, Wales of gold; all eight predicted.
    assert [found[Key(f"token.{name}", "micro")] for name in FIELDS] == pytest.approx((4 / 8, 1, 2 / 3))
    assert scores([apart], [apart])[Key("token.accuracy", "micro")] == 1
    # Its parts are 12 long together, so "met the Bank of" is longer and has "of".
    longer = Entity(7, 22, "ORG")
    found = scores([apart, longer], [Entity(0, 2, "PER"), Entity(4, 6, "PER"), longer, Entity(23, 28, "PER")])
    assert found[Key("token.accuracy", "micro")] == 1
    moved = Entity(100, 128, "PER", parts=((100, 102), (104, 106), (120, 128)))
    assert scores([moved], [moved], start=100)[Key("token.recall", "micro", "label=PER")] == 1


def test_offsets_are_the_documents():
    moved = [Entity(104, 106, "PER")]
    assert scores(moved, moved, start=100)[Key("token.recall", "micro")] == 1
    assert scores(moved, None, start=100)[Key("token.recall", "micro")] == 0
    assert TokenReport.needs_context


def test_a_text_without_tokens_has_no_accuracy():
    assert scores([], [], text=" \n") == pytest.approx(scores([], [], text=""), nan_ok=True)
    assert scores([], [], text="")[Key("token.accuracy", "micro")] != 0


labels = ["A", "B", "C"]
texts = st.text(alphabet="ab ,-\n\N{GRINNING FACE}é", max_size=30)
entities = st.lists(
    st.builds(
        lambda s, n, label: Entity(s + 7, s + n + 7, label),
        st.integers(0, 25),
        st.integers(1, 12),
        st.sampled_from(labels),
    ),
    max_size=6,
)


def token_labels(text, entities):
    """Asks every span about every token; the text begins at 7."""
    found = []
    for token in re.finditer(r"\w+|[^\w\s]", text):
        place = set(range(token.start() + 7, token.end() + 7))
        over = [one for one in entities if place & set(range(one.start, one.end))]
        over.sort(key=lambda one: (one.start - one.end, one))
        found.append(over[0].label if over else "O")
    return found


@settings(max_examples=100, deadline=None)
@given(texts, entities, entities)
def test_equals_scikit_learn_on_the_same_tokens(text, gold, predicted):
    wanted, given_ = token_labels(text, gold), token_labels(text, predicted)
    found = scores(gold, predicted, text, 7)
    present = sorted({*wanted, *given_} - {"O"})
    if wanted:
        assert found[Key("token.accuracy", "micro")] == pytest.approx(accuracy_score(wanted, given_), abs=1e-12)
    if not present:
        assert set(found) == {Key("token.accuracy", "micro")} | {
            Key(f"token.{name}", average) for name in FIELDS for average in ("micro", "macro", "weighted")
        }
        assert all(value != value for key, value in found.items() if key.metric != "token.accuracy")
        return
    for average in ("micro", "macro", "weighted"):
        expected = precision_recall_fscore_support(wanted, given_, labels=present, average=average, zero_division=0)
        ours = [found[Key(f"token.{name}", average)] for name in FIELDS]
        assert ours == pytest.approx(expected[:3], abs=1e-12)
    each = precision_recall_fscore_support(wanted, given_, labels=present, average=None, zero_division=0)
    for place, label in enumerate(present):
        ours = [found[Key(f"token.{name}", "micro", f"label={label}")] for name in FIELDS]
        assert ours == pytest.approx([values[place] for values in each[:3]], abs=1e-12)


def test_signature_and_support():
    metric = TokenReport()
    sums = metric.count([Entity(15, 28, "ORG"), Entity(4, 6, "PER")], [], ner_context(TEXT))
    assert metric.support(Key("token.f1", "weighted"), sums) == 4
    assert metric.support(Key("token.f1", "micro", "label=ORG"), sums) == 3
    assert metric.support(Key("token.accuracy", "micro"), sums) == 8
    assert (
        metric.signature(Key("token.f1", "macro"))
        == "token.f1|avg:macro|tokens:words+marks|span:longest|cover:any|undef:skip|v:1"
    )
