import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from harness.metric.base import Key
from harness.metric.stance_calibration import StanceCalibration
from harness.records import Stance

pytestmark = pytest.mark.core
LABELS = ["favor", "against", "none"]
NAN = math.nan
BRIER, ECE, CALIBRATED, SHARE, UNUSABLE = (
    Key(f"stance.{name}", "pooled") for name in ("brier", "ece", "ece_calibrated", "scores_share", "scores_unusable")
)


def answer(label, *probabilities):
    return Stance("t", label, dict(zip(LABELS, probabilities, strict=False)) if probabilities else None)


def add(examples, metric=None):
    metric, sums = metric or StanceCalibration(), {}
    for gold, predicted in examples:
        for name, value in metric.count(Stance("t", gold), predicted).items():
            sums[name] = sums.get(name, 0) + value
    return sums


def scores(examples, **parameters):
    metric = StanceCalibration(**parameters)
    return {key: float(value) for key, value in metric.compute(add(examples, metric)).items()}


@pytest.mark.parametrize(
    ("examples", "brier", "ece"),
    [
        ([("favor", answer("favor", 1, 0, 0))], 0, 0),
        ([("favor", answer("against", 0, 1, 0))], 2, 1),  # sure and wrong: the worst there is
        ([("favor", answer("favor", 0.5, 0.3, 0.2))], 0.25 + 0.09 + 0.04, 0.5),
        # Two in one bin: mean confidence .675, share correct .5.
        (
            [("favor", answer("favor", 0.7, 0.3, 0)), ("favor", answer("against", 0.35, 0.65, 0))],
            (0.09 + 0.09 + 0.4225 + 0.4225) / 2,
            0.675 - 0.5,
        ),
        # One wrong with .6 and one right with .7 are in two bins: their gaps add up.
        (
            [("favor", answer("favor", 0.7, 0.3, 0)), ("favor", answer("against", 0.4, 0.6, 0))],
            (0.09 + 0.09 + 0.36 + 0.36) / 2,
            (0.3 + 0.6) / 2,
        ),
        # Two answers with .2 and .6 that are the other way round: wrong and right.
        (
            [("none", answer("favor", 0.2, 0.2, 0.6)), ("none", answer("none", 0.2, 0.2, 0.6))],
            (0.04 + 0.04 + 0.16),
            (0.2 + 0.4) / 2,
        ),
        # The answered label counts, not the likeliest.
        ([("none", answer("none", 0.6, 0, 0.4))], 0.36 + 0.36, 0.6),
        ([("none", answer("none", 0.5, 0.5))], 0.25 + 0.25 + 1, 1),  # a label that is not named has 0
        ([("favor", answer("favor")), ("favor", None), ("favor", answer("unknown", 1, 0, 0))], NAN, NAN),
        ([], NAN, NAN),
    ],
)
def test_by_hand(examples, brier, ece):
    found = scores(examples)
    assert (found[BRIER], found[ECE]) == pytest.approx((brier, ece), nan_ok=True)


def test_examples_without_probabilities_are_left_out_and_said():
    some = [("favor", answer("favor", 0.8, 0.2, 0)), ("favor", answer("against", 0.4, 0.6, 0))]
    more = [("favor", answer("none")), ("favor", None), ("none", answer("unknown", 0.4, 0.3, 0.3))]
    alone, mixed = scores(some), scores(some + more)
    assert alone[SHARE] == 1
    assert mixed[SHARE] == 2 / 5
    assert mixed[UNUSABLE] == 0
    metric = StanceCalibration()
    assert metric.note(ECE, add(some + more)) == "over the 2 of 5 examples with usable probabilities"
    assert metric.note(ECE, add(some)) is None
    assert metric.note(SHARE, add(some + more)) is None
    rest = alone.keys() - {SHARE}
    assert {key: mixed[key] for key in rest} == {key: alone[key] for key in rest}


@pytest.mark.parametrize("bad", [(0.9, 0.9, 0.9), (NAN, 0.5, 0.5), (math.inf, 0, 0), (-1, 1, 1), (0, 0, 0)])
def test_what_is_no_distribution_is_not_used_and_counted(bad):
    good = ("favor", answer("favor", 0.8, 0.2, 0))
    found, alone = scores([good, ("none", answer("none", *bad))]), scores([good])
    assert (found[SHARE], found[UNUSABLE]) == (0.5, 0.5)
    assert (found[BRIER], found[ECE]) == (alone[BRIER], alone[ECE])
    nothing = scores([("none", answer("none", *bad))])
    assert math.isnan(nothing[BRIER])
    assert math.isnan(nothing[ECE])
    assert math.isnan(nothing[CALIBRATED])


def test_a_label_outside_the_scheme_is_a_wrong_label():
    assert scores([("favor", Stance("t", "favor", {"favor": 0.5, "maybe": 0.5}))])[BRIER] == 0.5


@st.composite
def answered(draw):
    parts = [draw(st.integers(0, 20)) for _ in LABELS]
    parts[draw(st.integers(0, 2))] += 1
    given = [part / sum(parts) for part in parts]
    return draw(st.sampled_from(LABELS)), answer(draw(st.sampled_from(LABELS)), *given)


@settings(max_examples=60, deadline=None)
@given(st.lists(answered(), min_size=1, max_size=30), st.sampled_from([1, 5, 10, 15]))
def test_equals_scikit_learn(examples, bins):
    found = scores(examples, bins=bins)
    gold = [row[0] for row in examples]
    order = sorted(LABELS)
    given_scores = [[row[1].scores[label] for label in order] for row in examples]
    assert found[BRIER] == pytest.approx(brier_score_loss(gold, given_scores, labels=order), abs=1e-12)
    sure = np.array([row[1].scores[row[1].label] for row in examples])
    hits = np.array([row[1].label == row[0] for row in examples], dtype=int)
    shares, means = calibration_curve(hits, sure, pos_label=1, n_bins=bins)
    sizes = np.bincount(np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], sure))
    sizes = sizes[sizes > 0]
    assert found[ECE] == pytest.approx(np.sum(sizes * np.abs(shares - means)) / len(examples), abs=1e-12)
    shown = sorted(key.slice for key in found if key.metric == "stance.bin_accuracy")
    assert [found[Key("stance.bin_accuracy", "pooled", one)] for one in shown] == pytest.approx(list(shares), abs=1e-12)
    assert [found[Key("stance.bin_confidence", "pooled", one)] for one in shown] == pytest.approx(
        list(means), abs=1e-12
    )
    metric, sums = StanceCalibration(bins=bins), add(examples, StanceCalibration(bins=bins))
    supports = [metric.support(Key("stance.bin_accuracy", "pooled", one), sums) for one in shown]
    assert supports == list(sizes)


def test_a_calibrated_model_shows_what_is_foretold():
    """Hits drawn with the very confidences: the mean ECE of 2,000 such data sets meets the row, far from 0."""
    generator = np.random.default_rng(3)
    # One confidence a bin: where confidences differ within a bin, the row is a little above the mean.
    sure = np.repeat([0.45, 0.55, 0.75, 0.95], [6, 10, 12, 12])
    examples = [("favor", answer("favor", one, 1 - one, 0)) for one in sure]
    hits = generator.random((2000, len(sure))) < sure
    groups = [sure == one for one in np.unique(sure)]
    simulated = np.mean([sum(abs(row[g].sum() - sure[g].sum()) for g in groups) / len(sure) for row in hits])
    foretold = scores(examples)[CALIBRATED]
    assert foretold == pytest.approx(simulated, abs=0.003)
    assert foretold > 0.08


def test_with_more_examples_a_calibrated_model_shows_less():
    one = [("favor", answer("favor", 0.7, 0.3, 0))]
    found = [scores(one * n)[CALIBRATED] for n in (1, 10, 100, 1000)]
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(2 * 0.7 * 0.3)
    assert found[3] == pytest.approx(math.sqrt(2 * 0.7 * 0.3 / math.pi / 1000), rel=0.01)  # the normal limit


@pytest.mark.parametrize(
    ("sure", "bins", "expected"),
    [
        (0.0, 10, "confidence=0.0-0.1"),
        (0.1, 10, "confidence=0.0-0.1"),  # an upper edge belongs to its bin
        (0.3, 10, "confidence=0.2-0.3"),
        (0.7, 10, "confidence=0.6-0.7"),
        (0.7000001, 10, "confidence=0.7-0.8"),
        (1.0, 10, "confidence=0.9-1.0"),
        (0.57, 100, "confidence=0.56-0.57"),  # 0.57 * 100 is 56.99999999999999
        (0.29, 100, "confidence=0.28-0.29"),  # 0.29 * 100 is 28.999999999999996
        (0.07, 100, "confidence=0.06-0.07"),  # 0.07 * 100 is 7.000000000000001
        (math.nextafter(1 / 3, 1), 3, "confidence=0.3-0.7"),  # above the edge, and three times it is 1.0
        (0.5, 1, "confidence=0.0-1.0"),
    ],
)
def test_edges_of_bins(sure, bins, expected):
    found = scores([("favor", answer("favor", sure, 1 - sure, 0))], bins=bins)
    assert [key.slice for key in found if key.metric == "stance.bin_accuracy"] == [expected]


def test_signatures_and_support():
    metric, sums = StanceCalibration(), add([("favor", answer("favor", 0.8, 0.2, 0)), ("favor", None)])
    assert [metric.signature(key) for key in (BRIER, ECE, SHARE)] == [
        "stance.brier|avg:pooled|labels:sum|noscores:left_out|sum:1±0.01|v:1",
        "stance.ece|avg:pooled|bins:10_equal_width|by:answered_label|noscores:left_out|sum:1±0.01|v:1",
        "stance.scores_share|avg:pooled|of:examples|sum:1±0.01|v:1",
    ]
    assert [metric.support(key, sums) for key in (BRIER, ECE, SHARE, UNUSABLE)] == [1, 1, 2, 2]


@pytest.mark.parametrize("bins", [0, -1, 1001])
def test_a_number_of_bins_that_cannot_be_is_refused(bins):
    with pytest.raises(ValueError, match="StanceCalibration: bins must be from 1 to 1000"):
        StanceCalibration(bins=bins)
