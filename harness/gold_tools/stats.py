"""What a gold holds, counted: for a data card, and for knowing what scores on it can say."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from harness.config import DataConfig
from harness.gold import Corpus, SummaryGold, load_corpus
from harness.gold_tools.overlaps import nested_entities
from harness.gold_tools.reading import asking_for_documents
from harness.metric.words import ngrams, words
from harness.records import Entity
from harness.report.grid import Grid
from harness.report.shown import UNDEFINED, counted
from harness.report.text import visible

SCHEMA = "harness.gold_stats/1"


def stats(data: DataConfig) -> list[Grid]:
    """Tables of what `data` names, read with every check of a run.

    The first is about documents and has a row for each kind of record; then zones, entities by label, stance by target,
    summaries by style. Their records say in `table` which they are of. What is not there has no table.

    Raises:
        GoldError: With every fault.
        ConfigError: No such format, or options that it does not have.
    """
    with asking_for_documents(data.documents):
        corpus = load_corpus(data)
    lengths = {doc: len(words(document.text)) for doc, document in corpus.documents.items()}
    grids = [
        _overview(corpus, lengths),
        *_parts(corpus),
        *_zones(corpus),
        *_entities(corpus),
        *_stance(corpus),
        *_summaries(corpus, lengths),
    ]
    name = data.gold or data.documents or ""
    return [replace(grids[0], title=f"{name} · {grids[0].title}"), *grids[1:]]


# ---- documents ------------------------------------------------------------------------------------------------------


def _overview(corpus: Corpus, lengths: Mapping[str, int]) -> Grid:
    kinds: dict[str, dict[str, int]] = {
        "words": dict(lengths),
        "sentences": _sizes(corpus.sentences),
        "entities": _sizes(corpus.entities),
        "stance judgements": _sizes(corpus.stance),
        "summaries": _sizes(corpus.summaries),
        "facts": _sizes(corpus.facts),
    }
    rows, records = [], []
    for kind, sizes in kinds.items():
        if not sizes:
            continue
        few, most = min(sizes.values()), max(sizes.values())
        mean = fmean(sizes.values())
        total = sum(sizes.values())
        rows.append((kind, str(total), str(len(sizes)), f"{mean:.1f}", str(few), str(most)))
        records.append(
            {
                "table": "records",
                "name": kind,
                "count": total,
                "documents": len(sizes),
                "per_document": mean,
                "fewest": few,
                "most": most,
            }
        )
    scored = {doc for gold in (corpus.entities, corpus.stance, corpus.summaries) for doc in gold}
    notes = ["documents: that have such records; the columns behind it are about one of these documents"]
    if bare := len(corpus.documents) - len(scored):
        notes.append(f"without gold: {counted(bare, 'document')}")
    if corpus.annotators:
        notes.append(
            "annotators: " + ", ".join(f"{visible(name)} ({kind})" for name, kind in corpus.annotators.items())
        )
    notes.append("words: runs of letters and digits; in scripts without spaces each character")
    return Grid(
        title=counted(len(corpus.documents), "document"),
        headings=("", "count", "documents", "mean", "fewest", "most"),
        rows=rows,
        records=records,
        right=(1, 2, 3, 4, 5),
        notes=notes,
        more={
            "documents": len(corpus.documents),
            "documents_without_gold": bare,
            "annotators": [{"id": name, "kind": kind} for name, kind in corpus.annotators.items()],
        },
    )


def _sizes(gold: Mapping[str, Sequence[Any]]) -> dict[str, int]:
    return {doc: len(found) for doc, found in gold.items()}


def _parts(corpus: Corpus) -> Iterable[Grid]:
    """Documents by split and by language, where their metadata says so."""
    tasks: dict[str, Mapping[str, Any]] = {
        "ner": corpus.entities,
        "stance": corpus.stance,
        "summarization": corpus.summaries,
    }
    rows, records = [], []
    for key in ("split", "language"):
        values = {doc: found.metadata.get(key) for doc, found in corpus.documents.items()}
        if all(value is None for value in values.values()):
            continue
        for value, total in sorted(Counter(values.values()).items(), key=lambda pair: (pair[0] is None, str(pair[0]))):
            docs = {doc for doc, found in values.items() if found == value}
            gold = {task: len(docs & of_task.keys()) for task, of_task in tasks.items()}
            shown = "not said" if value is None else str(value)
            rows.append((key, shown, str(total), *(str(gold[task]) for task in tasks)))
            records.append({"table": "parts", "field": key, "name": value, "documents": total, **gold})
    if rows:
        yield Grid(
            title="parts · documents with gold of each task",
            headings=("field", "value", "documents", *tasks),
            rows=rows,
            records=records,
            right=(2, 3, 4, 5),
        )


def _zones(corpus: Corpus) -> Iterable[Grid]:
    if not corpus.sentences:
        return
    sentences: Counter[str] = Counter()
    lengths: Counter[str] = Counter()
    documents: dict[str, set[str]] = {}
    for doc, found in corpus.sentences.items():
        text = corpus.documents[doc].text
        for sentence in found:
            sentences[sentence.zone] += 1
            lengths[sentence.zone] += len(words(text[sentence.start : sentence.end]))
            documents.setdefault(sentence.zone, set()).add(doc)
    rows, records = [], []
    for zone, number in sentences.most_common():
        mean = lengths[zone] / number
        rows.append((zone, str(number), str(lengths[zone]), f"{mean:.1f}", str(len(documents[zone]))))
        records.append(
            {
                "table": "zones",
                "name": zone,
                "count": number,
                "words": lengths[zone],
                "mean_words": mean,
                "documents": len(documents[zone]),
            }
        )
    yield Grid(
        title="sentences by zone",
        headings=("zone", "sentences", "words", "words a sentence", "documents"),
        rows=rows,
        records=records,
        right=(1, 2, 3, 4),
    )


# ---- annotations ----------------------------------------------------------------------------------------------------


def _entities(corpus: Corpus) -> Iterable[Grid]:
    by_label: dict[str, list[tuple[str, Entity, bool]]] = {}
    for doc, found in corpus.entities.items():
        nested = nested_entities(found)
        for entity in found:
            by_label.setdefault(entity.label, []).append((doc, entity, entity in nested))
    if not by_label:
        return
    ordered = sorted(by_label.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    whole = [one for _, of_label in ordered for one in of_label]
    rows, records = [], []
    for label, of_label in [*ordered, (None, whole)]:
        number = len(of_label)
        record = {
            "table": "entities",
            "name": label,
            "count": number,
            "share": number / len(whole),
            "distinct": len({entity.text for _, entity, _ in of_label}),
            "mean_words": fmean(len(words(entity.text)) for _, entity, _ in of_label),
            "discontinuous": sum(bool(entity.parts) for _, entity, _ in of_label) / number,
            "nested": sum(inside for _, _, inside in of_label) / number,
            "documents": len({doc for doc, _, _ in of_label}),
        }
        records.append(record)
        shares = (_percent(record[key]) for key in ("nested", "discontinuous"))
        rows.append(
            (
                "all" if label is None else label,
                str(number),
                _percent(record["share"]),
                str(record["distinct"]),
                f"{record['mean_words']:.1f}",
                *shares,
                str(record["documents"]),
            )
        )
    notes = ["nested: inside another entity; distinct: strings, as written"]
    empty = sum(not found for found in corpus.entities.values())
    notes += [f"annotated, and no entity in it: {counted(empty, 'document')}"] if empty else []
    yield Grid(
        title=f"entities by label · {counted(len(by_label), 'label')}",
        headings=("label", "entities", "share", "distinct", "words each", "nested", "discontinuous", "documents"),
        rows=rows,
        records=records,
        right=(1, 2, 3, 4, 5, 6, 7),
        notes=notes,
    )


def _stance(corpus: Corpus) -> Iterable[Grid]:
    labels: dict[str, Counter[str]] = {target: Counter() for target in corpus.targets}
    documents: dict[str, set[str]] = {target: set() for target in corpus.targets}
    for doc, found in corpus.stance.items():
        for judgement in found:
            labels[judgement.target][judgement.label] += 1
            documents[judgement.target].add(doc)
    if not labels or not corpus.stance:
        return
    scheme = corpus.stance_labels
    whole = sum(labels.values(), Counter())
    rows, records = [], []
    each = [(target, labels[target], len(documents[target])) for target in sorted(labels)]
    for target, counts, docs in [*each, (None, whole, len(corpus.stance))]:
        number = counts.total()
        # The first of the scheme where several are as frequent.
        majority = max(scheme, key=lambda label: counts[label]) if number else None
        share = counts[majority] / number if majority else None
        rows.append(
            (
                "all" if target is None else target,
                str(number),
                *(str(counts[label]) for label in scheme),
                majority or UNDEFINED,
                _percent(share),
                str(docs),
            )
        )
        records.append(
            {
                "table": "stance",
                "name": target,
                "count": number,
                **{f"label={label}": counts[label] for label in scheme},
                "majority": majority,
                "majority_share": share,
                "documents": docs,
            }
        )
    yield Grid(
        title=f"stance by target · {counted(len(labels), 'target')}",
        headings=("target", "judgements", *scheme, "majority", "share", "documents"),
        rows=rows,
        records=records,
        right=(1, *range(2, 2 + len(scheme)), 3 + len(scheme), 4 + len(scheme)),
        notes=["share: of the most frequent label, which is the accuracy of always answering it"],
    )


def _summaries(corpus: Corpus, lengths: Mapping[str, int]) -> Iterable[Grid]:
    by_style: dict[str, list[tuple[str, SummaryGold]]] = {}
    for doc, found in corpus.summaries.items():
        for reference in found:
            by_style.setdefault(reference.style, []).append((doc, reference))
    if not by_style:
        return
    rows, records = [], []
    for style in sorted(by_style):
        of_style = by_style[style]
        counts: list[int] = []
        ratios: list[float] = []
        novel: list[float] = []
        for doc, reference in of_style:
            said = words(_text(corpus, doc, reference))
            counts.append(len(said))
            if said and lengths[doc]:
                ratios.append(lengths[doc] / len(said))
            if reference.sentences is None and (pairs := set(ngrams(said, 2))):
                known = set(ngrams(words(corpus.documents[doc].text), 2))
                novel.append(len(pairs - known) / len(pairs))
        who = sorted({reference.annotator for _, reference in of_style if reference.annotator})
        docs = len({doc for doc, _ in of_style})
        record = {
            "table": "summaries",
            "name": style,
            "count": len(of_style),
            "documents": docs,
            "mean_words": fmean(counts),
            "fewest_words": min(counts),
            "most_words": max(counts),
            "compression": fmean(ratios) if ratios else None,
            "novel_bigrams": fmean(novel) if novel else None,
            "annotators": " ".join(who),
        }
        records.append(record)
        rows.append(
            (
                style,
                str(len(of_style)),
                str(docs),
                f"{record['mean_words']:.1f}",
                str(min(counts)),
                str(max(counts)),
                UNDEFINED if not ratios else f"{fmean(ratios):.1f}",
                _percent(record["novel_bigrams"]),
                ", ".join(who) or UNDEFINED,
            )
        )
    yield Grid(
        title=f"summaries by style · {counted(sum(map(len, by_style.values())), 'reference')}",
        headings=("style", "references", "documents", "words", "fewest", "most", "compression", "novel 2-grams", "by"),
        rows=rows,
        records=records,
        right=(1, 2, 3, 4, 5, 6, 7),
        notes=[
            "compression: words of the document over words of the summary; novel 2-grams: of the summary's distinct "
            "pairs of words those that the document does not have; both are means over references"
        ],
    )


def _text(corpus: Corpus, doc: str, reference: SummaryGold) -> str:
    if reference.sentences is None:
        return reference.text or ""
    text = corpus.documents[doc].text
    chosen = set(reference.sentences)
    return "\n".join(text[one.start : one.end] for one in corpus.sentences[doc] if one.id in chosen)


def _percent(share: Any) -> str:
    return UNDEFINED if share is None else f"{100 * share:.1f}%"
