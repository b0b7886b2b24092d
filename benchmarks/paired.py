"""Paired tests beside their peers, interleaved: SciPy's permutation test, sacreBLEU's bootstrap; and whole tables.

`python -m benchmarks.paired [ROUNDS]` prints the medians of the ratios; `table` gives them to `python -m benchmarks`.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.metric.base import Array, Key, Sums, divide
from harness.metric.entity_f1 import EntityF1
from harness.statistics import resample
from harness.statistics.significance import all_pairs, paired_interval, randomization_p
from harness.statistics.unit_counts import Compute, UnitCounts, align, resample_systems

F1 = Key("entity.f1", "micro")
BLEU = Key("bleu", "corpus")
RESAMPLES = 10_000
DOCUMENTS = 2_000
SENTENCES = 1_000
LABELS = 18
AT_LEAST = 20.0


@dataclass(frozen=True)
class Claim:
    """Two ways to the same numbers.

    Args:
        what: The job.
        peer: Whose way the other is.
        ours: Does it here.
        theirs: Does it there.
        cold: Whether the draws are made anew, as for the first metric and the first pair of a data set.
        at_least: The least that ours must be faster by; None where it is only shown.
    """

    what: str
    peer: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    cold: bool = True
    at_least: float | None = AT_LEAST


def seconds(run: Callable[[], object], cold: bool) -> float:
    """Wall seconds of one call."""
    if cold:
        resample._cache.clear()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def micro_f1(sums: Sums) -> Mapping[Key, Array]:
    """F1 of three sums, of any shape."""
    tp, fp, fn = (np.asarray(sums[name]) for name in ("tp", "fp", "fn"))
    return {F1: divide(2 * tp, 2 * tp + fp + fn)}


def spans(units: int, rng_seed: int) -> UnitCounts:
    """A made-up system: 20 entities a document, six in ten found."""
    generator = np.random.default_rng(rng_seed)
    gold = generator.poisson(20.0, units)
    tp = generator.binomial(gold, 0.6)
    matrix = np.column_stack([generator.poisson(6.0, units), gold - tp, tp]).astype(np.float64)
    return UnitCounts([f"d{place:06}" for place in range(units)], ["fp", "fn", "tp"], matrix)


def against_scipy() -> Iterator[Claim]:
    """Approximate randomization of a mean and of F1."""
    from scipy import stats

    a, b = spans(DOCUMENTS, 1), spans(DOCUMENTS, 2)
    both = np.concatenate([a.matrix, b.matrix])

    def score(places: Array, axis: int) -> Array:
        sums = both[places].sum(axis=axis % places.ndim)
        return np.asarray(micro_f1({name: sums[..., place] for place, name in enumerate(a.names)})[F1])

    def theirs(x: Array, y: Array, statistic: Callable[..., Array]) -> None:
        stats.permutation_test(
            (x, y),
            statistic,
            permutation_type="samples",
            n_resamples=RESAMPLES,
            rng=0,
            vectorized=True,
            batch=100,
        )

    def ours(one: UnitCounts, other: UnitCounts, compute: Compute, key: Key) -> None:
        randomization_p(align({"a": one, "b": other}), compute, [key], resamples=RESAMPLES, rng_seed=0)

    places = np.arange(2 * DOCUMENTS)
    yield Claim(
        f"p of F1, {DOCUMENTS:,} documents, {RESAMPLES:,} swaps",
        "scipy.stats `permutation_test`",
        lambda: ours(a, b, micro_f1, F1),
        lambda: theirs(
            places[:DOCUMENTS], places[DOCUMENTS:], lambda one, other, axis: score(one, axis) - score(other, axis)
        ),
    )
    mean = Key("score", "mean")
    generator = np.random.default_rng(3)
    values = [generator.random(DOCUMENTS) for _ in range(2)]
    counts = [UnitCounts(a.units, ["n", "sum"], np.column_stack([np.ones(DOCUMENTS), one])) for one in values]
    yield Claim(
        f"p of a mean, {DOCUMENTS:,} documents, {RESAMPLES:,} swaps",
        "scipy.stats `permutation_test`",
        lambda: ours(*counts, lambda sums: {mean: divide(sums["sum"], sums["n"])}, mean),
        lambda: theirs(*values, lambda one, other, axis: (one - other).mean(axis=axis)),
    )


def against_sacrebleu() -> Iterator[Claim]:
    """The paired bootstrap of BLEU from its sufficient statistics: neither side reads a text while it is timed."""
    from sacrebleu import metrics
    from sacrebleu.significance import _paired_bs_test

    generator = np.random.default_rng(4)
    words = [f"w{place}" for place in range(50)]
    references = [" ".join(generator.choice(words, 25)) for _ in range(SENTENCES)]
    systems = {}
    for name, share in (("baseline", 0.3), *((f"system {place}", 0.32) for place in range(1, 10))):
        tokens = [np.array(text.split()) for text in references]
        systems[name] = [
            " ".join(np.where(generator.random(len(own)) < share, generator.choice(words, len(own)), own))
            for own in tokens
        ]
    metric = metrics.BLEU(references=[references])
    extracted = {name: metric._extract_corpus_statistics(texts, None) for name, texts in systems.items()}
    names = ["sys", "ref", *(f"{what}{order}" for what in ("correct", "total") for order in range(1, 5))]
    units = [f"s{place:06}" for place in range(SENTENCES)]
    counts = {name: UnitCounts(units, names, np.array(rows, dtype=np.float64)) for name, rows in extracted.items()}

    class Ready(metrics.BLEU):
        """Hands out what was counted before, in place of texts."""

        def _extract_corpus_statistics(self, hypotheses: str, references: object) -> object:
            return extracted[hypotheses]

    ready = Ready()

    def bleu(sums: Sums) -> Mapping[Key, Array]:
        hits = sum(np.log(divide(sums[f"correct{order}"], sums[f"total{order}"])) for order in range(1, 5)) / 4
        return {BLEU: 100 * np.exp(hits + np.minimum(0, 1 - divide(sums["ref"], sums["sys"])))}

    def theirs(*chosen: str) -> None:
        for one, other in combinations(chosen, 2):
            baseline = (np.array(extracted[one]), ready._aggregate_and_compute(extracted[one]))
            _paired_bs_test({"BLEU": baseline}, other, other, None, {"BLEU": ready}, n_samples=RESAMPLES, seed=12345)

    def ours(*chosen: str) -> None:
        resampled = resample_systems(
            {name: counts[name] for name in chosen}, bleu, [BLEU], resamples=RESAMPLES, rng_seed=0
        )
        for one, other in combinations(range(len(chosen)), 2):
            gaps, left_out = resampled.draws[BLEU], resampled.left_out[BLEU]
            difference = float(resampled.values[BLEU][one] - resampled.values[BLEU][other])
            paired_interval(
                resampled, gaps[one] - gaps[other], left_out[one] - left_out[other], difference, 0.95, "percentile"
            )

    yield Claim(
        f"paired bootstrap of BLEU, 2 systems, {SENTENCES:,} sentences, {RESAMPLES:,} draws, made before as for every "
        "further metric or model",
        "sacreBLEU `_paired_bs_test`",
        lambda: ours("baseline", "system 1"),
        lambda: theirs("baseline", "system 1"),
        cold=False,
        at_least=None,
    )
    yield Claim(
        f"paired bootstrap of BLEU, all pairs of {len(counts)} systems, {SENTENCES:,} sentences, {RESAMPLES:,} draws",
        "sacreBLEU `_paired_bs_test`",
        lambda: ours(*counts),
        lambda: theirs(*counts),
    )


def table(rounds: int) -> list[str]:
    """Markdown lines: medians of the rounds' ratios, after one warm-up round."""
    claims = [*against_scipy(), *against_sacrebleu()]
    lines = [
        f"## Paired comparison ({rounds} rounds, interleaved)",
        "",
        "| what | peer | peer, median s | harness, median s | median ratio | at least | holds |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for claim in claims:
        times = [(seconds(claim.theirs, claim.cold), seconds(claim.ours, claim.cold)) for _ in range(rounds + 1)][1:]
        theirs, ours = (statistics.median(side) for side in zip(*times, strict=True))
        ratio = statistics.median(peer / own for peer, own in times)
        least, holds = "-", "-"
        if claim.at_least is not None:
            least, holds = f"{claim.at_least:.0f}", "yes" if ratio >= claim.at_least else "**no**"
        lines.append(f"| {claim.what} | {claim.peer} | {theirs:.2f} | {ours:.3f} | {ratio:.0f} | {least} | {holds} |")
    return lines


def whole_tables() -> list[str]:
    """Markdown lines: scores, draws and all pairs of many systems over 10,000 documents, once each."""
    lines = [
        "## All pairs (10,000 documents, 10,000 draws and swaps, once)",
        "",
        "| what | pairs | s | at most | peak MB | holds |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    jobs = (
        ("50 runs, F1 micro", 50, 0, (F1,), 20.0),
        ("100 runs, F1, P and R micro and F1 macro over 18 labels", 100, LABELS, _NER_KEYS, 180.0),
    )
    for what, runs, labels, keys, at_most in jobs:
        metric = EntityF1(labelled=labels > 0)
        systems = {f"run {place:03}": labelled(10_000, labels, place) for place in range(runs)}
        began = time.perf_counter()
        resampled = resample_systems(systems, metric.compute, keys, resamples=RESAMPLES, rng_seed=0)
        found = all_pairs(resampled, metric.compute)
        taken = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        holds = "yes" if taken <= at_most else "**no**"
        lines.append(f"| {what} | {len(found) // len(keys):,} | {taken:.1f} | {at_most:.0f} | {peak:.0f} | {holds} |")
    return lines


_NER_KEYS = (F1, Key("entity.precision", "micro"), Key("entity.recall", "micro"), Key("entity.f1", "macro"))


def labelled(units: int, labels: int, rng_seed: int) -> UnitCounts:
    """A made-up system's counts, per label as `entity_f1` has them."""
    generator = np.random.default_rng(rng_seed)
    gold = generator.poisson(1.0, (units, max(1, labels)))
    tp = generator.binomial(gold, 0.6)
    parts = {"tp": tp, "fn": gold - tp, "fp": generator.poisson(0.4, gold.shape)}
    columns = {name: part.sum(axis=1) for name, part in parts.items()}
    for label in range(labels):
        columns |= {f"label=L{label:02}|{name}": part[:, label] for name, part in parts.items()}
    names = sorted(columns)
    matrix = np.column_stack([columns[name] for name in names]).astype(np.float64)
    return UnitCounts([f"d{place:06}" for place in range(units)], names, matrix)


if __name__ == "__main__":
    print("\n".join([*table(int(sys.argv[1]) if len(sys.argv) > 1 else 5), "", *whole_tables()]))
