"""Whether the right sentences were chosen: style `extract`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from harness.metric.base import Array, Counts, Key, Sums, divide, total
from harness.metric.words import ngrams, words
from harness.records import Context, References, Summary, SummaryInput, TaskName

_PARTS = ("precision", "recall", "f1")
# Of the documents whose references have texts; `failed_oracle` is the oracle of those that were not answered.
_ROUGE = ("rouge2_f1", "oracle_rouge2_f1", "oracle_gap")


@dataclass(frozen=True, kw_only=True)
class Extract:
    """Precision, recall and F1 of the chosen sentences against a reference's.

    With several references the one with the best F1 counts; the score is the mean over documents. It is about models
    that choose sentences: an answer without sentence ids takes no part. A document that such a model failed on scores
    0; one that answers no document with ids has no score at all.

        P = hits / chosen    R = hits / in the reference    F1 = 2 hits / (chosen + in the reference)

    Different sentences can say the same, so the choice is also held against the document's reference texts, of every
    style: `rouge2_f1` is the ROUGE-2 F1 of the chosen sentences in text order, `oracle_rouge2_f1` that of an oracle
    that may take as many sentences, and `oracle_gap` how much better the oracle is. The oracle adds, one by one, the
    sentence that lifts ROUGE-2 F1 most (the first of equals); where what was chosen is better than that, the oracle is
    what was chosen. Of several references the best F1 counts. Words are lower-cased and not stemmed, of any script. An
    empty choice and a failed document have a ROUGE-2 of 0, and an oracle of as many sentences as the longest reference
    extract.

    Range: fractions in [0, 1], higher is better; of `oracle_gap` lower.
    Bad input: one side empty: 0. Both: undefined and left out of the mean. The ROUGE rows are undefined for documents
    without reference texts or, where no sentence was chosen, without any in a reference extract. A sentence chosen
    twice counts once. What never gets here: `harness.metric.base`.
    Source: sentence recall and precision, Nenkova and McKeown 2011, https://doi.org/10.1561/1500000015; the oracle,
    Nallapati et al. 2017, https://arxiv.org/abs/1611.04230.
    Checked against: scikit-learn 1.9.1, `precision_recall_fscore_support` over the sentences of the document;
    rouge_score 0.1.2, use_stemmer=False, over all choices of sentences.
    Agreement with people: not measured here; people's own extracts overlap little, because different sentences can say
    the same, so a low F1 is weak evidence of a bad summary.

    Example:
        >>> gold = References("extract", extracts=(("s1", "s2", "s4"),))
        >>> counts = Extract().count(gold, Summary("...", sentences=("s1", "s3")))
        >>> {key.metric: float(value) for key, value in Extract().compute(counts).items() if value == value}
        {'extract.precision': 0.5, 'extract.recall': 0.3333333333333333, 'extract.f1': 0.4}
    """

    task: ClassVar[TaskName] = "summarization"
    lower_is_better: ClassVar[tuple[str, ...]] = ("extract.oracle_gap",)
    undirected: ClassVar[tuple[str, ...]] = ("extract.oracle_rouge2_f1",)
    level: ClassVar[Literal["example", "document"]] = "example"
    needs_context: ClassVar[bool] = True

    def count(self, gold: References, predicted: Summary | None, context: Context | None = None) -> Counts:
        """P, R and F1 with `n` = 1; `failed` = 1 where no answer was scored; nothing where it takes no part."""
        if gold.style != "extract":
            return {}
        if predicted is None:
            # Whether the model is one that chooses sentences shows only in its other answers: `compute` looks there.
            if not any(gold.extracts):
                return {}
            return {"failed": 1.0} | {f"failed_{name}": value for name, value in _rouge(gold, set(), context).items()}
        if predicted.sentences is None:
            return {}
        chosen = set(predicted.sentences)
        references = [set(extract) for extract in gold.extracts if extract or chosen]
        if not references:
            return {}
        best = max((_prf(reference, chosen) for reference in references), key=lambda scores: scores[-1])
        return {"n": 1.0} | dict(zip(_PARTS, best, strict=True)) | _rouge(gold, chosen, context)

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """The mean over a document's examples; `n` and `failed` then add up to 1, or to 0 where none took part."""
        examples = np.maximum(total(counts, "n") + total(counts, "failed"), 1.0)
        return {name: np.asarray(values, dtype=np.float64) / examples for name, values in counts.items()}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where no answer had sentence ids."""
        n = total(counts, "n")
        documents = np.where(n > 0, n + total(counts, "failed"), 0.0)
        rows = {Key(f"extract.{part}", "mean"): divide(total(counts, part), documents) for part in _PARTS}
        with_text = np.where(n > 0, total(counts, "with_text") + total(counts, "failed_with_text"), 0.0)
        for name in _ROUGE:
            summed = total(counts, name) + total(counts, f"failed_{name}")
            rows[Key(f"extract.{name}", "mean")] = divide(summed, with_text)
        return rows

    def support(self, key: Key, counts: Sums) -> float:
        """Number of documents (of examples, before `per_document`) that the mean is over."""
        if not total(counts, "n"):
            return 0.0
        over = ("with_text", "failed_with_text") if key.metric.endswith(_ROUGE) else ("n", "failed")
        return float(sum(total(counts, name) for name in over))

    def signature(self, key: Key) -> str:
        """The policy for several references, and what the oracle is."""
        if not key.metric.endswith(_ROUGE):
            return f"{key.metric}|refs:max|v:1"
        oracle = "" if key.metric == f"extract.{_ROUGE[0]}" else "|oracle:greedy,same_number"
        return f"{key.metric}|refs:max,all_styles|words:unicode|stem:no{oracle}|v:1"


def _prf(reference: set[str], chosen: set[str]) -> tuple[float, float, float]:
    """Zeros where one side is empty."""
    hits = len(reference & chosen)
    if not hits:
        return 0.0, 0.0, 0.0
    return hits / len(chosen), hits / len(reference), 2 * hits / (len(chosen) + len(reference))


def _rouge(gold: References, chosen: set[str], context: Context | None) -> Counts:
    """ROUGE-2 F1 of the chosen sentences and of the oracle, with `with_text` = 1; nothing where they are undefined."""
    if context is None or not isinstance(context.example.input, SummaryInput):
        return {}
    references = [found for text in context.references if (found := Counter(ngrams(words(text), 2)))]
    sentences = [words(text) for _, text in context.example.input.sentences]
    places = [place for place, (key, _) in enumerate(context.example.input.sentences) if key in chosen]
    number = len(places) or max((len(set(extract)) for extract in gold.extracts), default=0)
    if not references or not sentences or not number:
        return {}
    reached = _rouge2(sentences, places, references)
    best = max(reached, _greedy(sentences, min(number, len(sentences)), references))
    return {"with_text": 1.0, _ROUGE[0]: reached, _ROUGE[1]: best, _ROUGE[2]: best - reached}


def _greedy(sentences: Sequence[tuple[str, ...]], number: int, references: Sequence[Counter[tuple[str, ...]]]) -> float:
    """ROUGE-2 F1 of `number` sentences, each the one that lifts it most beside those before."""
    taken: list[int] = []
    reached = 0.0
    while len(taken) < number:
        left = (place for place in range(len(sentences)) if place not in taken)
        tried = [(_rouge2(sentences, sorted([*taken, place]), references), -place) for place in left]
        reached, place = max(tried)
        taken.append(-place)
    return reached


def _rouge2(
    sentences: Sequence[tuple[str, ...]], places: Sequence[int], references: Sequence[Counter[tuple[str, ...]]]
) -> float:
    """ROUGE-2 F1 of the sentences at `places`, joined, against the reference that it is best against."""
    found = Counter(ngrams([word for place in places for word in sentences[place]], 2))
    size = found.total()
    return max(2 * (found & reference).total() / (size + reference.total()) for reference in references)
