"""Paired tests: against every way to swap, against SciPy and sacreBLEU, and how often they err on made-up data."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu import BLEU
from sacrebleu.significance import PairedTest
from scipy import stats

from harness.errors import DataError
from harness.metric.base import Key
from harness.statistics.significance import all_pairs, benjamini_hochberg, holm, paired
from harness.statistics.unit_counts import UnitCounts, resample_systems
from tests.made_counts import F1, MEAN, f1, mean, named, of_spans, of_values, random_spans

pytestmark = pytest.mark.core
RESAMPLES = 10_000


def compared(a, b, compute=f1, key=F1, **more):
    return paired(a, b, compute, [key], **more)[key]


def exact_p(a, b, compute, key):
    """The share of all 2^n ways to swap that give as large a difference, by plain addition."""

    def difference(*sums):
        one, other = (float(compute(dict(zip(a.names, side, strict=True)))[key]) for side in sums)
        return one - other

    seen = abs(difference(a.matrix.sum(axis=0), b.matrix.sum(axis=0)))
    extreme = 0
    for swapped in product([False, True], repeat=len(a.units)):
        mask = np.array(swapped)[:, None]
        one, other = np.where(mask, b.matrix, a.matrix), np.where(mask, a.matrix, b.matrix)
        extreme += abs(difference(one.sum(axis=0), other.sum(axis=0))) >= seen - 1e-12
    return extreme / 2 ** len(a.units)


def within_chance(found, exact, draws=RESAMPLES):
    return abs(found - exact) < 4.5 * np.sqrt(exact * (1 - exact) / draws) + 2 / draws


# ---- p --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rng_seed", range(4))
def test_p_is_that_of_every_way_to_swap(rng_seed):
    a, b = random_spans(9, rng_seed, skill=0.75), random_spans(9, rng_seed + 100, skill=0.45)
    assert within_chance(compared(a, b).p, exact_p(a, b, f1, F1))


def test_p_is_scipys():
    a, b = random_spans(10, 7, skill=0.7), random_spans(10, 8, skill=0.5)
    both = np.concatenate([a.matrix, b.matrix])

    def score(places, axis):
        sums = both[places].sum(axis=axis % places.ndim)
        return f1(dict(zip(a.names, np.moveaxis(sums, -1, 0), strict=True)))[F1]

    # SciPy swaps numbers, here those of rows: all 2^10 ways.
    found = stats.permutation_test(
        (np.arange(10), np.arange(10, 20)),
        lambda one, other, axis: score(one, axis) - score(other, axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert found.pvalue == pytest.approx(exact_p(a, b, f1, F1), abs=1e-12)
    assert within_chance(compared(a, b).p, found.pvalue)


def test_p_by_hand():
    # Three units; a is better by 1, 2 and 4. Swapping gives the differences +-1 +-2 +-4, of which only 7 and -7 are as
    # large as 7: p = 2/8.
    a, b = of_values([1, 2, 4]), of_values([0, 0, 0])
    assert exact_p(a, b, mean, MEAN) == 0.25
    found = compared(a, b, mean, MEAN)
    assert within_chance(found.p, 0.25)
    # (count + 1) / (R + 1), so that p is never 0.
    assert found.p * (RESAMPLES + 1) == pytest.approx(round(found.p * (RESAMPLES + 1)))


def test_ties_in_the_last_digit_count():
    # 0.1 + 0.2 is not 0.3 in floating point; both swaps of such a pair are ties with what was seen.
    a, b = of_values([0.1, 0.2, 0.7]), of_values([0.3, 0.6, 0.1])
    assert within_chance(compared(a, b, mean, MEAN).p, exact_p(a, b, mean, MEAN))


def test_one_example_per_unit_is_mcnemars_test():
    # 3 fixed and 11 broken among 60: McNemar's exact test is the sign test of 3 in 14.
    right = np.ones(60)
    right[:3] = 0
    other = np.ones(60)
    other[3:14] = 0
    found = compared(of_values(right), of_values(other), mean, MEAN)
    assert found.differing == 14
    assert within_chance(found.p, stats.binomtest(3, 14).pvalue)


def test_examples_of_one_document_are_swapped_together():
    # 40 flips, all in 4 documents: as rows they would be overwhelming, as 4 documents they are 2 of 16 ways to swap.
    a, b = of_values([10, 10, 10, 10, 5]), of_values([0, 0, 0, 0, 5])
    assert within_chance(compared(a, b, mean, MEAN).p, 2 / 16)
    rows = compared(of_values([1] * 40 + [0] * 5), of_values([0] * 40 + [0] * 5), mean, MEAN)
    assert rows.p == 1 / (RESAMPLES + 1)


def test_p_is_sacrebleus():
    generator = np.random.default_rng(11)
    words = np.array([f"w{number}" for number in range(12)])
    texts = [[" ".join(words[generator.integers(0, 12, 25)]) for _ in range(30)]]
    noisy = []
    for share in (0.25, 0.29):
        system = []
        for text in texts[0]:
            tokens = np.array(text.split())
            wrong = generator.random(len(tokens)) < share
            tokens[wrong] = words[generator.integers(0, 12, wrong.sum())]
            system.append(" ".join(tokens))
        noisy.append(system)
    metric = BLEU(references=texts)
    _, peer = PairedTest(
        list(zip(("one", "other"), noisy, strict=True)), {"BLEU": metric}, None, test_type="ar", n_samples=RESAMPLES
    )()
    key = Key("bleu", "corpus")
    names = ["sys", "ref", *(f"{what}{order}" for what in ("correct", "total") for order in range(1, 5))]

    def bleu(sums):
        hits = sum(np.log(sums[f"correct{order}"] / sums[f"total{order}"]) for order in range(1, 5)) / 4
        return {key: 100 * np.exp(hits + np.minimum(0, 1 - sums["ref"] / sums["sys"]))}

    counts = [
        UnitCounts(named(30), names, np.array(metric._extract_corpus_statistics(system, None), dtype=float))
        for system in noisy
    ]
    found = compared(counts[0], counts[1], bleu, key)
    scores = peer["BLEU"]
    assert found.value_a == pytest.approx(scores[0].score, abs=1e-9)
    assert found.value_b == pytest.approx(scores[1].score, abs=1e-9)
    # Two independent runs of 10,000 swaps.
    p = scores[1].p_value
    assert 0.001 < p < 0.9
    assert abs(found.p - p) < 4.5 * np.sqrt(2 * p * (1 - p) / RESAMPLES) + 2 / RESAMPLES


def test_an_undefined_swap_counts_as_extreme():
    # Seen: 6/7 - 0. Document 0 swapped: fp = 1 against tp = 3, fp = 2, so 0 - 6/8. Document 1 swapped: 6/8 - 0. Both:
    # as seen, turned round. Two of four are as large.
    found = compared(of_spans([(3, 0, 0), (0, 1, 0)]), of_spans([(0, 0, 0), (0, 2, 0)]))
    assert found.difference == pytest.approx(6 / 7)
    assert within_chance(found.p, 0.5)
    # Seen: 1 - 0. Either document swapped alone: one side has neither gold nor predictions, so no score.
    undefined = compared(of_spans([(3, 0, 0), (0, 0, 0)]), of_spans([(0, 0, 0), (0, 2, 0)]))
    assert undefined.p == 1.0


# ---- intervals and effect sizes -------------------------------------------------------------------------------------


def test_the_interval_is_scipys():
    generator = np.random.default_rng(5)
    x = generator.normal(size=40)
    y = x + generator.normal(0.3, 0.5, size=40)
    found = compared(of_values(x), of_values(y), mean, MEAN, method="percentile")
    peer = stats.bootstrap(
        (x, y),
        lambda one, other, axis: np.mean(one - other, axis=axis),
        paired=True,
        method="percentile",
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(0),
    )
    width = found.high - found.low
    assert found.low == pytest.approx(peer.confidence_interval.low, abs=0.04 * width)
    assert found.high == pytest.approx(peer.confidence_interval.high, abs=0.04 * width)
    assert found.sd == pytest.approx(peer.standard_error, rel=0.04)
    # What two independent intervals would say is wider: the pairing is used.
    assert found.sd < 0.5 * np.hypot(x.std(), y.std()) / np.sqrt(40)


def test_the_effect_of_a_mean_is_cohens_dz():
    x, y = np.array([3.0, 5.0, 4.0, 7.0, 1.0]), np.array([2.0, 3.0, 4.0, 4.0, 2.0])
    found = compared(of_values(x), of_values(y), mean, MEAN)
    assert found.effect == pytest.approx((x - y).mean() / (x - y).std(ddof=1), rel=1e-9)


def test_the_effect_of_a_score_that_is_no_mean_uses_pseudovalues():
    a, b = random_spans(12, 1, skill=0.8), random_spans(12, 2)

    def score(matrix):
        fn, fp, tp = matrix.sum(axis=0)
        return 2 * tp / (2 * tp + fp + fn)

    def pseudovalues(matrix):
        return np.array([12 * score(matrix) - 11 * score(np.delete(matrix, unit, axis=0)) for unit in range(12)])

    gaps = pseudovalues(a.matrix) - pseudovalues(b.matrix)
    assert compared(a, b).effect == pytest.approx((score(a.matrix) - score(b.matrix)) / gaps.std(ddof=1), rel=1e-9)


def test_the_effect_does_not_hang_on_the_grouping_of_units(monkeypatch):
    a, b = random_spans(3000, 1, skill=0.7), random_spans(3000, 2)
    plain = compared(a, b, resamples=500)
    monkeypatch.setattr("harness.statistics.resample._MOST_UNITS", 400)
    groups = compared(a, b, resamples=500)
    assert "400 random groups" in groups.method
    assert groups.n == 3000
    assert groups.differing == plain.differing
    # A standard deviation from 400 groups is known to 1 / sqrt(800), 3.5 %.
    assert groups.effect == pytest.approx(plain.effect, rel=0.12)
    assert groups.sd == pytest.approx(plain.sd, rel=0.2)


def test_share_of_draws_in_which_one_is_above():
    a, b = of_values([0, 0, 2]), of_values([1, 1, 0])
    found = compared(a, b, mean, MEAN)
    # Of three draws k are the third unit: the gap is 2k - (3 - k) = 3 (k - 1), and k is binomial; k = 1 is a tie.
    exact = stats.binom(3, 1 / 3)
    assert found.above == pytest.approx(exact.sf(1) + exact.pmf(1) / 2, abs=0.02)
    ties = compared(of_values([0, 1]), of_values([1, 0]), mean, MEAN)
    assert ties.above == pytest.approx(0.5, abs=0.02)


# ---- what has no answer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [1, 2, 200])
def test_identical_predictions(units):
    a = random_spans(units, 3)
    found = compared(a, a)
    assert (found.difference, found.low, found.high, found.p, found.p_holm, found.p_max_t) == (0, 0, 0, 1, 1, 1)
    assert found.differing == 0
    assert found.effect is None
    assert "alike on every unit" in found.note


def test_one_unit_has_neither_interval_nor_p():
    found = compared(of_spans([(3, 1, 0)]), of_spans([(2, 1, 1)]))
    assert found.difference == pytest.approx(6 / 7 - 4 / 6)
    assert (found.low, found.high, found.p, found.sd, found.effect, found.p_holm) == (None,) * 6
    assert "one unit" in found.note
    assert found.method.startswith("none: ")


def test_a_score_that_does_not_exist_is_not_compared():
    nothing = of_spans([(0, 0, 0)] * 4)
    found = compared(nothing, random_spans(4, 1))
    assert (found.value_a, found.difference, found.p, found.low) == (None,) * 4
    assert found.value_b is not None
    assert "undefined" in found.note


def test_a_constant_difference_is_no_certainty():
    found = compared(of_values([1, 2, 3]), of_values([0, 1, 2]), mean, MEAN)
    assert (found.low, found.high, found.sd, found.effect) == (None,) * 4
    assert "every resample gives the same value" in found.method
    assert within_chance(found.p, 0.25)


def test_undefined_draws_are_counted():
    # A draw without document 0 leaves both sides empty: (2/3)^3 of all draws.
    a, b = of_spans([(3, 1, 0), (0, 0, 0), (0, 0, 0)]), of_spans([(1, 1, 2), (0, 1, 0), (0, 0, 0)])
    found = compared(a, b)
    assert found.undefined == pytest.approx(RESAMPLES * (2 / 3) ** 3, rel=0.05)


def test_other_units_and_equal_names_are_refused():
    with pytest.raises(DataError, match="not scored on the same units"):
        compared(of_values([1, 2]), of_values([1, 2, 3]), mean, MEAN)
    with pytest.raises(ValueError, match="two names"):
        compared(of_values([1]), of_values([1]), mean, MEAN, names=("x", "x"))
    with pytest.raises(ValueError, match="level"):
        compared(of_values([1]), of_values([1]), mean, MEAN, level=95)


# ---- laws -----------------------------------------------------------------------------------------------------------

tables = st.integers(2, 8).flatmap(
    lambda units: st.lists(
        st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=units, max_size=units), min_size=2, max_size=4
    )
)


@settings(max_examples=40, deadline=None)
@given(tables, st.integers(0, 3))
def test_turning_a_pair_round_turns_its_signs_round(table, rng_seed):
    one, other = of_spans(table[0]), of_spans(table[1])
    there = compared(one, other, resamples=99, rng_seed=rng_seed)
    back = compared(other, one, resamples=99, rng_seed=rng_seed)
    assert (back.p, back.differing, back.undefined, back.sd) == (
        there.p,
        there.differing,
        there.undefined,
        pytest.approx(there.sd, abs=1e-12),
    )
    for name, opposite in (("difference", "difference"), ("effect", "effect"), ("low", "high"), ("high", "low")):
        value, turned = getattr(there, name), getattr(back, opposite)
        assert (value is None) == (turned is None), name
        assert value is None or turned == pytest.approx(-value, abs=1e-9), name
    if there.above is not None:
        assert back.above == pytest.approx(1 - there.above)
    if there.p is not None:
        assert 0 < there.p <= 1


@settings(max_examples=40, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_units_changes_nothing(table, random):
    one, other = of_spans(table[0]), of_spans(table[1])
    order = list(range(len(table[0])))
    random.shuffle(order)
    shuffled = UnitCounts([other.units[place] for place in order], other.names, other.matrix[order])
    assert compared(one, shuffled, resamples=99) == compared(one, other, resamples=99)


@settings(max_examples=40, deadline=None)
@given(tables)
def test_a_pair_is_the_same_alone_and_among_others(table):
    systems = {f"s{number}": of_spans(rows) for number, rows in enumerate(table)}
    found = all_pairs(resample_systems(systems, f1, [F1], resamples=99, rng_seed=0), f1)
    assert [(row.a, row.b) for row in found] == list(combinations(systems, 2))
    for row in found:
        alone = compared(systems[row.a], systems[row.b], resamples=99, names=(row.a, row.b))
        for name in ("difference", "p", "low", "high", "sd", "effect", "above", "differing", "undefined", "method"):
            assert getattr(row, name) == getattr(alone, name), name


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(1, 3))
def test_equal_predictions_have_p_1_whatever_they_are(values, rng_seed):
    found = compared(of_values(values), of_values(values), mean, MEAN, resamples=50, rng_seed=rng_seed)
    assert (found.difference, found.p) == (0, 1)


def test_several_scores_of_one_metric_share_swaps_and_have_families_of_their_own():
    recall = Key("recall", "micro")

    def both(sums):
        return f1(sums) | {recall: sums["tp"] / (sums["tp"] + sums["fn"])}

    systems = {name: random_spans(30, place, skill=0.4 + place / 10) for place, name in enumerate("abcd")}
    found = all_pairs(resample_systems(systems, both, [F1, recall], resamples=500, rng_seed=0), both)
    assert [row.key for row in found] == [F1] * 6 + [recall] * 6
    alone = all_pairs(resample_systems(systems, both, [recall], resamples=500, rng_seed=0), both)
    assert found[6:] == alone
    assert [row.p_holm for row in alone] == holm([row.p for row in alone]).tolist()


# ---- many comparisons -----------------------------------------------------------------------------------------------

# From statsmodels 0.15.0, multipletests(p, method=...).
CORRECTED = [
    ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02], [0.02, 0.04, 0.04, 0.02]),
    (
        [0.0001, 0.02, 0.02, 0.5, 0.9, 0.049],
        [0.0006, 0.1, 0.1, 1.0, 1.0, 0.147],
        [0.0006, 0.04, 0.04, 0.6, 0.9, 0.0735],
    ),
    ([1.0, 1.0, 0.6], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]),
    ([0.2], [0.2], [0.2]),
    ([], [], []),
]


@pytest.mark.parametrize(("raw", "stepped", "rate"), CORRECTED)
def test_corrections_are_statsmodels(raw, stepped, rate):
    assert holm(raw) == pytest.approx(stepped)
    assert benjamini_hochberg(raw) == pytest.approx(rate)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=30))
def test_corrections_keep_the_order_and_only_raise(raw):
    raw = np.array(raw)
    assert benjamini_hochberg(raw) == pytest.approx(stats.false_discovery_control(raw))
    for adjusted in (holm(raw), benjamini_hochberg(raw)):
        assert (adjusted >= raw - 1e-15).all()
        assert (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(raw)]) >= -1e-15).all()
    assert (holm(raw) >= benjamini_hochberg(raw) - 1e-12).all()


def test_pairs_without_a_test_are_not_of_the_family():
    systems = {
        "a": of_values([1, 2, 4]),
        "b": of_values([0, 0, 0]),
        "none": UnitCounts(named(3), ["n"], np.zeros((3, 1))),
    }
    found = all_pairs(resample_systems(systems, mean, [MEAN], resamples=999, rng_seed=0), mean)
    assert [row.p is None for row in found] == [False, True, True]
    assert found[0].p_holm == found[0].p


def test_the_largest_difference_of_two_systems_is_the_centred_bootstrap():
    a, b = random_spans(40, 1, skill=0.65), random_spans(40, 2, skill=0.55)
    resampled = resample_systems({"a": a, "b": b}, f1, [F1], resamples=2000, rng_seed=0)
    (found,) = all_pairs(resampled, f1)
    gaps = resampled.draws[F1][0] - resampled.draws[F1][1]
    # Berg-Kirkpatrick et al. 2012, two-sided: how often a draw is further from what was seen than that is from 0.
    count = (np.abs(gaps - found.difference) >= abs(found.difference)).sum()
    assert found.p_max_t == pytest.approx((count + 1) / 2001)


def test_more_than_500_pairs_can_still_be_told_apart():
    # Holm cannot go below pairs / (resamples + 1): here 190 / 1,000.
    systems = {f"s{number:02}": random_spans(200, number, skill=0.5 + 0.4 * (number == 0)) for number in range(20)}
    found = all_pairs(resample_systems(systems, f1, [F1], resamples=999, rng_seed=0), f1)
    first = [row for row in found if row.a == "s00"]
    assert min(row.p_holm for row in found) >= 0.18
    assert max(row.p_max_t for row in first) <= 0.002
    assert max(row.p_bh for row in first) < 0.05
    for row in found:
        assert row.p_max_t >= row.p - 0.05  # never much more lenient than the pair alone


# ---- how often they err ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [10, 50])
def test_the_test_errs_as_often_as_it_says(units):
    generator = np.random.default_rng(units)
    trials, errors = 400, 0
    for trial in range(trials):
        shared = generator.normal(size=units)
        a, b = (of_values(shared + generator.exponential(size=units)) for _ in range(2))
        # With 99 swaps (count + 1) / 100 <= .05 has probability .05 exactly.
        errors += compared(a, b, mean, MEAN, resamples=99, method="percentile", rng_seed=trial).p <= 0.05
    assert abs(errors / trials - 0.05) < 3 * np.sqrt(0.05 * 0.95 / trials)


def test_the_test_errs_no_more_often_for_f1_with_ties():
    trials = 200
    errors = sum(
        compared(random_spans(10, 2 * trial), random_spans(10, 2 * trial + 1), resamples=99, rng_seed=trial).p <= 0.05
        for trial in range(trials)
    )
    assert errors / trials < 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)


def test_the_family_errs_as_seldom_as_it_says():
    trials, errors = 100, {"p": 0, "p_holm": 0, "p_max_t": 0}
    for trial in range(trials):
        systems = {str(number): random_spans(50, 10 * trial + number) for number in range(5)}
        resampled = resample_systems(systems, f1, [F1], resamples=399, rng_seed=trial)
        found = all_pairs(resampled, f1, method="percentile")
        for name in errors:
            errors[name] += min(getattr(row, name) for row in found) <= 0.05
    # Ten uncorrected pairs of equal systems err far more often than one.
    assert errors["p"] / trials > 0.15
    bound = 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
    assert errors["p_holm"] / trials < bound
    assert errors["p_max_t"] / trials < bound
