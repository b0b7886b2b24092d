"""What annotators score as if they were models, models against the same references, and the headroom between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.annotators import Layers, LeftOut
from harness.counts import CountTable, UnitTable, unit_table
from harness.label_map import NO_MAP, LabelMap
from harness.metric.base import Array, Key, Metric, divide
from harness.records import Answer, References
from harness.scoring import Case, count_rows
from harness.statistics.resample import Interval, Method, intervals, percentile, weights

# Fewer annotators say nothing about others of their kind.
FEWEST = 5
_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """How far a model has come from the baseline to the annotators: (model - baseline) / (annotators - baseline).

    Args:
        value: 0 at the baseline, 1 at the annotators; None where these two cannot be told apart.
        low: Lower bound of its interval.
        high: Upper bound.
        reason: Why there is none.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class AnnotatorRow:
    """One score, of annotators or of a model against the same references.

    Args:
        subject: `human`, `annotators (model)`, the same with one annotator's name, or a model's name.
        left_out: The annotator whose references are left out; None for the mean over all of them.
        key: Which score.
        value: None where undefined.
        low: Lower bound; None where there is no interval.
        high: Upper bound, likewise.
        method: How the interval was made, or why there is none.
        n: Units, as for any score.
        signature: The metric's, and what the references are.
        headroom: Of a model, where a baseline was named; None for any other row.
    """

    subject: str
    left_out: str | None
    key: Key
    value: float | None
    low: float | None
    high: float | None
    method: str
    n: int
    signature: str
    headroom: Headroom | None = None


def annotator_rows(
    name: str,
    metric: Metric,
    sets: Sequence[LeftOut],
    layers: Layers,
    *,
    label_map: LabelMap = NO_MAP,
    models: Mapping[str, Mapping[str, Case]] | None = None,
    baseline: str | None = None,
    level: float = 0.95,
    resamples: int = 10_000,
    rng_seed: int = 0,
    method: Method = "bca_t",
) -> list[AnnotatorRow]:
    """Scores of annotators, and of models against the same references, with intervals and headroom.

    With five annotators or more, a row is the mean over who is left out, within each document first, and its interval
    resamples documents and annotators. With fewer there is a row for each annotator left out and no mean: resampling so
    few would say nothing about others; their intervals are made as those of any score, by `method`. All rows share
    their draws. Percentiles it is, whatever `method` says, where annotators are drawn as well and for headroom: what
    BCa corrects by is read off leaving out one unit at a time, and neither has one kind of unit and one sum of counts.
    A metric that looks at further gold of the document (`needs_context`) is shown the adjudicated layer's, or else the
    left-out annotator's.

    Args:
        name: What the configuration calls the metric.
        metric: The metric.
        sets: As `leave_one_out` makes them.
        layers: Where they come from.
        label_map: As given there.
        models: By name, what each answered, by example id; an example that is not there counts as an empty answer.
        baseline: The model that headroom begins at; None for no headroom.
        level: Coverage aimed at.
        resamples: How many.
        rng_seed: Seed of the draws.
        method: Of intervals over documents alone.

    Raises:
        ValueError: The baseline is none of the models.
    """
    answered = dict(models or {})
    if baseline is not None and baseline not in answered:
        raise ValueError(f"baseline {baseline!r} is none of the models: {', '.join(answered) or 'there are none'}")
    sets = [one for one in sets if one.cases]
    if not sets:
        return []
    counted = _count(name, metric, sets, layers, label_map, answered)
    groups = [[one.annotator] for one in sets]
    if len(sets) >= FEWEST:
        groups = [[one.annotator for one in sets]]
    references = "adjudicated" if layers.adjudicated and not _of_texts(sets) else "others"
    found = []
    for group in groups:
        found += _rows(metric, counted, group, layers.title, references, baseline, level, resamples, rng_seed, method)
    return found


def _of_texts(sets: Sequence[LeftOut]) -> bool:
    return isinstance(sets[0].cases[0].example.gold, References)


@dataclass(frozen=True)
class _Counted:
    """Counts per unit of every subject under every left-out annotator.

    Args:
        names: Of the counts.
        units: Ids, sorted.
        unit: What a unit is; None where there is nothing to resample.
        annotators: Who is left out, in the order of the first axis.
        there: Shape (annotators, units): 1 where that annotator has anything in that unit.
        tables: By subject (None is the annotator itself), shape (annotators, units, names).
    """

    names: list[str]
    units: list[str]
    unit: str | None
    annotators: list[str]
    there: Array
    tables: dict[str | None, Array]


def _count(
    name: str,
    metric: Metric,
    sets: Sequence[LeftOut],
    layers: Layers,
    label_map: LabelMap,
    models: Mapping[str, Mapping[str, Case]],
) -> _Counted:
    found: dict[tuple[str | None, str], UnitTable] = {}
    several = len({case.example.doc for one in sets for case in one.cases}) > 1
    if several:
        # A layer of one document has sentences for units, which those of others have not.
        sets = [replace(one, cases=[_of_document(case) for case in one.cases]) for one in sets]
    corpora = {layer.name: (layers.adjudicated or layer).corpus for layer in layers.annotators}
    for one in sets:
        for subject in (None, *models):
            cases = one.cases if subject is None else [_asked(case, models[subject]) for case in one.cases]
            rows = count_rows(name, metric, cases, corpora[one.annotator], label_map)
            found[subject, one.annotator] = unit_table(CountTable.of(name, rows), metric)
    names = sorted({count for table in found.values() for count in table.names})
    units = sorted({unit for table in found.values() for unit in table.ids})
    unit = "document" if several else next(iter(found.values())).unit
    place = {unit: number for number, unit in enumerate(units)}
    column = {count: number for number, count in enumerate(names)}
    annotators = [one.annotator for one in sets]
    there = np.zeros((len(sets), len(units)))
    tables: dict[str | None, Array] = {s: np.zeros((len(sets), len(units), len(names))) for s in (None, *models)}
    for (subject, annotator), table in found.items():
        matrix = table.matrix if isinstance(table.matrix, np.ndarray) else table.matrix.toarray()
        rows_at = np.array([place[unit] for unit in table.ids], dtype=np.int64)
        columns_at = np.array([column[count] for count in table.names], dtype=np.int64)
        number = annotators.index(annotator)
        tables[subject][number][np.ix_(rows_at, columns_at)] = matrix
        there[number, rows_at] = 1
    return _Counted(names, units, unit, annotators, there, tables)


def _of_document(case: Case) -> Case:
    return replace(case, example=replace(case.example, unit=case.example.doc))


def _asked(case: Case, answers: Mapping[str, Case]) -> Case:
    given = answers.get(case.example.id)
    if given is None:
        return replace(case, answer=Answer(bin="missing"), predicted=None)
    return replace(case, answer=given.answer, predicted=given.predicted)


@dataclass(frozen=True)
class _Draws:
    """How often annotators and units are drawn, in blocks; none where there is one unit."""

    annotators: int
    units: int
    resamples: int
    rng_seed: int

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        if self.units < 2:
            return
        stream = np.random.default_rng([self.rng_seed, self.units, self.annotators])
        rows = max(1, _BLOCK_CELLS // (self.annotators * self.units))
        for block in weights(self.units, self.resamples, self.rng_seed):
            for first in range(0, len(block), rows):
                of_units = block[first : first + rows]
                of_annotators = np.ones((1, 1))
                if self.annotators > 1:
                    chances = [1 / self.annotators] * self.annotators
                    of_annotators = stream.multinomial(self.annotators, chances, len(of_units)).astype(np.float64)
                yield of_annotators, of_units


@dataclass(frozen=True)
class _Scores:
    """A subject's scores, and those of its resamples."""

    values: Mapping[Key, float]
    drawn: Mapping[Key, Array]


def _scores(metric: Metric, table: Array, there: Array, names: Sequence[str], draws: _Draws | None) -> _Scores:
    whole = np.ones((1, len(table))), np.ones((1, table.shape[1]))
    values = metric.compute(_sums(table, there, *whole, names))
    parts: dict[Key, list[Array]] = {key: [] for key in values}
    for of_annotators, of_units in draws or ():
        for key, scores in metric.compute(_sums(table, there, of_annotators, of_units, names)).items():
            parts[key].append(scores)
    drawn = {key: np.concatenate(found) if found else np.empty(0) for key, found in parts.items()}
    return _Scores({key: float(value[0]) for key, value in values.items()}, drawn)


def _rows(
    metric: Metric,
    counted: _Counted,
    group: Sequence[str],
    title: str,
    references: str,
    baseline: str | None,
    level: float,
    resamples: int,
    rng_seed: int,
    method: Method,
) -> list[AnnotatorRow]:
    chosen = [counted.annotators.index(name) for name in group]
    present = counted.there[chosen].any(axis=0)
    there, n = counted.there[chosen][:, present], int(present.sum())
    tables = {subject: table[chosen][:, present] for subject, table in counted.tables.items()}
    left_out = group[0] if len(group) == 1 else None
    # One annotator's rows are scores like any other; only headroom is computed from several rows' draws.
    draws = _Draws(len(group), n, resamples, rng_seed) if left_out is None or baseline is not None else None
    scores = {subject: _scores(metric, table, there, counted.names, draws) for subject, table in tables.items()}
    where = "sentences within one document" if counted.unit == "sentence" else "documents"
    human = title if left_out is None else f"{title} {left_out}"
    found = []
    for subject, own in scores.items():
        if left_out is None:
            made = f"percentile bootstrap over {where} and annotators, {resamples} resamples"
            bounds = {key: _percentile(value, own.drawn[key], n, level, made) for key, value in own.values.items()}
        else:
            bounds = intervals(
                tables[subject][0],
                counted.names,
                metric.compute,
                own.values,
                level=level,
                resamples=resamples,
                rng_seed=rng_seed,
                method=method,
                unit=counted.unit or "document",
            )
        for key, value in sorted(own.values.items()):
            found.append(
                AnnotatorRow(
                    subject=human if subject is None else subject,
                    left_out=left_out,
                    key=key,
                    value=None if np.isnan(value) else value,
                    low=bounds[key].low,
                    high=bounds[key].high,
                    method=bounds[key].method or "none",
                    n=n,
                    signature=f"{metric.signature(key)}|against:{references}",
                    headroom=None
                    if baseline is None or subject in (None, baseline)
                    else _headroom(key, own, scores[baseline], scores[None], level),
                )
            )
    return found


def _percentile(value: float, drawn: Array, n: int, level: float, made: str) -> Interval:
    if np.isnan(value):
        return Interval(None, None, "none: undefined")
    return percentile(drawn, level, made) if n > 1 else Interval(None, None, "none: one document: no interval exists")


def _sums(table: Array, there: Array, of_annotators: Array, of_units: Array, names: Sequence[str]) -> dict[str, Array]:
    """Sums of counts under draws: within each unit the mean over the annotators drawn, then over the units drawn."""
    times = of_annotators[:, :, None] * there[None]
    share = divide(times, np.broadcast_to(times.sum(axis=1, keepdims=True), times.shape))
    shares = np.nan_to_num(share) * of_units[:, None, :]
    sums = shares.reshape(len(shares), -1) @ table.reshape(-1, len(names))
    return {name: sums[:, number] for number, name in enumerate(names)}


def _headroom(key: Key, model: _Scores, baseline: _Scores, annotators: _Scores, level: float) -> Headroom:
    if any(key not in one.values or np.isnan(one.values[key]) for one in (model, baseline, annotators)):
        return Headroom(value=None, reason="undefined")
    room = annotators.drawn[key] - baseline.drawn[key]
    room = np.where(np.isnan(room), 0.0, room)
    if not len(room):
        return Headroom(value=None, reason="one unit: annotators and baseline cannot be told apart")
    low, high = np.quantile(room, [(1 - level) / 2, (1 + level) / 2])
    if low <= 0 <= high:
        return Headroom(value=None, reason="the interval of annotators minus baseline holds 0")
    value = (model.values[key] - baseline.values[key]) / (annotators.values[key] - baseline.values[key])
    made = percentile(divide(model.drawn[key] - baseline.drawn[key], room), level, "percentile")
    reason = (made.method or "").removeprefix("none: ") if made.low is None else None
    return Headroom(value=value, low=made.low, high=made.high, reason=reason)
