"""What each format can hold that a gold can be written in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.checking import KEYS
from harness.format import doccano, labelstudio, prodigy
from harness.format.columns import META

# What can be left out: kind, and what it is.
LEFT_OUT = {
    "sentences": "sentences, or their ids and zones where a format holds no more of them than where they end",
    "stance": "stance judgements",
    "targets": "what targets say in words",
    "summaries": "reference summaries",
    "facts": "facts",
    "annotators": "who the annotators are, and whose a record is",
    "metadata": "metadata of documents",
    "fields": "further fields of entities",
    "ids": "ids of documents",
    "discontinuous": "entities in several pieces",
    "overlapping": "entities that overlap a longer or an earlier one",
    "unannotated": "documents that nobody looked for entities in",
    "spacing": "the white space of the texts",
}


@dataclass(frozen=True)
class Holds:
    """What a format can hold beside documents and flat entities.

    Args:
        records: Further record files.
        folder: Whether it is a folder of files.
        kinds: What of `LEFT_OUT` it holds, records aside.
        metadata: Whether a metadata value is read as it was written.
        added: Metadata that its reader adds.
    """

    records: frozenset[str] = frozenset()
    folder: bool = False
    kinds: frozenset[str] = frozenset()
    metadata: Callable[[str, Any], bool] = lambda key, value: False
    added: frozenset[str] = frozenset()


_TAG_KEYS = frozenset({"tag_scheme", "invalid_tags"})


def _plain(*own: str) -> Callable[[str, Any], bool]:
    return lambda key, value: key not in own and not isinstance(value, dict | list)


def _in_comment(key: str, value: Any) -> bool:
    comment = f"# meta::{key} = {value}"
    fits = META.fullmatch(comment) and "=" not in key and not any(mark in comment for mark in "\n\r\t")
    return key in _TAG_KEYS or (isinstance(value, str) and bool(fits) and value == value.strip())


FORMATS: Mapping[str, Holds] = {
    "jsonl": Holds(
        records=frozenset(KEYS) - {"tags"},
        folder=True,
        kinds=frozenset({*LEFT_OUT} - set(KEYS)) | {"annotators"},
        metadata=lambda key, value: True,
    ),
    "conll": Holds(
        records=frozenset({"sentences"}), kinds=frozenset({"ids"}), metadata=_in_comment, added=_TAG_KEYS
    ),
    "brat": Holds(folder=True, kinds=frozenset({"ids", "discontinuous", "overlapping", "unannotated", "spacing"})),
    "doccano": Holds(
        kinds=frozenset({"ids", "overlapping", "unannotated", "spacing"}),
        metadata=_plain(*doccano.OWN),
    ),
    "prodigy": Holds(
        kinds=frozenset({"ids", "overlapping", "unannotated", "spacing", "several"}),
        metadata=_plain(*prodigy.OWN),
        added=frozenset({"answer"}),
    ),
    "labelstudio": Holds(
        kinds=frozenset({"ids", "overlapping", "unannotated", "spacing", "several"}),
        metadata=_plain(*labelstudio.OWN),
    ),
    "spacy": Holds(records=frozenset({"sentences"}), kinds=frozenset({"unannotated", "spacing"})),
}  # fmt: skip
