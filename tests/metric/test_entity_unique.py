import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from harness.metric.base import Key
from harness.metric.entity_unique import EntityUnique
from harness.records import Entity

pytestmark = pytest.mark.core
NAN = float("nan")


def named(*names, label="GPE"):
    return [Entity(10 * place, 10 * place + len(name), label, text=name) for place, name in enumerate(names)]


def f1(gold, predicted):
    metric = EntityUnique()
    return float(metric.compute(metric.count(gold, predicted))[Key("entity_unique.f1", "micro")])


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        (["Russia", "Russia", "Kyiv"], ["Kyiv", "Russia"], 1),  # how often does not matter, nor where
        (["Russia"], ["RUSSIA"], 1),
        (["Straße"], ["STRASSE"], 1),  # case folding, not lower case
        (["the United\n  States"], ["United States"], 1),
        (["The Hague"], ["Hague"], 1),
        (["Theresa"], ["resa"], 0),  # an article is a word
        (["The"], [" the"], 1),  # a name that is an article stays
        (["Russia's", "Russia\N{RIGHT SINGLE QUOTATION MARK}s"], ["Russia"], 1),
        (["Paris"], ["Pari"], 0),
        (["Wales"], ["Wale"], 0),
        (["Putin"], ["Vladimir Putin"], 0),  # aliases are not resolved
        (["Russia"], None, 0),
        ([], ["Russia"], 0),
        ([], [], NAN),
        (["Russia", "Kyiv"], ["Russia", "Lviv", "Odesa"], 0.4),
    ],
)
def test_by_hand(gold, predicted, expected):
    assert f1(named(*gold), None if predicted is None else named(*predicted)) == pytest.approx(expected, nan_ok=True)


def test_a_discontinuous_entity_is_named_by_its_parts():
    apart = [Entity(0, 18, "GPE", "left legs", parts=((0, 4), (14, 18)))]
    assert f1(apart, named("Left  LEGS")) == 1


def test_the_label_is_part_of_the_name():
    assert f1(named("Washington", label="PER"), named("Washington", label="GPE")) == 0


def test_an_entity_without_text_is_refused():
    with pytest.raises(ValueError, match=r"'GPE' at \[0, 5\) has none"):
        EntityUnique().count([Entity(0, 5, "GPE")], [])


def test_documents_are_counted_apart():
    metric = EntityUnique()
    assert metric.level == "document"
    # "Kyiv" is gold in one document and predicted in the other: no hit.
    counts = [metric.count(named("Kyiv"), named("Lviv")), metric.count(named("Lviv"), named("Kyiv"))]
    assert [part["tp"] for part in counts] == [0, 0]


names = st.lists(st.sampled_from(["Kyiv", "Lviv", "Odesa", "Minsk"]), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(names, names), min_size=1, max_size=4))
def test_equals_scikit_learn_on_indicators(documents):
    if not any(gold or predicted for gold, predicted in documents):
        return
    metric = EntityUnique()
    parts = [metric.count(named(*gold), named(*predicted)) for gold, predicted in documents]
    scores = metric.compute({name: sum(part[name] for part in parts) for name in parts[0]})
    binary = MultiLabelBinarizer(classes=["Kyiv", "Lviv", "Odesa", "Minsk"])
    sides = [binary.fit_transform([set(pair[side]) for pair in documents]) for side in (0, 1)]
    expected = precision_recall_fscore_support(*sides, average="micro", zero_division=0)
    for name, value in zip(("precision", "recall", "f1"), expected, strict=False):
        assert float(scores[Key(f"entity_unique.{name}", "micro")]) == pytest.approx(value, abs=1e-12)


def test_signature_and_support():
    metric = EntityUnique()
    key = Key("entity_unique.f1", "micro")
    assert (
        metric.signature(key)
        == "entity_unique.f1|avg:micro|per:document|norm:case+space+article+possessive|label:yes|v:1"
    )
    assert metric.support(key, metric.count(named("Kyiv", "Kyiv", "Lviv"), [])) == 2
