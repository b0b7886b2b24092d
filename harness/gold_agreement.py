"""How far the annotators of a gold agree: entities, stance and summaries (`gold agreement`)."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from harness.annotators import Layer, Layers, Thing, said_unpaired, stance_things
from harness.metric.base import Array, Key, divide, mean_defined, total
from harness.metric.rouge import Rouge
from harness.metric.words import TOKEN
from harness.records import Entity, References, Summary
from harness.report.grid import Grid
from harness.report.shown import counted
from harness.statistics.agreement import alpha_nominal, f1_between, nominal_counts
from harness.statistics.resample import percentile, resampled_sums

SCHEMA = "harness.statistics.agreement/1"
_ROUGE = ("rouge1", "rouge2", "rougeL")


@dataclass(frozen=True)
class Agreement:
    """One number on how far annotators agree.

    Args:
        what: `entities`, `stance`, or `summaries` with the style.
        measure: Its name.
        between: Names of the annotators.
        value: None where undefined.
        low: Lower bound; None where there is no interval.
        high: Upper bound, likewise.
        method: How the interval was made, or why there is none.
        documents: Documents that two or more of them annotated.
        units: What was judged twice: tokens, judgements, texts; for F1 the entities of both.
    """

    what: str
    measure: str
    between: tuple[str, ...]
    value: float | None
    low: float | None
    high: float | None
    method: str
    documents: int
    units: int


# Counts of one document, which add up, and the measure of any sums of them.
_Counts = dict[str, float]
_Compute = Callable[[Mapping[str, Array]], Array]


def agreements(layers: Layers, *, level: float = 0.95, resamples: int = 10_000, rng_seed: int = 0) -> list[Agreement]:
    """Every measure that two or more annotators give something for; what they agreed on in the end is left out.

    - Entities: F1 over span and label, the same whichever of two is called the gold (mean over pairs, and each pair);
      Krippendorff's alpha (nominal) over tokens, whose label is the set of labels of the entities that cover it, so
      that nested entities count and the border between two neighbours of one label does not.
    - Stance: Krippendorff's alpha (nominal) over what two or more judged, and the share of that with one label; which
      judgements are about one thing `stance_things` says.
    - Summaries, by style: ROUGE F1 of each annotator's text against each other's, the mean over pairs, then over
      documents; for extracts the F1 of the chosen sentences.

    Intervals are percentile bootstraps over documents; one document has none.

    Args:
        layers: The annotators.
        level: Coverage aimed at.
        resamples: How many.
        rng_seed: Seed of the draws.
    """
    return [
        _measured(*parts, level=level, resamples=resamples, rng_seed=rng_seed)
        for measure in (_entities, _stance, _summaries)
        for parts in measure(layers.annotators)
    ]


_Parts = tuple[str, str, tuple[str, ...], Mapping[str, _Counts], _Compute, str]


def _measured(
    what: str,
    measure: str,
    between: tuple[str, ...],
    counts: Mapping[str, _Counts],
    compute: _Compute,
    units: str,
    *,
    level: float,
    resamples: int,
    rng_seed: int,
) -> Agreement:
    names = sorted({name for of in counts.values() for name in of})
    matrix = np.array([[counts[doc].get(name, 0.0) for name in names] for doc in sorted(counts)])
    sums = matrix.sum(axis=0)
    value = float(compute({name: sums[place] for place, name in enumerate(names)}))
    low = high = None
    method = "none: undefined" if math.isnan(value) else "none: one document: no interval exists"
    if len(matrix) > 1 and not math.isnan(value):
        drawn = resampled_sums(matrix, resamples, rng_seed)
        scores = compute({name: drawn[:, place] for place, name in enumerate(names)})
        made = percentile(scores, level, f"percentile bootstrap over documents, {resamples} resamples")
        low, high, method = made.low, made.high, made.method or "none"
    shown = None if math.isnan(value) else value
    number = int(sums[names.index(units)]) if units in names else 0
    return Agreement(what, measure, between, shown, low, high, method, len(matrix), number)


# ---- entities -------------------------------------------------------------------------------------------------------


def _entities(layers: Sequence[Layer]) -> Iterator[_Parts]:
    pairs = [
        (one, other, sorted(one.corpus.entities.keys() & other.corpus.entities.keys()))
        for one, other in combinations(layers, 2)
    ]
    pairs = [pair for pair in pairs if pair[2]]
    if not pairs:
        return
    together: dict[str, _Counts] = {}
    rows: list[_Parts] = []
    for number, (one, other, docs) in enumerate(pairs):
        of_pair: dict[str, _Counts] = {}
        for doc in docs:
            first, second = set(one.corpus.entities[doc]), set(other.corpus.entities[doc])
            sizes = {"both": float(len(first & second)), "sizes": float(len(first) + len(second))}
            of_pair[doc] = sizes
            part = together.setdefault(doc, {"sizes": 0.0})
            part |= {f"{number}|{name}": count for name, count in sizes.items()}
            part["sizes"] += sizes["sizes"]
        names = (one.name, other.name)
        rows.append(("entities", "F1 (span and label)", names, of_pair, _f1, "sizes"))
    everyone = _names(layers, "entities")
    if len(pairs) > 1:

        def mean(sums: Mapping[str, Array]) -> Array:
            every = [
                divide(2 * total(sums, f"{number}|both"), total(sums, f"{number}|sizes"))
                for number in range(len(pairs))
            ]
            return mean_defined(every)

        yield "entities", "F1 (span and label), mean over pairs", everyone, together, mean, "sizes"
    yield from rows
    units = {doc: nominal_counts(list(_token_labels(doc, layers))) for _, _, docs in pairs for doc in docs}
    yield "entities", "alpha (nominal) over tokens", everyone, units, alpha_nominal, "units"


def _f1(sums: Mapping[str, Array]) -> Array:
    return divide(2 * total(sums, "both"), total(sums, "sizes"))


def _token_labels(doc: str, layers: Sequence[Layer]) -> Iterator[list[str]]:
    """Of each token, the labels that each annotator's entities give it."""
    given = [layer.corpus.entities[doc] for layer in layers if doc in layer.corpus.entities]
    text = next(layer.corpus.documents[doc].text for layer in layers if doc in layer.corpus.documents)
    covered = [_covered(entities, len(text)) for entities in given]
    for token in TOKEN.finditer(text):
        place = range(*token.span())
        yield ["+".join(sorted({label for at in place for label in of.get(at, ())})) for of in covered]


def _covered(entities: Sequence[Entity], length: int) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for entity in entities:
        for start, end in entity.stretches:
            for place in range(start, min(end, length)):
                found.setdefault(place, set()).add(entity.label)
    return found


# ---- stance ---------------------------------------------------------------------------------------------------------


def _stance(layers: Sequence[Layer]) -> Iterator[_Parts]:
    things = stance_things(layers)
    labels: dict[str, dict[Thing, list[str]]] = {}
    for layer in layers:
        for doc, judgements in layer.corpus.stance.items():
            for one in judgements:
                labels.setdefault(doc, {}).setdefault(things.of(doc, one), []).append(one.label)
    counts = {doc: nominal_counts(list(of.values())) for doc, of in labels.items()}
    counts = {doc: of for doc, of in counts.items() if of["units"]}
    if counts:
        names = _names(layers, "stance")
        yield "stance", "alpha (nominal)", names, counts, alpha_nominal, "units"
        yield "stance", "share with one label", names, counts, _share, "units"


def _share(sums: Mapping[str, Array]) -> Array:
    return divide(total(sums, "agreed"), total(sums, "units"))


# ---- summaries ------------------------------------------------------------------------------------------------------


def _summaries(layers: Sequence[Layer]) -> Iterator[_Parts]:
    styles = sorted({one.style for layer in layers for found in layer.corpus.summaries.values() for one in found})
    metric = Rouge(types=_ROUGE)
    for style in styles:
        counts: dict[str, _Counts] = {}
        for doc in sorted({doc for layer in layers for doc in layer.corpus.summaries}):
            own = [_of_style(layer, doc, style) for layer in layers]
            pairs = list(combinations([one for one in own if one is not None], 2))
            found = [_extract_f1(*pair) if style == "extract" else _rouge(metric, style, *pair) for pair in pairs]
            if found:
                means = {name: float(mean_defined([np.asarray(one[name]) for one in found])) for name in found[0]}
                counts[doc] = {"texts": float(len([one for one in own if one is not None]))}
                for name, value in means.items():
                    if not math.isnan(value):
                        counts[doc] |= {name: value, f"{name}|n": 1.0}
        names = tuple(layer.name for layer in layers if any(_of_style(layer, doc, style) is not None for doc in counts))
        measures = ("F1 of sentences",) if style == "extract" else tuple(f"{name} F1" for name in _ROUGE)
        for measure in measures if counts else ():
            yield f"summaries ({style})", f"{measure}, mean over pairs", names, counts, _mean_of(measure), "texts"


def _mean_of(measure: str) -> _Compute:
    return lambda sums: divide(total(sums, measure), total(sums, f"{measure}|n"))


def _of_style(layer: Layer, doc: str, style: str) -> Any:
    """The annotator's first reference: its text, or its sentences."""
    found = [one for one in layer.corpus.summaries.get(doc, ()) if one.style == style]
    return None if not found else found[0].sentences if style == "extract" else found[0].text


def _extract_f1(one: tuple[str, ...], other: tuple[str, ...]) -> dict[str, float]:
    found = f1_between(set(one), set(other))
    return {"F1 of sentences": math.nan if found is None else found}


def _rouge(metric: Rouge, style: str, one: str, other: str) -> dict[str, float]:
    counts = metric.count(References(style, texts=(one,)), Summary(other))
    scores = metric.compute(metric.per_document({name: np.asarray(value) for name, value in counts.items()}))
    return {f"{name} F1": float(scores.get(Key(f"{name}.f1", "mean"), np.asarray(np.nan))) for name in _ROUGE}


def _names(layers: Sequence[Layer], task: str) -> tuple[str, ...]:
    return tuple(layer.name for layer in layers if getattr(layer.corpus, task))


# ---- the table ------------------------------------------------------------------------------------------------------


def grid(found: Sequence[Agreement], layers: Layers) -> Grid:
    """The measures as a table, with who the annotators are."""
    rows, records = [], []
    for one in found:
        value, low, high = ("–" if v is None else f"{v:.3f}" for v in (one.value, one.low, one.high))
        interval = "" if one.low is None else f"[{low}, {high}]"
        between = ", ".join(one.between)
        rows.append((one.what, one.measure, between, value, interval, str(one.documents), str(one.units)))
        records.append({**one.__dict__, "between": list(one.between)})
    who = ", ".join(f"{layer.name} ({layer.kind or 'kind unknown'})" for layer in layers.annotators)
    methods = list(dict.fromkeys(one.method for one in found))
    notes = [f"annotators: {who}"]
    unclear = Counter(name for name, _ in stance_things(layers.annotators).unclear)
    if unclear:
        notes.append(f"left out: {said_unpaired(sorted(unclear.items()))}")
    if layers.adjudicated:
        notes.append("the adjudicated layer is left out: the annotators had a part in it")
    if layers.title != "human":
        notes.append("not every annotator is said to be a person (annotators.jsonl), so this is no human agreement")
    notes += [
        f"intervals: {method}" if not method.startswith("none") else f"no interval: {method[6:]}" for method in methods
    ]
    documents = max((one.documents for one in found), default=0)
    return Grid(
        title=f"agreement of {counted(len(layers.annotators), 'annotator')} · {counted(documents, 'document')}",
        headings=("what", "measure", "between", "value", "interval", "documents", "units"),
        rows=rows,
        records=[{**record, "between": " ".join(record["between"])} for record in records],
        right=(3, 4, 5, 6),
        notes=notes,
        more={"annotators": [{"id": layer.name, "kind": layer.kind} for layer in layers.annotators]},
    )
