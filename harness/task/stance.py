"""Target-dependent stance on sentences, or on whole documents where the gold names no sentence."""

from dataclasses import dataclass
from typing import Any, ClassVar

from harness.errors import DataError, GoldError
from harness.gold import Corpus
from harness.label_map import LabelMap
from harness.records import ABSTAIN, Answer, Example, StanceGold, StanceInput, TaskName
from harness.records import Stance as StanceLabel
from harness.task.base import Reading, document_fields, example_id, unit_of


@dataclass(frozen=True, kw_only=True)
class Stance:
    """Says which position a text takes on a target that is given in words.

    Args:
        context: How many preceding sentences a model is shown beside the sentence itself.
    """

    context: int = 1

    name: ClassVar[TaskName] = "stance"
    slices: ClassVar[tuple[str, ...]] = ("target",)

    def __post_init__(self) -> None:
        if self.context < 0:
            raise ValueError(f"context must be 0 or more sentences, got {self.context}")

    def signature(self) -> dict[str, Any]:
        """The context moves every answer."""
        return {"kind": "stance", "context": self.context}

    def examples(self, corpus: Corpus, *, gold: bool, selects: bool, label_map: LabelMap) -> list[Example]:
        """One example per judgement; without gold, every sentence (or document) with every target."""
        if not gold and not corpus.targets:
            raise DataError(
                ['stance needs targets: put a targets.jsonl with lines {"id", "text"} beside the documents']
            )
        docs = corpus.annotated("stance") if gold else list(corpus.documents)[: corpus.limit]
        examples = []
        for doc in docs:
            document = corpus.documents[doc]
            sentences = {
                sentence.id: (number, sentence) for number, sentence in enumerate(corpus.sentences.get(doc, ()))
            }
            ordered = list(corpus.sentences.get(doc, ()))
            judgements = corpus.stance.get(doc, ()) if gold else self._all(corpus, doc)
            for judgement in judgements:
                text, context, zone = document.text, "", "body"
                if judgement.sentence is not None:
                    number, sentence = sentences[judgement.sentence]
                    zone = sentence.zone
                    text = document.text[sentence.start : sentence.end]
                    before = ordered[max(0, number - self.context) : number]
                    context = " ".join(document.text[s.start : s.end] for s in before)
                parts = [doc, judgement.sentence or "", judgement.target]
                name = example_id(*parts, *([judgement.id] if judgement.id else []))
                target = corpus.targets[judgement.target]
                examples.append(
                    Example(
                        id=name,
                        doc=doc,
                        unit=unit_of(docs, doc, judgement.sentence),
                        input=StanceInput(name, doc, text, context, target, judgement.sentence),
                        gold=StanceLabel(judgement.target, judgement.label) if gold else None,
                        # The task's own come last: a document's metadata may bear the same names.
                        fields={
                            **document_fields(document),
                            **{k: v for k, v in judgement.details.items() if isinstance(v, str)},
                            "target": judgement.target,
                            "zone": zone,
                        },
                    )
                )
        if gold and len({example.id for example in examples}) != len(examples):
            raise GoldError(["stance: two judgements share document, sentence, target and id; give each its own id"])
        return examples

    def read(self, example: Example, answer: Answer, corpus: Corpus, label_map: LabelMap) -> Reading:
        """A label of the scheme or an abstention; any other label is no answer."""
        if answer.label is None or answer.bin != "scored":
            return Reading(None)
        if answer.label != ABSTAIN and answer.label not in corpus.stance_labels:
            return Reading(None, unparsed=True)
        return Reading(StanceLabel(example.fields["target"], answer.label, answer.scores))

    @staticmethod
    def _all(corpus: Corpus, doc: str) -> list[StanceGold]:
        sentences: list[str | None] = [s.id for s in corpus.sentences.get(doc, ()) if s.zone in ("body", "caption")]
        return [StanceGold(target, "", sentence) for sentence in sentences or [None] for target in corpus.targets]
