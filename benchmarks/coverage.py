"""How often intervals (`harness.statistics.resample`) hold the truth: simulated, by method, score and number of units.

`python -m benchmarks.coverage` writes the table into docs/intervals.md and exits with 1 where the default method misses
0.93 to 0.97 of 0.95 with 50 units and 20 gold positives of each label that is averaged. `--quick` takes a tenth of the
samples, writes nothing and judges nothing; `--data DIR` adds a real population, answers to FNC-1 in DIR/stance/fnc1.
"""

import argparse
import csv
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.config import IntervalConfig
from harness.metric.base import Key
from harness.metric.entity_f1 import EntityF1
from harness.metric.stance_classification import StanceClassification
from harness.metric.stance_favg import StanceFavg
from harness.statistics.resample import Method, bounds, weights

PAGE = Path(__file__).resolve().parent.parent / "docs" / "intervals.md"
START, END = "<!-- table: start -->", "<!-- table: end -->"
UNITS = (10, 20, 50, 200)
METHODS: tuple[Method, ...] = ("percentile", "bca", "bca_t")
DEFAULT: Method = IntervalConfig().method
LEVEL = 0.95
RESAMPLES = 1_000
RNG_SEED = 20
# What is asked of the default, from so many units and gold positives.
LOW, HIGH = 0.93, 0.97
ENOUGH_UNITS, ENOUGH_POSITIVES = 50, 20
# Replications that are simulated at once, and units of which the truth is the score.
CHUNK = 100
TRUTH_UNITS, TRUTH_PARTS = 20_000, 20

Counts = NDArray[np.float64]
Generator = np.random.Generator


@dataclass(frozen=True)
class Row:
    """One score of a world.

    Args:
        title: What the table calls it.
        key: Its row among the metric's.
        parts: For each label (of each target) that it averages over, or for its only one: names of the counts that add
            up to the gold positives.
    """

    title: str
    key: Key
    parts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class World:
    """A population of units, and what is scored on samples of it.

    Args:
        title: What the table calls it.
        names: Names of the counts.
        draw: Counts of random units, shape (*shape, names).
        compute: The metric's.
        rows: The scores looked at.
        truth: Counts of the whole population, where it is finite.
    """

    title: str
    names: tuple[str, ...]
    draw: Callable[[Generator, tuple[int, ...]], Counts]
    compute: Callable[[Mapping[str, Any]], Mapping[Key, Any]]
    rows: tuple[Row, ...]
    truth: Counts | None = None


# ---- named entities -----------------------------------------------------------------------------------------------

# Entities by label in gold/seed.
SEED_LABELS = {"GPE": 41, "NORP": 17, "DATE": 17, "ORG": 15, "CARDINAL": 10, "PERSON": 8, "LOC": 5, "MONEY": 4,
               "PERCENT": 1, "ORDINAL": 1, "EVENT": 1}  # fmt: skip


def entities(length: float, spread: float) -> World:
    """Documents with entities in the seed's proportions.

    A document's length is log-normal, its labels' shares are Dirichlet around the seed's, its difficulty (normal on the
    logit of the recall) is shared by its labels, and false positives go with its length and difficulty.

    Args:
        length: Mean number of entities of a document.
        spread: Standard deviation of the logarithm of a document's length.
    """
    shares = np.array(list(SEED_LABELS.values())) / sum(SEED_LABELS.values())
    # Frequent labels are the easier ones: recall from 0.86 down to 0.55.
    ease = np.linspace(1.8, 0.2, len(shares))

    def draw(rng: Generator, shape: tuple[int, ...]) -> Counts:
        size = length * np.exp(spread * rng.standard_normal(shape) - spread**2 / 2)
        mixture = rng.standard_gamma(np.broadcast_to(12 * shares, (*shape, len(shares))))
        gold = rng.poisson(size[..., None] * mixture / mixture.sum(-1, keepdims=True))
        difficulty = 0.6 * rng.standard_normal(shape)
        tp = rng.binomial(gold, logistic(ease - difficulty[..., None]))
        noise = np.exp(0.6 * (0.7 * difficulty / 0.6 + 0.7 * rng.standard_normal(shape)) - 0.18)
        fp = rng.poisson(0.25 * (size * noise)[..., None] * shares)
        whole = np.stack([part.sum(-1) for part in (tp, fp, gold - tp)], axis=-1)
        return np.concatenate([whole, tp, fp, gold - tp], axis=-1).astype(np.float64)

    def positives(label: str) -> tuple[str, ...]:
        return f"label={label}|tp", f"label={label}|fn"

    def f1(label: str) -> Row:
        share = 100 * SEED_LABELS[label] / sum(SEED_LABELS.values())
        return Row(f"F1 of {label} ({share:.1g} %)", Key("entity.f1", "micro", f"label={label}"), (positives(label),))

    names = ["tp", "fp", "fn", *(f"label={label}|{part}" for part in ("tp", "fp", "fn") for label in SEED_LABELS)]
    micro = Row("F1 micro", Key("entity.f1", "micro"), (("tp", "fn"),))
    macro = Row("F1 macro", Key("entity.f1", "macro"), tuple(positives(label) for label in SEED_LABELS))
    rows = (micro, macro, f1("LOC"), f1("EVENT"))
    title = f"NER, about {length:g} entities a document, lengths spread by {spread}"
    return World(title, tuple(names), draw, EntityF1().compute, rows)


# ---- stance -------------------------------------------------------------------------------------------------------

STANCES = ("favor", "against", "none")
# Judgements of gold/seed by target: favor, against, none.
SEED_STANCE = np.array([[0, 1, 35], [0, 3, 33], [4, 0, 32], [5, 2, 29]]) / 36
# Which labels a wrong answer goes to, by gold label.
CONFUSED = np.array([[0.0, 0.3, 0.7], [0.35, 0.0, 0.65], [0.55, 0.45, 0.0]])


def seed_stance() -> World:
    """Sentences with a judgement on each of four targets, labels as rare as the seed's.

    How much a sentence takes sides at all is exponential and shared by its targets, as is its difficulty.
    """

    def draw(rng: Generator, shape: tuple[int, ...]) -> Counts:
        sides = np.minimum(SEED_STANCE[:, :2] * rng.standard_exponential(shape)[..., None, None], 0.45)
        chances = np.concatenate([sides, 1 - sides.sum(-1, keepdims=True)], axis=-1)
        return judged(rng, chances, np.array([0.4, 0.2, 3.0]))

    return stance("Stance, sentences as in the seed (6 % favor, 4 % against)", draw, targets=4)


def balanced_stance() -> World:
    """Documents with one to twelve judgements (three on average), labels about as frequent as in VAST.

    A document leans to a label (Dirichlet around the shares), and its difficulty is shared by its judgements.
    """
    shares = np.array([451, 490, 519]) / 1460

    def draw(rng: Generator, shape: tuple[int, ...]) -> Counts:
        lean = rng.standard_gamma(np.broadcast_to(4 * shares, (*shape, 3)))
        chances = np.broadcast_to((lean / lean.sum(-1, keepdims=True))[..., None, :], (*shape, 12, 3))
        number = 1 + np.minimum(rng.negative_binomial(1.5, 0.4, shape), 11)
        cells = judged(rng, chances, np.array([1.0, 0.8, 0.6]))
        alive = np.arange(12) < number[..., None]
        counts: Counts = (cells.reshape(*shape, 12, 9) * alive[..., None]).sum(-2)
        return counts

    return stance("Stance, documents, balanced labels", draw, targets=1)


def judged(rng: Generator, chances: Counts, ease: Counts) -> Counts:
    """One count a judgement in its cell (gold x predicted); judgements side by side in the last axis."""
    units, judgements = chances.shape[:-2], chances.shape[-2]
    difficulty = 0.8 * rng.standard_normal(units)
    gold = (rng.random((*units, judgements, 1)) > np.cumsum(chances, -1)[..., :2]).sum(-1)
    right = rng.random(gold.shape) < logistic(ease[gold] - difficulty[..., None])
    other = (rng.random((*gold.shape, 1)) > np.cumsum(CONFUSED, -1)[gold][..., :2]).sum(-1)
    cell = 3 * gold + np.where(right, gold, other)
    counts: Counts = (cell[..., None] == np.arange(9)).astype(np.float64).reshape(*units, judgements * 9)
    return counts


def stance(title: str, draw: Callable[[Generator, tuple[int, ...]], Counts], targets: int) -> World:
    """The scores of both stance metrics over cells `target|gold|predicted`."""
    cells = [f"{gold}|{predicted}" for gold in STANCES for predicted in STANCES]
    names = tuple(f"t{target}|{cell}" for target in range(targets) for cell in cells)
    favg, classes = StanceFavg(), StanceClassification()

    def compute(sums: Mapping[str, Any]) -> Mapping[Key, Any]:
        pooled = {cell: sum(sums[f"t{target}|{cell}"] for target in range(targets)) for cell in cells}
        return favg.compute(sums) | classes.compute(pooled)

    def golds(label: str, among: range = range(targets)) -> tuple[str, ...]:
        return tuple(f"t{target}|{label}|{predicted}" for target in among for predicted in STANCES)

    rows = [Row("favg pooled", Key("stance.favg", "pooled"), (golds("favor"), golds("against")))]
    if targets > 1:
        each = [golds(side, range(target, target + 1)) for target in range(targets) for side in ("favor", "against")]
        rows.append(Row("favg macro_target", Key("stance.favg", "macro_target"), tuple(each)))
    rows.append(Row("macro-F1", Key("stance.macro_f1", "pooled"), tuple(golds(label) for label in STANCES)))
    rows += [Row(name, Key(f"stance.{name}", "pooled"), (names,)) for name in ("accuracy", "mcc")]
    return World(title, names, draw, compute, tuple(rows))


# ---- means over documents -----------------------------------------------------------------------------------------


def summaries() -> World:
    """Documents with two bounded scores: a symmetric one (as ROUGE-1), and a skewed one with zeros (as ROUGE-2)."""

    def draw(rng: Generator, shape: tuple[int, ...]) -> Counts:
        skewed = np.where(rng.random(shape) < 0.15, 0.0, rng.beta(1.2, 6, shape))
        return np.stack([rng.beta(6, 9, shape), skewed, np.ones(shape)], axis=-1)

    def compute(sums: Mapping[str, Any]) -> Mapping[Key, Any]:
        return {Key(name, "mean"): sums[name] / sums["n"] for name in ("symmetric", "skewed")}

    rows = tuple(Row(f"mean of a {name} score", Key(name, "mean"), (("n",),)) for name in ("symmetric", "skewed"))
    return World("Summaries", ("symmetric", "skewed", "n"), draw, compute, rows)


# ---- a real population --------------------------------------------------------------------------------------------


def fnc1(data: Path) -> World:
    """The articles of FNC-1's test with the winning system's answers: samples of articles, with replacement."""
    folder = data / "stance" / "fnc1"
    with (folder / "competition_test_stances.csv").open(encoding="utf-8", newline="") as lines:
        gold = [(row["Body ID"], row["Stance"]) for row in csv.DictReader(lines)]
    (answers,) = (folder / "talos").glob("*.csv")
    with answers.open(encoding="utf-8", newline="") as lines:
        predicted = [row["Stance"] for row in csv.DictReader(lines)]
    labels = ("agree", "disagree", "discuss", "unrelated")
    cells = tuple(f"{one}|{other}" for one in labels for other in labels)
    articles = {body: place for place, body in enumerate(sorted({body for body, _ in gold}))}
    population = np.zeros((len(articles), len(cells)))
    for (body, label), answer in zip(gold, predicted, strict=True):
        population[articles[body], cells.index(f"{label}|{answer}")] += 1
    parts = {label: tuple(cell for cell in cells if cell.startswith(f"{label}|")) for label in labels}
    rows = [Row("macro-F1", Key("stance.macro_f1", "pooled"), tuple(parts.values()))]
    rows += [Row(name, Key(f"stance.{name}", "pooled"), (cells,)) for name in ("accuracy", "mcc")]
    for label in ("agree", "disagree"):
        rows.append(Row(f"F1 of {label}", Key("stance.f1", "pooled", f"label={label}"), (parts[label],)))

    def draw(rng: Generator, shape: tuple[int, ...]) -> Counts:
        counts: Counts = population[rng.integers(0, len(population), shape)]
        return counts

    title = f"FNC-1, articles (of {len(articles)}, real answers)"
    return World(title, cells, draw, StanceClassification(labels=labels).compute, tuple(rows), population.sum(axis=0))


def logistic(values: Counts) -> Counts:
    """The inverse of the logit."""
    shares: Counts = 1 / (1 + np.exp(-values))
    return shares


# ---- the simulation -----------------------------------------------------------------------------------------------


@dataclass
class Cell:
    """What the methods did on all samples of one size.

    Args:
        world: Title of the population.
        row: The score.
        units: Size of the samples.
        truth: The population's score.
        positives: Gold positives of each of the row's parts, summed over samples.
        samples: Number of samples.
        given: Samples with an interval, by method (as is the rest).
        missed_above: Those whose interval lies above the truth.
        missed_below: Those whose interval lies below it.
        width: Widths, summed.
    """

    world: str
    row: Row
    units: int
    truth: float
    positives: Counts
    samples: int = 0
    given: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METHODS, 0))
    missed_above: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METHODS, 0))
    missed_below: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METHODS, 0))
    width: dict[str, float] = field(default_factory=lambda: dict.fromkeys(METHODS, 0.0))

    def coverage(self, method: str) -> float:
        """Share of the intervals that hold the truth."""
        given = self.given[method]
        return (given - self.missed_above[method] - self.missed_below[method]) / given if given else math.nan

    @property
    def mark(self) -> str:
        """`**`: units and positives of each part enough, on average, for what is asked; `*`: of all parts together.

        Where more than a sample in a hundred has no interval (all resamples equal), coverage says little: no mark.
        """
        if self.units < ENOUGH_UNITS or self.given[DEFAULT] < 0.99 * self.samples:
            return ""
        if self.least >= ENOUGH_POSITIVES:
            return "**"
        return "*" if self.positives.sum() / self.samples >= ENOUGH_POSITIVES else ""

    @property
    def least(self) -> float:
        """Mean number of gold positives of the rarest part that the population has."""
        return float(self.positives[self.positives > 0].min()) / self.samples


def simulate(world: World, units: int, samples: int, resamples: int, rng: Generator) -> list[Cell]:
    """Draws samples of a world and makes every method's interval of every score of it."""
    total = world.truth if world.truth is not None else population(world)
    truth = world.compute(dict(zip(world.names, total, strict=True)))
    cells = [Cell(world.title, row, units, float(truth[row.key]), np.zeros(len(row.parts))) for row in world.rows]
    # One set of draws serves all samples: they are independent of one another all the same, given the draws.
    drawn = np.concatenate(list(weights(units, resamples, RNG_SEED))).astype(np.float32)
    for _ in range(samples // CHUNK):
        counts = world.draw(rng, (units, CHUNK))
        sums = scored(world, counts.sum(axis=0))
        resampled = scored(world, np.tensordot(drawn, counts.astype(np.float32), 1).astype(np.float64))
        left_out = scored(world, counts.sum(axis=0) - counts)
        for cell in cells:
            for part, names in enumerate(cell.row.parts):
                cell.positives[part] += counts[:, :, [world.names.index(name) for name in names]].sum()
            cell.samples += CHUNK
            value = sums[cell.row.key]
            for sample in np.flatnonzero(~np.isnan(value)):
                for method in METHODS:
                    judge(cell, method, float(value[sample]), resampled[cell.row.key][:, sample],
                          left_out[cell.row.key][:, sample])  # fmt: skip
    return cells


def judge(cell: Cell, method: Method, value: float, resampled: Counts, left_out: Counts) -> None:
    """Adds one interval to a cell."""
    found = bounds(value, resampled, left_out, level=LEVEL, method=method)
    if found.low is None or found.high is None:
        return
    cell.given[method] += 1
    cell.missed_above[method] += found.low > cell.truth
    cell.missed_below[method] += found.high < cell.truth
    cell.width[method] += found.high - found.low


def scored(world: World, counts: Counts) -> Mapping[Key, Any]:
    """Scores of counts, names in the last axis."""
    return world.compute({name: np.ascontiguousarray(counts[..., place]) for place, name in enumerate(world.names)})


_populations: dict[str, Counts] = {}


def population(world: World) -> Counts:
    """Counts of so many units that their scores are the truth."""
    if world.title not in _populations:
        rng = np.random.default_rng(RNG_SEED)
        parts = [world.draw(rng, (TRUTH_UNITS,)).sum(axis=0) for _ in range(TRUTH_PARTS)]
        _populations[world.title] = np.sum(parts, axis=0)
    return _populations[world.title]


# ---- the table ----------------------------------------------------------------------------------------------------


def table(cells: Sequence[Cell], resamples: int) -> Iterator[str]:
    """Markdown lines."""
    few, many = (min(c.samples for c in cells), max(c.samples for c in cells))
    yield f"{few:,} samples a line below {ENOUGH_UNITS} units and {many:,} from there on, {resamples:,} resamples each;"
    yield f"Monte-Carlo standard error of a coverage of 0.95: {error(few):.4f} and {error(many):.4f}."
    yield from ("", *verdict(cells))
    world = None
    for cell in cells:
        if cell.world != world:
            world = cell.world
            yield from ("", f"### {world}", "")
            columns = ("score", "units", "positives", "truth", *METHODS, f"{DEFAULT} above, below", "none")
            yield f"| {' | '.join(columns)} |"
            yield "| --- |" + " ---: |" * (len(columns) - 1)
        given = max(1, cell.given[DEFAULT])
        missed = (100 * side[DEFAULT] / given for side in (cell.missed_above, cell.missed_below))
        none = 100 * (1 - cell.given[DEFAULT] / cell.samples)
        total = f"{cell.positives.sum() / cell.samples:.0f}"
        values = (
            cell.row.title,
            f"{cell.units} {cell.mark}".strip().replace("*", "\\*"),
            f"{total} ({cell.least:.0f})" if len(cell.row.parts) > 1 else total,
            f"{cell.truth:.3f}",
            *(coverage(cell, method) for method in METHODS),
            ", ".join(f"{share:.1f} %" for share in missed),
            f"{none:.0f} %" if none >= 0.5 else "-",
        )
        yield f"| {' | '.join(values)} |"


def coverage(cell: Cell, method: str) -> str:
    """Coverage and mean width x 100, bold where the first is outside of what is asked."""
    if not cell.given[method]:
        return "-"
    found = cell.coverage(method)
    text = f"{found:.3f}" if LOW <= found <= HIGH else f"**{found:.3f}**"
    return f"{text} ({100 * cell.width[method] / cell.given[method]:.1f})"


def verdict(cells: Sequence[Cell]) -> Iterator[str]:
    """For each method, how near it came, over the lines with a mark and over all."""
    distances = f"mean distance from {LEVEL} | of \\* and \\*\\* | of all lines"
    yield f"| method | lines with \\*\\* within {LOW}-{HIGH} | lowest, highest | {distances} |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    decisive, marked = ([cell for cell in cells if cell.mark in marks] for marks in (["**"], ["*", "**"]))
    for method in METHODS:
        found = [cell.coverage(method) for cell in decisive]
        means = (
            np.mean([abs(cell.coverage(method) - LEVEL) for cell in chosen if cell.given[method]])
            for chosen in (decisive, marked, cells)
        )
        name = f"`{method}` (default)" if method == DEFAULT else f"`{method}`"
        within = f"{sum(LOW <= one <= HIGH for one in found)} of {len(found)}"
        parts = (name, within, f"{min(found):.3f}, {max(found):.3f}", *(f"{mean:.4f}" for mean in means))
        yield f"| {' | '.join(parts)} |"
    outside = [cell for cell in marked if not LOW <= cell.coverage(DEFAULT) <= HIGH]
    named = [f"{cell.row.title} at {cell.units} units ({cell.coverage(DEFAULT):.3f}; {cell.world})" for cell in outside]
    yield from ("", f"Marked lines where `{DEFAULT}` is outside {LOW}-{HIGH}: {'; '.join(named) or 'none'}.")


def error(samples: int) -> float:
    """Standard error of a simulated coverage of `LEVEL`."""
    return math.sqrt(LEVEL * (1 - LEVEL) / samples)


def main() -> None:
    """Simulates, and writes or prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the samples; nothing is written or judged")
    parser.add_argument("--data", type=Path, help="folder with stance/fnc1, for a real population")
    options = parser.parse_args()
    worlds = [entities(40, 0.6), entities(100, 0.8), seed_stance(), balanced_stance(), summaries()]
    if options.data:
        worlds.append(fnc1(options.data))
    began, cells = time.perf_counter(), []
    for place, world in enumerate(worlds):
        found = []
        for units in UNITS:
            samples = (2_000 if units < ENOUGH_UNITS else 4_000) // (10 if options.quick else 1)
            found += simulate(world, units, samples, RESAMPLES, np.random.default_rng([RNG_SEED, place, units]))
        cells += sorted(found, key=lambda cell: world.rows.index(cell.row))
        print(f"{world.title}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    lines = list(table(cells, RESAMPLES))
    print("\n".join(lines))
    if options.quick:
        return
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    PAGE.write_text("\n".join([before + START, *lines, END + rest.partition(END)[2]]), encoding="utf-8")
    if not all(LOW <= cell.coverage(DEFAULT) <= HIGH for cell in cells if cell.mark == "**"):
        sys.exit("the default method misses what is asked of it")


if __name__ == "__main__":
    main()
