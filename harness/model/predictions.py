"""Predictions made elsewhere: records in any format that gold can be in, checked like gold."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from harness.checking import Checker, only_names_document
from harness.errors import DataError, PredictionError
from harness.files import sha256
from harness.format.guess import format_hint
from harness.gold import Corpus, file_order, read_rows, sentence_ids
from harness.metric.calibration import SUM_TOLERANCE
from harness.model.base import GoldUse
from harness.model.mention_rows import is_mention, read_mention
from harness.model.tagged_rows import Fitted, fit
from harness.records import ABSTAIN, Answer, Entity, Example, Input, Mention, Row, TaskName
from harness.required import no_records
from harness.resources import resolve

_FILE_OF: dict[str, str] = {"ner": "entities", "stance": "stance", "summarization": "summaries"}
# What records of tags need beside their spans.
_TAGGED = ("documents", "tags")


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Answers by looking up the records of a file or folder.

    Every record is checked like gold: foreign documents, offsets out of range, texts that differ, labels outside the
    scheme, two answers to one example. A document with gold entities that no record names is `missing`; one whose gold
    is empty and that none names is answered with none. Records of documents, targets or styles that are not asked for
    are passed over.

    An entity may come without `start` and `end`, as language models name them: its text is then looked for in the
    document, or in the `sentence` that it names, and `task.ner.grounding` says which of several places is meant.

    Tags in columns (`format: conll`) may have other tokens, blank lines, document marks or another file's name than
    the gold: they are aligned with it (`tagged_rows`), what differs is said in the answers' `reason` and in `remarks`,
    spans that lose their place are `misaligned`, and what cannot be aligned is refused with both lines.

    Args:
        path: A file or folder of records.
        task: Which task this instance answers.
        format: How the records are written, as `data.format`.
        encoding: Of the files.
        annotator: Whose records count, where several systems share a file; records without an annotator always do.
        label_map: `strict` refuses labels outside the scheme, and probabilities of such; anything else puts the labels
            into the ledger, and keeps the probabilities as given (a remark says so): on a wrong label like any other.
        options: Parameters of the format.
    """

    path: str
    task: TaskName
    format: str = "jsonl"
    encoding: str = "utf-8"
    annotator: str | None = None
    label_map: str | tuple[str, ...] | None = "strict"
    options: dict[str, Any] = field(default_factory=dict)

    tasks: ClassVar[tuple[TaskName, ...]] = ("ner", "stance", "summarization")
    gold: ClassVar[GoldUse] = "none"

    def signature(self) -> dict[str, Any]:
        """The records themselves, wherever they lie; for aligned ones also what they were aligned with."""
        found: dict[str, Any] = {"kind": "predictions", "records": sha256([row.fields for row in self._hashed])}
        return {**found, **self._aligned}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know about the records once they are prepared, one line each."""
        return tuple(self._remarks)

    @property
    def selects_sentences(self) -> bool:
        """Whether there are extracts among the records."""
        return self.task == "summarization" and any(row.fields.get("style") == "extract" for row in self._rows)

    def unavailable(self) -> str | None:
        """Why these records cannot answer the task, or None."""
        if self._rows:
            return None
        hint = format_hint(resolve(self.path), self.format, "model.format")
        if hint is not None:
            raise PredictionError([hint])
        return no_records(self.path, _FILE_OF[self.task], self.task, self._kinds, self.annotator)

    def prepare(self, examples: Sequence[Example], corpus: Corpus) -> None:
        """Checks every record against the documents and finds the answer of each example.

        Raises:
            PredictionError: With every fault found.
        """
        checker = Checker(corpus.documents, passed_over=corpus.outside)
        answer_task: dict[str, Callable[[Checker, Sequence[Example], Corpus], dict[str, Answer]]] = {
            "ner": self._entities,
            "stance": self._stance,
            "summarization": self._summaries,
        }
        for row in self._hashed:
            checker.keys(row)
        found = answer_task[self.task](checker, examples, corpus)
        if checker.faults:
            raise self._refusal(checker.faults)
        self._answers.update(found)

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """Looks each example up; `missing` where no record answers it."""
        return [self._answers.get(one.id, Answer(bin="missing", reason="no record answers it")) for one in inputs]

    @cached_property
    def _answers(self) -> dict[str, Answer]:
        return {}

    @cached_property
    def _aligned(self) -> dict[str, str]:
        return {}

    @cached_property
    def _remarks(self) -> list[str]:
        return []

    def _refusal(self, faults: Sequence[str]) -> PredictionError:
        """What is wrong with the records: that they were read in the wrong format, or every fault."""
        hint = format_hint(resolve(self.path), self.format, "model.format")
        return PredictionError(sorted(faults, key=file_order) if hint is None else [hint])

    @cached_property
    def _read(self) -> list[Row]:
        reading = read_rows(
            self.format, resolve(self.path), encoding=self.encoding, options=self.options, place="model"
        )
        wanted = (*_TAGGED, "entities") if self.task == "ner" else (_FILE_OF[self.task],)
        found = []
        try:
            for row in reading:
                self._kinds[row.file] += 1
                if row.file in wanted and (
                    self.annotator is None or row.fields.get("annotator") in (None, self.annotator)
                ):
                    found.append(row)
        except DataError as error:
            raise self._refusal(error.faults) from None
        return found

    @cached_property
    def _kinds(self) -> Counter[str]:
        """How many records of each file were read."""
        return Counter()

    @cached_property
    def _rows(self) -> list[Row]:
        return [row for row in self._read if row.file == _FILE_OF[self.task]]

    @property
    def _hashed(self) -> list[Row]:
        """The records that answers are made from; documents that lie beside them are none."""
        return [row for row in self._read if row.file in (_FILE_OF[self.task], "tags")]

    def _fitted(self, corpus: Corpus) -> Fitted | None:
        """Predictions that were given as tags, under the documents of the gold."""
        texts = {row.fields["id"] for row in self._read if row.file == "documents"}
        tagged = [row for row in self._read if row.file == "tags"]
        if not tagged or not {row.fields.get("doc") for row in (*tagged, *self._rows)} <= texts:
            return None
        if not texts & (corpus.documents.keys() | corpus.outside) and not corpus.tagged:
            names = ", ".join([*map(repr, sorted(texts)[:3]), *(["..."] if len(texts) > 3 else [])])
            raise PredictionError(
                [
                    f"{self.path}: holds documents {names}, none of which is among the {len(corpus.documents)} of the "
                    "gold; begin each with a line '# newdoc id = ID'"
                ]
            )
        fitted = fit(self._read, corpus)
        self._remarks[:] = fitted.remarks
        if fitted.aligned:
            # An answer then hangs on its neighbours too, and its key has to say so.
            self._aligned["aligned_with"] = corpus.documents_sha256
        return fitted

    def _entities(self, checker: Checker, examples: Sequence[Example], corpus: Corpus) -> dict[str, Answer]:
        by_document: dict[str, list[Example]] = {}
        for example in examples:
            by_document.setdefault(example.doc, []).append(example)
        # Gold that is annotated with nothing at all says nothing about the scheme.
        labels = (corpus.entity_labels or None) if self.label_map == "strict" else None
        remedy = (
            "; if it belongs to the scheme, name it in data.labels.entities=[...]; model.ner.label_map=null puts such "
            "labels into the ledger, a map such as ontonotes_to_conll maps them"
        )
        found: dict[str, dict[Entity, Row]] = {}
        mentions: dict[str, list[Mention]] = {}
        # Which annotators answered a document, with each one's first row.
        annotators: dict[str, dict[Any, Row]] = {}
        fitted = self._fitted(corpus)
        if fitted is not None:
            checker.faults += fitted.faults
        for row in self._rows if fitted is None else fitted.rows:
            document = checker.document(row)
            if document is None:
                continue
            whose = annotators.setdefault(document.id, {})
            annotator = checker.string(row, "annotator", required=False)
            if annotator not in whose:
                whose[annotator] = row
                if len(whose) > 1:
                    _note_second(checker, row, next(iter(whose.values())), document.id)
            of_document = found.setdefault(document.id, {})
            if only_names_document(row):
                continue
            if is_mention(row):
                group = by_document.get(document.id)
                sentences = corpus.sentences.get(document.id, ())
                placed = None
                if group:
                    placed = read_mention(checker, row, document, group, sentences, labels, remedy=remedy)
                if placed is not None and annotator == next(iter(whose)):
                    mentions.setdefault(placed[0], []).append(placed[1])
                continue
            entity = checker.entity(row, document, labels, remedy=remedy)
            # The same span of a second annotator is no slip: that there are two has been said.
            if entity is None or annotator != next(iter(whose)):
                continue
            if entity in of_document:
                place = of_document[entity].where
                checker.fault(row, f"entity {entity.start}-{entity.end} {entity.label} stands at {place} already")
                continue
            of_document[entity] = row
        answers: dict[str, Answer] = {}
        for doc, group in by_document.items():
            if doc not in found:
                if not corpus.entities.get(doc):
                    answers.update({example.id: Answer(entities=()) for example in group})
                continue
            starts = [example.start for example in group]
            inside: list[list[Entity]] = [[] for _ in group]
            for one in sorted(found[doc]):
                number = max(0, bisect_right(starts, one.start) - 1)
                shift = starts[number]
                inside[number].append(one.shifted(-shift))
            for example, of in zip(group, inside, strict=True):
                named = mentions.get(example.id)
                answer = Answer(entities=tuple(of), mentions=None if named is None else tuple(named))
                answers[example.id] = answer if fitted is None else fitted.complete(answer, example, corpus)
        return answers

    def _stance(self, checker: Checker, examples: Sequence[Example], corpus: Corpus) -> dict[str, Answer]:
        asked = _Asked(examples, corpus)
        strict = self.label_map == "strict"
        answers: dict[str, Answer] = {}
        places: dict[str, Row] = {}
        foreign: dict[str, Row] = {}
        for row in self._rows:
            before = len(checker.faults)
            label = checker.string(row, "label")
            scores = _scores(checker, row, corpus.stance_labels, strict=strict)
            if strict and label is not None and label not in (*corpus.stance_labels, ABSTAIN):
                checker.fault(
                    row,
                    f"label {label!r} is not one of {', '.join(corpus.stance_labels)}, "
                    f"or {ABSTAIN!r} for an abstention",
                )
            name = asked.find(checker, row, corpus)
            if len(checker.faults) > before or name is None or label is None:
                continue
            if name in places:
                _note_second(checker, row, places[name], name)
                continue
            places[name] = row
            answers[name] = Answer(label=label, scores=scores)
            if scores and not set(scores) <= set(corpus.stance_labels):
                foreign[name] = row
        if foreign:
            names = {label for name in foreign for label in answers[name].scores or ()} - set(corpus.stance_labels)
            self._remarks[:] = [
                f"{next(iter(foreign.values())).where}: {len(foreign)} of {len(answers)} answers give probabilities to "
                f"labels outside the scheme ({', '.join(sorted(names))}); these count as wrong labels"
            ]
        return answers

    def _summaries(self, checker: Checker, examples: Sequence[Example], corpus: Corpus) -> dict[str, Answer]:
        by_key = {(example.doc, getattr(example.input, "style", "")): example.id for example in examples}
        answers: dict[str, Answer] = {}
        places: dict[str, Row] = {}
        for row in self._rows:
            before = len(checker.faults)
            document = checker.document(row)
            style = checker.string(row, "style", required=False) or "default"
            name = by_key.get((document.id, style)) if document else None
            text: str | None = None
            ids: tuple[str, ...] | None = None
            if style != "extract":
                given = row.fields.get("text")
                # An empty summary is an answer, if a poor one.
                empty = isinstance(given, str) and not given.strip()
                text = "" if empty else checker.string(row, "text")
            elif document is not None and name is not None:
                ids = sentence_ids(checker, row, document, corpus.sentences, may_be_empty=True)
            if len(checker.faults) > before or name is None:
                continue
            if name in places:
                _note_second(checker, row, places[name], name)
                continue
            places[name] = row
            answers[name] = Answer(text=text, sentences=ids)
        return answers


class _Asked:
    """Which stance examples are asked, and how records name them: by document, target and sentence, or by id."""

    def __init__(self, examples: Sequence[Example], corpus: Corpus) -> None:
        self.by_key: dict[tuple[str, str, str | None], list[str]] = {}
        self.by_id: dict[str, Example] = {}
        self.by_sentence: set[tuple[str, str]] = set()
        by_document: dict[str, list[Example]] = {}
        for example in examples:
            target, sentence = _about(example)
            self.by_key.setdefault((example.doc, target, sentence), []).append(example.id)
            by_document.setdefault(example.doc, []).append(example)
            if sentence is not None:
                self.by_sentence.add((example.doc, target))
        self.documents = by_document.keys()
        for doc, group in by_document.items():
            # Examples of a document are in the order of its judgements.
            for example, judgement in zip(group, corpus.stance.get(doc, ()), strict=False):
                if judgement.id is not None and _about(example) == (judgement.target, judgement.sentence):
                    self.by_id[judgement.id] = example
        self.ids = {one.id for judgements in corpus.stance.values() for one in judgements if one.id is not None}

    def find(self, checker: Checker, row: Row, corpus: Corpus) -> str | None:
        """The id of the example that a record answers; None where it answers none or is wrong."""
        name = row.fields.get("id")
        if isinstance(name, str) and name in self.by_id:
            example = self.by_id[name]
            target, sentence = _about(example)
            for key, value in (("doc", example.doc), ("target", target), ("sentence", sentence)):
                if row.fields.get(key, value) not in (value, None):
                    checker.fault(row, f"{key!r} of id {name!r} is {value!r} in the gold, found {row.fields[key]!r}")
            return example.id
        if name is not None and row.fields.get("doc") is None:
            name = checker.string(row, "id")
            if name is not None and name not in self.ids:
                checker.fault(row, f"id {name!r} is not among the {len(self.ids)} of the gold; give it, or 'doc'")
            return None
        document = checker.document(row)
        if document is None or document.id not in self.documents:
            return None
        before = len(checker.faults)
        about = checker.string(row, "target")
        if about is not None and about not in corpus.targets:
            near = checker.nearest(about, corpus.targets)
            checker.fault(row, f"target {about!r} is not one of the {len(corpus.targets)} targets{near}")
        sentence = checker.sentence_id(row, document, corpus.sentences)
        if about is None or len(checker.faults) > before:
            return None
        found = self.by_key.get((document.id, about, sentence), [])
        if not found and sentence is None and (document.id, about) in self.by_sentence:
            checker.fault(
                row, f"the gold of document {document.id!r} is by sentence; give 'sentence' or 'start' and 'end'"
            )
        if len(found) > 1:
            checker.fault(row, f"the gold has {len(found)} judgements of this; say which with 'id'")
        return found[0] if len(found) == 1 else None


def _about(example: Example) -> tuple[str, str | None]:
    """Target and sentence of a stance example."""
    one: Any = example.input
    return one.target.id, one.sentence


def _note_second(checker: Checker, row: Row, first: Row, name: str) -> None:
    """Notes a second answer to one example or document."""
    several = "annotator" in row.fields or "annotator" in first.fields
    hint = "; choose one with model.annotator=NAME" if several else ""
    checker.fault(row, f"{name!r} is answered at {first.where} already{hint}")


def _scores(checker: Checker, row: Row, labels: Sequence[str], *, strict: bool) -> dict[str, float] | None:
    scores = row.fields.get("scores")
    if scores is None:
        return None
    fits = isinstance(scores, dict) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1 for value in scores.values()
    )
    foreign = fits and not set(scores) <= set(labels)
    if not fits or (strict and foreign):
        checker.fault(
            row, f"'scores' must give each of {', '.join(labels)} a probability from 0 to 1, found {scores!r}"
        )
        return None
    if abs(sum(scores.values()) - 1) > SUM_TOLERANCE:
        checker.fault(row, f"'scores' must add up to 1, they add up to {sum(scores.values()):.4f}")
        return None
    return {label: float(value) for label, value in scores.items()}
