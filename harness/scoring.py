"""From examples and answers to counts, scores with intervals, and the ledger. No model is loaded here."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, overload

import numpy as np

from harness import __version__
from harness.coded import Coded
from harness.config import IntervalConfig
from harness.counts import Counted, CountRow, CountTable, unit_table
from harness.errors import ConfigError
from harness.gold import Corpus
from harness.label_map import LabelMap
from harness.metric.base import Counts, Key, Metric
from harness.records import BINS, SPAN_BINS, Answer, Context, Entity, Example, Predicted, TaskName
from harness.statistics.resample import Interval, Wanted, all_intervals
from harness.task.base import Task

SCHEMA = "harness.scores/1"
# Below these a score is shown, and marked.
FEW_UNITS = 30
FEW_POSITIVES = 20
# Cells of counts beyond which no further metric waits to be resampled with those before it.
_MOST_CELLS = 10_000_000


@dataclass(frozen=True)
class Scored:
    """What scoring gives: counts per example and metric, score rows, the ledger.

    Args:
        counts: One table per metric, by name.
        scores: The rows of `scores.json`.
        ledger: Examples and spans by bin.
        dropped: What the label map drops: `gold` and `predicted`, label to number.
        judges: The signatures of the models that metrics asked, by the metric's name.
    """

    counts: list[CountTable]
    scores: list[dict[str, Any]]
    ledger: dict[str, Any]
    dropped: dict[str, dict[str, int]] = field(default_factory=dict)
    judges: dict[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One example with what was answered, and what the task read from it."""

    example: Example
    answer: Answer
    predicted: Predicted


class Cases(Sequence[Case]):
    """Examples with what was answered, each put together when it is asked for.

    Args:
        examples: With gold.
        answers: One per example.
        predicted: What the task read from each answer.
    """

    def __init__(self, examples: Sequence[Example], answers: Sequence[Answer], predicted: Sequence[Predicted]) -> None:
        self.examples = examples
        self.answers = answers
        self.predicted = predicted

    def __len__(self) -> int:
        return len(self.examples)

    @overload
    def __getitem__(self, place: int) -> Case: ...

    @overload
    def __getitem__(self, place: slice) -> "Cases": ...

    def __getitem__(self, place: int | slice) -> "Case | Cases":
        if isinstance(place, slice):
            return Cases(self.examples[place], self.answers[place], self.predicted[place])
        return Case(self.examples[place], self.answers[place], self.predicted[place])

    def __iter__(self) -> Iterator[Case]:
        return map(Case, self.examples, self.answers, self.predicted)


@dataclass(frozen=True)
class ReadAnswers:
    """Answers in the terms of their task, and where each ended up.

    Args:
        cases: One per example, in the order of the examples.
        ledger: Examples and spans by bin.
        dropped: Predicted labels that the label map drops, with their number.
    """

    cases: Cases
    ledger: dict[str, Any]
    dropped: dict[str, int]

    @cached_property
    def counted(self) -> Counted:
        """What rows of counts are about, where examples are counted."""
        examples = self.cases.examples
        return Counted.of(
            [example.id for example in examples],
            [example.doc for example in examples],
            [example.unit for example in examples],
            [example.fields for example in examples],
        )

    @cached_property
    def pairs(self) -> Coded[tuple[Any, Predicted]]:
        """Gold and predicted of every example; the same two objects are one pair, and are counted once."""
        place: dict[tuple[int, int], int] = {}
        values: list[tuple[Any, Predicted]] = []
        codes = np.empty(len(self.cases), dtype=np.int64)
        for number, (example, predicted) in enumerate(zip(self.cases.examples, self.cases.predicted, strict=True)):
            gold = example.gold
            codes[number] = code = place.setdefault((id(gold), id(predicted)), len(values))
            if code == len(values):
                values.append((gold, predicted))
        return Coded(values, codes)

    @cached_property
    def has_mentions(self) -> bool:
        """Whether any answer names strings that had to be found in the text."""
        return any(answer.mentions is not None for answer in self.cases.answers)


@dataclass(frozen=True)
class Judgement:
    """What the judge of one metric found.

    Args:
        identity: Hash of the judge's signature and code.
        signature: The judge's signature.
        keys: By example id, the content addresses of the questions.
        findings: By example id, the findings, in the order of the metric's questions.
    """

    identity: str
    signature: Mapping[str, Any]
    keys: Mapping[str, tuple[str, ...]]
    findings: Mapping[str, tuple[Any, ...]]


def read_answers(
    examples: Sequence[Example], answers: Mapping[str, Answer], corpus: Corpus, task: Task, label_map: LabelMap
) -> ReadAnswers:
    """Reads answers as their task does.

    Args:
        examples: Examples with gold.
        answers: By example id; an example without one is `missing` and counts as an empty answer.
        corpus: Where the examples come from.
        task: The task that made them.
        label_map: Applied to predictions (the examples' gold has gone through it already).
    """
    missing = Answer(bin="missing")
    given: list[Answer] = []
    predicted: list[Predicted] = []
    bins: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    # Whether it is known how far each answer that was cut read.
    known = True
    truncated = unseen = scored = unmapped = misaligned = ungrounded = 0
    for example in examples:
        answer = answers.get(example.id, missing)
        reading = task.read(example, answer, corpus, label_map)
        given.append(answer)
        predicted.append(reading.predicted)
        where: str = answer.bin
        if reading.unparsed or (where == "scored" and answer.label is None and _says_nothing(answer)):
            where = "unparsed"
        bins[where] += 1
        if answer.tokens_cut > 0 and where == "scored":
            truncated += 1
            unseen += len(unseen_gold(example, answer))
            known &= answer.chars_read is not None
        scored += reading.scored
        unmapped += reading.unmapped
        misaligned += reading.misaligned
        ungrounded += answer.ungrounded + reading.ungrounded
        if reading.dropped:
            dropped.update(reading.dropped)
    spans = {"scored": scored, "ungrounded": ungrounded, "unmapped": unmapped, "misaligned": misaligned}
    ledger: dict[str, Any] = {
        "examples": {"total": len(examples), **{str(name): bins[name] for name in BINS}},
        "truncated": truncated,
        "spans": {"total": sum(spans.values()), **{name: spans[name] for name in SPAN_BINS}},
    }
    if task.name == "ner" and truncated and known:
        ledger["unseen_gold"] = unseen
    return ReadAnswers(Cases(examples, given, predicted), ledger, dict(sorted(dropped.items())))


def unseen_gold(example: Example, answer: Answer) -> list[Entity]:
    """Gold entities that stand, in whole or in part, in text that the model never saw because its end was cut off."""
    if answer.chars_read is None or not isinstance(example.gold, tuple):
        return []
    return [entity for entity in example.gold if entity.end > example.start + answer.chars_read]


def score_examples(
    read: ReadAnswers,
    corpus: Corpus,
    task: Task,
    metrics: Mapping[str, Metric],
    *,
    label_map: LabelMap,
    interval: IntervalConfig,
    rng_seed: int,
    slices: Sequence[str] = (),
    judged: Mapping[str, Judgement] | None = None,
) -> Scored:
    """Scores answers against gold.

    Args:
        read: Examples with their answers.
        corpus: Where the examples come from.
        task: The task that made them.
        metrics: By name; those of other tasks must have been left out.
        label_map: The map that gold and predictions have gone through.
        interval: How intervals are made.
        rng_seed: Seed of the draws.
        slices: Fields, beside the task's own, that scores are reported by.
        judged: What the judges of metrics found, by the metric's name.
    """
    counts: list[tuple[CountTable, Metric, str]] = []
    for name, metric in sorted(metrics.items()):
        judgement = (judged or {}).get(name)
        table = count_table(name, metric, read, corpus, label_map, judgement.findings if judgement else None)
        suffix = _suffix(metric, task, corpus, label_map)
        if read.has_mentions:
            suffix += f"|ground:{task.grounding}"  # type: ignore[attr-defined]  # only NER has mentions
        if judgement:
            suffix += f"|judge:{judgement.signature.get('kind')}:{judgement.identity[:8]}"
        counts.append((table, metric, suffix))
    fields = tuple(dict.fromkeys((*task.slices, *slices)))
    scores = all_score_rows(counts, interval=interval, rng_seed=rng_seed, slices=fields)
    _refuse_doubles(scores)
    gold_dropped = _gold_dropped(corpus, label_map) if task.name == "ner" else {}
    judges = {name: one.signature for name, one in sorted((judged or {}).items())}
    tables = [table for table, _, _ in counts]
    return Scored(tables, scores, read.ledger, {"gold": gold_dropped, "predicted": read.dropped}, judges)


def _refuse_doubles(scores: Sequence[Mapping[str, Any]]) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for row in scores:
        key = (row["metric"], row["average"], row["slice"])
        if key in seen:
            raise ConfigError(
                f"two metrics of this run give the score {key[0]} ({key[1]}, {key[2]}): one as {seen[key]}, one as "
                f"{row['signature']}; leave one out, or give one of them a suffix where it has that parameter"
            )
        seen[key] = row["signature"]


def _says_nothing(answer: Answer) -> bool:
    """Whether no field of any task is set; an answer of no entities, or an empty text, does say something."""
    said = (answer.entities, answer.mentions, answer.label, answer.text, answer.sentences)
    return all(one is None for one in said)


def _suffix(metric: Metric, task: Task, corpus: Corpus, label_map: LabelMap) -> str:
    """What moves a score and no metric knows: the label map, and the gold of other tasks that the metric looks at."""
    mapped = f"|map:{label_map.name}" if task.name == "ner" else ""
    others: tuple[TaskName, ...] = getattr(metric, "gold_of", ())
    return mapped + "".join(f"|{name}_gold:{corpus.gold_sha256(name)[:8]}" for name in others)


def count_table(
    name: str,
    metric: Metric,
    read: ReadAnswers,
    corpus: Corpus,
    label_map: LabelMap,
    measured: Mapping[str, Any] | None = None,
) -> CountTable:
    """The table of the rows that `count_rows` gives, with the same arguments."""
    count: Callable[..., Counts] = metric.count
    if metric.level == "document":
        return CountTable.of(name, count_rows(name, metric, read.cases, corpus, label_map, measured))
    if getattr(metric, "needs_context", False):
        rows = count_rows(name, metric, read.cases, corpus, label_map, measured)
        return CountTable.of_states(name, read.counted, (row.state for row in rows))
    pairs = read.pairs
    if hasattr(metric, "count_many") and pairs.values:
        names, offsets, columns, values = metric.count_many(*zip(*pairs.values, strict=True))
        return CountTable.of_arrays(name, read.counted, names, offsets, columns, values, pairs.codes)
    states = (count(gold, predicted) for gold, predicted in pairs.values)
    return CountTable.of_states(name, read.counted, states, pairs.codes)


def count_rows(
    name: str,
    metric: Metric,
    cases: Sequence[Case],
    corpus: Corpus,
    label_map: LabelMap,
    measured: Mapping[str, Any] | None = None,
) -> Iterator[CountRow]:
    """Counts of every example, or of every document for metrics that are counted on whole documents.

    Args:
        name: What the configuration calls the metric.
        metric: The metric.
        cases: Examples and answers.
        corpus: Where the examples come from.
        label_map: The map that the examples' gold has gone through.
        measured: What the metric's judge found, by example id.
    """
    needs_context = getattr(metric, "needs_context", False)
    count: Callable[..., Counts] = metric.count
    if metric.level == "document":
        by_document: dict[str, list[Case]] = {}
        for case in cases:
            by_document.setdefault(case.example.doc, []).append(case)
        for doc, group in by_document.items():
            gold = _union([case.example.gold for case in group])
            found = _union([case.predicted for case in group])
            more = (context_of(group[0], corpus, label_map),) if needs_context else ()
            state = count(gold, found, *more)
            yield CountRow(doc, doc, doc if len(by_document) > 1 else "", name, state, {})
        return
    for case in cases:
        example = case.example
        if needs_context:
            context = context_of(case, corpus, label_map, (measured or {}).get(example.id))
            state = count(example.gold, case.predicted, context)
        else:
            state = count(example.gold, case.predicted)
        yield CountRow(example.id, example.doc, example.unit, name, state, example.fields)


def context_of(case: Case, corpus: Corpus, label_map: LabelMap, measured: Any = None) -> Context:
    """What a metric may look at beside gold and answer of an example; mentions have gone through the label map."""
    doc = case.example.doc
    answer = case.answer
    if answer.mentions is not None:
        images = ((mention, label_map.apply(mention.label)) for mention in answer.mentions)
        answer = replace(answer, mentions=tuple(replace(one, label=image) for one, image in images if image))
    summaries = corpus.summaries.get(doc, ())
    return Context(
        example=case.example,
        answer=answer,
        document=corpus.documents[doc],
        sentences=corpus.sentences.get(doc, ()),
        tagged=corpus.tagged.get(doc, ()),
        entities=mapped(corpus.entities.get(doc, ()), label_map),
        stance=corpus.stance.get(doc, ()),
        facts=corpus.facts.get(doc, ()),
        targets=corpus.targets,
        references=tuple(one.text for one in summaries if one.text is not None),
        extracts=tuple(one.sentences for one in summaries if one.sentences is not None),
        measured=measured,
    )


def questions_of(metric: Metric, case: Case, corpus: Corpus, label_map: LabelMap) -> list[Any]:
    """What a metric wants its judge to find out about an example, as JSON values."""
    questions: Callable[..., list[Any]] = getattr(metric, "questions")  # noqa: B009 - only metrics with a judge have it
    return questions(case.example.gold, case.predicted, context_of(case, corpus, label_map))


def mapped(entities: Sequence[Entity], label_map: LabelMap) -> tuple[Entity, ...]:
    """Entities under a label map, without those that it drops or does not know."""
    if not label_map.mapping:
        return tuple(entities)
    images = ((entity, label_map.apply(entity.label)) for entity in entities if label_map.knows(entity.label))
    return tuple(sorted({replace(entity, label=image) for entity, image in images if image is not None}))


def _union(parts: Sequence[Any]) -> tuple[Entity, ...]:
    return tuple(sorted(entity for part in parts for entity in part or ()))


def score_rows(
    table: CountTable,
    metric: Metric,
    *,
    interval: IntervalConfig,
    rng_seed: int,
    slices: Sequence[str],
    suffix: str = "",
) -> list[dict[str, Any]]:
    """Rows of one metric: the whole set with every slice that the metric makes itself, then each field's values."""
    return all_score_rows([(table, metric, suffix)], interval=interval, rng_seed=rng_seed, slices=slices)


def all_score_rows(
    counted: Iterable[tuple[CountTable, Metric, str]], *, interval: IntervalConfig, rng_seed: int, slices: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows of several metrics, one after the other; their counts are resampled together.

    Args:
        counted: Counts, their metric, and what its signatures end with.
        interval: How intervals are made.
        rng_seed: Seed of the draws.
        slices: Fields that scores are also reported by.
    """
    rows: list[dict[str, Any]] = []
    parts: list[_Part] = []
    for table, metric, suffix in counted:
        # What is resampled together is in memory together.
        if sum(part.wanted.matrix.size for part in parts) > _MOST_CELLS:
            rows += _rows_of(parts, interval, rng_seed)
            parts = []
        whole = _part(table, metric, None, rng_seed, suffix)
        parts.append(whole)
        for field_name in slices:
            for value, numbers in table.with_field(field_name).items():
                name = f"{field_name}={value}"
                # Where everything has this value, its scores are those of the whole.
                everything = len(numbers) == len(table)
                parts.append(
                    whole.of_slice(name) if everything else _part(table.chosen(numbers), metric, name, rng_seed, suffix)
                )
    return rows + _rows_of(parts, interval, rng_seed)


def _rows_of(parts: Sequence["_Part"], interval: IntervalConfig, rng_seed: int) -> list[dict[str, Any]]:
    distinct = list({id(part.wanted): part.wanted for part in parts}.values())
    made = all_intervals(
        distinct, level=interval.level, resamples=interval.resamples, rng_seed=rng_seed, method=interval.method
    )
    of_wanted = {id(wanted): found for wanted, found in zip(distinct, made, strict=True)}
    return [row for part in parts for row in part.rows(of_wanted[id(part.wanted)], interval)]


@dataclass(frozen=True)
class _Part:
    """The whole set, or the examples of one value of a field, as one metric scores it.

    Args:
        metric: The metric.
        slice_name: `field=value`; None for the whole.
        suffix: What signatures end with.
        values: The scores.
        sums: The counts of all units together.
        wanted: What intervals are made from.
        unit: What is resampled; None where there is nothing.
    """

    metric: Metric
    slice_name: str | None
    suffix: str
    values: Mapping[Key, float]
    sums: Mapping[str, float]
    wanted: Wanted
    unit: str | None

    def of_slice(self, name: str) -> "_Part":
        """The same as the scores of a value that everything has."""
        return replace(self, slice_name=name, values=_of_slice(self.values))

    def rows(self, intervals: Mapping[Key, Interval], interval: IntervalConfig) -> list[dict[str, Any]]:
        """Its rows of `scores.json`."""
        units = self.wanted.units
        found = []
        for key, value in self.values.items():
            support = self.metric.support(key, self.sums)
            remark = self.metric.note(key, self.sums) if hasattr(self.metric, "note") else None
            bounds = intervals.get(key, Interval(None, None, "none: a count"))
            found.append(
                {
                    "metric": key.metric,
                    "average": key.average,
                    "slice": self.slice_name or key.slice,
                    "value": None if np.isnan(value) else value,
                    "low": bounds.low,
                    "high": bounds.high,
                    "level": interval.level,
                    "method": bounds.method,
                    "n": units,
                    "unit": self.unit,
                    "support": support,
                    "signature": self.metric.signature(key) + self.suffix,
                    "unreliable": units < FEW_UNITS or support < FEW_POSITIVES,
                    "note": _note(remark, bounds.undefined, interval.resamples),
                }
            )
        return found


def _part(table: CountTable, metric: Metric, slice_name: str | None, rng_seed: int, suffix: str) -> _Part:
    by_unit = unit_table(table, metric)
    sums = by_unit.sums()
    values = {key: float(value) for key, value in sorted(metric.compute(sums).items())} if sums else {}
    if slice_name is not None:
        values = _of_slice(values)
    wanted = Wanted.of(
        by_unit.matrix,
        by_unit.names,
        metric.compute,
        {key: value for key, value in values.items() if key.average != "count"},
        rng_seed=rng_seed,
        unit=by_unit.unit or "document",
    )
    return _Part(metric, slice_name, suffix, values, sums, wanted, by_unit.unit)


def _of_slice(values: Mapping[Key, float]) -> dict[Key, float]:
    """The scores of the whole that are also given for the values of a field."""
    return {key: value for key, value in values.items() if key.slice == "all" and key.average != "macro_target"}


def _note(remark: str | None, undefined: int, resamples: int) -> str | None:
    lost = f"undefined in {undefined} of {resamples} resamples" if undefined else None
    return "; ".join(part for part in (remark, lost) if part) or None


def _gold_dropped(corpus: Corpus, label_map: LabelMap) -> dict[str, int]:
    found = Counter(
        entity.label
        for doc in corpus.annotated("ner")
        for entity in corpus.entities.get(doc, ())
        if label_map.knows(entity.label) and label_map.apply(entity.label) is None
    )
    return dict(sorted(found.items()))


def scores_json(
    scored: Scored, corpus: Corpus, task: Task, *, model: Mapping[str, Any], label_map: LabelMap
) -> dict[str, Any]:
    """The content of `scores.json`: same inputs, same bytes."""
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "harness": __version__,
        "data": {
            "name": corpus.name,
            "documents": len(corpus.annotated(task.name)),
            "gold_sha256": corpus.gold_sha256(task.name),
            "documents_sha256": corpus.documents_sha256,
        },
        "task": task.name,
        "model": dict(model),
        "ledger": scored.ledger,
        "scores": scored.scores,
    }
    if scored.judges:
        result["judges"] = {name: dict(signature) for name, signature in scored.judges.items()}
    if label_map.mapping:
        result["label_map"] = {"name": label_map.name, "dropped": scored.dropped}
    return result
