"""What a comparison of runs is made of: columns, cells, rows, blocks, tables. Renderings are in `harness/report/`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.metric.base import Key
from harness.statistics.power import Equivalence
from harness.statistics.significance import Difference
from harness.statistics.spread import Spread

# The average that a metric's bare name means.
USUAL_AVERAGES = ("micro", "pooled", "mean", "corpus")
# Keys of a configuration in which runs of one model may differ: its randomness, and how it was asked.
REPEATED = frozenset({"rng_seed", "seed", "prompt"})
_LOSSES = ("unparsed", "nonfinite", "failed", "missing")
SPAN_LOSSES = ("ungrounded", "unmapped", "misaligned")


@dataclass(frozen=True)
class Column:
    """One score of every model.

    Args:
        key: Which row of `scores.json`.
        title: A short heading.
        factor: 100 for fractions, 1 for other numbers: what a stored value is multiplied by when shown.
        direction: 1 where higher is better, -1 where lower is, 0 where neither.
    """

    key: Key
    title: str
    factor: int = 100
    direction: int = 1

    @property
    def name(self) -> str:
        """What `--metric` calls it."""
        return spelled(self.key)


@dataclass(frozen=True)
class Cell:
    """A score of one model, as stored.

    Args:
        value: Unrounded; None where undefined.
        low: Lower bound; None where there is no interval.
        high: Upper bound, likewise.
        level: Coverage aimed at.
        method: How the interval was made, or why there is none.
        n: Number of units.
        unit: What a unit is.
        support: Gold positives.
        unreliable: Fewer than 30 units or 20 gold positives.
        note: A remark of the scorer's.
        signature: Every choice that moves the number.
        best: Whether it is the best of the rows that it may be ranked with.
    """

    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str | None
    n: int
    unit: str | None
    support: float
    unreliable: bool
    note: str | None
    signature: str
    best: bool = False


@dataclass(frozen=True)
class Gap:
    """What a row is above (or below) the baseline by, in one score.

    Args:
        pair: The row against the baseline; p is adjusted over all rows.
        test: Whether the two are equivalent; None where no margin was named.
    """

    pair: Difference
    test: Equivalence | None = None


@dataclass(frozen=True)
class Line:
    """A model's row.

    Args:
        label: `model.name`, and what tells it from another row of that name.
        model: `model.name`.
        folder: The run folder.
        gold: What the model may learn from: `none`, `folds` or `oracle`; an oracle is never ranked.
        cells: By score.
        examples: The ledger of examples.
        spans: The ledger of predicted spans.
        truncated: Scored examples whose input was cut.
        seconds: Of loading, prediction and scoring; None where answers were kept from an earlier run, or imported.
        rate: Examples per second of prediction alone; None likewise.
        identity: Hashes of gold and documents, and the number of documents.
        configuration: Hash of the configuration without what varies between runs of one model (`REPEATED`).
        setting: Hash of the same configuration with that.
        answers: Hash of the stored answers, and of which question each is to.
        failure: Why the run counts as failed although it has scores: too many examples without an answer.
        cost: What the answers cost, as the run recorded it; None where it has no price.
        measured: What the run took, by name, as `line_of` has it; empty where answers were kept from an earlier run.
        imported: The tool and its version that the scores are imported from, without counts or answers; else empty.
        unseen_gold: Gold entities in text that was cut off; None where no example of NER was cut.
        gaps: By score, to the baseline; empty where there is none, and for the baseline itself.
        letters: By score: rows that share a letter were not told apart; empty where nothing was tested.
    """

    label: str
    model: str
    folder: str
    gold: str
    cells: Mapping[Key, Cell]
    examples: Mapping[str, int]
    spans: Mapping[str, int]
    truncated: int
    seconds: float | None
    rate: float | None
    identity: Mapping[str, Any]
    configuration: str = ""
    setting: str = ""
    answers: str = ""
    failure: str | None = None
    cost: float | None = None
    measured: Mapping[str, float] = field(default_factory=dict)
    imported: str = ""
    unseen_gold: int | None = None
    gaps: Mapping[Key, Gap] = field(default_factory=dict)
    letters: Mapping[Key, str] = field(default_factory=dict)

    @property
    def losses(self) -> dict[str, int]:
        """What did not become a score, by reason; only what is not 0."""
        found = {name: self.examples.get(name, 0) for name in _LOSSES}
        found["truncated"] = self.truncated
        found |= {f"{name} spans": self.spans.get(name, 0) for name in SPAN_LOSSES}
        return {name: count for name, count in found.items() if count}


@dataclass(frozen=True)
class Failure:
    """A row without scores, or what is to be said about a row that has them.

    Args:
        data: `data.name`.
        task: The task, or `all`.
        model: `model.name`.
        reason: What happened: `failed: ...`.
        broken: Whether the run's files were altered or cannot be read.
    """

    data: str
    task: str
    model: str
    reason: str
    broken: bool = False


@dataclass(frozen=True)
class Repeats:
    """Several rows of one model, whose runs differ in a seed or a prompt alone, or not even in that.

    Args:
        model: `model.name`.
        column: The score.
        runs: Number of runs; rows with the same seed, prompt and answers are copies of one.
        copies: Number of rows beyond that.
        same: Whether all runs have the same seed and prompt.
        spread: How far the runs lie apart: the model's own randomness, no part of any interval.
    """

    model: str
    column: Column
    runs: int
    copies: int
    same: bool
    spread: Spread


@dataclass(frozen=True)
class Block:
    """Rows that may be ranked together.

    Args:
        reason: Why they are not in the block above, in words; empty for the first.
        lines: In the order shown.
        majority: Of stance what each target's most frequent gold label would score, by score.
    """

    reason: str
    lines: list[Line]
    majority: Mapping[Key, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Every model of one data set and task.

    Args:
        data: `data.name`.
        task: The task.
        columns: The first is the headline score.
        blocks: The first is what most rows are comparable with.
        failures: Rows without scores.
        repeats: Models with several runs, by the headline score.
        baseline: The label of the row that the others are compared with.
        remarks: How differences were tested and what these units could have shown.
    """

    data: str
    task: str
    columns: list[Column] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    repeats: list[Repeats] = field(default_factory=list)
    baseline: str | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        """Every row with scores."""
        return [line for block in self.blocks for line in block.lines]

    @property
    def baselines(self) -> list[str]:
        """The labels of the rows that others have a difference to: one for each block at most."""
        return list(dict.fromkeys(gap.pair.b for line in self.lines for gap in line.gaps.values()))

    @property
    def against(self) -> str:
        """What the differences are to, in words."""
        return " or ".join(self.baselines)

    @property
    def documents(self) -> int:
        """Number of scored documents, of the first block."""
        return int(self.blocks[0].lines[0].identity["documents"]) if self.blocks else 0

    @property
    def smoke_test(self) -> bool:
        """Whether one document is all there is: nothing about other documents follows from it."""
        return any(line.identity["documents"] <= 1 for line in self.lines)

    @property
    def cells(self) -> list[Cell]:
        """Every score that a column shows."""
        return [line.cells[c.key] for line in self.lines for c in self.columns if c.key in line.cells]


def without_counts(lines: Sequence[Line]) -> str:
    """What is said of rows that cannot be tested or opened; empty where there are none.

    Example:
        >>> without_counts([])
        ''
    """
    names = [line.label for line in lines if line.imported]
    return f"{', '.join(names)}: imported, so there are no counts or answers to compare" if names else ""


def spelled(key: Key) -> str:
    """A score's name as `--metric` takes it.

    Example:
        >>> spelled(Key("stance.favg", "macro_target")), spelled(Key("entity.f1", "micro", "label=GPE"))
        ('stance.favg/macro_target', 'entity.f1@label=GPE')
    """
    average = "" if key.average in USUAL_AVERAGES else f"/{key.average}"
    return f"{key.metric}{average}" + ("" if key.slice == "all" else f"@{key.slice}")
