"""What an audit finds, and what it looks at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.gold import Corpus
from harness.metric.words import words
from harness.records import Entity, Row


@dataclass(frozen=True)
class Finding:
    """One thing to look at.

    Args:
        kind: One of `KINDS`.
        what: What is odd here, in words.
        where: `path:line` of the record, or of the document; None for what is about the whole gold.
        doc: The document.
        start: Where it begins in the document, in code points.
        end: Where it ends.
        text: What stands there, or what the record says.
    """

    kind: str
    what: str
    where: str | None = None
    doc: str | None = None
    start: int | None = None
    end: int | None = None
    text: str = ""


# Kind -> why it matters. In the order of the report.
KINDS: Mapping[str, str] = {
    "text_in_two_splits": "what is chosen or learnt on one split was seen before it is scored on the other",
    "text_twice": "intervals take documents for independent, and the text counts twice",
    "text_nearly_twice": "intervals take documents for independent, and most of the text counts twice",
    "span_edge": "scorers compare spans to the letter: a model that is right about the name is scored as wrong",
    "span_cuts_word": "models that answer with tokens can never give this span",
    "span_crosses_sentence": "a model that is asked sentence by sentence can never give this span",
    "overlap_same_label": "the same name seems to be marked twice; models that tag tokens can give only one of them",
    "label_differs": "where no rule of the guidelines tells the uses apart, no model can get all of them right",
    "unmarked_elsewhere": "a model that finds the name there is charged with a false positive",
    "label_spelling": "two spellings are two classes to every score",
    "stance_differs": "the same text about the same target cannot be answered both ways",
    "target_one_sided": "favg is the mean over favor and against: a class that never occurs counts as 0",
    "target_wording": "models read the words of a target, so two ids with the same words are one question",
    "summary_too_long": "a reference longer than its document is no summary of it",
    "summary_copied": "a reference that is a stretch of the document measures copying: models that take the lead win",
    "summary_elsewhere": "one reference for several documents fits one of them at most",
    "summary_of_other_text": "a reference that shares hardly a word with its document may belong to another",
    "fact_without_sentences": "where a fact comes from cannot be shown, nor checked by a reader",
    "zone_name": "zones are told apart by their name: summaries are made from `body` alone",
    "no_body": "models make summaries from zone `body`: this document gives them nothing",
    "outside_sentences": "what no sentence holds is asked about neither for stance nor for summaries",
    "not_annotated": "the document is not scored in this task; one without any entity wants a record that says so",
    "few_documents": "below 30 documents intervals are marked as unreliable",
    "few_of_label": "below 20 in the gold scores of a label are marked as unreliable",
}


@dataclass(frozen=True)
class Audited:
    """A corpus beside the rows that it was made of."""

    corpus: Corpus
    rows: Mapping[str, Sequence[Row]]

    @cached_property
    def words(self) -> dict[str, tuple[str, ...]]:
        """The lower-cased words of each document."""
        return {doc: words(found.text) for doc, found in self.corpus.documents.items()}

    @cached_property
    def places(self) -> dict[str, str]:
        """`path:line` of each document."""
        return {row.fields["id"]: row.where for row in self.rows.get("documents", ())}

    @cached_property
    def entities(self) -> dict[tuple[str, Entity], str]:
        """`path:line` of each entity."""
        found: dict[tuple[str, Entity], str] = {}
        for row in self.rows.get("entities", ()):
            if "start" in row.fields:
                parts = row.fields.get("parts") or ()
                stretches = tuple((part[0], part[1]) for part in parts) if len(parts) > 1 else ()
                entity = Entity(row.fields["start"], row.fields["end"], row.fields["label"], parts=stretches)
                found.setdefault((row.fields["doc"], entity), row.where)
        return found

    def about(self, kind: str, what: str, doc: str, entity: Entity) -> Finding:
        """A finding about an entity."""
        where = self.entities.get((doc, entity))
        return Finding(kind, what, where, doc, entity.start, entity.end, entity.text)

    def kept(self, file: str) -> Iterable[Row]:
        """Rows of a record file whose document is part of the corpus."""
        return (row for row in self.rows.get(file, ()) if row.fields.get("doc") in self.corpus.documents)
