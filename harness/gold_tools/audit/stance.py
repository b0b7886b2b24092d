"""Stance judgements and targets that may be slips."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from harness.gold_tools.audit.base import Audited, Finding
from harness.metric.words import words
from harness.records import Row


def findings(audited: Audited) -> Iterator[Finding]:
    """The same text judged both ways; targets that are one-sided, unused, or one under two names."""
    yield from _differing(audited)
    yield from _targets(audited)


def _differing(audited: Audited) -> Iterator[Finding]:
    """Judgements that differ about the same words and target; by another holder they may."""
    corpus = audited.corpus
    sentences = {(doc, one.id): one for doc, found in corpus.sentences.items() for one in found}
    first: dict[tuple[object, ...], tuple[str, Row]] = {}
    for row in audited.kept("stance"):
        fields = row.fields
        doc = fields["doc"]
        sentence = sentences.get((doc, str(fields.get("sentence"))))
        text = corpus.documents[doc].text
        start, end = (0, len(text)) if sentence is None else (sentence.start, sentence.end)
        if sentence is None and fields.get("start") is not None:
            start, end = fields["start"], fields["end"]
        said = audited.words[doc] if (start, end) == (0, len(text)) else words(text[start:end])
        key = (said, fields["target"], fields.get("holder"), fields.get("annotator"))
        label, before = first.setdefault(key, (fields["label"], row))
        if label != fields["label"]:
            yield Finding(
                "stance_differs",
                f"{fields['label']} on {fields['target']!r}; the same words are {label} at {before.where}",
                row.where,
                doc,
                start,
                end,
                " ".join(text[start:end].split()),
            )


def _targets(audited: Audited) -> Iterator[Finding]:
    corpus = audited.corpus
    labels: dict[str, Counter[str]] = {target: Counter() for target in corpus.targets}
    for found in corpus.stance.values():
        for judgement in found:
            labels[judgement.target][judgement.label] += 1
    places = {row.fields["id"]: row.where for row in audited.rows.get("targets", ())}
    # What is scored are all labels but the one for no stance, which comes last.
    sides = corpus.stance_labels[:2]
    for target, counts in sorted(labels.items() if corpus.stance else ()):
        absent = [label for label in sides if not counts[label]]
        if not counts:
            what = "no judgement at all"
        elif absent:
            what = f"{counts.total()} judgements, none of them {' or '.join(absent)}"
        else:
            continue
        yield Finding("target_one_sided", f"{target!r}: {what}", places.get(target), text=corpus.targets[target].text)
    wording: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for target, said in corpus.targets.items():
        wording[words(said.text)].append(target)
    for targets in wording.values():
        if len(targets) > 1:
            named = ", ".join(map(repr, targets))
            text = corpus.targets[targets[1]].text
            yield Finding("target_wording", f"{named} say the same", places.get(targets[1]), text=text)
