import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from harness.statistics import correlation
from harness.statistics.coefficients import kendall, kendall_of_many, midranks, pearson, spearman
from harness.statistics.correlation import COEFFICIENTS, LEVELS, auc, correlate

pytestmark = pytest.mark.core

WAYS = [(level, c) for level in LEVELS for c in COEFFICIENTS if (level, c) != ("partial", "kendall")]
NO_INTERVAL = {"resampled": "none"}


# ---- an oracle: scipy on values that are written out -----------------------------------------------------------------


def of_two(x, y, coefficient):
    """scipy's coefficient; NaN where a side is constant."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    function = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[coefficient]
    return function(x, y).statistic


def plain(metric, human, level, coefficient):
    """The four levels in the words of their definition, without weights."""
    metric, human = np.array(metric, dtype=float), np.array(human, dtype=float)
    both = ~np.isnan(metric) & ~np.isnan(human)
    if level == "system":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing
            means = np.nanmean(metric, axis=1), np.nanmean(human, axis=1)
        there = ~np.isnan(means[0]) & ~np.isnan(means[1])
        # Of equal means, added up in another order, one may be larger in the last digit, and ranks would see it.
        digits = 15 if coefficient == "pearson" else 9
        return of_two(*(np.round(side[there], digits) for side in means), coefficient)
    if level == "summary":
        columns = [of_two(metric[both[:, d], d], human[both[:, d], d], coefficient) for d in range(metric.shape[1])]
        defined = [value for value in columns if not np.isnan(value)]
        return np.mean(defined) if defined else np.nan
    if level == "pooled":
        return of_two(metric[both], human[both], coefficient)
    # Partial: what least squares on one dummy per system leaves over.
    dummies = np.repeat(np.eye(len(metric)), metric.shape[1], axis=0)[both.ravel()]
    left = [side[both] - dummies @ np.linalg.lstsq(dummies, side[both], rcond=None)[0] for side in (metric, human)]
    return of_two(*(np.round(side, 9) for side in left), coefficient)


def made_up(systems=7, documents=12, missing=0.1, rng_seed=1, steps=4):
    """Ratings in few steps, so that ties abound, and a metric that follows them from afar."""
    generator = np.random.default_rng(rng_seed)
    human = generator.integers(0, steps, (systems, documents)) + generator.integers(0, 2, (systems, 1))
    metric = np.round(human + 2 * generator.normal(size=human.shape), 1)
    return [np.where(generator.random(human.shape) < missing, np.nan, side) for side in (metric, human.astype(float))]


@pytest.mark.parametrize(("level", "coefficient"), WAYS)
@pytest.mark.parametrize("rng_seed", range(4))
def test_values_are_those_of_scipy(level, coefficient, rng_seed):
    metric, human = made_up(rng_seed=rng_seed)
    found = correlate(metric, human, level, coefficient, **NO_INTERVAL)
    assert found.value == pytest.approx(plain(metric, human, level, coefficient), abs=1e-12)
    assert (found.low, found.high, found.resamples) == (None, None, 0)


@pytest.mark.parametrize(("level", "coefficient"), WAYS)
@pytest.mark.parametrize("resampled", ["both", "inputs", "systems"])
def test_every_resample_is_what_copying_gives(level, coefficient, resampled):
    # The draws themselves are taken from the module; what is done with them is done again with copies and scipy.
    metric, human = made_up(systems=5, documents=8, missing=0.15, rng_seed=3)
    data = correlation._data(metric, human)
    statistic = getattr(correlation, f"_{level}")(coefficient)
    (draw,) = correlation._draws(data, resampled, 60, 5)
    values = statistic(data, draw)
    assert len(values) == 60
    for number, value in enumerate(values):
        systems, documents = (side[number % len(side)].astype(int) for side in draw)
        rows, columns = np.repeat(np.arange(5), systems), np.repeat(np.arange(8), documents)
        copies = [side[np.ix_(rows, columns)] for side in (metric, human)]
        if level == "partial":
            # A system that was drawn twice is one system still: its mean is over both copies.
            ids = np.repeat(rows, len(columns)).reshape(len(rows), len(columns))
            expected = partial_by_id(*copies, ids, coefficient)
        else:
            expected = plain(*copies, level, coefficient)
        assert value == pytest.approx(expected, abs=1e-9, nan_ok=True)


def partial_by_id(metric, human, ids, coefficient):
    both = ~np.isnan(metric) & ~np.isnan(human)
    left = []
    for side in (metric, human):
        values, whose = side[both].copy(), ids[both]
        for name in set(whose):
            values[whose == name] -= values[whose == name].mean()
        left.append(np.round(values, 9))
    return of_two(*left, coefficient)


@pytest.mark.parametrize(("level", "coefficient"), WAYS)
def test_the_interval_is_made_of_the_resamples(level, coefficient):
    metric, human = made_up(systems=6, documents=9, rng_seed=2)
    found = correlate(metric, human, level, coefficient, resamples=300, confidence=0.9, rng_seed=4)
    data = correlation._data(metric, human)
    statistic = getattr(correlation, f"_{level}")(coefficient)
    values = np.concatenate([statistic(data, draw) for draw in correlation._draws(data, "both", 300, 4)])
    assert found.undefined == np.isnan(values).sum()
    assert [found.low, found.high] == pytest.approx(np.nanquantile(values, [0.05, 0.95]).tolist())
    assert (found.resamples, found.resampled, found.confidence) == (300, "both", 0.9)
    assert found.method == "percentile bootstrap over systems and inputs, 300 resamples"
    assert found == correlate(metric, human, level, coefficient, resamples=300, confidence=0.9, rng_seed=4)
    assert found != correlate(metric, human, level, coefficient, resamples=300, confidence=0.9, rng_seed=5)


def test_draws_do_not_hang_on_the_size_of_a_block(monkeypatch):
    metric, human = made_up()
    whole = correlate(metric, human, "pooled", "pearson", resamples=50)
    monkeypatch.setattr(correlation, "_BLOCK_CELLS", 1000)
    blocks = list(correlation._draws(correlation._data(metric, human), "both", 50, 0))
    assert len(blocks) > 4
    assert correlate(metric, human, "pooled", "pearson", resamples=50) == whole


def test_each_draw_has_as_many_units_as_there_are_and_keeps_unrated_documents_apart():
    metric, human = made_up(systems=4, documents=10, missing=0)
    human[:, 6:] = np.nan
    (draw,) = correlation._draws(correlation._data(metric, human), "both", 500, 0)
    assert (draw.systems.sum(axis=1) == 4).all()
    assert (draw.documents[:, :6].sum(axis=1) == 6).all()
    assert (draw.documents[:, 6:].sum(axis=1) == 4).all()
    assert draw.documents.mean(axis=0) == pytest.approx(np.ones(10), abs=0.15)
    assert draw.systems.mean(axis=0) == pytest.approx(np.ones(4), abs=0.15)


# ---- worked by hand --------------------------------------------------------------------------------------------------


def test_levels_answer_different_questions():
    # The metric orders the systems as people do, and within each document exactly the other way... in two of three:
    # documents 1 and 2 have tau -1 and +1, document 3 is constant for people and left out.
    metric = [[1.0, 1.0, 5.0], [0.0, 2.0, 6.0], [9.0, 9.0, 7.0]]
    human = [[0.0, 1.0, 4.0], [1.0, 2.0, 4.0], [-1.0, 3.0, 4.0]]
    found = correlate(metric, human, "summary", "kendall", **NO_INTERVAL)
    assert (found.value, found.documents, found.skipped) == (0.0, 2, 1)
    # Means: metric 7/3, 8/3, 25/3; people 5/3, 7/3, 6/3. Pairs: (1,2) agree, (1,3) agree, (2,3) do not.
    assert correlate(metric, human, "system", "kendall", **NO_INTERVAL).value == pytest.approx(1 / 3)


def test_partial_takes_off_what_the_systems_differ_by():
    # Within each system the metric falls as people's ratings rise, yet the better system has the higher values.
    metric, human = [[3.0, 2.0, 1.0], [13.0, 12.0, 11.0]], [[1.0, 2.0, 3.0], [11.0, 12.0, 13.0]]
    assert correlate(metric, human, "pooled", "pearson", **NO_INTERVAL).value > 0.9
    assert correlate(metric, human, "partial", "pearson", **NO_INTERVAL).value == pytest.approx(-1)
    assert correlate(metric, human, "partial", "spearman", **NO_INTERVAL).value == pytest.approx(-1)


def test_unrated_documents_count_in_the_metrics_own_means_alone():
    human = [[1, np.nan], [2, np.nan], [3, np.nan]]
    metric = [[1, 9], [2, 5], [3, 1]]  # on the rated document 1 2 3, on both 5 3.5 2
    assert correlate(metric, human, "system", "pearson", **NO_INTERVAL).value == pytest.approx(-1)
    assert correlate(metric, human, "pooled", "pearson", **NO_INTERVAL).value == pytest.approx(1)


def test_equal_means_are_tied_whatever_order_they_were_added_in():
    # 0.1 + 0.2 + 0.3 differs from 0.3 + 0.2 + 0.1 in the last digit; the systems tie all the same.
    metric = [[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.7, 0.7, 0.7]]
    human = [[1, 1, 1], [2, 2, 2], [3, 3, 3]]
    expected = stats.kendalltau([1, 1, 2], [1, 2, 3]).statistic
    assert correlate(metric, human, "system", "kendall", **NO_INTERVAL).value == pytest.approx(expected)


def test_values_that_differ_by_less_than_rounding_still_have_an_order():
    metric, human = [[1e-30, 1e-20, 1e-10, 1.0]], [[1, 2, 3, 4]]
    for coefficient in ("spearman", "kendall"):
        assert correlate(metric, human, "pooled", coefficient, **NO_INTERVAL).value == pytest.approx(1)
    assert auc(metric, [[0, 1, 1, 1]], **NO_INTERVAL).value == 1


def test_huge_and_tiny_values_are_no_hindrance():
    metric, human = made_up(missing=0)
    for level, coefficient in WAYS:
        usual = correlate(metric, human, level, coefficient, **NO_INTERVAL).value
        for factor in (1e307, 1e-300):
            same = correlate(metric * factor, human, level, coefficient, **NO_INTERVAL).value
            assert same == pytest.approx(usual, abs=1e-9)


BETWEEN_TWO = "3 are needed, for between two every coefficient is 1 or -1"


# ---- what cannot be said ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "human", "level", "reason"),
    [
        ([[1, 2], [2, 1]], [[1, 2], [2, 1]], "system", f"2 systems with values on both sides, {BETWEEN_TWO}"),
        ([[1, 2, 3]], [[1, 2, 3]], "system", f"1 system with values on both sides, {BETWEEN_TWO}"),
        ([[1, 2, 3]], [[1, 2, 3]], "summary", f"no document has values of more than 1 system, {BETWEEN_TWO}"),
        (
            [[1, 2], [2, 1]],
            [[1, 2], [2, 1]],
            "summary",
            f"no document has values of more than 2 systems, {BETWEEN_TWO}",
        ),
        # Three systems, but never three in one document.
        (
            [[1, 2, np.nan], [2, np.nan, 1], [np.nan, 3, 3]],
            [[1, 2, 3], [2, 1, 3], [3, 2, 1]],
            "summary",
            f"no document has values of more than 2 systems, {BETWEEN_TWO}",
        ),
        ([[1], [2], [3]], [[1], [2], [3]], "partial", "no system has values of two documents"),
        ([[1, np.nan]], [[np.nan, 1]], "pooled", "no system and document has a value on both sides"),
        ([[1, 2], [2, 3], [4, 4]], [[5, 5], [5, 5], [5, 5]], "pooled", "one side is constant"),
        ([[1, 2], [2, 3], [4, 4]], [[5, 5], [5, 5], [5, 5]], "system", "one side is constant"),
        ([[1, 2], [2, 3], [4, 4]], [[1, 5], [1, 5], [1, 5]], "summary", "in every document one side is constant"),
        # Each system has one value throughout: nothing is left when the means are taken off.
        ([[0.1, 0.1, 0.1], [0.7, 0.7, 0.7]], [[1, 2, 3], [3, 2, 1]], "partial", "one side is constant"),
        # Constant but for the last digit.
        ([[0.1 + 0.2, 0.3], [0.3, 0.3]], [[1, 2], [3, 4]], "pooled", "one side is constant"),
    ],
)
def test_no_value_is_null_with_its_reason(metric, human, level, reason):
    found = correlate(metric, human, level, "pearson", resamples=20)
    assert (found.value, found.low, found.high, found.reason) == (None, None, None, reason)
    assert found.method == f"none: {reason}"


def test_one_system_or_one_document_leaves_the_other_side_to_draw():
    line = np.arange(20.0)
    noisy = line + 5 * np.sin(line)
    found = correlate([line], [noisy], "pooled", "pearson", resamples=50)
    assert found.resampled == "inputs"
    assert found.low < found.value < found.high
    found = correlate(line[:, None], noisy[:, None], "summary", "pearson", resamples=50)
    assert found.resampled == "systems"
    assert found.low < found.value < found.high
    found = correlate([line], [noisy], "pooled", "pearson", resampled="systems")
    assert (found.low, found.reason) == (None, "1 system cannot be resampled, 3 are needed")
    found = correlate(line[:, None], noisy[:, None], "summary", "pearson", resampled="inputs")
    assert (found.low, found.reason) == (None, "one document cannot be resampled")


@pytest.mark.parametrize("coefficient", ["pearson", "spearman", "kendall"])
def test_two_systems_are_not_drawn_anew(coefficient):
    metric, human = made_up(systems=2, documents=30, missing=0, rng_seed=1)
    found = correlate(metric, human, "pooled", coefficient, resamples=200)
    # Every second draw of two systems would hold one of them alone.
    alone = correlate(metric, human, "pooled", coefficient, resamples=200, resampled="inputs")
    assert found == alone
    assert found.low < found.value < found.high
    found = correlate(metric, human, "pooled", coefficient, resamples=200, resampled="systems")
    assert (found.low, found.reason) == (None, "2 systems cannot be resampled, 3 are needed")
    metric, human = made_up(systems=3, documents=30, missing=0, rng_seed=1)
    assert correlate(metric, human, "pooled", coefficient, resamples=200).resampled == "both"


def test_perfect_agreement_has_no_interval():
    metric, _ = made_up(missing=0, steps=9)
    found = correlate(metric, metric, "pooled", "spearman", resamples=50)
    assert (found.value, found.reason) == (pytest.approx(1), "every resample gives the same value")
    assert found.low is None


def test_undefined_resamples_are_counted():
    # Three systems: one draw in nine has the same system three times over.
    metric, human = made_up(systems=3, documents=30, missing=0, rng_seed=6)
    found = correlate(metric, human, "system", "pearson", resampled="systems", resamples=3000)
    assert found.undefined / 3000 == pytest.approx(1 / 9, abs=0.02)


def test_what_sorts_each_resample_takes_fewer_of_them_and_says_so(monkeypatch):
    metric, human = made_up(systems=5, documents=20, missing=0)
    ways = {("pooled", "kendall"): 300, ("partial", "spearman"): 400, ("pooled", "spearman"): 1000}
    monkeypatch.setattr(correlation, "_SORTED", {("pooled", "kendall"): 30_000, ("partial", "spearman"): 40_000})
    for way, resamples in ways.items():
        assert correlate(metric, human, *way, resamples=1000).resamples == resamples
    monkeypatch.setattr(correlation, "_SORTED", {("pooled", "kendall"): 0})
    assert correlate(metric, human, "pooled", "kendall", resamples=1000).resamples == 200
    assert correlate(metric, human, "pooled", "kendall", resamples=50).resamples == 50


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": [[1, 2, 3]]}, "one shape"),
        ({"metric": [1, 2]}, "one shape"),
        ({"metric": np.ones((0, 3)), "human": np.ones((0, 3))}, "one shape"),
        ({"metric": [[1, np.inf], [0, 1]]}, "finite"),
        ({"level": "corpus"}, "level must be one of"),
        ({"coefficient": "tau"}, "coefficient one of"),
        ({"level": "partial", "coefficient": "kendall"}, "not for kendall"),
        ({"resampled": "rows"}, "resampled must be one of"),
        ({"resamples": 0}, "at least 1"),
        ({"confidence": 95}, "between 0 and 1"),
    ],
)
def test_bad_arguments_are_refused(change, message):
    usual = {"metric": [[1, 2], [3, 5]], "human": [[1, 2], [3, 4]], "level": "pooled", "coefficient": "pearson"}
    with pytest.raises(ValueError, match=message):
        correlate(**(usual | change))


# ---- AUC -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rng_seed", range(3))
def test_auc_is_that_of_scikit_learn(rng_seed):
    metric, human = made_up(rng_seed=rng_seed)
    labels = np.where(np.isnan(human), np.nan, human > 2)
    both = ~np.isnan(metric) & ~np.isnan(labels)
    found = auc(metric, labels, resamples=100)
    assert found.value == pytest.approx(roc_auc_score(labels[both], metric[both]), abs=1e-12)
    assert found.low < found.value < found.high
    assert (found.pairs, found.level, found.coefficient) == (both.sum(), "pooled", "auc")


def test_auc_without_two_classes_or_with_other_labels():
    found = auc([[1, 2, 3]], [[1, 1, 1]])
    assert (found.value, found.reason) == (None, "every label is the same")
    assert auc([[1, 2, 3]], [[np.nan] * 3]).reason == "no system and document has a value on both sides"
    with pytest.raises(ValueError, match="0 or 1"):
        auc([[1, 2, 3]], [[1, 2, 0]])


def test_auc_resamples_are_what_copying_gives():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, (1, 40)).astype(float)
    metric = np.round(labels + generator.normal(size=(1, 40)), 1)
    found = auc(metric, labels, resamples=400, rng_seed=3)
    (draw,) = correlation._draws(correlation._data(metric, labels), "inputs", 400, 3)
    values = []
    for row in draw.documents.astype(int):
        drawn = np.repeat(np.arange(40), row)
        values.append(roc_auc_score(labels[0][drawn], metric[0][drawn]))
    assert [found.low, found.high] == pytest.approx(np.quantile(values, [0.025, 0.975]).tolist())


# ---- laws ------------------------------------------------------------------------------------------------------------

SMALL = st.integers(0, 4).map(float)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_weights_are_copies(given_data):
    n = given_data.draw(st.integers(1, 8))
    rows = st.lists(SMALL, min_size=n, max_size=n)
    x, y = (np.array(given_data.draw(rows)) for _ in range(2))
    times = np.array(given_data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    drawn = [np.repeat(side, times) for side in (x, y)]
    for function, coefficient in ((pearson, "pearson"), (spearman, "spearman"), (kendall, "kendall")):
        expected = of_two(*drawn, coefficient)
        for shape in (1, 2):  # one order for all rows, or each row its own
            sides = (np.tile(side, (shape, 1)) for side in (x, y))
            assert function(*sides, np.tile(times * 1.0, (2, 1))) == pytest.approx(
                [expected] * 2, abs=1e-9, nan_ok=True
            )
    assert kendall_of_many(x, y, times[None] * 1.0) == pytest.approx([of_two(*drawn, "kendall")], nan_ok=True)
    for shape in (1, 2):
        ranks = midranks(np.tile(x, (shape, 1)), np.tile(times * 1.0, (shape, 1)))[0]
        assert np.repeat(ranks, times) == pytest.approx(stats.rankdata(drawn[0]))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(WAYS))
def test_order_names_and_rising_changes_do_not_matter(rng_seed, way):
    metric, human = made_up(systems=4, documents=6, rng_seed=rng_seed)
    level, coefficient = way
    value = correlate(metric, human, level, coefficient, **NO_INTERVAL).value
    generator = np.random.default_rng(rng_seed)
    rows, columns = generator.permutation(4), generator.permutation(6)
    others = [
        (metric[np.ix_(rows, columns)], human[np.ix_(rows, columns)], 1),
        (3 * metric + 7, human / 10, 1),
        (-metric, human, -1),
        (human, metric, 1),
    ]
    if coefficient != "pearson" and level in ("summary", "pooled"):
        others.append((np.exp(metric), human, 1))
    for one, other, sign in others:
        found = correlate(one, other, level, coefficient, **NO_INTERVAL).value
        assert found == (None if value is None else pytest.approx(sign * value, abs=1e-9))


# ---- coverage: the interval must be one ------------------------------------------------------------------------------


def test_the_interval_covers_what_it_should():
    # Pairs of a bivariate normal with correlation 0.5, one system: the textbook case of the bootstrap over inputs.
    generator = np.random.default_rng(0)
    covered = 0
    for number in range(200):
        x = generator.normal(size=80)
        y = 0.5 * x + np.sqrt(0.75) * generator.normal(size=80)
        found = correlate([x], [y], "pooled", "pearson", resamples=400, rng_seed=number)
        covered += found.low <= 0.5 <= found.high
    assert 0.89 <= covered / 200 <= 0.98


def test_resampling_systems_too_is_wider():
    metric, human = made_up(systems=8, documents=60, missing=0)
    widths = {}
    for resampled in ("both", "inputs", "systems"):
        found = correlate(metric, human, "system", "pearson", resampled=resampled, resamples=2000)
        widths[resampled] = found.high - found.low
    assert widths["both"] > max(widths["inputs"], widths["systems"])


# ---- published figures -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def realsumm(data):
    """Stored scores of abstractive and extractive systems: name -> (systems, documents), and the systems' names."""
    found = {}
    for kind in ("abs", "ext"):
        path = data / "summ" / "realsumm" / "scores_dicts" / f"{kind}.json"
        documents = json.loads(path.read_text(encoding="utf-8"))
        systems = sorted({name for one in documents.values() for name in one["system_summaries"]})
        names = next(iter(documents.values()))["system_summaries"][systems[0]]["scores"]
        found[kind] = (
            systems,
            {
                name: np.array(
                    [
                        [documents[doc]["system_summaries"][system]["scores"][name] for doc in sorted(documents)]
                        for system in systems
                    ]
                )
                for name in names
            },
        )
    return found


def test_realsumm_means(realsumm):
    expected = {"litepyramid_recall": 0.461623, "rouge_1_f_score": 0.438128, "bert_f_score": 0.272637}
    for name, mean in expected.items():
        values = np.concatenate([realsumm[kind][1][name] for kind in ("abs", "ext")])
        assert values.shape == (25, 100)
        assert values.mean() == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "systems", "metric", "value"),
    [
        ("abs", 14, "rouge_2_recall", 0.983),
        ("abs", 14, "rouge_1_f_score", 0.879),
        ("ext", 11, "rouge_2_recall", 0.739),
        ("ext", 11, "rouge_1_f_score", 0.111),
    ],
)
def test_realsumm_system_level_pearson(realsumm, kind, systems, metric, value):
    scores = realsumm[kind][1]
    found = correlate(scores[metric], scores["litepyramid_recall"], "system", "pearson", resamples=1000)
    assert found.value == pytest.approx(value, abs=0.001)
    assert (found.systems, found.documents) == (systems, 100)
    assert found.low < found.value < found.high


def test_realsumm_summary_level(realsumm):
    # 24 systems: the extractive "BART" is the abstractive one again, in all 100 documents.
    systems, extractive = realsumm["ext"]
    kept = [name != "bart_out.txt" for name in systems]
    abstractive = realsumm["abs"][1]
    both = {name: np.concatenate([abstractive[name], extractive[name][kept]]) for name in extractive}
    people = both["litepyramid_recall"]
    assert (both["rouge_1_recall"][0] == extractive["rouge_1_recall"][1]).all()
    # Published are .4975/.4080 and .4233/.3531, with ROUGE of other tokens than the stored scores have.
    for name, rho, tau in (("rouge_1_recall", 0.4975, 0.4080), ("rouge_2_recall", 0.4233, 0.3531)):
        for coefficient, published in (("spearman", rho), ("kendall", tau)):
            found = correlate(both[name], people, "summary", coefficient, **NO_INTERVAL)
            assert found.value == pytest.approx(plain(both[name], people, "summary", coefficient), abs=1e-12)
            assert found.value == pytest.approx(published, abs=0.004)
            assert (found.systems, found.documents, found.skipped) == (24, 100, 0)


@pytest.fixture(scope="module")
def frank(data):
    """FRANK: name -> (systems, documents), NaN where a system has no summary of a document or a metric no score."""
    folder = data / "summ" / "frank"
    people = json.loads((folder / "human_annotations.json").read_text(encoding="utf-8"))
    outputs = json.loads((folder / "baseline_factuality_metrics_outputs.json").read_text(encoding="utf-8"))
    systems = sorted({one["model_name"] for one in people})
    documents = sorted({one["hash"] for one in people})
    place = {name: number for names in (systems, documents) for number, name in enumerate(names)}
    found = {}
    for name, rows in [("Factuality", people), *((name, outputs) for name in outputs[0])]:
        if name in ("hash", "model_name", "dataset", "split"):
            continue
        found[name] = np.full((len(systems), len(documents)), np.nan)
        for row in rows:
            value = row.get(name)
            found[name][place[row["model_name"]], place[row["hash"]]] = np.nan if value is None else value
    return found


@pytest.mark.parametrize(
    ("name", "r", "rho", "pairs"),
    [
        ("Bleu", 0.10, 0.07, 2246),
        ("Rouge 1", 0.14, 0.10, 2246),
        ("Rouge 2", 0.12, 0.08, 2246),
        ("Rouge L", 0.13, 0.09, 2246),
        ("FEQA", 0.00, 0.01, 2242),
        ("QAGS", 0.06, 0.08, 2246),
        ("Dep Entail", 0.16, 0.14, 2163),
        ("FactCC", 0.20, 0.30, 2246),
    ],
)
def test_frank_partial_on_system(frank, name, r, rho, pairs):
    for coefficient, published in (("pearson", r), ("spearman", rho)):
        found = correlate(frank[name], frank["Factuality"], "partial", coefficient, **NO_INTERVAL)
        assert round(found.value, 2) == pytest.approx(published)
        assert (found.pairs, found.systems) == (pairs, 9)


def test_frank_pooled(frank):
    found = correlate(frank["Rouge 1"], frank["Factuality"], "pooled", "pearson", resamples=500)
    assert found.value == pytest.approx(0.33, abs=0.005)
    assert (found.documents, found.pairs) == (499, 2246)
    assert found.low < found.value < found.high


def test_qags_pooled(data):
    # ROUGE against the article. A sentence is consistent where most of its three readers say so.
    from rouge_score_rs.rouge_scorer import RougeScorer

    path = data / "summ" / "qags" / "mturk_cnndm.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    people = [
        np.mean([np.mean([vote["response"] == "yes" for vote in one["responses"]]) > 0.5 for one in sentences])
        for sentences in (row["summary_sentences"] for row in rows)
    ]
    scorer = RougeScorer(["rouge1", "rouge2"], use_stemmer=True)
    summaries = [" ".join(one["sentence"] for one in row["summary_sentences"]) for row in rows]
    scores = [scorer.score(row["article"], text) for row, text in zip(rows, summaries, strict=True)]
    for name, published in (("rouge1", 0.338), ("rouge2", 0.459)):
        metric = [one[name].fmeasure for one in scores]
        found = correlate([metric], [people], "pooled", "pearson", resamples=500)
        assert found.value == pytest.approx(published, abs=0.0015)
        assert (found.pairs, found.resampled) == (235, "inputs")
        assert found.low < found.value < found.high
