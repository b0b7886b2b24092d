"""What is annotated too little for scores to say much, and parts of documents that no task sees."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from harness.gold_tools.audit.base import Audited, Finding
from harness.report.shown import counted
from harness.scoring import FEW_POSITIVES, FEW_UNITS

_WORD = re.compile(r"\w")


def findings(audited: Audited) -> Iterator[Finding]:
    """Few documents or labels, documents without gold, zones and stretches outside any sentence."""
    yield from _amounts(audited)
    yield from _spelling(audited)
    yield from _zones(audited)


def _tasks(audited: Audited) -> dict[str, Mapping[str, Any]]:
    corpus = audited.corpus
    tasks = {"ner": corpus.entities, "stance": corpus.stance, "summarization": corpus.summaries}
    return {task: gold for task, gold in tasks.items() if gold}


def _amounts(audited: Audited) -> Iterator[Finding]:
    corpus = audited.corpus
    for task, gold in _tasks(audited).items():
        if len(gold) < FEW_UNITS:
            yield Finding("few_documents", f"{task}: {counted(len(gold), 'document')} with gold")
        for doc in corpus.documents:
            if doc not in gold:
                yield Finding("not_annotated", f"no gold for {task}", audited.places.get(doc), doc)
    labels = {
        "ner": Counter(dict.fromkeys(corpus.entity_labels, 0)),
        "stance": Counter(dict.fromkeys(corpus.stance_labels, 0)),
    }
    labels["ner"].update(entity.label for found in corpus.entities.values() for entity in found)
    labels["stance"].update(judgement.label for found in corpus.stance.values() for judgement in found)
    for task, counts in labels.items():
        if task in _tasks(audited):
            for label, number in sorted(counts.items(), key=lambda pair: (pair[1], pair[0])):
                if number < FEW_POSITIVES:
                    yield Finding("few_of_label", f"{task}: {label!r} stands {counted(number, 'time')}")


def _spelling(audited: Audited) -> Iterator[Finding]:
    counts = Counter(entity.label for found in audited.corpus.entities.values() for entity in found)
    for names in _alike(counts):
        shown = ", ".join(f"{name!r} {counted(counts[name], 'time')}" for name in names)
        rare = names[-1]
        where = next(row.where for row in audited.kept("entities") if row.fields.get("label") == rare)
        yield Finding("label_spelling", shown, where)


def _alike(counts: Counter[str]) -> Iterator[list[str]]:
    """Names that differ in case, blanks and marks alone; the most frequent first."""
    folded: dict[str, list[str]] = {}
    for name, _ in counts.most_common():
        folded.setdefault("".join(filter(str.isalnum, name.casefold())) or name, []).append(name)
    return (names for names in folded.values() if len(names) > 1)


def _zones(audited: Audited) -> Iterator[Finding]:
    corpus = audited.corpus
    counts = Counter(sentence.zone for found in corpus.sentences.values() for sentence in found)
    for names in _alike(counts):
        shown = ", ".join(f"{name!r} {counted(counts[name], 'time')}" for name in names)
        where = next(row.where for row in audited.kept("sentences") if row.fields.get("zone") == names[-1])
        yield Finding("zone_name", shown, where)
    for doc, found in corpus.sentences.items():
        if not any(sentence.zone == "body" for sentence in found):
            zones = ", ".join(sorted({sentence.zone for sentence in found}))
            yield Finding("no_body", f"its zones: {zones}", audited.places.get(doc), doc)
        text = corpus.documents[doc].text
        place = 0
        for start, end in [*((sentence.start, sentence.end) for sentence in found), (len(text), len(text))]:
            # Blanks and marks between sentences are nobody's.
            if start > place and _WORD.search(text, place, start):
                between = " ".join(text[place:start].split())
                yield Finding(
                    "outside_sentences",
                    f"{start - place} characters",
                    audited.places.get(doc),
                    doc,
                    place,
                    start,
                    between,
                )
            place = max(place, end)
