"""Every check on what was annotated, and counts of what is there."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from harness.config import DataConfig, LabelsConfig
from harness.gold import Corpus, load_corpus
from harness.gold_tools.overlaps import overlaps
from harness.gold_tools.reading import asking_for_documents
from harness.report.shown import counted
from harness.report.text import visible


def counts(
    gold: str,
    *,
    documents: str | None = None,
    format_name: str = "jsonl",
    encoding: str = "utf-8",
    annotator: str | None = None,
    stance_labels: Sequence[str] | None = None,
    entity_labels: Sequence[str] | None = None,
) -> str:
    """Reads gold with every check of a run and says what is there.

    Raises:
        GoldError: With every fault.
        ConfigError: No such format.
    """
    labels = LabelsConfig(
        stance=tuple(stance_labels) if stance_labels else LabelsConfig().stance,
        entities=tuple(entity_labels) if entity_labels else None,
    )
    data = DataConfig(
        name="gold",
        format=format_name,
        documents=documents,
        gold=gold,
        encoding=encoding,
        annotator=annotator,
        labels=labels,
    )
    with asking_for_documents(documents):
        corpus = load_corpus(data)
    return "\n".join(_counted(corpus)) + "\n"


def _counted(corpus: Corpus) -> list[str]:
    sentences = sum(len(found) for found in corpus.sentences.values())
    zones = Counter(sentence.zone for found in corpus.sentences.values() for sentence in found)
    lines = [
        f"documents   {len(corpus.documents)}",
        f"sentences   {sentences} in {counted(len(corpus.sentences), 'document')}{_tally(zones)}",
        *_entity_lines(corpus),
        *_stance_lines(corpus),
        *_summary_lines(corpus),
    ]
    if corpus.facts:
        lines.append(f"facts       {sum(map(len, corpus.facts.values()))} in {counted(len(corpus.facts), 'document')}")
    if corpus.annotators:
        kinds = [f"{visible(name)} ({kind})" for name, kind in corpus.annotators.items()]
        lines.append(f"annotators  {', '.join(kinds)}")
    bare = [doc for doc in corpus.documents if not any(doc in gold for gold in _all_gold(corpus))]
    if bare:
        shown = ", ".join(visible(doc) for doc in bare[:5]) + (", ..." if len(bare) > 5 else "")
        lines.append(f"no gold     {counted(len(bare), 'document')} that no task scores: {shown}")
    lines.append("every check passed")
    return lines


def _all_gold(corpus: Corpus) -> tuple[Any, ...]:
    return corpus.entities, corpus.stance, corpus.summaries


def _entity_lines(corpus: Corpus) -> list[str]:
    if not corpus.entities:
        return ["entities    none"]
    entities = [entity for found in corpus.entities.values() for entity in found]
    labels = Counter(entity.label for entity in entities)
    nested = crossing = 0
    for found in corpus.entities.values():
        inside, across = overlaps(found)
        nested += inside
        crossing += across
    empty = sum(not found for found in corpus.entities.values())
    lines = [f"entities    {len(entities)} in {counted(len(corpus.entities), 'document')}{_tally(labels)}"]
    more = [f"{nested} inside another (nested)"] if nested else []
    more += [f"{counted(crossing, 'pair')} that cross"] if crossing else []
    more += [f"{apart} discontinuous"] if (apart := sum(bool(entity.parts) for entity in entities)) else []
    more += [f"{counted(empty, 'document')} without any"] if empty else []
    return [*lines, *([f"            {', '.join(more)}"] if more else []), *_tag_lines(corpus)]


def _tag_lines(corpus: Corpus) -> list[str]:
    """The tag schemes that were found out, and the transitions that they forbid."""
    schemes: Counter[str] = Counter()
    invalid = 0
    for doc in corpus.tagged:
        metadata = corpus.documents[doc].metadata
        if "tag_scheme" in metadata:
            schemes[str(metadata["tag_scheme"])] += 1
            invalid += int(metadata.get("invalid_tags", 0))
    if not schemes:
        return []
    named = ", ".join(f"{name} ({counted(count, 'document')})" for name, count in sorted(schemes.items()))
    return [f"            tags read as {named}; {counted(invalid, 'invalid transition')}"]


def _stance_lines(corpus: Corpus) -> list[str]:
    judgements = [judgement for found in corpus.stance.values() for judgement in found]
    if not judgements:
        return ["stance      none"]
    lines = [f"stance      {counted(len(judgements), 'judgement')} in {counted(len(corpus.stance), 'document')}"]
    targets = sorted({judgement.target for judgement in judgements})
    width = max(len(visible(target)) for target in targets)
    for target in targets:
        labels = Counter(judgement.label for judgement in judgements if judgement.target == target)
        # In the order of the scheme, and with the zeros: a label that is never given is worth knowing of.
        shown = ", ".join(f"{visible(label)} {labels[label]}" for label in corpus.stance_labels)
        lines.append(f"            {visible(target):{width}}  {shown}")
    unused = sorted(set(corpus.targets) - set(targets))
    if unused:
        lines.append(f"            no judgement: {', '.join(visible(target) for target in unused)}")
    return lines


def _summary_lines(corpus: Corpus) -> list[str]:
    references = [(doc, reference) for doc, found in corpus.summaries.items() for reference in found]
    if not references:
        return ["summaries   none"]
    lines = [f"summaries   {counted(len(references), 'reference')} in {counted(len(corpus.summaries), 'document')}"]
    for style in sorted({reference.style for _, reference in references}):
        of_style = [(doc, reference) for doc, reference in references if reference.style == style]
        docs = {doc for doc, _ in of_style}
        who = sorted({reference.annotator for _, reference in of_style if reference.annotator})
        by = f", by {', '.join(map(visible, who))}" if who else ""
        lines.append(f"            {visible(style)}: {len(of_style)} of {counted(len(docs), 'document')}{by}")
    return lines


def _tally(counts: Counter[str]) -> str:
    return ": " + ", ".join(f"{visible(name)} {count}" for name, count in counts.most_common()) if counts else ""
