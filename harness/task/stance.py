"""Target-dependent stance on sentences, or on whole documents where the gold names no sentence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from harness.errors import DataError, GoldError
from harness.gold import Corpus
from harness.label_map import LabelMap
from harness.records import (
    ABSTAIN,
    Answer,
    Document,
    Example,
    Sentence,
    StanceGold,
    StanceInput,
    Target,
    TaskName,
)
from harness.records import Stance as StanceLabel
from harness.task.base import Reading, document_fields, example_id, length_range, unit_of

# Equal fields, labels and parts of ids that are kept for the next example.
_KEPT = 10_000
_NOTHING = Reading(None)


@dataclass(frozen=True, kw_only=True)
class Stance:
    """Says which position a text takes on a target that is given in words.

    Beside the document's metadata and the judgement's own fields, an example has these fields for slices:

    - `target`, `zone`, and `length`: words of the sentence, or document: `1-10`, `11-20`, `21-40`, `41+`.
    - `target_seen`, `yes` or `no`: whether the target, by id or by its words in any case, is among `seen_targets`, or
      else in the gold of the documents that `data.split` leaves out. Where a record or its document says so itself,
      that stands; where none of the three is there, nothing is known and there is no such field.
    - `swap`, `original` or `swapped`, and `pair`: of a judgement that another of its document names as `swap_of`, and
      of that other (see the metric `stance_swap`).

    Args:
        context: How many preceding sentences a model is shown beside the sentence itself.
        seen_targets: Targets that models had in training, as ids or words; empty where none was. None: see above.
    """

    context: int = 1
    seen_targets: tuple[str, ...] | None = None

    name: ClassVar[TaskName] = "stance"
    slices: ClassVar[tuple[str, ...]] = ("target",)

    def __post_init__(self) -> None:
        if self.context < 0:
            raise ValueError(f"context must be 0 or more sentences, got {self.context}")

    def signature(self) -> dict[str, Any]:
        """The context moves every answer; which targets were seen moves none."""
        return {"kind": "stance", "context": self.context}

    def examples(self, corpus: Corpus, *, gold: bool, selects: bool, label_map: LabelMap) -> list[Example]:
        """One example per judgement; without gold, every sentence (or document) with every target."""
        if not gold and not corpus.targets:
            raise DataError(
                ['stance needs targets: put a targets.jsonl with lines {"id", "text"} beside the documents']
            )
        seen = self._seen(corpus) if gold else None
        docs = corpus.annotated("stance") if gold else list(corpus.documents)[: corpus.limit]
        examples = []
        # Equal fields are one object: of a million examples few may differ in them.
        shared: dict[tuple[Any, ...], dict[str, str]] = {}
        for doc in docs:
            document = corpus.documents[doc]
            judgements = corpus.stance.get(doc, ()) if gold else self._all(corpus, doc)
            pairs = _pairs(doc, judgements)
            of_doc, metadata = example_id(doc), tuple(document_fields(document).items())
            asked = {
                sentence: (*asked_about, unit_of(docs, doc, sentence))
                for sentence, asked_about in self._asked(document, corpus.sentences.get(doc, ()), judgements)
            }
            for place, judgement in enumerate(judgements):
                target_id, sentence, details = judgement.target, judgement.sentence, judgement.details
                text, context, zone, length, unit = asked[sentence]
                name = f"{of_doc}/{_within_document(sentence or '', target_id, judgement.id)}"
                target = corpus.targets[target_id]
                given = tuple([(k, v) for k, v in details.items() if isinstance(v, str)]) if details else ()
                key = (target_id, zone, length, metadata, given)
                fields = shared.get(key) if place not in pairs else None
                if fields is None:
                    # The task's own come last: a document's metadata may bear the same names.
                    fields = {
                        **({} if seen is None else {"target_seen": "yes" if _names(target) & seen else "no"}),
                        **dict(metadata),
                        **dict(given),
                        **pairs.get(place, {}),
                        "target": target_id,
                        "zone": zone,
                        "length": length,
                    }
                    if place not in pairs and len(shared) < _KEPT:
                        shared[key] = fields
                examples.append(
                    Example(
                        name,
                        doc,
                        unit,
                        StanceInput(name, doc, text, context, target, sentence),
                        _label(target_id, judgement.label) if gold else None,
                        0,
                        fields,
                    )
                )
        if gold and len({example.id for example in examples}) != len(examples):
            raise GoldError(["stance: two judgements share document, sentence, target and id; give each its own id"])
        return examples

    def _asked(
        self, document: Document, sentences: Sequence[Sentence], judgements: Sequence[StanceGold]
    ) -> Iterator[tuple[str | None, tuple[str, str, str, str]]]:
        """Each sentence that is judged, once, with its text, context, zone and length; None is the whole document."""
        numbers = {sentence.id: number for number, sentence in enumerate(sentences)}
        for judged in {judgement.sentence for judgement in judgements}:
            if judged is None:
                yield None, (document.text, "", "body", length_range(document.text))
                continue
            number = numbers[judged]
            sentence, before = sentences[number], sentences[max(0, number - self.context) : number]
            text = document.text[sentence.start : sentence.end]
            context = " ".join(document.text[one.start : one.end] for one in before)
            yield judged, (text, context, sentence.zone, length_range(text))

    def read(self, example: Example, answer: Answer, corpus: Corpus, label_map: LabelMap) -> Reading:
        """A label of the scheme or an abstention; any other label is no answer."""
        if answer.label is None or answer.bin != "scored":
            return _NOTHING
        if answer.label != ABSTAIN and answer.label not in corpus.stance_labels:
            return Reading(None, unparsed=True)
        target = example.fields["target"]
        if answer.scores is None:
            return _reading(target, answer.label)
        return Reading(StanceLabel(target, answer.label, answer.scores))

    def _seen(self, corpus: Corpus) -> frozenset[str] | None:
        """Ids and words of the targets that models had in training; None where that is not known."""
        if self.seen_targets is not None:
            return frozenset(map(_plain, self.seen_targets))
        others = {judgement.target for doc in corpus.outside for judgement in corpus.stance.get(doc, ())}
        return frozenset().union(*(_names(corpus.targets[target]) for target in others)) if others else None

    @staticmethod
    def _all(corpus: Corpus, doc: str) -> list[StanceGold]:
        sentences: list[str | None] = [s.id for s in corpus.sentences.get(doc, ()) if s.zone in ("body", "caption")]
        return [StanceGold(target, "", sentence) for sentence in sentences or [None] for target in corpus.targets]


@lru_cache(maxsize=_KEPT)
def _within_document(sentence: str, target: str, judgement: str | None) -> str:
    return example_id(sentence, target, *((judgement,) if judgement else ()))


# Equal judgements, and equal predictions, are one object, so that metrics count them once.
@lru_cache(maxsize=_KEPT)
def _label(target: str, label: str) -> StanceLabel:
    return StanceLabel(target, label)


@lru_cache(maxsize=_KEPT)
def _reading(target: str, label: str) -> Reading:
    return Reading(StanceLabel(target, label))


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _names(target: Target) -> frozenset[str]:
    """What a target may be called in another list: its id or its words, in any case."""
    return frozenset({_plain(target.id), _plain(target.text)})


def _pairs(doc: str, judgements: Sequence[StanceGold]) -> Mapping[int, Mapping[str, str]]:
    """The fields `swap` and `pair` of the judgements that are part of a pair, by their place in the document.

    Raises:
        GoldError: What `swap_of` names is not another judgement of the document, or is a swapped form itself.
    """
    named = [(place, one.details.get("swap_of")) for place, one in enumerate(judgements) if one.details]
    original_of = {place: name for place, name in named if name is not None}
    if not original_of:
        return {}
    places = {one.id: place for place, one in enumerate(judgements) if one.id is not None}
    faults = [
        f"stance: 'swap_of' must be the id of another judgement of document {doc!r} that has no 'swap_of' itself, found"
        f" {name!r}"
        for place, name in original_of.items()
        if not isinstance(name, str) or name not in places or places[name] in original_of
    ]
    if faults:
        raise GoldError(faults)
    fields = {place: {"swap": "swapped", "pair": name} for place, name in original_of.items()}
    return fields | {places[name]: {"swap": "original", "pair": name} for name in original_of.values()}
