"""Documents and gold, read and checked: every fault is found in one go, before any model is called."""

import hashlib
import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from harness.checking import Checker, only_names_document, read_documents
from harness.config import DataConfig, check_options, format_reader
from harness.errors import ConfigError, DataError, GoldError
from harness.files import canonical_json
from harness.format.jsonl import read_folder
from harness.records import Document, Entity, Fact, Row, Sentence, StanceGold, TaggedSentence, Target, TaskName
from harness.resources import resolve
from harness.stance_columns import StanceColumns, read_stance_columns


@dataclass(frozen=True, slots=True)
class SummaryGold:
    """One reference: a text, or for style `extract` sentence ids."""

    style: str
    text: str | None = None
    sentences: tuple[str, ...] | None = None
    annotator: str | None = None


@dataclass(frozen=True)
class Corpus:
    """Checked documents and gold. Each mapping goes from document id to that document's records, in file order.

    Args:
        name: `data.name`.
        documents: Every document, in the order read.
        sentences: Sentences in text order, for documents that have any.
        entities: Gold entities in text order; a document that is present but empty was annotated and has none.
        stance: Gold stance judgements.
        summaries: Reference summaries.
        facts: Facts that a summary could carry.
        targets: What stance targets say in words.
        annotators: Annotator id to `human` or `model`.
        stance_labels: The stance scheme, in order.
        entity_labels: The NER scheme: `data.labels.entities`, or the labels found in the gold.
        coverage: `gold`: only annotated documents are scored; `all`: the others count as having none.
        limit: At most this many documents of each task; None for all.
        outside: Ids of the documents that `data.split` leaves out: known, and no part of this corpus.
        tagged: Token tags, for documents whose gold was given as tags.
    """

    name: str
    documents: Mapping[str, Document]
    sentences: Mapping[str, tuple[Sentence, ...]]
    entities: Mapping[str, tuple[Entity, ...]]
    stance: Mapping[str, tuple[StanceGold, ...]]
    summaries: Mapping[str, tuple[SummaryGold, ...]]
    facts: Mapping[str, tuple[Fact, ...]]
    targets: Mapping[str, Target]
    annotators: Mapping[str, str]
    stance_labels: tuple[str, ...]
    entity_labels: tuple[str, ...]
    coverage: str = "gold"
    limit: int | None = None
    outside: frozenset[str] = frozenset()
    tagged: Mapping[str, tuple[TaggedSentence, ...]] = field(default_factory=dict)

    def annotated(self, task: TaskName) -> list[str]:
        """Ids of the documents that a task scores, in the order read, up to the limit."""
        gold: Mapping[str, Any] = {"ner": self.entities, "stance": self.stance, "summarization": self.summaries}[task]
        # Absence means "no entity" only for NER: a document without a stance grid or a reference has nothing to score.
        whole = self.coverage == "all" and task == "ner" and bool(gold)
        return [doc for doc in self.documents if whole or doc in gold][: self.limit]

    def has_gold(self, task: TaskName) -> bool:
        """Whether any document has gold for the task."""
        return bool(self.annotated(task))

    @cached_property
    def documents_sha256(self) -> str:
        """Hash of every document's id, text and metadata."""
        ordered = sorted(self.documents.values(), key=lambda d: d.id)
        return _list_sha256(canonical_json([d.id, d.text, dict(d.metadata)]) for d in ordered)

    def gold_sha256(self, task: TaskName) -> str:
        """Hash of the canonical, sorted records that a task is scored on."""
        return _list_sha256(self._spelt_gold(task, doc) for doc in sorted(self.annotated(task)))

    def _spelt_gold(self, task: TaskName, doc: str) -> str:
        """The records of a document in their canonical spelling, with commas between; each begins with its id."""
        before = f"[{canonical_json(doc)},"
        records = [before + _spelt("sentence", s.id, s.start, s.end, s.zone) for s in self.sentences.get(doc, ())]
        if task == "ner":
            records += [before + canonical_json(e)[1:] for e in sorted(map(_identity, self.entities.get(doc, ())))]
            records.append(before + _spelt("annotated"))
        elif task == "stance":
            found = self.stance.get(doc, ())
            judgements = sorted((s.target, s.sentence or "", s.id or "", s.label) for s in found)
            records += [before + _spelt(*judgement) for judgement in judgements]
            records += [before + _spelt("target", t, self.targets[t].text) for t in sorted({s.target for s in found})]
        else:
            references = sorted([s.style, s.text or "", list(s.sentences or ())] for s in self.summaries.get(doc, ()))
            records += [before + canonical_json(reference)[1:] for reference in references]
        return ",".join(records)


# The same judgement stands in many documents.
@lru_cache(maxsize=4096)
def _spelt(*values: str | int) -> str:
    """The rest of a list in its canonical spelling."""
    return canonical_json(values)[1:]


def _list_sha256(spelt: Iterable[str]) -> str:
    """Hex SHA-256 of a list in its canonical spelling, which is never there as a whole: its parts are given."""
    digest = hashlib.sha256(b"[")
    for number, one in enumerate(filter(None, spelt)):
        digest.update(f"{',' if number else ''}{one}".encode("utf-8", "surrogatepass"))
    digest.update(b"]")
    return digest.hexdigest()


def load_corpus(data: DataConfig, *, need_gold: bool = True) -> Corpus:
    """Reads and checks what `data` names.

    Args:
        data: The data group of the configuration.
        need_gold: Whether documents without any gold are a fault; False for `harness predict`.

    Raises:
        GoldError: With every fault found, each as `path:line: expected, found`; what looks like another format than
            `data.format` says is one fault.
    """
    return _with_hints(data, lambda: _load(data, need_gold=need_gold))


def load_rows(data: DataConfig, *, apart: bool = False) -> tuple[list[Row], Corpus]:
    """The corpus beside every row that it was made of, for what needs their places or what a corpus does not keep.

    Args:
        data: The data group of the configuration.
        apart: Whether several may have annotated one thing, where `data.annotator` chooses none: the records of each
            are then checked by themselves, and the corpus is that of the last.

    Raises:
        GoldError: As `load_corpus`.
    """

    def load() -> tuple[list[Row], Corpus]:
        rows, faults, _ = _read(data, whole=True)
        names = {row.fields.get("annotator") for row in rows if row.file in ("sentences", "entities", "stance")}
        annotators = sorted(name for name in names if isinstance(name, str))
        if not apart or data.annotator is not None or len(annotators) < 2:
            return rows, check_corpus(rows, data, faults=faults)
        found, corpus = list(faults), None
        for name in annotators:
            try:
                corpus = check_corpus(rows, replace(data, annotator=name))
            except GoldError as error:
                found += error.faults
        if found or corpus is None:
            raise GoldError(sorted(dict.fromkeys(found), key=file_order))
        return rows, corpus

    return _with_hints(data, load)


_Loaded = TypeVar("_Loaded")


def _with_hints(data: DataConfig, load: Callable[[], _Loaded]) -> _Loaded:
    """What `load` gives; where it fails on what looks like another format, that is the fault."""
    try:
        return load()
    except GoldError as error:
        hints = _format_hints(data)
        if not hints:
            raise
        # Without the texts every record is at fault.
        known = data.documents is not None and resolve(data.documents) not in hints
        rest = [fault for fault in error.faults if known and not fault.startswith(tuple(map(str, hints)))]
        raise GoldError([*hints.values(), *rest]) from None


def _format_hints(data: DataConfig) -> dict[Path, str]:
    """What lies in another format than it was read in, and what to do about it."""
    from harness.format.guess import format_hint, likely_format

    hints: dict[Path, str] = {}
    if data.documents is not None and (data.gold is None or resolve(data.documents).is_file()):
        place = resolve(data.documents)
        found = likely_format(place)
        if found not in (None, "jsonl"):
            hints[place] = (
                f"{place}: looks like {found}, which holds the texts and the gold: give it as data.gold={place} with "
                f"data.format={found}, and without data.documents"
            )
    if data.gold is not None:
        place = resolve(data.gold)
        hint = format_hint(place, data.format, "data.format")
        hints |= {} if hint is None else {place: hint}
    return hints


def _load(data: DataConfig, *, need_gold: bool) -> Corpus:
    rows, faults, columns = _read(data)
    return check_corpus(rows, data, need_gold=need_gold, faults=faults, columns=columns)


def _read(data: DataConfig, *, whole: bool = False) -> tuple[list[Row], list[str], StanceColumns | None]:
    """Every row, the faults of reading, and stance gold that was read column by column unless the rows are `whole`."""
    if data.documents is None and data.gold is None:
        raise GoldError(["data: set data.documents=DIR and data.gold=DIR (or data.gold=FILE where it holds the texts)"])
    rows: list[Row] = []
    faults: list[str] = []
    columns: StanceColumns | None = None
    apart = data.documents is not None and data.gold is not None and not _same(data.documents, data.gold)
    if data.documents is not None and (apart or data.gold is None):
        # Documents are text files or JSON Lines whatever format the annotations are in.
        found, faults = _read_all(read_rows("jsonl", resolve(data.documents), encoding=data.encoding))
        # Annotations that lie beside the texts are not those that were asked for.
        rows = [row for row in found if not apart or row.file not in _LEAVES]
    if data.gold is not None:
        columns = None if whole else _stance_columns(data)
        if columns is None:
            reading = read_rows(data.format, resolve(data.gold), encoding=data.encoding, options=data.options)
        else:
            reading = read_folder(resolve(data.gold), encoding=data.encoding, leave_out=("stance",))
        found, more = _read_all(reading)
        faults += more
        texts = {row.fields.get("id") for row in rows if row.file == "documents"}
        if data.format != "jsonl" and any(row.file == "documents" and row.fields["id"] in texts for row in found):
            raise GoldError([f"{data.gold}: format {data.format} holds its texts; leave data.documents out"])
        # A file of documents may lie in the folder of the gold: it is read once.
        known = {(row.file, row.where) for row in rows}
        rows = [*rows, *(row for row in found if (row.file, row.where) not in known)] if known else found
    # One thing may stand in the way of every file.
    faults = list(dict.fromkeys(faults))
    # What cannot be read of the texts, sentences or targets would make faults of records that have none.
    if any(Path(file_order(fault)[0]).stem not in _LEAVES for fault in faults):
        raise GoldError(sorted(faults, key=file_order))
    return rows, faults, columns


def _stance_columns(data: DataConfig) -> StanceColumns | None:
    """The stance gold column by column, where it is large and plain."""
    if data.format != "jsonl" or data.gold is None or data.annotator is not None or data.options:
        return None
    folder = resolve(data.gold)
    return read_stance_columns(folder / "stance.jsonl") if data.encoding == "utf-8" and folder.is_dir() else None


# Record files that no other record refers to.
_LEAVES = ("entities", "tags", "stance", "summaries", "facts")
# Those of them that are scored.
_SCORED: dict[TaskName, str] = {"ner": "entities", "stance": "stance", "summarization": "summaries"}
# Those of which one annotator's are read; the summaries of several are several references.
_OF_ONE = ("sentences", "entities", "stance", "facts")


def file_without_record(data: DataConfig, task: TaskName) -> str:
    """Of gold in which nothing was found for a task, the record file that is there all the same; empty for none."""
    name = f"{_SCORED[task]}.jsonl"
    there = data.format == "jsonl" and (resolve(data.gold or data.documents or "") / name).is_file()
    return name if there else ""


def _same(path: str, other: str) -> bool:
    return os.path.abspath(resolve(path)) == os.path.abspath(resolve(other))


def _read_all(reading: Iterable[Row]) -> tuple[list[Row], list[str]]:
    """Every row, and the faults at which reading ended."""
    rows: list[Row] = []
    try:
        # Row by row into one list: those before the fault stay.
        rows.extend(reading)
    except DataError as error:
        return rows, list(error.faults)
    return rows, []


def read_rows(
    name: str, path: Path, *, encoding: str, options: Mapping[str, Any] | None = None, place: str = "data"
) -> Iterator[Row]:
    """Rows of a file or folder in the format `name`.

    Args:
        name: The format.
        path: The file or folder.
        encoding: Of its text.
        options: Parameters of the format.
        place: The group of the configuration that they come from, for messages.

    Raises:
        ConfigError: No such format, or options that it does not have, lacks, or that are of the wrong type.
        DataError: As the format raises it, while rows are taken.
    """
    given = dict(options or {})
    check_options(name, given, f"{place}.options")
    reader = format_reader(name)
    for key, parameter in inspect.signature(reader).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty and key not in given:
            raise ConfigError(f"{place}.options.{key}: format {name!r} cannot be read without it")
    return reader(path, encoding=encoding, **given)


def check_corpus(
    rows: Sequence[Row],
    data: DataConfig,
    *,
    need_gold: bool = True,
    faults: Sequence[str] = (),
    columns: StanceColumns | None = None,
) -> Corpus:
    """Checks rows of any format and makes a corpus of them.

    Args:
        rows: As a format read them.
        data: The data group of the configuration.
        need_gold: Whether documents without any gold are a fault.
        faults: What was found while reading, to be reported with the rest.
        columns: Stance gold that is not among the rows.

    Raises:
        GoldError: With every fault.
    """
    by_file: dict[str, list[Row]] = {}
    for row in rows:
        by_file.setdefault(row.file, []).append(row)
    documents, wrong, refused = read_documents(by_file.get("documents", ()))
    checker = Checker(documents, [*faults, *wrong], refused)
    if not by_file.get("documents"):
        place = data.documents or data.gold
        raise GoldError(
            [*faults, f"{place}: no documents there; expected *.txt, documents.jsonl or a format that holds its texts"]
        )
    if data.annotator is not None:
        by_file = _chosen(checker, by_file, data.annotator)
    for row in (row for name, found in by_file.items() if name != "documents" for row in found):
        checker.keys(row)
    sentences = _sentences(checker, by_file.get("sentences", ()))
    annotators = _annotators(checker, by_file.get("annotators", ()))
    entities = _entities(checker, by_file.get("entities", ()), data)
    tagged = read_tags(checker, by_file.get("tags", ()))
    targets = _targets(checker, by_file.get("targets", ()))
    stance: dict[str, tuple[StanceGold, ...]] | None = None
    named = "targets" in by_file
    if columns is not None and not checker.faults:
        stance = columns.judgements(documents, sentences, targets, data.labels.stance, named=named)
    if stance is None:
        judged = by_file.get("stance", ()) if columns is None else columns.rows()
        stance = _stance(checker, judged, data, sentences, targets, named=named)
    summaries = _summaries(checker, by_file.get("summaries", ()), sentences)
    facts = _facts(checker, by_file.get("facts", ()), sentences)
    if annotators:
        _known_annotators(checker, by_file, annotators)
    if checker.faults:
        raise GoldError(sorted(checker.faults, key=file_order))
    if data.split is not None:
        split_of = {doc: str(found.metadata["split"]) for doc, found in documents.items() if "split" in found.metadata}
        splits = sorted(set(split_of.values()))
        documents = {doc: found for doc, found in documents.items() if split_of.get(doc) == data.split}
        if not documents:
            raise GoldError(
                [f"data.split={data.split}: no document has it; splits found: {', '.join(splits) or 'none'}"]
            )
    if need_gold and not (entities or stance or summaries):
        empty = list(filter(None, (file_without_record(data, task) for task in _SCORED)))
        found = f", found {' and '.join(empty)} without a record" if empty else ""
        set_it = "" if data.gold is not None else "; set data.gold=DIR"
        raise GoldError(
            [
                f"{data.gold or data.documents}: no gold there; expected entities.jsonl, stance.jsonl or "
                f"summaries.jsonl{found}{set_it}"
            ]
        )
    labels = data.labels.entities or sorted({e.label for found in entities.values() for e in found})
    return Corpus(
        name=data.name,
        documents=documents,
        sentences={doc: found for doc, found in sentences.items() if doc in documents},
        entities=entities,
        stance=stance,
        summaries=summaries,
        facts=facts,
        targets=targets,
        annotators=annotators,
        stance_labels=tuple(data.labels.stance),
        entity_labels=tuple(labels),
        coverage=data.coverage,
        limit=data.limit,
        outside=frozenset(checker.documents.keys() - documents.keys()),
        tagged={doc: found for doc, found in tagged.items() if doc in documents},
    )


# A path may hold colons itself.
_PLACE = re.compile(r"(.*?):(\d+): ", re.DOTALL)


def file_order(fault: str) -> tuple[str, int]:
    """The path and line that a fault begins with, for sorting."""
    found = _PLACE.match(fault)
    return (found[1], int(found[2])) if found else (fault.partition(": ")[0], 0)


def is_chosen(row: Row, annotator: str) -> bool:
    """Whether `data.annotator` keeps a row: those of that one and those that name none, and every reference summary."""
    given = row.fields.get("annotator")
    return row.file not in _OF_ONE or given == annotator or not isinstance(given, str)


def _chosen(checker: Checker, by_file: Mapping[str, list[Row]], wanted: str) -> dict[str, list[Row]]:
    rows = [row for name in ("sentences", *_LEAVES) for row in by_file.get(name, ())]
    names = {row.fields["annotator"] for row in rows if isinstance(row.fields.get("annotator"), str)}
    if rows and wanted not in names:
        checker.faults.append(
            f"data.annotator={wanted}: no record is by that annotator; found {', '.join(sorted(names)) or 'none'}"
            f"{checker.nearest(wanted, names)}"
        )
    return {name: [row for row in found if is_chosen(row, wanted)] for name, found in by_file.items()}


def _sentences(checker: Checker, rows: Iterable[Row]) -> dict[str, tuple[Sentence, ...]]:
    found: dict[str, dict[str, tuple[Sentence, Row]]] = {}
    for row in rows:
        document = checker.document(row)
        name = checker.string(row, "id")
        offsets = checker.offsets(row, document) if document else None
        if document is None or name is None or offsets is None:
            continue
        zone = checker.string(row, "zone", required=False) or "body"
        of_document = found.setdefault(document.id, {})
        if name in of_document:
            checker.fault(
                row,
                f"sentence id {name!r} stands at {of_document[name][1].where} already; ids are unique in a document",
            )
            continue
        of_document[name] = (Sentence(name, *offsets, zone), row)
    for of_document in found.values():
        ordered = sorted(of_document.values(), key=lambda pair: (pair[0].start, pair[0].end))
        furthest = ordered[0][0]
        for _, (after, row) in pairwise(ordered):
            if after.start < furthest.end:
                checker.fault(
                    row,
                    f"sentence {after.id!r} begins at {after.start}, "
                    f"before the end of {furthest.id!r} at {furthest.end}",
                )
            furthest = max(furthest, after, key=lambda sentence: sentence.end)
    return {doc: tuple(sorted((s for s, _ in of.values()), key=lambda s: s.start)) for doc, of in found.items()}


def _annotators(checker: Checker, rows: Iterable[Row]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows:
        name = checker.string(row, "id")
        kind = checker.string(row, "kind")
        if name is None or kind is None:
            continue
        if kind not in ("human", "model"):
            checker.fault(row, f"'kind' must be 'human' or 'model', found {kind!r}")
        elif name in found:
            checker.fault(row, f"annotator {name!r} stands twice")
        else:
            found[name] = kind
    return found


def _known_annotators(checker: Checker, by_file: Mapping[str, Sequence[Row]], known: Mapping[str, str]) -> None:
    """Where `annotators.jsonl` says who they are, it names all of them."""
    for name in ("entities", "stance", "summaries", "facts"):
        for row in by_file.get(name, ()):
            annotator = row.fields.get("annotator")
            if isinstance(annotator, str) and annotator not in known:
                checker.fault(
                    row, f"annotator {annotator!r} is not one of {', '.join(sorted(known))} in annotators.jsonl"
                )


def _and_by(first: str | None, place: str, second: str | None, wanted: str | None) -> str:
    """That one thing has two annotators, and what to do."""
    by = ["no named annotator" if name is None else repr(name) for name in (first, second)]
    remedy = "choose one with data.annotator=NAME"
    if wanted is not None:
        remedy = "name the annotator of each record, or of none"
    return f"is annotated by {by[0]} (at {place}) and by {by[1]}; {remedy}"


def _entities(checker: Checker, rows: Iterable[Row], data: DataConfig) -> dict[str, tuple[Entity, ...]]:
    found: dict[str, dict[Entity, Row]] = {}
    # Which annotators a document has, with each one's first row.
    annotators: dict[str, dict[str | None, Row]] = {}
    for row in rows:
        document = checker.document(row)
        annotator = checker.string(row, "annotator", required=False)
        if document is None:
            continue
        whose = annotators.setdefault(document.id, {})
        if annotator not in whose:
            whose[annotator] = row
            first, place = next((name, one.where) for name, one in whose.items())
            if len(whose) > 1:
                checker.fault(row, f"document {document.id!r} {_and_by(first, place, annotator, data.annotator)}")
        of_document = found.setdefault(document.id, {})
        if only_names_document(row):
            continue
        entity = checker.entity(
            row, document, data.labels.entities, remedy="; data.labels.entities=[...] names every label of the gold"
        )
        # The same span of a second annotator is no slip: that there are two has been said.
        if entity is None or annotator != next(iter(whose)):
            continue
        if entity in of_document:
            checker.fault(
                row, f"entity {entity.start}-{entity.end} {entity.label} stands at {of_document[entity].where} already"
            )
            continue
        of_document[entity] = row
    return {doc: tuple(sorted(of)) for doc, of in found.items()}


def _identity(entity: Entity) -> list[Any]:
    """What makes an entity itself; parts only where it has any, so that other hashes stay what they were."""
    whole = [entity.start, entity.end, entity.label]
    return [*whole, [list(part) for part in entity.parts]] if entity.parts else whole


def read_tags(checker: Checker, rows: Iterable[Row]) -> dict[str, tuple[TaggedSentence, ...]]:
    """Token tags by document, in text order; formats whose annotation is tags hand them on beside the spans."""
    found: dict[str, list[TaggedSentence]] = {}
    for row in rows:
        document, offsets = checker.document(row), None
        if document is not None:
            offsets = checker.offsets(row, document)
        if document is None or offsets is None:
            continue
        tokens = tuple((start, end) for start, end in row.fields["tokens"])
        found.setdefault(document.id, []).append(TaggedSentence(*offsets, tokens, tuple(row.fields["tags"]), row.where))
    return {doc: tuple(sorted(of, key=lambda one: one.start)) for doc, of in found.items()}


def _targets(checker: Checker, rows: Iterable[Row]) -> dict[str, Target]:
    found: dict[str, Target] = {}
    for row in rows:
        name = checker.string(row, "id")
        text = checker.string(row, "text")
        if name is None or text is None:
            continue
        if name in found and found[name].text != text:
            checker.fault(row, f"target {name!r} says {text!r} here and {found[name].text!r} before")
            continue
        found[name] = Target(name, text)
    return found


def _stance(
    checker: Checker,
    rows: Iterable[Row],
    data: DataConfig,
    sentences: Mapping[str, tuple[Sentence, ...]],
    targets: dict[str, Target],
    *,
    named: bool,
) -> dict[str, tuple[StanceGold, ...]]:
    found: dict[str, list[StanceGold]] = {}
    keys: dict[tuple[str, str, str | None], Row] = {}
    ids: dict[str, str] = {}
    wordless: set[str] = set()
    # Judgements that say no more than target and label are few, and one object each.
    plain: dict[tuple[str, str], StanceGold] = {}
    for row in rows:
        before = len(checker.faults)
        document = checker.document(row)
        target = checker.string(row, "target")
        label = checker.string(row, "label")
        name = checker.string(row, "id", required=False)
        annotator = checker.string(row, "annotator", required=False)
        checker.unchecked(row, ("doc", "target", "label", "id", "annotator", "sentence"))
        if label is not None and label not in data.labels.stance:
            checker.fault(
                row,
                f"label {label!r} is not one of {', '.join(data.labels.stance)}; "
                "set data.labels.stance for another scheme",
            )
        if target is not None and target not in targets:
            if not named:
                # Without a targets file, the id is the words.
                targets[target] = Target(target, target)
            elif target not in wordless:
                wordless.add(target)
                checker.fault(
                    row, f'target {target!r} has no words: targets.jsonl needs a line {{"id": {target!r}, "text": ...}}'
                )
        sentence = checker.sentence_id(row, document, sentences) if document else None
        if document is not None:
            _evidence(checker, row, document)
        if len(checker.faults) > before or document is None or target is None or label is None or target in wordless:
            continue
        key = (document.id, target, sentence)
        earlier = keys.get(key)
        if earlier is not None:
            of = f"sentence {sentence!r} of document {document.id!r}" if sentence else f"document {document.id!r}"
            first = checker.string(earlier, "annotator", required=False)
            if annotator != first:
                by = _and_by(first, earlier.where, annotator, data.annotator)
                checker.fault(row, f"{of} with target {target!r} {by}")
                continue
            if name is None:
                checker.fault(row, f"{of} has a label for target {target!r} at {earlier.where} already")
                continue
        if name is not None:
            if name in ids:
                checker.fault(row, f"id {name!r} stands at {ids[name]} already; ids are unique")
                continue
            ids[name] = row.where
        if earlier is None:
            keys[key] = row
        if len(row.fields) == 3:
            judgement = plain.get((target, label)) or plain.setdefault((target, label), StanceGold(target, label))
        else:
            details = {k: v for k, v in row.fields.items() if k not in _PLACED}
            judgement = StanceGold(target, label, sentence, name, details)
        found.setdefault(document.id, []).append(judgement)
    return {doc: tuple(of) for doc, of in found.items()}


# What a stance judgement has fields of its own for.
_PLACED = frozenset({"doc", "target", "label", "sentence", "id"})


def _evidence(checker: Checker, row: Row, document: Document) -> None:
    evidence = row.fields.get("evidence")
    if evidence is None:
        return
    fits = (
        isinstance(evidence, list)
        and len(evidence) == 2
        and all(isinstance(offset, int) and not isinstance(offset, bool) for offset in evidence)
        and 0 <= evidence[0] < evidence[1] <= len(document.text)
    )
    if not fits:
        checker.fault(
            row,
            f"'evidence' must be [start, end] within the document's {len(document.text)} characters, "
            f"found {evidence!r}",
        )


def _summaries(
    checker: Checker, rows: Iterable[Row], sentences: Mapping[str, tuple[Sentence, ...]]
) -> dict[str, tuple[SummaryGold, ...]]:
    found: dict[str, list[SummaryGold]] = {}
    for row in rows:
        before = len(checker.faults)
        document = checker.document(row)
        style = checker.string(row, "style", required=False) or "default"
        annotator = checker.string(row, "annotator", required=False)
        extract = style == "extract"
        text = None if extract else checker.string(row, "text")
        ids = sentence_ids(checker, row, document, sentences) if extract and document else None
        if len(checker.faults) > before or document is None:
            continue
        reference = SummaryGold(style, text, ids, annotator)
        if reference in found.get(document.id, ()):
            checker.fault(row, f"document {document.id!r} has this {style!r} reference of {annotator!r} twice")
            continue
        found.setdefault(document.id, []).append(reference)
    return {doc: tuple(of) for doc, of in found.items()}


def sentence_ids(
    checker: Checker,
    row: Row,
    document: Document,
    sentences: Mapping[str, tuple[Sentence, ...]],
    *,
    may_be_empty: bool = False,
) -> tuple[str, ...] | None:
    """The distinct sentence ids under `sentences`, each one of the document's."""
    if "sentences" not in row.fields:
        checker.missing(row, "sentences")
        return None
    value = row.fields["sentences"]
    known = checker.sentences_of(document, sentences)
    fits = isinstance(value, list) and all(isinstance(name, str) for name in value)
    if not fits or not (value or may_be_empty):
        checker.fault(row, f"'sentences' must be a list of sentence ids, found {value!r}")
        return None
    foreign = [name for name in value if name not in known]
    if foreign:
        checker.fault(row, f"sentences {foreign} are not among the {len(known)} of document {document.id!r}")
        return None
    if len(set(value)) != len(value):
        checker.fault(row, f"'sentences' names one twice: {value}")
        return None
    return tuple(value)


def _facts(
    checker: Checker, rows: Iterable[Row], sentences: Mapping[str, tuple[Sentence, ...]]
) -> dict[str, tuple[Fact, ...]]:
    found: dict[str, list[Fact]] = {}
    for row in rows:
        before = len(checker.faults)
        document = checker.document(row)
        text = checker.string(row, "fact")
        weight = checker.number(row, "weight")
        ids = sentence_ids(checker, row, document, sentences) if document and "sentences" in row.fields else ()
        if weight is not None and weight <= 0:
            checker.fault(row, f"'weight' must be above 0, found {weight}")
        if len(checker.faults) > before or document is None or text is None:
            continue
        found.setdefault(document.id, []).append(Fact(text, 1.0 if weight is None else weight, ids or ()))
    return {doc: tuple(of) for doc, of in found.items()}
