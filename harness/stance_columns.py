"""Stance gold of very many records, read column by column: the same judgements as record by record, in less time.

Only files whose every line is an object of the strings `doc`, `target`, `label` and perhaps `sentence` are read so, and
only what is beyond doubt is taken: wherever anything is unusual or wrong the records are read one by one, which finds
the faults and their lines.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.checking import text_problem
from harness.coded import Coded, combined, read_arrow
from harness.files import MAX_FILE_BYTES, read_json_lines
from harness.records import Document, Row, Sentence, StanceGold, Target

# Smaller files are read as fast record by record.
_LEAST_BYTES = 1_000_000
_KEYS = ("doc", "target", "label", "sentence")


@dataclass(frozen=True)
class StanceColumns:
    """The records of one file.

    Args:
        path: The file.
        docs: The documents' ids.
        targets: The targets' ids.
        labels: The labels.
        sentences: The sentences' ids; None where a record has none.
    """

    path: Path
    docs: Coded[str]
    targets: Coded[str]
    labels: Coded[str]
    sentences: Coded[str | None]

    def rows(self) -> Iterator[Row]:
        """The records one by one."""
        return (Row(where, "stance", fields) for where, fields in read_json_lines(self.path))

    def judgements(
        self,
        documents: Mapping[str, Document],
        sentences: Mapping[str, Sequence[Sentence]],
        targets: dict[str, Target],
        labels: Collection[str],
        *,
        named: bool,
    ) -> dict[str, tuple[StanceGold, ...]] | None:
        """The judgements of each document, in the order of the file; None where any record may be at fault.

        Args:
            documents: By id.
            sentences: By document.
            targets: By id; those of the records are added where they need no words.
            labels: The scheme.
            named: Whether targets need words.
        """
        strings = [*self.docs.values, *self.targets.values, *(s for s in self.sentences.values if s is not None)]
        if (
            not all(one in documents for one in self.docs.values)
            or not all(one in labels for one in self.labels.values)
            or any(not one.strip() or text_problem(one) for one in strings)
            or (named and not all(one in targets for one in self.targets.values))
            or not self._in_documents(sentences)
            or not np.diff(np.sort(combined([self.docs, self.targets, self.sentences]))).all()
        ):
            return None
        for name in self.targets.values:
            targets.setdefault(name, Target(name, name))
        kinds = combined([self.targets, self.labels, self.sentences])
        _, firsts, kind = np.unique(kinds, return_index=True, return_inverse=True)
        # Judgements that say the same are one object.
        made = [StanceGold(self.targets[n], self.labels[n], self.sentences[n]) for n in firsts.tolist()]
        order = np.argsort(self.docs.codes, kind="stable")
        borders = np.searchsorted(self.docs.codes[order], np.arange(len(self.docs.values) + 1)).tolist()
        ordered = [made[code] for code in kind[order].tolist()]
        return {
            doc: tuple(ordered[borders[number] : borders[number + 1]]) for number, doc in enumerate(self.docs.values)
        }

    def _in_documents(self, sentences: Mapping[str, Sequence[Sentence]]) -> bool:
        """Whether every record's sentence is one of its document."""
        if self.sentences.values == [None]:
            return True
        pairs = np.unique(combined([self.docs, self.sentences]))
        known = {doc: {one.id for one in sentences.get(doc, ())} for doc in self.docs.values}
        for pair in pairs.tolist():
            doc, sentence = divmod(pair, len(self.sentences.values))
            name = self.sentences.values[sentence]
            if name is not None and name not in known[self.docs.values[doc]]:
                return False
        return True


def read_stance_columns(path: Path) -> StanceColumns | None:
    """The records of a `stance.jsonl`; None where it is small, or anything in it is unusual."""
    try:
        if not _LEAST_BYTES <= path.stat().st_size <= MAX_FILE_BYTES or path.is_symlink():
            return None
        data = path.read_bytes()
    except OSError:
        return None
    import pyarrow as pa
    from pyarrow import json

    kinds = pa.schema([(key, pa.string()) for key in _KEYS])
    options = json.ParseOptions(explicit_schema=kinds, unexpected_field_behavior="error")
    try:
        table = json.read_json(pa.BufferReader(data), parse_options=options).combine_chunks()
        columns = [read_arrow(table.column(key).chunk(0)) for key in _KEYS]
    except (pa.ArrowException, UnicodeDecodeError):
        return None
    # Between two records stands a line feed alone, and there is no other, so that each has a line of its own.
    feeds = data.count(b"\n") - data.endswith(b"\n")
    apart = data.startswith(b"{") and feeds == data.count(b"}\n{") == len(table) - 1
    docs, targets, labels, sentences = columns
    if not apart or any(None in column.values for column in (docs, targets, labels)):
        return None
    return StanceColumns(path, docs, targets, labels, sentences)
